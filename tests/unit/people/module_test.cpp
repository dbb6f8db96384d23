// Tests of signing in: credentials, throttling, sessions, revocations, the bounded queue of slow work.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "fake_house.hpp"

namespace hameau::people {
namespace {

namespace json = boost::json;

class SignIn : public House {};

TEST_F(SignIn, RightWrongUnknown) {
    Visitor visitor;
    EXPECT_EQ(sign_in(visitor, "marie", "wrong").status, 401);
    const int before = context->slow_runs;
    const Answer unknown = sign_in(visitor, "nobody", "wrong");
    EXPECT_EQ(unknown.status, 401);
    EXPECT_EQ(unknown.json.at("code"), "wrong_credentials");
    EXPECT_EQ(context->slow_runs, before + 1) << "an unknown login must cost the same work";
    const Answer right = sign_in(visitor, "MARIE", "marie-secret-words");
    EXPECT_EQ(right.status, 200);
    EXPECT_EQ(right.json.at("associations").at(0).at("role"), "manager");
    EXPECT_EQ(go(visitor, "GET", "/api/v1/session").json.at("login"), "marie");
}

TEST_F(SignIn, CookiesAreAsTheContractSays) {
    Visitor visitor;
    const Answer own = sign_in(visitor, "marie", "marie-secret-words");
    EXPECT_EQ(own.header("Set-Cookie"), "__Host-hameau=" + visitor.session +
                                            "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=2592000");
    EXPECT_FALSE(visitor.device.empty());
    Visitor shared;
    const Answer there = sign_in(shared, "marie", "marie-secret-words", true);
    EXPECT_EQ(there.header("Set-Cookie"), "__Host-hameau=" + shared.session + "; Path=/; Secure; HttpOnly; SameSite=Lax");
    EXPECT_TRUE(shared.device.empty()) << "a shared computer is nobody's device";
    const Answer left = go(shared, "DELETE", "/api/v1/session");
    EXPECT_EQ(left.header("Clear-Site-Data"), "\"cache\",\"cookies\",\"storage\"");
    EXPECT_EQ(go(visitor, "DELETE", "/api/v1/session").header("Clear-Site-Data"), "");
}

TEST_F(SignIn, OnlyHashesAreStored) {
    const Visitor marie = signed_in("marie");
    std::string bytes;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
        bytes += read_file(entry.path(), 64 << 20).value_or("");
    }
    EXPECT_NE(bytes.find("marie"), std::string::npos);
    EXPECT_EQ(bytes.find(marie.session), std::string::npos);
    EXPECT_EQ(bytes.find(marie.device), std::string::npos);
    EXPECT_EQ(bytes.find("marie-secret-words"), std::string::npos);
}

TEST_F(SignIn, GuessesAreSlowedDownForThisPrefixOnly) {
    Visitor guesser;
    for (int i = 0; i < free_attempts; ++i) {
        EXPECT_EQ(sign_in(guesser, "marie", "wrong").status, 401);
    }
    const int before = context->slow_runs;
    const Answer refused = sign_in(guesser, "marie", "marie-secret-words");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.header("Retry-After"), "2");
    EXPECT_EQ(context->slow_runs, before) << "a refused try costs no work";
    Visitor elsewhere;
    elsewhere.prefix = "198.51.100.0/24";
    EXPECT_EQ(sign_in(elsewhere, "marie", "marie-secret-words").status, 200);
    clock->advance(std::chrono::seconds(2));
    EXPECT_EQ(sign_in(guesser, "marie", "marie-secret-words").status, 200);
}

