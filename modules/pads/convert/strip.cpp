// PNG (W3C third edition §5), JPEG (T.81 annex B, EXIF 2.32 §4.5), WebP (RFC 9649), GIF (GIF89a §§17 to 27).
#include "modules/pads/convert/strip.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "modules/pads/convert/answer.hpp"

namespace hameau::pads {

namespace {

tl::unexpected<Error> damaged() { return fail(ErrorKind::invalid, "image_damaged"); }

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }
std::uint32_t big(std::string_view bytes, std::size_t at, std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        value = value << 8 | byte_at(bytes, at + i);
    }
    return value;
}
std::uint32_t little(std::string_view bytes, std::size_t at, std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = count; i-- > 0;) {
        value = value << 8 | byte_at(bytes, at + i);
    }
    return value;
}

constexpr std::string_view png_signature("\x89PNG\r\n\x1a\n", 8);
/// What a picture needs to look right, and the frames of an animated one.
constexpr std::array<std::string_view, 16> png_kept = {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB",
                                                       "iCCP", "sBIT", "bKGD", "pHYs", "cICP", "acTL", "fcTL", "fdAT"};

Result<Stripped> strip_png(std::string_view bytes) {
    Stripped out;
    out.bytes = png_signature;
    std::string_view rest = bytes.substr(png_signature.size());
    for (bool first = true;; first = false) {
        if (rest.size() < 12) {
            return damaged();
        }
        const std::size_t length = big(rest, 0, 4);
        const std::string_view name = rest.substr(4, 4);
        if (length > rest.size() - 12 || first != (name == "IHDR")) {
            return damaged();
        }
        if (first) {
            if (length != 13) {
                return damaged();
            }
            out.width = big(rest, 8, 4);
            out.height = big(rest, 12, 4);
        }
        out.animated = out.animated || name == "acTL";
        if (std::find(png_kept.begin(), png_kept.end(), name) != png_kept.end()) {
            out.bytes += rest.substr(0, length + 12);
        }
        if (name == "IEND") {
            return out;
        }
        rest.remove_prefix(length + 12);
    }
}

/// The orientation that an EXIF segment asks for (EXIF 2.32 §4.6.4, tag 0x0112), 1 when it asks for none.
int orientation_of(std::string_view tiff) {
    if (tiff.size() < 8 || (tiff.substr(0, 2) != "II" && tiff.substr(0, 2) != "MM")) {
        return 1;
    }
    const bool intel = tiff[0] == 'I';
    const auto read = [&](std::size_t at, std::size_t count) { return intel ? little(tiff, at, count) : big(tiff, at, count); };
    const std::size_t folder = read(4, 4);
    if (folder > tiff.size() - 2) {
        return 1;
    }
    const std::size_t entries = std::min<std::size_t>(read(folder, 2), (tiff.size() - folder - 2) / 12);
    for (std::size_t i = 0; i < entries; ++i) {
        const std::size_t at = folder + 2 + 12 * i;
        if (read(at, 2) == 0x0112) {
            const std::uint32_t value = read(at + 8, 2);
            return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
        }
    }
    return 1;
}

/// An EXIF segment that says which side is up and nothing else.
std::string orientation_segment(int orientation) {
    std::string segment("\xff\xe1\x00\x22" "Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0", 36);
    segment[29] = static_cast<char>(orientation);
    return segment;
}

class JpegStripper {
public:
    explicit JpegStripper(std::string_view bytes) : rest_(bytes.substr(2)) {}

    Result<Stripped> run() {
        bool ended = false;
        while (!ended) {
            if (!marker()) {
                return damaged();
            }
            const std::uint8_t code = byte_at(rest_, 0);
            rest_.remove_prefix(1);
            if (code == 0xd9) {
                body_ += "\xff\xd9";
                ended = true;
            } else if (code == 0 || (code >= 0xd0 && code <= 0xd8) || code == 1) {
                return damaged();
            } else if (!segment(code)) {
                return damaged();
            }
        }
        if (out_.width == 0 || !scanned_) {
            return damaged();
        }
        out_.type = ImageType::jpeg;
        out_.bytes = "\xff\xd8";
        if (out_.orientation != 1) {
            out_.bytes += orientation_segment(out_.orientation);
        }
        out_.bytes += body_;
        return std::move(out_);
    }

private:
    /// Skips to the code behind the next 0xFF; fill bytes are legal (T.81 §B.1.1.2).
    bool marker() {
        if (rest_.empty() || rest_[0] != '\xff') {
            return false;
        }
        while (!rest_.empty() && rest_[0] == '\xff') {
            rest_.remove_prefix(1);
        }
        return !rest_.empty();
    }

