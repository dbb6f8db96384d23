// A bucket for each user that leaks at outgoing_bytes_per_hour.
#include "modules/mail/milter/outgoing.hpp"

#include <algorithm>
#include <utility>

namespace hameau::milter {

namespace {

constexpr double hour_ms = 3600.0 * 1000;
constexpr auto bytes_per_hour = static_cast<double>(outgoing_bytes_per_hour);

double left_of(double taken, Duration passed, double per_hour) {
    return std::max(0.0, taken - static_cast<double>(passed.count()) / hour_ms * per_hour);
}

} // namespace

Outgoing::Sent& Outgoing::of(const std::string& user) {
    const Duration now = clock_.now();
    if (sent_.size() >= outgoing_users_max && !sent_.contains(user)) {
        std::erase_if(sent_, [now](const auto& one) {
            const Duration passed = now - one.second.at;
            return left_of(one.second.bytes, passed, outgoing_bytes_per_hour) <= 0 && left_of(one.second.recipients, passed, outgoing_recipients_per_hour) <= 0;
        });
        if (sent_.size() >= outgoing_users_max) {
            sent_.erase(sent_.begin());
        }
    }
    Sent& sent = sent_.try_emplace(user, Sent{0, now, 0, false}).first->second;
    sent.bytes = left_of(sent.bytes, now - sent.at, bytes_per_hour);
    sent.recipients = left_of(sent.recipients, now - sent.at, outgoing_recipients_per_hour);
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

bool Outgoing::take_recipient(const std::string& user) {
    Sent& sent = of(user);
    if (sent.recipients + 1 <= outgoing_recipients_at_once) {
        sent.recipients += 1;
        // Told again only after half of it was free: who waits at the limit is told of once.
        sent.told = sent.told && sent.recipients > outgoing_recipients_at_once / 2;
        return true;
    }
    if (!std::exchange(sent.told, true)) {
        told_(user);
    }
    return false;
}

void Outgoing::give_back_recipients(const std::string& user, std::size_t count) {
    Sent& sent = of(user);
    sent.recipients = std::max(0.0, sent.recipients - static_cast<double>(count));
}

void Outgoing::give_back(const std::string& user, std::uint64_t bytes) {
    Sent& sent = of(user);
    sent.bytes = std::max(0.0, sent.bytes - static_cast<double>(bytes));
}

} // namespace hameau::milter
