// lib0 primitives against lib0.jsonl, written and read.
#include "tests/unit/crdt/support.hpp"

#include <cmath>
#include <gtest/gtest.h>

namespace hameau::crdt::test {
namespace {

void write_any(Writer& out, const json::value& value) {
    if (value.is_null())
        return out.any_null();
    if (value.is_bool())
        return out.any_bool(value.as_bool());
    if (value.is_number()) {
        // Boost 1.81 is one unit off for some large numbers.
        const double number = value.to_number<double>();
        const double rounded = static_cast<double>(static_cast<float>(number));
        return out.any_number(std::fabs(rounded - number) <= std::fabs(number) * 4e-16 ? rounded : number);
    }
    if (value.is_string())
        return out.any_text(std::string_view(value.as_string().data(), value.as_string().size()));
    if (value.is_array()) {
        out.any_array(value.as_array().size());
        for (const json::value& member : value.as_array())
            write_any(out, member);
        return;
    }
    const json::object& object = value.as_object();
    if (object.contains("$undef"))
        return out.any_undefined();
    if (const auto* big = object.if_contains("$big"))
        return out.any_bigint(std::stoll(std::string(big->as_string())));
    if (const auto* bytes = object.if_contains("$bin"))
        return out.any_bytes(from_base64(std::string(bytes->as_string())));
    if (const auto* number = object.if_contains("$num"))
        return out.any_number(number->as_string() == "NaN" ? std::nan("") : HUGE_VAL);
    out.any_object(object.size());
    for (const auto& [key, member] : object) {
        out.text(std::string_view(key.data(), key.size()));
        write_any(out, member);
    }
}

TEST(Lib0, WritesWhatStockWrites) {
    for (const json::object& line : vectors("lib0.jsonl")) {
        SCOPED_TRACE(json::serialize(line));
        Bytes bytes;
        Writer out(bytes);
        const json::value& value = line.at("v");
        const std::string kind(line.at("t").as_string());
        if (kind == "varuint")
            out.uvar(value.to_number<std::uint64_t>());
        else if (kind == "varint" && value.is_string())
            out.svar(0, true);
        else if (kind == "varint")
            out.svar(value.to_number<std::int64_t>());
        else if (kind == "varstring")
            out.text(std::string(value.as_string()));
        else
            write_any(out, value);
        EXPECT_EQ(to_hex(bytes), std::string(line.at("hex").as_string()));
    }
}

TEST(Lib0, ReadsWhatStockWrites) {
    for (const json::object& line : vectors("lib0.jsonl")) {
        SCOPED_TRACE(json::serialize(line));
        const Bytes bytes = from_hex(std::string(line.at("hex").as_string()));
        const json::value& value = line.at("v");
        const std::string kind(line.at("t").as_string());
        for (std::size_t size = 0; size <= bytes.size(); ++size) {
            const Bytes part = exact(View(bytes).first(size));
            Reader in{View(part)};
            const bool whole = size == bytes.size();
            std::uint64_t number = 0;
            std::int64_t integer = 0;
            bool negative_zero = false;
            std::string_view text;
            std::uint32_t units = 0;
            if (kind == "varuint") {
                ASSERT_EQ(in.uvar(number), whole);
                EXPECT_TRUE(!whole || number == value.to_number<std::uint64_t>());
            } else if (kind == "varint") {
                ASSERT_EQ(in.svar(integer, negative_zero), whole);
                EXPECT_TRUE(!whole || integer == (value.is_string() ? 0 : value.to_number<std::int64_t>()));
                EXPECT_TRUE(!whole || negative_zero == value.is_string());
            } else if (kind == "varstring") {
                ASSERT_EQ(in.text(text, units), whole);
                EXPECT_TRUE(!whole || units == line.at("utf16len").to_number<std::uint32_t>());
                EXPECT_EQ(utf16_length(text), whole ? units : utf16_length(text));
            } else {
                ASSERT_EQ(in.skip_any(), whole);
            }
            EXPECT_TRUE(!whole || in.done());
        }
    }
}

TEST(Lib0, NumbersBeyond53BitsAreRefused) {
    for (const char* hex : {"ffffffffffffff1f", "80808080808080808080808000", "ffffffffffffffffff7f"}) {
        const Bytes bytes = from_hex(hex);
        Reader in{View(bytes)};
        std::uint64_t number = 0;
        EXPECT_FALSE(in.uvar(number)) << hex;
    }
}

TEST(Lib0, JsonText) {
    for (const char* good : {"null", "true", " [1, 2.5e-3, \"\\u00e9\\n\"] ", "{\"a\":{\"b\":[]}}", "-0", "0.1", "\"\""})
        EXPECT_TRUE(json_check(good)) << good;
    for (const char* bad : {"", "nul", "01", "1.", "[1,]", "{\"a\":}", "{a:1}", "\"\\x\"", "\"\t\"", "1 2", "[", "undefined",
                            "{\"a\":1,}", "\"\\u12g4\"", "--1", "+1", "]"})
        EXPECT_FALSE(json_check(bad)) << bad;
    EXPECT_TRUE(json_check(std::string(64, '[') + std::string(64, ']')));
    EXPECT_FALSE(json_check(std::string(65, '[') + std::string(65, ']')));
    EXPECT_FALSE(json_check(std::string(200'000, '[')));
}

TEST(Lib0, NestingOfAnyIsBounded) {
    for (const unsigned depth : {64u, 65u, 100'000u}) {
        Bytes bytes;
        Writer out(bytes);
        for (unsigned i = 0; i < depth; ++i)
            out.any_array(1);
        out.any_null();
        Reader in{View(bytes)};
        EXPECT_EQ(in.skip_any(), depth <= 64);
    }
}

TEST(Lib0, OffsetsInUtf16) {
    bool inside = false;
    const std::string text = "a\xC3\xA9\xF0\x9F\x98\x80z12345678901234567";
    EXPECT_EQ(utf16_offset(text, 0, inside), 0u);
    EXPECT_EQ(utf16_offset(text, 2, inside), 3u);
    EXPECT_FALSE(inside);
    EXPECT_EQ(utf16_offset(text, 3, inside), 3u);
    EXPECT_TRUE(inside);
    EXPECT_EQ(utf16_offset(text, 4, inside), 7u);
    EXPECT_FALSE(inside);
    EXPECT_EQ(utf16_offset(text, 15, inside), 18u);
}

} // namespace
} // namespace hameau::crdt::test
