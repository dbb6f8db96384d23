// Doubts about an upload: said before anything is live, and published only when that is meant.
#include "fake_house.hpp"

namespace hameau::sites {
namespace {

class Doubts : public SitesHouse {};

TEST_F(Doubts, WhatWouldShowNothingIsAskedAbout) {
    add_site();
    deploy(yann, {{"index.html", page}});
    const std::string path = "/api/v1/sites/amis.test/deploys";
    for (const auto& files : {std::map<std::string, std::string>{{"accueil.html", page}}, {{"[Content_Types].xml", "x"}}, {{"index.html", ""}}}) {
        const auto refused = go(yann, "POST", path, archive(files));
        EXPECT_EQ(refused.status, 422) << refused.body;
        EXPECT_EQ(refused.json.at("code"), "upload_doubtful");
        EXPECT_NE(refused.json.at("errors").as_array().at(0).at("message").as_string().find("index.html"), std::string::npos);
    }
    EXPECT_EQ(served("index.html"), page) << "nothing was replaced";
    EXPECT_EQ(go(yann, "POST", path + "?anyway=0", archive({{"a.html", page}})).status, 422);
    const auto meant = go(yann, "POST", path + "?anyway=1", archive({{"a.html", page}}));
    EXPECT_EQ(meant.status, 201) << meant.body;
    EXPECT_EQ(meant.json.at("warnings").as_array().size(), 1u);
    EXPECT_EQ(served("a.html"), page);
    EXPECT_EQ(served("index.html"), std::nullopt);
    // The same is asked when somebody restores such a version, also to one of before the doubts were stored.
    const std::string live = "/api/v1/sites/amis.test/live";
    EXPECT_EQ(go(yann, "POST", live, R"({"number":1})").status, 200);
    for (const char* stored : {"", "UPDATE deploy SET warnings = '[]'"}) {
        ASSERT_TRUE(context->database().execute(stored));
        const auto doubtful = go(yann, "POST", live, R"({"number":2})");
        EXPECT_EQ(doubtful.json.at("code"), "version_doubtful") << doubtful.body;
        EXPECT_FALSE(doubtful.json.at("errors").as_array().empty());
    }
    EXPECT_EQ(served("index.html"), page);
    EXPECT_EQ(go(yann, "POST", live + "?anyway=1", R"({"number":2})").status, 200);
    // What is broken stays refused.
    EXPECT_EQ(go(yann, "POST", path + "?anyway=1", "no archive").json.at("code"), "upload_refused");
}

TEST_F(Doubts, WrongLinesOfRulesAreSaidBeforeTheVersionIsLive) {
    add_site();
    deploy(yann, {{"index.html", page}});
    const std::string path = "/api/v1/sites/amis.test/deploys";
    const std::string wrong = archive({{"index.html", "<p>new"}, {"_redirects", "/a /b 301\n\n/c\n"}, {"_headers", "/*\n  Set-Cookie: x\n"}});
    const auto refused = go(yann, "POST", path, wrong);
    EXPECT_EQ(refused.status, 422) << refused.body;
    EXPECT_EQ(refused.json.at("code"), "upload_rules");
    const auto& errors = refused.json.at("errors").as_array();
    ASSERT_EQ(errors.size(), 2u) << refused.body;
    EXPECT_EQ(errors[0].at("field"), "_redirects:3") << "with its line";
    EXPECT_EQ(errors[1].at("field"), "_headers:2");
    EXPECT_EQ(served("index.html"), page) << "nothing was replaced";
    const auto meant = go(yann, "POST", path + "?anyway=1", wrong);
    EXPECT_EQ(meant.status, 201) << meant.body;
    EXPECT_GE(meant.json.at("warnings").as_array().size(), 2u);
    EXPECT_EQ(served("index.html"), "<p>new");
    // A version that visitors see something of comes back unasked.
    EXPECT_EQ(go(yann, "POST", "/api/v1/sites/amis.test/live", R"({"number":1})").status, 200);
    EXPECT_EQ(go(yann, "POST", "/api/v1/sites/amis.test/live", R"({"number":2})").status, 200);
}

} // namespace
} // namespace hameau::sites
