// Whole looks at domains over a DNS on the loopback: two resolvers and the zone's own server. What the page then says, in both languages, stands
// in cases.txt (HAMEAU_UPDATE_GOLDEN=1 writes it anew).
#include <cstdlib>

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "daemon/base/io.hpp"
#include "loopback_dns.hpp"
#include "modules/mail/domain_document.hpp"
#include "modules/mail/records/look.hpp"

namespace hameau::mailrecords {
namespace {

const std::string key = "v=DKIM1; k=rsa; p=" + std::string(300, 'K') + "END=";

HouseFacts house() {
    HouseFacts facts;
    facts.host = "maison.test";
    facts.signs = true;
    facts.dkim = {{"h20261201._domainkey.amis.test", key}};
    facts.imaps_port = 993;
    facts.submissions_port = 465;
    facts.https_port = 443;
    facts.serves_autoconfig = true;
    facts.mta_sts_id = "abc";
    facts.authority = "letsencrypt.org";
    return facts;
}

Zone right_zone() {
    return {
        {{"amis.test", Type::soa}, {"amis.test"}},
        {{"amis.test", Type::ns}, {"ns.amis.test"}},
        {{"ns.amis.test", Type::a}, {"127.0.0.1"}},
        {{"maison.test", Type::a}, {"198.51.100.7"}},
        {{"7.100.51.198.in-addr.arpa", Type::ptr}, {"maison.test"}},
        {{"amis.test", Type::mx}, {"10 maison.test"}},
        {{"amis.test", Type::txt}, {"autre=chose", "v=spf1 mx -all"}},
        {{"h20261201._domainkey.amis.test", Type::txt}, {key}},
        {{"_dmarc.amis.test", Type::txt}, {"v=DMARC1; p=reject"}},
        {{"autoconfig.amis.test", Type::a}, {"198.51.100.7"}},
        {{"mta-sts.amis.test", Type::a}, {"198.51.100.7"}},
        {{"_mta-sts.amis.test", Type::txt}, {"v=STSv1; id=abc;"}},
        {{"_imaps._tcp.amis.test", Type::srv}, {"5 0 993 maison.test"}},
        {{"_submissions._tcp.amis.test", Type::srv}, {"0 1 465 maison.test"}},
        {{"_smtp._tls.amis.test", Type::txt}, {"v=TLSRPTv1; rua=mailto:autre@ailleurs.test"}},
        {{"amis.test", Type::caa}, {"0 issue letsencrypt.org"}},
    };
}

class Looks : public testing::Test {
protected:
    boost::asio::io_context io_;
    LoopbackDns one_{io_, right_zone(), "amis.test"};
    LoopbackDns two_{io_, right_zone(), "amis.test"};
    LoopbackDns authority_{io_, right_zone(), "amis.test"};
    HouseFacts facts_ = house();
    bool was_live_ = false;

