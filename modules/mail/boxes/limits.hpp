// Limits of hameau-boxes, which packs and unpacks the files of one mailbox. Each has its unit and its reason.
#pragma once

#include <cstddef>

namespace hameau::mail {

// One connection of hameau-mail
/// Bytes of the order: a word, an id and a path.
inline constexpr std::size_t box_order_bytes_max = 1024;
/// Bytes of a message on its way; one slice is in memory.
inline constexpr std::size_t box_slice_bytes = 65536;
/// A name that changes at each of so many looks is not a mail program at work.
inline constexpr int box_looks_max = 8;
/// Folders of one mailbox; a person has some dozens.
inline constexpr std::size_t box_folders_max = 10000;
/// Bytes of one file of Dovecot's that says which message has which number: 500,000 messages.
inline constexpr std::size_t box_index_bytes_max = 64 << 20;
/// Bytes of one Sieve script: sixteen times what ManageSieve accepts, for mailboxes that come from elsewhere.
inline constexpr std::size_t box_script_bytes_max = 4 << 20;

} // namespace hameau::mail
