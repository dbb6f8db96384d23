// Limits of the pads process (yjs-v1-notes section 10). Sizes in bytes, times in milliseconds.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hameau::pads {

/// Awareness (who is here, and the cursors): one state; ids of one connection and their states together; ids and bytes of
/// one room; remembered ids that left. A cursor takes about 300 bytes, and a page has one id. Who joins is sent all of it.
inline constexpr std::size_t awareness_state_bytes_max = 8 * 1024;
inline constexpr std::size_t awareness_ids_per_connection_max = 8;
inline constexpr std::size_t awareness_bytes_per_connection_max = 16 * 1024;
inline constexpr std::size_t awareness_ids_per_room_max = 1024;
inline constexpr std::size_t awareness_bytes_per_room_max = 1 << 20;
inline constexpr std::size_t awareness_left_max = 1024;

/// A connection with more than this queued is not relayed to until it has read all; then it gets one step 2.
inline constexpr std::size_t queue_bytes_lagging = 1 << 20;
/// A connection with more than this queued that asks for more is closed.
inline constexpr std::size_t queue_bytes_max = 8 << 20;

/// Answers to step 1 per connection: a bucket of so many, refilled one per interval. Later ones wait, the last wins.
inline constexpr int step1_burst = 6;
inline constexpr std::chrono::milliseconds step1_interval{250};
/// A longer state vector is not an honest one: 200,000 clients take about 2 MB.
inline constexpr std::size_t state_vector_bytes_max = 4 << 20;

/// A full pad relays what came within this time together, for each ten connections: else a hundred writers would cost a
/// thousand messages for every one that they type, and each reader's page as much work.
inline constexpr std::chrono::milliseconds relay_pause_per_ten{1};
inline constexpr std::size_t relay_pause_from = 20;
/// An edit in a pad that was quiet for so long goes out at once, later ones with what else its turn of the loop brings.
inline constexpr std::chrono::milliseconds relay_quiet{2};

