// What is asked of the engines: figures of Dovecot, probes of SMTP and IMAP, with stand-ins that answer, refuse or hang.
#include <arpa/inet.h>
#include <csignal>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

#include "fake_house.hpp"
#include "modules/mail/engines/probe.hpp"

namespace hameau::mail {
namespace {

using std::chrono::milliseconds;

/// Serves one connection on a thread: says the greeting, then to each line what `answer` gives; "" is silence.
class Stand {
public:
    using Answer = std::function<std::string(const std::string& line)>;
    Stand(Fd listener, std::string greeting, Answer answer)
        : listener_(std::move(listener)), thread_([this, greeting = std::move(greeting), answer = std::move(answer)] { serve(greeting, answer); }) {}
    ~Stand() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }
    const std::vector<std::string>& lines() const { return lines_; }

private:
    void serve(const std::string& greeting, const Answer& answer) {
        pollfd ready{listener_.get(), POLLIN, 0};
        ::poll(&ready, 1, 5000);
        const Fd peer(::accept(listener_.get(), nullptr, nullptr));
        if (!peer) {
            return;
        }
        (void)set_nonblocking(peer.get(), false);
        (void)write_all(peer.get(), greeting);
        std::string held;
        char buffer[4096];
        for (ssize_t n = ::read(peer.get(), buffer, sizeof buffer); n > 0; n = ::read(peer.get(), buffer, sizeof buffer)) {
            held.append(buffer, static_cast<std::size_t>(n));
            for (std::size_t end = held.find('\n'); end != std::string::npos; end = held.find('\n')) {
                lines_.push_back(held.substr(0, end));
                held.erase(0, end + 1);
                (void)write_all(peer.get(), answer(lines_.back()));
            }
        }
    }
    Fd listener_;
    std::vector<std::string> lines_;
    std::thread thread_;
};

std::uint16_t port_of(const Fd& listener) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
}

class Engines : public MailHouse {
protected:
    Engines() {
        ::signal(SIGPIPE, SIG_IGN);  // as run_module does
        tell_house();
        EXPECT_EQ(add_box("marie@amis.test", "marie").status, 201);
        std::filesystem::create_directories(folder_ / "dovecot/run");
    }
    Fd doveadm_socket() { return std::move(listen_unix((folder_ / "dovecot/run/hameau-doveadm").string()).value()); }
    std::vector<BoxFigures> ask(std::vector<std::string> users, milliseconds deadline = milliseconds(2000)) {
        Doveadm doveadm(context->io(), (folder_ / "dovecot/run/hameau-doveadm").string(), (folder_ / "dovecot/doveadm-password").string());
        return run(doveadm.figures(std::move(users), deadline));
    }
};

TEST(DoveadmWords, CommandsAndAnswers) {
    EXPECT_EQ(figures_command("marie@amis.test"), "\tmarie@amis.test\tmailbox status\tunseen vsize\t*\n");
    EXPECT_EQ(figures_command("a\tb\n"), "\ta\001tb\001n\tmailbox status\tunseen vsize\t*\n");
    const BoxFigures figures = parse_figures("Sent\t2\t100\tINBOX\t3\t5120\tINBOX/x\t9\t1\t");
    EXPECT_EQ(figures.unread, 3);
    EXPECT_EQ(figures.used_bytes, 5221);
    EXPECT_EQ(parse_figures("").used_bytes, 0) << "a box that was never opened is empty";
    for (const char* bad : {"INBOX\t3", "INBOX\t3\t", "INBOX\tx\t5\t", "INBOX\t-3\t5\t", "INBOX\t3\t5", "A\t1\t9223372036854775807\tB\t1\t1\t"}) {
        EXPECT_FALSE(parse_figures(bad).used_bytes) << bad;
        EXPECT_FALSE(parse_figures(bad).unread) << bad;
    }
}

TEST_F(Engines, FiguresOfSeveralUsers) {
    Stand dovecot(doveadm_socket(), "+\n", [](const std::string& line) -> std::string {
        if (line.starts_with("VERSION")) {
            return "";
        }
        return line.find("marie") != std::string::npos ? "INBOX\t3\t5120\tSent\t0\t80\t\n+\n" : "\n-NOUSER\n";
    });
    const auto figures = ask({"marie@amis.test", "ghost@amis.test", "marie@amis.test"});
    ASSERT_EQ(figures.size(), 3u);
    EXPECT_EQ(figures[0].unread, 3);
    EXPECT_EQ(figures[0].used_bytes, 5200);
    EXPECT_FALSE(figures[1].used_bytes);
    EXPECT_EQ(figures[2].unread, 3) << "one unknown user spoils nothing";
    EXPECT_EQ(dovecot.lines().at(0), "VERSION\tdoveadm-server\t1\t0");
}

