// One turn, told from the top: what is due, one copy of the house for all of them, each target, a drill.
#include "provisioning/backup/turn.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>

#include "daemon/base/backup_target.hpp"
#include "daemon/base/disk.hpp"
#include "daemon/base/io.hpp"
#include "provisioning/backup/check_copy.hpp"
#include "provisioning/backup/give.hpp"
#include "provisioning/backup/key.hpp"
#include "provisioning/backup/limits.hpp"
#include "provisioning/backup/restic.hpp"
#include "provisioning/backup/staging.hpp"
#include "daemon/contract/backup_state.hpp"
#include "provisioning/run_program.hpp"

namespace hameau::backup {

namespace {

/// Every snapshot of ours says the same here: a house that gets another host name goes on with its backups. Only one house has the key.
constexpr const char* snapshot_host = "hameau";
constexpr const char* snapshot_tag = "hameau";

State load_state(const Settings& settings, const Place& place) {
    State state = State::parse(read_file(place.folder() + "/state", backup_state_bytes_max).value_or(""));
    std::vector<std::string> addresses;
    for (const BackupTarget& target : parse_backup_targets(settings.text("house.backup_targets")).value_or(std::vector<BackupTarget>())) {
        addresses.push_back(target.address);
    }
    state.set_targets(addresses);
    return state;
}

/// Public: from the key's hash alone, so that each house has its own minute, and the same one every night.
Night night_of(const Settings& settings, const std::string& key) {
    Night night;
    night.hour = static_cast<unsigned>(settings.integer("house.backup_hour"));
    night.jitter_s = static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const unsigned char*>(key.data()), static_cast<unsigned>(key.size()))) % jitter_max_s;
    return night;
}

void use_time_zone(const Settings& settings) {
    if (const std::string& zone = settings.text("house.time_zone"); !zone.empty()) {
        ::setenv("TZ", zone.c_str(), 1);
        ::tzset();
    }
}

std::string credentials_path(const Settings& settings, const Place& place) {
    const std::string& given = settings.text("house.backup_credentials");
    return given.empty() ? place.folder() + "/credentials" : given;
}

std::string counts_text(const CopyReport& report) {
    std::string text;
    for (const auto& [name, number] : report.counts) {
        text += (text.empty() ? "" : ", ") + name + " " + std::to_string(number);
    }
    return text;
}

struct Failure {
    std::string_view code;
    std::string detail;
};
Failure failure_of(const Result<ResticEnd>& end) {
    if (end) {
        return {code_of(*end), detail_of(*end)};
    }
    return {end.error().kind == ErrorKind::unavailable ? code::no_tool : end.error().kind == ErrorKind::timed_out ? code::away : code::failed, end.error().message};
}
bool good(const Result<ResticEnd>& end) { return end && end->exit_code == 0; }

class Turn {
public:
    Turn(const Settings& settings, const Place& place, Wish wish) : settings_(settings), place_(place), wish_(std::move(wish)) {}
    Status run();

private:
    Status begin();
    Status begin_keys();
    /// The turn before was killed, or the power went: nobody wrote how it ended.
    void count_stopped();
    void fail_due(const Error& why);
    std::vector<std::string> due() const;
    std::vector<std::string> only_reachable(const std::vector<std::string>& wanted);
    Result<Staged> stage();
    void save(const std::string& address, const Staged& staged);
    std::optional<Failure> save_to(TargetState& target, const Repository& repository, const Staged& staged);
    std::optional<Failure> open_or_begin(const TargetState& target, const Repository& repository);
    std::optional<Failure> tidy(TargetState& target, const Repository& repository);
    /// Whether it is there at all: nothing is made at it.
    std::optional<Repository> find(const std::string& address, Failure& why) const;
    std::optional<Repository> repository_of(const std::string& address, Failure& why) const;
    void fail_target(const std::string& address, const Failure& why);
    std::string drill_target() const;
    void drill(const std::string& address);
    std::optional<Failure> drill_at(const Repository& repository, std::string& counts);
    Result<ResticEnd> restic(const Repository& repository, std::vector<std::string> words, bool quick = false);
    void running(const std::string& work, const std::string& address, unsigned percent);
    void write();

