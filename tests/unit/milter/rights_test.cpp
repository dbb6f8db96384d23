// The look-ups on a real mail.db, opened without the right to write while a writer is there, and after it left.
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "daemon/contract/manifest.hpp"
#include "daemon/store/database.hpp"
#include "modules/mail/milter/rights.hpp"

namespace hameau {
extern const Manifest mail_manifest;
}

namespace hameau::milter {
namespace {

using testing::UnorderedElementsAre;

class RightsTest : public testing::Test {
protected:
    RightsTest() : path_(std::filesystem::temp_directory_path() / ("rights-" + std::to_string(::getpid()) + ".db")) {
        remove();
        auto opened = Database::open(path_, mail_manifest.migrations, 0640);
        EXPECT_TRUE(opened);
        database_.emplace(std::move(*opened));
        database_->keep_wal_files();
        run("INSERT INTO association(slug, name, quota_bytes) VALUES('amis','Amis',0)");
        run("INSERT INTO domain VALUES('amis.test','amis',0)");
        for (const char* who : {"marie", "yann"}) {
            const std::string name(who);
            run("INSERT INTO member(id,login,name,disabled) VALUES('" + name + "','" + name + "','x',0)");
            run("INSERT INTO membership VALUES('amis','" + name + "','member')");
            run("INSERT INTO mailbox(address, association, member, quota_bytes, folder, created_ms) VALUES('" + name + "@amis.test','amis','" + name + "',0,'" + name + "',0)");
        }
        run("INSERT INTO alias(address,association,may_send) VALUES('contact@amis.test','amis',1)");
        run("INSERT INTO alias_target VALUES('contact@amis.test','marie@amis.test')");
        run("INSERT INTO circle VALUES('amis','bureau','Bureau','bureau@amis.test',0)");
        run("INSERT INTO circle_member VALUES('amis','bureau','marie')");
        run("INSERT INTO circle_member VALUES('amis','bureau','yann')");
    }
    ~RightsTest() override {
        database_.reset();
        remove();
    }

    void run(const std::string& sql) { ASSERT_TRUE(database_->execute(sql)) << sql; }
    void remove() {
        for (const char* end : {"", "-wal", "-shm", ".open"}) {
            std::filesystem::remove(path_ + end);
        }
    }

    std::string path_;
    std::optional<Database> database_;
};

TEST_F(RightsTest, AScriptAnswersAsWhatLeadsToItsMailboxAlone) {
    run("INSERT INTO association(slug, name, quota_bytes) VALUES('bzh','Breizh',0)");
    run("INSERT INTO domain VALUES('bzh.test','bzh',0)");
    for (const char* sql : {"INSERT INTO alias(address,association,may_send) VALUES('tresor@amis.test','amis',0),('tous@amis.test','amis',0),"
                            "('chaine@amis.test','amis',0),('liste@bzh.test','bzh',0),('parti@gone.test','amis',0)",
                            "INSERT INTO alias_target VALUES('tresor@amis.test','marie@amis.test'),('tous@amis.test','marie@amis.test'),"
                            "('tous@amis.test','yann@amis.test'),('chaine@amis.test','tresor@amis.test'),('liste@bzh.test','marie@amis.test'),"
                            "('parti@gone.test','marie@amis.test')"}) {
        run(sql);
    }
    DatabaseRights rights(path_);
    EXPECT_TRUE(rights.leads_only_to("tresor@amis.test", "marie@amis.test").value());
    EXPECT_TRUE(rights.leads_only_to("tresor+x@amis.test", "marie@amis.test").value());
    EXPECT_FALSE(rights.leads_only_to("tresor@amis.test", "yann@amis.test").value());
    for (const char* other : {"tous@amis.test", "chaine@amis.test", "liste@bzh.test", "parti@gone.test", "bureau@amis.test", "yann@amis.test"}) {
        EXPECT_FALSE(rights.leads_only_to(other, "marie@amis.test").value()) << other;
    }
}

TEST_F(RightsTest, WhoMaySendAsWhom) {
    DatabaseRights rights(path_);
    for (int round = 0; round < 2; ++round) {
        EXPECT_TRUE(*rights.may_send("marie@amis.test", "marie@amis.test"));
        EXPECT_TRUE(*rights.may_send("marie@amis.test", "marie+liste@amis.test"));
        EXPECT_TRUE(*rights.may_send("marie@amis.test", "contact@amis.test"));
        EXPECT_FALSE(*rights.may_send("yann@amis.test", "contact@amis.test"));
        EXPECT_FALSE(*rights.may_send("marie@amis.test", "bureau@amis.test"));
        EXPECT_FALSE(*rights.may_send("marie@amis.test", "' OR 1=1 --@amis.test"));
        database_.reset();  // the writer leaves: the look-ups go on
    }
}

TEST_F(RightsTest, WhereARecipientLeads) {
    DatabaseRights rights(path_);
    bool all_here = false;
    EXPECT_THAT(*rights.mailboxes_of("marie+x@amis.test", all_here), UnorderedElementsAre("marie@amis.test"));
    EXPECT_TRUE(all_here);
    EXPECT_THAT(*rights.mailboxes_of("bureau@amis.test", all_here), UnorderedElementsAre("marie@amis.test", "yann@amis.test"));
    EXPECT_TRUE(all_here);
    run("INSERT INTO circle_outside VALUES('amis','bureau','x@else.test')");
    EXPECT_THAT(*rights.mailboxes_of("bureau@amis.test", all_here), UnorderedElementsAre("marie@amis.test", "yann@amis.test"));
    EXPECT_FALSE(all_here);
    // Aliases in a circle end.
    run("INSERT INTO alias(address,association,may_send) VALUES('a@amis.test','amis',0)");
    run("INSERT INTO alias_target VALUES('a@amis.test','a@amis.test')");
    EXPECT_TRUE(rights.mailboxes_of("a@amis.test", all_here)->empty());
    EXPECT_FALSE(all_here);
}

TEST_F(RightsTest, SessionsHaveEnds) {
    DatabaseRights rights(path_);
    EXPECT_EQ(rights.session_clock(), 0);
    EXPECT_EQ(rights.session_end("marie@amis.test"), 0);
    run("INSERT OR REPLACE INTO session_end(user) VALUES('yann@amis.test')");
    run("INSERT OR REPLACE INTO session_end(user) VALUES('marie@amis.test')");
    run("INSERT OR REPLACE INTO session_end(user) VALUES('yann@amis.test')");
    EXPECT_EQ(rights.session_clock(), 3);
    EXPECT_EQ(rights.session_end("yann@amis.test"), 3);
    run("DELETE FROM session_end");
    EXPECT_EQ(rights.session_clock(), 3) << "the clock never goes back";
}

TEST_F(RightsTest, NoDatabaseIsAnError) {
    DatabaseRights rights(path_ + ".none");
    EXPECT_FALSE(rights.may_send("a", "b"));
}

} // namespace
} // namespace hameau::milter
