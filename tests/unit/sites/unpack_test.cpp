// The pure parts of the unpacker and its report.
#include <map>

#include <gtest/gtest.h>

#include "modules/sites/report.hpp"
#include "modules/sites/unpack/encodings.hpp"
#include "modules/sites/unpack/scan_html.hpp"
#include "modules/sites/unpack/scan_style.hpp"
#include "modules/sites/unpack/types.hpp"
#include "modules/sites/unpack/upload_name.hpp"
#include "modules/sites/unpack/weigh.hpp"

namespace hameau::sites {
namespace {

TEST(Types, ByEnding) {
    EXPECT_EQ(type_of("a/INDEX.HTML").type, "text/html");
    EXPECT_EQ(type_of("x.mjs").type, "text/javascript");
    EXPECT_EQ(type_of("x.svg").type, "image/svg+xml");
    EXPECT_EQ(type_of("x.zst").type, "application/zstd");
    EXPECT_EQ(type_of("7.7z").type, "application/x-7z-compressed");
    EXPECT_EQ(type_of("a.html/b").type, "application/octet-stream");
    EXPECT_EQ(type_of("noending").type, "application/octet-stream");
    EXPECT_EQ(type_of("photo.HEIC").type, "image/heic");
    EXPECT_EQ(type_of("x.mkv").type, "video/matroska");
    EXPECT_EQ(type_of("x.svgz").type, "image/svg+xml");
    EXPECT_EQ(type_of("LICENSE").type, "text/plain");
    EXPECT_EQ(type_of(".well-known/matrix/server").type, "application/json");
    EXPECT_EQ(type_of(".well-known/acme-challenge/x").type, "text/plain");
    for (const char* ending : {"apng", "jfif", "log", "tsv", "odg", "kmz", "webmanifest"}) {
        EXPECT_NE(type_of(std::string("a.") + ending).type, "application/octet-stream") << ending;
    }
    EXPECT_FALSE(type_of("x.png").text);
    EXPECT_TRUE(type_of("x.wasm").text);
    EXPECT_TRUE(is_html("x.HTM"));
}

TEST(UploadNames, Verdicts) {
    using Verdict = UploadName::Verdict;
    EXPECT_EQ(read_upload_name("./a//b.html").path, "a/b.html");
    EXPECT_EQ(read_upload_name("./").verdict, Verdict::folder);
    EXPECT_EQ(read_upload_name("a/").verdict, Verdict::folder);
    EXPECT_EQ(read_upload_name("a/../b").code, "parent_name");
    EXPECT_EQ(read_upload_name("../a/").code, "parent_name");
    EXPECT_EQ(read_upload_name("c:\\x").code, "absolute_name");
    EXPECT_EQ(read_upload_name("").code, "bad_name");
    EXPECT_EQ(read_upload_name("a/._b").verdict, Verdict::junk);
    for (const char* left : {"Icon\r", "img/ICON\r", "__MACOSX/._a", "__macosx/a", "Desktop.ini", "DESKTOP.INI", "THUMBS.DB", ".ds_store", "a/~$x.docx"}) {
        EXPECT_EQ(read_upload_name(left).verdict, Verdict::junk) << left;
    }
    EXPECT_EQ(read_upload_name("Icon").verdict, Verdict::keep);
    EXPECT_EQ(read_upload_name("a\rb/Icon\r").code, "bad_name");
    EXPECT_EQ(read_upload_name("Icon\r\n").code, "bad_name");
    EXPECT_EQ(read_upload_name(".git/x").verdict, Verdict::hidden);
    EXPECT_EQ(read_upload_name("...").verdict, Verdict::hidden);
    EXPECT_EQ(read_upload_name("caf\x82").path, "caf\xc3\xa9");
    EXPECT_TRUE(read_upload_name("caf\x82").guessed);
    EXPECT_EQ(printable_name("a\nb\xff"), "a?b\xc2\xa0");
    EXPECT_LE(printable_name(std::string(5000, 'x')).size(), 200u);
}

TEST(Links, Resolve) {
    const auto resolve = [](std::string_view page, std::string_view target) {
        std::string path;
        return resolve_link(page, target, path) ? path : std::string("-");
    };
    EXPECT_EQ(resolve("a/b.html", "c.html"), "a/c.html");
    EXPECT_EQ(resolve("a/b.html", "/c.html?x#y"), "c.html");
    EXPECT_EQ(resolve("a/b.html", "../c/"), "c/");
    EXPECT_EQ(resolve("a/b.html", "../../../c"), "c");
    EXPECT_EQ(resolve("a/b.html", ".."), "");
    EXPECT_EQ(resolve("a/b.html", "."), "a/");
    EXPECT_EQ(resolve("b.html", "cafe%CC%81"), "caf\xc3\xa9");
    for (const char* outside : {"#x", "?q", "", "mailto:a@b", "https://x/y", "//x/y", "javascript:void(0)", "%ff"}) {
        EXPECT_EQ(resolve("a/b.html", outside), "-") << outside;
    }
    EXPECT_EQ(outside_host("HTTPS://user@Fonts.Example:443/x"), "fonts.example");
    EXPECT_EQ(outside_host("/local"), "");
}

TEST(Pages, OddMarkupIsSurvived) {
    EXPECT_EQ(scan_page("<a href=x>").links.at(0).target, "x");
    EXPECT_EQ(scan_page("<A HREF = 'a&amp;b' >").links.at(0).target, "a&b");
    EXPECT_TRUE(scan_page("<a href").links.empty());
    EXPECT_TRUE(scan_page("<!-- <a href=x> ").links.empty());
    EXPECT_TRUE(scan_page("<script><a href=x></script").links.empty());
    EXPECT_EQ(scan_page("<script></SCRIPT><a href=x>").links.size(), 1u);
    EXPECT_FALSE(scan_page("<title> </title>").has_title);
    EXPECT_EQ(scan_page("<img><img alt><img alt=''>").images_without_alt, 1u);
    EXPECT_EQ(scan_page("< a><3 <>").elements, 0u);
    std::string many;
    for (int i = 0; i < 5000; ++i) {
        many += "<a href=x>";
    }
    EXPECT_EQ(scan_page(many).links.size(), page_links_max);
}

using Texts = std::vector<std::string>;

TEST(Styles, WhatABrowserLoadsForASheet) {
    EXPECT_EQ(scan_style("@import 'a.css'; @import url(b.css) screen; body{background:URL( \"c d.jpg\" ) no-repeat, url(e.png)}"),
              (Texts{"a.css", "b.css", "c d.jpg", "e.png"}));
    EXPECT_EQ(scan_style("/* url(no.png) */ a::after{content:'url(no.png)'} .curl(no.png){} b{background:url('yes.png')}"),
              (Texts{"yes.png"}));
    // Of a font the browser takes one form, and the old ones never.
    EXPECT_EQ(scan_style("@font-face{font-family:x;src:url(x.eot);src:url(x.eot?#iefix) format('embedded-opentype'),url(x.woff) format('woff'),"
                         "url(x.woff2) format('woff2'),url(x.svg#x)} p{background:url(p.png)}"),
              (Texts{"x.woff2", "p.png"}));
    EXPECT_EQ(scan_style("@font-face{src:local(x),url(x.ttf)}"), (Texts{"x.ttf"}));
    EXPECT_EQ(scan_style("@font-face{src:local(x)}p{background:url(p.png)}"), (Texts{"p.png"}));
    for (const char* odd : {"", "url(", "url('", "@import", "@font-face", "@font-face{", "/*", "\\", "'\\", "url", "}}{{"}) {
        EXPECT_LE(scan_style(odd).size(), 1u) << odd;
    }
    std::string many;
    for (int i = 0; i < 2000; ++i) {
        many += "a{background:url(x)}";
    }
    EXPECT_EQ(scan_style(many).size(), style_parts_max);
}

TEST(Pages, FormsOfAPicture) {
    const auto addresses = [](std::string_view srcset) {
        Texts out;
        for (const std::string_view one : srcset_addresses(srcset)) {
            out.emplace_back(one);
        }
        return out;
    };
    EXPECT_EQ(addresses("a.jpg 1x, b.jpg 2x"), (Texts{"a.jpg", "b.jpg"}));
    EXPECT_EQ(addresses(" a.jpg, b,c.jpg 800w ,d.jpg"), (Texts{"a.jpg", "b,c.jpg", "d.jpg"}));
    EXPECT_EQ(addresses(" , "), Texts{});
}

/// A site in memory; `weight` of its home page.
struct Weighed {
    std::map<std::string, std::pair<DeployEntry, std::string>> files;

