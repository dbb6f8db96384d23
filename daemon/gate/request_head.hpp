// The header section of a request, judged strictly (RFC 9112): whatever two programs could understand in two ways is
// refused. HeadParser finds lines and fields; here stands what they mean. Pure; the texts live as long as the bytes
// that were parsed. Fuzzed by tests/fuzz/gate, and held against the former parser there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "daemon/gate/limits.hpp"

namespace hameau::gate {

struct Field {
    std::string_view name;
    std::string_view value;  ///< without white space around it
};

/// Why a header section was refused: the status of the response, and a code for the journal.
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

/// A whole section, which ends with its empty line. Errors: 400, 414, 431, 501, 505.
tl::expected<RequestHead, HeadProblem> parse_request_head(std::string_view head);

// The two halves of it, for HeadParser.
/// The request line without its line end: method, target, version. `absolute`: the authority of an absolute target.
std::optional<HeadProblem> read_request_line(RequestHead& head, std::string_view line, std::string_view& absolute);
/// A target that begins with "/", or "*" for OPTIONS (RFC 9112 §3.2.1, §3.2.4; RFC 9113 §8.3.1). Errors: 400, 414.
std::optional<HeadProblem> read_origin_form(RequestHead& head, std::string_view target);
/// What the fields mean together: length of the body, host, connection.
std::optional<HeadProblem> judge(RequestHead& head, std::string_view absolute);

/// The header section of a module's response.
struct ResponseHead {
    int status = 0;
    std::vector<Field> fields;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;

    std::string_view field(std::string_view lower_case_name) const;
};
tl::expected<ResponseHead, HeadProblem> parse_response_head(std::string_view head);

/// Finds the empty line that ends a header section, looking at each byte once.
class HeadEnd {
public:
    /// The section's size with its empty line, once it is complete. `bytes` grows from call to call.
    std::optional<std::size_t> find(std::string_view bytes);
    /// Bytes looked at, over all calls.
    std::size_t scanned_bytes() const { return scanned_bytes_; }

private:
    std::size_t scanned_bytes_ = 0;
    std::size_t at_ = 0;  ///< no section ends at a line feed before it
};
/// The same over a whole text.
std::optional<std::size_t> find_head_end(std::string_view bytes);

/// Case-insensitive comparison with a lower-case text (ASCII).
bool equals(std::string_view text, std::string_view lower_case);
/// Whether a comma-separated list holds the token.
bool has_token(std::string_view list, std::string_view lower_case_token);
/// Splits "host:port" or "[v6]:port"; nothing for a malformed one.
std::optional<std::string> host_of_authority(std::string_view authority);

} // namespace hameau::gate
