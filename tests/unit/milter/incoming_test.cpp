// A message from outside, judged with a zone of the test's own, alone and through a session of Postfix.
#include <ctime>
#include <gtest/gtest.h>
#include <tuple>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/limits.hpp"
#include "modules/mail/milter/incoming.hpp"
#include "modules/mail/milter/lookups.hpp"
#include "modules/mail/milter/limits.hpp"
#include "modules/mail/milter/session.hpp"
#include "tests/unit/mail_auth/zone.hpp"
#include "tests/unit/milter/strings.hpp"

namespace hameau::milter {
namespace {

using mailauth::RecordType;
using mailauth::Zone;

constexpr long now = 1'800'000'000;
const std::string host = "mail.amis.bzh";

/// A domain that sends from 192.0.2.1 alone and wants the rest refused; its key; one that wants the rest in Junk; one without records.
Zone world() {
    Zone zone;
    zone.add("strict.test", RecordType::txt, "v=spf1 ip4:192.0.2.1 -all");
    zone.add("_dmarc.strict.test", RecordType::txt, "v=DMARC1; p=reject");
    zone.add("mild.test", RecordType::txt, "v=spf1 ip4:192.0.2.1 -all");
    zone.add("_dmarc.mild.test", RecordType::txt, "v=DMARC1; p=quarantine");
    zone.add("evil.test", RecordType::txt, "v=spf1 +all");
    zone.add("plain.test", RecordType::a, "192.0.2.9");
    return zone;
}

using Headers = std::vector<std::pair<std::string, std::string>>;

Incoming::Decision judge(Zone& zone, const std::string& address, const std::string& sender, const Headers& headers, IncomingMode mode = IncomingMode::obey,
                         int rounds = 20) {
    Incoming incoming(mode, host, zone, [] { return now; });
    incoming.connect(address);
    incoming.greet("helo.test");
    incoming.begin(sender);
    for (const auto& [name, value] : headers) {
        incoming.add_header(name, value);
    }
    incoming.add_body("Bonjour\r\n");
    for (int round = 0; round < rounds; ++round) {
        if (auto decision = incoming.judge()) {
            return *decision;
        }
    }
    ADD_FAILURE() << "no decision";
    return {};
}

Incoming::Decision judge(const std::string& address, const std::string& sender, const Headers& headers, IncomingMode mode = IncomingMode::obey) {
    Zone zone = world();
    zone.answer_late();
    return judge(zone, address, sender, headers, mode);
}

std::string results_of(const Incoming::Decision& decision) { return decision.insert.empty() ? "" : decision.insert.back().second; }
bool is_junk(const Incoming::Decision& decision) { return decision.insert.size() == 2 && decision.insert.front().first == "X-Spam-Flag"; }

TEST(Incoming, WhatIsProvedIsTakenAndWrittenDown) {
    const auto decision = judge("192.0.2.1", "marie@strict.test", {{"From", " Marie <marie@strict.test>"}});
    EXPECT_EQ(decision.refusal, "");
    EXPECT_EQ(results_of(decision), "mail.amis.bzh;\n\tspf=pass smtp.mailfrom=marie@strict.test;\n\tdkim=none;\n\tdmarc=pass policy.dmarc=none header.from=strict.test");
    EXPECT_FALSE(is_junk(decision));
}

TEST(Incoming, WhatADomainWantsRefusedIsRefusedWithTheReason) {
    const auto decision = judge("192.0.2.7", "x@evil.test", {{"From", " Marie <marie@strict.test>"}});
    EXPECT_EQ(decision.refusal, "550 5.7.26 strict.test asks to refuse mail that is not provably its own (DMARC): SPF says pass for evil.test, and no valid "
                                "DKIM signature is of strict.test");
    EXPECT_TRUE(is_junk(judge("192.0.2.7", "x@evil.test", {{"From", " marie@mild.test"}})));
    EXPECT_EQ(judge("192.0.2.7", "x@evil.test", {{"From", " marie@plain.test"}}).refusal, "");
    EXPECT_FALSE(is_junk(judge("192.0.2.7", "x@evil.test", {{"From", " marie@plain.test"}})));
}

TEST(Incoming, NoDressOfFromGetsAround) {
    for (const Headers& headers : {Headers{{"From", " good@plain.test"}, {"From", " marie@strict.test"}}, Headers{{"From", " good@plain.test, marie@strict.test"}},
                                   Headers{{"FROM ", " \"good@plain.test\" <marie@STRICT.test>"}}, Headers{{"From", " (x) marie@strict.test\n (y)"}},
                                   Headers{{"From", " friends: marie@strict.test;"}}}) {
        EXPECT_NE(judge("192.0.2.7", "x@evil.test", headers).refusal, "") << headers.front().second;
    }
    Headers five{{"From", " marie@strict.test, a@1.test, b@2.test, c@3.test, d@4.test"}};
    Headers fields;
    for (int i = 0; i < 40; ++i) {
        fields.emplace_back("From", " good@plain.test");
    }
    for (const Headers& headers : {Headers{}, Headers{{"From", " marie@strict.test <"}}, Headers{{"From", ""}}, five, fields}) {
        EXPECT_EQ(judge("192.0.2.7", "x@evil.test", headers).refusal.substr(0, 9), "550 5.6.0");
        EXPECT_TRUE(judge("192.0.2.7", "x@evil.test", headers, IncomingMode::note).refusal.empty());
    }
    EXPECT_TRUE(is_junk(judge("192.0.2.7", "x@evil.test", {{"From", " a@plain.test"}, {"From", " b@plain.test"}})));
    Headers many;
    for (std::size_t i = 0; i < mailauth::fields_max + 5; ++i) {
        many.emplace_back("X-Many", " x");
    }
    many.emplace_back("From", " marie@strict.test");
    EXPECT_NE(judge("192.0.2.7", "x@evil.test", many).refusal, "") << "behind a header section that is too long";
    many.back().second += " (" + std::string(address_bytes_max * addresses_max, 'x') + ")";
    EXPECT_NE(judge("192.0.2.7", "x@evil.test", many).refusal, "") << "and long itself";
}

TEST(Incoming, NoteRefusesNothing) {
    const auto decision = judge("192.0.2.7", "x@evil.test", {{"From", " marie@strict.test"}}, IncomingMode::note);
    EXPECT_EQ(decision.refusal, "");
    EXPECT_EQ(decision.insert.size(), 1U);
    EXPECT_NE(results_of(decision).find("dmarc=fail policy.dmarc=reject header.from=strict.test"), std::string::npos);
}

/// RFC 6376 §8.15: what a signature left open can be added on top, and a reader shows the first one.
TEST(Incoming, AFieldAddedToASignedMessageMakesItSuspect) {
    auto pem = mailauth::make_rsa_key(2048);
    ASSERT_TRUE(pem);
    const auto key = mailauth::parse_private_key(*pem);
    ASSERT_TRUE(key);
    const auto with = [&key](const std::string& signed_names, const Headers& above) {
        Zone zone = world();
        zone.add("s._domainkey.strict.test", RecordType::txt, "p=" + mailauth::public_text(*key));
        std::vector<mailauth::Field> fields;
        const Headers below = {{"From", " x@strict.test"}, {"Subject", " old"}, {"Date", " Mon, 30 Nov 2026 10:00:00 +0100"}, {"Content-Type", " text/plain"}};
        for (const auto& [name, value] : below) {
            fields.push_back(mailauth::make_field(name, value));
        }
        std::string value = " v=1; a=rsa-sha256; c=relaxed/relaxed; d=strict.test; s=s; h=" + signed_names + "; bh=" +
                            base64(std::string_view(mailauth::sha256("Bonjour\r\n"))) + "; b=";
        std::vector<std::string> names;
        for (const std::string_view name : split(signed_names, ':')) {
            names.emplace_back(name);
        }
        const std::string data = mailauth::signed_fields(fields, names, mailauth::Form::relaxed) +
                                 mailauth::canonical_field(mailauth::make_field("DKIM-Signature", value), mailauth::Form::relaxed);
        Headers headers = above;
        headers.emplace_back("DKIM-Signature", value + base64(std::string_view(*mailauth::sign(*key, data))));
        headers.insert(headers.end(), below.begin(), below.end());
        return judge(zone, "192.0.2.7", "x@evil.test", headers);
    };
    const std::string some = "from:subject:date";
    EXPECT_EQ(with(some, {}).refusal, "");
    EXPECT_FALSE(is_junk(with(some, {})));
    EXPECT_FALSE(is_junk(with(some, {{"Received", " x"}, {"Received", " y"}, {"X-Other", " x"}, {"X-Other", " y"}})));
    for (const char* name : {"Subject", "subject", "Date", "Content-Type"}) {
        EXPECT_TRUE(is_junk(with(some, {{name, " new"}}))) << name;
        EXPECT_NE(results_of(with(some, {{name, " new"}})).find("dkim=pass"), std::string::npos);
    }
    EXPECT_NE(with("from:subject:subject:date", {{"Subject", " new"}}).refusal, "") << "oversigned: the signature is broken";
}

TEST(Incoming, DnsThatFailsMakesMailWaitOnlyWhereItDecides) {
    Zone zone = world();
    for (const char* name : {"down.test", "down.strict.test", "down.mild.test"}) {
        zone.fail_rest(name);
    }
    EXPECT_EQ(judge(zone, "192.0.2.7", "x@down.strict.test", {{"From", " marie@strict.test"}}).refusal.substr(0, 10), "451 4.7.24");
    EXPECT_EQ(judge(zone, "192.0.2.7", "x@down.test", {{"From", " marie@strict.test"}}).refusal.substr(0, 10), "550 5.7.26") << "it could prove nothing";
    EXPECT_TRUE(is_junk(judge(zone, "192.0.2.7", "x@down.mild.test", {{"From", " marie@mild.test"}}))) << "Junk is not worth days of waiting";
    EXPECT_EQ(judge(zone, "192.0.2.1", "x@strict.test", {{"From", " marie@strict.test"}}).refusal, "");
    EXPECT_EQ(judge(zone, "192.0.2.7", "x@down.test", {{"From", " marie@plain.test"}}).refusal, "");
    zone.fail_rest("_dmarc.broken.test");
    EXPECT_EQ(judge(zone, "192.0.2.7", "x@evil.test", {{"From", " marie@broken.test"}}).refusal, "") << "a domain whose DNS is broken for good still writes";
}

TEST(Incoming, ADomainWhoseDnsHidesItsPolicyWaitsForAWhile) {
    Zone zone = world();
    zone.fail_rest("_dmarc.broken.test");
    zone.add("broken.test", RecordType::txt, "v=spf1 ip4:192.0.2.1 -all");
    DnsPatience patience;
    long at = now;
    const auto send = [&](const std::string& address, const std::string& author, IncomingMode mode = IncomingMode::obey) {
        Incoming incoming(mode, host, zone, [&at] { return at; }, &patience);
        incoming.connect(address);
        incoming.greet("helo.test");
        incoming.begin("x@broken.test");
        incoming.add_header("From", " marie@" + author);
        return incoming.judge()->refusal.substr(0, 10);
    };
    EXPECT_EQ(send("192.0.2.7", "broken.test"), "451 4.7.24");
    EXPECT_EQ(send("192.0.2.7", "broken.test", IncomingMode::note), "");
    EXPECT_EQ(send("192.0.2.1", "broken.test"), "") << "SPF proves it, whatever the policy is";
    EXPECT_EQ(send("192.0.2.7", "plain.test"), "");
    at += dns_patience_seconds - 1;
    EXPECT_EQ(send("192.0.2.7", "broken.test"), "451 4.7.24");
    at += 1;
    EXPECT_EQ(send("192.0.2.7", "broken.test"), "") << "broken for good";
    at += dns_patience_kept_seconds - 1;
    EXPECT_EQ(send("192.0.2.7", "broken.test"), "") << "not each month anew";
    at += dns_patience_kept_seconds;
    EXPECT_EQ(send("192.0.2.7", "broken.test"), "451 4.7.24");
    // Hostile senders use many domains: memory is bounded, and none of them gets in earlier.
    for (std::size_t i = 0; i < dns_patience_domains_max + 10; ++i) {
        EXPECT_FALSE(patience.is_over("d" + std::to_string(i) + ".test", at));
    }
    EXPECT_FALSE(patience.is_over("broken.test", at + dns_patience_seconds));
    EXPECT_TRUE(patience.is_over("d900.test", at + dns_patience_seconds));
    patience.answered("d900.test", false, at);
    EXPECT_FALSE(patience.is_over("d900.test", at + dns_patience_seconds));
    EXPECT_FALSE(patience.is_over("d901.test", at - 1)) << "the clock was put back";
    // It was known to refuse: no silence is long enough, as long as that is remembered.
    EXPECT_EQ(send("192.0.2.7", "strict.test"), "550 5.7.26");
    EXPECT_FALSE(patience.is_over("strict.test", at));
    EXPECT_FALSE(patience.is_over("strict.test", at + dns_patience_kept_seconds - 1));
    EXPECT_FALSE(patience.is_over("strict.test", at + dns_patience_kept_seconds)) << "forgotten: its patience begins";
    EXPECT_TRUE(patience.is_over("strict.test", at + dns_patience_kept_seconds + dns_patience_seconds));
}

// Over the real Lookups, which have limits of their own.

/// One SMTP session: `zone` answers what is sent, in rounds; the time is up after `rounds_until_late` of them.
class Visit {
public:
    explicit Visit(Zone zone, const std::string& helo = "evil.test") : zone_(std::move(zone)) {
        incoming_.connect("192.0.2.7");
        incoming_.greet(helo);
    }
    Incoming::Decision send(const std::string& sender, const Headers& headers, int rounds_until_late = 1000) {
        incoming_.begin(sender);
        for (const auto& [name, value] : headers) {
            incoming_.add_header(name, value);
        }
        incoming_.add_body("Bonjour\r\n");
        for (int round = 0; round < 200; ++round) {
            if (auto decision = incoming_.judge()) {
                return *decision;
            }
            if (round >= rounds_until_late) {
                lookups_.expire();
            }
            for (const auto& question : lookups_.take_unsent()) {
                lookups_.answer(question, *zone_.ask(question.first, question.second));
            }
        }
        ADD_FAILURE() << "no decision";
        return {};
    }

private:
    Zone zone_;
    Lookups lookups_;
    Incoming incoming_{IncomingMode::obey, host, lookups_, [] { return now; }};
};

/// Keys that nobody has: 8 of DKIM and 100 of ARC.
Headers greedy() {
    Headers headers;
    for (int i = 0; i < 8; ++i) {
        headers.emplace_back("DKIM-Signature", " v=1; a=rsa-sha256; d=evil.test; s=k" + std::to_string(i) + "; h=from; bh=AAAA; b=AAAA");
    }
    for (int i = 1; i <= 50; ++i) {
        const std::string n = std::to_string(i);
        headers.emplace_back("ARC-Authentication-Results", " i=" + n + "; x");
        headers.emplace_back("ARC-Message-Signature", " i=" + n + "; a=rsa-sha256; d=evil.test; s=m" + n + "; h=from; bh=AAAA; b=AAAA");
        headers.emplace_back("ARC-Seal", " i=" + n + "; a=rsa-sha256; cv=" + (i == 1 ? "none" : "pass") + "; d=evil.test; s=a" + n + "; b=AAAA");
    }
    return headers;
}

std::string five_domains(int from) {
    std::string text;
    for (int i = from; i < from + 5; ++i) {
        text += (i > from ? ", a@d" : " a@d") + std::to_string(i) + ".test";
    }
    return text;
}

TEST(IncomingLimits, ABudgetUsedUpLetsNothingForgedIn) {
    for (const char* author : {" ceo@strict.test", " ceo@below.strict.test", " ceo@gone.np.test"}) {
        Zone zone = world();
        zone.add("_dmarc.np.test", RecordType::txt, "v=DMARC1; p=none; np=reject");
        Headers headers = greedy();
        headers.emplace_back("From", author);
        EXPECT_EQ(Visit(std::move(zone)).send("x@evil.test", headers).refusal.substr(0, 10), "550 5.7.26") << author;
    }
}

TEST(IncomingLimits, TimeUsedUpLetsNothingForgedIn) {
    Zone zone = world();
    for (int i = 0; i < 9; ++i) {
        zone.add("s" + std::to_string(i) + ".test", RecordType::txt, "v=spf1 include:s" + std::to_string(i + 1) + ".test ~all");
    }
    for (int rounds = 0; rounds < 8; ++rounds) {
        for (const char* author : {" ceo@strict.test", " ceo@a.b.strict.test"}) {
            EXPECT_NE(Visit(zone).send("x@s0.test", {{"From", author}}, rounds).refusal, "") << author << " late after rounds: " << rounds;
        }
    }
}

TEST(IncomingLimits, WhatWasDecidedWithoutWaitingTakesNothingFromTheNextMessage) {
    Visit visit(world(), "localhost");
    for (int i = 0; i < 30; ++i) {
        (void)visit.send("", {{"From", five_domains(5 * i)}});
    }
    EXPECT_EQ(visit.send("", {{"From", " ceo@strict.test"}}).refusal.substr(0, 10), "550 5.7.26");
}

TEST(Incoming, ABounceIsJudgedByTheNameOfTheServer) {
    Zone zone = world();
    zone.add("helo.test", RecordType::txt, "v=spf1 ip4:192.0.2.1 -all");
    EXPECT_EQ(results_of(judge(zone, "192.0.2.1", "", {{"From", " mailer@helo.test"}})).substr(0, 44), "mail.amis.bzh;\n\tspf=pass smtp.helo=helo.test");
}

TEST(Incoming, AHostileMessageCostsLittleTime) {
    // Eight good signatures over a quarter of a megabyte, and an SPF record whose answers come one after the other: each answer makes the
    // judges run again, and what is expensive must not run with them.
    auto pem = mailauth::make_rsa_key(2048);
    ASSERT_TRUE(pem);
    const auto key = mailauth::parse_private_key(*pem);
    ASSERT_TRUE(key);
    Zone zone = world();
    zone.add("s._domainkey.evil.test", RecordType::txt, "p=" + mailauth::public_text(*key));
    zone.add("long.test", RecordType::txt, "v=spf1 mx:m0.test mx:m1.test mx:m2.test mx:m3.test -all");
    for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 10; ++j) {
            const std::string host_name = std::to_string(i) + "-" + std::to_string(j) + ".test";
            zone.add("m" + std::to_string(i) + ".test", RecordType::mx, host_name).add(host_name, RecordType::a, "192.0.2.200");
        }
    }
    zone.answer_late();
    std::vector<mailauth::Field> fields = {mailauth::make_field("From", " x@evil.test")};
    for (int i = 0; i < 200; ++i) {
        fields.push_back(mailauth::make_field("References", " " + std::string(1100, 'x')));
    }
    const auto value = mailauth::make_signature({"evil.test", "s", &*key}, fields, mailauth::sha256("Bonjour\r\n"), now);
    ASSERT_TRUE(value);
    Headers headers(8, {"DKIM-Signature", *value});
    for (const mailauth::Field& field : fields) {
        headers.emplace_back(field.name, field.value);
    }
    const std::clock_t begin = std::clock();
    const auto decision = judge(zone, "192.0.2.7", "x@long.test", headers, IncomingMode::obey, 60);
    const double ms = 1000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    EXPECT_NE(results_of(decision).find("dkim=pass"), std::string::npos) << results_of(decision);
    EXPECT_GT(zone.asked(), 44U);
    RecordProperty("milliseconds", static_cast<int>(ms));
    EXPECT_LT(ms, 300);
}

