// Old names to new ones, in each document of an archive.
#include "daemon/cli/archive_names.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

std::string named(const std::map<std::string, std::string, std::less<>>& names, std::string_view name) {
    const auto found = names.find(name);
    return found == names.end() ? std::string(name) : found->second;
}

/// Applies `change` to a text or to each text of a list.
template <class Change>
void change_field(json::object& object, std::string_view key, const Change& change) {
    json::value* value = object.if_contains(key);
    if (value != nullptr && value->is_string()) {
        *value = change(std::string_view(value->as_string()));
    } else if (value != nullptr && value->is_array()) {
        for (json::value& item : value->as_array()) {
            item = item.is_string() ? json::value(change(std::string_view(item.as_string()))) : item;
        }
    }
}

template <class Change>
void change_each(json::object& document, std::string_view list, const Change& change) {
    json::value* value = document.if_contains(list);
    if (value != nullptr && value->is_array()) {
        for (json::value& item : value->as_array()) {
            if (item.is_object()) {
                change(item.as_object());
            }
        }
    }
}

} // namespace

std::string ArchiveNames::domain(std::string_view name) const { return named(domains, name); }

std::string ArchiveNames::login(std::string_view name) const { return named(logins, name); }

std::string ArchiveNames::host(std::string_view name) const {
    // The longest domain that the name is at or below.
    for (std::string_view rest = name; !rest.empty();) {
        if (const auto found = domains.find(rest); found != domains.end()) {
            return std::string(name.substr(0, name.size() - rest.size())) + found->second;
        }
        const std::size_t dot = rest.find('.');
        rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
    }
    return std::string(name);
}

std::string ArchiveNames::address(std::string_view address) const {
    const std::size_t at = address.rfind('@');
    return at == std::string_view::npos ? std::string(address) : std::string(address.substr(0, at + 1)) + domain(address.substr(at + 1));
}

json::object ArchiveNames::people(json::object document) const {
    const auto to_address = [this](std::string_view text) { return address(text); };
    const auto to_login = [this](std::string_view text) { return login(text); };
    document["slug"] = slug;
    change_field(document, "domains", [this](std::string_view text) { return domain(text); });
    change_each(document, "members", [&](json::object& member) {
        change_field(member, "login", to_login);
        change_field(member, "contact", to_address);
        change_field(member, "mailbox", to_address);
    });
    change_each(document, "groups", [&](json::object& group) {
        change_field(group, "members", to_login);
        change_field(group, "address", to_address);
        change_field(group, "outside", to_address);
    });
    return document;
}

json::object ArchiveNames::addresses(json::object document) const {
    const auto to_address = [this](std::string_view text) { return address(text); };
    change_each(document, "mailboxes", [&](json::object& box) {
        change_field(box, "address", to_address);
        change_field(box, "login", [this](std::string_view text) { return login(text); });
        change_field(box, "forward", to_address);
        json::object states;
        if (const json::value* before = box.if_contains("forward_states"); before != nullptr && before->is_object()) {
            for (const auto& state : before->as_object()) {
                states[address(state.key())] = state.value();
            }
        }
        box["forward_states"] = std::move(states);
    });
    change_each(document, "aliases", [&](json::object& alias) {
        change_field(alias, "address", to_address);
        change_field(alias, "to", to_address);
    });
    return document;
}

json::object ArchiveNames::pad(json::object document) const {
    if (json::value* access = document.if_contains("access"); access != nullptr && access->is_object()) {
        change_field(access->as_object(), "people", [this](std::string_view text) { return login(text); });
    }
    return document;
}

} // namespace hameau::cli
