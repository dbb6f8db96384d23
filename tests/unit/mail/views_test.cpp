// What the engines may read: each engine_* view, with what makes a row come and go.
#include "fake_house.hpp"

namespace hameau::mail {
namespace {

std::string group(const std::string& slug, const std::string& members, const std::string& outside = "", bool may_send = false,
                  const std::string& association = "amis", const std::string& address = "") {
    return "{\"kind\":\"group\",\"association\":\"" + association + "\",\"slug\":\"" + slug + "\",\"name\":\"G\",\"address\":\"" +
           (address.empty() ? slug + "@" + association + ".test" : address) + "\",\"members\":[" + members + "],\"outside\":[" +
           outside + "],\"may_send\":" + (may_send ? "true" : "false") + "}";
}

class Views : public MailHouse {
protected:
    Views() {
        tell_house();
        EXPECT_EQ(add_box("marie@amis.test", "marie").status, 201);
        EXPECT_EQ(add_box("yann@amis.test", "yann").status, 201);
        EXPECT_EQ(add_box("yann@jardin.test", "yann", "", "jardin").status, 201);
    }
    Rows sender(const std::string& address) {
        return rows("SELECT user FROM engine_sender WHERE address = '" + address + "'");
    }
    Rows alias(const std::string& address) {
        return rows("SELECT target FROM engine_alias WHERE address = '" + address + "'");
    }
};

TEST_F(Views, DomainsAndMailboxes) {
    EXPECT_EQ(rows("SELECT name FROM engine_domain"), (Rows{"amis.example", "amis.test", "jardin.test"}));
    EXPECT_EQ(rows("SELECT address FROM engine_mailbox"), (Rows{"marie@amis.test", "yann@amis.test", "yann@jardin.test"}));
}

TEST_F(Views, AGroupWithAMemberOfTwoAssociations) {
    EXPECT_EQ(tell(group("bureau", R"("idmarie","idyann","idrose")", R"("Dehors@Ailleurs.example")")), 204);
    EXPECT_EQ(tell(group("serre", R"("idyann","idmarie")", "", false, "jardin")), 204);
    // Each is reached at the mailbox of the group's association; one without such a mailbox at their oldest; rose has none.
    EXPECT_EQ(alias("bureau@amis.test"), (Rows{"Dehors@ailleurs.example", "marie@amis.test", "yann@amis.test"}));
    EXPECT_EQ(alias("serre@jardin.test"), (Rows{"marie@amis.test", "yann@jardin.test"}));
    EXPECT_TRUE(sender("bureau@amis.test").empty()) << "may_send is false";
    EXPECT_EQ(tell(group("bureau", R"("idyann")", "", true)), 204);
    EXPECT_EQ(sender("bureau@amis.test"), (Rows{"yann@amis.test", "yann@jardin.test"}));
    EXPECT_EQ(tell(R"({"kind":"group-erased","association":"amis","slug":"bureau"})"), 204);
    EXPECT_TRUE(alias("bureau@amis.test").empty());
}

TEST_F(Views, SendersAreTheirOwnAndEnabled) {
    EXPECT_EQ(sender("marie@amis.test"), Rows{"marie@amis.test"});
    EXPECT_EQ(sender("yann@jardin.test"), (Rows{"yann@amis.test", "yann@jardin.test"}));
    EXPECT_EQ(add_alias("contact@amis.test", R"(["marie@amis.test","yann@amis.test","x@ailleurs.example"])", ",\"may_send\":true").status, 201);
    EXPECT_EQ(add_alias("info@amis.test", R"(["marie@amis.test"])").status, 201);
    EXPECT_EQ(sender("contact@amis.test"), (Rows{"marie@amis.test", "yann@amis.test", "yann@jardin.test"}));
    EXPECT_TRUE(sender("info@amis.test").empty());
    EXPECT_EQ(tell(member_event("yann", of("amis") + "," + of("jardin"), true)), 204);
    EXPECT_EQ(sender("contact@amis.test"), Rows{"marie@amis.test"});
    EXPECT_TRUE(sender("yann@amis.test").empty());
    EXPECT_EQ(rows("SELECT address FROM engine_mailbox WHERE address = 'yann@amis.test'").size(), 1u) << "mail still arrives";
    EXPECT_EQ(auth("SELECT enabled FROM account WHERE user = 'yann@amis.test'"), Rows{"0"});
}

TEST_F(Views, WhoLeftAnAssociationKeepsNothingOfIt) {
    EXPECT_EQ(tell(member_event("yann", of("jardin"))), 204);
    EXPECT_TRUE(sender("yann@amis.test").empty());
    EXPECT_FALSE(sender("yann@jardin.test").empty());
    EXPECT_EQ(auth("SELECT user, enabled FROM account WHERE member = 'idyann'"), (Rows{"yann@amis.test|0", "yann@jardin.test|1"}));
    EXPECT_EQ(auth("SELECT user FROM sign_in_name WHERE name = 'yann'"), Rows{"yann@jardin.test"});
    EXPECT_EQ(tell(member_event("yann", of("amis") + "," + of("jardin"))), 204);
    EXPECT_EQ(auth("SELECT user FROM sign_in_name WHERE name = 'yann'"), Rows{"yann@amis.test"});
}

TEST_F(Views, PostmasterIsTheManagers) {
    EXPECT_EQ(rows("SELECT target FROM engine_postmaster WHERE domain = 'amis.example'"), Rows{"marie@amis.test"});
    EXPECT_TRUE(rows("SELECT target FROM engine_postmaster WHERE domain = 'jardin.test'").empty()) << "rose has no mailbox";
    EXPECT_EQ(add_alias("postmaster@amis.test", R"(["yann@amis.test"])").status, 201);
    EXPECT_EQ(alias("postmaster@amis.test"), Rows{"yann@amis.test"});
}

TEST_F(Views, PostmasterIsNobodyWhoCannotRead) {
    const std::string asked = "SELECT target FROM engine_postmaster WHERE domain = 'amis.test'";
    EXPECT_EQ(rows(asked), Rows{"marie@amis.test"});
    EXPECT_EQ(tell(member_event("marie", of("amis", "manager"), true)), 204);
    EXPECT_TRUE(rows(asked).empty()) << "switched off; Postfix asks for managers of the house next (postmaster_query)";
    EXPECT_EQ(tell(member_event("yann", of("amis", "manager"))), 204);
    EXPECT_EQ(rows(asked), (Rows{"yann@amis.test", "yann@jardin.test"}));
    EXPECT_EQ(tell(member_event("yann", of("amis"))), 204);
    EXPECT_TRUE(rows(asked).empty()) << "a manager no more";
}

TEST_F(Views, AGroupDoesNotTakeTheAddressOfAMailbox) {
    EXPECT_EQ(tell(group("marie", R"("idyann")", "", true)), 409) << "people strikes the address out";
    EXPECT_TRUE(alias("marie@amis.test").empty()) << "nobody takes over a mailbox";
    EXPECT_EQ(sender("marie@amis.test"), Rows{"marie@amis.test"});
    EXPECT_EQ(rows("SELECT member FROM circle_member"), Rows{"idyann"}) << "all else of the event is done";
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/associations/amis/mailboxes/marie@amis.test").status, 204);
    EXPECT_TRUE(alias("marie@amis.test").empty());
    EXPECT_EQ(tell(group("marie", R"("idyann")", "", true)), 409) << "the address is kept for what lies in the bin";
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/associations/amis/mailboxes/marie@amis.test?purge=1").status, 204);
    EXPECT_EQ(tell(group("marie", R"("idyann")", "", true)), 204);
    EXPECT_EQ(alias("marie@amis.test"), Rows{"yann@amis.test"});
}

TEST_F(Views, ADomainThatWasGivenUpIsNotServed) {
    EXPECT_EQ(add_alias("contact@amis.test", R"(["marie@amis.test"])", ",\"may_send\":true").status, 201);
    EXPECT_EQ(tell(group("bureau", R"("idmarie")", "", true)), 204);
    EXPECT_EQ(tell(R"({"kind":"association","slug":"amis","name":"A","domains":["amis.example"],"quota_bytes":0})"), 204);
    EXPECT_EQ(rows("SELECT address FROM engine_mailbox"), Rows{"yann@jardin.test"});
    EXPECT_TRUE(alias("contact@amis.test").empty());
    EXPECT_TRUE(alias("bureau@amis.test").empty());
    EXPECT_TRUE(sender("marie@amis.test").empty());
    EXPECT_TRUE(sender("contact@amis.test").empty());
    EXPECT_EQ(auth("SELECT enabled FROM account WHERE user = 'marie@amis.test'"), Rows{"1"}) << "old mail can be read";
    EXPECT_EQ(tell(amis_event), 204);
    EXPECT_EQ(alias("contact@amis.test"), Rows{"marie@amis.test"});
    EXPECT_EQ(rows("SELECT address FROM engine_mailbox").size(), 3u);
    // People asks who is there before it gives the domain to another association.
    const auto held = [this](const std::string& query) {
        const auto answer = go(people, "GET", "/internal/domain?name=amis.test&" + query);
        EXPECT_EQ(answer.status, 200);
        std::string text;
        for (const auto& item : answer.json.at("items").as_array()) {
            text += std::string(item.at("kind").as_string()) + " " + std::string(item.at("name").as_string()) + ",";
        }
        return text;
    };
    EXPECT_EQ(held("but=jardin"), "alias contact@amis.test,mailbox marie@amis.test,mailbox yann@amis.test,");
    EXPECT_EQ(held("of=amis"), "alias contact@amis.test,mailbox marie@amis.test,mailbox yann@amis.test,");
    EXPECT_EQ(held("but=amis"), "");
    EXPECT_EQ(held("of=jardin"), "");
    EXPECT_EQ(go(marie, "GET", "/internal/domain?name=amis.test&but=jardin").status, 403);
    // An event that comes in spite of that takes nothing away: what is there is not served, and holds its name.
    EXPECT_EQ(tell(R"({"kind":"association","slug":"jardin","name":"J","domains":["jardin.test","amis.test"],"quota_bytes":0})"), 204);
    EXPECT_EQ(rows("SELECT address FROM mailbox").size(), 3u);
    EXPECT_EQ(rows("SELECT address FROM engine_mailbox"), Rows{"yann@jardin.test"});
    EXPECT_TRUE(alias("contact@amis.test").empty());
    EXPECT_TRUE(rows("SELECT address FROM retired_box").empty());
    EXPECT_EQ(add_box("marie@amis.test", "rose", "", "jardin").status, 409);
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/associations/amis/mailboxes/marie@amis.test").status, 204);
    EXPECT_EQ(add_box("marie@amis.test", "rose", "", "jardin").status, 201);
    EXPECT_EQ(auth("SELECT member FROM account WHERE user = 'marie@amis.test'"), Rows{"idrose"});
}

TEST_F(Views, NobodyGetsAnAddressInADomainThatIsGivenJustNow) {
    const std::string both = R"({"kind":"association","slug":"amis","name":"A","domains":["amis.test","libre.test"],"quota_bytes":0})";
    EXPECT_EQ(tell(both), 204);
    EXPECT_EQ(add_alias("contact@libre.test", R"(["marie@amis.test"])").status, 201);
    EXPECT_EQ(go(people, "GET", "/internal/domain?name=libre.test&but=jardin").json.at("items").as_array().size(), 1u);
    EXPECT_EQ(add_alias("info@libre.test", R"(["marie@amis.test"])").status, 201) << "refused: nothing is held";
    for (const char* address : {"contact@libre.test", "info@libre.test"}) {
        EXPECT_EQ(go(marie, "DELETE", std::string("/api/v1/associations/amis/aliases/") + address).status, 204);
    }
    EXPECT_TRUE(go(people, "GET", "/internal/domain?name=libre.test&but=jardin").json.at("items").as_array().empty());
    EXPECT_EQ(add_alias("contact@libre.test", R"(["marie@amis.test"])").field_code(), "domain_moving");
    EXPECT_EQ(go(people, "POST", "/internal/addresses/reserve", R"({"address":"paul@libre.test","association":"amis","kind":"mailbox","owner":"idpaul"})").field_code(),
              "domain_moving");
    EXPECT_EQ(add_alias("contact@amis.test", R"(["marie@amis.test"])").status, 201) << "another domain";
    EXPECT_EQ(tell(R"({"kind":"association","slug":"amis","name":"A","domains":["amis.test"],"quota_bytes":0})"), 204);
    EXPECT_EQ(tell(R"({"kind":"association","slug":"jardin","name":"J","domains":["jardin.test","libre.test"],"quota_bytes":0})"), 204);
    EXPECT_EQ(add_box("rose@libre.test", "rose", "", "jardin").status, 201);
}

TEST_F(Views, WhatIsReservedOrInTheBinCarriesADomain) {
    EXPECT_EQ(go(people, "POST", "/internal/addresses/reserve", R"({"address":"paul@amis.test","association":"amis","kind":"mailbox","owner":"idpaul"})").status, 204);
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/associations/amis/mailboxes/yann@amis.test").status, 204);
    const auto kinds = [this](const std::string& query) {
        std::string text;
        const auto answer = go(people, "GET", "/internal/domain?name=amis.test&" + query);
        for (const auto& item : answer.json.at("items").as_array()) {
            text += std::string(item.at("kind").as_string()) + " ";
        }
        return text;
    };
    EXPECT_EQ(kinds("but=jardin"), "mailbox mailbox_bin reserved ");
    EXPECT_EQ(kinds("of=amis"), "mailbox reserved ");
    // A removed member's mailbox would come back under that name too.
    EXPECT_EQ(tell(R"({"kind":"boxes","member":"idmarie","association":"amis","state":"left"})"), 204);
    EXPECT_EQ(kinds("but=jardin"), "mailbox_bin member_bin reserved ");
    EXPECT_EQ(kinds("of=amis"), "reserved ");
}

TEST_F(Views, OfManyMailboxesAllAreNamedAndAllStay) {
    constexpr std::size_t many = 40;
    for (std::size_t i = 2; i < many; ++i) {
        ASSERT_EQ(add_box("b" + std::to_string(i) + "@amis.test", "marie").status, 201);
    }
    EXPECT_EQ(go(people, "GET", "/internal/domain?name=amis.test&but=jardin").json.at("items").as_array().size(), many);
    const auto domains = [this](const std::string& list) {
        EXPECT_EQ(tell(R"({"kind":"association","slug":"amis","name":"A","domains":[)" + list + R"(],"quota_bytes":0})"), 204);
        return rows("SELECT address FROM engine_mailbox WHERE address LIKE '%@amis.test'").size();
    };
    EXPECT_EQ(domains(R"("neuf.test","amis.test")"), many) << "the domain stays";
    EXPECT_EQ(domains(R"("neuf.test")"), 0u) << "given up";
    EXPECT_EQ(domains(R"("amis.test")"), many) << "and back: nothing of it was lost";
    EXPECT_EQ(auth("SELECT user FROM account WHERE user LIKE '%@amis.test'").size(), many);
}

TEST_F(Views, OutsideAddressesKeepTheirCapitals) {
    EXPECT_EQ(add_alias("contact@amis.test", R"(["Marie.Le-Goff@Ailleurs.Example","marie.le-goff@ailleurs.example","Marie@AMIS.test"])").status, 201);
    EXPECT_EQ(alias("contact@amis.test"), (Rows{"Marie.Le-Goff@ailleurs.example", "marie@amis.test"})) << "ours in lower case, no address twice";
    EXPECT_EQ(tell(R"({"kind":"group","association":"amis","slug":"bureau","name":"B","address":"bureau@amis.test","members":[],"may_send":false,)"
                   R"("outside":["Paul@Ailleurs.Example","Yann@amis.test"]})"), 204);
    EXPECT_EQ(alias("bureau@amis.test"), (Rows{"Paul@ailleurs.example", "yann@amis.test"}));
    // The domain comes to the house: from then on the address is one of ours.
    EXPECT_EQ(tell(R"({"kind":"association","slug":"jardin","name":"J","domains":["jardin.test","ailleurs.example"],"quota_bytes":0})"), 204);
    EXPECT_EQ(alias("bureau@amis.test"), (Rows{"paul@ailleurs.example", "yann@amis.test"}));
}

TEST_F(Views, AnAliasIsRenamed) {
    const std::string path = "/api/v1/associations/amis/aliases/";
    EXPECT_EQ(add_alias("contact@amis.test", R"(["marie@amis.test"])").status, 201);
    EXPECT_EQ(add_alias("info@amis.test", R"(["contact@amis.test"])").status, 201);
    const auto taken = go(marie, "PATCH", path + "contact@amis.test", R"({"address":"yann@amis.test"})");
    EXPECT_EQ(taken.status, 409);
    EXPECT_EQ(go(marie, "PATCH", path + "contact@amis.test", R"({"address":"contact@ailleurs.example"})").status, 422);
    EXPECT_EQ(go(marie, "PATCH", path + "contact@amis.test", R"({"address":"info@amis.test"})").status, 409);
    EXPECT_EQ(go(marie, "PATCH", path + "contact@amis.test", R"({"address":"Bonjour@amis.test","to":["bonjour@amis.test"]})").status, 422);
    const auto done = go(marie, "PATCH", path + "contact@amis.test", R"({"address":"Bonjour@amis.test"})");
    EXPECT_EQ(done.status, 200) << boost::json::serialize(done.json);
    EXPECT_EQ(done.json.at("address"), "bonjour@amis.test");
    EXPECT_EQ(alias("bonjour@amis.test"), Rows{"marie@amis.test"});
    EXPECT_TRUE(alias("contact@amis.test").empty());
    EXPECT_EQ(alias("info@amis.test"), Rows{"bonjour@amis.test"}) << "what leads to it follows";
    EXPECT_EQ(add_box("contact@amis.test", "yann").status, 201) << "the old address is free";
}

TEST_F(Views, WhoeverNamesARenamedAliasFollowsOrIsSaid) {
    const std::string path = "/api/v1/associations/amis/aliases/";
    EXPECT_EQ(add_alias("contact@amis.test", R"(["marie@amis.test"])").status, 201);
    EXPECT_EQ(add_alias("info@amis.test", R"(["contact+salle@amis.test"])").status, 201);
    EXPECT_EQ(go(marie, "PATCH", path + "contact@amis.test", R"({"address":"bonjour@amis.test"})").status, 200);
    EXPECT_EQ(alias("info@amis.test"), Rows{"bonjour+salle@amis.test"});
    // A group that sends there: people keeps that list.
    EXPECT_EQ(tell(R"({"kind":"group","association":"amis","slug":"bureau","name":"Bureau","address":"bureau@amis.test","may_send":false,)"
                   R"("members":[],"outside":["bonjour@amis.test","libre@amis.test"]})"), 204);
    const auto refused = go(marie, "PATCH", path + "bonjour@amis.test", R"({"address":"salut@amis.test"})");
    EXPECT_EQ(refused.status, 409);
    EXPECT_NE(boost::json::serialize(refused.json).find("Bureau"), std::string::npos);
    // A name that the group sends to, given to what leads to the group.
    EXPECT_EQ(add_alias("tous@amis.test", R"(["bureau@amis.test"])").status, 201);
    EXPECT_EQ(go(marie, "PATCH", path + "tous@amis.test", R"({"address":"libre@amis.test"})").status, 422) << "a loop";
}

TEST_F(Views, LookUpsUseIndexes) {
    for (const char* sql : {"EXPLAIN QUERY PLAN SELECT target FROM engine_alias WHERE address = 'a@b'",
                            "EXPLAIN QUERY PLAN SELECT address FROM engine_mailbox WHERE address = 'a@b'",
                            "EXPLAIN QUERY PLAN SELECT user FROM engine_sender WHERE address = 'a@b'",
                            "EXPLAIN QUERY PLAN SELECT target FROM engine_postmaster WHERE domain = 'b'"}) {
        auto query = context->database().prepare(sql);
        while (query.step().value()) {
            const std::string step = query.text(3);
            EXPECT_FALSE(step.starts_with("SCAN") && step.find("engine_") == std::string::npos) << sql << ": " << step;
        }
    }
}

} // namespace
} // namespace hameau::mail
