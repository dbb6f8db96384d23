// The report of hameau-unpack to the sites process: bounded text lines on a pipe. Fields are separated by tabs;
// "%", control characters and tabs inside travel as %XX. The child is not trusted: every line is checked again.
//
//   file PATH TYPE MTIME_MS identity:SIZE:HASH [br:SIZE:HASH] [gzip:...] [zstd:...]
//   redirect STATUS FORCE PATTERN TARGET         header PATTERN NAME VALUE
//   warning CODE PATH DETAIL                     refusal CODE PATH DETAIL
//   doubt CODE PATH DETAIL                       (the site would show nothing, or lines of its rules are wrong: published only when that is meant)
//   home BYTES REQUESTS ELEMENTS                 (the home page's weight on the wire)
//   done FILES BYTES PAGES    or    refused COUNT        as the last line
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/contract/deploy_format.hpp"
#include "modules/sites/limits.hpp"

namespace hameau::sites {

/// A warning or a refusal: a stable code, the file it is about, and what stood there.
struct Remark {
    std::string code;
    std::string path;
    std::string detail;
};

struct HomeWeight {
    std::uint64_t bytes = 0;
    std::uint64_t requests = 0;
    std::uint64_t elements = 0;
};

struct Report {
    std::vector<DeployEntry> files;
    std::vector<RedirectRule> redirects;
    std::vector<HeaderRule> headers;
    std::vector<Remark> warnings;
    std::vector<Remark> doubts;
    std::vector<Remark> refusals;
    std::optional<HomeWeight> home;
    std::uint64_t files_count = 0;
    std::uint64_t bytes = 0;
    std::uint64_t pages = 0;
    bool refused = false;
};

/// The file of the staging folder that says what the site has, as a report of one line a file (any path).
inline constexpr const char* known_name = "known";

/// One line being built.
class ReportLine {
public:
    explicit ReportLine(std::string_view kind) : text_(kind) {}
    ReportLine& add(std::string_view field);
    ReportLine& add(std::uint64_t number) { return add(std::string_view(std::to_string(number))); }
    /// With the line feed.
    std::string end() && { return std::move(text_ += '\n'); }

private:
    std::string text_;
};

std::string file_line(const DeployEntry& entry);
/// One field as it travels.
std::string report_field(std::string_view field);
/// The fields of a line (at most 16), decoded; nothing when malformed.
std::optional<std::vector<std::string>> split_report_line(std::string_view line);

/// Takes the bytes as they come.
class ReportReader {
public:
    /// Errors: invalid for a line that is too long, unknown or malformed, and for too many lines.
    Status feed(std::string_view bytes);
    /// Errors: unavailable when the last line is missing (the child died).
    Result<Report> finish();

private:
    Status take(std::string_view line);

    std::string pending_;
    Report report_;
    std::size_t lines_ = 0;
    bool ended_ = false;
};

} // namespace hameau::sites