// Through the session.

class NoRights final : public Rights {
public:
    Result<bool> may_send(const std::string&, const std::string&) override { return true; }
    Result<bool> leads_only_to(const std::string&, const std::string&) override { return false; }
    Result<std::int64_t> session_clock() override { return 0; }
    Result<std::int64_t> session_end(const std::string&) override { return 0; }
    Result<std::vector<std::string>> mailboxes_of(const std::string& recipient, bool& all_here) override {
        all_here = true;
        return std::vector<std::string>{recipient};
    }
};

class Talk {
public:
    explicit Talk(std::string daemon, const std::string& offered = std::string("\0\0\0\6\0\0\1\xff\0\x1f\xff\xff", 12),
                  IncomingMode mode = IncomingMode::obey) :
        incoming_(mode, host, zone_, [] { return now; }), daemon_(std::move(daemon)) {
        zone_.answer_late();
        negotiated = say('O', offered);
        say('D', "C" + texts({"{daemon_name}", daemon_}));
        say('C', "client" + std::string("\0" "4\0\x19", 4) + "192.0.2.7" + std::string(1, '\0'));
        say('H', texts({"helo.test"}));
    }

    std::string say(char command, const std::string& data) {
        Step step = session_.on_packet({static_cast<Command>(command), data});
        std::string out = step.replies;
        for (int round = 0; round < 30 && (step.ask || step.look_up); ++round) {
            waited += step.look_up ? 1 : 0;
            step = step.ask ? session_.on_room(Room::enough) : session_.on_answers();
            out += step.replies;
        }
        return out;
    }

