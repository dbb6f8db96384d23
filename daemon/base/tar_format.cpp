// ustar headers, and pax ones before names that ustar cannot say.
#include "daemon/base/tar_format.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace hameau {

namespace {

constexpr std::size_t name_bytes_max = 100;

/// ustar header (IEEE 1003.1-2001, pax, "ustar Interchange Format").
std::string block(char kind, std::string_view name, std::uint64_t size, std::int64_t mtime) {
    std::string block(tar_block_bytes, '\0');
    const auto put = [&block](std::size_t at, std::string_view text) { std::copy(text.begin(), text.end(), block.begin() + static_cast<std::ptrdiff_t>(at)); };
    const auto octal = [&put](std::size_t at, int digits, std::uint64_t value) {
        char text[32];
        const int length = std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(value));
        put(at, std::string_view(text, static_cast<std::size_t>(length)));
    };
    put(0, name.substr(0, name_bytes_max));
    octal(100, 7, 0644);
    octal(108, 7, 0);
    octal(116, 7, 0);
    octal(124, 11, size);
    octal(136, 11, static_cast<std::uint64_t>(std::max<std::int64_t>(mtime, 0)));
    put(148, "        ");
    block[156] = kind;
    put(257, std::string_view("ustar\00000", 8));
    unsigned sum = 0;
    for (const char c : block) {
        sum += static_cast<unsigned char>(c);
    }
    octal(148, 6, sum);
    block[154] = '\0';
    return block;
}

/// "LENGTH path=NAME\n", where LENGTH counts itself.
std::string pax_record(const std::string& name) {
    const std::size_t rest = std::strlen(" path=\n") + name.size();
    std::size_t length = rest + 1;
    while (std::to_string(length).size() + rest != length) {
        ++length;
    }
    return std::to_string(length) + " path=" + name + "\n";
}

} // namespace

std::size_t tar_padding(std::uint64_t size_bytes) {
    return static_cast<std::size_t>((tar_block_bytes - size_bytes % tar_block_bytes) % tar_block_bytes);
}

std::string tar_header(const std::string& name, std::uint64_t size_bytes, std::int64_t mtime_s) {
    const bool plain = name.size() <= name_bytes_max && std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (plain) {
        return block('0', name, size_bytes, mtime_s);
    }
    const std::string record = pax_record(name);
    std::string out = block('x', "pax", record.size(), 0) + record;
    out.append(tar_padding(record.size()), '\0');
    return out + block('0', "file", size_bytes, mtime_s);
}

} // namespace hameau
