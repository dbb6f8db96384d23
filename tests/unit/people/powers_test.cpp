// Rights that end: a right lost while a body is on its way, invitations that lost their reason, credentials that ask for
// the password again. The same from outside, with a real house: tests/peers/house/slow_bodies.py and powers_end.py.
#include <gtest/gtest.h>

#include "fake_house.hpp"

namespace hameau::people {
namespace {

/// A body whose first half has come; before the second half something else happens in the house.
class SlowBody final : public Body {
public:
    SlowBody(std::string text, std::function<Task<void>()> meanwhile) : text_(std::move(text)), meanwhile_(std::move(meanwhile)) {}
    Task<Result<std::size_t>> read_some(std::span<char> buffer) override {
        const std::size_t half = text_.size() / 2;
        if (at_ == half && meanwhile_) {
            const auto happens = std::exchange(meanwhile_, nullptr);
            co_await happens();
        }
        const std::size_t end = at_ < half ? half : text_.size();
        const std::size_t n = std::min(buffer.size(), end - at_);
        std::memcpy(buffer.data(), text_.data() + at_, n);
        at_ += n;
        co_return n;
    }
    std::optional<std::uint64_t> size_bytes() const override { return text_.size(); }

private:
    std::string text_;
    std::function<Task<void>()> meanwhile_;
    std::size_t at_ = 0;
};

class Powers : public House {
protected:
    const std::string amis = "/api/v1/associations/amis";
    const std::string members = amis + "/members";

