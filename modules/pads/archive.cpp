// The row of a text in an archive (for archive_parts.cpp, which sends it), a text that comes in (for api/api_import_archive.cpp), and what
// the host asks of an association as a whole: close, open, erase. Trusts no archive: every update is validated as if a visitor had sent it.
#include <algorithm>
#include <sodium.h>
#include <unistd.h>

#include "daemon/base/ids.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/json_text.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/support/validators.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

constexpr std::string_view folder_name = "pads";

json::object describe(const PadRow& pad) {
    json::object out;
    out["id"] = pad.id;
    out["slug"] = pad.slug;
    out["title"] = pad.title;
    json::object access;
    access["members"] = to_text(pad.access.members);
    access["link"] = to_text(pad.access.link);
    access["people"] = json::value_from(pad.access.people);
    out["access"] = std::move(access);
    out["created_ms"] = pad.created_ms;
    out["created_by"] = pad.created_by;
    out["creator"] = pad.creator;
    out["updated_ms"] = pad.updated_ms;
    out["updated_by"] = pad.updated_by;
    out["file"] = std::string(folder_name) + "/" + pad.slug + ".yjs";
    return out;
}

json::array describe(const std::vector<BoundClient>& authors) {
    json::array out;
    for (const BoundClient& author : authors) {
        json::object one;
        one["client"] = author.client;
        one["member"] = author.person.member;
        one["login"] = author.person.login;
        one["name"] = author.person.name;
        one["brought"] = author.brought;
        out.push_back(std::move(one));
    }
    return out;
}

std::int64_t number(const json::object& object, std::string_view key, std::int64_t otherwise) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_int64() ? value->as_int64() : otherwise;
}

/// A row from the index, or nothing when it does not name a pad.
std::optional<PadRow> read_row(const json::object& object) {
    PadRow pad;
    pad.id = text_in(object, "id");
    pad.slug = text_in(object, "slug");
    pad.title = text_in(object, "title");
    if (!is_id(pad.id) || !is_slug(pad.slug) || !is_plain_text(pad.title) || count_characters(pad.title) > title_characters_max) {
        return std::nullopt;
    }
    if (const json::value* access = object.if_contains("access"); access != nullptr && access->is_object()) {
        pad.access.members = permission_from(text_in(access->as_object(), "members")).value_or(Permission::write);
        pad.access.link = permission_from(text_in(access->as_object(), "link")).value_or(Permission::none);
        const json::value* people = access->as_object().if_contains("people");
        for (std::size_t i = 0; people != nullptr && people->is_array() && i < people->as_array().size() && i < people_per_pad_max; ++i) {
            const json::value& name = people->as_array()[i];
            if (const auto login = name.is_string() ? normalise_login(name.as_string()) : std::nullopt) {
                pad.access.people.push_back(*login);
            }
        }
    }
    pad.created_ms = number(object, "created_ms", now_ms());
    pad.created_by = text_in(object, "created_by");
    pad.creator = text_in(object, "creator");
    pad.updated_ms = number(object, "updated_ms", pad.created_ms);
    pad.updated_by = text_in(object, "updated_by");
    return pad;
}

std::vector<NewClient> read_authors(const json::object& object) {
    std::vector<NewClient> clients;
    const json::value* list = object.if_contains("authors");
    if (list == nullptr || !list->is_array()) {
        return clients;
    }
    for (const json::value& value : list->as_array()) {
        if (!value.is_object()) {
            continue;
        }
        const json::object& one = value.as_object();
        NewClient client;
        client.client = static_cast<std::uint64_t>(std::max<std::int64_t>(0, number(one, "client", 0)));
        client.person = std::make_shared<const Person>(Person{text_in(one, "member"), text_in(one, "login"), text_in(one, "name")});
        client.brought = one.if_contains("brought") != nullptr && one.at("brought").is_bool() && one.at("brought").as_bool();
        client.time_ms = now_ms();
        clients.push_back(std::move(client));
    }
    return clients;
}

/// The first free one of slug, slug-2, slug-3, ...
Result<std::string> free_slug(PadStore& store, const std::string& association, const std::string& slug) {
    std::string candidate = slug;
    for (std::size_t i = 2; i < archive_slug_attempts; ++i) {
        const auto taken = store.find_by_slug(association, candidate);
        if (!taken) {
            return fail(taken.error());
        }
        if (!*taken) {
            return candidate;
        }
        candidate = slug.substr(0, 60) + "-" + std::to_string(i);
    }
    return fail(ErrorKind::conflict, "too many pads are named " + slug);
}

} // namespace

json::object archive_document(const PadRow& pad, const std::vector<BoundClient>& authors) {
    json::object out = describe(pad);
    out["authors"] = describe(authors);
    return out;
}

/// What `line` of a history says. Errors: invalid.
Result<Edit> read_history_line(const std::string& line) {
    boost::system::error_code failed;
    const json::value value = json::parse(line, failed);
    const json::object* object = failed ? nullptr : value.if_object();
    const json::value* updates = object == nullptr ? nullptr : object->if_contains("updates");
    if (updates == nullptr || !updates->is_array()) {
        return fail(ErrorKind::invalid, "a line of its history is not one of ours");
    }
    Edit edit;
    edit.time_ms = number(*object, "end_ms", 0);
    edit.added = number(*object, "added", 0);
    edit.removed = number(*object, "removed", 0);
    // Rows of several minutes: their figures say nothing of one change. Archives of before the key have it of none.
    const json::value* cut = object->if_contains("cut");
    const bool joined = cut != nullptr || number(*object, "begin_ms", edit.time_ms) != edit.time_ms;
    edit.judged = !joined ? CutJudged::by_figures : cut != nullptr && cut->is_bool() && cut->as_bool() ? CutJudged::cut : CutJudged::none;
    edit.person = std::make_shared<const Person>(Person{text_in(*object, "member"), text_in(*object, "login"), text_in(*object, "name")});
    for (const json::value& one : updates->as_array()) {
        const json::string* packed = one.if_string();
        Bytes update(packed == nullptr ? 0 : packed->size());
        std::size_t size = 0;
        if (packed == nullptr || sodium_base642bin(update.data(), update.size(), packed->data(), packed->size(), nullptr, &size, nullptr,
                                                   sodium_base64_VARIANT_ORIGINAL) != 0) {
            return fail(ErrorKind::invalid, "an update of its history is not base64");
        }
        frame_update(edit.framed, View(update.data(), size));
    }
    return edit;
}

