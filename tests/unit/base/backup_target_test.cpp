// Addresses of backup targets: what is read, and what is refused before it could reach a program.
#include "daemon/base/backup_target.hpp"

#include <gtest/gtest.h>

namespace hameau {
namespace {

TEST(BackupTarget, EachKindIsRead) {
    const auto folder = parse_backup_target("/srv/backup/");
    ASSERT_TRUE(folder);
    EXPECT_EQ(folder->kind, TargetKind::folder);
    EXPECT_EQ(folder->place, "/srv/backup");
    const auto disk = parse_backup_target("disk:BACKUP");
    ASSERT_TRUE(disk);
    EXPECT_EQ(disk->label, "BACKUP");
    EXPECT_EQ(disk->place, "hameau");
    const auto below = parse_backup_target("disk:BACKUP/our/house");
    ASSERT_TRUE(below);
    EXPECT_EQ(below->place, "our/house");
    const auto sftp = parse_backup_target("sftp:hameau@box.example.org:/backup");
    ASSERT_TRUE(sftp);
    EXPECT_EQ(sftp->user + " " + sftp->host + " " + sftp->place, "hameau box.example.org /backup");
    const auto s3 = parse_backup_target("s3:https://garage.example.org/house");
    ASSERT_TRUE(s3);
    EXPECT_EQ(s3->place, "https://garage.example.org/house");
    const auto rest = parse_backup_target("rest:http://10.0.0.2:8000/house/");
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->kind, TargetKind::rest);
}

TEST(BackupTarget, WhatIsNoneIsRefused) {
    for (const char* text : {"", "/", "relative", "/srv/../etc", "/srv//x", "/a b", "/a,b", "/a\nb", "disk:", "disk:../x", "disk:A/../b", "sftp:host", "sftp:-oProxyCommand=x:/y",
                             "sftp:-l@host:/y", "sftp:u@host:-x", "s3:https://host", "rest:ftp://host/x", "rest:https:///x", "b2:bucket", "/a\"b"}) {
        EXPECT_FALSE(parse_backup_target(text)) << text;
    }
}

TEST(BackupTarget, APasswordInItIsRefusedAndNotRepeated) {
    const auto refused = parse_backup_target("rest:https://user:secret-word@host/x");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message.find("secret-word"), std::string::npos);
}

TEST(BackupTarget, SeveralAreSeparatedAndNoneIsThereTwice) {
    const auto both = parse_backup_targets("/srv/backup, disk:BACKUP");
    ASSERT_TRUE(both);
    EXPECT_EQ(both->size(), 2U);
    EXPECT_FALSE(parse_backup_targets("/srv/a /srv/a"));
    EXPECT_FALSE(parse_backup_targets("/a /b /c /d /e /f /g /h /i"));
    EXPECT_TRUE(parse_backup_targets("")->empty());
}

} // namespace
} // namespace hameau
