// Canonical JSON of `any` values and of JSON text. Both readers feed one builder with an explicit stack.
#include "modules/pads/crdt/json.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

namespace hameau::crdt {

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (letter == '"' || letter == '\\') {
            out += '\\';
            out += letter;
        } else if (byte < 0x20) {
            constexpr char hex[] = "0123456789abcdef";
            out += "\\u00";
            out += hex[byte >> 4];
            out += hex[byte & 15];
        } else {
            out += letter;
        }
    }
    out += '"';
}

void append_json_number(std::string& out, double number) {
    if (std::isnan(number) || std::isinf(number)) {
        out += std::isnan(number) ? "{\"$num\":\"NaN\"}" : number > 0 ? "{\"$num\":\"Infinity\"}" : "{\"$num\":\"-Infinity\"}";
        return;
    }
    if (number == 0)
        number = 0;  // no minus: JavaScript writes -0 as 0
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number);
    out.append(buffer, end.ptr);
}

namespace {

void append_base64(std::string& out, View bytes) {
    constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t word = static_cast<std::uint32_t>(bytes[i]) << 16;
        word |= count > 1 ? static_cast<std::uint32_t>(bytes[i + 1]) << 8 : 0;
        word |= count > 2 ? bytes[i + 2] : 0u;
        for (std::size_t j = 0; j < 4; ++j)
            out += j <= count ? letters[word >> (18 - 6 * j) & 63] : '=';
    }
}

/// Puts values together; objects are sorted by key when they close, the last of equal keys stays.
class Builder {
public:
    void open(bool object) { frames_.push_back({object, {}}); }
    void key(std::string text) { frames_.back().members.emplace_back(std::move(text), std::string()); }
    void value(std::string text) {
        if (frames_.empty())
            result_ = std::move(text);
        else if (frames_.back().object)
            frames_.back().members.back().second = std::move(text);
        else
            frames_.back().members.emplace_back(std::string(), std::move(text));
    }
    void close() {
        Frame frame = std::move(frames_.back());
        frames_.pop_back();
        std::string text(1, frame.object ? '{' : '[');
        if (frame.object)
            std::stable_sort(frame.members.begin(), frame.members.end(),
                             [](const auto& a, const auto& b) { return a.first < b.first; });
        for (std::size_t i = 0; i < frame.members.size(); ++i) {
            if (frame.object && i + 1 < frame.members.size() && frame.members[i].first == frame.members[i + 1].first)
                continue;
            if (text.size() > 1)
                text += ',';
            if (frame.object) {
                append_json_string(text, frame.members[i].first);
                text += ':';
            }
            text += frame.members[i].second;
        }
        text += frame.object ? '}' : ']';
        value(std::move(text));
    }
    bool idle() const { return frames_.empty(); }
    bool in_object() const { return !frames_.empty() && frames_.back().object; }
    const std::string& result() const { return result_; }

private:
    struct Frame {
        bool object;
        std::vector<std::pair<std::string, std::string>> members;
    };
    std::vector<Frame> frames_;
    std::string result_;
};

bool any_scalar(std::uint8_t tag, Reader& in, std::string& text) {
    std::int64_t integer = 0;
    bool negative_zero = false;
    View raw;
    std::string_view string;
    std::uint64_t bits = 0;
    const auto load = [&](std::size_t count) {
        if (!in.raw(count, raw))
            return false;
        for (const std::uint8_t byte : raw)
            bits = bits << 8 | byte;
        return true;
    };
    switch (tag) {
    case 127: text = "{\"$undef\":1}"; return true;
    case 126: text = "null"; return true;
    case 121: text = "false"; return true;
    case 120: text = "true"; return true;
    case 125:
        if (!in.svar(integer, negative_zero))
            return false;
        append_json_number(text, static_cast<double>(integer));
        return true;
    case 124:
        if (!load(4))
            return false;
        append_json_number(text, static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits))));
        return true;
    case 123:
        if (!load(8))
            return false;
        append_json_number(text, std::bit_cast<double>(bits));
        return true;
    case 122:
        if (!load(8))
            return false;
        text = "{\"$big\":\"" + std::to_string(static_cast<std::int64_t>(bits)) + "\"}";
        return true;
    case 119:
        if (!in.text_trusted(string))
            return false;
        append_json_string(text, string);
        return true;
    case 116:
        if (!in.bytes(raw))
            return false;
        text = "{\"$bin\":\"";
        append_base64(text, raw);
        text += "\"}";
        return true;
    default: return false;
    }
}

} // namespace

