// Room: one open pad: its recorder, the connections to it, awareness, what is not yet on the disk (yjs-v1-notes
// sections 9 and 10). Owner: pads. No socket, no database, no clock of its own: what it needs from outside is RoomOutside.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/base/clock.hpp"
#include "modules/pads/room/awareness.hpp"
#include "modules/pads/room/protocol.hpp"
#include "modules/pads/storage/ahead.hpp"
#include "modules/pads/storage/store.hpp"

namespace hameau::pads {

class Connection;
class Room;

/// What went wrong in a room, for the journal; never content.
enum class RoomEvent { bad_frame, over_limit, pending_dropped, too_slow, disk_full };

/// Whether edits are taken at all.
enum class Writing { open, disk_low, quota_full, memory_full, guests_full };

/// What a room needs from the process.
class RoomOutside {
public:
    virtual ~RoomOutside() = default;
    virtual Duration now() const = 0;
    virtual std::int64_t wall_ms() const = 0;
    /// Call room.flush() after this time, with 0 at the end of this event-loop turn (asked once until then).
    virtual void flush_in(Room& room, Duration delay) = 0;
    /// The same with 0, or from inside this call: the room has nothing else to do.
    virtual void flush_now(Room& room) = 0;
    /// The room has edits: commit within the window.
    virtual void edits_wait(Room& room) = 0;
    /// Keeps an edit of the room beside its rows, from hand_over() on, until it is committed. Others see it only after that.
    virtual void keep_ahead(const Room& room, const AheadRecord& edit) = 0;
    /// Hands what was kept, of all rooms, to the system. False: not now; rooms with nothing in it need not wait.
    virtual bool hand_over() = 0;
    /// Whether the disk and the association's quota have room for edits; `guest`: of somebody who has a link and no account.
    virtual Writing writing(const Room& room, bool guest) = 0;
    /// Whether so many more bytes may wait for the disk.
    virtual bool room_for_edits(std::size_t bytes) const = 0;
    /// Call room.answer_waiting() then (asked once until then).
    virtual void answer_later(Room& room, Duration delay) = 0;
    /// The last connection has gone: commit, compact, forget (not from inside this call).
    virtual void emptied(Room& room) = 0;
    virtual void note(const Room& room, RoomEvent event, const std::string& detail) = 0;
};

/// What a room hands over to be written.
struct Unsaved {
    std::vector<Edit> edits;
    std::vector<NewClient> clients;
};

class Room : public std::enable_shared_from_this<Room> {
public:
    Room(RoomOutside& outside, PadRow pad, Loaded loaded, std::size_t pad_bytes_max);
    ~Room();
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;

    PadRow& pad() { return pad_; }
    const PadRow& pad() const { return pad_; }
    const Recorder& recorder() const { return recorder_; }
    /// About what its state takes, never less: counted again only now and then.
    std::size_t text_bytes() const;
    std::vector<std::string> names_here() const;
    std::size_t connection_count() const { return peers_.size(); }

    // Called by Connection.
    void hold() { ++holders_; }
    void release();
    /// Somebody holds or will hold a connection.
    bool in_use() const { return holders_ > 0; }
    std::uint64_t next_guest() { return ++guests_; }
    void join(Connection& connection);
    void leave(Connection& connection);
    void take_frame(Connection& connection, std::string_view frame);
    void drained(Connection& connection);

    // Called by the process.
    /// Relays what this turn brought: joined where that is possible.
    void flush();
    /// Step 1 of those who asked too fast.
    void answer_waiting();
    /// Levels and title may have changed: tells everybody, ends the connections of those who lost access.
    /// `keys_void`: there is a new link key, the old one opens nothing.
    void access_changed(bool keys_void);
    /// Ends all connections, and those whose handshake is still going on: the pad went into the bin or away.
    void end(std::uint16_t code, std::string_view reason);
    /// A change that the server makes in a member's name (a restore), relayed to everybody. Errors: too_large when the pad
    /// would be too full, or the bytes cannot be recorded; then nothing happened.
    Status change(PersonPtr person, View update);
    /// Tells everybody but those of this member that an earlier version of the text was restored.
    void tell_restored(const Person& by);
    /// Whether the pad's form was looked at since it is open: it is lines, or cannot become them.
    bool form_settled() const { return form_settled_; }
    void settle_form() { form_settled_ = true; }
    /// Takes what an earlier process had shown and could not commit, before anybody joins.
    void recover(const std::vector<KeptEdit>& kept);
    /// Whether everything that is recorded would outlive this process: else it must not be shown to anybody. Hands it over if
    /// that is possible now.
    bool may_be_seen();
    /// It came back from the bin before the room was forgotten.
    void revive() { ended_ = false; }

    // Called by the committer.
    /// Everything that was recorded is durable.
    bool all_saved() const { return unsaved_.empty() && !writing_; }
    /// Of edits that are not durable, whether handed over or not.
    std::size_t unsaved_bytes() const { return unsaved_bytes_ + writing_bytes_; }
    /// Hands over what is not saved; committed() or put_back() follows before the next time.
    Unsaved take_unsaved();
    /// What was handed over is durable: tells the clients. `edits` of them made `last_seq` the newest row.
    void committed(std::size_t edits, std::int64_t last_seq);
    /// It was not written: it waits again, before what came since.
    void put_back(Unsaved unsaved);
    /// With what waits its log is long enough to be folded.
    bool wants_compaction() const;
    /// Something is in the log behind the state.
    bool has_log() const { return log_rows_ > 0; }
    std::int64_t last_seq() const { return last_seq_; }
    /// `recorder` is what was read back from the collected state of this one: the same document, tidier.
    void replace_recorder(Recorder recorder);
    /// The state of everything that was committed is stored.
    void compacted();

private:
    friend class Connection;

