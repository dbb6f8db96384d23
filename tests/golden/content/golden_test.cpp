// Golden: declared content -> every error with its place, or the resources in the order in which apply makes them.
// cases/NAME.yaml -> cases/NAME.expected. HAMEAU_UPDATE_GOLDEN=1 writes the expected files again.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "daemon/cli/content.hpp"

namespace hameau::cli {
namespace {

const std::filesystem::path folder = std::filesystem::path(HAMEAU_SOURCE_DIR) / "tests/golden/content/cases";

std::string read(const std::filesystem::path& path) { return read_file(path, 1 << 22).value_or(""); }

std::string outcome(const std::filesystem::path& path) {
    Diagnostics diagnostics(path.filename().string());
    const YamlNode root = parse_yaml(read(path), diagnostics);
    std::vector<Resource> resources;
    if (diagnostics.empty()) {
        resources = read_content(root, "/content", diagnostics);
    }
    if (!diagnostics.empty()) {
        return diagnostics.text();
    }
    std::string out;
    for (const Resource& resource : resources) {
        out += resource.name() + " " + boost::json::serialize(resource.form) + (resource.password.empty() ? "" : " password") +
               (resource.invite ? " invite" : "") + (resource.source.empty() ? "" : " " + resource.source) + "\n";
    }
    return out;
}

class Content : public testing::TestWithParam<std::string> {};

TEST_P(Content, SaysWhatIsExpected) {
    const std::string got = outcome(folder / (GetParam() + ".yaml"));
    const std::filesystem::path expected = folder / (GetParam() + ".expected");
    if (std::getenv("HAMEAU_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(expected) << got;
    }
    EXPECT_EQ(got, read(expected));
}

std::vector<std::string> cases() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".yaml") {
            names.push_back(entry.path().stem().string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

INSTANTIATE_TEST_SUITE_P(Apply, Content, testing::ValuesIn(cases()), [](const auto& info) {
    std::string name = info.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

TEST(Content, NoSecretInTheDeclaredForm) {
    Diagnostics diagnostics("x");
    const YamlNode root = parse_yaml("version: 1\nassociations:\n  - slug: a\n    members: [{login: b, password: very-secret}]\n", diagnostics);
    const auto resources = read_content(root, "/", diagnostics);
    ASSERT_EQ(resources.size(), 2U) << diagnostics.text();
    EXPECT_EQ(boost::json::serialize(resources[1].form).find("very-secret"), std::string::npos);
    EXPECT_EQ(resources[1].password, "very-secret");
}

} // namespace
} // namespace hameau::cli
