// The file of `hameau setup --unattended`: a closed list of fields, every mistake at once.
#include <gtest/gtest.h>

#include "daemon/cli/setup_file.hpp"

namespace hameau::cli {
namespace {

const std::string good = R"(version: 1
house: {name: La maison, host: maison.example.org}
admin: {login: annick, name: Annick Riou, password_file: "-"}
association: {slug: amis, name: Les Amis, domains: [amis.example.org]}
)";

TEST(SetupFile, IsReadWhole) {
    const auto file = read_setup_file("first.yaml", good);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->host, "maison.example.org");
    EXPECT_EQ(file->language, "fr");
    EXPECT_EQ(file->password_file, "-");
    EXPECT_EQ(file->domains, std::vector<std::string>{"amis.example.org"});
}

TEST(SetupFile, SaysEveryMistake) {
    const auto file = read_setup_file("first.yaml", "version: 2\nhouse: {name: x, host: [a], langage: fr}\nadmin: {login: a, password: secret}\nmore: 1\n");
    ASSERT_FALSE(file);
    for (const char* part : {"version: this hameau knows 1", "house.host: a text was expected", "house.langage", "did you mean",
                             "admin.password\"", "admin.name is missing", "admin.password_file is missing", "association is missing", "\"more\""}) {
        EXPECT_NE(file.error().message.find(part), std::string::npos) << part << "\n" << file.error().message;
    }
    EXPECT_EQ(file.error().message.find("secret"), std::string::npos) << "a password in a message";
}

TEST(SetupFile, AnythingElseIsRefused) {
    for (const char* text : {"", "[]", "x", "version: 1\nhouse: 3\nadmin: 3\nassociation: 3\n", "{", "version: 1\nhouse: {language: fr}\n"}) {
        EXPECT_FALSE(read_setup_file("first.yaml", text)) << text;
    }
}

} // namespace
} // namespace hameau::cli
