// `hameau erase ASSOCIATION`: into the bin for 30 days, or erased at once; and the certificates of what was erased.
#include <array>
#include <cstdio>

#include "daemon/base/domain_letters.hpp"
#include "daemon/cli/client.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/words.hpp"
#include "daemon/settings/values.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

constexpr std::string_view erase_usage =
    "usage: hameau erase ASSOCIATION [--now] [--json] [--state DIR]\n"
    "       hameau erase --certificates [--json] [--state DIR]\n"
    "Puts the association into the bin: nothing of it is shown, and `hameau association restore` brings all of it back for 30 days. Then it\n"
    "is erased, and a certificate says what was. `hameau export` first, where somebody may need it.\n"
    "  --now           erases it at once: nothing brings it back. Prints the certificate\n"
    "  --certificates  prints those of all associations that were erased\n";

const json::object& object_in(const json::object& object, std::string_view key) {
    static const json::object nothing;
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_object() ? value->as_object() : nothing;
}

void print_certificate(const json::object& one) {
    const json::object& facts = object_in(one, "facts");
    const std::string done = text_of(one, "done");
    std::printf("Certificate of erasure %s\n  association  %s (%s)\n", text_of(one, "id").c_str(), in_letters(text_of(one, "name")).c_str(), text_of(one, "association").c_str());
    if (const std::string removed = text_of(one, "removed"); !removed.empty()) {
        std::printf("  in the bin   since %s\n", removed.c_str());
    }
    std::printf("  erased       %s, %s\n", text_of(one, "begun").c_str(), text_of(one, "by") == "time" ? "after 30 days in the bin" : "on the word of an admin of the house");
    std::printf("  complete     %s\n", done.empty() ? "not yet: some service has yet to do its part, and the house goes on by itself" : done.c_str());
    for (const std::string_view name : {"members", "accounts", "groups", "domains"}) {
        std::printf("  %-12s %lld%s\n", std::string(name).c_str(), static_cast<long long>(number_of(facts, name)), name == "accounts" ? " (of people who belonged nowhere else)" : "");
    }
    for (const auto& service : object_in(facts, "services")) {
        if (service.value().is_object()) {
            for (const auto& count : service.value().as_object()) {
                std::printf("  %-12s %lld\n", std::string(count.key()).c_str(), static_cast<long long>(count.value().is_number() ? count.value().to_number<std::int64_t>() : 0));
            }
        }
    }
    for (const auto& used : object_in(facts, "bytes")) {
        const auto bytes = used.value().is_number() ? used.value().to_number<std::int64_t>() : 0;
        std::printf("  %-12s %lld bytes\n", std::string(used.key()).c_str(), static_cast<long long>(bytes));
    }
}

/// `slug` empty: all; else the newest of that association.
int print_certificates(const Client& client, const std::string& slug, bool as_json) {
    const auto all = client.list("/api/v1/erasures");
    if (!all) {
        return report(all.error());
    }
    json::array shown;
    for (const json::value& one : *all) {
        if (slug.empty() || (text_of(one.as_object(), "association") == slug && shown.empty())) {
            shown.push_back(one);
        }
    }
    if (as_json) {
        std::printf("%s\n", json::serialize(shown).c_str());
        return 0;
    }
    for (const json::value& one : shown) {
        print_certificate(one.as_object());
    }
    return 0;
}

/// Nothing, or the exit code after it was said why not.
int remove(const Client& client, const std::string& slug, bool purge) {
    const auto answer = client.call("DELETE", "/api/v1/associations/" + segment(slug) + (purge ? "?purge=1" : ""));
    if (!answer) {
        return report(answer.error());
    }
    if (!answer->good()) {
        std::fprintf(stderr, "hameau erase: %s\n", answer->problem().c_str());
        // What some service has yet to hear is said, and is no failure of the command: the house goes on by itself.
        const std::string code = text_of(answer->object(), "code");
        return code == "association_pending" || code == "association_erase_pending" ? 0 : answer->status == 404 ? exit_no_input : exit_unavailable;
    }
    return 0;
}

} // namespace

int erase_command(std::span<char*> arguments) {
    constexpr std::array options = {Option{"--now", false}, Option{"--certificates", false}};
    const auto words = read_words("erase", arguments, options);
    if (!words) {
        return exit_usage;
    }
    const bool certificates = words->has("--certificates");
    if (words->help || words->plain.size() != (certificates ? 0U : 1U)) {
        std::fputs(erase_usage.data(), words->help ? stdout : stderr);
        return words->help ? 0 : exit_usage;
    }
    const Client client(words->state);
    if (certificates) {
        return print_certificates(client, {}, words->json);
    }
    const std::string slug(words->plain.front());
    if (const int code = remove(client, slug, false); code != 0) {
        return code;
    }
    if (!words->has("--now")) {
        std::printf("%s is in the bin for 30 days. `hameau association restore %s` brings it back; `hameau erase %s --now` erases it.\n", slug.c_str(), slug.c_str(), slug.c_str());
        return 0;
    }
    const int code = remove(client, slug, true);
    return code != 0 ? code : print_certificates(client, slug, words->json);
}

} // namespace hameau::cli
