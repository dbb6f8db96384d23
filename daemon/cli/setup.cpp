// `hameau setup`: how a new house is set up. Shows the way in, or does it all from a file. Root's and the group hameau's, because
// the secret comes over the admin's socket.
#include <cstdio>
#include <filesystem>
#include <langinfo.h>
#include <clocale>
#include <poll.h>
#include <qrencode.h>
#include <sodium.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/base/local_addresses.hpp"
#include "daemon/cli/client.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/limits.hpp"
#include "daemon/cli/setup_file.hpp"
#include "daemon/cli/setup_texts.hpp"
#include "daemon/cli/words.hpp"
#include "daemon/settings/yaml.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

constexpr int exit_configuration = 78;

constexpr const char* usage =
    "usage: hameau setup [--json] [--state DIR]\n"
    "       hameau setup --unattended FILE [--json] [--state DIR]\n"
    "       hameau setup --host NAME [--state DIR]\n"
    "Shows how a new house is set up from a browser: addresses, a one-time link, a code to type, a QR code. The link and the\n"
    "code last 24 hours; a later call shows them again, or new ones. The code works from the house's own network only.\n"
    "--unattended FILE: sets the house up from a file, and waits until it runs; a second time changes nothing. FILE holds\n"
    "    version: 1\n"
    "    house: {name: The Village House, host: house.example.org, language: en}\n"
    "    admin: {login: annick, name: Annick Riou, password_file: annick.txt}   # \"-\": standard input\n"
    "    association: {slug: friends, name: Friends of the Village, domains: [friends.example.org]}\n"
    "--host NAME: gives a house that has its accounts, but no host name, one. Later it is changed in hameau.yaml.\n";

/// "AB:CD:...": SHA-256 over the first certificate of the file (RFC 7468), as browsers show it. Empty when it cannot be read.
std::string fingerprint_of(const std::string& file) {
    const std::string text = read_file(file, 65536).value_or("");
    constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
    const std::size_t from = text.find(begin);
    const std::size_t to = text.find("-----END CERTIFICATE-----");
    if (from == std::string::npos || to == std::string::npos || to < from) {
        return {};
    }
    const std::string body = text.substr(from + begin.size(), to - from - begin.size());
    std::string der(body.size(), '\0');
    std::size_t size = 0;
    if (::sodium_base642bin(reinterpret_cast<unsigned char*>(der.data()), der.size(), body.data(), body.size(), "\r\n", &size, nullptr,
                            sodium_base64_VARIANT_ORIGINAL) != 0) {
        return {};
    }
    unsigned char hash[crypto_hash_sha256_BYTES];
    ::crypto_hash_sha256(hash, reinterpret_cast<const unsigned char*>(der.data()), size);
    std::string out;
    for (const unsigned char byte : hash) {
        char pair[4];
        std::snprintf(pair, sizeof pair, "%02X", byte);
        out.append(out.empty() ? "" : ":").append(pair);
    }
    return out;
}

/// Two rows of modules a line, black on white whatever the terminal's colours, with the quiet zone of four modules (ISO/IEC 18004).
std::string qr_text(const std::string& link) {
    QRcode* code = ::QRcode_encodeString8bit(link.c_str(), 0, QR_ECLEVEL_L);
    if (code == nullptr) {
        return {};
    }
    constexpr int quiet = 4;
    const auto dark = [code](int x, int y) {
        return x >= 0 && y >= 0 && x < code->width && y < code->width && (code->data[y * code->width + x] & 1) != 0;
    };
    std::string out;
    for (int y = -quiet; y < code->width + quiet; y += 2) {
        out += "  \033[30;107m";
        for (int x = -quiet; x < code->width + quiet; ++x) {
            const bool upper = dark(x, y);
            const bool lower = dark(x, y + 1);
            out += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
        }
        out += "\033[0m\n";
    }
    ::QRcode_free(code);
    return out;
}

