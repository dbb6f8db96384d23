// `hameau mail check DOMAIN`: which DNS records the domain needs, and what DNS says now. The house asks; the command prints.
#include <algorithm>
#include <cstdio>
#include <string>

#include <boost/json.hpp>

#include "daemon/base/domain_letters.hpp"
#include "daemon/base/text.hpp"
#include "daemon/cli/client.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/mail_texts.hpp"
#include "daemon/cli/setup_texts.hpp"
#include "daemon/cli/words.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

constexpr const char* mail_usage =
    "usage: hameau mail check DOMAIN [--last] [--json] [--state DIR]\n"
    "Looks at the DNS records that the domain needs for mail: asks the resolvers of mail.check_resolvers and the zone's own server.\n"
    "Says of each what is wrong, and the line to write. Takes 20 s at most.\n"
    "  --last   what the last look found; nobody is asked\n"
    "Ends with 0 when nothing is to do, with 69 when something is, or when nobody can know.\n";

constexpr std::size_t record_column = 12;

/// The association that has the domain; empty: none.
Result<std::string> owner_of(const Client& client, const std::string& domain) {
    const auto all = client.list("/api/v1/associations");
    if (!all) {
        return fail(all.error());
    }
    for (const json::value& entry : *all) {
        for (const json::value& one : array_of(entry.as_object(), "domains")) {
            if (one == json::value(domain)) {
                return text_of(entry.as_object(), "slug");
            }
        }
    }
    return std::string();
}

std::string servers_of(const json::object& document) {
    std::string out;
    for (const json::value& entry : array_of(document, "asked")) {
        const json::object& one = entry.as_object();
        const json::value* answered = one.if_contains("answered");
        out += (out.empty() ? "" : ", ") + text_of(one, "address") + (answered != nullptr && *answered == json::value(true) ? "" : " (?)");
    }
    const std::string authority = text_of(document, "authority");
    return authority.empty() ? out : out + ", " + authority;
}

/// The house's texts hold what strangers wrote into DNS: nothing of it steers the terminal.
void print_record(const json::object& record, bool english) {
    const std::string state = text_of(record, "state");
    std::string word = record_state(state, english);
    // Letters beyond ASCII take two bytes and one column.
    const auto extra = static_cast<std::size_t>(std::count_if(word.begin(), word.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }));
    word.resize(std::max(word.size() + 1, record_column + extra), ' ');
    const std::string gap(record_column, ' ');
    std::printf("%s%s\n%s%s\n", word.c_str(), one_plain_line(text_of(record, "title")).c_str(), gap.c_str(), one_plain_line(text_of(record, "text")).c_str());
    if (const std::string line = text_of(record, "line"); state != "right" && !line.empty()) {
        std::printf("%s%s %s\n", gap.c_str(), record_to_write(text_of(record, "where") == "provider", english).c_str(), one_plain_line(line).c_str());
    }
}

std::int64_t left_of(const json::object& document, std::string_view key) {
    const json::value* counts = document.if_contains("counts");
    return counts != nullptr && counts->is_object() ? number_of(counts->get_object(), key) : 0;
}

int check_domain(const Words& words, const std::string& domain, bool english) {
    const Client client(words.state);
    const auto owner = owner_of(client, domain);
    if (!owner) {
        return report(owner.error());
    }
    if (owner->empty()) {
        std::fprintf(stderr, "hameau: %s\n", no_such_domain(in_letters(domain), english).c_str());
        return exit_data;
    }
    const std::string path = "/api/v1/associations/" + segment(*owner) + "/mail-domains/" + segment(domain);
    const std::string language = english ? "?language=en" : "?language=fr";
    const auto answer = words.has("--last") ? client.call("GET", path + language) : client.call("POST", path + "/look" + language);
    if (!answer) {
        return report(answer.error());
    }
    if (!answer->good()) {
        std::fprintf(stderr, "hameau: %s\n", answer->problem().c_str());
        return exit_unavailable;
    }
    const json::object document = answer->object();
    const std::int64_t to_do = left_of(document, "to_do");
    const bool known = left_of(document, "unknown") == 0 && left_of(document, "unchecked") == 0;
    const int code = known && to_do == 0 ? 0 : exit_unavailable;
    if (words.json) {
        std::printf("%s\n", json::serialize(document).c_str());
        return code;
    }
    std::printf("%s\n%s\n\n", one_plain_line(text_of(document, "text")).c_str(), looked_at(text_of(document, "at"), one_plain_line(servers_of(document)), english).c_str());
    for (const json::value& record : array_of(document, "records")) {
        print_record(record.as_object(), english);
    }
    std::printf("\n%s\n", records_to_do(to_do, known, english).c_str());
    return code;
}

} // namespace

int mail_command(std::span<char*> arguments) {
    constexpr Option options[] = {{"--last", false}};
    const auto words = read_words("mail", arguments, options);
    if (!words || words->help || words->plain.size() != 2 || words->plain[0] != "check") {
        std::fputs(mail_usage, words && words->help ? stdout : stderr);
        return words && words->help ? 0 : exit_usage;
    }
    return check_domain(*words, domain_as_kept(words->plain[1]), setup_speaks_english());
}

} // namespace hameau::cli
