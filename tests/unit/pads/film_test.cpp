// The film of a pad: each step as it was, who added and removed what between two, words for the list; one line brought back alone.
#include <boost/json.hpp>

#include "modules/pads/api/film_answers.hpp"
#include "modules/pads/export/render.hpp"
#include "modules/pads/history/film.hpp"
#include "modules/pads/history/restore.hpp"
#include "tests/unit/pads/fakes.hpp"
#include "tests/unit/pads/raw_lines.hpp"

namespace hameau::pads {
namespace {

namespace json = boost::json;

struct FilmTest : testing::Test {
    TemporaryFolder folder;
    FakeHouse house{folder / "pads.db"};
    PadRow pad = house.new_pad("minutes");
    std::int64_t time_ms = 1'700'000'000'000 / history_hour_ms * history_hour_ms;
    std::int64_t last = 0;

    void row(const std::string& name, const Bytes& update, std::int64_t added, std::int64_t removed) {
        Edit edit;
        edit.person = std::make_shared<const Person>(Person{"m-" + name, name, name});
        edit.time_ms = time_ms += 1000;
        edit.added = added;
        edit.removed = removed;
        frame_update(edit.framed, update);
        last = house.store_.append(pad.number, {edit}, {}).value();
        house.store_.committed();
    }
    std::shared_ptr<Film> film() { return Film::make(house.store_, pad.number, Stop()).value(); }
};

Bytes lines(const std::vector<std::string>& texts) {
    RawLines out(7);
    out.root_attribute("format", 2);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) {
            out.line({});
        }
        out.text(texts[i]);
    }
    return out.finish();
}

std::string shown(Film& film, std::uint32_t since, std::uint32_t at) {
    const auto view = film.between(since, at).value();
    const Film::View groups(film, since, at);
    return render_prosemirror(crdt::Document(film.document(), &view, &groups)).value();
}

/// "marie+: words" of each stretch that is not as it was.
std::vector<std::string> changes(Film& film, std::uint32_t since, std::uint32_t at) {
    std::vector<std::string> out;
    const json::value document = json::parse(shown(film, since, at));
    for (const json::value& block : document.at("content").as_array()) {
        const json::object& object = block.as_object();
        if (!object.contains("content")) {
            continue;
        }
        for (const json::value& text : object.at("content").as_array()) {
            const auto group = json::value_to<std::uint32_t>(text.at("marks").at(0).at("attrs").at("group"));
            const Stretch stretch = Stretch::of(group);
            const char* sign = stretch.kind == Stretch::Kind::added ? "+" : stretch.kind == Stretch::Kind::removed ? "-" : "=";
            out.push_back(film.authors()[stretch.author].name + sign + std::string(text.at("text").as_string()));
        }
    }
    return out;
}

// Clocks of lines({"Un deux trois.", "Quatre."}): 0 the format, 1 to 14 the first line, 15 the marker, 16 to 22 the second.
TEST_F(FilmTest, WhatWasAddedAndRemovedAndByWhom) {
    row("marie", lines({"Un deux trois.", "Quatre."}), 24, 0);
    row("yann", erased(7, 3, 5), 0, 5);
    row("annick", erased(7, 16, 7), 0, 7);
    auto film = this->film();
    EXPECT_EQ(film->steps(), 3u);
    EXPECT_EQ(changes(*film, 0, 1), (std::vector<std::string>{"marie+Un", "marie+ deux", "marie+ trois.", "marie+Quatre."}));
    EXPECT_EQ(changes(*film, 1, 3), (std::vector<std::string>{"marie=Un", "yann- deux", "marie= trois.", "annick-Quatre."}));
    EXPECT_EQ(changes(*film, 3, 3), std::vector<std::string>{"marie=Un trois."});
    EXPECT_EQ(changes(*film, 1, 1).size(), 4u) << "back again";
    const std::string document = shown(*film, 1, 3);
    EXPECT_NE(document.find(R"("line":"0")"), std::string::npos) << document;
    EXPECT_NE(document.find(R"("line":"7-15")"), std::string::npos) << "the marker of the second line: " << document;
}

/// One letter of `client` behind another unit (Y.js update V1).
Bytes letter(std::uint8_t client, std::uint8_t of, std::uint8_t behind, char c) {
    return {1, 1, client, 0, 0x84, of, behind, 1, static_cast<std::uint8_t>(c), 0};
}

// A fold joins the rows of each person, so that one's edits stand before those of the other that they build on: they wait, and go in
// with a row of somebody else. (What was taken away before it was there never showed.)
TEST_F(FilmTest, WhatHadToWaitIsOfWhoeverBroughtIt) {
    row("annick", lines({""}), 0, 0);
    row("yann", letter(8, 9, 0, 'b'), 1, 0);
    row("yann", erased(9, 1, 1), 0, 1);
    RawLines marie(9);
    marie.text("acd");
    row("marie", marie.finish(), 3, 0);
    row("marie", letter(10, 9, 2, 'e'), 1, 0);
    auto film = this->film();
    EXPECT_EQ(changes(*film, 0, 5), (std::vector<std::string>{"marie+a", "yann+b", "marie+de"}));
    row("marie", letter(11, 12, 0, 'x'), 1, 0);
    row("annick", erased(9, 0, 1), 0, 1);
    film = this->film();
    EXPECT_EQ(changes(*film, 5, 7), (std::vector<std::string>{"annick-a", "yann=b", "marie=de"}));
}

