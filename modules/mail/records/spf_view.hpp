// SPF as the DNS page needs it: does the record of a domain permit the house, and how would it permit it? Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "modules/mail/records/judge.hpp"

namespace hameau::mailrecords {

enum class Permits { yes, no, open, unknown };

struct SpfView {
    Permits permits = Permits::unknown;
    std::string address;            ///< the first that is not permitted
    std::vector<Question> missing;  ///< asked for, and not in the evidence
};

/// Whether `record`, standing at `domain`, lets `addresses` send (RFC 7208 §4). open: it permits everybody.
SpfView view_spf(const std::string& domain, const std::string& record, const std::vector<std::string>& addresses, const std::string& host, const Evidence& evidence);
/// One record that permits all that `records` permit, and `term` first. Keeps the last "~all" or "-all"; without one: "~all".
std::string merged_spf(const std::vector<std::string>& records, const std::string& term);

} // namespace hameau::mailrecords
