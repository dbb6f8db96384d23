// A session as Postfix tells it, with a table of rights instead of the database.
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "modules/mail/milter/session.hpp"
#include "tests/unit/milter/strings.hpp"

namespace hameau::milter {
namespace {

class TableRights final : public Rights {
public:
    std::set<std::pair<std::string, std::string>> senders = {{"marie@amis.test", "marie@amis.test"},
                                                             {"marie@amis.test", "contact@amis.test"},
                                                             {"yann@amis.test", "yann@amis.test"}};
    std::map<std::string, std::vector<std::string>> boxes = {{"marie@amis.test", {"marie@amis.test"}},
                                                             {"yann@amis.test", {"yann@amis.test"}},
                                                             {"bureau@amis.test", {"marie@amis.test", "yann@amis.test"}}};
    bool broken = false;
    std::int64_t clock = 0;
    std::map<std::string, std::int64_t> ends;

    Result<bool> leads_only_to(const std::string&, const std::string&) override { return false; }
    Result<std::int64_t> session_clock() override {
        return broken ? Result<std::int64_t>(fail(ErrorKind::unavailable, "broken")) : Result<std::int64_t>(clock);
    }
    Result<std::int64_t> session_end(const std::string& user) override {
        const auto found = ends.find(user);
        return found == ends.end() ? 0 : found->second;
    }
    Result<bool> may_send(const std::string& user, const std::string& address) override {
        if (broken) {
            return fail(ErrorKind::unavailable, "broken");
        }
        return senders.contains({user, address});
    }
    Result<std::vector<std::string>> mailboxes_of(const std::string& recipient, bool& all_here) override {
        const auto found = boxes.find(recipient);
        all_here = found != boxes.end();
        return all_here ? found->second : std::vector<std::string>{};
    }
};

/// Says what Postfix would say, and answers questions from a table of full mailboxes.
class Talk {
public:
    /// `shared`: what several sessions know of their users; nothing: it has one of its own.
    explicit Talk(Outgoing* shared = nullptr) : outgoing(shared) {
        const std::string all = std::string("\0\0\0\6\0\0\1\xff\0\x1f\xff\xff", 12);
        EXPECT_EQ(say('O', all).substr(4, 1), "O");
    }

    std::string say(char command, const std::string& data) {
        Step step = session_.on_packet({static_cast<Command>(command), data});
        std::string out = step.replies;
        while (step.ask) {
            const QuotaQuestion question = session_.question();
            asked.push_back(question.mailbox + " " + std::to_string(question.size_bytes));
            const auto found = room.find(question.mailbox);
            const bool full = found != room.end() && question.size_bytes > found->second;
            step = session_.on_room(dovecot_down ? Room::unknown : full ? Room::full : Room::enough);
            out += step.replies;
        }
        closed = closed || step.close;
        return out;
    }

    std::string begin(const std::string& daemon, const std::string& user, const std::string& size = "") {
        say('D', "C" + texts({"{daemon_name}", daemon}));
        say('C', "localhost" + std::string(1, '\0') + "U");
        say('D', "M" + (user.empty() ? texts({"i", "1"}) : texts({"i", "1", "{auth_authen}", user})));
        return say('M', size.empty() ? texts({"<marie@amis.test>"}) : texts({"<marie@amis.test>", "SIZE=" + size}));
    }

    /// The reply at the end of a message with these headers.
    std::string finish(std::initializer_list<std::pair<std::string, std::string>> headers, std::size_t body = 10) {
        for (const auto& [name, value] : headers) {
            EXPECT_EQ(say('L', texts({name, value})), "");
        }
        EXPECT_EQ(say('B', std::string(body, 'x')), "");
        return say('E', "");
    }

