// The rules of people: each function can be read against the tests in tests/unit/people.
#include "modules/people/policy.hpp"

#include <algorithm>
#include <array>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>

#include <sodium.h>

namespace hameau::people {

namespace {

// No Q (G), W and Y (spoken), C and S (heard alike), J (G), U (V): 19 letters are told apart on paper and by voice.
constexpr std::string_view code_alphabet = "ABDEFGHIKLMNOPRTVXZ";

struct Network {
    int family = 0;
    std::array<unsigned char, 16> bytes{};
    unsigned bits = 0;
};

std::optional<Network> parse_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string address(text.substr(0, slash));
    Network network;
    if (::inet_pton(AF_INET, address.c_str(), network.bytes.data()) == 1) {
        network.family = AF_INET;
        network.bits = 32;
    } else if (::inet_pton(AF_INET6, address.c_str(), network.bytes.data()) == 1) {
        network.family = AF_INET6;
        network.bits = 128;
    } else {
        return std::nullopt;
    }
    if (slash != std::string_view::npos) {
        unsigned bits = 0;
        const auto parsed = std::from_chars(text.data() + slash + 1, text.data() + text.size(), bits);
        if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || bits > network.bits) {
            return std::nullopt;
        }
        network.bits = bits;
    }
    return network;
}

/// One of the two contains the other.
bool touch(const Network& a, const Network& b) {
    if (a.family != b.family) {
        return false;
    }
    const unsigned bits = std::min(a.bits, b.bits);
    const std::size_t whole = bits / 8;
    if (std::memcmp(a.bytes.data(), b.bytes.data(), whole) != 0) {
        return false;
    }
    const unsigned rest = bits % 8;
    return rest == 0 || ((a.bytes[whole] ^ b.bytes[whole]) >> (8 - rest)) == 0;
}

} // namespace

Duration Throttle::begin(const std::string& key) {
    const Duration now = clock_.now();
    auto found = entries_.find(key);
    if (found != entries_.end() && now - found->second.last >= forget_after) {
        entries_.erase(found);
        found = entries_.end();
    }
    if (found == entries_.end()) {
        make_room();
        found = entries_.emplace(key, Entry{}).first;
    }
    Entry& entry = found->second;
    if (entry.failures >= free_attempts && now < entry.not_before) {
        return entry.not_before - now;
    }
    ++entry.failures;
    entry.last = now;
    Duration delay = first_delay;
    for (int i = free_attempts; i < entry.failures && delay < delay_max; ++i) {
        delay *= 2;
    }
    entry.not_before = now + std::min(delay, delay_max);
    return Duration(0);
}

void Throttle::withdraw(const std::string& key) {
    const auto found = entries_.find(key);
    if (found != entries_.end() && --found->second.failures <= 0) {
        entries_.erase(found);
    }
}

void Throttle::make_room() {
    if (entries_.size() < throttle_entries_max) {
        return;
    }
    const Duration now = clock_.now();
    std::erase_if(entries_, [now](const auto& entry) { return now - entry.second.last >= forget_after; });
    if (entries_.size() < throttle_entries_max) {
        return;
    }
    // Full of fresh keys: what is lost is the one with the fewest failures, the oldest among those.
    const auto least = std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
        return std::pair(a.second.failures, a.second.last) < std::pair(b.second.failures, b.second.last);
    });
    entries_.erase(least);
}

std::string throttle_key(std::string_view account, std::string_view where) {
    return std::string(account).append(1, '\n').append(where);
}

bool is_exempt(std::string_view prefix, std::string_view networks) {
    const auto visitor = parse_network(prefix);
    if (!visitor) {
        return false;
    }
    while (!networks.empty()) {
        const std::size_t end = std::min(networks.find_first_of(", []\""), networks.size());
        const auto network = parse_network(networks.substr(0, end));
        if (network && touch(*visitor, *network)) {
            return true;
        }
        networks.remove_prefix(std::min(end + 1, networks.size()));
    }
    return false;
}

std::string new_code() {
    std::string code;
    for (std::size_t i = 0; i < code_letters; ++i) {
        code += code_alphabet[randombytes_uniform(static_cast<std::uint32_t>(code_alphabet.size()))];
    }
    return code;
}

std::string shown_code(std::string_view code) {
    return std::string(code.substr(0, code_letters / 2)).append("-").append(code.substr(code_letters / 2));
}

std::optional<std::string> normalise_code(std::string_view typed) {
    std::string code;
    for (const char c : typed) {
        const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        if (upper == '-' || upper == ' ') {
            continue;
        }
        if (code_alphabet.find(upper) == std::string_view::npos || code.size() == code_letters) {
            return std::nullopt;
        }
        code += upper;
    }
    return code.size() == code_letters ? std::optional<std::string>(std::move(code)) : std::nullopt;
}

Role Actor::role_in(std::string_view association) const {
    if (admin) {
        return Role::manager;
    }
    for (const auto& [slug, role] : associations) {
        if (slug == association) {
            return role;
        }
    }
    return Role::none;
}

bool may_change_account(const Actor& actor, const Account& account) {
    if (actor.admin) {
        return true;
    }
    if (account.admin || account.associations.empty()) {
        return false;
    }
    return std::all_of(account.associations.begin(), account.associations.end(),
                       [&actor](const std::string& slug) { return actor.manages(slug); });
}

std::string_view to_text(Role role) {
    return role == Role::manager ? "manager" : role == Role::member ? "member" : "none";
}

Role role_of(std::string_view text) {
    return text == "manager" ? Role::manager : text == "member" ? Role::member : Role::none;
}

} // namespace hameau::people
