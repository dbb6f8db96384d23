// Reading the helper's response.
#include "modules/pads/convert/answer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "modules/pads/convert/limits.hpp"

namespace hameau::pads {

namespace {

constexpr std::array<std::string_view, 4> image_types = {"image/png", "image/jpeg", "image/webp", "image/gif"};

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        const std::size_t end = line.find(' ');
        words.push_back(line.substr(0, end));
        line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    }
    return words;
}

bool read_number(std::string_view word, std::uint64_t& number) {
    const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), number);
    return failed == std::errc{} && end == word.data() + word.size();
}

tl::unexpected<Error> no_answer() { return fail(ErrorKind::corrupt, "the converter's answer is not whole"); }

/// The first line's words; the rest stays in `answer`.
Result<std::vector<std::string_view>> read_line(std::string_view& answer) {
    const std::size_t end = answer.substr(0, convert_line_bytes_max).find('\n');
    if (end == std::string_view::npos) {
        return no_answer();
    }
    auto words = words_of(answer.substr(0, end));
    answer.remove_prefix(end + 1);
    if (words.size() == 2 && words[0] == "refused") {
        return fail(ErrorKind::invalid, std::string(words[1]));
    }
    return words;
}

} // namespace

Result<ConvertedImage> read_image_answer(std::string_view answer) {
    const auto words = read_line(answer);
    if (!words) {
        return fail(words.error());
    }
    if (words->size() != 6 || (*words)[0] != "image") {
        return no_answer();
    }
    ConvertedImage out;
    for (const std::string_view type : image_types) {
        out.type = type == (*words)[1] ? std::string(type) : out.type;
    }
    std::uint64_t width = 0;
    std::uint64_t height = 0;
    std::uint64_t bytes = 0;
    std::uint64_t webp_bytes = 0;
    const bool numbers = read_number((*words)[2], width) && read_number((*words)[3], height) &&
                         read_number((*words)[4], bytes) && read_number((*words)[5], webp_bytes);
    const bool whole = numbers && !out.type.empty() && width > 0 && height > 0 && width <= image_pixels_max &&
                       height <= image_pixels_max && bytes > 0 && bytes <= answer.size() && answer.size() - bytes == webp_bytes;
    if (!whole) {
        return no_answer();
    }
    out.width = static_cast<std::uint32_t>(width);
    out.height = static_cast<std::uint32_t>(height);
    out.image = answer.substr(0, bytes);
    out.webp = answer.substr(bytes);
    return out;
}

Result<ConvertedText> read_text_answer(std::string_view answer) {
    const auto words = read_line(answer);
    if (!words) {
        return fail(words.error());
    }
    std::array<std::uint64_t, 3 + left_out_kinds> numbers{};
    bool whole = words->size() == 1 + numbers.size() && (*words)[0] == "update";
    for (std::size_t i = 0; whole && i < numbers.size(); ++i) {
        whole = read_number((*words)[1 + i], numbers[i]);
    }
    const auto [bytes, title_bytes, refused_links] = std::array<std::uint64_t, 3>{numbers[0], numbers[1], numbers[2]};
    if (!whole || bytes > answer.size() || answer.size() - bytes != title_bytes) {
        return no_answer();
    }
    ConvertedText out{std::string(answer.substr(0, bytes)), std::string(answer.substr(bytes)), refused_links, {}};
    std::copy(numbers.begin() + 3, numbers.end(), out.left_out.begin());
    return out;
}

Result<std::string> read_pictures_answer(std::string_view answer) {
    const auto words = read_line(answer);
    if (!words) {
        return fail(words.error());
    }
    std::uint64_t bytes = 0;
    if (words->size() != 2 || (*words)[0] != "pictures" || !read_number((*words)[1], bytes) || bytes != answer.size()) {
        return no_answer();
    }
    return std::string(answer);
}

} // namespace hameau::pads
