// Addresses of clients, networks, and how many connections there may be: in all and for one address. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unordered_map>
#include <vector>

namespace hameau::gate {

/// A visitor's address; IPv4 within IPv6 form.
struct Address {
    std::array<unsigned char, 16> bytes{};

    static Address of(const sockaddr_storage& peer);
    bool is_v4() const;
    /// "192.0.2.0/24" or "2001:db8::/56": as much as the modules learn about a visitor.
    std::string prefix() const;
    bool operator==(const Address&) const = default;
};

/// A list such as "127.0.0.0/8, ::1".
class Networks {
public:
    /// Words that are no network are left out: the settings were validated before.
    explicit Networks(std::string_view list);
    bool contain(const Address& address) const;

private:
    struct Network {
        Address base;
        unsigned bits = 128;
    };
    std::vector<Network> networks_;
};

/// How many connections fit into that many file descriptors, at most as many as are wanted.
std::size_t connections_for(std::size_t descriptors, std::size_t wanted);

class ConnectionLimits {
public:
    ConnectionLimits(std::size_t in_all, std::size_t per_address, Networks exempt) :
        in_all_(in_all), per_address_(per_address), exempt_(std::move(exempt)) {}

    /// Whether one more connection of this address is let in; then leave() must follow.
    bool enter(const Address& address);
    void leave(const Address& address);
    std::size_t count() const { return count_; }
    /// What counts as one address: a household has one IPv4 address or one /64.
    static std::uint64_t key_of(const Address& address);

private:

    std::size_t in_all_;
    std::size_t per_address_;
    Networks exempt_;
    std::size_t count_ = 0;
    std::unordered_map<std::uint64_t, std::size_t> counts_;
};

} // namespace hameau::gate
