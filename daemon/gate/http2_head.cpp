// Pseudo-fields to method, target and host; what is left is judged as for HTTP/1.1.
#include "daemon/gate/http2_head.hpp"

#include <algorithm>

#include "daemon/base/text.hpp"

namespace hameau::gate {

namespace {

struct Pseudo {
    std::string_view method, scheme, authority, path;
    bool orderly = true;
};

void take_pseudo(Pseudo& pseudo, const Field& field) {
    std::string_view* place = field.name == ":method"      ? &pseudo.method
                              : field.name == ":scheme"    ? &pseudo.scheme
                              : field.name == ":authority" ? &pseudo.authority
                              : field.name == ":path"      ? &pseudo.path
                                                           : nullptr;
    if (place == nullptr || !place->empty()) {
        pseudo.orderly = false;
    } else {
        *place = field.value;
    }
}

/// RFC 9113 §8.3.1: Host says the same as :authority, or nothing.
std::optional<HeadProblem> settle_host(std::vector<Field>& fields, std::string_view authority) {
    if (authority.empty()) {
        return std::nullopt;
    }
    for (const Field& field : fields) {
        if (field.name == "host" && ascii_lower(field.value) != ascii_lower(authority)) {
            return HeadProblem{400, "host"};
        }
    }
    std::erase_if(fields, [](const Field& field) { return field.name == "host"; });
    fields.push_back({"host", authority});
    return std::nullopt;
}

} // namespace

bool Http2Head::add(std::string_view name, std::string_view value) {
    too_large_ = too_large_ || places_.size() >= fields_max || size_bytes() + name.size() + value.size() + 32 > head_bytes_max;
    if (too_large_) {
        return false;
    }
    Place place;
    place.name = static_cast<std::uint16_t>(text_.size());
    place.name_size = static_cast<std::uint16_t>(name.size());
    text_.append(name);
    place.value = static_cast<std::uint16_t>(text_.size());
    place.value_size = static_cast<std::uint16_t>(value.size());
    text_.append(value);
    places_.push_back(place);
    return true;
}

void Http2Head::join_cookies(std::vector<Field>& fields) {
    std::size_t crumbs = 0;
    for (const Field& field : fields) {
        if (field.name == "cookie") {
            cookies_.append(crumbs == 0 ? "" : "; ").append(field.value);
            ++crumbs;
        }
    }
    if (crumbs > 1) {
        std::erase_if(fields, [](const Field& field) { return field.name == "cookie"; });
        fields.push_back({"cookie", cookies_});
    }
}

bool Http2Head::is_head() const {
    const std::string_view text = text_;
    const auto found = std::find_if(places_.begin(), places_.end(), [text](const Place& place) { return text.substr(place.name, place.name_size) == ":method"; });
    return found != places_.end() && text.substr(found->value, found->value_size) == "HEAD";
}

tl::expected<RequestHead, HeadProblem> Http2Head::finish(bool ends) {
    RequestHead head;
    Pseudo pseudo;
    const std::string_view text = text_;
    head.fields.reserve(places_.size());
    for (const Place& place : places_) {
        const Field field{text.substr(place.name, place.name_size), text.substr(place.value, place.value_size)};
        if (field.name.starts_with(':')) {
            take_pseudo(pseudo, field);
        } else {
            head.fields.push_back(field);
        }
    }
    head.method = pseudo.method;
    head.path = "/";
    if (too_large_) {
        return tl::unexpected(HeadProblem{431, "head"});
    }
    // The gate speaks HTTP/2 over TLS only: another scheme names something that is not here.
    if (!pseudo.orderly || pseudo.method.empty() || pseudo.method.size() > 32 || pseudo.scheme != "https") {
        return tl::unexpected(HeadProblem{400, "pseudo-fields"});
    }
    if (const auto problem = read_origin_form(head, pseudo.path)) {
        return tl::unexpected(*problem);
    }
    if (const auto problem = settle_host(head.fields, pseudo.authority)) {
        return tl::unexpected(*problem);
    }
    join_cookies(head.fields);
    if (const auto problem = judge(head, {})) {
        return tl::unexpected(*problem);
    }
    if (head.chunked || (ends && head.has_body())) {
        return tl::unexpected(HeadProblem{400, "body"});
    }
    head.websocket = false;
    head.keep_alive = true;
    // A module gets a body of unknown length in chunks.
    head.chunked = !ends && !head.content_length;
    return head;
}

} // namespace hameau::gate
