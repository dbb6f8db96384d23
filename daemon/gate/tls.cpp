// OpenSSL contexts: TLS 1.2 and 1.3, HTTP/2 or HTTP/1.1 by ALPN, tickets that survive a change of certificates.
#include "daemon/gate/tls.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "daemon/base/text.hpp"
#include "daemon/gate/limits.hpp"
#include "daemon/gate/request_head.hpp"

namespace hameau::gate {

namespace {

constexpr unsigned char session_context[] = "hameau";

/// RFC 7301 §3.2: our preference counts: HTTP/2 where this connection may have it (Channel::accept_tls), else HTTP/1.1. A
/// client that offers only others goes on without ALPN.
int on_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size, void*) {
    const bool http2 = SSL_get_app_data(ssl) != nullptr;
    for (const std::string_view wanted : {std::string_view("h2"), std::string_view("http/1.1")}) {
        for (unsigned at = 0; at < in_size && at + 1 + in[at] <= in_size; at += 1U + in[at]) {
            const std::string_view offered(reinterpret_cast<const char*>(in + at + 1), in[at]);
            if (offered == wanted && (http2 || wanted != "h2")) {
                *out = in + at + 1;
                *out_size = in[at];
                return SSL_TLSEXT_ERR_OK;
            }
        }
    }
    return SSL_TLSEXT_ERR_NOACK;
}

} // namespace

Result<std::unique_ptr<TlsStore>> TlsStore::open(std::string folder) {
    std::unique_ptr<TlsStore> store(new TlsStore(std::move(folder)));
    if (auto loaded = store->reload(); !loaded) {
        return fail(loaded.error());
    }
    return store;
}

TlsStore::~TlsStore() {
    for (const auto& [host, context] : hosts_) {
        SSL_CTX_free(context);
    }
    SSL_CTX_free(default_);
}

Status TlsStore::reload() {
    auto fresh = make_context(folder_ + "/default.pem");
    for (const auto& [host, context] : hosts_) {
        SSL_CTX_free(context);
    }
    hosts_.clear();
    if (!fresh) {
        return fail(fresh.error());
    }
    SSL_CTX_free(default_);
    default_ = *fresh;
    return {};
}

Result<SSL_CTX*> TlsStore::make_context(const std::string& file) {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    if (context == nullptr) {
        return fail(ErrorKind::unavailable, "no memory for TLS");
    }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_PRIORITIZE_CHACHA | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // The file holds the whole chain: without NO_AUTO_CHAIN each handshake would look for more of it.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(context, 1);  // a record's header and body with one system call
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets only: no memory per visitor
    SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);
    SSL_CTX_set_num_tickets(context, 1);
    ticket_keys_.use_in(context);
    SSL_CTX_set_alpn_select_cb(context, on_alpn, nullptr);
    SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
    SSL_CTX_set_tlsext_servername_arg(context, this);
    if (SSL_CTX_use_certificate_chain_file(context, file.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(context) != 1) {
        SSL_CTX_free(context);
        ERR_clear_error();
        return fail(ErrorKind::unavailable, file + " holds no usable certificate and key");
    }
    return context;
}

SSL_CTX* TlsStore::context_for(std::string_view host) {
    const auto found = hosts_.find(host);
    if (found != hosts_.end()) {
        return found->second;
    }
    if (hosts_.size() >= tls_contexts_max) {
        return nullptr;
    }
    SSL_CTX* context = nullptr;
    const std::string file = folder_ + "/hosts/" + std::string(host) + ".pem";
    // Names that nobody has are not kept: strangers choose them.
    if (::access(file.c_str(), R_OK) != 0) {
        return nullptr;
    }
    if (auto made = make_context(file)) {
        context = *made;
    }
    hosts_.emplace(host, context);
    return context;
}

bool TlsStore::covers(const std::string& host) {
    SSL_CTX* own = context_for(host);
    if (own == nullptr && hosts_.size() >= tls_contexts_max) {
        return true;  // not known: too many hosts to look
    }
    X509* certificate = SSL_CTX_get0_certificate(own != nullptr ? own : default_);
    return certificate != nullptr && X509_check_host(certificate, host.data(), host.size(), 0, nullptr) == 1;
}

int TlsStore::on_server_name(SSL* ssl, int*, void* self) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    const std::string host = ascii_lower(name);
    // The name becomes part of a path: host characters only, and none that leads elsewhere; no address.
    if (host.empty() || host.size() > 253 || host.find_first_not_of("0123456789.") == std::string::npos || host.front() == '.' || host.find("..") != std::string::npos ||
        host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") != std::string::npos) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    if (SSL_CTX* context = static_cast<TlsStore*>(self)->context_for(host)) {
        SSL_set_SSL_CTX(ssl, context);
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

} // namespace hameau::gate
