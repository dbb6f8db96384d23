// `hameau backup`: how the backups stand, one now, the key's sheet, a drill. Asks hameau-admin; hameaud has the work done.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <string>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/cli/backup_texts.hpp"
#include "daemon/cli/client.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/limits.hpp"
#include "daemon/cli/setup_texts.hpp"
#include "daemon/cli/words.hpp"
#include "daemon/contract/backup_texts.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

constexpr std::string_view refusal_code = "hameau: ";

constexpr const char* backup_usage =
    "usage: hameau backup [COMMAND] [--json] [--state DIR]\n"
    "Without a command: how each target of house.backup_targets stands.\n"
    "  now [TARGET] [--new]   saves to this target, or to all, and waits; --new: begins anew at a target whose backups are gone,\n"
    "                         or begins at a folder on the house's own disk\n"
    "  list TARGET            the backups there, as times for hameau restore --at\n"
    "  key [--again]          the sheet with the key, to be printed and kept outside of the house\n"
    "  drill [TARGET]         restores the newest backup into a scratch folder and checks it; by itself once a month\n"
    "  ssh-key                the public key with which the house signs in at SFTP targets\n"
    "`hameau backup TARGET` is `hameau backup now TARGET`. Backups are encrypted; each night by itself (house.backup_hour).\n";

int refuse_backup(const Answer& answer, bool english) {
    const json::object body = answer.object();
    std::fprintf(stderr, "%s%s\n", refusal_code.data(), backup_refusal(text_of(body, "detail"), english).c_str());
    return exit_unavailable;
}

std::optional<std::string> ask_backup(const Client& client, std::string_view method, const std::string& path, const json::value* body, bool english, int& code) {
    const auto answer = client.call(method, path, body);
    if (!answer) {
        code = report(answer.error());
        return std::nullopt;
    }
    if (!answer->good()) {
        code = refuse_backup(*answer, english);
        return std::nullopt;
    }
    code = 0;
    return text_of(answer->object(), "words");
}

std::optional<backup::State> ask_backup_state(const Client& client, bool english, int& code) {
    const auto words = ask_backup(client, "GET", "/admin/backup", nullptr, english, code);
    return words ? std::optional(backup::State::parse(*words)) : std::nullopt;
}

json::object json_of_backup(const backup::State& state) {
    json::array targets;
    for (const backup::TargetState& target : state.targets) {
        targets.push_back(json::object{{"target", target.address}, {"code", target.code}, {"last_good", target.last_good}, {"last_try", target.last_try},
                                       {"failures", target.failures}, {"next", target.next}, {"checked", target.checked}, {"drilled", target.drilled},
                                       {"bytes", target.bytes}, {"added", target.added}, {"snapshot", target.snapshot}, {"detail", target.detail}});
    }
    json::object out;
    out["targets"] = std::move(targets);
    out["trouble"] = state.trouble.code;
    out["key_shown"] = state.key_shown;
    out["drill"] = json::object{{"code", state.drill.code}, {"at", state.drill.at}, {"target", state.drill.address}, {"detail", state.drill.detail}};
    out["running"] = state.running.pid == 0 ? json::value(nullptr) : json::value(json::object{{"work", state.running.work}, {"target", state.running.address}, {"percent", state.running.percent}});
    return out;
}

int show_backup_state(const Client& client, bool as_json, bool english) {
    int code = 0;
    const auto state = ask_backup_state(client, english, code);
    if (state) {
        std::fputs(as_json ? (json::serialize(json_of_backup(*state)) + "\n").c_str() : backup_table(*state, english).c_str(), stdout);
    }
    return code;
}

/// Follows the turn that process `pid` takes. A person who leaves (Ctrl-C) does not end it.
std::optional<backup::State> follow_backup(const Client& client, pid_t pid, bool english, int& code) {
    const bool terminal = ::isatty(STDERR_FILENO) != 0;
    bool told = false;
    while (pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM)) {
        const auto state = ask_backup_state(client, english, code);
        if (!state) {
            return std::nullopt;
        }
        if (terminal && state->running.pid != 0) {
            told = std::fprintf(stderr, "\r%s %s %u %%   ", state->running.work.c_str(), state->running.address.c_str(), state->running.percent) > 0;
        }
        ::poll(nullptr, 0, follow_nap_ms);
    }
    std::fputs(told ? "\n" : "", stderr);
    return ask_backup_state(client, english, code);
}

