// What a Sieve script hands in is signed or sealed; what an alias passes on to the outside is sealed.
#include <algorithm>
#include <gtest/gtest.h>
#include <map>

#include "modules/mail/milter/address.hpp"
#include "modules/mail/milter/session.hpp"
#include "tests/unit/mail_auth/zone.hpp"
#include "tests/unit/milter/strings.hpp"

namespace hameau::milter {
namespace {

using mailauth::RecordType;
using mailauth::Zone;

constexpr long now = 1'800'000'000;
const std::string host = "mail.amis.bzh";
using Headers = std::vector<std::pair<std::string, std::string>>;

/// One key, of amis.bzh.
class OneKey final : public SigningKeys {
public:
    OneKey() {
        auto key = mailauth::parse_private_key(mailauth::make_rsa_key(2048).value());
        const std::string shown = mailauth::public_text(*key);
        keys_.push_back({"h1", std::move(*key), shown, false});
    }
    std::vector<DomainKey>& of(const std::string& domain) override { return domain == "amis.bzh" ? keys_ : none_; }
    void note_seen(const std::string&, DomainKey& key, bool seen) override { key.seen = seen; }
    std::string record() const { return "v=DKIM1; k=rsa; p=" + keys_.front().public_text; }

private:
    std::vector<DomainKey> keys_, none_;
};

/// marie has a mailbox and sends as contact; tresor leads to her; dehors and moitie lead outside.
class SmallHouse final : public Rights {
public:
    Result<bool> may_send(const std::string& user, const std::string& address) override {
        const std::string bare = without_tag(address);
        return user == "marie@amis.bzh" && (bare == user || bare == "contact@amis.bzh");
    }
    Result<bool> leads_only_to(const std::string& address, const std::string& user) override {
        return user == "marie@amis.bzh" && address == "tresor@amis.bzh";
    }
    Result<std::int64_t> session_clock() override { return 0; }
    Result<std::int64_t> session_end(const std::string&) override { return 0; }
    Result<std::vector<std::string>> mailboxes_of(const std::string& recipient, bool& all_here) override {
        if (recipient == "tous@amis.bzh") {
            return std::vector<std::string>{"marie@amis.bzh", "yann@amis.bzh"};
        }
        all_here = recipient == "marie@amis.bzh" || recipient == "yann@amis.bzh" || recipient == "tresor@amis.bzh";
        if (!all_here) {
            return recipient == "moitie@amis.bzh" ? std::vector<std::string>{"marie@amis.bzh"} : std::vector<std::string>();
        }
        return std::vector<std::string>{recipient == "tresor@amis.bzh" ? "marie@amis.bzh" : recipient};
    }
};

class Talk {
public:
    Talk(const std::string& daemon, const std::string& helo, bool known = true) {
        zone_.answer_late();
        if (known) {
            zone_.add("h1._domainkey.amis.bzh", RecordType::txt, keys_.record());
        }
        zone_.add("_dmarc.mild.test", RecordType::txt, "v=DMARC1; p=quarantine");
        say('O', std::string("\0\0\0\6\0\0\1\xff\0\x1f\xff\xff", 12));
        say('D', "C" + texts({"{daemon_name}", daemon}));
        say('C', "localhost" + std::string("\0" "4\0\x19", 4) + "127.0.0.1" + std::string(1, '\0'));
        say('H', texts({helo}));
    }

    std::string say(char command, const std::string& data) {
        Step step = session_.on_packet({static_cast<Command>(command), data});
        std::string out = step.replies;
        for (int round = 0; round < 30 && (step.ask || step.look_up); ++round) {
            step = step.ask ? session_.on_room(Room::enough) : session_.on_answers();
            out += step.replies;
        }
        return out;
    }

    std::string send(const Headers& headers, const std::vector<std::string>& recipients = {"ami@dehors.test"}, const std::string& sender = "<>") {
        say('D', "M" + texts({"i", "1"}));
        say('M', texts({sender}));
        for (const std::string& recipient : recipients) {
            say('R', texts({"<" + recipient + ">"}));
        }
        for (const auto& [name, value] : headers) {
            say('L', texts({name, value}));
        }
        say('B', "Bonjour\r\n");
        return say('E', "");
    }

private:
    Zone zone_;
    OneKey keys_;
    SmallHouse rights_;
    FakeClock clock_;
    Outgoing outgoing_{clock_};
    Incoming incoming_{IncomingMode::obey, host, zone_, [] { return now; }};
    Signing signing_{keys_, zone_, [] { return now; }};
    Session session_{rights_, outgoing_, &incoming_, &signing_};
};

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++n;
    }
    return n;
}

