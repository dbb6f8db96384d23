// Events of people: whole, again, out of order, unreadable; what is erased is erased.
#include "fake_house.hpp"

namespace hameau::mail {
namespace {

class Events : public MailHouse {
protected:
    Rows everything() {
        Rows all;
        for (const char* sql : {"SELECT slug, name, quota_bytes FROM association", "SELECT name, association FROM domain",
                                "SELECT id, login, disabled, password_hash FROM member", "SELECT association, member, role FROM membership",
                                "SELECT association, slug, address FROM circle", "SELECT association, circle, member FROM circle_member",
                                "SELECT association, circle, address FROM circle_outside", "SELECT address, target FROM engine_alias"}) {
            for (const std::string& row : rows(sql)) {
                all.push_back(row);
            }
        }
        return all;
    }
    static std::string bureau() {
        return R"({"kind":"group","association":"amis","slug":"bureau","name":"B","address":"bureau@amis.test","members":["idmarie","idyann"],"outside":["x@y.example"],"may_send":true})";
    }
};

TEST_F(Events, TwiceIsOnceAndAnyOrderEndsTheSame) {
    const std::vector<std::string> events = {amis_event, jardin_event, member_event("marie", of("amis", "manager")),
                                             member_event("yann", of("amis") + "," + of("jardin")), bureau()};
    for (const std::string& event : events) {
        EXPECT_EQ(tell(event), 204);
        EXPECT_EQ(tell(event), 204);
    }
    const Rows once = everything();
    EXPECT_EQ(once.size(), 15u);
    ASSERT_EQ(tell(R"({"kind":"association-erased","slug":"amis"})"), 204);
    ASSERT_EQ(tell(R"({"kind":"association-erased","slug":"jardin"})"), 204);
    ASSERT_EQ(tell(R"({"kind":"member-erased","id":"idmarie"})"), 204);
    ASSERT_EQ(tell(R"({"kind":"member-erased","id":"idyann"})"), 204);
    ASSERT_TRUE(everything().empty());
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
        EXPECT_EQ(tell(*event), 204);
    }
    EXPECT_EQ(everything(), once);
}

TEST_F(Events, OpenSessionsEndWithTheirReason) {
    tell_house();
    ASSERT_EQ(add_box("marie@amis.test", "marie").status, 201);
    ASSERT_EQ(add_box("yann@amis.test", "yann").status, 201);
    ASSERT_EQ(add_box("yann@jardin.test", "yann", "", "jardin").status, 201);
    auto ended = [this, last = std::int64_t{0}]() mutable {
        const Rows users = rows("SELECT user FROM session_end WHERE sequence > " + std::to_string(last));
        last = std::stoll(rows("SELECT sequence FROM engine_session_clock").front());
        EXPECT_TRUE(rows("SELECT user FROM session_to_end").empty());
        return users;
    };
    (void)ended();
    // The same again, a role, a name: no reason.
    ASSERT_EQ(tell(member_event("yann", of("amis", "manager") + "," + of("jardin"))), 204);
    EXPECT_EQ(ended(), Rows{});
    ASSERT_EQ(tell(member_event("yann", of("jardin"))), 204);
    EXPECT_EQ(ended(), Rows{"yann@amis.test"}) << "left amis";
    ASSERT_EQ(tell(member_event("yann", of("amis") + "," + of("jardin"), true)), 204);
    EXPECT_EQ(ended(), (Rows{"yann@amis.test", "yann@jardin.test"})) << "switched off";
    std::string changed = member_event("marie", of("amis", "manager"));
    changed.replace(changed.find("aGFzaA"), 6, "aGFzaB");
    ASSERT_EQ(tell(changed), 204);
    EXPECT_EQ(ended(), Rows{"marie@amis.test"}) << "another password";
    ASSERT_EQ(tell(R"({"kind":"app-passwords-erased","id":"idmarie"})"), 204);
    EXPECT_EQ(ended(), Rows{"marie@amis.test"}) << "app passwords";
    ASSERT_EQ(go(admin, "DELETE", "/api/v1/associations/amis/mailboxes/marie@amis.test").status, 204);
    EXPECT_EQ(ended(), Rows{"marie@amis.test"}) << "its mailbox";
    ASSERT_EQ(tell(R"({"kind":"member-erased","id":"idyann"})"), 204);
    EXPECT_EQ(ended(), (Rows{"yann@amis.test", "yann@jardin.test"})) << "erased";
}

TEST_F(Events, SilentDovecotMeansLaterAndNotNever) {
    tell_house();
    ASSERT_EQ(add_box("marie@amis.test", "marie").status, 201);
    // A socket that refuses: Dovecot was there a moment ago.
    std::filesystem::create_directories(folder_ / "dovecot/run");
    ASSERT_TRUE(write_file_atomically((folder_ / "dovecot/run/hameau-doveadm").string(), ""));
    EXPECT_EQ(tell(member_event("marie", of("amis", "manager"), true)), 202);
    EXPECT_EQ(rows("SELECT user FROM session_to_end"), Rows{"marie@amis.test"});
    EXPECT_EQ(rows("SELECT user FROM session_end"), Rows{"marie@amis.test"}) << "submission is over all the same";
}

TEST_F(Events, WhoTheCallerIsIsAskedAgainAfterTheBody) {
    tell_house();
    Identity slow = marie;
    slow.session = "sessionofmarie";
    const std::string path = "/api/v1/associations/amis/mailboxes";
    const std::string body = R"({"address":"marie@amis.test","login":"marie"})";
    EXPECT_EQ(go(slow, "POST", path, body).status, 503) << "people is away";
    context->identity = "";
    EXPECT_EQ(go(slow, "POST", path, body).status, 401) << "signed out meanwhile";
    const std::string now = R"({"member":"idmarie","login":"marie","name":"M","admin":false,"associations":[{"slug":"amis","role":"ROLE"}]})";
    context->identity = std::string(now).replace(now.find("ROLE"), 4, "member");
    EXPECT_EQ(go(slow, "POST", path, body).status, 403) << "a member now";
    EXPECT_TRUE(rows("SELECT address FROM mailbox").empty());
    context->identity = std::string(now).replace(now.find("ROLE"), 4, "manager");
    EXPECT_EQ(go(slow, "POST", path, body).status, 201);
}

TEST_F(Events, ErasedIsGoneAndErasedAgainIsFine) {
    tell_house();
    ASSERT_EQ(add_box("marie@amis.test", "marie", R"(,"forward":["m@ailleurs.example"])").status, 201);
    ASSERT_EQ(add_box("yann@amis.test", "yann", R"(,"forward":["marie@amis.test","y@ailleurs.example"])").status, 201);
    ASSERT_EQ(add_alias("contact@amis.test", R"(["marie+c@amis.test","yann@amis.test"])").status, 201);
    ASSERT_EQ(go(people, "POST", "/internal/app-passwords", R"({"member":"idmarie","name":"Phone","scopes":["imap"]})").status, 201);
    context->boxes_stay = true;
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(tell(R"({"kind":"member-erased","id":"idmarie"})"), 204);
    }
    EXPECT_EQ(auth("SELECT user FROM account"), Rows{"yann@amis.test"});
    EXPECT_TRUE(auth("SELECT id FROM app_password").empty());
    EXPECT_EQ(auth("SELECT name FROM sign_in_name"), (Rows{"yann", "yann@amis.test"}));
    EXPECT_EQ(script("marie@amis.test"), "");
    EXPECT_EQ(script("yann@amis.test").find("marie"), std::string::npos) << "what led to her is gone too";
    EXPECT_NE(script("yann@amis.test").find("y@ailleurs.example"), std::string::npos);
    EXPECT_EQ(rows("SELECT target FROM alias_target"), Rows{"yann@amis.test"});
    EXPECT_EQ(rows("SELECT address, erase FROM retired_box"), Rows{"marie@amis.test|2"});
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(tell(R"({"kind":"association-erased","slug":"amis"})"), 204);
    }
    EXPECT_TRUE(rows("SELECT name FROM domain WHERE association = 'amis'").empty());
    EXPECT_TRUE(rows("SELECT address FROM alias").empty());
    EXPECT_TRUE(auth("SELECT user FROM account").empty());
    EXPECT_EQ(rows("SELECT address, erase FROM retired_box"), (Rows{"marie@amis.test|1", "yann@amis.test|1"}));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "forward/marie@amis.test.sieve"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "forward/yann@amis.test.sieve"));
}

