// hosts.map: which manifest each host shows. Written by the sites module (renamed into place), read by the gate.
// Lines `HOST TAB deploys/ID.manifest TAB flags`, sorted by host; "-" stands for no manifest yet, or no flag.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/contract/limits.hpp"

namespace hameau::sites {

struct HostLine {
    std::string host;      ///< lower case, without port
    std::string manifest;  ///< relative to the sites folder: "deploys/ID.manifest"; empty: nothing published yet
    std::string flags;     ///< words separated by ","; unknown words mean nothing. Empty: none
};

class HostsMap {
public:
    /// Errors: invalid with the line's number: a bad host, a manifest that is not deploys/[a-z2-7]{26}.manifest,
    /// lines out of order or double, too many lines. The map is then not to be used (keep the one before).
    static Result<HostsMap> parse(std::string_view text);
    /// Sorts; the later of two lines for one host wins.
    static HostsMap of(std::vector<HostLine> lines);

    /// `host` in lower case, without port. Lives as long as the map.
    const HostLine* find(std::string_view host) const;
    const std::vector<HostLine>& lines() const { return lines_; }
    std::string to_text() const;

private:
    std::vector<HostLine> lines_;
};

/// "deploys/ID.manifest", and whether a text is such a path (nothing else is ever opened).
std::string manifest_path(std::string_view id);
bool is_manifest_path(std::string_view path);

} // namespace hameau::sites
