// The uids of external modules follow their names for ever.
#include "daemon/supervisor/uids.hpp"

#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

#include "daemon/base/io.hpp"

namespace hameau::supervisor {
namespace {

TEST(ModuleUids, AddingOneDoesNotMoveAnother) {
    ModuleUids uids;
    const auto guestbook = uids.take("guestbook", 0);
    ASSERT_TRUE(guestbook);
    EXPECT_EQ(*guestbook, 62100U);
    // "album" sorts before it: it used to get guestbook's uid, and with it guestbook's folder.
    EXPECT_EQ(uids.take("album", 0).value(), 62101U);
    EXPECT_EQ(uids.take("guestbook", 0).value(), 62100U);
    EXPECT_EQ(uids.text(), "album 62101\nguestbook 62100\n");
}

TEST(ModuleUids, TakesTheOwnerOfAnExistingFolder) {
    ModuleUids uids;
    EXPECT_EQ(uids.take("zoo", 62107).value(), 62107U);
    EXPECT_EQ(uids.take("two", 62107).value(), 62108U) << "an owner that another name has is not given twice";
    EXPECT_EQ(uids.take("root", 0).value(), 62109U);
    EXPECT_EQ(uids.take("people", 62002).value(), 62110U) << "a built-in module's uid is never given";
}

TEST(ModuleUids, RefusesAFileThatIsNotWhatWasWritten) {
    EXPECT_TRUE(ModuleUids::parse("a 62100\nb 62101\n"));
    for (const char* text : {"a\n", "a x\n", "a 62100\nb 62100\n", "a 62100\na 62101\n", "a 0\n", "a 62002\n", " 62100\n", "a 62100 \n"}) {
        EXPECT_FALSE(ModuleUids::parse(text)) << text;
    }
}

TEST(ModuleUids, EndsWhenTheRangeIsUsedUp) {
    ModuleUids uids;
    EXPECT_EQ(uids.take("last", 62999).value(), 62999U);
    EXPECT_FALSE(uids.take("more", 0));
}

TEST(ModuleUids, AreKeptOnTheDiskAndAfterARemoval) {
    const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("uids-" + new_id());
    std::filesystem::create_directories(folder / "zoo");
    const bool root = ::geteuid() == 0;
    if (root) {
        ASSERT_TRUE(chown_path(folder / "zoo", 62104, 62104));  // a removed module's folder, from before the file
    }
    ASSERT_TRUE(keep_module_uids(folder.string(), {"b"}));
    ASSERT_TRUE(keep_module_uids(folder.string(), {"a"}));  // b is gone: its uid is not free
    const std::string kept = read_file(folder / "uids", 1000).value();
    EXPECT_EQ(kept, root ? "a 62106\nb 62105\nzoo 62104\n" : "a 62101\nb 62100\n");
    ASSERT_TRUE(write_file_atomically(folder / "uids", "broken\n"));
    EXPECT_FALSE(keep_module_uids(folder.string(), {"a"}));
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace hameau::supervisor