TEST_F(Events, LoginsAndGroupAddressesChangeHands) {
    tell_house();
    ASSERT_EQ(add_box("marie@amis.test", "marie").status, 201);
    ASSERT_EQ(add_box("yann@amis.test", "yann").status, 201);
    // They swap logins; the first event meets the old holder.
    EXPECT_EQ(tell(member_event("yann", of("amis", "manager"), false, "idmarie")), 204);
    EXPECT_EQ(auth("SELECT user FROM sign_in_name WHERE name = 'yann'"), Rows{"marie@amis.test"});
    EXPECT_TRUE(auth("SELECT user FROM sign_in_name WHERE name = 'marie'").empty());
    EXPECT_EQ(tell(member_event("marie", of("amis"), false, "idyann")), 204);
    EXPECT_EQ(auth("SELECT user FROM sign_in_name WHERE name = 'marie'"), Rows{"yann@amis.test"});
    EXPECT_EQ(auth("SELECT name FROM sign_in_name").size(), 4u);
    EXPECT_EQ(tell(bureau()), 204);
    EXPECT_EQ(tell(R"({"kind":"group","association":"amis","slug":"conseil","name":"C","address":"bureau@amis.test","members":[],"outside":[],"may_send":false})"), 204);
    EXPECT_EQ(rows("SELECT slug FROM circle WHERE address = 'bureau@amis.test'"), Rows{"conseil"});
}

