// Compressed forms of a file: made, or checked against the original. No files, no state.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/contract/deploy_format.hpp"
#include "modules/sites/limits.hpp"

namespace hameau::sites {

/// The compressed form when it pays (at least a twentieth smaller), else nothing. br and gzip only.
std::optional<std::string> compress(Encoding encoding, std::string_view bytes);

/// The decoded bytes of a gzip file of one member, when they are at most `bytes_max`; nothing for anything else.
std::optional<std::string> gunzip(std::string_view packed, std::size_t bytes_max);

/// The next piece of a file; empty at the end.
using ReadPiece = std::function<std::string_view()>;
/// Does `packed` decode to exactly what `original` gives? Never holds more than one piece of either.
bool decodes_to(Encoding encoding, const ReadPiece& packed, const ReadPiece& original);

} // namespace hameau::sites
