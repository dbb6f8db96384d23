// The bin of mailboxes: what is removed comes back whole within 30 days, keeps its name meanwhile, and is erased afterwards.
#include "fake_house.hpp"

namespace hameau::mail {
namespace {

const std::string boxes = "/api/v1/associations/amis/mailboxes";
const std::string aliases = "/api/v1/associations/amis/aliases";

class Bin : public MailHouse {
protected:
    Bin() {
        tell_house();
        EXPECT_EQ(add_box("marie@amis.test", "marie").status, 201);
        EXPECT_EQ(add_box("yann@amis.test", "yann", R"(,"quota":"500 MiB","forward":["y@ailleurs.example","marie@amis.test"])").status, 201);
        folder = rows("SELECT folder FROM mailbox WHERE address = 'yann@amis.test'").at(0);
    }
    Answer remove(const std::string& address = "yann@amis.test", const std::string& query = "") { return go(marie, "DELETE", boxes + "/" + address + query); }
    Answer restore(const std::string& address = "yann@amis.test") { return go(marie, "POST", boxes + "/" + address + "/restore"); }
    /// As if that many days had passed.
    void pass(int days) {
        EXPECT_TRUE(context->database().execute("UPDATE retired_box SET retired_ms = retired_ms - " + std::to_string(days) + " * 86400000"));
    }
    std::string folder;
};

TEST_F(Bin, AMailboxComesBackWithItsFolderRoomAndLinks) {
    EXPECT_EQ(go(marie, "PATCH", boxes + "/marie@amis.test", R"({"forward":["yann+copie@amis.test"]})").field_code(), "loop");
    ASSERT_EQ(add_alias("contact@amis.test", R"(["yann@amis.test","marie@amis.test"])", ",\"may_send\":true").status, 201);
    ASSERT_EQ(add_alias("liste@amis.test", R"(["yann+liste@amis.test"])").status, 201);
    const Rows accounts = auth("SELECT user, folder, quota_bytes, forward_script FROM account");
    const Rows names = auth("SELECT name, user FROM sign_in_name");
    const Rows links = rows("SELECT alias, target FROM alias_target");
    const Rows copies = rows("SELECT mailbox, target, state FROM forward");
    ASSERT_EQ(remove().status, 204);
    EXPECT_TRUE(auth("SELECT user FROM account WHERE user = 'yann@amis.test'").empty()) << "nobody signs in";
    EXPECT_TRUE(rows("SELECT address FROM engine_mailbox WHERE address = 'yann@amis.test'").empty()) << "mail is refused";
    EXPECT_TRUE(rows("SELECT target FROM engine_alias WHERE address = 'liste@amis.test'").empty());
    EXPECT_TRUE(context->erased.empty()) << "its messages stay";
    const Answer bin = go(marie, "GET", boxes + "?bin=1");
    ASSERT_EQ(bin.items().size(), 1u);
    const auto& item = bin.items()[0].as_object();
    EXPECT_EQ(item.at("address"), "yann@amis.test");
    EXPECT_EQ(item.at("login"), "yann");
    EXPECT_EQ(item.at("quota_bytes").to_number<std::uint64_t>(), std::uint64_t{500} << 20U);
    EXPECT_TRUE(item.contains("deleted") && item.contains("gone"));
    EXPECT_EQ(go(marie, "GET", boxes).items().size(), 1u);
    EXPECT_EQ(go(yann, "GET", boxes + "?bin=1").status, 403);
    EXPECT_EQ(go(yann, "POST", boxes + "/yann@amis.test/restore").status, 403);
    EXPECT_EQ(go(rose, "POST", "/api/v1/associations/jardin/mailboxes/yann@amis.test/restore").status, 404);
    restart();
    const Answer back = restore();
    ASSERT_EQ(back.status, 200);
    EXPECT_EQ(back.text("address"), "yann@amis.test");
    EXPECT_TRUE(back.json.at("warnings").as_array().empty());
    EXPECT_EQ(rows("SELECT folder FROM mailbox WHERE address = 'yann@amis.test'"), Rows{folder});
    EXPECT_EQ(auth("SELECT user, folder, quota_bytes, forward_script FROM account"), accounts);
    EXPECT_EQ(auth("SELECT name, user FROM sign_in_name"), names);
    EXPECT_EQ(rows("SELECT alias, target FROM alias_target"), links);
    EXPECT_EQ(rows("SELECT mailbox, target, state FROM forward"), copies);
    EXPECT_EQ(rows("SELECT user FROM session_end"), Rows{"yann@amis.test"}) << "what was open before stays over";
    EXPECT_EQ(restore().status, 404) << "twice is once";
    EXPECT_TRUE(go(marie, "GET", boxes + "?bin=1").items().empty());
    EXPECT_EQ(remove().status, 204);
    EXPECT_EQ(restore().status, 200) << "and again";
}

TEST_F(Bin, TheAddressStaysReserved) {
    ASSERT_EQ(remove().status, 204);
    EXPECT_EQ(add_box("yann@amis.test", "marie").text("code"), "taken_bin");
    EXPECT_EQ(add_alias("yann@amis.test", R"(["marie@amis.test"])").text("code"), "taken_bin");
    EXPECT_EQ(go(marie, "PATCH", boxes + "/marie@amis.test", R"({"address":"yann@amis.test"})").text("code"), "taken_bin");
    EXPECT_EQ(add_alias("x@amis.test", R"(["yann@amis.test"])").field_code(), "unknown_here") << "it receives nothing";
    EXPECT_EQ(tell(R"({"kind":"group","association":"amis","slug":"g","name":"G","address":"yann@amis.test","members":[],"outside":[],"may_send":false})"), 409);
    const auto reserve = [this](const std::string& owner, const std::string& kind) {
        return go(people, "POST", "/internal/addresses/reserve",
                  R"({"address":"yann@amis.test","association":"amis","kind":")" + kind + R"(","owner":")" + owner + "\"}");
    };
    EXPECT_EQ(reserve("idmarie", "mailbox").text("code"), "taken_bin");
    EXPECT_EQ(reserve("amis/g", "group").text("code"), "taken_bin");
    restart();
    EXPECT_EQ(add_box("yann@amis.test", "marie").text("code"), "taken_bin") << "after a restart too";
    // Its own member asks for it: it comes back with its messages, whoever asks: the page, or people with an event.
    EXPECT_EQ(reserve("idyann", "mailbox").status, 204);
    EXPECT_EQ(tell(R"({"kind":"mailbox","member":"idyann","association":"amis","address":"yann@amis.test","again":true})"), 204)
        << "told once more: what was removed stays removed";
    EXPECT_TRUE(rows("SELECT folder FROM mailbox WHERE member = 'idyann'").empty());
    EXPECT_EQ(tell(R"({"kind":"mailbox","member":"idyann","association":"amis","address":"yann@amis.test"})"), 204);
    EXPECT_EQ(rows("SELECT folder FROM mailbox WHERE member = 'idyann'"), Rows{folder});
    ASSERT_EQ(remove().status, 204);
    const Answer made = add_box("yann@amis.test", "yann", R"(,"quota":"300 MiB")");
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(made.json.at("quota_bytes").to_number<std::uint64_t>(), std::uint64_t{300} << 20U);
    EXPECT_EQ(made.json.at("warnings").as_array().size(), 1u) << "and it is said";
    EXPECT_EQ(rows("SELECT folder FROM mailbox WHERE member = 'idyann'"), Rows{folder});
}

TEST_F(Bin, AfterThirtyDaysTheMessagesGoAndTheNameIsFree) {
    ASSERT_EQ(go(marie, "PATCH", boxes + "/yann@amis.test", R"({"address":"y.riou@amis.test"})").status, 200);
    ASSERT_EQ(remove("y.riou@amis.test").status, 204);
    pass(29);
    EXPECT_EQ(go(marie, "GET", boxes + "?bin=1").items().size(), 1u);
    EXPECT_TRUE(context->erased.empty());
    pass(2);
    EXPECT_TRUE(go(marie, "GET", boxes + "?bin=1").items().empty());
    EXPECT_EQ(restore("y.riou@amis.test").status, 404);
    context->io().restart();
    context->io().poll();
    EXPECT_EQ(context->erased, Rows{folder});
    EXPECT_TRUE(rows("SELECT folder FROM retired_box WHERE erase <> 3").empty());
    EXPECT_EQ(rows("SELECT address FROM address"), Rows{"marie@amis.test"}) << "its earlier address is free too";
    EXPECT_EQ(add_box("y.riou@amis.test", "marie").status, 201);
    EXPECT_NE(rows("SELECT folder FROM mailbox WHERE address = 'y.riou@amis.test'"), Rows{folder}) << "a new one begins empty";
}

TEST_F(Bin, AKillBetweenTheRowAndTheFolderLeavesNothingForEver) {
    context->boxes_stay = true;
    ASSERT_EQ(remove().status, 204);
    EXPECT_EQ(remove("yann@amis.test", "?purge=1").text("code"), "erase_pending") << "nobody says erased before it is";
    EXPECT_EQ(rows("SELECT folder, erase FROM retired_box"), Rows{folder + "|1"});
    EXPECT_EQ(restore().status, 404);
    context->boxes_stay = false;
    restart();
    context->io().restart();
    context->io().poll();
    EXPECT_EQ(context->erased, Rows{folder});
    EXPECT_TRUE(rows("SELECT folder FROM retired_box WHERE erase <> 3").empty());
    EXPECT_EQ(remove("yann@amis.test", "?purge=1").status, 404) << "twice is once";
    ASSERT_EQ(add_box("yann@amis.test", "yann").status, 201);
    EXPECT_EQ(remove("yann@amis.test", "?purge=1").status, 404) << "only what is in the bin is erased";
    EXPECT_EQ(go(yann, "DELETE", boxes + "/yann@amis.test?purge=1").status, 403);
    ASSERT_EQ(remove().status, 204);
    EXPECT_EQ(remove("yann@amis.test", "?purge=1").status, 204);
    EXPECT_EQ(context->erased.size(), 2u);
}

TEST_F(Bin, ALargeMailboxIsErasedBesideAndNobodySaysErasedBefore) {
    context->boxes_slow = true;
    mail->set_erase_patience(std::chrono::milliseconds(5));
    ASSERT_EQ(remove().status, 204);
    EXPECT_EQ(remove("yann@amis.test", "?purge=1").text("code"), "erase_pending");
    EXPECT_TRUE(context->erased.empty());
    EXPECT_EQ(rows("SELECT folder, erase FROM retired_box"), Rows{folder + "|1"});
    context->boxes_slow = false;
    context->io().restart();
    while (context->erased.empty()) {
        ASSERT_GT(context->io().run_one(), 0u);
    }
    context->io().poll();
    EXPECT_TRUE(rows("SELECT folder FROM retired_box WHERE erase <> 3").empty());
    EXPECT_EQ(context->erased, Rows{folder}) << "once";
}

TEST_F(Bin, WhatStandsInTheWayIsSaid) {
    ASSERT_EQ(remove().status, 204);
    EXPECT_EQ(tell(member_event("yann", of("jardin"))), 204);
    EXPECT_EQ(restore().text("code"), "owner_gone");
    EXPECT_EQ(tell(member_event("yann", of("amis") + "," + of("jardin"))), 204);
    EXPECT_EQ(tell(R"({"kind":"association","slug":"amis","name":"A","domains":["amis.example"],"quota_bytes":0})"), 204);
    EXPECT_EQ(restore().text("code"), "domain_lost");
    // The domain is another's now: what lies in our bin keeps no name there, and stays where it is.
    EXPECT_EQ(tell(R"({"kind":"association","slug":"jardin","name":"J","domains":["jardin.test","amis.test"],"quota_bytes":0})"), 204);
    EXPECT_EQ(add_box("yann@amis.test", "rose", "", "jardin").status, 201);
    EXPECT_EQ(restore().text("code"), "domain_lost");
    EXPECT_EQ(tell(R"({"kind":"association","slug":"jardin","name":"J","domains":["jardin.test"],"quota_bytes":0})"), 204);
    EXPECT_EQ(tell(amis_event), 204);
    EXPECT_EQ(restore().text("code"), "taken_mailbox") << "an event takes nobody's mailbox away";
    EXPECT_EQ(go(rose, "DELETE", "/api/v1/associations/jardin/mailboxes/yann@amis.test").status, 204);
    EXPECT_EQ(restore().status, 200) << "the domain came back, and what its former owner removed keeps no name there";
    EXPECT_EQ(go(rose, "POST", "/api/v1/associations/jardin/mailboxes/yann@amis.test/restore").text("code"), "domain_lost");
}

TEST_F(Bin, LinksThatWouldLeadInACircleOrNowhereStayOut) {
    ASSERT_EQ(add_alias("contact@amis.test", R"(["yann@amis.test","marie@amis.test"])").status, 201);
    ASSERT_EQ(remove().status, 204);
    // Meanwhile Marie's mail goes on to the redirection: through Yann's copies it would come back to her.
    ASSERT_EQ(go(marie, "PATCH", boxes + "/marie@amis.test", R"({"forward":["luc@amis.test"]})").field_code(), "unknown_here");
    ASSERT_EQ(go(marie, "PATCH", aliases + "/contact@amis.test", R"({"to":["x@ailleurs.example"]})").status, 200);
    ASSERT_EQ(go(marie, "PATCH", boxes + "/marie@amis.test", R"({"forward":["contact@amis.test"]})").status, 200);
    const Answer back = restore();
    ASSERT_EQ(back.status, 200);
    EXPECT_EQ(rows("SELECT target FROM forward WHERE mailbox = 'yann@amis.test'"), (Rows{"marie@amis.test", "y@ailleurs.example"}));
    EXPECT_EQ(rows("SELECT target FROM alias_target"), Rows{"x@ailleurs.example"}) << "yann -> marie -> contact -> yann";
    ASSERT_EQ(back.json.at("warnings").as_array().size(), 1u);
    EXPECT_NE(std::string(back.json.at("warnings").as_array()[0].as_string()).find("contact@amis.test"), std::string::npos);
}

TEST_F(Bin, ACopyComesBackToTheMailboxThatSentItAndToNoOther) {
    // Both are Marie's: the copy runs without a question. Then another person's mailbox has the sender's name.
    ASSERT_EQ(add_box("tmp@amis.test", "marie").status, 201);
    ASSERT_EQ(add_box("spy@amis.test", "marie").status, 201);
    ASSERT_EQ(go(marie, "PATCH", boxes + "/tmp@amis.test", R"({"forward":["spy@amis.test"]})").status, 200);
    ASSERT_EQ(rows("SELECT state FROM forward WHERE mailbox = 'tmp@amis.test'"), Rows{"agreed"});
    ASSERT_EQ(remove("spy@amis.test").status, 204);
    ASSERT_EQ(go(marie, "PATCH", boxes + "/tmp@amis.test", R"({"address":"other@amis.test"})").status, 200);
    ASSERT_EQ(remove("tmp@amis.test").status, 404);
    ASSERT_EQ(go(marie, "DELETE", aliases + "/tmp@amis.test").status, 204);
    ASSERT_EQ(go(marie, "PATCH", boxes + "/yann@amis.test", R"({"address":"tmp@amis.test"})").status, 200);
    ASSERT_EQ(restore("spy@amis.test").status, 200);
    EXPECT_EQ(rows("SELECT target FROM forward WHERE mailbox = 'tmp@amis.test'"), (Rows{"marie@amis.test", "y@ailleurs.example"}))
        << "Yann never agreed to that one";
    EXPECT_EQ(rows("SELECT target, state FROM forward WHERE mailbox = 'other@amis.test'"), Rows{"spy@amis.test|agreed"})
        << "it followed the mailbox that sent it";
    // And when that one is gone, it stays out and is named.
    ASSERT_EQ(remove("spy@amis.test").status, 204);
    ASSERT_EQ(remove("other@amis.test").status, 204);
    const Answer back = restore("spy@amis.test");
    ASSERT_EQ(back.status, 200);
    EXPECT_EQ(back.json.at("warnings").as_array().size(), 1u);
}

TEST_F(Bin, ARedirectionOfAnotherAssociationIsNotLedHere) {
    EXPECT_EQ(tell(R"({"kind":"association","slug":"amis","name":"A","domains":["amis.test","deux.test"],"quota_bytes":0})"), 204);
    ASSERT_EQ(add_alias("contact@deux.test", R"(["yann@amis.test"])").status, 201);
    ASSERT_EQ(remove().status, 204);
    ASSERT_TRUE(context->database().execute("DELETE FROM alias WHERE address = 'contact@deux.test'"));
    EXPECT_EQ(tell(amis_event), 204);
    EXPECT_EQ(tell(R"({"kind":"association","slug":"jardin","name":"J","domains":["jardin.test","deux.test"],"quota_bytes":0})"), 204);
    ASSERT_EQ(go(rose, "POST", "/api/v1/associations/jardin/aliases", R"({"address":"contact@deux.test","to":["r@ailleurs.example"]})").status, 201);
    ASSERT_EQ(restore().status, 200);
    EXPECT_EQ(rows("SELECT target FROM alias_target WHERE alias = 'contact@deux.test'"), Rows{"r@ailleurs.example"});
}

TEST_F(Bin, OneFolderThatStaysDoesNotKeepTheOthers) {
    ASSERT_EQ(add_box("a@amis.test", "yann").status, 201);
    ASSERT_EQ(remove().status, 204);
    ASSERT_EQ(remove("a@amis.test").status, 204);
    const Rows folders = rows("SELECT folder FROM retired_box ORDER BY folder");
    ASSERT_EQ(folders.size(), 2u);
    context->stays = folders[0];
    pass(31);
    restart();
    context->io().restart();
    context->io().poll();
    EXPECT_EQ(rows("SELECT folder FROM retired_box WHERE erase = 1"), Rows{folders[0]});
    EXPECT_EQ(rows("SELECT folder FROM retired_box WHERE erase = 3"), Rows{folders[1]});
}

TEST_F(Bin, OtherCapitalsAreTheSameCopy) {
    ASSERT_TRUE(context->database().execute("UPDATE forward SET state = 'agreed' WHERE target = 'y@ailleurs.example'"));
    ASSERT_EQ(go(marie, "PATCH", boxes + "/yann@amis.test", R"({"forward":["Y@ailleurs.example","marie@amis.test"]})").status, 200);
    EXPECT_EQ(rows("SELECT target, state FROM forward WHERE target LIKE 'y@%'"), Rows{"Y@ailleurs.example|agreed"});
}

TEST_F(Bin, WhatLiesInTheBinCountsAsRoom) {
    ASSERT_EQ(remove().status, 204);
    ASSERT_TRUE(context->database().execute("UPDATE retired_box SET used_bytes = 4096"));
    Store store(context->database());
    EXPECT_EQ(store.bytes_in_bin("amis"), 4096u);
    EXPECT_EQ(store.count_mailboxes("amis"), 2u);
    EXPECT_EQ(remove("yann@amis.test", "?purge=1").status, 204);
    EXPECT_EQ(store.bytes_in_bin("amis"), 0u);
}

TEST_F(Bin, TheMessagesOfARemovedMemberWaitThirtyDaysWithoutAName) {
    ASSERT_EQ(add_box("second@amis.test", "yann").status, 201);
    ASSERT_EQ(remove("second@amis.test").status, 204);
    EXPECT_EQ(remove("second@amis.test", "?purge=1").status, 204);
    context->erased.clear();
    ASSERT_EQ(remove().status, 204);
    ASSERT_TRUE(context->database().execute("UPDATE retired_box SET used_bytes = 4096"));
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(tell(R"({"kind":"member-erased","id":"idyann"})"), 204);
    }
    EXPECT_EQ(Store(context->database()).bytes_in_bin("amis"), 4096u) << "the disk holds them, so the quota does";
    EXPECT_TRUE(go(marie, "GET", boxes + "?bin=1").items().empty());
    EXPECT_EQ(rows("SELECT address FROM address"), Rows{"marie@amis.test"}) << "the name is free";
    EXPECT_TRUE(context->erased.empty());
    pass(31);
    restart();
    context->io().restart();
    context->io().poll();
    EXPECT_EQ(context->erased, Rows{folder});
}

