// Golden: a configuration -> every error with its place, or the settings that differ from the defaults.
// cases/NAME.yaml (first line may be "# --trial --set a.b=c") -> cases/NAME.expected.
// With HAMEAU_UPDATE_GOLDEN=1 the expected files are written again: read the difference before committing it.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "daemon/base/io.hpp"
#include "daemon/settings/configuration.hpp"
#include "daemon/settings/schema.hpp"
#include "daemon/settings/values.hpp"

namespace hameau {
namespace {

const std::filesystem::path folder = std::filesystem::path(HAMEAU_SOURCE_DIR) / "tests/golden/settings/cases";

std::string read(const std::filesystem::path& path) { return read_file(path, 1 << 22).value_or(""); }

ConfigurationInput input_of(const std::filesystem::path& path) {
    ConfigurationInput input;
    input.name = path.filename().string();
    input.text = read(path);
    std::istringstream words(input.text.substr(0, input.text.find('\n')));
    std::string word;
    while (words >> word) {
        if (word == "--trial") {
            input.trial = true;
        } else if (word == "--set" && words >> word) {
            input.overrides.push_back(word);
        } else if (word == "--module" && words >> word) {
            input.manifests.emplace_back(word, read(folder / word));
        }
    }
    return input;
}

std::string outcome(const ConfigurationInput& input) {
    const Configuration found = read_configuration(input);
    if (!found.errors.empty()) {
        return found.errors;
    }
    const Configuration plain = read_configuration({"plain", "{}", {}, true, {}});
    std::string out;
    for (const auto& [key, value] : found.settings.all()) {
        if (!plain.settings.has(key) || plain.settings.text(key) != value) {
            out.append(key).append("\t").append(value).append("\n");
        }
    }
    return out;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, SaysWhatIsExpected) {
    const std::filesystem::path path = folder / (GetParam() + ".yaml");
    const std::string got = outcome(input_of(path));
    const std::filesystem::path expected = folder / (GetParam() + ".expected");
    if (std::getenv("HAMEAU_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(expected) << got;
    }
    EXPECT_EQ(got, read(expected));
}

std::vector<std::string> cases() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".yaml" && std::filesystem::exists(folder / (entry.path().stem().string() + ".expected"))) {
            names.push_back(entry.path().stem().string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

INSTANTIATE_TEST_SUITE_P(Settings, Golden, testing::ValuesIn(cases()), [](const auto& info) {
    std::string name = info.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

TEST(Sample, IsUpToDateAndValid) {
    const std::filesystem::path sample = std::filesystem::path(HAMEAU_SOURCE_DIR) / "config/hameau.yaml";
    EXPECT_EQ(read(sample), sample_file()) << "run: build/release/hameau-check --sample > config/hameau.yaml";
    EXPECT_EQ(read(std::filesystem::path(HAMEAU_SOURCE_DIR) / "config/settings.md"), reference_page())
        << "run: build/release/hameau-check --reference > config/settings.md";
    EXPECT_EQ(read_configuration({"sample", sample_file(), {}, true, {}}).errors, "");
}

TEST(Sample, EveryLineIsValidWithoutItsMark) {
    std::string text;
    std::istringstream lines(sample_file());
    for (std::string line; std::getline(lines, line);) {
        const std::size_t mark = line.find('#');
        const bool key = mark != std::string::npos && mark + 1 < line.size() && line[mark + 1] != ' ' && line[mark + 1] != '\n';
        text += (key ? line.erase(mark, 1) : line) + "\n";
    }
    const Configuration all = read_configuration({"sample", text, {"house.host=maison.test"}, false, {}});
    EXPECT_EQ(all.errors, "");
    const Configuration plain = read_configuration({"plain", "{}", {"house.host=maison.test"}, false, {}});
    EXPECT_EQ(all.settings.to_flat(), plain.settings.to_flat());
}

TEST(Values, Canonical) {
    EXPECT_EQ(parse_size("5 GiB").value_or(0), 5ULL << 30U);
    EXPECT_EQ(parse_size("1GB").value_or(0), 1'000'000'000ULL);
    EXPECT_FALSE(parse_size("5 gigs"));
    EXPECT_FALSE(parse_size("99999999 TiB"));
    EXPECT_EQ(parse_duration("2 min").value_or(-1), 120000);
    EXPECT_EQ(parse_duration("0").value_or(-1), 0);
    EXPECT_FALSE(parse_duration("15"));
    EXPECT_FALSE(parse_duration("-1 s"));
    EXPECT_EQ(parse_network("10.1.2.3/8").value_or(""), "10.0.0.0/8");
    EXPECT_EQ(parse_network("2001:DB8::1").value_or(""), "2001:db8::1/128");
    EXPECT_FALSE(parse_network("10.0.0.0/33"));
    EXPECT_EQ(parse_host_name("Maison.Example.ORG").value_or(""), "maison.example.org");
    EXPECT_FALSE(parse_host_name("-a.b"));
    EXPECT_FALSE(parse_host_name("a..b"));
    EXPECT_EQ(format_size(5ULL << 30U), "5 GiB");
    EXPECT_EQ(format_size(1001), "1001");
}

} // namespace
} // namespace hameau
