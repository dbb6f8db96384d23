// Reading declared content strictly: unknown keys, double names and wrong values are all said at once.
#include "daemon/cli/content.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <set>
#include <span>

#include "daemon/base/domain_letters.hpp"
#include "daemon/base/text.hpp"
#include "daemon/settings/values.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

using Keys = std::span<const std::string_view>;

bool is_slug(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

bool is_address(std::string_view text) {
    const std::size_t at = text.rfind('@');
    return at != std::string_view::npos && at > 0 && at <= 64 && text.size() <= 254 &&
           text.find_first_of(" \t\r\n<>(),;:\"\\") == std::string_view::npos && parse_host_name(text.substr(at + 1)).has_value();
}

/// The keys of one map, read one by one; what was not read is unknown.
class Fields {
public:
    Fields(const YamlNode& node, std::string_view what, Keys known, Diagnostics& diagnostics)
        : node_(node), what_(what), diagnostics_(diagnostics) {
        if (node.kind != YamlNode::Kind::map) {
            diagnostics.add(node.position, std::string(what) + ": a map was expected");
            return;
        }
        for (const YamlEntry& entry : node.entries) {
            if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
                diagnostics.add(entry.position, unknown_word(std::string(what) + ": the key", entry.key, known));
            }
        }
    }

    const YamlNode* find(std::string_view key) const {
        const YamlNode* found = node_.find(key);
        return found == nullptr || found->kind == YamlNode::Kind::null ? nullptr : found;
    }
    void wrong(const YamlNode& node, std::string_view key, std::string_view message) const {
        diagnostics_.add(node.position, what_ + ": " + std::string(key) + ": " + std::string(message));
    }
    std::string text(std::string_view key, std::string_view otherwise = {}, std::size_t most = 200) const {
        const YamlNode* found = find(key);
        if (found == nullptr) {
            return std::string(otherwise);
        }
        if (found->kind != YamlNode::Kind::scalar || found->text.empty() || found->text.size() > most * 4 ||
            found->text.find_first_of("\n\r\t") != std::string::npos) {
            wrong(*found, key, "one line of text was expected");
            return std::string(otherwise);
        }
        return found->text;
    }
    std::string required(std::string_view key, std::string_view example) const {
        if (find(key) == nullptr) {
            diagnostics_.add(node_.position, what_ + ": " + std::string(key) + " is missing, such as " + std::string(key) + ": " + std::string(example));
            return {};
        }
        return text(key);
    }
    std::string slug(std::string_view key, std::string_view example) const {
        std::string value = required(key, example);
        if (!value.empty() && !is_slug(value)) {
            wrong(*find(key), key, "a-z, 0-9 and \"-\", at most 64 characters");
        }
        return value;
    }
    std::string address(std::string_view key) const {
        std::string value = address_as_kept(ascii_lower(text(key)));
        if (!value.empty() && !is_address(value)) {
            wrong(*find(key), key, "\"" + value + "\" is not an address");
        }
        return value;
    }
    /// An address that may be elsewhere: what stands before the "@" is for the other server to read.
    std::string outside_address(std::string_view key) const {
        std::string value = text(key);
        const std::size_t at = value.rfind('@');
        value = at == std::string::npos ? value : value.substr(0, at) + address_as_kept(ascii_lower(value.substr(at)));
        if (!value.empty() && !is_address(value)) {
            wrong(*find(key), key, "\"" + value + "\" is not an address");
        }
        return value;
    }
    bool boolean(std::string_view key, bool otherwise) const {
        const YamlNode* found = find(key);
        if (found == nullptr) {
            return otherwise;
        }
        const Setting shape{key, SettingType::boolean, "", ""};
        const auto value = canonical_value(shape, found->kind == YamlNode::Kind::scalar ? found->text : "");
        if (!value) {
            wrong(*found, key, "true or false was expected");
            return otherwise;
        }
        return *value == "true";
    }
    std::string choice(std::string_view key, std::string_view choices, std::string_view otherwise) const {
        const YamlNode* found = find(key);
        if (found == nullptr) {
            return std::string(otherwise);
        }
        const Setting shape{key, SettingType::choice, "", "", choices};
        const auto value = canonical_value(shape, found->kind == YamlNode::Kind::scalar ? found->text : "");
        if (!value) {
            wrong(*found, key, value.error().message);
            return std::string(otherwise);
        }
        return *value;
    }
    void size_into(json::object& form, std::string_view key) const {
        if (const YamlNode* found = find(key)) {
            const auto bytes = parse_size(found->kind == YamlNode::Kind::scalar ? found->text : "");
            if (bytes) {
                form[key] = *bytes;
            } else {
                wrong(*found, key, bytes.error().message);
            }
        }
    }
    /// Addresses that mail goes on to: the part before the "@" is the other server's, and keeps its capitals.
    json::array targets(std::string_view key, std::string_view expected) const {
        json::array out = texts(key, is_address, expected, false);
        for (json::value& item : out) {
            const std::string typed(item.as_string());
            const std::size_t at = typed.rfind('@');
            item = typed.substr(0, at + 1) + domain_as_kept(typed.substr(at + 1));
        }
        return out;
    }
    json::array texts(std::string_view key, bool (*valid)(std::string_view), std::string_view expected, bool lower = true, bool names = true) const {
        json::array out;
        const YamlNode* found = find(key);
        if (found == nullptr) {
            return out;
        }
        if (found->kind != YamlNode::Kind::sequence) {
            wrong(*found, key, "a list was expected, such as [" + std::string(expected) + "]");
            return out;
        }
        for (const YamlNode& item : found->items) {
            const std::string cased = lower ? ascii_lower(item.text) : item.text;
            const std::string value = names ? address_as_kept(cased) : cased;
            if (item.kind != YamlNode::Kind::scalar || !valid(ascii_lower(value))) {
                wrong(item, key, "\"" + item.text.substr(0, 80) + "\" is not like " + std::string(expected));
            } else {
                out.emplace_back(value);
            }
        }
        return out;
    }
    Position position() const { return node_.position; }

private:
    const YamlNode& node_;
    std::string what_;
    Diagnostics& diagnostics_;
};

