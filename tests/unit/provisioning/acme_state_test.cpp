// When certificates are asked for, what an authority's answer means, and the file that remembers it.
#include <gtest/gtest.h>

#include "provisioning/acme_state.hpp"

namespace hameau::provisioning {

namespace {
constexpr std::int64_t day = 24 * 3600;

AcmeName a_name(const std::string& host) {
    AcmeName name;
    name.host = host;
    name.code = acme_code::unreachable;
    name.expires = 1800000000;
    name.failures = 2;
    name.next = 1790000000;
    name.fingerprint = "ab12";
    name.detail = "Fetching http://x: Connection refused";
    return name;
}
} // namespace

TEST(AcmeState, ComesBackAsItWasWritten) {
    AcmeState state;
    state.next = 1780000000;
    state.names = {a_name("maison.test"), a_name("amis.test")};
    const AcmeState again = AcmeState::parse(state.to_text());
    EXPECT_EQ(again.next, state.next);
    ASSERT_EQ(again.names.size(), 2U);
    EXPECT_EQ(again.to_text(), state.to_text());
    EXPECT_EQ(again.names[1].detail, "Fetching http://x: Connection refused");
}

TEST(AcmeState, WhatTheAdminIsToKnowIsTheHouseFirstThenWhatEndsFirst) {
    const auto name = [](const std::string& host, std::string_view code, std::int64_t expires) {
        AcmeName one = a_name(host);
        one.code = code;
        one.expires = expires;
        one.failures = 3;
        return one;
    };
    constexpr std::int64_t now = 1780000000;
    const auto of = [&](const std::vector<AcmeName>& names) {
        const AcmeTrouble trouble = trouble_of(names, "maison.test", now);
        return std::to_string(trouble.count) + " " + trouble.host + " " + trouble.code;
    };
    EXPECT_EQ(of({name("maison.test", "fine", now + day), name("a.test", "asked", 0), name("b.test", "no_address", 0), name("c.test", "own", now + 15 * day)}), "0  ")
        << "b.test never had one: sites tells of it";
    EXPECT_EQ(of({name("a.test", "unreachable", now + 20 * day), name("b.test", "elsewhere", now + 9 * day)}), "2 b.test elsewhere");
    EXPECT_EQ(of({name("a.test", "unreachable", now - day), name("maison.test", "no_address", 0), name("b.test", "failed", now - 9 * day)}), "3 maison.test no_address");
    // The house's ends last of all: it is still the one that is named.
    EXPECT_EQ(of({name("a.test", "unreachable", now + 9 * day), name("maison.test", "no_address", now + 20 * day), name("b.test", "failed", now + 5 * day)}), "3 maison.test no_address");
    EXPECT_EQ(of({name("c.test", "own", now + 13 * day)}), "1 c.test own");
    AcmeName once = name("a.test", "unreachable", now + 20 * day);
    once.failures = 2;
    EXPECT_EQ(of({once}), "0  ") << "tried again within the hour";
    EXPECT_EQ(of({name("a.test", "fine", now - 1)}), "1 a.test fine") << "a clock that was set forward";
    AcmeState state;
    state.names = {name("b.test", "elsewhere", now + 9 * day)};
    state.trouble = trouble_of(state.names, "maison.test", now);
    EXPECT_NE(state.to_text().find("\ntrouble\t1\tb.test\telsewhere\t" + std::to_string(now + 9 * day) + "\n"), std::string::npos);
    EXPECT_EQ(AcmeState::parse(state.to_text()).to_text(), state.to_text());
}

TEST(AcmeState, ADamagedLineIsLeftOutAndNoOtherWithIt) {
    const std::string good = "amis.test\tfine\t1\t0\t2\tab\t\n";
    for (const std::string bad : {"amis.test\tfine\t1\t0\n", "../x\tfine\t1\t0\t2\tab\t\n", "b.test\tfine\tx\t0\t2\tab\t\n", "b.test\tfine\t1\t-1\t2\tab\t\n", "\n", "\t\t\t\t\t\t\n"}) {
        const AcmeState state = AcmeState::parse("next\t5\n" + bad + good);
        EXPECT_EQ(state.next, 5) << bad;
        ASSERT_EQ(state.names.size(), 1U) << bad;
        EXPECT_EQ(state.names[0].host, "amis.test") << bad;
    }
}

TEST(AcmeState, TheAuthoritysWordsMakeNoLineOfTheirOwn) {
    AcmeState state;
    state.names = {a_name("amis.test")};
    state.names[0].detail = "one\ntwo\tthree\x01 " + std::string(1000, 'x');
    const AcmeState again = AcmeState::parse(state.to_text());
    ASSERT_EQ(again.names.size(), 1U);
    EXPECT_EQ(again.names[0].detail.substr(0, 15), "one two three  ");
    EXPECT_EQ(again.names[0].detail.size(), 200U);
}

TEST(AcmeState, WhatTheAuthoritySaidIsAWord) {
    const auto problem = [](const std::string& type) {
        return acme_code_of("uacme: polling\n{\n \"type\": \"urn:ietf:params:acme:error:" + type + "\",\n \"detail\": \"x\"\n}\n");
    };
    EXPECT_EQ(problem("connection"), acme_code::unreachable);
    EXPECT_EQ(problem("dns"), acme_code::no_address);
    EXPECT_EQ(problem("unauthorized"), acme_code::elsewhere);
    EXPECT_EQ(problem("rateLimited"), acme_code::rate_limited);
    EXPECT_EQ(problem("caa"), acme_code::refused);
    EXPECT_EQ(problem("serverInternal"), acme_code::failed);
    EXPECT_EQ(acme_code_of("uacme: curl: (7) Failed to connect"), acme_code::authority_away);
    EXPECT_EQ(acme_detail_of("{\"detail\": \"first\"} {\"detail\" : \"No valid IP\", \"status\": 400}"), "No valid IP");
    EXPECT_EQ(acme_detail_of("nothing"), "");
    EXPECT_EQ(acme_detail_of("\"detail\""), "");
}

TEST(AcmeState, ACertificateIsRenewedWhenAThirdOfItsLifeIsLeft) {
    for (const std::int64_t life : {90 * day, 45 * day, 6 * day}) {
        EXPECT_EQ(renewal_of(1000, 1000 + life), 1000 + life - life / 3);
    }
    EXPECT_EQ(renewal_of(2000, 1000), 1000) << "nonsense is due at once, not never";
}

TEST(AcmeState, FailuresWaitLongerAndLonger) {
    std::int64_t before = 0;
    for (const unsigned failures : {1U, 2U, 3U, 4U}) {
        EXPECT_GT(back_off(failures, 0), before);
        before = back_off(failures, 0xffffffffU);
    }
    EXPECT_EQ(back_off(1, 0), 540);
    EXPECT_LE(back_off(1, 0xffffffffU), 660);
    EXPECT_LE(back_off(1000, 0xffffffffU), 27 * 3600);
}

TEST(AcmeState, OnlyNamesOfTheInternetAreAskedFor) {
    for (const char* name : {"maison.example.org", "amis.test", "xn--t-zfa.example"}) {
        EXPECT_TRUE(is_public_name(name)) << name;
    }
    for (const char* name : {"maison", "localhost", "x.localhost", "pi.local", "192.0.2.1", "::1", "maison.home.arpa", "srv.internal", ""}) {
        EXPECT_FALSE(is_public_name(name)) << name;
    }
}

} // namespace hameau::provisioning
