// The test suite of RFC 7208 (openspf, 2014.04): every case, with every answer at once and with every answer late.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "modules/mail/auth/spf.hpp"
#include "tests/unit/mail_auth/vectors.hpp"
#include "tests/unit/mail_auth/zone.hpp"

namespace hameau::mailauth {
namespace {

constexpr std::string_view receiver = "unknown";

std::vector<std::string> texts_of(const YAML::Node& node) {
    if (!node.IsSequence()) {
        return {node.as<std::string>()};
    }
    std::vector<std::string> parts;
    for (const YAML::Node& part : node) {
        parts.push_back(part.as<std::string>());
    }
    return parts;
}

std::string joined(const YAML::Node& node) {
    std::string out;
    for (const std::string& part : texts_of(node)) {
        out += part;
    }
    return out;
}

/// yaml-cpp writes "\x80" as the UTF-8 of U+0080; the suite means the octet.
std::string octets(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if ((c == 0xc2 || c == 0xc3) && i + 1 < text.size()) {
            out += static_cast<char>(((c & 3) << 6) | (static_cast<unsigned char>(text[++i]) & 0x3f));
        } else {
            out += text[i];
        }
    }
    return out;
}

/// An SPF record counts as TXT as well where the name has no TXT of its own ("TXT: NONE" means: really none).
Zone read_zone(const YAML::Node& data) {
    Zone zone;
    for (const auto& entry : data) {
        const auto name = entry.first.as<std::string>();
        bool own_text = false;
        for (const YAML::Node& record : entry.second) {
            own_text = own_text || (record.IsMap() && record["TXT"]);
        }
        for (const YAML::Node& record : entry.second) {
            if (!record.IsMap()) {
                zone.fail_rest(name);
                continue;
            }
            const auto type = record.begin()->first.as<std::string>();
            const YAML::Node value = record.begin()->second;
            if (type == "A" || type == "AAAA") {
                zone.add(name, type == "A" ? RecordType::a : RecordType::aaaa, value.as<std::string>());
            } else if (type == "MX") {
                zone.add(name, RecordType::mx, value[1].as<std::string>());
            } else if (type == "CNAME") {
                zone.add_alias(name, value.as<std::string>());
            } else if (type == "PTR") {
                zone.add(name, RecordType::ptr, value.as<std::string>());
            } else if ((type == "TXT" && joined(value) != "NONE") || (type == "SPF" && !own_text)) {
                if (value.IsScalar() && value.as<std::string>() == "TIMEOUT") {
                    zone.fail_rest(name);
                } else {
                    zone.add(name, RecordType::txt, octets(joined(value)));
                }
            }
        }
    }
    return zone;
}

SpfVerdict judge(const YAML::Node& test, Zone zone, bool late) {
    if (late) {
        zone.answer_late();
    }
    SpfQuestion question;
    question.address = read_address(test["host"].as<std::string>()).value();
    question.helo = test["helo"].as<std::string>();
    question.sender = test["mailfrom"].as<std::string>();
    question.receiver = receiver;
    question.explain = true;
    for (int round = 0; round < 200; ++round) {
        if (auto verdict = check_spf(question, zone)) {
            return *verdict;
        }
    }
    ADD_FAILURE() << "no verdict after 200 rounds";
    return {};
}

TEST(SpfSuite, EveryCase) {
    const std::string file = suite_file("spf/rfc7208-tests.yml");
    if (file.empty()) {
        GTEST_SKIP() << "the suite is not beside this checkout";
    }
    int cases = 0;
    int held = 0;
    for (const YAML::Node& document : YAML::LoadAllFromFile(file)) {
        const Zone zone = read_zone(document["zonedata"]);
        for (const auto& entry : document["tests"]) {
            const YAML::Node test = entry.second;
            const auto wanted = texts_of(test["result"]);
            bool good = true;
            for (const bool late : {false, true}) {
                const SpfVerdict verdict = judge(test, zone, late);
                good = good && std::find(wanted.begin(), wanted.end(), word_of(verdict.result)) != wanted.end();
                const std::string explained = test["explanation"] ? test["explanation"].as<std::string>() : "DEFAULT";
                good = good && (explained == "DEFAULT" ? verdict.explanation.empty() : verdict.explanation == explained);
                EXPECT_TRUE(good) << entry.first << (late ? " (late)" : "") << ": " << word_of(verdict.result) << " \"" << verdict.explanation
                                  << "\", wanted " << wanted.front() << " \"" << explained << "\"";
            }
            ++cases;
            held += good ? 1 : 0;
        }
    }
    EXPECT_EQ(held, 203);
    EXPECT_EQ(cases, 203);
}

} // namespace
} // namespace hameau::mailauth