// Typed and taken back within the moment: shown by neither end.
TEST_F(FilmTest, WhatCameAndWentInBetweenIsNotShown) {
    row("marie", lines({"Un."}), 4, 0);
    RawLines more(7);
    more.root_attribute("format", 2);
    more.text("Un.");
    more.text(" Faute");
    row("marie", more.finish(), 6, 0);
    row("marie", erased(7, 4, 6), 0, 6);
    auto film = this->film();
    EXPECT_EQ(changes(*film, 1, 3), std::vector<std::string>{"marie=Un."});
    EXPECT_EQ(changes(*film, 1, 2), (std::vector<std::string>{"marie=Un.", "marie+ Faute"}));
}

TEST_F(FilmTest, MomentsSayTheirWordsAndTheCut) {
    std::string text;
    for (int i = 0; i < 100; ++i) {
        text += "mot ";
    }
    row("marie", lines({text}), 401, 0);
    row("yann", erased(7, 1, 200), 0, 200);
    auto film = this->film();
    const auto moments = film->moments();
    ASSERT_EQ(moments.size(), 2u);
    EXPECT_EQ(moments[0].words_added, 100);
    EXPECT_EQ(moments[0].words_cut, 50);
    ASSERT_TRUE(moments[0].moment.before);
    EXPECT_EQ(moments[0].moment.before->author, "yann");
    EXPECT_EQ(moments[1].words_removed, 50);
    EXPECT_EQ(moments[1].words_added, 0);
    EXPECT_EQ(words_of("l’été : 12 mots\xE2\x80\xAF! cœur"), 4);
}

// A place within a joined row has a name that the history knows.
TEST_F(FilmTest, EveryPlaceOfTheSliderCanBeLookedAt) {
    for (std::uint32_t i = 0; i < 20; ++i) {
        row(i % 3 == 0 ? "marie" : "yann", typed(i % 3 == 0 ? 1 : 2, i % 3 == 0 ? i / 3 : i - i / 3 - 1, std::string(1, static_cast<char>('a' + i))), 1, 0);
    }
    for (const bool folded : {false, true}) {
        if (folded) {
            auto room = house.open(pad);
            ASSERT_TRUE(house.committer_.compact(*room));
        }
        auto film = this->film();
        const auto places = film->places(10);
        ASSERT_GE(places.size(), 5u);
        EXPECT_LE(places.size(), 10u);
        EXPECT_EQ(places.back().at, 20u);
        for (const Film::Place& place : places) {
            const std::size_t dash = place.moment.find('-');
            auto past = house.store_.past(pad.number, std::stoll(place.moment)).value();
            ASSERT_TRUE(leave_out(past, dash == std::string::npos ? 0 : std::stoul(place.moment.substr(dash + 1)))) << place.moment;
            const auto document = integrate(past).value();
            const crdt::Document then(document.now, &document.then);
            EXPECT_EQ(then.text(*then.root("t")).size(), place.at) << place.moment;
        }
    }
}

// Guests choose their names, and each new one is a person of the film.
TEST_F(FilmTest, AStepNamesOnlyThoseWhomItShows) {
    row("marie", lines({"Un deux."}), 8, 0);
    for (int i = 0; i < 2000; ++i) {
        row("guest of a rather long name " + std::to_string(i), letter(20, 7, 1, 'x'), 0, 0);
    }
    auto film = this->film();
    const std::string step = film_step_of(*film, 1, 1).value();
    EXPECT_LT(step.size(), 2000u) << step.substr(0, 300);
    EXPECT_EQ(json::parse(step).at("authors").at("0").at("name").as_string(), "marie");
    const json::value list = json::parse(film_list(*film));
    EXPECT_LE(list.at("authors").as_object().size(), film_places_max);
    for (const json::value& place : list.at("places").as_array()) {
        EXPECT_TRUE(list.at("authors").as_object().contains(std::to_string(place.at("author").as_int64())));
    }
}

