// _redirects and _headers: what is taken, what is refused and said, what matches.
#include "daemon/contract/site_rules.hpp"

#include <gtest/gtest.h>

namespace hameau::sites {
namespace {

TEST(Redirects, TakesTheUsualForms) {
    const auto parsed = parse_redirects("# comment\n"
                                        "/a /b\n"
                                        "  /old/*   /new/:splat  301  # moved\r\n"
                                        "/blog/:year/:slug https://blog.example/:year-:slug 308!\n"
                                        "/app/* /index.html 200\n"
                                        "/caf%C3%A9 /\xc3\xa9t\xc3\xa9\n"
                                        "/gone /parti.html 410\n"
                                        "/port https://a.example:8443/x\n");
    EXPECT_TRUE(parsed.problems.empty());
    ASSERT_EQ(parsed.rules.size(), 7u);
    EXPECT_EQ(parsed.rules[0].pattern, "a");
    EXPECT_EQ(parsed.rules[0].status, 302);
    EXPECT_EQ(parsed.rules[1].pattern, "old/*");
    EXPECT_EQ(parsed.rules[1].status, 301);
    EXPECT_TRUE(parsed.rules[2].force);
    EXPECT_EQ(parsed.rules[2].status, 308);
    EXPECT_EQ(parsed.rules[4].pattern, "caf\xc3\xa9");
    EXPECT_EQ(parsed.rules[4].target, "/%C3%A9t%C3%A9");
}

TEST(Redirects, SaysWhatItLeavesOut) {
    const auto parsed = parse_redirects("/only\n"
                                        "a /b\n"
                                        "/a/*/b /c\n"
                                        "/a /b 418\n"
                                        "/a https://other.example/ 200\n"
                                        "/a //evil.example/\n"
                                        "/a https://:splat/ 302\n"
                                        "/a https://user:pass@x.example/\n"
                                        "/a javascript:alert(1)\n"
                                        "/a /b 302 Country=fr\n"
                                        "/\xff /b\n"
                                        "/a/../b /c\n");
    EXPECT_TRUE(parsed.rules.empty());
    ASSERT_EQ(parsed.problems.size(), 12u);
    const std::vector<std::string_view> codes = {
        "redirect_words", "redirect_from", "redirect_from", "redirect_status", "redirect_proxy", "redirect_to",
        "redirect_to",    "redirect_to",   "redirect_to",   "redirect_words",  "rules_not_utf8", "redirect_from"};
    for (std::size_t i = 0; i < codes.size(); ++i) {
        EXPECT_EQ(parsed.problems[i].code, codes[i]) << i;
        EXPECT_EQ(parsed.problems[i].line, i + 1);
    }
}

TEST(Redirects, Bounds) {
    std::string many;
    for (int i = 0; i < 1100; ++i) {
        many += "/a" + std::to_string(i) + " /b\n";
    }
    const auto parsed = parse_redirects(many);
    EXPECT_EQ(parsed.rules.size(), rules_max);
    EXPECT_EQ(parsed.problems.size(), 100u);
    EXPECT_EQ(parsed.problems[0].code, "rules_too_many");
    EXPECT_EQ(parse_redirects("/" + std::string(3000, 'a') + " /b").problems.at(0).code, "rules_line_long");
}

TEST(Matching, SegmentsAndSplat) {
    EXPECT_TRUE(rule_matches("", "", nullptr));
    EXPECT_FALSE(rule_matches("", "a", nullptr));
    EXPECT_TRUE(rule_matches("*", "", nullptr));
    EXPECT_TRUE(rule_matches("*", "a/b/c", nullptr));
    EXPECT_TRUE(rule_matches("a/*", "a", nullptr));
    EXPECT_TRUE(rule_matches("a/*", "a/", nullptr));
    EXPECT_FALSE(rule_matches("a/*", "ab", nullptr));
    EXPECT_TRUE(rule_matches("a/b", "a/b/", nullptr));
    EXPECT_FALSE(rule_matches("a/b", "a", nullptr));
    EXPECT_FALSE(rule_matches("a", "a/b", nullptr));
    Captures captures;
    EXPECT_TRUE(rule_matches(":y/:m/*", "2026/03/x/y", &captures));
    EXPECT_EQ(captures, (Captures{{"y", "2026"}, {"m", "03"}, {"splat", "x/y"}}));
}

TEST(Matching, TargetsStayOnTheirHost) {
    EXPECT_EQ(expand_target("/:splat", {{"splat", "/evil.example"}}), "/evil.example");
    EXPECT_EQ(expand_target("/:splat", {{"splat", "\\evil.example"}}), "/%5Cevil.example");
    EXPECT_EQ(expand_target("/a?b=:splat", {{"splat", "x\r\nSet-Cookie: a"}}), "/a?b=x%0D%0ASet-Cookie:%20a");
    EXPECT_EQ(expand_target("https://a.example:8443/:x", {{"x", "\xc3\xa9"}}), "https://a.example:8443/%C3%A9");
    EXPECT_EQ(expand_target("/:unknown/:x", {{"x", "1"}}), "/:unknown/1");
    EXPECT_EQ(expand_target("/:x:x", {{"x", "//e"}}), "/e//e");
}

TEST(Headers, TakesAndRefuses) {
    const auto parsed = parse_headers("\xef\xbb\xbf# c\n"
                                      "/*\n"
                                      "  X-Frame-Options: DENY\n"
                                      "\tCache-Control: max-age=60\r\n"
                                      "/fonts/*\n"
                                      "  Access-Control-Allow-Origin: *\n");
    EXPECT_TRUE(parsed.problems.empty());
    ASSERT_EQ(parsed.rules.size(), 3u);
    EXPECT_EQ(parsed.rules[1].pattern, "*");
    EXPECT_EQ(parsed.rules[1].value, "max-age=60");
    EXPECT_EQ(parsed.rules[2].pattern, "fonts/*");

    // What would reach the services' host, in any spelling.
    const auto beyond = parse_headers("/*\n"
                                      "  Clear-Site-Data: \"cookies\"\n"
                                      "  clear-SITE-data: *\n"
                                      "  Strict-Transport-Security: max-age=0; includeSubDomains\n"
                                      "  NEL: {}\n"
                                      "  Report-To: {}\n"
                                      "  Sec-Session-Registration: (ES256)\n"
                                      "  Some-Header-Of-2030: x\n");
    EXPECT_TRUE(beyond.rules.empty());
    ASSERT_EQ(beyond.problems.size(), 7u);
    for (const RuleProblem& problem : beyond.problems) {
        EXPECT_EQ(problem.code, "headers_refused");
    }
    // What acts on the site's own origin.
    for (const std::string_view name : {"Cache-Control", "content-security-policy", "X-Robots-Tag", "LINK", "Service-Worker-Allowed", "X-Mine"}) {
        EXPECT_TRUE(is_site_header(name)) << name;
    }

    const auto bad = parse_headers("  X: before\n"
                                   "/a\n"
                                   "  no colon\n"
                                   "  Set-Cookie: a=b\n"
                                   "  Content-Length: 5\n"
                                   "  Hameau-Member: x\n"
                                   "  Bad Name: x\n"
                                   "  X-Ok: a\x01\n"
                                   "nopath\n"
                                   "  X-Skipped: 1\n");
    EXPECT_TRUE(bad.rules.empty());
    ASSERT_EQ(bad.problems.size(), 8u);
    EXPECT_EQ(bad.problems[0].code, "headers_no_path");
    EXPECT_EQ(bad.problems[1].code, "headers_colon");
    EXPECT_EQ(bad.problems[2].code, "headers_refused");
    EXPECT_EQ(bad.problems[7].code, "headers_path");
    EXPECT_EQ(bad.problems[7].line, 9u);
}

} // namespace
} // namespace hameau::sites
