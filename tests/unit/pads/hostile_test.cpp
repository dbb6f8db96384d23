// Every hostile update of the vectors through a room: the others notice nothing, and the pad stays readable.
#include <fstream>

#include <boost/beast/core/detail/base64.hpp>
#include <boost/json.hpp>

#include "tests/unit/pads/fakes.hpp"

namespace hameau::pads {
namespace {

namespace json = boost::json;

Bytes from_base64(std::string_view text) {
    Bytes bytes(boost::beast::detail::base64::decoded_size(text.size()));
    bytes.resize(boost::beast::detail::base64::decode(bytes.data(), text.data(), text.size()).first);
    return bytes;
}

struct HostileTest : testing::Test {
    TemporaryFolder folder;
    FakeHouse house{folder / "pads.db"};
    PadRow pad = house.new_pad("minutes");
};

TEST_F(HostileTest, VectorsHarmNobodyElse) {
    std::ifstream lines(HAMEAU_SOURCE_DIR "/tests/vectors/yjs/hostile.jsonl");
    ASSERT_TRUE(lines);
    int refused = 0;
    int taken = 0;
    for (std::string line; std::getline(lines, line);) {
        const json::object vector = json::parse(line).as_object();
        const Bytes update = from_base64(std::string_view(vector.at("update").as_string()));
        const std::string name = vector.contains("id") ? json::serialize(vector.at("id")) : json::serialize(vector.at("name"));
        auto room = house.open(pad);
        Visitor good(room);
        good.types(777, 0, "kept");
        house.turn();
        const Bytes before = room->recorder().encode();
        Visitor evil(room, "m666");
        evil.says(update_message(update));
        house.turn();
        EXPECT_EQ(good.socket_.closed, 0) << name;
        if (evil.socket_.closed != 0) {
            ++refused;
            EXPECT_TRUE(evil.socket_.closed == close_bad_data || evil.socket_.closed == close_policy) << name;
            EXPECT_EQ(room->recorder().encode(), before) << name << ": all or nothing";
            EXPECT_TRUE(good.socket_.of(Incoming::Kind::update).empty()) << name << ": nothing is relayed";
        } else {
            ++taken;
        }
        const std::string_view wanted = vector.at("server").as_string();
        if (wanted == "reject") {
            EXPECT_NE(evil.socket_.closed, 0) << name;
        }
        if (wanted == "accept") {
            EXPECT_EQ(evil.socket_.closed, 0) << name;
        }
        good.types(777, 4, "!");
        EXPECT_EQ(room->recorder().next_clock(777), 5u) << name << ": the other one writes on";
        EXPECT_TRUE(Recorder::open(room->recorder().encode()).has_value()) << name;
        house.committer_.forget(*room);
    }
    EXPECT_GT(refused, 10);
    EXPECT_GT(taken, 0);
}

TEST_F(HostileTest, BrokenFramesCloseTheirSenderOnly) {
    auto room = house.open(pad);
    Visitor good(room);
    for (const std::string& frame : {std::string("\0\1\5ab", 5), std::string("\0\2\0", 3), std::string("\1\1\5", 3), std::string()}) {
        Visitor evil(room, "m666");
        evil.says(frame);
        EXPECT_EQ(evil.socket_.closed, close_bad_data);
        evil.types(1, 0, "after the end");
        EXPECT_EQ(room->recorder().client_count(), 0u) << "a closed connection is not heard any more";
    }
    Visitor curious(room, "m667");
    curious.says(step1_message(Bytes{0xff, 0xff, 0xff}));
    EXPECT_EQ(curious.socket_.closed, close_bad_data);
    EXPECT_EQ(good.socket_.closed, 0);
    EXPECT_EQ(room->connection_count(), 1u);
}

} // namespace
} // namespace hameau::pads
