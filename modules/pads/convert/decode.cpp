// The C libraries report faults by longjmp: what they need to free lives outside of the functions that call them.
#include "modules/pads/convert/decode.hpp"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include <jpeglib.h>
#include <png.h>
#include <webp/decode.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include "modules/pads/convert/limits.hpp"

namespace hameau::pads {

namespace {

tl::unexpected<Error> damaged() { return fail(ErrorKind::invalid, "image_damaged"); }

class JpegDecoder {
public:
    JpegDecoder() {
        info_.err = jpeg_std_error(&errors_.base);
        errors_.base.error_exit = [](j_common_ptr info) { std::longjmp(reinterpret_cast<Errors*>(info->err)->back, 1); };
        errors_.base.emit_message = [](j_common_ptr, int) {};
        errors_.base.output_message = [](j_common_ptr) {};
        jpeg_create_decompress(&info_);
    }
    ~JpegDecoder() { jpeg_destroy_decompress(&info_); }
    JpegDecoder(const JpegDecoder&) = delete;
    JpegDecoder& operator=(const JpegDecoder&) = delete;

    bool open(const std::string& bytes, std::uint32_t side_max) {
        if (setjmp(errors_.back) != 0) {
            return false;
        }
        jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
        jpeg_save_markers(&info_, JPEG_APP0 + 2, 0xffff);
        if (jpeg_read_header(&info_, TRUE) != JPEG_HEADER_OK) {
            return false;
        }
        const bool four = info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
        info_.out_color_space = four ? JCS_CMYK : JCS_EXT_RGBA;
        info_.dct_method = JDCT_ISLOW;
        // The decoder itself halves a large picture as often as the target allows: less work and memory.
        const std::uint32_t longer = std::max(info_.image_width, info_.image_height);
        info_.scale_num = 1;
        info_.scale_denom = 1;
        while (info_.scale_denom < 8 && longer / (info_.scale_denom * 2) >= side_max) {
            info_.scale_denom *= 2;
        }
        jpeg_start_decompress(&info_);
        read_colours();
        row_.resize(std::size_t{info_.output_width} * 4);
        return true;
    }

    bool read(BoxScaler& scaler) {
        if (setjmp(errors_.back) != 0) {
            return false;
        }
        while (info_.output_scanline < info_.output_height) {
            JSAMPROW row = row_.data();
            if (jpeg_read_scanlines(&info_, &row, 1) != 1) {
                return false;
            }
            if (info_.out_color_space == JCS_CMYK) {
                from_cmyk();
            }
            scaler.add_row(row_);
        }
        return true;
    }

    std::uint32_t width() const { return info_.output_width; }
    std::uint32_t height() const { return info_.output_height; }
    std::string colours;

private:
    struct Errors {
        jpeg_error_mgr base;
        std::jmp_buf back;
    };

    void read_colours() {
        JOCTET* profile = nullptr;
        unsigned size = 0;
        const bool three = info_.jpeg_color_space == JCS_YCbCr || info_.jpeg_color_space == JCS_RGB;
        if (three && jpeg_read_icc_profile(&info_, &profile, &size) != FALSE && profile != nullptr) {
            colours.assign(reinterpret_cast<const char*>(profile), size);
        }
        std::free(profile);
    }

    void from_cmyk() {
        for (std::size_t x = 0; x < row_.size(); x += 4) {
            // Adobe writes CMYK inverted; nearly everybody does as Adobe.
            const bool inverted = info_.saw_Adobe_marker != FALSE;
            const auto ink = [&](std::size_t c) { return static_cast<unsigned>(inverted ? row_[x + c] : 255 - row_[x + c]); };
            const unsigned key = ink(3);
            for (std::size_t c = 0; c < 3; ++c) {
                row_[x + c] = static_cast<std::uint8_t>(ink(c) * key / 255);
            }
            row_[x + 3] = 255;
        }
    }

