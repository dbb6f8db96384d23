// Manifest: what a module declares about itself, as plain data.
// Read by hameaud (start, stop, sandbox), by the gate (routes) and by the settings (keys). No code runs to read it.
#pragma once

#include <chrono>
#include <span>
#include <string_view>

namespace hameau {

/// Who may come through the gate to a route; the module still checks the role inside the association.
enum class Who { anyone, member, admin };

/// A path on the services' host name. `{x}` stands for one segment; a trailing `/*` for everything below.
/// The most literal pattern wins. Paths below /internal are never routed by the gate.
struct Route {
    std::string_view pattern;
    Who who = Who::member;
    bool websocket = false;
};

enum class SettingType { boolean, integer, size_bytes, duration_ms, text, host_name, networks, choice, time_zone, backup_targets };

/// One key of hameau.yaml, declared once: validation, the commented sample and the reference come from it.
struct Setting {
    std::string_view key;            ///< within the section, such as "limits.upload_max"
    SettingType type;
    std::string_view default_value;  ///< as it would be written in YAML
    std::string_view doc;            ///< one or two English sentences
    std::string_view choices = {};   ///< for choice: "a|b|c"; for integer: "least|most"
};

/// SQL applied once, in one transaction, in ascending order of number (1, 2, ...).
struct Migration {
    int number;
    std::string_view sql;
};

/// What a process may touch, beyond its own folder and sockets.
struct Sandbox {
    bool outbound_network = false;
    bool may_fork = false;                         ///< starts helpers (unpack) of its own
    bool threads = false;
    std::span<const std::string_view> reads = {};  ///< further absolute paths, "state:" = below the state folder
    std::span<const std::string_view> writes = {};
};

/// What a backup does with a file or folder of the module's folder. What no part names is copied; the files that SQLite keeps beside
/// a database (-wal, -shm, .open) never are.
enum class Keep {
    database,    ///< SQLite: copied as all databases of the house were at one moment
    unchanging,  ///< a folder of files that are made once and never written again: linked, which takes no room
    maildirs,    ///< a folder of Maildirs: messages are linked, Dovecot's indexes are left out, the rest is copied
    left_out,    ///< made again by the module itself
};
struct BackupPart {
    std::string_view path;  ///< below the module's folder
    Keep keep;
};

struct Manifest {
    std::string_view name;  ///< also folder, uid, socket, process hameau-NAME, section in YAML
    std::span<const Route> routes = {};
    std::span<const Setting> settings = {};
    std::span<const Migration> migrations = {};
    std::span<const std::string_view> internal_callers = {};  ///< whose /internal calls are accepted: "gate", "people", "admin", ...
    std::span<const std::string_view> verbs = {};             ///< provisioning verbs it may ask for
    Sandbox sandbox = {};
    std::span<const BackupPart> backup = {};
    std::chrono::milliseconds idle_stop{0};                   ///< 0: runs always; else the default of NAME.idle_stop
};

} // namespace hameau
