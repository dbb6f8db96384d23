// The first set-up: who may do it, from where, until when, and how its host name gets to hameaud.
#include <filesystem>

#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "modules/people/secrets.hpp"
#include "tests/unit/people/fake_house.hpp"

namespace hameau::people {
namespace {

Task<bool> stopped(People& people) {
    co_await people.stop();
    co_return true;
}

constexpr std::int64_t hour_ms = 3600 * 1000;

class SetUp : public House {
protected:
    SetUp() : House(false) { near.prefix = "192.168.1.0/24"; }
    boost::json::object secret() { return go(admin, "POST", "/api/v1/setup/secret").json; }
    std::string token() { return std::string(secret().at("token").as_string()); }
    std::string code() { return std::string(secret().at("code").as_string()); }
    Answer set_up(Visitor& visitor, const std::string& typed, const std::string& host = "maison.example.org", const std::string& domain = "amis.test") {
        return go(visitor, "POST", "/api/v1/setup",
                  R"({"token":")" + typed + R"(","house":"La maison","host":")" + host +
                      R"(","login":"annick","name":"Annick","password":"annick-secret-words","association":{"slug":"amis","name":"A","domains":[")" + domain + R"("]}})");
    }
    static std::string code_of(const Answer& answer) { return std::string(answer.json.at("code").as_string()); }
    Visitor near;
    Visitor far;
};

TEST_F(SetUp, TheLinkWorksFromEverywhereOnce) {
    const std::string link = token();
    EXPECT_EQ(go(far, "GET", "/api/v1/setup").json.at("host_needed"), true);
    EXPECT_EQ(set_up(far, link).status, 201);
    EXPECT_EQ(context->provisioned, std::vector<std::string>{"set-host maison.example.org"});
    EXPECT_EQ(set_up(far, link).status, 409);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "setup-token"));
    const auto after = secret();
    EXPECT_EQ(after.at("needed"), false);
    EXPECT_FALSE(after.contains("token"));
}

TEST_F(SetUp, TheCodeWorksFromTheHousesOwnNetwork) {
    const std::string typed = code();
    const Answer refused = set_up(far, typed);
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(code_of(refused), "setup_far");
    std::string small = ascii_lower(typed);
    EXPECT_EQ(set_up(near, small).status, 201) << "as a person types it";
}

TEST_F(SetUp, WrongCodesAreSlowedDownForTheAddressThatTries) {
    for (int i = 0; i < free_attempts; ++i) {
        EXPECT_EQ(set_up(near, "BABA-BABA").status, 403);
    }
    EXPECT_EQ(set_up(near, "BABA-BABA").status, 429);
    EXPECT_EQ(set_up(near, code()).status, 429) << "the right one waits too: else the answer would tell";
    Visitor other;
    other.prefix = "192.168.2.0/24";
    EXPECT_EQ(set_up(other, code()).status, 201) << "another network is not held up";
}

TEST_F(SetUp, ItEndsAfterADayAndIsRenewedByRootOnly) {
    const std::string link = token();
    const std::string typed = code();
    wall_ms += 22 * hour_ms;
    EXPECT_EQ(token(), link) << "asked again it is the same";
    wall_ms += 2 * hour_ms;
    EXPECT_EQ(code_of(set_up(far, link)), "setup_expired");
    EXPECT_EQ(code_of(set_up(near, typed)), "setup_expired");
    EXPECT_EQ(go(near, "POST", "/api/v1/setup/secret").status, 403);
    const std::string fresh = token();
    EXPECT_NE(fresh, link);
    EXPECT_EQ(set_up(far, link).status, 403);
    wall_ms += 23 * hour_ms + 1;
    EXPECT_NE(token(), fresh) << "less than an hour is left: one that lasts is shown";
}

TEST_F(SetUp, AFileOfBeforeIsReplaced) {
    ASSERT_TRUE(write_file_atomically(folder_ / "setup-token", std::string(token_characters, 'a') + "\n"));
    EXPECT_EQ(set_up(far, std::string(token_characters, 'a')).status, 403);
    EXPECT_NE(token(), std::string(token_characters, 'a'));
    EXPECT_EQ(set_up(far, "").status, 403) << "an empty file opens nothing";
}

TEST_F(SetUp, TheHostNameIsJudged) {
    for (const char* host : {"", "maison", "-a.example.org", "a b.example.org", "192.168.1.5"}) {
        EXPECT_EQ(set_up(far, token(), host).status, 422) << host;
    }
    EXPECT_EQ(set_up(far, token(), "maison.example.org", "maison.example.org").status, 422) << "sites cannot live at the house's own name";
    EXPECT_EQ(set_up(far, token(), "example.org", "amis.example.org").status, 422);
    EXPECT_TRUE(context->provisioned.empty());
    EXPECT_EQ(set_up(far, token(), "maison.example.org", "example.org").status, 201);
}

/// A full disk, or a power cut between the admin and the name.
TEST_F(SetUp, AHostNameThatCouldNotBeWrittenIsAskedForAgain) {
    context->provision_fails = true;
    EXPECT_EQ(set_up(far, token()).status, 201);
    context->provision_fails = false;
    EXPECT_TRUE(run(stopped(*people)));
    auto fake = std::make_unique<FakeClock>();
    people = std::make_unique<People>([this] { return wall_ms; }, std::move(fake));
    ASSERT_TRUE(run(people->start(*context)));
    EXPECT_EQ(go(admin, "GET", "/api/v1/setup").json.at("needed"), false);
    EXPECT_EQ(context->provisioned.size(), 2U);
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations", R"({"slug":"jardin","name":"J","domains":["jardin.example.org"]})").status, 201);
    EXPECT_EQ(go(admin, "POST", "/api/v1/setup/host", R"({"host":"jardin.example.org"})").status, 422) << "an association has it";
    EXPECT_EQ(go(admin, "POST", "/api/v1/setup/host", R"({"host":"autre.example.org"})").status, 204);
    EXPECT_EQ(context->provisioned.back(), "set-host autre.example.org");
    EXPECT_EQ(go(near, "POST", "/api/v1/setup/host", R"({"host":"evil.example.org"})").status, 403);
    context->set("house.host", "autre.example.org");
    EXPECT_EQ(go(admin, "POST", "/api/v1/setup/host", R"({"host":"evil.example.org"})").status, 409);
}

} // namespace
} // namespace hameau::people
