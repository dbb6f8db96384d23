// A password that is being set: taken out of the body in the one form in which passwords are kept.
// Called by every handler that sets one (set-up, invitation, members, recovery, change); checking one is secrets.hpp.
#pragma once

#include "daemon/base/secret.hpp"
#include "modules/support/json_fields.hpp"

namespace hameau::people {

/// Empty, and one error in `fields`, when it is missing (and `required`), too short, too long, or holds what no password
/// may hold. The length is that of the normal form.
Secret new_password(JsonFields& fields, std::string_view name, Length length, bool required);

} // namespace hameau::people
