// What the directory says is believed only where the data agree: places lie in the archive, sizes and sums are as said.
#include "modules/pads/convert/word_package.hpp"

#include <algorithm>

#include <zlib.h>

#include "daemon/base/text.hpp"
#include "modules/pads/convert/limits.hpp"

namespace hameau::pads {

namespace {

constexpr std::size_t end_record_bytes = 22, directory_entry_bytes = 46, local_header_bytes = 30;
constexpr std::uint32_t end_record_sign = 0x06054b50, directory_entry_sign = 0x02014b50, local_header_sign = 0x04034b50;
constexpr std::uint32_t stored = 0, deflated = 8;

tl::unexpected<Error> damaged() { return fail(ErrorKind::invalid, "document_damaged"); }

/// Zero beyond the end; callers check the place of what they read.
std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = count; i > 0 && at + i <= bytes.size(); --i) {
        value = value << 8 | static_cast<unsigned char>(bytes[at + i - 1]);
    }
    return value;
}

/// The end record, behind which only its comment stands.
std::size_t find_end_record(std::string_view archive) {
    constexpr std::size_t comment_bytes_max = 0xffff;
    if (archive.size() < end_record_bytes) {
        return std::string_view::npos;
    }
    const std::size_t last = archive.size() - end_record_bytes;
    const std::size_t first = last - std::min(last, comment_bytes_max);
    for (std::size_t at = last + 1; at-- > first;) {
        if (number_at(archive, at, 4) == end_record_sign) {
            return at;
        }
    }
    return std::string_view::npos;
}

/// Nothing when what comes out is not exactly `size` bytes.
Result<std::string> inflated(std::string_view packed, std::size_t size) {
    constexpr int raw_window_bits = -15;
    z_stream stream{};
    if (inflateInit2(&stream, raw_window_bits) != Z_OK) {
        return fail(ErrorKind::unavailable, "zlib has no memory");
    }
    // One byte more shows that there is more than was said.
    std::string out(size + 1, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const bool whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.total_out == size;
    inflateEnd(&stream);
    if (!whole) {
        return damaged();
    }
    out.resize(size);
    return out;
}

} // namespace

std::string word_part_key(std::string_view name) {
    std::string key = ascii_lower(name.substr(name.starts_with('/') ? 1 : 0));
    std::replace(key.begin(), key.end(), '\\', '/');
    return key;
}

Result<WordPackage> WordPackage::open(std::string_view archive) {
    const std::size_t end = find_end_record(archive);
    if (!archive.starts_with("PK\x03\x04") || end == std::string_view::npos) {
        return damaged();
    }
    const std::size_t count = number_at(archive, end + 10, 2);
    std::size_t at = number_at(archive, end + 16, 4);
    if (count > word_parts_max) {
        return fail(ErrorKind::invalid, "document_too_rich");
    }
    WordPackage out;
    out.archive_ = archive;
    for (std::size_t i = 0; i < count; ++i) {
        const bool there = at <= end && end - at >= directory_entry_bytes && number_at(archive, at, 4) == directory_entry_sign;
        const std::size_t name_bytes = there ? number_at(archive, at + 28, 2) : 0;
        const std::size_t bytes = directory_entry_bytes + name_bytes + number_at(archive, at + 30, 2) + number_at(archive, at + 32, 2);
        const bool encrypted = (number_at(archive, at + 8, 2) & 1) != 0;
        if (!there || end - at < bytes || encrypted) {
            return damaged();
        }
        const Part part{number_at(archive, at + 42, 4), number_at(archive, at + 20, 4), number_at(archive, at + 24, 4), number_at(archive, at + 16, 4), number_at(archive, at + 10, 2)};
        const std::string_view name = archive.substr(at + directory_entry_bytes, name_bytes);
        if (!name.ends_with('/') && !out.parts_.emplace(word_part_key(name), part).second) {
            return damaged();
        }
        at += bytes;
    }
    return out;
}

bool WordPackage::has(std::string_view name) const { return parts_.contains(word_part_key(name)); }

Result<std::string> WordPackage::read(std::string_view name, std::size_t bytes_max) const {
    const auto found = parts_.find(word_part_key(name));
    if (found == parts_.end()) {
        return damaged();
    }
    const Part& part = found->second;
    if (part.unpacked > bytes_max) {
        return fail(ErrorKind::invalid, "document_too_rich");
    }
    const std::size_t room = archive_.size();
    if (part.offset > room || room - part.offset < local_header_bytes || number_at(archive_, part.offset, 4) != local_header_sign) {
        return damaged();
    }
    const std::size_t begin = std::size_t{part.offset} + local_header_bytes + number_at(archive_, part.offset + 26, 2) + number_at(archive_, part.offset + 28, 2);
    if (begin > room || room - begin < part.packed || (part.method != stored && part.method != deflated)) {
        return damaged();
    }
    const std::string_view packed = archive_.substr(begin, part.packed);
    auto bytes = part.method == deflated ? inflated(packed, part.unpacked) : Result<std::string>(packed);
    if (!bytes) {
        return bytes;
    }
    const auto sum = crc32(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(bytes->data()), static_cast<uInt>(bytes->size()));
    return bytes->size() == part.unpacked && sum == part.sum ? std::move(bytes) : Result<std::string>(damaged());
}

} // namespace hameau::pads