bool is_host(std::string_view text) { return parse_host_name(text).has_value() && text.find('.') != std::string_view::npos; }
bool is_login(std::string_view text) {
    return !text.empty() && text.size() <= 64 && text.find_first_of(" @:/\t") == std::string_view::npos;
}

class ContentReader {
public:
    ContentReader(const std::string& folder, Diagnostics& diagnostics) : folder_(folder), diagnostics_(diagnostics) {}

    std::vector<Resource> read(const YamlNode& root) {
        constexpr std::array<std::string_view, 2> keys = {"version", "associations"};
        const Fields fields(root, "the file", keys, diagnostics_);
        if (root.kind != YamlNode::Kind::map) {
            return {};
        }
        if (const YamlNode* version = fields.find("version"); version == nullptr || version->text != "1") {
            diagnostics_.add(version == nullptr ? root.position : version->position, "version: 1 was expected");
        }
        for_each(fields, "associations", [this](const YamlNode& node) { read_association(node); });
        std::vector<Resource> all;
        for (auto& list : lists_) {
            std::move(list.begin(), list.end(), std::back_inserter(all));
        }
        return all;
    }

private:
    template <class Read>
    void for_each(const Fields& fields, std::string_view key, Read read) {
        const YamlNode* list = fields.find(key);
        if (list == nullptr) {
            return;
        }
        if (list->kind != YamlNode::Kind::sequence) {
            fields.wrong(*list, key, "a list was expected (lines that begin with \"- \")");
            return;
        }
        for (const YamlNode& item : list->items) {
            read(item);
        }
    }

    void add(Resource resource) {
        // Logins, addresses and hosts are unique in the house; slugs of groups and pads in their association.
        if (!resource.id.empty() && !names_.insert(resource.name()).second) {
            diagnostics_.add(resource.position, in_letters(resource.name()) + " is declared twice");
            return;
        }
        lists_[static_cast<std::size_t>(resource.kind)].push_back(std::move(resource));
    }

    Resource start(ResourceKind kind, const Fields& fields, std::string id) const {
        Resource resource;
        resource.kind = kind;
        resource.position = fields.position();
        resource.association = slug_;
        resource.id = std::move(id);
        return resource;
    }