/// Each line of the history as an edit, applied to `probe` before anything is kept. Reads through one line at a time.
Status each_history_line(int history, Recorder& probe, const std::function<Status(const Edit&)>& take) {
    std::string held;
    std::string slice(65536, '\0');
    for (;;) {
        const std::size_t end = held.find('\n');
        if (end == std::string::npos) {
            const ssize_t n = ::read(history, slice.data(), slice.size());
            if (n < 0 || held.size() > history_line_bytes_max) {
                return n < 0 ? fail_errno("reading a history") : Status(fail(ErrorKind::too_large, "a line of its history is too long"));
            }
            if (n == 0) {
                return held.empty() ? Status{} : Status(fail(ErrorKind::invalid, "its history was cut"));
            }
            held.append(slice.data(), static_cast<std::size_t>(n));
            continue;
        }
        auto edit = read_history_line(held.substr(0, end));
        held.erase(0, end + 1);
        Status done = edit ? Status{} : Status(fail(edit.error()));
        const bool whole = !done || each_framed(edit->framed, [&probe, &done](View update) {
            const auto applied = done ? probe.apply(update) : Result<crdt::Applied>(crdt::Applied());
            done = applied ? done : Status(fail(applied.error()));
        });
        done = done && whole ? take(*edit) : done;
        if (!done) {
            return done;
        }
    }
}

Status import_one(PadStore& store, const std::string& slug, const json::object& row, const std::string& content, Fd history) {
    auto pad = read_row(row);
    if (!pad) {
        return fail(ErrorKind::invalid, "a text has no usable id, name or title");
    }
    const std::string name = "the text " + pad->slug;
    pad->association = slug;
    pad->link_key = new_id();
    const auto known = store.find_by_id(pad->id);
    if (!known) {
        return fail(known.error());
    }
    if (*known && (*known)->association == slug) {
        return {};  // a second import changes nothing
    }
    const View bytes(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
    Recorder probe;
    if (const auto applied = probe.apply(bytes); !applied) {
        return fail(Error(applied.error()).during(name));
    }
    if (*known) {
        pad->id = new_id();
    }
    auto free = free_slug(store, slug, pad->slug);
    if (!free) {
        return fail(std::move(free.error()));
    }
    pad->slug = std::move(*free);
    Recorder past;
    const Status done = store.create_with(*pad, [&](std::int64_t number) -> Status {
        const auto keep = [&](const Edit& edit) -> Status {
            const std::vector<Edit> edits{edit};
            const auto seq = store.append(number, edits, {});
            return seq ? Status{} : Status(fail(seq.error()));
        };
        Status kept = history ? each_history_line(history.get(), past, keep) : Status{};
        // The text is what the archive says that it is, also where its history tells less.
        const Bytes before = past.encode();
        if (kept && past.apply(bytes) && past.encode() != before) {
            Edit edit;
            edit.time_ms = pad->updated_ms;
            edit.person = std::make_shared<const Person>(Person{"", "", pad->updated_by});
            frame_update(edit.framed, bytes);
            kept = keep(edit);
        }
        const auto bound = kept ? store.append(number, {}, read_authors(row)) : Result<std::int64_t>(fail(kept.error()));
        return bound ? Status{} : Status(fail(bound.error()));
    });
    return done ? done : Status(fail(Error(done.error()).during(name)));
}

std::vector<std::shared_ptr<Room>> PadsModule::rooms_of(const std::string& association) const {
    std::vector<std::shared_ptr<Room>> open;
    for (const auto& [number, room] : rooms_) {
        if (room->pad().association == association) {
            open.push_back(room);
        }
    }
    return open;
}

Task<Status> PadsModule::close_association(std::string slug, bool closed) {
    if (auto done = store_->set_closed(slug, closed); !done) {
        co_return done;
    }
    if (closed) {
        closed_.insert(slug);
    } else {
        closed_.erase(slug);
    }
    for (const std::shared_ptr<Room>& room : rooms_of(slug)) {
        if (closed) {
            // What was typed is saved as at any end; the room goes when it is empty.
            room->end(close_policy, "deleted");
            drop_readings(room->pad().number);
        } else if (!room->pad().deleted_ms) {
            room->revive();
        }
    }
    co_return Status{};
}

Task<Status> PadsModule::erase_association(std::string slug) {
    const std::vector<std::shared_ptr<Room>> open = rooms_of(slug);
    for (const std::shared_ptr<Room>& room : open) {
        room->end(close_policy, "deleted");
        drop_readings(room->pad().number);
        committer_->forget(*room);
        rooms_.erase(room->pad().number);
    }
    committer_->authors_removed();
    std::function<Status(PadStore&)> erase = [&](PadStore& store) {
        Status erased = store.erase_association(slug);
        if (erased) {
            images_->remove_association(slug);
        }
        return erased;
    };
    Status done = co_await write_aside(std::move(erase));
    store_->rolled_back();
    if (done) {
        closed_.erase(slug);
    }
    usage_->forget(slug);
    counted_.erase(slug);
    co_return done;
}

} // namespace hameau::pads
