// Addresses: which are kept, where they stand in a text (tests/vectors/addresses.json, which the editor's tests read too).
#include <fstream>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "modules/pads/export/bare_links.hpp"
#include "modules/pads/lines/addresses.hpp"
#include "modules/pads/lines/safe_values.hpp"

namespace hameau::pads {
namespace {

namespace json = boost::json;

json::value vectors() {
    std::ostringstream text;
    text << std::ifstream(std::string(HAMEAU_SOURCE_DIR) + "/tests/vectors/addresses.json").rdbuf();
    return json::parse(text.str());
}

TEST(Addresses, WhatMayStandInALinkIsKeptTheRestRefused) {
    const json::value all = vectors();
    for (const json::value& one : all.at("kept").as_array()) {
        const std::string written(one.at(0).as_string());
        const std::string kept = kept_address(written);
        EXPECT_EQ(kept, std::string(one.at(1).as_string())) << written;
        EXPECT_EQ(kept_address(kept), kept) << "what is kept stays";
        EXPECT_TRUE(kept.empty() || is_safe_address(kept)) << kept;
    }
}

TEST(Addresses, BareOnesAreFoundWithoutTheirPunctuation) {
    const json::value all = vectors();
    for (const json::value& one : all.at("bare").as_array()) {
        const std::string text(one.at(0).as_string());
        json::array found;
        for (const BareAddress& address : bare_addresses(text)) {
            found.push_back(json::array{text.substr(address.begin, address.end - address.begin), address.address});
        }
        EXPECT_EQ(json::serialize(found), json::serialize(one.at(1))) << text;
    }
}

TEST(Addresses, LongRowsOfHalfAddressesCostLittle) {
    for (const std::string_view part : {"http://a`", "www.a,", "@", "a@b.", "http://", "www.", "h(", "https://a.b("}) {
        std::string text;
        while (text.size() < 400'000) {
            text += part;
        }
        EXPECT_LE(bare_addresses(text).size(), text.size() / 8) << part;
    }
}

TEST(Addresses, OneThatIsHalfBoldIsOneLink) {
    const auto words = [](std::string text, std::vector<Mark> marks = {}) {
        Event event;
        event.text = std::move(text);
        event.marks = std::move(marks);
        return event;
    };
    std::vector<Event> events{words("a https://exem"), words("ple.org/x, ", {{MarkKind::bold}}), words("www.b.example", {{MarkKind::code}}), words("www.c.example", {{MarkKind::link, "/d"}})};
    link_bare_addresses(events);
    ASSERT_EQ(events.size(), 6u);
    EXPECT_EQ(events[0].text, "a ");
    EXPECT_TRUE(events[0].marks.empty());
    EXPECT_EQ(events[1].marks.at(0).value, "https://exemple.org/x");
    EXPECT_EQ(events[2].text, "ple.org/x");
    EXPECT_EQ(events[2].marks.size(), 2u);
    EXPECT_EQ(events[3].text, ", ");
    EXPECT_EQ(events[4].marks.size(), 1u);
    EXPECT_EQ(events[5].marks.at(0).value, "/d");
}

} // namespace
} // namespace hameau::pads
