// Packing a folder for `hameau site deploy` and `apply`: names under every locale, and what is no file.
#include <archive.h>
#include <archive_entry.h>
#include <clocale>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/cli/site_folder.hpp"
#include "daemon/cli/site_source.hpp"

namespace hameau::cli {

namespace {

namespace fs = std::filesystem;

class SiteSource : public testing::Test {
protected:
    SiteSource() : folder_(fs::temp_directory_path() / ("site-source-" + std::to_string(::getpid()))) {
        fs::remove_all(folder_);
        fs::create_directories(folder_ / "site");
        put("index.html", "<h1>Bonjour</h1>");
    }
    ~SiteSource() override { fs::remove_all(folder_); }
    fs::path site() const { return folder_ / "site"; }
    void put(const std::string& name, const std::string& text) {
        fs::create_directories((site() / name).parent_path());
        std::ofstream(site() / name, std::ios::binary) << text;
    }
    /// What a house with UTF-8 reads.
    static std::map<std::string, std::string> unpacked(const PackedSource& packed) {
        std::setlocale(LC_ALL, "C.UTF-8");
        std::map<std::string, std::string> files;
        struct archive* reader = archive_read_new();
        archive_read_support_format_tar(reader);
        EXPECT_EQ(archive_read_open_fd(reader, packed.fd.get(), 65536), ARCHIVE_OK);
        struct archive_entry* entry = nullptr;
        while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
            std::string text(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
            EXPECT_EQ(archive_read_data(reader, text.data(), text.size()), static_cast<la_ssize_t>(text.size()));
            files[archive_entry_pathname(entry)] = text;
        }
        archive_read_free(reader);
        return files;
    }
    static bool noted(const PackedSource& packed, const std::string& part) {
        for (const std::string& note : packed.notes) {
            if (note.find(part) != std::string::npos) {
                return true;
            }
        }
        return false;
    }

