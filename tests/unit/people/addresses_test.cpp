// Addresses of members and groups: mail is asked before anything is kept, and what it refuses is not there.
#include <gmock/gmock.h>

#include "fake_house.hpp"

namespace hameau::people {
namespace {

using testing::HasSubstr;

class Addresses : public House {
protected:
    const std::string amis = "/api/v1/associations/amis";
    const std::string members = amis + "/members";
    const std::string groups = "/api/v1/associations/amis/groups";
    const std::string paul = R"({"login":"paul","name":"Paul","mailbox":"paul@amis.test"})";
    std::vector<std::string> kinds() const {
        std::vector<std::string> out;
        for (const auto& event : context->events) {
            out.emplace_back(event.at("kind").as_string());
        }
        return out;
    }
    std::string mailbox_of(const std::string& login) {
        const Answer list = go(admin, "GET", members);
        for (const auto& item : list.json.at("items").as_array()) {
            if (std::string(item.at("login").as_string()) == login) {
                const auto* value = item.as_object().if_contains("mailbox");
                return value == nullptr ? std::string() : std::string(value->as_string());
            }
        }
        return "no such member";
    }
};

TEST_F(Addresses, AMemberWithAMailboxAsksFirstAndTellsMailBoth) {
    context->events.clear();
    const Answer made = go(admin, "POST", members, paul);
    ASSERT_EQ(made.status, 201);
    EXPECT_EQ(made.json.at("mailbox"), "paul@amis.test");
    ASSERT_EQ(context->reservations.size(), 1u);
    EXPECT_EQ(context->reservations[0].at("owner"), made.json.at("id"));
    EXPECT_THAT(kinds(), testing::ElementsAre("member", "mailbox"));
    EXPECT_EQ(context->events.back().at("address"), "paul@amis.test");
    EXPECT_EQ(context->events.back().at("member"), made.json.at("id"));
    EXPECT_EQ(context->events.back().at("association"), "amis");
}

TEST_F(Addresses, AnAddressThatMailRefusesMakesNoMember) {
    for (const auto& [word, code] : {std::pair{"taken_mailbox", "mailbox_taken"}, {"taken_alias", "address_alias"},
                                     {"taken_group", "group_address_taken"}, {"taken_reserved", "address_reserved"}}) {
        context->refusals["reserve paul@amis.test"] = word;
        const Answer refused = go(admin, "POST", members, paul);
        EXPECT_EQ(refused.status, 409);
        EXPECT_EQ(refused.json.at("code"), code);
    }
    context->refusals.clear();
    context->mail_away = true;
    EXPECT_EQ(go(admin, "POST", members, paul).json.at("code"), "mail_off");
    context->mail_away = false;
    EXPECT_EQ(mailbox_of("paul"), "no such member");
    EXPECT_EQ(go(admin, "POST", members, paul).status, 201) << "nothing is left of the refusals";
}

TEST_F(Addresses, AMemberThatIsRefusedGivesTheAddressBack) {
    EXPECT_EQ(go(admin, "POST", members, R"({"login":"yann","name":"Y","mailbox":"y@amis.test"})").json.at("code"), "member_exists");
    EXPECT_EQ(context->calls.back(), "POST mail/internal/addresses/release");
    // The right ended while mail was asked.
    Visitor marie = signed_in("marie");
    context->during_reservation = [this] {
        EXPECT_TRUE(context->database().execute("DELETE FROM session"));
    };
    EXPECT_EQ(go(marie, "POST", members, paul).status, 401);
    EXPECT_EQ(mailbox_of("paul"), "no such member");
}

TEST_F(Addresses, AChangedAddressRenamesWhatTheMemberHas) {
    ASSERT_EQ(go(admin, "POST", members, paul).status, 201);
    context->events.clear();
    const Answer moved = go(admin, "PATCH", members + "/paul", R"({"mailbox":"paul.martin@amis.test"})");
    ASSERT_EQ(moved.status, 200);
    EXPECT_EQ(moved.json.at("mailbox"), "paul.martin@amis.test");
    EXPECT_EQ(context->events.back().at("from"), "paul@amis.test");
    context->refusals["reserve bureau@amis.test"] = "taken_group";
    EXPECT_EQ(go(admin, "PATCH", members + "/paul", R"({"mailbox":"bureau@amis.test","name":"X"})").status, 409);
    EXPECT_EQ(mailbox_of("paul"), "paul.martin@amis.test");
    EXPECT_EQ(go(admin, "PATCH", members + "/paul", R"({"mailbox":null})").status, 422) << "a mailbox is removed where it is";
    context->events.clear();
    EXPECT_EQ(go(admin, "PATCH", members + "/paul", R"({"mailbox":"paul.martin@amis.test"})").status, 200);
    EXPECT_THAT(kinds(), testing::ElementsAre("member")) << "the same address is no change";
}

TEST_F(Addresses, WhatMailRefusesLaterIsStruckOutAndTold) {
    ASSERT_EQ(go(admin, "POST", members, paul).status, 201);
    // The reservation had run out and an alias had the address when the event came.
    context->refusals["event paul.martin@amis.test"] = "taken_alias";
    EXPECT_EQ(go(admin, "PATCH", members + "/paul", R"({"mailbox":"paul.martin@amis.test"})").json.at("mailbox"), "paul@amis.test");
    context->refusals["event luc@amis.test"] = "taken_alias";
    const Answer luc = go(admin, "POST", members, R"({"login":"luc","name":"Luc","mailbox":"luc@amis.test"})");
    ASSERT_EQ(luc.status, 201);
    EXPECT_FALSE(luc.json.contains("mailbox")) << "what is answered exists";
    ASSERT_EQ(go(admin, "POST", groups, R"({"slug":"bureau","name":"B","members":["paul"],"address":"bureau@amis.test"})").status, 201);
    context->refusals["event conseil@amis.test"] = "taken_mailbox";
    const Answer changed = go(admin, "PATCH", groups + "/bureau", R"({"address":"conseil@amis.test"})");
    EXPECT_TRUE(changed.json.at("address").is_null());
    std::string advice;
    for (const Check& check : people->check_health()) {
        advice += check.passed ? "" : check.advice;
    }
    EXPECT_THAT(advice, HasSubstr("luc@amis.test (luc)"));
    EXPECT_THAT(advice, HasSubstr("conseil@amis.test (amis/bureau)"));
    EXPECT_EQ(go(admin, "PATCH", groups + "/bureau", R"({"address":"bureau@amis.test"})").status, 200);
    EXPECT_EQ(go(admin, "PATCH", members + "/luc", R"({"mailbox":"luc.b@amis.test"})").status, 200);
    for (const Check& check : people->check_health()) {
        EXPECT_TRUE(check.passed || check.name != "addresses") << check.advice;
    }
}

TEST_F(Addresses, AGroupsAddressIsAskedForToo) {
    context->refusals["reserve marie@amis.test"] = "taken_mailbox";
    const Answer refused = go(admin, "POST", groups, R"({"slug":"bureau","name":"B","members":[],"address":"marie@amis.test"})");
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.json.at("code"), "mailbox_taken");
    EXPECT_TRUE(go(admin, "GET", groups).json.at("items").as_array().empty());
    ASSERT_EQ(go(admin, "POST", groups, R"({"slug":"bureau","name":"B","members":[],"address":"bureau@amis.test"})").status, 201);
    EXPECT_EQ(context->reservations.back().at("owner"), "amis/bureau");
    EXPECT_EQ(go(admin, "PATCH", groups + "/bureau", R"({"address":"marie@amis.test"})").status, 409);
    // Somebody else changes the group while mail is asked: nothing of it is overwritten.
    context->during_reservation = [this] {
        EXPECT_TRUE(context->database().execute("UPDATE circle SET name = 'Le bureau'"));
    };
    EXPECT_EQ(go(admin, "PATCH", groups + "/bureau", R"({"address":"b@amis.test"})").status, 503);
    const Answer list = go(admin, "GET", groups);
    EXPECT_EQ(list.json.at("items").at(0).at("name"), "Le bureau");
    EXPECT_EQ(list.json.at("items").at(0).at("address"), "bureau@amis.test");
}

TEST_F(Addresses, MailTellsWhoseAddressesAreWhose) {
    const Answer made = go(admin, "POST", members, R"({"login":"paul","name":"Paul","password":"paul-secret-words","mailbox":"paul@amis.test"})");
    const std::string id(made.json.at("id").as_string());
    Visitor mail;
    mail.caller = Caller::module;
    mail.module = "mail";
    const std::string path = "/internal/mailboxes";
    const auto told = [&](const std::string& list) {
        return go(mail, "POST", path, "{\"member\":\"" + id + "\",\"addresses\":[" + list + "]}").status;
    };
    EXPECT_EQ(go(admin, "POST", path, "{}").status, 403);
    EXPECT_EQ(told(R"({"address":"p@amis.test","association":"amis"},{"address":"paul@amis.test","association":"amis"})"), 204);
    EXPECT_EQ(mailbox_of("paul"), "p@amis.test");
    Visitor paul;
    EXPECT_EQ(sign_in(paul, "p@amis.test", "paul-secret-words").status, 200);
    EXPECT_EQ(sign_in(paul, "paul@amis.test", "paul-secret-words").status, 200) << "the earlier address signs in";
    EXPECT_EQ(told(""), 204);
    EXPECT_EQ(mailbox_of("paul"), "");
    EXPECT_EQ(sign_in(paul, "p@amis.test", "paul-secret-words").status, 401);
    EXPECT_EQ(go(mail, "POST", path, R"({"member":"nobody","addresses":[]})").status, 404);
}

TEST_F(Addresses, AnOlderHouseTellsMailEverythingOnce) {
    ASSERT_EQ(go(admin, "POST", members, paul).status, 201);
    ASSERT_TRUE(context->database().execute("INSERT OR REPLACE INTO house(name, value) VALUES ('tell_mail_again', '1')"));
    for (int start = 0; start < 2; ++start) {
        context->events.clear();
        people = std::make_unique<People>([this] { return wall_ms; }, std::make_unique<FakeClock>());
        ASSERT_TRUE(run(people->start(*context)));
        EXPECT_EQ(go(admin, "PATCH", members + "/paul", R"({"name":"Paul M"})").status, 200);
        EXPECT_EQ(context->events.size(), start == 0 ? 7u : 1u);
    }
}

TEST_F(Addresses, WithoutMailNoAddressIsAnswered) {
    context->set("mail.enabled", "false");
    people = std::make_unique<People>([this] { return wall_ms; }, std::make_unique<FakeClock>());
    ASSERT_TRUE(run(people->start(*context)));
    const Answer refused = go(admin, "POST", members, paul);
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(refused.json.at("errors").at(0).at("code"), "mailbox_none");
    EXPECT_EQ(go(admin, "PATCH", members + "/yann", R"({"mailbox":"yann@amis.test"})").status, 422);
    EXPECT_EQ(go(admin, "POST", members, R"({"login":"paul","name":"Paul"})").status, 201);
}

TEST_F(Addresses, ADomainMovesWholeOrIsRefusedWithWhatIsThere) {
    const std::string jardin = "/api/v1/associations/jardin";
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations", R"({"slug":"jardin","name":"Le Jardin","domains":["jardin.test"]})").status, 201);
    EXPECT_EQ(go(admin, "PATCH", jardin, R"({"domains":["jardin.test","amis.test"]})").json.at("code"), "domain_taken");
    ASSERT_EQ(go(admin, "POST", groups, R"({"slug":"bureau","name":"Le bureau","members":["yann"],"address":"bureau@amis.test"})").status, 201);
    context->carried["mail"] = R"({"items":[{"kind":"mailbox","association":"amis","name":"yann@amis.test"}]})";
    context->carried["sites"] = R"({"items":[{"kind":"site","association":"amis","name":"www.amis.test"}]})";
    const std::string move = R"({"name":"Autre nom","domains":["jardin.test","amis.test"],"move_domains":true})";
    const Answer refused = go(admin, "PATCH", jardin, move);
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.json.at("code"), "domain_in_use");
    ASSERT_EQ(refused.json.at("in_the_way").as_array().size(), 3u) << boost::json::serialize(refused.json);
    for (const char* line : {"\n- Le groupe bureau@amis.test (amis) :", "\n- La boîte yann@amis.test (amis) :", "\n- Le site www.amis.test (amis) :"}) {
        EXPECT_THAT(std::string(refused.json.at("detail").as_string()), HasSubstr(line));
    }
    EXPECT_THAT(std::string(refused.json.at("in_the_way").at(1).at("advice").as_string()), HasSubstr("effacez-la de la corbeille"));
    EXPECT_EQ(go(admin, "GET", amis).json.at("domains").as_array().size(), 1u) << "nothing was given up";
    EXPECT_EQ(go(admin, "GET", jardin).json.at("name"), "Le Jardin");
    // Given up first, and still carried: no other association gets it, old or new.
    const Answer kept = go(admin, "PATCH", amis, R"({"domains":[]})");
    EXPECT_EQ(kept.json.at("code"), "domain_still_used");
    EXPECT_EQ(kept.json.at("in_the_way").as_array().size(), 3u);
    ASSERT_EQ(go(admin, "PATCH", amis, R"({"domains":[],"give_up":true})").status, 200);
    EXPECT_EQ(go(admin, "PATCH", jardin, R"({"domains":["amis.test"]})").json.at("code"), "domain_in_use");
    EXPECT_EQ(go(admin, "POST", "/api/v1/associations", R"({"slug":"verger","name":"V","domains":["amis.test"]})").json.at("code"), "domain_in_use");
    ASSERT_EQ(go(admin, "PATCH", amis, R"({"domains":["amis.test"]})").status, 200) << "its own things are not in its way";
    // All of many are named in the list, the first ones in the sentence too.
    std::string many;
    for (int i = 0; i < 40; ++i) {
        many += std::string(many.empty() ? "" : ",") + R"({"kind":"member_bin","association":"amis","name":"b)" + std::to_string(i) + R"(@amis.test"})";
    }
    context->carried["mail"] = "{\"items\":[" + many + "]}";
    const Answer all = go(admin, "PATCH", jardin, move);
    EXPECT_EQ(all.json.at("in_the_way").as_array().size(), 42u);
    EXPECT_THAT(std::string(all.json.at("detail").as_string()), HasSubstr("membre retiré"));
    EXPECT_THAT(std::string(all.json.at("detail").as_string()), HasSubstr("(+22)"));
    // Who cannot be asked may hold something.
    ASSERT_EQ(go(admin, "DELETE", groups + "/bureau").status, 204);
    context->carried.clear();
    context->carried["sites"] = "not a list";
    EXPECT_EQ(go(admin, "PATCH", jardin, move).json.at("code"), "domain_unknown");
    EXPECT_EQ(go(admin, "PATCH", amis, R"({"domains":[]})").json.at("code"), "domain_unknown");
    context->carried.clear();
    context->mail_away = true;
    EXPECT_EQ(go(admin, "PATCH", jardin, move).json.at("code"), "domain_unknown");
    context->mail_away = false;
    // A host below a domain that amis keeps is not in the way of the domain above it.
    context->carried.clear();
    ASSERT_EQ(go(admin, "PATCH", amis, R"({"domains":["amis.test","beau.amis.test"]})").status, 200);
    context->carried["sites"] = R"({"items":[{"kind":"site","association":"amis","name":"www.beau.amis.test"}]})";
    context->events.clear();
    EXPECT_EQ(go(admin, "PATCH", jardin, move).status, 200);
    EXPECT_EQ(go(admin, "GET", amis).json.at("domains").as_array().size(), 1u);
    EXPECT_EQ(go(admin, "GET", jardin).json.at("domains").as_array().size(), 2u);
    ASSERT_EQ(kinds(), (std::vector<std::string>{"association", "association"}));
    EXPECT_EQ(context->events[0].at("slug"), "amis") << "mail hears first who gave it up";
}

