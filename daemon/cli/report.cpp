// `hameau report FILE`: what somebody who helps needs to know of this house, and nothing about its people: the diagnosis, the processes,
// the ends of the journals without names. One plain text, so that it can be read before it is sent.
#include <algorithm>
#include <array>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/fd.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/cli/client.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/limits.hpp"
#include "daemon/cli/redact.hpp"
#include "daemon/cli/setup_texts.hpp"
#include "daemon/cli/words.hpp"
#include "daemon/contract/diagnosis_texts.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

constexpr int exit_cannot_create = 73;
/// Every line in them is written by a program of ours.
constexpr std::array<std::string_view, 8> kept_journals = {"hameaud", "gate", "people", "mail", "sites", "pads", "admin", "milter"};
constexpr const char* report_usage =
    "usage: hameau report FILE [--state DIR]     (- is standard output)\n"
    "Writes a report for whoever helps: the diagnosis, the processes, the ends of the journals of its own programs. No password, no\n"
    "key, no name, no address and no host name should be in it: they are replaced by marks such as <name>. It is a plain text: read it before you\n"
    "send it.\n";

/// Every name that the house knows. Errors: a list that cannot be read.
Status know_names(const Client& client, Redactor& redactor) {
    const auto know = [&redactor](const json::value& entry, std::initializer_list<const char*> keys) {
        for (const char* key : keys) {
            const json::value* value = entry.is_object() ? entry.get_object().if_contains(key) : nullptr;
            if (value != nullptr && value->is_string()) {
                redactor.know(std::string(value->get_string()));
            } else if (value != nullptr && value->is_array()) {
                for (const json::value& one : value->get_array()) {
                    redactor.know(one.is_string() ? std::string(one.get_string()) : json::serialize(one));
                }
            }
        }
    };
    const auto house = client.call("GET", "/api/v1/house");
    if (!house || !house->good()) {
        return fail(ErrorKind::unavailable, "the house did not say its name");
    }
    know(house->object(), {"name"});
    // Also who is in a bin; people's own database is asked, as no list has them.
    const auto all = client.call("GET", "/admin/module/people/internal/names");
    if (!all || !all->good()) {
        return fail(ErrorKind::unavailable, "the house did not say its names");
    }
    know(all->object(), {"names"});
    const std::string host = read_file(client.state() + "/host", small_file_bytes_max).value_or("");
    redactor.know(host);
    std::array<char, 256> machine{};
    if (::gethostname(machine.data(), machine.size() - 1) == 0) {
        redactor.know(machine.data());
    }
    const auto associations = client.list("/api/v1/associations");
    if (!associations) {
        return fail(associations.error());
    }
    for (const json::value& association : *associations) {
        know(association, {"slug", "name", "domains"});
        const std::string path = "/api/v1/associations/" + segment(text_of(association.as_object(), "slug")) + "/";
        for (const char* list : {"members", "groups", "mailboxes", "aliases", "sites", "pads"}) {
            const auto entries = client.list(path + list);
            if (!entries && entries.error().kind == ErrorKind::closed) {
                continue;  // switched off: it has no journal either
            }
            if (!entries) {
                return fail(entries.error());
            }
            for (const json::value& entry : *entries) {
                know(entry, {"login", "name", "contact", "slug", "address", "addresses", "mailbox", "host", "title", "to", "members", "outside", "forward"});
            }
        }
    }
    return {};
}

std::string first_line(const std::string& path) {
    const std::string text = read_file(path, small_file_bytes_max).value_or("");
    return text.substr(0, text.find('\n'));
}

/// Ids and states are words of ours; a sentence may name hosts and addresses: without the names that go, no sentence.
std::string diagnosis_part(const Client& client, const Redactor& redactor, bool sentences) {
    const json::value all = json::object();
    const auto answer = client.call("POST", "/admin/diagnosis?language=en", &all);
    if (!answer || !answer->good()) {
        return "the house does not answer\n";
    }
    std::string out;
    const json::object document = answer->object();
    for (const json::value& entry : array_of(document, "checks")) {
        const json::object& check = entry.as_object();
        out += text_of(check, "state") + "\t" + text_of(check, "code") + "\t" + (sentences ? redactor.line(text_of(check, "text")) : std::string()) + "\n";
    }
    return out;
}

