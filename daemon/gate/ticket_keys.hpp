// TicketKeys: the keys that TLS session tickets are sealed with (RFC 5077, RFC 8446 §4.6.1). Who learns such a key can
// read every TLS 1.2 conversation that its tickets resumed, so keys live in memory only and are replaced by age:
// a ticket opens with the present key or the one before. Used by TlsStore; never written anywhere.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <openssl/ssl.h>

namespace hameau::gate {

class TicketKeys {
public:
    struct Key {
        std::array<unsigned char, 16> name{};
        std::array<unsigned char, 32> cipher{};
        std::array<unsigned char, 32> mac{};
        std::int64_t made_ms = 0;
    };
    enum class Age { unknown, present, former };

    ~TicketKeys();
    /// The key that new tickets are sealed with; made again when it is older than ticket_key_life.
    const Key& present(std::int64_t now_ms);
    /// The key of that name, if tickets sealed with it still open.
    Age find(std::span<const unsigned char> name, std::int64_t now_ms, const Key*& found);
    /// Lets this context seal and open tickets with these keys, which must outlive it.
    void use_in(SSL_CTX* context);

private:
    void rotate(std::int64_t now_ms);

    Key present_;
    Key former_;
    bool has_present_ = false;
    bool has_former_ = false;
};

} // namespace hameau::gate