/// A commit comes this long after the first edit; none when nothing was edited.
inline constexpr std::chrono::milliseconds commit_window{50};
inline constexpr std::chrono::milliseconds commit_retry_first{500};
inline constexpr std::chrono::milliseconds commit_retry_most{10'000};
/// Edits that wait for a full disk, all pads together. Beyond, senders are sent away (1013) and keep their edits.
inline constexpr std::size_t unsaved_bytes_max = 32 << 20;

/// Of each of the two files that hold what is relayed before it is committed: what may wait for a full disk, and the records
/// around it. Beyond, nothing is relayed until a commit has ended.
inline constexpr std::size_t ahead_file_bytes_max = 64 << 20;
/// Edits that an earlier process had handed over and that cannot be committed are tried again after this time, then after twice
/// as long each time: each try reads the pads that they belong to.
inline constexpr std::chrono::milliseconds kept_retry_first{5'000};
inline constexpr std::chrono::milliseconds kept_retry_most{600'000};
/// Edits that could not be handed to the system are tried again so often; nobody sees them before.
inline constexpr std::chrono::milliseconds hand_over_retry{200};

/// A document that is imported and is longer is stored folded: the first reader's page waits for no reading of a long log.
inline constexpr std::size_t import_folded_bytes_min = 256 << 10;
/// The log of an open pad is folded into its state after so many rows or bytes, and when the pad closes.
inline constexpr std::size_t compact_rows = 2000;
inline constexpr std::size_t compact_bytes = 1 << 20;
/// A long text is folded when so large a part of it is in the log: of 32 MiB after 8, not after each one.
inline constexpr std::size_t compact_part = 4;
/// Rows of the log that states cover are removed when there are so many, or no other ones: pads write in turns, so the rows
/// of one lie on all pages.
inline constexpr std::size_t dead_rows_max = 4000;
/// History rows join the edits of one author within this time.
inline constexpr std::int64_t history_bucket_ms = 10 * 60 * 1000;
inline constexpr std::int64_t history_hour_ms = 60 * 60 * 1000;
/// Who removes so much (units: about ten words) leaves a moment just before it; the rows of one author with no longer pause between them count
/// together. Of the cuts of one hour, those after the first so many must each remove twice what the last one did: a hostile writer who
/// empties a text a thousand times leaves some forty moments and rows, and a larger removal is still found.
inline constexpr std::int64_t cut_units_min = 60;
inline constexpr std::int64_t cut_pause_ms = 5'000;
inline constexpr std::size_t cuts_per_hour_max = 20;

/// Images and documents that wait for the one converter; those of one member, or of all guests of a pad; what they hold in memory
/// meanwhile; how long one may take.
inline constexpr std::size_t conversions_waiting_max = 16;
inline constexpr std::size_t conversions_waiting_per_asker_max = 8;
inline constexpr std::size_t conversions_bytes_max = 64 << 20;
inline constexpr std::chrono::seconds conversion_deadline{90};
inline constexpr std::size_t converted_bytes_more = 8 << 20;
/// Images that a document may bring in itself, and how long reading them may take.
inline constexpr std::size_t import_images_max = 200;
inline constexpr std::chrono::seconds import_images_time{120};
/// An image that nothing refers to goes after this time: the bin's.
inline constexpr std::int64_t unused_image_ms = 30LL * 24 * 3600 * 1000;
/// An exported document holds images up to so many bytes in all, the others are named.
inline constexpr std::size_t export_image_bytes_max = 64 << 20;

/// A text whose state is no larger than this is shown before the editor has come (GET ?content=1): what the state and the rows of
/// the log behind it take as they are stored, asked before they are read; what it is as the editor's JSON, where marks that lie
/// over many stretches are written with each. All of it is done on the event loop.
inline constexpr std::size_t first_content_bytes_max = 16 * 1024;
inline constexpr std::size_t first_content_log_bytes_max = 256 * 1024;
inline constexpr std::size_t first_content_json_bytes_max = 256 * 1024;

/// A text of the older form becomes lines on the event loop. Bytes of the marks of all its runs, one after the other: each run has
/// all those that are in force, so a small text can have a great deal of them. Beyond, it stays as it is.
inline constexpr std::size_t carried_mark_bytes_max = 64 << 20;
/// Texts of which it is remembered that they need not become lines: 8 bytes and a node each.
inline constexpr std::size_t forms_known_max = 100'000;

/// Names in one moment of the history.
inline constexpr std::size_t history_people_max = 50;
/// Moments that the page's list has at once: the newest ones, and of the others so many that stand before the largest removals; the slider
/// reaches the rest. Places of the slider.
inline constexpr std::size_t film_moments_max = 1000;
inline constexpr std::size_t film_cuts_max = 100;
inline constexpr std::size_t film_places_max = 400;
/// Films (history/film.hpp) that are kept between two steps of the slider, for how long after the last one, and how large all: 100,000
/// edits take less than 25 MB. One that is larger is made again for each step, and beyond film_bytes_max it is not made: bytes of memory, of
/// which a history takes many times its own. One at a time is made or read, so both bounds are those of the house.
inline constexpr std::size_t films_kept_max = 2;
inline constexpr std::chrono::seconds film_kept_for{120};
inline constexpr std::size_t film_bytes_kept_max = 96 << 20;
inline constexpr std::size_t film_bytes_max = 192 << 20;
/// Calls of one member for films that wait: a page has one at a time.
inline constexpr std::size_t films_waiting_per_member_max = 4;
/// Bytes of decompressed updates that one reading of the history may take. A longer history can be read by nobody at once.
inline constexpr std::size_t history_bytes_max = 256 << 20;
/// People who are named as readers or writers of one pad: beyond, a group or the association is meant.
inline constexpr std::size_t people_per_pad_max = 200;

/// Connections of one open pad: each edit is sent to all of them.
inline constexpr std::size_t connections_per_room_max = 500;
/// Of them, people without an account: whoever has a link cannot keep the members out.
inline constexpr std::size_t guests_per_room_max = 350;

/// Exports, readings of the history and the like: at once, one at most for each pad, so that a pad that takes long holds one
/// thread only; waiting for one pad; waiting in all.
inline constexpr std::size_t readings_at_once = 2;
inline constexpr std::size_t readings_waiting_per_pad_max = 8;
inline constexpr std::size_t readings_waiting_max = 64;
/// 256 MiB of history take about 5 s on a small machine.
inline constexpr std::chrono::seconds reading_time_max{40};
inline constexpr std::size_t pads_per_association_max = 20'000;
inline constexpr std::size_t title_characters_max = 200;
inline constexpr std::size_t guest_name_characters_max = 40;
/// Texts up to this size are opened and written whatever is open: connections are bounded by the gate. Bytes.
inline constexpr std::size_t small_text_bytes = 64 * 1024;
/// What the texts of one association may take of it, in quarters: who holds long texts open for hours keeps out the own house, and
/// leaves a quarter to the others.
inline constexpr std::size_t open_quarters_per_association = 3;
/// What an open text takes of memory for each byte of it, about (measured: 2.3 for words, more for many small edits).
inline constexpr std::size_t memory_per_text_byte = 3;
/// The memory of all open texts (setting pads.limits.open_max) is counted so often; what comes meanwhile, 10 MB or so from a
/// fast line, is over the bound.
inline constexpr std::chrono::milliseconds memory_look_every{1000};
/// Whether there is room for edits (disk floor, quota) is looked at so often; what passes meanwhile is small.
inline constexpr std::chrono::milliseconds disk_look_every{1000};
inline constexpr std::chrono::seconds quota_look_every{20};
/// A text with its history and images may grow to this part of the association's quota by people who have a link and no
/// account: one part in so many. Whoever has one link must not be able to fill what all members share. Members go on in it.
inline constexpr std::uint64_t guest_part_of_quota = 20;
/// It is never less than this (bytes), and this where the association has no quota of its own: some photographs and long notes.
inline constexpr std::uint64_t guest_text_bytes_min = 32 << 20;
inline constexpr std::uint64_t guest_text_bytes_without_quota = 256 << 20;
/// Guests fill a text to one part in so many of its bound (pads.limits.pad_max): the rest is left for members to write on and to
/// make room.
inline constexpr std::size_t guest_part_of_text = 2;
/// A full text still takes what only deletes, up to one part in so many above its bound: else nobody could make room in it.
inline constexpr std::size_t deletions_part_of_text = 8;
/// New client ids that people without an account bring into an open text: so many at once, and so many an hour. Each page that writes
/// is one; a text has room for 200,000 (crdt/limits.hpp), and guests use up half of them at most.
inline constexpr std::size_t guest_clients_at_once = 1000;
inline constexpr std::size_t guest_clients_per_hour = 200;
inline constexpr std::size_t guest_part_of_clients = 2;
/// What a text takes is looked at so often while guests write; what passes meanwhile is bounded by the largest text.
inline constexpr std::chrono::seconds guest_look_every{5};
/// Texts of which the last look is remembered; beyond, all are looked at again.
inline constexpr std::size_t guest_looks_max = 1000;
/// So much must be free in the association's quota for people to write on.
inline constexpr std::uint64_t quota_step_bytes = 64 * 1024;
/// The largest that passes between two looks at the disk: what editors send within one, and the pages and logs around it.
inline constexpr std::uint64_t edit_room_bytes = 16 << 20;
inline constexpr std::uint64_t disk_free_bytes_min = 32 << 20;

/// Close codes (RFC 6455 §7.4.1).
inline constexpr std::uint16_t close_going_away = 1001;
inline constexpr std::uint16_t close_bad_data = 1007;
inline constexpr std::uint16_t close_policy = 1008;
inline constexpr std::uint16_t close_too_big = 1009;
inline constexpr std::uint16_t close_try_later = 1013;
/// Our own: the page is of an older build and must be loaded again (as HTTP's 426 Upgrade Required).
inline constexpr std::uint16_t close_outdated = 4426;

// Texts in memory, when the settings say nothing
/// Bytes of one text (pads.limits.pad_max).
inline constexpr std::size_t pad_bytes_default = 32 << 20;
/// Bytes of all open texts together (pads.limits.open_max).
inline constexpr std::size_t open_bytes_default = 256 << 20;

// Rooms
/// States in one awareness message: eight times what a room may hold.
inline constexpr std::size_t awareness_entries_per_message_max = 8192;
/// Structs of the edits that are merged into one message for a full room; more go out as they came.
inline constexpr std::size_t merge_blocks_max = 512;
/// Bytes of the same.
inline constexpr std::size_t merge_bytes_max = 256 * 1024;
/// An awareness id belongs to its connection until nothing was heard of it for so long: stock clients renew it every 15 s.
inline constexpr std::chrono::milliseconds awareness_owner_stale{30'000};
/// A connection whose edits lack what they build on is asked for it at most once in this time.
inline constexpr std::chrono::milliseconds ask_back_every{2'000};
/// The state is counted again when so large a part of what a pad may have has come since: 64 KiB of 32 MiB.
inline constexpr std::size_t count_again_part = 512;
/// Bytes of an answer to step 1 that is sent without a look whether it holds anything.
inline constexpr std::size_t small_step2_bytes = 256;
/// A row takes what its author does within one window. More of it would stand too far before what it builds on: a row of
/// one author goes before the other's, and the recorder holds back only so much (crdt/pending.hpp).
inline constexpr std::size_t edit_bytes_joined = 64 * 1024;
/// Writers whose names wait to be told one by one; beyond, everybody is told.
inline constexpr std::size_t untold_clients_max = 1000;

// The store
/// Bytes of one image's file that are read: far above what may be written.
inline constexpr std::size_t stored_image_bytes_max = std::size_t{512} << 20;
/// Authors whose numbers are remembered; beyond, they are looked up again.
inline constexpr std::size_t author_cache_max = 1024;
/// Nothing larger is ever written: a history row joins log rows until compact_bytes, and one row holds one commit.
inline constexpr std::size_t history_plain_bytes_max = 256 << 20;
/// Bytes of one piece between a request and hameau-convert.
inline constexpr std::size_t converter_slice_bytes = 65536;
/// Entries of `moves` that one restore writes. What is more comes back without a word of where it was: others may bring it back a second time.
inline constexpr std::size_t moves_entries_max = 20;
/// Units, and bytes, of all entries that restores of one pad leave in `moves`. The oldest ones go: by then hardly anybody has an undo, or unsent
/// words, from before that restore. Half of the units that pages read, so that what people move always counts.
inline constexpr std::uint64_t moves_restored_units_max = 2'000'000;
inline constexpr std::size_t moves_restored_bytes_max = 2 << 20;
/// Steps from place to place that one restore follows: a second or two, of lists that somebody made for it. What is more has no entry.
inline constexpr std::uint64_t moves_looks_max = 20'000'000;

// Calls and archives
/// Logins in one question to people: they stand in the request's target, which has its bound.
inline constexpr std::size_t logins_per_question = 50;
/// Bytes of an image that goes into an office document as it was given; a larger one goes as it is shown.
inline constexpr std::int64_t office_original_max = 1 << 20;
/// What a text that is written at once (a new one, a moment that is restored) takes of the disk: its row, its history, the
/// pages and the log around them.
inline constexpr std::uint64_t disk_bytes_per_text_byte = 4;
/// Bytes of one piece of an archive on its way.
inline constexpr std::size_t import_slice_bytes = 65536;
/// Bytes of one pad's row of an archive: its title, its rights and its invitations.
inline constexpr std::size_t import_row_bytes_max = 16 << 20;
/// The history in base64.
inline constexpr std::uint64_t history_file_bytes_max = (std::uint64_t{history_bytes_max} / 3) * 4 + (64 << 20);
/// Rows read from the database at a time.
inline constexpr std::size_t archive_page_rows = 200;
/// Names that are tried for a text whose name is taken.
inline constexpr std::size_t archive_slug_attempts = 100;
/// A row of the history joins edits up to compact_bytes, and one commit more; in base64.
inline constexpr std::size_t history_line_bytes_max = 64 << 20;
/// Bytes of an archive that are made at a time.
inline constexpr std::size_t archive_piece_bytes = 256 * 1024;

} // namespace hameau::pads
