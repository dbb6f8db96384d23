// Shrinking a picture row by row: each target pixel is the average of the area that it covers, weighted by opacity. Holds
// one target row, never the source.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hameau::pads {

/// Pixels of four bytes: red, green, blue, opacity.
struct Picture {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::vector<std::uint8_t> pixels;
};

class BoxScaler {
public:
    /// The target is never larger than the source.
    BoxScaler(std::uint32_t from_width, std::uint32_t from_height, std::uint32_t to_width, std::uint32_t to_height);
    /// The next source row: 4 * from_width bytes.
    void add_row(std::span<const std::uint8_t> row);
    /// After the last row; rows that never came are transparent.
    Picture finish();

private:
    void shrink_row(std::span<const std::uint8_t> row);
    void emit_row();

    std::uint32_t from_width_;
    std::uint32_t from_height_;
    Picture to_;
    std::uint32_t rows_in_ = 0;
    std::uint32_t rows_out_ = 0;
    std::vector<float> narrow_;  ///< the source row at target width, colours times opacity
    std::vector<float> sum_;     ///< of the target row so far
};

/// The size within `side_max`, of the same shape; at least one pixel each way.
void fit_within(std::uint32_t side_max, std::uint32_t& width, std::uint32_t& height);

/// Turned and mirrored as EXIF's orientation 1 to 8 says.
Picture turn(Picture picture, int orientation);

} // namespace hameau::pads
