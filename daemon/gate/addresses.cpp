// Addresses, networks, counters.
#include "daemon/gate/addresses.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <netinet/in.h>
#include <optional>

#include "daemon/gate/limits.hpp"

namespace hameau::gate {

namespace {

constexpr std::array<unsigned char, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned mapped_bits = 96;
constexpr unsigned told_bits_v4 = 24;
constexpr unsigned told_bits_v6 = 56;

std::optional<Address> parse_address(const std::string& text) {
    Address address;
    if (::inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
        return address;
    }
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), address.bytes.begin());
    if (::inet_pton(AF_INET, text.c_str(), address.bytes.data() + mapped_prefix.size()) == 1) {
        return address;
    }
    return std::nullopt;
}

bool same_network(const Address& a, const Address& b, unsigned bits) {
    const unsigned whole = bits / 8;
    if (std::memcmp(a.bytes.data(), b.bytes.data(), whole) != 0) {
        return false;
    }
    const unsigned rest = bits % 8;
    return rest == 0 || ((a.bytes[whole] ^ b.bytes[whole]) >> (8 - rest)) == 0;
}

} // namespace

Address Address::of(const sockaddr_storage& peer) {
    Address address;
    if (peer.ss_family == AF_INET6) {
        std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr, address.bytes.size());
    } else if (peer.ss_family == AF_INET) {
        std::copy(mapped_prefix.begin(), mapped_prefix.end(), address.bytes.begin());
        std::memcpy(address.bytes.data() + mapped_prefix.size(), &reinterpret_cast<const sockaddr_in&>(peer).sin_addr, 4);
    }
    return address;
}

bool Address::is_v4() const { return std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes.begin()); }

std::string Address::prefix() const {
    std::array<unsigned char, 16> kept = bytes;
    const unsigned told = is_v4() ? told_bits_v4 : told_bits_v6;
    for (std::size_t i = (is_v4() ? mapped_bits + told : told) / 8; i < kept.size(); ++i) {
        kept[i] = 0;
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool v4 = is_v4();
    ::inet_ntop(v4 ? AF_INET : AF_INET6, kept.data() + (v4 ? mapped_prefix.size() : 0), text.data(), text.size());
    return std::string(text.data()) + "/" + std::to_string(told);
}

Networks::Networks(std::string_view list) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find_first_of(", "), list.size());
        const std::string_view word = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        const std::size_t slash = word.find('/');
        const auto base = parse_address(std::string(word.substr(0, slash)));
        if (!base) {
            continue;
        }
        Network network{*base, 128};
        if (slash != std::string_view::npos) {
            unsigned bits = 0;
            const std::string_view digits = word.substr(slash + 1);
            const auto [at, code] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
            bits += base->is_v4() ? mapped_bits : 0;
            if (code != std::errc{} || at != digits.data() + digits.size() || bits > 128) {
                continue;
            }
            network.bits = bits;
        }
        networks_.push_back(network);
    }
}

bool Networks::contain(const Address& address) const {
    return std::any_of(networks_.begin(), networks_.end(), [&address](const Network& network) {
        return same_network(network.base, address, network.bits);
    });
}

std::uint64_t ConnectionLimits::key_of(const Address& address) {
    std::uint64_t key = 0;
    // An IPv4 address lies in the last eight bytes, whose first half marks it; a /64 is the first eight.
    std::memcpy(&key, address.bytes.data() + (address.is_v4() ? 8 : 0), sizeof key);
    return key;
}

std::size_t connections_for(std::size_t descriptors, std::size_t wanted) {
    const std::size_t usable = descriptors > descriptors_reserved ? descriptors - descriptors_reserved : 0;
    return std::min(wanted, std::max<std::size_t>(usable / descriptors_per_connection, 1));
}

bool ConnectionLimits::enter(const Address& address) {
    if (count_ >= in_all_) {
        return false;
    }
    if (!exempt_.contain(address)) {
        std::size_t& held = counts_[key_of(address)];
        if (held >= per_address_) {
            return false;
        }
        ++held;
    }
    ++count_;
    return true;
}

void ConnectionLimits::leave(const Address& address) {
    --count_;
    const auto found = counts_.find(key_of(address));
    if (found != counts_.end() && --found->second == 0) {
        counts_.erase(found);
    }
}

} // namespace hameau::gate
