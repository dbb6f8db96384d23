// What a member hands in is signed once the record of its domain's key is in DNS; keys on the disk.
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "modules/mail/milter/limits.hpp"
#include "modules/mail/milter/signing.hpp"
#include "tests/unit/mail_auth/zone.hpp"

namespace hameau::milter {
namespace {

using mailauth::RecordType;
using mailauth::Zone;

constexpr long now = 1'800'000'000;

class KeysOnDisk : public testing::Test {
protected:
    void SetUp() override { std::filesystem::create_directories(folder_); }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string p_of(const std::string& domain) { return StoredKeys(folder_).of(domain).at(0).public_text; }

    std::string sign(StoredKeys& keys, Zone& zone, const std::string& domain, const std::string& body = "Bonjour\r\n", long at = now) {
        Signing signing(keys, zone, [at] { return at; });
        signing.begin();
        signing.add_header("From", " marie@amis.test");
        signing.add_body(body);
        for (int round = 0; round < 5; ++round) {
            if (auto value = signing.sign(domain)) {
                return *value;
            }
        }
        return "pending";
    }

    std::string folder_ = testing::TempDir() + "hameau-keys-" + std::to_string(::getpid());
};

TEST_F(KeysOnDisk, AKeyIsMadeOnceAndReadableByItsOwnerAlone) {
    StoredKeys keys(folder_);
    EXPECT_TRUE(keys.ensure("amis.test", "h20261130").value());
    EXPECT_FALSE(keys.ensure("amis.test", "h20261201").value());
    EXPECT_EQ(std::filesystem::status(folder_ + "/keys/amis.test/h20261130.pem").permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_EQ(std::filesystem::status(folder_ + "/keys").permissions(), std::filesystem::perms::owner_all);
    std::ifstream record(folder_ + "/records/amis.test");
    std::string line;
    std::getline(record, line);
    EXPECT_EQ(line, "h20261130._domainkey.amis.test TXT v=DKIM1; k=rsa; p=" + p_of("amis.test"));
    for (const char* name : {"../x.test", "a/b.test", "", "test", ".."}) {
        EXPECT_FALSE(keys.ensure(name, "h1")) << name;
    }
    // A power cut before the record was written: the next look writes it.
    std::filesystem::remove(folder_ + "/records/amis.test");
    EXPECT_FALSE(StoredKeys(folder_).ensure("amis.test", "h20261201").value());
    EXPECT_TRUE(std::filesystem::exists(folder_ + "/records/amis.test"));
}

TEST_F(KeysOnDisk, AKeyThatCannotBeReadIsNotReplaced) {
    StoredKeys keys(folder_);
    ASSERT_TRUE(keys.ensure("amis.test", "h20261130"));
    const std::string path = folder_ + "/keys/amis.test/h20261130.pem";
    std::filesystem::rename(path, path + ".away");
    std::filesystem::create_directory(path);  // reading it fails, also for root
    EXPECT_FALSE(StoredKeys(folder_).ensure("amis.test", "h20261130"));
    EXPECT_TRUE(std::filesystem::is_directory(path));
    std::filesystem::remove(path);
    // Half a file: what is in it may be the key that DNS names. The new one stands beside it, above it.
    std::filesystem::rename(path + ".away", path);
    std::filesystem::resize_file(path, 100);
    EXPECT_TRUE(StoredKeys(folder_).ensure("amis.test", "h20261130").value());
    EXPECT_EQ(std::filesystem::file_size(path), 100U);
    EXPECT_EQ(StoredKeys(folder_).of("amis.test").at(0).selector, "h20261131");
}

TEST(Selectors, TheNextOneIsAboveAllOthers) {
    EXPECT_EQ(free_selector("h20261130", {}), "h20261130");
    EXPECT_EQ(free_selector("h20261130", {"h20261129", "h19700101"}), "h20261130");
    EXPECT_EQ(free_selector("h20261130", {"h20261130"}), "h20261131");
    EXPECT_EQ(free_selector("h20261130", {"h20991231", "h20261130"}), "h20991232") << "made by a clock that was fast";
    EXPECT_EQ(free_selector("h19700101", {"h20261130"}), "h20261131") << "a clock that was not set";
    EXPECT_EQ(free_selector("h1", {"own"}), "owna");
}

TEST_F(KeysOnDisk, MoreDomainsThanAreHeldInMemoryAreNotReadInEachRound) {
    StoredKeys keys(folder_);
    ASSERT_TRUE(keys.ensure("d0.test", "h1"));
    for (std::size_t i = 1; i <= signing_domains_max + 20; ++i) {
        const std::string name = "d" + std::to_string(i) + ".test";
        std::filesystem::create_directories(folder_ + "/keys/" + name);
        std::filesystem::copy(folder_ + "/keys/d0.test/h1.pem", folder_ + "/keys/" + name + "/h1.pem");
    }
    const auto round = [&keys] {
        const std::clock_t begin = std::clock();
        for (std::size_t i = 0; i <= signing_domains_max + 20; ++i) {
            EXPECT_FALSE(keys.ensure("d" + std::to_string(i) + ".test", "h2").value());
        }
        return 1000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    };
    round();
    EXPECT_LT(round(), 15) << "220 files to look at";
}

TEST_F(KeysOnDisk, SignedOnceTheRecordIsSeenAndNoLongerThanThat) {
    StoredKeys keys(folder_);
    ASSERT_TRUE(keys.ensure("amis.test", "h1"));
    const std::string name = "h1._domainkey.amis.test";
    Zone none;
    EXPECT_EQ(sign(keys, none, "amis.test"), "");
    Zone other;
    other.add(name, RecordType::txt, "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQ");
    EXPECT_EQ(sign(keys, other, "amis.test"), "");
    Zone right;
    right.add(name, RecordType::txt, "v=DKIM1; k=rsa; p=" + p_of("amis.test"));
    right.answer_late();
    EXPECT_NE(sign(keys, right, "amis.test").find(" d=amis.test;\r\n\ts=h1;"), std::string::npos);
    // DNS does not answer for a while: what was seen is believed, by the next process too.
    Zone down;
    down.fail_rest(name);
    StoredKeys again(folder_);
    EXPECT_NE(sign(again, down, "amis.test"), "");
    EXPECT_EQ(sign(keys, none, "amis.test"), "") << "taken out of DNS";
    StoredKeys last(folder_);
    EXPECT_EQ(sign(last, down, "amis.test"), "");
}

TEST_F(KeysOnDisk, TheOlderKeySignsUntilTheNewerOneIsSeen) {
    StoredKeys keys(folder_);
    ASSERT_TRUE(keys.ensure("amis.test", "h20260101"));
    const std::string old_text = p_of("amis.test");
    ASSERT_TRUE(StoredKeys(folder_ + "/other").of("amis.test").empty());
    std::filesystem::create_directories(folder_ + "/2");
    StoredKeys second(folder_ + "/2");
    ASSERT_TRUE(second.ensure("amis.test", "h20270101"));
    std::filesystem::copy(folder_ + "/2/keys/amis.test/h20270101.pem", folder_ + "/keys/amis.test/h20270101.pem");
    Zone zone;
    zone.add("h20260101._domainkey.amis.test", RecordType::txt, "p=" + old_text);
    StoredKeys both(folder_);
    EXPECT_NE(sign(both, zone, "amis.test").find("s=h20260101;"), std::string::npos);
    zone.add("h20270101._domainkey.amis.test", RecordType::txt, "p=" + second.of("amis.test").at(0).public_text);
    EXPECT_NE(sign(both, zone, "amis.test").find("s=h20270101;"), std::string::npos);
}

constexpr long day = 86400;

TEST(KeyAges, ASuccessorWhenItIsTimeAndNoLossWhenNobodyDoesAnything) {
    const long old = now - signing_key_seconds;
    EXPECT_EQ(turn_of({}, now), KeyTurn::none);
    EXPECT_EQ(turn_of({{old, old}}, now), KeyTurn::make_next);
    EXPECT_EQ(turn_of({{old + 1, old}}, now), KeyTurn::none);
    EXPECT_EQ(turn_of({{old, 0}}, now), KeyTurn::none) << "its own record was never put into DNS";
    EXPECT_EQ(turn_of({{now + day, now + day}}, now), KeyTurn::none) << "a clock that was wrong";
    EXPECT_EQ(turn_of({{old, 0}, {old, old}}, now), KeyTurn::none) << "the new record is not there: the old one signs for ever";
    EXPECT_EQ(turn_of({{old, now - signing_key_overlap_seconds + 1}, {old, old}}, now), KeyTurn::none);
    EXPECT_EQ(turn_of({{old, now - signing_key_overlap_seconds}, {old, old}}, now), KeyTurn::drop_older);
    EXPECT_EQ(turn_of({{old, now + day}, {old, old}}, now), KeyTurn::none);
    EXPECT_FALSE(is_over(now + day, now));
}

void date_file(const std::string& path, long when) {
    const timespec times[2] = {{when, 0}, {when, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0) << path;
}

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(KeysOnDisk, AKeyIsChangedWithBothRecordsSideBySide) {
    StoredKeys keys(folder_);
    ASSERT_TRUE(keys.ensure("amis.test", "h20260101"));
    const std::string place = folder_ + "/keys/amis.test/";
    const std::string first = text_of(folder_ + "/records/amis.test");
    date_file(place + "h20260101.pem", now - signing_key_seconds);
    EXPECT_EQ(keys.tend("amis.test", "h20270101", now).value(), KeyTurn::none) << "its record is not in DNS";
    Zone zone;
    zone.add("h20260101._domainkey.amis.test", RecordType::txt, "p=" + p_of("amis.test"));
    EXPECT_NE(sign(keys, zone, "amis.test"), "");
    EXPECT_EQ(keys.tend("amis.test", "h20270101", now).value(), KeyTurn::make_next);
    const std::string both = text_of(folder_ + "/records/amis.test");
    EXPECT_TRUE(both.starts_with("h20270101._domainkey.amis.test TXT ")) << both;
    EXPECT_TRUE(both.ends_with(first)) << "the present one must stay";
    EXPECT_EQ(keys.tend("amis.test", "h20280101", now + 1000 * day).value(), KeyTurn::none) << "no third one";
    EXPECT_NE(sign(keys, zone, "amis.test").find("s=h20260101;"), std::string::npos);
    zone.add("h20270101._domainkey.amis.test", RecordType::txt, "p=" + p_of("amis.test"));
    Zone fresh = zone;
    EXPECT_NE(sign(keys, fresh, "amis.test").find("s=h20270101;"), std::string::npos);
    const long seen = std::time(nullptr);
    EXPECT_EQ(keys.tend("amis.test", "h20280101", seen + signing_key_overlap_seconds - day).value(), KeyTurn::none);
    // The new record disappears: the old key signs again, and its week begins anew.
    Zone without;
    without.add("h20260101._domainkey.amis.test", RecordType::txt, "p=" + keys.of("amis.test").at(1).public_text);
    EXPECT_NE(sign(keys, without, "amis.test").find("s=h20260101;"), std::string::npos);
    EXPECT_EQ(keys.tend("amis.test", "h20280101", seen + 100 * day).value(), KeyTurn::none);
    EXPECT_NE(sign(keys, fresh, "amis.test").find("s=h20270101;"), std::string::npos);
    EXPECT_EQ(keys.tend("amis.test", "h20280101", seen + signing_key_overlap_seconds + day).value(), KeyTurn::drop_older);
    EXPECT_FALSE(std::filesystem::exists(place + "h20260101.pem"));
    EXPECT_EQ(text_of(folder_ + "/records/amis.test") + first, both);
    EXPECT_NE(sign(keys, fresh, "amis.test").find("s=h20270101;"), std::string::npos);
    EXPECT_NE(text_of(folder_ + "/records/amis.test").find(StoredKeys(folder_).of("amis.test").at(0).public_text), std::string::npos);
}

TEST_F(KeysOnDisk, APowerCutBehindTheNewKeyLosesNoRecord) {
    StoredKeys keys(folder_);
    ASSERT_TRUE(keys.ensure("amis.test", "h1"));
    std::filesystem::copy(folder_ + "/keys/amis.test/h1.pem", folder_ + "/keys/amis.test/h2.pem");
    date_file(folder_ + "/records/amis.test", 1767225600);  // of the key before, which is a year old
    EXPECT_EQ(StoredKeys(folder_).tend("amis.test", "h3", now).value(), KeyTurn::none);
    const std::string lines = text_of(folder_ + "/records/amis.test");
    EXPECT_TRUE(lines.starts_with("h2._domainkey") && lines.find("\nh1._domainkey") != std::string::npos) << lines;
}

TEST_F(KeysOnDisk, ARestoreThatKeepsNoTimesMakesNoKeyYounger) {
    StoredKeys keys(folder_);
    ASSERT_TRUE(keys.ensure("amis.test", "h20260101"));
    Zone zone;
    zone.add("h20260101._domainkey.amis.test", RecordType::txt, "p=" + p_of("amis.test"));
    EXPECT_NE(sign(keys, zone, "amis.test"), "");
    const std::string key = folder_ + "/keys/amis.test/h20260101.pem";
    const std::string records = folder_ + "/records/amis.test";
    // Restored today, the records a moment before the key.
    date_file(key, now);
    date_file(records, now - 5);
    const long first = 1767225600;  // 2026-01-01
    EXPECT_EQ(StoredKeys(folder_).tend("amis.test", "h3", first + signing_key_seconds - 1).value(), KeyTurn::none);
    EXPECT_GE(std::filesystem::last_write_time(records), std::filesystem::last_write_time(key)) << "else the keys are read at each look";
    EXPECT_EQ(StoredKeys(folder_).tend("amis.test", "h20270101", first + signing_key_seconds).value(), KeyTurn::make_next);
}

TEST_F(KeysOnDisk, RecordsAsOldAsTheirKeyAreNotReadAgain) {
    ASSERT_TRUE(StoredKeys(folder_).ensure("amis.test", "h1"));
    for (const char* file : {"/keys/amis.test/h1.pem", "/records/amis.test"}) {
        date_file(folder_ + file, now);
    }
    std::ofstream(folder_ + "/records/amis.test") << "as it was";
    date_file(folder_ + "/records/amis.test", now);
    EXPECT_EQ(StoredKeys(folder_).tend("amis.test", "h3", now).value(), KeyTurn::none);
    EXPECT_EQ(text_of(folder_ + "/records/amis.test"), "as it was");
}

TEST_F(KeysOnDisk, KeysOfADomainThatLeftGoAfterTheirTime) {
    StoredKeys keys(folder_);
    ASSERT_TRUE(keys.ensure("a.test", "h1"));
    ASSERT_TRUE(keys.ensure("b.test", "h1"));
    const std::string mark = folder_ + "/keys/b.test/left";
    EXPECT_TRUE(keys.forget_others({"a.test"}, now)->empty());
    ASSERT_TRUE(std::filesystem::exists(mark));
    date_file(mark, now - signing_key_left_seconds + 1);
    EXPECT_TRUE(keys.forget_others({"a.test"}, now)->empty());
    // It comes back, whole, and leaves again: its time begins anew.
    EXPECT_TRUE(keys.forget_others({"a.test", "b.test"}, now)->empty());
    EXPECT_FALSE(std::filesystem::exists(mark));
    EXPECT_TRUE(keys.forget_others({"a.test"}, std::time(nullptr))->empty());
    date_file(mark, now - signing_key_left_seconds);
    EXPECT_EQ(keys.forget_others({"a.test"}, now).value(), std::vector<std::string>{"b.test"});
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/keys/b.test"));
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/records/b.test"));
    EXPECT_TRUE(keys.of("b.test").empty());
    EXPECT_TRUE(keys.ensure("b.test", "h2").value()) << "a new key when it comes back after that";
    EXPECT_FALSE(keys.ensure("a.test", "h2").value());
}

TEST_F(KeysOnDisk, WhatWouldBreakOnTheWayIsNotSigned) {
    StoredKeys keys(folder_);
    ASSERT_TRUE(keys.ensure("amis.test", "h1"));
    Zone zone;
    zone.add("h1._domainkey.amis.test", RecordType::txt, "p=" + p_of("amis.test"));
    EXPECT_NE(sign(keys, zone, "amis.test", std::string(998, 'x') + "\r\n"), "");
    EXPECT_EQ(sign(keys, zone, "amis.test", std::string(999, 'x') + "\r\n"), "");
    EXPECT_EQ(sign(keys, zone, "amis.test", "x\r\n", 1'000'000), "") << "a clock that was never set";
    EXPECT_EQ(sign(keys, zone, "nothing.test"), "");
}

} // namespace
} // namespace hameau::milter
