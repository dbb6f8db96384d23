// What is answered when an image or a document was not taken.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/contract/module.hpp"
#include "modules/support/problem.hpp"

namespace hameau::pads {

/// For a body that was not heard to its end, or a helper that said nothing. `too_large`: the code for one of more than `limit` bytes.
Response say_not_converted(const Request& request, const Error& error, std::string_view too_large, std::uint64_t limit);
/// For a refusal of the helper, by its code.
Response say_refused(const Request& request, const std::string& code);

} // namespace hameau::pads
