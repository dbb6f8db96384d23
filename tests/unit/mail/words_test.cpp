// The word list: whose it is, how much one mailbox teaches, when it may judge; and bogofilter itself, where it is installed.
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "modules/mail/words/limits.hpp"
#include "modules/mail/words/lists.hpp"

namespace hameau::words {
namespace {

namespace fs = std::filesystem;

const std::string id(26, 'a');
const std::string other(26, 'b');
constexpr long now = 1'800'000'000;

TEST(WordLists, TheDomainOfAMailboxNamesItsList) {
    const std::string names = "amis.test " + id + "\njardin.test " + other + "\nbad.test ../../etc\n";
    EXPECT_EQ(list_of(names, "marie@amis.test"), id);
    EXPECT_EQ(list_of(names, "rose@Jardin.test"), other);
    for (const char* nobody : {"marie", "marie@", "marie@is.test", "marie@amis.test.bzh", "x@bad.test", "amis.test"}) {
        EXPECT_FALSE(list_of(names, nobody)) << nobody;
    }
}

TEST(WordLists, OneMailboxTeachesSoMuchADay) {
    EXPECT_EQ(count_lesson("", 10), "10 1");
    EXPECT_EQ(count_lesson("rubbish", 10), "10 1");
    EXPECT_EQ(count_lesson("10 7", 10), "10 8");
    EXPECT_EQ(count_lesson("9 200", 10), "10 1");
    EXPECT_EQ(count_lesson("11 200", 10), "10 1") << "a clock that was wrong";
    EXPECT_EQ(count_lesson("10 199", 10), "10 200");
    EXPECT_FALSE(count_lesson("10 200", 10));
}

TEST(WordLists, TooFewMessagesJudgeNothing) {
    const std::string head = "                                 spam   good\n.MSG_COUNT   ";
    EXPECT_TRUE(is_ready(head + "     20     20\n"));
    EXPECT_FALSE(is_ready(head + "   5000     19\n")) << "whoever only knows spam calls everything spam";
    EXPECT_FALSE(is_ready(head + "     19   5000\n"));
    EXPECT_FALSE(is_ready(head + "20\n"));
    EXPECT_FALSE(is_ready(""));
}

class Lists : public testing::Test {
protected:
    Lists() : folder_(fs::temp_directory_path() / ("words-" + new_id())) { fs::create_directories(folder_ / "words"); }
    ~Lists() override { fs::remove_all(folder_); }
    WordList list(const std::string& tools = "/usr/bin") { return WordList((folder_ / "words").string(), id, tools); }
    std::string counter() { return (folder_ / "lessons").string(); }
    fs::path place() { return folder_ / "words" / id; }

    fs::path folder_;
};

TEST_F(Lists, WithoutBogofilterNobodyKnowsAndNothingIsLost) {
    EXPECT_FALSE(list("/nowhere").judge("Subject: x\n\nx\n").value()) << "not ready";
    fs::create_directories(place());
    std::ofstream(place() / "ready");
    std::ofstream(place() / "wordlist.db") << "as it was";
    EXPECT_FALSE(list("/nowhere").judge("Subject: x\n\nx\n"));
    EXPECT_FALSE(list("/nowhere").learn("Subject: x\n\nx\n", Kind::spam, counter(), now));
    EXPECT_EQ(*read_file(place() / "wordlist.db", 64), "as it was");
    EXPECT_FALSE(fs::exists(place() / "next")) << "what was begun is taken away";
    EXPECT_FALSE(fs::exists(counter())) << "what was not learnt does not count";
}

TEST_F(Lists, ListsOfNobodyGoAfterTheirTime) {
    for (const std::string& name : {id, other, std::string("kept")}) {
        fs::create_directories(folder_ / "words" / name);
    }
    const std::string names = "amis.test " + id + "\n";
    list().remove_orphans(names, static_cast<long>(std::time(nullptr)));
    EXPECT_TRUE(fs::exists(folder_ / "words" / other)) << "its association may come out of the bin";
    list().remove_orphans(names, static_cast<long>(std::time(nullptr)) + orphan_seconds + 10);
    EXPECT_FALSE(fs::exists(folder_ / "words" / other));
    EXPECT_TRUE(fs::exists(place()));
    EXPECT_TRUE(fs::exists(folder_ / "words/kept")) << "not ours";
}

TEST_F(Lists, ItLearnsAndForgets) {
    if (::access("/usr/bin/bogofilter-sqlite", X_OK) != 0) {
        GTEST_SKIP() << "bogofilter-sqlite is not installed";
    }
    const std::string spam = "From: a@x.test\nSubject: gagnez\n\ngagnez de l'argent facile, promotion, casino\n";
    const std::string ham = "From: b@x.test\nSubject: jardin\n\nla réunion du jardin partagé est lundi, apportez des graines\n";
    for (int i = 0; i < 20; ++i) {
        EXPECT_FALSE(list().judge(spam).value());
        ASSERT_TRUE(list().learn(spam, Kind::spam, counter(), now));
        ASSERT_TRUE(list().learn(ham, Kind::ham, counter(), now));
    }
    EXPECT_TRUE(list().judge(spam).value());
    EXPECT_FALSE(list().judge(ham).value());
    EXPECT_FALSE(WordList((folder_ / "words").string(), other).judge(spam).value()) << "another association's list knows nothing of it";
    EXPECT_TRUE(list().judge(spam + std::string(3 * looked_octets_max, 'x')).value()) << "what lies behind the bound is not looked at";
    // A list that broke: nobody knows, the next lesson is lost and puts the list aside, and the one behind it begins anew.
    ASSERT_TRUE(write_file_atomically(place() / "wordlist.db", "broken"));
    EXPECT_FALSE(list().judge(spam));
    EXPECT_FALSE(list().learn(spam, Kind::spam, counter(), now));
    EXPECT_EQ(*read_file(place() / "wordlist.broken", 64), "broken");
    EXPECT_TRUE(list().learn(spam, Kind::spam, counter(), now));
    EXPECT_FALSE(list().judge(spam).value()) << "one message is too little";
}

} // namespace
} // namespace hameau::words