    std::string send(const std::string& from, const std::string& user = "", const Headers& more = {{"Authentication-Results", " mail.amis.bzh; dmarc=pass"}}) {
        say('D', "M" + (user.empty() ? texts({"i", "1"}) : texts({"i", "1", "{auth_authen}", user})));
        say('M', texts({"<x@evil.test>"}));
        say('R', texts({"<marie@amis.bzh>"}));
        say('L', texts({"From", from}));
        for (const auto& [name, value] : more) {
            say('L', texts({name, value}));
        }
        say('B', "Bonjour\r\n");
        return say('E', "");
    }

    std::string negotiated;
    int waited = 0;

private:
    Zone zone_ = world();
    NoRights rights_;
    FakeClock clock_;
    Outgoing outgoing_{clock_};
    Incoming incoming_;
    Session session_{rights_, outgoing_, &incoming_};
    std::string daemon_;
};

TEST(IncomingSession, WaitsForDnsThenRefusesOrMarks) {
    Talk talk(host);
    const std::string refused = talk.send(" marie@strict.test");
    EXPECT_GT(talk.waited, 0);
    EXPECT_EQ(refused.substr(4, 11), "y550 5.7.26");
    const std::string taken = talk.send(" marie@plain.test");
    EXPECT_NE(taken.find(std::string("mail.amis.bzh;\n\tspf=pass")), std::string::npos) << "the second message is judged anew";
    EXPECT_NE(taken.find("i" + std::string(4, '\0') + "Authentication-Results" + std::string(1, '\0') + " mail.amis.bzh;"), std::string::npos);
    EXPECT_NE(taken.find("m" + std::string("\0\0\0\1", 4) + "Authentication-Results"), std::string::npos);
    EXPECT_EQ(taken.substr(taken.size() - 1), "c");
}

