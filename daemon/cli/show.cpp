// `hameau show`: the present content as a file for apply, sorted, so that two houses with the same content print the same.
// Passwords and files of sites are not in it.
#include <algorithm>
#include <array>
#include <cstdio>

#include "daemon/base/domain_letters.hpp"
#include "daemon/base/text.hpp"
#include "daemon/cli/client.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/words.hpp"
#include "daemon/settings/values.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

/// A scalar of YAML, in quotes unless it is a plain word.
std::string scalar(std::string_view text) {
    const bool plain = !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@/+") == std::string_view::npos &&
                       ((text.front() >= 'a' && text.front() <= 'z') || (text.front() >= 'A' && text.front() <= 'Z'));
    constexpr std::array<std::string_view, 9> words = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
    const std::string lower = ascii_lower(text);
    if (plain && std::find(words.begin(), words.end(), lower) == words.end()) {
        return std::string(text);
    }
    return json::serialize(json::value(json::string_view(text.data(), text.size())));
}

std::string list_of(const json::object& object, std::string_view key) {
    std::vector<std::string> words;
    if (const json::value* value = object.if_contains(key); value != nullptr && value->is_array()) {
        for (const json::value& item : value->as_array()) {
            if (item.is_string()) {
                words.push_back(scalar(std::string_view(item.as_string())));
            }
        }
    }
    if (key != "domains") {
        std::sort(words.begin(), words.end());
    }
    std::string out = "[";
    for (const std::string& word : words) {
        out += (out.size() > 1 ? ", " : "") + word;
    }
    return out + "]";
}

class Show {
public:
    explicit Show(const Client& client) : client_(client) {}

    Status run() {
        auto associations = client_.list("/api/v1/associations");
        if (!associations) {
            return fail(associations.error());
        }
        out_ = "version: 1\nassociations:";
        out_ += associations->empty() ? " []\n" : "\n";
        for (const json::value& item : *associations) {
            if (auto done = association(item.as_object()); !done) {
                return done;
            }
        }
        return {};
    }
    const std::string& text() const { return out_; }

private:
    /// The items of one collection, sorted by `id`; none when the service is switched off.
    Result<json::array> list(const std::string& slug, std::string_view collection, std::string_view id) {
        const std::string path = "/api/v1/associations/" + segment(slug) + "/" + std::string(collection);
        auto items = client_.list(path);
        if (!items && items.error().kind == ErrorKind::closed) {
            return json::array{};
        }
        if (items) {
            std::sort(items->begin(), items->end(), [id](const json::value& a, const json::value& b) {
                return text_of(a.as_object(), id) < text_of(b.as_object(), id);
            });
        }
        return items;
    }

    Status association(const json::object& item) {
        const std::string slug = text_of(item, "slug");
        out_ += "  - slug: " + scalar(slug) + "\n    name: " + scalar(text_of(item, "name")) + "\n    domains: " + list_of(item, "domains") + "\n";
        if (const std::int64_t quota = number_of(item, "quota_bytes"); quota != 0) {
            out_ += "    quota: " + format_size(quota) + "\n";
        }
        if (auto done = members(slug); !done) {
            return done;
        }
        using Line = std::string (*)(const json::object&);
        struct Part {
            std::string_view collection;
            std::string_view name;
            std::string_view id;
            Line line;
        };
        constexpr std::array<Part, 4> parts = {Part{"groups", "groups", "slug", &Show::group}, Part{"aliases", "aliases", "address", &Show::alias},
                                               Part{"sites", "sites", "host", &Show::site}, Part{"pads", "pads", "slug", &Show::pad}};
        for (const Part& part : parts) {
            auto items = list(slug, part.collection, part.id);
            if (!items) {
                return fail(items.error());
            }
            if (!items->empty()) {
                out_ += "    " + std::string(part.name) + ":\n";
            }
            for (const json::value& entry : *items) {
                out_ += "      - {" + part.line(entry.as_object()) + "}\n";
            }
        }
        return {};
    }