    void read_association(const YamlNode& node) {
        constexpr std::array<std::string_view, 9> keys = {"slug", "name", "domains", "quota", "members", "groups", "aliases", "sites", "pads"};
        const Fields fields(node, "association", keys, diagnostics_);
        if (node.kind != YamlNode::Kind::map) {
            return;
        }
        slug_ = fields.slug("slug", "amis");
        Resource resource = start(ResourceKind::association, fields, slug_);
        resource.form["slug"] = slug_;
        resource.form["name"] = fields.text("name", slug_);
        resource.form["domains"] = fields.texts("domains", is_host, "amis.example.org");
        fields.size_into(resource.form, "quota");
        add(std::move(resource));
        for_each(fields, "members", [this](const YamlNode& item) { read_member(item); });
        for_each(fields, "groups", [this](const YamlNode& item) { read_group(item); });
        for_each(fields, "aliases", [this](const YamlNode& item) { read_alias(item); });
        for_each(fields, "sites", [this](const YamlNode& item) { read_site(item); });
        for_each(fields, "pads", [this](const YamlNode& item) { read_pad(item); });
    }

    void read_member(const YamlNode& node) {
        constexpr std::array<std::string_view, 11> keys = {"login", "name",    "role",    "password",  "invite",  "mailbox",
                                                           "quota", "forward", "contact", "mailboxes", "disabled"};
        const Fields fields(node, "member", keys, diagnostics_);
        if (node.kind != YamlNode::Kind::map) {
            return;
        }
        Resource member = start(ResourceKind::member, fields, ascii_lower(fields.required("login", "marie")));
        if (!member.id.empty() && !is_login(member.id)) {
            fields.wrong(*fields.find("login"), "login", "letters, digits, \".\", \"-\" and \"_\" were expected");
        }
        member.form["login"] = member.id;
        member.form["name"] = fields.text("name", member.id);
        member.form["role"] = fields.choice("role", "member|manager|admin", "member");
        member.password = fields.text("password", {}, 1000);
        member.invite = fields.boolean("invite", false);
        if (!member.password.empty() && member.invite) {
            fields.wrong(*fields.find("invite"), "invite", "a member has either a password or an invitation");
        }
        if (fields.find("disabled") != nullptr) {
            member.form["disabled"] = fields.boolean("disabled", false);
        }
        if (const std::string contact = fields.outside_address("contact"); !contact.empty()) {
            member.form["contact"] = contact;
        }
        const std::string address = fields.address("mailbox");
        if (!address.empty()) {
            member.form["mailbox"] = address;
            Resource mailbox = start(ResourceKind::mailbox, fields, address);
            mailbox.form["address"] = address;
            mailbox.form["login"] = member.id;
            fields.size_into(mailbox.form, "quota");
            if (fields.find("forward") != nullptr) {
                mailbox.form["forward"] = fields.targets("forward", "marie@elsewhere.example");
            }
            add(std::move(mailbox));
        } else {
            for (const std::string_view key : {"quota", "forward"}) {
                if (const YamlNode* alone = fields.find(key)) {
                    fields.wrong(*alone, key, "only a member with a mailbox has one");
                }
            }
        }
        for_each(fields, "mailboxes", [this, &member](const YamlNode& item) { read_further_mailbox(item, member.id); });
        add(std::move(member));
    }

    /// Beyond the member's first: `mailboxes: [{address: ..., quota: ..., forward: [...]}]`.
    void read_further_mailbox(const YamlNode& node, const std::string& login) {
        constexpr std::array<std::string_view, 3> keys = {"address", "quota", "forward"};
        const Fields fields(node, "mailbox", keys, diagnostics_);
        if (node.kind != YamlNode::Kind::map) {
            return;
        }
        (void)fields.required("address", "marie@amis.example.org");
        Resource mailbox = start(ResourceKind::mailbox, fields, fields.address("address"));
        mailbox.form["address"] = mailbox.id;
        mailbox.form["login"] = login;
        fields.size_into(mailbox.form, "quota");
        if (fields.find("forward") != nullptr) {
            mailbox.form["forward"] = fields.targets("forward", "marie@elsewhere.example");
        }
        add(std::move(mailbox));
    }

    void read_group(const YamlNode& node) {
        constexpr std::array<std::string_view, 6> keys = {"slug", "name", "members", "outside", "address", "may_send"};
        const Fields fields(node, "group", keys, diagnostics_);
        if (node.kind != YamlNode::Kind::map) {
            return;
        }
        Resource group = start(ResourceKind::group, fields, fields.slug("slug", "bureau"));
        group.form["slug"] = group.id;
        group.form["name"] = fields.text("name", group.id);
        group.form["members"] = fields.texts("members", is_login, "marie", true, false);
        group.form["outside"] = fields.targets("outside", "ami@elsewhere.example");
        if (const std::string address = fields.address("address"); !address.empty()) {
            group.form["address"] = address;
        }
        group.form["may_send"] = fields.boolean("may_send", false);
        add(std::move(group));
    }