// Small removals of a year hide none of the large ones.
TEST_F(FilmTest, AFullListKeepsTheMomentBeforeALargeRemoval) {
    const std::string text(100'000, 'a');
    row("marie", lines({text}), 100'001, 0);
    row("yann", erased(7, 1, 90'000), 0, 90'000);
    for (std::uint32_t i = 0; i < film_moments_max + 100; ++i) {
        time_ms += history_hour_ms;
        row("guest", i % 2 == 0 ? typed(30, i * 30, std::string(60, 'b')) : erased(30, (i - 1) * 30, 60), i % 2 == 0 ? 60 : 0, i % 2 == 0 ? 0 : 60);
    }
    auto film = this->film();
    const json::value list = json::parse(film_list(*film));
    const json::array& moments = list.at("moments").as_array();
    EXPECT_LE(moments.size(), film_moments_max);
    EXPECT_GT(list.at("moments_left_out").to_number<int>(), 0);
    const json::object& last = moments.back().as_object();
    EXPECT_EQ(last.at("at").to_number<int>(), 1);
    ASSERT_TRUE(last.contains("before"));
    EXPECT_EQ(last.at("before").at("author").as_string(), "yann");
    EXPECT_EQ(film->places(film_places_max).front().at, 1u);
}

TEST_F(FilmTest, OneThatTakesTooMuchMemoryIsNotMade) {
    for (std::uint32_t i = 0; i < 2000; ++i) {
        row("marie", typed(1, i, "a"), 1, 0);
    }
    const std::size_t bytes = film()->bytes_used();
    EXPECT_TRUE(Film::make(house.store_, pad.number, Stop(), bytes * 2).has_value());
    const auto refused = Film::make(house.store_, pad.number, Stop(), bytes / 2);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
}

TEST_F(FilmTest, TheNewestRowIsKnownBeforeAFoldAndAfterIt) {
    EXPECT_EQ(house.store_.newest_row(pad.number).value(), 0);
    row("marie", lines({"Un."}), 4, 0);
    EXPECT_EQ(house.store_.newest_row(pad.number).value(), last);
    auto room = house.open(pad);
    ASSERT_TRUE(house.committer_.compact(*room));
    EXPECT_EQ(house.store_.newest_row(pad.number).value(), last);
    EXPECT_EQ(film()->last_seq(), last);
}

TEST_F(FilmTest, OneLineIsBroughtBackAndTheRestStays) {
    row("marie", lines({"Un deux trois.", "Quatre.", "Cinq."}), 30, 0);
    row("yann", erased(7, 3, 5), 0, 5);
    row("yann", erased(7, 16, 7), 0, 7);
    auto past = house.store_.past(pad.number, last - 2).value();
    const auto after = [&](const OneLine& line) {
        auto integrated = integrate(past).value();
        const auto change = restoring_update(integrated.now, integrated.then, 99, &line);
        EXPECT_TRUE(change && integrated.now.apply(*change));
        const auto events = read_content(crdt::Document(integrated.now)).value();
        return render_text(events);
    };
    const std::string first = after(OneLine{});
    EXPECT_NE(first.find("Un deux trois."), std::string::npos) << first;
    EXPECT_EQ(first.find("Quatre."), std::string::npos) << first;
    EXPECT_NE(first.find("Cinq."), std::string::npos) << first;
    const std::string second = after(OneLine{crdt::Id{7, 15}});
    EXPECT_NE(second.find("Un trois."), std::string::npos) << second;
    EXPECT_NE(second.find("Quatre."), std::string::npos) << second;
    EXPECT_NE(second.find("Cinq."), std::string::npos) << second;
}

// A text of the older form has words too.
TEST_F(FilmTest, WordsOfATree) {
    RawLines tree(7);
    tree.element("paragraph", {}, "Un deux trois.");
    row("marie", tree.finish(), 15, 0);
    auto film = this->film();
    EXPECT_EQ(film->moments().at(0).words_added, 3);
    ASSERT_TRUE(film->between(0, 1));
    const auto words = film->words(0, 1);
    ASSERT_EQ(words.size(), 1u);
    EXPECT_EQ(words.begin()->second, 3);
    EXPECT_EQ(Stretch::of(words.begin()->first).kind, Stretch::Kind::added);
}

// The line was emptied and somebody else wrote in it: nobody's words are lost.
TEST_F(FilmTest, WordsInALineThatWasEmptiedStayWhenItComesBack) {
    row("marie", lines({"Un deux trois.", "Quatre."}), 24, 0);
    row("yann", erased(7, 1, 14), 0, 14);
    for (const bool behind : {false, true}) {
        auto past = house.store_.past(pad.number, last - 1).value();
        Bytes fresh;
        crdt::Writer out(fresh);
        for (const std::uint64_t number : {1, 1, 8, 0}) {
            out.uvar(number);
        }
        if (behind) {
            out.u8(4 | 0x80 | 0x40);
            for (const std::uint64_t number : {7, 14, 7, 15}) {
                out.uvar(number);
            }
        } else {
            out.u8(4 | 0x40);
            out.uvar(7);
            out.uvar(1);
        }
        out.text("Neuf.");
        out.uvar(0);
        frame_update(past.framed, fresh);
        auto integrated = integrate(past).value();
        const OneLine first;
        const auto change = restoring_update(integrated.now, integrated.then, 99, &first);
        ASSERT_TRUE(change && integrated.now.apply(*change));
        const std::string text = render_prosemirror(crdt::Document(integrated.now)).value();
        const std::size_t gap = text.find("hardBreak");
        const std::size_t old = text.find("Un deux trois.");
        const std::size_t added = text.find("Neuf.");
        ASSERT_TRUE(gap != std::string::npos && old != std::string::npos && added != std::string::npos) << text;
        EXPECT_TRUE(behind ? old < gap && gap < added : added < gap && gap < old) << text;
    }
}

} // namespace
} // namespace hameau::pads
