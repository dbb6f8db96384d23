// The HTTP API of the history: saved moments, a look at one, restoring it as a change in the caller's name.
#include <charconv>
#include <numeric>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/base/io.hpp"
#include "modules/pads/lines/carry.hpp"
#include "modules/pads/export/render.hpp"
#include "modules/pads/history/history.hpp"
#include "modules/pads/history/restore.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/pads/texts.hpp"
#include "modules/support/opening.hpp"
#include "modules/support/paging.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

constexpr auto wait = boost::asio::as_tuple(boost::asio::use_awaitable);
/// Beside a change there must be so much room: its row, the pages around it, the log of the database.
constexpr hameau::Event pad_restored{"pads.restored", Level::info};
/// Shown in a frame of the editor: no script, no request of any kind.
constexpr std::string_view page_policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox";

std::optional<std::int64_t> moment_of(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = failed == std::errc{} && end == text.data() + text.size() && number > 0;
    return whole ? std::optional(number) : std::nullopt;
}

/// "57", everything up to the row 57, or "57-2", that less the last two updates.
struct MomentName {
    std::int64_t seq = 0;
    std::size_t less = 0;
};

std::optional<MomentName> moment_name(std::string_view text) {
    const std::size_t dash = text.find('-');
    const auto seq = moment_of(text.substr(0, dash));
    const auto less = dash == std::string_view::npos ? std::optional<std::int64_t>(0) : moment_of(text.substr(dash + 1));
    return seq && less ? std::optional(MomentName{*seq, static_cast<std::size_t>(*less)}) : std::nullopt;
}

/// "0", or the client and the clock of a marker: "2811-340".
std::optional<OneLine> line_name(std::string_view text) {
    if (text == "0") {
        return OneLine{};
    }
    const std::size_t dash = text.find('-');
    crdt::Id id;
    const auto read = [](std::string_view part, auto& number) {
        const auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), number);
        return !part.empty() && failed == std::errc{} && end == part.data() + part.size();
    };
    if (dash == std::string_view::npos || !read(text.substr(0, dash), id.client) || !read(text.substr(dash + 1), id.clock)) {
        return std::nullopt;
    }
    return OneLine{id};
}

Result<Past> past_of(PadStore& store, std::int64_t number, const MomentName& moment, const Stop& stop) {
    auto past = store.past(number, moment.seq, stop);
    if (!past) {
        return past;
    }
    if (auto done = leave_out(*past, moment.less); !done) {
        return fail(done.error());
    }
    return past;
}

json::object describe(const Moment& moment) {
    json::object out;
    out["moment"] = std::to_string(moment.seq);
    out["from"] = format_utc(moment.from_ms);
    out["to"] = format_utc(moment.to_ms);
    out["authors"] = json::value_from(moment.authors);
    out["added"] = moment.added;
    out["removed"] = moment.removed;
    if (moment.before) {
        json::object before;
        before["author"] = moment.before->author;
        before["at"] = format_utc(moment.before->time_ms);
        before["added"] = moment.before->added;
        before["removed"] = moment.before->removed;
        out["before"] = std::move(before);
    }
    return out;
}

/// A client id that the pad does not know: like a browser's, 32 random bits.
std::uint64_t unused_client(const Recorder& recorder) {
    std::uint64_t client = 0;
    do {
        client = 1;
        for (const char c : random_base32(4).substr(0, 6)) {
            client = client * 32 + static_cast<std::uint64_t>(c >= 'a' ? c - 'a' : c - '2' + 26);
        }
    } while (recorder.next_clock(client) > 0);
    return client;
}

/// What makes the pad, or one line of it, again what it was at that moment, as changes of `client`; none when it is like that already.
Status changes_back_to(PadStore& store, std::int64_t number, const MomentName& moment, const OneLine* only, std::uint64_t client, std::size_t bytes_max, const Stop& stop,
                       std::vector<Bytes>& changes) {
    const auto past = past_of(store, number, moment, stop);
    auto integrated = past ? integrate(*past, stop, crdt::Crowded::refuse) : Result<Integrated>(fail(past.error()));
    if (!integrated) {
        return fail(integrated.error());
    }
    auto back = restoring_update(integrated->now, integrated->then, client, only);
    if (!back) {
        return {};
    }
    // A moment of the older form comes back as lines: editors of this house are open.
    if (const auto applied = integrated->now.apply(*back); !applied) {
        return fail(applied.error());
    }
    auto carried = carrying_update(integrated->now, bytes_max / 2, carried_mark_bytes_max);
    changes.push_back(std::move(*back));
    if (carried) {
        changes.push_back(std::move(*carried));
    }
    return {};
}

Result<std::string> show(const Integrated& document, const std::string& format, const PadRow& pad, bool english, const ImageSource& images) {
    const crdt::Document then(document.now, &document.then);
    if (format == "json") {
        return render_prosemirror(then);
    }
    const auto events = read_content(then);
    if (!events) {
        return fail(events.error());
    }
    return format == "text" ? render_text(*events) : render_html(*events, pad.title, english, images);
}

} // namespace

