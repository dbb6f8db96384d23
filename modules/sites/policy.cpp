// See policy.hpp.
#include "modules/sites/policy.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "modules/support/domain_holds.hpp"

namespace hameau::sites {

namespace {

constexpr std::array<std::string_view, 3> mail_labels = {"autoconfig", "autodiscover", "mta-sts"};

constexpr std::array<double, 21> elements_quantiles = {0,   47,  75,  159, 233, 298,  358,  417,  476,  537,   603,
                                                       674, 753, 843, 949, 1076, 1237, 1459, 1801, 2479, 594601};
constexpr std::array<double, 21> requests_quantiles = {0,  2,  15, 25,  34,  42,  49,  56,  63,  70,  78,
                                                       86, 95, 105, 117, 130, 147, 170, 205, 281, 3920};
constexpr std::array<double, 21> kilobytes_quantiles = {
    0,       1.37,    144.7,   319.53,  479.46,  631.97,  783.38,  937.91,  1098.62, 1265.47,  1448.32,
    1648.27, 1876.08, 2142.06, 2465.37, 2866.31, 3401.59, 4155.73, 5400.08, 8037.54, 223212.26};

double quantile(const std::array<double, 21>& table, double value) {
    for (std::size_t i = 1; i < table.size(); ++i) {
        if (value < table[i]) {
            return static_cast<double>(i) - 1 + (value - table[i - 1]) / (table[i] - table[i - 1]);
        }
    }
    return 20;
}

std::size_t longest(const std::vector<std::string>& domains, std::string_view host) {
    std::size_t most = 0;
    for (const std::string& domain : domains) {
        most = is_at_or_below(host, domain) ? std::max(most, domain.size()) : most;
    }
    return most;
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::all_of(label.begin(), label.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

/// RFC 1123 §2.1; an address in figures is no name.
bool is_host(std::string_view host) {
    if (host.empty() || host.size() > 253) {
        return false;
    }
    std::size_t labels = 0;
    std::string_view last;
    while (true) {
        const std::size_t dot = host.find('.');
        last = host.substr(0, dot);
        if (!is_label(last)) {
            return false;
        }
        ++labels;
        if (dot == std::string_view::npos) {
            break;
        }
        host.remove_prefix(dot + 1);
    }
    return labels >= 2 && !std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

HostVerdict judge_host(std::string_view host, const std::vector<std::string>& domains, const std::vector<std::string>& others,
                       std::string_view house_host) {
    if (!is_host(host)) {
        return HostVerdict::malformed;
    }
    // A page below the services' name could set cookies for it, or pass for it.
    if (is_at_or_below(host, house_host)) {
        return HostVerdict::services;
    }
    if (std::find(mail_labels.begin(), mail_labels.end(), host.substr(0, host.find('.'))) != mail_labels.end()) {
        return HostVerdict::reserved;
    }
    const std::size_t ours = longest(domains, host);
    if (ours == 0) {
        return HostVerdict::elsewhere;
    }
    return longest(others, host) > ours ? HostVerdict::others : HostVerdict::fine;
}

std::vector<std::int64_t> versions_to_drop(std::vector<std::int64_t> numbers, std::int64_t live, std::int64_t before,
                                           std::size_t keep) {
    std::sort(numbers.begin(), numbers.end(), std::greater<>());
    std::vector<std::int64_t> drop;
    std::size_t kept = 0;
    for (const std::int64_t number : numbers) {
        if (number == live || number == before) {
            continue;
        }
        // The one before is for the button "go back": it never counts against the others.
        if (++kept > keep) {
            drop.push_back(number);
        }
    }
    return drop;
}

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t number = 0;
    if (text.empty() || text.size() > 15) {
        return std::nullopt;
    }
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        number = number * 10 + (c - '0');
    }
    return number;
}

int ecoindex(double elements, double requests, double kilobytes) {
    const double sum = 3 * quantile(elements_quantiles, elements) + 2 * quantile(requests_quantiles, requests) +
                       quantile(kilobytes_quantiles, kilobytes);
    return static_cast<int>(std::lround(100 - 5 * sum / 6));
}

int score_most(std::int64_t bytes) {
    // The borders of the grades A to G, in the megabytes of a page on a slow line.
    constexpr std::array<std::pair<std::int64_t, int>, 6> most = {
        {{1'000'000, 100}, {2'000'000, 80}, {4'000'000, 70}, {8'000'000, 55}, {12'000'000, 40}, {20'000'000, 25}}};
    for (const auto& [limit, score] : most) {
        if (bytes <= limit) {
            return score;
        }
    }
    return 10;
}

char ecoindex_grade(int score) {
    constexpr std::array<int, 6> limits = {80, 70, 55, 40, 25, 10};
    char grade = 'A';
    for (const int limit : limits) {
        if (score > limit) {
            return grade;
        }
        ++grade;
    }
    return 'G';
}

std::string site_url(std::string_view host, std::string_view visited) {
    const bool plain = visited.starts_with("http://");
    const std::size_t scheme = visited.find("://");
    const std::string_view authority = scheme == std::string_view::npos ? std::string_view() : visited.substr(scheme + 3);
    const std::size_t colon = authority.rfind(':');
    std::string_view port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
    if (port.size() > 6 || port.find_first_not_of(":0123456789") != std::string_view::npos) {
        port = {};
    }
    const std::string_view name = authority.substr(0, authority.size() - port.size());
    const bool trial = plain && (name == "localhost" || name.ends_with(".localhost"));
    std::string url = "https://";
    if (trial && std::count(host.begin(), host.end(), '.') == 1) {
        // In a trial on plain HTTP, amis.localhost is the site amis.test (contract.md).
        url = "http://";
        url.append(host.substr(0, host.find('.'))).append(".localhost");
    } else if (plain) {
        return url.append(host).append("/");
    } else {
        url.append(host);
    }
    return url.append(port).append("/");
}

} // namespace hameau::sites
