// The mailboxes of members who are in people's bin: they have no name meanwhile, come back with their member, and are erased
// with them. People tells by the event "boxes" (ARCHITECTURE.md).
#include "fake_house.hpp"

namespace hameau::mail {
namespace {

const std::string boxes = "/api/v1/associations/amis/mailboxes";

class MemberBin : public MailHouse {
protected:
    MemberBin() {
        tell_house();
        EXPECT_EQ(add_box("marie@amis.test", "marie").status, 201);
        EXPECT_EQ(add_box("yann@amis.test", "yann", R"(,"quota":"500 MiB","forward":["y@ailleurs.example"])").status, 201);
        EXPECT_EQ(add_alias("contact@amis.test", R"(["yann@amis.test","marie@amis.test"])").status, 201);
        folder = rows("SELECT folder FROM mailbox WHERE address = 'yann@amis.test'").at(0);
    }
    int say_boxes(const std::string& state, const std::string& who = "idyann") {
        return tell(R"({"kind":"boxes","member":")" + who + R"(","association":"amis","state":")" + state + "\"}");
    }
    /// As people tells: from the only association that is left, the account goes too.
    void leave() {
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(say_boxes("left"), 204);
            EXPECT_EQ(tell(R"({"kind":"member-erased","id":"idyann"})"), 204);
        }
    }
    void come_back(const std::string& login = "yann") {
        EXPECT_EQ(tell(member_event(login, of("amis"), false, "idyann")), 204);
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(say_boxes("back"), 204) << "an event may come twice";
        }
    }
    Answer ask() { return go(people, "POST", "/internal/boxes-of-member", R"({"member":"idyann","association":"amis"})"); }
    std::string folder;
};

TEST_F(MemberBin, TheMailboxGoesAndComesBackWithItsMember) {
    const Rows accounts = auth("SELECT user, folder, quota_bytes, forward_script FROM account");
    const Rows links = rows("SELECT alias, target FROM alias_target");
    leave();
    EXPECT_TRUE(auth("SELECT user FROM account WHERE user = 'yann@amis.test'").empty()) << "nobody signs in";
    EXPECT_TRUE(rows("SELECT address FROM engine_mailbox WHERE address = 'yann@amis.test'").empty()) << "mail is refused";
    EXPECT_EQ(rows("SELECT address FROM address WHERE address LIKE 'yann%'"), Rows{}) << "the name is free";
    EXPECT_TRUE(go(marie, "GET", boxes + "?bin=1").items().empty()) << "it is in the bin of members";
    EXPECT_TRUE(context->erased.empty());
    restart();
    come_back();
    EXPECT_EQ(rows("SELECT folder FROM mailbox WHERE address = 'yann@amis.test'"), Rows{folder});
    EXPECT_EQ(auth("SELECT user, folder, quota_bytes, forward_script FROM account"), accounts);
    EXPECT_EQ(rows("SELECT alias, target FROM alias_target"), links);
    const Answer said = ask();
    EXPECT_EQ(said.status, 200);
    EXPECT_TRUE(said.json.at("stay").as_array().empty());
    EXPECT_TRUE(said.json.at("links").as_array().empty());
    leave();
    come_back();
    EXPECT_EQ(rows("SELECT folder FROM mailbox WHERE address = 'yann@amis.test'"), Rows{folder});
}

TEST_F(MemberBin, WhoIsElsewhereTooLosesTheMailboxOfThisAssociation) {
    ASSERT_EQ(add_box("yann@jardin.test", "yann", "", "jardin").status, 201);
    EXPECT_EQ(say_boxes("left"), 204);
    EXPECT_EQ(tell(member_event("yann", of("jardin"))), 204);
    EXPECT_EQ(rows("SELECT address FROM mailbox WHERE member = 'idyann'"), Rows{"yann@jardin.test"});
    EXPECT_EQ(tell(member_event("yann", of("amis") + "," + of("jardin"))), 204);
    EXPECT_EQ(say_boxes("back"), 204);
    EXPECT_EQ(rows("SELECT address FROM mailbox WHERE member = 'idyann'"), (Rows{"yann@amis.test", "yann@jardin.test"}));
}

TEST_F(MemberBin, AnAddressThatIsSomebodyElsesByNowStaysTheirs) {
    leave();
    ASSERT_EQ(add_box("yann@amis.test", "marie").status, 201);
    come_back();
    EXPECT_EQ(rows("SELECT member FROM mailbox WHERE address = 'yann@amis.test'"), Rows{"idmarie"});
    EXPECT_EQ(ask().json.at("stay"), (boost::json::array{"yann@amis.test"}));
    // Its messages are not lost: they are in the bin of mailboxes, and come back once the address is free.
    ASSERT_EQ(go(marie, "GET", boxes + "?bin=1").items().size(), 1u);
    EXPECT_EQ(go(marie, "POST", boxes + "/yann@amis.test/restore").text("code"), "taken_mailbox");
    ASSERT_EQ(go(marie, "PATCH", boxes + "/yann@amis.test", R"({"address":"autre@amis.test","keep_old":false})").status, 200);
    EXPECT_EQ(go(marie, "POST", boxes + "/yann@amis.test/restore").status, 200);
    EXPECT_EQ(rows("SELECT folder FROM mailbox WHERE address = 'yann@amis.test'"), Rows{folder});
}

