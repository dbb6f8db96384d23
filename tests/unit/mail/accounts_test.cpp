// auth.db: what Dovecot reads, whatever moment we were killed at; app passwords; readers without write access.
#include <cstdio>
#include <sodium.h>
#include <sys/stat.h>

#include "fake_house.hpp"

namespace hameau::mail {
namespace {

class AccountsOfAHouse : public MailHouse {
protected:
    AccountsOfAHouse() {
        tell_house();
        EXPECT_EQ(add_box("marie@amis.test", "marie", R"(,"forward":["m@ailleurs.example"])").status, 201);
        EXPECT_EQ(add_box("yann@amis.test", "yann").status, 201);
    }
    Rows accounts() { return auth("SELECT user, member, password, folder, quota_bytes, enabled, forward_script FROM account"); }
    Task<bool> stopped() {
        co_await mail->stop();
        co_return true;
    }
    unsigned mode(const char* file) {
        struct stat facts {};
        EXPECT_EQ(::stat((folder_ / file).c_str(), &facts), 0) << file;
        return facts.st_mode & 0777U;
    }
};

TEST_F(AccountsOfAHouse, ACrashBetweenTheDatabasesIsMendedAtTheStart) {
    const Rows right = accounts();
    // mail.db committed, auth.db not: changed behind the module's back.
    Store store(context->database());
    ASSERT_TRUE(store.transaction([&]() -> Status {
        auto erased = store.remove_mailbox("yann@amis.test");
        erased = erased ? store.set_forward("marie@amis.test", {}) : erased;
        Member disabled{"idmarie", "marie", "M", true, "", "", {{"amis", "manager"}}};
        return erased ? store.put_member(disabled) : erased;
    }));
    EXPECT_EQ(accounts(), right);
    restart();
    EXPECT_EQ(auth("SELECT user, enabled, forward_script FROM account"), Rows{"marie@amis.test|0|" + (folder_ / "forward/marie@amis.test.sieve").string()});
    EXPECT_EQ(auth("SELECT name FROM sign_in_name"), Rows{"marie@amis.test"});
    EXPECT_EQ(auth("SELECT user FROM account WHERE password IS NULL").size(), 1u);
    // Who may not sign in has no forward and no script: what arrives is kept.
    EXPECT_NE(read_file((folder_ / "forward/marie@amis.test.sieve").string(), 4096)->find("fileinto \"INBOX\""), std::string::npos);
}

TEST_F(AccountsOfAHouse, AuthDbIsMadeAgainWhenItIsLost) {
    const Rows right = accounts();
    const Rows names = auth("SELECT name, user FROM sign_in_name");
    end();
    std::filesystem::remove_all(folder_ / "auth");
    std::filesystem::remove_all(folder_ / "forward");
    restart();
    EXPECT_EQ(accounts(), right);
    EXPECT_EQ(auth("SELECT name, user FROM sign_in_name"), names);
    EXPECT_NE(script("marie@amis.test"), "");
    // An auth.db from an older backup, and scripts of nobody.
    {
        auto old = Database::open((folder_ / "auth/auth.db").string(), auth_migrations);
        ASSERT_TRUE(old);
        ASSERT_TRUE(old->execute("INSERT INTO account VALUES ('ghost@amis.test','idghost',NULL,'f',1,1,'',0,0);"
                                 "INSERT INTO app_password VALUES ('sel','id1','idghost','n','h',' imap ',1);"
                                 "UPDATE account SET folder = 'wrong', enabled = 0;DELETE FROM sign_in_name WHERE name = 'yann'"));
    }
    ASSERT_TRUE(write_file_atomically(folder_ / "forward/ghost@amis.test.sieve", "keep;"));
    restart();
    EXPECT_EQ(accounts(), right);
    EXPECT_EQ(auth("SELECT name, user FROM sign_in_name"), names);
    EXPECT_TRUE(auth("SELECT id FROM app_password").empty());
    EXPECT_FALSE(std::filesystem::exists(folder_ / "forward/ghost@amis.test.sieve"));
}

TEST_F(AccountsOfAHouse, AnEventIsNotDoneBeforeBothHaveIt) {
    // auth.db refuses to be written.
    const auto forbid = [this](const char* sql) {
        auto opened = Database::open((folder_ / "auth/auth.db").string(), auth_migrations);
        ASSERT_TRUE(opened);
        opened->keep_wal_files();
        ASSERT_TRUE(opened->execute(sql));
    };
    forbid("CREATE TRIGGER full BEFORE UPDATE ON account BEGIN SELECT RAISE(ABORT, 'full'); END");
    EXPECT_EQ(tell(member_event("yann", of("amis"), true)), 503);
    EXPECT_EQ(auth("SELECT enabled FROM account WHERE user = 'yann@amis.test'"), Rows{"1"});
    const auto behind = mail->check_health();
    EXPECT_FALSE(behind[1].passed);
    EXPECT_EQ(go(marie, "PATCH", "/api/v1/associations/amis/mailboxes/yann@amis.test", R"({"quota":"1 MiB"})").text("code"), "pending");
    forbid("DROP TRIGGER full");
    // People comes again with the same event; without it the timer would do.
    EXPECT_EQ(tell(member_event("yann", of("amis"), true)), 204);
    EXPECT_EQ(auth("SELECT enabled, quota_bytes FROM account WHERE user = 'yann@amis.test'"), Rows{"0|1048576"});
    EXPECT_TRUE(mail->check_health()[1].passed);
    run(stopped());
}

TEST_F(AccountsOfAHouse, AStartWithoutChangesWritesNothing) {
    const auto changes = [this] { return auth("SELECT total FROM (SELECT count(*) AS total FROM written)"); };
    {
        auto watched = Database::open((folder_ / "auth/auth.db").string(), auth_migrations);
        ASSERT_TRUE(watched);
        watched->keep_wal_files();
        ASSERT_TRUE(watched->execute("CREATE TABLE written(x);CREATE TRIGGER a AFTER UPDATE ON account BEGIN INSERT INTO written VALUES(1); END;"
                                     "CREATE TRIGGER b AFTER INSERT ON account BEGIN INSERT INTO written VALUES(1); END;"
                                     "CREATE TRIGGER c AFTER UPDATE ON sign_in_name BEGIN INSERT INTO written VALUES(1); END;"
                                     "CREATE TRIGGER d AFTER DELETE ON sign_in_name BEGIN INSERT INTO written VALUES(1); END"));
    }
    const auto script_before = std::filesystem::last_write_time(folder_ / "forward/marie@amis.test.sieve");
    restart();
    EXPECT_EQ(std::filesystem::last_write_time(folder_ / "forward/marie@amis.test.sieve"), script_before);
    EXPECT_EQ(changes(), Rows{"0"});
    EXPECT_EQ(tell(member_event("yann", of("amis"), true)), 204);
    EXPECT_NE(changes(), Rows{"0"}) << "the triggers would have told";
}

TEST_F(AccountsOfAHouse, AppPasswords) {
    const Answer made = go(people, "POST", "/internal/app-passwords", R"({"member":"idmarie","name":"Téléphone","scopes":["imap","submission"]})");
    ASSERT_EQ(made.status, 201);
    const std::string password = made.text("password");
    ASSERT_EQ(password.size(), 3u + 8 + 1 + 26);
    EXPECT_TRUE(password.starts_with("ap-"));
    EXPECT_EQ(password.substr(3).find_first_not_of("abcdefghijklmnopqrstuvwxyz234567-"), std::string::npos);
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(password.data()), password.size());
    EXPECT_EQ(auth("SELECT selector, hash, scopes, member FROM app_password"),
              Rows{password.substr(3, 8) + "|{SHA256.HEX}" + to_hex(digest) + "| imap submission |idmarie"});
    const Answer list = go(people, "GET", "/internal/app-passwords?member=idmarie");
    ASSERT_EQ(list.items().size(), 1u);
    EXPECT_EQ(list.items()[0].at("name"), "Téléphone");
    EXPECT_EQ(list.items()[0].at("scopes").as_array().size(), 2u);
    EXPECT_FALSE(list.items()[0].as_object().contains("password"));
    EXPECT_TRUE(go(people, "GET", "/internal/app-passwords?member=idyann").items().empty());
    const auto check = [&](const std::string& text, const std::string& scope) {
        return go(people, "POST", "/internal/app-password-check", R"({"password":")" + text + R"(","scope":")" + scope + "\"}");
    };
    const auto holder = [&](const std::string& scope) {
        return go(people, "POST", "/internal/app-password-holder", R"({"id":")" + made.text("id") + R"(","scope":")" + scope + "\"}");
    };
    EXPECT_EQ(check(password, "imap").text("member"), "idmarie");
    EXPECT_EQ(check(password, "imap").text("id"), made.text("id"));
    EXPECT_EQ(holder("submission").text("member"), "idmarie");
    EXPECT_EQ(check(password, "deploy").status, 404) << "not its scope";
    EXPECT_EQ(check(password, "imap submission").status, 404) << "no scope at all";
    EXPECT_EQ(holder("deploy").status, 404);
    EXPECT_EQ(check(password.substr(0, password.size() - 1) + "!", "imap").status, 404);
    EXPECT_EQ(check(password.substr(0, 11) + "-", "imap").status, 404);
    EXPECT_EQ(check("ap-", "imap").status, 404);
    EXPECT_EQ(go(marie, "POST", "/internal/app-password-check", "{}").status, 403);
    const std::string path = "/internal/app-passwords/" + made.text("id");
    EXPECT_EQ(go(people, "DELETE", path + "?member=idyann").status, 404) << "not his";
    EXPECT_EQ(go(people, "DELETE", path).status, 404);
    EXPECT_EQ(go(people, "DELETE", path + "?member=idmarie").status, 204);
    EXPECT_EQ(check(password, "imap").status, 404);
    EXPECT_EQ(holder("imap").status, 404);
    EXPECT_EQ(go(people, "DELETE", path + "?member=idmarie").status, 404);
    EXPECT_EQ(go(people, "POST", "/internal/app-passwords", R"({"member":"idnobody","name":"n","scopes":[]})").status, 503);
    EXPECT_EQ(go(people, "POST", "/internal/app-passwords", R"({"member":"idmarie","name":"n","scopes":["root"]})").status, 422);
    EXPECT_EQ(go(admin, "GET", "/internal/app-passwords?member=idmarie").status, 403);
    EXPECT_EQ(go(marie, "POST", "/internal/app-passwords", "{}").status, 403);
    for (std::size_t i = 0; i < app_passwords_per_member_max; ++i) {
        ASSERT_EQ(go(people, "POST", "/internal/app-passwords", R"({"member":"idmarie","name":"n","scopes":["imap"]})").status, 201);
    }
    EXPECT_EQ(go(people, "POST", "/internal/app-passwords", R"({"member":"idmarie","name":"n","scopes":["imap"]})").text("code"), "ceiling");
}

