// Octets of name servers: read to the end or not at all. Forms for registrars, and lists of servers.
#include <gtest/gtest.h>

#include "loopback_dns.hpp"
#include "modules/mail/records/kept_look.hpp"
#include "modules/mail/records/look.hpp"
#include "modules/mail/records/spf_view.hpp"
#include "modules/mail/records/wanted.hpp"

namespace hameau::mailrecords {
namespace {

std::string answer_with(const Question& question, const std::string& records, unsigned count) {
    const std::string asked = *write_question(question, 7, Asking::resolver);
    return asked.substr(0, 2) + number_16(0x8180) + number_16(1) + number_16(count) + number_16(0) + number_16(0) + asked.substr(12, asked.size() - 12 - 11) + records;
}

TEST(Wire, ANameThatPointsToItselfEnds) {
    const Question question{"amis.test", Type::mx};
    const std::string loop = std::string("\xc0\x1b", 2);  // where the record begins: at itself
    EXPECT_FALSE(read_reply(answer_with(question, loop + number_16(15) + number_16(1) + std::string(4, '\0') + number_16(4) + number_16(10) + loop, 1), question));
}

TEST(Wire, EveryCutAnswerIsRefusedOrEmpty) {
    const Question question{"amis.test", Type::mx};
    const std::string data = number_16(10) + name_octets("maison.test");
    const std::string whole = answer_with(question, name_octets("amis.test") + number_16(15) + number_16(1) + std::string(4, '\0') + number_16(static_cast<unsigned>(data.size())) + data, 1);
    ASSERT_EQ(read_reply(whole, question)->records, std::vector<std::string>{"10 maison.test"});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(read_reply(std::string_view(whole).substr(0, size), question)) << size;
    }
}

TEST(Wire, AnAnswerToAnotherQuestionIsNone) {
    const Question question{"amis.test", Type::mx};
    EXPECT_FALSE(read_reply(answer_with({"ailleurs.test", Type::mx}, "", 0), question));
    EXPECT_FALSE(read_reply(answer_with({"amis.test", Type::txt}, "", 0), question));
    EXPECT_FALSE(read_reply(*write_question(question, 7, Asking::resolver), question));  // the question itself, sent back
    EXPECT_EQ(read_reply(answer_with(question, "", 0), question)->outcome, Outcome::none);
}

TEST(Wire, WhatIsNoNameIsNotAsked) {
    for (const std::string& name : {std::string(), std::string("a..b"), std::string(64, 'a') + ".test", std::string(".")}) {
        EXPECT_FALSE(write_question({name, Type::a}, 1, Asking::resolver)) << name;
    }
}

TEST(Forms, LongTextsAreCutAndNamesAreRelative) {
    const std::string key = "v=DKIM1; k=rsa; p=" + std::string(392, 'A');
    const Form form = form_of({Kind::dkim, Need::required, "dkim.h1", "h1._domainkey.amis.asso.test", Type::txt, key}, "asso.test", "amis.asso.test");
    EXPECT_EQ(form.name, "h1._domainkey.amis");
    EXPECT_EQ(form.value, key);
    EXPECT_EQ(form.cut, "\"" + key.substr(0, 255) + "\" \"" + key.substr(255) + "\"");
    EXPECT_EQ(form.line, "h1._domainkey.amis.asso.test. 3600 IN TXT " + form.cut);
    const Form mx = form_of({Kind::mx, Need::required, "mx", "amis.test", Type::mx, "10 maison.test"}, "", "amis.test");
    EXPECT_EQ(mx.name, "@");
    EXPECT_EQ(mx.value, "maison.test.");
    EXPECT_EQ(mx.line, "amis.test. 3600 IN MX 10 maison.test.");
    const Form caa = form_of({Kind::caa, Need::optional, "caa", "amis.test", Type::caa, "0 issue letsencrypt.org"}, "amis.test", "amis.test");
    EXPECT_EQ(caa.line, "amis.test. 3600 IN CAA 0 issue \"letsencrypt.org\"");
}

TEST(Forms, OnlyWhatIsServedIsWanted) {
    HouseFacts facts;
    facts.host = "maison.test";
    std::string ids;
    for (const Wanted& one : wanted_records("amis.test", facts)) {
        ids += one.id + " ";
    }
    EXPECT_EQ(ids, "mx spf dmarc tls_report ");
    EXPECT_TRUE(wanted_records(std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(60, 'c') + "." + std::string(63, 'd'), facts).size() < 4);
}

TEST(Forms, DkimRecordsAreTheMilters) {
    const auto read = read_dkim_records("h2._domainkey.amis.test TXT v=DKIM1; k=rsa; p=B\nh1._domainkey.amis.test TXT v=DKIM1; k=rsa; p=A\nnonsense\n");
    ASSERT_EQ(read.size(), 2U);
    EXPECT_EQ(read[1].name + "=" + read[1].value, "h1._domainkey.amis.test=v=DKIM1; k=rsa; p=A");
}

TEST(Forms, SpfKeepsWhatElseIsPermitted) {
    EXPECT_EQ(merged_spf({"v=spf1 include:_spf.ailleurs.test ip4:192.0.2.1 -all"}, "mx"), "v=spf1 mx include:_spf.ailleurs.test ip4:192.0.2.1 -all");
    EXPECT_EQ(merged_spf({"v=spf1 a +all", "v=spf1 mx a ?all"}, "mx"), "v=spf1 mx a ~all");
    EXPECT_EQ(merged_spf({"v=spf1 redirect=autre.test"}, "mx"), "v=spf1 mx redirect=autre.test");
}

TEST(Panels, ServersAreReadAndTheNeighboursRouterIsNot) {
    const Panel usual = panel_of("machine, 80.67.169.12, [2001:db8::1]:5300, nonsense, 192.0.2.1", "# x\nnameserver 192.168.1.1\nnameserver 192.168.1.2\n");
    ASSERT_EQ(usual.resolvers.size(), 3U);
    EXPECT_EQ(usual.resolvers[0].address().to_string(), "192.168.1.1");
    EXPECT_EQ(usual.resolvers[2].port(), 5300);
    EXPECT_FALSE(usual.near_authority);
    EXPECT_TRUE(panel_of("127.0.0.1:5300", "").near_authority);
    EXPECT_TRUE(panel_of("", "nameserver 192.168.1.1").resolvers.empty());
    for (const char* address : {"127.0.0.1", "192.168.1.1", "10.1.2.3", "169.254.0.1", "100.64.0.1", "::1", "::", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "224.0.0.1", "0.0.0.0"}) {
        EXPECT_TRUE(is_near(boost::asio::ip::make_address(address))) << address;
    }
    for (const char* address : {"80.67.169.12", "2001:db8::1", "172.32.0.1", "192.0.2.1"}) {
        EXPECT_FALSE(is_near(boost::asio::ip::make_address(address))) << address;
    }
}

TEST(KeptLook, ComesBackAsItWas) {
    Evidence evidence;
    evidence.at_ms = 1764547200123;
    evidence.zone = "amis.test";
    evidence.was_live = true;
    evidence.authority = "ns.test";
    Reply reply;
    reply.outcome = Outcome::found;
    reply.records = {"v=spf1 \"mx\" -all"};
    evidence.resolvers = {{"192.0.2.1", {{{"amis.test", Type::txt}, reply}}}};
    evidence.unchecked = evidence.resolvers[0].replies;
    const auto back = read_look(write_look(evidence));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->at_ms, evidence.at_ms);
    EXPECT_EQ(back->zone + back->authority, "amis.testns.test");
    EXPECT_TRUE(back->was_live);
    EXPECT_EQ(back->resolvers[0].replies, evidence.resolvers[0].replies);
    EXPECT_EQ(back->unchecked, evidence.unchecked);
    for (const char* damaged : {"", "{}", "[]", R"({"at_ms":1,"zone":"x","was_live":true,"authority":"","of_authority":[[1,2,3,4,5,6]],"unchecked":[],"resolvers":[]})"}) {
        EXPECT_FALSE(read_look(damaged)) << damaged;
    }
}

} // namespace
} // namespace hameau::mailrecords
