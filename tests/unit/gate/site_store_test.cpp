// SiteStore: the sites process may write its files at any time and in any form; the gate is not led astray by it.
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "daemon/base/open_regular.hpp"
#include "daemon/gate/file_cache.hpp"
#include "daemon/gate/limits.hpp"
#include "daemon/gate/site_store.hpp"

namespace hameau::gate {
namespace {

namespace fs = std::filesystem;

std::string manifest_with(std::size_t files, std::size_t name_bytes = 10) {
    sites::DeployWriter writer;
    for (std::size_t i = 0; i < files; ++i) {
        sites::DeployEntry entry;
        entry.path = "page-" + std::to_string(i) + std::string(name_bytes, 'n');
        entry.type = "text/html";
        entry.variants[0] = sites::Variant{{}, 5};
        writer.add(std::move(entry));
    }
    return writer.finish().value();
}

class SiteStoreTest : public testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("hameau-sites-" + new_id());
        fs::create_directories(folder_ / "deploys");
        fs::create_directories(folder_ / "blobs/ab");
    }
    void TearDown() override { fs::remove_all(folder_); }
    void write(const std::string& path, const std::string& text) { std::ofstream(folder_ / path, std::ios::binary) << text; }
    std::string add(const std::string& id_character, const std::string& manifest) {
        const std::string path = sites::manifest_path(std::string(26, id_character[0]));
        write(path, manifest);
        return path;
    }
    fs::path folder_;
};

TEST_F(SiteStoreTest, AManifestThatIsRewrittenInPlaceChangesNothing) {
    const std::string good = manifest_with(200);
    const std::string path = add("a", good);
    auto store = SiteStore::open(folder_).value();
    const auto manifest = store.manifest(path);
    ASSERT_TRUE(manifest);
    // What a broken or hostile sites process could do: the offsets of every entry now lead far away, then the file is cut.
    const Fd file(::open((folder_ / path).c_str(), O_WRONLY));
    const std::string bad(good.size(), '\xff');
    ASSERT_EQ(::pwrite(file.get(), bad.data(), bad.size(), 0), static_cast<ssize_t>(bad.size()));
    for (std::size_t i = 0; i < (*manifest)->entries_count(); ++i) {
        ASSERT_TRUE((*manifest)->entry(i).path.starts_with("page-"));
    }
    ASSERT_EQ(::ftruncate(file.get(), 0), 0);
    EXPECT_TRUE((*manifest)->find("page-7" + std::string(10, 'n')));
}

TEST_F(SiteStoreTest, OpensRegularFilesOnlyAndNeverWaits) {
    const std::string good = manifest_with(1);
    auto store = SiteStore::open(folder_).value();
    const std::string fifo = sites::manifest_path(std::string(26, 'f'));
    ASSERT_EQ(::mkfifo((folder_ / fifo).c_str(), 0600), 0);
    EXPECT_FALSE(store.manifest(fifo));
    const std::string target = add("t", good);
    const std::string link = sites::manifest_path(std::string(26, 'l'));
    fs::create_symlink(folder_ / target, folder_ / link);
    EXPECT_FALSE(store.manifest(link));
    ASSERT_EQ(::mkfifo((folder_ / "hosts.map").c_str(), 0600), 0);
    EXPECT_FALSE(store.reload());
    FileCache cache;
    ASSERT_EQ(::mkfifo((folder_ / "blobs/ab/x").c_str(), 0600), 0);
    EXPECT_EQ(cache.get(store.folder(), "blobs/ab/x", 1), nullptr);
    EXPECT_FALSE(open_regular(store.folder(), "../" + folder_.filename().string() + "/" + target));
    // A folder on the way that is a link leads elsewhere too.
    fs::create_directories(folder_ / "elsewhere");
    write("elsewhere/secret", "s");
    fs::create_symlink(folder_ / "elsewhere", folder_ / "blobs/cd");
    EXPECT_EQ(cache.get(store.folder(), "blobs/cd/secret", 1), nullptr);
    EXPECT_TRUE(store.manifest(target));
}

TEST_F(SiteStoreTest, HoldsBoundedBytesAndKeepsTheOnesInUse) {
    const std::string large = manifest_with(30000, 150);
    ASSERT_LT(large.size(), sites::manifest_bytes_max);
    const std::size_t fit = manifests_bytes_max / large.size();
    auto store = SiteStore::open(folder_).value();
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < fit + 2; ++i) {
        paths.push_back(add(std::string(1, static_cast<char>('a' + i)), large));
        ASSERT_TRUE(store.manifest(paths.back()));
        EXPECT_LE(store.held_bytes(), manifests_bytes_max);
        ASSERT_TRUE(store.manifest(paths.front()));  // in use: never the one that goes
        fs::remove(folder_ / paths.back());
    }
    EXPECT_TRUE(store.manifest(paths.front()));
    EXPECT_FALSE(store.manifest(paths[1])) << "it made room, and its file is gone";
    EXPECT_EQ(store.held_bytes(), fit * large.size());
}

} // namespace
} // namespace hameau::gate
