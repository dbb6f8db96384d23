// Outgoing: how much each signed-in user hands in, so that no one member fills the queue, which is kept for five days. Pure.
// Asked by a session before it takes a message. What it knows ends with the process; the floor of the disk stays.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "daemon/base/clock.hpp"

namespace hameau::milter {

/// An album of photographs in one evening: twelve messages of the largest size.
inline constexpr std::uint64_t outgoing_bytes_at_once = std::uint64_t{250} << 20U;
/// 3 GB in the five days that Postfix keeps what it cannot deliver.
inline constexpr std::uint64_t outgoing_bytes_per_hour = std::uint64_t{25} << 20U;
/// Users that are remembered; those who have everything again are forgotten first.
inline constexpr std::size_t outgoing_users_max = 20000;

class Outgoing {
public:
    explicit Outgoing(const Clock& clock) : clock_(clock) {}

    /// Whether so many bytes more may come now.
    bool has_room(const std::string& user, std::uint64_t bytes);
    /// Counts what was taken.
    void add(const std::string& user, std::uint64_t bytes);

private:
    struct Sent {
        double bytes = 0;
        Duration at{0};
    };
    Sent& of(const std::string& user);

    const Clock& clock_;
    std::map<std::string, Sent> sent_;
};

} // namespace hameau::milter
