// What people writes itself into an association's archive. Called by api_archive.cpp; reads nothing, writes nothing.
#include "modules/people/archive_texts.hpp"

#include <algorithm>

#include "daemon/base/domain_letters.hpp"
#include "daemon/base/io.hpp"
#include "modules/people/tar_zst.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";  // some spreadsheets take a table without it for Latin-1

constexpr std::string_view readme_french =
    R"(# {name}

Ce dossier contient tout ce que l’association « {name} » a dans la maison {house}, le {day}.
Chaque fichier s’ouvre avec un logiciel courant : rien n’est enfermé dans Hameau.

| où | quoi | s’ouvre avec |
| --- | --- | --- |
| people/members.csv | les membres | un tableur |
| mail/addresses.csv | les adresses, et où elles mènent | un tableur |
| mail/ADRESSE/Maildir | les messages de chaque boîte | Thunderbird (avec un module), mutt, Dovecot |
| mail/ADRESSE/sieve | les règles de tri de chaque boîte | un éditeur de texte |
| sites/NOM/NUMÉRO | chaque version gardée d’un site | un navigateur |
| pads/*.html, *.odt, *.md | les textes | un navigateur, un traitement de texte, un éditeur |
| pads/*.yjs, *.history.jsonl | les textes avec leur historique | tout outil qui lit Yjs |
| association.yaml | l’association entière, en un fichier | `hameau apply association.yaml` |
| people/association.json, hameau-archive.json | la même chose, pour un programme | |
| SHA256SUMS | pour vérifier que rien ne s’est abîmé | `sha256sum -c SHA256SUMS` |
| END | la dernière ligne : sans ce fichier, l’archive a été coupée | |

{messages}
{passwords}
{left_out}Gardez cette archive comme une clé : elle contient des données personnelles. Effacez-la quand elle ne sert plus.

Pour vérifier l’archive, ou la remettre dans une autre maison, demandez à la personne qui s’occupe du serveur.
)";

constexpr std::string_view readme_english =
    R"(# {name}

This folder holds everything that the association "{name}" has in the house {house}, on {day}.
Each file opens with a common program: nothing is locked into Hameau.

| where | what | opens with |
| --- | --- | --- |
| people/members.csv | the members | a spreadsheet |
| mail/addresses.csv | the addresses, and where they lead | a spreadsheet |
| mail/ADDRESS/Maildir | the messages of each mailbox | Thunderbird (with an add-on), mutt, Dovecot |
| mail/ADDRESS/sieve | the filter rules of each mailbox | a text editor |
| sites/NAME/NUMBER | each version of a site that is kept | a browser |
| pads/*.html, *.odt, *.md | the texts | a browser, a word processor, an editor |
| pads/*.yjs, *.history.jsonl | the texts with their history | any tool that reads Yjs |
| association.yaml | the whole association in one file | `hameau apply association.yaml` |
| people/association.json, hameau-archive.json | the same, for a program | |
| SHA256SUMS | to check that nothing was damaged | `sha256sum -c SHA256SUMS` |
| END | the last line: without this file the archive was cut | |

{messages}
{passwords}
{left_out}Keep this archive like a key: it holds personal data. Erase it when it is of no use any more.

To check the archive, or to bring it into another house, ask whoever looks after the server.
)";

struct Sentence {
    std::string_view french;
    std::string_view english;
};
constexpr Sentence all_messages{"Les messages de toutes les boîtes sont là.", "The messages of all mailboxes are there."};
constexpr Sentence my_messages{"Les messages de vos propres boîtes sont là. Ceux des autres membres leur appartiennent : chacun peut prendre les siens.",
                               "The messages of your own mailboxes are there. Those of the other members are theirs: each of them can take their own."};
constexpr Sentence no_messages{"Les messages des boîtes ne sont pas là : ils appartiennent à chaque membre.",
                               "The messages of the mailboxes are not there: they belong to each member."};
constexpr Sentence with_passwords{"Les empreintes des mots de passe sont là : cette archive est aussi secrète qu’une sauvegarde.",
                                  "The hashes of the passwords are there: this archive is as secret as a backup."};
constexpr Sentence without_passwords{"Aucun mot de passe n’est là : dans une autre maison, chaque membre en choisit un nouveau avec une invitation.",
                                     "No password is there: in another house, each member chooses a new one with an invitation."};
constexpr Sentence services_left_out{"Ces services étaient arrêtés, et rien d’eux n’est là : {services}.\n", "These services were off, and nothing of them is there: {services}.\n"};

std::string_view say(const Sentence& sentence, Language language) { return language == Language::english ? sentence.english : sentence.french; }

void fill(std::string& text, std::string_view name, std::string_view value) {
    const std::string sign = "{" + std::string(name) + "}";
    for (std::size_t at = text.find(sign); at != std::string::npos; at = text.find(sign, at + value.size())) {
        text.replace(at, sign.size(), value);
    }
}

std::string yaml_text(std::string_view text) { return json::serialize(json::value(json::string_view(text.data(), text.size()))); }

std::string text_of_field(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

const json::array& list_of_field(const json::object& object, std::string_view key) {
    static const json::array nothing;
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_array() ? value->as_array() : nothing;
}

std::string truth(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_bool() && value->as_bool() ? "true" : "false";
}

std::string number_of_field(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_number() ? std::to_string(value->to_number<std::int64_t>()) : "0";
}

/// The mailboxes of one member, the one that they sign in with first.
std::vector<const json::object*> boxes_of(const Member& member, const ArchiveIndexes& indexes) {
    std::vector<const json::object*> boxes;
    for (const json::value& value : list_of_field(indexes.addresses, "mailboxes")) {
        const json::object* box = value.if_object();
        if (box != nullptr && text_of_field(*box, "login") == member.person.login) {
            const bool first = text_of_field(*box, "address") == member.mailbox;
            boxes.insert(first ? boxes.begin() : boxes.end(), box);
        }
    }
    return boxes;
}

std::string room_and_copies(const json::object& box) {
    const std::string quota = number_of_field(box, "quota_bytes");
    const json::array& forward = list_of_field(box, "forward");
    return (quota == "0" ? std::string() : ", quota: " + quota) + (forward.empty() ? std::string() : ", forward: " + json::serialize(forward));
}

std::string member_line(const Member& member, const ArchiveIndexes& indexes) {
    const Person& person = member.person;
    std::string line = "login: " + yaml_text(person.login) + ", name: " + yaml_text(person.name) + ", role: " + std::string(to_text(member.role)) + ", invite: true";
    if (!person.contact.empty()) {
        line += ", contact: " + yaml_text(person.contact);
    }
    const auto boxes = boxes_of(member, indexes);
    std::string further;
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        const std::string address = yaml_text(text_of_field(*boxes[i], "address"));
        if (i == 0) {
            line += ", mailbox: " + address + room_and_copies(*boxes[i]);
        } else {
            further += (further.empty() ? "" : ", ") + ("{address: " + address) + room_and_copies(*boxes[i]) + "}";
        }
    }
    if (boxes.empty() && !member.mailbox.empty()) {
        line += ", mailbox: " + yaml_text(member.mailbox);
    }
    return further.empty() ? line : line + ", mailboxes: [" + further + "]";
}

std::string circle_line(const Circle& circle) {
    json::array logins;
    for (const auto& [id, login] : circle.members) {
        logins.emplace_back(login);
    }
    std::string line = "slug: " + yaml_text(circle.slug) + ", name: " + yaml_text(circle.name) + ", members: " + json::serialize(logins);
    if (!circle.outside.empty()) {
        line += ", outside: " + json::serialize(json::value_from(circle.outside));
    }
    if (!circle.address.empty()) {
        line += ", address: " + yaml_text(circle.address);
    }
    return line + ", may_send: " + (circle.may_send ? "true" : "false");
}

std::string alias_line(const json::object& alias) {
    return "address: " + yaml_text(text_of_field(alias, "address")) + ", to: " + json::serialize(list_of_field(alias, "to")) + ", may_send: " + truth(alias, "may_send");
}

std::string site_line(const json::object& site) {
    const std::string host = text_of_field(site, "host");
    const std::string live = number_of_field(site, "live");
    return "host: " + yaml_text(host) + (live == "0" ? std::string() : ", source: " + yaml_text("sites/" + host + "/" + live));
}

std::string pad_line(const json::object& pad) {
    std::string line = "slug: " + yaml_text(text_of_field(pad, "slug")) + ", title: " + yaml_text(text_of_field(pad, "title"));
    const json::value* access = pad.if_contains("access");
    if (access != nullptr && access->is_object()) {
        line += ", access: {members: " + text_of_field(access->as_object(), "members") + ", link: " + text_of_field(access->as_object(), "link") + "}";
    }
    return line;
}

void add_lines(std::string& out, std::string_view name, const std::vector<std::string>& lines) {
    if (!lines.empty()) {
        out.append("    ").append(name).append(":\n");
    }
    for (const std::string& line : lines) {
        out += "      - {" + line + "}\n";
    }
}

json::object member_of(const Member& member, bool passwords) {
    const Person& person = member.person;
    json::object item;
    item["id"] = person.id;
    item["login"] = person.login;
    item["name"] = person.name;
    item["role"] = to_text(member.role);
    item["contact"] = person.contact;
    item["mailbox"] = member.mailbox;
    item["disabled"] = person.disabled;
    item["password_hash"] = passwords ? person.password_hash : std::string();
    return item;
}

json::object circle_of(const Circle& circle) {
    json::object item;
    item["slug"] = circle.slug;
    item["name"] = circle.name;
    item["address"] = circle.address;
    item["may_send"] = circle.may_send;
    json::array logins;
    for (const auto& [id, login] : circle.members) {
        logins.emplace_back(login);
    }
    item["members"] = std::move(logins);
    item["outside"] = json::value_from(circle.outside);
    return item;
}

} // namespace

std::string table_field(std::string_view text) {
    // A spreadsheet must not take a name for a formula: these signs begin one, some programs skip blanks before them.
    std::string out = "\"";
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && std::string_view("=+-@").find(text[first]) != std::string_view::npos) {
        out += '\'';
    }
    for (const char c : text) {
        out += c;
        if (c == '"') {
            out += '"';
        }
    }
    return out += '"';
}

std::string archive_readme_name(Language language) { return language == Language::english ? "README.md" : "LISEZMOI.md"; }

std::string archive_readme(const ArchiveFacts& facts) {
    std::string text(facts.language == Language::english ? readme_english : readme_french);
    std::string services;
    for (const std::string& service : facts.left_out) {
        services += (services.empty() ? "" : ", ") + service;
    }
    std::string left_out(services.empty() ? std::string_view() : say(services_left_out, facts.language));
    fill(left_out, "services", services);
    fill(text, "left_out", left_out);
    fill(text, "messages", say(facts.messages == "all" ? all_messages : facts.messages == "mine" ? my_messages : no_messages, facts.language));
    fill(text, "passwords", say(facts.passwords ? with_passwords : without_passwords, facts.language));
    fill(text, "house", in_letters(facts.house));
    fill(text, "day", format_utc(facts.made_ms).substr(0, 10));
    fill(text, "name", facts.association.name);
    return text;
}

json::object archive_head(const ArchiveFacts& facts) {
    json::object out;
    out["format"] = archive_format;
    out["archive"] = new_id();
    out["association"] = facts.association.slug;
    out["name"] = facts.association.name;
    out["domains"] = json::value_from(facts.association.domains);
    out["house"] = facts.house;
    out["made"] = format_utc(facts.made_ms);
    out["messages"] = facts.messages;
    out["passwords"] = facts.passwords;
    out["left_out"] = json::value_from(facts.left_out);
    return out;
}

json::object archive_people(const ArchiveFacts& facts) {
    json::object out;
    out["version"] = 1;
    out["slug"] = facts.association.slug;
    out["name"] = facts.association.name;
    out["quota_bytes"] = facts.association.quota_bytes;
    out["domains"] = json::value_from(facts.association.domains);
    json::array members;
    for (const Member& member : facts.members) {
        members.push_back(member_of(member, facts.passwords));
    }
    out["members"] = std::move(members);
    json::array groups;
    for (const Circle& circle : facts.circles) {
        groups.push_back(circle_of(circle));
    }
    out["groups"] = std::move(groups);
    return out;
}

std::string archive_members_table(const ArchiveFacts& facts) {
    std::string out(utf8_mark);
    out += facts.language == Language::english ? "login,name,role,contact,mailbox,disabled\r\n" : "identifiant,nom,rôle,contact,boîte,bloqué\r\n";
    for (const Member& member : facts.members) {
        const Person& person = member.person;
        const std::string_view fields[] = {person.login, person.name, to_text(member.role), person.contact, member.mailbox, person.disabled ? "1" : ""};
        std::string line;
        for (const std::string_view field : fields) {
            line += (line.empty() ? "" : ",") + table_field(field);
        }
        out += line + "\r\n";
    }
    return out;
}

std::string archive_addresses_table(const ArchiveFacts& facts, const ArchiveIndexes& indexes) {
    const bool english = facts.language == Language::english;
    std::string out(utf8_mark);
    out += english ? "address,kind,leads to\r\n" : "adresse,sorte,mène à\r\n";
    const auto add = [&out](std::string_view address, std::string_view kind, const std::string& target) {
        out += table_field(address) + "," + table_field(kind) + "," + table_field(target) + "\r\n";
    };
    const auto joined = [](const json::array& list) {
        std::string text;
        for (const json::value& item : list) {
            text += item.is_string() ? (text.empty() ? "" : " ") + std::string(item.as_string()) : std::string();
        }
        return text;
    };
    for (const json::value& value : list_of_field(indexes.addresses, "mailboxes")) {
        const json::object& box = value.as_object();
        const std::string copies = joined(list_of_field(box, "forward"));
        add(text_of_field(box, "address"), english ? "mailbox" : "boîte", text_of_field(box, "login") + (copies.empty() ? "" : " " + copies));
    }
    for (const json::value& value : list_of_field(indexes.addresses, "aliases")) {
        add(text_of_field(value.as_object(), "address"), english ? "redirection" : "redirection", joined(list_of_field(value.as_object(), "to")));
    }
    for (const Circle& circle : facts.circles) {
        std::string people;
        for (const auto& [id, login] : circle.members) {
            people += (people.empty() ? "" : " ") + login;
        }
        for (const std::string& outside : circle.outside) {
            people += (people.empty() ? "" : " ") + outside;
        }
        if (!circle.address.empty()) {
            add(circle.address, english ? "group" : "groupe", people);
        }
    }
    return out;
}

std::string archive_yaml(const ArchiveFacts& facts, const ArchiveIndexes& indexes) {
    const Association& association = facts.association;
    std::string out = "# hameau apply association.yaml: the association as it is here, beside the unpacked archive.\nversion: 1\nassociations:\n";
    out += "  - slug: " + yaml_text(association.slug) + "\n    name: " + yaml_text(association.name) + "\n    domains: " +
           json::serialize(json::value_from(association.domains)) + "\n";
    if (association.quota_bytes != 0) {
        out += "    quota: " + std::to_string(association.quota_bytes) + "\n";
    }
    std::vector<std::string> lines;
    for (const Member& member : facts.members) {
        lines.push_back(member_line(member, indexes));
    }
    add_lines(out, "members", lines);
    lines.clear();
    for (const Circle& circle : facts.circles) {
        lines.push_back(circle_line(circle));
    }
    add_lines(out, "groups", lines);
    const auto add = [&out](std::string_view name, const auto& list, std::string (*line_of)(const json::object&)) {
        std::vector<std::string> made;
        for (const auto& value : list) {
            const json::object* object = nullptr;
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, json::object>) {
                object = &value;
            } else {
                object = value.if_object();
            }
            if (object != nullptr) {
                made.push_back(line_of(*object));
            }
        }
        add_lines(out, name, made);
    };
    add("aliases", list_of_field(indexes.addresses, "aliases"), alias_line);
    add("sites", list_of_field(indexes.sites, "sites"), site_line);
    add("pads", indexes.pads, pad_line);
    return out;
}

} // namespace hameau::people