TEST_F(SignIn, EverNewLoginsOfOneAddressAreBounded) {
    Visitor marie = signed_in("marie");
    Visitor guesser;
    for (int i = 0; i < address_attempts; ++i) {
        ASSERT_EQ(sign_in(guesser, "nobody" + std::to_string(i), "wrong").status, 401) << i;
    }
    const int before = context->slow_runs;
    EXPECT_EQ(sign_in(guesser, "one.more", "wrong").status, 429);
    EXPECT_EQ(go(guesser, "POST", "/api/v1/recovery", R"({"login":"two.more","code":"OILOILOI","password":"marie-third-words"})").status, 429);
    EXPECT_EQ(go(guesser, "GET", "/api/v1/invitations/OILOILOI").status, 429);
    EXPECT_EQ(context->slow_runs, before) << "refused tries cost no work";
    EXPECT_EQ(sign_in(marie, "marie", "marie-secret-words").status, 200) << "a known computer of the same network";
    Visitor elsewhere;
    elsewhere.prefix = "198.51.100.0/24";
    EXPECT_EQ(sign_in(elsewhere, "yann", "yann-secret-words").status, 200);
    clock->advance(address_attempt_every);
    EXPECT_EQ(sign_in(guesser, "yann", "yann-secret-words").status, 200);
    EXPECT_EQ(sign_in(guesser, "yann", "yann-secret-words").status, 200) << "what was right is given back";
}

TEST_F(SignIn, AKnownDevicePassesAndIsCountedByItself) {
    Visitor marie = signed_in("marie");
    Visitor neighbour;
    for (int i = 0; i < free_attempts; ++i) {
        sign_in(neighbour, "marie", "wrong");
    }
    EXPECT_EQ(sign_in(neighbour, "marie", "marie-secret-words").status, 429);
    EXPECT_EQ(sign_in(marie, "marie", "marie-secret-words").status, 200);
    for (int i = 0; i < free_attempts; ++i) {
        EXPECT_EQ(sign_in(marie, "marie", "wrong").status, 401);
    }
    EXPECT_EQ(sign_in(marie, "marie", "wrong").status, 429);
    Visitor thief;
    thief.device = marie.device;
    thief.prefix = neighbour.prefix;
    for (int i = 0; i < free_attempts; ++i) {
        sign_in(thief, "yann", "wrong");
    }
    EXPECT_EQ(sign_in(thief, "yann", "wrong").status, 429) << "another person's device opens nothing";
}

TEST_F(SignIn, ExemptNetworksAreNotSlowed) {
    Visitor local;
    local.prefix = "127.0.0.0/24";
    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(sign_in(local, "marie", "wrong").status, 401);
    }
}

/// Sign-ins that come at once; the worker thread stands still until it is told to go on.
struct SignInsAtOnce : SignIn {
    struct Answered {
        std::string prefix;
        int status;
    };
    std::vector<std::unique_ptr<TextBody>> bodies;
    std::vector<std::unique_ptr<Request>> requests;
    std::vector<Answered> answered;

    void come(const std::string& prefix, const std::string& login, const std::string& password) {
        Visitor visitor;
        visitor.prefix = prefix;
        bodies.push_back(std::make_unique<TextBody>("{\"login\":\"" + login + "\",\"password\":\"" + password + "\"}"));
        requests.push_back(std::make_unique<Request>(make(visitor, "POST", "/api/v1/session")));
        requests.back()->body = bodies.back().get();
        boost::asio::co_spawn(context->io(), people->handle(*requests.back()),
                              [this, prefix](std::exception_ptr, Response response) { answered.push_back({prefix, response.status}); });
        run_ready();
    }
    void run_ready() {
        context->io().restart();
        while (context->io().poll_one() > 0) {
        }
    }
    /// The worker ends one piece of work.
    void one_ends() {
        ASSERT_EQ(context->held.size(), 1u) << "one at a time";
        boost::asio::steady_timer* const timer = context->held.front();
        context->held.clear();
        timer->cancel();
        run_ready();
    }
};

TEST_F(SignInsAtOnce, ARoomOfPeopleSignsInAtOnce) {
    context->hold_slow = true;
    constexpr std::size_t people_of_the_room = 2 * free_attempts;
    for (std::size_t i = 0; i < free_attempts; ++i) {
        come("10.0.0.0/24", "marie", "marie-secret-words");
        come("10.0.0.0/24", "yann", "yann-secret-words");
    }
    EXPECT_TRUE(answered.empty());
    while (answered.size() < people_of_the_room) {
        one_ends();
    }
    for (const Answered& one : answered) {
        EXPECT_EQ(one.status, 200);
    }
}

