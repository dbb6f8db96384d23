// One folder after the other, so that an error can name the folder that it is about.
#include "daemon/cli/site_folder.hpp"

#include <algorithm>
#include <cstdio>

#include "daemon/cli/limits.hpp"
#include "daemon/contract/site_names.hpp"

namespace hameau::cli {

namespace fs = std::filesystem;

namespace {

tl::unexpected<Error> failed_at(const std::string& what, const std::error_code& failed) {
    const bool denied = failed == std::errc::permission_denied || failed == std::errc::operation_not_permitted;
    return fail(denied ? ErrorKind::denied : ErrorKind::io,
                shown_name(what) + " cannot be read: " + failed.message() + ". Nothing was published.", failed);
}

class Walk {
public:
    Walk(fs::path root, fs::path real_root) : root_(std::move(root)), real_root_(std::move(real_root)) {}

    Status folder(const fs::path& at, const std::string& prefix, std::size_t depth) {
        if (depth > folder_depth_max) {
            return fail(ErrorKind::too_large, shown_name(at.string()) + " is more than " + std::to_string(folder_depth_max) +
                                                  " folders deep. Nothing was published.");
        }
        std::error_code failed;
        for (fs::directory_iterator entry(at, failed); !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
            if (auto taken = take(entry->path(), prefix + entry->path().filename().string(), depth); !taken) {
                return taken;
            }
        }
        return failed ? Status(failed_at(at.string(), failed)) : Status{};
    }

    FolderFiles found;

private:
    void leave(const std::string& name, std::string_view why) {
        if (found.notes.size() < folder_notes_max) {
            found.notes.push_back(shown_name(name) + ": left aside, " + std::string(why));
        } else if (found.notes.size() == folder_notes_max) {
            found.notes.emplace_back("and more files of such kinds");
        }
    }

    Status take(const fs::path& path, const std::string& name, std::size_t depth) {
        const std::string segment = path.filename().string();
        if (const auto kind = sites::name_kind(segment); kind != sites::NameKind::plain) {
            leave(name, kind == sites::NameKind::hidden ? "it is hidden" : "a system or an office program made it for itself");
            return {};
        }
        if (!sites::is_utf8(segment)) {
            leave(name, "its name is not UTF-8 (convmv or a file manager can rename it)");
            return {};
        }
        std::error_code failed;
        const fs::file_status status = fs::symlink_status(path, failed);
        if (failed) {
            return failed_at(name, failed);
        }
        switch (status.type()) {
        case fs::file_type::directory:
            return folder(path, name + "/", depth + 1);
        case fs::file_type::regular:
            return add(path, name);
        case fs::file_type::symlink:
            return link(path, name);
        default:
            leave(name, "it is not a file (a pipe, a socket or a device)");
            return {};
        }
    }

    Status link(const fs::path& path, const std::string& name) {
        std::error_code failed;
        const fs::path target = fs::canonical(path, failed);
        if (failed) {
            leave(name, "it is a link that leads nowhere");
            return {};
        }
        const fs::path inside = target.lexically_relative(real_root_);
        if (inside.empty() || *inside.begin() == "..") {
            return fail(ErrorKind::invalid, shown_name(name) + " is a link to " + shown_name(target.string()) +
                                                ", which is outside of the folder. Put the file itself there. Nothing was published.");
        }
        const fs::file_status status = fs::status(target, failed);
        if (failed || status.type() != fs::file_type::regular) {
            leave(name, status.type() == fs::file_type::directory ? "it is a link to a folder" : "it is a link to something that is not a file");
            return {};
        }
        return add(target, name);
    }

    Status add(const fs::path& path, const std::string& name) {
        if (found.files.size() == folder_files_max) {
            return fail(ErrorKind::too_large, shown_name(root_.string()) + " holds more than " + std::to_string(folder_files_max) +
                                                  " files. Nothing was published.");
        }
        found.files.push_back(FolderFile{path, name});
        return {};
    }

    fs::path root_;
    fs::path real_root_;
};

} // namespace

std::string shown_name(std::string_view name) {
    const bool utf8 = sites::is_utf8(name);
    std::string out;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
            char text[5];
            std::snprintf(text, sizeof text, "\\x%02x", byte);
            out += text;
        } else {
            out += c;
        }
    }
    return out;
}

Result<FolderFiles> list_folder(const fs::path& folder) {
    std::error_code failed;
    const fs::path real = fs::canonical(folder, failed);
    if (failed) {
        return failed_at(folder.string(), failed);
    }
    Walk walk(folder, real);
    if (auto done = walk.folder(folder, "", 0); !done) {
        return fail(std::move(done.error()));
    }
    std::sort(walk.found.files.begin(), walk.found.files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    std::sort(walk.found.notes.begin(), walk.found.notes.end());
    return std::move(walk.found);
}

} // namespace hameau::cli
