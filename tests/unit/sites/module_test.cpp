// The module's API in-process: who may, host names, publishing, restoring a version, refusals, crash safety, archives.
#include "fake_house.hpp"

namespace hameau::sites {
namespace {

namespace json = boost::json;

class Api : public SitesHouse {};

TEST_F(Api, RolesComeFirst) {
    const Identity nobody;
    EXPECT_EQ(go(nobody, "GET", "/api/v1/associations/amis/sites").status, 401);
    EXPECT_EQ(go(nobody, "GET", "/api/v1/sites/unknown.test").status, 401);
    EXPECT_EQ(go(rose, "GET", "/api/v1/associations/amis/sites").status, 403);
    EXPECT_EQ(go(yann, "POST", "/api/v1/associations/amis/sites", "not json").status, 403);
    EXPECT_EQ(go(marie, "POST", "/api/v1/associations/amis/sites", "not json").status, 400);
    add_site();
    EXPECT_EQ(go(rose, "POST", "/api/v1/sites/amis.test/deploys", "x").status, 403);
    EXPECT_EQ(go(rose, "GET", "/api/v1/sites/amis.test/archive").status, 403);
    EXPECT_EQ(go(yann, "DELETE", "/api/v1/sites/amis.test").status, 403);
    EXPECT_EQ(go(yann, "GET", "/api/v1/sites/other.test/deploys").status, 404);
    EXPECT_EQ(go(admin, "GET", "/api/v1/associations/amis/sites").status, 200);
    context->set("sites.publishing", "manager");
    EXPECT_EQ(deploy(yann, {{"index.html", page}}).status, 403);
    EXPECT_EQ(deploy(marie, {{"index.html", page}}).status, 201);
    Identity module;
    module.caller = Caller::module;
    module.module = "pads";
    EXPECT_EQ(go(module, "GET", "/api/v1/associations/amis/sites").status, 401);
}

TEST_F(Api, HostNames) {
    const auto add = [this](const std::string& host) {
        return go(marie, "POST", "/api/v1/associations/amis/sites", "{\"host\":\"" + host + "\"}").status;
    };
    for (const char* bad : {"other.test", "xamis.test", "maison.test", "sub.maison.test", "amis", "-a.amis.test",
                            "autoconfig.amis.test", "mta-sts.amis.test", "a..amis.test", "amis.test/x", "../amis.test"}) {
        EXPECT_EQ(add(bad), 422) << bad;
    }
    EXPECT_EQ(add("amis.test"), 201);
    EXPECT_EQ(add("amis.test"), 409);
    EXPECT_EQ(add("www.amis.test"), 201);
    EXPECT_EQ(go(rose, "POST", "/api/v1/associations/jardin/sites", R"({"host":"www.amis.test"})").status, 409);
    EXPECT_EQ(go(marie, "POST", "/api/v1/associations/amis/sites", R"({"hots":"b.amis.test"})").status, 422);
    EXPECT_EQ(add("a.amis.test"), 201);
    EXPECT_EQ(add("b.amis.test"), 201);
    EXPECT_EQ(add("c.amis.test"), 201);
    EXPECT_EQ(add("d.amis.test"), 422) << "the limit of sites";
    EXPECT_EQ(hosts().to_text().substr(0, 16), "a.amis.test\t-\t-\n");
    const auto list = go(yann, "GET", "/api/v1/associations/amis/sites?limit=2");
    EXPECT_EQ(list.items().size(), 2u);
    EXPECT_EQ(list.json.at("next"), "amis.test");
    EXPECT_EQ(list.items()[1].at("url"), "https://amis.test:8443/");
    context->people_away = true;
    EXPECT_EQ(add("e.amis.test"), 503);
}

TEST_F(Api, ACertificateThatFailsIsSaidAndAskedForAgain) {
    context->certificate_fails = true;
    const auto made = go(marie, "POST", "/api/v1/associations/amis/sites", R"({"host":"amis.test"})");
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(made.json.at("warnings").as_array().size(), 1u);
    EXPECT_EQ(context->provisions, (std::vector<std::string>{"certificate amis.test"}));
    restart();
    EXPECT_EQ(context->provisions.size(), 1u) << "not before an hour has passed";
    ASSERT_TRUE(context->database().execute("UPDATE site SET certificate_asked_ms = 1"));
    context->certificate_fails = false;
    restart();
    EXPECT_EQ(context->provisions.size(), 2u);
    restart();
    EXPECT_EQ(context->provisions.size(), 2u) << "it has one now";
}

TEST_F(Api, ACertificateThatIsGoneIsFoundOutAndSaid) {
    add_site();
    const auto shown = [&] { return go(yann, "GET", "/api/v1/sites/amis.test").json; };
    context->certificate_fails = true;
    EXPECT_EQ(shown().at("certificate"), true) << "asked for a moment ago";
    ASSERT_TRUE(context->database().execute("UPDATE site SET certificate_asked_ms = certificate_asked_ms - 7 * 3600 * 1000"));
    shown();  // asked beside the response
    EXPECT_TRUE(shown().contains("certificate_reason"));
}

TEST_F(Api, PublishSwitchAndGoBack) {
    add_site();
    EXPECT_EQ(served("index.html"), std::nullopt);
    const auto first = deploy(yann, {{"index.html", page}, {"_redirects", "/a /b 301\n"}, {"app.3f2a9c1b.js", "old()"}});
    ASSERT_EQ(first.status, 201) << first.body;
    EXPECT_EQ(first.json.at("number"), 1);
    EXPECT_EQ(first.json.at("files"), 2);
    EXPECT_EQ(first.json.at("live"), true);
    EXPECT_EQ(first.json.at("home").at("grade"), "A");
    EXPECT_EQ(served("index.html"), page);
    EXPECT_EQ(context->announced.back(), "hosts");
    const auto second = deploy(marie, {{"index.html", "<p>two"}});
    EXPECT_EQ(second.json.at("number"), 2);
    EXPECT_EQ(second.json.at("warnings").as_array().size(), 2u) << second.body;
    EXPECT_EQ(served("index.html"), "<p>two");
    EXPECT_EQ(served("app.3f2a9c1b.js"), "old()") << "hashed assets of the version before stay";
    const auto list = go(yann, "GET", "/api/v1/sites/amis.test/deploys");
    ASSERT_EQ(list.items().size(), 2u);
    EXPECT_EQ(list.items()[0].at("number"), 2);
    EXPECT_EQ(list.items()[0].at("live"), true);
    EXPECT_EQ(list.items()[1].at("live"), false);
    EXPECT_EQ(list.items()[1].at("by"), "yann");
    EXPECT_EQ(go(yann, "POST", "/api/v1/sites/amis.test/live", R"({"number":1})").status, 200);
    EXPECT_EQ(served("index.html"), page);
    EXPECT_EQ(go(yann, "POST", "/api/v1/sites/amis.test/live", R"({"number":9})").status, 404);
    EXPECT_EQ(go(yann, "POST", "/api/v1/sites/amis.test/live", R"({"number":"1"})").status, 422);
    EXPECT_EQ(deploy(yann, {{"index.html", "three"}}).json.at("number"), 3) << "numbers are never used again";
    const auto shown = go(yann, "GET", "/api/v1/sites/amis.test/deploys/2");
    EXPECT_EQ(shown.json.at("warnings").as_array().size(), 2u);
    EXPECT_EQ(go(yann, "GET", "/api/v1/sites/amis.test/deploys/x").status, 404);
}

TEST_F(Api, LiveIsSaidWhenTheGateServesIt) {
    add_site();
    const auto first = deploy(yann, {{"index.html", page}});
    EXPECT_EQ(first.json.at("served"), true);
    EXPECT_EQ(context->served, (std::vector<std::string>{"amis.test"}));
    context->gate_away = true;
    const auto second = deploy(yann, {{"index.html", page}});
    ASSERT_EQ(second.status, 201) << second.body;
    EXPECT_EQ(second.json.at("served"), false);
    EXPECT_EQ(second.json.at("warnings").as_array().size(), first.json.at("warnings").as_array().size() + 1) << second.body;
}

TEST_F(Api, RefusalsListTheReasonsAndChangeNothing) {
    add_site();
    deploy(yann, {{"index.html", page}});
    const std::string before = hosts().to_text();
    for (const std::string& body : {std::string(), std::string("not an archive"), archive({{"index.html", page}}).substr(0, 1100),
                                    archive({{".hidden", "x"}})}) {
        const auto refused = go(yann, "POST", "/api/v1/sites/amis.test/deploys", body);
        EXPECT_EQ(refused.status, 422) << refused.body;
        EXPECT_EQ(refused.json.at("code"), "upload_refused");
        ASSERT_FALSE(refused.json.at("errors").as_array().empty());
        EXPECT_GT(refused.json.at("errors").as_array()[0].at("message").as_string().size(), 20u);
    }
    EXPECT_EQ(hosts().to_text(), before);
    EXPECT_EQ(count_files("staging"), 0u);
    EXPECT_EQ(go(yann, "GET", "/api/v1/sites/amis.test/deploys").items().size(), 1u);
}

TEST_F(Api, WhoSawAnotherVersionReplacesNothingUnasked) {
    add_site();
    const std::string path = "/api/v1/sites/amis.test/deploys";
    const std::string live = "/api/v1/sites/amis.test/live";
    EXPECT_EQ(go(yann, "POST", path + "?after=0", archive({{"index.html", page}})).status, 201);
    EXPECT_EQ(go(marie, "POST", path + "?after=1", archive({{"index.html", "<p>Marie"}})).status, 201);
    const auto late = go(yann, "POST", path + "?after=1", archive({{"index.html", "<p>Yann"}}));
    EXPECT_EQ(late.status, 409);
    EXPECT_EQ(late.json.at("code"), "version_newer");
    EXPECT_NE(late.json.at("detail").as_string().find("2"), std::string::npos) << late.body;
    EXPECT_EQ(served("index.html"), "<p>Marie");
    EXPECT_EQ(go(yann, "POST", live + "?after=1", R"({"number":1})").json.at("code"), "version_newer");
    EXPECT_EQ(served("index.html"), "<p>Marie");
    EXPECT_EQ(go(yann, "POST", live + "?after=2", R"({"number":1})").status, 200);
    EXPECT_EQ(go(yann, "POST", path + "?after=1", archive({{"index.html", "<p>Yann"}})).status, 201);
    EXPECT_EQ(served("index.html"), "<p>Yann");
    EXPECT_EQ(go(yann, "GET", path).items().size(), 3u) << "nothing is lost";
    // Whoever does not say what they saw is not asked: the command and its scripts work as before.
    EXPECT_EQ(go(yann, "POST", path, archive({{"index.html", page}})).status, 201);
}

TEST_F(Api, LimitsAreNamed) {
    add_site();
    context->quota = 100'000;
    const std::string big(150'000, 'x');
    PieceBody told(archive({{"index.html", big}}));
    EXPECT_EQ(go(yann, "POST", "/api/v1/sites/amis.test/deploys", told).status, 413);
    PieceBody untold(archive({{"index.html", big}}));
    untold.told = false;
    const auto refused = go(yann, "POST", "/api/v1/sites/amis.test/deploys", untold);
    EXPECT_EQ(refused.status, 413);
    EXPECT_NE(refused.body.find("100 kB"), std::string::npos) << refused.body;
    context->set("sites.limits.deploy_max", "50000");
    EXPECT_EQ(go(yann, "POST", "/api/v1/sites/amis.test/deploys", untold).json.at("code"), "upload_too_large");
    EXPECT_EQ(count_files("blobs"), 0u);
}

TEST_F(Api, TheQuotaCountsEveryKeptVersion) {
    add_site();
    context->quota = 100'000;
    const std::string picture(60'000, 'y');
    EXPECT_EQ(deploy(yann, {{"index.html", page}, {"a.png", picture}}).status, 201);
    settle();
    const auto first = context->told["amis"];
    EXPECT_GT(first, picture.size());
    EXPECT_LT(first, picture.size() + 5000);
    // A file that is here already costs nothing; a new one of that size has no room, and nothing of it is kept.
    EXPECT_EQ(deploy(yann, {{"index.html", page + " "}, {"a.png", picture}}).status, 201);
    const std::size_t files = count_files("blobs");
    const auto full = deploy(yann, {{"index.html", page}, {"b.png", std::string(60'000, 'z')}});
    EXPECT_EQ(full.status, 413);
    EXPECT_EQ(full.json.at("code"), "association_full") << full.body;
    EXPECT_EQ(count_files("blobs"), files);
    EXPECT_EQ(count_files("staging"), 0u);
    EXPECT_EQ(served("index.html"), page + " ");
    // What mail and texts take counts too.
    context->others = 39'000;
    EXPECT_EQ(deploy(yann, {{"index.html", page}, {"c.png", std::string(5000, 'z')}}).json.at("code"), "association_full");
    context->others = 0;
    // So does the bin; what is erased from it does not.
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/sites/amis.test").status, 204);
    add_site("www.amis.test");
    const std::map<std::string, std::string> large = {{"index.html", page}, {"b.png", std::string(60'000, 'z')}};
    EXPECT_EQ(deploy(yann, large, "www.amis.test").json.at("code"), "association_full");
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/sites/amis.test?purge=1").status, 204);
    settle();
    EXPECT_LT(context->told["amis"], 5000u);
    EXPECT_EQ(deploy(yann, large, "www.amis.test").status, 201);
    // Without a quota of its own everything fits.
    context->quota = 0;
    context->others = 1'000'000'000;
    EXPECT_EQ(deploy(yann, {{"index.html", page}, {"d.png", std::string(200'000, 'z')}}, "www.amis.test").status, 201);
    context->people_away = true;
    EXPECT_EQ(deploy(yann, large, "www.amis.test").status, 503);
}

TEST_F(Api, TwoUploadsCannotHaveTheSameRoom) {
    add_site();
    add_site("www.amis.test");
    context->quota = 100'000;
    PieceBody first(archive({{"index.html", page}, {"a.png", std::string(60'000, 'y')}}), 100);
    const auto other = std::make_shared<PieceBody>(archive({{"index.html", page}, {"b.png", std::string(60'000, 'z')}}), 100);
    const auto request = std::make_shared<Request>(request_of("POST", "/api/v1/sites/www.amis.test/deploys"));
    request->who = yann;
    request->body = other.get();
    std::optional<int> second;
    first.on_read = [&] {
        if (!second) {
            second = 0;
            boost::asio::co_spawn(context->io(), handle(*request),
                                  [&second](std::exception_ptr, Response response) { second = response.status; });
        }
    };
    const int answer = go(yann, "POST", "/api/v1/sites/amis.test/deploys", first).status;
    while (second == 0 && context->io().run_one() > 0) {
    }
    EXPECT_EQ(std::min(answer, *second), 201);
    EXPECT_EQ(std::max(answer, *second), 413);
    settle();
    EXPECT_LT(context->told["amis"], 70'000u);
}

TEST_F(Api, ARestartTellsWhatIsHere) {
    add_site();
    context->quota = 1'000'000;  // people is told of each percent
    EXPECT_EQ(deploy(yann, {{"index.html", page}, {"a.png", std::string(60'000, 'y')}}).status, 201);
    settle();
    const auto before = context->told["amis"];
    context->told.clear();
    restart();
    EXPECT_EQ(context->told["amis"], before) << "as after a crash: people hears the figure again";
    EXPECT_TRUE(run(sites->erase_association("amis")));
    settle();
    EXPECT_EQ(context->told["amis"], before) << "people erased the association itself";
}

/// Says that it is larger than any disk.
class HugeBody final : public Body {
public:
    Task<Result<std::size_t>> read_some(std::span<char>) override {
        read = true;
        co_return std::size_t{0};
    }
    std::optional<std::uint64_t> size_bytes() const override { return std::uint64_t{1} << 60; }
    bool read = false;
};

TEST_F(Api, BelowTheFloorOfFreeDiskNothingIsTaken) {
    add_site();
    deploy(yann, {{"index.html", page}});
    HugeBody body;
    const auto refused = go(yann, "POST", "/api/v1/sites/amis.test/deploys", body);
    EXPECT_EQ(refused.status, 507);
    EXPECT_EQ(refused.json.at("code"), "disk_floor");
    EXPECT_FALSE(body.read) << "refused before it is read";
    EXPECT_EQ(served("index.html"), page);
}

TEST_F(Api, ABodyThatBreaksOffChangesNothing) {
    add_site();
    deploy(yann, {{"index.html", page}});
    PieceBody body(archive({{"index.html", std::string(100000, 'x')}}));
    body.breaks_at = 50000;
    const auto answer = go(yann, "POST", "/api/v1/sites/amis.test/deploys", body);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.json.at("code"), "upload_cut");
    EXPECT_EQ(served("index.html"), page);
    EXPECT_EQ(count_files("staging"), 0u);
    EXPECT_EQ(deploy(yann, {{"index.html", "again"}}).status, 201) << "the site is free again";
}

TEST_F(Api, OneAtATime) {
    add_site();
    PieceBody body(archive({{"index.html", page}}), 100);
    std::optional<int> second;
    body.on_read = [&] {
        if (!second) {
            second = 0;
            // While the first is on its way, from inside its own body.
            Request request;
            request.method = "POST";
            request.path = "/api/v1/sites/amis.test/deploys";
            request.who = yann;
            auto other = std::make_shared<PieceBody>("");
            auto held = std::make_shared<Request>(std::move(request));
            held->body = other.get();
            boost::asio::co_spawn(context->io(), sites->handle(*held),
                                  [&second, held, other](std::exception_ptr, Response response) { second = response.status; });
        }
    };
    EXPECT_EQ(go(yann, "POST", "/api/v1/sites/amis.test/deploys", body).status, 201);
    EXPECT_EQ(second, 409);
}

TEST_F(Api, OldVersionsGoAndTheirFilesWithThem) {
    add_site();
    add_site("www.amis.test");
    for (int i = 1; i <= 8; ++i) {
        deploy(yann, {{"index.html", "version " + std::to_string(i)}, {"same.txt", "shared"}});
        deploy(yann, {{"index.html", "www " + std::to_string(i)}, {"same.txt", "shared"}}, "www.amis.test");
    }
    settle();
    // Three kept, the one shown, the one before it.
    const auto list = go(yann, "GET", "/api/v1/sites/amis.test/deploys");
    ASSERT_EQ(list.items().size(), 5u) << list.body;
    EXPECT_EQ(list.items()[4].at("number"), 4);
    EXPECT_EQ(count_files("deploys"), 10u);
    EXPECT_EQ(count_files("blobs"), 11u) << "five and five pages, one file that all share";
    EXPECT_EQ(served("same.txt"), "shared");
    EXPECT_EQ(go(yann, "POST", "/api/v1/sites/amis.test/live", R"({"number":4})").status, 200);
    EXPECT_EQ(served("index.html"), "version 4");
}

TEST_F(Api, TheBin) {
    add_site();
    deploy(yann, {{"index.html", page}});
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/sites/amis.test").status, 204);
    EXPECT_EQ(hosts().to_text(), "");
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/sites/amis.test").status, 404);
    EXPECT_TRUE(go(marie, "GET", "/api/v1/associations/amis/sites").items().empty());
    const auto again = go(marie, "POST", "/api/v1/associations/amis/sites", R"({"host":"amis.test"})");
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.json.at("live"), 1);
    EXPECT_EQ(served("index.html"), page);
    // Another association that has the domain now does not get what the first left, and does not erase it.
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/sites/amis.test").status, 204);
    EXPECT_EQ(go(rose, "POST", "/api/v1/associations/jardin/sites", R"({"host":"amis.test"})").status, 201);
    EXPECT_EQ(served("index.html"), std::nullopt);
    restart();
    EXPECT_EQ(count_files("blobs"), 1u);
    const auto binned = go(marie, "GET", "/api/v1/associations/amis/sites?bin=1");
    ASSERT_EQ(binned.items().size(), 1u) << binned.body;
    EXPECT_EQ(binned.items()[0].at("host"), "amis.test");
    EXPECT_TRUE(binned.items()[0].as_object().contains("gone"));
    EXPECT_EQ(go(marie, "POST", "/api/v1/sites/amis.test/restore").status, 409) << "the name is taken";
    EXPECT_EQ(go(rose, "POST", "/api/v1/sites/amis.test/restore").status, 404) << "not out of another's bin";
    EXPECT_EQ(go(rose, "DELETE", "/api/v1/sites/amis.test?purge=1").status, 404);
    EXPECT_EQ(go(yann, "GET", "/api/v1/associations/amis/sites?bin=1").status, 403);
    EXPECT_EQ(go(rose, "DELETE", "/api/v1/sites/amis.test").status, 204);
    EXPECT_EQ(go(yann, "POST", "/api/v1/sites/amis.test/restore").status, 404);
    EXPECT_EQ(go(marie, "POST", "/api/v1/sites/amis.test/restore").status, 200);
    EXPECT_EQ(served("index.html"), page);
    // What is in the bin goes at once when that is asked for.
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/sites/amis.test?purge=1").status, 404) << "it is not in the bin";
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/sites/amis.test").status, 204);
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/sites/amis.test?purge=1").status, 204);
    settle();
    EXPECT_EQ(count_files("blobs"), 0u);
    // After thirty days the bin is emptied.
    add_site("www.amis.test");
    deploy(yann, {{"index.html", page}}, "www.amis.test");
    go(marie, "DELETE", "/api/v1/sites/www.amis.test");
    ASSERT_TRUE(context->database().execute("UPDATE site SET removed_ms = 1 WHERE removed_ms > 0"));
    restart();
    EXPECT_EQ(count_files("deploys"), 0u);
    EXPECT_EQ(count_files("blobs"), 0u);
}

TEST_F(Api, ADomainIsAskedFor) {
    Identity people;
    people.caller = Caller::module;
    people.module = "people";
    const auto ask = [&](const std::string& query) {
        std::string text;
        const auto answer = go(people, "GET", "/internal/domain?name=amis.test&" + query);
        for (const auto& item : answer.items()) {
            text += std::string(item.at("kind").as_string()) + " " + std::string(item.at("name").as_string()) + ",";
        }
        return text;
    };
    for (const char* host : {"amis.test", "www.amis.test", "xx.amis.example"}) {
        add_site(host);
    }
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/sites/www.amis.test").status, 204);
    EXPECT_EQ(ask("but=jardin"), "site amis.test,site_bin www.amis.test,");
    EXPECT_EQ(ask("of=amis"), "site amis.test,");
    EXPECT_EQ(go(marie, "GET", "/internal/domain?name=amis.test&but=jardin").status, 403);
    EXPECT_EQ(ask("of=jardin"), "");
    EXPECT_EQ(ask("but=amis"), "") << "and the others wait from now on";
    EXPECT_EQ(go(rose, "POST", "/api/v1/associations/jardin/sites", R"({"host":"b.amis.test"})").json.at("code"), "domain_moving");
    EXPECT_EQ(go(marie, "POST", "/api/v1/sites/www.amis.test/restore").status, 200);
}

TEST_F(Api, PackersWaitInLine) {
    auto line = std::make_shared<Line>(context->io(), 2, 1, std::chrono::seconds(1));
    auto first = run(line->take());
    auto second = run(line->take());
    ASSERT_TRUE(first && second);
    EXPECT_EQ(run(line->take()), nullptr) << "no turn came in time";
    std::shared_ptr<void> third;
    const auto waits = [&]() -> Task<void> { third = co_await line->take(); };
    boost::asio::co_spawn(context->io(), waits(), boost::asio::detached);
    settle();
    EXPECT_EQ(third, nullptr);
    EXPECT_EQ(run(line->take()), nullptr) << "the line is full";
    first.reset();
    settle();
    EXPECT_NE(third, nullptr) << "the first in line has the turn that ended";
    second.reset();
    EXPECT_NE(run(line->take()), nullptr);
}

TEST(Migrations, SitesOfTheOldSchemaKeepTheirVersions) {
    const auto folder = std::filesystem::temp_directory_path() / ("sites-old-" + new_id());
    std::filesystem::create_directories(folder);
    {
        auto old = Database::open((folder / "sites.db").string(), sites_manifest.migrations.first(1));
        ASSERT_TRUE(old);
        ASSERT_TRUE(old->execute("INSERT INTO site (host, association, created_ms, live, next_number) VALUES ('a.test', 'amis', 1, 2, 3)"));
        ASSERT_TRUE(old->execute("INSERT INTO site (host, association, created_ms, removed_ms) VALUES ('b.test', 'amis', 1, 5)"));
        ASSERT_TRUE(old->execute("INSERT INTO deploy VALUES ('a.test', 1, 'x1', 1, 'yann', 1, 1, 1, 0, 0, 0, '[]'), "
                                 "('a.test', 2, 'x2', 1, 'yann', 1, 1, 1, 0, 0, 0, '[]'), ('b.test', 1, 'x3', 1, 'yann', 1, 1, 1, 0, 0, 0, '[]')"));
    }
    auto database = Database::open((folder / "sites.db").string(), sites_manifest.migrations);
    ASSERT_TRUE(database) << database.error().message;
    Store store(*database);
    const auto site = store.site("a.test");
    ASSERT_TRUE(site);
    EXPECT_EQ(store.deploys(site->id, 0, 10).size(), 2u);
    EXPECT_EQ(store.deploy(site->id, site->live)->id, "x2");
    ASSERT_EQ(store.removed_sites("b.test").size(), 1u);
    EXPECT_EQ(store.kept_ids()->size(), 3u);
    EXPECT_TRUE(store.erase_site(site->id));
    EXPECT_EQ(store.kept_ids()->size(), 1u) << "versions go with their site";
    std::filesystem::remove_all(folder);
}

TEST_F(Api, AKillAnywhereLeavesAWholeVersion) {
    add_site();
    deploy(yann, {{"index.html", page}});
    const std::string map = read_file(folder_ / "hosts.map", 1 << 20).value();
    // Killed while unpacking: staging is full.
    std::filesystem::create_directories(folder_ / "staging/leftover");
    std::ofstream(folder_ / "staging/leftover/part") << "half";
    // Killed after placing: blobs and a manifest that nothing names.
    std::filesystem::create_directories(folder_ / "blobs/ab");
    std::ofstream(folder_ / ("blobs/ab/ab" + std::string(62, '0'))) << "orphan";
    std::ofstream(folder_ / manifest_path("abcdefghijklmnopqrstuvwx23")) << "orphan";
    restart();
    EXPECT_EQ(count_files("staging"), 0u);
    EXPECT_EQ(count_files("blobs"), 1u);
    EXPECT_EQ(count_files("deploys"), 1u);
    EXPECT_EQ(served("index.html"), page);
    // Killed between the database and hosts.map: the committed version is shown after the start.
    deploy(yann, {{"index.html", "two"}});
    ASSERT_TRUE(write_file_atomically(folder_ / "hosts.map", map, 0644));
    EXPECT_EQ(served("index.html"), page);
    restart();
    EXPECT_EQ(served("index.html"), "two");
    // A torn hosts.map is written again.
    std::ofstream(folder_ / "hosts.map") << "amis.te";
    restart();
    EXPECT_EQ(served("index.html"), "two");
}

TEST_F(Api, SweepKeepsAllWhenAManifestCannotBeRead) {
    add_site();
    deploy(yann, {{"index.html", page}});
    for (const auto& file : std::filesystem::directory_iterator(folder_ / "deploys")) {
        std::filesystem::resize_file(file, 10);
    }
    std::filesystem::create_directories(folder_ / "staging/leftover");
    restart();
    EXPECT_EQ(count_files("blobs"), 1u);
    EXPECT_TRUE(Store(context->database()).is_pending("sweep")) << "tried again at the next start";
}

TEST_F(Api, DownloadIsWhatWasUploaded) {
    add_site();
    EXPECT_EQ(go(yann, "GET", "/api/v1/sites/amis.test/archive").status, 404);
    const std::string rules = "/a%20b/* /c/:splat 301!\n";
    deploy(yann, {{"index.html", page}, {"caf\xc3\xa9/x.txt", "x"}, {"_redirects", rules}, {"_headers", "/*\n  X-A: b\n"}, {"a.3f2a9c1b.js", "1"}});
    const auto packed = go(yann, "GET", "/api/v1/sites/amis.test/archive?format=tar.gz");
    ASSERT_EQ(packed.status, 200);
    const auto again = go(yann, "POST", "/api/v1/sites/amis.test/deploys", packed.body);
    ASSERT_EQ(again.status, 201) << again.body;
    EXPECT_EQ(again.json.at("files"), 3);
    EXPECT_EQ(served("caf\xc3\xa9/x.txt"), "x");
    // Retired assets are no part of the site any more.
    deploy(yann, {{"index.html", page}, {"_redirects", rules}});
    EXPECT_EQ(served("a.3f2a9c1b.js"), "1");
    const auto zip = go(yann, "GET", "/api/v1/sites/amis.test/archive");
    EXPECT_EQ(zip.body.substr(0, 2), "PK");
    EXPECT_EQ(zip.body.find("3f2a9c1b"), std::string::npos);
    EXPECT_NE(zip.body.find("_redirects"), std::string::npos);
    EXPECT_EQ(go(yann, "GET", "/api/v1/sites/amis.test/archive?format=rar").status, 400);
}

TEST_F(Api, AnAssociationLeaves) {
    add_site();
    add_site("www.amis.test");
    deploy(yann, {{"index.html", page}, {"a/b.txt", "b"}, {"_redirects", "/x /y 301\n"}});
    Identity people;
    people.caller = Caller::module;
    people.module = "people";
    const std::string parts = go(people, "GET", "/internal/archive?association=amis").body;
    EXPECT_NE(parts.find(" sites/amis.test/1/a/b.txt\nb"), std::string::npos);
    EXPECT_NE(parts.find(" sites/amis.test/1/_redirects\n/x /y 301\n"), std::string::npos);
    EXPECT_TRUE(parts.ends_with("END\n"));
    EXPECT_EQ(go(yann, "GET", "/internal/archive?association=amis").status, 403) << "for people alone";
    EXPECT_TRUE(run(sites->erase_association("amis")));
    settle();
    EXPECT_EQ(hosts().to_text(), "");
    EXPECT_EQ(count_files("blobs"), 0u);
}

TEST_F(Api, AnUnpackerThatLiesIsNotBelieved) {
    add_site();
    deploy(yann, {{"index.html", page}});
    Blobs blobs(folder_.string());
    const std::string id = new_id();
    const auto staging = blobs.open_staging(id);
    ASSERT_TRUE(staging);
    const Hash claimed = {0xab, 1, 2, 3};
    std::ofstream(folder_ / "staging" / id / to_hex(claimed)) << "something else";
    Report report;
    DeployEntry entry;
    entry.path = "index.html";
    entry.type = "text/html";
    entry.variants[0] = Variant{claimed, 14};
    report.files.push_back(entry);
    EXPECT_FALSE(blobs.place(id, report, "", 1));
    // A symbolic link in staging is not followed either.
    std::filesystem::remove(folder_ / "staging" / id / to_hex(claimed));
    std::filesystem::create_symlink("/etc/hostname", folder_ / "staging" / id / to_hex(claimed));
    EXPECT_FALSE(blobs.place(id, report, "", 1));
    EXPECT_FALSE(std::filesystem::exists(folder_ / blob_path(claimed)));
}

TEST_F(Api, EveryRemarkHasItsText) {
    add_site();
    const auto answer = go(yann, "POST", "/api/v1/sites/amis.test/deploys?anyway=1",
                           archive({{"index.HTM", "<img src=a><a href=b>"}, {"_redirects", "/a\n"}, {"_headers", "/a\n  Set-Cookie: x\n"}}));
    ASSERT_EQ(answer.status, 201) << answer.body;
    for (const auto& warning : answer.json.at("warnings").as_array()) {
        EXPECT_NE(warning.as_string().find(" "), std::string::npos) << warning;
    }
    EXPECT_GE(answer.json.at("warnings").as_array().size(), 7u) << answer.body;
}

} // namespace
} // namespace hameau::sites
