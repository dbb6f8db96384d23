// Arguments are checked here again: whoever asked for the verb is another process.
#include "provisioning/backup/verbs.hpp"

#include <cstdio>
#include <filesystem>
#include <unistd.h>

#include "daemon/base/backup_target.hpp"
#include "daemon/base/io.hpp"
#include "daemon/contract/role_uids.hpp"
#include "provisioning/backup/key.hpp"
#include "provisioning/backup/limits.hpp"
#include "provisioning/backup/restore.hpp"
#include "daemon/contract/backup_state.hpp"
#include "provisioning/backup/turn.hpp"

namespace hameau::backup {

namespace {

constexpr int exit_failed = 70;

uid_t backup_uid() {
    for (const RoleUid& role : role_uids) {
        if (role.role == "backup") {
            return role.uid;
        }
    }
    return 0;
}

Place place_of(const std::string& state, const std::string& configuration, bool root) {
    std::error_code failed;
    const std::string whole = std::filesystem::weakly_canonical(state, failed).string();
    Place place;
    place.state = failed ? state : whole;
    place.configuration = configuration;
    place.uid = root ? backup_uid() : 0;
    return place;
}

Place place_of(const VerbCall& call) { return place_of(call.state, call.argument("configuration"), call.root); }

Status print(const Result<std::string>& words) {
    if (!words) {
        return fail(words.error());
    }
    std::fputs(words->c_str(), stderr);
    return {};
}

} // namespace

Status verb_backup(const VerbCall& call) {
    Wish wish;
    wish.target = call.argument("target");
    wish.drill = !call.argument("drill").empty();
    wish.anew = !call.argument("anew").empty();
    if (wish.target != "*" && !wish.target.empty()) {
        const auto target = parse_backup_target(wish.target);
        if (!target) {
            return fail(target.error());
        }
    }
    return backup_turn(call.settings, place_of(call), wish);
}

Status verb_backup_state(const VerbCall& call) { return print(state_words(call.settings, place_of(call))); }
Status verb_backup_key(const VerbCall& call) { return print(show_key(place_of(call), !call.argument("seen").empty())); }
Status verb_backup_list(const VerbCall& call) { return print(list_backups(call.settings, place_of(call), call.argument("target"))); }
Status verb_backup_ssh(const VerbCall& call) { return print(ssh_key(place_of(call))); }

int restore_program(const std::vector<std::string_view>& arguments, bool root) {
    const auto argument = [&arguments](std::string_view name) {
        for (const std::string_view word : arguments) {
            if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') {
                return std::string(word.substr(name.size() + 1));
            }
        }
        return std::string();
    };
    RestoreWish wish;
    wish.target = argument("target");
    wish.at = argument("at");
    wish.credentials = argument("credentials");
    wish.replace = !argument("replace").empty();
    wish.incomplete = !argument("incomplete").empty();
    wish.key = read_all(STDIN_FILENO, key_bytes_max).value_or("");
    if (argument("state").empty()) {
        std::fputs("failed state=FOLDER was expected\n", stdout);
        return exit_failed;
    }
    if (auto done = restore_house(place_of(argument("state"), argument("configuration"), root), wish); !done) {
        std::printf("failed %s\n", one_line(done.error().message).c_str());
        return exit_failed;
    }
    return 0;
}

} // namespace hameau::backup
