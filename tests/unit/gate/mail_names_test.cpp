// What mail programs and servers ask of the names beside a mail domain: by Host and path, for domains of the house only.
#include <gtest/gtest.h>

#include "daemon/contract/mail_names.hpp"
#include "daemon/gate/mail_names.hpp"

namespace hameau::gate {
namespace {

using What = MailQuestion::What;
const mailnames::Domains domains = mailnames::Domains::of({"amis.test", "jardin.test"});

std::string asked(std::string_view host, std::string_view path, std::string_view query = "", bool house = false) {
    const auto question = read_mail_question(host, path, query, house, domains);
    if (!question) {
        return "not mail";
    }
    const char* what = question->what == What::thunderbird ? "thunderbird" : question->what == What::outlook ? "outlook" : question->what == What::mta_sts ? "policy" : question->what == What::security ? "security" : "404";
    return std::string(what) + " " + std::string(question->domain);
}

TEST(MailNames, TheHostAndTheAddressSayWhichDomain) {
    const std::string path = "/mail/config-v1.1.xml";
    const std::string known = "/.well-known/autoconfig/mail/config-v1.1.xml";
    EXPECT_EQ(asked("autoconfig.amis.test", path), "thunderbird amis.test") << "Android asks without an address";
    EXPECT_EQ(asked("autoconfig.amis.test", path, "emailaddress=marie%40jardin.test"), "thunderbird jardin.test");
    EXPECT_EQ(asked("autoconfig.amis.test", path, "emailaddress=%25EMAILADDRESS%25"), "thunderbird amis.test");
    EXPECT_EQ(asked("autoconfig.amis.test", path, "a=b&emailaddress=x@ailleurs.test"), "404 ");
    EXPECT_EQ(asked("amis.test", known, "emailaddress=marie@AMIS.test"), "thunderbird amis.test");
    EXPECT_EQ(asked("amis.test", path), "not mail") << "a path of the site";
    EXPECT_EQ(asked("maison.test", known, "emailaddress=m@amis.test", true), "thunderbird amis.test");
    EXPECT_EQ(asked("maison.test", known, "", true), "404 maison.test");
    EXPECT_EQ(asked("autoconfig.ailleurs.test", path), "not mail") << "no domain of ours";
    EXPECT_EQ(asked("autoconfig.amis.test", "/"), "404 amis.test");
}

TEST(MailNames, OutlookSpellsItsPathInThreeWays) {
    for (const char* path : {"/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.xml"}) {
        EXPECT_EQ(asked("autodiscover.amis.test", path), "outlook amis.test") << path;
        EXPECT_EQ(asked("maison.test", path, "", true), "outlook ") << path;
    }
    EXPECT_EQ(asked("mta-sts.amis.test", "/autodiscover/autodiscover.xml"), "404 amis.test");
    EXPECT_EQ(asked("ailleurs.test", "/autodiscover/autodiscover.xml"), "not mail");
}

TEST(MailNames, ThePolicyIsAtOneNameAndPath) {
    EXPECT_EQ(asked("mta-sts.amis.test", "/.well-known/mta-sts.txt"), "policy amis.test");
    EXPECT_EQ(asked("mta-sts.ailleurs.test", "/.well-known/mta-sts.txt"), "not mail");
    EXPECT_EQ(asked("amis.test", "/.well-known/mta-sts.txt"), "not mail");
    EXPECT_EQ(asked("maison.test", "/.well-known/mta-sts.txt", "", true), "not mail");
}

TEST(MailNames, TheHouseAloneSaysWhomToWriteToAboutSecurity) {
    EXPECT_EQ(asked("maison.test", "/.well-known/security.txt", "", true), "security ");
    EXPECT_EQ(asked("amis.test", "/.well-known/security.txt"), "not mail") << "a site speaks for itself";
    EXPECT_EQ(mailnames::security_text("maison.test", 1900000000), "Contact: mailto:postmaster@maison.test\nExpires: 2030-06-15T00:00:00Z\n"
              "Preferred-Languages: fr, en\nCanonical: https://maison.test/.well-known/security.txt\n");
}

TEST(MailNames, TheIdChangesWithThePolicyAlone) {
    const auto policy = [](std::string_view mode) { return mailnames::mta_sts_policy("maison.test", mode); };
    EXPECT_EQ(policy("testing"), "version: STSv1\r\nmode: testing\r\nmx: maison.test\r\nmax_age: 86400\r\n");
    EXPECT_EQ(policy("none"), "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n");
    EXPECT_NE(policy("enforce").find("max_age: 1209600"), std::string::npos);
    EXPECT_EQ(mailnames::mta_sts_id(policy("testing")), mailnames::mta_sts_id(policy("testing")));
    EXPECT_NE(mailnames::mta_sts_id(policy("testing")), mailnames::mta_sts_id(policy("enforce")));
    EXPECT_NE(mailnames::mta_sts_id(policy("testing")), mailnames::mta_sts_id(mailnames::mta_sts_policy("autre.test", "testing")));
    EXPECT_EQ(mailnames::mta_sts_id("").size(), 16U);
}

TEST(MailNames, AListThatIsNotOneIsRefused) {
    EXPECT_TRUE(mailnames::Domains::parse("amis.test\njardin.test\n"));
    EXPECT_TRUE(mailnames::Domains::parse(""));
    for (const char* text : {"amis.test", "b.test\na.test\n", "a.test\na.test\n", "\n", "a b\n", "../x/\n", "A.test\n"}) {
        EXPECT_FALSE(mailnames::Domains::parse(text)) << text;
    }
    EXPECT_EQ(mailnames::Domains::of({"b.test", "a.test", "b.test", "<x>"}).to_text(), "a.test\nb.test\n");
}

} // namespace
} // namespace hameau::gate
