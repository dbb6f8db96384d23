// Mail: does it come in, does it go out, what waits, and the engines themselves.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <tuple>

#include "daemon/base/text.hpp"
#include "provisioning/diagnose/checks.hpp"
#include "provisioning/diagnose/limits.hpp"

namespace hameau::diagnose {

namespace {

constexpr std::int64_t hour_s = 3600;
constexpr std::size_t queue_long = 100;
constexpr std::size_t queue_too_long = 1000;

std::string queue_of(const Machine& machine, const char* part) { return machine.state() + "/engines/postfix/queue/" + part; }

Verdict mail_in(const Machine& machine) {
    if (!has_mail(machine)) {
        return {State::unknown, any::off};
    }
    const auto known = machine.ask("mail/mail.db", "SELECT 'postmaster@' || domain FROM engine_postmaster JOIN engine_mailbox ON address = target LIMIT 1");
    if (!known || known->empty()) {
        return {State::unknown, known ? any::empty : any::unreadable};
    }
    const auto port = static_cast<unsigned>(machine.settings().integer("mail.smtp_port"));
    const auto replies = machine.converse(port, {"EHLO localhost", "MAIL FROM:<>", "RCPT TO:<" + known->front().front() + ">"});
    if (replies.empty()) {
        return {State::broken, "silent", {{"port", std::to_string(port)}}};
    }
    const bool taken = replies.size() == 4 && (replies.back().starts_with("250") || replies.back().starts_with("452") || replies.back().starts_with("552"));  // a full mailbox is no fault of the way
    return {taken ? State::fine : State::broken, taken ? "fine" : "refuses", {{"reply", replies.back().substr(0, 80)}}};
}

/// HOST:PORT, [ADDRESS]:PORT; port 25 without one.
std::pair<std::string, unsigned> smarthost_of(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    const bool with_port = colon != std::string::npos && text.find(']', colon) == std::string::npos;
    std::string host = text.substr(0, with_port ? colon : text.size());
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    return {host, with_port ? static_cast<unsigned>(std::atoi(text.c_str() + colon + 1)) : 25U};
}

Verdict smarthost(const Machine& machine) {
    const auto [host, port] = smarthost_of(machine.settings().text("mail.smarthost"));
    std::string address = host;
    if (host.find_first_not_of("0123456789.:abcdef") != std::string::npos || host.find_first_of(".:") == std::string::npos) {
        const DnsAnswer answer = machine.look_up(host, Record::a);
        if (!answer.answered) {
            return {State::unknown, any::silent};
        }
        address = answer.found.empty() ? std::string() : answer.found.front();
    }
    const bool good = !address.empty() && machine.greet(address, port).line.starts_with("220");
    return {good ? State::fine : State::broken, good ? "smarthost" : "smarthost_silent", {{"port", std::to_string(port)}}};
}

/// Without a smarthost only a message that went out, or could not, tells whether the provider lets port 25 through.
Verdict mail_out(const Machine& machine) {
    if (!has_mail(machine)) {
        return {State::unknown, any::off};
    }
    if (!machine.settings().text("mail.smarthost").empty()) {
        return smarthost(machine);
    }
    if (machine.trial()) {
        return {State::unknown, any::trial};
    }
    const auto log = machine.tail(machine.state() + "/log/postfix.log", postfix_log_tail_bytes);
    if (!log) {
        return {State::unknown, "no_log", {}};
    }
    std::size_t sent = 0;
    std::size_t waits = 0;
    bool newest_left = false;  // the newest of both decides: a message of last winter says nothing of today
    for (const std::string_view line : split(*log, '\n')) {
        const bool outside = line.find("postfix/smtp[") != std::string_view::npos;
        const bool left = outside && line.find("status=sent") != std::string_view::npos;
        sent += left ? 1 : 0;
        const bool unreached = line.find("Connection timed out") != std::string_view::npos || line.find("Network is unreachable") != std::string_view::npos;
        const bool stays = outside && unreached && line.find("status=deferred") != std::string_view::npos;
        waits += stays ? 1 : 0;
        newest_left = left || (newest_left && !stays);
    }
    if (newest_left) {
        return {State::fine, "fine", {{"count", std::to_string(sent)}}};
    }
    return {waits > 0 ? State::broken : State::unknown, waits > 0 ? "blocked" : "unknown", {{"count", std::to_string(waits)}}};
}

Verdict mail_queue(const Machine& machine) {
    if (!has_mail(machine)) {
        return {State::unknown, any::off};
    }
    if (!machine.names(queue_of(machine, "deferred"), 1)) {
        return {State::unknown, any::unreadable};
    }
    std::size_t count = 0;
    for (const char* part : {"deferred", "active", "incoming", "maildrop"}) {
        count += machine.files_below(queue_of(machine, part), queue_files_max).size();
    }
    const State state = count > queue_too_long ? State::broken : count > queue_long ? State::attention : State::fine;
    return {state, state == State::fine ? "fine" : "long", {{"count", std::to_string(count)}}};
}

struct Waiting {
    std::size_t count = 0;
    std::int64_t oldest_s = 0;  ///< when it came, UTC seconds since 1970
};

/// `postqueue -j` (postqueue(1)): one JSON object a line. Nothing: Postfix does not answer.
std::optional<Waiting> waiting_in(const Machine& machine, std::string_view queue, bool& cut) {
    const auto told = machine.run("/usr/sbin/postqueue", {"-c", machine.state() + "/engines/postfix", "-j"});
    if (!told || told->exit_code != 0) {
        return std::nullopt;
    }
    cut = told->output.size() >= program_output_bytes_max;
    Waiting out;
    const std::string name = "\"queue_name\": \"" + std::string(queue) + "\"";
    for (const std::string_view line : split(told->output, '\n')) {
        const auto arrived = line.find(name) == std::string_view::npos ? std::nullopt : number_behind(std::string(line), "\"arrival_time\":");
        if (arrived) {
            ++out.count;
            const auto at = static_cast<std::int64_t>(*arrived);
            out.oldest_s = out.oldest_s == 0 ? at : std::min(out.oldest_s, at);
        }
    }
    return out;
}

Verdict age_of(const Machine& machine, std::string_view queue, std::int64_t attention, std::int64_t broken) {
    if (!has_mail(machine)) {
        return {State::unknown, any::off};
    }
    bool cut = false;
    const auto waiting = waiting_in(machine, queue, cut);
    if (!waiting) {
        return {State::unknown, any::silent};
    }
    if (waiting->count == 0 && !cut) {
        return {State::fine, "empty", {}};
    }
    const std::int64_t age = std::max<std::int64_t>(machine.now_s() - waiting->oldest_s, 0);
    if (cut && (waiting->count == 0 || age <= broken)) {
        return {State::unknown, any::unreadable};  // more messages than can be read, and an older one may be among the rest: mail.queue has their number
    }
    const State state = age > broken ? State::broken : age > attention ? State::attention : State::fine;
    return {state, state == State::fine ? "fine" : "old", {{"count", std::to_string(waiting->count)}, {"hours", std::to_string(age / hour_s)}}};
}
/// What is being delivered takes minutes. An old one means that Postfix hangs.
Verdict mail_active(const Machine& machine) { return age_of(machine, "active", active_old_s, 6 * active_old_s); }
/// A trial without a smarthost keeps everything: that is what it is for.
Verdict mail_deferred(const Machine& machine) {
    if (machine.trial()) {
        return {State::unknown, any::trial};
    }
    return age_of(machine, "deferred", deferred_old_s, deferred_lost_s);
}

Verdict mail_hold(const Machine& machine) {
    if (!has_mail(machine)) {
        return {State::unknown, any::off};
    }
    if (!machine.names(queue_of(machine, "hold"), 1)) {
        return {State::unknown, any::unreadable};
    }
    const std::size_t held = machine.files_below(queue_of(machine, "hold"), queue_files_max).size();
    const std::size_t corrupt = machine.files_below(queue_of(machine, "corrupt"), queue_files_max).size();
    if (corrupt > 0) {
        return {State::broken, "corrupt", {{"count", std::to_string(corrupt)}}};
    }
    return {held > 0 ? State::attention : State::fine, held > 0 ? "held" : "fine", {{"count", std::to_string(held)}}};
}

struct Version {
    int major = 0;
    int minor = 0;
    int patch = 0;
    bool operator<(const Version& other) const { return std::tie(major, minor, patch) < std::tie(other.major, other.minor, other.patch); }
};

/// The first "A.B[.C]" of a program's words.
std::optional<Version> version_in(const std::string& text, std::string& words) {
    const std::size_t at = text.find_first_of("0123456789");
    if (at == std::string::npos) {
        return std::nullopt;
    }
    const std::size_t end = std::min(text.find_first_not_of("0123456789.", at), text.size());
    words = text.substr(at, end - at);
    const auto parts = split(words, '.');
    if (parts.size() < 2) {
        return std::nullopt;
    }
    const auto number = [&parts](std::size_t i) { return i < parts.size() ? std::atoi(std::string(parts[i]).c_str()) : 0; };
    return Version{number(0), number(1), number(2)};
}

Verdict engine(const Machine& machine, const char* path, const std::vector<std::string>& arguments, Version least, int major_most) {
    const auto told = machine.run(path, arguments);
    if (!told) {
        return {State::broken, "missing", {}};
    }
    std::string words;
    const auto version = version_in(told->output, words);
    if (!version) {
        return {State::unknown, any::unreadable};
    }
    const bool known = !(*version < least) && version->major <= major_most;
    return {known ? State::fine : State::attention, known ? "fine" : "other", {{"version", words}}};
}

/// The oldest are those of Debian 12.
Verdict engines_postfix(const Machine& machine) {
    return has_mail(machine) ? engine(machine, "/usr/sbin/postconf", {"-d", "-h", "mail_version"}, {3, 7, 0}, 3) : Verdict{State::unknown, any::off};
}
Verdict engines_dovecot(const Machine& machine) {
    return has_mail(machine) ? engine(machine, "/usr/sbin/dovecot", {"--version"}, {2, 3, 19}, 2) : Verdict{State::unknown, any::off};
}
/// Without it nothing is filed as spam, and mail comes all the same.
Verdict engines_bogofilter(const Machine& machine) {
    if (!has_mail(machine) || machine.settings().text("mail.spam_filter") != "on") {
        return {State::unknown, any::off};
    }
    const auto told = machine.run("/usr/bin/bogofilter-sqlite", {"-V"});
    return {told ? State::fine : State::attention, told ? "fine" : "missing", {}};
}
Verdict engines_restic(const Machine& machine) {
    if (machine.settings().text("house.backup_targets").empty()) {
        return {State::unknown, any::empty};
    }
    return engine(machine, "/usr/bin/restic", {"version"}, {0, 14, 0}, 0);
}
Verdict engines_uacme(const Machine& machine) {
    if (machine.trial() || machine.settings().text("house.acme_url").empty()) {
        return {State::unknown, machine.trial() ? any::trial : any::empty};
    }
    return engine(machine, "/usr/bin/uacme", {"--version"}, {1, 7, 0}, 1);
}

/// Both programs read their whole configuration and say what they do not understand.
Verdict engine_settings(const Machine& machine, const char* path, const std::vector<std::string>& arguments) {
    if (!has_mail(machine)) {
        return {State::unknown, any::off};
    }
    const auto told = machine.run(path, arguments);
    if (!told) {
        return {State::unknown, any::silent};
    }
    const bool bad = told->exit_code != 0 || told->output.find("fatal:") != std::string::npos || told->output.find("warning:") != std::string::npos;
    return {bad ? State::broken : State::fine, bad ? "bad" : "fine", {}};
}
Verdict engines_postfix_settings(const Machine& machine) {
    return engine_settings(machine, "/usr/sbin/postconf", {"-c", machine.state() + "/engines/postfix", "-n"});
}
Verdict engines_dovecot_settings(const Machine& machine) {
    return engine_settings(machine, "/usr/bin/doveconf", {"-c", machine.state() + "/engines/dovecot/dovecot.conf", "-n"});
}

constexpr std::array table = {
    Check{"mail.in", mail_in, conversation_deadline},
    Check{"mail.out", mail_out, conversation_deadline},
    Check{"mail.queue", mail_queue, walk_deadline},
    Check{"mail.active", mail_active, program_deadline},
    Check{"mail.deferred", mail_deferred, program_deadline},
    Check{"mail.hold", mail_hold, walk_deadline},
    Check{"engines.postfix", engines_postfix, program_deadline},
    Check{"engines.dovecot", engines_dovecot, program_deadline},
    Check{"engines.bogofilter", engines_bogofilter, program_deadline},
    Check{"engines.restic", engines_restic, program_deadline},
    Check{"engines.uacme", engines_uacme, program_deadline},
    Check{"engines.postfix_settings", engines_postfix_settings, program_deadline},
    Check{"engines.dovecot_settings", engines_dovecot_settings, program_deadline},
};

} // namespace

std::span<const Check> mail_checks() { return table; }

} // namespace hameau::diagnose