    jpeg_decompress_struct info_{};
    Errors errors_{};
    std::vector<std::uint8_t> row_;
};

Result<Decoded> decode_jpeg(const Stripped& image, std::uint32_t side_max) {
    JpegDecoder decoder;
    if (!decoder.open(image.bytes, side_max)) {
        return damaged();
    }
    std::uint32_t width = decoder.width();
    std::uint32_t height = decoder.height();
    fit_within(side_max, width, height);
    BoxScaler scaler(decoder.width(), decoder.height(), width, height);
    if (!decoder.read(scaler)) {
        return damaged();
    }
    return Decoded{scaler.finish(), std::move(decoder.colours), false};
}

class PngDecoder {
public:
    explicit PngDecoder(const std::string& bytes) : bytes_(bytes) {
        png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, [](png_structp, png_const_charp) {});
        info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
    }
    ~PngDecoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
    PngDecoder(const PngDecoder&) = delete;
    PngDecoder& operator=(const PngDecoder&) = delete;

    bool open() {
        if (info_ == nullptr || setjmp(png_jmpbuf(png_)) != 0) {
            return false;
        }
        png_set_read_fn(png_, this, [](png_structp png, png_bytep out, std::size_t count) {
            auto* self = static_cast<PngDecoder*>(png_get_io_ptr(png));
            if (count > self->bytes_.size() - self->at_) {
                png_error(png, "cut short");
            }
            std::memcpy(out, self->bytes_.data() + self->at_, count);
            self->at_ += count;
        });
        png_set_chunk_malloc_max(png_, 8 << 20);
        png_read_info(png_, info_);
        png_set_expand(png_);
        png_set_scale_16(png_);
        png_set_gray_to_rgb(png_);
        png_set_add_alpha(png_, 0xff, PNG_FILLER_AFTER);
        passes_ = png_set_interlace_handling(png_);
        palette = png_get_color_type(png_, info_) == PNG_COLOR_TYPE_PALETTE;
        const bool colour = (png_get_color_type(png_, info_) & PNG_COLOR_MASK_COLOR) != 0;
        png_charp name = nullptr;
        png_bytep profile = nullptr;
        int packing = 0;
        png_uint_32 size = 0;
        if (colour && png_get_iCCP(png_, info_, &name, &packing, &profile, &size) == PNG_INFO_iCCP) {
            colours.assign(reinterpret_cast<const char*>(profile), size);
        }
        png_read_update_info(png_, info_);
        width = png_get_image_width(png_, info_);
        height = png_get_image_height(png_, info_);
        if (png_get_rowbytes(png_, info_) != std::size_t{width} * 4) {
            return false;
        }
        // Interlaced rows are finished by the last pass only.
        rows_.resize(std::size_t{width} * 4 * (passes_ > 1 ? height : 1));
        return true;
    }

    bool read(BoxScaler& scaler) {
        if (setjmp(png_jmpbuf(png_)) != 0) {
            return false;
        }
        const std::size_t stride = std::size_t{width} * 4;
        for (int pass = 0; pass < passes_; ++pass) {
            for (std::uint32_t y = 0; y < height; ++y) {
                std::uint8_t* row = rows_.data() + (passes_ > 1 ? y * stride : 0);
                png_read_row(png_, row, nullptr);
                if (pass == passes_ - 1) {
                    scaler.add_row({row, stride});
                }
            }
        }
        return true;
    }