    Outgoing* const outgoing;
    TableRights rights;
    std::map<std::string, std::uint64_t> room;
    std::vector<std::string> asked;
    bool dovecot_down = false;
    bool closed = false;

private:
    FakeClock clock_;
    Outgoing own_{clock_};
    Session session_{rights, outgoing != nullptr ? *outgoing : own_};
};

bool is_refused(const std::string& reply, const std::string& code) { return reply.find("y" + code) == 4; }
bool is_taken(const std::string& reply) { return reply.ends_with(std::string("\0\0\0\1c", 5)); }

TEST(Session, OwnFromIsTaken) {
    Talk talk;
    EXPECT_TRUE(is_taken(talk.begin("SUBMISSION", "Marie@amis.test")));
    EXPECT_TRUE(is_taken(talk.say('R', texts({"<yann@amis.test>"}))));
    EXPECT_TRUE(is_taken(talk.finish({{"From", "Contact <contact@amis.test>, marie@amis.test"}})));
}

TEST(Session, ForeignFromIsRefused) {
    for (const char* from : {"yann@amis.test", "marie@amis.test, yann@amis.test", "G: yann@amis.test;", "nobody: ;", "not an address"}) {
        Talk talk;
        talk.begin("SUBMISSION", "marie@amis.test");
        EXPECT_TRUE(is_refused(talk.finish({{"From", from}}), "550 5.7.1")) << from;
    }
}

TEST(Session, ExactlyOneFrom) {
    Talk talk;
    talk.begin("SUBMISSION", "marie@amis.test");
    EXPECT_TRUE(is_refused(talk.finish({{"Subject", "x"}}), "550 5.7.1"));
    talk.begin("SUBMISSION", "marie@amis.test");
    EXPECT_TRUE(is_refused(talk.finish({{"From", "marie@amis.test"}, {"FROM ", "marie@amis.test"}}), "550 5.7.1"));
    // The next message of the session starts again.
    talk.begin("SUBMISSION", "marie@amis.test");
    EXPECT_TRUE(is_taken(talk.finish({{"From", "marie@amis.test"}})));
}

TEST(Session, WithoutSignInNothingIsSubmitted) {
    Talk talk;
    EXPECT_TRUE(is_refused(talk.begin("SUBMISSION", ""), "530"));
    // The name of a message before does not last.
    EXPECT_TRUE(is_taken(talk.begin("SUBMISSION", "marie@amis.test")));
    EXPECT_TRUE(is_refused(talk.begin("SUBMISSION", ""), "530"));
}

TEST(Session, WhatOpenedBeforeItsEndSendsNothingMore) {
    Talk talk;
    talk.rights.clock = 4;
    EXPECT_TRUE(is_taken(talk.begin("SUBMISSION", "marie@amis.test")));
    talk.rights.clock = 5;
    talk.rights.ends["marie@amis.test"] = 5;
    EXPECT_TRUE(is_refused(talk.finish({{"From", "marie@amis.test"}}), "421")) << "ended while the message came";
    EXPECT_TRUE(is_refused(talk.say('M', texts({"<marie@amis.test>"})), "421")) << "and the next one";
    Talk again;
    again.rights.clock = 5;
    again.rights.ends["marie@amis.test"] = 5;
    EXPECT_TRUE(is_taken(again.begin("SUBMISSION", "marie@amis.test"))) << "opened after the end";
}

TEST(Session, TheEndOfAnotherIsNoEnd) {
    Talk talk;
    talk.rights.clock = 4;
    EXPECT_TRUE(is_taken(talk.begin("SUBMISSION", "marie@amis.test")));
    talk.rights.ends["yann@amis.test"] = 5;
    EXPECT_TRUE(is_taken(talk.finish({{"From", "marie@amis.test"}})));
}

TEST(Session, UnreadableAccountsMeanLater) {
    Talk talk;
    talk.rights.broken = true;
    talk.begin("SUBMISSION", "marie@amis.test");
    EXPECT_TRUE(is_refused(talk.finish({{"From", "marie@amis.test"}}), "451"));
}

TEST(Session, WhoSendsVeryMuchWaits) {
    constexpr std::size_t large = std::size_t{20} << 20U;
    FakeClock clock;
    Outgoing outgoing(clock);
    const auto send = [&](const std::string& user) {
        Talk talk(&outgoing);
        talk.begin("SUBMISSION", user);
        return talk.finish({{"From", user}}, large);
    };
    int taken = 0;
    while (is_taken(send("marie@amis.test"))) {
        ASSERT_LT(++taken, 100);
    }
    EXPECT_EQ(taken, 12);
    EXPECT_TRUE(is_refused(send("marie@amis.test"), "452 4.7.1"));
    EXPECT_TRUE(is_taken(send("yann@amis.test"))) << "everybody has a room of their own";
    Talk told(&outgoing);
    EXPECT_TRUE(is_refused(told.begin("SUBMISSION", "marie@amis.test", std::to_string(large)), "452 4.7.1")) << "by the size declared";
    Talk outside(&outgoing);
    outside.begin("house", "");
    EXPECT_TRUE(is_taken(outside.finish({{"From", "marie@amis.test"}}, large)));
    clock.advance(std::chrono::hours(1));
    EXPECT_TRUE(is_taken(send("marie@amis.test")));
    EXPECT_TRUE(is_refused(send("marie@amis.test"), "452 4.7.1"));
    clock.advance(std::chrono::hours(24));
    EXPECT_TRUE(is_taken(send("marie@amis.test")));
}

TEST(Session, AStolenPasswordDoesNotWriteToThousands) {
    FakeClock clock;
    std::vector<std::string> told;
    Outgoing outgoing(clock, [] { return false; }, [&told](const std::string& user) { told.push_back(user); });
    const auto write_to = [&outgoing](const std::string& user, int most, bool finish = true) {
        Talk talk(&outgoing);
        talk.begin("SUBMISSION", user);
        int taken = 0;
        while (taken < most && is_taken(talk.say('R', texts({"<a" + std::to_string(taken) + "@outside.test>"})))) {
            ++taken;
        }
        if (finish) {
            EXPECT_TRUE(is_taken(talk.finish({{"From", user}})));
        }
        return taken;
    };
    EXPECT_EQ(write_to("marie@amis.test", 300, false), 300);
    EXPECT_EQ(write_to("marie@amis.test", 499), 499) << "a message that was given up counts for nobody";
    EXPECT_EQ(write_to("marie@amis.test", 2), 1);
    EXPECT_EQ(write_to("marie@amis.test", 1, false), 0);
    EXPECT_EQ(told, std::vector<std::string>{"marie@amis.test"}) << "once, however often it is tried";
    EXPECT_EQ(write_to("yann@amis.test", 100), 100);
    clock.advance(std::chrono::hours(1));
    EXPECT_EQ(write_to("marie@amis.test", 100), 25);
    EXPECT_EQ(told.size(), 1U);
    clock.advance(std::chrono::hours(24));
    EXPECT_EQ(write_to("marie@amis.test", 5000), 500);
    EXPECT_EQ(write_to("marie@amis.test", 1, false), 0);
    EXPECT_EQ(told.size(), 2U) << "another time";
}

TEST(Session, AShortMessageCountsAsTheFilesThatItIs) {
    FakeClock clock;
    Outgoing outgoing(clock);
    const auto send = [&](const std::string& to) {
        Talk talk(&outgoing);
        if (to.empty()) {
            talk.begin("SUBMISSION", "marie@amis.test");
        } else {
            talk.begin("house", "", "30");
            const std::string reply = talk.say('R', texts({"<" + to + ">"}));
            if (!is_taken(reply)) {
                return reply;
            }
        }
        return talk.finish({{"From", "marie@amis.test"}}, 30);
    };
    for (const std::string to : {"", "president@outside.test"}) {
        std::uint64_t taken = 0;
        while (is_taken(send(to))) {
            ASSERT_LT(++taken, 20'000u);
        }
        EXPECT_EQ(taken, outgoing_bytes_at_once / outgoing_bytes_least);
    }
}

TEST(Session, WhatIsRefusedOrBrokenOffTakesNoRoom) {
    constexpr std::size_t large = std::size_t{25} << 20U;
    FakeClock clock;
    Outgoing outgoing(clock);
    for (int i = 0; i < 50; ++i) {
        Talk talk(&outgoing);
        ASSERT_TRUE(is_taken(talk.begin("SUBMISSION", "marie@amis.test", std::to_string(large)))) << i;
        if (i % 2 == 0) {
            EXPECT_TRUE(is_refused(talk.finish({{"From", "nobody@amis.test"}}), "550"));
        }
    }
    // Many at one moment have no more room than one after the other.
    std::vector<std::unique_ptr<Talk>> many;
    int begun = 0;
    for (int i = 0; i < 20; ++i) {
        many.push_back(std::make_unique<Talk>(&outgoing));
        begun += is_taken(many.back()->begin("SUBMISSION", "marie@amis.test", std::to_string(large))) ? 1 : 0;
    }
    EXPECT_EQ(begun, 10);
}

TEST(Session, WhatOnlyPassesThroughIsBounded) {
    constexpr std::size_t large = std::size_t{20} << 20U;
    FakeClock clock;
    bool low = false;
    Outgoing outgoing(clock, [&low] { return low; });
    const auto pass = [&](const std::string& to, const std::string& size) {
        Talk talk(&outgoing);
        talk.begin("house", "", size);
        std::string reply = talk.say('R', texts({"<" + to + ">"}));
        return is_taken(reply) ? talk.finish({{"From", "a@b.test"}}, large) : reply;
    };
    int taken = 0;
    while (is_taken(pass("president@outside.test", ""))) {
        ASSERT_LT(++taken, 100);
    }
    EXPECT_EQ(taken, 13) << "by the size counted, when none was declared";
    EXPECT_TRUE(is_refused(pass("president@outside.test", std::to_string(large)), "452 4.7.1"));
    EXPECT_TRUE(is_taken(pass("other@outside.test", std::to_string(large))));
    low = true;
    EXPECT_TRUE(is_refused(pass("third@outside.test", ""), "452 4.3.1"));
    EXPECT_TRUE(is_taken(pass("yann@amis.test", ""))) << "who has a mailbox here";
}

TEST(Outgoing, AMessageLargerThanAllFitsOnceAndUsersAreForgotten) {
    FakeClock clock;
    Outgoing outgoing(clock);
    EXPECT_TRUE(outgoing.take("a", 2 * outgoing_bytes_at_once));
    EXPECT_FALSE(outgoing.take("a", 1));
    for (std::size_t i = 0; i < outgoing_users_max + 10; ++i) {
        EXPECT_TRUE(outgoing.take(std::to_string(i), 1));
        clock.advance(std::chrono::milliseconds(10));
    }
    EXPECT_FALSE(outgoing.take("a", 1)) << "those who have everything again are forgotten first";
}

TEST(Session, MailFromOutsideMaySayAnything) {
    Talk talk;
    talk.begin("house", "");
    EXPECT_TRUE(is_taken(talk.finish({{"From", "marie@amis.test"}, {"From", "yann@amis.test"}, {"Received", "from x"}})));
}

TEST(Session, TraceOfTheClientIsRemovedFromTheLastOn) {
    Talk talk;
    talk.begin("SUBMISSION", "marie@amis.test");
    const std::string reply = talk.finish({{"Received", "from a"}, {"X-Originating-IP", "1.2.3.4"}, {"From", "marie@amis.test"},
                                           {"RECEIVED", "from b"}, {"User-Agent", "x"}});
    const std::size_t second = reply.find(std::string("m\0\0\0\2RECEIVED", 13));
    const std::size_t first = reply.find(std::string("m\0\0\0\1Received", 13));
    ASSERT_NE(second, std::string::npos);
    ASSERT_NE(first, std::string::npos);
    EXPECT_LT(second, first);
    EXPECT_NE(reply.find("X-Originating-IP"), std::string::npos);
    EXPECT_EQ(reply.find("User-Agent"), std::string::npos);
    EXPECT_TRUE(is_taken(reply));
}

TEST(Session, FullMailboxIsRefusedAtRcptOrAtTheEnd) {
    Talk talk;
    talk.room["yann@amis.test"] = 1000;
    talk.begin("house", "", "5000");
    EXPECT_TRUE(is_refused(talk.say('R', texts({"<Yann@amis.test>"})), "552 5.2.2"));
    talk.begin("house", "");
    EXPECT_TRUE(is_taken(talk.say('R', texts({"<yann@amis.test>"}))));
    EXPECT_TRUE(is_refused(talk.finish({{"From", "a@b.test"}}, 5000), "552 5.2.2"));
    talk.begin("house", "", "5");
    EXPECT_TRUE(is_taken(talk.say('R', texts({"<yann@amis.test>"}))));
    EXPECT_TRUE(is_refused(talk.finish({{"From", "a@b.test"}}, 5000), "552 5.2.2"));
}

TEST(Session, AGroupIsRefusedOnlyWhenAllAreFull) {
    Talk talk;
    talk.room["marie@amis.test"] = 1000;
    talk.begin("house", "");
    talk.say('R', texts({"<bureau@amis.test>"}));
    EXPECT_TRUE(is_taken(talk.finish({{"From", "a@b.test"}}, 5000)));
    talk.room["yann@amis.test"] = 1000;
    talk.begin("house", "");
    talk.say('R', texts({"<bureau@amis.test>"}));
    EXPECT_TRUE(is_refused(talk.finish({{"From", "a@b.test"}}, 5000), "552 5.2.2"));
}

TEST(Session, TrueSizeIsNotAskedAboutTwice) {
    Talk talk;
    talk.begin("house", "", "9000");
    talk.say('R', texts({"<yann@amis.test>"}));
    EXPECT_TRUE(is_taken(talk.finish({{"From", "a@b.test"}}, 5000)));
    EXPECT_EQ(talk.asked, std::vector<std::string>{"yann@amis.test 9000"});
}

TEST(Session, DovecotThatIsDownStopsNothing) {
    Talk talk;
    talk.dovecot_down = true;
    talk.begin("house", "");
    EXPECT_TRUE(is_taken(talk.say('R', texts({"<yann@amis.test>"}))));
    EXPECT_TRUE(is_taken(talk.say('R', texts({"<marie@amis.test>"}))));
    EXPECT_TRUE(is_taken(talk.finish({{"From", "a@b.test"}}, 5000)));
    EXPECT_EQ(talk.asked.size(), 3U) << "at the end one failed question is enough";
}

TEST(Session, BrokenPacketsEndTheConnection) {
    for (const auto& [command, data] : std::vector<std::pair<char, std::string>>{
             {'O', "x"}, {'D', ""}, {'D', "Mx"}, {'M', ""}, {'M', "x"}, {'R', "y"}, {'L', texts({"From"})}, {'L', texts({"a", "b", "c"})}}) {
        Talk talk;
        talk.say(command, data);
        EXPECT_TRUE(talk.closed) << command;
    }
}

TEST(Quota, Answers) {
    EXPECT_EQ(parse_quota_answer("action=552 5.2.2 full\n\n"), Room::full);
    EXPECT_EQ(parse_quota_answer("action=452 4.2.2 There is no room at the moment\n\n"), Room::short_now);
    EXPECT_EQ(parse_quota_answer("action=DUNNO\n\n"), Room::enough);
    EXPECT_EQ(parse_quota_answer("action=DEFER_IF_PERMIT x\n\n"), Room::unknown);
    EXPECT_EQ(parse_quota_answer(""), Room::unknown);
    EXPECT_EQ(quota_request({"a@b.test", 12}), "request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient=a@b.test\nsize=12\n\n");
}

} // namespace
} // namespace hameau::milter
