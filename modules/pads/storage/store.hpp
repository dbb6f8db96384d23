// The pads in SQLite: rows of pads, the append-only log of updates, the compacted states, the history.
// Owner: pads. Writes only in transactions; a state is replaced together with the log rows that it covers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/store/database.hpp"
#include "modules/pads/api/access.hpp"
#include "modules/pads/crdt/recorder.hpp"
#include "modules/pads/storage/cuts.hpp"
#include "modules/pads/storage/log_index.hpp"
#include "modules/pads/storage/readings.hpp"

namespace hameau::pads {

using crdt::Bytes;
using crdt::Recorder;
using crdt::View;

/// Who wrote. A guest (link key) has a name only.
struct Person {
    std::string member;
    std::string login;
    std::string name;
};
using PersonPtr = std::shared_ptr<const Person>;

struct PadRow {
    std::int64_t number = 0;
    std::string id;
    std::string association;
    std::string slug;
    std::string title;
    Access access;
    std::string link_key;
    std::int64_t created_ms = 0;
    std::string created_by;  ///< name
    std::string creator;     ///< member id
    std::int64_t updated_ms = 0;
    std::string updated_by;  ///< name
    std::optional<std::int64_t> deleted_ms;
};

/// What a request changes of a pad. Columns that it does not name stay as they are stored, whatever the request had read.
struct PadChange {
    std::optional<std::string> title;
    std::optional<std::string> slug;
    std::optional<Access> access;
    std::optional<std::string> link_key;
    /// Outer: change it. Inner: when the pad went into the bin, or nothing: it comes out of the bin.
    std::optional<std::optional<std::int64_t>> deleted_ms;
};

/// What one author did within one commit: updates, each behind its length (uvar).
struct Edit {
    PersonPtr person;
    std::int64_t time_ms = 0;
    Bytes framed;
    std::int64_t added = 0;    ///< units: characters, elements
    std::int64_t removed = 0;
    CutJudged judged = CutJudged::by_figures;
};

/// What a cut did (storage/cuts.hpp), in units.
struct CutFigures {
    std::int64_t added = 0;
    std::int64_t removed = 0;
};

/// What one author did within some minutes.
struct HistoryRow {
    std::int64_t first_seq = 0;
    std::int64_t last_seq = 0;
    std::string author;  ///< name
    std::int64_t begin_ms = 0;
    std::int64_t end_ms = 0;
    std::int64_t added = 0;
    std::int64_t removed = 0;
    bool folded = false;             ///< out of the log
    std::optional<CutFigures> cut;  ///< a cut begins with this row
};

/// All updates of a pad as they came, framed; the first `then_bytes` of them make the moment that was asked for.
struct Past {
    Bytes framed;
    std::size_t then_bytes = 0;
};

/// An image of an association; kept once, whichever pads show it.
struct ImageRow {
    std::string association;
    std::string hash;  ///< SHA-256 of the image without metadata, lower-case hexadecimal
    std::string type;
    std::int64_t width = 0;
    std::int64_t height = 0;  ///< as shown
    std::int64_t bytes = 0;
    std::int64_t webp_bytes = 0;  ///< 0: there is no smaller form
    std::int64_t created_ms = 0;
};

/// A Yjs client id seen for the first time.
struct NewClient {
    std::uint64_t client = 0;
    PersonPtr person;
    bool brought = false;  ///< came in a step 2 and the connection did not announce the id: written by who knows whom
    std::int64_t time_ms = 0;
};

struct Loaded {
    Recorder recorder;
    std::unordered_set<std::uint64_t> clients;  ///< already bound
    std::int64_t last_seq = 0;
    std::size_t log_rows = 0;
    std::size_t log_bytes = 0;
    bool rebuilt = false;  ///< the state was damaged: made again from the history
};

struct BoundClient {
    std::uint64_t client = 0;
    Person person;
    bool brought = false;
};

enum class Bin { outside, inside };

/// Appends one update to `framed`.
void frame_update(Bytes& framed, View update);
/// Calls visit(View) for each framed update; false when the bytes are cut short.
template <class Visit>
bool each_framed(View framed, Visit&& visit) {
    crdt::Reader in(framed);
    while (!in.done()) {
        View update;
        if (!in.bytes(update)) {
            return false;
        }
        visit(update);
    }
    return true;
}

class PadStore {
public:
    explicit PadStore(Database& database) : PadStore(database, std::make_shared<LogIndex>()) {}
    /// On another connection to the file whose log `index` knows.
    PadStore(Database& database, std::shared_ptr<LogIndex> index);

