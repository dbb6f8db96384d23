// `hameau association|member|mailbox|alias|group|site|pad|module`: list, add, change, remove. Thin: each is one call of the API.
#include <array>
#include <cstdio>
#include <unistd.h>

#include "daemon/base/domain_letters.hpp"
#include "daemon/base/io.hpp"
#include "daemon/cli/client.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/site_publish.hpp"
#include "daemon/cli/site_source.hpp"
#include "daemon/cli/words.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

struct Column {
    std::string_view field;
    int width;
};

/// What is particular to a kind.
struct Kind {
    std::string_view name;
    std::string_view collection;
    std::string_view usage;
    std::array<Column, 6> columns;
};

constexpr std::array kinds = {
    Kind{"association", "",
         "  list [--bin]                   --bin: what was removed in the last 30 days\n"
         "  remove SLUG [--purge]          puts it in the bin for 30 days: its sites, texts and mail end, and who has no other\n"
         "      association cannot sign in; --purge: erases what is in the bin, with everything that belongs to it\n"
         "  restore SLUG                   takes it out of the bin, with all that it had\n",
         {Column{"slug", 20}, {"members", 8}, {"domains", 40}, {"name", 0}}},
    Kind{"member", "members",
         "  list ASSOCIATION [--bin]       --bin: who was removed in the last 30 days\n"
         "  add ASSOCIATION LOGIN NAME [--role member|manager|admin] [--mailbox ADDRESS] [--contact ADDRESS]\n"
         "      [--invite | --password-stdin]\n"
         "  change ASSOCIATION LOGIN [--role ROLE] [--name NAME] [--contact ADDRESS] [--mailbox ADDRESS]\n"
         "      [--disable | --enable]\n"
         "  invite ASSOCIATION LOGIN       makes a new invitation\n"
         "  remove ASSOCIATION LOGIN [--purge]   puts them in the bin for 30 days; --purge: erases who is in the bin\n"
         "  restore ASSOCIATION LOGIN [--login NEW]   takes them out of the bin, with their mailbox; --login: under another login\n",
         {Column{"login", 20}, {"role", 9}, {"state", 10}, {"name", 0}}},
    Kind{"mailbox", "mailboxes",
         "  list ASSOCIATION [--bin]       --bin: what was removed in the last 30 days\n"
         "  add ASSOCIATION ADDRESS LOGIN [--quota SIZE] [--forward ADDRESS,...]\n"
         "  change ASSOCIATION ADDRESS [--address NEW [--drop-old]] [--quota SIZE] [--forward ADDRESS,...]\n"
         "      --address: another name for the same mailbox; the old one leads to it, unless --drop-old\n"
         "      --forward: a copy of each message; to a mailbox in use it waits for its owner's agreement\n"
         "  remove ASSOCIATION ADDRESS [--purge]   puts it in the bin for 30 days; --purge: erases what is in the bin\n"
         "  restore ASSOCIATION ADDRESS    takes it out of the bin, with its messages\n",
         {Column{"address", 36}, {"login", 20}, {"used_bytes", 12}, {"quota_bytes", 12}, {"forward", 32}, {"forward_waiting", 0}}},
    Kind{"alias", "aliases",
         "  list ASSOCIATION\n"
         "  add ASSOCIATION ADDRESS TO,... [--may-send]\n"
         "  change ASSOCIATION ADDRESS [--address NEW] [--to ADDRESS,...] [--may-send=yes|no]\n"
         "      --address: another name for the same redirection; the old one is free\n"
         "  remove ASSOCIATION ADDRESS\n",
         {Column{"address", 36}, {"to", 40}, {"may_send", 0}, {"", 0}}},
    Kind{"group", "groups",
         "  list ASSOCIATION\n"
         "  add ASSOCIATION SLUG NAME [--members LOGIN,...] [--outside ADDRESS,...] [--address ADDRESS] [--may-send]\n"
         "  change ASSOCIATION SLUG [--name NAME] [--members LOGIN,...] [--outside ADDRESS,...] [--address ADDRESS]\n"
         "      [--may-send=yes|no]\n"
         "  remove ASSOCIATION SLUG\n",
         {Column{"slug", 20}, {"address", 32}, {"members", 32}, {"name", 0}}},
    Kind{"site", "sites",
         "  list ASSOCIATION [--bin]       --bin: what was removed in the last 30 days\n"
         "  add ASSOCIATION HOST\n"
         "  deploy HOST FOLDER|ARCHIVE [--anyway]   publishes a new version; --anyway: also without a home\n"
         "                                 page, or with wrong lines in _redirects or _headers\n"
         "  publish HOST FOLDER [--anyway]  the same, and sends only what the house lacks\n"
         "  versions HOST\n"
         "  live HOST NUMBER [--anyway]    shows this version\n"
         "  remove ASSOCIATION HOST [--purge]   puts it in the bin for 30 days; --purge: erases what is in the bin\n"
         "  restore ASSOCIATION HOST       takes it out of the bin\n",
         {Column{"host", 32}, {"live", 6}, {"files", 8}, {"bytes", 0}}},
    Kind{"pad", "pads",
         "  list ASSOCIATION\n"
         "  add ASSOCIATION SLUG TITLE [--template minutes|agenda|attendance] [--members none|read|write]\n"
         "      [--link none|read|write]\n"
         "  change ASSOCIATION SLUG [--title TITLE] [--members none|read|write] [--link none|read|write]\n"
         "  remove ASSOCIATION SLUG        puts it in the bin for 30 days\n",
         {Column{"slug", 20}, {"title", 36}, {"updated", 22}, {"updated_by", 0}}},
};

