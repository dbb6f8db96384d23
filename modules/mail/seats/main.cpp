// hameau-seats ANVIL_SOCKET SERVICE MOST PROGRAM...: Dovecot's script-login runs it after each sign-in (2.3; environment: USER). Dovecot itself
// counts by user and address together, and whoever has several addresses could hold all processes. Asks anvil how many
// connections of SERVICE the user holds; below MOST it becomes PROGRAM, else the connection ends. Asks once, writes nothing.
// When anvil does not answer, everybody is let in: mail that can be read matters more than a count.
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/base/fd.hpp"
#include "modules/mail/seats/limits.hpp"

namespace {

using namespace hameau;

constexpr int exit_usage = 64;
constexpr int exit_failed = 70;
constexpr int exit_refused = 1;

Fd connect_to(const std::string& path) {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (!fd || path.size() >= sizeof address.sun_path) {
        return {};
    }
    path.copy(address.sun_path, path.size());
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &seats::patience, sizeof seats::patience);
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &seats::patience, sizeof seats::patience);
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? std::move(fd) : Fd();
}

/// "SERVICE/ADDRESS/USER TAB PID TAB COUNT": how many of these are the user's.
/// (A user's name has no "/" here.)
unsigned count_of(std::string_view line, std::string_view service, std::string_view user) {
    const std::size_t first = line.find('\t');
    const std::size_t second = first == std::string_view::npos ? first : line.find('\t', first + 1);
    if (second == std::string_view::npos) {
        return 0;
    }
    const std::string_view ident = line.substr(0, first);
    const std::size_t slash = ident.rfind('/');
    unsigned count = 0;
    const std::string_view number = line.substr(second + 1);
    (void)std::from_chars(number.data(), number.data() + number.size(), count);
    const bool same = slash != std::string_view::npos && ident.substr(0, ident.find('/')) == service && ident.substr(slash + 1) == user;
    return same ? count : 0;
}

/// 0 when anvil does not say.
unsigned connections_of(const std::string& socket, std::string_view service, std::string_view user) {
    const Fd fd = connect_to(socket);
    constexpr std::string_view question = "VERSION\tanvil\t1\t0\nCONNECT-DUMP\n";
    if (!fd || ::send(fd.get(), question.data(), question.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(question.size())) {
        return 0;
    }
    unsigned count = 0;
    std::string buffer;
    std::array<char, 4096> piece{};
    for (std::size_t total = 0; total < seats::answer_bytes_max;) {
        const ssize_t size = ::recv(fd.get(), piece.data(), piece.size(), 0);
        if (size <= 0) {
            return 0;
        }
        total += static_cast<std::size_t>(size);
        buffer.append(piece.data(), static_cast<std::size_t>(size));
        for (std::size_t end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n')) {
            const std::string line = buffer.substr(0, end);
            buffer.erase(0, end + 1);
            if (line.empty()) {
                return count;  // the end of the list
            }
            count += count_of(line, service, user);
        }
        if (buffer.size() > seats::line_bytes_max) {
            return 0;
        }
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const char* user = std::getenv("USER");
    unsigned most = 0;
    if (argc < 5 || user == nullptr) {
        std::fputs("hameau-seats is run by Dovecot: ANVIL_SOCKET SERVICE MOST PROGRAM...\n", stderr);
        return exit_usage;
    }
    const std::string_view number = argv[3];
    if (std::from_chars(number.data(), number.data() + number.size(), most).ec != std::errc{}) {
        return exit_usage;
    }
    if (connections_of(argv[1], argv[2], user) >= most) {
        return exit_refused;
    }
    ::execv(argv[4], argv + 4);
    std::perror("hameau-seats");
    return exit_failed;
}
