// TicketKeys: a ticket opens for one rotation after its own, then never again.
#include <chrono>

#include <gtest/gtest.h>

#include "daemon/gate/limits.hpp"
#include "daemon/gate/ticket_keys.hpp"

namespace hameau::gate {
namespace {

constexpr std::int64_t life = std::chrono::milliseconds(ticket_key_life).count();

TicketKeys::Age age_of(TicketKeys& keys, const TicketKeys::Key& key, std::int64_t now) {
    const TicketKeys::Key* found = nullptr;
    const auto age = keys.find(key.name, now, found);
    EXPECT_EQ(found != nullptr && found->cipher == key.cipher && found->mac == key.mac, age != TicketKeys::Age::unknown);
    return age;
}

TEST(TicketKeys, AreReplacedByAge) {
    TicketKeys keys;
    constexpr std::int64_t start = 5'000'000;
    const TicketKeys::Key first = keys.present(start);
    EXPECT_EQ(keys.present(start + life - 1).name, first.name);
    EXPECT_EQ(age_of(keys, first, start + life - 1), TicketKeys::Age::present);
    const TicketKeys::Key second = keys.present(start + life);
    EXPECT_NE(second.name, first.name);
    EXPECT_NE(second.cipher, first.cipher);
    EXPECT_NE(second.mac, first.mac);
    EXPECT_EQ(age_of(keys, first, start + 2 * life - 1), TicketKeys::Age::former);
    EXPECT_EQ(age_of(keys, second, start + 2 * life - 1), TicketKeys::Age::present);
    EXPECT_EQ(age_of(keys, first, start + 2 * life), TicketKeys::Age::unknown);
    EXPECT_EQ(age_of(keys, second, start + 2 * life), TicketKeys::Age::former);
}

TEST(TicketKeys, NoneOutlivesAQuietWeek) {
    TicketKeys keys;
    const TicketKeys::Key first = keys.present(0);
    constexpr std::int64_t later = 14 * life;
    EXPECT_EQ(age_of(keys, first, later), TicketKeys::Age::unknown);
    EXPECT_NE(keys.present(later).name, first.name);
}

} // namespace
} // namespace hameau::gate
