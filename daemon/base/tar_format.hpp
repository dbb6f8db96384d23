// The headers of a tar file, POSIX.1-2001 pax: for what packs a folder, an association or a version of a site.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hameau {

inline constexpr std::size_t tar_block_bytes = 512;

/// Zero bytes up to the next block.
std::size_t tar_padding(std::uint64_t size_bytes);
/// What stands before the content of a file: with an extended header for its name where ustar cannot say it (100 bytes, ASCII).
/// `size_bytes` up to 8 GiB; `mtime_s`: seconds since 1970.
std::string tar_header(const std::string& name, std::uint64_t size_bytes, std::int64_t mtime_s);

} // namespace hameau
