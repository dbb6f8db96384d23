// Rows of images, and which pads refer to them. A reference is found in the bytes of every update that is stored, so that
// what a pad showed once is kept as long as its history.
#include "modules/pads/documents/image_names.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/storage/store.hpp"

namespace hameau::pads {

namespace {

constexpr std::string_view columns = "association, hash, type, width, height, bytes, webp_bytes, created_ms";

/// Of the image of the query around, by pads of its association.
constexpr std::string_view references = " FROM pad_image JOIN pad ON pad.number = pad_image.pad WHERE pad_image.hash = image.hash "
                                        "AND pad.association = image.association";

ImageRow read_row(const Statement& row) {
    ImageRow image;
    image.association = row.text(0);
    image.hash = row.text(1);
    image.type = row.text(2);
    image.width = row.number(3);
    image.height = row.number(4);
    image.bytes = row.number(5);
    image.webp_bytes = row.number(6);
    image.created_ms = row.number(7);
    return image;
}

Result<std::vector<ImageRow>> read_rows(Statement& query) {
    std::vector<ImageRow> images;
    for (;;) {
        const auto row = query.step();
        if (!row) {
            return fail(row.error());
        }
        if (!*row) {
            return images;
        }
        images.push_back(read_row(query));
    }
}

} // namespace

Result<std::int64_t> PadStore::begin_arrival(const ImageRow& image, std::uint64_t quota_bytes) {
    const auto used = used_bytes(image.association);
    const std::int64_t bytes = image.bytes + image.webp_bytes;
    if (!used) {
        return fail(used.error());
    }
    if (*used + static_cast<std::uint64_t>(bytes) > quota_bytes) {
        return fail(ErrorKind::too_large, "the association has no room for the image");
    }
    auto insert = database_.prepare("INSERT INTO arrival (association, hash, bytes) VALUES (?1, ?2, ?3)");
    if (auto done = insert.bind(1, image.association).bind(2, image.hash).bind(3, bytes).run(); !done) {
        return fail(done.error());
    }
    return database_.last_insert_id();
}

Result<bool> PadStore::end_arrival(const ImageRow& image, std::int64_t arrival) {
    auto remove = database_.prepare("DELETE FROM arrival WHERE number = ?1");
    if (auto done = remove.bind(1, arrival).run(); !done) {
        return fail(done.error());
    }
    auto needed = database_.prepare("SELECT 1 FROM image WHERE association = ?1 AND hash = ?2 UNION ALL "
                                    "SELECT 1 FROM arrival WHERE association = ?1 AND hash = ?2");
    const auto row = needed.bind(1, image.association).bind(2, image.hash).step();
    return row ? Result<bool>(!*row) : Result<bool>(fail(row.error()));
}

Result<std::vector<ImageRow>> PadStore::drop_arrivals() {
    std::vector<ImageRow> left;
    auto query = database_.prepare("SELECT DISTINCT association, hash FROM arrival WHERE NOT EXISTS (SELECT 1 FROM image "
                                   "WHERE image.association = arrival.association AND image.hash = arrival.hash)");
    for (;;) {
        const auto row = query.step();
        if (!row) {
            return fail(row.error());
        }
        if (!*row) {
            break;
        }
        ImageRow image;
        image.association = query.text(0);
        image.hash = query.text(1);
        left.push_back(std::move(image));
    }
    auto remove = database_.prepare("DELETE FROM arrival");
    const Status done = remove.run();
    return done ? Result<std::vector<ImageRow>>(std::move(left)) : Result<std::vector<ImageRow>>(fail(done.error()));
}

Status PadStore::add_image(const ImageRow& image, std::int64_t number) {
    return database_.transaction([&]() -> Status {
        auto insert = database_.prepare("INSERT OR IGNORE INTO image (association, hash, type, width, height, bytes, "
                                        "webp_bytes, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
        insert.bind(1, image.association).bind(2, image.hash).bind(3, image.type).bind(4, image.width);
        insert.bind(5, image.height).bind(6, image.bytes).bind(7, image.webp_bytes).bind(8, image.created_ms);
        if (auto done = insert.run(); !done || number == 0) {
            return done;
        }
        auto given = database_.prepare("INSERT INTO pad_image (pad, hash, shown, first_ms) VALUES (?1, ?2, 0, ?3) "
                                       "ON CONFLICT (pad, hash) DO UPDATE SET first_ms = ?3");
        return given.bind(1, number).bind(2, image.hash).bind(3, image.created_ms).run();
    });
}

Result<std::optional<ImageRow>> PadStore::image(std::string_view association, std::string_view hash) {
    const std::string sql = "SELECT " + std::string(columns) + " FROM image WHERE association = ?1 AND hash = ?2";
    auto query = database_.prepare(sql);
    query.bind(1, association).bind(2, hash);
    const auto row = query.step();
    if (!row) {
        return fail(row.error());
    }
    return *row ? std::optional(read_row(query)) : std::nullopt;
}

Result<bool> PadStore::refers_to(std::int64_t number, std::string_view hash) {
    auto query = database_.prepare("SELECT 1 FROM pad_image WHERE pad = ?1 AND hash = ?2");
    return query.bind(1, number).bind(2, hash).step();
}

Result<std::vector<ImageRow>> PadStore::images(std::string_view association, std::string_view after, std::size_t limit) {
    const std::string sql = "SELECT " + std::string(columns) + " FROM image WHERE association = ?1 AND hash > ?2 ORDER BY hash LIMIT ?3";
    auto query = database_.prepare(sql);
    query.bind(1, association).bind(2, after).bind(3, static_cast<std::int64_t>(limit));
    return read_rows(query);
}

Result<std::vector<ImageRow>> PadStore::forget_images(std::int64_t now_ms) {
    Result<std::vector<ImageRow>> gone;
    const std::int64_t before_ms = now_ms - unused_image_ms;
    const Status done = database_.transaction([&]() -> Status {
        const auto run = [this](const std::string& sql, std::int64_t when) { return database_.prepare(sql).bind(1, when).run(); };
        // Sent and never shown: the paste was undone at once, or never arrived. Unused from the beginning.
        if (auto noted = run("UPDATE image SET unused_ms = created_ms WHERE unused_ms IS NULL AND NOT EXISTS (SELECT 1" + std::string(references) +
                             " AND (shown = 1 OR first_ms >= ?1)) AND EXISTS (SELECT 1" + std::string(references) + ")", before_ms); !noted) {
            return noted;
        }
        if (auto removed = run("DELETE FROM pad_image WHERE shown = 0 AND first_ms < ?1", before_ms); !removed) {
            return removed;
        }
        const std::string unreferenced = " NOT EXISTS (SELECT 1" + std::string(references) + ")";
        if (auto noted = run("UPDATE image SET unused_ms = CASE WHEN" + unreferenced + " THEN coalesce(unused_ms, ?1) END", now_ms); !noted) {
            return noted;
        }
        const std::string select = "SELECT " + std::string(columns) + " FROM image WHERE unused_ms < ?1";
        auto query = database_.prepare(select);
        query.bind(1, before_ms);
        gone = read_rows(query);
        if (!gone) {
            return fail(gone.error());
        }
        return run("DELETE FROM image WHERE unused_ms < ?1", before_ms);
    });
    return done ? std::move(gone) : Result<std::vector<ImageRow>>(fail(done.error()));
}

Result<std::uint64_t> PadStore::used_bytes(std::string_view association) {
    auto query = database_.prepare(
        "SELECT coalesce((SELECT sum(bytes + webp_bytes) FROM image WHERE association = ?1 AND unused_ms IS NULL), 0) + "
        "coalesce((SELECT sum(bytes) FROM arrival WHERE association = ?1), 0) + "
        "coalesce((SELECT sum(length(pad_state.bytes)) FROM pad_state JOIN pad ON pad.number = pad_state.pad WHERE association = ?1), 0) + "
        "coalesce((SELECT sum(length(pad_history.bytes)) FROM pad_history JOIN pad ON pad.number = pad_history.pad WHERE association = ?1), 0) + "
        "coalesce((SELECT sum(length(pad_update.bytes)) FROM pad_update JOIN pad ON pad.number = pad_update.pad "
        "LEFT JOIN pad_state ON pad_state.pad = pad_update.pad WHERE association = ?1 AND seq > coalesce(upto, 0)), 0)");
    const auto row = query.bind(1, association).step();
    if (!row) {
        return fail(row.error());
    }
    return static_cast<std::uint64_t>(query.number(0));
}

Result<std::uint64_t> PadStore::used_bytes_of(std::int64_t number) {
    auto query = database_.prepare(
        "SELECT coalesce((SELECT sum(image.bytes + webp_bytes) FROM pad_image JOIN pad ON pad.number = pad_image.pad "
        "JOIN image ON image.association = pad.association AND image.hash = pad_image.hash WHERE pad_image.pad = ?1), 0) + "
        "coalesce((SELECT length(bytes) FROM pad_state WHERE pad = ?1), 0) + "
        "coalesce((SELECT sum(length(bytes)) FROM pad_history WHERE pad = ?1), 0)");
    const auto row = query.bind(1, number).step();
    return row ? Result<std::uint64_t>(static_cast<std::uint64_t>(query.number(0))) : Result<std::uint64_t>(fail(row.error()));
}

Status PadStore::note_images(std::int64_t number, const Edit& edit) {
    Status done;
    each_image_hash({reinterpret_cast<const char*>(edit.framed.data()), edit.framed.size()}, [&](std::string_view hash) {
        if (!done) {
            return;
        }
        // Only what the association has: else a text full of invented addresses would fill the table.
        auto note = database_.prepare("INSERT INTO pad_image (pad, hash, shown, first_ms) SELECT ?1, ?2, 1, ?3 FROM image JOIN pad "
                                      "ON pad.association = image.association WHERE pad.number = ?1 AND image.hash = ?2 "
                                      "ON CONFLICT (pad, hash) DO UPDATE SET shown = 1");
        done = note.bind(1, number).bind(2, hash).bind(3, edit.time_ms).run();
    });
    return done;
}

} // namespace hameau::pads
