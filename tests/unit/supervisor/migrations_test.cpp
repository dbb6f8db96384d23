// Every database of every module, opened from each schema that it ever had, and killed in the middle of a migration.
#include <csignal>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "daemon/modules.hpp"
#include "daemon/store/database.hpp"
#include "daemon/store/long_work.hpp"

namespace hameau {
namespace {

std::int64_t number_of(Database& database, std::string_view sql) {
    auto query = database.prepare(sql);
    return query.step().value_or(false) ? query.number(0) : -1;
}

class Migrations : public testing::Test {
protected:
    Migrations() : folder_(std::filesystem::temp_directory_path() / ("hameau-migrations-" + new_id())) { std::filesystem::create_directory(folder_); }
    ~Migrations() override { std::filesystem::remove_all(folder_); }
    std::filesystem::path folder_;
};

TEST_F(Migrations, FromEachSchemaToTheNewest) {
    for (const Manifest* manifest : builtin_modules()) {
        for (std::size_t from = 0; from <= manifest->migrations.size(); ++from) {
            const std::string file = folder_ / (std::string(manifest->name) + std::to_string(from) + ".db");
            ASSERT_TRUE(Database::open(file, manifest->migrations.first(from)));
            auto opened = Database::open(file, manifest->migrations);
            ASSERT_TRUE(opened) << manifest->name << " from " << from << ": " << opened.error().message;
            EXPECT_EQ(number_of(*opened, "PRAGMA user_version"), manifest->migrations.back().number);
            EXPECT_EQ(number_of(*opened, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
        }
    }
}

TEST_F(Migrations, ADeathInTheMiddleLeavesTheOldSchemaWhole) {
    for (const Manifest* manifest : builtin_modules()) {
        const std::string file = folder_ / (std::string(manifest->name) + ".db");
        std::vector<std::string> texts;
        std::vector<Migration> steps;
        texts.reserve(manifest->migrations.size());
        // Each migration ends in a statement that never ends: the process is killed there.
        for (const Migration& step : manifest->migrations) {
            texts.push_back(std::string(step.sql) + "; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
            steps.clear();
            for (const Migration& before : manifest->migrations.first(static_cast<std::size_t>(step.number - 1))) {
                steps.push_back(before);
            }
            ASSERT_TRUE(Database::open(file, steps));
            steps.push_back({step.number, texts.back()});
            int ends[2];
            ASSERT_EQ(::pipe(ends), 0);
            const pid_t pid = ::fork();
            ASSERT_GE(pid, 0);
            if (pid == 0) {
                tell_long_work([&ends](const std::string&, std::uint64_t) { (void)write_all(ends[1], "x"); });
                (void)Database::open(file, steps);
                ::_exit(1);
            }
            ::close(ends[1]);
            char byte = 0;
            EXPECT_EQ(::read(ends[0], &byte, 1), 1) << manifest->name;  // it is about to begin
            ::usleep(20000);
            ::kill(pid, SIGKILL);
            int status = 0;
            ::waitpid(pid, &status, 0);
            ::close(ends[0]);
            EXPECT_TRUE(WIFSIGNALED(status)) << manifest->name << ": the migration ended before it could be killed";
            auto opened = Database::open(file, manifest->migrations.first(static_cast<std::size_t>(step.number - 1)));
            ASSERT_TRUE(opened) << manifest->name << " " << step.number << ": " << opened.error().message;
            EXPECT_EQ(number_of(*opened, "PRAGMA user_version"), step.number - 1);
        }
        EXPECT_TRUE(Database::open(file, manifest->migrations));
    }
}

} // namespace
} // namespace hameau
