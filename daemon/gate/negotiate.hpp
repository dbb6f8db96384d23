// What a visitor asks of a file: encoding, freshness, parts, language. Pure (RFC 9110 §8.8, §12.5, §13, §14).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/gate/limits.hpp"

namespace hameau::gate {

/// The weight of one encoding in Accept-Encoding in thousandths (RFC 9110 §12.5.3); `identity` counts unless forbidden.
int encoding_weight(std::string_view accept_encoding, bool has_field, std::string_view encoding);
/// The index of the best of `offered` (in the server's order of preference), or nothing when all are forbidden.
std::optional<std::size_t> choose_encoding(std::string_view accept_encoding, bool has_field,
                                           const std::vector<std::string_view>& offered);

/// If-None-Match or If-Match: whether a list (or "*") holds the tag; weak comparison ignores W/.
bool matches_etag(std::string_view list, std::string_view etag, bool weak);
/// "Sun, 06 Nov 1994 08:49:37 GMT" and the two obsolete forms' first: seconds since 1970, or nothing.
std::optional<std::int64_t> parse_http_date(std::string_view text);
std::string format_http_date(std::int64_t seconds);

struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;  ///< included
    std::uint64_t size() const { return last - first + 1; }
};
enum class RangeVerdict { whole, part, unsatisfiable };
struct RangeChoice {
    RangeVerdict verdict = RangeVerdict::whole;
    std::vector<ByteRange> ranges;
};
/// At most ranges_max ranges that together hold no more than the file: else the whole file (RFC 9110 §14.2, §17.15).
RangeChoice choose_ranges(std::string_view range, std::uint64_t size);

/// "fr" unless Accept-Language prefers English.
std::string_view choose_language(std::string_view accept_language);

} // namespace hameau::gate
