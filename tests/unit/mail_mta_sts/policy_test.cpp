// Policies and records of other domains (RFC 8461 §3): strictly read, and said as Postfix understands them.
#include <filesystem>

#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "modules/mail/mta_sts/cache.hpp"
#include "modules/mail/mta_sts/policy.hpp"

namespace hameau::mta_sts {
namespace {

const std::string enforce = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n";

TEST(Policies, WhatPostfixIsTold) {
    EXPECT_EQ(postfix_value(*read_policy(enforce)), "secure match=mail.example.com:.example.net servername=hostname");
    EXPECT_EQ(postfix_value(*read_policy("version:STSv1\nmode:testing\nmx: a.example\nmax_age: 1")), "");
    EXPECT_EQ(postfix_value(*read_policy("version: STSv1\nmode: none\nmax_age: 1\n")), "");
    EXPECT_EQ(read_policy("version: STSv1\nmode: none\nmax_age: 99999999999\n")->max_age, 31557600);
}

TEST(Policies, WhatIsNoneIsRefused) {
    for (const char* text : {"", "version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 1", "version: STSv1\nmode: enforce\nmax_age: 1",
                             "version: STSv1\nmode: enforce\nmx: a.example", "version: STSv1\nmode: other\nmx: a.example\nmax_age: 1",
                             "version: STSv1\nmode: enforce\nmx: a.example secure\nmax_age: 1", "version: STSv1\nmode: enforce\nmx: a:b\nmax_age: 1",
                             "version: STSv1\nmode: enforce\nmx: *.*.example\nmax_age: 1", "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1",
                             "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1d"}) {
        EXPECT_FALSE(read_policy(text)) << text;
    }
}

TEST(Policies, OneRecordAlone) {
    EXPECT_EQ(read_id({"other", "v=STSv1; id=20160831085700Z;"}), "20160831085700Z");
    EXPECT_EQ(read_id({"v=STSv1; id=1", "v=STSv1; id=2"}), "");
    EXPECT_EQ(read_id({"v=STSv1; id=a b"}), "");
    EXPECT_EQ(read_id({"v=STSv12; id=1"}), "");
    EXPECT_EQ(read_id({}), "");
}

TEST(Policies, AreKeptUntilTheyEnd) {
    const auto folder = std::filesystem::temp_directory_path() / ("hameau-sts-" + new_id());
    std::filesystem::create_directory(folder);
    const Cache cache(folder.string());
    EXPECT_EQ(cache.read("example.com").id, "");
    cache.write("example.com", Kept{"7", 1000, 0, enforce});
    const Kept kept = cache.read("example.com");
    EXPECT_EQ(kept.id, "7");
    EXPECT_EQ(kept.text, enforce);
    EXPECT_TRUE(valid_policy(kept, 1000 + 604799));
    EXPECT_FALSE(valid_policy(kept, 1000 + 604800));
    cache.write("example.com", Kept{"", 0, 5, ""});
    EXPECT_EQ(cache.read("example.com").failed, 5);
    EXPECT_FALSE(valid_policy(cache.read("example.com"), 6));
    ASSERT_TRUE(write_file_atomically(folder / "example.com", "half"));
    EXPECT_EQ(cache.read("example.com").id, "");
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace hameau::mta_sts
