// uacme (Debian's): "-a URL -c FOLDER -y new [CONTACT]" once, then "-a URL -c FOLDER -h HOOK issue W/name.csr", which writes
// W/name-cert.pem. It never sees a key of a site. What it wrote was in the hands of another uid: it is read as such.
#include "provisioning/acme_client.hpp"

#include <array>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "daemon/base/fd.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/open_regular.hpp"
#include "provisioning/limits.hpp"
#include "provisioning/run_program.hpp"

namespace hameau::provisioning {

namespace {

constexpr const char* uacme = "/usr/bin/uacme";
constexpr int hook_file = 3;

std::int64_t seconds_of(const ASN1_TIME* time) {
    std::tm parts{};
    return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(::timegm(&parts)) : 0;
}

/// Gives a folder to uacme's uid, and to nobody else. The folder that it stands in is root's: no other uid can exchange it.
Status give_folder(const AcmePlace& place, const std::string& path) {
    return place.acme_uid != 0 ? chown_path(path, place.acme_uid, place.acme_uid) : Status{};
}

CertificateRequest make_request(const std::string& host, EVP_PKEY* key) {
    CertificateRequest request(X509_REQ_new());
    X509_REQ_set_pubkey(request.get(), key);
    const std::string names = "DNS:" + host;
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    STACK_OF(X509_EXTENSION)* all = sk_X509_EXTENSION_new_null();
    const bool named = extension != nullptr && sk_X509_EXTENSION_push(all, extension) > 0 && X509_REQ_add_extensions(request.get(), all) == 1;
    sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
    return named && X509_REQ_sign(request.get(), key, EVP_sha256()) > 0 ? std::move(request) : nullptr;
}

Result<ProgramEnd> run_uacme(const AcmePlace& place, const AcmeAccount& account, const std::string& configuration,
                             std::vector<std::string> arguments) {
    const Fd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    ProgramRun run;
    run.path = uacme;
    run.arguments = {"-v", "-a", account.url, "-c", configuration};
    run.arguments.insert(run.arguments.end(), arguments.begin(), arguments.end());
    run.environment = {"HAMEAU_CHALLENGES=" + place.state + "/tls/acme-challenge"};
    run.kept_file = self.get();
    run.uid = place.acme_uid;
    run.deadline = account.dns_hook.empty() ? order_limit : order_limit_dns;
    return run_to_end(std::move(run));
}

/// The leaf and those behind it, each signed by the next.
Result<std::vector<Certificate>> read_chain(const std::string& text) {
    const Memory memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    std::vector<Certificate> chain;
    while (X509* next = PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr)) {
        chain.emplace_back(next);
        if (chain.size() > chain_length_max) {
            return fail(ErrorKind::invalid, "the chain of certificates is too long");
        }
    }
    // The usual end is that no further block begins. A block that begins and does not end is an answer that was cut.
    const bool torn = ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (!chain.empty() && torn) {
        return fail(ErrorKind::invalid, "the chain of certificates is cut");
    }
    if (chain.empty()) {
        return fail(ErrorKind::invalid, "there is no certificate in the answer");
    }
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
        const Key issuer(X509_get_pubkey(chain[i + 1].get()));
        if (!issuer || X509_verify(chain[i].get(), issuer.get()) != 1) {
            ERR_clear_error();
            return fail(ErrorKind::invalid, "the chain of certificates does not fit together");
        }
    }
    return chain;
}

Status check_leaf(X509* leaf, const std::string& host, EVP_PKEY* key) {
    if (X509_check_private_key(leaf, key) != 1) {
        ERR_clear_error();
        return fail(ErrorKind::invalid, "the certificate is for another key");
    }
    if (!covers(leaf, host)) {
        return fail(ErrorKind::invalid, "the certificate is for another name");
    }
    const std::int64_t now = std::time(nullptr);
    if (not_after_of(leaf) <= now || not_before_of(leaf) > now + future_seconds_max) {
        return fail(ErrorKind::invalid, "the certificate is not valid at this time");
    }
    return {};
}

Result<std::string> read_answer(const std::string& folder, const std::string& name) {
    const Fd place(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!place) {
        return fail_errno(folder);
    }
    const auto file = open_regular(place.get(), name);
    if (!file) {
        return fail(file.error());
    }
    return read_all(file->get(), pem_bytes_max);
}

OrderEnd failed_order(std::string_view code, std::string detail) {
    OrderEnd end;
    end.code = code;
    end.detail = std::move(detail);
    return end;
}

