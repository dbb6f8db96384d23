// Each file counts once, however often it is named.
#include "modules/sites/unpack/weigh.hpp"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "modules/sites/unpack/scan_style.hpp"

namespace hameau::sites {

namespace {

class Weigher {
public:
    Weigher(const SiteFiles& files, HomeWeight& weight) : files_(files), weight_(weight) {}

    /// `from`: the page or sheet in which the address stands.
    const DeployEntry* find(std::string_view from, std::string_view target) const {
        std::string path;
        return resolve_link(from, target, path) ? files_.find(path) : nullptr;
    }

    void add(const DeployEntry& part, int depth = 0) {
        if (counted_.size() >= weighed_parts_max || !counted_.insert(part.path).second) {
            return;
        }
        weight_.bytes += wire_bytes(part);
        ++weight_.requests;
        if (!part.type.starts_with("text/css") || depth > imports_deep_max) {
            return;
        }
        for (const std::string& target : scan_style(files_.read(part))) {
            if (const DeployEntry* wanted = find(part.path, target)) {
                add(*wanted, depth + 1);
            }
        }
    }

private:
    const SiteFiles& files_;
    HomeWeight& weight_;
    std::unordered_set<std::string> counted_;
};

} // namespace

std::uint64_t wire_bytes(const DeployEntry& file) {
    std::uint64_t least = file.variants[0]->size_bytes;
    for (const auto& variant : file.variants) {
        least = variant ? std::min(least, variant->size_bytes) : least;
    }
    return least;
}

HomeWeight weigh_page(const DeployEntry& page, const PageFacts& facts, const SiteFiles& files) {
    HomeWeight weight{wire_bytes(page), 1, facts.elements};
    Weigher weigher(files, weight);
    std::map<std::uint32_t, const DeployEntry*> heaviest;  // of the forms of one picture
    for (const PageLink& link : facts.links) {
        const DeployEntry* part = link.kind == LinkKind::part ? weigher.find(page.path, link.target) : nullptr;
        if (part == nullptr) {
            continue;
        }
        if (link.choice == 0) {
            weigher.add(*part);
            continue;
        }
        const DeployEntry*& known = heaviest[link.choice];
        known = known == nullptr || wire_bytes(*part) > wire_bytes(*known) ? part : known;
    }
    for (const auto& [choice, part] : heaviest) {
        weigher.add(*part);
    }
    return weight;
}

} // namespace hameau::sites
