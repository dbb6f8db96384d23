// Taking over what hameaud gave; sd_notify; own usage.
#include "daemon/child/child.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/child/limits.hpp"

namespace hameau {

namespace {

constexpr int first_listen_fd = 3;

std::string take_variable(const char* name) {
    const char* value = std::getenv(name);
    std::string text = value == nullptr ? "" : value;
    ::unsetenv(name);
    return text;
}

std::optional<long> to_number(std::string_view text) {
    long value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    while (start < text.size()) {
        const std::size_t end = std::min(text.find(separator, start), text.size());
        if (end > start) {
            parts.push_back(text.substr(start, end - start));
        }
        start = end + 1;
    }
    return parts;
}

int notify_socket() {
    static const int fd = [] {
        const std::string path = take_variable("NOTIFY_SOCKET");
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path.empty() || path.size() >= sizeof address.sun_path) {
            return -1;
        }
        std::memcpy(address.sun_path, path.data(), path.size());
        socklen_t size = static_cast<socklen_t>(sizeof(sa_family_t) + path.size() + 1);
        if (path[0] == '@') {
            address.sun_path[0] = '\0';
            size = static_cast<socklen_t>(sizeof(sa_family_t) + path.size());
        }
        const int made = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (made >= 0 && ::connect(made, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
            ::close(made);
            return -1;
        }
        return made;
    }();
    return fd;
}

} // namespace

Result<ChildEnvironment> take_child_environment() {
    ChildEnvironment environment;
    const std::string listen_pid = take_variable("LISTEN_PID");
    const long count = to_number(take_variable("LISTEN_FDS")).value_or(0);
    const std::vector<std::string> names = split(take_variable("LISTEN_FDNAMES"), ':');
    if (count > 0 && to_number(listen_pid) != static_cast<long>(::getpid())) {
        return fail(ErrorKind::invalid, "the listening sockets are for another process");
    }
    for (long i = 0; i < count && i < 64; ++i) {
        const int fd = first_listen_fd + static_cast<int>(i);
        (void)set_close_on_exec(fd, true);
        const auto index = static_cast<std::size_t>(i);
        environment.listeners.emplace(index < names.size() ? names[index] : std::to_string(i), Fd(fd));
    }
    environment.role = take_variable("HAMEAU_ROLE");
    environment.state_folder = take_variable("HAMEAU_STATE");
    for (const std::string& pair : split(take_variable("HAMEAU_UIDS"), ' ')) {
        const std::size_t equals = pair.find('=');
        const auto uid = equals == std::string::npos ? std::nullopt : to_number(pair.substr(equals + 1));
        if (uid) {
            environment.uids.emplace(pair.substr(0, equals), static_cast<uid_t>(*uid));
        }
    }
    if (const auto fd = to_number(take_variable("HAMEAU_CONTROL_FD"))) {
        environment.control.reset(static_cast<int>(*fd));
        (void)set_close_on_exec(environment.control.get(), true);
    }
    const auto settings_fd = to_number(take_variable("HAMEAU_SETTINGS_FD"));
    if (environment.role.empty() || !settings_fd) {
        return fail(ErrorKind::invalid, "this program is started by hameaud, not by hand");
    }
    const Fd settings(static_cast<int>(*settings_fd));
    auto text = read_all(settings.get(), child_settings_bytes_max);
    if (!text) {
        return fail(std::move(text.error()).during("reading the settings"));
    }
    auto parsed = Settings::parse_flat(*text);
    if (!parsed) {
        return fail(std::move(parsed.error()));
    }
    environment.settings = std::move(*parsed);
    (void)notify_socket();
    return environment;
}

void notify(std::string_view lines) {
    if (const int fd = notify_socket(); fd >= 0) {
        [[maybe_unused]] const ssize_t n = ::send(fd, lines.data(), lines.size(), MSG_NOSIGNAL);
    }
}

Usage measure_usage() {
    Usage usage;
    if (const auto text = read_file("/proc/self/smaps_rollup", 65536)) {
        const std::size_t at = text->find("\nPss:");
        if (at != std::string::npos) {
            usage.pss_kb = std::strtoull(text->c_str() + at + 5, nullptr, 10);
        }
    }
    rusage spent{};
    if (::getrusage(RUSAGE_SELF, &spent) == 0) {
        const auto ms = [](const timeval& t) {
            return static_cast<std::uint64_t>(t.tv_sec) * 1000 + static_cast<std::uint64_t>(t.tv_usec) / 1000;
        };
        usage.cpu_ms = ms(spent.ru_utime) + ms(spent.ru_stime);
        usage.wakeups = static_cast<std::uint64_t>(spent.ru_nvcsw);
        constexpr std::uint64_t block_bytes = 512;
        usage.read_bytes = static_cast<std::uint64_t>(spent.ru_inblock) * block_bytes;
        usage.written_bytes = static_cast<std::uint64_t>(spent.ru_oublock) * block_bytes;
    }
    return usage;
}

Message usage_message(const Message& question) {
    const Usage usage = measure_usage();
    Message answer;
    answer.kind = MessageKind::report_answer;
    answer.serial = question.serial;
    answer.fields.emplace_back("pss_kb", std::to_string(usage.pss_kb));
    answer.fields.emplace_back("cpu_ms", std::to_string(usage.cpu_ms));
    answer.fields.emplace_back("wakeups", std::to_string(usage.wakeups));
    answer.fields.emplace_back("read_bytes", std::to_string(usage.read_bytes));
    answer.fields.emplace_back("written_bytes", std::to_string(usage.written_bytes));
    return answer;
}

} // namespace hameau
