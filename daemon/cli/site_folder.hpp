// The files of a folder that is to be published, judged before anything is packed. Called by site_source.cpp. File names
// are bytes here: no locale is consulted. Never opens a file and never waits on one (a FIFO is recognised by its kind).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/cli/limits.hpp"

namespace hameau::cli {

struct FolderFile {
    std::filesystem::path path;  ///< to open
    std::string name;            ///< relative to the folder, with "/", valid UTF-8
};

struct FolderFiles {
    std::vector<FolderFile> files;   ///< in order of name
    std::vector<std::string> notes;  ///< what was left aside and why, one sentence each
};

/// Left aside with a note: FIFOs, sockets, devices, links that lead nowhere, links to folders, names that are not UTF-8,
/// hidden files, what macOS, Windows and office programs leave behind. Links to files inside the folder are followed.
/// Errors: invalid (a link that leads out of the folder), denied (something that the caller may not read), too_large,
/// not_found, io. Each names the file and says what to do.
Result<FolderFiles> list_folder(const std::filesystem::path& folder);

/// A name for a terminal: control characters and bytes that are not UTF-8 are shown as \xNN.
std::string shown_name(std::string_view name);

} // namespace hameau::cli
