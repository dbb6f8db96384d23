// Encodings, entity tags, dates, ranges, languages.
#include <gtest/gtest.h>

#include "daemon/gate/negotiate.hpp"
#include "daemon/gate/pages.hpp"

namespace hameau::gate {
namespace {

std::string chosen(std::string_view list, bool has_field = true) {
    const std::vector<std::string_view> offered = {"br", "zstd", "gzip", "identity"};
    const auto index = choose_encoding(list, has_field, offered);
    return index ? std::string(offered[*index]) : "none";
}

TEST(Negotiate, EncodingsByWeight) {
    EXPECT_EQ(chosen("", false), "identity");
    EXPECT_EQ(chosen(""), "identity");
    EXPECT_EQ(chosen("gzip, br"), "br");
    EXPECT_EQ(chosen("gzip;q=0.9, br;q=0.8"), "gzip");
    EXPECT_EQ(chosen("BR;Q=1.000 , gzip"), "br");
    EXPECT_EQ(chosen("br;q=0, gzip;q=0.0, *"), "zstd");
    EXPECT_EQ(chosen("identity;q=0"), "none");
    EXPECT_EQ(chosen("*;q=0"), "none");
    EXPECT_EQ(chosen("*;q=0, identity"), "identity");
    EXPECT_EQ(chosen("identity, gzip;q=0.5"), "identity");
    EXPECT_EQ(chosen("br;q=abc, gzip;q=0.1"), "gzip");
    EXPECT_EQ(chosen(", ,;,gzip"), "gzip");
}

TEST(Negotiate, EntityTags) {
    EXPECT_TRUE(matches_etag("\"a\"", "\"a\"", false));
    EXPECT_TRUE(matches_etag("\"b\", \"a\"", "\"a\"", false));
    EXPECT_TRUE(matches_etag(" * ", "\"a\"", false));
    EXPECT_TRUE(matches_etag("W/\"a\"", "\"a\"", true));
    EXPECT_FALSE(matches_etag("W/\"a\"", "\"a\"", false));
    EXPECT_FALSE(matches_etag("a", "\"a\"", true));
    EXPECT_FALSE(matches_etag("", "\"a\"", true));
}

TEST(Negotiate, Dates) {
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
    EXPECT_EQ(format_http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    for (const char* bad : {"", "yesterday", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Xyz 1994 08:49:37 GMT", "Sun, 06 ovD 1994 08:49:37 GMT",
                            "Sun, xx Nov 1994 08:49:37 GMT"}) {
        EXPECT_FALSE(parse_http_date(bad)) << bad;
    }
}

void expect_range(std::string_view range, std::uint64_t size, std::uint64_t first, std::uint64_t last) {
    const RangeChoice choice = choose_ranges(range, size);
    ASSERT_EQ(choice.verdict, RangeVerdict::part) << range;
    ASSERT_EQ(choice.ranges.size(), 1U) << range;
    EXPECT_EQ(choice.ranges[0].first, first) << range;
    EXPECT_EQ(choice.ranges[0].last, last) << range;
}

TEST(Negotiate, Ranges) {
    expect_range("bytes=0-9", 100, 0, 9);
    expect_range("BYTES= 5 - ", 100, 5, 99);
    expect_range("bytes=-10", 100, 90, 99);
    expect_range("bytes=-1000", 100, 0, 99);
    expect_range("bytes=0-99999999999999999999999", 100, 0, 99);
    expect_range("bytes=-99999999999999999999999", 100, 0, 99);
    expect_range("bytes=500-, 1-2", 100, 1, 2);
    for (const char* unsatisfiable : {"bytes=100-", "bytes=99999999999999999999-", "bytes=-0", "bytes=100-200, 300-"}) {
        EXPECT_EQ(choose_ranges(unsatisfiable, 100).verdict, RangeVerdict::unsatisfiable) << unsatisfiable;
    }
    EXPECT_EQ(choose_ranges("bytes=0-", 0).verdict, RangeVerdict::unsatisfiable);
    for (const char* ignored : {"", "bytes", "bytes=", "lines=1-2", "bytes=2-1", "bytes=a-b", "bytes=-", "bytes=1", "bytes=0-9,x", "bytes=+1-2",
                                "bytes=0-,0-"}) {
        EXPECT_EQ(choose_ranges(ignored, 100).verdict, RangeVerdict::whole) << ignored;
    }
    EXPECT_EQ(choose_ranges("bytes=0-0,2-2,4-4", 100).ranges.size(), 3U);
    std::string many = "bytes=0-0";
    for (std::size_t i = 0; i < ranges_max; ++i) {
        many += ",0-0";
    }
    EXPECT_EQ(choose_ranges(many, 100).verdict, RangeVerdict::whole);
}

TEST(Negotiate, Languages) {
    EXPECT_EQ(choose_language(""), "fr");
    EXPECT_EQ(choose_language("en-GB,en;q=0.9"), "en");
    EXPECT_EQ(choose_language("fr;q=0.5, en;q=0.6"), "en");
    EXPECT_EQ(choose_language("en;q=0.5, *"), "fr");
    EXPECT_EQ(choose_language("de"), "fr");
}

TEST(Pages, NeverBreakTheirForm) {
    const Answer problem = problem_document(404, "not_found", "en");
    EXPECT_NE(problem.body.find("\"status\":404,\"code\":\"not_found\""), std::string::npos);
    EXPECT_NE(error_page(421, "no_such_host", "fr").body.find("lang=\"fr\""), std::string::npos);
    EXPECT_EQ(problem_document(400, "a code that is not there", "fr").body.find("null"), std::string::npos);
}

} // namespace
} // namespace hameau::gate
