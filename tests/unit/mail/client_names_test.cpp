// The list of served domains follows the associations, and Outlook's form gives an address back only when it is read as one of ours.
#include <algorithm>

#include "fake_house.hpp"
#include "modules/mail/outlook_request.hpp"

namespace hameau::mail {
namespace {

class ClientNames : public MailHouse {
protected:
    ClientNames() { tell_house(); }
    std::string served() { return read_file(folder_ / "served/domains", 1 << 20).value_or("none"); }
    std::string outlook(std::string body) {
        TextBody text(std::move(body));
        Request request = request_of("POST", "/AutoDiscover/AutoDiscover.xml");
        request.body = &text;
        return std::get<std::string>(run(mail->handle(request)).body);
    }
};

std::string form(const std::string& address) {
    return "<?xml version=\"1.0\" encoding=\"utf-8\"?><Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006\">"
           "<Request><EMailAddress>" + address + "</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
           "</AcceptableResponseSchema></Request></Autodiscover>";
}

TEST_F(ClientNames, TheListFollowsTheAssociations) {
    EXPECT_EQ(served(), "amis.example\namis.test\njardin.test\n");
    const auto told = context->announced.size();
    go(people, "POST", "/internal/people-event", amis_event);
    EXPECT_EQ(context->announced.size(), told) << "nothing is new";
    std::string closed = amis_event;
    closed.insert(closed.size() - 1, ",\"closed\":true");
    go(people, "POST", "/internal/people-event", closed);
    EXPECT_EQ(served(), "jardin.test\n") << "in the bin";
    EXPECT_EQ(context->announced.size(), told + 1);
    go(people, "POST", "/internal/people-event", R"({"kind":"association-erased","slug":"jardin"})");
    EXPECT_EQ(served(), "");
    std::filesystem::remove_all(folder_ / "served");  // as after a backup that came back
    go(people, "POST", "/internal/people-event", amis_event);
    restart();
    EXPECT_EQ(served(), "amis.example\namis.test\n");
}

TEST_F(ClientNames, OutlookGetsTheServersAndItsOwnAddress) {
    const std::string answer = outlook(form("Marie@AMIS.test"));
    EXPECT_NE(answer.find("<LoginName>marie@amis.test</LoginName>"), std::string::npos) << answer;
    EXPECT_NE(answer.find("<Server>maison.test</Server>\n        <Port>2993</Port>"), std::string::npos) << answer;
    EXPECT_EQ(answer.find("ErrorCode"), std::string::npos);
    EXPECT_EQ(outlook(form("nobody@amis.test")).find("ErrorCode"), std::string::npos) << "whether an address exists is not told";
    for (const char* address : {"marie@ailleurs.test", "", "&lt;b>@amis.test", "\"a b\"@amis.test", "marie@amis.test&#10;x", "marie+x@amis.test"}) {
        EXPECT_NE(outlook(form(address)).find("<ErrorCode>500"), std::string::npos) << address;
        EXPECT_EQ(outlook(form(address)).find("LoginName"), std::string::npos) << address;
    }
}

TEST_F(ClientNames, WhatIsNoPlainFormIsRefused) {
    const std::string good = form("marie@amis.test");
    EXPECT_EQ(outlook_address(good), "marie@amis.test");
    const std::string laughs = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"marie@amis.test\">]><a><EMailAddress>&b;</EMailAddress></a>";
    const std::string file = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a><EMailAddress>&b;</EMailAddress></a>";
    const std::string deep(15000, '<');
    for (const std::string& text : {laughs, file, deep, std::string(), std::string("no XML"), good + std::string(20000, ' '), good.substr(0, 200),
                                    std::string("<a><EMailAddress><b>marie@amis.test</b></EMailAddress></a>")}) {
        EXPECT_EQ(outlook_address(text), "") << text.substr(0, 60);
        EXPECT_NE(outlook(text).find("<ErrorCode>500"), std::string::npos);
    }
}

} // namespace
} // namespace hameau::mail
