// The module pads: HTTP API, upgrades, open rooms, timers, archive. Owner: pads. All of it runs on the one event loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>

#include "daemon/contract/module.hpp"
#include "modules/pads/convert/answer.hpp"
#include "modules/pads/documents/converter.hpp"
#include "modules/pads/documents/inline_images.hpp"
#include "modules/pads/export/image_source.hpp"
#include "modules/pads/room/connection.hpp"
#include "modules/pads/room/room.hpp"
#include "modules/pads/storage/commit_thread.hpp"
#include "modules/pads/storage/committer.hpp"
#include "modules/pads/storage/images.hpp"
#include "modules/pads/storage/kept_edits.hpp"
#include "modules/pads/storage/readings.hpp"
#include "modules/pads/storage/store.hpp"
#include "modules/support/awaited_turns.hpp"
#include "modules/support/router.hpp"
#include "modules/support/usage.hpp"

namespace hameau::pads {

class Film;

/// The header that carries a link's key, for people without an account: never in a query, except an image's.
inline constexpr std::string_view key_header = "pad-key";

/// As the database has it, as one update.
Result<Bytes> stored_content(PadStore& store, std::int64_t number);

/// What an archive says of a pad, beside its content.
/// Brings one text of an archive, with its history. Takes long. On the commit thread, with its store.
Status import_one(PadStore& store, const std::string& slug, const boost::json::object& row, const std::string& content, Fd history);
/// Forgets images that nobody needs any more, with their files. How many.
std::size_t remove_unused_images(PadStore& store, ImageFiles& files);
boost::json::object archive_document(const PadRow& pad, const std::vector<BoundClient>& authors);

class PadsModule final : public Module, public RoomOutside, public CommitterOutside {
public:
    Task<Status> start(ModuleContext& context) override;
    Task<Response> handle(Request& request) override;
    Task<std::variant<std::unique_ptr<WebSocketHandler>, Response>> upgrade(Request& request) override;
    std::vector<Check> check_health() override;
    Task<Status> erase_association(std::string slug) override;
    Task<Status> close_association(std::string slug, bool closed) override;
    Task<void> stop() override;

private:
    /// A pad and who asks for it, or the refusal.
    struct Found {
        PadRow pad;
        Asker asker;
        Permission permission = Permission::none;
    };
    using FoundOr = std::variant<Found, Response>;
    enum class Deleted { refused, allowed };

    // api/api_pads.cpp
    Task<Response> list(Request& request);
    Task<Response> create(Request& request);
    Task<Response> get(Request& request);
    Task<Response> patch(Request& request);
    Task<Response> put_in_bin(Request& request);
    Task<Response> purge(const Request& request, Found found);
    Task<Response> restore(Request& request);
    Task<Response> link(Request& request);
    Task<Response> authors(Request& request);
    Task<Response> export_pad(Request& request);
    /// 401 or 403 unless the caller is of the association; 404 while it is in the house's bin.
    std::optional<Response> refuse_strangers(const Request& request, const std::string& association) const;
    Task<std::optional<Response>> refuse_unknown_association(const Request& request, std::string slug);
    /// What people says of it: quota_bytes, language (of the house). Errors: not_found, unavailable.
    Task<Result<boost::json::object>> ask_people(std::string association);
    /// A new pad with id, key and times; 201 or the refusal.
    /// `warnings`: sentences about what was not taken, told with the 201.
    /// `state`: what the content is in its stored form, where that is known.
    Task<Response> add_pad(Request& request, PadRow pad, Edit content, std::optional<crdt::Stored> state, boost::json::array warnings);
    /// By what is known now: the association is there, and the caller may make a pad in it. Set: that is the response.
    Task<std::optional<Response>> refuse_maker(Request& request, std::string association);

    // api/api_images.cpp
    Task<Response> add_image(Request& request);
    Task<Response> get_image(Request& request);
    /// Errors: invalid, its message the code of the refusal; unavailable.
    Task<Result<ConvertedImage>> convert_image(std::string bytes, std::string asker);
    /// Takes room of the association's quota, then keeps the image. Errors: too_large when there is none, unavailable when
    /// people does not answer; those of keep_image().
    Task<Result<ImageRow>> take_image(std::string association, std::int64_t pad, ConvertedImage image);
    /// Writes, notes. Errors: conflict when the pad is not there any more; io.
    Task<Result<ImageRow>> keep_image(std::string association, std::int64_t pad, ConvertedImage image);
    /// What a crash left of images that were being written.
    void forget_arrivals();
    /// Notes which images no pad refers to, and removes those that nobody used for the bin's time.
    void forget_images();
    void tell_forgotten(std::size_t images);

