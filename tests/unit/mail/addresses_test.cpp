// One address is one name: what people reserves and gives, what is renamed, and what an older house had given twice.
#include "fake_house.hpp"

namespace hameau::mail {
namespace {

const std::string boxes = "/api/v1/associations/amis/mailboxes";
const std::string reserve_path = "/internal/addresses/reserve";

class Addresses : public MailHouse {
protected:
    Addresses() { tell_house(); }
    Answer reserve(const std::string& address, const std::string& owner, const std::string& kind = "mailbox") {
        return go(people, "POST", reserve_path,
                  "{\"address\":\"" + address + "\",\"association\":\"amis\",\"kind\":\"" + kind + "\",\"owner\":\"" + owner + "\"}");
    }
    static std::string box_event(const std::string& member, const std::string& address, const std::string& more = "") {
        return "{\"kind\":\"mailbox\",\"member\":\"" + member + "\",\"association\":\"amis\",\"address\":\"" + address + "\"" + more + "}";
    }
    static std::string group_event(const std::string& slug, const std::string& address) {
        return "{\"kind\":\"group\",\"association\":\"amis\",\"slug\":\"" + slug + "\",\"name\":\"G\",\"address\":\"" + address +
               "\",\"members\":[\"idyann\"],\"outside\":[],\"may_send\":false}";
    }
};

TEST_F(Addresses, WhatIsReservedIsKeptForItsOwnerUntilItRunsOut) {
    EXPECT_EQ(go(admin, "POST", reserve_path, "{}").status, 403) << "people alone";
    EXPECT_EQ(reserve("paul@amis.test", "idpaul").status, 204);
    EXPECT_EQ(reserve("paul@amis.test", "idpaul").status, 204) << "again is once";
    EXPECT_EQ(reserve("paul@amis.test", "idluc").text("code"), "taken_reserved");
    EXPECT_EQ(reserve("paul@amis.test", "amis/paul", "group").text("code"), "taken_reserved");
    EXPECT_EQ(add_box("paul@amis.test", "marie").text("code"), "taken_reserved");
    EXPECT_EQ(add_alias("paul@amis.test", R"(["x@y.example"])").text("code"), "taken_reserved");
    EXPECT_EQ(tell(group_event("paul", "paul@amis.test")), 409);
    EXPECT_TRUE(rows("SELECT address FROM engine_mailbox").empty()) << "no mail before it is given";
    ASSERT_TRUE(context->database().execute("UPDATE address SET until_ms = 1 WHERE kind = 'reserved'"));
    EXPECT_EQ(add_alias("paul@amis.test", R"(["x@y.example"])").status, 201);
    EXPECT_EQ(reserve("paul@amis.test", "idpaul").text("code"), "taken_alias");
    EXPECT_EQ(tell(box_event("idpaul", "paul@amis.test")), 409) << "the event comes too late: people strikes it out";
    EXPECT_EQ(reserve("luc@amis.test", "idluc").status, 204);
    EXPECT_EQ(go(people, "POST", "/internal/addresses/release", R"({"address":"luc@amis.test","owner":"idmarie"})").status, 204);
    EXPECT_EQ(reserve("luc@amis.test", "idmarie").status, 409) << "another's stays";
    EXPECT_EQ(go(people, "POST", "/internal/addresses/release", R"({"address":"luc@amis.test","owner":"idluc"})").status, 204);
    EXPECT_EQ(reserve("luc@amis.test", "idmarie").status, 204);
}

TEST_F(Addresses, WhatCannotBeAMailboxIsRefusedAtOnce) {
    EXPECT_EQ(reserve("postmaster@amis.test", "idpaul").field_code(), "reserved");
    EXPECT_EQ(reserve("a+b@amis.test", "idpaul").field_code(), "mailbox_local");
    EXPECT_EQ(reserve("paul@jardin.test", "idpaul").field_code(), "domain");
    EXPECT_EQ(reserve("postmaster@amis.test", "amis/bureau", "group").status, 204);
}

TEST_F(Addresses, AnEventMakesTheMailboxOnceInAnyOrder) {
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(tell(box_event("idmarie", "marie@amis.test")), 204);
    }
    EXPECT_EQ(rows("SELECT address, member, quota_bytes FROM mailbox"), Rows{"marie@amis.test|idmarie|1073741824"});
    EXPECT_EQ(auth("SELECT user, enabled FROM account"), Rows{"marie@amis.test|1"});
    // Before the member is known: nobody signs in yet; the member's own event opens it.
    EXPECT_EQ(tell(box_event("idpaul", "paul@amis.test")), 204);
    EXPECT_EQ(auth("SELECT enabled FROM account WHERE user = 'paul@amis.test'"), Rows{"0"});
    EXPECT_EQ(tell(member_event("paul", of("amis"))), 204);
    EXPECT_EQ(auth("SELECT enabled FROM account WHERE user = 'paul@amis.test'"), Rows{"1"});
    // A manager removed it; an older people tells it once more.
    EXPECT_EQ(go(marie, "DELETE", boxes + "/paul@amis.test").status, 204);
    EXPECT_EQ(tell(box_event("idpaul", "paul@amis.test", ",\"again\":true")), 204);
    EXPECT_TRUE(rows("SELECT address FROM mailbox WHERE member = 'idpaul'").empty()) << "removed stays removed";
}

TEST_F(Addresses, ARenamedMailboxKeepsItsFolderRulesAndWhatLeadsToIt) {
    ASSERT_EQ(add_box("marie@amis.test", "marie", R"(,"forward":["m@ailleurs.example"])").status, 201);
    ASSERT_EQ(add_box("yann@amis.test", "yann", R"(,"forward":["marie@amis.test"])").status, 201);
    ASSERT_EQ(add_alias("contact@amis.test", R"(["marie@amis.test"])").status, 201);
    const Rows folder = rows("SELECT folder FROM mailbox WHERE member = 'idmarie'");
    const Answer moved = go(marie, "PATCH", boxes + "/marie@amis.test", R"({"address":"Marie.LeGoff@amis.test"})");
    ASSERT_EQ(moved.status, 200);
    EXPECT_EQ(moved.text("address"), "marie.legoff@amis.test");
    EXPECT_EQ(rows("SELECT folder FROM mailbox WHERE address = 'marie.legoff@amis.test'"), folder);
    EXPECT_EQ(auth("SELECT user, folder FROM account WHERE member = 'idmarie'"), Rows{"marie.legoff@amis.test|" + folder.at(0)});
    EXPECT_EQ(auth("SELECT name FROM sign_in_name WHERE user = 'marie.legoff@amis.test'"),
              (Rows{"marie", "marie.legoff@amis.test", "marie@amis.test"})) << "programs with the old address still sign in";
    EXPECT_EQ(rows("SELECT target FROM alias_target WHERE alias = 'contact@amis.test'"), Rows{"marie.legoff@amis.test"});
    EXPECT_EQ(rows("SELECT target FROM forward WHERE mailbox = 'yann@amis.test'"), Rows{"marie.legoff@amis.test"});
    EXPECT_NE(script("marie.legoff@amis.test").find("m@ailleurs.example"), std::string::npos);
    EXPECT_EQ(script("marie@amis.test"), "");
    EXPECT_NE(script("yann@amis.test").find("marie.legoff"), std::string::npos);
    EXPECT_EQ(rows("SELECT target FROM engine_alias WHERE address = 'marie@amis.test'"), Rows{"marie.legoff@amis.test"});
    EXPECT_EQ(rows("SELECT user FROM engine_sender WHERE address = 'marie@amis.test'"), Rows{"marie.legoff@amis.test"});
    EXPECT_EQ(rows("SELECT user FROM session_end"), Rows{"marie@amis.test"}) << "a session of the old name is over";
    EXPECT_TRUE(rows("SELECT folder FROM retired_box").empty());
    // Back again, twice: nothing is lost on the way, and no alias is left in its place.
    for (const char* to : {"marie@amis.test", "marie.legoff@amis.test", "marie@amis.test"}) {
        const Rows now = rows("SELECT address FROM mailbox WHERE member = 'idmarie'");
        go(marie, "PATCH", boxes + "/" + now.at(0), std::string("{\"address\":\"") + to + "\"}");
        EXPECT_EQ(rows("SELECT address, folder FROM mailbox WHERE member = 'idmarie'"), Rows{std::string(to) + "|" + folder.at(0)});
    }
    EXPECT_EQ(go(marie, "PATCH", boxes + "/marie@amis.test", R"({"address":"yann@amis.test"})").text("code"), "taken_mailbox");
    EXPECT_EQ(go(marie, "PATCH", boxes + "/marie@amis.test", R"({"address":"contact@amis.test"})").text("code"), "taken_alias");
    EXPECT_EQ(go(marie, "PATCH", boxes + "/marie@amis.test", R"({"address":"abuse@amis.test"})").field_code(), "reserved");
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/associations/amis/aliases/marie.legoff@amis.test").status, 204);
    EXPECT_EQ(auth("SELECT name FROM sign_in_name WHERE user = 'marie@amis.test'"), (Rows{"marie", "marie@amis.test"}))
        << "an address that is given up opens nothing";
    go(marie, "PATCH", boxes + "/marie@amis.test", R"({"address":"m@amis.test","keep_old":false})");
    EXPECT_EQ(rows("SELECT address FROM address WHERE address = 'marie@amis.test'"), Rows{});
}

TEST_F(Addresses, AnEventRenamesAndAgainIsOnce) {
    ASSERT_EQ(tell(box_event("idmarie", "marie@amis.test")), 204);
    const Rows folder = rows("SELECT folder FROM mailbox");
    for (int i = 0; i < 2; ++i) {
        const int status = tell(box_event("idmarie", "m.legoff@amis.test", ",\"from\":\"marie@amis.test\""));
        EXPECT_TRUE(status == 204 || status == 202) << status;
    }
    EXPECT_EQ(rows("SELECT address, folder FROM mailbox"), Rows{"m.legoff@amis.test|" + folder.at(0)});
    EXPECT_EQ(rows("SELECT address, former FROM alias"), Rows{"marie@amis.test|" + folder.at(0)});
    EXPECT_EQ(reserve("marie@amis.test", "idmarie").status, 204) << "one's own earlier address";
    EXPECT_EQ(reserve("marie@amis.test", "idyann").status, 409);
}

TEST_F(Addresses, ChangesOfMailboxesAreNewsUntilPeopleHasThem) {
    ASSERT_EQ(add_box("marie@amis.test", "marie").status, 201);
    EXPECT_EQ(rows("SELECT member FROM news"), Rows{"idmarie"}) << "people is away here: it stays";
    Store store(context->database());
    const auto first = store.first_news();
    ASSERT_TRUE(first);
    go(marie, "PATCH", boxes + "/marie@amis.test", R"({"address":"m@amis.test"})");
    ASSERT_TRUE(store.forget_news(*first));
    EXPECT_EQ(rows("SELECT member FROM news"), Rows{"idmarie"}) << "what changed meanwhile is told again";
    ASSERT_TRUE(store.forget_news(*store.first_news()));
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/associations/amis/aliases/marie@amis.test").status, 204);
    EXPECT_EQ(rows("SELECT member FROM news"), Rows{"idmarie"});
    ASSERT_TRUE(store.forget_news(*store.first_news()));
    go(marie, "DELETE", boxes + "/m@amis.test");
    EXPECT_EQ(rows("SELECT member FROM news"), Rows{"idmarie"});
}

TEST_F(Addresses, TheTableItselfRefusesWhatTheCodeForgot) {
    ASSERT_EQ(add_box("marie@amis.test", "marie").status, 201);
    EXPECT_FALSE(context->database().execute("INSERT INTO alias(address, association, may_send) VALUES ('marie@amis.test', 'amis', 0)"));
    EXPECT_FALSE(context->database().execute("INSERT INTO circle VALUES ('amis', 'g', 'G', 'marie@amis.test', 0)"));
    ASSERT_EQ(add_alias("contact@amis.test", R"(["marie@amis.test"])").status, 201);
    EXPECT_FALSE(context->database().execute("UPDATE mailbox SET address = 'contact@amis.test'"));
}

/// The database of a house from before the one table.
TEST(OldAddresses, WhatWasGivenTwiceStaysWithTheMailboxAndNothingIsLost) {
    const std::string folder = (std::filesystem::temp_directory_path() / ("old-mail-" + new_id())).string();
    std::filesystem::create_directory(folder);
    const std::string path = folder + "/mail.db";
    constexpr std::size_t before = 4;
    {
        auto old = Database::open(path, mail_manifest.migrations.first(before));
        ASSERT_TRUE(old);
        ASSERT_TRUE(old->execute("INSERT INTO association VALUES ('amis', 'A', 0); INSERT INTO domain VALUES ('amis.test', 'amis', 0);"
                                 "INSERT INTO member(id, login, name, disabled) VALUES ('idmarie', 'marie', 'M', 0);"
                                 "INSERT INTO mailbox VALUES ('marie@amis.test', 'amis', 'idmarie', 1000, 'f1', 1), ('bureau@amis.test', 'amis', 'idmarie', 1000, 'f2', 2);"
                                 "INSERT INTO alias VALUES ('marie@amis.test', 'amis', 0), ('contact@amis.test', 'amis', 0);"
                                 "INSERT INTO alias_target VALUES ('marie@amis.test', 'x@y.example'), ('contact@amis.test', 'marie@amis.test');"
                                 "INSERT INTO circle VALUES ('amis', 'bureau', 'B', 'bureau@amis.test', 0), ('amis', 'conseil', 'C', 'conseil@amis.test', 0),"
                                 " ('amis', 'info', 'I', 'contact@amis.test', 0);"
                                 "INSERT INTO circle_member VALUES ('amis', 'bureau', 'idmarie');"));
    }
    for (int start = 0; start < 2; ++start) {
        auto now = Database::open(path, mail_manifest.migrations);
        ASSERT_TRUE(now) << now.error().message;
        const auto rows = [&now](std::string_view sql) {
            auto query = now->prepare(sql);
            Rows out;
            while (query.step().value()) {
                out.push_back(query.text(0));
            }
            return out;
        };
        EXPECT_EQ(rows("SELECT address || ' ' || kind FROM address ORDER BY address"),
                  (Rows{"bureau@amis.test mailbox", "conseil@amis.test group", "contact@amis.test alias", "marie@amis.test mailbox"}));
        EXPECT_EQ(rows("SELECT slug FROM circle WHERE address IS NULL ORDER BY slug"), (Rows{"bureau", "info"}));
        EXPECT_EQ(rows("SELECT member FROM circle_member"), Rows{"idmarie"});
        EXPECT_EQ(rows("SELECT mailbox || ' ' || target FROM forward"), Rows{"marie@amis.test x@y.example"}) << "a copy still goes there";
        EXPECT_EQ(rows("SELECT target FROM alias_target WHERE alias = 'contact@amis.test'"), Rows{"marie@amis.test"});
    }
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace hameau::mail
