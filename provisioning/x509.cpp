// OpenSSL 3 behind x509.hpp.
#include "provisioning/x509.hpp"

#include <array>
#include <filesystem>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "daemon/base/io.hpp"

namespace hameau::provisioning {

tl::unexpected<Error> fail_tls(std::string_view what) {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    return fail(ErrorKind::io, std::string(what) + ": " + text.data());
}

namespace {
std::string text_of(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
}
} // namespace

std::string pem_of(X509* certificate) {
    const Memory memory(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(memory.get(), certificate);
    return text_of(memory.get());
}

std::string pem_of(X509_REQ* request) {
    const Memory memory(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509_REQ(memory.get(), request);
    return text_of(memory.get());
}

std::string pem_of(EVP_PKEY* key) {
    const Memory memory(BIO_new(BIO_s_mem()));
    PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(memory.get());
}

Certificate read_certificate(const std::string& path) {
    const auto text = read_file(path, pem_bytes_max);
    if (!text) {
        return nullptr;
    }
    const Memory memory(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
    return Certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
}

Key read_key(const std::string& path) {
    const auto text = read_file(path, pem_bytes_max);
    if (!text) {
        return nullptr;
    }
    const Memory memory(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
    return Key(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
}

Key make_key() { return Key(EVP_EC_gen("P-256")); }

Status install_pem(const std::string& path, const std::string& text, unsigned gate_gid) {
    // Owner and mode are set on the new file before it takes the name.
    const std::string fresh = path + ".new";
    if (auto written = write_file_atomically(fresh, text, 0640); !written) {
        return written;
    }
    if (gate_gid != 0) {
        if (auto owned = chown_path(fresh, 0, gate_gid); !owned) {
            return owned;
        }
    }
    std::error_code failed;
    std::filesystem::rename(fresh, path, failed);
    if (failed) {
        return fail(ErrorKind::io, path + ": " + failed.message(), failed);
    }
    return {};
}

} // namespace hameau::provisioning
