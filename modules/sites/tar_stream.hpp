// A folder as a tar stream, so that an import goes through hameau-unpack like any upload. Regular files only; links are
// not followed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"

namespace hameau::sites {

class TarStream {
public:
    /// Errors: not_found, io, too_large above `files_max`.
    static Result<TarStream> of(const std::filesystem::path& folder, std::size_t files_max);
    /// The next bytes; 0 at the end. Errors: io, also when a file shrinks meanwhile.
    Result<std::size_t> read_some(std::span<char> buffer);

private:
    struct File {
        std::filesystem::path path;
        std::string name;
    };
    Status next_file();

    std::vector<File> files_;
    std::size_t index_ = 0;
    std::string pending_;       ///< headers and padding still to be given
    Fd fd_;
    std::uint64_t left_ = 0;    ///< of the open file
    std::uint64_t padding_ = 0;
    bool ended_ = false;
};

} // namespace hameau::sites
