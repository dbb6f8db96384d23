// brotli, zlib and zstd behind one interface. Called for each file that is worth compressing in advance.
#include "modules/sites/unpack/encodings.hpp"

#include <algorithm>
#include <brotli/decode.h>
#include <brotli/encode.h>
#include <cstring>
#include <memory>
#include <vector>
#include <zlib.h>
#include <zstd.h>

#include "modules/sites/limits.hpp"

namespace hameau::sites {

namespace {

constexpr int brotli_quality = 9;
constexpr int gzip_level = 9;
constexpr int gzip_format = 15 + 16;  ///< windowBits: the largest window, gzip wrapper (RFC 1952)

std::optional<std::string> compress_brotli(std::string_view bytes) {
    std::string out(BrotliEncoderMaxCompressedSize(bytes.size()), '\0');
    std::size_t size = out.size();
    if (out.empty() || BrotliEncoderCompress(brotli_quality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, bytes.size(),
                                             reinterpret_cast<const std::uint8_t*>(bytes.data()), &size,
                                             reinterpret_cast<std::uint8_t*>(out.data())) == BROTLI_FALSE) {
        return std::nullopt;
    }
    out.resize(size);
    return out;
}

std::optional<std::string> compress_gzip(std::string_view bytes) {
    z_stream stream{};
    if (deflateInit2(&stream, gzip_level, Z_DEFLATED, gzip_format, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
        return std::nullopt;
    }
    std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int ended = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return ended == Z_STREAM_END ? std::optional(std::move(out)) : std::nullopt;
}

/// Takes decoded bytes and holds them against the original as they come.
class Comparison {
public:
    explicit Comparison(const ReadPiece& original) : original_(original) {}
    bool take(std::string_view decoded) {
        while (!decoded.empty()) {
            if (rest_.empty()) {
                rest_ = original_();
            }
            const std::size_t size = std::min(rest_.size(), decoded.size());
            if (size == 0 || std::memcmp(rest_.data(), decoded.data(), size) != 0) {
                return false;
            }
            rest_.remove_prefix(size);
            decoded.remove_prefix(size);
        }
        return true;
    }
    bool at_end() { return rest_.empty() && original_().empty(); }

private:
    const ReadPiece& original_;
    std::string_view rest_;
};

bool brotli_decodes_to(const ReadPiece& packed, Comparison& comparison) {
    const std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> state(
        BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), &BrotliDecoderDestroyInstance);
    std::vector<std::uint8_t> out(unpack_piece_bytes);
    std::string_view in;
    for (;;) {
        std::size_t in_size = in.size();
        const auto* in_at = reinterpret_cast<const std::uint8_t*>(in.data());
        std::size_t out_left = out.size();
        std::uint8_t* out_at = out.data();
        const auto result = BrotliDecoderDecompressStream(state.get(), &in_size, &in_at, &out_left, &out_at, nullptr);
        in.remove_prefix(in.size() - in_size);
        if (!comparison.take({reinterpret_cast<const char*>(out.data()), out.size() - out_left})) {
            return false;
        }
        if (result == BROTLI_DECODER_RESULT_SUCCESS) {
            return in.empty() && packed().empty();
        }
        if (result == BROTLI_DECODER_RESULT_ERROR) {
            return false;
        }
        if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT && (in = packed()).empty()) {
            return false;
        }
    }
}

bool gzip_decodes_to(const ReadPiece& packed, Comparison& comparison) {
    z_stream stream{};
    if (inflateInit2(&stream, gzip_format) != Z_OK) {
        return false;
    }
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> guard(&stream, &inflateEnd);
    std::vector<char> out(unpack_piece_bytes);
    for (;;) {
        if (stream.avail_in == 0) {
            const std::string_view in = packed();
            if (in.empty()) {
                return false;
            }
            stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
            stream.avail_in = static_cast<uInt>(in.size());
        }
        stream.next_out = reinterpret_cast<Bytef*>(out.data());
        stream.avail_out = static_cast<uInt>(out.size());
        const int result = inflate(&stream, Z_NO_FLUSH);
        if (!comparison.take({out.data(), out.size() - stream.avail_out})) {
            return false;
        }
        if (result == Z_STREAM_END) {
            // One member only: browsers differ on what follows (RFC 1952 §2.2 allows more).
            return stream.avail_in == 0 && packed().empty();
        }
        if (result != Z_OK && (result != Z_BUF_ERROR || stream.avail_in > 0)) {
            return false;
        }
    }
}

bool zstd_decodes_to(const ReadPiece& packed, Comparison& comparison) {
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
    // RFC 9659: content coding zstd is held to a window of 8 MiB; more is a download that browsers refuse.
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, zstd_window_log_max);
    std::vector<char> out(unpack_piece_bytes);
    std::string_view piece;
    std::size_t left = 1;
    while (!(piece = packed()).empty()) {
        ZSTD_inBuffer in{piece.data(), piece.size(), 0};
        bool more = true;
        while (in.pos < in.size || more) {
            ZSTD_outBuffer made{out.data(), out.size(), 0};
            left = ZSTD_decompressStream(context.get(), &made, &in);
            if (ZSTD_isError(left) != 0 || !comparison.take({out.data(), made.pos})) {
                return false;
            }
            more = made.pos == made.size;
        }
    }
    return left == 0;
}

} // namespace

std::optional<std::string> compress(Encoding encoding, std::string_view bytes) {
    if (bytes.size() < compress_bytes_min || bytes.size() > compress_bytes_max) {
        return std::nullopt;
    }
    auto packed = encoding == Encoding::br ? compress_brotli(bytes) : compress_gzip(bytes);
    const bool pays = packed && packed->size() + bytes.size() / 20 < bytes.size();
    return pays ? std::move(packed) : std::nullopt;
}

std::optional<std::string> gunzip(std::string_view packed, std::size_t bytes_max) {
    z_stream stream{};
    if (inflateInit2(&stream, gzip_format) != Z_OK) {
        return std::nullopt;
    }
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> guard(&stream, &inflateEnd);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string out;
    std::string piece(unpack_piece_bytes, '\0');
    for (;;) {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = static_cast<uInt>(piece.size());
        const int result = inflate(&stream, Z_NO_FLUSH);
        out.append(piece, 0, piece.size() - stream.avail_out);
        if (out.size() > bytes_max || (result != Z_OK && result != Z_STREAM_END) ||
            (result == Z_OK && stream.avail_in == 0 && stream.avail_out > 0)) {
            return std::nullopt;
        }
        if (result == Z_STREAM_END) {
            return stream.avail_in == 0 ? std::optional(std::move(out)) : std::nullopt;
        }
    }
}

bool decodes_to(Encoding encoding, const ReadPiece& packed, const ReadPiece& original) {
    Comparison comparison(original);
    const bool same = encoding == Encoding::br     ? brotli_decodes_to(packed, comparison)
                      : encoding == Encoding::gzip ? gzip_decodes_to(packed, comparison)
                                                   : zstd_decodes_to(packed, comparison);
    return same && comparison.at_end();
}

} // namespace hameau::sites
