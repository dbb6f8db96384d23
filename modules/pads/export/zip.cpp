// Local headers, data, central directory (APPNOTE 4.3). The time is fixed: equal content gives equal bytes.
#include "modules/pads/export/zip.hpp"

#include <vector>
#include <zlib.h>

namespace hameau::pads {

namespace {

constexpr std::uint16_t version_needed = 20;
constexpr std::uint16_t utf8_names = 0x0800;
constexpr std::uint16_t fixed_time = 0;
constexpr std::uint16_t fixed_date = 0x0021;  // 1980-01-01

void put16(std::string& out, std::uint32_t value) {
    out += static_cast<char>(value & 0xff);
    out += static_cast<char>((value >> 8) & 0xff);
}
void put32(std::string& out, std::uint32_t value) {
    put16(out, value & 0xffff);
    put16(out, value >> 16);
}

/// Raw deflate; empty when zlib refuses (then the file is stored).
std::string deflated(std::string_view content) {
    z_stream stream{};
    constexpr int raw_window_bits = -15;
    constexpr int memory_level = 8;
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, raw_window_bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
        return {};
    }
    std::string out(deflateBound(&stream, static_cast<uLong>(content.size())), '\0');
    std::vector<unsigned char> in(content.begin(), content.end());
    stream.next_in = in.data();
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    out.resize(done ? stream.total_out : 0);
    deflateEnd(&stream);
    return out;
}

} // namespace

void ZipWriter::add(std::string_view name, std::string_view content, Packing packing) {
    const std::string packed = packing == Packing::deflated ? deflated(content) : std::string();
    const bool smaller = !packed.empty() && packed.size() < content.size();
    const std::string_view data = smaller ? std::string_view(packed) : content;
    const auto sum = static_cast<std::uint32_t>(
        crc32(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
    const auto offset = static_cast<std::uint32_t>(out_.size());
    const auto describe = [&](std::string& out) {
        put16(out, version_needed);
        put16(out, utf8_names);
        put16(out, smaller ? 8 : 0);
        put16(out, fixed_time);
        put16(out, fixed_date);
        put32(out, sum);
        put32(out, static_cast<std::uint32_t>(data.size()));
        put32(out, static_cast<std::uint32_t>(content.size()));
        put16(out, static_cast<std::uint32_t>(name.size()));
        put16(out, 0);  // extra field
    };
    put32(out_, 0x04034b50);
    describe(out_);
    out_.append(name).append(data);
    put32(directory_, 0x02014b50);
    put16(directory_, version_needed);
    describe(directory_);
    put16(directory_, 0);  // comment
    put16(directory_, 0);  // disk
    put16(directory_, 0);  // internal attributes
    put32(directory_, 0);  // external attributes
    put32(directory_, offset);
    directory_.append(name);
    ++count_;
}

std::string ZipWriter::finish() {
    const auto offset = static_cast<std::uint32_t>(out_.size());
    out_ += directory_;
    put32(out_, 0x06054b50);
    put32(out_, 0);
    put16(out_, count_);
    put16(out_, count_);
    put32(out_, static_cast<std::uint32_t>(directory_.size()));
    put32(out_, offset);
    put16(out_, 0);
    return std::move(out_);
}

} // namespace hameau::pads
