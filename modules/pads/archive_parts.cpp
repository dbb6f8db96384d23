// The texts of one association as parts (daemon/contract/parts.hpp), for people, who puts an association's archive together:
//   pads/images/HASH            images as they are kept
//   pads/SLUG.json              title, access, times, who wrote under which Yjs client
//   pads/SLUG.yjs               the text: one Yjs v1 update of the full state
//   pads/SLUG.history.jsonl     every edit there ever was: one JSON object a line, in the order in which they came:
//                               {"begin_ms","end_ms","member","login","name","added","removed","updates":[base64 of a v1 update]}
//   pads/SLUG.html .md .odt     the text for people; left out where it cannot be read as a document
// One text after the other goes through files without a name: memory holds a piece.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/contract/parts.hpp"
#include "modules/pads/export/export.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/support/problem.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

constexpr Event archive_failed{"pads.archive_failed", Level::error, "the archive of the association was cut; try again"};
constexpr std::array<std::string_view, 3> readable_formats = {"html", "markdown", "odt"};

/// A part whose content waits in a file.
struct Spooled {
    Part part;
    Fd content;
};

/// A file that nobody else sees, and that is gone with its last holder.
Result<Fd> nameless_file(const std::string& folder) {
    Fd fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    return fd ? Result<Fd>(std::move(fd)) : Result<Fd>(fail_errno("making room for an archive"));
}

/// The content stands in the file: its size and the way back to its beginning.
Result<Spooled> spooled(std::string path, std::int64_t mtime_s, Fd content) {
    Spooled out;
    const off_t size = ::lseek(content.get(), 0, SEEK_END);
    if (size < 0 || ::lseek(content.get(), 0, SEEK_SET) != 0) {
        return fail_errno(path);
    }
    out.part.path = std::move(path);
    out.part.size_bytes = static_cast<std::uint64_t>(size);
    out.part.mtime_s = mtime_s;
    out.content = std::move(content);
    return out;
}

Result<Spooled> spool(const std::string& folder, std::string path, std::int64_t mtime_s, std::string_view content) {
    auto fd = nameless_file(folder);
    const Status written = fd ? write_all(fd->get(), content) : Status(fail(fd.error()));
    return written ? spooled(std::move(path), mtime_s, std::move(*fd)) : Result<Spooled>(fail(written.error()));
}

std::string history_line(const HistoryRow& row, const Person& person, View framed) {
    json::object line;
    line["begin_ms"] = row.begin_ms;
    line["end_ms"] = row.end_ms;
    line["member"] = person.member;
    line["login"] = person.login;
    line["name"] = person.name;
    line["added"] = row.added;
    line["removed"] = row.removed;
    if (row.folded) {
        line["cut"] = row.cut.has_value();
    }
    json::array updates;
    each_framed(framed, [&updates](View update) { updates.emplace_back(base64(std::span<const unsigned char>(update.data(), update.size()))); });
    line["updates"] = std::move(updates);
    return json::serialize(line) + "\n";
}

Result<Spooled> spool_history(const std::string& folder, PadStore& store, const PadRow& pad, const Stop& stop) {
    auto fd = nameless_file(folder);
    if (!fd) {
        return fail(std::move(fd.error()));
    }
    const Status written = store.each_history_update(pad.number, [&](const HistoryRow& row, const Person& person, View framed) {
        const Status wanted = stop.check();
        return wanted ? write_all(fd->get(), history_line(row, person, framed)) : wanted;
    });
    return written ? spooled("pads/" + pad.slug + ".history.jsonl", pad.updated_ms / 1000, std::move(*fd)) : Result<Spooled>(fail(written.error()));
}

} // namespace

/// Where the stream stands.
struct PadsModule::PartStream {
    std::string association;
    bool english = false;
    std::string after_image;
    bool images_done = false;
    std::string after;
    bool rows_done = false;
    std::deque<PadRow> rows;
    std::deque<Spooled> parts;
    std::uint64_t left = 0;  ///< of the first of `parts`, whose header was given
    bool open = false;
    bool ended = false;
};

Task<Status> PadsModule::spool_images(std::shared_ptr<PartStream> stream) {
    const auto rows = store_->images(stream->association, stream->after_image, archive_page_rows);
    if (!rows) {
        co_return fail(rows.error());
    }
    stream->images_done = rows->size() < archive_page_rows;
    Status done;
    std::function<void()> work = [&] {
        for (const ImageRow& row : *rows) {
            auto opened = done ? images_->open(stream->association, row.hash, ImageForm::original) : Result<Fd>(Fd());
            auto part = opened ? spooled("pads/images/" + row.hash, row.created_ms / 1000, std::move(*opened)) : Result<Spooled>(fail(opened.error()));
            if (done && part) {
                stream->parts.push_back(std::move(*part));
            }
            done = done && !part ? Status(fail(part.error())) : done;
        }
    };
    co_await context_->run_slow(std::move(work));
    if (!rows->empty()) {
        stream->after_image = rows->back().hash;
    }
    co_return done;
}

