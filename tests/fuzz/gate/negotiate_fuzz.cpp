// What visitors wish, of any bytes: a choice is always one of what was offered, a range always lies in the file.
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/gate/addresses.hpp"
#include "daemon/gate/negotiate.hpp"
#include "daemon/gate/session_cache.hpp"

using namespace hameau::gate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::uint64_t file_bytes = data[0] * std::uint64_t{data[1]};
    const std::vector<std::string_view> offered = {"br", "zstd", "gzip", "identity"};
    const auto chosen = choose_encoding(text, (data[0] & 1) != 0, offered);
    bool good = !chosen || *chosen < offered.size();
    const RangeChoice ranges = choose_ranges(text, file_bytes);
    std::uint64_t total = 0;
    for (const ByteRange& range : ranges.ranges) {
        good = good && range.first <= range.last && range.last < file_bytes;
        total += range.size();
    }
    good = good && total <= file_bytes && ranges.ranges.size() <= ranges_max;
    good = good && (ranges.verdict == RangeVerdict::part) == !ranges.ranges.empty();
    if (const auto date = parse_http_date(text)) {
        const std::string again = format_http_date(*date);
        good = good && (again.size() != 29 || parse_http_date(again) == *date);
    }
    (void)matches_etag(text, "\"abc\"", (data[1] & 1) != 0);
    const std::string_view language = choose_language(text);
    good = good && (language == "fr" || language == "en");
    (void)Networks(text).contain(Address{});
    if (const auto session = parse_session(text)) {
        good = good && (*session)->roles.find_first_of("\r\n") == std::string::npos &&
               (*session)->name.find_first_of("\r\n ") == std::string::npos && !(*session)->member.empty();
    }
    if (!good) {
        __builtin_trap();
    }
    return 0;
}