/// Opens both databases as Postfix and Dovecot do: another uid, read access by the group only, through python's sqlite.
bool read_as_stranger(const std::filesystem::path& folder) {
    const std::string script = "import os,sqlite3,sys\n"
                               "if os.getuid() == 0:\n os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
                               "for f, q in (('mail.db', 'select count(*) from engine_mailbox'), ('auth/auth.db', 'select count(*) from account')):\n"
                               " d = sqlite3.connect('file:" + folder.string() + "/' + f + '?mode=ro', uri=True)\n"
                               " sys.exit(1) if d.execute(q).fetchone()[0] != 2 else None\n";
    const std::string file = (folder / "reader.py").string();
    EXPECT_TRUE(write_file_atomically(file, script, 0644));
    return std::system(("/usr/bin/python3 " + file).c_str()) == 0;
}

TEST_F(AccountsOfAHouse, ReadersWithoutWriteAccessReadOnWhenTheWriterHasGone) {
    if (!std::filesystem::exists("/usr/bin/python3")) {
        GTEST_SKIP() << "python3 is not here";
    }
    for (const char* file : {"mail.db", "mail.db-wal", "mail.db-shm", "auth/auth.db", "auth/auth.db-wal", "auth/auth.db-shm"}) {
        EXPECT_EQ(mode(file), 0640u) << file;
    }
    // Stand-in for the group that hameau-provision gives: everybody may read, nobody else may write.
    const auto give = [this] {
        std::filesystem::permissions(folder_, std::filesystem::perms(0755));
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
            std::filesystem::permissions(entry.path(), entry.is_directory() ? std::filesystem::perms(0755) : std::filesystem::perms(0644));
        }
    };
    give();
    EXPECT_TRUE(read_as_stranger(folder_)) << "while the writer runs";
    end();
    context.reset();
    EXPECT_TRUE(std::filesystem::exists(folder_ / "mail.db-wal"));
    EXPECT_TRUE(std::filesystem::exists(folder_ / "auth/auth.db-shm"));
    give();
    EXPECT_TRUE(read_as_stranger(folder_)) << "after it closed";
    context = std::make_unique<FakeContext>(folder_.string());
    restart();
    EXPECT_EQ(mode("mail.db-wal"), 0640u);
    EXPECT_EQ(add_box("nouveau@amis.test", "yann").status, 201);
    EXPECT_EQ(rows("SELECT address FROM engine_mailbox").size(), 3u);
}

} // namespace
} // namespace hameau::mail
