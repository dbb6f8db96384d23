// The trial: this process becomes hameaud; a helper that it leaves behind waits until the house is ready, applies
// the content, and prints the one line of JSON.
#include "daemon/cli/trial.hpp"
#include "daemon/cli/trial_texts.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <boost/json.hpp>

#include "daemon/base/io.hpp"
#include "daemon/cli/limits.hpp"

namespace hameau {

namespace json = boost::json;

namespace {

constexpr int exit_usage = 64;
constexpr int exit_data = 65;
constexpr int exit_unavailable = 69;

/// One flag of the contract and the setting that it stands for.
struct PortFlag {
    std::string_view flag;
    const char* setting;
    std::string_view default_value;
};
constexpr PortFlag port_flags[] = {
    {"--https-port", "house.https_port", "8443"},       {"--http-port", "house.http_port", "8080"},
    {"--smtp-port", "mail.smtp_port", "2525"},          {"--submission-port", "mail.submission_port", "2587"},
    {"--submissions-port", "mail.submissions_port", "2465"}, {"--imap-port", "mail.imap_port", "2143"},
    {"--imaps-port", "mail.imaps_port", "2993"},        {"--sieve-port", "mail.sieve_port", "2190"},
};

constexpr const char* usage_text =
    "usage: hameau trial --state DIR [--apply FILE]... [--https-port 8443] [--http-port 8080] [--smtp-port 2525]\n"
    "                    [--submission-port 2587] [--submissions-port 2465] [--imap-port 2143] [--imaps-port 2993]\n"
    "                    [--sieve-port 2190] [--host localhost] [--smarthost HOST:PORT] [--set SETTING=VALUE]...\n"
    "Starts a whole house in the foreground, on this computer only, with all its state below DIR.\n"
    "Ctrl-C stops everything.\n";

struct Trial {
    std::string state;
    std::vector<std::string> apply;
    std::string host = "localhost";
    std::vector<std::string> settings;  ///< SETTING=VALUE
    std::vector<std::pair<std::string, std::string>> ports;
    std::string binaries;