    Status members(const std::string& slug) {
        auto people = list(slug, "members", "login");
        auto boxes = people ? list(slug, "mailboxes", "address") : Result<json::array>(json::array{});
        if (!people || !boxes) {
            return fail(people ? boxes.error() : people.error());
        }
        if (!people->empty()) {
            out_ += "    members:\n";
        }
        for (const json::value& entry : *people) {
            const json::object& member = entry.as_object();
            const std::string login = text_of(member, "login");
            std::string line = "login: " + scalar(login) + ", name: " + scalar(text_of(member, "name")) + ", role: " + text_of(member, "role");
            const json::object* box = first_box(*boxes, login, text_of(member, "mailbox"));
            const std::string address = box != nullptr ? text_of(*box, "address") : text_of(member, "mailbox");
            if (!address.empty()) {
                line += ", mailbox: " + scalar(address);
            }
            if (box != nullptr) {
                line += room_and_copies(*box);
            }
            std::string further;
            for (const json::value& other : *boxes) {
                if (&other.as_object() != box && text_of(other.as_object(), "login") == login) {
                    further += (further.empty() ? "" : ", ") + ("{address: " + scalar(text_of(other.as_object(), "address"))) +
                               room_and_copies(other.as_object()) + "}";
                }
            }
            if (!further.empty()) {
                line += ", mailboxes: [" + further + "]";
            }
            if (const std::string contact = text_of(member, "contact"); !contact.empty()) {
                line += ", contact: " + scalar(contact);
            }
            if (boolean(member, "disabled") == "true") {
                line += ", disabled: true";
            }
            out_ += "      - {" + line + "}" + (box == nullptr ? std::string() : answers(*box)) + "\n";
        }
        name_boxes_of_others(*people, *boxes);
        return {};
    }

    static std::string room_and_copies(const json::object& box) {
        const std::int64_t quota = number_of(box, "quota_bytes");
        std::string out = quota != 0 ? ", quota: " + format_size(quota) : std::string();
        return list_of(box, "forward") == "[]" ? out : out + ", forward: " + list_of(box, "forward");
    }

    /// Mailboxes of people who left are kept, and no line of the file can say them: they are comments.
    void name_boxes_of_others(const json::array& people, const json::array& boxes) {
        for (const json::value& entry : boxes) {
            const std::string login = text_of(entry.as_object(), "login");
            const bool here = std::any_of(people.begin(), people.end(), [&login](const json::value& one) { return text_of(one.as_object(), "login") == login; });
            if (!here) {
                out_ += "      # " + text_of(entry.as_object(), "address") + ": a mailbox of " + login + ", who is not a member any more\n";
            }
        }
    }

    /// What the owner of a mailbox has not agreed to, as a comment.
    static std::string answers(const json::object& box) {
        std::string out;
        for (const auto& [key, text] : {std::pair{"forward_waiting", "waits for this person's agreement"}, {"forward_ended", "ended by this person"}}) {
            if (const json::value* targets = box.if_contains(key); targets != nullptr && targets->is_array() && !targets->as_array().empty()) {
                out += (out.empty() ? "  # forward " : "; ") + list_of(box, key) + " " + text;
            }
        }
        return out;
    }

    /// The mailbox that is the member's sign-in address, else the first of theirs.
    static const json::object* first_box(const json::array& boxes, std::string_view login, std::string_view preferred) {
        const json::object* found = nullptr;
        for (const json::value& entry : boxes) {
            const json::object& box = entry.as_object();
            if (text_of(box, "login") == login && (found == nullptr || text_of(box, "address") == preferred)) {
                found = &box;
            }
        }
        return found;
    }