std::string processes_part(const Client& client, const Redactor& redactor, bool sentences) {
    const auto answer = client.call("GET", "/admin/status");
    if (!answer || !answer->good()) {
        return "the house does not answer\n";
    }
    std::string out;
    const json::object status = answer->object();
    for (const json::value& entry : status.at("processes").as_array()) {
        const json::object& process = entry.as_object();
        const bool stranger = text_of(process, "kind") == "external";
        out += (stranger ? "external module" : text_of(process, "name")) + "\t" + text_of(process, "state") + "\trestarts " + std::to_string(number_of(process, "restarts")) +
               "\tmemory " + std::to_string(number_of(process, process.contains("pss_kb") ? "pss_kb" : "rss_kb")) + " kB\t" + (sentences ? redactor.line(text_of(process, "status")) : std::string()) + "\n";
    }
    return out + "walls: " + json::serialize(status.at("walls")) + "\n";
}

/// The journals of Postfix and Dovecot hold what strangers' servers said, and people's addresses in many forms: nobody can take all of
/// that out. What they count is in the diagnosis. What an external module writes is its author's, in words that we do not know.
std::string without_strangers(std::string_view journals) {
    std::string out;
    bool kept = true;
    for (const std::string_view line : split(journals, '\n')) {
        if (line.starts_with("== ")) {
            const std::string_view name = line.substr(3);
            const bool engine = name == "postfix" || name == "dovecot";
            kept = std::find(kept_journals.begin(), kept_journals.end(), name) != kept_journals.end();
            out += kept ? "" : "== " + (engine ? std::string(name) : "another journal") + "\nleft out: it holds addresses and words of strangers\n";
        }
        if (kept && !(line.empty() && out.ends_with("\n"))) {
            out += std::string(line) + "\n";
        }
    }
    return out;
}

std::string make_report(const Client& client) {
    Redactor redactor;
    const Status known = know_names(client, redactor);
    std::string out = "Hameau: a report for whoever helps, " + format_utc(now_ms()) + "\n"
                      "Marks such as <name>, <host>, <ip>, <address>, <token> and ... stand where something was that concerns people of this house.\n"
                      "Please read it before you send it.\n\n== machine\n";
    out += "kernel " + first_line("/proc/sys/kernel/osrelease") + "\nDebian " + first_line("/etc/debian_version") + "\n";
    out += "\n== diagnosis\n" + diagnosis_part(client, redactor, known.has_value());
    out += "\n== processes\n" + processes_part(client, redactor, known.has_value());
    out += "\n== journals\n";
    if (!known) {
        // A name that is not known could not be taken out.
        return out + "left out: the house could not tell all names that must not be in them (" + redactor.line(known.error().message) + ")\n";
    }
    const auto logs = client.call("GET", "/admin/logs");
    return out + (logs && logs->good() ? redactor.text(without_strangers(logs->body)) : std::string("the house does not answer\n"));
}

} // namespace

int report_command(std::span<char*> arguments) {
    const auto words = read_words("report", arguments, {});
    if (!words || words->help || words->plain.size() != 1) {
        std::fputs(report_usage, words && words->help ? stdout : stderr);
        return words && words->help ? 0 : exit_usage;
    }
    const Client client(words->state);
    const auto there = client.call("GET", "/admin/status");
    if (!there) {
        return report(there.error());
    }
    const std::string text = make_report(client);
    const std::string& path = words->plain.front();
    if (path == "-") {
        return write_all(STDOUT_FILENO, text) ? 0 : exit_cannot_create;
    }
    if (auto written = write_file_atomically(path, text, 0600); !written) {
        std::fprintf(stderr, "hameau: %s\n", written.error().message.c_str());
        return exit_cannot_create;
    }
    std::fprintf(stderr, "%s\n", diagnosis::phrase_of("report_written", path, setup_speaks_english()).c_str());
    return 0;
}

} // namespace hameau::cli