    Weighed& add(const std::string& path, std::uint64_t bytes, const std::string& text = {}) {
        DeployEntry entry;
        entry.path = path;
        entry.type = std::string(type_of(path).type);
        entry.variants[0] = Variant{{}, bytes};
        files[path] = {entry, text};
        return *this;
    }
    HomeWeight weight(std::string_view html) const {
        const SiteFiles site{
            [this](const std::string& path) { return files.contains(path) ? &files.at(path).first : nullptr; },
            [this](const DeployEntry& entry) { return files.at(entry.path).second; }};
        DeployEntry page;
        page.path = "index.html";
        page.variants[0] = Variant{{}, 1};
        return weigh_page(page, scan_page(html), site);
    }
    std::uint64_t bytes(std::string_view html) const { return weight(html).bytes - 1; }
};

TEST(Weight, EverythingThatABrowserLoadsCountsOnce) {
    Weighed site;
    site.add("small.jpg", 10).add("big.jpg", 1000).add("old.jpg", 5000).add("film.mp4", 900'000).add("poster.jpg", 300).add("a.js", 20);
    EXPECT_EQ(site.bytes("<img src=small.jpg srcset='small.jpg 400w, big.jpg 1600w' alt>"), 1000u);
    EXPECT_EQ(site.bytes("<img src=big.jpg alt><img src=big.jpg alt>"), 1000u);
    EXPECT_EQ(site.bytes("<img src=big.jpg alt><img src=small.jpg alt>"), 1010u);
    // The first form without a condition is the last that a browser looks at.
    EXPECT_EQ(site.bytes("<picture><source media='(min-width:60em)' srcset=big.jpg><source type=image/webp srcset=small.jpg><img src=old.jpg alt></picture>"), 1000u);
    EXPECT_EQ(site.bytes("<picture><source type=image/jxl srcset=small.jpg><img src=old.jpg alt></picture><img src=small.jpg alt>"), 5010u);
    EXPECT_EQ(site.bytes("<video src=film.mp4 poster=poster.jpg></video>"), 300u);
    EXPECT_EQ(site.bytes("<video autoplay poster=poster.jpg><source src=film.mp4><source src=old.jpg></video>"), 900'300u);
    EXPECT_EQ(site.bytes("<script src=a.js></script><input type=image src=big.jpg><p style=\"background:url('small.jpg')\">"), 1030u);
    EXPECT_EQ(site.bytes("<style>body{background:url(big.jpg)}</style><a href=old.jpg>"), 1000u);
    EXPECT_EQ(site.bytes("<img src=https://other.example/old.jpg alt><img src=nowhere.jpg alt>"), 0u);
}

TEST(Weight, SheetsBringWhatTheyAskFor) {
    Weighed site;
    site.add("css/a.css", 7, "@import 'b.css'; body{background:url(../img/big.jpg)}").add("css/b.css", 5, "@import 'a.css'; @font-face{src:url(f.woff2),url(f.woff)}");
    site.add("img/big.jpg", 2'000'000).add("css/f.woff2", 40'000).add("css/f.woff", 60'000).add("icon.svg", 3);
    const HomeWeight weight = site.weight("<link rel=stylesheet href=css/a.css><link rel=icon href=/icon.svg>");
    EXPECT_EQ(weight.bytes, 1u + 7 + 5 + 2'000'000 + 40'000 + 3);
    EXPECT_EQ(weight.requests, 6u);
    // Sheets that import each other without end are followed a few steps.
    for (int i = 0; i < 50; ++i) {
        site.add("s" + std::to_string(i) + ".css", 1, "@import 's" + std::to_string(i + 1) + ".css';");
    }
    EXPECT_EQ(site.weight("<link rel=stylesheet href=s0.css>").requests, 2u + imports_deep_max + 1);
}

ReadPiece pieces(const std::string& text, std::size_t size) {
    return [&text, size, at = std::size_t{0}]() mutable {
        const std::string_view piece = std::string_view(text).substr(at, size);
        at += piece.size();
        return piece;
    };
}

TEST(Encodings, PayOrAreLeft) {
    std::string text;
    for (int i = 0; i < 500; ++i) {
        text += "line " + std::to_string(i * 7919) + "\n";
    }
    for (const Encoding encoding : {Encoding::br, Encoding::gzip}) {
        const auto packed = compress(encoding, text);
        ASSERT_TRUE(packed);
        for (const std::size_t size : {1u, 7u, 100000u}) {
            EXPECT_TRUE(decodes_to(encoding, pieces(*packed, size), pieces(text, 13)));
        }
        std::string other = text;
        other.back() = 'x';
        EXPECT_FALSE(decodes_to(encoding, pieces(*packed, 50), pieces(other, 50)));
        EXPECT_FALSE(decodes_to(encoding, pieces(*packed, 50), pieces(other += "more", 50)));
        const std::string cut = packed->substr(0, packed->size() - 1);
        EXPECT_FALSE(decodes_to(encoding, pieces(cut, 50), pieces(text, 50)));
        const std::string longer = *packed + "x";
        EXPECT_FALSE(decodes_to(encoding, pieces(longer, 50), pieces(text, 50)));
        EXPECT_FALSE(compress(encoding, "too short to pay"));
    }
    const std::string nothing;
    EXPECT_FALSE(decodes_to(Encoding::zstd, pieces(nothing, 5), pieces(text, 5)));
}

TEST(Report, RoundTrip) {
    DeployEntry entry;
    entry.path = "a%b \xc3\xa9.html";
    entry.type = "text/html; charset=utf-8";
    entry.mtime_ms = 5;
    entry.variants[0] = Variant{Hash{1, 2, 3}, 10};
    entry.variants[2] = Variant{Hash{4}, 7};
    std::string text = file_line(entry);
    ReportLine warning("warning");
    warning.add(std::string_view("code")).add(std::string_view("p\tq")).add(std::string_view("d\n%"));
    text += std::move(warning).end();
    text += "home\t10\t1\t4\nredirect\t301\t1\ta/*\t/b\nheader\t*\tX-A\tb\ndone\t1\t10\t1\n";
    for (const std::size_t size : {1u, 5u, 10000u}) {
        ReportReader reader;
        for (std::size_t at = 0; at < text.size(); at += size) {
            ASSERT_TRUE(reader.feed(std::string_view(text).substr(at, size)));
        }
        const auto report = reader.finish();
        ASSERT_TRUE(report);
        EXPECT_EQ(report->files.at(0).path, entry.path);
        EXPECT_EQ(report->files.at(0).variants[2]->hash, entry.variants[2]->hash);
        EXPECT_FALSE(report->files.at(0).variants[1]);
        EXPECT_EQ(report->warnings.at(0).path, "p\tq");
        EXPECT_EQ(report->warnings.at(0).detail, "d\n%");
        EXPECT_TRUE(report->redirects.at(0).force);
        EXPECT_EQ(report->headers.at(0).name, "X-A");
        EXPECT_EQ(report->home->elements, 4u);
        EXPECT_EQ(report->bytes, 10u);
    }
}

TEST(Report, ChildIsNotTrusted) {
    const std::string hash(64, '0');
    const std::vector<std::string> bad = {"file\t../a\tt\t1\tidentity:1:" + hash + "\n",
                                          "file\ta\tt\t1\tbr:1:" + hash + "\n",
                                          "file\ta\tt\t1\tidentity:1:" + hash + "\tidentity:1:" + hash + "\n",
                                          "file\ta\tt\t1\tidentity:-1:" + hash + "\n",
                                          "header\t*\tSet-Cookie\ta\n",
                                          "redirect\t301\t0\ta\t//evil\n",
                                          "done\t1\t1\t1\n",
                                          "refused\t1\n",
                                          "warning\ta\n",
                                          "nonsense\n",
                                          "warning\ta\tb\t%G0\n",
                                          "done\t0\t0\t0\ndone\t0\t0\t0\n",
                                          std::string(20000, 'x')};
    for (const std::string& text : bad) {
        ReportReader reader;
        EXPECT_FALSE(reader.feed(text)) << text.substr(0, 100);
    }
    ReportReader cut;
    ASSERT_TRUE(cut.feed("warning\ta\tb\tc\n"));
    EXPECT_FALSE(cut.finish());
}

} // namespace
} // namespace hameau::sites
