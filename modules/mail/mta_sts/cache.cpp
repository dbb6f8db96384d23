// First line "ID AT FAILED", then the policy. A domain is one that was judged before: its name is a file's.
#include "modules/mail/mta_sts/cache.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <utility>
#include <vector>

#include "daemon/base/io.hpp"
#include "modules/mail/mta_sts/limits.hpp"

namespace hameau::mta_sts {

namespace fs = std::filesystem;

Kept Cache::read(const std::string& domain) const {
    Kept kept;
    const auto text = read_file(folder_ + "/" + domain, policy_bytes_max + 200);
    const std::size_t end = text ? text->find('\n') : std::string::npos;
    if (end == std::string::npos) {
        return kept;
    }
    std::istringstream first(text->substr(0, end));
    if (!(first >> kept.id >> kept.at >> kept.failed)) {
        return {};
    }
    kept.id = kept.id == "-" ? "" : kept.id;
    kept.text = text->substr(end + 1);
    return kept;
}

void Cache::write(const std::string& domain, const Kept& kept) const {
    make_room();
    const std::string first = (kept.id.empty() ? "-" : kept.id) + " " + std::to_string(kept.at) + " " + std::to_string(kept.failed) + "\n";
    (void)write_file_atomically(folder_ + "/" + domain, first + kept.text, 0600);
}

/// Domains that members write to fill it in years; the oldest tenth goes.
void Cache::make_room() const {
    std::error_code failed;
    std::vector<std::pair<fs::file_time_type, fs::path>> files;
    for (fs::directory_iterator at(folder_, failed); !failed && at != fs::directory_iterator(); at.increment(failed)) {
        files.emplace_back(at->last_write_time(failed), at->path());
    }
    if (files.size() < policies_max) {
        return;
    }
    std::sort(files.begin(), files.end());
    for (std::size_t i = 0; i < files.size() / 10; ++i) {
        fs::remove(files[i].second, failed);
    }
}

std::optional<Policy> valid_policy(const Kept& kept, std::int64_t now) {
    const auto policy = kept.id.empty() ? std::nullopt : read_policy(kept.text);
    // A time ahead is of a clock that was wrong: as if it had just been fetched, the policy ends max_age later at the latest.
    return policy && now - kept.at < policy->max_age ? policy : std::nullopt;
}

} // namespace hameau::mta_sts
