// The order matters: rules out of the list, siblings matched, then each file dressed, then the pages looked at together.
#include "modules/sites/unpack/finish.hpp"

#include <algorithm>
#include <array>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "modules/sites/limits.hpp"
#include "modules/sites/unpack/encodings.hpp"
#include "modules/sites/unpack/home_page.hpp"
#include "modules/sites/unpack/staging.hpp"
#include "modules/sites/unpack/scan_style.hpp"
#include "modules/sites/unpack/types.hpp"
#include "modules/sites/unpack/upload_name.hpp"
#include "modules/sites/unpack/weigh.hpp"

namespace hameau::sites {

namespace {

constexpr std::array<std::pair<std::string_view, Encoding>, 3> sibling_endings = {
    {{".br", Encoding::br}, {".gz", Encoding::gzip}, {".zst", Encoding::zstd}}};

/// Reads a file piece by piece for decodes_to.
class Pieces {
public:
    explicit Pieces(int fd) : fd_(fd), buffer_(unpack_piece_bytes, '\0') {}
    /// The next piece, until the next call. Not of a temporary: the bytes are in this object.
    std::string_view next() & {
        const ssize_t n = ::read(fd_, buffer_.data(), buffer_.size());
        return n > 0 ? std::string_view(buffer_.data(), static_cast<std::size_t>(n)) : std::string_view();
    }

private:
    int fd_;
    std::string buffer_;
};

} // namespace

const DeployEntry* Finisher::find(const std::string& path) const {
    const auto at = by_path_.find(path);
    return at == by_path_.end() ? nullptr : &upload_.files[at->second];
}

template <class Rules>
void Finisher::note_problems(const Rules& parsed, std::string_view file) {
    for (const RuleProblem& problem : parsed.problems) {
        // A doubt, not a remark: who publishes hears of a wrong line before visitors meet the site without it.
        doubts_.add(problem.code, std::string(file) + ":" + std::to_string(problem.line), problem.text);
    }
}

Status Finisher::take_rules() {
    for (const std::string_view name : {"_redirects", "_headers"}) {
        const auto at = std::find_if(upload_.files.begin(), upload_.files.end(),
                                     [name](const DeployEntry& file) { return file.path == name; });
        if (at == upload_.files.end()) {
            continue;
        }
        if (at->variants[0]->size_bytes > rules_file_bytes_max) {
            doubts_.add("rules_file_large", name);
        } else {
            const auto text = read_staged(shelf_, at->variants[0]->hash, rules_file_bytes_max);
            if (!text) {
                return fail(text.error());
            }
            if (name == "_redirects") {
                auto parsed = parse_redirects(*text);
                note_problems(parsed, name);
                redirects_ = std::move(parsed.rules);
            } else {
                auto parsed = parse_headers(*text);
                note_problems(parsed, name);
                headers_ = std::move(parsed.rules);
            }
        }
        upload_.files.erase(at);
    }
    return {};
}

Status Finisher::match_siblings() {
    std::unordered_set<std::string> rejected;
    for (const DeployEntry& packed : upload_.files) {
        for (const auto& [ending, encoding] : sibling_endings) {
            const std::string base = packed.path.ends_with(ending)
                                         ? packed.path.substr(0, packed.path.size() - ending.size())
                                         : std::string();
            const auto at = base.empty() ? by_path_.end() : by_path_.find(base);
            if (at == by_path_.end()) {
                continue;
            }
            DeployEntry& original = upload_.files[at->second];
            const auto packed_fd = open_staged(shelf_, packed.variants[0]->hash);
            const auto original_fd = open_staged(shelf_, original.variants[0]->hash);
            if (!packed_fd || !original_fd) {
                return fail(packed_fd ? original_fd.error() : packed_fd.error());
            }
            Pieces packed_pieces(packed_fd->get());
            Pieces original_pieces(original_fd->get());
            if (decodes_to(encoding, [&] { return packed_pieces.next(); }, [&] { return original_pieces.next(); })) {
                original.variants[static_cast<std::size_t>(encoding)] = packed.variants[0];
            } else {
                upload_.warnings.add("sibling_rejected", packed.path, base);
                rejected.insert(packed.path);
            }
        }
    }
    std::erase_if(upload_.files, [&](const DeployEntry& file) { return rejected.contains(file.path); });
    return {};
}

Status Finisher::unpack_drawing(DeployEntry& file) {
    if (!ascii_lower(file.path).ends_with(".svgz") || file.variants[0]->size_bytes > compress_bytes_max) {
        return {};
    }
    const auto packed = read_staged(shelf_, file.variants[0]->hash, compress_bytes_max);
    if (!packed) {
        return fail(packed.error());
    }
    const std::uint64_t left = total_bytes_ > upload_.bytes ? total_bytes_ - upload_.bytes : 0;
    const auto plain = gunzip(*packed, static_cast<std::size_t>(std::min<std::uint64_t>(left, compress_bytes_max)));
    if (!plain) {
        // Either a drawing that was not compressed, or one that would be too large: it is shown as it came.
        return {};
    }
    auto staged = stage_bytes(shelf_.folder, *plain);
    if (!staged) {
        return fail(std::move(staged.error()));
    }
    upload_.bytes += plain->size();
    // SVG 2 §C: such a file is SVG with `Content-Encoding: gzip`; its own bytes are that encoding.
    file.variants[static_cast<std::size_t>(Encoding::gzip)] = file.variants[0];
    file.variants[0] = *staged;
    return {};
}

Status Finisher::dress(DeployEntry& file) {
    if (auto unpacked = unpack_drawing(file); !unpacked) {
        return unpacked;
    }
    const FileType type = type_of(file.path);
    file.type = type.type;
    const bool page = is_html(file.path);
    pages_count_ += page ? 1 : 0;
    if (!type.text || file.variants[0]->size_bytes > compress_bytes_max) {
        file.type += type.charset ? "; charset=utf-8" : "";
        return {};
    }
    const auto bytes = read_staged(shelf_, file.variants[0]->hash, compress_bytes_max);
    if (!bytes) {
        return fail(bytes.error());
    }
    if (type.charset) {
        // A charset in the header beats the page's own <meta>: it is told only where it is true.
        const bool utf8 = is_utf8(*bytes);
        file.type += utf8 ? "; charset=utf-8" : "";
        if (!utf8) {
            upload_.warnings.add("not_utf8", file.path);
        }
    }
    for (const Encoding encoding : {Encoding::br, Encoding::gzip}) {
        auto& variant = file.variants[static_cast<std::size_t>(encoding)];
        const auto packed = variant ? std::nullopt : compress(encoding, *bytes);
        if (packed) {
            auto staged = stage_bytes(shelf_.folder, *packed);
            if (!staged) {
                return fail(std::move(staged.error()));
            }
            variant = *staged;
        }
    }
    if (page && pages_.size() < scanned_pages_max) {
        note_page(file, *bytes);
    }
    return {};
}

void Finisher::note_page(const DeployEntry& file, std::string_view html) {
    PageFacts facts = scan_page(html);
    if (facts.images_without_alt > 0) {
        upload_.warnings.add("images_without_alt", file.path, std::to_string(facts.images_without_alt));
    }
    if (facts.frames_without_title > 0) {
        upload_.warnings.add("frames_without_title", file.path, std::to_string(facts.frames_without_title));
    }
    if (!facts.has_language && !facts.redirects) {
        upload_.warnings.add("language_missing", file.path);
    }
    if (!facts.has_title && !facts.redirects) {
        upload_.warnings.add("title_missing", file.path);
    }
    for (const PageLink& link : facts.links) {
        const std::string host = link.kind == LinkKind::link ? std::string() : outside_host(link.target);
        if (!host.empty()) {
            // Whoever serves a part of the page learns who reads it.
            upload_.warnings.add("outside_part", file.path, printable_name(host));
        }
    }
    links_kept_ += facts.links.size();
    if (links_kept_ <= links_kept_max) {
        pages_.emplace_back(file.path, std::move(facts));
    }
}

bool Finisher::is_there(const std::string& path) const {
    if (path.empty() || path.ends_with('/')) {
        return by_path_.contains(path + "index.html");
    }
    return by_path_.contains(path) || by_path_.contains(path + "/index.html") || by_path_.contains(path + ".html");
}

void Finisher::check_links() {
    std::string path;
    for (const auto& [page, facts] : pages_) {
        for (const PageLink& link : facts.links) {
            if (!resolve_link(page, link.target, path) || is_there(path)) {
                continue;
            }
            const bool redirected = std::any_of(redirects_.begin(), redirects_.end(), [&path](const RedirectRule& rule) {
                return rule_matches(rule.pattern, path, nullptr);
            });
            if (!redirected) {
                upload_.warnings.add("broken_link", page, printable_name(link.target));
            }
        }
    }
}

Status Finisher::check_home() {
    if (auto doubt = doubt_about_home(upload_.files, redirects_)) {
        doubts_.add(doubt->code, doubt->path, doubt->detail);
        return {};
    }
    const DeployEntry* home = find("index.html");
    if (home == nullptr) {
        return {};  // a rule of _redirects answers for it
    }
    if (home->variants[0]->size_bytes == 0) {
        doubts_.add("home_empty", home_path_);
        return {};
    }
    const auto fd = open_staged(shelf_, home->variants[0]->hash);
    if (!fd) {
        return fail(fd.error());
    }
    Pieces pieces(fd->get());
    const std::string_view start = pieces.next();
    // A NUL is in no page; UTF-16 pages have them, behind their mark (HTML §13.2.3.2).
    const bool marked = start.starts_with("\xff\xfe") || start.starts_with("\xfe\xff");
    if (!marked && start.substr(0, page_start_bytes).find('\0') != std::string_view::npos) {
        doubts_.add("home_not_a_page", home_path_);
    }
    return {};
}

void Finisher::add_index_pages() {
    for (auto& [page, index] : index_pages(upload_.files)) {
        if (upload_.files.size() >= upload_files_max) {
            return;
        }
        DeployEntry entry = upload_.files[by_path_.at(page)];
        if (index == "index.html") {
            home_path_ = page;
            upload_.warnings.add("index_name", page);
        }
        entry.path = std::move(index);
        upload_.files.push_back(std::move(entry));
    }
}

void Finisher::weigh_home() {
    const DeployEntry* home = find("index.html");
    const auto facts = std::find_if(pages_.begin(), pages_.end(), [this](const auto& page) { return page.first == home_path_; });
    if (home == nullptr) {
        return;
    }
    const SiteFiles files{
        [this](const std::string& path) { return find(path); },
        [this](const DeployEntry& file) { return read_staged(shelf_, file.variants[0]->hash, style_bytes_max).value_or(std::string()); }};
    home_ = weigh_page(*home, facts == pages_.end() ? PageFacts() : facts->second, files);
}

std::string Finisher::write_report() const {
    std::string out;
    for (const DeployEntry& file : upload_.files) {
        out += file_line(file);
    }
    for (const RedirectRule& rule : redirects_) {
        ReportLine line("redirect");
        line.add(static_cast<std::uint64_t>(rule.status)).add(std::uint64_t{rule.force}).add(rule.pattern).add(rule.target);
        out += std::move(line).end();
    }
    for (const HeaderRule& rule : headers_) {
        ReportLine line("header");
        line.add(rule.pattern).add(rule.name).add(rule.value);
        out += std::move(line).end();
    }
    out += upload_.warnings.lines("warning");
    out += doubts_.lines("doubt");
    if (home_) {
        ReportLine line("home");
        line.add(home_->bytes).add(home_->requests).add(home_->elements);
        out += std::move(line).end();
    }
    ReportLine line("done");
    std::uint64_t bytes = 0;
    for (const DeployEntry& file : upload_.files) {
        bytes += file.variants[0]->size_bytes;
    }
    line.add(std::uint64_t{upload_.files.size()}).add(bytes).add(std::uint64_t{pages_count_});
    return out += std::move(line).end();
}

Result<std::string> Finisher::run() {
    if (upload_.refusals.count() == 0) {
        strip_top_folder(upload_);
        if (auto taken = take_rules(); !taken) {
            return fail(std::move(taken.error()));
        }
        if (upload_.files.empty()) {
            upload_.refusals.add("empty_archive");
        }
    }
    if (upload_.refusals.count() > 0) {
        ReportLine line("refused");
        line.add(std::uint64_t{upload_.refusals.count()});
        return upload_.refusals.lines("refusal") + std::move(line).end();
    }
    const auto index = [this] {
        std::sort(upload_.files.begin(), upload_.files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
        by_path_.clear();
        for (std::size_t i = 0; i < upload_.files.size(); ++i) {
            by_path_.emplace(upload_.files[i].path, i);
        }
    };
    index();
    if (auto matched = match_siblings(); !matched) {
        return fail(std::move(matched.error()));
    }
    index();
    for (DeployEntry& file : upload_.files) {
        if (auto dressed = dress(file); !dressed) {
            return fail(std::move(dressed.error()));
        }
    }
    add_index_pages();
    index();
    if (auto checked = check_home(); !checked) {
        return fail(std::move(checked.error()));
    }
    check_links();
    weigh_home();
    return write_report();
}

} // namespace hameau::sites