TEST_F(Addresses, TwoAdminsWhoChangeADomainAtOnce) {
    const std::string jardin = "/api/v1/associations/jardin";
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations", R"({"slug":"jardin","name":"Le Jardin","domains":[]})").status, 201);
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations", R"({"slug":"verger","name":"Le Verger","domains":[]})").status, 201);
    ASSERT_EQ(go(admin, "PATCH", amis, R"({"domains":["amis.test","libre.test"]})").status, 200);
    // While the first one waits for mail, the second one moves it.
    int second = 0;
    context->during_domain = [&] {
        second = go(admin, "PATCH", "/api/v1/associations/verger", R"({"domains":["libre.test"],"move_domains":true})").status;
    };
    EXPECT_EQ(go(admin, "PATCH", jardin, R"({"domains":["libre.test"],"move_domains":true})").json.at("code"), "domain_changed");
    EXPECT_EQ(second, 200);
    EXPECT_EQ(go(admin, "GET", "/api/v1/associations/verger").json.at("domains").as_array().size(), 1u);
    // A group gets an address there while the domain's removal waits for mail.
    context->during_domain = [&] {
        second = go(admin, "POST", "/api/v1/associations/verger/groups", R"({"slug":"tous","name":"Tous","members":[],"address":"tous@libre.test"})").status;
    };
    EXPECT_EQ(go(admin, "PATCH", "/api/v1/associations/verger", R"({"domains":[]})").json.at("code"), "domain_still_used");
    EXPECT_EQ(second, 201);
}

TEST_F(Addresses, ModulesHearOfDomainsBelow) {
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations", R"({"slug":"jardin","name":"J","domains":["beau.amis.test","jardin.test","xamis.test"]})").status, 201);
    Visitor sites;
    sites.caller = Caller::module;
    sites.module = "sites";
    EXPECT_EQ(boost::json::serialize(go(sites, "GET", "/internal/associations/amis").json.at("others")), R"(["beau.amis.test"])");
    EXPECT_EQ(boost::json::serialize(go(sites, "GET", "/internal/associations/jardin").json.at("others")), "[]");
}

TEST_F(Addresses, OutsideAddressesOfAGroupKeepTheirCapitals) {
    const Answer made = go(admin, "POST", groups, R"({"slug":"bureau","name":"Le bureau","members":[],"outside":)"
                                                  R"(["Paul.Le-Goff@Ailleurs.Example","paul.le-goff@ailleurs.example","Yann@AMIS.test"]})");
    ASSERT_EQ(made.status, 201);
    EXPECT_EQ(boost::json::serialize(made.json.at("outside")), R"(["Paul.Le-Goff@ailleurs.example","yann@amis.test"])");
}

} // namespace
} // namespace hameau::people
