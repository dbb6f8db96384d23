// Fields that several calls share: an address of the association, where its mail goes, room.
#include <algorithm>

#include "modules/mail/mail_module.hpp"
#include "modules/support/outside_address.hpp"
#include "modules/support/validators.hpp"

namespace hameau::mail {

std::string Mail::read_address(JsonFields& fields, const Association& association, Kind kind, const std::string& present) {
    const std::size_t errors_before = fields.errors().size();
    const std::string address = present.empty() ? fields.address("address") : fields.optional_address("address").value_or(present);
    if (fields.errors().size() > errors_before) {
        return {};
    }
    if (address == present) {
        return address;
    }
    const std::string local(local_of(address));
    if (kind == Kind::mailbox && is_reserved_local(local)) {
        Parameters parameters;
        parameters.emplace_back("local", local);
        fields.refuse_field("address", "reserved", std::move(parameters));
    } else if (!(kind == Kind::mailbox ? is_mailbox_local(local) : is_alias_local(local))) {
        fields.refuse_field("address", kind == Kind::mailbox ? "mailbox_local" : "alias_local");
    }
    std::string domains;
    bool ours = false;
    for (const std::string& domain : association.domains) {
        ours = ours || domain == domain_of(address);
        domains += (domains.empty() ? "" : ", ") + domain;
    }
    if (ours && domain_holds_.holds(domain_of(address), association.slug, association.domains)) {
        fields.refuse_field("address", "domain_moving");
    } else if (!ours) {
        Parameters parameters;
        parameters.emplace_back("domains", domains);
        fields.refuse_field("address", domains.empty() ? "no_domain" : "domain", std::move(parameters));
    }
    return address;
}

std::optional<std::vector<std::string>> Mail::read_targets(JsonFields& fields, std::string_view name, const std::string& start,
                                                           std::size_t count_max) {
    Length length;
    length.most = address_bytes_max;
    const auto typed = fields.optional_texts(name, count_max, length);
    if (!typed) {
        return std::nullopt;
    }
    std::vector<std::string> targets;
    for (const std::string& text : *typed) {
        auto target = outside_address(text);
        if (!target) {
            fields.refuse_field(name, "field.address");
            continue;
        }
        const bool ours = !store_->owner_of_domain(domain_of(*target)).empty();
        target = store_->as_kept(std::move(*target));
        Parameters parameters;
        parameters.emplace_back("address", *target);
        const std::string base = without_tag(*target);
        const bool exists = !ours || base == start || is_reserved_local(local_of(base)) || store_->receives(base) ||
                            store_->receives(*target);
        const bool loops = store_->loop(start, {*target}).has_value() && !start.empty();
        if (!exists || (ours && !loops && !store_->leads_somewhere(*target))) {
            fields.refuse_field(name, exists ? "leads_nowhere" : "unknown_here", std::move(parameters));
        } else if (const auto sender = store_->loop(start, {*target}); sender && !start.empty()) {
            parameters.emplace_back("start", start);
            fields.refuse_field(name, "loop", std::move(parameters));
        } else if (std::none_of(targets.begin(), targets.end(), [&target](const std::string& one) { return ascii_lower(one) == ascii_lower(*target); })) {
            targets.push_back(std::move(*target));
        }
    }
    return targets;
}

std::optional<std::uint64_t> Mail::read_quota(JsonFields& fields, const Association& association) {
    const auto quota = fields.optional_size("quota");
    const std::uint64_t most = association.quota_bytes > 0 ? association.quota_bytes : quota_bytes_max;
    if (quota && (*quota < quota_bytes_min || *quota > most)) {
        Parameters parameters;
        parameters.emplace_back("min", size_text(quota_bytes_min));
        parameters.emplace_back("max", size_text(most));
        fields.refuse_field("quota", "space_range", std::move(parameters));
    }
    return quota;
}

std::optional<Response> Mail::refuse_taken(const Request& request, const std::string& address) {
    return refuse_taken(request, address, store_->holder(address));
}

std::optional<Response> Mail::refuse_taken(const Request& request, const std::string& address, Holder holder) {
    Parameters parameters;
    parameters.emplace_back("address", address);
    switch (holder) {
    case Holder::mailbox:
        return say(request, 409, "taken_mailbox", parameters);
    case Holder::alias:
        return say(request, 409, "taken_alias", parameters);
    case Holder::group:
        return say(request, 409, "taken_group", parameters);
    case Holder::reserved:
        return say(request, 409, "taken_reserved", parameters);
    case Holder::bin:
        return say(request, 409, "taken_bin", parameters);
    case Holder::nobody:
        break;
    }
    return std::nullopt;
}

} // namespace hameau::mail
