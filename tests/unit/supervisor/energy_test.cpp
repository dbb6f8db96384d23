// What services used by day: booking, the file, the advice; and the log over a made-up /proc and /sys.
#include <gtest/gtest.h>

#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/contract/energy.hpp"
#include "daemon/contract/limits.hpp"
#include "daemon/supervisor/energy_log.hpp"
#include "daemon/supervisor/limits.hpp"
#include "daemon/supervisor/power.hpp"
#include "daemon/supervisor/processes.hpp"

namespace hameau::supervisor {
namespace {

constexpr std::int64_t hour = 3600 * 1000;
constexpr std::int64_t day_ms = 24 * hour;
constexpr std::int64_t monday = 20787 * day_ms;  // 2026-11-30

TEST(Energy, WhatWasUsedOverMidnightIsBookedByTheShareOfTime) {
    energy::Book book;
    energy::add(book, {monday - hour, monday + 3 * hour}, "gate", {4000, 401, 0, 0});
    ASSERT_EQ(book.days.size(), 2U);
    EXPECT_EQ(book.days[0].services["gate"], (energy::Use{1000, 100, 0, 0}));
    EXPECT_EQ(book.days[1].services["gate"], (energy::Use{3000, 301, 0, 0}));
}

TEST(Energy, AClockThatJumpedYearsAheadOpensNoThousandDays) {
    energy::Book book;
    energy::add(book, {0, monday}, "gate", {1000, 0, 0, 0});
    energy::add_seen(book, {0, monday});
    EXPECT_LE(book.days.size(), energy::days_max + 1);
}

TEST(Energy, TheTextIsReadBackAndWhatIsNoneOfItsLinesIsPassedOver) {
    energy::Book book;
    book.source = energy::Source::processor;
    energy::add(book, {monday, monday + hour}, "gate", {1, 2, 3, 4});
    energy::add_seen(book, {monday, monday + hour});
    energy::add_network(book, {monday, monday + hour}, 5, 6);
    energy::add_energy(book, {monday, monday + hour}, 7);
    const std::string text = energy::text_of(book, 20787);
    EXPECT_EQ(text, "source\tprocessor\nday\t2026-11-30\t3600000\t5\t6\t7\t3600000\nuse\tgate\t1\t2\t3\t4\n");
    energy::Book again = energy::book_in("use\tgate\t9\t9\t9\t9\nday\t2026-13-01\t1\t1\t1\t1\t1\nuse\tx\t1\t1\t1\t1\n" + text + "use\t<b>\t1\t1\t1\t1\nday\tx\n\t\n");
    EXPECT_EQ(energy::text_of(again, 20787), text);
}

TEST(Energy, TheTextIsBoundedInDaysAndBytesAndWhatLiesAheadGoesFirst) {
    energy::Book book;
    for (std::int64_t day = 0; day < 60; ++day) {
        energy::add(book, {monday - day * day_ms, monday - day * day_ms}, "gate", {1, 1, 1, 1});
    }
    energy::add(book, {monday + 9999 * day_ms, monday + 9999 * day_ms}, "gate", {1, 1, 1, 1});
    (void)energy::text_of(book, 20787);
    ASSERT_EQ(book.days.size(), energy::days_max);
    EXPECT_EQ(book.days.back().number, 20787);
    for (std::int64_t day = 0; day < 35; ++day) {
        for (int i = 0; i < 200; ++i) {
            energy::add(book, {monday - day * day_ms, monday - day * day_ms}, "module-" + std::to_string(i), {1ULL << 60, 1ULL << 60, 1ULL << 60, 1ULL << 60});
        }
        EXPECT_LE(book.day(20787 - day).services.size(), energy::names_max + 1);
    }
    const std::string text = energy::text_of(book, 20787);
    EXPECT_LE(text.size(), energy::text_bytes_max);
    EXPECT_LE(text.size(), answer_text_max);
    EXPECT_EQ(book.days.back().number, 20787);
}

std::vector<std::string> codes_of(const energy::Book& book, const std::vector<std::string>& awake = {}, bool watts = true) {
    std::vector<std::string> out;
    for (const energy::Advice& one : energy::advice_of(book, 20787, awake, watts)) {
        out.push_back(one.code + (one.service.empty() ? "" : " " + one.service));
    }
    return out;
}

TEST(Energy, AdviceNamesWhatDecides) {
    using Codes = std::vector<std::string>;
    energy::Book book;
    energy::add_seen(book, {monday, monday + 2 * hour});
    EXPECT_EQ(codes_of(book), Codes{}) << "two hours say nothing";
    energy::add_seen(book, {monday, monday + 10 * hour});
    energy::add(book, {monday, monday + 10 * hour}, "gate", {36'000, 50, 0, 0});
    EXPECT_EQ(codes_of(book), Codes{"machine"});
    EXPECT_EQ(codes_of(book, {"pads"}, false), (Codes{"machine", "awake pads", "meter"}));
    energy::add(book, {monday, monday + 10 * hour}, "dovecot", {12 * 3'600'000, 12 * 2000, 0, 2'000'000'000});
    EXPECT_EQ(codes_of(book), (Codes{"service dovecot", "wakes dovecot", "writes dovecot"}));
    energy::Book old;
    energy::add_seen(old, {monday - 20 * day_ms, monday - 19 * day_ms});
    EXPECT_EQ(codes_of(old, {"pads"}), Codes{}) << "three weeks ago is no habit of now";
}

class Machine : public ::testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/hameau-energy-XXXXXX";
        folder_ = ::mkdtemp(name);
        put("proc/net/dev", "head\nhead\n    lo: 9 0 0 0 0 0 0 0 9 0\n  eth0: 1000 0 0 0 0 0 0 0 500 0\n docker0: 7 0 0 0 0 0 0 0 7 0\n");
        std::filesystem::create_directories(folder_ + "/sys/class/net/eth0/device");
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    void put(const std::string& file, const std::string& text) {
        std::filesystem::create_directories(std::filesystem::path(folder_ + "/" + file).parent_path());
        std::ofstream(folder_ + "/" + file) << text;
    }
    /// cpu in ticks of 10 ms; `io` false: another user's process.
    void process(pid_t pid, pid_t parent, int ticks, int wakeups, int written, bool io = true) {
        const std::string at = "proc/" + std::to_string(pid);
        put(at + "/status", "Name:\tx\nPPid:\t" + std::to_string(parent) + "\n");
        put(at + "/stat", std::to_string(pid) + " (a) b) S 1 1 1 0 -1 0 0 0 0 0 " + std::to_string(ticks) + " 0 0 0 20 0\n");
        put(at + "/task/" + std::to_string(pid) + "/status", "Name:\tx\nvoluntary_ctxt_switches:\t" + std::to_string(wakeups) + "\n");
        std::filesystem::remove(folder_ + "/" + at + "/io");
        if (io) {
            put(at + "/io", "rchar: 1\nread_bytes: 0\nwrite_bytes: " + std::to_string(written) + "\n");
        }
    }
    EnergyLog log() const { return EnergyLog(folder_ + "/energy", folder_ + "/proc", folder_ + "/sys"); }
    EnergyLog::Moment at(std::int64_t ms) const { return {Duration(5'000'000 + ms), monday + 10 * hour + ms}; }
    static energy::Use today(EnergyLog& log, const EnergyLog::Moment& at, const std::string& name) {
        energy::Book book = energy::book_in(log.text(at));
        return book.day(20787).services[name];
    }
    std::string folder_;
};

TEST_F(Machine, ATreeOfProcessesIsCountedAndNothingTwice) {
    process(10, 1, 100, 50, 4096);
    process(11, 10, 100, 50, 4096);
    EnergyLog log = this->log();
    (void)log.look(at(0), {{"dovecot", 10}}, {});
    (void)log.look(at(hour), {{"dovecot", 10}}, {7, 7, 0, 0});
    EXPECT_EQ(today(log, at(hour), "dovecot"), (energy::Use{2000, 100, 0, 8192}));
    EXPECT_EQ(today(log, at(hour), "hameaud"), (energy::Use{7, 7, 0, 0}));
    // The child ends: its wake-ups are gone from /proc, and come back with the end of all (wait4 counts them).
    std::filesystem::remove_all(folder_ + "/proc/11");
    process(10, 1, 200, 60, 8192);
    (void)log.look(at(2 * hour), {{"dovecot", 10}}, {7, 7, 0, 0});
    log.ended(at(2 * hour + 1), "dovecot", 10, {2500, 130, 0, 12288});
    EXPECT_EQ(today(log, at(2 * hour + 1), "dovecot"), (energy::Use{2500, 130, 0, 12288}));
    // The next process of the same name begins at nothing.
    process(12, 1, 10, 1, 0);
    (void)log.look(at(3 * hour + 1), {{"dovecot", 12}}, {7, 7, 0, 0});
    EXPECT_EQ(today(log, at(3 * hour + 1), "dovecot"), (energy::Use{2600, 131, 0, 12288}));
}

TEST_F(Machine, BytesThatOnlyTheProcessKnowsAreAskedForOnceADayAndBookedOnce) {
    process(10, 1, 100, 50, 0, false);
    EnergyLog log = this->log();
    (void)log.look(at(0), {{"gate", 10}}, {});
    EXPECT_FALSE(log.look(at(hour), {{"gate", 10}}, {})) << "asked on the day of the start already";
    EXPECT_TRUE(log.look(at(day_ms), {{"gate", 10}}, {}));
    EXPECT_FALSE(log.look(at(day_ms + hour), {{"gate", 10}}, {}));
    log.reported(at(day_ms + hour), "gate", 10, 0, 25'000);
    energy::Book book = energy::book_in(log.text(at(day_ms + hour)));
    // 14 of 25 hours were of the first day.
    EXPECT_EQ(book.day(20787).services["gate"].written_bytes, 14'000U);
    EXPECT_EQ(book.day(20788).services["gate"].written_bytes, 11'000U);
    log.ended(at(day_ms + hour), "gate", 10, {1000, 50, 0, 26'000});
    book = energy::book_in(log.text(at(day_ms + hour)));
    EXPECT_EQ(book.day(20787).services["gate"].written_bytes + book.day(20788).services["gate"].written_bytes, 26'000U);
    EXPECT_EQ(book.day(20787).services["gate"].cpu_ms + book.day(20788).services["gate"].cpu_ms, 1000U);
}

TEST_F(Machine, WhatAProcessSaysOfItselfIsNotCountedAgainByThoseWhoReadIt) {
    process(10, 1, 100, 50, 10'000);
    EnergyLog log = this->log();
    (void)log.look(at(0), {{"sites", 10}}, {});
    EXPECT_EQ(today(log, at(0), "sites").written_bytes, 10'000U);
    log.reported(at(1), "sites", 10, 0, 8'000);  // without its helpers
    (void)log.look(at(hour), {{"sites", 10}}, {});
    EXPECT_EQ(today(log, at(hour), "sites").written_bytes, 10'000U);
}

TEST_F(Machine, AClockThatIsNotSetOpensNoDay) {
    EnergyLog log = this->log();
    (void)log.look({Duration(1), 1000}, {}, {});
    log.ended({Duration(2), 1001}, "pads", 5, {10, 10, 10, 10});
    ASSERT_TRUE(log.save({Duration(3), 1002}));
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/energy"));
}

TEST_F(Machine, TheNetworkIsThatOfTheDevicesAndTheFileIsReadAgain) {
    EnergyLog log = this->log();
    (void)log.look(at(0), {}, {});
    put("proc/net/dev", "  eth0: 4000 0 0 0 0 0 0 0 900 0\n docker0: 999 0 0 0 0 0 0 0 999 0\n");
    (void)log.look(at(hour), {}, {});
    ASSERT_TRUE(log.save(at(hour)));
    struct stat facts {};
    ASSERT_EQ(::stat((folder_ + "/energy").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
    EnergyLog again = this->log();
    energy::Book book = energy::book_in(again.text(at(hour)));
    EXPECT_EQ(book.day(20787).received_bytes, 3000U);
    EXPECT_EQ(book.day(20787).sent_bytes, 400U);
    EXPECT_EQ(book.day(20787).seen_ms, static_cast<std::uint64_t>(hour));
}

TEST_F(Machine, WattsComeFromTheBoardElseFromTheProcessorAndNeverFromAPart) {
    const auto source = [this] { return PowerMeter(folder_ + "/sys").source(); };
    EXPECT_EQ(source(), energy::Source::none);
    put("sys/class/hwmon/hwmon0/name", "amdgpu\n");
    put("sys/class/hwmon/hwmon0/power1_average", "9000000\n");
    EXPECT_EQ(source(), energy::Source::none) << "a graphics card";
    put("sys/class/powercap/intel-rapl:0/name", "package-0\n");
    put("sys/class/powercap/intel-rapl:0/energy_uj", "900\n");
    put("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850\n");
    put("sys/class/powercap/intel-rapl:0:0/name", "core\n");
    put("sys/class/powercap/intel-rapl:0:0/energy_uj", "900\n");
    put("sys/class/powercap/intel-rapl:0:0/max_energy_range_uj", "262143328850\n");
    EXPECT_EQ(source(), energy::Source::processor);
    put("sys/class/hwmon/hwmon1/name", "ina226\n");
    put("sys/class/hwmon/hwmon1/power1_input", "4000000\n");
    EXPECT_EQ(source(), energy::Source::machine);
    put("sys/class/hwmon/hwmon2/name", "ina226\n");
    put("sys/class/hwmon/hwmon2/power1_input", "1000000\n");
    EXPECT_EQ(source(), energy::Source::processor) << "two monitors: of which parts?";
}

TEST_F(Machine, ACounterOfEnergyRunsOverOnceAndIsNotBelievedWhenItMayHaveTwice) {
    put("sys/class/powercap/intel-rapl:0/name", "package-0\n");
    put("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850\n");
    put("sys/class/powercap/intel-rapl:0/energy_uj", "262143000000\n");
    PowerMeter meter(folder_ + "/sys");
    EXPECT_FALSE(meter.millijoules(Duration(0))) << "the first reading";
    put("sys/class/powercap/intel-rapl:0/energy_uj", "1000000000\n");
    EXPECT_EQ(meter.millijoules(std::chrono::minutes(5)), 1'000'328U);
    put("sys/class/powercap/intel-rapl:0/energy_uj", "2000000000\n");
    EXPECT_FALSE(meter.millijoules(std::chrono::minutes(20)));
    put("sys/class/powercap/intel-rapl:0/energy_uj", "3000000000\n");
    EXPECT_EQ(meter.millijoules(std::chrono::minutes(5)), 1'000'000U);
}

TEST_F(Machine, ASensorThatIsWrongAddsNoGigawatts) {
    put("sys/class/hwmon/hwmon1/name", "power_meter\n");
    put("sys/class/hwmon/hwmon1/power1_average", "18446744073709551615\n");
    PowerMeter meter(folder_ + "/sys");
    EXPECT_FALSE(meter.millijoules(std::chrono::minutes(5)));
    EXPECT_EQ(meter.millijoules(Duration(1000)), power_watts_max * 1000);
    EXPECT_FALSE(meter.millijoules(std::chrono::minutes(16)));
}

/// The real kernel: a child that works and writes is told by /proc while it lives, and by wait4 when it has ended.
TEST(Energy, TheKernelsFiguresAreReadAsWeThink) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        // By its own processor time: the machine may be busy.
        const std::clock_t begin = std::clock();
        while (std::clock() - begin < CLOCKS_PER_SEC / 10) {
        }
        for (int i = 0; i < 20; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        (void)!::write(ends[1], "x", 1);
        for (;;) {
            ::pause();
        }
    }
    char done = 0;
    ASSERT_EQ(::read(ends[0], &done, 1), 1);
    ::close(ends[0]);
    ::close(ends[1]);
    const TreeUse alive = use_of(parents_of_all(), child);
    EXPECT_GE(alive.use.cpu_ms, 80U) << "in ticks of 10 ms, user and system apart";
    EXPECT_GE(alive.use.wakeups, 20U);
    ::kill(child, SIGKILL);
    rusage spent{};
    int status = 0;
    ASSERT_EQ(::wait4(child, &status, 0, &spent), child);
    const energy::Use whole = use_of(spent);
    EXPECT_GE(whole.cpu_ms + 20, alive.use.cpu_ms);
    EXPECT_GE(whole.wakeups, alive.use.wakeups);
}

} // namespace
} // namespace hameau::supervisor
