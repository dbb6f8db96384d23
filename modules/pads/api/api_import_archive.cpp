// The images and texts of an archive, for `hameau import` (admin's socket only). Both may come twice: what the association has already is
// left as it is. An archive is a stranger's: images go through hameau-convert, updates are validated as if a visitor had sent them.
#include <fcntl.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/contract/parts.hpp"
#include "modules/pads/documents/image_names.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/support/disk_floor.hpp"
#include "modules/support/import_answer.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

/// The parts of one text: a row, a state, a history. Each by the ending of its name.
class PadParts final : public PartSink {
public:
    PadParts(Fd history, std::size_t content_bytes_max) : history_(std::move(history)), content_bytes_max_(content_bytes_max) {}

    Status begin(const Part& part) override {
        const std::string_view path = part.path;
        target_ = path.ends_with(".history.jsonl") ? Target::history : path.ends_with(".json") ? Target::row : path.ends_with(".yjs") ? Target::content : Target::none;
        const std::uint64_t most = target_ == Target::history ? history_file_bytes_max : target_ == Target::row ? import_row_bytes_max : content_bytes_max_;
        if (target_ == Target::none || part.size_bytes > most) {
            return fail(ErrorKind::too_large, part.path + " is larger than a text of this house may be");
        }
        return {};
    }
    Status content(std::string_view bytes) override {
        if (target_ == Target::history) {
            return write_all(history_.get(), bytes);
        }
        (target_ == Target::row ? row_ : content_) += bytes;
        return {};
    }
    Status end() override { return {}; }

    const std::string& row() const { return row_; }
    const std::string& text() const { return content_; }
    /// Its file stands at the beginning.
    Fd take_history() {
        (void)::lseek(history_.get(), 0, SEEK_SET);
        return std::move(history_);
    }

private:
    enum class Target { none, row, content, history };
    Fd history_;
    std::size_t content_bytes_max_;
    Target target_ = Target::none;
    std::string row_;
    std::string content_;
};

} // namespace

Task<Response> PadsModule::import_archived_image(Request& request) {
    if (request.who.caller != Caller::admin) {
        co_return hameau::problem(request, 403, "forbidden");
    }
    const std::string slug = request.query_parameter("association").value_or("");
    const std::string name = request.query_parameter("name").value_or("");
    const auto known = store_->image(slug, name);
    if (!is_image_hash(name) || (known && *known)) {
        co_return is_image_hash(name) ? empty_response(204) : refuse_import(422, "an image of the archive has a name that none has");
    }
    const auto bytes_max = static_cast<std::size_t>(context_->settings().size_bytes("pads.limits.image_max"));
    std::string bytes;
    std::string slice(import_slice_bytes, '\0');
    for (;;) {
        const auto n = co_await request.body->read_some(slice);
        if (!n || bytes.size() + *n > bytes_max) {
            co_return n ? refuse_import(422, "an image is larger than pads.limits.image_max") : refuse_import(n.error());
        }
        if (*n == 0) {
            break;
        }
        bytes.append(slice, 0, *n);
    }
    if (auto refused = refuse_below_disk_floor(*context_, request, 3 * bytes.size())) {
        co_return std::move(*refused);
    }
    auto image = co_await convert_image(std::move(bytes), slug);
    if (!image || ImageFiles::hash_of(image->image) != name) {
        co_return refuse_import(422, "it is damaged or was changed");
    }
    std::string association = slug;
    const auto kept = co_await take_image(std::move(association), 0, std::move(*image));
    co_return kept ? empty_response(204) : refuse_import(kept.error());
}

Task<Response> PadsModule::import_archived_pad(Request& request) {
    if (request.who.caller != Caller::admin) {
        co_return hameau::problem(request, 403, "forbidden");
    }
    const std::string slug = request.query_parameter("association").value_or("");
    Fd history(::open(context_->folder().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!history) {
        co_return refuse_import(507, "there is no room for a text");
    }
    PadParts parts(std::move(history), 2 * pad_bytes_max_);
    PartReader reader;
    std::string slice(import_slice_bytes, '\0');
    std::uint64_t bytes = 0;
    while (!reader.ended()) {
        const auto n = co_await request.body->read_some(slice);
        if (!n || *n == 0) {
            co_return refuse_import(422, "a text of the archive was cut");
        }
        bytes += *n;
        const Status fed = reader.feed(std::string_view(slice).substr(0, *n), parts);
        if (!fed) {
            co_return refuse_import(fed.error());
        }
    }
    boost::system::error_code failed;
    const json::value row = json::parse(parts.row(), failed);
    if (failed || !row.is_object()) {
        co_return refuse_import(422, "a text of the archive has no description");
    }
    if (auto refused = refuse_below_disk_floor(*context_, request, 2 * bytes)) {
        co_return std::move(*refused);
    }
    std::string association = slug;
    auto room = co_await take_room(std::move(association), bytes);
    if (!room) {
        co_return refuse_import(room.error());
    }
    std::function<Status(PadStore&)> import = [&](PadStore& store) {
        return import_one(store, slug, row.as_object(), parts.text(), parts.take_history());
    };
    const Status done = co_await write_aside(std::move(import));
    room->release();
    if (done) {
        begin_learning_members();
        measure_later(slug);
    }
    co_return done ? empty_response(204) : refuse_import(done.error());
}

} // namespace hameau::pads