    static std::string boolean(const json::object& item, std::string_view key) {
        const json::value* value = item.if_contains(key);
        return value != nullptr && value->is_bool() && value->as_bool() ? "true" : "false";
    }
    static std::string group(const json::object& item) {
        std::string line = "slug: " + scalar(text_of(item, "slug")) + ", name: " + scalar(text_of(item, "name")) + ", members: " + list_of(item, "members");
        if (list_of(item, "outside") != "[]") {
            line += ", outside: " + list_of(item, "outside");
        }
        if (const std::string address = text_of(item, "address"); !address.empty()) {
            line += ", address: " + scalar(address);
        }
        return line + ", may_send: " + boolean(item, "may_send");
    }
    static std::string alias(const json::object& item) {
        return "address: " + scalar(text_of(item, "address")) + ", to: " + list_of(item, "to") + ", may_send: " + boolean(item, "may_send");
    }
    static std::string site(const json::object& item) { return "host: " + scalar(text_of(item, "host")); }
    static std::string pad(const json::object& item) {
        const json::value* access = item.if_contains("access");
        std::string line = "slug: " + scalar(text_of(item, "slug")) + ", title: " + scalar(text_of(item, "title"));
        if (access != nullptr && access->is_object()) {
            const json::object& rights = access->as_object();
            const std::string people = rights.contains("people") && list_of(rights, "people") != "[]" ? ", people: " + list_of(rights, "people") : "";
            line += ", access: {members: " + text_of(rights, "members") + ", link: " + text_of(rights, "link") + people + "}";
        }
        return line;
    }

    const Client& client_;
    std::string out_;
};

/// One line an association: what its one quota is, and who takes how much of it. Bytes.
Status print_usage(const Client& client, bool as_json) {
    const auto associations = client.list("/api/v1/associations");
    if (!associations) {
        return fail(associations.error());
    }
    json::array lines;
    for (const json::value& item : *associations) {
        const std::string slug = text_of(item.as_object(), "slug");
        const auto answer = client.call("GET", "/api/v1/associations/" + segment(slug) + "/usage");
        if (!answer) {
            return fail(answer.error());
        }
        if (!answer->good()) {
            return fail(ErrorKind::unavailable, answer->problem());
        }
        json::object line = answer->object();
        line["association"] = slug;
        lines.push_back(std::move(line));
    }
    if (as_json) {
        std::printf("%s\n", json::serialize(lines).c_str());
        return {};
    }
    std::printf("%-24s %14s %14s  %s\n", "ASSOCIATION", "USED", "QUOTA", "OF IT");
    for (const json::value& line : lines) {
        const json::object& one = line.as_object();
        const std::int64_t quota = number_of(one, "quota_bytes");
        std::string parts;
        for (const json::value& service : one.at("services").as_array()) {
            parts += text_of(service.as_object(), "name") + " " + std::to_string(number_of(service.as_object(), "bytes")) + "  ";
        }
        if (const std::int64_t warning = number_of(one, "warning_percent"); warning != 0) {
            parts += "(over " + std::to_string(warning) + " %)";
        }
        std::printf("%-24s %14lld %14s  %s\n", text_of(one, "association").c_str(), static_cast<long long>(number_of(one, "used_bytes")),
                    quota == 0 ? "none" : std::to_string(quota).c_str(), parts.c_str());
    }
    return {};
}

} // namespace

int show_command(std::span<char*> arguments) {
    constexpr std::array options = {Option{"--usage", false}};
    const auto words = read_words("show", arguments, options);
    if (!words) {
        return exit_usage;
    }
    if (words->help || !words->plain.empty()) {
        std::fputs("usage: hameau show [--usage [--json]] [--state DIR]\nPrints the present content as a file for `hameau apply`. Passwords, texts of pads and files of\n"
                   "sites are not in it. --usage: instead, what each association takes of its quota, in bytes.\n", words->help ? stdout : stderr);
        return words->help ? 0 : exit_usage;
    }
    const Client client(words->state);
    if (words->has("--usage")) {
        const auto printed = print_usage(client, words->json);
        return printed ? 0 : report(printed.error());
    }
    Show show(client);
    if (auto done = show.run(); !done) {
        return report(done.error());
    }
    std::fputs(in_letters(show.text()).c_str(), stdout);
    return 0;
}

} // namespace hameau::cli