TEST_F(SignInsAtOnce, TheQueueIsBounded) {
    context->hold_slow = true;
    for (std::size_t i = 0; i < slow_jobs_waiting_max + 1; ++i) {  // one runs, the others wait
        come("10.0." + std::to_string(i) + ".0/24", "marie", "wrong");
    }
    EXPECT_TRUE(answered.empty());
    come("10.1.0.0/24", "marie", "marie-secret-words");
    ASSERT_EQ(answered.size(), 1u);
    EXPECT_EQ(answered.front().status, 503);
    while (answered.size() < slow_jobs_waiting_max + 2) {
        one_ends();
    }
    EXPECT_EQ(answered.back().status, 401);
}

TEST_F(SignInsAtOnce, AddressesTakeTurnsAndNobodyFillsTheQueueAlone) {
    context->hold_slow = true;
    std::size_t refused = 0;
    for (std::size_t i = 0; i < slow_jobs_waiting_per_prefix_max + 2; ++i) {
        come("127.0.0.0/24", "guess" + std::to_string(i), "wrong");  // exempt from the bounds on guesses
        refused = answered.size();
    }
    ASSERT_EQ(refused, 1u);
    EXPECT_EQ(answered.front().status, 503);
    come("10.0.0.0/24", "marie", "marie-secret-words");
    one_ends();  // what ran already
    one_ends();
    ASSERT_EQ(answered.size(), 3u);
    EXPECT_EQ(answered.back().prefix, "10.0.0.0/24");
    EXPECT_EQ(answered.back().status, 200);
    while (!context->held.empty()) {
        one_ends();
    }
    EXPECT_EQ(answered.size(), slow_jobs_waiting_per_prefix_max + 3);
}

TEST_F(SignInsAtOnce, AFewAddressesThatFillTheQueueDoNotKeepAnotherOut) {
    context->hold_slow = true;
    for (std::size_t i = 0; i < slow_jobs_waiting_max + 1; ++i) {
        come("172.16." + std::to_string(i % 8) + ".0/24", "guess" + std::to_string(i), "wrong");
    }
    const std::size_t refused = answered.size();
    come("10.0.0.0/24", "marie", "marie-secret-words");
    ASSERT_EQ(answered.size(), refused + 1);
    EXPECT_NE(answered.back().prefix, "10.0.0.0/24") << "one of those that have many waiting gives up its place";
    while (!context->held.empty()) {
        one_ends();
    }
    EXPECT_EQ(std::count_if(answered.begin(), answered.end(), [](const Answered& one) { return one.prefix == "10.0.0.0/24" && one.status == 200; }), 1);
}

TEST_F(SignInsAtOnce, WhoWaitsWhenTheHouseStopsIsSentAway) {
    context->hold_slow = true;
    come("10.0.0.0/24", "marie", "marie-secret-words");
    come("10.0.1.0/24", "marie", "marie-secret-words");
    boost::asio::co_spawn(context->io(), people->stop(), boost::asio::detached);
    run_ready();
    ASSERT_EQ(answered.size(), 1u);
    EXPECT_EQ(answered.front().status, 503);
    one_ends();
    EXPECT_EQ(answered.size(), 2u);
}

TEST_F(SignIn, ASharedComputerLeftIdleIsSignedOut) {
    Visitor shared;
    ASSERT_EQ(sign_in(shared, "marie", "marie-secret-words", true).status, 200);
    wall_ms += 14 * 60 * 1000;
    EXPECT_EQ(go(shared, "GET", "/api/v1/session").status, 200);
    wall_ms += 14 * 60 * 1000;
    EXPECT_EQ(go(shared, "GET", "/api/v1/session").status, 200);
    wall_ms += 15 * 60 * 1000;
    EXPECT_EQ(go(shared, "GET", "/api/v1/session").status, 401);
    Visitor own = signed_in("marie");
    wall_ms += 29LL * 24 * 3600 * 1000;
    EXPECT_EQ(go(own, "GET", "/api/v1/session").status, 200);
    wall_ms += 24LL * 3600 * 1000;
    EXPECT_EQ(go(own, "GET", "/api/v1/session").status, 401);
}

