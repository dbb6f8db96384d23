// What a journal may say to a stranger: lines of every program of the house, with marked secrets in them.
#include "daemon/cli/redact.hpp"

#include <gtest/gtest.h>

namespace hameau::cli {
namespace {

Redactor house() {
    Redactor redactor;
    for (const char* name : {"zorglub", "Zénobie Quasimodo", "amis-du-bourg", "Les Amis", "amis.example.org"}) {
        redactor.know(name);
    }
    return redactor;
}

TEST(Redact, NoMarkedSecretIsLeft) {
    const char* lines[] = {
        "<5>mail mail.alias_added association=amis-du-bourg by=zorglub",
        "<5>sites sites.added host=secret.example.org association=amis by=zorglub",
        "<4>people people.login_failed login=\"zorglub quasimodo\" error=\"no zorglub here\"",
        "<6>guestbook Zorglub said secret things to QUASIMODO",
        "Nov 30 13:14:24 localhost postfix/smtpd[9649]: connect from secret.example.net[203.0.113.77]",
        "Nov 30 13:14:24 localhost postfix/smtp[9]: 4AB12: to=<victim@secret.example>, relay=mx.secret.example[2001:db8::5]:25, delay=1, status=deferred (host mx.secret.example[203.0.113.77] said: 550 5.1.1 user secretname unknown (in reply))",
        "Nov 30 13:14:24 localhost postfix/smtp[9]: connect to mx.secret.example[203.0.113.77]:25: Connection timed out",
        "Nov 30 13:14:24 imap(zorglub@amis.example.org)<97><Qx9secretsession/1>: Info: Disconnected: Logged out in=42 out=710",
        "Nov 30 13:14:24 imap-login: Info: Login: user=<zorglub@amis.example.org>, method=PLAIN, rip=203.0.113.77, lip=203.0.113.5, session=<abcsecretDEF>",
        "Nov 30 13:14:24 lmtp(zorglub)<12><x>: Info: sieve: msgid=<secret@secret.example>: stored mail into mailbox 'Secret Folder'",
        "helo=<secret.example> helo=secretbox message-id=<secret@x.example>",
        "error=\"cannot open /var/lib/hameau/mail/boxes/abcdefghijklmnopqrstuvwx27/cur\"",
        "token eyJhbGciOiJIUzI1NiJ9abc key FAKE0secret0key0000000 hash $argon2id$v=19$secret",
        "http://secret.example/path?x=1 https://[2001:db8::77]:8443/setup#SECRETTOKEN00000",
        "Betreff Zénobie, zénobie; Amis/Zorglub_2",
        "xn--secret-9za.example and secret.example.",
        // People who left, and whom no list has.
        "<4>people people.import_failed error=\"no such person: Jean Lefebvre\"",
        "<4>mail mail.failed error=\"the box 'Famille Lefebvre' is full\" state=lefebvre unknown=lefebvre auth=lefebvre code=lefebvre",
        "<4>hameaud certificate.failed error=\"tls/hosts/lefebvre-jean.pem: Permission denied\" file=lefebvre.key",
        "<4>mail x.y error=\"call 0612345678 or +33612345678, 06.12.34.56.78, 06-12-34-56-78, 06 12 34 56 78 or +33 6 12 34 56 78\"",
        "<4>mail x.y error=\"(06 12 34 56 78) tel:06 12 34 56 78 +33 (0)6 12 34 56 78 06 1234 5678 06-12-34-56-78 jean-Lefebvre's\" count=0612345678 reason=0612345678",
        "<4>mail x.y error=\"call\" at=+33 (0)6 12 34 56 78",
        "<4>gate x.y error=\"[IPv6:2001:db8::1] IPv6:2001:db8::1 203.0.113.2-203.0.113.9\"",
    };
    for (const char* line : lines) {
        const std::string out = house().line(line);
        for (const char* marked : {"zorglub", "Zorglub", "quasimodo", "QUASIMODO", "Zénobie", "zénobie", "secret.example", "203.0.113", "2001:db8", "victim", "secretname", "Secret Folder",
                                   "secretsession", "secretDEF", "secretbox", "SECRETTOKEN", "FAKE0secret", "eyJhbGci", "argon2id", "abcdefghijklmnop", "Lefebvre", "lefebvre", "Jean", "12345678", "34.56", "34-56", "34 56", "1234 5678", "34", "amis", "Amis", "bourg", "xn--"}) {
            EXPECT_EQ(out.find(marked), std::string::npos) << marked << " in: " << out;
        }
    }
}

TEST(Redact, WhatHelpsStays) {
    const Redactor redactor = house();
    EXPECT_EQ(redactor.line("<5>hameaud service.ended service=mail signal=9"), "<5>hameaud service.ended service=mail signal=9");
    EXPECT_EQ(redactor.line("<3>hameaud spawn.failed service=pads error=\"pads.db: the database is damaged\""), "<3>hameaud spawn.failed service=pads error=\"pads.db: the database is damaged\"");
    EXPECT_EQ(redactor.line("Nov 30 13:14:24 localhost postfix/smtp[9]: connect to mx.a.test[203.0.113.7]:25: Connection timed out"),
              "Nov 30 13:14:24 localhost postfix/smtp[9]: connect to <host>[<ip>]:25: Connection timed out");
    EXPECT_EQ(redactor.line("<3>pads store.failed error=\"pads.db: disk I/O error, Permission denied\" bytes=123456789 free=40960000 code=10"),
              "<3>pads store.failed error=\"pads.db: disk I/O error, Permission denied\" bytes=123456789 free=40960000 code=10");
    EXPECT_EQ(redactor.line("at 2026-11-30 17:01:02 store.cpp:84 0 1 2 0 12"), "at 2026-11-30 17:01:02 store.cpp:84 0 1 2 0 12");
    EXPECT_EQ(redactor.line("Version 3.7.11: tried with this house."), "Version 3.7.11: tried with this house.");
    EXPECT_EQ(redactor.line("Nov 30 imap(marie)<97><s>: Info: Logged out in=42 out=710"), "Nov 30 imap(...)<...><...>: Info: <word> out in=42 out=710");
}

TEST(Redact, AnyBytes) {
    for (const char* line : {"", "<", "<6>", "<6>x", "=", "a=", "a=\"", "'", "imap(", "<6> =\"", "@", ".", "..", "/", "://", ":", "said: ", " said: "}) {
        (void)house().line(line);
    }
    const std::string all = [] {
        std::string bytes;
        for (int i = 1; i < 256; ++i) {
            bytes += static_cast<char>(i);
        }
        return bytes;
    }();
    (void)house().text(all + "\n" + all);
}

} // namespace
} // namespace hameau::cli
