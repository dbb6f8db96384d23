// What `hameau apply` compares before it sends anything: the declared resource with the one that is there. Called by apply.cpp; sends nothing.
#include "daemon/cli/apply_compare.hpp"

#include <algorithm>
#include <set>

#include "daemon/cli/client.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

bool same_list(const json::value& a, const json::value& b) {
    std::multiset<std::string> left;
    std::multiset<std::string> right;
    for (const json::value& item : a.as_array()) {
        left.insert(json::serialize(item));
    }
    for (const json::value& item : b.as_array()) {
        right.insert(json::serialize(item));
    }
    return left == right;
}

bool has_domain(const json::object& form, const json::value& domain) {
    const json::value* list = form.if_contains("domains");
    return list != nullptr && list->is_array() &&
           std::find(list->as_array().begin(), list->as_array().end(), domain) != list->as_array().end();
}

} // namespace

bool same_value(const json::value& declared, const json::value& present) {
    if (declared.is_array() && present.is_array()) {
        return same_list(declared, present);
    }
    if (declared.is_object() && present.is_object()) {
        return std::all_of(declared.as_object().begin(), declared.as_object().end(), [&](const auto& field) {
            const json::value* other = present.as_object().if_contains(field.key());
            return other != nullptr && same_value(field.value(), *other);
        });
    }
    if (declared.is_number() && present.is_number()) {
        return declared.to_number<double>() == present.to_number<double>();
    }
    return declared == present;
}

std::map<std::string, std::string> moving_domains(const Resource& resource, const std::vector<Resource>& resources,
                                                  const std::map<std::string, json::object>& associations) {
    std::map<std::string, std::string> moving;
    const json::value* wanted = resource.kind == ResourceKind::association ? resource.form.if_contains("domains") : nullptr;
    if (wanted == nullptr || !wanted->is_array()) {
        return moving;
    }
    for (const json::value& domain : wanted->as_array()) {
        for (const Resource& other : resources) {
            const auto owner = associations.find(other.id);
            const bool gives = other.kind == ResourceKind::association && other.id != resource.id && owner != associations.end() &&
                               has_domain(owner->second, domain) && !has_domain(other.form, domain);
            if (gives) {
                moving[std::string(domain.as_string())] = other.id;
            }
        }
    }
    return moving;
}

bool is_earlier_address(const json::object& item) {
    const json::value* former = item.if_contains("former");
    return former != nullptr && former->is_bool() && former->as_bool();
}

std::optional<json::object> newest_of_login(const json::array& bin, std::string_view login) {
    std::optional<json::object> newest;
    for (const json::value& item : bin) {
        if (!item.is_object() || text_of(item.get_object(), "login") != login) {
            continue;
        }
        // "2027-01-15T08:00:00Z": in the order of time.
        if (!newest || text_of(*newest, "deleted") < text_of(item.get_object(), "deleted")) {
            newest = item.get_object();
        }
    }
    return newest;
}

} // namespace hameau::cli
