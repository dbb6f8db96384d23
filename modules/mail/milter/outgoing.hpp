// Outgoing: how much each signed-in user hands in and to how many recipients, and how much comes from anybody to an address that leads outside of the house
// (an alias, a group), so that nobody fills the queue, which is kept for five days. Pure.
// A session takes the bytes before it accepts a message, and gives back what was refused. What it knows ends with the process;
// the floor of the disk stays.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "daemon/base/clock.hpp"
#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

class Outgoing {
public:
    /// `disk_low`: whether the disk is below its floor. `told`: called with the user whose recipients are used up, once until some are free again.
    explicit Outgoing(const Clock& clock, std::function<bool()> disk_low = [] { return false; },
                      std::function<void(const std::string&)> told = [](const std::string&) {})
        : clock_(clock), disk_low_(std::move(disk_low)), told_(std::move(told)) {}

    /// Counts so many bytes more, if they may come now. `user`: who signed in, or "to " and the address.
    bool take(const std::string& user, std::uint64_t bytes);
    /// Counts what came, whether there is room or not.
    void add(const std::string& user, std::uint64_t bytes) { of(user).bytes += static_cast<double>(bytes); }
    /// They did not come after all.
    void give_back(const std::string& user, std::uint64_t bytes);
    /// One recipient more of this signed-in user, if there may be one now.
    bool take_recipient(const std::string& user);
    /// So many were not written to after all.
    void give_back_recipients(const std::string& user, std::size_t count);
    bool disk_low() const { return disk_low_(); }

private:
    struct Sent {
        double bytes = 0;
        Duration at{0};
        double recipients = 0;
        bool told = false;
    };
    Sent& of(const std::string& user);

    const Clock& clock_;
    std::function<bool()> disk_low_;
    std::function<void(const std::string&)> told_;
    std::map<std::string, Sent> sent_;
};

} // namespace hameau::milter