    // api/api_import.cpp
    /// A document whose pictures were kept, with their addresses in it.
    struct Brought {
        std::string document = {};
        boost::json::array warnings = {};  ///< sentences about those that were not
    };
    Task<Response> import_pad(Request& request);
    /// `pad`: association, id, slug, and its title when who sends the document gave it one.
    struct JudgedImport {
        bool sound = false;
        bool blank = false;                 ///< nothing but the format
        std::optional<crdt::Stored> state;  ///< of a long one
    };
    /// The helper read what a stranger wrote: its update is judged like a stranger's.
    Task<JudgedImport> judge_import(View update);
    /// Makes a pad of the update that the helper gave. The turn at the converter is still held.
    Task<Response> keep_import(Request& request, PadRow pad, std::string bytes, boost::json::array warnings);
    Task<Response> import_document(Request& request, PadRow pad, std::string format);
    Task<Brought> bring_images(const Request& request, PadRow pad, std::string document, std::vector<InlineImage> images);
    /// A Word document with the addresses of its pictures before it, as hameau-convert reads it. Errors: invalid (its code), too_large, unavailable, io.
    Task<Result<Brought>> bring_word(const Request& request, PadRow pad, std::string bytes, std::uint64_t text_limit);
    /// The hash of a picture that is kept now. Errors: the message is the code of the sentence that says why not.
    Task<Result<std::string>> bring_image(std::string association, std::string asker, std::optional<std::string> picture);

    // api/people.cpp
    Task<Result<std::map<std::string, std::string>>> ids_of(std::string association, std::vector<std::string> logins);
    Task<Result<std::map<std::string, std::string>>> ids_of_named(const Found& found, const boost::json::object& body);
    static void name_members(Access& access, const std::map<std::string, std::string>& ids, const Access& before);
    Task<void> learn_members();
    void begin_learning_members();

    // api/writing.cpp
    /// Counts what the association's texts, histories and images take, and tells the quota. Now and then while people write.
    Task<void> measure(std::string association);
    Task<void> measure_all();
    void measure_later(std::string association);
    /// Room of the association's quota for something large, before it is written. Errors: those of Usage::take().
    Task<Result<Usage::Hold>> take_room(std::string association, std::uint64_t bytes);
    /// The refusal when so many bytes of text more do not fit: the floor of free disk (507), the quota (413). Never waits.
    std::optional<Response> refuse_growth(const Request& request, const std::string& association, std::uint64_t bytes);

    // api/api_import_archive.cpp: an archive that comes in
    Task<Response> import_archived_image(Request& request);
    Task<Response> import_archived_pad(Request& request);

    // archive.cpp
    /// One text of an archive, all or nothing; nothing when the association has it already. `history`: its lines, or none.
    std::vector<std::shared_ptr<Room>> rooms_of(const std::string& association) const;

    // archive_parts.cpp
    struct PartStream;
    Task<Response> internal_archive(Request& request);
    /// How much it holds of an association, in numbers.
    Task<Response> internal_holdings(Request& request);
    Task<Result<std::string>> next_part(std::shared_ptr<PartStream> stream);
    Task<Status> spool_pad(std::shared_ptr<PartStream> stream, PadRow pad);
    Task<Status> spool_images(std::shared_ptr<PartStream> stream);

    // api/api_history.cpp
    Task<Response> history(Request& request);
    Task<Response> look_back(Request& request);
    Task<Response> restore_moment(Request& request);
    FoundOr find_for_history(const Request& request);
    /// The same behind a wait: the session may have ended, and the pad have gone, meanwhile.
    Task<FoundOr> find_for_history_again(Request& request);

    // api/api_film.cpp
    using FilmWork = std::function<Result<std::string>(Film&)>;
    Task<Response> film(Request& request);
    Task<Response> film_step(Request& request);
    /// What `work` says of the pad's film, as JSON. A film that is kept serves when it reaches to the row `upto`; 0: the newest.
    Task<Response> film_answer(Request& request, std::int64_t upto, FilmWork work);
    std::shared_ptr<Film> kept_film(std::int64_t number);
    void keep_film(std::int64_t number, std::shared_ptr<Film> film, std::size_t bytes);
    std::shared_ptr<Film> freed_aside(std::shared_ptr<Film> made);
    Result<std::shared_ptr<Film>> film_reaching(PadStore& store, std::int64_t number, std::int64_t upto, std::shared_ptr<Film> kept, const Stop& stop);
    Response no_past(const Request& request, const PadRow& pad, const Error& error);
    /// The images that these bytes name, as far as the pad's association has them: rows are looked up now, by this store,
    /// files read when they are asked for; on any thread.
    ImageSource image_source(PadStore& store, const PadRow& pad, std::string_view content);
    /// Waits until what the pad has taken by now is on the disk. False: the disk takes nothing.
    Task<bool> all_written(std::int64_t number);
    bool carry_over(Room& room);

