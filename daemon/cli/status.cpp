// `hameau status`, `hameau logs`, `hameau restart`: the house's processes and services.
#include <cstdio>
#include <string>

#include "daemon/cli/client.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/words.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

std::string duration(std::int64_t ms) {
    const std::int64_t seconds = ms / 1000;
    if (seconds < 120) {
        return std::to_string(seconds) + " s";
    }
    if (seconds < 7200) {
        return std::to_string(seconds / 60) + " min";
    }
    return seconds < 172800 ? std::to_string(seconds / 3600) + " h" : std::to_string(seconds / 86400) + " d";
}

void print_table(const json::object& status) {
    std::printf("%-12s %-10s %8s %9s %9s %12s %9s %9s\n", "PROCESS", "STATE", "PID", "SINCE", "RESTARTS", "MEMORY", "CPU", "WAKE-UPS");
    std::int64_t ours = 0;
    bool resident = false;
    for (const json::value& entry : status.at("processes").as_array()) {
        const json::object& process = entry.as_object();
        const bool pss = process.contains("pss_kb");
        const std::int64_t memory = number_of(process, pss ? "pss_kb" : "rss_kb");
        ours += text_of(process, "kind") == "ours" ? memory : 0;
        resident = resident || !pss;
        char cpu[32];
        std::snprintf(cpu, sizeof cpu, "%.2f s", static_cast<double>(number_of(process, "cpu_ms")) / 1000.0);
        std::printf("%-12s %-10s %8lld %9s %9lld %9lld kB%s %9s %9lld\n", text_of(process, "name").c_str(), text_of(process, "state").c_str(),
                    static_cast<long long>(number_of(process, "pid")), duration(number_of(process, "uptime_ms")).c_str(),
                    static_cast<long long>(number_of(process, "restarts")), static_cast<long long>(memory), pss ? " " : "*", cpu,
                    static_cast<long long>(number_of(process, "wakeups")));
    }
    for (const json::value& entry : status.at("processes").as_array()) {
        const json::object& process = entry.as_object();
        if (text_of(process, "state") == "failing" && !text_of(process, "status").empty()) {
            std::printf("LOOK %s: %s\n", text_of(process, "name").c_str(), text_of(process, "status").c_str());
        }
    }
    std::printf("\nOur processes together: %.1f MB%s\n\n", static_cast<double>(ours) / 1024.0,
                resident ? " (*: resident memory, which counts shared pages in each)" : "");
    for (const json::value& entry : status.at("services").as_array()) {
        const json::object& service = entry.as_object();
        std::printf("%-8s %s\n", text_of(service, "name").c_str(), text_of(service, "state").c_str());
        const json::value* checks = service.if_contains("checks");
        if (checks == nullptr || !checks->is_array()) {
            continue;
        }
        for (const json::value& item : checks->as_array()) {
            const json::object& check = item.as_object();
            const bool passed = check.contains("passed") && check.at("passed").is_bool() && check.at("passed").as_bool();
            std::printf("    %s %s%s%s\n", passed ? "ok  " : "LOOK", text_of(check, "name").c_str(), passed ? "" : ": ",
                        passed ? "" : text_of(check, "advice").c_str());
        }
    }
    std::string walls;
    for (const json::value& wall : status.at("walls").as_array()) {
        walls += (walls.empty() ? "" : ", ") + (wall.is_string() ? std::string(wall.as_string()) : std::string());
    }
    std::printf("\nWalls between processes: %s\n", walls.empty() ? "none" : walls.c_str());
}

} // namespace

int status_command(std::span<char*> arguments) {
    const auto words = read_words("status", arguments, {});
    if (!words || words->help || !words->plain.empty()) {
        std::fputs("usage: hameau status [--json] [--state DIR]\n", words && words->help ? stdout : stderr);
        return words && words->help ? 0 : exit_usage;
    }
    const Client client(words->state);
    auto answer = client.call("GET", "/admin/status");
    if (!answer) {
        return report(answer.error());
    }
    if (!answer->good()) {
        std::fprintf(stderr, "hameau: %s\n", answer->problem().c_str());
        return exit_unavailable;
    }
    if (words->json) {
        std::printf("%s\n", answer->body.c_str());
    } else {
        print_table(answer->object());
    }
    return 0;
}

int logs_command(std::span<char*> arguments) {
    const auto words = read_words("logs", arguments, {});
    if (!words || words->help || words->plain.size() > 1) {
        std::fputs("usage: hameau logs [SERVICE] [--state DIR]\nPrints the end of the journal of a service, or of all.\n",
                   words && words->help ? stdout : stderr);
        return words && words->help ? 0 : exit_usage;
    }
    const Client client(words->state);
    auto answer = client.call("GET", "/admin/logs" + (words->plain.empty() ? std::string() : "?service=" + segment(words->plain.front())));
    if (!answer) {
        return report(answer.error());
    }
    if (!answer->good()) {
        std::fprintf(stderr, "hameau: %s\n", answer->problem().c_str());
        return exit_no_input;
    }
    std::fwrite(answer->body.data(), 1, answer->body.size(), stdout);
    return 0;
}

int restart_command(std::span<char*> arguments) {
    const auto words = read_words("restart", arguments, {});
    if (!words || words->help || words->plain.size() != 1) {
        std::fputs("usage: hameau restart SERVICE [--state DIR]\n", words && words->help ? stdout : stderr);
        return words && words->help ? 0 : exit_usage;
    }
    const Client client(words->state);
    const json::value body = json::object{{"service", words->plain.front()}};
    auto answer = client.call("POST", "/admin/restart", &body);
    if (!answer) {
        return report(answer.error());
    }
    if (!answer->good()) {
        std::fprintf(stderr, "hameau: %s\n", answer->problem().c_str());
        return exit_no_input;
    }
    return 0;
}

} // namespace hameau::cli
