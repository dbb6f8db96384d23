// The one quota of an association: who may tell, who sees it, what mail hears, and a database of before.
#include "fake_house.hpp"

namespace hameau::people {
namespace {

class UsageOf : public House {
protected:
    Answer tell(const std::string& module, std::uint64_t bytes, const std::string& slug = "amis") {
        Visitor visitor;
        visitor.caller = Caller::module;
        visitor.module = module;
        return go(visitor, "POST", "/internal/usage", "{\"association\":\"" + slug + "\",\"bytes\":" + std::to_string(bytes) + "}");
    }
    void set_quota(const std::string& text) {
        EXPECT_EQ(go(admin, "PATCH", "/api/v1/associations/amis", "{\"quota\":\"" + text + "\"}").status, 200);
    }
    int events_of_association() {
        return static_cast<int>(std::count_if(context->events.begin(), context->events.end(),
                                              [](const auto& event) { return event.at("kind") == "association"; }));
    }
};

TEST_F(UsageOf, ModulesAreAddedUpAndManagersSeeIt) {
    set_quota("1000 MiB");
    EXPECT_EQ(tell("sites", 300'000'000).json.at("others_bytes"), 0);
    const Answer pads = tell("pads", 600'000'000);
    EXPECT_EQ(pads.status, 200);
    EXPECT_EQ(pads.json.at("others_bytes"), 300'000'000);
    EXPECT_EQ(pads.json.at("quota_bytes"), 1'048'576'000);
    EXPECT_EQ(tell("pads", 500'000'000).json.at("others_bytes"), 300'000'000) << "a figure replaces the one of before";
    Visitor marie = signed_in("marie");
    const Answer seen = go(marie, "GET", "/api/v1/associations/amis/usage");
    EXPECT_EQ(seen.json.at("used_bytes"), 800'000'000);
    EXPECT_EQ(seen.json.at("warning_percent"), 0);
    EXPECT_EQ(seen.json.at("services").as_array().size(), 2u);
    EXPECT_EQ(std::count(context->calls.begin(), context->calls.end(), "POST mail/internal/usage") > 0, true) << "mail counts now";
    Visitor yann = signed_in("yann");
    EXPECT_EQ(go(yann, "GET", "/api/v1/associations/amis/usage").status, 403);
    EXPECT_FALSE(go(yann, "GET", "/api/v1/session").json.at("associations").at(0).as_object().contains("used_bytes"));
    Visitor stranger;
    EXPECT_EQ(go(stranger, "GET", "/api/v1/associations/amis/usage").status, 401);
}

TEST_F(UsageOf, OnlyModulesTell) {
    for (const char* who : {"marie", "annick"}) {
        Visitor visitor = signed_in(who);
        EXPECT_EQ(go(visitor, "POST", "/internal/usage", R"({"association":"amis","bytes":1})").status, 403) << who;
    }
    EXPECT_EQ(tell("pads", 1, "nobody").status, 404);
    EXPECT_EQ(tell("pads", std::uint64_t{1} << 60).status, 422);
}

TEST_F(UsageOf, WarningsAtTheirMarks) {
    set_quota("1000 KiB");
    Visitor marie = signed_in("marie");
    const auto warning = [&] { return go(marie, "GET", "/api/v1/session").json.at("associations").at(0).at("warning_percent").to_number<int>(); };
    tell("sites", 819'199);
    EXPECT_EQ(warning(), 0);
    tell("sites", 819'200);
    EXPECT_EQ(warning(), 80);
    tell("sites", 911'359);
    EXPECT_EQ(warning(), 80);
    tell("sites", 911'360);
    EXPECT_EQ(warning(), 89) << "nine tenths are for all, the last is mail's";
    tell("sites", 972'799);
    EXPECT_EQ(warning(), 89);
    tell("sites", 972'800);
    EXPECT_EQ(warning(), 95);
    const std::vector<Check> checks = people->check_health();
    const auto room = std::find_if(checks.begin(), checks.end(), [](const Check& check) { return check.name == "room"; });
    ASSERT_NE(room, checks.end());
    EXPECT_FALSE(room->passed);
    EXPECT_NE(room->advice.find("Les Amis"), std::string::npos);
    set_quota("0");
    EXPECT_EQ(warning(), 0) << "without a quota there is nothing to warn of";
}

TEST_F(UsageOf, MailHearsOfOthersNearTheEndOnly) {
    set_quota("1000 KiB");
    const int before = events_of_association();
    tell("sites", 500'000);
    tell("mail", 500'000);
    EXPECT_EQ(events_of_association(), before) << "mail knows its own figure";
    tell("sites", 510'000);
    tell("sites", 1'000);
    Visitor marie = signed_in("marie");  // the loop runs on
    EXPECT_EQ(events_of_association(), before + 2) << "full, and free again";
}

TEST_F(UsageOf, AnErasedAssociationTakesItsFiguresAlong) {
    tell("sites", 5);
    EXPECT_TRUE(run(people->erase_association("amis")));
    EXPECT_EQ(tell("sites", 6).status, 404);
}

TEST(UsageMigration, ADatabaseOfBeforeOpensAndTellsFromNothing) {
    const auto folder = std::filesystem::temp_directory_path() / ("people-usage-" + new_id());
    std::filesystem::create_directory(folder);
    {
        auto old = Database::open((folder / "people.db").string(), people_manifest.migrations.first(1));
        ASSERT_TRUE(old);
        auto add = old->prepare("INSERT INTO association(slug, name, quota_bytes, created_ms) VALUES ('amis', 'Les Amis', 100, 1)");
        ASSERT_TRUE(add.run());
    }
    auto database = Database::open((folder / "people.db").string(), people_manifest.migrations);
    ASSERT_TRUE(database);
    Store store(*database, true);
    EXPECT_TRUE(store.association("amis"));
    EXPECT_TRUE(store.usage("amis").empty());
    EXPECT_TRUE(store.set_usage("amis", "pads", 7, 1));
    EXPECT_EQ(store.usage("amis").at(0).second, 7u);
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace hameau::people