TEST_F(Events, AGroupThatLeadsBackToItselfLosesThatAddress) {
    tell_house();
    ASSERT_EQ(add_box("marie@amis.test", "marie").status, 201);
    ASSERT_EQ(tell(bureau()), 204);
    ASSERT_EQ(add_alias("tous@amis.test", R"(["bureau@amis.test"])").status, 201);
    EXPECT_EQ(tell(R"({"kind":"group","association":"amis","slug":"bureau","name":"B","address":"bureau@amis.test","members":["idmarie"],"outside":["tous@amis.test","bureau@amis.test","ok@y.example"],"may_send":true})"), 204);
    EXPECT_EQ(rows("SELECT address FROM circle_outside"), Rows{"ok@y.example"});
}

TEST_F(Events, TheQuotaOfTheAssociationIsAboveEach) {
    tell_house();
    ASSERT_EQ(add_box("marie@amis.test", "marie", R"(,"quota":"2 GiB")").status, 201);
    EXPECT_EQ(auth("SELECT quota_bytes FROM account"), Rows{"2147483648"});
    ASSERT_EQ(tell(R"({"kind":"association","slug":"amis","name":"A","domains":["amis.test"],"quota_bytes":1048576})"), 204);
    EXPECT_EQ(auth("SELECT quota_bytes FROM account"), Rows{"1048576"});
}

TEST_F(Events, OnlyPeopleAndOnlyWhole) {
    EXPECT_EQ(go(admin, "POST", "/internal/people-event", amis_event).status, 403);
    Identity gate;
    EXPECT_EQ(go(gate, "POST", "/internal/people-event", amis_event).status, 403);
    EXPECT_EQ(go(people, "POST", "/internal/people-event", "[").status, 400);
    for (const char* bad : {R"({"kind":"associations","slug":"x"})", R"({"kind":"association","slug":"X Y","name":"n","domains":[]})",
                            R"({"kind":"association","slug":"x","name":"n","domains":["not a domain"]})", R"({"slug":"x"})",
                            R"({"kind":"member","id":"../x","login":"a","name":"n"})", R"({"kind":"member-erased"})",
                            R"({"kind":"member","id":"x","login":"a","name":"n","associations":[{"slug":"x","role":"king"}]})",
                            R"({"kind":"group","association":"a","slug":"g","name":"n","members":["x"],"outside":["no"],"may_send":true})"}) {
        EXPECT_EQ(tell(bad), 422) << bad;
    }
    EXPECT_TRUE(everything().empty()) << "nothing of a refused event stays";
}

TEST_F(Events, APasswordAndADisablingReachDovecotsTable) {
    tell_house();
    ASSERT_EQ(add_box("marie@amis.test", "marie").status, 201);
    EXPECT_EQ(auth("SELECT password, enabled FROM account"), Rows{"{ARGON2ID}" + hash + "|1"});
    EXPECT_EQ(tell(R"({"kind":"member","id":"idmarie","login":"marie","name":"M","disabled":true,"password_hash":null,"associations":[{"slug":"amis","role":"manager"}],"contact":"m@x.example"})"), 204);
    EXPECT_EQ(auth("SELECT enabled FROM account WHERE password IS NULL"), Rows{"0"});
    EXPECT_TRUE(auth("SELECT name FROM sign_in_name WHERE name = 'marie'").empty());
}

} // namespace
} // namespace hameau::mail
