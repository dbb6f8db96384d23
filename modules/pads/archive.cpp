// The row of a text in an archive (for archive_parts.cpp, which sends it), a text that comes in (for api/api_import_archive.cpp), and what
// the host asks of an association as a whole: close, open, erase. Trusts no archive: every update is validated as if a visitor had sent it.
#include <algorithm>
#include <filesystem>
#include <sodium.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "modules/pads/export/export.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/support/validators.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

constexpr std::string_view index_name = "pads.json";
constexpr std::string_view folder_name = "pads";
constexpr std::string_view images_name = "images";
constexpr Event image_not_imported{"pads.image_not_imported", Level::warning, "the archive's image is damaged or was changed; the pad names it still"};

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

std::string text(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::int64_t number(const json::object& object, std::string_view key, std::int64_t otherwise) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_int64() ? value->as_int64() : otherwise;
}

/// A row from the index, or nothing when it does not name a pad.
std::optional<PadRow> read_row(const json::object& object) {
    PadRow pad;
    pad.id = text(object, "id");
    pad.slug = text(object, "slug");
    pad.title = text(object, "title");
    const bool id_fits = pad.id.size() == 26 && std::all_of(pad.id.begin(), pad.id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
    });
    if (!id_fits || !is_slug(pad.slug) || !is_plain_text(pad.title) || count_characters(pad.title) > title_characters_max) {
        return std::nullopt;
    }
    if (const json::value* access = object.if_contains("access"); access != nullptr && access->is_object()) {
        pad.access.members = permission_from(text(access->as_object(), "members")).value_or(Permission::write);
        pad.access.link = permission_from(text(access->as_object(), "link")).value_or(Permission::none);
        const json::value* people = access->as_object().if_contains("people");
        for (std::size_t i = 0; people != nullptr && people->is_array() && i < people->as_array().size() && i < people_per_pad_max; ++i) {
            const json::value& name = people->as_array()[i];
            if (const auto login = name.is_string() ? normalise_login(name.as_string()) : std::nullopt) {
                pad.access.people.push_back(*login);
            }
        }
    }
    pad.created_ms = number(object, "created_ms", now_ms());
    pad.created_by = text(object, "created_by");
    pad.creator = text(object, "creator");
    pad.updated_ms = number(object, "updated_ms", pad.created_ms);
    pad.updated_by = text(object, "updated_by");
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
        client.person = std::make_shared<const Person>(Person{text(one, "member"), text(one, "login"), text(one, "name")});
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

Task<Status> PadsModule::export_association(std::string slug, std::string folder) {
    const std::filesystem::path base(folder);
    if (auto made = make_folder(base, 0700); !made) {
        co_return made;
    }
    if (auto made = make_folder(base / folder_name, 0700); !made) {
        co_return made;
    }
    if (auto done = co_await export_images(slug, (base / folder_name / images_name).string()); !done) {
        co_return done;
    }
    json::array index;
    std::string after;
    for (;;) {
        const auto rows = store_->list(slug, Bin::outside, after, archive_page_rows);
        if (!rows) {
            co_return fail(rows.error());
        }
        for (const PadRow& pad : *rows) {
            after = pad.slug;
            auto row = co_await export_pad_to(pad, (base / folder_name / pad.slug).string());
            if (!row) {
                co_return fail(std::move(row.error()).during("the pad " + pad.slug));
            }
            index.push_back(std::move(*row));
        }
        if (rows->size() < archive_page_rows) {
            break;
        }
    }
    json::object whole;
    whole["version"] = 1;
    whole["pads"] = std::move(index);
    co_return write_file_atomically(base / index_name, json::serialize(whole));
}

/// FILE.yjs and FILE.md, and the pad's entry in the index. The loop goes on meanwhile.
Task<Result<json::object>> PadsModule::export_pad_to(PadRow pad, std::string file) {
    // What is only in memory belongs to the archive too.
    const bool saved = co_await all_written(pad.number);
    if (!saved) {
        co_return fail(ErrorKind::unavailable, "the last edits could not be written to the disk; make room and try again");
    }
    json::object row = describe(pad);
    ReadingWork work = [&](PadStore& store, const Stop&) -> Status {
        const auto content = stored_content(store, pad.number);
        if (!content) {
            return fail(content.error());
        }
        const std::string_view bytes(reinterpret_cast<const char*>(content->data()), content->size());
        auto written = write_file_atomically(file + ".yjs", bytes);
        const auto readable = export_document(*export_format("markdown"), *content, pad.title, false, image_source(store, pad, bytes));
        if (written && readable) {
            written = write_file_atomically(file + ".md", *readable);
        }
        if (const auto authors = store.authors(pad.number)) {
            row["authors"] = describe(*authors);
        }
        return written;
    };
    if (auto done = co_await read_aside(pad.number, std::move(work)); !done) {
        co_return fail(std::move(done.error()));
    }
    co_return row;
}