int run_backup(const Client& client, const std::string& target, const Words& words, bool drill, bool english) {
    json::object body;
    if (!target.empty() || !drill) {
        body["target"] = target.empty() ? "*" : target;
    }
    body["drill"] = drill;
    body["anew"] = words.has("--new");
    const json::value sent = body;
    const std::int64_t begun = now_ms() / 1000;
    int code = 0;
    const auto started = ask_backup(client, "POST", "/admin/backup", &sent, english, code);
    if (!started) {
        return code;
    }
    const auto state = follow_backup(client, std::atoi(started->c_str()), english, code);
    if (!state) {
        return code;
    }
    if (words.json) {
        std::printf("%s\n", json::serialize(json_of_backup(*state)).c_str());
    } else {
        std::fputs(backup_table(*state, english).c_str(), stdout);
    }
    const auto fine = [&](const backup::TargetState& one) { return (!target.empty() && one.address != target) || (one.code == backup::code::fine && one.last_try >= begun); };
    const bool known = target.empty() || std::any_of(state->targets.begin(), state->targets.end(), [&](const auto& one) { return one.address == target; });
    const bool good = drill ? state->drill.code == backup::code::fine && state->drill.at >= begun : known && std::all_of(state->targets.begin(), state->targets.end(), fine);
    if (!known) {
        std::fprintf(stderr, "%s%s\n", refusal_code.data(), backup_words("no_target", english).c_str());
    } else if (good && !drill && !target.empty() && (target.starts_with("disk:") || target.starts_with('/')) && !words.json) {
        std::printf("%s\n", backup_words("unplug", english).c_str());
    }
    return good ? 0 : exit_unavailable;
}

int show_backup_list(const Client& client, const std::string& target, bool as_json, bool english) {
    int code = 0;
    const auto words = ask_backup(client, "GET", "/admin/backup/list?target=" + segment(target), nullptr, english, code);
    json::array all;
    for (std::string rest = words.value_or(""); !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string line = rest.substr(0, end);
        rest.erase(0, end + 1);
        const std::int64_t time = std::atoll(line.c_str());
        if (time == 0) {
            continue;
        }
        if (as_json) {
            all.push_back(json::object{{"time", format_utc(time * 1000)}, {"id", line.substr(std::min(line.find('\t') + 1, line.size()))}});
        } else {
            std::printf("%s\n", backup::time_text(time, true).c_str());
        }
    }
    if (as_json && words) {
        std::printf("%s\n", json::serialize(all).c_str());
    }
    return code;
}

int show_sheet(const Client& client, bool again, bool english) {
    int code = 0;
    const auto state = ask_backup_state(client, english, code);
    if (!state) {
        return code;
    }
    if (state->key_shown != 0 && !again) {
        std::fprintf(stderr, "%s%s (%s)\n", refusal_code.data(), backup_words("sheet_shown", english).c_str(), backup::time_text(state->key_shown, english).c_str());
        return exit_unavailable;
    }
    const json::value body = json::object{{"seen", true}};
    const auto key = ask_backup(client, "POST", "/admin/backup/key", &body, english, code);
    if (!key) {
        return code;
    }
    std::vector<std::string> targets;
    for (const backup::TargetState& target : state->targets) {
        targets.push_back(target.address);
    }
    const auto house = client.call("GET", "/api/v1/house");
    const std::string name = house && house->good() ? text_of(house->object(), "name") : "Hameau";
    std::fputs(key_sheet(key->substr(0, key->find('\n')), name, targets, now_ms() / 1000, english).c_str(), stdout);
    return 0;
}

int show_ssh_key(const Client& client, bool english) {
    int code = 0;
    const auto key = ask_backup(client, "GET", "/admin/backup/ssh-key", nullptr, english, code);
    if (key) {
        std::printf("%s\n", key->c_str());
    }
    return code;
}

} // namespace

int backup_command(std::span<char*> arguments) {
    constexpr Option options[] = {{"--new", false}, {"--again", false}};
    const auto words = read_words("backup", arguments, options);
    const std::string what = words && !words->plain.empty() ? words->plain[0] : "";
    const std::string target = words && words->plain.size() > 1 ? words->plain[1] : "";
    const bool address = what.find_first_of("/:") != std::string::npos;
    const bool known = what.empty() || address || what == "now" || what == "list" || what == "key" || what == "drill" || what == "ssh-key";
    const bool lacking = what == "list" && target.empty();
    if (!words || words->help || !known || lacking || words->plain.size() > (address ? 1U : 2U)) {
        std::fputs(backup_usage, words && words->help ? stdout : stderr);
        return words && words->help ? 0 : exit_usage;
    }
    const Client client(words->state);
    const bool english = setup_speaks_english();
    if (what == "list") {
        return show_backup_list(client, target, words->json, english);
    }
    if (what == "key") {
        return show_sheet(client, words->has("--again"), english);
    }
    if (what == "ssh-key") {
        return show_ssh_key(client, english);
    }
    return what.empty() ? show_backup_state(client, words->json, english) : run_backup(client, address ? what : target, *words, what == "drill", english);
}

} // namespace hameau::cli
