// DKIM: the example of RFC 8463, canonical forms of RFC 6376 §3.4.5, what breaks a signature, and our own signatures.
#include <fstream>
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <sstream>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/dkim.hpp"
#include "tests/unit/mail_auth/message.hpp"
#include "tests/unit/mail_auth/zone.hpp"

namespace hameau::mailauth {
namespace {

constexpr long rfc_time = 1528637909;

std::string read_file(const std::string& name) {
    std::ifstream in(std::string(HAMEAU_SOURCE_DIR "/tests/unit/mail_auth/data/") + name, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

/// The records of RFC 8463 Appendix A.
Zone rfc_zone() {
    Zone zone;
    zone.add("brisbane._domainkey.football.example.com", RecordType::txt, "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    zone.add("test._domainkey.football.example.com", RecordType::txt,
             "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/"
             "byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB");
    return zone;
}

/// The verdict on each DKIM-Signature, from the top.
std::vector<DkimVerdict> judge(const Message& message, Zone& zone, VerifyTime now = rfc_time) {
    std::vector<DkimVerdict> out;
    for (const Field& field : message.fields) {
        if (field.key != "dkim-signature") {
            continue;
        }
        const auto signature = parse_signature(field.value, SignatureKind::dkim);
        if (!signature) {
            out.push_back({DkimResult::permerror, signature.error().message, "", "", "", ""});
            continue;
        }
        BodyHash hash(signature->body_form, signature->length);
        hash.add(message.body);
        out.push_back(verify_signature(*signature, field, message.fields, hash, zone, now).value());
    }
    return out;
}

DkimResult first(const std::string& text, Zone zone = rfc_zone()) { return judge(read_message(text), zone).at(0).result; }

std::string changed(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string body_hash(Form form, std::string_view body) {
    BodyHash hash(form, std::nullopt);
    for (const char c : body) {
        hash.add(std::string_view(&c, 1));
    }
    return base64(std::string_view(hash.finish()));
}

TEST(Dkim, ExampleOfRfc8463HasTwoGoodSignatures) {
    Zone zone = rfc_zone();
    const auto verdicts = judge(read_message(read_file("rfc8463.eml")), zone);
    ASSERT_EQ(verdicts.size(), 2U);
    EXPECT_EQ(verdicts[0].result, DkimResult::pass) << verdicts[0].reason;
    EXPECT_EQ(verdicts[1].result, DkimResult::pass) << verdicts[1].reason;
    EXPECT_EQ(verdicts[0].beginning, "/gCrinpc");
}

TEST(Dkim, AnyChangeOfWhatIsSignedBreaksIt) {
    const std::string good = read_file("rfc8463.eml");
    EXPECT_EQ(first(changed(good, "hungry", "Hungry")), DkimResult::fail);
    EXPECT_EQ(first(changed(good, "Is dinner", "Was dinner")), DkimResult::fail);
    EXPECT_EQ(first(changed(good, "Subject: Is", "Subject: x\nSubject: Is")), DkimResult::fail) << "oversigned";
    EXPECT_EQ(first(changed(good, "\nHi.", "\nHi.  ")), DkimResult::pass) << "relaxed: white space at the end of a line";
    EXPECT_EQ(first(changed(good, "Subject: Is", "SUBJECT:   Is")), DkimResult::pass) << "relaxed";
    EXPECT_EQ(first(changed(good, "From: Joe", "X-Other: 1\nFrom: Joe")), DkimResult::pass) << "not signed";
}

TEST(Dkim, WhatTheKeyRecordSays) {
    const std::string good = read_file("rfc8463.eml");
    const auto with = [&](const std::string& record) {
        Zone zone;
        zone.add("brisbane._domainkey.football.example.com", RecordType::txt, record);
        return judge(read_message(good), zone).at(0);
    };
    const std::string p = "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    EXPECT_EQ(with("k=ed25519; " + p).result, DkimResult::pass);
    EXPECT_EQ(with("k=ed25519; t=s; " + p).result, DkimResult::pass);
    EXPECT_EQ(with("k=ed25519; p=").reason, "the key was revoked");
    EXPECT_EQ(with("k=ed25519; h=sha1; " + p).result, DkimResult::permerror);
    EXPECT_EQ(with("k=ed25519; s=tls; " + p).result, DkimResult::permerror);
    EXPECT_EQ(with("k=ed25519; p=AAAA").result, DkimResult::permerror);
    EXPECT_EQ(with("k=ed25519; v=DKIM1; " + p).result, DkimResult::permerror) << "v= must be the first";
    EXPECT_EQ(with("k=ed25519; p=7qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURoo=").result, DkimResult::fail);
    Zone down;
    down.fail_rest("brisbane._domainkey.football.example.com");
    EXPECT_EQ(first(good, down), DkimResult::temperror);
    EXPECT_EQ(first(good, Zone()), DkimResult::permerror);
}

TEST(Dkim, SignaturesThatAreNotTaken) {
    const std::string good = read_file("rfc8463.eml");
    EXPECT_EQ(first(changed(good, "v=1;", "v=2;")), DkimResult::permerror);
    EXPECT_EQ(first(changed(good, "a=ed25519-sha256", "a=rsa-sha1")), DkimResult::permerror);
    EXPECT_EQ(first(changed(good, "i=@football", "i=@baseball")), DkimResult::permerror);
    EXPECT_EQ(first(changed(good, "q=dns/txt", "q=http")), DkimResult::permerror);
    EXPECT_EQ(first(changed(good, "h=from : to", "h=to")), DkimResult::fail) << "From is signed once more below: but the data is another";
    EXPECT_EQ(first(changed(good, "t=1528637909", "t=1528637909; t=1")), DkimResult::permerror) << "twice";
    EXPECT_EQ(first(changed(good, "t=1528637909", "t=1528637909; x=1528637910")), DkimResult::fail);
    EXPECT_EQ(first(changed(good, "s=brisbane", "s=..")), DkimResult::permerror);
    Zone zone = rfc_zone();
    EXPECT_EQ(judge(read_message(good), zone, 1).at(0).result, DkimResult::pass) << "a clock that was never set: t= lies far ahead";
    const Message ended = read_message(changed(good, "t=1528637909", "t=1528637909; x=1528637910"));
    EXPECT_EQ(judge(ended, zone, {rfc_time + 10, true}).at(0).result, DkimResult::fail);
    EXPECT_EQ(judge(ended, zone, {rfc_time + 10, false}).at(0).result, DkimResult::temperror) << "a clock that nobody set may be ahead";
}

TEST(Dkim, AKeyThatIsSlowToUseIsNotTaken) {
    // OpenSSL takes exponents as long as the modulus. Verifying costs their length; 65537 is what everybody has.
    for (const auto& [exponent, taken] : {std::pair("10001", true), std::pair("FFFFFFFB", true), std::pair("10000000000000000000000000F", false)}) {
        BIGNUM* number = nullptr;
        ASSERT_GT(BN_hex2bn(&number, exponent), 0);
        EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nullptr);
        EVP_PKEY* made = nullptr;
        ASSERT_EQ(EVP_PKEY_keygen_init(context), 1);
        ASSERT_EQ(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 1024), 1);
        ASSERT_EQ(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, number), 1);
        ASSERT_EQ(EVP_PKEY_keygen(context, &made), 1) << exponent;
        SigningKey key;
        key.key.reset(made);
        EXPECT_EQ(parse_key_record("p=" + public_text(key)).has_value(), taken) << exponent;
        EVP_PKEY_CTX_free(context);
        BN_free(number);
    }
}

TEST(Dkim, BodiesOfRfc6376) {
    // §3.4.3 and §3.4.4 give the hashes of the empty body.
    EXPECT_EQ(body_hash(Form::simple, ""), "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
    EXPECT_EQ(body_hash(Form::relaxed, ""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    EXPECT_EQ(body_hash(Form::simple, "\r\n\r\n"), body_hash(Form::simple, ""));
    EXPECT_EQ(body_hash(Form::relaxed, " \t\r\n\r\n"), body_hash(Form::relaxed, ""));
    // §3.4.5
    EXPECT_EQ(body_hash(Form::relaxed, " C \r\nD \t E\r\n\r\n\r\n"), base64(sha256(" C\r\nD E\r\n")));
    EXPECT_EQ(body_hash(Form::simple, " C \r\nD \t E\r\n\r\n\r\n"), base64(sha256(" C \r\nD \t E\r\n")));
    EXPECT_EQ(body_hash(Form::relaxed, "no line end"), base64(sha256("no line end\r\n")));
    EXPECT_EQ(body_hash(Form::relaxed, "a\rb \r\n"), base64(sha256("a\rb\r\n")));
    EXPECT_EQ(canonical_field(make_field("A", " X"), Form::relaxed), "a:X");
    EXPECT_EQ(canonical_field(make_field("B ", " Y\t\n\tZ  "), Form::relaxed), "b:Y Z");
    EXPECT_EQ(canonical_field(make_field("B ", " Y\t\n\tZ  "), Form::simple), "B : Y\t\r\n\tZ  ");
}

TEST(Dkim, AppendedTextIsNotSignedText) {
    Zone zone;
    auto pem = make_rsa_key(2048);
    ASSERT_TRUE(pem);
    auto key = parse_private_key(*pem);
    ASSERT_TRUE(key);
    zone.add("a._domainkey.amis.test", RecordType::txt, "p=" + public_text(*key));
    Message message = read_message("From: marie@amis.test\nSubject: x\n\nBonjour\n");
    // A signature with l=9, made by hand.
    std::string value = " v=1; a=rsa-sha256; c=relaxed/relaxed; d=amis.test; s=a; l=9; h=from; bh=" + base64(sha256("Bonjour\r\n")) + "; b=";
    const std::string data = signed_fields(message.fields, {"from"}, Form::relaxed) + canonical_field(make_field("DKIM-Signature", value), Form::relaxed);
    message.fields.insert(message.fields.begin(), make_field("DKIM-Signature", value + base64(std::string_view(*sign(*key, data)))));
    EXPECT_EQ(judge(message, zone).at(0).result, DkimResult::pass);
    message.body += "Pay here\r\n";
    EXPECT_EQ(judge(message, zone).at(0).result, DkimResult::policy);
    message.body = "Bon";
    EXPECT_EQ(judge(message, zone).at(0).result, DkimResult::fail);
}

TEST(Dkim, OurOwnSignatureVerifiesAndHoldsWhatIsAdded) {
    Zone zone;
    auto pem = make_rsa_key(2048);
    ASSERT_TRUE(pem);
    auto key = parse_private_key(*pem);
    ASSERT_TRUE(key);
    zone.add("h1._domainkey.amis.test", RecordType::txt, "v=DKIM1; p=" + public_text(*key));
    Message message = read_message("From: Marie <marie@amis.test>\nTo: yann@nous.test\nSubject: =?utf-8?q?=C3=A9t=C3=A9?=\n\nBonjour\n\n\n");
    BodyHash hash(Form::relaxed, std::nullopt);
    hash.add(message.body);
    const auto value = make_signature({"amis.test", "h1", &*key}, message.fields, hash.finish(), rfc_time);
    ASSERT_TRUE(value);
    for (const std::string_view line : split(*value, '\n')) {
        EXPECT_LE(line.size(), 79U);
    }
    message.fields.insert(message.fields.begin(), make_field("DKIM-Signature", *value));
    EXPECT_EQ(judge(message, zone).at(0).result, DkimResult::pass) << judge(message, zone).at(0).reason;
    for (const char* name : {"From", "Subject", "To", "Cc", "Reply-To", "Content-Type"}) {
        Message more = message;
        more.fields.push_back(make_field(name, " x"));
        EXPECT_EQ(judge(more, zone).at(0).result, DkimResult::fail) << name;
        Message above = message;
        above.fields.insert(above.fields.begin(), make_field(name, " x"));
        EXPECT_EQ(judge(above, zone).at(0).result, DkimResult::fail) << name;
    }
}

} // namespace
} // namespace hameau::mailauth
