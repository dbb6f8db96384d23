// What of a mailbox's home folder belongs into an archive, and how it is called there. The same names on the disk and in the
// archive: a Maildir that any program reads, and the member's own Sieve scripts.
//   Maildir/{cur,new}/*, Maildir/.FOLDER/{cur,new}/*     messages, under their Maildir names with the flags
//   dovecot-uidlist, dovecot-keywords in each of these folders, Maildir/subscriptions
//   sieve/NAME.sieve, sieve/ACTIVE                       scripts; ACTIVE holds the NAME of the one in force
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "modules/mail/boxes/limits.hpp"

namespace hameau::mail {

inline constexpr std::array<std::string_view, 2> message_folders = {"new", "cur"};
inline constexpr std::array<std::string_view, 2> index_files = {"dovecot-uidlist", "dovecot-keywords"};
inline constexpr std::string_view maildir_name = "Maildir";
inline constexpr std::string_view active_name = "ACTIVE";
inline constexpr std::string_view script_ending = ".sieve";

/// What names a message whatever its flags: the part of a Maildir name before ":2," (https://cr.yp.to/proto/maildir.html).
inline std::string_view message_base(std::string_view name) { return name.substr(0, name.find(':')); }

/// A path of the archive, taken apart.
struct BoxFile {
    enum class Kind { message, index, script, active };
    Kind kind = Kind::message;
    std::string folder;  ///< below the home folder: "Maildir/.Sent/cur"
    std::string name;
};
/// Nothing for a path that no mailbox of ours has.
std::optional<BoxFile> box_file(std::string_view path);

} // namespace hameau::mail
