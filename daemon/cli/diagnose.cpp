// `hameau diagnose`: looks over the house and says what to do; `--repair` mends what the house can mend by itself.
#include <algorithm>
#include <cstdio>
#include <poll.h>
#include <string>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/cli/client.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/diagnose_alone.hpp"
#include "daemon/cli/limits.hpp"
#include "daemon/cli/setup_texts.hpp"
#include "daemon/cli/words.hpp"
#include "daemon/contract/diagnosis_json.hpp"
#include "daemon/contract/diagnosis_texts.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

constexpr const char* diagnose_usage =
    "usage: hameau diagnose [CHECK]... [--all] [--last] [--json] [--state DIR]\n"
    "       hameau diagnose --repair CHECK [--yes] [--json] [--state DIR]\n"
    "Looks over the house, now: machine, network, names, certificates, mail, databases, backups. Shows what is not fine, and what to do.\n"
    "  CHECK            only these, such as disk.room\n"
    "  --all            shows what is fine, too\n"
    "  --last           what the last look found, with its date; nothing is looked at\n"
    "  --repair CHECK   the house mends this itself, and says what it did; a second time changes nothing\n"
    "  --yes            for repairs that lose something (a log, what was held back)\n"
    "Each night the house looks by itself; the admins get a mail only when something became worse (house.diagnose_hour).\n"
    "Of a house that does not run, root sees all but the state of its processes; nothing is written then.\n"
    "Ends with 69 when something is broken.\n";

constexpr diagnosis::State shown_in_order[] = {diagnosis::State::broken, diagnosis::State::attention, diagnosis::State::unknown, diagnosis::State::fine};
constexpr std::size_t indent = 11;

void print_checks(const json::object& document, bool all, bool english) {
    for (const diagnosis::State state : shown_in_order) {
        const bool shown = all || state == diagnosis::State::broken || state == diagnosis::State::attention;
        std::string word(diagnosis::state_word(state, english));
        word.resize(std::max(word.size() + 1, indent), ' ');
        for (const json::value& entry : array_of(document, "checks")) {
            const json::object& check = entry.as_object();
            if (!shown || text_of(check, "state") != diagnosis::to_text(state)) {
                continue;
            }
            std::printf("%s %s (%s)\n            %s\n", word.c_str(), text_of(check, "title").c_str(), text_of(check, "id").c_str(), text_of(check, "text").c_str());
            if (const std::string advice = text_of(check, "advice"); !advice.empty() && state != diagnosis::State::fine) {
                std::printf("            -> %s\n", advice.c_str());
            }
        }
    }
    const json::object empty;
    const json::value* found = document.if_contains("counts");
    const json::object& counts = found != nullptr && found->is_object() ? found->get_object() : empty;
    const auto count = [&counts](std::string_view state) { return static_cast<long long>(number_of(counts, state)); };
    const std::string at = text_of(document, "at");
    std::printf("\n%s\n", diagnosis::counts_text({count("fine"), count("attention"), count("broken"), count("unknown")},
                                                 at.empty() ? diagnosis::phrase_of("never", "", english) : at, english).c_str());
}

std::string state_in(const json::object& document, const std::string& id) {
    for (const json::value& entry : array_of(document, "checks")) {
        if (text_of(entry.as_object(), "id") == id) {
            return text_of(entry.as_object(), "state");
        }
    }
    return "unknown";
}

bool any_broken(const json::object& document) {
    const json::value* counts = document.if_contains("counts");
    return counts != nullptr && counts->is_object() && number_of(counts->get_object(), "broken") > 0;
}

std::string words_for(const std::string& code, const std::string& detail, bool english) {
    const std::string known = diagnosis::phrase_of(code, detail.substr(std::min(detail.find(": ") + 2, detail.size())), english);
    return known.empty() ? detail : known;
}

