// Which pad refers to which image, and when one goes; titles as people search them.
#include "modules/pads/api/search.hpp"
#include "modules/pads/convert/answer.hpp"
#include "modules/pads/documents/inline_images.hpp"
#include "modules/pads/storage/images.hpp"
#include "tests/unit/pads/fakes.hpp"

namespace hameau::pads {
namespace {

constexpr std::int64_t day_ms = 24 * 3600 * 1000;

struct ImagesTest : testing::Test {
    TemporaryFolder folder;
    FakeHouse house{folder / "pads.db"};
    PadRow pad = house.new_pad("minutes");
    const std::string hash = std::string(63, 'a') + "1";

    ImageRow given(const PadRow& to, const std::string& name, std::int64_t when) {
        ImageRow image;
        image.association = "amis";
        image.hash = name;
        image.type = "image/png";
        image.width = image.height = 10;
        image.bytes = 1000;
        image.created_ms = when;
        EXPECT_TRUE(house.store_.add_image(image, to.number).has_value());
        return image;
    }
    void shows(const PadRow& in, const std::string& name) {
        auto room = house.open(in);
        Visitor anna(room, "m1");
        anna.types(room->recorder().next_clock(1) == 0 ? 1 : 2, 0, "/api/v1/pads/x/images/" + name);
        ASSERT_TRUE(house.committer_.run());
    }
};

TEST_F(ImagesTest, ShownOnceIsKeptAsLongAsThePadAndTheBinsTime) {
    given(pad, hash, day_ms);
    EXPECT_TRUE(house.store_.refers_to(pad.number, hash).value()) << "given: the editor shows it before it is in the text";
    shows(pad, hash);
    EXPECT_TRUE(house.store_.forget_images(400 * day_ms).value().empty()) << "its history shows it";
    ASSERT_TRUE(house.store_.erase(pad.number).has_value());
    const auto with_it = house.store_.used_bytes("amis").value();
    EXPECT_TRUE(house.store_.forget_images(500 * day_ms).value().empty()) << "unused from now on";
    EXPECT_LT(house.store_.used_bytes("amis").value(), with_it) << "what is on its way out counts for nobody";
    EXPECT_TRUE(house.store_.forget_images(530 * day_ms).value().empty()) << "not before its time";
    ASSERT_EQ(house.store_.forget_images(531 * day_ms).value().size(), 1u);
    EXPECT_FALSE(house.store_.image("amis", hash).value().has_value());
}

TEST_F(ImagesTest, UsedAgainIsKept) {
    given(pad, hash, day_ms);
    shows(pad, hash);
    ASSERT_TRUE(house.store_.erase(pad.number).has_value());
    EXPECT_TRUE(house.store_.forget_images(100 * day_ms).value().empty());
    const PadRow second = house.new_pad("second");
    given(second, hash, 110 * day_ms);
    shows(second, hash);
    EXPECT_TRUE(house.store_.forget_images(300 * day_ms).value().empty());
    ASSERT_TRUE(house.store_.erase(second.number).has_value());
    EXPECT_TRUE(house.store_.forget_images(320 * day_ms).value().empty()) << "its time begins anew";
    EXPECT_EQ(house.store_.forget_images(351 * day_ms).value().size(), 1u);
}

TEST_F(ImagesTest, AMomentThatOneCanGoBackToKeepsItsImages) {
    given(pad, hash, day_ms);
    shows(pad, hash);
    auto room = house.open(pad);
    Visitor anna(room, "m1");
    anna.says(update_message(erased(1, 0, 20 + static_cast<std::uint32_t>(hash.size()))));
    house.turn();
    ASSERT_TRUE(house.committer_.run());
    ASSERT_TRUE(house.committer_.compact(*room)) << "the text that names it is collected";
    EXPECT_TRUE(house.store_.forget_images(4000 * day_ms).value().empty());
    EXPECT_TRUE(house.store_.refers_to(pad.number, hash).value());
}

TEST_F(ImagesTest, SentAndNeverShownGoesAfterItsTime) {
    given(pad, hash, 10 * day_ms);
    EXPECT_TRUE(house.store_.forget_images(40 * day_ms).value().empty());
    EXPECT_EQ(house.store_.forget_images(40 * day_ms + 1).value().size(), 1u);
    EXPECT_FALSE(house.store_.refers_to(pad.number, hash).value());
}

TEST_F(ImagesTest, OncePerAssociationForSeveralPads) {
    const PadRow second = house.new_pad("second");
    given(pad, hash, 1000);
    given(second, hash, 2000);
    EXPECT_EQ(house.store_.images("amis", "", 10).value().size(), 1u);
    shows(second, hash);
    ASSERT_TRUE(house.store_.erase(pad.number).has_value());
    EXPECT_TRUE(house.store_.forget_images(900 * day_ms).value().empty());
    EXPECT_GE(house.store_.used_bytes("amis").value(), 1000u);
}

TEST_F(ImagesTest, WhatArrivesCountsAlreadyAndACrashLeavesNothing) {
    ImageRow image;
    image.association = "amis";
    image.hash = hash;
    image.bytes = 600;
    image.webp_bytes = 400;
    const auto before = house.store_.used_bytes("amis").value();
    const auto first = house.store_.begin_arrival(image, before + 1999);
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(house.store_.used_bytes("amis").value(), before + 1000);
    EXPECT_EQ(house.store_.begin_arrival(image, before + 1999).error().kind, ErrorKind::too_large);
    const auto second = house.store_.begin_arrival(image, before + 2000);
    ASSERT_TRUE(second.has_value());
    EXPECT_FALSE(house.store_.end_arrival(image, *first).value()) << "the other one writes the same files";
    EXPECT_TRUE(house.store_.end_arrival(image, *second).value());
    EXPECT_EQ(house.store_.used_bytes("amis").value(), before);
    // As after a crash: one image is there, one is not.
    given(pad, hash, 1000);
    ASSERT_TRUE(house.store_.begin_arrival(image, before + 9999).has_value());
    image.hash[0] = 'b';
    ASSERT_TRUE(house.store_.begin_arrival(image, before + 9999).has_value());
    const auto left = house.store_.drop_arrivals().value();
    ASSERT_EQ(left.size(), 1u);
    EXPECT_EQ(left[0].hash, image.hash);
    EXPECT_TRUE(house.store_.drop_arrivals().value().empty());
    EXPECT_EQ(house.store_.used_bytes("amis").value(), before + 1000);
}

TEST_F(ImagesTest, InventedAddressesFillNoTable) {
    shows(pad, std::string(64, 'b'));
    EXPECT_FALSE(house.store_.refers_to(pad.number, std::string(64, 'b')).value());
    EXPECT_FALSE(is_image_hash(std::string(64, 'G')));
    EXPECT_FALSE(is_image_hash("../../etc/passwd"));
    EXPECT_EQ(image_hash_of("https://elsewhere.example/images/" + hash), "");
    EXPECT_EQ(image_hash_of("/api/v1/pads/p/images/" + hash + "?key=k"), hash);
}

TEST_F(ImagesTest, FilesAreNamedByWhatIsInThem) {
    ImageFiles files(folder.string());
    const std::string name = ImageFiles::hash_of("abc");
    EXPECT_EQ(name, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ASSERT_TRUE(files.keep("amis", name, "abc", "w").has_value());
    ASSERT_TRUE(files.keep("amis", name, "abc", "w").has_value());
    EXPECT_EQ(files.read("amis", name, ImageForm::original).value(), "abc");
    EXPECT_EQ(files.read("amis", name, ImageForm::webp).value(), "w");
    files.remove("amis", name);
    EXPECT_FALSE(files.open("amis", name, ImageForm::original).has_value());
}

TEST(ConverterAnswer, IsBelievedAsFarAsItIsWhole) {
    EXPECT_EQ(read_image_answer("image image/png 3 4 2 1\nabw").value().webp, "w");
    EXPECT_EQ(read_image_answer("refused image_unknown\n").error().kind, ErrorKind::invalid);
    for (const char* broken : {"", "image image/png 3 4 2 1", "image image/png 3 4 9 1\nabw", "image text/html 3 4 2 1\nabw",
                               "image image/png 0 4 2 1\nabw", "image image/png 3 4 2 18446744073709551615\nabw", "image\n", "update 1 1 0\nab"}) {
        EXPECT_EQ(read_image_answer(broken).error().kind, ErrorKind::corrupt) << broken;
    }
    EXPECT_EQ(read_text_answer("update 1 1 0 0 0 0 0 0\nab").value().title, "b");
    EXPECT_EQ(read_text_answer("update 3 1 0 0 0 0 0 0\nab").error().kind, ErrorKind::corrupt);
}

TEST(TitleSearch, AsPeopleType) {
    EXPECT_TRUE(TitleSearch("reunion").fits("Compte rendu de la RÉUNION"));
    EXPECT_TRUE(TitleSearch("  Rendu  compte ").fits("Compte rendu"));
    EXPECT_TRUE(TitleSearch("œuvre").fits("Œuvres"));
    EXPECT_FALSE(TitleSearch("rendu bureau").fits("Compte rendu"));
    EXPECT_TRUE(TitleSearch("").fits("anything"));
}

TEST(Access, OnlyThesePeople) {
    Access access;
    access.members = access.link = Permission::none;
    access.people = {"bert"};
    Asker bert{"m2", "bert", Role::member, false, false};
    EXPECT_EQ(permission_of(access, bert), Permission::write);
    bert.role = Role::none;
    EXPECT_EQ(permission_of(access, bert), Permission::none) << "who left the association is nobody";
    EXPECT_EQ(permission_of(access, Asker{"m3", "carl", Role::member, false, true}), Permission::none);
    EXPECT_EQ(permission_of(access, Asker{"m1", "anna", Role::manager, false, false}), Permission::write);
}

/// The addresses that are found, each in brackets.
std::string inline_images(std::string_view document, bool markdown) {
    std::string out;
    for (const InlineImage& image : find_inline_images(document, markdown)) {
        out += "[" + std::string(document.substr(image.begin, image.size)) + "]";
    }
    return out;
}

TEST(InlineImages, OfHtmlAreSourcesOfImages) {
    EXPECT_EQ(inline_images("<p><img src=\"data:image/png;base64,AA==\"><IMG alt='>' SRC='data:image/gif;base64,BB'/><img\nsrc = data:image/webp;base64,CC alt=x>", false),
              "[data:image/png;base64,AA==][data:image/gif;base64,BB][data:image/webp;base64,CC]");
    for (const char* none : {"<imgx src='data:image/png;base64,A'>", "<!-- <img src='data:image/png;base64,A'> -->", "<a href='data:image/png;base64,A'>", "<img alt=\"src='data:image/png;base64,A'\">",
                             "<pre>&lt;img src='data:image/png;base64,A'></pre>", "<img data-src='data:image/png;base64,A'>", "<img src='data:text/html,A'>", "<img src='/a'>", "<img", "<img ", "<img src", "<img src=", "<img src='",
                             "<img =", "<!--", ""}) {
        EXPECT_EQ(inline_images(none, false), "") << none;
    }
    EXPECT_EQ(inline_images("<img src='data:image/png;base64,A", false), "[data:image/png;base64,A]");
}

TEST(InlineImages, OfMarkdownAreTargetsOutsideOfCode) {
    EXPECT_EQ(inline_images("![a](data:image/png;base64,AA==) ![b](<data:image/png;base64,BB> \"t\")\n\n[c]: data:image/png;base64,CC\n<img src=\"data:image/png;base64,DD\">", true),
              "[data:image/png;base64,AA==][data:image/png;base64,BB][data:image/png;base64,CC][data:image/png;base64,DD]");
    EXPECT_EQ(inline_images("```\n![a](data:image/png;base64,AA)\n~~~\n````\n![b](data:image/png;base64,BB)\n> ~~~ html\n> <img src='data:image/png;base64,CC'>\n> ~~~\n![d](data:image/png;base64,DD)", true),
              "[data:image/png;base64,BB][data:image/png;base64,DD]");
    EXPECT_EQ(inline_images("data:image/png;base64,AA `x`", true), "");
}

TEST(InlineImages, AreReadAndReplaced) {
    EXPECT_EQ(read_inline_image("data:image/png;base64,TWFu"), "Man");
    EXPECT_EQ(read_inline_image("DATA:image/png;charset=x;base64,TW\n Fu%4d%41%3D%3d"), "Man0");
    for (const char* bad : {"data:image/png;base64,", "data:image/svg+xml,<svg>", "data:image/png;base64,TWF!", "data:image/png;base64,T", "data:image/png", ""}) {
        EXPECT_FALSE(read_inline_image(bad).has_value()) << bad;
    }
    const std::string_view page = "a<img src='data:image/png;base64,AA'>b<img src=data:image/png;base64,BB>";
    EXPECT_EQ(with_addresses(page, find_inline_images(page, false), {"/x", std::string(no_inline_image)}), "a<img src='/x'>b<img src=data:,>");
}

} // namespace
} // namespace hameau::pads