    struct Pending {
        Message message;
        std::size_t update_at = 0;  ///< where the update begins in the message
        Connection* sender = nullptr;
    };
    struct Relayed {
        Message message;
        const Connection* except = nullptr;
    };

    // room.cpp: what comes in
    void take_step1(Connection& connection, View state_vector);
    void take_update(Connection& connection, View update, std::string_view frame, bool step2);
    bool admit(Connection& connection, View update, bool step2);
    /// How many client ids that the text does not know a guest may bring now.
    std::size_t guest_clients_left();
    /// `brought_by`: whose step 2 it came in; ids that it did not announce may be somebody else's.
    void record(const PersonPtr& person, const crdt::Applied& applied, View news, const Connection* brought_by);
    void note_unsaved(const PersonPtr& person, const crdt::Applied& applied, View news, std::int64_t time_ms);
    std::optional<Bytes> news_of(const crdt::Applied& applied, View vector_before) const;
    bool worth_reducing(View update) const;
    void take_awareness(Connection& connection, View payload);
    void refuse(Connection& connection, std::uint16_t code, RoomEvent event, const std::string& detail);
    enum class Flush { later, now_if_quiet };
    void schedule_flush(Flush when);

    // room_saving.cpp: what is not on the disk
    /// The row that takes what this person does now.
    Edit& edit_of(const PersonPtr& person, std::int64_t now_ms);
    std::uint32_t durable_clock(std::uint64_t client, std::uint32_t next_clock) const;
    std::vector<SavedClock> saved_clocks() const;

    // room_relay.cpp: what goes out
    void answer_step1(Connection& connection, View state_vector);
    std::vector<Relayed> take_batch();
    void leave_slow_ones_behind();
    void fall_behind(Connection& connection);
    void welcome(Connection& connection);
    Message roster_for(const Connection& connection, const std::string& clients) const;
    const std::string& roster_clients(const Connection& reader);
    void change_roster();
    Message vector_message();
    Message everybody_message();
    Message saved_message_now(std::uint64_t messages_of_connection);
    Bytes vector_before_batch() const;

    RoomOutside& outside_;
    PadRow pad_;
    Recorder recorder_;
    std::size_t pad_bytes_max_;
    std::uint64_t version_ = 0;  ///< changes with every recorded update
    mutable std::optional<std::size_t> counted_bytes_;  ///< of the state, when it was counted last
    mutable std::size_t bytes_since_ = 0;               ///< of updates that were taken since
    std::uint64_t keys_made_ = 0;                       ///< link keys that ended since it is open
    std::vector<Connection*> peers_;
    std::size_t holders_ = 0;
    std::size_t guest_clients_ = 0;  ///< new client ids of guests, less guest_clients_per_hour
    Duration guest_clients_at_{0};
    std::uint64_t guests_ = 0;
    std::uint64_t connections_ = 0;
    Awareness awareness_;

    // To be relayed at the end of the turn.
    std::vector<Pending> batch_;
    std::unordered_map<std::uint64_t, std::uint32_t> batch_from_;  ///< client -> first clock in batch_
    std::vector<std::uint64_t> awareness_changed_;
    bool roster_changed_ = false;
    bool flush_scheduled_ = false;
    Duration flushed_{Duration::min() / 2};
    bool ended_ = false;
    bool form_settled_ = false;

    // Not yet on the disk.
    std::vector<Edit> unsaved_;
    std::size_t unsaved_bytes_ = 0;
    bool unseen_ = false;  ///< some of it was not handed over: a kill would lose it
    std::unordered_map<std::uint64_t, std::uint32_t> unsaved_from_;  ///< client -> first clock that is not durable
    std::vector<NewClient> new_clients_;
    std::unordered_set<std::uint64_t> bound_;

    // Handed over to be written.
    bool writing_ = false;
    std::size_t writing_bytes_ = 0;
    std::unordered_map<std::uint64_t, std::uint32_t> writing_from_;
    std::vector<SavedClock> writing_clocks_;  ///< where these clients stood then
    std::unordered_map<std::uint64_t, std::uint32_t> untold_;  ///< durable since everybody was told

    // Behind the state in the database.
    std::int64_t last_seq_ = 0;
    std::size_t log_rows_ = 0;
    std::size_t log_bytes_ = 0;

    // The last answer to a step 1: after a restart everybody asks the same.
    struct Answer {
        std::uint64_t version = 0;
        Bytes asked;
        Message message;
    };
    std::optional<Answer> answer_;

    /// What everybody who joins is told. Made once for as long as it stays true: in a pad with many clients each of them is
    /// large, and hundreds join together after a restart.
    struct Told {
        std::uint64_t version = 0;
        Message message;
    };
    Told vector_told_;
    Told awareness_told_;
    Told saved_told_;
    std::array<std::optional<std::string>, 2> roster_told_;  ///< for guests, for members
};

} // namespace hameau::pads
