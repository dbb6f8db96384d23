// Checks that hang or crash, what is remembered of a night, and the letter.
#include "provisioning/diagnose/run.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <unistd.h>

#include "daemon/base/clock.hpp"
#include "daemon/contract/diagnosis_texts.hpp"
#include "fake_machine.hpp"
#include "provisioning/diagnose/letter.hpp"
#include "provisioning/diagnose/network.hpp"

namespace hameau::diagnose {
namespace {

using diagnosis::Finding;
using diagnosis::Report;

Verdict good(const Machine&) { return {State::fine, "fine", {{"size", "5"}}}; }
Verdict hangs(const Machine&) {
    for (;;) {
        ::pause();
    }
}
Verdict crashes(const Machine&) { std::abort(); }

TEST(Run, WhatHangsOrCrashesIsNotKnown) {
    const FakeMachine machine;
    const Check checks[] = {{"a.good", good}, {"a.hangs", hangs, std::chrono::milliseconds(200)}, {"a.crashes", crashes}, {"a.last", good}};
    const SystemClock clock;
    const Duration begun = clock.now();
    const auto found = run_checks(machine, checks);
    EXPECT_LT(clock.now() - begun, Duration(3000));
    ASSERT_EQ(found.size(), 4U);
    EXPECT_EQ(found[0].state, State::fine);
    EXPECT_EQ(found[0].code, "a.good.fine");
    EXPECT_EQ(found[0].at, FakeMachine::now);
    EXPECT_EQ(found[0].values, (std::vector<std::pair<std::string, std::string>>{{"size", "5"}}));
    EXPECT_EQ(found[1].state, State::unknown);
    EXPECT_EQ(found[1].code, "any.late");
    EXPECT_EQ(found[2].state, State::unknown);
    EXPECT_EQ(found[2].code, "any.failed");
    EXPECT_EQ(found[3].state, State::fine);
}

TEST(Run, TheBudgetHoldsForAllTogether) {
    const FakeMachine machine;
    const std::vector<Check> checks(20, Check{"a.hangs", hangs, std::chrono::milliseconds(60'000)});
    RunBounds bounds;
    bounds.budget = std::chrono::milliseconds(300);
    const SystemClock clock;
    const Duration begun = clock.now();
    const auto found = run_checks(machine, checks, bounds);
    EXPECT_LT(clock.now() - begun, Duration(3000));
    for (const Finding& finding : found) {
        EXPECT_EQ(finding.code, "any.late");
    }
}

TEST(Report, IsReadAsItWasWritten) {
    Report report;
    report.next = 5;
    report.at = 7;
    report.trouble = "1\tdisk.room";
    report.said = {{"disk.room", State::broken}};
    report.findings = {{"disk.room", State::broken, "disk.room.full", {{"free", "1\t2\n3"}, {"size", "4"}}, 6}};
    const Report read = Report::parse(report.to_text());
    EXPECT_EQ(read.next, 5);
    EXPECT_EQ(read.at, 7);
    EXPECT_EQ(read.trouble, report.trouble);
    EXPECT_EQ(read.said, report.said);
    ASSERT_EQ(read.findings.size(), 1U);
    EXPECT_EQ(read.findings[0].values[0].second, "1 2 3") << "a tab would shift the columns";
    EXPECT_EQ(read.findings[0].at, 6);
    EXPECT_TRUE(report.to_text().starts_with("next\t5\ntrouble\t")) << "hameaud reads the first two lines";
}

TEST(Report, ALongValueIsCutAndItsNameIsNot) {
    const Finding finding{"a.b", State::broken, "a.b.c", {{"x", std::string(2000, 'x')}, {"y", "1"}}, 0};
    const auto read = Report::parse(diagnosis::to_line(finding)).findings.at(0);
    EXPECT_LT(diagnosis::to_line(finding).size(), 600U);
    ASSERT_EQ(read.values.size(), 2U);
    EXPECT_EQ(read.values[1].first, "y");
}

TEST(Report, DamagedLinesAreLeftOut) {
    const Report read = Report::parse("next\nfound\tx\nfound\t\t\t\t\nsaid\tx\nzzz\n\n");
    EXPECT_EQ(read.findings.size(), 1U);
    EXPECT_EQ(read.findings[0].state, State::unknown);
}

Finding finding(const char* id, State state) { return {id, state, std::string(id) + ".x", {}, 0}; }

TEST(Worse, OnlyWhatBecameWorseIsSaid) {
    std::vector<std::pair<std::string, State>> said;
    EXPECT_EQ(worse_since(said, {finding("a", State::attention), finding("b", State::fine), finding("c", State::unknown)}).size(), 1U);
    EXPECT_TRUE(worse_since(said, {finding("a", State::attention), finding("b", State::fine)}).empty()) << "the same again is no news";
    EXPECT_EQ(worse_since(said, {finding("a", State::broken), finding("b", State::fine)}).size(), 1U);
    EXPECT_TRUE(worse_since(said, {finding("a", State::attention), finding("b", State::fine)}).empty()) << "better is no news";
    EXPECT_TRUE(worse_since(said, {finding("a", State::unknown), finding("b", State::unknown)}).empty());
    EXPECT_TRUE(worse_since(said, {finding("a", State::attention), finding("b", State::fine)}).empty()) << "what was known before an unknown is remembered";
    EXPECT_EQ(worse_since(said, {finding("a", State::attention), finding("b", State::broken)}).size(), 1U);
}

TEST(Letter, IsAMessageInTheHousesLanguage) {
    const std::vector<Finding> worse = {{"disk.room", State::broken, "disk.room.full", {{"free", "12"}, {"size", "99"}}, 0}};
    const std::string text = letter_text({"maison.test", "marie@amis.test", 1'800'000'000, 2, false}, worse);
    EXPECT_NE(text.find("To: marie@amis.test\n"), std::string::npos);
    EXPECT_NE(text.find("Message-ID: <diagnosis.1800000000.2@maison.test>\n"), std::string::npos);
    EXPECT_NE(text.find("Date: Fri, 15 Jan 2027 08:00:00 +0000\n"), std::string::npos);
    EXPECT_NE(text.find("Auto-Submitted: auto-generated\n"), std::string::npos);
    for (const char c : text) {
        EXPECT_LT(static_cast<unsigned char>(c), 0x80U) << "the transport of a house may be 7 bit";
    }
}

/// A service that was broken into chooses values; the letter has none of them.
TEST(Letter, SaysNothingThatOthersWrote) {
    const std::vector<Finding> plain = {{"disk.room", State::broken, "disk.room.full", {}, 0}};
    const std::vector<Finding> hostile = {{"disk.room", State::broken, "disk.room.full", {{"free", "call https://evil.example"}, {"size", "now"}}, 0}};
    const LetterHead head{"maison.test", "marie@amis.test", 1'800'000'000, 1, true};
    EXPECT_EQ(letter_text(head, plain), letter_text(head, hostile));
}

TEST(Line, SteersNoTerminal) {
    const Finding finding{"a.b", State::broken, "a.b.c", {{"host", "x\xc2\x9b" "31mEVIL\xe2\x80\xae" "\x1b[0m\xff"}}, 0};
    EXPECT_EQ(diagnosis::to_line(finding), "found\ta.b\tbroken\ta.b.c\t0\thost=x 31mEVIL  [0m ");
}

TEST(Network, ReverseNames) {
    EXPECT_EQ(reverse_name_of("203.0.113.5"), "5.113.0.203.in-addr.arpa");
    EXPECT_EQ(reverse_name_of("2001:db8::567:89ab"), "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    EXPECT_EQ(reverse_name_of("no address"), "");
}

} // namespace
} // namespace hameau::diagnose
