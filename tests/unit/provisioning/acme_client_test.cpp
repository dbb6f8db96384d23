// What an ACME client of another uid may leave behind, and what root takes of it.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "provisioning/acme_client.hpp"

namespace hameau::provisioning {

namespace {

constexpr long day = 24 * 3600;

/// A certificate for the key, signed by `issuer_key`, valid from `from` to `to` (seconds from now).
Certificate certificate_for(EVP_PKEY* key, EVP_PKEY* issuer_key, const std::string& host, long from = -day, long to = 90 * day) {
    Certificate made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), from);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), to);
    X509_set_pubkey(made.get(), key);
    const std::string names = "DNS:" + host;
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(made.get(), extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(made.get(), issuer_key, EVP_sha256());
    return made;
}

class Answer : public testing::Test {
protected:
    Answer() { std::filesystem::create_directory(folder); }
    ~Answer() override { std::filesystem::remove_all(folder); }

    OrderEnd taken(const std::string& text) const {
        std::ofstream(file) << text;
        return take_answer(folder, "amis.test", key.get());
    }
    std::string good() const { return pem_of(certificate_for(key.get(), authority.get(), "amis.test").get()); }
    std::string above() const { return pem_of(certificate_for(authority.get(), authority.get(), "authority.test").get()); }

    std::string folder = (std::filesystem::temp_directory_path() / ("hameau-answer-" + new_id())).string();
    std::string file = folder + "/name-cert.pem";
    Key key = make_key();
    Key other = make_key();
    Key authority = make_key();
};

} // namespace

TEST_F(Answer, AGoodChainIsTakenWithOurKeyBehindIt) {
    const OrderEnd end = taken(good() + above());
    ASSERT_EQ(end.code, acme_code::fine) << end.detail;
    EXPECT_TRUE(end.pem.ends_with(pem_of(key.get())));
    EXPECT_GT(end.not_after, end.not_before);
}

TEST_F(Answer, WhatIsNotForThisKeyNameAndTimeIsRefused) {
    const auto detail = [&](const Certificate& leaf) { return taken(pem_of(leaf.get()) + above()).detail; };
    EXPECT_EQ(detail(certificate_for(other.get(), authority.get(), "amis.test")), "the certificate is for another key");
    EXPECT_EQ(detail(certificate_for(key.get(), authority.get(), "banque.test")), "the certificate is for another name");
    EXPECT_EQ(detail(certificate_for(key.get(), authority.get(), "amis.test", -2 * day, -day)), "the certificate is not valid at this time");
    EXPECT_EQ(detail(certificate_for(key.get(), authority.get(), "amis.test", 5 * day, 6 * day)), "the certificate is not valid at this time");
}

TEST_F(Answer, ATornOrForeignChainIsRefused) {
    EXPECT_EQ(taken("").detail, "there is no certificate in the answer");
    EXPECT_EQ(taken(good().substr(0, 200)).detail, "there is no certificate in the answer");
    EXPECT_EQ(taken(good() + above().substr(0, 200)).detail, "the chain of certificates is cut");
    EXPECT_EQ(taken(good() + above().substr(0, above().size() - 10)).detail, "the chain of certificates is cut");
    EXPECT_EQ(taken(good() + pem_of(certificate_for(other.get(), other.get(), "other.test").get())).detail,
              "the chain of certificates does not fit together");
    std::string long_chain = good();
    for (int i = 0; i < 9; ++i) {
        long_chain += above();
    }
    EXPECT_EQ(taken(long_chain).detail, "the chain of certificates is too long");
    // A key in the answer is nobody's business: ours is the one that is put behind the chain.
    const OrderEnd with_key = taken(good() + above() + pem_of(other.get()));
    EXPECT_EQ(with_key.code, acme_code::fine);
    EXPECT_EQ(with_key.pem.find(pem_of(other.get())), std::string::npos);
}

TEST_F(Answer, OnlyAPlainFileIsRead) {
    const std::string secret = folder + "/secret";
    std::ofstream(secret) << good() + above();
    std::filesystem::create_symlink(secret, file);
    EXPECT_NE(take_answer(folder, "amis.test", key.get()).code, acme_code::fine) << "a link";
    std::filesystem::remove(file);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_NE(take_answer(folder, "amis.test", key.get()).code, acme_code::fine) << "a FIFO must not be waited for";
    std::filesystem::remove(file);
    EXPECT_NE(taken(std::string(pem_bytes_max + 1, ' ') + good() + above()).code, acme_code::fine) << "more than is ever read";
    EXPECT_NE(take_answer(folder + "/nothing", "amis.test", key.get()).code, acme_code::fine);
}

} // namespace hameau::provisioning
