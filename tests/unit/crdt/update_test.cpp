// The decoder against decode.jsonl and hostile.jsonl.
#include "tests/unit/crdt/support.hpp"

#include "modules/pads/crdt/recorder.hpp"

#include <gtest/gtest.h>

namespace hameau::crdt::test {
namespace {

json::value id_value(const Id& id) { return json::array{id.client, id.clock}; }

json::object dump(const StructView& item) {
    json::object result;
    result["kind"] = item.kind == Kind::gc ? "gc" : item.kind == Kind::skip ? "skip" : "item";
    result["id"] = json::array{item.client, item.clock};
    result["len"] = item.length;
    if (!item.is_item())
        return result;
    result["origin"] = item.origin_present() ? id_value(item.origin) : json::value();
    result["rightOrigin"] = item.right_present() ? id_value(item.right) : json::value();
    result["parent"] = nullptr;
    if (item.parent_form == StructView::Parent::root)
        result["parent"] = std::string(item.root);
    if (item.parent_form == StructView::Parent::item)
        result["parent"] = id_value(item.parent);
    result["parentSub"] = nullptr;
    if (item.parent_form != StructView::Parent::implied && item.keyed())
        result["parentSub"] = std::string(item.key);
    return result;
}

/// Compares what a decoder alone knows of the content.
void expect_content(const StructView& item, const json::object& content) {
    if (const auto* text = content.if_contains("string")) {
        EXPECT_EQ(item.text, std::string_view(text->as_string().data(), text->as_string().size()));
    }
    if (const auto* type = content.if_contains("type")) {
        EXPECT_EQ(static_cast<unsigned>(item.type_ref), type->to_number<unsigned>());
        if (const auto* name = content.if_contains("name")) {
            EXPECT_EQ(item.name, std::string_view(name->as_string().data(), name->as_string().size()));
        }
    }
}

void expect_struct(const StructView& item, const json::object& expected) {
    const json::object seen = dump(item);
    for (const auto& [key, value] : seen)
        EXPECT_TRUE(expected.contains(key) && same(value, expected.at(key)))
            << key << ": " << json::serialize(value) << " instead of " << json::serialize(expected.at(key));
    if (const auto* content = expected.if_contains("content"); content != nullptr && content->is_object())
        expect_content(item, content->as_object());
}

TEST(Update, DecodesEveryVector) {
    for (const json::object& line : vectors("decode.jsonl")) {
        SCOPED_TRACE(std::string(line.at("update").as_string()));
        const Bytes update = bytes_of(line, "update");
        Outline outline;
        std::size_t position = 0;
        ASSERT_EQ(check_update(update, outline, position), Fault::none) << position;
        std::size_t i = 0;
        const json::array& expected = line.at("structs").as_array();
        for (const Block& block : outline.blocks) {
            Reader in(block.begin, outline.end);
            std::uint64_t clock = block.clock;
            for (std::uint64_t n = 0; n < block.count; ++n, ++i) {
                StructView item;
                ASSERT_EQ(read_struct<false>(in, block.client, clock, item), Fault::none);
                clock += item.length;
                ASSERT_LT(i, expected.size());
                expect_struct(item, expected[i].as_object());
            }
        }
        EXPECT_EQ(i, expected.size());
        DeleteMap deletes;
        each_delete(Reader(outline.deletes, outline.end), [&](auto client, auto clock, auto length) {
            deletes[client].emplace_back(clock, length);
        });
        EXPECT_EQ(deletes, delete_map(line.at("ds").as_object()));
    }
}

TEST(Update, EveryPrefixIsRefused) {
    for (const json::object& line : vectors("decode.jsonl")) {
        const Bytes update = bytes_of(line, "update");
        for (std::size_t size = 0; size < update.size(); ++size)
            EXPECT_FALSE(validate(exact(View(update).first(size))));
    }
}

TEST(Update, HostileInputIsRefusedAndChangesNothing) {
    const Bytes known = from_base64("AQEBAAQBAXQCYWIA");
    for (const json::object& line : vectors("hostile.jsonl")) {
        SCOPED_TRACE(json::serialize(line));
        const Bytes update = bytes_of(line, "update");
        const std::string wanted(line.at("server").as_string());
        Recorder recorder;
        ASSERT_TRUE(recorder.apply(known));
        const Bytes before = recorder.encode();
        const Result<Applied> applied = recorder.apply(update);
        EXPECT_TRUE(wanted == "reject-or-accept" || applied.has_value() == (wanted == "accept"));
        EXPECT_TRUE(applied || recorder.encode() == before);
        EXPECT_TRUE(validate(recorder.encode()));
        EXPECT_TRUE(Recorder::open(recorder.encode(), recorder.index()));
    }
}

} // namespace
} // namespace hameau::crdt::test