TEST_F(Engines, TheApiShowsThem) {
    Stand dovecot(doveadm_socket(), "+\n", [](const std::string& line) { return line.starts_with("VERSION") ? "" : "INBOX\t3\t5120\t\n+\n"; });
    const Answer answer = go(marie, "GET", "/api/v1/me/mail");
    EXPECT_EQ(answer.json.at("mailboxes").as_array()[0].at("unread"), 3);
    EXPECT_EQ(answer.json.at("mailboxes").as_array()[0].at("used_bytes"), 5120);
}

TEST_F(Engines, EachMailboxMayGrowByWhatTheAssociationHasLeft) {
    EXPECT_EQ(add_box("yann@amis.test", "yann", ",\"quota\":\"3000\"").status, 201);
    const auto measured = [&](std::uint64_t others) {
        context->others = others;
        Stand dovecot(doveadm_socket(), "+\n", [](const std::string& line) -> std::string {
            return line.starts_with("VERSION") ? "" : line.find("marie") != std::string::npos ? "INBOX\t3\t6000\t\n+\n" : "INBOX\t0\t1000\t\n+\n";
        });
        const int status = go(people, "POST", "/internal/usage", R"({"association":"amis"})").status;
        std::filesystem::remove(folder_ / "dovecot/run/hameau-doveadm");
        return status;
    };
    const char* rows = "SELECT user, quota_bytes FROM account";
    const Rows whole = auth(rows);
    context->quota = 20000;
    EXPECT_EQ(measured(1000), 204);
    EXPECT_EQ(context->told.back(), 7000u);
    EXPECT_EQ(auth(rows), (Rows{"marie@amis.test|18000", "yann@amis.test|3000"})) << "12000 are left, yann's own limit is less";
    EXPECT_EQ(measured(12500), 204);
    EXPECT_EQ(auth(rows), (Rows{"marie@amis.test|6500", "yann@amis.test|1500"}));
    EXPECT_EQ(measured(20000), 204);
    EXPECT_EQ(auth(rows), (Rows{"marie@amis.test|6000", "yann@amis.test|1000"})) << "full: nothing more comes in";
    context->quota = 0;
    EXPECT_EQ(measured(20000), 204);
    EXPECT_EQ(auth(rows), whole) << "no quota of its own";
}

TEST_F(Engines, ADovecotThatIsAwayChangesNoFigure) {
    context->quota = 20000;
    EXPECT_EQ(go(people, "POST", "/internal/usage", R"({"association":"amis"})").status, 204);
    EXPECT_TRUE(context->told.empty());
    EXPECT_EQ(go(marie, "POST", "/internal/usage", R"({"association":"amis"})").status, 403);
    EXPECT_EQ(go(people, "POST", "/internal/usage", R"({"association":"nobody"})").status, 404);
}

TEST_F(Engines, APasswordIsSentWhenItIsWanted) {
    ASSERT_TRUE(write_file_atomically(folder_ / "dovecot/doveadm-password", "secret words\n"));
    Stand dovecot(doveadm_socket(), "-\n", [](const std::string& line) -> std::string {
        if (line.starts_with("PLAIN\t")) {
            return line == "PLAIN\tAGRvdmVhZG0Ac2VjcmV0IHdvcmRz" ? "+\n" : "-\n";
        }
        return line.starts_with("VERSION") ? "" : "INBOX\t1\t2\t\n+\n";
    });
    EXPECT_EQ(ask({"marie@amis.test"})[0].unread, 1);
}

