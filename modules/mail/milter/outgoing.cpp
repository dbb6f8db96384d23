// A bucket for each user that leaks at outgoing_bytes_per_hour.
#include "modules/mail/milter/outgoing.hpp"

#include <algorithm>

namespace hameau::milter {

namespace {

constexpr double hour_ms = 3600.0 * 1000;

double left_of(double bytes, Duration passed) {
    return std::max(0.0, bytes - static_cast<double>(passed.count()) / hour_ms * static_cast<double>(outgoing_bytes_per_hour));
}

} // namespace

Outgoing::Sent& Outgoing::of(const std::string& user) {
    const Duration now = clock_.now();
    if (sent_.size() >= outgoing_users_max && !sent_.contains(user)) {
        std::erase_if(sent_, [now](const auto& one) { return left_of(one.second.bytes, now - one.second.at) <= 0; });
        if (sent_.size() >= outgoing_users_max) {
            sent_.erase(sent_.begin());
        }
    }
    Sent& sent = sent_.try_emplace(user, Sent{0, now}).first->second;
    sent.bytes = left_of(sent.bytes, now - sent.at);
    sent.at = now;
    return sent;
}

bool Outgoing::take(const std::string& user, std::uint64_t bytes) {
    Sent& sent = of(user);
    // One message always fits into an empty bucket, however large messages may be here.
    if (sent.bytes > 0 && sent.bytes + static_cast<double>(bytes) > static_cast<double>(outgoing_bytes_at_once)) {
        return false;
    }
    sent.bytes += static_cast<double>(bytes);
    return true;
}

void Outgoing::give_back(const std::string& user, std::uint64_t bytes) {
    Sent& sent = of(user);
    sent.bytes = std::max(0.0, sent.bytes - static_cast<double>(bytes));
}

} // namespace hameau::milter
