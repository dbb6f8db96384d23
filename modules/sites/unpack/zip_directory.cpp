// APPNOTE 4.3.12 and 4.3.16. Bounded: the end record is looked for in the last 64 KiB, the directory read in pieces.
#include "modules/sites/unpack/zip_directory.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace hameau::sites {

namespace {

constexpr std::size_t end_record_bytes = 22;
constexpr std::size_t header_bytes = 46;
constexpr std::size_t search_bytes = 65535 + end_record_bytes;

std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    }
    return value;
}

std::string read_at(int fd, std::uint64_t at, std::size_t size) {
    std::string bytes(size, '\0');
    const ssize_t n = ::pread(fd, bytes.data(), size, static_cast<off_t>(at));
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
}

} // namespace

std::vector<std::string> zip_backslash_names(int fd, std::size_t count_max) {
    std::vector<std::string> names;
    struct stat facts {};
    if (::fstat(fd, &facts) != 0) {
        return names;
    }
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    const std::size_t tail_size = static_cast<std::size_t>(std::min<std::uint64_t>(size, search_bytes));
    const std::string tail = read_at(fd, size - tail_size, tail_size);
    const std::size_t end = tail.rfind(std::string_view("PK\5\6", 4));
    if (end == std::string::npos || tail.size() - end < end_record_bytes) {
        return names;
    }
    std::uint64_t at = number_at(tail, end + 16, 4);
    std::uint32_t left = number_at(tail, end + 10, 2);
    while (left-- > 0 && names.size() < count_max) {
        const std::string header = read_at(fd, at, header_bytes);
        if (header.size() < header_bytes || !header.starts_with(std::string_view("PK\1\2", 4))) {
            break;
        }
        const std::size_t name_size = number_at(header, 28, 2);
        const std::string name = read_at(fd, at + header_bytes, name_size);
        // 4.4.2: the upper byte of "version made by" is the system; 0 is DOS, 10 and 14 are Windows.
        const unsigned system = number_at(header, 5, 1);
        if (system != 0 && system != 10 && system != 14 && name.find('\\') != std::string::npos) {
            names.push_back(name);
        }
        at += header_bytes + name_size + number_at(header, 30, 2) + number_at(header, 32, 2);
    }
    return names;
}

} // namespace hameau::sites
