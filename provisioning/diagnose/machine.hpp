// Machine: everything that a check may look at. A check never calls the system itself, so that each of its states can be tried with
// facts that a test made up. Nothing of it changes anything. Every look has a deadline or reads files of /proc, /sys and the state only;
// the process of a check is ended when it takes too long all the same (run.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/settings/settings.hpp"

namespace hameau::diagnose {

/// A file system. Bytes and inodes that are free for processes without privileges.
struct DiskFacts {
    std::uint64_t total_bytes = 0;
    std::uint64_t free_bytes = 0;
    std::uint64_t inodes = 0;  ///< 0: the file system does not count them
    std::uint64_t inodes_free = 0;
    bool read_only = false;
    std::string device;  ///< MAJOR:MINOR, as /sys/dev/block names it
};

struct FileFacts {
    unsigned uid = 0;
    unsigned gid = 0;
    unsigned mode = 0;  ///< permission bits alone
    bool folder = false;
    bool regular = false;
    std::uint64_t bytes = 0;
    std::int64_t changed_s = 0;  ///< mtime, UTC seconds since 1970
};

/// Numbers of RFC 1035 §3.2.2 and RFC 3596.
enum class Record { a = 1, ptr = 12, mx = 15, txt = 16, aaaa = 28 };
/// `answered`: a server answered, also with "there is no such name".
struct DnsAnswer {
    bool answered = false;
    std::vector<std::string> found = {};  ///< addresses, names without the last dot, texts
};

/// What a program at a port of this machine says first.
struct Greeting {
    bool connected = false;
    std::string line = {};  ///< without the end of line; empty: nothing came in time
};

struct TlsFacts {
    bool shaken = false;          ///< the handshake came to its end
    bool names_host = false;      ///< the certificate is for the name that was asked for
    std::int64_t expires_s = 0;   ///< of the certificate that was shown
};

struct ProgramFacts {
    int exit_code = 0;
    std::string output = {};
};

/// One process of the house, as hameaud knows it.
struct ServiceFacts {
    std::string name;
    std::string state;  ///< ready, asleep, failing, stopped, ...
    std::uint64_t restarts = 0;
    std::int64_t since_ms = 0;
    std::string words = {};  ///< why it fails
};

/// What a folder should be; `path` is below the state folder.
struct FolderRule {
    std::string path;
    unsigned uid = 0;
    unsigned gid = 0;
    unsigned mode = 0;
};

using Row = std::vector<std::string>;

class Machine {
public:
    virtual ~Machine() = default;

    virtual const Settings& settings() const = 0;
    virtual const std::string& state() const = 0;     ///< the state folder, absolute
    virtual const std::string& binaries() const = 0;  ///< the folder of our programs
    virtual bool root() const = 0;
    virtual bool trial() const = 0;
    virtual std::int64_t now_s() const = 0;
    virtual const std::vector<ServiceFacts>& services() const = 0;
    /// Parts that do not run, and why ("mail", "off: Postfix needs root").
    virtual const std::vector<std::pair<std::string, std::string>>& missing() const = 0;

    /// Folders of the mail engines as hameau-provision makes them, which goes over those of hameaud; none where there are no engines.
    virtual const std::vector<FolderRule>& engine_folders() const = 0;

    /// A small file, at most 256 KiB of it; nothing when it cannot be read.
    virtual std::optional<std::string> text(const std::string& path) const = 0;
    /// The last bytes of a file.
    virtual std::optional<std::string> tail(const std::string& path, std::size_t bytes) const = 0;
    /// Names in a folder, sorted, at most `most`; nothing when it cannot be read.
    virtual std::optional<std::vector<std::string>> names(const std::string& folder, std::size_t most) const = 0;
    /// Of the file itself, never of what a link leads to.
    virtual std::optional<FileFacts> file(const std::string& path) const = 0;
    /// Regular files below a folder, however deep; at most `most`.
    virtual std::vector<std::pair<std::string, FileFacts>> files_below(const std::string& folder, std::size_t most) const = 0;
    virtual std::optional<DiskFacts> disk(const std::string& path) const = 0;
    /// Whether the kernel's clock follows a reference; nothing: it may not be asked.
    virtual std::optional<bool> clock_follows() const = 0;
    virtual std::vector<std::string> walls() const = 0;
    virtual std::vector<std::string> addresses() const = 0;
    virtual bool has_locale(const std::string& name) const = 0;

    virtual DnsAnswer look_up(const std::string& name, Record record) const = 0;
    /// `address`: in numbers. Each takes 3 s at most.
    virtual Greeting greet(const std::string& address, unsigned port) const = 0;
    /// The reply to each command in turn, after the greeting (RFC 5321 §4.2); ends at the first that does not come.
    virtual std::vector<std::string> converse(unsigned port, const std::vector<std::string>& commands) const = 0;
    virtual TlsFacts shake_hands(const std::string& address, unsigned port, const std::string& host) const = 0;
    /// The status of "GET /" over plain HTTP for this host; 0: no answer that is HTTP.
    virtual int get(unsigned port, const std::string& host) const = 0;
    /// A program of the distribution. Nothing: it is not installed, or took too long.
    virtual std::optional<ProgramFacts> run(const std::string& path, const std::vector<std::string>& arguments) const = 0;
    /// A question to a database of a module ("MODULE/PATH"), read only, with the module's uid. Nothing: it is not there, or refuses.
    virtual std::optional<std::vector<Row>> ask(const std::string& database, const std::string& sql) const = 0;
    /// The first certificate of a PEM file and whether the key in it is its own.
    struct PemFacts {
        std::int64_t expires_s = 0;
        std::int64_t begins_s = 0;
        bool key_fits = false;
        bool names_host = false;
        bool self_made = false;
    };
    virtual std::optional<PemFacts> pem(const std::string& path, const std::string& host) const = 0;
};

} // namespace hameau::diagnose
