// The manifest and hosts.map: what is written is read; what is damaged is refused.
#include "daemon/contract/deploy_format.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "daemon/base/io.hpp"
#include "daemon/contract/hosts_map.hpp"

namespace hameau::sites {
namespace {

Hash hash_of(unsigned char seed) {
    Hash hash{};
    for (std::size_t i = 0; i < hash.size(); ++i) {
        hash[i] = static_cast<unsigned char>(seed + i);
    }
    return hash;
}

DeployEntry file(std::string path, unsigned char seed, std::string type = "text/html; charset=utf-8") {
    DeployEntry entry;
    entry.path = std::move(path);
    entry.type = std::move(type);
    entry.mtime_ms = 1700000000000 + seed;
    entry.variants[0] = Variant{hash_of(seed), 1000u + seed};
    return entry;
}

std::string sample() {
    DeployWriter writer;
    writer.add(file("zebra.html", 1));
    auto page = file("index.html", 2);
    page.variants[1] = Variant{hash_of(20), 300};
    page.variants[3] = Variant{hash_of(21), 310};
    writer.add(std::move(page));
    writer.add(file("blog/404.html", 3));
    writer.add(file("404.html", 4));
    writer.add(file("caf\xc3\xa9.txt", 5, "text/plain; charset=utf-8"));
    auto old = file("app.3f2a9c1b.js", 6, "text/javascript; charset=utf-8");
    old.retired_ms = 5;
    writer.add(std::move(old));
    writer.add(RedirectRule{"old/:name", "/new/:name/", 301, false});
    writer.add(RedirectRule{"app/*", "/index.html", 200, true});
    writer.add(HeaderRule{"*", "X-One", "a"});
    writer.add(HeaderRule{"blog/*", "x-one", "b"});
    writer.add(HeaderRule{"blog/*", "Cache-Control", "no-cache"});
    return writer.finish().value();
}

TEST(Manifest, ReadsWhatWasWritten) {
    const std::string bytes = sample();
    const auto reader = DeployReader::over(bytes);
    ASSERT_TRUE(reader) << reader.error().message;
    ASSERT_EQ(reader->entries_count(), 6u);
    for (std::size_t i = 1; i < reader->entries_count(); ++i) {
        EXPECT_LT(reader->entry(i - 1).path, reader->entry(i).path);
    }
    const auto page = reader->find("index.html");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->type, "text/html; charset=utf-8");
    EXPECT_EQ(page->mtime_ms, 1700000000002);
    EXPECT_EQ(page->identity().hash, hash_of(2));
    EXPECT_EQ(page->identity().size_bytes, 1002u);
    EXPECT_EQ(page->variant(Encoding::br)->size_bytes, 300u);
    EXPECT_FALSE(page->variant(Encoding::gzip));
    EXPECT_EQ(page->variant(Encoding::zstd)->hash, hash_of(21));
    EXPECT_TRUE(page->negotiated());
    EXPECT_FALSE(reader->find("zebra.html")->negotiated());
    EXPECT_EQ(reader->find("app.3f2a9c1b.js")->retired_ms, 5);
    EXPECT_TRUE(reader->find("caf\xc3\xa9.txt"));
    for (const char* missing : {"", "index.htm", "index.html/", "/index.html", "zzz", "404.htm", "Index.html"}) {
        EXPECT_FALSE(reader->find(missing)) << missing;
    }
}

TEST(Manifest, FindsTheNearestNotFoundPage) {
    const std::string bytes = sample();
    const auto reader = DeployReader::over(bytes);
    EXPECT_EQ(reader->not_found_page("blog/deep/er/x.html")->path, "blog/404.html");
    EXPECT_EQ(reader->not_found_page("blog/")->path, "blog/404.html");
    EXPECT_EQ(reader->not_found_page("blog")->path, "404.html");
    EXPECT_EQ(reader->not_found_page("other/x")->path, "404.html");
    EXPECT_EQ(reader->not_found_page(std::string(5000, '/'))->path, "404.html");
    DeployWriter none;
    none.add(file("index.html", 1));
    const std::string bare = none.finish().value();
    EXPECT_FALSE(DeployReader::over(bare)->not_found_page("a/b"));
}

TEST(Manifest, AppliesRules) {
    const std::string bytes = sample();
    const auto reader = DeployReader::over(bytes);
    EXPECT_TRUE(reader->has_forced_redirects());
    const auto moved = reader->redirect("old/caf\xc3\xa9 1");
    ASSERT_TRUE(moved);
    EXPECT_EQ(moved->status, 301);
    EXPECT_EQ(moved->target, "/new/caf%C3%A9%201/");
    EXPECT_EQ(reader->redirect("app/x/y")->status, 200);
    EXPECT_FALSE(reader->redirect("old/a/b"));
    using Pair = std::pair<std::string_view, std::string_view>;
    EXPECT_EQ(reader->headers_for("x"), (std::vector<Pair>{{"X-One", "a"}}));
    EXPECT_EQ(reader->headers_for("blog/x"), (std::vector<Pair>{{"X-One", "b"}, {"Cache-Control", "no-cache"}}));
}

TEST(Manifest, OpensFromAFile) {
    const auto memory = sealed_memory("manifest", sample());
    ASSERT_TRUE(memory);
    auto reader = DeployReader::open(memory->get());
    ASSERT_TRUE(reader) << reader.error().message;
    const DeployReader moved = std::move(*reader);
    EXPECT_TRUE(moved.find("index.html"));
    const auto empty = sealed_memory("manifest", "");
    EXPECT_FALSE(DeployReader::open(empty->get()));
}

TEST(Manifest, RefusesEveryDamagedByte) {
    const std::string good = sample();
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 0x41);
        const auto reader = DeployReader::over(bad);
        // The reserved word of the file header is the only one that nothing depends on.
        EXPECT_TRUE(!reader || (i >= 52 && i < 56)) << i;
    }
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(DeployReader::over(std::string_view(good).substr(0, size)));
    }
    EXPECT_FALSE(DeployReader::over(good + "x"));
}

