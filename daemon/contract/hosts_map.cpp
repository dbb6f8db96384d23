// Reading and writing hosts.map; strict, since the gate opens what it names.
#include "daemon/contract/hosts_map.hpp"

#include <algorithm>

#include "daemon/base/ids.hpp"

namespace hameau::sites {

namespace {

constexpr std::string_view folder = "deploys/";
constexpr std::string_view ending = ".manifest";
constexpr std::size_t id_characters = 26;

bool is_host(std::string_view text) {
    if (text.empty() || text.size() > 253 || text.front() == '.' || text.back() == '.') {
        return false;
    }
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
}

bool is_flags(std::string_view text) {
    return text.size() <= 200 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ',' || c == '=';
    });
}

tl::unexpected<Error> bad_line(std::size_t number, std::string_view what) {
    return fail(ErrorKind::invalid, "hosts.map:" + std::to_string(number) + ": " + std::string(what));
}

} // namespace

std::string manifest_path(std::string_view id) { return std::string(folder).append(id).append(ending); }

bool is_manifest_path(std::string_view path) {
    if (path.size() != folder.size() + id_characters + ending.size() || !path.starts_with(folder) ||
        !path.ends_with(ending)) {
        return false;
    }
    const std::string_view id = path.substr(folder.size(), id_characters);
    return is_id(id);
}

Result<HostsMap> HostsMap::parse(std::string_view text) {
    HostsMap map;
    std::size_t number = 0;
    if (text.size() > hosts_map_bytes_max) {
        return fail(ErrorKind::too_large, "hosts.map is over 4 MiB");
    }
    while (!text.empty()) {
        ++number;
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            return bad_line(number, "the last line is cut");
        }
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        const std::size_t first = line.find('\t');
        const std::size_t second = first == std::string_view::npos ? first : line.find('\t', first + 1);
        if (second == std::string_view::npos || line.find('\t', second + 1) != std::string_view::npos) {
            return bad_line(number, "expected HOST, MANIFEST and FLAGS separated by tabs");
        }
        const std::string_view host = line.substr(0, first);
        const std::string_view manifest = line.substr(first + 1, second - first - 1);
        const std::string_view flags = line.substr(second + 1);
        if (!is_host(host)) {
            return bad_line(number, "the host is not one");
        }
        if (manifest != "-" && !is_manifest_path(manifest)) {
            return bad_line(number, "the manifest is not deploys/ID.manifest");
        }
        if (!is_flags(flags)) {
            return bad_line(number, "the flags are malformed");
        }
        if (!map.lines_.empty() && map.lines_.back().host >= host) {
            return bad_line(number, "the hosts are not in order");
        }
        if (map.lines_.size() == hosts_max) {
            return bad_line(number, "too many hosts");
        }
        map.lines_.push_back(HostLine{std::string(host), manifest == "-" ? "" : std::string(manifest),
                                      flags == "-" ? "" : std::string(flags)});
    }
    return map;
}

HostsMap HostsMap::of(std::vector<HostLine> lines) {
    HostsMap map;
    std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.host < b.host; });
    for (HostLine& line : lines) {
        if (!map.lines_.empty() && map.lines_.back().host == line.host) {
            map.lines_.pop_back();
        }
        map.lines_.push_back(std::move(line));
    }
    return map;
}

const HostLine* HostsMap::find(std::string_view host) const {
    const auto at = std::lower_bound(lines_.begin(), lines_.end(), host,
                                     [](const HostLine& line, std::string_view wanted) { return line.host < wanted; });
    return at != lines_.end() && at->host == host ? &*at : nullptr;
}

std::string HostsMap::to_text() const {
    std::string text;
    for (const HostLine& line : lines_) {
        text.append(line.host).append("\t").append(line.manifest.empty() ? "-" : line.manifest);
        text.append("\t").append(line.flags.empty() ? "-" : line.flags).append("\n");
    }
    return text;
}

} // namespace hameau::sites