    void read_alias(const YamlNode& node) {
        constexpr std::array<std::string_view, 3> keys = {"address", "to", "may_send"};
        const Fields fields(node, "alias", keys, diagnostics_);
        if (node.kind != YamlNode::Kind::map) {
            return;
        }
        (void)fields.required("address", "contact@amis.example.org");
        Resource alias = start(ResourceKind::alias, fields, fields.address("address"));
        alias.form["address"] = alias.id;
        alias.form["to"] = fields.targets("to", "marie@amis.example.org");
        alias.form["may_send"] = fields.boolean("may_send", false);
        add(std::move(alias));
    }

    void read_site(const YamlNode& node) {
        constexpr std::array<std::string_view, 3> keys = {"host", "source", "anyway"};
        const Fields fields(node, "site", keys, diagnostics_);
        if (node.kind != YamlNode::Kind::map) {
            return;
        }
        const std::string host = domain_as_kept(fields.required("host", "amis.example.org"));
        if (!host.empty() && !is_host(host)) {
            fields.wrong(*fields.find("host"), "host", "\"" + host + "\" is not a host name");
        }
        Resource site = start(ResourceKind::site, fields, host);
        site.form["host"] = host;
        site.anyway = fields.boolean("anyway", false);
        if (const std::string source = fields.text("source", {}, 1000); !source.empty()) {
            site.source = (std::filesystem::path(folder_) / source).lexically_normal().string();
            std::error_code failed;
            if (!std::filesystem::exists(site.source, failed)) {
                fields.wrong(*fields.find("source"), "source", "there is no " + site.source);
            }
        }
        add(std::move(site));
    }

    void read_pad(const YamlNode& node) {
        constexpr std::array<std::string_view, 5> keys = {"slug", "title", "template", "language", "access"};
        const Fields fields(node, "pad", keys, diagnostics_);
        if (node.kind != YamlNode::Kind::map) {
            return;
        }
        Resource pad = start(ResourceKind::pad, fields, fields.slug("slug", "minutes"));
        pad.form["slug"] = pad.id;
        pad.form["title"] = fields.text("title", pad.id);
        if (const std::string wanted = fields.choice("template", "minutes|agenda|attendance", ""); !wanted.empty()) {
            pad.form["template"] = wanted;
        }
        if (const std::string language = fields.choice("language", "fr|en", ""); !language.empty()) {
            pad.form["language"] = language;
        }
        json::object access{{"members", "write"}, {"link", "none"}};
        if (const YamlNode* map = fields.find("access")) {
            constexpr std::array<std::string_view, 3> who = {"members", "link", "people"};
            const Fields rights(*map, "access", who, diagnostics_);
            if (map->kind == YamlNode::Kind::map) {
                access["members"] = rights.choice("members", "none|read|write", "write");
                access["link"] = rights.choice("link", "none|read|write", "none");
                if (rights.find("people") != nullptr) {
                    access["people"] = rights.texts("people", is_login, "marie", true, false);
                }
            }
        }
        pad.form["access"] = std::move(access);
        add(std::move(pad));
    }

    std::string folder_;
    Diagnostics& diagnostics_;
    std::string slug_;
    std::set<std::string> names_;
    std::array<std::vector<Resource>, 7> lists_;
};

} // namespace

std::string_view to_text(ResourceKind kind) {
    constexpr std::array<std::string_view, 7> words = {"association", "member", "mailbox", "group", "alias", "site", "pad"};
    return words[static_cast<std::size_t>(kind)];
}

std::string Resource::name() const {
    const bool alone = kind == ResourceKind::association || kind == ResourceKind::mailbox || kind == ResourceKind::alias ||
                       kind == ResourceKind::site;
    return std::string(to_text(kind)) + " " + (alone ? id : association + "/" + id);
}

std::vector<Resource> read_content(const YamlNode& root, const std::string& folder, Diagnostics& diagnostics) {
    return ContentReader(folder, diagnostics).read(root);
}

} // namespace hameau::cli
