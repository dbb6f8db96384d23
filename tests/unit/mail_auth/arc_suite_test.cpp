// ValiMail's ARC test suite: chains to be judged, and chains to be made.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/arc.hpp"
#include "modules/mail/auth/tags.hpp"
#include "tests/unit/mail_auth/message.hpp"
#include "tests/unit/mail_auth/vectors.hpp"
#include "tests/unit/mail_auth/zone.hpp"

namespace hameau::mailauth {
namespace {

Zone read_zone(const YAML::Node& data) {
    Zone zone;
    for (const auto& entry : data) {
        // The suite folds long records; a file of a name server would join them.
        std::string text = entry.second.as<std::string>();
        std::erase(text, '\n');
        zone.add(entry.first.as<std::string>(), RecordType::txt, text);
    }
    return zone;
}

ArcVerdict judge(const Message& message, Zone zone, bool late = false) {
    if (late) {
        zone.answer_late();
    }
    BodyHashes hashes;
    want_arc_hash(message.fields, hashes);
    hashes.add(message.body);
    for (int round = 0; round < 10; ++round) {
        if (auto verdict = check_arc(message.fields, hashes, zone)) {
            return *verdict;
        }
    }
    ADD_FAILURE() << "no verdict";
    return {};
}

TEST(ArcSuite, Chains) {
    const std::string file = suite_file("arc/arc-draft-validation-tests.yml");
    if (file.empty()) {
        GTEST_SKIP() << "the suite is not beside this checkout";
    }
    std::vector<std::string> other;
    int cases = 0;
    for (const YAML::Node& document : YAML::LoadAllFromFile(file)) {
        const Zone zone = read_zone(document["txt-records"]);
        for (const auto& entry : document["tests"]) {
            const YAML::Node test = entry.second;
            const Message message = read_message(test["message"].as<std::string>());
            const ArcVerdict verdict = judge(message, zone);
            EXPECT_EQ(verdict.result, judge(message, zone, true).result) << entry.first;
            const std::string wanted = ascii_lower(test["cv"].as<std::string>());
            ++cases;
            if (!wanted.empty() && wanted != word_of(verdict.result)) {
                other.push_back(entry.first.as<std::string>() + " wants " + wanted);
            }
        }
    }
    // 171 names, four of which stand twice with another content.
    EXPECT_EQ(cases, 175);
    // Where this house is stricter than the suite:
    const std::vector<std::string> stricter = {
        "ams_fields_c_na wants pass",       // without c= the suite takes relaxed; RFC 8617 §4.1.2 takes DKIM's tags, whose default is simple
        "ams_fields_h_empty wants pass",    // RFC 6376 §5.4: From must be signed
        "ams_fields_h_mis_hdr wants pass",  // "to::date" names a field without a name (RFC 6376 §3.5)
    };
    EXPECT_EQ(other, stricter);
}

TEST(ArcSuite, SealsThatWeMakeVerifyAndSayTheSame) {
    const std::string file = suite_file("arc/arc-draft-sign-tests.yml");
    if (file.empty()) {
        GTEST_SKIP() << "the suite is not beside this checkout";
    }
    for (const YAML::Node& document : YAML::LoadAllFromFile(file)) {
        const Zone zone = read_zone(document["txt-records"]);
        const auto key = parse_private_key(document["privatekey"].as<std::string>());
        ASSERT_TRUE(key);
        const Signer signer{document["domain"].as<std::string>(), document["sel"].as<std::string>(), &*key};
        for (const auto& entry : document["tests"]) {
            const YAML::Node test = entry.second;
            Message message = read_message(test["message"].as<std::string>());
            const ArcVerdict before = judge(message, zone);
            BodyHash hash(Form::relaxed, std::nullopt);
            hash.add(message.body);
            const auto made = make_seal(signer, message.fields, before, test["srv-id"].as<std::string>(), "spf=none",
                                        colon_list(test["sig-headers"].as<std::string>()), hash.finish(), std::stol(test["t"].as<std::string>()));
            const std::string seal_wanted = test["AS"].as<std::string>();
            if (seal_wanted.find("b=") == std::string::npos) {
                EXPECT_FALSE(made) << entry.first;
                continue;
            }
            ASSERT_TRUE(made) << entry.first;
            for (const auto& [mine, wanted] : {std::pair(made->message_signature, test["AMS"].as<std::string>()), std::pair(made->seal, seal_wanted)}) {
                const auto tags = parse_tags(mine);
                const auto wanted_tags = parse_tags(wanted);
                ASSERT_TRUE(tags && wanted_tags) << entry.first;
                for (const auto& [name, value] : wanted_tags->tags()) {
                    if (name != "b") {
                        EXPECT_EQ(ascii_lower(without_space(tags->text(name))), ascii_lower(without_space(value))) << entry.first << " " << name;
                    }
                }
            }
            if (before.result != ArcResult::fail) {
                message.fields.insert(message.fields.begin(), {make_field("ARC-Seal", made->seal), make_field("ARC-Message-Signature", made->message_signature),
                                                               make_field("ARC-Authentication-Results", made->results)});
                EXPECT_EQ(judge(message, zone).result, ArcResult::pass) << entry.first;
            }
        }
    }
}

} // namespace
} // namespace hameau::mailauth