    /// The same records at all three.
    void everywhere(const std::string& name, Type type, std::vector<std::string> records) {
        for (LoopbackDns* server : {&one_, &two_, &authority_}) {
            server->zone[{name, type}] = records;
            if (records.empty()) {
                server->zone.erase({name, type});
            }
        }
    }
    Evidence look() {
        Panel panel;
        panel.resolvers = {one_.endpoint(), two_.endpoint()};
        panel.authority_port = authority_.endpoint().port();
        panel.near_authority = true;
        std::optional<Evidence> found;
        boost::asio::co_spawn(io_, look_at(io_, journal_, panel, "amis.test", facts_), [&found](std::exception_ptr failed, Evidence evidence) {
            EXPECT_FALSE(failed);
            found = std::move(evidence);
        });
        while (!found) {
            io_.run_one();
        }
        found->was_live = was_live_;
        return *found;
    }
    /// What is not plainly right, one line a record.
    std::string said(Language language) {
        const boost::json::object document = mail::domain_document("amis.test", facts_, evidence_, language);
        std::string out = "  " + std::string(document.at("stage").as_string()) + ": " + std::string(document.at("text").as_string()) + "\n";
        for (const auto& entry : document.at("records").as_array()) {
            const auto& record = entry.as_object();
            if (record.at("code") != "right") {
                out += "  " + std::string(record.at("id").as_string()) + " " + std::string(record.at("state").as_string()) + ": " + std::string(record.at("text").as_string()) + "\n";
            }
        }
        return out;
    }
    void expect_golden(const std::string& name) {
        evidence_ = look();
        const std::string got = "== " + name + "\n" + said(Language::french) + said(Language::english);
        std::string cases = read_file(CASES, 1 << 20).value_or("");
        const std::size_t at = cases.find("== " + name + "\n");
        const std::size_t end = at == std::string::npos ? at : std::min(cases.find("== ", at + 3), cases.size());
        const std::string wanted = at == std::string::npos ? "" : cases.substr(at, end - at);
        if (std::getenv("HAMEAU_UPDATE_GOLDEN") != nullptr) {
            cases = at == std::string::npos ? cases + got : cases.replace(at, end - at, got);
            ASSERT_TRUE(write_file_atomically(CASES, cases, 0644));
            return;
        }
        EXPECT_EQ(got, wanted);
    }
    Journal journal_{"test"};
    Evidence evidence_;
};

TEST_F(Looks, Right) { expect_golden("right"); }

TEST_F(Looks, NothingThere) {
    for (const Type type : {Type::mx, Type::txt, Type::caa}) {
        everywhere("amis.test", type, {});
    }
    for (const char* name : {"h20261201._domainkey.amis.test", "_dmarc.amis.test", "_mta-sts.amis.test", "_smtp._tls.amis.test"}) {
        everywhere(name, Type::txt, {});
    }
    for (const char* name : {"_imaps._tcp.amis.test", "_submissions._tcp.amis.test"}) {
        everywhere(name, Type::srv, {});
    }
    everywhere("autoconfig.amis.test", Type::a, {});
    everywhere("mta-sts.amis.test", Type::a, {});
    everywhere("7.100.51.198.in-addr.arpa", Type::ptr, {});
    expect_golden("nothing there");
}

TEST_F(Looks, EachRecordWrong) {
    everywhere("amis.test", Type::mx, {"5 mx.ailleurs.test", "10 mx2.ailleurs.test"});
    everywhere("amis.test", Type::txt, {"v=spf1 ip4:203.0.113.9 include:_spf.ailleurs.test -all"});
    everywhere("_spf.ailleurs.test", Type::txt, {"v=spf1 ip4:203.0.113.0/24 -all"});
    everywhere("h20261201._domainkey.amis.test", Type::txt, {"v=DKIM1; p=AUTRE"});
    everywhere("_dmarc.amis.test", Type::txt, {"v=DMARC1; p=rejeter; rua=x"});
    everywhere("autoconfig.amis.test", Type::a, {"203.0.113.9"});
    everywhere("mta-sts.amis.test", Type::a, {"203.0.113.9"});
    everywhere("_mta-sts.amis.test", Type::txt, {"v=STSv1; id=old"});
    everywhere("_imaps._tcp.amis.test", Type::srv, {"0 0 0 ailleurs.test"});
    everywhere("_submissions._tcp.amis.test", Type::srv, {"0 1 587 maison.test"});
    everywhere("_smtp._tls.amis.test", Type::txt, {"v=TLSRPTv1"});
    everywhere("amis.test", Type::caa, {"0 issue autre.test"});
    everywhere("7.100.51.198.in-addr.arpa", Type::ptr, {"client7.fai.test"});
    expect_golden("each record wrong");
}

TEST_F(Looks, OtherWaysToBeWrong) {
    everywhere("amis.test", Type::mx, {"10 maison.test", "20 mx.ailleurs.test"});
    everywhere("amis.test", Type::txt, {"v=spf1 mx -all", "v=spf1 include:_spf.ailleurs.test ~all"});
    everywhere("h20261201._domainkey.amis.test", Type::txt, {key.substr(0, 255)});
    everywhere("_dmarc.amis.test", Type::txt, {"v=DMARC1; p=none", "v=DMARC1; p=reject"});
    was_live_ = true;
    expect_golden("other ways to be wrong");
}

TEST_F(Looks, StillOtherWays) {
    everywhere("amis.test", Type::mx, {"10 autre-nom.test"});
    everywhere("autre-nom.test", Type::a, {"198.51.100.7"});
    everywhere("amis.test", Type::txt, {"v=spf1 +all"});
    everywhere("h20261201._domainkey.amis.test", Type::txt, {"v=DKIM1; k=rsa; p="});
    everywhere("_dmarc.amis.test", Type::txt, {"v=DMARC1; p=none"});
    expect_golden("still other ways");
}

TEST_F(Looks, MistakesInText) {
    everywhere("amis.test", Type::txt, {"v=spf1 mxx -all"});
    everywhere("_dmarc.amis.test", Type::txt, {});
    everywhere("_dmarc.test", Type::txt, {"v=DMARC1; p=reject; psd=n"});
    facts_.dkim.clear();
    expect_golden("mistakes in text");
}

TEST_F(Looks, HalfThere) {
    // Written at the zone's own server; one resolver still remembers what was before.
    one_.zone[{"amis.test", Type::mx}] = {"10 mx.ailleurs.test"};
    two_.zone.erase({"_dmarc.amis.test", Type::txt});
    expect_golden("half there");
}

TEST_F(Looks, ARelay) {
    facts_.smarthost = "relais.test";
    expect_golden("a relay that does not say");
    facts_.smarthost_spf = "include:spf.relais.test";
    expect_golden("a relay that is not permitted");
    everywhere("amis.test", Type::txt, {"v=spf1 include:spf.relais.test -all"});
    expect_golden("a relay that is permitted");
}

TEST_F(Looks, TheHouseHasNoAddress) {
    everywhere("maison.test", Type::a, {});
    expect_golden("the house has no address");
}

TEST_F(Looks, ServersThatFail) {
    for (LoopbackDns* server : {&one_, &two_, &authority_}) {
        server->failing = {"*"};
    }
    expect_golden("servers that fail");
}

TEST_F(Looks, DnssecIsWrong) {
    one_.bogus = {"amis.test", "_dmarc.amis.test"};
    two_.bogus = one_.bogus;
    authority_.silent = {"*"};
    facts_.mta_sts_id.clear();
    expect_golden("DNSSEC is wrong");
}

TEST_F(Looks, OneResolverIsSilentAndTheAuthorityToo) {
    one_.silent = {"*"};
    authority_.silent = {"*"};
    const auto since = std::chrono::steady_clock::now();
    expect_golden("one resolver and the authority are silent");
    EXPECT_LT(std::chrono::steady_clock::now() - since, std::chrono::seconds(12));
}

TEST_F(Looks, NobodyAnswers) {
    one_.silent = {"*"};
    two_.silent = {"*"};
    const auto since = std::chrono::steady_clock::now();
    expect_golden("nobody answers");
    EXPECT_LT(std::chrono::steady_clock::now() - since, std::chrono::seconds(6));
    EXPECT_EQ(authority_.asked, 0);
    EXPECT_LE(one_.asked, 2 * 25);
}

TEST_F(Looks, WhatIsCutComesByTcp) {
    for (LoopbackDns* server : {&one_, &two_, &authority_}) {
        server->cut = {"amis.test", "h20261201._domainkey.amis.test"};
    }
    evidence_ = look();
    EXPECT_EQ(said(Language::english), "  live: The mail of amis.test arrives here.\n");
    EXPECT_GE(authority_.asked_by_tcp, 3);
    EXPECT_LE(authority_.asked_by_tcp, 6);
}

TEST_F(Looks, AnAliasOfTheHouseIsRight) {
    for (LoopbackDns* server : {&one_, &two_, &authority_}) {
        server->zone.erase({"autoconfig.amis.test", Type::a});
        server->aliases["autoconfig.amis.test"] = "maison.test";
    }
    authority_.zone.erase({"maison.test", Type::a});  // the zone's own server knows the alias alone
    expect_golden("an alias of the house");
}

TEST_F(Looks, AKeyMadeSinceTheLookIsNotCalledMissing) {
    evidence_ = look();
    facts_.dkim = {{"h20270101._domainkey.amis.test", "v=DKIM1; k=rsa; p=NEW"}};
    EXPECT_NE(said(Language::english).find("dkim.h20270101 unchecked"), std::string::npos);
}

TEST_F(Looks, AServerNearIsNotAskedByAStrangersWord) {
    evidence_ = look();
    EXPECT_GT(authority_.asked, 0);
    const int before = authority_.asked;
    Panel panel;
    panel.resolvers = {one_.endpoint()};
    panel.authority_port = authority_.endpoint().port();
    bool ended = false;
    boost::asio::co_spawn(io_, look_at(io_, journal_, panel, "amis.test", facts_), [&ended](std::exception_ptr, Evidence) { ended = true; });
    while (!ended) {
        io_.run_one();
    }
    EXPECT_EQ(authority_.asked, before);
}

} // namespace
} // namespace hameau::mailrecords