/// What of this pad is only in memory belongs to its history too: written, while the loop goes on.
Task<bool> PadsModule::all_written(std::int64_t number) {
    // It is in the batch that is away or in the next one.
    for (int batches = 0; batches < 2; ++batches) {
        const auto open = rooms_.find(number);
        if (open == rooms_.end() || open->second->all_saved() || !committer_->waiting()) {
            co_return true;
        }
        const std::uint64_t before = batches_ended_;
        committer_->start();
        while (batches_ended_ == before) {
            co_await batch_ends_->async_wait(wait);
        }
        if (committer_->failing()) {
            co_return false;
        }
    }
    co_return true;
}

/// Its history is the association's business: a visitor with a link sees the present only.
PadsModule::FoundOr PadsModule::find_for_history(const Request& request) {
    FoundOr outcome = find(request, "", Deleted::refused);
    if (const auto* found = std::get_if<Found>(&outcome)) {
        if (found->asker.role == Role::none) {
            return problem(pads_catalogue, request, 403, "pad_no_access");
        }
    }
    return outcome;
}

Task<PadsModule::FoundOr> PadsModule::find_for_history_again(Request& request) {
    auto ended = co_await identify_again(*context_, request);
    co_return ended ? FoundOr(std::move(*ended)) : find_for_history(request);
}

Response PadsModule::no_past(const Request& request, const PadRow& pad, const Error& error) {
    if (error.kind == ErrorKind::not_found) {
        return problem(pads_catalogue, request, 404, "pad_no_moment");
    }
    if (error.kind == ErrorKind::too_large) {
        return problem(pads_catalogue, request, 422, "pad_history_large");
    }
    return not_read(request, pad, error);
}

Task<Response> PadsModule::history(Request& request) {
    FoundOr outcome = find_for_history(request);
    if (auto* refused = std::get_if<Response>(&outcome)) {
        co_return std::move(*refused);
    }
    const Found found = std::get<Found>(outcome);
    const auto page = read_page(request);
    const auto before = page && !page->after.empty() ? moment_of(page->after) : std::optional(std::numeric_limits<std::int64_t>::max());
    const std::string by = request.query_parameter("by").value_or("hour");
    if (!page || !before || (by != "hour" && by != "day")) {
        co_return problem(request, 400, "bad_page");
    }
    const bool written = co_await all_written(found.pad.number);
    if (!written) {
        co_return problem(pads_catalogue, request, 507, "pad_disk");
    }
    MomentList list(by == "day" ? MomentLength::day : MomentLength::hour);
    ReadingWork work = [&](PadStore& store, const Stop&) {
        return store.each_history_row(found.pad.number, [&list](const HistoryRow& row) { list.add(row); });
    };
    const auto read = co_await read_aside(found.pad.number, std::move(work));
    FoundOr still = co_await find_for_history_again(request);
    if (auto* refused = std::get_if<Response>(&still)) {
        co_return std::move(*refused);
    }
    if (!read) {
        co_return not_read(request, found.pad, read.error());
    }
    const std::vector<Moment> moments = list.take();
    json::array items;
    std::string next;
    for (auto moment = moments.rbegin(); moment != moments.rend(); ++moment) {
        if (moment->seq >= *before) {
            continue;
        }
        if (items.size() == page->limit) {
            next = std::to_string(std::prev(moment)->seq);
            break;
        }
        items.push_back(describe(*moment));
    }
    co_return list_response(std::move(items), next);
}

Task<Response> PadsModule::look_back(Request& request) {
    FoundOr outcome = find_for_history(request);
    if (auto* refused = std::get_if<Response>(&outcome)) {
        co_return std::move(*refused);
    }
    const Found found = std::get<Found>(outcome);
    const std::string format = request.query_parameter("format").value_or("html");
    const auto moment = moment_name(request.parameter("moment"));
    if (format != "html" && format != "json" && format != "text") {
        Parameters parameters;
        parameters.emplace_back("formats", "html, json, text");
        co_return problem(pads_catalogue, request, 400, "pad_format", parameters);
    }
    if (!moment) {
        co_return problem(pads_catalogue, request, 404, "pad_no_moment");
    }
    const bool written = co_await all_written(found.pad.number);
    if (!written) {
        co_return problem(pads_catalogue, request, 507, "pad_disk");
    }
    const bool english = language_of(request) == Language::english;
    std::string document;
    ReadingWork work = [&](PadStore& store, const Stop& stop) -> Status {
        const auto past = past_of(store, found.pad.number, *moment, stop);
        const auto integrated = past ? integrate(*past, stop) : Result<Integrated>(fail(past.error()));
        if (!integrated) {
            return fail(integrated.error());
        }
        auto shown = show(*integrated, format, found.pad, english, image_source(store, found.pad, as_text(past->framed)));
        document = shown ? std::move(*shown) : std::string();
        return shown ? Status() : Status(fail(shown.error()));
    };
    const auto done = co_await read_aside(found.pad.number, std::move(work));
    FoundOr still = co_await find_for_history_again(request);
    if (auto* refused = std::get_if<Response>(&still)) {
        co_return std::move(*refused);
    }
    if (!done) {
        co_return no_past(request, found.pad, done.error());
    }
    Response response;
    const bool page = format == "html";
    response.headers.emplace_back("Content-Type", page              ? "text/html; charset=utf-8"
                                                  : format == "json" ? "application/json"
                                                                     : "text/plain; charset=utf-8");
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("Cache-Control", "no-store");
    response.headers.emplace_back("Content-Security-Policy", std::string(page_policy));
    response.body = std::move(document);
    co_return response;
}