TEST(IncomingSession, SubmissionIsNeverJudged) {
    Talk talk("SUBMISSION");
    const std::string taken = talk.send(" marie@strict.test", "marie@amis.bzh");
    EXPECT_EQ(talk.waited, 0);
    EXPECT_EQ(taken.find("spf="), std::string::npos);
}

std::string removal(std::uint32_t number) {
    return "m" + std::string("\0\0\0", 3) + static_cast<char>(number) + "Authentication-Results" + std::string(2, '\0');
}

/// RFC 8601 §5: whoever hands it in, and whether it is judged or not, nobody else writes in our name.
TEST(IncomingSession, ResultsInOurNameAreTakenAwayFromWhateverComes) {
    const Headers forged = {{"Authentication-Results", " mail.amis.bzh; dkim=pass header.d=bank.test"},
                            {"Authentication-Results", " other.test; spf=pass"},
                            {"AUTHENTICATION-RESULTS", "\n\tMail.Amis.Bzh (x) 1;\n\tdmarc=pass"}};
    const std::string offered("\0\0\0\6\0\0\1\xff\0\x1f\xff\xff", 12);
    for (const auto& [daemon, user, mode] : {std::tuple(host, "", IncomingMode::obey), std::tuple(host, "", IncomingMode::off),
                                             std::tuple(std::string("SUBMISSION"), "marie@amis.bzh", IncomingMode::obey)}) {
        Talk talk(daemon, offered, mode);
        for (int turn = 0; turn < 2; ++turn) {
            const std::string taken = talk.send(" marie@plain.test", user, forged);
            const std::size_t last = taken.find(removal(3));
            const std::size_t first = taken.find(removal(1));
            ASSERT_NE(last, std::string::npos) << daemon << *user;
            ASSERT_NE(first, std::string::npos);
            EXPECT_LT(last, first) << "the last first: each removal moves those behind it";
            EXPECT_EQ(taken.find(removal(2)), std::string::npos);
            const std::size_t ours = taken.find("mail.amis.bzh;\n\tspf=");
            EXPECT_EQ(ours != std::string::npos, mode == IncomingMode::obey && *user == '\0');
            EXPECT_TRUE(ours == std::string::npos || ours > first) << "ours goes in at the top after the removals, or it would be the first of them";
        }
    }
}

