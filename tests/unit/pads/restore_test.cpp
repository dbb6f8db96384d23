// Restoring: moments from rows, and the change that makes a document what it was, held to what real Yjs sessions left.
#include <boost/json.hpp>
#include <fstream>

#include "daemon/base/time_zone.hpp"
#include "modules/pads/crdt/document.hpp"
#include "modules/pads/lines/carry.hpp"
#include "modules/pads/export/render.hpp"
#include "modules/pads/history/history.hpp"
#include "modules/pads/history/restore.hpp"
#include "tests/unit/pads/fakes.hpp"
#include "tests/unit/pads/old_tree.hpp"
#include "tests/unit/pads/raw_lines.hpp"

namespace hameau::pads {
namespace {

namespace json = boost::json;

/// Every root as JSON, empty ones left out: a root that was written later is there and empty after a restore.
std::string content(const crdt::Integrator& integrator, const json::object& roots) {
    const crdt::Document document(integrator);
    std::string all;
    for (const auto& [name, kind] : roots) {
        const auto root = document.root(std::string_view(name));
        if (!root) {
            continue;
        }
        const std::string_view as = kind.as_string();
        const auto shape = as == "text" ? crdt::RootKind::text : as == "map" ? crdt::RootKind::map : as == "array" ? crdt::RootKind::array : crdt::RootKind::xml;
        const std::string tree = crdt::tree_json(document, *root, shape);
        const bool empty = tree.ends_with("[]}") || tree.ends_with("{}}");
        all += empty ? std::string() : std::string(name) + "=" + tree + "\n";
    }
    return all;
}

struct Seen {
    int moments = 0;
    int unchanged = 0;
    int cut = 0;
};

/// Some moments of each session of a file: a restore shows what was shown then.
void check_sessions(const char* file, Seen& seen_all) {
    std::ifstream lines(std::string(HAMEAU_SOURCE_DIR "/tests/vectors/yjs/") + file);
    ASSERT_TRUE(lines);
    for (std::string line; std::getline(lines, line);) {
        const json::object scenario = json::parse(line).as_object();
        const std::string id(scenario.at("id").as_string());
        const json::object& roots = scenario.at("roots").as_object();
        // Collected or late content, and pairs that were cut, cannot come back; other roots than these hold no such thing.
        const std::string_view kind = scenario.at("kind").as_string();
        if (kind == "gc" || kind == "pending" || kind == "surrogate" || kind == "legacy") {
            continue;
        }
        std::vector<Bytes> updates;
        for (const json::value& update : scenario.at("updates").as_array()) {
            updates.push_back(from_base64(std::string_view(update.as_string())));
        }
        for (std::size_t upto = 1; upto <= updates.size(); upto += std::max<std::size_t>(1, updates.size() / 4)) {
            crdt::Integrator then;
            Past past;
            Recorder stored;
            for (std::size_t i = 0; i < updates.size(); ++i) {
                frame_update(past.framed, updates[i]);
                ASSERT_TRUE(stored.apply(updates[i]).has_value());
                if (i < upto) {
                    ASSERT_TRUE(then.apply(updates[i]).has_value());
                    past.then_bytes = past.framed.size();
                }
            }
            auto integrated = integrate(past);
            ASSERT_TRUE(integrated.has_value()) << id;
            const auto change = restoring_update(integrated->now, integrated->then, 4'000'000'123);
            ++seen_all.moments;
            if (!change) {
                ++seen_all.unchanged;
                EXPECT_EQ(content(integrated->now, roots), content(then, roots)) << id << " at " << upto;
                continue;
            }
            ASSERT_TRUE(stored.apply(*change).has_value()) << id << " at " << upto << ": a recorder takes it like a member's";
            // From the state that clients are given, not from the history.
            crdt::Integrator after;
            ASSERT_TRUE(after.apply(stored.encode()).has_value());
            EXPECT_FALSE(after.has_pending()) << id;
            const std::string seen = content(after, roots);
            if (seen.find("\uFFFD") != std::string::npos) {
                ++seen_all.cut;  // a pair that somebody edited in its middle (yjs-v1-notes section 6): its halves are lost
                continue;
            }
            // Of lines that came since the markers stay, and are not shown.
            if (kind != "lines") {
                EXPECT_EQ(seen, content(then, roots)) << id << " at " << upto;
            } else {
                EXPECT_EQ(render_prosemirror(crdt::Document(after)).value_or("a"), render_prosemirror(crdt::Document(then)).value_or("b")) << id << " at " << upto;
                EXPECT_EQ(render_prosemirror(crdt::Document(integrated->now, &integrated->then)).value_or("a"), render_prosemirror(crdt::Document(then)).value_or("b"))
                    << id << " looked at, at " << upto;
            }
        }
    }
}

TEST(Restore, EveryMomentOfRealSessions) {
    Seen seen;
    check_sessions("scenarios.jsonl", seen);
    EXPECT_GT(seen.moments, 300);
    EXPECT_LT(seen.unchanged + seen.cut, seen.moments / 2);
}

TEST(Restore, EveryMomentOfSessionsInLines) {
    Seen seen;
    check_sessions("lines-sessions.jsonl", seen);
    EXPECT_GT(seen.moments, 100);
    EXPECT_LT(seen.unchanged + seen.cut, seen.moments / 2);
}

// Somebody writes in a line while another restores the text from before it: the words stay, in a line of their own.
TEST(Restore, LinesThatCameSinceAreTakenOut) {
    RawLines before(1);
    before.root_attribute("format", 2);
    before.text("un");
    Past past;
    frame_update(past.framed, before.finish());
    past.then_bytes = past.framed.size();
    RawLines more(1);
    more.root_attribute("format", 2);
    more.text("un");
    more.line({{"type", "heading"}});
    more.text("deux");
    frame_update(past.framed, more.finish());
    auto integrated = integrate(past);
    ASSERT_TRUE(integrated.has_value());
    const auto change = restoring_update(integrated->now, integrated->then, 99);
    ASSERT_TRUE(change.has_value());
    Recorder stored;
    for (const Bytes& update : {more.finish(), *change}) {
        ASSERT_TRUE(stored.apply(update).has_value());
    }
    const auto shown = [&] {
        crdt::Integrator now;
        EXPECT_TRUE(now.apply(stored.encode()).has_value());
        return render_prosemirror(crdt::Document(now)).value_or("");
    };
    EXPECT_EQ(shown().find("heading"), std::string::npos) << shown();
    // Behind the last letter of the heading, by a client that knew nothing of the restore.
    Bytes meanwhile;
    crdt::Writer out(meanwhile);
    for (const std::uint64_t number : {1, 1, 5, 0}) {
        out.uvar(number);
    }
    out.u8(0x84);
    out.uvar(1);
    out.uvar(8);
    out.text(" trois");
    out.uvar(0);
    ASSERT_TRUE(stored.apply(meanwhile).has_value());
    EXPECT_NE(shown().find("heading"), std::string::npos) << shown();
    EXPECT_NE(shown().find(" trois"), std::string::npos) << shown();
}

// Somebody writes on while another restores: their later words stay.
TEST(Restore, WordsWrittenMeanwhileStay) {
    RawLines before(1);
    before.root_attribute("format", 2);
    before.text("un");
    before.line({{"type", "heading"}});
    before.text("deux");
    Past past;
    frame_update(past.framed, before.finish());
    past.then_bytes = past.framed.size();
    // The heading goes, and its line with it.
    const Bytes gone = erased(1, 3, 1);
    frame_update(past.framed, gone);
    auto integrated = integrate(past);
    ASSERT_TRUE(integrated.has_value());
    const auto change = restoring_update(integrated->now, integrated->then, 99);
    ASSERT_TRUE(change.has_value());
    // Behind the last letter, by a client that knew nothing of the restore.
    Bytes meanwhile;
    crdt::Writer out(meanwhile);
    for (const std::uint64_t number : {1, 1, 5, 0}) {
        out.uvar(number);
    }
    out.u8(0x84);
    out.uvar(1);
    out.uvar(8);
    out.text(" trois");
    out.uvar(0);
    Recorder stored;
    for (const Bytes& update : {before.finish(), gone, meanwhile, *change}) {
        ASSERT_TRUE(stored.apply(update).has_value());
    }
    crdt::Integrator after;
    ASSERT_TRUE(after.apply(stored.encode()).has_value());
    EXPECT_EQ(render_prosemirror(crdt::Document(after)).value(),
              R"({"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"un"}]},{"type":"heading","attrs":{"level":1},"content":[{"type":"text","text":"deux trois"}]}]})");
}

