// One pass; most texts hold nothing of the kind and are copied whole.
#include "modules/pads/lines/signs.hpp"

namespace hameau::pads {

namespace {

/// Bytes of a sign that is left out at the start of `rest`; 0: it stays.
std::size_t left_out(std::string_view rest) {
    const auto byte = [rest](std::size_t at) { return at < rest.size() ? static_cast<unsigned char>(rest[at]) : 0U; };
    if (byte(0) < 0x20 || byte(0) == 0x7f) {
        return rest[0] == '\t' || rest[0] == '\n' ? 0 : 1;
    }
    if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0x9f) {
        return 2;
    }
    return byte(0) == 0xef && byte(1) == 0xbf && byte(2) >= 0xbe ? 3 : 0;
}

} // namespace

std::string clean_signs(std::string_view text) {
    std::string out;
    std::size_t kept = 0;  // what stands before it is in `out`
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t size = left_out(text.substr(i));
        if (size == 0) {
            ++i;
            continue;
        }
        out.append(text.substr(kept, i - kept));
        if (text[i] == '\v' || text[i] == '\f') {
            out += ' ';
        } else if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) {
            out += '\n';
        }
        i += size;
        kept = i;
    }
    return out.append(text.substr(kept));
}

} // namespace hameau::pads