    fs::path folder_;
};

TEST_F(SiteSource, NamesAreTheSameUnderEveryLocale) {
    const std::string nfd = "re\xcc\x81sume\xcc\x81.html";
    const std::string nfc = "r\xc3\xa9sum\xc3\xa9.html";  // what libarchive reads, as the house does
    const std::string long_name = std::string(120, 'x') + "/\xc3\xa9t\xc3\xa9.html";
    for (const std::string& name : {std::string("\xc3\xa9t\xc3\xa9 2026/photo d'ao\xc3\xbbt.jpg"), nfd, std::string("\xf0\x9f\x8f\xa1.html"), long_name}) {
        put(name, name);
    }
    std::string hash;
    for (const char* locale : {"C", "POSIX", "C.UTF-8", "fr_FR.ISO-8859-1", ""}) {
        std::setlocale(LC_ALL, locale);  // a locale that is not installed leaves the one before
        const auto packed = pack_source(site().string());
        ASSERT_TRUE(packed) << locale << ": " << packed.error().message;
        EXPECT_TRUE(hash.empty() || hash == packed->hash) << locale;
        hash = packed->hash;
        const auto files = unpacked(*packed);
        EXPECT_EQ(files.size(), 5U) << locale;
        EXPECT_EQ(files.count(nfc), 1U) << locale;
        EXPECT_EQ(files.count("\xf0\x9f\x8f\xa1.html"), 1U) << locale;
        EXPECT_EQ(files.count(long_name), 1U) << locale;
        EXPECT_TRUE(packed->notes.empty());
    }
}

TEST_F(SiteSource, WhatTheHouseHasIsOnTheListAndTheRestBehindIt) {
    put("a.txt", "same");
    put("b/c.txt", "same");
    put("index.html", "new");
    put("Line\nfeed.txt", "same");
    auto folder = sum_folder(site().string());
    ASSERT_TRUE(folder) << folder.error().message;
    ASSERT_EQ(folder->files.size(), 4U);
    // BLAKE2b with 32 bytes over "same" (python3: hashlib.blake2b(b"same", digest_size=32)).
    const std::string same = "30f3a3122152dccc100379df1e6897267f5d80719588118ab538eaf77383a696";
    const auto of = [&](const std::string& name) {
        return *std::find_if(folder->files.begin(), folder->files.end(), [&](const SummedFile& file) { return file.file.name == name; });
    };
    EXPECT_EQ(of("a.txt").hash, of("b/c.txt").hash);
    EXPECT_EQ(of("a.txt").hash, same);
    const auto packed = pack_missing(*folder, {of("index.html").hash});
    ASSERT_TRUE(packed) << packed.error().message;
    const auto files = unpacked(*packed);
    EXPECT_EQ(files.count("index.html"), 1U);
    EXPECT_EQ(files.count("a.txt"), 0U);
    EXPECT_EQ(files.count("Line\nfeed.txt"), 1U) << "no line can hold it: the house judges its name";
    ASSERT_EQ(files.count(".hameau-kept"), 1U);
    const std::string& list = files.at(".hameau-kept");
    EXPECT_NE(list.find(of("a.txt").hash + " " + std::to_string(of("a.txt").mtime_s) + " a.txt\n"), std::string::npos) << list;
    EXPECT_NE(list.find(" b/c.txt\n"), std::string::npos) << list;
    EXPECT_EQ(list.find("feed"), std::string::npos) << list;
    // A file that is another one by now is not sent under the former sum.
    put("index.html", "NEW");
    EXPECT_FALSE(pack_missing(*folder, {of("index.html").hash}));
}

TEST_F(SiteSource, ANameThatIsNotUtf8IsNamedAndLeftAside) {
    put("\xe9t\xe9.html", "latin 1");
    const auto packed = pack_source(site().string());
    ASSERT_TRUE(packed);
    EXPECT_EQ(unpacked(*packed).size(), 1U);
    EXPECT_TRUE(noted(*packed, "\\xe9t\\xe9.html: left aside, its name is not UTF-8"));
}

TEST_F(SiteSource, WhatIsNoFileIsLeftAsideAndNeverWaitedFor) {
    ASSERT_EQ(::mkfifo((site() / "pipe").c_str(), 0600), 0);
    fs::create_symlink("nowhere", site() / "broken");
    fs::create_symlink("pipe", site() / "to-the-pipe");
    const auto packed = pack_source(site().string());
    ASSERT_TRUE(packed);
    EXPECT_EQ(unpacked(*packed).size(), 1U);
    EXPECT_TRUE(noted(*packed, "pipe: left aside, it is not a file"));
    EXPECT_TRUE(noted(*packed, "broken: left aside, it is a link that leads nowhere"));
    EXPECT_TRUE(noted(*packed, "to-the-pipe: left aside"));
    const auto pipe = pack_source((site() / "pipe").string());
    ASSERT_FALSE(pipe);
    EXPECT_NE(pipe.error().message.find("is not a file"), std::string::npos);
}

TEST_F(SiteSource, LinksInsideAreFollowedAndLinksOutAreRefused) {
    put("photos/a.txt", "a");
    fs::create_symlink("photos/a.txt", site() / "b.txt");
    fs::create_directory_symlink("photos", site() / "again");
    fs::create_directory_symlink(".", site() / "photos" / "circle");
    auto packed = pack_source(site().string());
    ASSERT_TRUE(packed);
    const auto files = unpacked(*packed);
    EXPECT_EQ(files.size(), 3U);
    EXPECT_EQ(files.at("b.txt"), "a");
    EXPECT_TRUE(noted(*packed, "again: left aside, it is a link to a folder"));
    std::ofstream(folder_ / "secret") << "secret";
    fs::create_symlink("../secret", site() / "leak");
    packed = pack_source(site().string());
    ASSERT_FALSE(packed);
    EXPECT_EQ(packed.error().kind, ErrorKind::invalid);
    EXPECT_NE(packed.error().message.find("outside of the folder"), std::string::npos);
}

TEST_F(SiteSource, LeftOversInEverySpelling) {
    for (const char* name : {".DS_Store", "img/.ds_store", "__MACOSX/x", "__macosx/y", "._index.html", "Icon\r", "img/ICON\r", "Thumbs.db",
                             "THUMBS.DB", "Desktop.ini", "desktop.ini", "~$rapport.docx", ".git/config"}) {
        put(name, "x");
    }
    put(".well-known/security.txt", "Contact: x");
    put("Icon", "a page");
    const auto packed = pack_source(site().string());
    ASSERT_TRUE(packed);
    const auto files = unpacked(*packed);
    EXPECT_EQ(files.size(), 3U);
    EXPECT_EQ(files.count(".well-known/security.txt"), 1U);
    EXPECT_EQ(files.count("Icon"), 1U);
    EXPECT_TRUE(noted(*packed, "Icon\\x0d: left aside"));
}

TEST_F(SiteSource, AFolderThatCannotBeReadIsNamed) {
    put("closed/a.txt", "a");
    fs::permissions(site() / "closed", fs::perms::none);
    const pid_t child = ::fork();
    if (child == 0) {
        // Root reads everything: the question is asked as somebody else.
        if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) {
            ::_exit(3);
        }
        const auto packed = pack_source(site().string());
        const bool named = !packed && packed.error().kind == ErrorKind::denied && packed.error().message.find("closed cannot be read") != std::string::npos;
        ::_exit(named ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    fs::permissions(site() / "closed", fs::perms::owner_all);
    EXPECT_EQ(status, 0);
}

TEST_F(SiteSource, AFileThatGrowsWhileItIsReadIsRefused) {
    put("big.bin", std::string(4 << 20, 'x'));
    const pid_t writer = ::fork();
    if (writer == 0) {
        for (;;) {
            std::ofstream(site() / "big.bin", std::ios::app) << "y" << std::flush;
        }
    }
    // The two need not meet at the first turn: packing goes on until they do.
    auto packed = pack_source(site().string());
    for (int turn = 0; packed && turn < 2000; ++turn) {
        packed = pack_source(site().string());
    }
    ::kill(writer, SIGKILL);
    ::waitpid(writer, nullptr, 0);
    ASSERT_FALSE(packed);
    EXPECT_NE(packed.error().message.find("changed while it was read"), std::string::npos) << packed.error().message;
}

TEST_F(SiteSource, TooDeepIsSaid) {
    std::string name;
    for (std::size_t i = 0; i <= folder_depth_max + 1; ++i) {
        name += "d/";
    }
    put(name + "x", "x");
    const auto packed = pack_source(site().string());
    ASSERT_FALSE(packed);
    EXPECT_EQ(packed.error().kind, ErrorKind::too_large);
}

} // namespace

} // namespace hameau::cli
