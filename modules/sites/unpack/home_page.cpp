// See home_page.hpp.
#include "modules/sites/unpack/home_page.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "daemon/base/text.hpp"
#include "daemon/contract/site_names.hpp"
#include "modules/sites/unpack/types.hpp"

namespace hameau::sites {

namespace {

/// The best first: where a folder has several of them, the first of this list is its page.
constexpr std::array<std::string_view, 5> index_names = {"index.html", "index.htm", "index.xhtml", "default.html",
                                                         "default.htm"};
/// Pages that a program makes when they are asked for.
constexpr std::array<std::string_view, 6> program_names = {"index.php",  "default.php",  "index.asp",
                                                           "index.aspx", "default.aspx", "index.jsp"};

std::size_t rank_of(std::string_view name) {
    const std::string lower = ascii_lower(name);
    return static_cast<std::size_t>(std::find(index_names.begin(), index_names.end(), lower) - index_names.begin());
}

/// "a/b/" of "a/b/c.html"; empty at the root.
std::string_view folder_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash + 1);
}

bool has(const std::vector<DeployEntry>& files, std::string_view path) {
    return std::any_of(files.begin(), files.end(), [path](const DeployEntry& file) { return file.path == path; });
}

/// ECMA-376-2 §10.1.2.2 (OOXML), ODF 1.3 part 2 §3.3, EPUB 3.3 §4.3.2: each of them is a ZIP that says so at its root.
bool is_document(const std::vector<DeployEntry>& files) {
    return has(files, "[Content_Types].xml") ||
           (has(files, "mimetype") && (has(files, "META-INF/manifest.xml") || has(files, "META-INF/container.xml")));
}

} // namespace

bool is_index_name(std::string_view name) { return rank_of(name) < index_names.size(); }

std::vector<std::pair<std::string, std::string>> index_pages(const std::vector<DeployEntry>& files) {
    std::map<std::string, std::pair<std::size_t, std::string>> best;
    for (const DeployEntry& file : files) {
        const std::string folder(folder_of(file.path));
        const std::string_view name = std::string_view(file.path).substr(folder.size());
        // The exact name wins over every other spelling of it.
        const std::size_t rank = name == index_names.front() ? 0 : rank_of(name) + 1;
        if (rank > index_names.size()) {
            continue;
        }
        const auto [at, fresh] = best.try_emplace(folder, rank, file.path);
        if (!fresh && rank < at->second.first) {
            at->second = {rank, file.path};
        }
    }
    std::vector<std::pair<std::string, std::string>> pages;
    for (const auto& [folder, page] : best) {
        if (page.first > 0) {
            pages.emplace_back(page.second, folder + std::string(index_names.front()));
        }
    }
    return pages;
}

std::optional<Remark> doubt_about_home(const std::vector<DeployEntry>& files,
                                       const std::vector<RedirectRule>& redirects) {
    const bool answered = std::any_of(redirects.begin(), redirects.end(), [](const RedirectRule& rule) {
        return rule_matches(rule.pattern, "", nullptr);
    });
    if (answered || has(files, index_names.front())) {
        return std::nullopt;
    }
    if (is_document(files)) {
        return Remark{"home_document", "", ""};
    }
    const DeployEntry* below = nullptr;
    const DeployEntry* page = nullptr;
    std::size_t pages_at_root = 0;
    for (const DeployEntry& file : files) {
        const std::string_view folder = folder_of(file.path);
        const std::string_view name = std::string_view(file.path).substr(folder.size());
        const std::string lower = ascii_lower(name);
        if (folder.empty() && std::find(program_names.begin(), program_names.end(), lower) != program_names.end()) {
            return Remark{"home_program", file.path, ""};
        }
        // The nearest to the root: the home page of a part is not the home page of the site.
        const auto depth = [](const DeployEntry& one) { return std::count(one.path.begin(), one.path.end(), '/'); };
        if (is_index_name(name) && (below == nullptr || depth(file) < depth(*below))) {
            below = &file;
        }
        if (is_html(file.path)) {
            page = folder.empty() ? &file : page;
            pages_at_root += folder.empty() ? 1 : 0;
        }
    }
    if (pages_at_root == 1) {
        return Remark{"home_name", page->path, ""};
    }
    if (pages_at_root == 0 && below != nullptr) {
        return Remark{"home_folder", std::string(folder_of(below->path)), ""};
    }
    const bool any = std::any_of(files.begin(), files.end(), [](const DeployEntry& file) { return is_html(file.path); });
    return Remark{any ? "home_unnamed" : "home_missing", "", ""};
}

} // namespace hameau::sites