    // Pads. Errors: conflict when the slug is taken.
    Status create(PadRow& pad, const Edit* content);
    /// With what `fill` appends, all or nothing; it gets the new pad's number.
    Status create_with(PadRow& pad, const std::function<Status(std::int64_t number)>& fill);
    Result<std::optional<PadRow>> find_by_id(std::string_view id);
    Result<std::optional<PadRow>> find_by_slug(std::string_view association, std::string_view slug);
    /// In order of slug (outside the bin), at most `limit`.
    Result<std::vector<PadRow>> list(std::string_view association, Bin bin, std::string_view after, std::size_t limit);
    Result<std::size_t> count(std::string_view association);
    /// That have pads or images here.
    Result<std::vector<std::string>> associations();
    /// Writes the columns that `change` names, in one statement.
    Status change(std::int64_t number, const PadChange& change);
    /// Those that are open to chosen people of whom only the logins are known.
    Result<std::vector<PadRow>> without_members();
    Status erase(std::int64_t number);
    /// False: it is not in the bin any more.
    Result<bool> erase_from_bin(std::int64_t number);
    Status erase_association(std::string_view association);
    /// The association is in the house's bin, or back. Kept for the next start; whoever answers for a pad looks.
    Status set_closed(std::string_view association, bool closed);
    Result<std::vector<std::string>> closed_associations();
    /// Removes for good what was put into the bin before that time. Returns how many.
    Result<std::size_t> purge(std::int64_t before_ms);

    // Content.
    Result<Loaded> load(std::int64_t number);
    /// What load() would read, without reading it.
    struct ContentSize {
        std::size_t state_bytes = 0;
        std::size_t log_bytes = 0;
    };
    /// The number of the pad's newest row, folded or not; 0 when it has none. Reads the heads of all rows.
    Result<std::int64_t> newest_row(std::int64_t number);
    Result<ContentSize> content_size(std::int64_t number);
    /// Appends to the log; inside a transaction of the caller, who tells committed() or rolled_back() then. Returns the
    /// last sequence number.
    Result<std::int64_t> append(std::int64_t number, const std::vector<Edit>& edits, const std::vector<NewClient>& clients);
    /// Replaces the state and copies the log up to `upto` into the history, in one transaction; the rows are dead then.
    Status compact(std::int64_t number, const crdt::Stored& state, std::int64_t upto);
    Result<std::vector<BoundClient>> authors(std::int64_t number);
    /// Every update ever, oldest first: the document that was never collected.
    Status each_update(std::int64_t number, const std::function<Status(View)>& visit);

    // History.
    /// In the order in which it came.
    Status each_history_row(std::int64_t number, const std::function<void(const HistoryRow&)>& visit);
    /// The same with the updates (framed) and all that is known of the author.
    Status each_history_update(std::int64_t number, const std::function<Status(const HistoryRow&, const Person&, View framed)>& visit);
    /// Errors: not_found when `upto` is no moment of the pad, too_large, corrupt, those of `stop`.
    Result<Past> past(std::int64_t number, std::int64_t upto, const Stop& stop = Stop());