    const Settings& settings_;
    const Place& place_;
    Wish wish_;
    State state_;
    Fd lock_;
    std::string key_;
    Credentials credentials_;
    Night night_;
};

Status Turn::begin() {
    if (auto made = make_folder(place_.folder(), 0711); !made) {
        return made;
    }
    lock_.reset(::open((place_.folder() + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock_ || ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
        return fail(ErrorKind::conflict, "a backup runs already");
    }
    use_time_zone(settings_);
    state_ = load_state(settings_, place_);
    count_stopped();
    state_.running = Running();
    state_.bound_times(now_of(place_));
    night_ = night_of(settings_, key_);
    std::error_code ignored;
    std::filesystem::remove_all(place_.scratch(), ignored);
    drop_staging(place_);
    auto ready = begin_keys();
    if (!ready) {
        fail_due(ready.error());
    }
    return ready;
}

Status Turn::begin_keys() {
    auto key = show_key(place_, false);
    auto credentials = read_credentials(credentials_path(settings_, place_));
    if (!key || !credentials) {
        return fail(key ? credentials.error() : key.error());
    }
    key_ = std::move(*key);
    credentials_ = std::move(*credentials);
    night_ = night_of(settings_, key_);
    return {};
}

void Turn::count_stopped() {
    TargetState* target = state_.find(state_.running.address);
    if (state_.running.pid == 0 || state_.running.work == "drill" || target == nullptr) {
        return;
    }
    target->code = code::failed;
    target->detail = "the backup before was stopped on its way";
    target->last_try = state_.running.started;
    ++target->failures;
}

/// What is wrong stays wrong until somebody puts it right: the status says so at once.
void Turn::fail_due(const Error& why) {
    for (const std::string& address : due()) {
        fail_target(address, {code::unready, why.message});
    }
    write();
}

std::vector<std::string> Turn::due() const {
    std::vector<std::string> out;
    for (const TargetState& target : state_.targets) {
        const bool wanted = wish_.target == "*" || wish_.target == target.address;
        if (wanted || (wish_.target.empty() && !wish_.drill && due_of(target, night_) <= now_of(place_))) {
            out.push_back(target.address);
        }
    }
    return out;
}

void Turn::write() {
    const Fd held = hold_state(place_);
    state_.next = now_of(place_) + std::int64_t{12} * 3600;
    for (TargetState& target : state_.targets) {
        target.next = due_of(target, night_);
        state_.next = std::min(state_.next, target.next);
    }
    // The sheet may be printed while we run.
    state_.key_shown = std::max(state_.key_shown, State::parse(read_file(place_.folder() + "/state", backup_state_bytes_max).value_or("")).key_shown);
    state_.trouble = trouble_of(state_, now_of(place_));
    (void)write_file_atomically(place_.folder() + "/state", state_.to_text());
}

void Turn::running(const std::string& work, const std::string& address, unsigned percent) {
    const std::int64_t started = state_.running.work == work && state_.running.address == address ? state_.running.started : now_of(place_);
    state_.running = {::getpid(), work, address, started, percent};
    write();
}

Result<ResticEnd> Turn::restic(const Repository& repository, std::vector<std::string> words, bool quick) {
    ResticCall call;
    call.words = std::move(words);
    call.reads_all = !repository.local.empty();  // the way to a disk may lead through a closed folder
    call.limit = quick ? short_limit : call.limit;
    return run_restic(place_, repository, std::move(call));
}

Result<Staged> Turn::stage() {
    const std::uint64_t needed = room_for_staging(place_);
    if (auto room = check_disk_floor(place_.state, settings_.size_bytes("house.disk_floor"), needed); !room) {
        return fail(room.error());
    }
    return make_staging(place_, settings_.text("house.host"), settings_.size_bytes("house.disk_floor"));
}

void Turn::fail_target(const std::string& address, const Failure& why) {
    TargetState& target = *state_.find(address);
    target.code = why.code;
    target.detail = one_line(why.detail);
    target.last_try = now_of(place_);
    ++target.failures;
    std::fprintf(stderr, "failed %s %s %s\n", address.c_str(), target.code.c_str(), target.detail.c_str());
}

std::optional<Repository> Turn::find(const std::string& address, Failure& why) const {
    const auto target = parse_backup_target(address);
    auto repository = target ? open_repository(place_, *target, credentials_, key_) : Result<Repository>(fail(target.error()));
    if (repository) {
        return std::move(*repository);
    }
    why = {repository.error().kind == ErrorKind::not_found ? code::away : code::failed, repository.error().message};
    return std::nullopt;
}

std::optional<Repository> Turn::repository_of(const std::string& address, Failure& why) const {
    auto repository = find(address, why);
    if (!repository) {
        return std::nullopt;
    }
    if (!repository->ssh.empty()) {
        if (auto made = ssh_key(place_); !made) {
            why = {code::no_tool, made.error().message};
            return std::nullopt;
        }
    }
    if (auto prepared = prepare_folders(place_, *repository); !prepared) {
        why = {prepared.error().code == std::errc::no_space_on_device ? code::full : code::refused, prepared.error().message};
        return std::nullopt;
    }
    return repository;
}

std::optional<Failure> Turn::open_or_begin(const TargetState& target, const Repository& repository) {
    auto end = restic(repository, {"cat", "config", "--no-lock", "--no-cache"}, true);
    if (good(end)) {
        return std::nullopt;
    }
    if (!end || !says_empty(*end)) {
        return failure_of(end);
    }
    if (target.last_good != 0 && !wish_.anew) {
        return Failure{code::emptied, detail_of(*end)};
    }
    end = restic(repository, {"init"}, true);
    return good(end) ? std::nullopt : std::optional(failure_of(end));
}

std::optional<Failure> Turn::save_to(TargetState& target, const Repository& repository, const Staged& staged) {
    if (auto why = open_or_begin(target, repository)) {
        return why;
    }
    // Only locks whose process is gone, or that are older than half an hour: what a kill or a power cut left.
    (void)restic(repository, {"unlock"}, true);
    Progress progress;
    std::int64_t told = now_of(place_);
    ResticCall call;
    call.words = {"backup", "--json", "--cleanup-cache", "--host", snapshot_host, "--tag", snapshot_tag, "--ignore-ctime", "--ignore-inode", "."};
    call.folder = place_.staging();
    call.reads = {place_.staging()};
    call.reads_all = true;
    call.on_line = [&](std::string_view line) {
        if (parse_progress(line, progress) && now_of(place_) >= told + progress_every_s) {
            told = now_of(place_);
            running("backup", target.address, progress.percent);
        }
    };
    const auto end = run_restic(place_, repository, std::move(call));
    if (end && end->exit_code == 3) {
        return Failure{code::incomplete, detail_of(*end)};
    }
    if (!good(end) || !progress.done) {
        return good(end) ? Failure{code::failed, "restic did not say what it saved"} : failure_of(end);
    }
    target.snapshot = progress.snapshot;
    target.bytes = staged.bytes;
    target.added = progress.added;
    return tidy(target, repository);
}

/// Old backups go by the settings; once a week their data too, and the structure of what stays is looked at.
std::optional<Failure> Turn::tidy(TargetState& target, const Repository& repository) {
    std::vector<std::string> words = {"forget", "--quiet", "--host", snapshot_host, "--tag", snapshot_tag, "--group-by", "host"};
    for (const auto& [setting, word] : {std::pair{"house.backup_days", "--keep-daily"}, std::pair{"house.backup_weeks", "--keep-weekly"}, std::pair{"house.backup_months", "--keep-monthly"}}) {
        if (const auto kept = settings_.integer(setting); kept > 0) {
            words.insert(words.end(), {word, std::to_string(kept)});
        }
    }
    // Behind the first backup there is nothing old, and the drill looks at all of it.
    target.checked = target.last_good == 0 ? now_of(place_) : target.checked;
    const bool weekly = now_of(place_) - target.checked >= week_s;
    if (weekly) {
        words.emplace_back("--prune");
        running("check", target.address, 0);
    }
    target.detail.clear();
    // A target that lets nobody delete (append-only) keeps everything: that is its owner's wish, and the backup is good.
    if (const auto end = restic(repository, words); !good(end)) {
        const Failure why = failure_of(end);
        if (why.code == code::broken) {
            return why;
        }
        target.detail = one_line(why.detail);
    }
    if (!weekly) {
        return std::nullopt;
    }
    const auto checked = restic(repository, {"check"});
    if (!good(checked)) {
        const Failure why = failure_of(checked);
        return why.code == code::failed ? Failure{code::broken, why.detail} : why;
    }
    target.checked = now_of(place_);
    return std::nullopt;
}

/// A disk that is not plugged in is found out before the house is copied: it is looked for each hour.
std::vector<std::string> Turn::only_reachable(const std::vector<std::string>& wanted) {
    std::vector<std::string> there;
    for (const std::string& address : wanted) {
        Failure why;
        const auto repository = find(address, why);
        const bool first = state_.find(address)->last_good == 0 && !wish_.anew;
        if (repository && first && !repository->local.empty() && begins_on_own_disk(place_, repository->local)) {
            fail_target(address, {code::same_disk, repository->local});
        } else if (repository) {
            there.push_back(address);
        } else {
            fail_target(address, why);
        }
    }
    return there;
}

void Turn::save(const std::string& address, const Staged& staged) {
    running("backup", address, 0);
    Failure why;
    const auto repository = repository_of(address, why);
    TargetState& target = *state_.find(address);
    const auto failed = repository ? save_to(target, *repository, staged) : std::optional(why);
    if (failed) {
        fail_target(address, *failed);
        return;
    }
    if (!repository->local.empty()) {
        ::sync();  // a disk may be unplugged once we say that it is done
    }
    target.code = code::fine;
    target.failures = 0;
    target.last_good = target.last_try = now_of(place_);
    std::fprintf(stderr, "saved %s %s %llu\n", address.c_str(), target.snapshot.c_str(), static_cast<unsigned long long>(target.bytes));
}

std::string Turn::drill_target() const {
    if (!wish_.drill && !(wish_.target.empty() && drill_due(state_, now_of(place_)))) {
        return {};
    }
    const TargetState* oldest = nullptr;
    for (const TargetState& target : state_.targets) {
        const bool wanted = wish_.target.empty() || wish_.target == "*" || wish_.target == target.address;
        const bool able = target.last_good != 0 && (wish_.drill || target.failures == 0);
        if (wanted && able && (oldest == nullptr || target.drilled < oldest->drilled)) {
            oldest = &target;
        }
    }
    return oldest != nullptr ? oldest->address : std::string();
}

/// The newest of ours; empty: there is none.
std::string newest_of(const Result<ResticEnd>& end) {
    const auto all = good(end) ? parse_snapshots(end->output) : Result<std::vector<Snapshot>>(fail(ErrorKind::invalid, ""));
    return all && !all->empty() ? all->back().id : std::string();
}

std::optional<Failure> Turn::drill_at(const Repository& repository, std::string& counts) {
    (void)restic(repository, {"unlock"}, true);
    const auto listed = restic(repository, {"snapshots", "--json", "--tag", snapshot_tag}, true);
    const std::string id = newest_of(listed);
    if (id.empty()) {
        return good(listed) ? Failure{code::emptied, "there is no backup"} : failure_of(listed);
    }
    const auto size = restic(repository, {"stats", "--json", "--mode", "restore-size", id});
    if (!good(size)) {
        return failure_of(size);
    }
    const std::uint64_t needed = total_size_in(size->output);
    if (auto room = check_disk_floor(place_.state, settings_.size_bytes("house.disk_floor"), needed + needed / 20); !room) {
        return Failure{code::no_room, room.error().message};
    }
    auto made = make_folder(place_.scratch(), 0700);
    if (made = made && place_.uid != 0 ? chown_path(place_.scratch(), place_.uid, place_.uid) : made; !made) {
        return Failure{code::failed, made.error().message};
    }
    ResticCall call;
    call.words = {"restore", id, "--target", place_.scratch()};
    call.writes = {place_.scratch()};
    call.reads_all = !repository.local.empty();
    const auto restored = run_restic(place_, repository, std::move(call));
    if (!good(restored)) {
        const Failure why = failure_of(restored);
        return why.code == code::failed ? Failure{code::broken, why.detail} : why;
    }
    const auto report = check_apart(place_, place_.scratch(), CheckDepth::full);
    if (!report || !report->problems.empty()) {
        return Failure{code::broken, report ? report->problems.front() : report.error().message};
    }
    if (auto given = give_tree(place_, place_.scratch(), GiveMode::look); !given) {
        return Failure{code::broken, given.error().message};
    }
    counts = counts_text(*report);
    // Each month another twentieth of what lies there is read from end to end.
    const auto read = restic(repository, {"check", "--read-data-subset=5%"});
    return good(read) ? std::nullopt : std::optional(failure_of(read));
}

void Turn::drill(const std::string& address) {
    running("drill", address, 0);
    Failure why;
    std::string counts;
    const auto repository = repository_of(address, why);
    const auto failed = repository ? drill_at(*repository, counts) : std::optional(why);
    std::error_code ignored;
    std::filesystem::remove_all(place_.scratch(), ignored);
    state_.drill = {std::string(failed ? failed->code : code::fine), now_of(place_), address, one_line(failed ? failed->detail : counts)};
    if (!failed) {
        state_.find(address)->drilled = state_.drill.at;
    }
    std::fprintf(stderr, "%s %s %s\n", failed ? "drill_failed" : "drilled", address.c_str(), state_.drill.detail.c_str());
}

Status Turn::run() {
    if (auto begun = begin(); !begun) {
        return begun;
    }
    if (!wish_.target.empty() && wish_.target != "*" && state_.find(wish_.target) == nullptr) {
        return fail(ErrorKind::not_found, "there is no target " + wish_.target + " in house.backup_targets");
    }
    const std::vector<std::string> wanted = wish_.drill ? std::vector<std::string>() : due();
    const std::vector<std::string> there = only_reachable(wanted);
    if (!there.empty()) {
        running("backup", there.front(), 0);
        const auto staged = stage();
        for (const std::string& address : there) {
            if (staged) {
                save(address, *staged);
            } else {
                fail_target(address, {staged.error().kind == ErrorKind::too_large ? code::no_room : code::failed, staged.error().message});
            }
            write();
        }
        drop_staging(place_);
    }
    if (const std::string address = drill_target(); !address.empty()) {
        drill(address);
    }
    state_.running = Running();
    write();
    return {};
}

} // namespace

Status backup_turn(const Settings& settings, const Place& place, const Wish& wish) { return Turn(settings, place, wish).run(); }

std::string state_words(const Settings& settings, const Place& place) {
    State state = load_state(settings, place);
    if (state.running.pid != 0 && ::access(("/proc/" + std::to_string(state.running.pid)).c_str(), F_OK) != 0) {
        state.running = Running();
    }
    state.trouble = trouble_of(state, now_of(place));
    return state.to_text();
}

Result<std::string> list_backups(const Settings& settings, const Place& place, const std::string& address) {
    use_time_zone(settings);
    const auto target = parse_backup_target(address);
    const auto credentials = read_credentials(credentials_path(settings, place));
    const auto key = show_key(place, false);
    if (!target || !credentials || !key) {
        return fail(!target ? target.error() : !credentials ? credentials.error() : key.error());
    }
    const auto repository = open_repository(place, *target, *credentials, *key);
    if (!repository) {
        return fail(Error(repository.error()).during(code::away));
    }
    if (auto prepared = prepare_folders(place, *repository); !prepared) {
        return fail(prepared.error());
    }
    ResticCall call;
    call.words = {"snapshots", "--json", "--no-lock", "--tag", snapshot_tag};
    call.reads_all = !repository->local.empty();
    call.limit = restic_look_limit;
    const auto end = run_restic(place, *repository, std::move(call));
    if (!good(end)) {
        const Failure why = end && says_empty(*end) ? Failure{code::emptied, detail_of(*end)} : failure_of(end);
        return fail(ErrorKind::unavailable, std::string(why.code) + ": " + why.detail);
    }
    const auto all = parse_snapshots(end->output);
    if (!all) {
        return fail(all.error());
    }
    std::string out;
    for (const Snapshot& one : *all) {
        out += std::to_string(one.time) + "\t" + one.id.substr(0, 8) + "\n";
    }
    return out;
}

} // namespace hameau::backup