Result<json::object> ask_state(const Client& client) {
    auto answer = client.call("POST", "/api/v1/setup/secret");
    if (!answer) {
        return fail(answer.error());
    }
    if (!answer->good()) {
        return fail(ErrorKind::unavailable, answer->problem());
    }
    return answer->object();
}

bool flag(const json::object& object, const char* key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_bool() && value->as_bool();
}

SetupFacts facts_of(const json::object& state, const std::string& folder) {
    SetupFacts facts;
    facts.needed = flag(state, "needed");
    facts.host_needed = flag(state, "host_needed");
    facts.host = text_of(state, "host");
    facts.code = text_of(state, "code");
    facts.expires = text_of(state, "expires");
    facts.fingerprint = fingerprint_of(folder + "/tls/default.pem");
    const std::int64_t port = number_of(state, "https_port");
    std::vector<std::string> places = facts.needed ? local_addresses() : std::vector<std::string>();
    if (!facts.host.empty()) {
        places.insert(places.begin(), facts.host);
    }
    for (const std::string& place : places) {
        facts.links.push_back(setup_address(place, port) + "#" + text_of(state, "token"));
    }
    return facts;
}

void print_json(const SetupFacts& facts) {
    json::object out;
    out["needed"] = facts.needed;
    out["host_needed"] = facts.host_needed;
    out["host"] = facts.host;
    out["links"] = json::value_from(facts.needed ? facts.links : std::vector<std::string>());
    out["code"] = facts.code;
    out["expires"] = facts.expires;
    out["fingerprint"] = facts.fingerprint;
    std::printf("%s\n", json::serialize(out).c_str());
}

bool has_utf8_terminal() {
    std::setlocale(LC_CTYPE, "");
    return ::isatty(STDOUT_FILENO) != 0 && std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
}

int show(const Client& client, bool as_json) {
    const auto state = ask_state(client);
    if (!state) {
        return report(state.error());
    }
    const SetupFacts facts = facts_of(*state, client.state());
    if (as_json) {
        print_json(facts);
        return 0;
    }
    std::fputs(setup_text(facts, setup_speaks_english()).c_str(), stdout);
    if (facts.needed && !facts.links.empty() && has_utf8_terminal()) {
        std::fputs(qr_text(facts.links.front()).c_str(), stdout);
    }
    return 0;
}

/// Whether the probes of mail pass: Postfix and Dovecot are "ready" as soon as they are started.
bool mail_answers(const json::object& status) {
    for (const json::value& entry : status.at("services").as_array()) {
        const json::value* checks = entry.as_object().if_contains("checks");
        if (text_of(entry.as_object(), "name") != "mail" || checks == nullptr || !checks->is_array()) {
            continue;
        }
        for (const json::value& item : checks->as_array()) {
            const std::string name = text_of(item.as_object(), "name");
            if ((name == "postfix" || name == "dovecot") && !flag(item.as_object(), "passed")) {
                return false;
            }
        }
    }
    return true;
}

/// Whether everything runs under the host name: who asked is told only then. Calls fail meanwhile, as every process restarts.
bool is_settled(const Client& client, const std::string& host) {
    const auto state = ask_state(client);
    if (!state || text_of(*state, "host") != host) {
        return false;
    }
    const auto status = client.call("GET", "/admin/status");
    if (!status || !status->good()) {
        return false;
    }
    const json::object document = status->object();
    bool engine_fails = false;
    for (const json::value& entry : document.at("processes").as_array()) {
        const std::string now = text_of(entry.as_object(), "state");
        if (now == "starting" || now == "stopping") {
            return false;
        }
        engine_fails = engine_fails || (now == "failing" && text_of(entry.as_object(), "kind") == "engine");
    }
    return engine_fails || mail_answers(document);  // one that fails would be waited for in vain: hameau status says why
}

int wait_settled(const Client& client, const std::string& host) {
    const std::int64_t end = now_ms() + settle_ms_max;
    while (!is_settled(client, host)) {
        if (now_ms() > end) {
            std::fprintf(stderr, "hameau setup: the house has its name, but does not run under it yet; see hameau status\n");
            return exit_unavailable;
        }
        ::poll(nullptr, 0, settle_nap_ms);
    }
    return 0;
}

