// One association out, in again, and erased.
#include "fake_house.hpp"

namespace hameau::mail {
namespace {

class Archive : public MailHouse {
protected:
    Archive() {
        tell_house();
        EXPECT_EQ(add_box("marie@amis.test", "marie", R"(,"quota":"2 MiB","forward":["m@ailleurs.example"])").status, 201);
        EXPECT_EQ(add_box("yann@amis.test", "yann", R"(,"forward":["marie@amis.test"])").status, 201);
        EXPECT_EQ(add_box("yann@jardin.test", "yann", "", "jardin").status, 201);
        EXPECT_EQ(add_alias("a@amis.test", R"(["x@ailleurs.example"])").status, 201);
        EXPECT_EQ(add_alias("b@amis.test", R"(["a@amis.test","yann+b@amis.test"])", ",\"may_send\":true").status, 201);
    }
    Rows addresses() {
        Rows all = rows("SELECT address, association, member, quota_bytes FROM mailbox");
        for (const char* sql : {"SELECT mailbox, target FROM forward", "SELECT alias, target FROM alias_target", "SELECT address, may_send FROM alias"}) {
            for (const std::string& row : rows(sql)) {
                all.push_back(row);
            }
        }
        return all;
    }
    Answer import(const std::string& text) { return go(admin, "POST", "/internal/archive/addresses?association=amis&trusted=1", text); }
};

TEST_F(Archive, OutErasedAndInAgain) {
    const Rows before = addresses();
    const std::string text = archived();
    EXPECT_EQ(text.find("jardin"), std::string::npos) << "nothing of another association";
    EXPECT_EQ(text.find(hash), std::string::npos);
    ASSERT_TRUE(run(mail->erase_association("amis")));
    EXPECT_EQ(rows("SELECT address FROM mailbox"), Rows{"yann@jardin.test"});
    EXPECT_EQ(auth("SELECT user FROM account"), Rows{"yann@jardin.test"});
    EXPECT_EQ(context->erased.size(), 2u) << "their messages went too";
    EXPECT_TRUE(rows("SELECT address FROM retired_box WHERE erase <> 3").empty());
    const Answer early = import(text);
    ASSERT_NE(early.status, 204);
    EXPECT_NE(boost::json::serialize(early.json).find("Import its people first"), std::string::npos);
    tell_house();
    const Answer done = import(text);
    ASSERT_EQ(done.status, 204) << boost::json::serialize(done.json);
    EXPECT_EQ(addresses(), before);
    EXPECT_NE(script("marie@amis.test"), "");
    EXPECT_EQ(auth("SELECT user FROM account").size(), 3u);
    ASSERT_EQ(import(text).status, 204) << "the same archive may come twice";
    EXPECT_EQ(addresses(), before);
    EXPECT_EQ(auth("SELECT user FROM account").size(), 3u);
}

TEST_F(Archive, ABadArchiveChangesNothing) {
    ASSERT_TRUE(run(mail->erase_association("amis")));
    tell_house();
    for (const char* bad : {"[]", "{}", R"({"version":2})", R"({"version":1,"boxes":[]})",
                            R"({"version":1,"mailboxes":[{"address":"ok@amis.test","login":"marie"},{"address":"x@jardin.test","login":"marie"}]})",
                            R"({"version":1,"mailboxes":[{"address":"ok@amis.test","login":"marie"},{"address":"x@amis.test","login":"rose"}]})",
                            R"({"version":1,"mailboxes":[{"address":"ok@amis.test","login":"marie"},{"address":"ok@amis.test","login":"marie"}]})",
                            R"({"version":1,"mailboxes":[{"address":"ok@amis.test","login":"marie","forward":["ok@amis.test"]}]})",
                            R"({"version":1,"mailboxes":[7]})", R"({"version":1,"aliases":[{"address":"c@amis.test","to":["no"]}]})",
                            R"({"version":1,"aliases":[{"address":"c@amis.test","to":["d@amis.test"]},{"address":"d@amis.test","to":["c@amis.test"]}]})"}) {
        EXPECT_NE(import(bad).status, 204) << bad;
        EXPECT_TRUE(rows("SELECT address FROM mailbox WHERE association = 'amis'").empty()) << bad;
        EXPECT_TRUE(rows("SELECT address FROM alias").empty()) << bad;
    }
    EXPECT_EQ(go(marie, "POST", "/internal/archive/addresses?association=amis", "{}").status, 403) << "by the admin's socket alone";
}

} // namespace
} // namespace hameau::mail
