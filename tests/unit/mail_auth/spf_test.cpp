// SPF as a house meets it, without the suite of others: the everyday records, the limits, and a DNS that answers late or not at all.
#include <gtest/gtest.h>

#include "modules/mail/auth/spf.hpp"
#include "tests/unit/mail_auth/zone.hpp"

namespace hameau::mailauth {
namespace {

std::string judge(Zone zone, const std::string& sender, const std::string& address = "192.0.2.1") {
    SpfQuestion question;
    question.address = read_address(address).value();
    question.helo = "helo.test";
    question.sender = sender;
    const auto verdict = check_spf(question, zone);
    return verdict ? word_of(verdict->result) : "pending";
}

Zone zone_with(const std::string& record) { return Zone().add("amis.bzh", RecordType::txt, record); }

TEST(Spf, EverydayRecords) {
    EXPECT_EQ(judge(zone_with("v=spf1 ip4:192.0.2.0/24 -all"), "a@amis.bzh"), "pass");
    EXPECT_EQ(judge(zone_with("v=spf1 ip4:198.51.100.0/24 -all"), "a@amis.bzh"), "fail");
    EXPECT_EQ(judge(zone_with("v=spf1 ip6:2001:db8::/32 ~all"), "a@amis.bzh", "2001:db8:1::5"), "pass");
    EXPECT_EQ(judge(zone_with("v=spf1 ip6:2001:db8::/32 ~all"), "a@amis.bzh"), "softfail");
    EXPECT_EQ(judge(zone_with("v=spf1 a mx ?all").add("amis.bzh", RecordType::mx, "mail.amis.bzh").add("mail.amis.bzh", RecordType::a, "192.0.2.1"), "a@amis.bzh"), "pass");
    EXPECT_EQ(judge(zone_with("v=spf1 include:relay.test -all").add("relay.test", RecordType::txt, "v=spf1 ip4:192.0.2.1 -all"), "a@amis.bzh"), "pass");
    EXPECT_EQ(judge(Zone().add("helo.test", RecordType::txt, "v=spf1 ip4:192.0.2.1 -all"), ""), "pass");
    EXPECT_EQ(judge(Zone(), "a@amis.bzh"), "none");
    EXPECT_EQ(judge(zone_with("v=spf1 ip4:192.0.2.0/33 -all"), "a@amis.bzh"), "permerror");
    EXPECT_EQ(judge(zone_with("v=spf1 ip4:192.0.2.1"), "a@amis.bzh", "::ffff:192.0.2.1"), "pass");
}

TEST(Spf, RecordsThatCallEachOtherEnd) {
    Zone zone = zone_with("v=spf1 include:b.test -all");
    zone.add("b.test", RecordType::txt, "v=spf1 include:amis.bzh -all");
    EXPECT_EQ(judge(zone, "a@amis.bzh"), "permerror");
    Zone redirect = zone_with("v=spf1 redirect=amis.bzh");
    EXPECT_EQ(judge(redirect, "a@amis.bzh"), "permerror");
    Zone voids = zone_with("v=spf1 a:x1.test a:x2.test a:x3.test ip4:192.0.2.1 -all");
    EXPECT_EQ(judge(voids, "a@amis.bzh"), "permerror");
}

TEST(Spf, DnsThatFailsOrIsLate) {
    Zone down = zone_with("v=spf1 a:slow.test -all");
    down.fail_rest("slow.test");
    EXPECT_EQ(judge(down, "a@amis.bzh"), "temperror");
    Zone late = zone_with("v=spf1 a:slow.test -all");
    late.answer_late();
    EXPECT_EQ(judge(late, "a@amis.bzh"), "pending");
}

} // namespace
} // namespace hameau::mailauth