Task<Response> PadsModule::restore_moment(Request& request) {
    FoundOr outcome = find_for_history(request);
    if (auto* refused = std::get_if<Response>(&outcome)) {
        co_return std::move(*refused);
    }
    const Found found = std::get<Found>(outcome);
    if (found.permission != Permission::write) {
        co_return problem(pads_catalogue, request, 403, "pad_read_only");
    }
    const auto moment = moment_name(request.parameter("moment"));
    const auto asked = request.query_parameter("line");
    const auto line = asked ? line_name(*asked) : std::nullopt;
    if (!moment || (asked && !line)) {
        co_return problem(pads_catalogue, request, 404, "pad_no_moment");
    }
    const bool written = co_await all_written(found.pad.number);
    auto opened = open_room(found.pad);
    if (!written || !opened) {
        co_return written ? damaged(request, found.pad, opened.error()) : problem(pads_catalogue, request, 507, "pad_disk");
    }
    const std::shared_ptr<Room> room = std::move(*opened);
    room->hold();
    const std::uint64_t client = unused_client(room->recorder());
    std::vector<Bytes> changes;
    ReadingWork work = [&](PadStore& store, const Stop& stop) -> Status {
        return changes_back_to(store, found.pad.number, *moment, line ? &*line : nullptr, client, pad_bytes_max_, stop, changes);
    };
    Status done = co_await read_aside(found.pad.number, std::move(work));
    // The reading takes its time: the right to write is asked again before anything changes.
    FoundOr still = co_await find_for_history_again(request);
    const auto* now = std::get_if<Found>(&still);
    if (now == nullptr || now->permission != Permission::write) {
        room->release();
        co_return now != nullptr ? problem(pads_catalogue, request, 403, "pad_read_only") : std::move(std::get<Response>(still));
    }
    // Nobody sees a restored text that is then not kept.
    const std::size_t bytes = std::accumulate(changes.begin(), changes.end(), std::size_t{0}, [](std::size_t sum, const Bytes& one) { return sum + one.size(); });
    auto no_room = bytes > 0 ? refuse_growth(request, found.pad.association, bytes) : std::nullopt;
    if (done && bytes > 0 && !no_room) {
        for (std::size_t i = 0; done && i < changes.size(); ++i) {
            done = room->change(std::make_shared<const Person>(person_of(request.who)), changes[i]);
        }
        // Of one paragraph the others see what they see of any edit.
        if (done && !line) {
            room->tell_restored(person_of(request.who));
        }
    }
    bool saved = true;
    if (done && !no_room) {
        saved = co_await all_written(found.pad.number);
    }
    room->release();
    if (!done) {
        co_return no_past(request, found.pad, done.error());
    }
    if (!saved) {
        no_room = problem(pads_catalogue, request, 507, "pad_restored_unsaved");
    }
    if (no_room) {
        co_return std::move(*no_room);
    }
    if (bytes > 0) {
        context_->journal().write(pad_restored, {{"pad", found.pad.id}, {"by", request.who.login}});
    }
    json::object answer;
    answer["changed"] = bytes > 0;
    co_return json_response(200, answer);
}

ImageSource PadsModule::image_source(PadStore& store, const PadRow& pad, std::string_view content) {
    auto rows = std::make_shared<std::map<std::string, ImageRow, std::less<>>>();
    each_image_hash(content, [&](std::string_view hash) {
        if (!rows->contains(hash)) {
            const auto image = store.image(pad.association, hash);
            if (image && *image) {
                rows->emplace(hash, **image);
            }
        }
    });
    auto left = std::make_shared<std::size_t>(export_image_bytes_max);
    return [rows, left, files = images_.get()](std::string_view hash, ImageUse use) -> std::optional<ImageBytes> {
        const auto found = rows->find(hash);
        if (found == rows->end()) {
            return std::nullopt;
        }
        const ImageRow& row = found->second;
        if (use == ImageUse::size) {
            return ImageBytes{row.type, {}, row.width, row.height};
        }
        // Old office programs know no WebP: they get the original while it is small.
        const bool original = row.webp_bytes == 0 || (use == ImageUse::office && row.bytes <= office_original_max);
        auto bytes = files->read(row.association, row.hash, original ? ImageForm::original : ImageForm::webp);
        if (!bytes || bytes->size() > *left) {
            return std::nullopt;
        }
        *left -= bytes->size();
        return ImageBytes{original ? row.type : "image/webp", std::move(*bytes), row.width, row.height};
    };
}

} // namespace hameau::pads
