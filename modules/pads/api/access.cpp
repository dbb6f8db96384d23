// Who may do what with a pad, by membership, chosen people and link. Called before every call and every WebSocket.
#include "modules/pads/api/access.hpp"

#include <algorithm>

namespace hameau::pads {

std::string_view to_text(Permission permission) {
    switch (permission) {
    case Permission::write:
        return "write";
    case Permission::read:
        return "read";
    case Permission::none:
        break;
    }
    return "none";
}

std::optional<Permission> permission_from(std::string_view text) {
    for (const Permission permission : {Permission::none, Permission::read, Permission::write}) {
        if (to_text(permission) == text) {
            return permission;
        }
    }
    return std::nullopt;
}

bool may_manage(const Asker& asker) {
    // Who left the association loses what they made there.
    return asker.role == Role::manager || (asker.creator && asker.role != Role::none);
}

Permission permission_of(const Access& access, const Asker& asker) {
    if (may_manage(asker)) {
        return Permission::write;
    }
    const bool by_id = access.members_named.size() == access.people.size();
    const std::vector<std::string>& chosen = by_id ? access.members_named : access.people;
    const std::string& me = by_id ? asker.member : asker.login;
    const bool named = asker.role != Role::none && !me.empty() && std::find(chosen.begin(), chosen.end(), me) != chosen.end();
    if (named) {
        return Permission::write;
    }
    const Permission as_member = asker.role == Role::none ? Permission::none : access.members;
    const Permission by_key = asker.key_fits ? access.link : Permission::none;
    return std::max(as_member, by_key);
}

bool same_key(std::string_view given, std::string_view expected) {
    if (expected.empty() || given.size() != expected.size()) {
        return false;
    }
    unsigned difference = 0;
    for (std::size_t i = 0; i < given.size(); ++i) {
        difference |= static_cast<unsigned>(static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(expected[i]));
    }
    return difference == 0;
}

} // namespace hameau::pads
