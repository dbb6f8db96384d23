// The API: who may, addresses, conflicts, loops, limits, what one sees.
#include "fake_house.hpp"

namespace hameau::mail {
namespace {

namespace json = boost::json;

const std::string boxes = "/api/v1/associations/amis/mailboxes";
const std::string aliases = "/api/v1/associations/amis/aliases";

class Api : public MailHouse {
protected:
    Api() { tell_house(); }
};

TEST_F(Api, RolesComeFirst) {
    const Identity nobody;
    for (const std::string& path : {boxes, aliases}) {
        EXPECT_EQ(go(nobody, "GET", path).status, 401);
        EXPECT_EQ(go(rose, "GET", path).status, 403);
        EXPECT_EQ(go(yann, "GET", path).status, 200);
        EXPECT_EQ(go(yann, "POST", path, "not json").status, 403);
        EXPECT_EQ(go(marie, "POST", path, "not json").status, 400);
        EXPECT_EQ(go(people, "GET", path).status, 401);
        EXPECT_EQ(go(yann, "DELETE", path + "/x@amis.test").status, 403);
        EXPECT_EQ(go(yann, "PATCH", path + "/x@amis.test", "{}").status, 403);
    }
    EXPECT_EQ(go(admin, "GET", "/api/v1/associations/nulle/mailboxes").status, 404);
    EXPECT_EQ(go(nobody, "GET", "/api/v1/me/mail").status, 401);
    EXPECT_EQ(go(marie, "PUT", boxes).status, 405);
}

TEST_F(Api, AddressesOfMailboxes) {
    const auto code = [this](const std::string& address) { return add_box(address, "marie").field_code(); };
    EXPECT_EQ(code("marie+x@amis.test"), "mailbox_local");
    EXPECT_EQ(code("-marie@amis.test"), "field.address");
    EXPECT_EQ(code("_marie@amis.test"), "mailbox_local");
    EXPECT_EQ(code("a/../b@amis.test"), "field.address");
    EXPECT_EQ(code("a/b@amis.test"), "mailbox_local");
    EXPECT_EQ(code("postmaster@amis.test"), "reserved");
    EXPECT_EQ(code("Abuse@amis.test"), "reserved");
    EXPECT_EQ(code("marie@jardin.test"), "domain");
    EXPECT_EQ(code("marie"), "field.address");
    EXPECT_EQ(code(std::string(65, 'a') + "@amis.test"), "field.address");
    const Answer made = add_box("Marie.LeGoff@AMIS.test", "marie");
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(made.text("address"), "marie.legoff@amis.test");
    EXPECT_EQ(made.json.at("quota_bytes"), 1 << 30);
    EXPECT_EQ(add_box("marie@amis.example", "marie").status, 201) << "each domain of the association";
    EXPECT_EQ(add_box("marie@amis.test", "rose").field_code(), "not_a_member");
    EXPECT_EQ(add_box("marie@amis.test", "marie", ",\"qota\":1").field_code(), "field.unknown_near");
    EXPECT_EQ(add_box("marie@amis.test", "marie", ",\"quota\":\"6 GiB\"").field_code(), "space_range");
    EXPECT_EQ(add_box("marie@amis.test", "marie", ",\"quota\":0").field_code(), "space_range");
    EXPECT_EQ(add_box("marie@amis.test", "marie", ",\"quota\":\"big\"").field_code(), "field.size");
    EXPECT_EQ(go(marie, "POST", boxes, "{}").json.at("errors").as_array().size(), 2u);
    EXPECT_EQ(rows("SELECT address FROM mailbox").size(), 2u) << "a refusal changes nothing";
    EXPECT_EQ(auth("SELECT user FROM account").size(), 2u);
}

TEST_F(Api, AnAddressIsOneThing) {
    ASSERT_EQ(add_box("marie@amis.test", "marie").status, 201);
    ASSERT_EQ(add_alias("contact@amis.test", R"(["marie@amis.test"])").status, 201);
    ASSERT_EQ(tell(R"({"kind":"group","association":"amis","slug":"bureau","name":"B","address":"bureau@amis.test","members":["idmarie"],"outside":[],"may_send":false})"), 204);
    for (const auto& [address, code] : {std::pair{"marie@amis.test", "taken_mailbox"}, {"contact@amis.test", "taken_alias"}, {"bureau@amis.test", "taken_group"}}) {
        const Answer box = add_box(address, "marie");
        EXPECT_EQ(box.status, 409);
        EXPECT_EQ(box.text("code"), code);
        EXPECT_NE(box.text("detail").find(address), std::string::npos);
        const Answer alias = add_alias(address, R"(["x@ailleurs.example"])");
        EXPECT_EQ(alias.status, 409);
        EXPECT_EQ(alias.text("code"), code);
    }
    const Answer french = go(marie, "POST", boxes, R"({"address":"marie@amis.test","login":"marie"})", "fr");
    EXPECT_NE(french.text("detail").find("Rien n'a été changé"), std::string::npos);
}

TEST_F(Api, AliasesAndTheirTargets) {
    ASSERT_EQ(add_box("marie@amis.test", "marie").status, 201);
    const auto code = [this](const std::string& to) {
        return go(marie, "POST", aliases, "{\"address\":\"contact@amis.test\",\"to\":" + to + "}").field_code();
    };
    EXPECT_EQ(code("[]"), "no_target");
    EXPECT_EQ(code(R"(["no"])"), "field.address");
    EXPECT_EQ(code(R"(["nobody@amis.test"])"), "unknown_here");
    EXPECT_EQ(code(R"(["contact@amis.test"])"), "loop");
    EXPECT_EQ(code(R"(["contact+x@amis.test"])"), "loop");
    EXPECT_EQ(add_alias("x@jardin.test", R"(["marie@amis.test"])").field_code(), "domain");
    std::string many = "[\"a0@x.example\"";
    for (std::size_t i = 1; i <= alias_targets_max; ++i) {
        many += ",\"a" + std::to_string(i) + "@x.example\"";
    }
    EXPECT_EQ(code(many + "]"), "field.count");
    const Answer made = add_alias("Contact@amis.test", R"(["Marie+C@amis.test","x@Ailleurs.example","x@ailleurs.example"])", ",\"may_send\":true");
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(made.json.at("to").as_array().size(), 2u);
    EXPECT_EQ(add_alias("postmaster@amis.test", R"(["contact@amis.test"])").status, 201);
    EXPECT_EQ(add_alias("presse+une@amis.test", R"(["postmaster@amis.test"])").status, 201);

    EXPECT_EQ(go(marie, "PATCH", aliases + "/contact@amis.test", R"({"to":["postmaster@amis.test"]})").field_code(), "loop");
    EXPECT_EQ(go(marie, "PATCH", aliases + "/contact@amis.test", "{}").status, 422);
    EXPECT_EQ(go(marie, "PATCH", aliases + "/contact@amis.test", R"({"to":[]})").field_code(), "no_target");
    EXPECT_EQ(go(marie, "PATCH", aliases + "/nulle@amis.test", R"({"may_send":true})").status, 404);
    const Answer changed = go(marie, "PATCH", aliases + "/Contact@amis.test", R"({"to":["marie@amis.test"],"may_send":false})");
    EXPECT_EQ(changed.status, 200);
    EXPECT_EQ(json::serialize(changed.json), R"({"address":"contact@amis.test","to":["marie@amis.test"],"may_send":false})");
    EXPECT_EQ(go(rose, "DELETE", "/api/v1/associations/jardin/aliases/contact@amis.test").status, 404) << "not hers";
    EXPECT_EQ(go(marie, "DELETE", aliases + "/contact@amis.test").status, 204);
    EXPECT_EQ(go(marie, "DELETE", aliases + "/contact@amis.test").status, 404);
    EXPECT_TRUE(rows("SELECT target FROM engine_alias WHERE address = 'postmaster@amis.test'").empty());
    EXPECT_FALSE(mail->check_health().back().passed) << "an address that leads nowhere is said";
}

TEST_F(Api, AChainThatEndsNowhereOrInACircleIsRefusedFromTheCommandToo) {
    EXPECT_EQ(add_box("marie@amis.test", "marie", R"(,"forward":["yann@amis.test"])").field_code(), "unknown_here");
    EXPECT_EQ(add_alias("a@amis.test", R"(["b@amis.test"])").field_code(), "unknown_here");
    ASSERT_EQ(add_box("yann@amis.test", "yann").status, 201);
    ASSERT_EQ(add_alias("b@amis.test", R"(["yann@amis.test"])").status, 201);
    ASSERT_EQ(add_alias("a@amis.test", R"(["b@amis.test"])").status, 201);
    EXPECT_EQ(go(marie, "PATCH", aliases + "/b@amis.test", R"({"to":["a@amis.test"]})").field_code(), "loop");
    ASSERT_EQ(go(marie, "DELETE", boxes + "/yann@amis.test").status, 204);
    EXPECT_EQ(add_alias("c@amis.test", R"(["a@amis.test"])").field_code(), "leads_nowhere") << "b has lost its only target";
    EXPECT_EQ(add_alias("d@amis.test", R"(["postmaster@amis.test"])").status, 201);
    EXPECT_EQ(add_alias("e@amis.test", R"(["a@amis.test","x@ailleurs.example"])").field_code(), "leads_nowhere");
}

TEST_F(Api, LoopsThroughGroupsAndForwardings) {
    ASSERT_EQ(add_box("marie@amis.test", "marie").status, 201);
    ASSERT_EQ(add_box("yann@amis.test", "yann").status, 201);
    ASSERT_EQ(tell(R"({"kind":"group","association":"amis","slug":"bureau","name":"B","address":"bureau@amis.test","members":["idmarie"],"outside":["tous@amis.test"],"may_send":false})"), 204);
    EXPECT_EQ(add_alias("tous@amis.test", R"(["bureau@amis.test"])").field_code(), "loop") << "the group already leads there";
    const auto forward = [this](const std::string& box, const std::string& to) {
        return go(marie, "PATCH", boxes + "/" + box, "{\"forward\":[\"" + to + "\"]}");
    };
    EXPECT_EQ(forward("marie@amis.test", "marie+x@amis.test").field_code(), "loop");
    EXPECT_EQ(forward("marie@amis.test", "bureau@amis.test").field_code(), "loop");
    EXPECT_EQ(forward("marie@amis.test", "yann@amis.test").status, 200);
    EXPECT_EQ(forward("yann@amis.test", "marie@amis.test").field_code(), "loop");
    EXPECT_EQ(forward("yann@amis.test", "y@ailleurs.example").status, 200);
}

TEST_F(Api, ForwardingIsAScript) {
    const Answer made = add_box("marie@amis.test", "marie", R"(,"forward":["Marie@Ailleurs.example","a'b{c}@x.example"])");
    ASSERT_EQ(made.status, 201);
    EXPECT_EQ(script("marie@amis.test"),
              "# Written by Hameau; changes are lost.\nrequire [\"copy\"];\nredirect :copy \"Marie@ailleurs.example\";\nredirect :copy \"a'b{c}@x.example\";\n");
    const std::string path = (folder_ / "forward/marie@amis.test.sieve").string();
    EXPECT_EQ(auth("SELECT forward_script FROM account"), Rows{path});
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0640));
    EXPECT_EQ(add_box("x@amis.test", "marie", R"(,"forward":["a\"b@x.example"])").field_code(), "field.address");
    EXPECT_EQ(go(marie, "PATCH", boxes + "/marie@amis.test", R"({"forward":[]})").status, 200);
    EXPECT_EQ(auth("SELECT forward_script FROM account"), Rows{""});
    EXPECT_FALSE(std::filesystem::exists(path));
    std::string many;
    for (std::size_t i = 0; i <= forwards_max; ++i) {
        many += (many.empty() ? "\"" : ",\"") + std::to_string(i) + "@x.example\"";
    }
    EXPECT_EQ(go(marie, "PATCH", boxes + "/marie@amis.test", "{\"forward\":[" + many + "]}").field_code(), "field.count");
}

TEST_F(Api, AnErasedMailboxKeepsItsFolderAndANewOneBeginsEmpty) {
    ASSERT_EQ(add_box("marie@amis.test", "marie").status, 201);
    const std::string folder = rows("SELECT folder FROM mailbox").at(0);
    EXPECT_EQ(go(rose, "DELETE", "/api/v1/associations/jardin/mailboxes/marie@amis.test").status, 404);
    EXPECT_EQ(go(marie, "DELETE", boxes + "/marie@amis.test").status, 204);
    EXPECT_EQ(go(marie, "DELETE", boxes + "/marie@amis.test").status, 404);
    EXPECT_EQ(rows("SELECT folder, erase FROM retired_box"), Rows{folder + "|0"});
    EXPECT_TRUE(auth("SELECT user FROM account").empty());
    EXPECT_TRUE(auth("SELECT name FROM sign_in_name").empty());
    EXPECT_EQ(go(marie, "DELETE", boxes + "/marie@amis.test?purge=1").status, 204);
    ASSERT_EQ(add_box("marie@amis.test", "yann").status, 201);
    EXPECT_NE(rows("SELECT folder FROM mailbox").at(0), folder);
    EXPECT_EQ(auth("SELECT member FROM account"), Rows{"idyann"});
}

TEST_F(Api, PagesAndWhatEachSees) {
    for (const char* name : {"a", "b", "c"}) {
        ASSERT_EQ(add_box(std::string(name) + "@amis.test", name == std::string("b") ? "yann" : "marie", R"(,"forward":["secret@x.example"])").status, 201);
        ASSERT_EQ(add_alias(std::string("x") + name + "@amis.test", R"(["a@amis.test"])").status, 201);
    }
    const Answer first = go(marie, "GET", boxes + "?limit=2");
    ASSERT_EQ(first.items().size(), 2u);
    EXPECT_EQ(first.text("next"), "b@amis.test");
    const Answer second = go(marie, "GET", boxes + "?limit=2&after=b@amis.test");
    EXPECT_EQ(second.items().size(), 1u);
    EXPECT_TRUE(second.json.at("next").is_null());
    EXPECT_TRUE(first.items()[0].at("used_bytes").is_null()) << "Dovecot is away: no figure, no error";
    EXPECT_EQ(first.items()[0].at("login"), "marie");
    EXPECT_EQ(first.items()[0].at("forward").as_array().size(), 1u);
    const Answer seen = go(yann, "GET", boxes);
    EXPECT_FALSE(seen.items()[0].as_object().contains("forward")) << "another member's forwarding is theirs";
    EXPECT_TRUE(seen.items()[1].as_object().contains("forward"));
    EXPECT_EQ(go(yann, "GET", boxes + "?limit=0").status, 400);
    EXPECT_EQ(go(yann, "GET", aliases + "?limit=2").text("next"), "xb@amis.test");
    EXPECT_EQ(go(yann, "GET", aliases + "?limit=2&after=xb@amis.test").items().size(), 1u);
}

TEST_F(Api, MyMail) {
    ASSERT_EQ(add_box("marie@amis.test", "marie", ",\"quota\":\"500 MiB\"").status, 201);
    EXPECT_EQ(json::serialize(go(marie, "GET", "/api/v1/me/mail").json),
              R"({"mailboxes":[{"address":"marie@amis.test","unread":null,"used_bytes":null,"quota_bytes":524288000,"forward":[]}],)"
              R"("settings":{"imap":{"host":"maison.test","port":2993,"security":"tls"},"submission":{"host":"maison.test","port":2465,"security":"tls"}},"spam_filter":true})");
    EXPECT_TRUE(go(rose, "GET", "/api/v1/me/mail").json.at("mailboxes").as_array().empty());
}

TEST_F(Api, TextsExistInBothLanguages) {
    for (const CatalogueText& text : mail_catalogue) {
        EXPECT_FALSE(text.french.empty() || text.english.empty() || text.french == text.english) << text.code;
        for (const char* jargon : {"alias", "quota", "Sieve", "SMTP", "slug"}) {
            EXPECT_EQ(text.french.find(jargon), std::string_view::npos) << text.code;
        }
    }
}

} // namespace
} // namespace hameau::mail
