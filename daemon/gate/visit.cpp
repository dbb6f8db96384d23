// The fields of a response, and the plainest responses.
#include "daemon/gate/visit.hpp"

#include <array>
#include <ctime>

#include "daemon/gate/gate.hpp"
#include "daemon/gate/negotiate.hpp"

namespace hameau::gate {

namespace {

constexpr std::string_view house_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

struct FixedField {
    std::string_view name;  ///< lower case
    std::string_view line;
};
constexpr std::array house_fields = {
    FixedField{"x-content-type-options", "X-Content-Type-Options: nosniff\r\n"},
    FixedField{"referrer-policy", "Referrer-Policy: no-referrer\r\n"},
    FixedField{"cross-origin-resource-policy", "Cross-Origin-Resource-Policy: same-origin\r\n"},
    FixedField{"cross-origin-opener-policy", "Cross-Origin-Opener-Policy: same-origin\r\n"},
    FixedField{"x-frame-options", "X-Frame-Options: DENY\r\n"},
    FixedField{"permissions-policy", "Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n"},
};
constexpr std::array site_fields = {
    FixedField{"x-content-type-options", "X-Content-Type-Options: nosniff\r\n"},
};
constexpr std::string_view hsts_line = "Strict-Transport-Security: max-age=31536000\r\n";

} // namespace

std::string_view Visit::language() const { return choose_language(head.field("accept-language")); }

const std::string& date_line() {
    static std::time_t second = 0;  // one thread: the text is made once a second
    static std::string date;
    if (const std::time_t now = std::time(nullptr); now != second) {
        second = now;
        date = "Date: " + format_http_date(now) + "\r\n";
    }
    return date;
}

bool has_line(std::string_view lines, std::string_view name) {
    while (!lines.empty()) {
        const std::size_t end = lines.find("\r\n");
        const std::string_view line = lines.substr(0, end);
        if (line.size() > name.size() && line[name.size()] == ':' && equals(line.substr(0, name.size()), name)) {
            return true;
        }
        lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
    }
    return false;
}

std::string common_fields(const Visit& visit, std::string_view fields) {
    std::string out;
    const auto add = [&out, fields](std::span<const FixedField> list) {
        for (const FixedField& field : list) {
            if (fields.empty() || !has_line(fields, field.name)) {
                out += field.line;
            }
        }
    };
    if (visit.services) {
        add(house_fields);
        const bool is_page = fields.find("text/html") != std::string_view::npos;
        if (is_page && !has_line(fields, "content-security-policy")) {
            out.append("Content-Security-Policy: ").append(house_policy).append("\r\n");
        }
    } else {
        add(site_fields);
    }
    if (!visit.gate.options().trial && !visit.gate.options().waiting() && visit.scheme == "https") {
        out += hsts_line;
    }
    return out;
}

void send_answer(Visit& visit, Answer answer) {
    Response& response = visit.response;
    response = Response();
    response.status = answer.status;
    response.fields = std::move(answer.headers);
    if (answer.status >= 200 && answer.status != 204 && answer.status != 304) {
        response.length = answer.body.size();
    }
    response.fields += common_fields(visit, response.fields);
    if (!visit.is_head()) {
        response.body.add(std::move(answer.body));
    }
}

void send_problem(Visit& visit, int status, std::string_view code) {
    const bool api = visit.services && visit.head.path.starts_with("/api/");
    Answer answer = api ? problem_document(status, code, visit.language()) : error_page(status, code, visit.language());
    if (status == 405) {
        answer.headers += "Allow: GET, HEAD\r\n";
    }
    if (status == 431) {
        // A page on a domain above may have set more cookies than a request can carry, for a year: nobody would come in any more.
        answer.headers += "Clear-Site-Data: \"cookies\"\r\n";
    }
    if (status == 503) {
        answer.headers += "Retry-After: 5\r\n";
    }
    send_answer(visit, std::move(answer));
}

void send_redirect(Visit& visit, int status, std::string location) {
    Answer answer;
    answer.status = status;
    answer.headers = "Location: " + location + "\r\n";
    send_answer(visit, std::move(answer));
}

} // namespace hameau::gate