Task<Status> PadsModule::import_association(std::string slug, std::string folder) {
    const std::filesystem::path base(folder);
    const auto read = read_file(base / index_name, archive_index_bytes_max);
    if (!read) {
        co_return fail(Error(read.error()).during("the archive's pads.json"));
    }
    boost::system::error_code failed;
    const json::value whole = json::parse(*read, failed);
    const json::value* list = !failed && whole.is_object() ? whole.as_object().if_contains("pads") : nullptr;
    if (list == nullptr || !list->is_array()) {
        co_return fail(ErrorKind::invalid, "the archive's pads.json is not a list of pads; nothing was imported from it");
    }
    // Before the pads: a pad's reference is noted for images that are there.
    if (auto done = co_await import_images(slug, (base / folder_name / images_name).string()); !done) {
        co_return done;
    }
    for (const json::value& value : list->as_array()) {
        auto pad = value.is_object() ? read_row(value.as_object()) : std::nullopt;
        if (!pad) {
            co_return fail(ErrorKind::invalid, "a pad in pads.json has no usable id, slug or title");
        }
        // The file is named by the slug, never by a path from the archive.
        const auto content = read_file(base / folder_name / (pad->slug + ".yjs"), 2 * pad_bytes_max_);
        if (!content) {
            co_return fail(Error(content.error()).during("the pad " + pad->slug));
        }
        if (auto done = import_one(slug, value.as_object(), *content, Fd()); !done) {
            co_return done;
        }
    }
    begin_learning_members();
    co_await measure(slug);
    co_return Status{};
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
    edit.person = std::make_shared<const Person>(Person{text(*object, "member"), text(*object, "login"), text(*object, "name")});
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

Status PadsModule::import_one(const std::string& slug, const json::object& row, const std::string& content, Fd history) {
    auto pad = read_row(row);
    if (!pad) {
        return fail(ErrorKind::invalid, "a text has no usable id, name or title");
    }
    const std::string name = "the text " + pad->slug;
    pad->association = slug;
    pad->link_key = new_id();
    const auto known = store_->find_by_id(pad->id);
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
    auto free = free_slug(*store_, slug, pad->slug);
    if (!free) {
        return fail(std::move(free.error()));
    }
    pad->slug = std::move(*free);
    Recorder past;
    const Status done = store_->create_with(*pad, [&](std::int64_t number) -> Status {
        const auto keep = [&](const Edit& edit) -> Status {
            const std::vector<Edit> edits{edit};
            const auto seq = store_->append(number, edits, {});
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
        const auto bound = kept ? store_->append(number, {}, read_authors(row)) : Result<std::int64_t>(fail(kept.error()));
        return bound ? Status{} : Status(fail(bound.error()));
    });
    return done ? done : Status(fail(Error(done.error()).during(name)));
}

/// As they are kept, without the smaller form: who imports them makes it anew.
Task<Status> PadsModule::export_images(std::string slug, std::string folder) {
    std::string after;
    for (;;) {
        const auto rows = store_->images(slug, after, archive_page_rows);
        if (!rows) {
            co_return fail(rows.error());
        }
        if (rows->empty()) {
            co_return Status{};
        }
        after = rows->back().hash;
        Status done = make_folder(folder, 0700);
        std::function<void()> work = [&] {
            for (const ImageRow& row : *rows) {
                const auto bytes = done ? images_->read(slug, row.hash, ImageForm::original) : Result<std::string>(std::string());
                if (done) {
                    done = bytes ? write_file_atomically(folder + "/" + row.hash, *bytes) : Status(fail(bytes.error()));
                }
            }
        };
        co_await context_->run_slow(std::move(work));
        if (!done) {
            co_return fail(std::move(done.error()).during("the images of pads"));
        }
    }
}

/// An archive is a stranger's: each image goes through hameau-convert, and must come out as what its name says.
Task<Status> PadsModule::import_images(std::string slug, std::string folder) {
    std::error_code failed;
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
        names.push_back(entry->path().filename().string());
    }
    const auto bytes_max = static_cast<std::size_t>(context_->settings().size_bytes("pads.limits.image_max"));
    for (const std::string& name : names) {
        const auto known = store_->image(slug, name);
        if (!is_image_hash(name) || (known && *known)) {
            continue;
        }
        auto bytes = read_file(std::filesystem::path(folder) / name, bytes_max);
        if (!bytes) {
            co_return fail(Error(bytes.error()).during("the image " + name));
        }
        auto image = co_await convert_image(std::move(*bytes));
        if (!image || ImageFiles::hash_of(image->image) != name) {
            context_->journal().write(image_not_imported, {{"image", name}});
            continue;
        }
        const auto kept = co_await keep_image(slug, 0, std::move(*image));
        if (!kept) {
            co_return fail(kept.error());
        }
    }
    co_return Status{};
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
    Status done = store_->erase_association(slug);
    if (done) {
        closed_.erase(slug);
    }
    usage_->forget(slug);
    counted_.erase(slug);
    if (done) {
        images_->remove_association(slug);
    }
    co_return done;
}

} // namespace hameau::pads