/// Empty, with a message on standard error and `code` set, when there is no answer.
std::optional<json::object> ask_diagnosis(const Client& client, const json::value* wish, bool english, int& code) {
    const auto answer = client.call(wish == nullptr ? "GET" : "POST", std::string("/admin/diagnosis?language=") + (english ? "en" : "fr"), wish);
    if (!answer) {
        code = report(answer.error());
        return std::nullopt;
    }
    if (!answer->good()) {
        const json::object problem = answer->object();
        std::fprintf(stderr, "hameau: %s\n", words_for(text_of(problem, "code"), text_of(problem, "detail"), english).c_str());
        code = answer->status == 422 ? exit_usage : exit_unavailable;
        return std::nullopt;
    }
    return answer->object();
}

/// The house does not answer: it is looked at without it.
int show_alone(const Words& words, bool english) {
    const auto found = look_alone(words.state, words.plain);
    if (!found) {
        return report(found.error());
    }
    const json::object document = diagnosis::document_of(*found, english);
    if (words.json) {
        std::printf("%s\n", json::serialize(document).c_str());
    } else {
        print_checks(document, words.has("--all") || !words.plain.empty(), english);
    }
    return any_broken(document) ? exit_unavailable : 0;
}

/// What hameaud does behind the answer takes a moment: looked at again until it is fine, for some seconds.
std::optional<json::object> after_repair(const Client& client, json::object document, const std::string& id, bool english, int& code) {
    const json::value* repair = document.if_contains("repair");
    const bool later = repair != nullptr && repair->is_object() && repair->get_object().contains("later") && repair->get_object().at("later") == json::value(true);
    for (int i = 0; later && i < repair_looks_max && state_in(document, id) != "fine"; ++i) {
        ::poll(nullptr, 0, repair_nap_ms);
        const json::value wish = json::object{{"only", json::array{json::value(id)}}};
        auto newer = ask_diagnosis(client, &wish, english, code);
        if (!newer) {
            return std::nullopt;
        }
        (*newer)["repair"] = document.at("repair");
        document = std::move(*newer);
    }
    return document;
}

} // namespace

int diagnose_command(std::span<char*> arguments) {
    constexpr Option options[] = {{"--all", false}, {"--last", false}, {"--repair", true}, {"--yes", false}};
    const auto words = read_words("diagnose", arguments, options);
    const std::string repair = words ? words->value("--repair").value_or("") : "";
    const bool mixed = words && ((words->has("--repair") && (!words->plain.empty() || words->has("--last"))) || (words->has("--last") && !words->plain.empty()));
    if (!words || words->help || mixed) {
        std::fputs(diagnose_usage, words && words->help ? stdout : stderr);
        return words && words->help ? 0 : exit_usage;
    }
    const Client client(words->state);
    const bool english = setup_speaks_english();
    json::object wish;
    if (!repair.empty()) {
        wish["repair"] = repair;
        wish["yes"] = words->has("--yes");
    }
    json::array only;
    for (const std::string& id : words->plain) {
        only.push_back(json::value(id));
    }
    if (!only.empty()) {
        wish["only"] = std::move(only);
    }
    const json::value sent = wish;
    int code = 0;
    const bool answers = client.answers("/admin/status");
    if (!answers && repair.empty() && !words->has("--last")) {
        return show_alone(*words, english);
    }
    auto document = ask_diagnosis(client, words->has("--last") ? nullptr : &sent, english, code);
    if (document && !repair.empty()) {
        document = after_repair(client, std::move(*document), repair, english, code);
    }
    if (!document) {
        return code;
    }
    if (words->json) {
        std::printf("%s\n", json::serialize(*document).c_str());
    } else {
        const json::value* mended = document->if_contains("repair");
        if (mended != nullptr && mended->is_object()) {
            std::printf("%s\n\n", text_of(mended->get_object(), "text").c_str());
        }
        print_checks(*document, words->has("--all") || !words->plain.empty() || !repair.empty(), english);
    }
    return any_broken(*document) ? exit_unavailable : 0;
}

} // namespace hameau::cli