/// The account with this authority, made at the first order. uacme says no to a second one: that is no failure, and what is wrong
/// otherwise shows at the order.
void ensure_account(const AcmePlace& place, const AcmeAccount& account, const std::string& configuration) {
    const std::string mark = configuration + ".registered";
    if (::access(mark.c_str(), F_OK) == 0) {
        return;
    }
    std::vector<std::string> arguments = {"-y", "new"};
    if (!account.contact.empty()) {
        arguments.push_back(account.contact);
    }
    const auto made = run_uacme(place, account, configuration, std::move(arguments));
    if (made && made->exit_code == 0) {
        (void)write_file_atomically(mark, account.url + "\n");
    }
}

struct OrderPlace {
    std::string configuration;  ///< uacme's account with this authority
    std::string work;           ///< the request, later the answer
};

/// Folders for one order, with the request in it.
Result<OrderPlace> lay_out(const AcmePlace& place, const std::string& url, const std::string& request) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(url.data(), url.size(), digest.data(), &size, EVP_sha256(), nullptr);
    const std::string folder = place.state + "/acme";
    OrderPlace made;
    made.configuration = folder + "/" + to_hex({digest.data(), 8});
    made.work = folder + "/work";
    // What an order that was cut left, and its uid filled: if it does not go, nothing of ours is written into it.
    std::error_code failed;
    std::filesystem::remove_all(made.work, failed);
    if (failed) {
        return fail(ErrorKind::io, made.work + ": " + failed.message(), failed);
    }
    for (const std::string& path : {made.configuration, made.work}) {
        if (auto done = make_folder(path, 0700); !done) {
            return fail(done.error());
        }
    }
    // Written while the folder is still ours.
    if (auto written = write_file_atomically(made.work + "/name.csr", request, 0644); !written) {
        return fail(written.error());
    }
    for (const std::string& path : {made.configuration, made.work}) {
        if (auto done = give_folder(place, path); !done) {
            return fail(done.error());
        }
    }
    return made;
}

} // namespace

std::int64_t not_before_of(const X509* certificate) { return seconds_of(X509_get0_notBefore(certificate)); }
std::int64_t not_after_of(const X509* certificate) { return seconds_of(X509_get0_notAfter(certificate)); }

std::string fingerprint_of(const X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    X509_digest(certificate, EVP_sha256(), digest.data(), &size);
    return to_hex({digest.data(), size});
}

bool covers(X509* certificate, const std::string& host) {
    return X509_check_host(certificate, host.data(), host.size(), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1;
}

OrderEnd take_answer(const std::string& work, const std::string& host, EVP_PKEY* key) {
    const auto text = read_answer(work, "name-cert.pem");
    const auto chain = text ? read_chain(*text) : Result<std::vector<Certificate>>(fail(text.error()));
    if (!chain) {
        return failed_order(acme_code::failed, chain.error().message);
    }
    X509* leaf = chain->front().get();
    if (auto good = check_leaf(leaf, host, key); !good) {
        return failed_order(acme_code::failed, good.error().message);
    }
    OrderEnd done;
    done.code = acme_code::fine;
    for (const Certificate& one : *chain) {
        done.pem += pem_of(one.get());
    }
    done.pem += pem_of(key);
    done.fingerprint = fingerprint_of(leaf);
    done.not_before = not_before_of(leaf);
    done.not_after = not_after_of(leaf);
    return done;
}

OrderEnd order_certificate(const AcmePlace& place, const AcmeAccount& account, const std::string& host, EVP_PKEY* key) {
    const CertificateRequest request = make_request(host, key);
    if (!request) {
        return failed_order(acme_code::failed, fail_tls("the request for a certificate").value().message);
    }
    const auto folders = lay_out(place, account.url, pem_of(request.get()));
    if (!folders) {
        return failed_order(acme_code::failed, folders.error().message);
    }
    ensure_account(place, account, folders->configuration);
    const std::string hook = account.dns_hook.empty() ? "/proc/self/fd/" + std::to_string(hook_file) : account.dns_hook;
    const auto end = run_uacme(place, account, folders->configuration, {"-h", hook, "issue", folders->work + "/name.csr"});
    if (!end) {
        return failed_order(end.error().kind == ErrorKind::unavailable ? acme_code::no_client : acme_code::authority_away, end.error().message);
    }
    if (end->exit_code != 0) {
        return failed_order(acme_code_of(end->output), acme_detail_of(end->output));
    }
    OrderEnd done = take_answer(folders->work, host, key);
    std::error_code ignored;
    std::filesystem::remove_all(folders->work, ignored);
    return done;
}

} // namespace hameau::provisioning
