// The configurations of the engines, whole and exact: cases/HOUSE/{postfix,dovecot-2.3,dovecot-2.4}/FILE.
// After a wanted change: HAMEAU_GOLDEN_UPDATE=1 build/release/tests/engines_golden_test, then read the difference.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

#include "provisioning/mail_model.hpp"

namespace hameau::provisioning {
namespace {

namespace fs = std::filesystem;

const fs::path cases = fs::path(HAMEAU_SOURCE_DIR) / "tests/golden/engines/cases";

MailModel trial() {
    MailModel model;
    model.state = "/srv/essai";
    model.binaries = "/opt/hameau";
    model.host = "localhost";
    model.trial = model.root = true;
    model.smtp_port = 2525;
    model.submission_port = 2587;
    model.submissions_port = 2465;
    model.imap_port = 2143;
    model.imaps_port = 2993;
    model.sieve_port = 2190;
    model.message_bytes_max = 25 << 20;
    model.disk_floor_bytes = 512 << 20;
    model.exempt_networks = {"127.0.0.0/8", "::1/128"};
    return model;
}

MailModel production() {
    MailModel model;
    model.state = "/var/lib/hameau";
    model.binaries = "/usr/libexec/hameau";
    model.host = "mail.amis.bzh";
    model.root = true;
    model.message_bytes_max = 25 << 20;
    model.disk_floor_bytes = 512 << 20;
    return model;
}

MailModel smarthost() {
    MailModel model = production();
    model.ipv6 = false;
    model.smarthost = *parse_smarthost("smtp.provider.example:587");
    model.smarthost_tls = Tls::verified;
    model.spam_filter = false;
    return model;
}

MailModel rootless() {
    MailModel model = trial();
    model.root = false;
    model.users = {"marie", "marie", "marie", "users", "marie", "1000", "1000"};
    return model;
}

std::string read(const fs::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void compare(const std::string& folder, const std::vector<EngineFile>& files) {
    const bool update = std::getenv("HAMEAU_GOLDEN_UPDATE") != nullptr;
    std::set<std::string> known;
    for (const EngineFile& file : files) {
        const fs::path path = cases / folder / file.name;
        known.insert(path.string());
        if (update) {
            fs::create_directories(path.parent_path());
            std::ofstream(path) << file.content;
        }
        EXPECT_EQ(file.content, read(path)) << path;
    }
    for (const auto& entry : fs::recursive_directory_iterator(cases / folder)) {
        EXPECT_TRUE(entry.is_directory() || known.contains(entry.path().string())) << entry.path() << " is not written any more";
    }
}

class Houses : public testing::TestWithParam<std::pair<const char*, MailModel>> {};

TEST_P(Houses, Postfix) {
    const auto& [name, model] = GetParam();
    if (model.root) {
        compare(std::string(name) + "/postfix", postfix_files(model));
    }
}

TEST_P(Houses, Dovecot) {
    const auto& [name, model] = GetParam();
    compare(std::string(name) + "/dovecot-2.3", dovecot_files(model, DovecotLanguage::v2_3));
    compare(std::string(name) + "/dovecot-2.4", dovecot_files(model, DovecotLanguage::v2_4));
}

INSTANTIATE_TEST_SUITE_P(All, Houses,
                         testing::Values(std::pair{"trial", trial()}, std::pair{"production", production()},
                                         std::pair{"smarthost", smarthost()}, std::pair{"rootless", rootless()}),
                         [](const auto& info) { return std::string(info.param.first); });

TEST(Promises, OfATrial) {
    for (const EngineFile& file : postfix_files(trial())) {
        if (file.name == "main.cf") {
            EXPECT_NE(file.content.find("\ninet_interfaces = loopback-only\n"), std::string::npos);
            EXPECT_NE(file.content.find("\ndefer_transports = smtp\n"), std::string::npos);
        }
        if (file.name == "master.cf") {
            EXPECT_EQ(file.content.find("\nsmtp unix"), std::string::npos) << "nothing that could leave";
        }
    }
}

TEST(Smarthost, IsReadOrRefused) {
    EXPECT_EQ(*parse_smarthost("Smtp.Provider.Example:587"), "[smtp.provider.example]:587");
    EXPECT_EQ(*parse_smarthost("127.0.0.1:25"), "[127.0.0.1]:25");
    EXPECT_EQ(*parse_smarthost("[::1]:25"), "[ipv6:::1]:25");
    for (const char* text : {"smtp.provider.example", "a:0", "a:70000", "a:25x", ":25", "a b:25", "[x]:25", "a,b:25", "a\n:25"}) {
        EXPECT_FALSE(parse_smarthost(text)) << text;
    }
}

TEST(Language, IsChosenByTheVersion) {
    EXPECT_EQ(*dovecot_language("2.3.19.1 (9b53102964)\n"), DovecotLanguage::v2_3);
    EXPECT_EQ(*dovecot_language("2.4.1-4 (7d8c0e5759)\n"), DovecotLanguage::v2_4);
    EXPECT_FALSE(dovecot_language("2.2.36\n"));
    EXPECT_FALSE(dovecot_language("3.0.0\n"));
}

TEST(Templates, LeaveOtherBraces) {
    EXPECT_EQ(fill_template("a {b} { c } {d", {{"b", "{e}"}}), "a {e} { c } {d");
}

} // namespace
} // namespace hameau::provisioning
