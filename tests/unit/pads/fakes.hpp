// Fakes for the rooms: sockets that record, an event loop that is turned by hand, a clock that stands still, updates
// as a browser would send them. The database is a real one, in a folder of its own.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "daemon/store/database.hpp"
#include "modules/pads/crdt/update.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/room/connection.hpp"
#include "modules/pads/storage/committer.hpp"

namespace hameau {
extern const Manifest pads_manifest;
}

namespace hameau::pads {

class FakeSocket final : public WebSocket {
public:
    void send(std::span<const Message> messages) override {
        for (const Message& message : messages) {
            sent.push_back(*message);
            queued += stuck ? message->size() : 0;
        }
    }
    std::size_t queued_bytes() const override { return queued; }
    void close(std::uint16_t code, std::string reason) override {
        closed = code;
        why = std::move(reason);
    }

    /// Messages of one kind; with their payload.
    std::vector<Incoming> of(Incoming::Kind kind) const {
        std::vector<Incoming> found;
        for (const std::string& message : sent) {
            const Incoming incoming = read_message(message);
            if (incoming.kind == kind) {
                found.push_back(incoming);
            }
        }
        return found;
    }
    /// Messages whose first byte is this type.
    std::vector<std::string> of_type(MessageType type) const {
        std::vector<std::string> found;
        for (const std::string& message : sent) {
            if (static_cast<std::uint8_t>(message[0]) == static_cast<std::uint8_t>(type)) {
                found.push_back(message);
            }
        }
        return found;
    }

    std::vector<std::string> sent;
    std::size_t queued = 0;
    bool stuck = false;
    std::uint16_t closed = 0;
    std::string why;
};

inline Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }
inline std::string text_of_frame(const Message& message) { return *message; }

/// What a Y.Text of root "t" sends when `text` is typed behind clock - 1.
inline Bytes typed(std::uint64_t client, std::uint32_t clock, std::string_view text) {
    Bytes bytes;
    crdt::Writer out(bytes);
    out.uvar(1);
    out.uvar(1);
    out.uvar(client);
    out.uvar(clock);
    if (clock == 0) {
        out.u8(4);
        out.uvar(1);
        out.text("t");
    } else {
        out.u8(4 | 0x80);
        out.uvar(client);
        out.uvar(clock - 1);
    }
    out.text(text);
    out.uvar(0);
    return bytes;
}

inline Bytes erased(std::uint64_t client, std::uint32_t clock, std::uint32_t length) {
    Bytes bytes;
    crdt::Writer out(bytes);
    for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, client, std::uint64_t{1}}) {
        out.uvar(number);
    }
    out.uvar(clock);
    out.uvar(length);
    return bytes;
}

inline Bytes awareness_of(std::uint64_t client, std::uint64_t clock, std::string_view state) {
    Bytes bytes;
    crdt::Writer out(bytes);
    out.uvar(1);
    out.uvar(client);
    out.uvar(clock);
    out.text(state);
    return bytes;
}