    std::string port(std::string_view setting) const {
        for (const auto& [name, value] : ports) {
            if (name == setting) {
                return value;
            }
        }
        return {};
    }
};

bool is_port(std::string_view text) {
    unsigned value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return code == std::errc{} && end == text.data() + text.size() && value > 0 && value < 65536;
}

/// Empty and a message on standard error when the words do not fit.
std::optional<Trial> parse(std::span<char*> words) {
    Trial trial;
    for (const PortFlag& flag : port_flags) {
        trial.ports.emplace_back(flag.setting, flag.default_value);
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word(words[i]);
        if (word == "--help") {
            std::fputs(usage_text, stdout);
            std::exit(0);
        }
        if (i + 1 >= words.size()) {
            std::fprintf(stderr, "hameau trial: %s: what is its value?\n%s", words[i], usage_text);
            return std::nullopt;
        }
        const std::string value(words[++i]);
        const auto flag = std::find_if(std::begin(port_flags), std::end(port_flags),
                                       [word](const PortFlag& known) { return known.flag == word; });
        if (flag != std::end(port_flags)) {
            if (!is_port(value)) {
                std::fprintf(stderr, "hameau trial: %s: %s is not a port (1 to 65535)\n", words[i - 1], value.c_str());
                return std::nullopt;
            }
            trial.ports[static_cast<std::size_t>(flag - port_flags)].second = value;
        } else if (word == "--state") {
            trial.state = value;
        } else if (word == "--apply") {
            trial.apply.push_back(std::filesystem::absolute(value).string());
        } else if (word == "--host") {
            trial.host = value;
        } else if (word == "--smarthost") {
            trial.settings.push_back("mail.smarthost=" + value);
        } else if (word == "--set") {
            trial.settings.push_back(value);
        } else {
            std::fprintf(stderr, "hameau trial: %s is not known\n%s", words[i - 1], usage_text);
            return std::nullopt;
        }
    }
    if (trial.state.empty()) {
        std::fprintf(stderr, "hameau trial: name a folder with --state DIR\n%s", usage_text);
        return std::nullopt;
    }
    trial.state = std::filesystem::absolute(trial.state).lexically_normal().string();
    trial.binaries = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
    return trial;
}

/// GET over the admin socket; the body, or nothing.
std::optional<std::string> admin_get(const Trial& trial, const std::string& path) {
    // The socket's path may be longer than 107 bytes: connect from inside its folder.
    if (::chdir((trial.state + "/run").c_str()) != 0) {
        return std::nullopt;
    }
    const auto socket = connect_unix("admin.sock");
    if (!socket) {
        return std::nullopt;
    }
    const timeval limit{cli::trial_call_seconds, 0};
    ::setsockopt(socket->get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: hameau\r\nConnection: close\r\n\r\n";
    if (!write_all(socket->get(), request)) {
        return std::nullopt;
    }
    const auto answer = read_all(socket->get(), cli::trial_response_bytes_max);
    const std::size_t end = answer ? answer->find("\r\n\r\n") : std::string::npos;
    if (end == std::string::npos || !answer->starts_with("HTTP/1.1 200")) {
        return std::nullopt;
    }
    return answer->substr(end + 4);
}

std::optional<json::object> house_status(const Trial& trial) {
    const auto text = admin_get(trial, "/admin/status");
    if (!text) {
        return std::nullopt;
    }
    boost::system::error_code failed;
    json::value value = json::parse(*text, failed);
    if (failed || !value.is_object()) {
        return std::nullopt;
    }
    return std::move(value.as_object());
}

bool port_answers(const std::string& port) {
    const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool is_settled(std::string_view state) { return state != "starting" && state != "stopping" && state != "failing"; }

/// {"people":"ready",...} once every service is settled; nothing while one is not.
std::optional<json::object> services_of(const Trial& trial, const json::object& status) {
    json::object services;
    for (const json::value& process : status.at("processes").as_array()) {
        if (!is_settled(process.as_object().at("state").as_string())) {
            return std::nullopt;
        }
    }
    for (const json::value& entry : status.at("services").as_array()) {
        const json::object& service = entry.as_object();
        const std::string_view state(service.at("state").as_string());
        const std::string_view name(service.at("name").as_string());
        if (name == "mail" && (state == "ready" || state == "asleep") &&
            (!port_answers(trial.port("mail.smtp_port")) || !port_answers(trial.port("mail.imaps_port")))) {
            return std::nullopt;
        }
        services[name] = state == "asleep" ? std::string_view("ready") : state;
    }
    return services;
}

std::optional<json::object> wait_until_settled(const Trial& trial, pid_t house) {
    const std::int64_t limit = now_ms() + std::chrono::milliseconds(cli::trial_ready_deadline).count();
    std::optional<json::object> last;
    while (now_ms() < limit) {
        if (::getppid() != house) {
            std::_Exit(0);
        }
        if (const auto status = house_status(trial)) {
            if (auto services = services_of(trial, *status)) {
                return services;
            }
        }
        ::poll(nullptr, 0, static_cast<int>(cli::trial_poll_interval.count()));
    }
    return std::nullopt;
}

[[noreturn]] void give_up(pid_t house, int code) {
    sigval value{};
    value.sival_int = code;
    ::sigqueue(house, SIGTERM, value);
    std::_Exit(code);
}

/// The command itself has said what is wrong with the file, unless it died.
std::string why_ended(int status) {
    if (WIFSIGNALED(status)) {
        return std::string("hameau apply died of a fault of its own (") + ::strsignal(WTERMSIG(status)) +
               "); please report it with the file";
    }
    return WEXITSTATUS(status) == exit_unavailable ? "the house did not answer, see above and the folder log"
                                                   : "see the lines above (code " + std::to_string(WEXITSTATUS(status)) + ")";
}

void apply_all(const Trial& trial, pid_t house) {
    for (const std::string& file : trial.apply) {
        const pid_t pid = ::fork();
        if (pid < 0) {
            std::fprintf(stderr, "hameau trial: %s could not be applied: %s; the house stops.\n", file.c_str(), std::strerror(errno));
            give_up(house, exit_unavailable);
        }
        if (pid == 0) {
            ::dup2(STDERR_FILENO, STDOUT_FILENO);
            const std::string program = trial.binaries + "/hameau";
            ::execl(program.c_str(), "hameau", "apply", "--state", trial.state.c_str(), file.c_str(),
                    static_cast<char*>(nullptr));
            std::fprintf(stderr, "hameau trial: %s: %s\n", program.c_str(), std::strerror(errno));
            std::_Exit(exit_unavailable);
        }
        int status = 0;
        while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            const std::string why = why_ended(status);
            std::fprintf(stderr, "hameau trial: %s could not be applied: %s; the house stops.\n", file.c_str(), why.c_str());
            give_up(house, WIFEXITED(status) ? WEXITSTATUS(status) : exit_data);
        }
    }
}

void print_hints(const Trial& trial, const std::string& setup, std::int64_t started) {
    cli::TrialHints hints;
    hints.seconds = static_cast<double>(now_ms() - started) / 1000.0;
    hints.http_port = trial.port("house.http_port");
    hints.https_port = trial.port("house.https_port");
    hints.host = trial.host;
    hints.example = !trial.apply.empty();
    hints.setup = setup;
    hints.submission_port = trial.port("mail.submission_port");
    hints.submissions_port = trial.port("mail.submissions_port");
    hints.imaps_port = trial.port("mail.imaps_port");
    std::fputs(cli::trial_text(hints, cli::trial_speaks_english()).c_str(), stderr);
}

/// The helper: runs as a child of what becomes hameaud.
[[noreturn]] void announce_ready(const Trial& trial, pid_t house) {
    ::setpgid(0, 0);
    const std::int64_t started = now_ms();
    if (!wait_until_settled(trial, house)) {
        std::fprintf(stderr, "hameau trial: the house was not ready after %lld s; see %s/log\n",
                     static_cast<long long>(cli::trial_ready_deadline.count()), trial.state.c_str());
        give_up(house, exit_unavailable);
    }
    apply_all(trial, house);
    const auto services = wait_until_settled(trial, house);
    if (!services) {
        std::fprintf(stderr, "hameau trial: after the content was applied the house was not ready for %lld s; see %s/log\n",
                     static_cast<long long>(cli::trial_ready_deadline.count()), trial.state.c_str());
        give_up(house, exit_unavailable);
    }
    const std::string portal = "https://" + trial.host + ":" + trial.port("house.https_port") + "/";
    std::string setup;
    if (const auto token = read_file(trial.state + "/people/setup-token", 256); token && !token->empty()) {
        setup = portal + "setup#" + token->substr(0, token->find_first_of(" \r\n"));
    }
    json::object line;
    line["ready"] = true;
    line["portal"] = portal;
    line["setup"] = setup.empty() ? json::value(nullptr) : json::value(setup);
    line["ca"] = trial.state + "/tls/ca.pem";
    line["pid"] = house;
    line["services"] = *services;
    std::printf("%s\n", json::serialize(line).c_str());
    std::fflush(stdout);
    if (::isatty(STDERR_FILENO) != 0) {
        print_hints(trial, setup, started);
    }
    std::_Exit(0);
}

} // namespace

int trial_command(std::span<char*> words) {
    const auto trial = parse(words);
    if (!trial) {
        return exit_usage;
    }
    std::error_code failed;
    std::filesystem::create_directories(trial->state, failed);
    const std::string configuration = trial->state + "/hameau.yaml";
    if (!std::filesystem::exists(configuration)) {
        if (auto written = write_file_atomically(configuration, "# Settings of this trial; see config/hameau.yaml.\n{}\n", 0644);
            !written) {
            std::fprintf(stderr, "hameau trial: %s\n", written.error().message.c_str());
            return exit_unavailable;
        }
    }
    std::vector<std::string> arguments = {"hameaud", "--trial", "--state", trial->state, "--config", configuration,
                                          "--set", "house.host=" + trial->host};
    for (const auto& [setting, value] : trial->ports) {
        arguments.insert(arguments.end(), {"--set", setting + "=" + value});
    }
    for (const std::string& setting : trial->settings) {
        arguments.insert(arguments.end(), {"--set", setting});
    }
    const pid_t house = ::getpid();
    if (::fork() == 0) {
        announce_ready(*trial, house);
    }
    ::signal(SIGCHLD, SIG_DFL);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) {
        pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    ::execv((trial->binaries + "/hameaud").c_str(), pointers.data());
    std::fprintf(stderr, "hameau trial: %s/hameaud: %s\n", trial->binaries.c_str(), std::strerror(errno));
    return exit_unavailable;
}

} // namespace hameau
