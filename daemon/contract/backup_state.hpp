// What the house knows of its backups: when each target was saved last, what went wrong, when it is tried again, how the last drill
// ended. Pure data and arithmetic; provisioning/backup does the work. The file is STATE/backup/state: written by hameau-provision as root
// only, read by hameaud (its first two lines) and by the command (through the verb backup-state). Seconds since 1970 throughout.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"

namespace hameau::backup {

/// How a target stands, as a word: the file is read by people too.
namespace code {
inline constexpr std::string_view fine = "fine";
inline constexpr std::string_view never = "never";            ///< new: not tried yet
inline constexpr std::string_view away = "away";              ///< not plugged in, or not reached
inline constexpr std::string_view refused = "refused";        ///< it does not let us in (password, key, rights)
inline constexpr std::string_view full = "full";              ///< no room at the target
inline constexpr std::string_view no_room = "no_room";        ///< no room here for the copies of the databases
inline constexpr std::string_view wrong_key = "wrong_key";    ///< its backups were made with another key
inline constexpr std::string_view emptied = "emptied";        ///< our backups were there and are not any more
inline constexpr std::string_view broken = "broken";          ///< parts of the backups are missing or damaged
inline constexpr std::string_view incomplete = "incomplete";  ///< some files could not be read or saved
inline constexpr std::string_view no_tool = "no_tool";        ///< restic is not installed
inline constexpr std::string_view unready = "unready";        ///< no turn can begin: the key or the credentials cannot be read
inline constexpr std::string_view same_disk = "same_disk";    ///< new, and on the house's own disk: nothing is mounted there, or it is meant (--new)
inline constexpr std::string_view failed = "failed";
// Of the whole, not of a target:
inline constexpr std::string_view stopped = "stopped";        ///< two turns in a row ended before their end: hameaud says it
inline constexpr std::string_view none = "none";              ///< no target is set
inline constexpr std::string_view old = "old";                ///< no good backup for three days, whatever the reason
inline constexpr std::string_view key_unseen = "key_unseen";  ///< nobody has the key outside of the house
inline constexpr std::string_view drill = "drill";            ///< what was restored in the last drill was not whole
inline constexpr std::string_view drill_untried = "drill_untried";  ///< no drill could be made for long: the target was away, there was no room
} // namespace code

struct TargetState {
    std::string address;
    std::string code = std::string(code::never);
    std::int64_t last_good = 0;  ///< 0: never
    std::int64_t last_try = 0;
    unsigned failures = 0;       ///< in a row
    std::int64_t next = 0;       ///< when to try again
    std::int64_t checked = 0;    ///< when old backups were removed and the repository was looked at last
    std::int64_t drilled = 0;    ///< the last drill that went well
    std::uint64_t bytes = 0;     ///< of the house in the last good backup
    std::uint64_t added = 0;     ///< what that backup sent
    std::string snapshot;        ///< its name at the target
    std::string detail;          ///< the tool's words, cut and without control characters
};

struct DrillState {
    std::string code;    ///< empty: there was none
    std::int64_t at = 0;
    std::string address;
    std::string detail;  ///< counts, or what was not whole

    /// Something came back, and it was not the house. Every other failure says nothing about the backup.
    bool was_not_whole() const;
};

/// A file in people's folder: it was restored, and sessions of before are over. Holds the time of the backup, UTC seconds since 1970.
inline constexpr const char* restored_mark = "restored";

/// What runs now. Left behind by a kill: whoever reads it compares `pid`.
struct Running {
    std::int64_t pid = 0;      ///< 0: nothing
    std::string work;          ///< "backup", "check" or "drill"
    std::string address;
    std::int64_t started = 0;
    unsigned percent = 0;
};

/// What the admin is to know: the worst, and how many targets are not as they should be.
struct Trouble {
    std::string code;  ///< empty: all is well
    std::string address;
    std::int64_t last_good = 0;
    std::size_t count = 0;
};

struct State {
    std::int64_t next = 0;
    Trouble trouble;
    std::int64_t key_shown = 0;  ///< when the sheet was printed; 0: never
    std::vector<TargetState> targets;
    DrillState drill;
    Running running;

    /// A damaged line is left out: its target is tried again.
    static State parse(std::string_view text);
    std::string to_text() const;
    TargetState* find(std::string_view address);
    /// Exactly these targets, in this order; what is known of those that stay is kept.
    void set_targets(const std::vector<std::string>& addresses);
    /// Nothing was done in the future: the clock was wrong then, and a target would not be due for years.
    void bound_times(std::int64_t now);
};

struct Night {
    unsigned hour = 2;            ///< local time
    std::uint32_t jitter_s = 0;   ///< the house's own, below two hours
};
/// The first beginning of a night's backup after `after`, in the time zone of the process (TZ).
std::int64_t next_night(std::int64_t after, const Night& night);
/// When this target is due: at once when it was never saved; the first night after the last good backup (past: it was missed); after
/// a failure 15 min, 1 h, 4 h, then every 12 h; what is away is looked for each hour.
std::int64_t due_of(const TargetState& target, const Night& night);
/// A month after the last good drill of a target; at once behind its first good backup; a day after one that failed.
bool drill_due(const State& state, std::int64_t now);
Trouble trouble_of(const State& state, std::int64_t now);

/// One line without control characters, at most 300 bytes.
std::string one_line(std::string_view text);

} // namespace hameau::backup
