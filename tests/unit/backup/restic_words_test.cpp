// restic's own words (0.14, seen on Debian 12), and those of somebody who wants to confuse us.
#include "provisioning/backup/restic.hpp"

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

#include "daemon/contract/backup_state.hpp"

namespace hameau::backup {
namespace {

ResticEnd with_errors(std::string text, int exit_code = 1) {
    ResticEnd end;
    end.exit_code = exit_code;
    end.errors = std::move(text);
    return end;
}

TEST(ResticWords, ProgressAndSummary) {
    Progress progress;
    EXPECT_TRUE(parse_progress(R"({"message_type":"status","percent_done":0.43,"total_files":1,"total_bytes":3})", progress));
    EXPECT_EQ(progress.percent, 43U);
    EXPECT_FALSE(progress.done);
    EXPECT_TRUE(parse_progress(R"({"message_type":"summary","files_new":2,"data_added":1047,"total_files_processed":2,"total_bytes_processed":6,"snapshot_id":"a9eeebc2"})", progress));
    EXPECT_TRUE(progress.done);
    EXPECT_EQ(progress.snapshot, "a9eeebc2");
    EXPECT_EQ(progress.added, 1047U);
}

TEST(ResticWords, NonsenseIsNoProgress) {
    Progress progress;
    for (const char* line : {"", "[]", "{", "created restic repository", R"({"message_type":7})", R"({"message_type":"error"})"}) {
        EXPECT_FALSE(parse_progress(line, progress)) << line;
    }
    EXPECT_TRUE(parse_progress(R"({"message_type":"status","percent_done":9e99})", progress));
    EXPECT_EQ(progress.percent, 100U);
    EXPECT_TRUE(parse_progress(R"({"message_type":"status","percent_done":-5})", progress));
    EXPECT_FALSE(parse_progress(std::string(40000, '['), progress));
}

TEST(ResticWords, SnapshotsComeOldestFirstAndOddOnesAreLeftOut) {
    const std::string id(64, 'a');
    const auto all = parse_snapshots(R"([{"time":"2026-11-30T09:21:23.85+01:00","hostname":"hameau","id":")" + id + R"("},
        {"time":"2026-11-29T09:21:23.856057514Z","hostname":"ha\nmeau","id":")" + std::string(64, 'b') + R"("},
        {"time":"yesterday","id":")" + id + R"("},{"time":"2026-11-29T09:21:23Z","id":"../../etc"},7])");
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 2U);
    EXPECT_EQ(all->front().id, std::string(64, 'b'));
    EXPECT_EQ(all->front().host, "ha meau");
    EXPECT_EQ(all->back().time - all->front().time, 23 * 3600);
    EXPECT_TRUE(parse_snapshots("null")->empty());
    EXPECT_FALSE(parse_snapshots("{}"));
}

TEST(ResticWords, ErrorsBecomeWords) {
    EXPECT_TRUE(says_empty(with_errors("Fatal: unable to open config file: stat /x/config: no such file or directory\nIs there a repository at the following location?\n/x\n")));
    EXPECT_TRUE(says_empty(with_errors("", 10)));
    EXPECT_FALSE(says_empty(with_errors("Fatal: wrong password or no key found\n")));
    EXPECT_EQ(code_of(with_errors("Fatal: wrong password or no key found\n")), code::wrong_key);
    EXPECT_EQ(code_of(with_errors("pack 33d6: does not exist\nFatal: repository contains errors\n")), code::broken);
    EXPECT_EQ(code_of(with_errors("Fatal: unable to save snapshot: write /x/tmp: no space left on device\n")), code::full);
    EXPECT_EQ(code_of(with_errors("subprocess ssh: ssh: connect to host box port 22: Connection refused\nFatal: unable to start the sftp session")), code::away);
    EXPECT_EQ(code_of(with_errors("subprocess ssh: hameau@box: Permission denied (publickey).\n")), code::refused);
    EXPECT_EQ(code_of(with_errors("something new")), code::failed);
    EXPECT_EQ(detail_of(with_errors("first\nFatal: the reason\x1b[31m\nlater\n")), "the reason [31m");
}

TEST(ResticWords, CredentialsAreReadByTargetAndNothingElseIsLetIn) {
    const auto read = parse_credentials("# ours\n[s3:https://host/bucket]\nAWS_ACCESS_KEY_ID = id\nAWS_SECRET_ACCESS_KEY=a=b\n\n[rest:https://host/x]\nuser=u\npassword=p w\n");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->at("s3:https://host/bucket").at("AWS_SECRET_ACCESS_KEY"), "a=b");
    EXPECT_EQ(read->at("rest:https://host/x").at("password"), "p w");
    for (const char* text : {"user=u", "[/srv]\nLD_PRELOAD=/x", "[/srv]\nRESTIC_PASSWORD_COMMAND=x", "[nowhere]\nuser=u", "[/srv\nuser=u", "[/srv]\nuser"}) {
        EXPECT_FALSE(parse_credentials(text)) << text;
    }
}

TEST(ResticWords, TimesAsPeopleAndRestWriteThem) {
    ::setenv("TZ", "Europe/Paris", 1);
    ::tzset();
    EXPECT_EQ(*parse_time("2026-12-01T00:00:00Z"), 1796083200);
    EXPECT_EQ(*parse_time("2026-12-01T01:00:00.5+01:00"), 1796083200);
    EXPECT_EQ(*parse_time("2026-12-01 01:00"), 1796083200);
    EXPECT_EQ(*parse_time("2026-11-30"), 1796083200 - 3600 - 1);
    for (const char* text : {"", "yesterday", "2026-12-01T", "2026-12-01 1h", "2026-12-01T00:00:00."}) {
        EXPECT_FALSE(parse_time(text)) << text;
    }
}

} // namespace
} // namespace hameau::backup