int give_host(const Client& client, const std::string& host) {
    const json::value body = json::object{{"host", host}};
    const auto answer = client.call("POST", "/api/v1/setup/host", &body);
    if (!answer) {
        return report(answer.error());
    }
    if (!answer->good()) {
        std::fprintf(stderr, "hameau setup: %s\n", answer->problem().c_str());
        return exit_data;
    }
    return wait_settled(client, host);
}

int make_house(const Client& client, const SetupFile& file, const json::object& state, const std::string& path) {
    const auto password = read_setup_password(file, path);
    if (!password) {
        std::fprintf(stderr, "hameau setup: %s\n", password.error().message.c_str());
        return exit_no_input;
    }
    json::object association{{"slug", file.slug}, {"name", file.association}, {"domains", json::value_from(file.domains)}};
    const json::value body = json::object{{"token", text_of(state, "token")}, {"house", file.house}, {"host", file.host},
                                          {"language", file.language}, {"login", file.login}, {"name", file.name},
                                          {"password", std::string(password->reveal())}, {"association", std::move(association)}};
    const auto answer = client.call("POST", "/api/v1/setup", &body);
    if (!answer) {
        return report(answer.error());
    }
    if (!answer->good()) {
        std::fprintf(stderr, "hameau setup: %s\nNothing was changed.\n", answer->problem().c_str());
        return exit_data;
    }
    return 0;
}

/// A second time, and after a run that was cut off: what is there already must be what the file says.
int compare_house(const Client& client, const SetupFile& file, const json::object& state) {
    const auto there = client.call("GET", "/api/v1/associations/" + segment(file.slug));
    if (!there) {
        return report(there.error());
    }
    const std::string host = text_of(state, "host");
    if (!there->good() || (!host.empty() && host != file.host)) {
        std::fprintf(stderr, "hameau setup: the house is set up already, and not as the file says (%s). Nothing was changed.\n",
                     there->good() ? ("its host name is " + host).c_str() : ("it has no association " + file.slug).c_str());
        return exit_data;
    }
    return flag(state, "host_needed") ? give_host(client, file.host) : 0;
}

int unattended(const Client& client, const std::string& path, bool as_json) {
    const auto text = read_file(path, yaml_bytes_max);
    if (!text) {
        std::fprintf(stderr, "hameau setup: %s\n", text.error().message.c_str());
        return exit_no_input;
    }
    const auto file = read_setup_file(path, *text);
    if (!file) {
        std::fputs(file.error().message.c_str(), stderr);
        return exit_configuration;
    }
    const auto state = ask_state(client);
    if (!state) {
        return report(state.error());
    }
    const bool needed = flag(*state, "needed");
    int code = needed ? make_house(client, *file, *state, path) : compare_house(client, *file, *state);
    code = code == 0 ? wait_settled(client, file->host) : code;
    if (code == 0 && as_json) {
        json::object out{{"changed", needed || flag(*state, "host_needed")}, {"host", file->host}};
        std::printf("%s\n", json::serialize(out).c_str());
    } else if (code == 0) {
        std::printf("%s: https://%s/\n", needed ? "set up" : "was set up already; nothing was changed", file->host.c_str());
    }
    return code;
}

} // namespace

int setup_command(std::span<char*> arguments) {
    constexpr Option options[] = {{"--unattended"}, {"--host"}};
    const auto words = read_words("setup", arguments, options);
    if (!words || words->help || !words->plain.empty() || (words->has("--unattended") && words->has("--host"))) {
        std::fputs(usage, words && words->help ? stdout : stderr);
        return words && words->help ? 0 : exit_usage;
    }
    const Client client(words->state);
    if (const auto file = words->value("--unattended")) {
        return unattended(client, *file, words->json);
    }
    if (const auto host = words->value("--host")) {
        return give_host(client, *host);
    }
    return show(client, words->json);
}

} // namespace hameau::cli
