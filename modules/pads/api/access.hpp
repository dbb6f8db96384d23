// Who may do what with a pad. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/contract/module.hpp"

namespace hameau::pads {

/// In ascending order.
enum class Permission { none, read, write };

std::string_view to_text(Permission permission);
std::optional<Permission> permission_from(std::string_view text);

struct Access {
    Permission members = Permission::write;
    Permission link = Permission::none;
    /// Logins that may write though the members may not; then members and link are none.
    std::vector<std::string> people;
    /// Beside each of them the id of the member who is meant; `nobody` when nobody had the login. Empty while nobody has said
    /// who they are: then the logins count (pads of before ids were kept).
    std::vector<std::string> members_named = {};
};
inline constexpr std::string_view nobody = "-";

/// Who asks, as far as access goes. It outlives the request: an open connection keeps it.
struct Asker {
    std::string member;      ///< empty: not signed in
    std::string login;
    Role role = Role::none;  ///< in the pad's association
    bool creator = false;
    bool key_fits = false;   ///< brought this pad's link key
};

/// What the asker may do with the content.
Permission permission_of(const Access& access, const Asker& asker);
/// Who may change access, renew the link, delete and restore.
bool may_manage(const Asker& asker);

/// Constant time in the content, for keys.
bool same_key(std::string_view given, std::string_view expected);

} // namespace hameau::pads
