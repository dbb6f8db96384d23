// The stream of parts: what is written is read back however it is cut into pieces, and nothing else is taken for it.
#include <gtest/gtest.h>

#include "daemon/base/tar_format.hpp"
#include "daemon/contract/parts.hpp"

namespace hameau {
namespace {

struct Notes final : PartSink {
    Status begin(const Part& part) override {
        text += "<" + part.path + " " + std::to_string(part.size_bytes) + " " + std::to_string(part.mtime_s) + ":";
        return {};
    }
    Status content(std::string_view bytes) override {
        text += bytes;
        return {};
    }
    Status end() override {
        text += ">";
        return {};
    }
    std::string text;
};

TEST(Parts, AreReadBackHoweverTheyAreCut) {
    const std::string stream = whole_part("a/é b.txt", "one\nEND\n", 7) + whole_part("empty", "", -1) + std::string(parts_end);
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        Notes notes;
        PartReader reader;
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            EXPECT_FALSE(reader.ended());
            ASSERT_TRUE(reader.feed(std::string_view(stream).substr(at, piece), notes));
        }
        EXPECT_TRUE(reader.ended());
        EXPECT_EQ(notes.text, "<a/é b.txt 8 7:one\nEND\n><empty 0 -1:>");
    }
}

TEST(Parts, NothingElseIsTakenForThem) {
    for (const std::string bad : {"x\n", "1 2\n", "-1 0 a\n", "1 0 ../a\n", "1 0 /a\n", "1 0 a//b\n", "1 0 a/.\n", "1  a\n", "99999999999 0 a\n", "1 0 \x01\n", "END\nmore"}) {
        Notes notes;
        PartReader reader;
        EXPECT_FALSE(reader.feed(bad, notes)) << bad;
    }
    Notes notes;
    PartReader reader;
    EXPECT_FALSE(reader.feed(std::string(10000, 'x'), notes)) << "a line without an end";
}

TEST(Parts, PathsThatClimbOrHideAreNone) {
    for (const std::string_view good : {"a", "a/b c/é", "Maildir/.Sent/cur/1.M2P3.h,S=1:2,FS", "a\\b"}) {
        EXPECT_TRUE(is_part_path(good)) << good;
    }
    for (const std::string_view bad : {"", "/a", "a/", "a//b", ".", "..", "a/../b", "a\nb", "a\x7f", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "a\xc2\x85"}) {
        EXPECT_FALSE(is_part_path(bad)) << bad;
    }
    EXPECT_FALSE(is_part_path(std::string(part_path_bytes_max + 1, 'a')));
    EXPECT_FALSE(is_part_path(std::string(256, 'a')));
}

TEST(TarHeader, ALongNameHasAHeaderOfItsOwn) {
    EXPECT_EQ(tar_header("short", 5, 0).size(), 512u);
    const std::string name = "é/" + std::string(200, 'x');
    const std::string header = tar_header(name, 5, 0);
    EXPECT_EQ(header.size(), 3 * 512u);
    EXPECT_NE(header.find(" path=" + name + "\n"), std::string::npos);
    EXPECT_EQ(tar_padding(1), 511u);
    EXPECT_EQ(tar_padding(1024), 0u);
}

} // namespace
} // namespace hameau