    bool segment(std::uint8_t code) {
        if (rest_.size() < 2) {
            return false;
        }
        const std::size_t length = big(rest_, 0, 2);
        if (length < 2 || length > rest_.size()) {
            return false;
        }
        const std::string_view content = rest_.substr(2, length - 2);
        const bool frame = code >= 0xc0 && code <= 0xcf && code != 0xc4 && code != 0xc8 && code != 0xcc;
        if (frame) {
            if (content.size() < 6 || out_.width != 0) {
                return false;
            }
            out_.height = big(content, 1, 2);
            out_.width = big(content, 3, 2);
        }
        if (code == 0xe1 && content.starts_with(std::string_view("Exif\0\0", 6))) {
            out_.orientation = orientation_of(content.substr(6));
        }
        if (kept(code, content)) {
            body_ += '\xff';
            body_ += static_cast<char>(code);
            body_ += rest_.substr(0, length);
        }
        rest_.remove_prefix(length);
        return code != 0xda || scan();
    }

    /// No application data but colour (ICC; Adobe's mark says how CMYK is meant), no comment.
    static bool kept(std::uint8_t code, std::string_view content) {
        if (code == 0xe2) {
            return content.starts_with(std::string_view("ICC_PROFILE\0", 12));
        }
        if (code == 0xee) {
            return content.starts_with("Adobe");
        }
        return code != 0xfe && (code < 0xe0 || code > 0xef);
    }

    /// Entropy-coded data: to the next marker that is neither a stuffed zero nor a restart.
    bool scan() {
        scanned_ = true;
        std::size_t at = 0;
        for (;; at += 2) {
            at = rest_.find('\xff', at);
            if (at == std::string_view::npos || at + 1 >= rest_.size()) {
                return false;
            }
            const std::uint8_t next = byte_at(rest_, at + 1);
            if (next != 0 && (next < 0xd0 || next > 0xd7)) {
                break;
            }
        }
        body_ += rest_.substr(0, at);
        rest_.remove_prefix(at);
        return true;
    }

    std::string_view rest_;
    std::string body_;
    Stripped out_;
    bool scanned_ = false;
};

void add_little(std::string& out, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) {
        out += static_cast<char>(value >> shift & 0xff);
    }
}

/// A frame of an animation (RFC 9649 §2.7.1.1): its place and time, then chunks, of which pixels and opacity stay. Nothing when it
/// is not whole.
std::optional<std::string> strip_frame(std::string_view frame) {
    constexpr std::size_t head_size = 16;
    if (frame.size() < head_size) {
        return std::nullopt;
    }
    std::string out(frame.substr(0, head_size));
    std::string_view rest = frame.substr(head_size);
    while (rest.size() >= 8) {
        const std::string_view name = rest.substr(0, 4);
        const std::size_t length = little(rest, 4, 4);
        if (length > rest.size() - 8) {
            return std::nullopt;
        }
        if (name == "ALPH" || name == "VP8 " || name == "VP8L") {
            out += rest.substr(0, 8 + length);
            out.append(length & 1, '\0');
        }
        rest.remove_prefix(std::min(rest.size(), 8 + length + (length & 1)));
    }
    return out;
}

Result<Stripped> strip_webp(std::string_view bytes) {
    constexpr std::array<std::string_view, 6> kept = {"VP8 ", "VP8L", "VP8X", "ANIM", "ALPH", "ICCP"};
    const std::size_t size = little(bytes, 4, 4);
    if (size < 12 || size > bytes.size() - 8) {
        return damaged();
    }
    Stripped out;
    out.type = ImageType::webp;
    std::string body = "WEBP";
    std::string_view rest = bytes.substr(12, size - 4);
    while (rest.size() >= 8) {
        const std::string_view name = rest.substr(0, 4);
        const std::size_t length = little(rest, 4, 4);
        const std::size_t padded = length + (length & 1);
        if (length > rest.size() - 8) {
            return damaged();
        }
        const std::string_view content = rest.substr(8, length);
        if (name == "VP8X" && length >= 10) {
            out.width = little(content, 4, 3) + 1;
            out.height = little(content, 7, 3) + 1;
        } else if (name == "VP8L" && out.width == 0 && length >= 5) {
            const std::uint32_t packed = little(content, 1, 4);
            out.width = (packed & 0x3fff) + 1;
            out.height = (packed >> 14 & 0x3fff) + 1;
        } else if (name == "VP8 " && out.width == 0 && length >= 10) {
            out.width = little(content, 6, 2) & 0x3fff;
            out.height = little(content, 8, 2) & 0x3fff;
        }
        if (name == "ANMF") {
            const auto frame = strip_frame(content);
            if (!frame) {
                return damaged();
            }
            out.animated = true;
            body += name;
            add_little(body, static_cast<std::uint32_t>(frame->size()));
            body += *frame;
        } else if (std::find(kept.begin(), kept.end(), name) != kept.end()) {
            const std::size_t at = body.size();
            body += rest.substr(0, 8 + length);
            body.append(padded - length, '\0');
            if (name == "VP8X" && length >= 1) {
                // RFC 9649 §2.7: the flags E (EXIF) and X (XMP) go with their chunks.
                body[at + 8] = static_cast<char>(body[at + 8] & ~0x0c);
            }
        }
        rest.remove_prefix(std::min(rest.size(), 8 + padded));
    }
    out.bytes = "RIFF";
    add_little(out.bytes, static_cast<std::uint32_t>(body.size()));
    out.bytes += body;
    return out;
}

