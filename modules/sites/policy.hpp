// Decisions of the sites module without any input or output: host names, versions to drop, weights and grades.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hameau::sites {

enum class HostVerdict {
    fine,
    malformed,    ///< not a host name of two labels or more, in lower case
    services,     ///< the house's own name or a name below it
    reserved,     ///< a name that mail programs ask for (autoconfig, autodiscover, mta-sts)
    elsewhere,    ///< none of the association's domains, nor below one
    others,       ///< below one, but in a domain of another association, which has the longer name
};

/// May this association put a site there? `house_host` is the services' host name, `others` are domains of other
/// associations: of two domains that a host is in, the one with the longer name decides.
HostVerdict judge_host(std::string_view host, const std::vector<std::string>& domains, const std::vector<std::string>& others,
                       std::string_view house_host);

/// Which of the versions go: all but the newest `keep`, the one that is shown, and the one that it replaced.
std::vector<std::int64_t> versions_to_drop(std::vector<std::int64_t> numbers, std::int64_t live, std::int64_t before,
                                           std::size_t keep);

/// A number of at most 15 digits; nothing for anything else.
std::optional<std::int64_t> number_of(std::string_view text);

/// The most points that a page of this weight may have. EcoIndex counts the weight as one sixth only: a page of few
/// elements with 23 MB of pictures would be graded A.
int score_most(std::int64_t bytes);
/// EcoIndex (cnumr): 0 to 100 from elements, requests and kilobytes (of 1000 bytes) on the wire.
int ecoindex(double elements, double requests, double kilobytes);
/// 'A' to 'G'.
char ecoindex_grade(int score);

/// The address of a site for the person who asks: `visited` is what they used themselves ("https://localhost:8443").
std::string site_url(std::string_view host, std::string_view visited);

} // namespace hameau::sites
