// From staged files to the report: types, compressed forms, rules, and what a person should know about the pages.
// Runs in hameau-unpack; reads and writes the staging folder by hash only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "modules/sites/unpack/scan_html.hpp"
#include "modules/sites/unpack/unpacker.hpp"

namespace hameau::sites {

inline constexpr std::size_t scanned_pages_max = 2000;

class Finisher {
public:
    Finisher(int folder, Upload& upload) : folder_(folder), upload_(upload) {}
    /// The whole report. Errors: io.
    Result<std::string> run();

private:
    Status take_rules();
    Status match_siblings();
    Status dress(DeployEntry& file);
    void note_page(const DeployEntry& file, std::string_view html);
    void check_links();
    void check_index();
    void weigh_home();
    bool is_there(const std::string& path) const;
    std::string write_report() const;
    const DeployEntry* find(const std::string& path) const;
    template <class Rules>
    void note_problems(const Rules& parsed, std::string_view file);

    int folder_;
    Upload& upload_;
    std::unordered_map<std::string, std::size_t> by_path_;
    std::vector<RedirectRule> redirects_;
    std::vector<HeaderRule> headers_;
    std::vector<std::pair<std::string, PageFacts>> pages_;
    std::size_t pages_count_ = 0;
    std::size_t links_kept_ = 0;
    std::optional<HomeWeight> home_;
};

} // namespace hameau::sites
