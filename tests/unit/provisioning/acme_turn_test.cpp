// A turn over the certificates, without an authority: what is not asked for, and what the file says of it.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "provisioning/acme.hpp"
#include "provisioning/acme_state.hpp"

namespace hameau::provisioning {

namespace {

class Turn : public testing::Test {
protected:
    Turn() {
        for (const char* folder : {"", "/tls", "/tls/hosts", "/tls/acme-challenge", "/sites", "/acme"}) {
            std::filesystem::create_directory(place.state + folder);
        }
        settings.set("house.host", "maison.example.org");
    }
    ~Turn() override { std::filesystem::remove_all(place.state); }

    AcmeState after() {
        const auto done = renew_certificates(settings, place, false);
        EXPECT_TRUE(done) << done.error().message;
        return AcmeState::parse(read_file(place.state + "/tls/certificates", 1 << 20).value_or(""));
    }

    Settings settings;
    AcmePlace place{(std::filesystem::temp_directory_path() / ("hameau-turn-" + new_id())).string(), 0, 0, nullptr};
};

} // namespace

TEST_F(Turn, AMachineWhoseClockIsNotSetAsksNobody) {
    settings.set("house.acme_url", "https://127.0.0.1:1/dir");
    place.now_s = [] { return std::int64_t{1577836800}; };  // 2020: a board without a battery
    const AcmeState state = after();
    ASSERT_EQ(state.names.size(), 1U);
    EXPECT_EQ(state.names[0].code, acme_code::bad_clock);
    EXPECT_EQ(state.names[0].failures, 0U) << "no failure of the name: once the clock is right it is asked for at once";
    EXPECT_EQ(state.next, 1577836800 + 600);
    EXPECT_EQ(state.trouble.count, 1U);
    EXPECT_EQ(state.trouble.code, acme_code::bad_clock);
    EXPECT_TRUE(std::filesystem::is_empty(place.state + "/acme")) << "no client was started";
}

TEST_F(Turn, WithoutAnAuthorityItIsSaid) {
    const AcmeState state = after();
    ASSERT_EQ(state.names.size(), 1U);
    EXPECT_EQ(state.names[0].code, acme_code::no_authority);
    EXPECT_EQ(state.trouble.host, "maison.example.org");
}

TEST_F(Turn, NamesBesideAMailDomainWaitQuietlyUntilDnsLeadsHere) {
    settings.set("house.acme_url", "https://127.0.0.1:1/dir");
    settings.set("house.host", "maison.internal");  // no public name: nobody is asked
    settings.set("mail.enabled", "true");
    std::filesystem::create_directories(place.state + "/mail/served");
    std::ofstream(place.state + "/mail/served/domains") << "amis.internal\n";
    place.now_s = [] { return std::int64_t{1900000000}; };
    AcmeState state = after();
    ASSERT_EQ(state.names.size(), 4U) << "the house's own, and three of the domain";
    for (const char* host : {"autoconfig.amis.internal", "autodiscover.amis.internal", "mta-sts.amis.internal"}) {
        const AcmeName* name = state.find(host);
        ASSERT_NE(name, nullptr) << host;
        EXPECT_EQ(name->code, acme_code::not_here) << host;
        EXPECT_EQ(name->failures, 0U) << host;
    }
    EXPECT_EQ(state.trouble.host, "maison.internal");
    std::ofstream(place.state + "/mail/served/domains") << "half a li";
    state = after();
    EXPECT_EQ(state.names.size(), 4U) << "a list that cannot be read takes nothing away";
    std::ofstream(place.state + "/mail/served/domains") << "";
    state = after();
    EXPECT_EQ(state.names.size(), 1U) << "the domain has left";
}

} // namespace hameau::provisioning
