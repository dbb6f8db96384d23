// hameau-submit [--user MAILBOX] SOCKET -i -f SENDER -- RECIPIENT...: takes a message on standard input and gives it to Postfix's `inject`
// service. HELO tells hameau-milter whose script hands it in; only the mailboxes' uid and root reach that socket. Run by Dovecot's LMTP under the mailboxes' uid for what a Sieve script sends (redirect, vacation, reject).
// Exit codes of sysexits: 75 try again later (Dovecot then keeps the delivery), 69 refused for good.
#include <cstdio>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <vector>

#include "daemon/base/io.hpp"
#include "modules/mail/submit/limits.hpp"

namespace {

using namespace hameau;

constexpr int exit_usage = 64;
constexpr int exit_refused = 69;
constexpr int exit_later = 75;

struct Order {
    std::string user = "localhost";
    std::string socket;
    std::string sender;
    std::vector<std::string> recipients;
};

bool is_clean(std::string_view address) {
    return address.size() < 1000 && address.find_first_of(std::string_view("\r\n\0<>", 5)) == std::string_view::npos;
}

bool parse(int argc, char** argv, Order& order) {
    int at = 1;
    if (argc < 3) {
        return false;
    }
    if (std::string_view(argv[at]) == "--user" && argc > at + 2) {
        order.user = argv[at + 1];
        at += 2;
    }
    order.socket = argv[at++];
    for (; at < argc; ++at) {
        const std::string_view word(argv[at]);
        if (word == "-f" && at + 1 < argc) {
            order.sender = argv[++at];
        } else if (word == "--") {
            ++at;
            break;
        } else if (word != "-i") {
            return false;
        }
    }
    order.recipients.assign(argv + at, argv + argc);
    if (order.sender == "<>") {
        order.sender.clear();
    }
    bool clean = is_clean(order.sender) && is_clean(order.user) && order.user.find_first_of(" \t") == std::string::npos && !order.user.empty() && !order.recipients.empty();
    for (const std::string& recipient : order.recipients) {
        clean = clean && is_clean(recipient) && !recipient.empty();
    }
    return clean;
}

/// RFC 5321 §4.5.2: lines end with CR LF, a leading dot is doubled; a bare CR or LF becomes the end of a line.
std::string to_wire(std::string_view message) {
    std::string out;
    out.reserve(message.size() + message.size() / 32 + 8);
    bool line_begins = true;
    for (std::size_t i = 0; i < message.size(); ++i) {
        const char c = message[i];
        if (c == '\r' && i + 1 < message.size() && message[i + 1] == '\n') {
            continue;
        }
        if (c == '\n' || c == '\r') {
            out += "\r\n";
            line_begins = true;
            continue;
        }
        if (line_begins && c == '.') {
            out += '.';
        }
        out += c;
        line_begins = false;
    }
    return out + (line_begins ? ".\r\n" : "\r\n.\r\n");
}

class Dialogue {
public:
    explicit Dialogue(Fd socket) : socket_(std::move(socket)) {}

    /// 0 when the reply's first digit is `expected`, else the exit code; the reply goes to standard error.
    int expect(char expected) {
        std::string line;
        do {
            line.clear();
            for (char c = 0; c != '\n';) {
                if (line.size() == submission::line_bytes_max || ::read(socket_.get(), &c, 1) != 1) {
                    std::fprintf(stderr, "hameau-submit: Postfix does not answer\n");
                    return exit_later;
                }
                line += c;
            }
        } while (line.size() > 3 && line[3] == '-');
        if (line[0] == expected) {
            return 0;
        }
        std::fprintf(stderr, "hameau-submit: %s", line.c_str());
        return line[0] == '5' ? exit_refused : exit_later;
    }

    int say(std::string_view text, char expected) { return write_all(socket_.get(), text) ? expect(expected) : exit_later; }

private:
    Fd socket_;
};

int submit(const Order& order, const std::string& message) {
    auto socket = connect_unix(order.socket);
    if (!socket) {
        std::fprintf(stderr, "hameau-submit: %s\n", socket.error().message.c_str());
        return exit_later;
    }
    ::setsockopt(socket->get(), SOL_SOCKET, SO_RCVTIMEO, &submission::patience, sizeof submission::patience);
    ::setsockopt(socket->get(), SOL_SOCKET, SO_SNDTIMEO, &submission::patience, sizeof submission::patience);
    Dialogue dialogue(std::move(*socket));
    int code = dialogue.expect('2');
    code = code != 0 ? code : dialogue.say("EHLO " + order.user + "\r\n", '2');
    code = code != 0 ? code : dialogue.say("MAIL FROM:<" + order.sender + ">\r\n", '2');
    for (const std::string& recipient : order.recipients) {
        code = code != 0 ? code : dialogue.say("RCPT TO:<" + recipient + ">\r\n", '2');
    }
    code = code != 0 ? code : dialogue.say("DATA\r\n", '3');
    code = code != 0 ? code : dialogue.say(to_wire(message), '2');
    if (code == 0) {
        (void)dialogue.say("QUIT\r\n", '2');
    }
    return code;
}

} // namespace

int main(int argc, char** argv) {
    Order order;
    if (!parse(argc, argv, order)) {
        std::fprintf(stderr, "usage: hameau-submit [--user MAILBOX] SOCKET -i -f SENDER -- RECIPIENT...\n");
        return exit_usage;
    }
    const auto message = read_all(STDIN_FILENO, submission::message_bytes_max);
    if (!message) {
        std::fprintf(stderr, "hameau-submit: %s\n", message.error().message.c_str());
        return exit_refused;
    }
    return submit(order, *message);
}
