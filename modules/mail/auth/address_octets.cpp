// inet_pton reads exactly the forms of the RFCs: no leading zeros, no short forms.
#include "modules/mail/auth/address_octets.hpp"

#include <arpa/inet.h>

namespace hameau::mailauth {

namespace {

std::optional<std::string> read(int family, std::string_view text, std::size_t octets) {
    char out[16];
    if (text.find('\0') != std::string_view::npos || ::inet_pton(family, std::string(text).c_str(), out) != 1) {
        return std::nullopt;
    }
    return std::string(out, octets);
}

} // namespace

std::optional<std::string> read_ipv4(std::string_view text) { return read(AF_INET, text, 4); }
std::optional<std::string> read_ipv6(std::string_view text) { return read(AF_INET6, text, 16); }

std::optional<std::string> read_address(std::string_view text) {
    if (auto v4 = read_ipv4(text)) {
        return v4;
    }
    auto v6 = read_ipv6(text);
    if (v6 && v6->compare(0, 12, std::string("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12)) == 0) {
        return v6->substr(12);
    }
    return v6;
}

std::string write_address(std::string_view octets) {
    char text[INET6_ADDRSTRLEN] = {};
    const std::string copy(octets);
    ::inet_ntop(copy.size() == 4 ? AF_INET : AF_INET6, copy.data(), text, sizeof text);
    return text;
}

bool same_network(std::string_view left, std::string_view right, unsigned bits) {
    if (left.size() != right.size() || bits > left.size() * 8) {
        return false;
    }
    const std::size_t whole = bits / 8;
    if (left.substr(0, whole) != right.substr(0, whole)) {
        return false;
    }
    if (bits % 8 == 0) {
        return true;
    }
    const auto mask = static_cast<unsigned char>(0xff00U >> (bits % 8));
    return ((static_cast<unsigned char>(left[whole]) ^ static_cast<unsigned char>(right[whole])) & mask) == 0;
}

} // namespace hameau::mailauth
