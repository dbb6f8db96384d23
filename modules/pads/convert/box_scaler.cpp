// Area averaging. A source pixel [i, i+1) covers the target interval [i*to/from, (i+1)*to/from).
#include "modules/pads/convert/box_scaler.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace hameau::pads {

namespace {
std::uint8_t to_byte(float value) { return static_cast<std::uint8_t>(std::clamp(value + 0.5F, 0.0F, 255.0F)); }
} // namespace

BoxScaler::BoxScaler(std::uint32_t from_width, std::uint32_t from_height, std::uint32_t to_width, std::uint32_t to_height) :
    from_width_(from_width), from_height_(from_height), narrow_(std::size_t{to_width} * 4), sum_(std::size_t{to_width} * 4) {
    to_.width = to_width;
    to_.height = to_height;
    to_.pixels.resize(std::size_t{to_width} * to_height * 4);
}

void BoxScaler::shrink_row(std::span<const std::uint8_t> row) {
    std::fill(narrow_.begin(), narrow_.end(), 0.0F);
    const double step = static_cast<double>(to_.width) / from_width_;
    const auto put = [this](std::uint32_t x, const std::uint8_t* pixel, float weight) {
        float* target = narrow_.data() + std::size_t{std::min(x, to_.width - 1)} * 4;
        const float opacity = weight * static_cast<float>(pixel[3]);
        target[0] += opacity * static_cast<float>(pixel[0]);
        target[1] += opacity * static_cast<float>(pixel[1]);
        target[2] += opacity * static_cast<float>(pixel[2]);
        target[3] += opacity;
    };
    for (std::uint32_t i = 0; i < from_width_; ++i) {
        const double begin = i * step;
        const double end = begin + step;
        const auto x = static_cast<std::uint32_t>(begin);
        const double edge = x + 1.0;
        const std::uint8_t* pixel = row.data() + std::size_t{i} * 4;
        if (end <= edge) {
            put(x, pixel, static_cast<float>(step));
        } else {
            put(x, pixel, static_cast<float>(edge - begin));
            put(x + 1, pixel, static_cast<float>(end - edge));
        }
    }
}

void BoxScaler::emit_row() {
    if (rows_out_ >= to_.height) {
        return;
    }
    std::uint8_t* out = to_.pixels.data() + std::size_t{rows_out_++} * to_.width * 4;
    for (std::size_t x = 0; x < sum_.size(); x += 4) {
        const float opacity = sum_[x + 3];
        for (std::size_t c = 0; c < 3; ++c) {
            out[x + c] = opacity > 0 ? to_byte(sum_[x + c] / opacity) : std::uint8_t{0};
        }
        out[x + 3] = to_byte(opacity);
    }
    std::fill(sum_.begin(), sum_.end(), 0.0F);
}

void BoxScaler::add_row(std::span<const std::uint8_t> row) {
    if (rows_in_ >= from_height_) {
        return;
    }
    shrink_row(row);
    const double step = static_cast<double>(to_.height) / from_height_;
    const double begin = rows_in_ * step;
    const double end = ++rows_in_ == from_height_ ? to_.height : begin + step;
    const auto add = [this](double weight) {
        const auto factor = static_cast<float>(weight);
        for (std::size_t i = 0; i < sum_.size(); ++i) {
            sum_[i] += factor * narrow_[i];
        }
    };
    const double edge = rows_out_ + 1.0;
    if (end < edge) {
        add(step);
        return;
    }
    add(edge - begin);
    emit_row();
    if (end > edge) {
        add(end - edge);
    }
}

Picture BoxScaler::finish() {
    while (rows_out_ < to_.height) {
        emit_row();
    }
    return std::move(to_);
}

void fit_within(std::uint32_t side_max, std::uint32_t& width, std::uint32_t& height) {
    const std::uint32_t longer = std::max(width, height);
    if (longer <= side_max) {
        return;
    }
    const auto scaled = [&](std::uint32_t side) {
        return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(std::lround(static_cast<double>(side) * side_max / longer)));
    };
    width = scaled(width);
    height = scaled(height);
}

Picture turn(Picture picture, int orientation) {
    if (orientation <= 1 || orientation > 8) {
        return picture;
    }
    Picture out;
    const bool swapped = orientation >= 5;
    out.width = swapped ? picture.height : picture.width;
    out.height = swapped ? picture.width : picture.height;
    out.pixels.resize(picture.pixels.size());
    for (std::uint32_t y = 0; y < out.height; ++y) {
        for (std::uint32_t x = 0; x < out.width; ++x) {
            // EXIF 2.32 §4.6.4 A: where the stored row 0 and column 0 are shown.
            std::uint32_t from_x = swapped ? y : x;
            std::uint32_t from_y = swapped ? x : y;
            if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) {
                from_x = picture.width - 1 - from_x;
            }
            if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) {
                from_y = picture.height - 1 - from_y;
            }
            std::memcpy(out.pixels.data() + (std::size_t{y} * out.width + x) * 4,
                        picture.pixels.data() + (std::size_t{from_y} * picture.width + from_x) * 4, 4);
        }
    }
    return out;
}

} // namespace hameau::pads