    /// `visitor` sends `body` slowly; meanwhile the house's admin makes the other call.
    Answer slowly(Visitor& visitor, std::string method, std::string path, std::string body, std::string other_method,
                  std::string other_path, std::string other_body) {
        int status = 0;
        SlowBody slow(std::move(body), [&]() -> Task<void> {
            TextBody text(other_body);
            Request request = make(admin, other_method, other_path);
            request.body = &text;
            const Response response = co_await people->handle(request);
            status = response.status;
        });
        Request request = make(visitor, std::move(method), std::move(path));
        request.body = &slow;
        Answer answer = keep(visitor, run(people->handle(request)));
        EXPECT_LT(status, 300);
        EXPECT_GT(status, 0);
        return answer;
    }
    std::string invite(Visitor& by, const std::string& login) {
        const Answer made = go(by, "POST", members + "/" + login + "/invitation");
        EXPECT_EQ(made.status, 201) << boost::json::serialize(made.json);
        return made.status == 201 ? std::string(made.json.at("code").as_string()) : "";
    }
    int show(const std::string& code) {
        Visitor anyone;
        anyone.prefix = "10.0." + std::to_string(++prefix_) + ".0/24";
        return go(anyone, "GET", "/api/v1/invitations/" + code).status;
    }
    int accept(const std::string& code) {
        Visitor anyone;
        anyone.prefix = "10.0." + std::to_string(++prefix_) + ".0/24";
        return go(anyone, "POST", "/api/v1/invitations/" + code, R"({"password":"quite-another-secret"})").status;
    }

private:
    int prefix_ = 0;
};

TEST_F(Powers, ARightThatEndsWhileTheBodyComesIsNotUsed) {
    const std::string demote = R"({"role":"member"})";
    const struct {
        const char *method, *path, *body;
    } calls[] = {{"POST", "/members", R"({"login":"zoe","name":"Zoe"})"},
                 {"PATCH", "/members/yann", R"({"name":"Changed"})"},
                 {"POST", "/groups", R"({"slug":"late","name":"Late"})"},
                 {"PATCH", "/groups/bureau", R"({"name":"Changed"})"}};
    Visitor annick = signed_in("annick");
    ASSERT_EQ(go(annick, "POST", amis + "/groups", R"({"slug":"bureau","name":"Le bureau","members":["yann"]})").status, 201);
    ASSERT_EQ(go(annick, "POST", members, R"({"login":"paul","name":"Paul","role":"manager","password":"paul-secret-words"})").status, 201);
    Visitor marie = signed_in("marie");
    for (const auto& call : calls) {
        EXPECT_EQ(slowly(marie, call.method, amis + call.path, call.body, "PATCH", members + "/marie", demote).status, 403) << call.path;
        ASSERT_EQ(go(admin, "PATCH", members + "/marie", R"({"role":"manager"})").status, 200);
    }
    EXPECT_EQ(go(admin, "GET", members).json.at("items").as_array().size(), 4u);
    EXPECT_EQ(go(admin, "GET", amis + "/groups").json.at("items").at(0).at("name"), "Le bureau");
}

TEST_F(Powers, ASlowChangeNamesItsColumnsOnly) {
    Visitor annick = signed_in("annick");
    const Answer changed = slowly(annick, "PATCH", amis, R"({"name":"Les Amis du Bourg"})", "PATCH", amis,
                                  R"({"domains":["amis.test","amis.example"],"quota":"7 GiB"})");
    ASSERT_EQ(changed.status, 200);
    const Answer now = go(annick, "GET", amis);
    EXPECT_EQ(now.json.at("name"), "Les Amis du Bourg");
    EXPECT_EQ(now.json.at("domains").as_array().size(), 2u);
    EXPECT_EQ(now.json.at("quota_bytes").to_number<std::uint64_t>(), std::uint64_t{7} << 30U);
}

TEST_F(Powers, AnInvitationEndsWithItsReason) {
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations", R"({"slug":"jardin","name":"Le Jardin"})").status, 201);
    ASSERT_EQ(go(admin, "POST", members, R"({"login":"paul","name":"Paul","role":"manager","password":"paul-secret-words"})").status, 201);
    Visitor marie = signed_in("marie");
    const struct {
        const char *what, *method, *path, *body;
    } events[] = {
        {"became an admin", "PATCH", "/members/lena", R"({"role":"admin"})"},
        {"became a manager", "PATCH", "/members/lena", R"({"role":"manager"})"},
        {"was switched off", "PATCH", "/members/lena", R"({"disabled":true})"},
        {"left", "DELETE", "/members/lena", ""},
        {"joined another association", "POST", "/../jardin/members", R"({"login":"lena","name":"Lena"})"},
        {"its maker is a member now", "PATCH", "/members/marie", R"({"role":"member"})"},
        {"its maker was switched off", "PATCH", "/members/marie", R"({"disabled":true})"},
    };
    for (const auto& event : events) {
        ASSERT_EQ(go(admin, "POST", members, R"({"login":"lena","name":"Lena"})").status, 201) << event.what;
        const std::string code = invite(marie, "lena");
        EXPECT_EQ(show(code), 200) << event.what;
        const std::string path = std::string(event.path).starts_with("/../") ? "/api/v1/associations/jardin/members" : amis + event.path;
        EXPECT_LT(go(admin, event.method, path, event.body).status, 300) << event.what;
        EXPECT_EQ(show(code), 404) << event.what;
        EXPECT_EQ(accept(code), 404) << event.what;
        // As it was; what was undone does not bring the invitation back.
        go(admin, "PATCH", members + "/lena", R"({"role":"member","disabled":false})");
        go(admin, "DELETE", "/api/v1/associations/jardin/members/lena");
        go(admin, "PATCH", members + "/marie", R"({"role":"manager","disabled":false})");
        go(admin, "DELETE", members + "/lena");
        marie = signed_in("marie");
        EXPECT_EQ(show(code), 404) << event.what;
    }
}

TEST_F(Powers, AnInvitationIsForThePasswordThatWasThere) {
    ASSERT_EQ(go(admin, "POST", members, R"({"login":"lena","name":"Lena","password":"lena-secret-words"})").status, 201);
    Visitor marie = signed_in("marie");
    Visitor lena = signed_in("lena");
    const std::string first = invite(marie, "lena");
    ASSERT_EQ(go(lena, "POST", "/api/v1/me/password", R"({"current":"lena-secret-words","new":"lena-other-words"})").status, 204);
    EXPECT_EQ(accept(first), 404);
    const std::string second = invite(marie, "lena");
    EXPECT_EQ(accept(second), 201);
    // A new password for an account that had one ends what the old one had made.
    const auto& events = context->events;
    EXPECT_TRUE(std::any_of(events.begin(), events.end(), [](const auto& event) { return event.at("kind") == "app-passwords-erased"; }));
}

TEST_F(Powers, TheListSaysWhichInvitationsAreOpen) {
    Visitor marie = signed_in("marie");
    ASSERT_EQ(go(marie, "POST", members, R"({"login":"lena","name":"Lena","invite":true})").status, 201);
    const auto open = [this] { return go(admin, "GET", members).json.at("items").at(1).at("invitation_open").as_bool(); };
    EXPECT_TRUE(open());
    ASSERT_EQ(go(admin, "POST", members, R"({"login":"paul","name":"Paul","role":"manager"})").status, 201);
    ASSERT_EQ(go(admin, "PATCH", members + "/marie", R"({"role":"member"})").status, 200);
    EXPECT_FALSE(open());
}

TEST_F(Powers, MakingCredentialsAsksForThePasswordAgain) {
    Visitor marie = signed_in("marie");
    context->mail_status = 201;
    const std::string codes = "/api/v1/me/recovery-codes";
    const std::string apps = "/api/v1/me/app-passwords";
    EXPECT_EQ(go(marie, "POST", codes).status, 200);
    EXPECT_EQ(go(marie, "POST", apps, R"({"name":"phone"})").status, 201);
    wall_ms += proven_ms_max + 1;
    EXPECT_EQ(go(marie, "POST", codes).json.at("code"), "password_needed");
    EXPECT_EQ(go(marie, "POST", apps, R"({"name":"phone"})").json.at("code"), "password_needed");
    EXPECT_EQ(go(marie, "POST", apps, R"({"name":"phone","current":"wrong"})").json.at("code"), "wrong_current");
    EXPECT_EQ(go(marie, "POST", apps, R"({"name":"phone","current":"marie-secret-words"})").status, 201);
    EXPECT_EQ(go(marie, "POST", codes).status, 200) << "given a moment ago";
    wall_ms -= 3600 * 1000;
    EXPECT_EQ(go(marie, "POST", codes).json.at("code"), "password_needed") << "a clock that went back proves nothing";
}

TEST_F(Powers, ARecoveryEndsEveryOtherWayIn) {
    Visitor marie = signed_in("marie");
    const Answer made = go(marie, "POST", "/api/v1/me/recovery-codes");
    const std::string code(made.json.at("codes").at(0).as_string());
    const std::string invitation = invite(admin, "marie");
    Visitor lost;
    ASSERT_EQ(go(lost, "POST", "/api/v1/recovery", R"({"login":"marie","code":")" + code + R"(","password":"marie-third-words"})").status, 200);
    EXPECT_EQ(show(invitation), 404);
    EXPECT_EQ(go(marie, "GET", "/api/v1/session").status, 401);
    ASSERT_GE(context->events.size(), 2u);
    EXPECT_EQ(context->events[context->events.size() - 2].at("kind"), "app-passwords-erased");
}

TEST_F(Powers, AnAppPasswordStandsForItsMemberAsLongAsMailHasIt) {
    Visitor gate;
    gate.caller = Caller::module;
    Visitor sites = gate;
    sites.module = "sites";
    const auto open = [&](const std::string& login) {
        return go(gate, "POST", "/internal/app-session",
                  R"({"login":")" + login + R"(","password":"ap-abc-def","scope":"deploy","prefix":"203.0.113.0/24"})");
    };
    const auto identify = [&] { return go(sites, "POST", "/internal/identity", R"({"session":"app-deploy-appid"})"); };
    Visitor marie = signed_in("marie");
    context->app_holder = std::string(go(marie, "GET", "/api/v1/session").json.at("member").as_string());
    const Answer opened = open("marie");
    ASSERT_EQ(opened.status, 200) << boost::json::serialize(opened.json);
    EXPECT_EQ(opened.json.at("session"), "app-deploy-appid");
    EXPECT_EQ(opened.json.at("associations").at(0).at("role"), "manager");
    EXPECT_EQ(context->app_questions.back().at("scope"), "deploy");
    EXPECT_EQ(identify().json.at("associations").at(0).at("role"), "manager");
    EXPECT_TRUE(opened.header("Set-Cookie").empty());
    EXPECT_EQ(open("yann").status, 404) << "it is marie's";
    EXPECT_EQ(open("nobody").status, 404);
    EXPECT_EQ(go(sites, "POST", "/internal/app-session", "{}").status, 403) << "for the gate alone";
    ASSERT_EQ(go(admin, "PATCH", members + "/marie", R"({"role":"member"})").status, 200);
    EXPECT_EQ(identify().json.at("associations").at(0).at("role"), "member") << "the rights of that moment";
    ASSERT_EQ(go(admin, "PATCH", members + "/marie", R"({"disabled":true})").status, 200);
    EXPECT_EQ(identify().status, 404);
    EXPECT_EQ(open("marie").status, 404);
    context->app_holder.clear();
    EXPECT_EQ(identify().status, 404) << "revoked";
    context->mail_away = true;
    EXPECT_EQ(identify().status, 503) << "nobody knows";
    EXPECT_EQ(open("yann").status, 503);
}

TEST_F(Powers, GuessesAtAppPasswordsAreBoundedByAddressAndARightOneIsNot) {
    Visitor gate;
    gate.caller = Caller::module;
    const auto ask = [&](const std::string& login, const std::string& password, const std::string& network = "203.0.113.0/24") {
        return go(gate, "POST", "/internal/app-session",
                  R"({"login":")" + login + R"(","password":")" + password + R"(","scope":"deploy","prefix":")" + network + "\"}");
    };
    Visitor marie = signed_in("marie");
    context->app_holder = std::string(go(marie, "GET", "/api/v1/session").json.at("member").as_string());
    context->app_password = "ap-right";
    for (int i = 0; i < 3 * address_attempts; ++i) {
        ASSERT_EQ(ask("marie", "ap-right").status, 200) << "a program may call as often as it likes: " << i;
    }
    for (int i = 0; i < address_attempts; ++i) {
        ASSERT_EQ(ask("marie", "ap-wrong" + std::to_string(i)).status, 404) << i;
    }
    const Answer slowed = ask("somebody", "ap-wrong");
    EXPECT_EQ(slowed.status, 429) << "ever new logins of one address";
    EXPECT_GE(slowed.json.at("wait_seconds").as_int64(), 1);
    const std::size_t asked = context->app_questions.size();
    EXPECT_EQ(ask("marie", "ap-wrong").status, 429);
    EXPECT_EQ(context->app_questions.size(), asked) << "a refused one costs mail nothing";
    EXPECT_EQ(ask("marie", "ap-right").status, 200) << "what was right lately is not held up by its neighbours";
    EXPECT_EQ(ask("marie", "ap-right", "198.51.100.0/24").status, 200);
    Visitor other;
    EXPECT_EQ(sign_in(other, "yann", "yann-secret-words").status, 200) << "whoever guesses there holds nobody up here";
    context->app_holder.clear();
    EXPECT_EQ(ask("marie", "ap-right").status, 404) << "revoked: over at once";
    EXPECT_EQ(ask("marie", "ap-right").status, 429) << "and a guess like any other";
}

TEST_F(Powers, NoAppPasswordIsOfferedThatOpensNothing) {
    Visitor marie = signed_in("marie");
    const auto make_with = [&](const std::string& scopes) {
        return go(marie, "POST", "/api/v1/me/app-passwords", R"({"name":"x","scopes":)" + scopes + R"(,"current":"marie-secret-words"})").status;
    };
    EXPECT_EQ(make_with(R"(["dav"])"), 422);
    EXPECT_EQ(make_with(R"(["imap","submission","dav","deploy"])"), 201) << "the words of before";
    EXPECT_EQ(boost::json::serialize(context->app_questions.back().at("scopes")), R"(["imap","submission","deploy"])");
}

TEST_F(Powers, ModulesAskWhoTheCallerIsNow) {
    Visitor marie = signed_in("marie");
    Visitor gate;
    Visitor mail;
    mail.caller = Caller::module;
    mail.module = "mail";
    gate.caller = Caller::module;
    const Answer known = go(gate, "POST", "/internal/session", R"({"token":")" + marie.session + "\"}");
    ASSERT_EQ(known.status, 200);
    const std::string question = R"({"session":")" + std::string(known.json.at("session").as_string()) + "\"}";
    EXPECT_EQ(go(gate, "POST", "/internal/identity", question).status, 403);
    EXPECT_EQ(go(marie, "POST", "/internal/identity", question).status, 403);
    EXPECT_EQ(go(mail, "POST", "/internal/identity", question).json.at("associations").at(0).at("role"), "manager");
    ASSERT_EQ(go(marie, "DELETE", "/api/v1/session").status, 204);
    EXPECT_EQ(go(mail, "POST", "/internal/identity", question).status, 404);
}

} // namespace
} // namespace hameau::people
