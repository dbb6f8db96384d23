// SPF as a house meets it, without the suite of others: the everyday records, the limits, and a DNS that answers late or not at all.
#include <ctime>
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

/// RFC 7208 §7.3 cuts a name that became too long; both the record and the local part are of strangers.
TEST(Spf, MacrosCostLittleTime) {
    const auto macros = [](const std::string& macro, int times) {
        std::string out;
        for (int i = 0; i < times; ++i) {
            out += macro + ".";
        }
        return out;
    };
    std::string local;
    for (int i = 0; i < 900; ++i) {
        local += "a.";
    }
    const std::clock_t begin = std::clock();
    EXPECT_EQ(judge(zone_with("v=spf1 exists:" + macros("%{l}", 1500) + "x.test ~all"), local + "a@amis.bzh"), "permerror");
    EXPECT_EQ(judge(zone_with("v=spf1 exists:" + macros("%{l1}", 1500) + "x.test ~all"), local + "a@amis.bzh"), "permerror");
    EXPECT_EQ(judge(zone_with("v=spf1 exists:%{l}.%{l}.%{l}.x.test ~all"), local + "a@amis.bzh"), "softfail");
    EXPECT_LT(1000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 100);
    // What is left of "a.a.a...": whole labels, 253 octets at most.
    std::string rest;
    for (int i = 0; i < 124; ++i) {
        rest += "a.";
    }
    Zone zone = zone_with("v=spf1 exists:%{l}.%{l}.x.t -all");
    zone.add(rest + "x.t", RecordType::a, "127.0.0.2");
    EXPECT_EQ(rest.size() + 3, 251U);
    EXPECT_EQ(judge(zone, local.substr(0, 199) + "@amis.bzh"), "fail") << "253 octets are one label more";
    zone.add("a." + rest + "x.t", RecordType::a, "127.0.0.2");
    EXPECT_EQ(judge(zone, local.substr(0, 199) + "@amis.bzh"), "pass");
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