Task<Status> PadsModule::spool_pad(std::shared_ptr<PartStream> stream, PadRow pad) {
    // What is only in memory belongs to the archive too.
    const bool saved = co_await all_written(pad.number);
    if (!saved) {
        co_return fail(ErrorKind::unavailable, "the last edits could not be written to the disk; make room and try again");
    }
    const std::string folder = context_->folder();
    ReadingWork work = [this, stream, pad, folder](PadStore& store, const Stop& stop) -> Status {
        const auto content = stored_content(store, pad.number);
        const auto authors = content ? store.authors(pad.number) : Result<std::vector<BoundClient>>(fail(content.error()));
        if (!authors) {
            return fail(authors.error());
        }
        const std::string_view bytes(reinterpret_cast<const char*>(content->data()), content->size());
        const std::string path = "pads/" + pad.slug;
        const std::int64_t time = pad.updated_ms / 1000;
        std::vector<Result<Spooled>> made;
        made.push_back(spool(folder, path + ".json", time, json::serialize(archive_document(pad, *authors))));
        made.push_back(spool(folder, path + ".yjs", time, bytes));
        made.push_back(spool_history(folder, store, pad, stop));
        for (const std::string_view name : readable_formats) {
            const ExportFormat format = *export_format(name);
            const auto text = export_document(format, *content, pad.title, stream->english, image_source(store, pad, bytes));
            if (text) {
                made.push_back(spool(folder, path + std::string(format.extension), time, *text));
            }
        }
        for (Result<Spooled>& part : made) {
            if (!part) {
                return fail(std::move(part.error()).during("the text " + pad.slug));
            }
            stream->parts.push_back(std::move(*part));
        }
        return {};
    };
    co_return co_await read_aside(pad.number, std::move(work));
}

Task<Result<std::string>> PadsModule::next_part(std::shared_ptr<PartStream> stream) {
    std::string out;
    while (out.empty() && !stream->ended) {
        Status done;
        if (stream->open || !stream->parts.empty()) {
            Spooled& first = stream->parts.front();
            if (!stream->open) {
                out = part_header(first.part);
                stream->left = first.part.size_bytes;
                stream->open = true;
            }
            const std::size_t before = out.size();
            out.resize(before + std::min<std::uint64_t>(stream->left, archive_piece_bytes));
            const ssize_t n = stream->left == 0 ? 0 : ::read(first.content.get(), out.data() + before, out.size() - before);
            out.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
            stream->left -= static_cast<std::uint64_t>(std::max<ssize_t>(n, 0));
            if (stream->left == 0) {
                stream->parts.pop_front();
                stream->open = false;
            } else if (n <= 0) {
                done = fail(ErrorKind::io, "a text could not be read back");
            }
        } else if (!stream->images_done) {
            done = co_await spool_images(stream);
        } else if (!stream->rows.empty()) {
            PadRow pad = std::move(stream->rows.front());
            stream->rows.pop_front();
            done = co_await spool_pad(stream, std::move(pad));
        } else if (stream->rows_done) {
            out = parts_end;
            stream->ended = true;
        } else {
            auto rows = store_->list(stream->association, Bin::outside, stream->after, archive_page_rows);
            done = rows ? Status{} : Status(fail(rows.error()));
            if (rows) {
                stream->rows_done = rows->size() < archive_page_rows;
                stream->after = rows->empty() ? stream->after : rows->back().slug;
                stream->rows.assign(std::make_move_iterator(rows->begin()), std::make_move_iterator(rows->end()));
            }
        }
        if (!done) {
            context_->journal().write(archive_failed, {{"error", done.error().message}});
            co_return fail(std::move(done.error()));
        }
    }
    co_return out;
}

Task<Response> PadsModule::internal_holdings(Request& request) {
    if (request.who.caller != Caller::module || request.who.module != "people") {
        co_return hameau::problem(request, 403, "forbidden");
    }
    json::object out;
    out["texts"] = store_->count(request.query_parameter("association").value_or("")).value_or(0);
    co_return json_response(200, out);
}

Task<Response> PadsModule::internal_archive(Request& request) {
    if (request.who.caller != Caller::module || request.who.module != "people") {
        co_return hameau::problem(request, 403, "forbidden");
    }
    const auto stream = std::make_shared<PartStream>();
    stream->association = request.query_parameter("association").value_or("");
    stream->english = request.query_parameter("language") == "en";
    Response response;
    response.body = BodySource([this, stream] { return next_part(stream); });
    co_return response;
}

} // namespace hameau::pads
