// config/openapi.yaml against the manifests: no route without a description, no description without a route.
#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "daemon/base/io.hpp"
#include "daemon/modules.hpp"
#include "daemon/settings/yaml.hpp"

namespace hameau {
namespace {

/// Parameter names are free: "/a/{slug}/b" and "/a/{x}/b" are one path.
std::string shape(std::string_view path) {
    std::string out;
    bool inside = false;
    for (const char c : path) {
        if (c == '{') {
            out += "{}";
        }
        inside = c == '{' || (inside && c != '}');
        if (!inside && c != '}') {
            out.push_back(c);
        }
    }
    return out;
}

TEST(OpenApi, DescribesEveryRouteAndNoOther) {
    Diagnostics diagnostics("openapi.yaml");
    const auto text = read_file(std::string(HAMEAU_SOURCE_DIR) + "/config/openapi.yaml", yaml_bytes_max);
    ASSERT_TRUE(text);
    const YamlNode root = parse_yaml(*text, diagnostics);
    ASSERT_TRUE(diagnostics.empty()) << diagnostics.text();
    const YamlNode* paths = root.find("paths");
    ASSERT_NE(paths, nullptr);
    std::set<std::string> described;
    for (const YamlEntry& entry : paths->entries) {
        described.insert(shape(entry.key));
    }
    std::set<std::string> routed;
    for (const Manifest* manifest : builtin_modules()) {
        for (const Route& route : manifest->routes) {
            if (!route.pattern.ends_with("/*")) {
                routed.insert(shape(route.pattern));
            }
        }
    }
    EXPECT_EQ(described, routed);
}

} // namespace
} // namespace hameau
