// OldResults: the Authentication-Results fields that a message brings along. Those in our name are taken out (RFC 8601 §5), whoever hands
// the message in and whether it is judged or not: readers trust what stands there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hameau::milter {

class OldResults {
public:
    /// `host`: our name.
    explicit OldResults(std::string host) : host_(std::move(host)) {}

    void begin();
    /// Each field of the message, whatever its name. `key`: its name in lower case, without white space behind it.
    void add_header(std::string_view key, std::string_view value);
    /// Postfix searches the message from its beginning for each removal, so their number must be small.
    bool too_many() const;
    /// Which fields of this name are ours, from 1; the last ones first, since each removal moves those behind it.
    const std::vector<std::uint32_t>& ours() const { return ours_; }

private:
    std::string host_;
    std::vector<std::uint32_t> ours_;
    std::uint32_t seen_ = 0;
};

} // namespace hameau::milter
