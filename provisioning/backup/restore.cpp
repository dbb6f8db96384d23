// The whole restore, told from the top in restore_house(). Called by `hameau restore` through hameau-provision, while no house runs.
#include "provisioning/backup/restore.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "daemon/base/backup_target.hpp"
#include "daemon/base/disk.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "provisioning/backup/check_copy.hpp"
#include "provisioning/backup/give.hpp"
#include "provisioning/backup/key.hpp"
#include "provisioning/backup/limits.hpp"
#include "provisioning/backup/move.hpp"
#include "provisioning/backup/restic.hpp"
#include "provisioning/backup/staging.hpp"
#include "daemon/contract/backup_state.hpp"
#include "provisioning/backup/turn.hpp"

namespace hameau::backup {

namespace fs = std::filesystem;

namespace {

std::string work_folder(const Place& place) { return restored_folder(place); }

void say(const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

class Restore {
public:
    Restore(const Place& place, const RestoreWish& wish) : place_(place), wish_(wish) {}
    Status run();

private:
    Status take_locks();
    Status open_target();
    Status choose();
    Status check_room();
    Status fetch();
    Status judge();
    Status give_owners() { return give_tree(place_, work_folder(place_)); }
    Status move();
    Status mark_people();
    Status settle();
    Result<ResticEnd> restic(std::vector<std::string> words, const std::string& writes = "");
    Status failed(const Result<ResticEnd>& end) const;

    const Place& place_;
    const RestoreWish& wish_;
    Fd house_;
    Fd lock_;
    BackupTarget target_;
    Repository repository_;
    std::string key_;
    Snapshot chosen_;
};

Result<ResticEnd> Restore::restic(std::vector<std::string> words, const std::string& writes) {
    ResticCall call;
    call.words = std::move(words);
    call.reads_all = !repository_.local.empty();
    if (!writes.empty()) {
        call.writes = {writes};
    }
    return run_restic(place_, repository_, std::move(call));
}

Status Restore::failed(const Result<ResticEnd>& end) const {
    if (!end) {
        return fail(end.error());
    }
    const std::string_view word = says_empty(*end) ? code::emptied : code_of(*end);
    const ErrorKind kind = word == code::wrong_key || word == code::refused ? ErrorKind::denied : word == code::emptied ? ErrorKind::not_found
                         : word == code::broken                            ? ErrorKind::corrupt
                         : word == code::full                              ? ErrorKind::too_large
                                                                           : ErrorKind::unavailable;
    return fail(kind, std::string(word) + ": " + detail_of(*end));
}

Status Restore::take_locks() {
    if (auto made = make_folder(place_.state, 0755); !made) {
        return made;
    }
    if (auto made = make_folder(place_.folder(), 0711); !made) {
        return made;
    }
    house_.reset(::open((place_.state + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    lock_.reset(::open((place_.folder() + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!house_ || ::flock(house_.get(), LOCK_EX | LOCK_NB) != 0 || !lock_ || ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
        return fail(ErrorKind::conflict, "running: a house runs with this state folder");
    }
    if (!wish_.replace && !restore_begun(place_) && holds_house(place_.state)) {
        return fail(ErrorKind::conflict, "data: a house is there");
    }
    return refuse_mounts(place_);
}

Status Restore::open_target() {
    auto target = parse_backup_target(wish_.target);
    if (!target) {
        return fail(target.error());
    }
    target_ = std::move(*target);
    auto key = wish_.key.empty() ? Result<std::string>(read_file(place_.folder() + "/key", 4096)) : Result<std::string>(wish_.key);
    key = key ? read_key(*key) : fail(ErrorKind::denied, "key: the key of the backups is needed");
    if (!key) {
        return fail(key.error().kind == ErrorKind::denied ? key.error() : Error(key.error()).during("key"));
    }
    key_ = *key;
    const auto credentials = read_credentials(wish_.credentials.empty() ? place_.folder() + "/credentials" : wish_.credentials);
    if (!credentials) {
        return fail(credentials.error());
    }
    if (target_.kind == TargetKind::sftp) {
        if (const auto made = ssh_key(place_); !made) {
            return fail(made.error());
        }
    }
    auto repository = open_repository(place_, target_, *credentials, key_);
    if (!repository) {
        return fail(Error(repository.error()).during(code::away));
    }
    repository_ = std::move(*repository);
    if (!repository_.local.empty() && ::access(repository_.local.c_str(), F_OK) != 0) {
        return fail(ErrorKind::not_found, std::string(code::away) + ": " + repository_.local + " is not there");
    }
    const std::string local = std::exchange(repository_.local, "");  // nothing of the target is made or changed by a restore
    auto prepared = prepare_folders(place_, repository_);
    repository_.local = local;
    return prepared;
}

Status Restore::choose() {
    const auto end = restic({"snapshots", "--json", "--no-lock", "--tag", "hameau"});
    if (!end || end->exit_code != 0) {
        return failed(end);
    }
    const auto all = parse_snapshots(end->output);
    const auto limit = wish_.at.empty() ? Result<std::int64_t>(INT64_MAX) : parse_time(wish_.at);
    if (!all || !limit) {
        return fail(all ? limit.error() : all.error());
    }
    for (const Snapshot& one : *all) {
        chosen_ = one.time <= *limit ? one : chosen_;
    }
    if (chosen_.id.empty()) {
        return fail(ErrorKind::not_found, all->empty() ? "emptied: there is no backup of a house" : "time: the oldest backup is of " + format_utc(all->front().time * 1000));
    }
    say("backup " + std::to_string(chosen_.time) + " " + chosen_.id.substr(0, 8));
    return {};
}

Status Restore::check_room() {
    const auto size = restic({"stats", "--json", "--no-lock", "--mode", "restore-size", chosen_.id});
    if (!size || size->exit_code != 0) {
        return wish_.incomplete ? Status{} : failed(size);  // what cannot be counted is seen when it is fetched
    }
    const std::uint64_t needed = total_size_in(size->output);
    const auto space = disk_space(place_.state);
    if (space && space->free_bytes < needed + needed / 20) {
        return fail(ErrorKind::too_large, "no_room: " + std::to_string((needed >> 20) + 1) + " MiB are needed, " + std::to_string(space->free_bytes >> 20) + " MiB are free");
    }
    return {};
}

/// Into STATE/backup/restored, under the uid of the backups. What could not be had is said line by line.
Status Restore::fetch() {
    std::error_code ignored;
    fs::remove_all(work_folder(place_), ignored);
    auto made = make_folder(work_folder(place_), 0700);
    if (made = made && place_.uid != 0 ? chown_path(work_folder(place_), place_.uid, place_.uid) : made; !made) {
        return made;
    }
    if (auto room = check_room(); !room) {
        return room;
    }
    const auto end = restic({"restore", chosen_.id, "--no-lock", "--target", work_folder(place_)}, work_folder(place_));
    if (end && end->exit_code == 0) {
        return {};
    }
    std::size_t shown = 0;
    constexpr std::string_view sign = "ignoring error for ";
    for (const std::string_view line : split(end ? std::string_view(end->errors) : std::string_view(), '\n')) {
        const bool twice = line.find(": UtimesNano") != std::string_view::npos;
        if (line.starts_with(sign) && !twice && ++shown <= missing_shown_max) {
            const std::string_view rest = line.substr(sign.size());
            say("missing " + one_line(rest.substr(std::min<std::size_t>(1, rest.size()), rest.find(": ") - 1)));
        }
    }
    if (shown > 0 && wish_.incomplete) {
        return {};
    }
    return shown > 0 ? Status(fail(ErrorKind::corrupt, "broken: " + detail_of(*end))) : failed(end);
}

Status Restore::judge() {
    const auto report = check_apart(place_, work_folder(place_), CheckDepth::full);
    if (!report) {
        return fail(report.error());
    }
    for (const auto& [name, number] : report->counts) {
        say("count " + name + " " + std::to_string(number));
    }
    for (const std::string& problem : report->problems) {
        say("missing " + problem);
    }
    const bool house = ::access((work_folder(place_) + "/people/people.db").c_str(), F_OK) == 0;
    if (!report->problems.empty() && (!wish_.incomplete || !house)) {
        return fail(ErrorKind::corrupt, "broken: " + report->problems.front());
    }
    return {};
}

/// From here on the state changes, and hameaud does not start before the end.
Status Restore::move() {
    auto mark = begin_move(place_, chosen_.id, wish_.replace);
    if (!mark) {
        return fail(mark.error());
    }
    if (!mark->aside.empty()) {
        say("aside " + place_.state + "/" + mark->aside);
    }
    auto done = put_aside(place_, *mark);
    done = done ? mark_people() : done;
    done = done ? move_in(place_) : done;
    done = done ? settle() : done;
    return done ? done : Status(fail(Error(done.error()).during("cut")));
}

/// Sessions and invitations of the day of the backup were perhaps ended since: hameau-people ends them all at its first start. It alone
/// writes its database.
Status Restore::mark_people() {
    const std::string folder = work_folder(place_) + "/people";
    struct stat owner {};
    if (::stat(folder.c_str(), &owner) != 0) {
        return {};  // moved in already: this is the second call behind a cut
    }
    const std::string path = folder + "/" + restored_mark;
    auto written = write_file_atomically(path, std::to_string(chosen_.time) + "\n", 0600);
    return written && place_.uid != 0 ? chown_path(path, owner.st_uid, owner.st_gid) : written;
}

/// The settings, the key, and the end.
Status Restore::settle() {
    const std::string from = work_folder(place_) + "/" + settings_folder + "/hameau.yaml";
    const auto settings = read_file(from, 1 << 20);
    if (settings && !place_.configuration.empty()) {
        const std::string present = read_file(place_.configuration, 1 << 20).value_or("");
        if (!present.empty() && present != *settings) {
            (void)write_file_atomically(place_.configuration + ".before-restore", present, 0644);
        }
        if (auto written = write_file_atomically(place_.configuration, *settings, 0644); !written) {
            return written;
        }
        say("settings " + place_.configuration);
        const std::string beside = fs::path(place_.configuration).parent_path().string() + "/modules.d";
        std::error_code ignored;
        if (beside != place_.state + "/modules.d") {
            fs::create_directories(beside, ignored);
            fs::copy(work_folder(place_) + "/" + settings_folder + "/modules.d", beside, fs::copy_options::skip_existing, ignored);
        }
    }
    if (auto written = write_file_atomically(place_.folder() + "/key", key_ + "\n"); !written) {
        return written;
    }
    // Who typed the key has it. With the key of this house nobody saw the sheet, and what is known of its other targets stays.
    State state = wish_.key.empty() ? State::parse(read_file(place_.folder() + "/state", 1 << 20).value_or("")) : State{};
    state.key_shown = wish_.key.empty() ? state.key_shown : now_ms() / 1000;
    state.running = Running();
    if (state.find(target_.address) == nullptr) {
        state.targets.emplace_back().address = target_.address;
    }
    TargetState& target = *state.find(target_.address);
    target.code = code::fine;
    target.failures = 0;
    target.last_good = target.last_try = chosen_.time;
    state.trouble = trouble_of(state, now_ms() / 1000);
    if (auto written = write_file_atomically(place_.folder() + "/state", state.to_text()); !written) {
        return written;
    }
    auto ended = end_move(place_);
    if (ended) {
        say("done");
    }
    return ended;
}

Status Restore::run() {
    // From move on the state changes; before it, an error leaves it as it was.
    for (const auto step : {&Restore::take_locks, &Restore::open_target, &Restore::choose, &Restore::fetch, &Restore::judge, &Restore::give_owners, &Restore::move}) {
        if (auto done = (this->*step)(); !done) {
            return done;
        }
    }
    return {};
}

} // namespace

Status restore_house(const Place& place, const RestoreWish& wish) { return Restore(place, wish).run(); }

} // namespace hameau::backup