bool is_refused(const std::string& reply) { return reply.substr(4, 7) == "y550 5."; }

TEST(Written, AScriptsOwnMailIsSignedInAnAddressOfItsOwner) {
    Talk talk("INJECTED", "Marie@amis.bzh");
    for (const char* own : {" marie@amis.bzh", " Marie <marie+fete@amis.bzh>", " contact@amis.bzh", " tresor@amis.bzh"}) {
        const std::string taken = talk.send({{"From", own}, {"Auto-Submitted", " auto-replied"}});
        EXPECT_EQ(count(taken, "DKIM-Signature"), 1U) << own;
        EXPECT_EQ(count(taken, "ARC-"), 0U);
        EXPECT_EQ(count(taken, "Authentication-Results"), 0U) << "it is not judged";
    }
    for (const char* other : {" yann@amis.bzh", " president@bank.test", " nobody@amis.bzh", " marie@amis.bzh, yann@amis.bzh", "", " marie@amis.bzh <"}) {
        EXPECT_TRUE(is_refused(talk.send({{"From", other}}))) << other;
    }
    EXPECT_TRUE(is_refused(talk.send({{"Subject", " x"}}))) << "no From at all";
    EXPECT_TRUE(is_refused(talk.send({{"From", " marie@amis.bzh"}, {"From", " yann@amis.bzh"}})));
    EXPECT_TRUE(is_refused(talk.send({{"From", " tous@amis.bzh"}}))) << "whoever reads it is not who writes it";
}

/// As Pigeonhole writes it (sieve_action_do_reject_mail).
const Headers rejection = {{"X-Sieve", " Pigeonhole"}, {"From", " Mail <postmaster@mail.amis.bzh>"}, {"Auto-Submitted", " auto-replied (rejected)"},
                           {"Content-Type", " multipart/report; report-type=disposition-notification;\n\tboundary=\"x\""}};

TEST(Written, TheNameOfTheHouseIsForARejectionOnly) {
    Talk talk("INJECTED", "marie@amis.bzh");
    EXPECT_FALSE(is_refused(talk.send(rejection)));
    const auto without = [](const std::string& name, const std::string& value) {
        Headers headers = rejection;
        std::erase_if(headers, [&name](const auto& field) { return field.first == name; });
        if (!value.empty()) {
            headers.emplace_back(name, value);
        }
        return headers;
    };
    EXPECT_TRUE(is_refused(talk.send({{"From", " postmaster@mail.amis.bzh"}})));
    EXPECT_TRUE(is_refused(talk.send(without("Auto-Submitted", " auto-replied (vacation)"))));
    EXPECT_TRUE(is_refused(talk.send(without("Content-Type", ""))));
    EXPECT_TRUE(is_refused(talk.send(without("Content-Type", " text/plain"))));
    // vacation :mime writes what the script says, below vacation's own fields.
    for (const char* name : {"Auto-Submitted", "Content-Type"}) {
        Headers both = rejection;
        both.insert(both.begin(), {name, name == std::string("Content-Type") ? " text/html" : " auto-replied (vacation)"});
        EXPECT_TRUE(is_refused(talk.send(both))) << name;
    }
    EXPECT_TRUE(is_refused(talk.send(rejection, {"ami@dehors.test"}, "<marie@amis.bzh>"))) << "a rejection has no sender";
    EXPECT_FALSE(is_refused(talk.send(rejection))) << "each message is judged by itself";
}

TEST(Written, TheHousesOwnNoticeIsSigned) {
    Talk talk("INJECTED", "localhost");
    EXPECT_EQ(count(talk.send({{"From", " hameau@amis.bzh"}}), "DKIM-Signature"), 1U);
    EXPECT_EQ(count(talk.send({{"From", " hameau@other.test"}}), "DKIM-Signature"), 0U);
    EXPECT_EQ(count(talk.send({{"From", " MAILER-DAEMON@mail.amis.bzh (Mail Delivery System)"}}), " d=amis.bzh;"), 1U) << "the house below the domain";
    EXPECT_EQ(count(talk.send({{"From", " x@mail.amis.bzh.other.test"}}), "DKIM-Signature"), 0U);
}

