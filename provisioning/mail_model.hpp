// MailModel: all that the configurations of Postfix and Dovecot depend on. The emitters are pure: model in, files out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/result.hpp"

namespace hameau::provisioning {

enum class Tls { opportunistic, required, verified };

/// Who the engines run as: names where the engine takes names only, numbers for uids of ours without a passwd entry.
struct MailUsers {
    std::string postfix = "postfix";         ///< user and group
    std::string postdrop = "postdrop";       ///< group that may speak to Postfix's public sockets
    std::string dovecot = "dovecot";         ///< Dovecot's own, unprivileged
    std::string dovecot_group = "dovecot";
    std::string dovenull = "dovenull";       ///< for what strangers talk to before they signed in
    std::string mail = "62003";              ///< hameau-mail
    std::string boxes = "62010";             ///< owns the Maildirs
};

struct MailModel {
    std::string state;                       ///< absolute, of plain characters
    std::string binaries;                    ///< folder of hameau-submit
    std::string host;                        ///< what the house is called: EHLO, certificate
    bool trial = false;                      ///< loopback only; nothing leaves without a smarthost
    bool root = false;
    bool ipv6 = true;
    unsigned smtp_port = 25;
    unsigned submission_port = 587;
    unsigned submissions_port = 465;
    unsigned imap_port = 143;
    unsigned imaps_port = 993;
    unsigned sieve_port = 4190;
    std::string smarthost;                   ///< "", or "[host]:port" as Postfix writes it
    Tls smarthost_tls = Tls::opportunistic;
    std::uint64_t message_bytes_max = 0;
    std::uint64_t disk_floor_bytes = 0;  ///< below it members send nothing
    std::vector<std::string> exempt_networks;
    bool converts_to_7bit = false;       ///< Postfix 3.9 or later, which knows force_mime_input_conversion
    bool spam_filter = true;             ///< mail.spam_filter
    MailUsers users;

    /// Whether Postfix asks what the receiving domain demands (MTA-STS, RFC 8461). Through a smarthost the smarthost asks.
    bool asks_mta_sts() const { return smarthost.empty() && !trial; }
    std::string postfix_folder() const { return state + "/engines/postfix"; }
    std::string dovecot_folder() const { return state + "/engines/dovecot"; }
    /// Dovecot's sockets for Postfix and the milter: root, group postfix, 0750.
    std::string post_folder() const { return dovecot_folder() + "/post"; }
};

/// Below the state folder: policies of other domains (hameau-mta-sts).
inline constexpr std::string_view mta_sts_folder = "/engines/postfix/mta-sts";

/// A file of a configuration; the name is relative to the configuration's folder.
struct EngineFile {
    std::string name;
    std::string content;
};

/// Dovecot 2.4 reads another language than 2.3.
enum class DovecotLanguage { v2_3, v2_4 };
/// From the output of `postconf -h mail_version`: whether it is 3.9 or later.
bool converts_to_7bit(std::string_view version);
/// From the output of `dovecot --version`. Errors: unavailable for a version that was never tried.
Result<DovecotLanguage> dovecot_language(std::string_view version);

std::vector<EngineFile> postfix_files(const MailModel& model);
std::vector<EngineFile> dovecot_files(const MailModel& model, DovecotLanguage language);

/// The setting mail.smarthost, HOST:PORT, as Postfix wants it. Errors: invalid.
Result<std::string> parse_smarthost(std::string_view text);

/// Replaces each {name}; a name that is not given stays as it is (braces are part of both languages).
std::string fill_template(std::string_view text, const std::vector<std::pair<std::string, std::string>>& values);

} // namespace hameau::provisioning
