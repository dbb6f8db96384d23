// Line by line: memchr finds the line's end, a table of characters checks its bytes.
#include "daemon/gate/head_parser.hpp"

#include <array>
#include <cstring>

namespace hameau::gate {

namespace {

constexpr unsigned char token_class = 1;  // tchar (RFC 9110 §5.6.2)
constexpr unsigned char value_class = 2;  // field-vchar, obs-text, space and tab (RFC 9110 §5.5)

constexpr std::array<unsigned char, 256> make_classes() {
    std::array<unsigned char, 256> classes{};
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    for (unsigned c = 0; c < classes.size(); ++c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool digit = c >= '0' && c <= '9';
        const bool mark = c < 0x80 && marks.find(static_cast<char>(c)) != std::string_view::npos;
        const bool value = c == '\t' || (c >= 0x20 && c != 0x7f);
        classes[c] = static_cast<unsigned char>((letter || digit || mark ? token_class : 0) | (value ? value_class : 0));
    }
    return classes;
}
constexpr std::array<unsigned char, 256> classes = make_classes();

bool is(char c, unsigned char wanted) { return (classes[static_cast<unsigned char>(c)] & wanted) != 0; }

bool is_blank(char c) { return c == ' ' || c == '\t'; }

} // namespace

void HeadParser::note(int status, std::string_view reason) {
    if (!faulty_) {
        faulty_ = true;
        problem_ = HeadProblem{status, reason};
    }
}

HeadParser::State HeadParser::scan(std::string_view text) {
    while (end_ == 0 && at_ < text.size()) {
        const void* found = std::memchr(text.data() + at_, '\n', text.size() - at_);
        const std::size_t next = found == nullptr ? text.size() : static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) + 1;
        scanned_bytes_ += next - at_;
        at_ = next;
        if (found == nullptr) {
            break;
        }
        take_line(text.substr(line_, at_ - 1 - line_));
    }
    if (end_ > head_bytes_max || (end_ == 0 && text.size() > head_bytes_max)) {
        problem_ = HeadProblem{431, "head"};
        return State::refused;
    }
    constexpr std::size_t method_and_spaces = 64;
    if (!first_line_done_ && text.size() > target_bytes_max + method_and_spaces) {
        problem_ = HeadProblem{414, "target"};
        return State::refused;
    }
    return end_ != 0 ? State::complete : State::more;
}

/// `line` ends before its line feed, which is at at_ - 1.
void HeadParser::take_line(std::string_view line) {
    // RFC 9112 §2.2 allows to refuse a bare LF and a bare CR. A section that ends with bare ones is complete too: it is
    // refused now, not when time is up.
    scanned_bytes_ += line.size();
    const std::size_t carriage = line.find('\r');
    const bool clean = carriage != std::string_view::npos && carriage + 1 == line.size();
    bad_line_end_ = bad_line_end_ || !clean;
    if (first_line_done_ && (line.empty() || line == "\r")) {
        end_ = at_;
        return;
    }
    if (!first_line_done_) {
        first_line_done_ = true;
        first_line_ = line.size() - (clean ? 1 : 0);
    } else if (!bad_line_end_ && !faulty_ && at_ <= head_bytes_max) {
        take_field(line.substr(0, line.size() - 1));
    }
    line_ = at_;
}

void HeadParser::take_field(std::string_view line) {
    if (is_blank(line.front())) {
        note(400, "folded field");  // RFC 9112 §5.2
        return;
    }
    std::size_t colon = 0;
    while (colon < line.size() && is(line[colon], token_class)) {
        ++colon;
    }
    // RFC 9112 §5.1: no space between the name and the colon.
    if (colon == 0 || colon == line.size() || line[colon] != ':') {
        note(400, "field name");
        return;
    }
    std::size_t begin = colon + 1;
    std::size_t end = line.size();
    while (begin < end && is_blank(line[begin])) {
        ++begin;
    }
    while (end > begin && is_blank(line[end - 1])) {
        --end;
    }
    for (std::size_t i = begin; i < end; ++i) {
        if (!is(line[i], value_class)) {
            note(400, "field value");
            return;
        }
    }
    if (fields_.size() >= fields_max) {
        note(431, "too many fields");
        return;
    }
    Place place;
    place.name = static_cast<std::uint16_t>(line_);
    place.name_size = static_cast<std::uint16_t>(colon);
    place.value = static_cast<std::uint16_t>(line_ + begin);
    place.value_size = static_cast<std::uint16_t>(end - begin);
    fields_.push_back(place);
}

tl::expected<RequestHead, HeadProblem> HeadParser::finish(std::string_view text) const {
    if (bad_line_end_) {
        return tl::unexpected(HeadProblem{400, "line end"});
    }
    RequestHead head;
    std::string_view absolute;
    if (const auto problem = read_request_line(head, text.substr(0, first_line_), absolute)) {
        return tl::unexpected(*problem);
    }
    if (faulty_) {
        return tl::unexpected(problem_);
    }
    head.fields.reserve(fields_.size());
    for (const Place& place : fields_) {
        head.fields.push_back({text.substr(place.name, place.name_size), text.substr(place.value, place.value_size)});
    }
    if (const auto problem = judge(head, absolute)) {
        return tl::unexpected(*problem);
    }
    return head;
}

} // namespace hameau::gate
