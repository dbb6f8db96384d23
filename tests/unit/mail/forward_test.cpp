// Copies of a person's messages: a manager asks, the owner of the mailbox decides, and both see what is so.
#include "fake_house.hpp"

namespace hameau::mail {
namespace {

namespace json = boost::json;

class Forwards : public MailHouse {
protected:
    Forwards() {
        tell_house();
        EXPECT_EQ(add_box("yann@amis.test", "yann").status, 201);
        EXPECT_EQ(add_box("marie@amis.test", "marie").status, 201);
    }
    /// As if the mailboxes had been in use for long.
    void grow_old() { rows("UPDATE mailbox SET created_ms = 1"); }
    Answer ask(const Identity& who, const std::string& targets, const std::string& box = "yann@amis.test") {
        return go(who, "PATCH", "/api/v1/associations/amis/mailboxes/" + box, "{\"forward\":" + targets + "}");
    }
    Answer answer(const Identity& who, const std::string& body, const std::string& box = "yann@amis.test") {
        return go(who, "PATCH", "/api/v1/me/mail/" + box, body);
    }
    std::string seen_by_owner() { return json::serialize(go(yann, "GET", "/api/v1/me/mail").json.at("mailboxes").at(0).at("forward")); }
};

TEST_F(Forwards, WhatAManagerAsksWaitsForTheOwner) {
    grow_old();
    for (const Identity& who : {marie, admin}) {
        const Answer asked = ask(who, R"(["y@ailleurs.example"])");
        ASSERT_EQ(asked.status, 200);
        EXPECT_EQ(json::serialize(asked.json.at("forward")), R"(["y@ailleurs.example"])") << "what is asked is what the file says";
        EXPECT_EQ(json::serialize(asked.json.at("forward_waiting")), R"(["y@ailleurs.example"])");
        EXPECT_EQ(script("yann@amis.test"), "") << "nothing leaves unasked";
    }
    EXPECT_EQ(seen_by_owner(), R"([{"to":"y@ailleurs.example","state":"waiting"}])");
    EXPECT_EQ(answer(yann, R"({"agree":["y@ailleurs.example"]})").status, 200);
    EXPECT_NE(script("yann@amis.test").find("y@ailleurs.example"), std::string::npos);
    EXPECT_EQ(answer(yann, R"({"end":["y@ailleurs.example"]})").status, 200);
    EXPECT_EQ(script("yann@amis.test"), "") << "ended at once";
    const Answer again = ask(marie, R"(["y@ailleurs.example"])");
    EXPECT_EQ(json::serialize(again.json.at("forward_ended")), R"(["y@ailleurs.example"])") << "asking again does not undo a no";
    EXPECT_EQ(ask(marie, "[]").status, 200);
    ASSERT_EQ(ask(marie, R"(["y@ailleurs.example"])").status, 200);
    EXPECT_EQ(script("yann@amis.test"), "") << "nor does taking it out and in again";
    restart();
    EXPECT_EQ(script("yann@amis.test"), "");
}

TEST_F(Forwards, ANewMailboxWhoseOwnerAnsweredIsNotNewAnyMore) {
    ASSERT_EQ(ask(marie, R"(["y@ailleurs.example"])").status, 200);
    EXPECT_EQ(script("yann@amis.test"), "") << "what a manager asks waits, however young the mailbox is";
    EXPECT_EQ(ask(marie, "[]").status, 200);
    ASSERT_EQ(ask(admin, R"(["y@ailleurs.example"])").status, 200);
    EXPECT_NE(script("yann@amis.test"), "") << "a new mailbox of a declared file holds nobody's messages";
    EXPECT_EQ(answer(yann, R"({"end":["y@ailleurs.example"]})").status, 200);
    EXPECT_EQ(ask(marie, "[]").status, 200);
    ASSERT_EQ(ask(marie, R"(["y@ailleurs.example"])").status, 200);
    EXPECT_EQ(script("yann@amis.test"), "") << "the no stands, however young the mailbox is";
    EXPECT_EQ(seen_by_owner(), R"([{"to":"y@ailleurs.example","state":"waiting"}])");
}

TEST_F(Forwards, OnlyTheOwnerAnswers) {
    grow_old();
    ASSERT_EQ(ask(marie, R"(["y@ailleurs.example"])").status, 200);
    EXPECT_EQ(answer(marie, R"({"agree":["y@ailleurs.example"]})").status, 404) << "a manager";
    EXPECT_EQ(answer(rose, R"({"agree":["y@ailleurs.example"]})").status, 404);
    EXPECT_EQ(answer(admin, R"({"agree":["y@ailleurs.example"]})").status, 404) << "the command is nobody's mailbox";
    EXPECT_EQ(answer(people, R"({"agree":["y@ailleurs.example"]})").status, 401);
    EXPECT_EQ(answer(yann, "{}").status, 422);
    EXPECT_EQ(answer(yann, R"({"agree":["z@ailleurs.example"]})").status, 409);
    EXPECT_EQ(answer(yann, R"({"end":["z@ailleurs.example"]})").status, 200) << "a copy that is not there has ended";
    EXPECT_EQ(script("yann@amis.test"), "");
}

TEST_F(Forwards, OnesOwnAndANewMailboxNeedNoAnswer) {
    grow_old();
    EXPECT_TRUE(ask(marie, R"(["m@ailleurs.example"])", "marie@amis.test").json.at("forward_waiting").as_array().empty()) << "her own";
    ASSERT_EQ(add_box("yann.k@amis.test", "yann", R"(,"forward":["yk@ailleurs.example"])").status, 201);
    EXPECT_NE(script("yann.k@amis.test"), "") << "a new address has no message to give away, and the owner sees it from the start";
    EXPECT_EQ(rows("SELECT state FROM forward WHERE mailbox = 'yann.k@amis.test'"), Rows{"running"});
    EXPECT_TRUE(ask(marie, R"(["yann.k+x@amis.test"])").json.at("forward_waiting").as_array().empty()) << "from one of his to another";
    // Removed and asked for again: it is the same mailbox, with the copy that it had.
    const std::string path = "/api/v1/associations/amis/mailboxes/yann.k@amis.test";
    ASSERT_EQ(go(marie, "DELETE", path).status, 204);
    ASSERT_EQ(add_box("yann.k@amis.test", "yann", R"(,"forward":["yk@ailleurs.example"])").status, 201);
    EXPECT_NE(script("yann.k@amis.test"), "");
    // Erased and made again: the address had messages, so it is not new.
    ASSERT_EQ(go(marie, "DELETE", path).status, 204);
    ASSERT_EQ(go(marie, "DELETE", path + "?purge=1").status, 204);
    ASSERT_EQ(add_box("yann.k@amis.test", "yann", R"(,"forward":["yk@ailleurs.example"])").status, 201);
    EXPECT_EQ(script("yann.k@amis.test"), "");
}

TEST_F(Forwards, TheOwnersAnswersTravelWithTheAssociation) {
    grow_old();
    ASSERT_EQ(ask(marie, R"(["a@x.example","b@x.example","c@x.example"])").status, 200);
    ASSERT_EQ(answer(yann, R"({"agree":["a@x.example"],"end":["b@x.example"]})").status, 200);
    const Rows before = rows("SELECT mailbox, target, state FROM forward");
    const std::string document = archived();
    ASSERT_TRUE(run(mail->erase_association("amis")));
    tell_house();
    ASSERT_EQ(go(admin, "POST", "/internal/archive/addresses?association=amis&trusted=1", document).status, 204);
    EXPECT_EQ(rows("SELECT mailbox, target, state FROM forward"), before);
    // A file that anybody may have written: nobody's letters leave the house before they say so here.
    ASSERT_TRUE(run(mail->erase_association("amis")));
    tell_house();
    ASSERT_EQ(go(admin, "POST", "/internal/archive/addresses?association=amis", document).status, 204);
    EXPECT_TRUE(rows("SELECT target FROM forward WHERE state IN ('running', 'agreed')").empty());
    EXPECT_EQ(rows("SELECT target FROM forward WHERE state = 'ended'"), Rows{"b@x.example"});
}

TEST_F(Forwards, CopiesOfBeforeGoOnAndAreShown) {
    // A database of the second version, with a copy in it.
    const std::string path = (folder_ / "old.db").string();
    {
        auto old = Database::open(path, mail_manifest.migrations.first(2));
        ASSERT_TRUE(old);
        ASSERT_TRUE(old->execute("INSERT INTO association VALUES ('amis', 'A', 0);"
                                    "INSERT INTO domain VALUES ('amis.test', 'amis', 0);"
                                    "INSERT INTO member(id, login, name, disabled) VALUES ('i', 'yann', 'Y', 0);"
                                    "INSERT INTO membership VALUES ('amis', 'i', 'member');"
                                    "INSERT INTO mailbox VALUES ('y@amis.test', 'amis', 'i', 1024, 'f', 1);"
                                    "INSERT INTO forward VALUES ('y@amis.test', 'y@x.example');"));
    }
    auto now = Database::open(path, mail_manifest.migrations);
    ASSERT_TRUE(now) << now.error().message;
    Store store(*now);
    const auto box = store.mailbox("y@amis.test");
    ASSERT_TRUE(box);
    EXPECT_EQ(box->forward, Rows{"y@x.example"});
    EXPECT_EQ(box->forwards.at(0).state, "running");
}

} // namespace
} // namespace hameau::mail
