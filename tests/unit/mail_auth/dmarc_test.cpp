// DMARC by the tree walk of RFC 9989, and the field that says what was found.
#include <gtest/gtest.h>

#include "modules/mail/auth/dmarc.hpp"
#include "modules/mail/auth/results.hpp"
#include "tests/unit/mail_auth/zone.hpp"

namespace hameau::mailauth {
namespace {

SpfVerdict spf(const std::string& domain, SpfResult result = SpfResult::pass) { return {result, domain, false, {}}; }
DkimVerdict signed_by(const std::string& domain, DkimResult result = DkimResult::pass) { return {result, "", domain, "s", "@" + domain, "12345678"}; }

Zone zone_with(std::initializer_list<std::pair<std::string, std::string>> records) {
    Zone zone;
    for (const auto& [name, text] : records) {
        zone.add("_dmarc." + name, RecordType::txt, text);
    }
    return zone;
}

DmarcVerdict judge(const std::string& author, const SpfVerdict& by_spf, const std::vector<DkimVerdict>& dkim, Zone& zone) {
    Zone late = zone;
    late.answer_late();
    const auto verdict = check_dmarc(author, by_spf, dkim, zone).value();
    std::optional<DmarcVerdict> slow;
    for (int round = 0; round < 40 && !slow; ++round) {
        slow = check_dmarc(author, by_spf, dkim, late);
    }
    EXPECT_TRUE(slow && slow->result == verdict.result && slow->policy == verdict.policy) << author;
    return verdict;
}

std::string said(const DmarcVerdict& verdict) { return std::string(word_of(verdict.result)) + " " + word_of(verdict.policy) + " " + verdict.record_at; }

const SpfVerdict no_spf = spf("", SpfResult::none);

TEST(Dmarc, AlignedByEitherIsAPass) {
    Zone zone = zone_with({{"amis.bzh", "v=DMARC1; p=reject"}});
    EXPECT_EQ(said(judge("amis.bzh", spf("amis.bzh"), {}, zone)), "pass none amis.bzh");
    EXPECT_EQ(said(judge("amis.bzh", no_spf, {signed_by("amis.bzh")}, zone)), "pass none amis.bzh");
    EXPECT_EQ(said(judge("amis.bzh", spf("mail.amis.bzh"), {}, zone)), "pass none amis.bzh");
    EXPECT_EQ(said(judge("news.amis.bzh", no_spf, {signed_by("mail.amis.bzh")}, zone)), "pass none amis.bzh");
    EXPECT_EQ(said(judge("amis.bzh", spf("evil.test"), {signed_by("evil.test")}, zone)), "fail reject amis.bzh");
    EXPECT_EQ(said(judge("amis.bzh", spf("amis.bzh", SpfResult::softfail), {signed_by("amis.bzh", DkimResult::fail)}, zone)), "fail reject amis.bzh");
    EXPECT_EQ(said(judge("nobody.test", spf("evil.test"), {}, zone)), "none none ");
}

TEST(Dmarc, StrictAlignmentWantsTheNameItself) {
    Zone zone = zone_with({{"amis.bzh", "v=DMARC1; p=quarantine; adkim=s; aspf=s"}});
    EXPECT_EQ(said(judge("amis.bzh", spf("mail.amis.bzh"), {signed_by("mail.amis.bzh")}, zone)), "fail quarantine amis.bzh");
    EXPECT_EQ(said(judge("amis.bzh", spf("amis.bzh"), {}, zone)), "pass none amis.bzh");
}

TEST(Dmarc, NeighboursBelowAPublicSuffixAreStrangers) {
    Zone zone = zone_with({{"bzh", "v=DMARC1; p=none; psd=y; np=reject"}, {"amis.bzh", "v=DMARC1; p=reject"}});
    EXPECT_EQ(said(judge("amis.bzh", spf("evil.bzh"), {signed_by("evil.bzh")}, zone)), "fail reject amis.bzh");
    EXPECT_EQ(said(judge("a.amis.bzh", spf("b.amis.bzh"), {}, zone)), "pass none amis.bzh");
    // A name that does not exist, with no record but the suffix's.
    EXPECT_EQ(said(judge("nothing.bzh", spf("evil.test"), {}, zone)), "fail reject bzh");
    zone.add("there.bzh", RecordType::a, "192.0.2.1");
    EXPECT_EQ(said(judge("there.bzh", spf("evil.test"), {}, zone)), "fail none bzh");
}

TEST(Dmarc, PsdNEndsTheWalk) {
    Zone zone = zone_with({{"ville.fr", "v=DMARC1; p=reject"}, {"club.ville.fr", "v=DMARC1; p=quarantine; psd=n"}});
    EXPECT_EQ(said(judge("club.ville.fr", spf("ville.fr"), {}, zone)), "fail quarantine club.ville.fr");
    EXPECT_EQ(said(judge("x.club.ville.fr", spf("club.ville.fr"), {}, zone)), "pass none club.ville.fr");
    EXPECT_EQ(said(judge("other.ville.fr", spf("ville.fr"), {}, zone)), "pass none ville.fr");
}

TEST(Dmarc, PoliciesForNamesBelow) {
    Zone zone = zone_with({{"amis.bzh", "v=DMARC1; p=none; sp=quarantine; np=reject"}});
    zone.add("there.amis.bzh", RecordType::mx, "mail.amis.bzh");
    EXPECT_EQ(said(judge("amis.bzh", no_spf, {}, zone)), "fail none amis.bzh");
    EXPECT_EQ(said(judge("there.amis.bzh", no_spf, {}, zone)), "fail quarantine amis.bzh");
    EXPECT_EQ(said(judge("gone.amis.bzh", no_spf, {}, zone)), "fail reject amis.bzh");
}

TEST(Dmarc, TestingIsOneStepMilderAndPctIsGone) {
    Zone zone = zone_with({{"a.test", "v=DMARC1; p=reject; t=y"}, {"b.test", "v=DMARC1; p=quarantine; t=y"}, {"c.test", "v=DMARC1; p=reject; pct=0"}});
    EXPECT_EQ(said(judge("a.test", no_spf, {}, zone)), "fail quarantine a.test");
    EXPECT_EQ(said(judge("b.test", no_spf, {}, zone)), "fail none b.test");
    EXPECT_EQ(said(judge("c.test", no_spf, {}, zone)), "fail reject c.test");
}

TEST(Dmarc, WhatIsNoRecord) {
    EXPECT_FALSE(parse_dmarc("v=spf1 -all"));
    EXPECT_FALSE(parse_dmarc("p=reject; v=DMARC1"));
    EXPECT_FALSE(parse_dmarc("v=DMARC1"));
    EXPECT_FALSE(parse_dmarc("v=DMARC1; p=burn"));
    EXPECT_EQ(parse_dmarc("v=DMARC1; rua=mailto:r@a.test")->policy, DmarcPolicy::none);
    Zone two = zone_with({{"a.test", "v=DMARC1; p=reject"}});
    two.add("_dmarc.a.test", RecordType::txt, "v=DMARC1; p=none");
    EXPECT_EQ(said(judge("a.test", no_spf, {}, two)), "none none ");
    two.add("_dmarc.test", RecordType::txt, "something else");
    EXPECT_EQ(said(judge("a.test", no_spf, {}, two)), "none none ");
}

TEST(Dmarc, AtMostEightQueries) {
    Zone zone;
    EXPECT_EQ(said(judge("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.test", no_spf, {}, zone)), "none none ");
    EXPECT_EQ(zone.asked(), 8U);
    Zone high = zone_with({{"l.m.n.o.p.q.test", "v=DMARC1; p=reject"}});
    EXPECT_EQ(said(judge("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.test", no_spf, {}, high)), "fail reject l.m.n.o.p.q.test") << "seven labels are left";
}

TEST(Dmarc, DnsThatFailsRefusesNobodyForGood) {
    Zone zone = zone_with({{"a.test", "v=DMARC1; p=reject"}});
    zone.fail_rest("_dmarc.b.test");
    EXPECT_EQ(judge("b.test", no_spf, {}, zone).result, DmarcResult::temperror);
    EXPECT_EQ(judge("a.test", spf("a.test", SpfResult::temperror), {}, zone).result, DmarcResult::temperror);
    EXPECT_EQ(judge("a.test", no_spf, {signed_by("x.a.test", DkimResult::temperror)}, zone).result, DmarcResult::temperror);
    EXPECT_EQ(judge("a..test", no_spf, {}, zone).result, DmarcResult::permerror);
}

TEST(Dmarc, AFailureThatCouldProveNothingChangesNothing) {
    Zone zone = zone_with({{"a.test", "v=DMARC1; p=quarantine"}, {"s.test", "v=DMARC1; p=reject; adkim=s"}});
    zone.fail_rest("_dmarc.mort.test");
    EXPECT_EQ(said(judge("a.test", no_spf, {signed_by("mort.test", DkimResult::temperror)}, zone)), "fail quarantine a.test");
    EXPECT_EQ(said(judge("a.test", spf("mort.test", SpfResult::temperror), {}, zone)), "fail quarantine a.test");
    EXPECT_EQ(said(judge("a.test", spf("mort.test"), {signed_by("mort.test")}, zone)), "fail quarantine a.test");
    EXPECT_EQ(said(judge("s.test", no_spf, {signed_by("x.s.test", DkimResult::temperror)}, zone)), "fail reject s.test") << "strict";
    EXPECT_EQ(said(judge("s.test", no_spf, {signed_by("s.test", DkimResult::temperror)}, zone)), "temperror reject s.test");
    zone.fail_rest("_dmarc.x.a.test");
    EXPECT_EQ(said(judge("a.test", spf("x.a.test"), {}, zone)), "temperror quarantine a.test") << "it may say psd=n";
}

TEST(Dmarc, AFailureAboveTheRecordThrowsNothingAway) {
    Zone zone = zone_with({{"a.test", "v=DMARC1; p=reject"}});
    zone.fail_rest("_dmarc.test");
    EXPECT_EQ(said(judge("a.test", spf("evil.example"), {}, zone)), "fail reject a.test");
    EXPECT_EQ(said(judge("a.test", spf("evil.test"), {}, zone)), "temperror reject a.test") << "they could be of one organization";
    EXPECT_EQ(said(judge("a.test", spf("a.test"), {}, zone)), "pass none a.test");
    EXPECT_EQ(said(judge("a.test", spf("mail.a.test"), {}, zone)), "pass none a.test") << "whatever stands above";
    EXPECT_EQ(said(judge("x.a.test", no_spf, {signed_by("y.a.test")}, zone)), "pass none a.test");
    EXPECT_EQ(said(judge("x.a.test", spf("evil.example"), {}, zone)), "temperror reject a.test") << "the organization may be test";
}

TEST(Dmarc, AFailureBelowTheRecordIsNoWayAroundIt) {
    Zone zone = zone_with({{"a.test", "v=DMARC1; p=reject"}, {"np.test", "v=DMARC1; p=none; np=reject"}});
    zone.fail_rest("_dmarc.lame.a.test");
    EXPECT_EQ(said(judge("lame.a.test", spf("evil.example"), {}, zone)), "temperror reject a.test");
    EXPECT_EQ(said(judge("lame.a.test", spf("a.test"), {}, zone)), "temperror reject a.test");
    EXPECT_EQ(said(judge("lame.a.test", spf("lame.a.test"), {}, zone)), "pass none a.test");
    zone.fail_rest("lame.np.test");
    EXPECT_EQ(said(judge("lame.np.test", spf("evil.example"), {}, zone)), "temperror reject np.test") << "whether the name exists is not known";
    EXPECT_EQ(said(judge("gone.np.test", spf("evil.example"), {}, zone)), "fail reject np.test");
}

TEST(Dmarc, OneSlipDoesNotRemoveThePolicy) {
    for (const char* text : {"v=DMARC1; p=reject;; rua=mailto:a@b.test", "v=DMARC1; p=reject; rua=mailto:a@b.test; pct", "v=DMARC1;p=reject;;",
                             "v=DMARC1; p=reject; p=none", "v=DMARC1; fo=\xc3\xa9; p=reject", "v=DMARC1; =x; p=reject", " v = DMARC1 ; P=Reject ; 9=8"}) {
        const auto record = parse_dmarc(text);
        ASSERT_TRUE(record) << text;
        EXPECT_EQ(record->policy, DmarcPolicy::reject) << text;
    }
    for (const char* text : {"v=DMARC1 p=reject", ";v=DMARC1; p=reject", "v=dmarc1; p=reject", "v=DMARC2; p=reject", ""}) {
        EXPECT_FALSE(parse_dmarc(text)) << text;
    }
    EXPECT_TRUE(parse_dmarc("v=DMARC1; p=quarantine" + std::string(10000, ';') + "sp=none"));
}

TEST(Results, EveryValueOfAStrangerStaysAValue) {
    Verdicts verdicts;
    verdicts.spf = spf("evil.test", SpfResult::fail);
    verdicts.dkim = {signed_by("amis.bzh"), {DkimResult::permerror, "a \"quoted\"; dkim=pass", "", "", "", ""}};
    verdicts.dmarc = {{DmarcResult::fail, DmarcPolicy::reject, "ev;il dmarc=pass", "amis.bzh"}};
    const std::string text = write_results(verdicts, "a b;\r\nX: y\"@evil.test", "helo");
    EXPECT_EQ(text, "spf=fail smtp.mailfrom=\"a b;??X: y\\\"\"@evil.test;\r\n\t"
                    "dkim=pass header.d=amis.bzh header.s=s header.b=12345678;\r\n\t"
                    "dkim=permerror reason=\"a \\\"quoted\\\"; dkim=pass\";\r\n\t"
                    "dmarc=fail policy.dmarc=reject header.from=\"ev;il dmarc=pass\"");
    verdicts = {};
    verdicts.spf.by_helo = true;
    EXPECT_EQ(write_results(verdicts, "", "[192.0.2.1]"), "spf=none smtp.helo=\"[192.0.2.1]\";\r\n\tdkim=none");
}

TEST(Results, OurNameIsKnownInEveryDress) {
    const std::string host = "mail.amis.bzh";
    for (const char* value : {" mail.amis.bzh; spf=pass", "mail.amis.bzh", "(a (b) c) MAIL.amis.bzh 1; none", "\r\n\tmail.amis.bzh (x); dkim=pass",
                              " \"mail.amis.bzh\"; spf=pass", " mail.amis.bzh.; spf=pass", " mail.am(c)is.bzh; none", " \"mail\\.amis.bzh\"; none",
                              " mail .amis.bzh; none", " mail.\n amis.bzh; none", " m\xc3\xa9il.bzh; none", " (mail.amis.bzh; none", " mail.amis.bzh(x)1(y); none",
                              " mail\\.amis.bzh; none", " \x01mail.amis.bzh;", "; dmarc=pass", " (a\\) mail.amis.bzh; none", " spf=pass smtp.mailfrom=x.test"}) {
        EXPECT_TRUE(claims_host(value, host)) << value;
    }
    for (const char* value : {" other.test; spf=pass smtp.mailfrom=x@mail.amis.bzh", " notmail.amis.bzh; none", "amis.bzh;", "", "(mail.amis.bzh) other.test;", " other.test 1 (x); none",
                              " other.test\n\t(mail.amis.bzh; x)\n 1\n ;\n none", " other.test"}) {
        EXPECT_FALSE(claims_host(value, host)) << value;
    }
}

} // namespace
} // namespace hameau::mailauth
