// Policies that were fetched: a file for each domain, so that a restart forgets none (RFC 8461 §10.2: who hides the record later gains nothing).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "modules/mail/mta_sts/policy.hpp"

namespace hameau::mta_sts {

struct Kept {
    std::string id;        ///< of the record; empty: never fetched
    std::int64_t at = 0;   ///< when, seconds since 1970
    std::int64_t failed = 0;  ///< when a fetch failed last
    std::string text;      ///< as it came
};

class Cache {
public:
    explicit Cache(std::string folder) : folder_(std::move(folder)) {}
    Kept read(const std::string& domain) const;
    /// What cannot be written is fetched again the next time.
    void write(const std::string& domain, const Kept& kept) const;

private:
    void make_room() const;
    std::string folder_;
};

/// The policy, while it is valid at `now`.
std::optional<Policy> valid_policy(const Kept& kept, std::int64_t now);

} // namespace hameau::mta_sts
