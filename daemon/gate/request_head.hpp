// The head of a request, read strictly (RFC 9112): whatever two programs could understand in two ways is refused.
// Pure; the texts live as long as the bytes that were parsed. Fuzzed by tests/fuzz/gate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace hameau::gate {

inline constexpr std::size_t head_bytes_max = 32768;
inline constexpr std::size_t target_bytes_max = 8192;
inline constexpr std::size_t fields_max = 100;

struct Field {
    std::string_view name;
    std::string_view value;  ///< without white space around it
};

/// Why a head was refused: the status to answer with, and a word for the journal.
struct HeadProblem {
    int status = 400;
    std::string_view reason;
};

struct RequestHead {
    std::string_view method;
    std::string_view path;   ///< raw, begins with "/" ("*" for OPTIONS *)
    std::string_view query;  ///< raw, without "?"
    bool has_query = false;
    int minor = 1;           ///< of HTTP/1.x
    std::string authority;   ///< host[:port] in lower case, as the visitor wrote it
    std::string host;        ///< without port
    std::vector<Field> fields;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool keep_alive = true;
    bool expects_continue = false;
    bool websocket = false;  ///< Upgrade: websocket, asked for by Connection

    /// The value of the only field of that name; empty when there is none.
    std::string_view field(std::string_view lower_case_name) const;
    bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

/// `head` ends with the empty line. Errors: 400, 414, 431, 501, 505.
tl::expected<RequestHead, HeadProblem> parse_request_head(std::string_view head);

/// The head of an answer of a module.
struct ResponseHead {
    int status = 0;
    std::vector<Field> fields;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;

    std::string_view field(std::string_view lower_case_name) const;
};
tl::expected<ResponseHead, HeadProblem> parse_response_head(std::string_view head);

/// The size of the head with its empty line, once it is complete.
std::optional<std::size_t> find_head_end(std::string_view bytes);

/// Case-insensitive comparison with a lower-case text (ASCII).
bool equals(std::string_view text, std::string_view lower_case);
/// Whether a comma-separated list holds the token.
bool has_token(std::string_view list, std::string_view lower_case_token);
std::string lower(std::string_view text);
/// Splits "host:port" or "[v6]:port"; nothing for a malformed one.
std::optional<std::string> host_of_authority(std::string_view authority);

} // namespace hameau::gate
