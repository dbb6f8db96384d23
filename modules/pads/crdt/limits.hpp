// Limits of the document core: what one update and one document may ask of memory and processor. Each has its unit and its
// reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hameau::crdt {

// One update (update.hpp)
/// clock + length of a struct never exceeds this: Yjs counts in 31 bits.
inline constexpr std::uint32_t clock_max = 0x7fffffff;
/// Bytes of map keys, root names and format keys; the editor's longest has 20.
inline constexpr std::size_t name_bytes_max = 1024;
/// Bytes of embeds and format values; a link's address is the longest.
inline constexpr std::size_t value_bytes_max = 64 * 1024;
/// Distinct root names of a pad; the editor has two.
inline constexpr std::size_t roots_max = 500;
/// Clients of an update and of a pad: each opening of a page is one, for years.
inline constexpr std::size_t clients_max = 200'000;
/// Delete ranges of an update.
inline constexpr std::size_t delete_ranges_max = 1'000'000;
/// Shared types within each other; the editor's deepest list has a dozen.
inline constexpr unsigned type_depth_max = 200;
/// Largest number a lib0 integer may have (2^53 - 1); the readers refuse more.
inline constexpr std::uint64_t lib0_number_max = (std::uint64_t{1} << 53) - 1;
/// Deepest nesting of arrays and objects in `any` values and JSON text.
inline constexpr unsigned nesting_depth_max = 64;

// What waits for edits that have not come (pending.hpp)
/// Bytes of structs: a page that was without network for a day.
inline constexpr std::size_t pending_bytes_max = 4 * 1024 * 1024;
/// Structs: the same, each with a node of memory.
inline constexpr std::size_t pending_structs_max = 10'000;
/// Delete ranges: the same.
inline constexpr std::size_t pending_ranges_max = 10'000;

// One document
/// Steps that all searches for a place among concurrent inserts may take together. 5,000 people who write at one place
/// need 12.5 million; half a megabyte made for it asked for 1.8 thousand million, which is 25 s.
inline constexpr std::uint64_t place_steps_max = 16'000'000;
/// Steps of each further search when those are used up and the order may be approximate: concurrent edits of people are fewer.
inline constexpr std::uint64_t place_steps_after = 64;
/// Items of one document: 48 bytes each, and 12 more in tables beside. A pad of 32 MiB that people wrote has about 1.3 million.
inline constexpr std::size_t items_max = 3'000'000;
/// Attributes in force at one place; an editor knows about a dozen. Each run of text copies them, so thousands of them in
/// a small text would take seconds and gigabytes. Further ones are left out.
inline constexpr std::size_t attributes_max = 64;
/// Of their keys and values together; a link's address has at most 4 KiB.
inline constexpr std::size_t attribute_bytes_max = 16 * 1024;

} // namespace hameau::crdt
