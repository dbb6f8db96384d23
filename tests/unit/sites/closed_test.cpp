// An association in the house's bin: its sites are neither served nor shown, keep their names, and come back as they were.
#include "fake_house.hpp"

namespace hameau::sites {
namespace {

class Closed : public SitesHouse {
protected:
    Closed() {
        add_site();
        add_site("www.amis.test");
        EXPECT_EQ(deploy(marie, {{"index.html", page}}).status, 201);
        EXPECT_EQ(go(marie, "DELETE", "/api/v1/sites/www.amis.test").status, 204);
        add_site("b.amis.test");
        context->served.clear();
    }
    Status close(bool closed) { return run(sites->close_association("amis", closed)); }
};

TEST_F(Closed, NothingOfItIsServedOrShownAndAllComesBack) {
    ASSERT_TRUE(close(true));
    EXPECT_EQ(context->served, (std::vector<std::string>{"amis.test", "b.amis.test"})) << "closed is said when the gate knows";
    EXPECT_EQ(hosts().find("amis.test"), nullptr) << "as a host that nobody has";
    restart();
    EXPECT_EQ(hosts().find("amis.test"), nullptr) << "a start does not forget it";
    for (const char* path : {"/api/v1/associations/amis/sites", "/api/v1/associations/amis/sites?bin=1", "/api/v1/sites/amis.test",
                             "/api/v1/sites/amis.test/deploys", "/api/v1/sites/amis.test/archive"}) {
        EXPECT_EQ(go(marie, "GET", path).status, 404) << path;
        EXPECT_EQ(go(admin, "GET", path).status, 404) << path;
    }
    EXPECT_EQ(deploy(marie, {{"index.html", page}}).status, 404);
    EXPECT_EQ(go(admin, "DELETE", "/api/v1/sites/amis.test").status, 404);
    EXPECT_EQ(go(admin, "POST", "/api/v1/sites/amis.test/live", R"({"number":1})").status, 404);
    EXPECT_EQ(go(admin, "POST", "/api/v1/sites/www.amis.test/restore").status, 404) << "its bin of sites is closed too";
    EXPECT_EQ(go(admin, "DELETE", "/api/v1/sites/www.amis.test?purge=1").status, 404);
    // The names stay taken: jardin has the domain in this test.
    EXPECT_EQ(go(rose, "POST", "/api/v1/associations/jardin/sites", R"({"host":"amis.test"})").status, 409);
    ASSERT_TRUE(close(true)) << "asked twice";
    ASSERT_TRUE(close(false));
    ASSERT_TRUE(close(false));
    EXPECT_EQ(served("index.html"), page);
    EXPECT_EQ(go(marie, "GET", "/api/v1/associations/amis/sites").items().size(), 2u);
    EXPECT_EQ(go(marie, "GET", "/api/v1/associations/amis/sites?bin=1").items().size(), 1u);
    EXPECT_EQ(go(marie, "POST", "/api/v1/sites/www.amis.test/restore").status, 200);
}

TEST_F(Closed, AGateThatDoesNotAnswerIsNotYetClosed) {
    context->gate_away = true;
    EXPECT_FALSE(close(true));
    EXPECT_EQ(hosts().find("amis.test"), nullptr) << "it is written; the answer says that nobody knows whether it is seen";
    context->gate_away = false;
    EXPECT_TRUE(close(true));
}

TEST_F(Closed, APublicationOnItsWayGoesNowhere) {
    PieceBody body(archive({{"index.html", page + "2"}}));
    bool closed = false;
    body.on_read = [&] {
        auto change = context->database().prepare("INSERT OR IGNORE INTO closed_association (slug) VALUES ('amis')");
        closed = closed || change.run();
    };
    EXPECT_EQ(go(marie, "POST", "/api/v1/sites/amis.test/deploys", body).status, 404);
    EXPECT_TRUE(closed);
    ASSERT_TRUE(close(false));
    EXPECT_EQ(served("index.html"), page);
}

class Certificates : public SitesHouse {};

TEST_F(Certificates, AReasonThatIsKnownIsNotAskedForAtEachLook) {
    add_site();
    context->certificate_fails = true;
    const auto look = [&](int seconds) {
        EXPECT_TRUE(context->database().execute("UPDATE site SET certified = 0, certificate_asked_ms = certificate_asked_ms - " + std::to_string(seconds) + "000"));
        (void)go(yann, "GET", "/api/v1/sites/amis.test");
        return context->provisions.size();
    };
    const std::size_t asked = look(10);
    EXPECT_EQ(look(10), asked) << "each question is a program of root: the house has said why a moment ago";
    EXPECT_EQ(look(10), asked);
}

TEST_F(Closed, ErasedOnceAndALaterOneOfThatNameIsOpen) {
    ASSERT_TRUE(close(true));
    ASSERT_TRUE(run(sites->erase_association("amis")));
    ASSERT_TRUE(run(sites->erase_association("amis"))) << "asked twice";
    settle();
    EXPECT_EQ(count_files("blobs"), 0u);
    restart();
    add_site();
    EXPECT_EQ(deploy(marie, {{"index.html", page}}).status, 201);
    EXPECT_EQ(served("index.html"), page);
    EXPECT_TRUE(go(marie, "GET", "/api/v1/associations/amis/sites?bin=1").items().empty());
}

} // namespace
} // namespace hameau::sites