class BinMigration : public MailHouse {};

TEST_F(BinMigration, WhatLayInBoxesIsInTheBinFromNowOn) {
    const std::string path = (folder_ / "old.db").string();
    {
        auto old = Database::open(path, mail_manifest.migrations.first(5));
        ASSERT_TRUE(old);
        ASSERT_TRUE(old->execute(
            "INSERT INTO association VALUES ('amis', 'A', 0); INSERT INTO domain VALUES ('amis.test', 'amis', 0);"
            "INSERT INTO member VALUES ('idyann', 'yann', 'Y', 0, NULL, '');"
            "INSERT INTO membership VALUES ('amis', 'idyann', 'member');"
            "INSERT INTO mailbox VALUES ('now@amis.test', 'amis', 'idyann', 5, 'fnow', 1);"
            "INSERT INTO retired_box VALUES ('f1', 'yann@amis.test', 'amis', 'idyann', 1, 0), ('f2', 'yann@amis.test', 'amis', 'idyann', 2, 0),"
            "('f3', 'now@amis.test', 'amis', 'idyann', 3, 0), ('f4', 'x@parti.test', 'amis', 'idyann', 4, 0), ('f5', 'y@amis.test', 'amis', 'idyann', 5, 1)"));
    }
    auto now = Database::open(path, mail_manifest.migrations);
    ASSERT_TRUE(now) << now.error().message;
    EXPECT_EQ(rows_of(*now, "SELECT address, owner FROM address"), (Rows{"now@amis.test|fnow", "yann@amis.test|bin/f2"}));
    Store store(*now);
    EXPECT_EQ(store.bin("amis", "", 10).size(), 4u);
    EXPECT_GT(store.binned("amis", "yann@amis.test")->retired_ms, now_ms() - 60000) << "30 days from now on";
    EXPECT_EQ(store.binned("amis", "yann@amis.test")->folder, "f2");
    EXPECT_EQ(store.boxes_to_erase("", 10), Rows{"f5"});
    ASSERT_TRUE(store.transaction([&]() -> Status {
        auto back = store.restore_mailbox(*store.binned("amis", "yann@amis.test"));
        return back ? Status{} : Status(fail(back.error()));
    }));
    EXPECT_EQ(store.mailbox("yann@amis.test")->folder, "f2");
    EXPECT_EQ(store.binned("amis", "yann@amis.test")->folder, "f1");
    ASSERT_TRUE(now->execute("DELETE FROM mailbox WHERE address = 'now@amis.test'"));
    EXPECT_EQ(store.binned("amis", "now@amis.test")->folder, "fnow") << "the last one that had the name";
}

} // namespace
} // namespace hameau::mail
