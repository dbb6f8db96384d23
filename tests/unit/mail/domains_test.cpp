// Who sees the DNS records of a domain, who may start a look, how often, and what of a look is kept.
#include <arpa/inet.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <sys/socket.h>

#include "daemon/base/fd.hpp"
#include "fake_house.hpp"
#include "modules/mail/records/kept_look.hpp"

namespace hameau::mail {
namespace {

const std::string list = "/api/v1/associations/amis/mail-domains";

class Domains : public MailHouse {
protected:
    Domains() { tell_house(); }
    void set_up(const std::string& resolvers, const std::string& signatures = "off") {
        context->set("mail.check_resolvers", resolvers);
        context->set("mail.outgoing_signatures", signatures);
        context->set("mail.smarthost", "");
        context->set("mail.smarthost_spf", "");
        context->set("mail.sieve_port", "4190");
    }
    std::filesystem::path kept(const std::string& domain) { return folder_ / "looks" / (domain + ".json"); }
};

TEST_F(Domains, OnlyManagersOfTheAssociationSeeThem) {
    set_up("automatic");
    EXPECT_EQ(go(marie, "GET", list).items().size(), 2U);
    EXPECT_EQ(go(yann, "GET", list).status, 403);
    EXPECT_EQ(go(rose, "GET", list + "/amis.test").status, 403);
    EXPECT_EQ(go(Identity(), "POST", list + "/amis.test/look").status, 401);
    EXPECT_EQ(go(marie, "GET", list + "/jardin.test").text("code"), "no_such_domain");
    EXPECT_EQ(go(marie, "GET", list + "/..").text("code"), "no_such_domain");
    const Answer shown = go(admin, "GET", list + "/AMIS.test?language=fr");
    EXPECT_EQ(shown.text("stage"), "checking");
    EXPECT_TRUE(shown.json.at("at").is_null());
    EXPECT_EQ(shown.json.at("records").as_array().at(0).at("text"), "Pas encore vérifié.");
}

TEST_F(Domains, AKeyThatIsNotMadeYetIsSaid) {
    set_up("automatic", "on");
    const Answer shown = go(marie, "GET", list + "/amis.test");
    std::string codes;
    for (const auto& record : shown.json.at("records").as_array()) {
        codes += record.at("kind") == "dkim" ? std::string(record.at("code").as_string()) + ";" : "";
    }
    EXPECT_EQ(codes, "dkim_key_missing;");
}

TEST_F(Domains, ALookIsKeptAndItsBudgetIsTheAssociations) {
    set_up("127.0.0.1:1");  // where nobody listens: refused at once
    for (int i = 0; i < 6; ++i) {
        const Answer looked = go(marie, "POST", list + "/amis.test/look");
        ASSERT_EQ(looked.status, 200);
        EXPECT_EQ(looked.json.at("records").as_array().at(0).at("code"), "silent");
    }
    EXPECT_EQ(go(marie, "POST", list + "/amis.example/look").status, 429);
    EXPECT_FALSE(go(marie, "GET", list + "/amis.test").json.at("at").is_null());
    EXPECT_EQ(go(rose, "POST", "/api/v1/associations/jardin/mail-domains/jardin.test/look").status, 200);  // another one's budget
    restart();
    EXPECT_FALSE(go(marie, "GET", list + "/amis.test").json.at("at").is_null());
}

/// A name server that takes questions and never answers.
class SilentServer {
public:
    SilentServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address_;
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address_), size), 0);
        EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address_), &size), 0);
    }
    std::string place() const { return "127.0.0.1:" + std::to_string(ntohs(address_.sin_port)); }

private:
    Fd socket_;
    sockaddr_in address_{};
};

TEST_F(Domains, OneAssociationRunsOneLookAtATime) {
    const SilentServer silent;
    set_up(silent.place());
    TextBody nothing("");
    Request slow = request_of("POST", list + "/amis.test/look");
    slow.who = marie;
    slow.body = &nothing;
    auto looking = mail->handle(slow);
    boost::asio::co_spawn(context->io(), std::move(looking), boost::asio::detached);
    context->io().restart();
    context->io().run_for(std::chrono::milliseconds(100));
    EXPECT_EQ(go(marie, "POST", list + "/amis.test/look").text("code"), "look_running");
    EXPECT_EQ(go(marie, "POST", list + "/amis.example/look").text("code"), "look_running") << "else one association takes the places of all";
    set_up("127.0.0.1:1");
    EXPECT_EQ(go(rose, "POST", "/api/v1/associations/jardin/mail-domains/jardin.test/look").status, 200) << "another one waits for nobody";
    context->io().restart();
    context->io().run_for(std::chrono::seconds(25));
    EXPECT_EQ(go(marie, "POST", list + "/amis.example/look").status, 200) << "it has ended";
}

TEST_F(Domains, ThatItWasHereOnceIsKept) {
    set_up("127.0.0.1:1");
    mailrecords::Evidence before;
    before.at_ms = 1;
    before.was_live = true;
    std::filesystem::create_directories(folder_ / "looks");
    ASSERT_TRUE(write_file_atomically(kept("amis.test"), mailrecords::write_look(before)));
    EXPECT_EQ(go(marie, "POST", list + "/amis.test/look").status, 200);
    EXPECT_TRUE(mailrecords::read_look(*read_file(kept("amis.test"), 1 << 20))->was_live);
    ASSERT_TRUE(write_file_atomically(kept("amis.test"), "{\"at_ms\":"));  // half a file
    EXPECT_TRUE(go(marie, "GET", list + "/amis.test").json.at("at").is_null());
}

TEST_F(Domains, WhatNobodyHasIsForgotten) {
    std::filesystem::create_directories(folder_ / "looks");
    ASSERT_TRUE(write_file_atomically(kept("amis.test"), "{}"));
    ASSERT_TRUE(write_file_atomically(kept("parti.test"), "{}"));
    restart();
    EXPECT_TRUE(std::filesystem::exists(kept("amis.test")));
    EXPECT_FALSE(std::filesystem::exists(kept("parti.test")));
}

TEST_F(Domains, ATrialAsksNobody) {
    set_up("automatic");
    ::setenv("HAMEAU_TRIAL", "1", 1);
    EXPECT_EQ(go(marie, "POST", list + "/amis.test/look").text("code"), "look_trial");
    EXPECT_EQ(go(marie, "GET", list + "/amis.test").json.at("can_look"), false);
    ::unsetenv("HAMEAU_TRIAL");
}

} // namespace
} // namespace hameau::mail