/// Postfix searches its queue file from the beginning for each removal: 4000 cost it 16 s.
TEST(IncomingSession, TooManyFieldsToTakeOutAreRefused) {
    Talk talk(host);
    EXPECT_NE(talk.send(" marie@plain.test", "", Headers(50, {"Authentication-Results", " mail.amis.bzh"})).find(removal(50)), std::string::npos);
    EXPECT_EQ(talk.send(" marie@plain.test", "", Headers(51, {"Authentication-Results", " mail.amis.bzh"})).substr(4, 10), "y550 5.6.0");
    EXPECT_EQ(talk.send(" marie@plain.test", "", Headers(51, {"Authentication-results", " other.test"})).substr(4, 10), "y550 5.6.0");
    EXPECT_EQ(talk.send(" marie@plain.test", "", {}).find("y550"), std::string::npos) << "the next message is counted anew";
    Talk member("SUBMISSION");
    EXPECT_EQ(member.send(" marie@plain.test", "marie@amis.bzh", Headers(101, {"Received", " x"})).substr(4, 10), "y550 5.6.0");
    EXPECT_EQ(member.send(" marie@plain.test", "marie@amis.bzh", Headers(100, {"Received", " x"})).substr(4, 1), "m");
}

TEST(IncomingSession, WithoutLeadingSpaceTheSpaceIsPutBack) {
    Talk talk(host, std::string("\0\0\0\6\0\0\1\xff\0\x0f\xff\xff", 12));
    EXPECT_EQ(static_cast<unsigned char>(talk.negotiated[14]) & 0x10, 0);
    EXPECT_NE(talk.send("marie@plain.test").find(std::string("Authentication-Results\0mail.amis.bzh;", 37)), std::string::npos);
}

} // namespace
} // namespace hameau::milter