std::string cell(const json::object& item, std::string_view field) {
    const json::value* value = item.if_contains(field);
    if (value == nullptr || value->is_null()) {
        return "-";
    }
    if (value->is_string()) {
        return std::string(value->as_string());
    }
    if (value->is_array()) {
        std::string out;
        for (const json::value& entry : value->as_array()) {
            out += (out.empty() ? "" : ",") + (entry.is_string() ? std::string(entry.as_string()) : json::serialize(entry));
        }
        return out.empty() ? "-" : out;
    }
    return json::serialize(*value);
}

json::array words_of(std::string_view text) {
    json::array out;
    while (!text.empty()) {
        const std::size_t end = text.find(',');
        if (const std::string_view word = text.substr(0, end); !word.empty()) {
            out.emplace_back(json::string_view(word.data(), word.size()));
        }
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return out;
}

class Command {
public:
    Command(const Kind& kind, const Words& words) : kind_(kind), words_(words), client_(words.state) {}

    int run(std::string_view verb) {
        if (kind_.name == "association") {
            return association(verb);
        }
        if (verb == "list" && plain() == 1) {
            return list("/api/v1/associations/" + segment(word(0)) + "/" + std::string(kind_.collection) + (words_.has("--bin") ? "?bin=1" : ""), kind_.columns);
        }
        if (verb == "add") {
            return add();
        }
        if (verb == "change" && plain() == 2 && kind_.name != "site") {
            return with_item([this](const std::string& path) { return send("PATCH", path, changes()); });
        }
        if (verb == "remove" && plain() == 2) {
            return with_item([this](const std::string& path) { return send("DELETE", path + (words_.has("--purge") ? "?purge=1" : ""), {}); });
        }
        if (kind_.name == "member" && verb == "invite" && plain() == 2) {
            return with_item([this](const std::string& path) { return send("POST", path + "/invitation", {}); });
        }
        if (kind_.name == "member" && verb == "restore" && plain() == 2) {
            const auto login = words_.value("--login");
            return with_item([this, &login](const std::string& path) {
                return send("POST", path + "/restore" + (login ? "?login=" + segment(*login) : ""), {});
            });
        }
        if (verb == "restore" && plain() == 2 && (kind_.name == "site" || kind_.name == "mailbox")) {
            return with_item([this](const std::string& path) { return send("POST", path + "/restore", {}); });
        }
        if (kind_.name == "site") {
            return site(verb);
        }
        return usage(stderr);
    }

    int usage(std::FILE* out) const {
        std::fprintf(out, "usage: hameau %s COMMAND [--json] [--state DIR]\n%s", std::string(kind_.name).c_str(), std::string(kind_.usage).c_str());
        return out == stdout ? 0 : exit_usage;
    }

private:
    std::size_t plain() const { return words_.plain.size() - 1; }
    const std::string& word(std::size_t index) const { return words_.plain[index + 1]; }
    std::string collection() const { return "/api/v1/associations/" + segment(word(0)) + "/" + std::string(kind_.collection); }

    int list(const std::string& path, std::span<const Column> columns) {
        auto items = client_.list(path);
        if (!items) {
            return report(items.error());
        }
        if (words_.json) {
            std::printf("%s\n", json::serialize(*items).c_str());
            return 0;
        }
        for (const json::value& item : *items) {
            std::string line;
            for (const Column& column : columns) {
                if (column.field.empty()) {
                    continue;
                }
                std::string text = in_letters(cell(item.as_object(), column.field));
                if (column.width > 0 && text.size() < static_cast<std::size_t>(column.width)) {
                    text.resize(static_cast<std::size_t>(column.width), ' ');
                }
                line += (line.empty() ? "" : " ") + text;
            }
            std::printf("%s\n", line.c_str());
        }
        return 0;
    }

    int send(std::string_view method, const std::string& path, const json::object& body) {
        const json::value value = body;
        auto answer = client_.call(method, path, body.empty() ? nullptr : &value);
        return finish(answer);
    }

    int finish(const Result<Answer>& answer) {
        if (!answer) {
            return report(answer.error());
        }
        print_remarks(answer->object());
        if (!answer->good()) {
            std::fprintf(stderr, "hameau: %s\n", answer->problem().c_str());
            return answer->status == 404 ? exit_no_input : answer->status >= 500 ? exit_unavailable : exit_data;
        }
        if (words_.json && !answer->body.empty()) {
            std::printf("%s\n", answer->body.c_str());
            return 0;
        }
        const json::object made = answer->object();
        for (const auto& [key, text] : {std::pair{"forward_waiting", "waits for the agreement of"}, {"forward_ended", "was ended by"}}) {
            const std::string targets = cell(made, key);
            if (targets != "-") {
                std::printf("the copy to %s %s %s (on their page Courrier)\n", in_letters(targets).c_str(), text, cell(made, "login").c_str());
            }
        }
        const json::value* invitation = made.if_contains("invitation");
        const json::object* fields = invitation != nullptr ? invitation->if_object() : made.contains("code") && made.contains("url") ? &made : nullptr;
        if (fields != nullptr) {
            std::printf("invitation: %s\ncode: %s (until %s)\n", cell(*fields, "url").c_str(), cell(*fields, "code").c_str(), cell(*fields, "expires").c_str());
        } else if (made.contains("url")) {
            std::printf("%s\n", in_letters(cell(made, "url")).c_str());
        }
        return 0;
    }

    /// Pads are called by id or by association:slug.
    template <class Use>
    int with_item(Use use) {
        if (kind_.name == "pad") {
            return use("/api/v1/pads/" + segment(word(0) + ":" + word(1)));
        }
        if (kind_.name == "site") {
            return use("/api/v1/sites/" + segment(word(1)));
        }
        return use(collection() + "/" + segment(word(1)));
    }

    void put_text(json::object& body, std::string_view option, std::string_view field) const {
        if (const auto value = words_.value(option)) {
            body[field] = *value;
        }
    }
    void put_list(json::object& body, std::string_view option, std::string_view field) const {
        if (const auto value = words_.value(option)) {
            body[field] = words_of(*value);
        }
    }

    /// The options that stand for fields.
    json::object changes() const {
        json::object body;
        for (const auto& [option, field] : {std::pair{"--role", "role"}, {"--name", "name"}, {"--contact", "contact"}, {"--mailbox", "mailbox"},
                                            {"--quota", "quota"}, {"--address", "address"}, {"--title", "title"}, {"--template", "template"}}) {
            put_text(body, option, field);
        }
        put_list(body, "--forward", "forward");
        put_list(body, "--to", "to");
        put_list(body, "--outside", "outside");
        if (kind_.name == "group") {
            put_list(body, "--members", "members");
        }
        if (words_.has("--disable") || words_.has("--enable")) {
            body["disabled"] = words_.has("--disable");
        }
        if (words_.has("--drop-old")) {
            body["keep_old"] = false;
        }
        if (const auto value = words_.value("--may-send")) {
            body["may_send"] = value->empty() || *value == "yes" || *value == "true";
        }
        if (kind_.name == "pad" && (words_.has("--members") || words_.has("--link"))) {
            json::object access;
            put_text(access, "--members", "members");
            put_text(access, "--link", "link");
            body["access"] = std::move(access);
        }
        return body;
    }

    int association(std::string_view verb) {
        const std::string all = "/api/v1/associations";
        if (verb == "list" && plain() == 0) {
            constexpr std::array binned = {Column{"slug", 20}, Column{"gone", 22}, Column{"members", 8}, Column{"behind", 16}, Column{"name", 0}};
            return words_.has("--bin") ? list(all + "?bin=1", binned) : list(all, kind_.columns);
        }
        if (verb == "remove" && plain() == 1) {
            return send("DELETE", all + "/" + segment(word(0)) + (words_.has("--purge") ? "?purge=1" : ""), {});
        }
        if (verb == "restore" && plain() == 1) {
            return send("POST", all + "/" + segment(word(0)) + "/restore", {});
        }
        return usage(stderr);
    }

    int add() {
        json::object body = changes();
        const std::size_t wanted = kind_.name == "site" ? 2 : 3;
        if (plain() != wanted) {
            return usage(stderr);
        }
        if (kind_.name == "member") {
            body["login"] = word(1);
            body["name"] = word(2);
            if (words_.has("--password-stdin")) {
                auto typed = read_all(STDIN_FILENO, 4096);
                if (!typed) {
                    return report(typed.error());
                }
                body["password"] = typed->substr(0, typed->find_first_of("\r\n"));
            } else {
                body["invite"] = words_.has("--invite");
            }
        } else if (kind_.name == "mailbox") {
            body["address"] = word(1);
            body["login"] = word(2);
        } else if (kind_.name == "alias") {
            body["address"] = word(1);
            body["to"] = words_of(word(2));
        } else if (kind_.name == "group") {
            body["slug"] = word(1);
            body["name"] = word(2);
            if (!body.contains("members")) {
                body["members"] = json::array{};
            }
        } else if (kind_.name == "site") {
            body["host"] = word(1);
        } else {
            body["slug"] = word(1);
            body["title"] = word(2);
        }
        return send("POST", collection(), body);
    }

    /// What the house remarks (files of a version, addresses that are not free any more): one line each, on standard error.
    static void print_remarks(const json::object& report) {
        const json::value* warnings = report.if_contains("warnings");
        for (std::size_t i = 0; warnings != nullptr && warnings->is_array() && i < warnings->as_array().size(); ++i) {
            std::fprintf(stderr, "%s\n", cell(json::object{{"text", warnings->as_array()[i]}}, "text").c_str());
        }
        if (is_doubt(report)) {
            std::fputs("With --anyway it is published all the same.\n", stderr);
        }
    }

    int site(std::string_view verb) {
        if (verb == "versions" && plain() == 1) {
            constexpr std::array columns = {Column{"number", 6}, Column{"live", 6}, Column{"created", 22}, Column{"by", 16}, Column{"files", 8}, Column{"bytes", 0}};
            return list("/api/v1/sites/" + segment(word(0)) + "/deploys", columns);
        }
        if (verb == "live" && plain() == 2) {
            return send("POST", "/api/v1/sites/" + segment(word(0)) + "/live" + (words_.has("--anyway") ? "?anyway=1" : ""), json::object{{"number", std::atoll(word(1).c_str())}});
        }
        if (verb == "publish" && plain() == 2) {
            PublishOrder order;
            order.host = word(0);
            order.folder = word(1);
            order.anyway = words_.has("--anyway");
            return finish(publish_site(client_, order));
        }
        if (verb == "deploy" && plain() == 2) {
            auto packed = pack_source(word(1));
            if (!packed) {
                return report(packed.error());
            }
            for (const std::string& note : packed->notes) {
                std::fprintf(stderr, "%s\n", note.c_str());
            }
            Upload upload;
            upload.fd = packed->fd.get();
            upload.size_bytes = packed->size_bytes;
            upload.type = packed->type;
            const std::string_view query = words_.has("--anyway") ? "?anyway=1" : "";
            return finish(client_.upload("/api/v1/sites/" + segment(word(0)) + "/deploys" + std::string(query), upload));
        }
        return usage(stderr);
    }

    const Kind& kind_;
    const Words& words_;
    Client client_;
};

int module_command(const Words& words) {
    if (words.plain.size() != 1 || words.plain.front() != "list") {
        std::fputs("usage: hameau module list [--json] [--state DIR]\nModules of your own: see modules/examples/README.md.\n", stderr);
        return exit_usage;
    }
    auto answer = Client(words.state).call("GET", "/admin/status");
    if (!answer) {
        return report(answer.error());
    }
    const json::object status = answer->object();
    json::array modules;
    const json::value* processes = status.if_contains("processes");
    if (processes == nullptr || !processes->is_array()) {
        return exit_unavailable;
    }
    for (const json::value& entry : processes->as_array()) {
        const json::object& process = entry.as_object();
        const std::string name = cell(process, "name");
        bool service = cell(process, "kind") == "external";
        for (const json::value& known : status.at("services").as_array()) {
            service = service || cell(known.as_object(), "name") == name;
        }
        if (service) {
            modules.push_back(json::object{{"name", name}, {"state", cell(process, "state")}, {"kind", cell(process, "kind") == "external" ? "external" : "built-in"}});
        }
    }
    if (words.json) {
        std::printf("%s\n", json::serialize(modules).c_str());
        return 0;
    }
    for (const json::value& module : modules) {
        std::printf("%-16s %-10s %s\n", cell(module.as_object(), "name").c_str(), cell(module.as_object(), "state").c_str(), cell(module.as_object(), "kind").c_str());
    }
    return 0;
}

} // namespace

int resource_command(std::string_view name, std::span<char*> arguments) {
    constexpr std::array options = {
        Option{"--role"},    Option{"--name"},    Option{"--contact"}, Option{"--mailbox"},  Option{"--quota"},
        Option{"--address"}, Option{"--title"},   Option{"--template"}, Option{"--forward"}, Option{"--to"},
        Option{"--login"},
        Option{"--outside"}, Option{"--members"}, Option{"--link"},    Option{"--disable", false}, Option{"--enable", false},
        Option{"--anyway", false}, Option{"--bin", false}, Option{"--purge", false}, Option{"--invite", false}, Option{"--password-stdin", false},
        Option{"--may-send", false}, Option{"--drop-old", false},
    };
    const auto words = read_words(name, arguments, options);
    if (!words) {
        return exit_usage;
    }
    if (name == "module" && !words->help) {
        return module_command(*words);
    }
    for (const Kind& kind : kinds) {
        if (kind.name == name) {
            Command command(kind, *words);
            return words->help || words->plain.empty() ? command.usage(words->help ? stdout : stderr) : command.run(words->plain.front());
        }
    }
    std::fputs("usage: hameau module list [--json] [--state DIR]\n", stdout);
    return 0;
}

} // namespace hameau::cli