class GifStripper {
public:
    explicit GifStripper(std::string_view bytes) : rest_(bytes) {}

    Result<Stripped> run() {
        out_.type = ImageType::gif;
        if (rest_.size() < 13) {
            return damaged();
        }
        out_.width = little(rest_, 6, 2);
        out_.height = little(rest_, 8, 2);
        if (!take(13 + table_bytes(byte_at(rest_, 10)), true)) {
            return damaged();
        }
        for (int frames = 0;;) {
            const char kind = rest_.empty() ? '\0' : rest_[0];
            if (kind == ';') {
                out_.bytes += ';';
                out_.animated = frames > 1;
                return frames > 0 ? Result<Stripped>(std::move(out_)) : damaged();
            }
            const bool good = kind == ',' ? image() : kind == '!' ? extension() : false;
            if (!good) {
                return damaged();
            }
            frames += kind == ',' ? 1 : 0;
        }
    }

private:
    static std::size_t table_bytes(std::uint8_t flags) { return (flags & 0x80) == 0 ? 0 : 3u << ((flags & 7) + 1); }

    bool take(std::size_t count, bool keep) {
        if (count > rest_.size()) {
            return false;
        }
        if (keep) {
            out_.bytes += rest_.substr(0, count);
        }
        rest_.remove_prefix(count);
        return true;
    }

    bool blocks(bool keep) {
        while (!rest_.empty()) {
            const std::size_t length = byte_at(rest_, 0);
            if (!take(length + 1, keep)) {
                return false;
            }
            if (length == 0) {
                return true;
            }
        }
        return false;
    }

    bool image() {
        if (rest_.size() < 11) {
            return false;
        }
        const bool inside = little(rest_, 1, 2) + little(rest_, 5, 2) <= out_.width &&
                            little(rest_, 3, 2) + little(rest_, 7, 2) <= out_.height;
        return inside && take(10 + table_bytes(byte_at(rest_, 9)), true) && take(1, true) && blocks(true);
    }

    /// Kept: how a frame is shown, and how often the animation runs. Comments, texts and other programs' notes go.
    bool extension() {
        if (rest_.size() < 3) {
            return false;
        }
        const std::uint8_t label = byte_at(rest_, 1);
        const std::string_view application = rest_.substr(3, 11);
        const bool keep = label == 0xf9 || (label == 0xff && (application == "NETSCAPE2.0" || application == "ANIMEXTS1.0"));
        return take(2, keep) && blocks(keep);
    }

    std::string_view rest_;
    Stripped out_;
};

Result<Stripped> strip_known(std::string_view bytes) {
    if (bytes.starts_with(png_signature)) {
        return strip_png(bytes);
    }
    if (bytes.starts_with("\xff\xd8\xff")) {
        return JpegStripper(bytes).run();
    }
    if (bytes.size() >= 20 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WEBP") {
        return strip_webp(bytes);
    }
    if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) {
        return GifStripper(bytes).run();
    }
    return fail(ErrorKind::invalid, "image_unknown");
}

} // namespace

std::string_view media_type(ImageType type) {
    switch (type) {
    case ImageType::jpeg:
        return "image/jpeg";
    case ImageType::webp:
        return "image/webp";
    case ImageType::gif:
        return "image/gif";
    case ImageType::png:
        break;
    }
    return "image/png";
}

Result<Stripped> strip_image(std::string_view bytes) {
    auto stripped = strip_known(bytes);
    if (!stripped) {
        return stripped;
    }
    if (stripped->width == 0 || stripped->height == 0) {
        return damaged();
    }
    if (std::uint64_t{stripped->width} * stripped->height > image_pixels_max) {
        return fail(ErrorKind::invalid, "image_too_many_pixels");
    }
    return stripped;
}

} // namespace hameau::pads
