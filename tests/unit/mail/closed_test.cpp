// An association in the house's bin: its mail is refused and nobody sends or signs in for it; what was stored comes back.
#include "fake_house.hpp"

namespace hameau::mail {
namespace {

class Closed : public MailHouse {
protected:
    Closed() {
        tell_house();
        EXPECT_EQ(add_box("marie@amis.test", "marie").status, 201);
        EXPECT_EQ(add_box("yann@amis.test", "yann").status, 201);
        EXPECT_EQ(add_box("yann@jardin.test", "yann", "", "jardin").status, 201);
        EXPECT_EQ(add_box("vieux@amis.test", "marie").status, 201);
        EXPECT_EQ(go(marie, "DELETE", "/api/v1/associations/amis/mailboxes/vieux@amis.test").status, 204);
        EXPECT_EQ(add_alias("contact@amis.test", R"(["marie@amis.test","yann@jardin.test"])", ",\"may_send\":true").status, 201);
        EXPECT_EQ(add_alias("amis@jardin.test", R"(["marie@amis.test"])", "", "jardin").status, 201);
        EXPECT_EQ(tell(R"({"kind":"group","association":"amis","slug":"bureau","name":"B","address":"bureau@amis.test","members":["idyann"],"outside":[],"may_send":true})"), 204);
        ended();
    }
    static std::string closed_event(bool closed) {
        std::string event = amis_event;
        event.insert(event.size() - 1, closed ? ",\"closed\":true" : ",\"closed\":false");
        return event;
    }
    /// As people tells it.
    void close() {
        EXPECT_EQ(tell(closed_event(true)), 204);
        EXPECT_EQ(tell(member_event("marie", "", true)), 204);
        EXPECT_EQ(tell(member_event("yann", of("jardin"))), 204);
    }
    void open() {
        EXPECT_EQ(tell(closed_event(false)), 204);
        EXPECT_EQ(tell(member_event("marie", of("amis", "manager"))), 204);
        EXPECT_EQ(tell(member_event("yann", of("amis") + "," + of("jardin"))), 204);
    }
    /// Users whose sessions were ended since the last call.
    Rows ended() {
        Rows now = rows("SELECT user, sequence FROM session_end");
        Rows out;
        for (const std::string& row : now) {
            if (std::find(before_.begin(), before_.end(), row) == before_.end()) {
                out.push_back(row.substr(0, row.find('|')));
            }
        }
        before_ = std::move(now);
        return out;
    }
    /// What Postfix, Dovecot and the milter read.
    Rows seen() {
        Rows all;
        for (const char* sql : {"SELECT address FROM engine_mailbox", "SELECT address, target FROM engine_alias", "SELECT address, user FROM engine_sender",
                                "SELECT domain, target FROM engine_postmaster", "SELECT name FROM engine_open_domain"}) {
            for (const std::string& row : rows(sql)) {
                all.push_back(row);
            }
        }
        for (const std::string& row : auth("SELECT user, enabled, folder FROM account")) {
            all.push_back(row);
        }
        for (const std::string& row : auth("SELECT name, user FROM sign_in_name")) {
            all.push_back(row);
        }
        return all;
    }

private:
    Rows before_;
};

TEST_F(Closed, NothingIsServedAndAllComesBack) {
    const Rows before = seen();
    close();
    EXPECT_EQ(ended(), (Rows{"marie@amis.test", "yann@amis.test"})) << "open sessions end";
    EXPECT_EQ(rows("SELECT name FROM engine_domain"), (Rows{"amis.example", "amis.test", "jardin.test"})) << "ours: refused, not relayed";
    EXPECT_EQ(rows("SELECT name FROM engine_open_domain"), Rows{"jardin.test"});
    EXPECT_EQ(rows("SELECT address FROM engine_mailbox"), Rows{"yann@jardin.test"});
    EXPECT_EQ(rows("SELECT address FROM engine_alias"), Rows{"amis@jardin.test"});
    EXPECT_TRUE(rows("SELECT domain FROM engine_postmaster WHERE domain LIKE 'amis%'").empty());
    EXPECT_EQ(rows("SELECT DISTINCT address FROM engine_sender"), Rows{"yann@jardin.test"});
    EXPECT_EQ(auth("SELECT user, enabled FROM account"), (Rows{"marie@amis.test|0", "yann@amis.test|0", "yann@jardin.test|1"}));
    for (const char* below : {"mailboxes", "mailboxes?bin=1", "aliases"}) {
        EXPECT_EQ(go(admin, "GET", std::string("/api/v1/associations/amis/") + below).status, 404) << below;
        EXPECT_EQ(go(marie, "GET", std::string("/api/v1/associations/amis/") + below).status, 404) << below;
    }
    EXPECT_EQ(add_box("neu@amis.test", "marie").status, 404);
    EXPECT_EQ(go(admin, "POST", "/api/v1/associations/amis/mailboxes/vieux@amis.test/restore").status, 404);
    restart();
    EXPECT_EQ(auth("SELECT user, enabled FROM account"), (Rows{"marie@amis.test|0", "yann@amis.test|0", "yann@jardin.test|1"}));
    open();
    EXPECT_EQ(seen(), before);
    EXPECT_EQ(go(marie, "POST", "/api/v1/associations/amis/mailboxes/vieux@amis.test/restore").status, 200) << "its bin of mailboxes too";
}

TEST_F(Closed, ErasedTwiceAndALaterOneOfThatNameIsOpen) {
    close();
    EXPECT_EQ(tell(R"({"kind":"association-erased","slug":"amis"})"), 204);
    EXPECT_EQ(tell(R"({"kind":"member-erased","id":"idmarie"})"), 204);
    ASSERT_TRUE(run(mail->erase_association("amis")));
    const auto gone = context->erased.size();
    EXPECT_GE(gone, 3u);
    ASSERT_TRUE(run(mail->erase_association("amis")));
    EXPECT_EQ(context->erased.size(), gone) << "a folder that is gone is not asked for again";
    EXPECT_EQ(tell(amis_event), 204);
    EXPECT_EQ(tell(member_event("marie", of("amis", "manager"))), 204);
    EXPECT_EQ(add_box("marie@amis.test", "marie").status, 201);
    EXPECT_EQ(rows("SELECT name FROM engine_open_domain"), (Rows{"amis.example", "amis.test", "jardin.test"}));
}

TEST(ClosedMigration, ADatabaseOfBeforeServesWhatItServed) {
    const std::string path = testing::TempDir() + "/mail-before-closed-" + new_id() + ".db";
    {
        auto old = Database::open(path, mail_manifest.migrations.first(7));
        ASSERT_TRUE(old);
        ASSERT_TRUE(old->execute("INSERT INTO association(slug, name, quota_bytes) VALUES ('amis', 'A', 0)"));
        ASSERT_TRUE(old->execute("INSERT INTO domain(name, association, position) VALUES ('amis.test', 'amis', 0)"));
        ASSERT_TRUE(old->execute("INSERT INTO member(id, login, name, disabled) VALUES ('m', 'marie', 'M', 0)"));
        ASSERT_TRUE(old->execute("INSERT INTO mailbox(address, association, member, quota_bytes, folder, created_ms) "
                                 "VALUES ('marie@amis.test', 'amis', 'm', 0, 'f', 1)"));
    }
    for (int start = 0; start < 2; ++start) {
        auto now = Database::open(path, mail_manifest.migrations);
        ASSERT_TRUE(now) << now.error().message;
        auto query = now->prepare("SELECT address FROM engine_mailbox");
        EXPECT_TRUE(query.step().value());
    }
}

} // namespace
} // namespace hameau::mail
