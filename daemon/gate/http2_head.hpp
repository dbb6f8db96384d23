// The header section of an HTTP/2 request (RFC 9113 §8.3): its fields become the same RequestHead that HTTP/1.1 gives, so
// that everything behind it sees no difference. Pure; nghttp2 has checked the grammar of names and values before.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/gate/request_head.hpp"

namespace hameau::gate {

/// Collects fields while they arrive.
class Http2Head {
public:
    /// False: the section is larger than a request may be (431); the field is not kept.
    bool add(std::string_view name, std::string_view value);
    /// Bytes as RFC 9113 §6.5.2 counts them: 32 more for each field.
    std::size_t size_bytes() const { return text_.size() + 32 * places_.size(); }
    bool is_too_large() const { return too_large_; }
    /// Whether the first :method is HEAD, of a request that was refused too: a response to it has no body.
    bool is_head() const;

    /// The request, whose texts lie in this object. `ends`: no body follows. Errors: 400, 414, 431.
    tl::expected<RequestHead, HeadProblem> finish(bool ends);

private:
    struct Place {
        std::uint16_t name = 0;
        std::uint16_t name_size = 0;
        std::uint16_t value = 0;
        std::uint16_t value_size = 0;
    };
    /// Cookies may come in crumbs (RFC 9113 §8.2.3): one field again, as modules expect.
    void join_cookies(std::vector<Field>& fields);

    std::string text_;
    std::string cookies_;
    std::vector<Place> places_;
    bool too_large_ = false;
};

} // namespace hameau::gate