TEST_F(MemberBin, AnAddressInAnothersBinIsNotTaken) {
    leave();
    ASSERT_EQ(add_box("yann@amis.test", "marie").status, 201);
    ASSERT_EQ(go(marie, "DELETE", boxes + "/yann@amis.test").status, 204);
    come_back();
    EXPECT_EQ(ask().json.at("stay").as_array().size(), 1u);
    EXPECT_TRUE(rows("SELECT address FROM mailbox WHERE member = 'idyann'").empty());
    EXPECT_EQ(rows("SELECT owner FROM address WHERE address = 'yann@amis.test'"),
              rows("SELECT 'bin/' || folder FROM retired_box WHERE member = 'idmarie'"));
}

TEST_F(MemberBin, ADomainThatIsAnothersByNow) {
    leave();
    ASSERT_EQ(tell(R"({"kind":"association","slug":"amis","name":"A","domains":["amis.example"],"quota_bytes":0})"), 204);
    ASSERT_EQ(tell(R"({"kind":"association","slug":"jardin","name":"J","domains":["jardin.test","amis.test"],"quota_bytes":0})"), 204);
    come_back();
    EXPECT_TRUE(rows("SELECT address FROM mailbox WHERE member = 'idyann'").empty());
    EXPECT_EQ(ask().json.at("stay").as_array().size(), 1u);
    EXPECT_TRUE(rows("SELECT address FROM address WHERE owner = 'bin/" + folder + "'").empty()) << "no name in a domain of another";
}

TEST_F(MemberBin, WhatWasInTheBinBeforeIsThereAgain) {
    ASSERT_EQ(add_box("second@amis.test", "yann").status, 201);
    ASSERT_EQ(go(marie, "DELETE", boxes + "/second@amis.test").status, 204);
    leave();
    EXPECT_TRUE(go(marie, "GET", boxes + "?bin=1").items().empty());
    come_back();
    const Answer bin = go(marie, "GET", boxes + "?bin=1");
    ASSERT_EQ(bin.items().size(), 1u);
    EXPECT_EQ(bin.items()[0].at("address"), "second@amis.test");
    EXPECT_TRUE(ask().json.at("stay").as_array().empty()) << "nobody expected it back";
    EXPECT_EQ(go(marie, "POST", boxes + "/second@amis.test/restore").status, 200);
}

TEST_F(MemberBin, LinksThatCannotComeBackAreNamedOnce) {
    leave();
    ASSERT_EQ(go(marie, "DELETE", "/api/v1/associations/amis/aliases/contact@amis.test").status, 204);
    come_back();
    EXPECT_EQ(ask().json.at("links"), (boost::json::array{"contact@amis.test"}));
    EXPECT_TRUE(ask().json.at("links").as_array().empty());
}

TEST_F(MemberBin, AddedAnewWithTheSameAddress) {
    EXPECT_EQ(say_boxes("left"), 204);
    EXPECT_EQ(tell(member_event("yann", of("jardin"))), 204);
    EXPECT_EQ(go(people, "POST", "/internal/addresses/reserve", R"({"address":"yann@amis.test","association":"amis","kind":"mailbox","owner":"idyann"})").status, 204);
    EXPECT_EQ(tell(member_event("yann", of("amis") + "," + of("jardin"))), 204);
    EXPECT_EQ(say_boxes("anew"), 204);
    EXPECT_EQ(tell(R"({"kind":"mailbox","member":"idyann","association":"amis","address":"yann@amis.test","from":null,"again":false})"), 204);
    EXPECT_EQ(rows("SELECT folder FROM mailbox WHERE address = 'yann@amis.test'"), Rows{folder}) << "with the messages";
}

TEST_F(MemberBin, ErasingFreesTheRoomAndTheDisk) {
    ASSERT_TRUE(context->database().execute("UPDATE mailbox SET used_bytes = 4096 WHERE member = 'idyann'"));
    leave();
    EXPECT_EQ(Store(context->database()).bytes_in_bin("amis"), 4096u);
    EXPECT_EQ(say_boxes("erased"), 204);
    EXPECT_EQ(Store(context->database()).bytes_in_bin("amis"), 0u);
    EXPECT_EQ(ask().json.at("gone"), true);
    EXPECT_FALSE(context->erased.empty());
    EXPECT_EQ(context->erased.front(), folder);
    EXPECT_EQ(go(marie, "POST", "/internal/boxes-of-member", "{}").status, 403) << "people only";
    EXPECT_EQ(tell(R"({"kind":"boxes","member":"idyann","association":"amis","state":"else"})"), 422);
}

TEST(MemberBinMigration, WhatARemovedMemberLeftBeforeIsErasedAsBefore) {
    const std::string path = testing::TempDir() + "/mail-before-member-bin.db";
    std::filesystem::remove(path);
    {
        auto old = Database::open(path, mail_manifest.migrations.first(6));
        ASSERT_TRUE(old);
        ASSERT_TRUE(old->execute("INSERT INTO retired_box(folder, address, association, member, retired_ms, erase) VALUES ('f1', 'a@b.test', 'amis', 'm1', 5, 2)"));
    }
    for (int start = 0; start < 2; ++start) {
        auto now = Database::open(path, mail_manifest.migrations);
        ASSERT_TRUE(now);
        Store store(*now);
        EXPECT_TRUE(store.transaction([&] { return store.give_boxes_back("m1", "jardin").has_value() ? Status{} : fail(ErrorKind::io, "x"); }));
        EXPECT_TRUE(store.boxes_to_erase("", 10).empty());
    }
    auto now = Database::open(path, mail_manifest.migrations);
    Store store(*now);
    ASSERT_TRUE(store.transaction([&] { return store.purge_removed_before(6); }));
    EXPECT_EQ(store.boxes_to_erase("", 10), Rows{"f1"});
}

} // namespace
} // namespace hameau::mail
