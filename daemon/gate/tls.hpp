// TlsStore: the certificates of the house and of the sites, chosen by SNI. Contexts are made when first asked for,
// and again when hameaud says that certificates changed; connections that are open keep theirs.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "daemon/base/result.hpp"
#include "daemon/gate/ticket_keys.hpp"

namespace hameau::gate {

class TlsStore {
public:
    /// `folder`: STATE/tls. Errors: unavailable when default.pem cannot be used.
    static Result<std::unique_ptr<TlsStore>> open(std::string folder);
    ~TlsStore();
    TlsStore(const TlsStore&) = delete;
    TlsStore& operator=(const TlsStore&) = delete;

    /// What a new connection begins with; SNI may exchange it.
    SSL_CTX* context() const { return default_; }
    /// Whether visitors of that host (lower case, without port) see a certificate with its name.
    bool covers(const std::string& host);
    /// Reads certificates again: at the next connection of each host. Keeps the old default when the new one is bad.
    Status reload();

private:
    explicit TlsStore(std::string folder) : folder_(std::move(folder)) {}
    Result<SSL_CTX*> make_context(const std::string& file);
    SSL_CTX* context_for(std::string_view host);
    static int on_server_name(SSL* ssl, int* alert, void* self);

    std::string folder_;
    SSL_CTX* default_ = nullptr;
    std::map<std::string, SSL_CTX*, std::less<>> hosts_;  ///< null: that host has no certificate of its own
    TicketKeys ticket_keys_;
};

} // namespace hameau::gate
