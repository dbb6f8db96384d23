// From a file's facts and the visitor's wishes to bytes.
#include "daemon/gate/static_file.hpp"

#include <fcntl.h>

#include "daemon/base/io.hpp"
#include "daemon/base/open_regular.hpp"
#include "daemon/gate/gate.hpp"
#include "daemon/gate/negotiate.hpp"

namespace hameau::gate {

namespace {

constexpr Event file_missing{"gate.file_missing", Level::error, "publish the site again"};
/// The server's preference among equal weights: the smallest first.
constexpr std::array<std::size_t, 4> encoding_order = {1, 3, 2, 0};

bool has_field(const RequestHead& head, std::string_view name) {
    for (const Field& field : head.fields) {
        if (equals(field.name, name)) {
            return true;
        }
    }
    return false;
}

/// All values of a list field as one list.
std::string list_of(const RequestHead& head, std::string_view name) {
    std::string list;
    for (const Field& field : head.fields) {
        if (equals(field.name, name)) {
            list.append(list.empty() ? "" : ", ").append(field.value);
        }
    }
    return list;
}

bool is_negotiated(const StaticFile& file) { return file.sizes[1] || file.sizes[2] || file.sizes[3]; }

std::optional<std::size_t> choose_variant(const RequestHead& head, const StaticFile& file) {
    const std::string list = list_of(head, "accept-encoding");
    std::vector<std::string_view> offered;
    std::array<std::size_t, 4> encodings{};
    for (const std::size_t encoding : encoding_order) {
        if (file.sizes[encoding]) {
            encodings[offered.size()] = encoding;
            offered.push_back(encoding_names[encoding]);
        }
    }
    const auto chosen = choose_encoding(list, has_field(head, "accept-encoding"), offered);
    return chosen ? std::optional(encodings[*chosen]) : std::nullopt;
}

/// RFC 9110 §13.2.2, in its order: 200 (go on), 304 or 412.
int check_conditions(const RequestHead& head, std::string_view etag, std::int64_t modified) {
    if (has_field(head, "if-match")) {
        if (!matches_etag(list_of(head, "if-match"), etag, false)) {
            return 412;
        }
    } else if (const auto since = parse_http_date(head.field("if-unmodified-since")); since && modified > *since) {
        return 412;
    }
    if (has_field(head, "if-none-match")) {
        // RFC 9110 §13.1.2: weak comparison.
        return matches_etag(list_of(head, "if-none-match"), etag, true) ? 304 : 200;
    }
    const auto since = parse_http_date(head.field("if-modified-since"));
    return since && modified > 0 && modified <= *since ? 304 : 200;
}

/// RFC 9110 §13.1.5: a strong match, or the very date.
bool range_applies(const RequestHead& head, std::string_view etag, std::int64_t modified) {
    const std::string_view condition = head.field("if-range");
    if (condition.empty()) {
        return true;
    }
    if (condition.find('"') != std::string_view::npos) {
        return condition == etag;
    }
    return modified > 0 && parse_http_date(condition) == modified;
}

std::string fields_of(const StaticFile& file, std::size_t encoding, std::string_view etag, std::int64_t modified) {
    std::string out = file.fields;
    out.append("ETag: ").append(etag).append("\r\n");
    if (modified > 0) {  // an archive without times says 1970
        out.append("Last-Modified: ").append(format_http_date(modified)).append("\r\n");
    }
    if (!has_line(file.fields, "cache-control")) {
        out += "Cache-Control: no-cache\r\n";
    }
    if (is_negotiated(file)) {
        out += "Vary: Accept-Encoding\r\n";
    }
    if (encoding != 0) {
        out.append("Content-Encoding: ").append(encoding_names[encoding]).append("\r\n");
    }
    return out;
}

std::string type_line(const StaticFile& file) {
    return has_line(file.fields, "content-type") ? std::string() : "Content-Type: " + std::string(file.type) + "\r\n";
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
    return "Content-Range: bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" +
           std::to_string(size) + "\r\n";
}

void missing(Visit& visit, const std::string& path) {
    visit.gate.journal().write(file_missing, {{"file", path}});
    return send_problem(visit, 500, "unavailable");
}

/// The file from part.first on, small ones from memory. `held`: the parts of one response share a descriptor. False: it is
/// not there.
bool add_bytes(Visit& visit, const StaticFile& file, std::size_t encoding, ByteRange part, std::shared_ptr<const Fd>& held) {
    const std::uint64_t size = *file.sizes[encoding];
    const std::string path = file.facts.path(encoding);
    Body& body = visit.response.body;
    // Plain bytes go from the page cache by themselves (sendfile); TLS cannot, so larger files are kept in memory.
    const std::uint64_t cached_max = visit.scheme == "https" ? cached_file_bytes_max * 2 : cached_file_bytes_max;
    if (size <= cached_max) {
        const auto bytes = visit.gate.cache().get(file.facts.folder(), path, static_cast<std::size_t>(size));
        if (bytes) {
            body.add(bytes, std::string_view(*bytes).substr(static_cast<std::size_t>(part.first), static_cast<std::size_t>(part.size())));
        }
        return bytes != nullptr;
    }
    if (held == nullptr) {
        auto opened = open_regular(file.facts.folder(), path);
        if (!opened) {
            return false;
        }
        held = std::make_shared<const Fd>(std::move(*opened));
    }
    body.add(held, part.first, part.size());
    return true;
}

/// multipart/byteranges (RFC 9110 §14.6).
void send_parts(Visit& visit, const StaticFile& file, std::size_t encoding, std::string fields, const std::vector<ByteRange>& ranges) {
    const std::uint64_t size = *file.sizes[encoding];
    const std::string boundary = random_base32(15);
    Response& response = visit.response;
    response.status = 206;
    std::shared_ptr<const Fd> held;
    for (const ByteRange& range : ranges) {
        response.body.add("\r\n--" + boundary + "\r\nContent-Type: " + std::string(file.type) + "\r\n" + content_range(range, size) + "\r\n");
        if (!add_bytes(visit, file, encoding, range, held)) {
            return missing(visit, file.facts.path(encoding));
        }
    }
    response.body.add("\r\n--" + boundary + "--\r\n");
    response.length = response.body.size();
    fields += "Content-Type: multipart/byteranges; boundary=" + boundary + "\r\n";
    response.fields = fields + common_fields(visit, fields);
    if (visit.is_head()) {
        response.body.clear();
    }
}

void send_whole(Visit& visit, const StaticFile& file, std::size_t encoding, int status, std::string fields, ByteRange part, bool is_part) {
    const std::uint64_t size = *file.sizes[encoding];
    fields += type_line(file);
    if (is_part) {
        fields += content_range(part, size);
    } else if (file.status == 200) {
        fields += "Accept-Ranges: bytes\r\n";
    }
    Response& response = visit.response;
    response.status = status;
    response.length = size == 0 ? 0 : part.size();
    response.fields = fields + common_fields(visit, fields);
    std::shared_ptr<const Fd> held;
    if (!visit.is_head() && *response.length > 0 && !add_bytes(visit, file, encoding, part, held)) {
        missing(visit, file.facts.path(encoding));
    }
}

void send_not_satisfiable(Visit& visit, std::uint64_t size) {
    Answer answer = error_page(416, "range", visit.language());
    answer.headers += "Content-Range: bytes */" + std::to_string(size) + "\r\n";
    return send_answer(visit, std::move(answer));
}

} // namespace

void send_static(Visit& visit, StaticFile file) {
    const RequestHead& head = visit.head;
    if (head.method != "GET" && head.method != "HEAD") {
        return send_problem(visit, 405, "method");
    }
    auto chosen = choose_variant(head, file);
    if (!chosen && file.status == 200) {
        return send_problem(visit, 406, "encoding");
    }
    const std::size_t encoding = chosen.value_or(0);
    const std::uint64_t size = *file.sizes[encoding];
    const std::string etag = file.facts.etag(encoding);
    const std::int64_t modified = file.mtime_ms / 1000;
    std::string fields = fields_of(file, encoding, etag, modified);
    ByteRange all;
    all.last = size == 0 ? 0 : size - 1;
    if (file.status != 200) {
        return send_whole(visit, file, encoding, file.status, std::move(fields), all, false);
    }
    const int verdict = check_conditions(head, etag, modified);
    if (verdict == 412) {
        return send_problem(visit, 412, "precondition");
    }
    if (verdict == 304) {
        visit.response.status = 304;
        visit.response.fields = fields + common_fields(visit, fields);
        return;
    }
    // RFC 9110 §14.2: Range is defined for GET only.
    const bool wants_part = head.method == "GET" && has_field(head, "range") && range_applies(head, etag, modified);
    if (!wants_part) {
        return send_whole(visit, file, encoding, 200, std::move(fields), all, false);
    }
    const RangeChoice choice = choose_ranges(head.field("range"), size);
    if (choice.verdict == RangeVerdict::unsatisfiable) {
        return send_not_satisfiable(visit, size);
    }
    if (choice.verdict == RangeVerdict::whole) {
        return send_whole(visit, file, encoding, 200, std::move(fields), all, false);
    }
    if (choice.ranges.size() == 1) {
        const ByteRange only = choice.ranges.front();
        return send_whole(visit, file, encoding, 206, std::move(fields), only, true);
    }
    return send_parts(visit, file, encoding, std::move(fields), choice.ranges);
}

} // namespace hameau::gate