/// A folder that goes with the test.
class TemporaryFolder {
public:
    /// In memory where that is possible: each commit waits for the disk, and a slow one made the suite last minutes.
    TemporaryFolder() {
        std::error_code failed;
        path_ = std::filesystem::path("/dev/shm") / ("hameau-pads-" + new_id());
        if (!std::filesystem::create_directory(path_, failed)) {
            path_ = std::filesystem::temp_directory_path() / path_.filename();
            std::filesystem::create_directory(path_);
        }
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    std::string operator/(const std::string& name) const { return (path_ / name).string(); }
    std::string string() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

/// The disk as a thread of its own would write it, turned by hand.
class FakeWriter final : public BatchWriter {
public:
    explicit FakeWriter(PadStore& store) : store_(store) {}
    void write(std::shared_ptr<Batch> batch, std::function<void()> written) override {
        batch_ = std::move(batch);
        written_ = std::move(written);
    }
    void wait() override {
        if (const auto batch = std::exchange(batch_, nullptr)) {
            write_batch(store_, *batch);
        }
    }
    bool away() const { return batch_ != nullptr; }
    /// The disk has it, and the event loop learns it.
    void land() {
        wait();
        if (const auto written = std::exchange(written_, nullptr)) {
            written();
        }
    }

private:
    PadStore& store_;
    std::shared_ptr<Batch> batch_;
    std::function<void()> written_;
};

/// The process around the rooms, turned by hand.
class FakeHouse : public RoomOutside, public CommitterOutside {
public:
    explicit FakeHouse(const std::string& file) :
        database_(Database::open(file, pads_manifest.migrations).value()), store_(database_),
        committer_(store_, writer_, journal_, *this) {}

    void arm_commit(Duration delay) override { armed_ = delay; }
    void settled(Room& room) override { settled_.insert(&room); }
    void batch_begins() override { ++batches_begun_; }
    void batch_written(bool idle) override { idle_ = idle; }
    void batch_ended() override {}
    void keep_ahead(const Room&, const AheadRecord& edit) override { kept_.emplace_back(edit.update.begin(), edit.update.end()); }
    bool hand_over() override {
        handed_over_ += hands_over_ ? kept_.size() : 0;
        if (hands_over_) {
            kept_.clear();
        }
        return hands_over_;
    }

    Duration now() const override { return clock_.now(); }
    std::int64_t wall_ms() const override { return 1'700'000'000'000 + clock_.now().count(); }
    void flush_in(Room& room, Duration delay) override {
        flushes_.push_back(&room);
        flush_delay_ = delay;
    }
    void flush_now(Room& room) override { flush_in(room, Duration(0)); }
    void edits_wait(Room& room) override { committer_.edits_wait(room); }
    Writing writing(const Room&, bool guest) override { return guest ? guests_writing_.value_or(writing_) : writing_; }
    bool room_for_edits(std::size_t bytes) const override { return committer_.room_for(bytes); }
    void answer_later(Room& room, Duration) override { answers_.insert(&room); }
    void emptied(Room&) override { ++emptied_; }
    void note(const Room&, RoomEvent event, const std::string& detail) override { notes_.emplace_back(event, detail); }

    PadRow new_pad(std::string slug, Access access = {}) {
        PadRow pad;
        pad.id = new_id();
        pad.association = "amis";
        pad.slug = std::move(slug);
        pad.title = "Un pad";
        pad.access = access;
        pad.link_key = "abcdefghijklmnopqrstuvwxyz";
        EXPECT_TRUE(store_.create(pad, nullptr).has_value());
        return pad;
    }
    std::shared_ptr<Room> open(const PadRow& pad, std::size_t bytes_max = 32 << 20) {
        auto room = std::make_shared<Room>(*this, pad, std::move(store_.load(pad.number).value()), bytes_max);
        rooms_.push_back(room);
        return room;
    }
    /// The end of the event-loop turn. A room that has gone meanwhile is left out, as the module does.
    void turn() {
        const std::vector<Room*> flushes = std::move(flushes_);
        flushes_.clear();
        for (Room* room : flushes) {
            if (const auto held = still_there(room)) {
                held->flush();
            }
        }
    }
    void answer() {
        const std::set<Room*> answers = std::move(answers_);
        answers_.clear();
        for (Room* room : answers) {
            if (const auto held = still_there(room)) {
                held->answer_waiting();
            }
        }
    }
    std::shared_ptr<Room> still_there(const Room* room) {
        std::erase_if(rooms_, [](const std::weak_ptr<Room>& known) { return known.expired(); });
        for (const std::weak_ptr<Room>& known : rooms_) {
            if (auto held = known.lock(); held.get() == room) {
                return held;
            }
        }
        return nullptr;
    }

    FakeClock clock_;
    Journal journal_{"test"};
    Database database_;
    PadStore store_;
    FakeWriter writer_{store_};
    Duration armed_{-1};
    std::set<Room*> settled_;
    Committer committer_;
    std::vector<std::weak_ptr<Room>> rooms_;
    std::vector<Room*> flushes_;
    Duration flush_delay_{0};  ///< asked for last
    std::set<Room*> answers_;
    std::vector<std::pair<RoomEvent, std::string>> notes_;
    int emptied_ = 0;
    Writing writing_ = Writing::open;
    std::optional<Writing> guests_writing_;  ///< when it differs for guests
    std::vector<Bytes> kept_;         ///< and not yet handed over
    std::size_t handed_over_ = 0;
    bool hands_over_ = true;          ///< the disk takes them
    int batches_begun_ = 0;
    bool idle_ = false;
};

/// Somebody at a room.
class Visitor {
public:
    explicit Visitor(const std::shared_ptr<Room>& room, std::string member = "m1", bool extended = false,
                     Role role = Role::member, bool key = false) {
        Arrival arrival;
        arrival.person = std::make_shared<const Person>(Person{member, "login-" + member, "Name " + member});
        arrival.asker = Asker{member, "login-" + member, role, false, key};
        arrival.extended = extended;
        connection_ = std::make_unique<Connection>(room, std::move(arrival));
        connection_->on_open(socket_);
    }
    void says(const Message& message) { connection_->on_message(*message); }
    void says(std::string_view frame) { connection_->on_message(frame); }
    void types(std::uint64_t client, std::uint32_t clock, std::string_view text) {
        const Bytes update = typed(client, clock, text);
        says(update_message(update));
    }
    void moves(std::uint64_t client, std::uint64_t clock, std::string_view state) {
        const Bytes entries = awareness_of(client, clock, state);
        says(awareness_message(entries));
    }
    void asks(View state_vector) { says(step1_message(state_vector)); }
    void drains() {
        socket_.queued = 0;
        socket_.stuck = false;
        connection_->on_drained();
    }
    void goes() {
        connection_->on_close();
        connection_.reset();
    }
    /// What this client would hold: everything in updates and step 2 that it was sent, and what it wrote.
    Recorder document() const {
        Recorder document;
        for (const std::string& message : socket_.sent) {
            const Incoming incoming = read_message(message);
            if (incoming.kind == Incoming::Kind::step2 || incoming.kind == Incoming::Kind::update) {
                EXPECT_TRUE(document.apply(incoming.payload).has_value());
            }
        }
        return document;
    }

    FakeSocket socket_;
    std::unique_ptr<Connection> connection_;
};

/// "count, (client, clock)*, messages" of the last saved message.
struct Saved {
    std::map<std::uint64_t, std::uint64_t> clocks;
    std::uint64_t messages = 0;
};
inline Saved read_saved(const std::string& message) {
    crdt::Reader in(as_view(message));
    std::uint64_t type = 0;
    std::uint64_t count = 0;
    Saved saved;
    EXPECT_TRUE(in.uvar(type) && in.uvar(count));
    for (std::uint64_t i = 0; i < count; ++i) {
        std::uint64_t client = 0;
        std::uint64_t clock = 0;
        EXPECT_TRUE(in.uvar(client) && in.uvar(clock));
        saved.clocks[client] = clock;
    }
    EXPECT_TRUE(in.uvar(saved.messages) && in.done());
    return saved;
}

} // namespace hameau::pads
