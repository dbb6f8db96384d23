// What `hameau mail check` tells the person at the terminal beside the house's own sentences, in French and English.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hameau::cli {

/// "right" -> "juste". A state that this version does not know stays as it is.
std::string record_state(std::string_view state, bool english);
std::string no_such_domain(const std::string& domain, bool english);
/// `at`: empty when nobody looked yet.
std::string looked_at(const std::string& at, const std::string& servers, bool english);
std::string record_to_write(bool at_provider, bool english);
/// `known`: every record could be judged. Else zero does not mean that all is well.
std::string records_to_do(std::int64_t count, bool known, bool english);

} // namespace hameau::cli
