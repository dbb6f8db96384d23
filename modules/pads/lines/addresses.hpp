// Addresses as people and programs write them: which one is kept as a link, and where one stands in a text without being
// marked as one. The editor has the same rules (web-ui/src/pad/addresses.ts); tests/vectors/addresses.json holds both. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hameau::pads {

/// The address that a document keeps of what stands in a link: without the white space that a browser ignores, what may
/// not stand in an address percent-encoded (WHATWG URL §4.4). Empty when it is refused: another scheme than those of
/// is_safe_address, or a host that no browser would take.
std::string kept_address(std::string_view written);

/// An address that stands in a text: bytes [begin, end), and where it leads (as kept_address gives it).
struct BareAddress {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string address;
};
/// http and https addresses, names that begin with "www.", and mail addresses, in order. Punctuation behind one is the
/// sentence's. U+FFFC stands for what is no text, and ends one.
std::vector<BareAddress> bare_addresses(std::string_view text);

} // namespace hameau::pads
