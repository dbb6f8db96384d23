// Addresses of a From header: what RFC 5322 allows, and what must not pass.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modules/mail/milter/address.hpp"

namespace hameau::milter {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> read(std::string_view text) {
    const auto found = parse_addresses(text);
    EXPECT_TRUE(found) << text << ": " << (found ? "" : found.error().message);
    return found.value_or(std::vector<std::string>{"?"});
}

TEST(Addresses, PlainForms) {
    EXPECT_THAT(read("marie@amis.test"), ElementsAre("marie@amis.test"));
    EXPECT_THAT(read(" Marie Le Goff <Marie@Amis.TEST> "), ElementsAre("marie@amis.test"));
    EXPECT_THAT(read("\"Le Goff, Marie\" <marie@amis.test>"), ElementsAre("marie@amis.test"));
    EXPECT_THAT(read("\"yann@amis.test\" <marie@amis.test>"), ElementsAre("marie@amis.test"));
    EXPECT_THAT(read("=?utf-8?q?Ma=C3=AFt=C3=A9?= <maite@amis.test>"), ElementsAre("maite@amis.test"));
    EXPECT_THAT(read("Ma\xc3\xaft\xc3\xa9 <maite@amis.test>"), ElementsAre("maite@amis.test"));
    EXPECT_THAT(read("John Q. Public <j@a.test>"), ElementsAre("j@a.test"));
    EXPECT_THAT(read("<marie@[192.0.2.1]>"), ElementsAre("marie@[192.0.2.1]"));
}

TEST(Addresses, CommentsAndFolds) {
    EXPECT_THAT(read("(a (nested \\) one) b) marie (c) @ (d) amis (e) . test (yann@amis.test)"), ElementsAre("marie@amis.test"));
    EXPECT_THAT(read("Marie\r\n <marie@amis.test>\n\t(x)"), ElementsAre("marie@amis.test"));
}

TEST(Addresses, ListsGroupsRoutes) {
    EXPECT_THAT(read("a@x.test, B <b@x.test>,, c@x.test,"), ElementsAre("a@x.test", "b@x.test", "c@x.test"));
    EXPECT_THAT(read("Amis: a@x.test, B <b@x.test>;, c@x.test"), ElementsAre("a@x.test", "b@x.test", "c@x.test"));
    EXPECT_THAT(read("personne: ;"), IsEmpty());
    EXPECT_THAT(read("<@relay.test,@other.test:a@x.test>"), ElementsAre("a@x.test"));
}

TEST(Addresses, QuotedLocalParts) {
    EXPECT_THAT(read("\"marie\"@amis.test"), ElementsAre("marie@amis.test"));
    EXPECT_THAT(read("\"marie le\"@amis.test"), ElementsAre("\"marie le\"@amis.test"));
    EXPECT_THAT(read("\"ma\\rie\"@amis.test"), ElementsAre("marie@amis.test"));
}

TEST(Addresses, Refused) {
    for (const char* text : {"marie", "marie@", "@amis.test", "<>", "<marie>", "marie@amis..test", ".marie@amis.test",
                             "marie@amis.test yann@amis.test", "<marie@amis.test> <yann@amis.test>", "(open marie@amis.test",
                             "\"open <marie@amis.test>", "<marie@amis.test", "marie@amis.test>", "a: b: c@x.test;;", "g: a@x.test",
                             "ma\xc3\xaf@amis.test", "marie@amis.test;", "marie@[192.0.2.1", ":a@x.test;", "marie@@amis.test"}) {
        EXPECT_FALSE(parse_addresses(text)) << text;
    }
    EXPECT_FALSE(parse_addresses(std::string_view("marie@amis.test\0yann@amis.test", 30)));
    EXPECT_FALSE(parse_addresses(std::string(100, '(') + std::string(100, ')') + "a@x.test"));
    std::string many;
    for (std::size_t i = 0; i <= addresses_max; ++i) {
        many += "a@x.test,";
    }
    EXPECT_FALSE(parse_addresses(many));
    EXPECT_FALSE(parse_addresses(std::string(400, 'a') + "@x.test"));
}

TEST(Addresses, Tags) {
    EXPECT_EQ(without_tag("marie+fete@amis.test"), "marie@amis.test");
    EXPECT_EQ(without_tag("marie@amis+x.test"), "marie@amis+x.test");
    EXPECT_EQ(without_tag("+x@amis.test"), "+x@amis.test");
    EXPECT_EQ(without_tag("marie"), "marie");
}

} // namespace
} // namespace hameau::milter
