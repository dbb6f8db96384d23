// EnergyLog: what each service used, by day, in STATE/energy. House calls look() when its loop runs anyway; there is no timer for it.
// Between two looks nothing is lost: what lies between two readings of a counter is booked to the days of that time. A kill of hameaud loses what
// was not saved: energy_save_every at most.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "daemon/base/clock.hpp"
#include "daemon/base/result.hpp"
#include "daemon/contract/energy.hpp"
#include "daemon/supervisor/power.hpp"

namespace hameau::supervisor {

class EnergyLog {
public:
    /// `file`: what is there is read. `proc`, `sys`: for tests.
    explicit EnergyLog(std::string file, std::string proc = "/proc", std::string sys = "/sys");

    struct Running {
        std::string name;
        pid_t pid = 0;
    };
    struct Moment {
        Duration now{0};            ///< monotonic
        std::int64_t local_ms = 0;  ///< since 1970, in the house's time zone
    };
    /// Reads the sensors where that is due, and every process of `running` where that is due. True: bytes of some are not to be read from outside,
    /// and it is a new day: who can be asked is to be asked (once a day, as it wakes them).
    /// `asked`: somebody looks at the page, so the processes are read although it is not due.
    bool look(const Moment& at, const std::vector<Running>& running, const energy::Use& own, bool asked = false);
    /// Whether look() would do anything: cheap, for each turn of the loop.
    bool is_due(Duration now) const;
    /// What a process says of itself. Bytes of the disk since it began.
    void reported(const Moment& at, std::string_view name, pid_t pid, std::uint64_t read_bytes, std::uint64_t written_bytes);
    /// It has ended, and used this, with those that it waited for.
    void ended(const Moment& at, const std::string& name, pid_t pid, const energy::Use& whole);
    /// For who asks: the file's text, as of now.
    std::string text(const Moment& at);
    /// Errors: io; what is booked stays, and is written the next time.
    Status save(const Moment& at);
    bool is_save_due(Duration now) const;

private:
    struct Known {
        pid_t pid = 0;
        energy::Use last;    ///< as it was read
        energy::Use booked;  ///< of this process, so far
        Duration use_at{0};
        Duration bytes_at{0};
    };
    /// The entry of that process; a new one began after the look before.
    Known& known(std::string_view name, pid_t pid);
    void book(const Moment& at, const std::string& name, Known& entry, const energy::Use& use, bool bytes);
    void read_sensors(const Moment& at);

    std::string file_;
    std::string proc_;
    std::string sys_;
    PowerMeter power_;
    energy::Book book_;
    std::map<std::string, Known, std::less<>> known_;
    NetworkBytes network_;
    bool begun_ = false;
    Duration sensors_at_{0};  ///< the last reading
    Duration looked_at_{0};
    Duration saved_at_{0};
    std::int64_t asked_day_ = 0;
};

} // namespace hameau::supervisor