    // api/reading.cpp
    using ReadingWork = std::function<Status(PadStore&, const Stop&)>;
    struct Reading {
        explicit Reading(boost::asio::io_context& io) : bell(io, boost::asio::steady_timer::time_point::max()) {}
        ReadingWork work;
        std::optional<Stop> stop;      ///< there when it has begun
        Status done;
        bool ended = false;
        boost::asio::steady_timer bell;  ///< never rings; cancelled when the reading has ended
    };
    /// Runs this on a thread for long readings, with a store on a connection of its own: nobody's keystroke waits for it.
    /// Errors: unavailable when too many wait or the pad goes away; too_large when it takes too long; those of `work`.
    Task<Status> read_aside(std::int64_t pad, ReadingWork work);
    /// read_aside() for the response to this request, then judges again: others may have been read first, and who lost access
    /// meanwhile gets nothing. Set: that is the response.
    Task<std::optional<Response>> read_for(Request& request, const PadRow& pad, ReadingWork work);
    void begin_readings();
    void end_reading(ReadingTurns::Number number);
    /// The pad goes away.
    void drop_readings(std::int64_t pad);
    void stop_readings();

    // api/views.cpp
    FoundOr find(const Request& request, std::string_view key, Deleted deleted);
    static Person person_of(const Identity& who);
    Asker asker_of(const Request& request, const PadRow& pad, std::string_view key) const;
    boost::json::object item(const Request& request, const Found& found);
    std::string base_url(const Request& request) const;
    std::string socket_url(const Request& request, const PadRow& pad) const;
    Response failure(const Request& request, const Error& error);
    /// A reading did not end well.
    Response not_read(const Request& request, const PadRow& pad, const Error& error);
    Response damaged(const Request& request, const PadRow& pad, const Error& error);
    /// After a change of the row: the open room learns it.
    void row_changed(const PadRow& pad, bool keys_void);

    // pads.cpp
    void add_routes();
    Result<std::shared_ptr<Room>> open_room(const PadRow& pad);
    /// Whether a text of that size may be open beside the others: `text_bytes` as it is stored, `more` memory that is not counted yet.
    bool has_memory(const std::string& association, std::size_t text_bytes, std::size_t more);
    /// What a text with its history and images may take when a guest adds to it. Bytes.
    std::uint64_t guest_bound(const std::string& association) const;
    /// From the last look; begins a new one when that is old.
    bool is_full_for_guests(const PadRow& pad);
    Task<void> look_for_guests(std::int64_t number, std::string association);
    /// Whether the text has room for what guests are just adding to it.
    Task<bool> fits_for_guests(std::int64_t number, std::string association);
    /// Bytes that a guest's request is about to add to a text: those that come at once count together.
    class GuestArrival {
    public:
        GuestArrival(PadsModule& module, std::int64_t number, std::uint64_t bytes) : module_(module), number_(number), bytes_(bytes) {
            module_.guest_looks_[number_].arriving += bytes_;
        }
        ~GuestArrival() { module_.guest_looks_[number_].arriving -= bytes_; }
        GuestArrival(const GuestArrival&) = delete;
        GuestArrival& operator=(const GuestArrival&) = delete;

    private:
        PadsModule& module_;
        std::int64_t number_;
        std::uint64_t bytes_;
    };
    /// The text of an open pad. Nothing: it is not open, or its last edits would not outlive this process; then others see it as
    /// it is stored.
    std::optional<Bytes> open_content(std::int64_t number);
    Result<Bytes> content_of(const PadRow& pad);
    /// The text as the editor's JSON, for a page whose editor is still on its way; nothing when it is long, or damaged (the
    /// editor says that).
    std::optional<boost::json::value> small_content(const PadRow& pad);
    /// Commits what an earlier process, which was killed, had handed to the system only; what it cannot, it tries again later.
    void settle_kept_edits();
    void close_room(std::int64_t number);
    void close_unused_rooms();
    void look_after_commits();
    /// Runs `work` on the commit thread, with a store of its own there: what is long to write, so that the loop goes on. Others' rights
    /// and rows may change meanwhile: judge again behind it. Errors: those of `work`.
    Task<Status> write_aside(std::function<Status(PadStore&)> work);
    /// Waits for what write_aside() was given before now: a write of the loop would stand still behind it, and the loop with it.
    Task<void> writings_ended();
    /// While edits wait for the disk the process does not go to sleep.
    void stay_awake();

