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
        std::filesystem::create_directory(out);
    }
    ~Archive() override { std::filesystem::remove_all(out); }
    Rows addresses() {
        Rows all = rows("SELECT address, association, member, quota_bytes FROM mailbox");
        for (const char* sql : {"SELECT mailbox, target FROM forward", "SELECT alias, target FROM alias_target", "SELECT address, may_send FROM alias"}) {
            for (const std::string& row : rows(sql)) {
                all.push_back(row);
            }
        }
        return all;
    }
    const std::string out = (std::filesystem::temp_directory_path() / ("mail-archive-" + new_id())).string();
};

TEST_F(Archive, OutErasedAndInAgain) {
    const Rows before = addresses();
    ASSERT_TRUE(run(mail->export_association("amis", out)));
    const std::string text = read_file(out + "/mail/addresses.json", 65536).value();
    EXPECT_EQ(text.find("jardin"), std::string::npos) << "nothing of another association";
    EXPECT_EQ(text.find(hash), std::string::npos);
    ASSERT_TRUE(run(mail->erase_association("amis")));
    EXPECT_EQ(rows("SELECT address FROM mailbox"), Rows{"yann@jardin.test"});
    EXPECT_EQ(auth("SELECT user FROM account"), Rows{"yann@jardin.test"});
    EXPECT_EQ(context->erased.size(), 2u) << "their messages went too";
    EXPECT_TRUE(rows("SELECT address FROM retired_box WHERE erase <> 3").empty());
    const Status early = run(mail->import_association("amis", out));
    ASSERT_FALSE(early);
    EXPECT_NE(early.error().message.find("Import its people first"), std::string::npos);
    tell_house();
    const Status done = run(mail->import_association("amis", out));
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(addresses(), before);
    EXPECT_NE(script("marie@amis.test"), "");
    EXPECT_EQ(auth("SELECT user FROM account").size(), 3u);
    const Status again = run(mail->import_association("amis", out));
    ASSERT_TRUE(again) << "the same archive may come twice";
    EXPECT_EQ(addresses(), before);
    EXPECT_EQ(auth("SELECT user FROM account").size(), 3u);
}

TEST_F(Archive, ABadArchiveChangesNothing) {
    ASSERT_TRUE(run(mail->erase_association("amis")));
    tell_house();
    std::filesystem::create_directory(out + "/mail");
    for (const char* bad : {"[]", "{}", R"({"version":2})", R"({"version":1,"boxes":[]})",
                            R"({"version":1,"mailboxes":[{"address":"ok@amis.test","login":"marie"},{"address":"x@jardin.test","login":"marie"}]})",
                            R"({"version":1,"mailboxes":[{"address":"ok@amis.test","login":"marie"},{"address":"x@amis.test","login":"rose"}]})",
                            R"({"version":1,"mailboxes":[{"address":"ok@amis.test","login":"marie"},{"address":"ok@amis.test","login":"marie"}]})",
                            R"({"version":1,"mailboxes":[{"address":"ok@amis.test","login":"marie","forward":["ok@amis.test"]}]})",
                            R"({"version":1,"mailboxes":[7]})", R"({"version":1,"aliases":[{"address":"c@amis.test","to":["no"]}]})",
                            R"({"version":1,"aliases":[{"address":"c@amis.test","to":["d@amis.test"]},{"address":"d@amis.test","to":["c@amis.test"]}]})"}) {
        ASSERT_TRUE(write_file_atomically(out + "/mail/addresses.json", bad));
        EXPECT_FALSE(run(mail->import_association("amis", out))) << bad;
        EXPECT_TRUE(rows("SELECT address FROM mailbox WHERE association = 'amis'").empty()) << bad;
        EXPECT_TRUE(rows("SELECT address FROM alias").empty()) << bad;
    }
    std::filesystem::remove_all(out + "/mail");
    EXPECT_TRUE(run(mail->import_association("amis", out))) << "an archive without mail is fine";
}

} // namespace
} // namespace hameau::mail