TEST_F(SignIn, IdentityHeadersAloneAreNobody) {
    Visitor forged;
    Request request = make(forged, "GET", "/api/v1/associations/amis/members");
    request.who.member = "x";
    request.who.admin = true;
    request.who.associations.emplace_back("amis", Role::manager);
    EXPECT_EQ(run(people->handle(request)).status, 401);
}

TEST_F(SignIn, TheInternalCallsAreForTheirCallersOnly) {
    Visitor marie = signed_in("marie");
    Visitor gate;
    const std::string body = "{\"token\":\"" + marie.session + "\"}";
    const Answer found = go(gate, "POST", "/internal/session", body);
    EXPECT_EQ(found.status, 200);
    EXPECT_EQ(found.json.at("associations").at(0).at("slug"), "amis");
    EXPECT_EQ(go(gate, "POST", "/internal/session", R"({"token":"nonsense"})").status, 404);
    Visitor sites;
    sites.caller = Caller::module;
    sites.module = "sites";
    EXPECT_EQ(go(sites, "POST", "/internal/session", body).status, 403);
    EXPECT_EQ(go(sites, "GET", "/internal/revocations").status, 403);
    EXPECT_EQ(go(sites, "POST", "/internal/resend").status, 403);
    EXPECT_EQ(go(sites, "GET", "/internal/associations/amis").json.at("domains").at(0), "amis.test");
    EXPECT_EQ(go(sites, "GET", "/internal/associations/amis").json.at("language"), "fr") << "of the house";
    EXPECT_EQ(go(gate, "GET", "/internal/associations/amis").status, 403);
    EXPECT_EQ(go(sites, "GET", "/internal/associations/none").status, 404);
}

TEST_F(SignIn, RevocationsAreStreamedAndTheStreamEndsWhenQuiet) {
    Visitor marie = signed_in("marie");
    Visitor gate;
    const Answer session = go(gate, "POST", "/internal/session", "{\"token\":\"" + marie.session + "\"}");
    Request request = make(gate, "GET", "/internal/revocations");
    Response stream = run(people->handle(request));
    auto& source = std::get<BodySource>(stream.body);
    go(marie, "DELETE", "/api/v1/session");
    EXPECT_EQ(run(source()).value(), std::string(session.json.at("session").as_string()) + "\n");
    Visitor again = signed_in("marie");
    go(again, "POST", "/api/v1/me/sign-out-everywhere");
    EXPECT_EQ(run(source()).value(), "member " + std::string(session.json.at("member").as_string()) + "\n");
    clock->advance(std::chrono::minutes(1));
    EXPECT_EQ(run(source()).value(), "") << "nobody called for a while: the end";
}

TEST_F(SignIn, StoppingEndsTheStream) {
    Visitor gate;
    Request request = make(gate, "GET", "/internal/revocations");
    Response stream = run(people->handle(request));
    std::optional<std::string> piece;
    boost::asio::co_spawn(context->io(), std::get<BodySource>(stream.body)(),
                          [&piece](std::exception_ptr, Result<std::string> got) { piece = std::move(*got); });
    context->io().restart();
    context->io().poll();
    EXPECT_FALSE(piece) << "it waits while there is nothing to say";
    boost::asio::co_spawn(context->io(), people->stop(), [](std::exception_ptr) {});
    context->io().restart();
    while (!piece) {
        ASSERT_GT(context->io().run_one(), 0u);
    }
    EXPECT_EQ(*piece, "");
}

} // namespace
} // namespace hameau::people