    // Images.
    /// Before its files are written: takes room for them. Returns the arrival's number. Errors: too_large when the
    /// association would use more than `quota_bytes`.
    Result<std::int64_t> begin_arrival(const ImageRow& image, std::uint64_t quota_bytes);
    /// The image is there, or will never be. True: neither the image nor another arrival needs the files.
    Result<bool> end_arrival(const ImageRow& image, std::int64_t arrival);
    /// What a crash left of arrivals: whose files nobody needs; the rows are gone. Only while nothing arrives.
    Result<std::vector<ImageRow>> drop_arrivals();
    /// Notes the image and that this pad was given it (0: no pad yet). Errors: conflict when the pad is not there any more.
    Status add_image(const ImageRow& image, std::int64_t number);
    Result<std::optional<ImageRow>> image(std::string_view association, std::string_view hash);
    /// Whether the pad shows it, showed it, or was given it.
    Result<bool> refers_to(std::int64_t number, std::string_view hash);
    /// In order of hash, at most `limit`.
    Result<std::vector<ImageRow>> images(std::string_view association, std::string_view after, std::size_t limit);
    /// Forgets images that no pad refers to for 30 days by now (a pad refers to what its history shows, and to what was sent
    /// for it in the last 30 days); their files are the caller's to remove.
    Result<std::vector<ImageRow>> forget_images(std::int64_t now_ms);
    /// What the association's pads, their history, the images that they refer to and those arriving take on the disk.
    Result<std::uint64_t> used_bytes(std::string_view association);
    /// What one text holds of it: its state, its history, the images that it shows or showed or that were sent for it. Without what
    /// waits in the log to be folded into them, which is small.
    Result<std::uint64_t> used_bytes_of(std::int64_t number);

    Database& database() { return database_; }
    /// The copies of before a migration: something was erased for good.
    void forget_copies();
    /// As Database's, for what is done many times a second: nothing of it is parsed again.
    Status transaction(const std::function<Status()>& work);
    const std::shared_ptr<LogIndex>& index() const { return index_; }
    /// A transaction with append() in it is on the disk.
    void committed() {
        index_->added(appended_);
        appended_.clear();
    }
    /// A transaction with append() in it failed: forget what it had made.
    void rolled_back() {
        author_numbers_.clear();
        appended_.clear();
    }

private:
    Result<std::int64_t> author_number(const Person& person);
    Status bind_clients(std::int64_t number, const std::vector<NewClient>& clients);
    Result<Recorder> open_state(std::int64_t number, std::int64_t& upto, bool& rebuilt);
    /// These rows of the log, as far as they are still there: calls visit(Statement) with the columns of log_row_.
    template <class Visit>
    Status each_log_row(const std::vector<std::int64_t>& seqs, Visit&& visit);
    /// Who edited last, and when, as the log has it.
    Status note_newest(PadRow& pad);
    Result<std::optional<PadRow>> read_one(Statement& query);
    Status move_to_history(std::int64_t number, const std::vector<std::int64_t>& seqs);
    Status note_images(std::int64_t number, const Edit& edit);
    Status one_view(const std::function<Status()>& read);
    /// A history row's updates as they came.
    static Result<Bytes> unpack_history(std::string_view packed, std::int64_t plain_bytes);
    enum class Contents { left, read };
    /// Visits rows of the history, then of the log, with the query that stands on the row: behind what HistoryRow has, the member, the login, the
    /// bytes, and of the history how many they are unpacked.
    Status each_stored_row(std::int64_t number, Contents contents, const std::function<Status(const HistoryRow&, const Statement&)>& visit);
    /// The cuts among these rows of the pad's log.
    Result<std::vector<Cut>> cuts_among(std::int64_t number, const std::vector<std::int64_t>& seqs);
    /// What the pad's history has of the hour of this time.
    Result<CutsBefore> cuts_before(std::int64_t number, std::int64_t time_ms);
    /// Every stored row's framed updates, with the first sequence number in it.
    Status each_row(std::int64_t number, const std::function<Status(std::int64_t, View)>& visit);

    Database& database_;
    std::shared_ptr<LogIndex> index_;
    std::vector<LogIndex::Row> appended_;  ///< in the transaction that is open
    // The hot path is prepared once.
    Statement begin_;
    Statement commit_;
    Statement insert_update_;
    Statement insert_client_;
    Statement log_row_;
    std::unordered_map<std::string, std::int64_t> author_numbers_;
};

} // namespace hameau::pads