TEST(Manifest, WriterRefusesWhatTheGateMustNotSee) {
    for (const char* path : {"", "/a", "a/", "a//b", "../a", "a/..", "./a", "a\nb", "a\\b"}) {
        DeployWriter writer;
        writer.add(file(path, 1));
        EXPECT_FALSE(writer.finish()) << path;
    }
    DeployWriter twice;
    twice.add(file("a", 1));
    twice.add(file("a", 2));
    EXPECT_FALSE(twice.finish());
    DeployWriter type;
    type.add(file("a", 1, "text/html\r\nX: y"));
    EXPECT_FALSE(type.finish());
    DeployWriter redirect;
    redirect.add(RedirectRule{"a", "//evil.example/", 302, false});
    EXPECT_FALSE(redirect.finish());
    DeployWriter header;
    header.add(HeaderRule{"*", "Set-Cookie", "a=b"});
    EXPECT_FALSE(header.finish());
}

TEST(Manifest, EmptySiteIsFine) {
    DeployWriter writer;
    const std::string bytes = writer.finish().value();
    const auto reader = DeployReader::over(bytes);
    ASSERT_TRUE(reader);
    EXPECT_FALSE(reader->find("index.html"));
    EXPECT_FALSE(reader->redirect("x"));
}

TEST(Hash, HexAndEtag) {
    const Hash hash = hash_of(250);
    EXPECT_EQ(hash_from_hex(to_hex(hash)), hash);
    EXPECT_FALSE(hash_from_hex("ab"));
    EXPECT_FALSE(hash_from_hex(std::string(64, 'G')));
    EXPECT_EQ(blob_path(hash).substr(0, 12), "blobs/fa/faf");
    const auto etag = etag_of(hash);
    EXPECT_EQ(etag.front(), '"');
    EXPECT_EQ(etag.back(), '"');
    EXPECT_NE(etag, etag_of(hash_of(251)));
    EXPECT_EQ(std::string_view(etag.data(), etag.size()).find('"', 1), 23u);
    const Hash known = {0xff, 0xff, 0xff};
    EXPECT_EQ(std::string(etag_of(known).data() + 1, 6), "____AA");
}

TEST(HostsMap, ReadsWhatItWrites) {
    const std::string id = "abcdefghijklmnopqrstuvwx23";
    const auto map = HostsMap::of({{"b.test", manifest_path(id), ""}, {"a.test", "", "plain"}, {"b.test", "", ""}});
    EXPECT_EQ(map.to_text(), "a.test\t-\tplain\nb.test\t-\t-\n");
    const std::string text = "a.test\tdeploys/" + id + ".manifest\t-\nwww.a.test\t-\tplain,x\n";
    const auto read = HostsMap::parse(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->find("a.test")->manifest, "deploys/" + id + ".manifest");
    EXPECT_EQ(read->find("www.a.test")->flags, "plain,x");
    EXPECT_EQ(read->find("www.a.test")->manifest, "");
    EXPECT_EQ(read->find("b.test"), nullptr);
    EXPECT_EQ(read->to_text(), text);
}

TEST(HostsMap, RefusesWhatItWouldNotWrite) {
    const std::string good = "deploys/abcdefghijklmnopqrstuvwx23.manifest";
    const std::vector<std::string> refused = {
        "a.test\t-\t-", "a.test\t" + good + "\n", "a.test\t../../etc/passwd\t-\n",
        "a.test\tdeploys/../abcdefghijklmnopqrstuvwx23.manifest\t-\n", "A.test\t-\t-\n", "b\t-\t-\na\t-\t-\n",
        "a\t-\t-\na\t-\t-\n", "a\t-\t-\t-\n", "\t-\t-\n", "a\t\t-\n", "a\t-\t\x01\n", "\n"};
    for (const std::string& text : refused) {
        EXPECT_FALSE(HostsMap::parse(text)) << text;
    }
    EXPECT_TRUE(HostsMap::parse(""));
}

} // namespace
} // namespace hameau::sites
