// From staged files to the report: types, compressed forms, rules, and what a person should know about the pages.
// Runs in hameau-unpack; reads and writes the staging folder by hash only, and reads there what the site has already.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "modules/sites/limits.hpp"
#include "modules/sites/unpack/scan_html.hpp"
#include "modules/sites/unpack/staging.hpp"
#include "modules/sites/unpack/unpacker.hpp"

namespace hameau::sites {

class Finisher {
public:
    /// `total_bytes`: what all files may take together, as for Unpacker.
    Finisher(Shelf shelf, Upload& upload, std::uint64_t total_bytes) :
        shelf_(shelf), upload_(upload), total_bytes_(total_bytes) {}
    /// The whole report. Errors: io.
    Result<std::string> run();

private:
    Status take_rules();
    Status match_siblings();
    Status unpack_drawing(DeployEntry& file);
    Status dress(DeployEntry& file);
    void add_index_pages();
    void note_page(const DeployEntry& file, std::string_view html);
    void check_links();
    Status check_home();
    void weigh_home();
    bool is_there(const std::string& path) const;
    std::string write_report() const;
    const DeployEntry* find(const std::string& path) const;
    template <class Rules>
    void note_problems(const Rules& parsed, std::string_view file);

    Shelf shelf_;
    Upload& upload_;
    std::uint64_t total_bytes_;
    std::unordered_map<std::string, std::size_t> by_path_;
    std::vector<RedirectRule> redirects_;
    std::vector<HeaderRule> headers_;
    std::vector<std::pair<std::string, PageFacts>> pages_;
    std::size_t pages_count_ = 0;
    std::size_t links_kept_ = 0;
    std::string home_path_ = "index.html";  ///< the file that was uploaded as home page
    Remarks doubts_;
    std::optional<HomeWeight> home_;
};

} // namespace hameau::sites