TEST_F(Engines, DovecotAwaySilentOrWrong) {
    EXPECT_FALSE(ask({"marie@amis.test"})[0].unread) << "nobody listens";
    {
        Stand silent(doveadm_socket(), "", [](const std::string&) { return ""; });
        const auto before = std::chrono::steady_clock::now();
        EXPECT_FALSE(ask({"marie@amis.test"}, milliseconds(200))[0].unread);
        EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(1500));
    }
    {
        Stand endless(doveadm_socket(), "+\n", [](const std::string&) { return std::string(2 << 20, 'x'); });
        EXPECT_FALSE(ask({"marie@amis.test"}, milliseconds(1000))[0].unread) << "an answer has an end";
    }
    {
        Stand refusing(doveadm_socket(), "-\n", [](const std::string&) { return ""; });
        EXPECT_FALSE(ask({"marie@amis.test"}, milliseconds(200))[0].unread) << "a password is wanted, none is there";
    }
    {
        Stand garbage(doveadm_socket(), "+\n", [](const std::string& line) { return line.starts_with("VERSION") ? "" : "!?\n\t\t\n"; });
        EXPECT_FALSE(ask({"marie@amis.test"}, milliseconds(500))[0].unread);
    }
}

TEST_F(Engines, ProbesOfSmtp) {
    const auto probe = [this](const std::string& greeting, Stand::Answer answer, const std::string& recipient = "postmaster@amis.test") {
        Fd listener = std::move(listen_tcp("127.0.0.1", 0).value());
        const std::uint16_t port = port_of(listener);
        Stand postfix(std::move(listener), greeting, std::move(answer));
        std::string to = recipient;
        return run(probe_smtp(context->io(), port, std::move(to), milliseconds(400)));
    };
    const auto polite = [](const std::string& line) -> std::string {
        return line.starts_with("EHLO") ? "250-maison.test\r\n250-SIZE 1\r\n250 PIPELINING\r\n" : line.starts_with("QUIT") ? "221 bye\r\n" : "250 ok\r\n";
    };
    EXPECT_EQ(probe("220 maison.test ESMTP\r\n", polite).verdict, Verdict::fine);
    EXPECT_EQ(probe("220-a\r\n220 b\r\n", polite, "").verdict, Verdict::fine);
    EXPECT_EQ(probe("421 too busy\r\n", polite).verdict, Verdict::refusing);
    EXPECT_EQ(probe("", polite).verdict, Verdict::silent) << "a throttled child: connected, no greeting";
    const auto full = [polite](const std::string& line) { return line.starts_with("RCPT") ? "552 5.2.2 full\r\n" : polite(line); };
    EXPECT_EQ(probe("220 x\r\n", full).verdict, Verdict::fine);
    const auto broken = [polite](const std::string& line) { return line.starts_with("RCPT") ? "451 4.3.0 lookup failure\r\n" : polite(line); };
    const Probe refused = probe("220 x\r\n", broken);
    EXPECT_EQ(refused.verdict, Verdict::refusing);
    EXPECT_EQ(refused.said, "451 4.3.0 lookup failure");
    EXPECT_EQ(run(probe_smtp(context->io(), 1, "", milliseconds(400))).verdict, Verdict::silent);
}

TEST_F(Engines, HealthSaysWhatToDo) {
    const auto away = run(mail->probe_health());
    ASSERT_EQ(away.size(), 2u);
    EXPECT_FALSE(away[0].passed);
    EXPECT_NE(away[0].advice.find("hameau restart postfix"), std::string::npos);
    EXPECT_NE(away[0].advice.find("ne répond pas"), std::string::npos) << away[0].advice;
    EXPECT_NE(away[0].english.find("does not answer"), std::string::npos) << away[0].english;
    EXPECT_FALSE(away[1].passed);
    Fd smtp = std::move(listen_tcp("127.0.0.1", 0).value());
    Fd imap = std::move(listen_tcp("127.0.0.1", 0).value());
    context->set("mail.smtp_port", std::to_string(port_of(smtp)));
    context->set("mail.imap_port", std::to_string(port_of(imap)));
    Stand postfix(std::move(smtp), "220 x\r\n", [](const std::string&) { return "250 ok\r\n"; });
    Stand dovecot(std::move(imap), "* OK [CAPABILITY IMAP4rev1] ready.\r\n", [](const std::string&) { return ""; });
    const auto there = run(mail->probe_health());
    EXPECT_TRUE(there[0].passed) << there[0].advice;
    EXPECT_TRUE(there[1].passed) << there[1].advice;
    EXPECT_EQ(postfix.lines().at(2), "RCPT TO:<postmaster@amis.test>\r");
}

} // namespace
} // namespace hameau::mail