bool append_any_json(std::string& out, Reader& in) {
    Builder builder;
    struct Open {
        std::uint64_t left;
        bool object;
    };
    std::vector<Open> open;
    do {
        std::uint8_t tag = 0;
        if (!in.u8(tag))
            return false;
        if (tag == 117 || tag == 118) {
            std::uint64_t count = 0;
            if (!in.uvar(count) || open.size() > nesting_depth_max)
                return false;
            builder.open(tag == 118);
            open.push_back({count, tag == 118});
        } else {
            std::string text;
            if (!any_scalar(tag, in, text))
                return false;
            builder.value(std::move(text));
        }
        while (!open.empty() && open.back().left == 0) {
            open.pop_back();
            builder.close();
        }
        if (!open.empty()) {
            --open.back().left;
            std::string_view key;
            if (open.back().object) {
                if (!in.text_trusted(key))
                    return false;
                builder.key(std::string(key));
            }
        }
    } while (!builder.idle());
    out += builder.result();
    return true;
}

namespace {

void append_utf8(std::string& out, std::uint32_t point) {
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += static_cast<char>(0xc0 | point >> 6);
        out += static_cast<char>(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        out += static_cast<char>(0xe0 | point >> 12);
        out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (point & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | point >> 18);
        out += static_cast<char>(0x80 | (point >> 12 & 0x3f));
        out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (point & 0x3f));
    }
}

std::uint32_t hex4(std::string_view text, std::size_t at) {
    std::uint32_t value = 0;
    if (at + 4 <= text.size())
        std::from_chars(text.data() + at, text.data() + at + 4, value, 16);
    return value;
}

/// Decodes the JSON string that starts at text[at]; moves `at` behind it. The text was checked.
std::string unescape(std::string_view text, std::size_t& at) {
    std::string out;
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] != '\\') {
            out += text[at];
            continue;
        }
        const char letter = ++at < text.size() ? text[at] : '\\';
        if (letter != 'u') {
            const auto known = std::string_view("bfnrt").find(letter);
            out += known == std::string_view::npos ? letter : "\b\f\n\r\t"[known];
            continue;
        }
        std::uint32_t point = hex4(text, at + 1);
        at += 4;
        if (point >= 0xd800 && point < 0xdc00 && text.substr(at + 1, 2) == "\\u") {
            const std::uint32_t low = hex4(text, at + 3);
            if (low >= 0xdc00 && low < 0xe000) {
                point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
                at += 6;
            }
        }
        append_utf8(out, point >= 0xd800 && point < 0xe000 ? 0xfffd : point);
    }
    ++at;
    return out;
}

} // namespace

std::string canonical_json(std::string_view text) {
    if (!json_check(text))
        return std::string(text);
    Builder builder;
    std::vector<bool> key_next;
    std::size_t at = 0;
    while (at < text.size()) {
        const char letter = text[at];
        if (letter == '{' || letter == '[') {
            builder.open(letter == '{');
            key_next.push_back(letter == '{');
            ++at;
        } else if (letter == '}' || letter == ']') {
            builder.close();
            key_next.pop_back();
            ++at;
        } else if (letter == ',' || letter == ':' || letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r') {
            if (letter == ',' && builder.in_object())
                key_next.back() = true;
            ++at;
        } else if (letter == '"') {
            std::string string = unescape(text, at);
            if (!key_next.empty() && key_next.back()) {
                builder.key(std::move(string));
                key_next.back() = false;
            } else {
                std::string quoted;
                append_json_string(quoted, string);
                builder.value(std::move(quoted));
            }
        } else {
            const std::size_t end = std::min(text.find_first_of(",]} \t\n\r", at), text.size());
            const std::string_view word = text.substr(at, end - at);
            at = end;
            if (word == "true" || word == "false" || word == "null") {
                builder.value(std::string(word));
                continue;
            }
            double number = 0;
            const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
            if (read.ec == std::errc::result_out_of_range)
                number = word.find("e-") != std::string_view::npos || word.find("E-") != std::string_view::npos
                             ? 0.0
                             : (word[0] == '-' ? -HUGE_VAL : HUGE_VAL);
            std::string shortest;
            append_json_number(shortest, number);
            builder.value(std::move(shortest));
        }
    }
    return builder.result();
}

} // namespace hameau::crdt
