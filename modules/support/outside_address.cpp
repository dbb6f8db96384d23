// The rules of what an address is are those of normalise_address().
#include "modules/support/outside_address.hpp"

#include "modules/support/validators.hpp"

namespace hameau {

std::optional<std::string> outside_address(std::string_view typed) {
    auto lower = normalise_address(typed);
    if (!lower) {
        return std::nullopt;
    }
    const std::size_t at = typed.find('@');
    return std::string(typed.substr(0, at)) + lower->substr(at);
}

} // namespace hameau
