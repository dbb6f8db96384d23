// LogSink: bounds in bytes and in time while a service writes on, and lines for systemd's journal.
#include <filesystem>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "daemon/supervisor/logs.hpp"

namespace hameau::supervisor {
namespace {

constexpr std::int64_t day_ms = 24 * 3600 * 1000;

class Logs : public testing::Test {
protected:
    Logs() : folder_(std::filesystem::temp_directory_path() / ("hameau-logs-" + new_id())) { std::filesystem::create_directory(folder_); }
    ~Logs() override { std::filesystem::remove_all(folder_); }
    LogSink sink(std::uint64_t bytes, std::int64_t age_ms = 0, bool journal = false) {
        LogSink made(folder_.string(), "pads", LogBounds{bytes, age_ms}, journal);
        EXPECT_TRUE(made.open(0));
        return made;
    }
    static void say(LogSink& log, std::string_view text) {
        ASSERT_TRUE(write_all(log.writer(), text));
        while (log.take()) {
        }
    }
    std::string text(const char* name) const { return read_file(folder_ / name, 1 << 24).value_or(""); }
    std::uint64_t bytes_in_folder() const {
        std::uint64_t sum = 0;
        for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
            sum += entry.file_size();
        }
        return sum;
    }

    std::filesystem::path folder_;
};

TEST_F(Logs, AServiceThatWritesWithoutEndStaysBelowTheBound) {
    LogSink log = sink(300'000);
    const std::string part(9'999, 'x');
    for (int i = 0; i < 500; ++i) {
        say(log, part + "\n");
        ASSERT_LE(bytes_in_folder(), 300'000u) << i;
    }
    say(log, "the last word\n");
    EXPECT_TRUE(text("pads.log").ends_with("the last word\n")) << "the newest lines stay";
    EXPECT_GT(text("pads.log.1").size(), 100'000u) << "and some before them";
}

TEST_F(Logs, TheBoundCountsWhatAHouseOfBeforeLeft) {
    ASSERT_TRUE(write_file_atomically(folder_ / "pads.log", std::string(250'000, 'o'), 0640));
    LogSink log = sink(300'000);
    say(log, "new\n");
    EXPECT_EQ(text("pads.log"), "new\n");
    EXPECT_EQ(text("pads.log.1").size(), 250'000u);
}

TEST_F(Logs, OldLinesGoAfterTheirDays) {
    LogSink log = sink(300'000, 30 * day_ms);
    say(log, "first\n");
    log.age(now_ms() + 14 * day_ms);
    EXPECT_EQ(text("pads.log"), "first\n");
    log.age(now_ms() + 16 * day_ms);
    EXPECT_EQ(text("pads.log"), "");
    EXPECT_EQ(text("pads.log.1"), "first\n") << "half of the time has gone";
    log.age(now_ms() + 16 * day_ms);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "pads.log.1")) << "nothing was said since";
    say(log, "second\n");
    EXPECT_EQ(text("pads.log"), "second\n");
}

TEST_F(Logs, TheJournalGetsWholeLinesWithTheirService) {
    LogSink log = sink(300'000, 0, true);
    const std::string path = folder_ / "stderr";
    const Fd kept(::dup(STDERR_FILENO));
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    ASSERT_GE(::dup2(file.get(), STDERR_FILENO), 0);
    say(log, "<6>pads module.ready\nhalf of ");
    say(log, "a line\n<4>other says\n");
    struct stat facts {};
    ASSERT_EQ(::fstat(STDERR_FILENO, &facts), 0);
    const std::string mine = std::to_string(facts.st_dev) + ":" + std::to_string(facts.st_ino);
    ::setenv("JOURNAL_STREAM", mine.c_str(), 1);
    const bool journal = is_journal_stream();
    ::setenv("JOURNAL_STREAM", "1:2", 1);
    const bool other = is_journal_stream();
    ::unsetenv("JOURNAL_STREAM");
    ::dup2(kept.get(), STDERR_FILENO);
    EXPECT_EQ(text("stderr"), "<6>pads module.ready\npads: half of a line\npads: <4>other says\n");
    EXPECT_FALSE(std::filesystem::exists(folder_ / "pads.log"));
    EXPECT_TRUE(journal);
    EXPECT_FALSE(other);
}

} // namespace
} // namespace hameau::supervisor