TEST(Written, WhatIsRedirectedIsSealedAndNeverSigned) {
    Talk talk("INJECTED", "marie@amis.bzh");
    const Headers forged = {{"X-Sieve", " Pigeonhole"}, {"X-Sieve-Redirected-From", " marie@amis.bzh"}, {"Authentication-Results", " mail.amis.bzh;\n\tspf=pass smtp.mailfrom=a@b.test"},
                            {"Authentication-Results", " mail.amis.bzh; spf=second"}, {"From", " yann@amis.bzh"}};
    const std::string taken = talk.send(forged);
    EXPECT_EQ(count(taken, "DKIM-Signature"), 0U);
    EXPECT_EQ(count(taken, "i=1; mail.amis.bzh;\n\tspf=pass smtp.mailfrom=a@b.test"), 1U);
    EXPECT_LT(taken.find("ARC-Authentication-Results"), taken.find("ARC-Message-Signature")) << "each is put on top of the one before";
    EXPECT_LT(taken.find("ARC-Message-Signature"), taken.find("ARC-Seal"));
    EXPECT_EQ(count(taken, "cv=none"), 1U);
    EXPECT_EQ(count(taken, "m" + std::string(3, '\0')), 0U) << "nothing is taken out of what is passed on";
    // The next message of the same connection is judged anew.
    EXPECT_EQ(count(talk.send({{"From", " marie@amis.bzh"}}), "DKIM-Signature"), 1U);
    EXPECT_NE(talk.send({{"X-Sieve", " x"}, {"X-Sieve-Redirected-From", " marie@amis.bzh"}, {"From", " a@b.test"}}).find("i=1; mail.amis.bzh;\n\tnone"), std::string::npos);
    // notify takes fields from a mailto:, behind those of Dovecot; such a message is still the script's own.
    EXPECT_TRUE(is_refused(talk.send({{"X-Sieve", " x"}, {"Message-ID", " <a@b>"}, {"X-Sieve-Redirected-From", " x"}, {"From", " yann@amis.bzh"}})));
    EXPECT_TRUE(is_refused(talk.send({{"X-Sieve-Redirected-From", " x"}, {"From", " yann@amis.bzh"}})));
    EXPECT_TRUE(is_refused(talk.send({{"Subject", " x"}, {"X-Sieve", " x"}, {"X-Sieve-Redirected-From", " x"}, {"From", " yann@amis.bzh"}})));
    EXPECT_EQ(count(Talk("INJECTED", "marie@amis.bzh", false).send(forged), "ARC-"), 0U) << "nobody could verify it";
    EXPECT_EQ(count(Talk("INJECTED", "marie@other.test").send(forged), "ARC-"), 0U);
}

TEST(Written, AnAliasThatLeadsOutsideSealsWhatItPassesOn) {
    Talk talk(host, "mx.test");
    const Headers plain = {{"From", " a@plain.test"}};
    for (const auto& recipients : {std::vector<std::string>{"dehors@amis.bzh"}, {"marie@amis.bzh", "dehors@amis.bzh"}}) {
        const std::string taken = talk.send(plain, recipients);
        EXPECT_EQ(count(taken, "ARC-Seal" + std::string(1, '\0')), 1U);
        EXPECT_EQ(count(taken, "i=1; mail.amis.bzh;\n\tspf="), 1U);
        EXPECT_EQ(count(taken, std::string(1, '\0') + " mail.amis.bzh;\n\tspf="), 1U) << "written once, however often DNS was waited for";
    }
    EXPECT_EQ(count(talk.send(plain, {"marie@amis.bzh"}), "ARC-"), 0U) << "it stays in the house";
    for (const auto& recipients : {std::vector<std::string>{"dehors@amis.bzh", "liste@voisin.bzh"}, {"liste@voisin.bzh", "dehors@amis.bzh"}}) {
        const std::string both = talk.send(plain, recipients);
        EXPECT_FALSE(is_refused(both));
        EXPECT_EQ(count(both, "ARC-"), 0U) << "d= would tell one list's readers of the other";
    }
    EXPECT_EQ(count(talk.send(plain, {"dehors@amis.bzh", "Dehors@amis.bzh"}), "ARC-Seal" + std::string(1, '\0')), 1U);
}

TEST(Written, WhatWouldBeJunkIsNotPassedOn) {
    Talk talk(host, "mx.test");
    const Headers forged = {{"From", " a@mild.test"}};
    EXPECT_TRUE(is_refused(talk.send(forged, {"dehors@amis.bzh"})));
    for (const auto& recipients : {std::vector<std::string>{"marie@amis.bzh", "dehors@amis.bzh"}, {"moitie@amis.bzh"}}) {
        const std::string mixed = talk.send(forged, recipients);
        EXPECT_FALSE(is_refused(mixed)) << "a mailbox here wants it in Junk";
        EXPECT_EQ(count(mixed, "X-Spam-Flag"), 1U);
    }
}

} // namespace
} // namespace hameau::milter
