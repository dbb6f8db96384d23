// Building and reading the lines of the report.
#include "modules/sites/report.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "daemon/base/text.hpp"

namespace hameau::sites {

namespace {

template <class Number = std::uint64_t>
std::optional<Number> to_number(std::string_view text) {
    Number value{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{} || end != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    return value;
}

using Fields = std::vector<std::string>;

bool take_variant(const std::string& field, DeployEntry& entry) {
    const std::size_t first = field.find(':');
    const std::size_t second = first == std::string::npos ? first : field.find(':', first + 1);
    if (second == std::string::npos) {
        return false;
    }
    const std::string_view view(field);
    const auto size = to_number(view.substr(first + 1, second - first - 1));
    const auto hash = hash_from_hex(view.substr(second + 1));
    for (std::size_t n = 0; n < encodings_count; ++n) {
        if (name_of(static_cast<Encoding>(n)) == view.substr(0, first) && size && hash && !entry.variants[n]) {
            entry.variants[n] = Variant{*hash, *size};
            return true;
        }
    }
    return false;
}

bool take_file(Fields& fields, Report& report) {
    const auto mtime = fields.size() >= 5 ? to_number<std::int64_t>(fields[3]) : std::nullopt;
    if (!mtime || !is_entry_path(fields[1]) || report.files.size() >= upload_files_max) {
        return false;
    }
    DeployEntry entry;
    entry.path = std::move(fields[1]);
    entry.type = std::move(fields[2]);
    entry.mtime_ms = *mtime;
    for (std::size_t i = 4; i < fields.size(); ++i) {
        if (!take_variant(fields[i], entry)) {
            return false;
        }
    }
    report.files.push_back(std::move(entry));
    return report.files.back().variants[0].has_value();
}

bool take_redirect(Fields& fields, Report& report) {
    const auto status = fields.size() == 5 ? to_number<int>(fields[1]) : std::nullopt;
    if (!status || !is_redirect(fields[3], fields[4], *status) || report.redirects.size() >= rules_max) {
        return false;
    }
    report.redirects.push_back(RedirectRule{std::move(fields[3]), std::move(fields[4]), *status, fields[2] == "1"});
    return true;
}

bool take_header(Fields& fields, Report& report) {
    if (fields.size() != 4 || !is_pattern(fields[1]) || !is_header(fields[2], fields[3]) ||
        report.headers.size() >= rules_max) {
        return false;
    }
    report.headers.push_back(HeaderRule{std::move(fields[1]), std::move(fields[2]), std::move(fields[3])});
    return true;
}

bool take_remark(Fields& fields, std::vector<Remark>& remarks) {
    if (fields.size() != 4 || remarks.size() >= remarks_max + 1) {
        return false;
    }
    remarks.push_back(Remark{std::move(fields[1]), std::move(fields[2]), std::move(fields[3])});
    return true;
}

template <std::size_t count>
std::optional<std::array<std::uint64_t, count>> numbers_of(const Fields& fields) {
    std::array<std::uint64_t, count> numbers{};
    if (fields.size() != count + 1) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const auto number = to_number(fields[i + 1]);
        if (!number || *number > std::uint64_t{1} << 62) {
            return std::nullopt;
        }
        numbers[i] = *number;
    }
    return numbers;
}

bool take_home(const Fields& fields, Report& report) {
    const auto numbers = numbers_of<3>(fields);
    if (numbers) {
        report.home = HomeWeight{(*numbers)[0], (*numbers)[1], (*numbers)[2]};
    }
    return numbers.has_value();
}

bool take_end(const Fields& fields, Report& report) {
    if (fields[0] == "refused") {
        report.refused = true;
        return numbers_of<1>(fields) && !report.refusals.empty();
    }
    const auto numbers = numbers_of<3>(fields);
    if (!numbers || !report.refusals.empty() || (*numbers)[0] != report.files.size()) {
        return false;
    }
    report.files_count = (*numbers)[0];
    report.bytes = (*numbers)[1];
    report.pages = (*numbers)[2];
    return true;
}

} // namespace

std::string report_field(std::string_view field) {
    return percent_encode(field, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '%'; });
}

ReportLine& ReportLine::add(std::string_view field) {
    text_.append("\t").append(report_field(field));
    return *this;
}

std::string file_line(const DeployEntry& entry) {
    ReportLine line("file");
    line.add(entry.path).add(entry.type).add(std::string_view(std::to_string(entry.mtime_ms)));
    for (std::size_t n = 0; n < encodings_count; ++n) {
        if (const auto& variant = entry.variants[n]) {
            std::string field(name_of(static_cast<Encoding>(n)));
            field.append(":").append(std::to_string(variant->size_bytes)).append(":").append(to_hex(variant->hash));
            line.add(field);
        }
    }
    return std::move(line).end();
}

std::optional<std::vector<std::string>> split_report_line(std::string_view line) {
    Fields fields;
    for (std::size_t start = 0; start <= line.size();) {
        const std::size_t end = std::min(line.find('\t', start), line.size());
        auto field = percent_decode(line.substr(start, end - start), false);
        if (!field || fields.size() == 16) {
            return std::nullopt;
        }
        fields.push_back(std::move(*field));
        start = end + 1;
    }
    return fields;
}

Status ReportReader::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::string_view piece = bytes.substr(0, end);
        if (pending_.size() + piece.size() > report_line_bytes_max) {
            return fail(ErrorKind::invalid, "a line of the unpacker's report is too long");
        }
        pending_.append(piece);
        if (end == std::string_view::npos) {
            return {};
        }
        bytes.remove_prefix(end + 1);
        if (auto taken = take(pending_); !taken) {
            return taken;
        }
        pending_.clear();
    }
    return {};
}

Status ReportReader::take(std::string_view line) {
    if (ended_ || ++lines_ > report_lines_max) {
        return fail(ErrorKind::invalid, "the unpacker's report has too many lines");
    }
    auto split = split_report_line(line);
    if (!split) {
        return fail(ErrorKind::invalid, "a line of the unpacker's report is malformed");
    }
    Fields& fields = *split;
    const std::string kind = fields[0];
    bool good = false;
    if (kind == "file") {
        good = take_file(fields, report_);
    } else if (kind == "redirect") {
        good = take_redirect(fields, report_);
    } else if (kind == "header") {
        good = take_header(fields, report_);
    } else if (kind == "warning") {
        good = take_remark(fields, report_.warnings);
    } else if (kind == "doubt") {
        good = take_remark(fields, report_.doubts);
    } else if (kind == "refusal") {
        good = take_remark(fields, report_.refusals);
    } else if (kind == "home") {
        good = take_home(fields, report_);
    } else if (kind == "done" || kind == "refused") {
        good = ended_ = take_end(fields, report_);
    }
    if (!good) {
        return fail(ErrorKind::invalid, "a line of the unpacker's report is malformed: " + kind.substr(0, 20));
    }
    return {};
}

Result<Report> ReportReader::finish() {
    if (!ended_ || !pending_.empty()) {
        return fail(ErrorKind::unavailable, "the unpacker ended before its report was whole");
    }
    return std::move(report_);
}

} // namespace hameau::sites