    // RoomOutside
    Duration now() const override { return clock_.now(); }
    std::int64_t wall_ms() const override;
    void flush_in(Room& room, Duration delay) override;
    void flush_now(Room& room) override;
    void edits_wait(Room& room) override;
    void keep_ahead(const Room& room, const AheadRecord& edit) override { ahead_->add(room.pad().id, edit); }
    bool hand_over() override;
    Writing writing(const Room& room, bool guest) override;
    bool room_for_edits(std::size_t bytes) const override { return committer_->room_for(bytes); }
    void answer_later(Room& room, Duration delay) override;
    void emptied(Room& room) override;
    void note(const Room& room, RoomEvent event, const std::string& detail) override;

    // CommitterOutside
    void arm_commit(Duration delay) override;
    void settled(Room& room) override;
    void batch_begins() override { ahead_->batch_begins(); }
    void batch_written(bool idle) override { ahead_->batch_landed(idle); }
    void batch_ended() override;

    ModuleContext* context_ = nullptr;
    SystemClock clock_;
    Router router_;
    std::unique_ptr<PadStore> store_;
    std::unique_ptr<CommitThread> commit_thread_;
    std::uint64_t writings_begun_ = 0;  ///< by write_aside()
    std::uint64_t writings_ended_ = 0;  ///< in the order of their beginning
    std::unique_ptr<boost::asio::steady_timer> writing_ends_;  ///< never rings; cancelled when one has ended
    std::unique_ptr<Committer> committer_;
    std::unique_ptr<Ahead> ahead_;
    Duration handed_over_{Duration::min() / 2};  ///< the last try
    std::unique_ptr<KeptEdits> kept_;
    std::unique_ptr<boost::asio::steady_timer> kept_timer_;
    Duration kept_delay_{0};  ///< until the next try; set by start()
    bool failed_before_ = false;
    std::uint64_t batches_ended_ = 0;
    std::unique_ptr<boost::asio::steady_timer> batch_ends_;  ///< never rings; cancelled when a batch has ended
    std::optional<Usage> usage_;
    std::set<std::string> counted_;  ///< associations whose figure is known since the start
    struct GuestLook {
        Duration begun = Duration::min() / 2;
        bool full = false;
        std::uint64_t arriving = 0;
    };
    std::unordered_map<std::int64_t, GuestLook> guest_looks_;  ///< by pad: whether guests may add to it
    std::unordered_map<std::string, Duration> measured_;  ///< by association: when it was begun last
    bool disk_low_ = false;
    Duration disk_looked_{Duration::min() / 2};
    ReadingTurns turns_;
    std::map<ReadingTurns::Number, std::shared_ptr<Reading>> readings_;
    std::unique_ptr<boost::asio::thread_pool> reading_threads_;  ///< made when it is needed
    std::unique_ptr<Converter> converter_;
    std::unique_ptr<ImageFiles> images_;
    struct KeptFilm {
        std::int64_t pad = 0;
        std::shared_ptr<Film> film;
        std::size_t bytes = 0;
    };
    std::vector<KeptFilm> films_;  ///< that were asked for last; gone when nobody asks for some minutes, and with their pads
    std::unique_ptr<boost::asio::steady_timer> film_timer_;
    std::unique_ptr<AwaitedTurns<std::string>> film_turns_;  ///< by member
    std::unique_ptr<boost::asio::steady_timer> commit_timer_;
    std::shared_ptr<void> busy_;  ///< held while edits wait for the disk
    std::unordered_map<std::int64_t, std::shared_ptr<Room>> rooms_;
    std::unordered_set<std::string> forms_known_;  ///< ids of pads that were read for their form since the start
    std::set<std::string> closed_;  ///< associations in the house's bin
    std::size_t pad_bytes_max_ = 0;
    std::size_t open_bytes_max_ = 0;
    std::size_t open_bytes_ = 0;  ///< memory of all open texts when it was counted last, and what was opened since
    std::unordered_map<std::string, std::size_t> open_bytes_of_;  ///< the same of each association
    std::size_t long_texts_ = 0;  ///< open ones of more than small_text_bytes, at the last look
    Duration memory_looked_{Duration::min() / 2};
    bool memory_low_ = false;
};

} // namespace hameau::pads
