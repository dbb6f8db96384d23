// PowerMeter: what the machine itself reports of its power, and the bytes of its network. Reads /sys and /proc; owns nothing.
// Two kinds: a counter of microjoules (powercap: Intel and AMD processors; Documentation/power/powercap), which runs over, and watts of the moment
// (hwmon: a power meter of the board; Documentation/hwmon/sysfs-interface). A card's or a disk's own sensor is not the machine: not taken.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.hpp"
#include "daemon/contract/energy.hpp"

namespace hameau::supervisor {

class PowerMeter {
public:
    /// `sys`: /sys.
    explicit PowerMeter(const std::string& sys = "/sys");
    energy::Source source() const { return source_; }
    /// Millijoules since the reading before, `elapsed` ago. Nothing where that cannot be said: the first reading, too long ago for the counter's
    /// range or for one value to stand for the time.
    std::optional<std::uint64_t> millijoules(Duration elapsed);

private:
    struct Counter {
        std::string file;
        std::uint64_t range_uj;
        std::optional<std::uint64_t> last;
    };
    void find_board(const std::string& sys);
    void find_processor(const std::string& sys);

    energy::Source source_ = energy::Source::none;
    std::string watts_file_;  ///< microwatts
    bool read_before_ = false;
    std::vector<Counter> counters_;
};

struct NetworkBytes {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
};
/// Of the interfaces with a device behind them; where there is none, of all but the loopback (a container).
NetworkBytes network_bytes(const std::string& proc = "/proc", const std::string& sys = "/sys");

} // namespace hameau::supervisor
