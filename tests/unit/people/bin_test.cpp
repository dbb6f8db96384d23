// The bin of members: who is removed loses every power at once, comes back whole within 30 days, and is erased afterwards.
#include "fake_house.hpp"
#include "modules/people/secrets.hpp"

namespace hameau::people {
namespace {

class Bin : public House {
protected:
    const std::string path = "/api/v1/associations/amis/members";
    /// Erased; but this mail does not say that the messages are off the disk.
    const int erased_here = 503;
    const std::int64_t day_ms = std::int64_t{24} * 3600 * 1000;

    Bin() {
        EXPECT_EQ(go(admin, "POST", "/api/v1/associations", R"({"slug":"jardin","name":"Le Jardin","domains":["jardin.test"]})").status, 201);
        add("rose", "manager", "jardin");
        EXPECT_EQ(go(admin, "POST", "/api/v1/associations/amis/groups", R"({"slug":"bureau","name":"Bureau","members":["yann","marie"]})").status, 201);
        EXPECT_EQ(go(admin, "POST", "/api/v1/associations/amis/groups", R"({"slug":"fetes","name":"Fetes","members":["yann"]})").status, 201);
        marie = signed_in("marie");
    }
    Answer query(Visitor& visitor, std::string method, const std::string& where, std::string words) {
        TextBody text("");
        Request request = make(visitor, std::move(method), where);
        request.query = std::move(words);
        request.body = &text;
        return keep(visitor, run(people->handle(request)));
    }
    boost::json::array bin(const std::string& of = "amis") {
        const Answer list = query(admin, "GET", "/api/v1/associations/" + of + "/members", "bin=1");
        EXPECT_EQ(list.status, 200);
        return list.json.at("items").as_array();
    }
    Answer restore(const std::string& who = "yann", const std::string& words = "") { return query(marie, "POST", path + "/" + who + "/restore", words); }
    Answer purge(const std::string& who = "yann") { return query(marie, "DELETE", path + "/" + who, "purge=1"); }
    void remove(const std::string& who = "yann", const std::string& of = "amis") {
        EXPECT_EQ(go(admin, "DELETE", "/api/v1/associations/" + of + "/members/" + who).status, 204);
    }
    std::vector<std::string> told() const {
        std::vector<std::string> out;
        for (const auto& event : context->events) {
            const auto* state = event.if_contains("state");
            out.emplace_back(std::string(event.at("kind").as_string()) + (state == nullptr ? "" : " " + std::string(state->as_string())));
        }
        return out;
    }
    void restart() {
        auto fake = std::make_unique<FakeClock>();
        clock = fake.get();
        people = std::make_unique<People>([this] { return wall_ms; }, std::move(fake));
        EXPECT_TRUE(run(people->start(*context)));
    }
    Visitor marie;
};

TEST_F(Bin, AMemberComesBackWithRoleGroupsAndPassword) {
    ASSERT_EQ(go(admin, "PATCH", path + "/yann", R"({"role":"manager"})").status, 200);
    Visitor yann = signed_in("yann");
    ASSERT_EQ(go(yann, "POST", "/api/v1/me/recovery-codes").status, 200);
    const std::string id(go(yann, "GET", "/api/v1/session").json.at("member").as_string());
    context->events.clear();
    remove();
    EXPECT_EQ(told(), (std::vector<std::string>{"boxes left", "group", "group", "member-erased"}));
    EXPECT_EQ(go(yann, "GET", "/api/v1/session").status, 401);
    Visitor again;
    EXPECT_EQ(sign_in(again, "yann", "yann-secret-words").status, 401);
    EXPECT_EQ(sign_in(again, "?" + id, "yann-secret-words").status, 401) << "the account has no name to sign in with";
    EXPECT_EQ(go(marie, "PATCH", path + "/yann", R"({"name":"x"})").status, 404);
    EXPECT_EQ(go(marie, "DELETE", path + "/yann").status, 404);
    const auto items = bin();
    ASSERT_EQ(items.size(), 1u);
    EXPECT_EQ(std::string(items[0].at("id").as_string()), id);
    EXPECT_EQ(items[0].at("login"), "yann");
    EXPECT_EQ(items[0].at("role"), "manager");
    EXPECT_EQ(items[0].at("account"), true);
    EXPECT_TRUE(items[0].at("free_login").is_null());
    EXPECT_EQ(std::string(items[0].at("deleted").as_string()).substr(0, 10), "2027-01-15");
    EXPECT_EQ(std::string(items[0].at("gone").as_string()).substr(0, 10), "2027-02-14");
    wall_ms += 29 * day_ms;
    restart();
    context->events.clear();
    const Answer back = restore();
    ASSERT_EQ(back.status, 200) << boost::json::serialize(back.json);
    EXPECT_EQ(back.json.at("role"), "manager");
    EXPECT_EQ(std::string(back.json.at("id").as_string()), id);
    EXPECT_EQ(told(), (std::vector<std::string>{"member", "boxes back", "group", "group"}));
    EXPECT_EQ(context->events.back().at("members").as_array().size(), 1u);
    EXPECT_EQ(go(yann, "GET", "/api/v1/session").status, 401) << "what was open before stays over";
    Visitor now = signed_in("yann");
    EXPECT_EQ(go(now, "GET", "/api/v1/me/recovery-codes").json.at("left"), 10);
    EXPECT_EQ(restore().status, 404) << "twice is once";
    EXPECT_TRUE(bin().empty());
    remove();
    EXPECT_EQ(restore().status, 200) << "and again";
}

TEST_F(Bin, OnlyManagersLookIntoIt) {
    remove();
    Visitor rose = signed_in("rose");
    Visitor nobody;
    add("lena", "member");
    Visitor lena = signed_in("lena");
    for (auto& [visitor, status] : std::vector<std::pair<Visitor, int>>{{nobody, 401}, {lena, 403}, {rose, 403}}) {
        EXPECT_EQ(query(visitor, "GET", path, "bin=1").status, status);
        EXPECT_EQ(query(visitor, "POST", path + "/yann/restore", "").status, status);
        EXPECT_EQ(query(visitor, "DELETE", path + "/yann", "purge=1").status, status);
    }
    EXPECT_EQ(query(rose, "POST", "/api/v1/associations/jardin/members/yann/restore", "").status, 404);
    EXPECT_EQ(query(marie, "DELETE", path + "/lena", "purge=1").json.at("code"), "not_in_bin") << "a member is not erased";
}

TEST_F(Bin, WhoWasDisabledIsDisabledAfterwards) {
    ASSERT_EQ(go(marie, "PATCH", path + "/yann", R"({"disabled":true})").status, 200);
    remove();
    EXPECT_EQ(restore().json.at("state"), "disabled");
}

TEST_F(Bin, ALoginThatIsSomebodyElsesByNow) {
    const std::string id(go(marie, "GET", path).json.at("items").at(2).at("id").as_string());
    remove();
    add("yann", "member");
    Visitor other = signed_in("yann");
    EXPECT_EQ(bin().at(0).at("free_login"), "yann2");
    const Answer refused = restore();
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.json.at("code"), "login_again");
    EXPECT_EQ(query(marie, "POST", path + "/yann/restore", "login=a+b").status, 422);
    const Answer back = restore(id, "login=Yann2");
    ASSERT_EQ(back.status, 200);
    EXPECT_EQ(back.json.at("login"), "yann2");
    EXPECT_EQ(std::string(back.json.at("id").as_string()), id);
    EXPECT_EQ(go(other, "GET", "/api/v1/session").status, 200) << "the other one is as before";
    Visitor now;
    EXPECT_EQ(sign_in(now, "yann2", "yann-secret-words").status, 200);
    // Two of one login in the bin: by login the last one, by id each.
    remove("yann");
    remove("yann2");
    EXPECT_EQ(bin().size(), 2u);
    EXPECT_EQ(restore(id).json.at("login"), "yann2");
    EXPECT_EQ(restore("yann").status, 200);
}

TEST_F(Bin, WhoIsElsewhereTooLosesTheMembershipOnly) {
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations/jardin/members", R"({"login":"yann","name":"Y"})").status, 201);
    context->events.clear();
    remove();
    EXPECT_EQ(told(), (std::vector<std::string>{"boxes left", "group", "group", "member"}));
    Visitor yann = signed_in("yann");
    EXPECT_EQ(go(yann, "GET", path).status, 403);
    EXPECT_EQ(bin().at(0).at("account"), false);
    // The other association too: the account goes, and each brings its own membership back.
    remove("yann", "jardin");
    EXPECT_EQ(bin().at(0).at("account"), true);
    EXPECT_EQ(restore().status, 200);
    Visitor now = signed_in("yann");
    EXPECT_EQ(go(now, "GET", "/api/v1/associations/jardin/members").status, 403);
    EXPECT_EQ(bin("jardin").at(0).at("login"), "yann");
    // Erased there: the account stays where it is.
    EXPECT_EQ(query(admin, "DELETE", "/api/v1/associations/jardin/members/yann", "purge=1").status, erased_here);
    EXPECT_EQ(go(now, "GET", path).status, 200);
}

TEST_F(Bin, APasswordThatOthersMaySetMeanwhileGivesNothingMore) {
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations/jardin/members", R"({"login":"yann","name":"Y"})").status, 201);
    remove();
    // Rose answers for the account alone now, and sets its password.
    Visitor rose = signed_in("rose");
    const Answer invited = go(rose, "POST", "/api/v1/associations/jardin/members/yann/invitation");
    ASSERT_EQ(invited.status, 201);
    const std::string code(invited.json.at("code").as_string());
    Visitor taken;
    ASSERT_EQ(go(taken, "POST", "/api/v1/invitations/" + code, R"({"password":"rose-knows-this-one"})").status, 201);
    EXPECT_EQ(restore().json.at("code"), "password_changed");
    EXPECT_EQ(go(taken, "GET", path).status, 403);
    // Nor when she removes him too, and the whole account goes into the bin.
    ASSERT_EQ(go(rose, "DELETE", "/api/v1/associations/jardin/members/yann").status, 204);
    EXPECT_EQ(restore().json.at("code"), "password_changed");
    EXPECT_EQ(query(admin, "POST", path + "/yann/restore", "").status, 200);
}

TEST_F(Bin, AGroupMadeAnewIsAnotherOne) {
    ASSERT_EQ(go(marie, "POST", "/api/v1/associations/amis/groups", R"({"slug":"caisse","name":"Caisse","members":["yann"]})").status, 201);
    remove();
    ASSERT_EQ(go(marie, "DELETE", "/api/v1/associations/amis/groups/caisse").status, 204);
    ASSERT_EQ(go(marie, "POST", "/api/v1/associations/amis/groups", R"({"slug":"caisse","name":"Coffre","members":["marie"]})").status, 201);
    const Answer back = restore();
    ASSERT_EQ(back.status, 200);
    EXPECT_NE(boost::json::serialize(back.json).find("caisse"), std::string::npos) << "it is said which group they are not in";
    const Answer groups = go(marie, "GET", "/api/v1/associations/amis/groups");
    for (const auto& group : groups.json.at("items").as_array()) {
        const bool his = boost::json::serialize(group.at("members")).find("yann") != std::string::npos;
        EXPECT_EQ(his, group.at("slug") != "caisse");
    }
}

TEST_F(Bin, TheOtherAssociationIsErasedMeanwhile) {
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations/jardin/members", R"({"login":"yann","name":"Y"})").status, 201);
    remove();
    ASSERT_TRUE(run(people->erase_association("jardin")));
    ASSERT_EQ(bin().size(), 1u) << "he can still come back here";
    EXPECT_EQ(restore().status, 200);
}

TEST_F(Bin, AnAdminsAccountIsTheHouses) {
    ASSERT_EQ(go(admin, "PATCH", path + "/yann", R"({"role":"admin"})").status, 200);
    remove();
    EXPECT_EQ(bin().at(0).at("account"), false);
    EXPECT_EQ(bin().at(0).at("role"), "admin");
    Visitor yann = signed_in("yann");
    EXPECT_EQ(purge().status, erased_here);
    EXPECT_EQ(go(yann, "GET", "/api/v1/session").status, 200);
}

TEST_F(Bin, TheLastManagerStays) {
    // Annick is a manager too, as an admin.
    remove("annick");
    EXPECT_EQ(go(admin, "DELETE", path + "/marie").json.at("code"), "last_manager");
    EXPECT_EQ(bin().size(), 1u);
}

TEST_F(Bin, ErasedAtOnceAndAfterThirtyDays) {
    remove();
    context->events.clear();
    EXPECT_EQ(purge().status, erased_here);
    EXPECT_EQ(told(), (std::vector<std::string>{"boxes erased", "member-erased"}));
    EXPECT_TRUE(bin().empty());
    EXPECT_EQ(restore().json.at("code"), "not_in_bin");
    EXPECT_EQ(purge().status, 404);
    add("yann", "member");
    remove();
    context->events.clear();
    wall_ms += 30 * day_ms;
    EXPECT_EQ(query(admin, "POST", path + "/yann/restore", "").status, 404);
    EXPECT_TRUE(told().empty());
    restart();
    clock->advance(std::chrono::seconds(1));
    context->io().restart();
    context->io().poll();
    EXPECT_EQ(told(), (std::vector<std::string>{"boxes erased", "member-erased"})) << "by the next start";
}

TEST_F(Bin, WhoIsAddedAnewIsNotInItAnyMore) {
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations/jardin/members", R"({"login":"yann","name":"Y"})").status, 201);
    remove();
    context->events.clear();
    ASSERT_EQ(go(admin, "POST", path, R"({"login":"yann","name":"Y","role":"member"})").status, 201);
    EXPECT_EQ(told(), (std::vector<std::string>{"boxes anew", "member"})) << "the messages are in the bin of mailboxes";
    EXPECT_TRUE(bin().empty());
}

TEST_F(Bin, AGroupThatIsGoneAndOneThatIsThere) {
    remove();
    ASSERT_EQ(go(marie, "DELETE", "/api/v1/associations/amis/groups/fetes").status, 204);
    const Answer back = restore();
    ASSERT_EQ(back.status, 200);
    EXPECT_NE(boost::json::serialize(back.json.at("warnings")).find("fetes"), std::string::npos);
    EXPECT_EQ(go(marie, "GET", "/api/v1/associations/amis/groups").json.at("items").at(0).at("members").as_array().size(), 2u);
}

TEST_F(Bin, ItsAssociationIsErasedMeanwhile) {
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations/jardin/members", R"({"login":"yann","name":"Y"})").status, 201);
    remove();
    remove("yann", "jardin");
    add("lena", "member");
    remove("lena");
    const auto count = [this] {
        auto query = context->database().prepare("SELECT count(*) FROM person WHERE binned > 0");
        return query.step().value() ? query.number(0) : -1;
    };
    EXPECT_EQ(count(), 2);
    ASSERT_TRUE(run(people->erase_association("amis")));
    EXPECT_EQ(count(), 1) << "the garden can still bring yann back";
    EXPECT_EQ(query(admin, "POST", "/api/v1/associations/jardin/members/yann/restore", "").status, 200);
}

TEST_F(Bin, MailIsAwayBetweenTheTwoHalves) {
    people->set_delivery_deadline(std::chrono::milliseconds(1));
    context->events.clear();
    context->mail_away = true;
    EXPECT_EQ(go(marie, "DELETE", path + "/yann").json.at("code"), "mail_pending");
    Visitor yann;
    EXPECT_EQ(sign_in(yann, "yann", "yann-secret-words").status, 401) << "here it is done";
    const Answer back = restore();
    EXPECT_EQ(back.status, 200);
    EXPECT_NE(boost::json::serialize(back.json.at("warnings")).find("le courrier ne"), std::string::npos);
    EXPECT_TRUE(told().empty());
    context->mail_away = false;
    people->set_delivery_deadline(std::chrono::seconds(10));
    add("lena", "member");
    EXPECT_EQ(told(), (std::vector<std::string>{"boxes left", "group", "group", "member-erased", "member", "boxes back", "group", "group", "member"}));
}

TEST_F(Bin, MailThatIsAskedLaterHearsNothingOfThem) {
    remove();
    context->events.clear();
    auto again = context->database().prepare("INSERT OR REPLACE INTO house(name, value) VALUES ('tell_mail_again', '1')");
    ASSERT_TRUE(again.run());
    restart();
    context->io().restart();
    context->io().poll();
    ASSERT_FALSE(context->events.empty());
    for (const auto& event : context->events) {
        const auto* login = event.if_contains("login");
        EXPECT_FALSE(login != nullptr && login->as_string().starts_with("?"));
    }
}

TEST(BinMigration, ADatabaseOfBeforeKeepsItsPeople) {
    const std::string path = testing::TempDir() + "/people-before-bin.db";
    std::filesystem::remove(path);
    {
        auto old = Database::open(path, people_manifest.migrations.first(4));
        ASSERT_TRUE(old);
        ASSERT_TRUE(old->execute("INSERT INTO association(slug, name, quota_bytes, created_ms) VALUES ('amis', 'A', 0, 1)"));
        ASSERT_TRUE(old->execute("INSERT INTO person(id, login, name, admin, disabled, contact, created_ms) VALUES ('p1', 'yann', 'Y', 0, 0, '', 1)"));
        ASSERT_TRUE(old->execute("INSERT INTO membership(association, person, role) VALUES ('amis', 'p1', 'member')"));
    }
    for (int start = 0; start < 2; ++start) {
        auto now = Database::open(path, people_manifest.migrations);
        ASSERT_TRUE(now);
        Store store(*now, true);
        EXPECT_TRUE(store.removed_members("amis", "", 10, 0).empty());
        const auto found = store.member("amis", "yann");
        ASSERT_TRUE(found);
        EXPECT_FALSE(store.is_binned("p1"));
        ASSERT_TRUE(store.transaction([&] { return store.remove_member("amis", *found, "", 1000); }));
        const auto removed = store.removed_member("amis", "yann", 0);
        ASSERT_TRUE(removed);
        std::vector<std::string> lost;
        ASSERT_TRUE(store.transaction([&] { return store.restore_member(*removed, "yann", lost); }));
    }
}

} // namespace
} // namespace hameau::people