    std::uint32_t width = 0;
    std::uint32_t height = 0;
    bool palette = false;
    std::string colours;

private:
    const std::string& bytes_;
    std::size_t at_ = 0;
    png_structp png_ = nullptr;
    png_infop info_ = nullptr;
    int passes_ = 1;
    std::vector<std::uint8_t> rows_;
};

Result<Decoded> decode_png(const Stripped& image, std::uint32_t side_max) {
    PngDecoder decoder(image.bytes);
    if (!decoder.open() || decoder.width != image.width || decoder.height != image.height) {
        return damaged();
    }
    std::uint32_t width = decoder.width;
    std::uint32_t height = decoder.height;
    fit_within(side_max, width, height);
    BoxScaler scaler(decoder.width, decoder.height, width, height);
    if (!decoder.read(scaler)) {
        return damaged();
    }
    return Decoded{scaler.finish(), std::move(decoder.colours), decoder.palette};
}

Result<Decoded> decode_webp(const Stripped& image, std::uint32_t side_max) {
    WebPDecoderConfig config;
    if (WebPInitDecoderConfig(&config) == 0) {
        return damaged();
    }
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(image.bytes.data());
    if (WebPGetFeatures(bytes, image.bytes.size(), &config.input) != VP8_STATUS_OK ||
        static_cast<std::uint32_t>(config.input.width) != image.width ||
        static_cast<std::uint32_t>(config.input.height) != image.height) {
        return damaged();
    }
    Decoded out;
    out.picture.width = image.width;
    out.picture.height = image.height;
    fit_within(side_max, out.picture.width, out.picture.height);
    out.picture.pixels.resize(std::size_t{out.picture.width} * out.picture.height * 4);
    config.options.use_scaling = out.picture.width != image.width ? 1 : 0;
    config.options.scaled_width = static_cast<int>(out.picture.width);
    config.options.scaled_height = static_cast<int>(out.picture.height);
    config.output.colorspace = MODE_RGBA;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = out.picture.pixels.data();
    config.output.u.RGBA.stride = static_cast<int>(out.picture.width * 4);
    config.output.u.RGBA.size = out.picture.pixels.size();
    if (WebPDecode(bytes, image.bytes.size(), &config) != VP8_STATUS_OK) {
        return damaged();
    }
    return out;
}

std::optional<std::string> with_colours(const std::string& webp, const std::string& colours) {
    const WebPData plain{reinterpret_cast<const std::uint8_t*>(webp.data()), webp.size()};
    const WebPData profile{reinterpret_cast<const std::uint8_t*>(colours.data()), colours.size()};
    const std::unique_ptr<WebPMux, void (*)(WebPMux*)> mux(WebPMuxCreate(&plain, 0), WebPMuxDelete);
    WebPData joined{};
    if (!mux || WebPMuxSetChunk(mux.get(), "ICCP", &profile, 0) != WEBP_MUX_OK ||
        WebPMuxAssemble(mux.get(), &joined) != WEBP_MUX_OK) {
        return std::nullopt;
    }
    std::string out(reinterpret_cast<const char*>(joined.bytes), joined.size);
    WebPDataClear(&joined);
    return out;
}

} // namespace

std::uint32_t shown_side_max(std::uint32_t width, std::uint32_t height) {
    // Only what is tall: a page shows a picture by its width.
    const double tall = height;
    const double wide = std::max(1U, width);
    return tall <= image_long_ratio * wide ? image_side_max : static_cast<std::uint32_t>(std::min<double>(image_long_side_max, image_side_max * tall / wide));
}

Result<Decoded> decode_image(const Stripped& image, std::uint32_t side_max) {
    Result<Decoded> decoded = damaged();
    if (image.type == ImageType::jpeg) {
        decoded = decode_jpeg(image, side_max);
    } else if (image.type == ImageType::png) {
        decoded = decode_png(image, side_max);
    } else if (image.type == ImageType::webp) {
        decoded = decode_webp(image, side_max);
    }
    if (decoded) {
        decoded->picture = turn(std::move(decoded->picture), image.orientation);
    }
    return decoded;
}

Result<std::string> encode_webp(const Decoded& decoded) {
    constexpr float quality = 82;
    constexpr int effort = 4;
    WebPConfig config;
    WebPPicture picture;
    if (WebPConfigInit(&config) == 0 || WebPPictureInit(&picture) == 0) {
        return fail(ErrorKind::unavailable, "libwebp is of another version");
    }
    config.quality = decoded.drawn ? 70 : quality;
    config.lossless = decoded.drawn ? 1 : 0;
    config.method = effort;
    picture.use_argb = config.lossless;
    picture.width = static_cast<int>(decoded.picture.width);
    picture.height = static_cast<int>(decoded.picture.height);
    std::string out;
    picture.custom_ptr = &out;
    picture.writer = [](const std::uint8_t* data, std::size_t size, const WebPPicture* self) {
        static_cast<std::string*>(self->custom_ptr)->append(reinterpret_cast<const char*>(data), size);
        return 1;
    };
    const bool good = WebPPictureImportRGBA(&picture, decoded.picture.pixels.data(), picture.width * 4) != 0 &&
                      WebPEncode(&config, &picture) != 0;
    WebPPictureFree(&picture);
    if (!good) {
        return fail(ErrorKind::unavailable, "the picture could not be encoded");
    }
    if (!decoded.colours.empty()) {
        return with_colours(out, decoded.colours).value_or(out);
    }
    return out;
}

} // namespace hameau::pads