/// The list of moves of these updates, as JSON.
std::string moves_of(const std::vector<Bytes>& updates) {
    crdt::Integrator now;
    for (const Bytes& update : updates) {
        EXPECT_TRUE(now.apply(update).has_value());
    }
    EXPECT_FALSE(now.has_pending());
    const crdt::Document document(now);
    const auto root = document.root("moves");
    return root ? crdt::tree_json(document, *root, crdt::RootKind::array) : "";
}

/// What goes back to the first of these updates, by this client.
Bytes back_to_the_first(const std::vector<Bytes>& updates, std::uint64_t client) {
    Past past;
    for (const Bytes& update : updates) {
        frame_update(past.framed, update);
        past.then_bytes = past.then_bytes == 0 ? past.framed.size() : past.then_bytes;
    }
    auto integrated = integrate(past);
    EXPECT_TRUE(integrated.has_value());
    const auto change = restoring_update(integrated->now, integrated->then, client);
    EXPECT_TRUE(change.has_value());
    return change.value_or(Bytes());
}

// Somebody who took a line out takes that back while another goes back to before it: pages see by this that it is one line.
TEST(Restore, SaysWhichCopyIsWhichOldUnit) {
    RawLines before(1);
    before.root_attribute("format", 2);
    before.text("un");
    before.line({{"type", "heading"}});
    before.text("deux");
    // Clock 0: the format. "n", the marker (3; 4 is its attribute) and "de".
    const std::vector<Bytes> updates = {before.finish(), erased(1, 2, 2), erased(1, 5, 2)};
    const Bytes change = back_to_the_first(updates, 99);
    // The copies are "n", the marker, its attribute, and "de".
    const std::string first = R"({"again":1,"from":[1,2,2,1,5,2],"restored":1,"to":[99,0,2,99,3,2]})";
    EXPECT_EQ(moves_of({updates[0], updates[1], updates[2], change}), R"({"$":"array","items":[)" + first + "]}");
    // Copies that were taken out, and units that never were: what others say stays, whenever they came.
    std::vector<Bytes> more = {updates[0], updates[1], updates[2], change, erased(99, 3, 2), erased(1, 7, 1)};
    const Bytes again = back_to_the_first(more, 100);
    more.push_back(again);
    EXPECT_EQ(moves_of(more), R"({"$":"array","items":[)" + first + R"(,{"again":1,"from":[99,1,1,99,3,2,1,7,1],"restored":1,"to":[100,0,1,100,2,3]}]})")
        << "from where they are now: the first copies are those that count, and they do not stand. \"n\" stands, where it stood";
}

