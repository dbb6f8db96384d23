// Tag-lists "a=b; c=d", as DKIM, ARC and DMARC write them (RFC 6376 §3.2). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/result.hpp"

namespace hameau::mailauth {

class TagList {
public:
    /// Nothing: there is no such tag. Values have no white space around them; what folds inside them is kept.
    const std::string* find(std::string_view name) const;
    bool has(std::string_view name) const { return find(name) != nullptr; }
    /// The value, or `otherwise`.
    std::string text(std::string_view name, std::string_view otherwise = "") const;
    const std::vector<std::pair<std::string, std::string>>& tags() const { return tags_; }
    void add(std::string name, std::string value) { tags_.emplace_back(std::move(name), std::move(value)); }

private:
    std::vector<std::pair<std::string, std::string>> tags_;
};

/// Errors: invalid when it is no tag-list, when a tag stands twice, or beyond tags_max.
Result<TagList> parse_tags(std::string_view text);
/// Without spaces, tabs and line ends anywhere.
std::string without_space(std::string_view text);
/// Without them at both ends.
std::string_view strip_space(std::string_view text);
/// Digits alone, at most 12 (RFC 6376 §3.5, t= and x=).
std::optional<long> read_number(std::string_view text);
/// RFC 4648 §4 with white space anywhere. Nothing: it is not base64.
std::optional<std::string> decode_base64(std::string_view text);
/// The parts between colons, without white space around them.
std::vector<std::string> colon_list(std::string_view text);

} // namespace hameau::mailauth