// Pages pass over an entry of more than 50,000 units.
TEST(Restore, SaysItOfALongTextInSeveralEntries) {
    RawLines before(1);
    before.root_attribute("format", 2);
    before.text(std::string(120'000, 'x'));
    const std::vector<Bytes> updates = {before.finish(), erased(1, 1, 120'000)};
    EXPECT_EQ(moves_of({updates[0], updates[1], back_to_the_first(updates, 99)}),
              R"({"$":"array","items":[{"again":1,"from":[1,1,50000],"restored":1,"to":[99,0,50000]},{"again":1,"from":[1,50001,50000],"restored":1,"to":[99,50000,50000]},)"
              R"({"again":1,"from":[1,100001,20000],"restored":1,"to":[99,1e+05,20000]}]})");
}

// A moment of the older form comes back as lines.
TEST(Restore, AMomentOfATreeComesBackAsLines) {
    OldTree tree(1);
    tree.open("heading");
    tree.attribute("level", std::int64_t{2});
    tree.text("Titre");
    tree.close();
    const Bytes old = tree.finish();
    crdt::Integrator first;
    ASSERT_TRUE(first.apply(old).has_value());
    const auto carried = carrying_update(first, 1 << 20, 64 << 20);
    ASSERT_TRUE(carried.has_value());
    EXPECT_EQ(*carried, *carrying_update(first, 1 << 20, 64 << 20)) << "the same bytes again";
    const std::string shown = render_prosemirror(crdt::Document(first)).value();
    Past past;
    frame_update(past.framed, old);
    past.then_bytes = past.framed.size();
    frame_update(past.framed, *carried);
    auto integrated = integrate(past);
    ASSERT_TRUE(integrated.has_value());
    EXPECT_FALSE(carrying_update(integrated->now, 1 << 20, 64 << 20).has_value()) << "it is lines now";
    EXPECT_EQ(render_prosemirror(crdt::Document(integrated->now)).value(), shown);
    EXPECT_EQ(render_prosemirror(crdt::Document(integrated->now, &integrated->then)).value(), shown) << "the old moment";
    auto back = restoring_update(integrated->now, integrated->then, 99);
    ASSERT_TRUE(back.has_value());
    ASSERT_TRUE(integrated->now.apply(*back).has_value());
    const auto again = carrying_update(integrated->now, 1 << 20, 64 << 20);
    ASSERT_TRUE(again.has_value());
    ASSERT_TRUE(integrated->now.apply(*again).has_value());
    const crdt::Document now(integrated->now);
    EXPECT_EQ(form_of(now, *find_root(now)), RootForm::lines);
    EXPECT_TRUE(now.entry(*find_root(now), "format").has_value());
    EXPECT_EQ(render_prosemirror(now).value(), shown);
    EXPECT_FALSE(carrying_update(first, 10, 64 << 20).has_value()) << "too large as lines: it stays";
}

/// The most memory that the process had since this was made. Bytes.
class Peak {
public:
    Peak() {
        std::ofstream("/proc/self/clear_refs") << "5";
        before_ = high_water();
    }
    std::size_t grown() const { return high_water() - before_; }

private:
    static std::size_t high_water() {
        std::ifstream status("/proc/self/status");
        std::size_t kilobytes = 0;
        for (std::string word; status >> word;) {
            if (word == "VmHWM:") {
                status >> kilobytes;
            }
        }
        return kilobytes * 1024;
    }
    std::size_t before_ = 0;
};

// Each run of a text has all marks that are in force, so a small text can have gigabytes of them.
TEST(Restore, ASmallTextWithManyMarksIsCarriedWithoutHoldingThemAll) {
    OldTree tree(1);
    tree.open("paragraph");
    std::vector<Span> spans;
    const std::string wide(12'000, 'w');
    for (int i = 0; i < 20'000; ++i) {
        Span span{"x"};
        span.marks.emplace("link", "{\"href\":\"" + wide + "\"}");
        span.marks.emplace("bold", i % 2 == 0 ? "{}" : "true");
        spans.push_back(std::move(span));
    }
    tree.text(spans);
    tree.close();
    spans.clear();
    spans.shrink_to_fit();
    const Bytes old = tree.finish();
    ASSERT_LT(old.size(), 1u << 20);
    crdt::Integrator first;
    ASSERT_TRUE(first.apply(old).has_value());
    const Peak peak;
    EXPECT_FALSE(carrying_update(first, 16 << 20, 64 << 20).has_value()) << "240 MB of marks: it stays a tree";
    EXPECT_LT(peak.grown(), std::size_t{64} << 20);
}

/// The text "t" at the end of these updates.
std::string text_after(const std::vector<Bytes>& updates) {
    Recorder stored;
    for (const Bytes& update : updates) {
        EXPECT_TRUE(stored.apply(update).has_value());
    }
    // From the state that clients are given: strict UTF-8, or they would refuse it.
    crdt::Integrator seen;
    EXPECT_TRUE(seen.apply(stored.encode()).has_value());
    EXPECT_FALSE(seen.has_pending());
    const crdt::Document document(seen);
    std::string text;
    if (const auto root = document.root("t")) {
        crdt::Document::Runs runs = document.runs(*root);
        for (crdt::Run run; runs.next(run);) {
            text += run.text;
        }
    }
    return text;
}

/// What one reads after restoring the moment behind the first `upto` updates.
std::string text_restored(std::vector<Bytes> updates, std::size_t upto) {
    Past past;
    for (std::size_t i = 0; i < updates.size(); ++i) {
        frame_update(past.framed, updates[i]);
        past.then_bytes = i + 1 == upto ? past.framed.size() : past.then_bytes;
    }
    auto integrated = integrate(past);
    EXPECT_TRUE(integrated.has_value());
    if (auto change = restoring_update(integrated->now, integrated->then, 99)) {
        updates.push_back(std::move(*change));
    }
    return text_after(updates);
}

// An emoji is two units. Who cuts one leaves U+FFFD twice, for ever and in every copy (yjs-v1-notes section 4): so does stock
// Yjs when a restore goes over a cut. Whole ones come back whole, and the text stays as long as it was.
TEST(Restore, EmojiComeBackWholeUnlessSomebodyCutThem) {
    const Bytes text = typed(1, 0, "a🏘b");
    const std::string halves = "a\uFFFD\uFFFDb";
    EXPECT_EQ(text_restored({text, erased(1, 1, 2)}, 1), "a🏘b");
    EXPECT_EQ(text_restored({text, erased(1, 0, 4)}, 1), "a🏘b");
    EXPECT_EQ(text_restored({text, erased(1, 0, 1), erased(1, 3, 1), erased(1, 1, 2)}, 1), "a🏘b");
    EXPECT_EQ(text_restored({text, erased(1, 1, 1)}, 1), halves) << "one half is there still";
    EXPECT_EQ(text_restored({text, erased(1, 2, 1)}, 1), halves);
    EXPECT_EQ(text_restored({text, erased(1, 1, 1), erased(1, 2, 1)}, 1), halves) << "both are gone, one after the other";
    EXPECT_EQ(text_restored({text, erased(1, 0, 2), erased(1, 2, 2)}, 1), halves);
    EXPECT_EQ(text_restored({text, typed(2, 0, "new"), erased(1, 1, 1), erased(1, 0, 4)}, 1).find("\xED"), std::string::npos) << "no half is ever written alone";
    for (std::size_t upto = 1; upto <= 3; ++upto) {
        const std::vector<Bytes> updates = {text, erased(1, 2, 1), erased(1, 0, 2), erased(1, 3, 1)};
        const std::string then = text_after({updates.begin(), updates.begin() + static_cast<std::ptrdiff_t>(upto)});
        EXPECT_EQ(text_restored(updates, upto), upto == 1 ? halves : then) << upto;
    }
    EXPECT_EQ(text_restored({typed(1, 0, "👩🏽‍🌾"), erased(1, 0, 7)}, 1), "👩🏽‍🌾") << "joined emoji are several pairs";
}

TEST(Restore, KeepsWhatDidNotChange) {
    Past past;
    frame_update(past.framed, typed(1, 0, "one two"));
    past.then_bytes = past.framed.size();
    frame_update(past.framed, erased(1, 3, 4));
    frame_update(past.framed, typed(2, 0, "new"));
    auto integrated = integrate(past);
    ASSERT_TRUE(integrated.has_value());
    const auto change = restoring_update(integrated->now, integrated->then, 99);
    ASSERT_TRUE(change.has_value());
    crdt::Outline outline;
    std::size_t position = 0;
    ASSERT_EQ(crdt::check_update(*change, outline, position), crdt::Fault::none);
    EXPECT_EQ(outline.struct_count, 1u) << "\" two\" comes back in one piece";
    EXPECT_EQ(outline.delete_ranges, 1u) << "what came since goes; \"one\" is not touched";
    EXPECT_EQ(as_text(*change).find("one"), std::string_view::npos);
    Past same;
    frame_update(same.framed, typed(1, 0, "x"));
    same.then_bytes = same.framed.size();
    auto unchanged = integrate(same);
    EXPECT_FALSE(restoring_update(unchanged->now, unchanged->then, 99).has_value());
}

TEST(Restore, ARoomRelaysAndSavesItInTheCallersName) {
    TemporaryFolder folder;
    FakeHouse house{folder / "pads.db"};
    const PadRow pad = house.new_pad("minutes");
    auto room = house.open(pad);
    Visitor anna(room, "m1");
    anna.types(1, 0, "hello");
    house.turn();
    house.committer_.run();
    const std::int64_t moment = room->last_seq();
    const Bytes gone = erased(1, 0, 5);
    anna.says(update_message(gone));
    house.turn();
    house.committer_.run();
    const auto past = house.store_.past(pad.number, moment);
    ASSERT_TRUE(past.has_value());
    auto integrated = integrate(*past);
    const auto change = restoring_update(integrated->now, integrated->then, 77);
    ASSERT_TRUE(change.has_value());
    const std::size_t before = anna.socket_.of(Incoming::Kind::update).size();
    ASSERT_TRUE(room->change(std::make_shared<const Person>(Person{"m2", "bert", "Bert"}), *change).has_value());
    house.turn();
    EXPECT_EQ(anna.socket_.of(Incoming::Kind::update).size(), before + 1) << "who is there sees it at once";
    ASSERT_TRUE(house.committer_.run());
    ASSERT_TRUE(house.committer_.compact(*room));
    const auto authors = house.store_.authors(pad.number).value();
    ASSERT_EQ(authors.size(), 2u);
    EXPECT_EQ(authors[1].person.login, "bert");
    EXPECT_EQ(house.store_.past(pad.number, 0).error().kind, ErrorKind::not_found);
    std::vector<HistoryRow> rows;
    ASSERT_TRUE(house.store_.each_history_row(pad.number, [&](const HistoryRow& row) { rows.push_back(row); }).has_value());
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].added, 5);
    EXPECT_EQ(rows[0].removed, 5) << "who deleted is known: it is who sent the row";
    EXPECT_EQ(rows[1].author, "Bert");
    EXPECT_EQ(rows[1].added, 5);
}

TEST(Moments, HoursDaysAndClocksThatJump) {
    constexpr std::int64_t hour = 3'600'000;
    const std::int64_t evening = 1'774'818'000'000;  // 2026-03-29T21:00:00Z, 23:00 in Paris: summer time has just begun
    const auto row = [](std::int64_t seq, std::int64_t ms, const char* author) {
        HistoryRow out;
        out.first_seq = out.last_seq = seq;
        out.begin_ms = out.end_ms = ms;
        out.author = author;
        out.added = 1;
        return out;
    };
    set_time_zone("Europe/Paris");
    const std::vector<HistoryRow> rows = {row(1, evening, "Anna"), row(2, evening + 1000, "Bert"), row(3, evening + hour, "Anna"),
                                          row(4, evening - 50 * hour, "Anna"), row(5, evening + hour, "Bert")};
    MomentList hours(MomentLength::hour);
    MomentList days(MomentLength::day);
    for (const HistoryRow& one : rows) {
        hours.add(one);
        days.add(one);
    }
    const auto by_hour = hours.take();
    ASSERT_EQ(by_hour.size(), 4u) << "the clock that went back makes a moment of its own";
    EXPECT_EQ(by_hour[0].seq, 2);
    EXPECT_EQ(by_hour[0].authors, (std::vector<std::string>{"Anna", "Bert"}));
    EXPECT_EQ(by_hour[0].added, 2);
    const auto by_day = days.take();
    ASSERT_EQ(by_day.size(), 4u) << "midnight in Paris lies between 21 and 22 UTC in summer";
    set_time_zone("Indian/Reunion");
    MomentList elsewhere(MomentLength::day);
    for (const HistoryRow& one : rows) {
        elsewhere.add(one);
    }
    EXPECT_EQ(elsewhere.take().size(), 3u) << "there midnight lies at 20 UTC";
    set_time_zone("UTC");
}

TEST(Moments, WhatNobodyDidStandsAlone) {
    MomentList hours(MomentLength::hour);
    for (const auto& [seq, author] : {std::pair(1, ""), std::pair(2, "Anna"), std::pair(3, ""), std::pair(4, "Anna"), std::pair(5, "Bert")}) {
        HistoryRow row;
        row.first_seq = row.last_seq = seq;
        row.begin_ms = row.end_ms = 1'774'818'000'000;
        row.author = author;
        hours.add(row);
    }
    const auto moments = hours.take();
    ASSERT_EQ(moments.size(), 3u) << "what a text begins with belongs to the first one";
    EXPECT_EQ(moments[0].authors, std::vector<std::string>{"Anna"});
    EXPECT_TRUE(moments[1].authors.empty());
    EXPECT_EQ(moments[1].seq, 3);
    EXPECT_EQ(moments[2].authors.size(), 2u);
}

TEST(Moments, NoStoredRowReachesIntoTheNextHour) {
    TemporaryFolder folder;
    FakeHouse house{folder / "pads.db"};
    const PadRow pad = house.new_pad("minutes");
    auto room = house.open(pad);
    Visitor anna(room, "m1");
    std::uint32_t clock = 0;
    for (int i = 0; i < 12; ++i) {
        anna.types(1, clock++, "x");
        house.committer_.run();
        house.clock_.advance(Duration(9 * 60 * 1000));
    }
    ASSERT_TRUE(house.committer_.compact(*room));
    std::vector<HistoryRow> rows;
    ASSERT_TRUE(house.store_.each_history_row(pad.number, [&](const HistoryRow& row) { rows.push_back(row); }).has_value());
    for (const HistoryRow& row : rows) {
        EXPECT_EQ(row.begin_ms / history_hour_ms, row.end_ms / history_hour_ms);
    }
    EXPECT_GE(rows.size(), 3u);
}

} // namespace
} // namespace hameau::pads
