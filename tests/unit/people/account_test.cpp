// Tests of members, groups, invitations, one's own account, set-up, the outbox and the archive.
#include <gmock/gmock.h>

#include "fake_house.hpp"
#include "modules/people/archive_texts.hpp"
#include "modules/people/secrets.hpp"

namespace hameau::people {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class Members : public House {
protected:
    const std::string path = "/api/v1/associations/amis/members";
};

TEST_F(Members, RolesAreCheckedBeforeBodies) {
    Visitor nobody;
    Visitor yann = signed_in("yann");
    EXPECT_EQ(go(nobody, "POST", path, "not json").status, 401);
    EXPECT_EQ(go(yann, "POST", path, "not json").status, 403);
    EXPECT_EQ(go(yann, "GET", "/api/v1/associations/autre/members").status, 403);
    EXPECT_EQ(go(yann, "POST", "/api/v1/associations", "not json").status, 403);
    EXPECT_EQ(go(yann, "GET", "/api/v1/status").status, 403);
    EXPECT_EQ(go(admin, "GET", "/api/v1/associations/autre/members").status, 404);
    Visitor marie = signed_in("marie");
    EXPECT_EQ(go(marie, "POST", path, "not json").status, 400);
    EXPECT_EQ(go(marie, "PUT", "/api/v1/declared", "{}").status, 403);
}

TEST_F(Members, OutsideAddressesAreForManagers) {
    ASSERT_EQ(go(admin, "PATCH", path + "/yann", R"({"contact":"yann@elsewhere.example"})").status, 200);
    Visitor yann = signed_in("yann");
    Visitor marie = signed_in("marie");
    const Answer seen = go(yann, "GET", path);
    EXPECT_EQ(seen.json.at("items").as_array().size(), 3u);
    EXPECT_FALSE(seen.json.at("items").at(2).as_object().contains("contact"));
    EXPECT_EQ(go(marie, "GET", path).json.at("items").at(2).at("contact"), "yann@elsewhere.example");
}

TEST_F(Members, ListsHavePages) {
    Visitor marie = signed_in("marie");
    TextBody none("");
    Request request = make(marie, "GET", path);
    request.query = "limit=2";
    const Answer first = keep(marie, run(people->handle(request)));
    EXPECT_EQ(first.json.at("items").as_array().size(), 2u);
    EXPECT_EQ(first.json.at("next"), "marie");
    request.query = "limit=2&after=marie";
    const Answer second = keep(marie, run(people->handle(request)));
    EXPECT_EQ(second.json.at("items").at(0).at("login"), "yann");
    EXPECT_TRUE(second.json.at("next").is_null());
}

TEST_F(Members, ErrorsNameTheNearestField) {
    Visitor marie = signed_in("marie");
    const Answer refused = go(marie, "POST", path, R"({"login":"Lé","nam":"x","role":"admin","mailbox":"l@other.test","password":"short"})");
    EXPECT_EQ(refused.status, 422);
    std::vector<std::string> fields;
    for (const auto& error : refused.json.at("errors").as_array()) {
        fields.emplace_back(error.at("field").as_string());
    }
    EXPECT_THAT(fields, ElementsAre("login", "name", "password", "mailbox", "role", "nam"));
    EXPECT_THAT(std::string(refused.json.at("errors").at(5).at("message").as_string()), HasSubstr("name"));
}

TEST_F(Members, TheLastManagerAndTheLastAdminRemain) {
    Visitor marie = signed_in("marie");
    // annick manages too, as the house's admin who belongs here.
    ASSERT_EQ(go(admin, "PATCH", path + "/annick", R"({"role":"admin"})").status, 200);
    EXPECT_EQ(go(admin, "DELETE", path + "/annick").status, 204);
    EXPECT_EQ(go(marie, "PATCH", path + "/marie", R"({"role":"member"})").json.at("code"), "last_manager");
    EXPECT_EQ(go(marie, "DELETE", path + "/marie").status, 409);
    EXPECT_EQ(go(admin, "PATCH", path + "/marie", R"({"disabled":true})").status, 409);
    ASSERT_EQ(go(marie, "PATCH", path + "/yann", R"({"role":"manager"})").status, 200);
    EXPECT_EQ(go(marie, "PATCH", path + "/marie", R"({"role":"member"})").status, 200);
    EXPECT_EQ(go(marie, "PATCH", path + "/yann", R"({"role":"member"})").status, 403);
}

TEST_F(Members, TheLastAdminCannotBeSwitchedOff) {
    EXPECT_EQ(go(admin, "PATCH", path + "/annick", R"({"disabled":true})").json.at("code"), "last_admin");
    EXPECT_EQ(go(admin, "PATCH", path + "/annick", R"({"role":"manager"})").json.at("code"), "last_admin");
}

TEST_F(Members, AManagerHasNoHoldOnAnAdminOrOnAnAccountUsedElsewhere) {
    Visitor marie = signed_in("marie");
    EXPECT_EQ(go(marie, "PATCH", path + "/annick", R"({"disabled":true})").status, 403);
    EXPECT_EQ(go(marie, "PATCH", path + "/annick", R"({"role":"member"})").status, 403);
    EXPECT_EQ(go(marie, "POST", path + "/annick/invitation").status, 403);
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations", R"({"slug":"autre","name":"Autre","domains":[]})").status, 201);
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations/autre/members", R"({"login":"yann","name":"Yann"})").status, 201);
    EXPECT_EQ(go(marie, "PATCH", path + "/yann", R"({"name":"Other"})").json.at("code"), "account_elsewhere");
    EXPECT_EQ(go(marie, "POST", path + "/yann/invitation").status, 403);
    EXPECT_EQ(go(marie, "PATCH", path + "/yann", R"({"role":"manager"})").status, 200);
    // Nor may a manager of elsewhere pull somebody in by guessing a login.
    add("paul", "manager", "autre");
    Visitor paul = signed_in("paul");
    EXPECT_EQ(go(paul, "POST", "/api/v1/associations/autre/members", R"({"login":"marie","name":"M"})").json.at("code"), "login_taken");
}

TEST_F(Members, DisablingEndsSessionsAtOnce) {
    Visitor yann = signed_in("yann");
    Visitor marie = signed_in("marie");
    ASSERT_EQ(go(marie, "PATCH", path + "/yann", R"({"disabled":true})").status, 200);
    EXPECT_EQ(go(yann, "GET", "/api/v1/session").status, 401);
    Visitor again;
    EXPECT_EQ(sign_in(again, "yann", "yann-secret-words").status, 401);
    EXPECT_EQ(context->events.back().at("disabled"), true);
}

TEST_F(Members, WhoLeavesTheLastAssociationIsErased) {
    Visitor marie = signed_in("marie");
    Visitor yann = signed_in("yann");
    EXPECT_EQ(go(marie, "DELETE", path + "/yann").status, 204);
    EXPECT_EQ(context->events.back().at("kind"), "member-erased");
    EXPECT_EQ(go(yann, "GET", "/api/v1/session").status, 401);
    EXPECT_EQ(go(marie, "DELETE", path + "/yann").status, 404);
}

TEST_F(Members, InvitationsByLinkAndByCodeAreUsedOnce) {
    Visitor marie = signed_in("marie");
    const Answer invited = go(marie, "POST", path, R"({"login":"lena","name":"Lena","invite":true})");
    ASSERT_EQ(invited.status, 201);
    EXPECT_EQ(invited.json.at("state"), "invited");
    const std::string url(invited.json.at("invitation").at("url").as_string());
    const std::string token = url.substr(url.find('#') + 1);
    const std::string code(invited.json.at("invitation").at("code").as_string());
    Visitor lena;
    EXPECT_EQ(go(lena, "GET", "/api/v1/invitations/" + token).json.at("login"), "lena");
    EXPECT_EQ(go(lena, "GET", "/api/v1/invitations/" + code).json.at("association"), "Les Amis");
    EXPECT_EQ(go(lena, "POST", "/api/v1/invitations/" + token, R"({"password":"short"})").status, 422);
    EXPECT_EQ(go(lena, "POST", "/api/v1/invitations/" + token, R"({"password":"lena-secret-words"})").status, 201);
    EXPECT_EQ(go(lena, "GET", "/api/v1/session").json.at("login"), "lena");
    Visitor late;
    EXPECT_EQ(go(late, "POST", "/api/v1/invitations/" + code, R"({"password":"lena-other-words"})").status, 404);
}

TEST_F(Members, InvitationsExpireAndTheRenewedOneReplacesThem) {
    Visitor marie = signed_in("marie");
    const Answer first = go(marie, "POST", path, R"({"login":"lena","name":"Lena","invite":true})");
    const Answer second = go(marie, "POST", path + "/lena/invitation");
    ASSERT_EQ(second.status, 201);
    Visitor lena;
    EXPECT_EQ(go(lena, "GET", "/api/v1/invitations/" + std::string(first.json.at("invitation").at("code").as_string())).status, 404);
    const std::string code(second.json.at("code").as_string());
    EXPECT_EQ(go(lena, "GET", "/api/v1/invitations/" + code).status, 200);
    wall_ms += invitation_ms;
    EXPECT_EQ(go(lena, "GET", "/api/v1/invitations/" + code).status, 404);
}

TEST_F(Members, GuessedInvitationCodesAreSlowedDown) {
    Visitor guesser;
    for (int i = 0; i < free_attempts; ++i) {
        EXPECT_EQ(go(guesser, "GET", "/api/v1/invitations/KORI-MADE").status, 404);
    }
    EXPECT_EQ(go(guesser, "GET", "/api/v1/invitations/KORI-MADE").status, 429);
}

TEST_F(Members, GroupsHoldMembersAndOutsideAddresses) {
    Visitor marie = signed_in("marie");
    const std::string groups = "/api/v1/associations/amis/groups";
    EXPECT_EQ(go(marie, "POST", groups, R"({"slug":"bureau","name":"Le bureau","members":["nobody"],"address":"b@other.test"})").status, 422);
    const Answer made = go(marie, "POST", groups, R"({"slug":"bureau","name":"Le bureau","members":["Marie","yann"],"outside":["X@y.org"],"address":"bureau@amis.test"})");
    ASSERT_EQ(made.status, 201);
    EXPECT_EQ(boost::json::serialize(made.json.at("members")), R"(["marie","yann"])");
    EXPECT_EQ(context->events.back().at("kind"), "group");
    EXPECT_EQ(context->events.back().at("members").as_array().size(), 2u);
    EXPECT_EQ(go(marie, "POST", groups, R"({"slug":"bureau","name":"x"})").status, 409);
    EXPECT_EQ(go(marie, "POST", groups, R"({"slug":"b2","name":"x","address":"bureau@amis.test"})").json.at("code"), "group_address_taken");
    EXPECT_EQ(go(marie, "PATCH", groups + "/bureau", R"({"may_send":true,"address":null})").json.at("may_send"), true);
    ASSERT_EQ(go(marie, "DELETE", path + "/yann").status, 204);
    EXPECT_EQ(go(marie, "GET", groups).json.at("items").at(0).at("members").as_array().size(), 1u);
    EXPECT_EQ(go(marie, "DELETE", groups + "/bureau").status, 204);
    EXPECT_EQ(context->events.back().at("kind"), "group-erased");
}

TEST_F(Members, TwoPeopleOfOneNameGetALoginAndAnAddressEach) {
    Visitor marie = signed_in("marie");
    Visitor yann = signed_in("yann");
    const auto propose = [&](const std::string& name) {
        Request request = make(marie, "GET", path + "/proposal");
        request.query = "name=" + name;
        return keep(marie, run(people->handle(request)));
    };
    EXPECT_EQ(go(yann, "GET", path + "/proposal").status, 403);
    const Answer first = propose("Paul%20Le%20Goff");
    EXPECT_EQ(boost::json::serialize(first.json), R"({"login":"paul.le.goff","mailbox":"paul.le.goff@amis.test","same_name":[]})");
    ASSERT_EQ(go(marie, "POST", path, R"({"login":"paul.le.goff","name":"Paul Le Goff","mailbox":"paul.le.goff@amis.test","invite":true})").status, 201);
    const Answer second = propose("PAUL%20le%20goff");
    EXPECT_EQ(second.json.at("login"), "paul.le.goff2");
    EXPECT_EQ(second.json.at("mailbox"), "paul.le.goff2@amis.test");
    EXPECT_EQ(second.json.at("same_name").at(0).at("mailbox"), "paul.le.goff@amis.test");
    // Taken by hand all the same: the sentence says whose it is and what is free, and not that the person is a member.
    const Answer taken = go(marie, "POST", path, R"({"login":"paul.le.goff","name":"Paul Le Goff","invite":true})");
    EXPECT_EQ(taken.status, 409);
    EXPECT_THAT(std::string(taken.json.at("detail").as_string()), HasSubstr("paul.le.goff2"));
    // One number for both: the address alone is a group's.
    ASSERT_EQ(go(marie, "POST", "/api/v1/associations/amis/groups", R"({"slug":"fete","name":"Fête","address":"fete@amis.test"})").status, 201);
    EXPECT_EQ(propose("F%C3%AAte").json.at("login"), "fete2");
    EXPECT_EQ(propose("Fete%0Ax").status, 422);
}

TEST_F(Members, ListsTellManagersWhoseAccountTheyMayChange) {
    Visitor marie = signed_in("marie");
    const Answer seen = go(marie, "GET", path);
    EXPECT_EQ(seen.json.at("items").at(0).at("may_change_account"), false) << "the admin's";
    EXPECT_EQ(seen.json.at("items").at(2).at("may_change_account"), true);
    Visitor yann = signed_in("yann");
    EXPECT_FALSE(go(yann, "GET", path).json.at("items").at(0).as_object().contains("may_change_account"));
}

class Account_ : public House {};

TEST_F(Account_, ChangingThePasswordEndsTheOtherSessions) {
    Visitor here = signed_in("marie");
    Visitor there = signed_in("marie");
    EXPECT_EQ(go(here, "POST", "/api/v1/me/password", R"({"current":"wrong","new":"marie-other-words"})").status, 403);
    EXPECT_EQ(go(here, "POST", "/api/v1/me/password", R"({"current":"marie-secret-words","new":"marie-other-words"})").status, 204);
    EXPECT_EQ(go(here, "GET", "/api/v1/session").status, 200);
    EXPECT_EQ(go(there, "GET", "/api/v1/session").status, 401);
    Visitor again;
    EXPECT_EQ(sign_in(again, "marie", "marie-secret-words").status, 401);
    EXPECT_EQ(sign_in(again, "marie", "marie-other-words").status, 200);
}

TEST_F(Account_, AnOpenSessionDoesNotHelpToGuessThePassword) {
    Visitor thief = signed_in("marie");
    for (int i = 0; i < free_attempts; ++i) {
        EXPECT_EQ(go(thief, "POST", "/api/v1/me/password", R"({"current":"wrong","new":"marie-other-words"})").status, 403);
    }
    EXPECT_EQ(go(thief, "POST", "/api/v1/me/password", R"({"current":"wrong","new":"marie-other-words"})").status, 429);
}

TEST_F(Account_, RecoveryCodesWorkOnce) {
    Visitor marie = signed_in("marie");
    const Answer made = go(marie, "POST", "/api/v1/me/recovery-codes");
    ASSERT_EQ(made.json.at("codes").as_array().size(), recovery_codes);
    const std::string code(made.json.at("codes").at(3).as_string());
    const std::string body = R"({"login":"marie","code":")" + code + R"(","password":"marie-third-words"})";
    Visitor lost;
    EXPECT_EQ(go(lost, "POST", "/api/v1/recovery", R"({"login":"yann","code":")" + code + R"(","password":"yann-third-words"})").status, 401);
    EXPECT_EQ(go(lost, "POST", "/api/v1/recovery", body).status, 200);
    EXPECT_EQ(go(marie, "GET", "/api/v1/session").status, 401);
    EXPECT_EQ(go(lost, "GET", "/api/v1/me/recovery-codes").json.at("left"), 9);
    EXPECT_EQ(go(lost, "POST", "/api/v1/recovery", body).status, 401);
    // Deploy tokens that somebody made before it have ended; those of later have not.
    Store store(context->database(), true);
    const auto person = store.person_by_login("marie");
    ASSERT_TRUE(person);
    const std::int64_t now = std::time(nullptr) * std::int64_t{1000};
    EXPECT_EQ(store.power_ended(person->id, "amis", now - 60'000).value(), "recovered");
    EXPECT_EQ(store.power_ended(person->id, "amis", now + 60'000).value(), "");
    EXPECT_EQ(store.power_ended(person->id, "nowhere", now + 60'000).value(), "left") << "no member there";
    EXPECT_EQ(store.power_ended("nobody", "amis", now + 60'000).value(), "left");
}

TEST_F(Account_, AppPasswordsAreKeptByMail) {
    Visitor marie = signed_in("marie");
    context->mail_status = 201;
    EXPECT_EQ(go(marie, "POST", "/api/v1/me/app-passwords", R"({"name":"téléphone"})").status, 201);
    EXPECT_EQ(context->calls.back(), "POST mail/internal/app-passwords");
    EXPECT_EQ(go(marie, "POST", "/api/v1/me/app-passwords", R"({"name":"x","scopes":["root"]})").status, 422);
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/me/app-passwords/x%3Fmember=y").status, 404);
    Visitor nobody;
    EXPECT_EQ(go(nobody, "POST", "/api/v1/me/app-passwords", "{}").status, 401);
}

TEST_F(Account_, OldCodesOpenWhateverLookAlikeIsTyped) {
    Visitor marie = signed_in("marie");
    const std::string person(go(marie, "GET", "/api/v1/session").json.at("member").as_string());
    {
        auto database = Database::open(folder_.string() + "/people.db", people_manifest.migrations);
        ASSERT_TRUE(database);
        Statement salt = database->prepare("SELECT value FROM house WHERE name = 'code_salt'");
        ASSERT_TRUE(*salt.step());
        const auto hash = hash_code("KORILAVO", salt.text(0) + person);
        Statement insert = database->prepare("INSERT INTO recovery_code (person, code_hash) VALUES (?, ?)");
        insert.bind(1, person).bind(2, *hash);
        ASSERT_TRUE(insert.run());
    }
    Visitor lost;
    EXPECT_EQ(go(lost, "POST", "/api/v1/recovery", R"({"login":"marie","code":"k0r1 1av0","password":"marie-third-words"})").status, 200);
}

TEST_F(Account_, PasswordsThatOthersGuessFirstAreRefusedEverywhere) {
    Visitor marie = signed_in("marie");
    const auto refused = [](const Answer& answer, std::string_view field, std::string_view word) {
        EXPECT_EQ(answer.status, 422) << boost::json::serialize(answer.json);
        const std::string text = boost::json::serialize(answer.json);
        EXPECT_THAT(text, HasSubstr("\"field\":\"" + std::string(field) + "\""));
        EXPECT_THAT(text, HasSubstr(std::string(word)));
    };
    refused(go(marie, "POST", "/api/v1/me/password", R"({"current":"marie-secret-words","new":"azertyuiop"})"), "new", "clavier");
    refused(go(marie, "POST", "/api/v1/associations/amis/members", R"({"login":"lena","name":"Léna Le Bihan","password":"LenaLeBihan1975"})"), "password", "noms");
    // The association's name is known to everybody in it.
    refused(go(marie, "POST", "/api/v1/me/password", R"({"current":"marie-secret-words","new":"LesAmis2026"})"), "new", "noms");
    refused(go(marie, "POST", "/api/v1/associations/amis/members", R"({"login":"lena","name":"Léna Le Bihan","password":"LenaLesAmis"})"), "password", "noms");
    const Answer made = go(marie, "POST", "/api/v1/associations/amis/members", R"({"login":"lena","name":"Léna Le Bihan","invite":true})");
    const std::string path = "/api/v1/invitations/" + std::string(made.json.at("invitation").at("code").as_string());
    Visitor lena;
    refused(go(lena, "POST", path, R"({"password":"Les amis 2024"})"), "password", "noms");
    refused(go(lena, "POST", path, R"({"password":"Mot de passe 2024"})"), "password", "essaie");
    EXPECT_EQ(go(lena, "POST", path, R"({"password":"lena et ses amis"})").status, 201);
}

TEST_F(Account_, RecoveryWithAGuessablePasswordKeepsTheCodeAndTellsNobodyWhoIsThere) {
    Visitor marie = signed_in("marie");
    EXPECT_EQ(go(admin, "PATCH", "/api/v1/associations/amis/members/marie", R"({"name":"Maryvonne Guillou"})").status, 200);
    const Answer made = go(marie, "POST", "/api/v1/me/recovery-codes");
    const std::string code(made.json.at("codes").at(0).as_string());
    Visitor lost;
    // Without a code, a name that is somebody's is answered like any other.
    for (const char* password : {"maryvonneguillou", "someone else there"}) {
        EXPECT_EQ(go(lost, "POST", "/api/v1/recovery", R"({"login":"marie","code":"PAGE-MARE","password":")" + std::string(password) + "\"}").status, 401);
    }
    EXPECT_EQ(go(lost, "POST", "/api/v1/recovery", R"({"login":"marie","code":")" + code + R"(","password":"maryvonneguillou"})").status, 422);
    EXPECT_EQ(go(lost, "POST", "/api/v1/recovery", R"({"login":"marie","code":")" + code + R"(","password":"lesamislesamis"})").status, 422);
    EXPECT_EQ(go(lost, "POST", "/api/v1/recovery", R"({"login":"marie","code":")" + code + R"(","password":"marie-third-words"})").status, 200);
}

class Outbox : public House {};

TEST_F(Outbox, EventsComeInOrderAndAreKeptWhileMailIsAway) {
    std::vector<std::string> kinds;
    for (const auto& event : context->events) {
        kinds.emplace_back(event.at("kind").as_string());
    }
    EXPECT_THAT(kinds, ElementsAre("association", "member", "member", "member"));
    context->mail_away = true;
    people->set_delivery_deadline(Duration(0));
    Visitor marie = signed_in("marie");
    const Answer kept = go(marie, "POST", "/api/v1/me/password", R"({"current":"marie-secret-words","new":"marie-other-words"})");
    EXPECT_EQ(kept.status, 503);
    EXPECT_EQ(kept.json.at("code"), "mail_pending");
    EXPECT_FALSE(people->check_health()[1].passed);
    context->mail_away = false;
    people->set_delivery_deadline(std::chrono::seconds(10));
    EXPECT_EQ(go(admin, "PATCH", "/api/v1/associations/amis", R"({"name":"Les Amis du Bourg"})").status, 200);
    ASSERT_EQ(context->events.size(), 6u);
    EXPECT_EQ(context->events[4].at("login"), "marie");
    EXPECT_EQ(context->events[5].at("name"), "Les Amis du Bourg");
    EXPECT_TRUE(people->check_health()[1].passed);
}

TEST_F(Outbox, OneThatMailCannotUseDoesNotHoldBackTheOthers) {
    people->set_delivery_deadline(std::chrono::seconds(60));
    context->mail_status = 422;
    EXPECT_EQ(go(admin, "PATCH", "/api/v1/associations/amis", R"({"name":"A"})").status, 200);
    EXPECT_TRUE(people->check_health()[1].passed);
}

TEST_F(Outbox, AResendTellsEverything) {
    context->events.clear();
    Visitor mail;
    mail.caller = Caller::module;
    mail.module = "mail";
    EXPECT_EQ(go(mail, "POST", "/internal/resend").status, 202);
    EXPECT_EQ(go(admin, "PATCH", "/api/v1/associations/amis", R"({"name":"A"})").status, 200);
    EXPECT_EQ(context->events.size(), 5u);
}

class Archive : public House {
protected:
    /// people/association.json of amis as an export with passwords writes it; each password is LOGIN-secret-words.
    std::string archived() {
        ArchiveFacts facts;
        facts.association.slug = "amis";
        facts.association.name = "Les Amis";
        facts.association.domains = {"amis.test"};
        facts.passwords = true;
        const Answer listed = go(admin, "GET", "/api/v1/associations/amis/members");
        for (const auto& item : listed.json.at("items").as_array()) {
            Member member;
            member.person.id = std::string(item.at("id").as_string());
            member.person.login = std::string(item.at("login").as_string());
            member.person.name = member.person.login;
            member.person.password_hash = hash_password(member.person.login + "-secret-words").value();
            member.role = member.person.login == "marie" ? Role::manager : Role::member;
            facts.members.push_back(std::move(member));
        }
        Circle circle;
        circle.slug = "bureau";
        circle.name = "B";
        circle.members = {{"", "marie"}};
        circle.outside = {"x@y.org"};
        facts.circles = {circle};
        return boost::json::serialize(archive_people(facts));
    }
    /// Why it was not imported; nothing when it was.
    std::string refusal(const std::string& slug, const std::string& text, const std::string& trust = "&trusted=1&same=1") {
        const Answer answer = go(admin, "POST", "/internal/archive?association=" + slug + "&archive=one" + trust, text);
        const bool listed = answer.status == 200 && !answer.json.at("conflicts").as_array().empty();
        return answer.status != 200 || listed ? boost::json::serialize(answer.json) : "";
    }
};

TEST_F(Archive, EraseAndImportKeepsPasswords) {
    const std::string text = archived();
    EXPECT_THAT(refusal("amis", text), HasSubstr("there is an association of that name"));
    Visitor yann = signed_in("yann");
    ASSERT_TRUE(run(people->erase_association("amis")));
    EXPECT_EQ(go(yann, "GET", "/api/v1/session").status, 401);
    EXPECT_EQ(go(admin, "GET", "/api/v1/associations").json.at("items").as_array().size(), 0u);
    EXPECT_EQ(refusal("amis", text), "");
    EXPECT_EQ(signed_in("yann").session.size(), token_characters);
    EXPECT_EQ(go(admin, "GET", "/api/v1/associations/amis/groups").json.at("items").at(0).at("members").at(0), "marie");
    Visitor stranger;
    EXPECT_EQ(go(stranger, "POST", "/internal/archive?association=amis&archive=one", text).status, 403) << "by the admin's socket alone";
}

/// Whoever wrote the file knows its passwords.
TEST_F(Archive, WithoutTrustNoPasswordIsTaken) {
    const std::string text = archived();
    ASSERT_TRUE(run(people->erase_association("amis")));
    EXPECT_EQ(refusal("amis", text, "&same=1"), "");  // the admin is here
    const Answer members = go(admin, "GET", "/api/v1/associations/amis/members");
    int invited = 0;
    for (const auto& member : members.json.at("items").as_array()) {
        invited += member.at("state") == "invited" ? 1 : 0;
        EXPECT_TRUE(member.at("login") != "yann" || member.at("state") == "invited");
    }
    EXPECT_GT(invited, 0);
}

/// Ids are in every archive: a file that names somebody of this house gets no power over the account.
TEST_F(Archive, WhoIsHereAlreadyIsNamedFirst) {
    std::string text = archived();
    boost::json::value document = boost::json::parse(text);
    document.as_object()["slug"] = "autre";
    document.as_object()["domains"] = boost::json::array{"autre.test"};
    document.as_object()["groups"] = boost::json::array();
    text = boost::json::serialize(document);
    EXPECT_THAT(refusal("autre", text, ""), HasSubstr("this person is here already"));
    EXPECT_EQ(go(admin, "GET", "/api/v1/associations").json.at("items").as_array().size(), 1u);
    // An account that only waits in a bin too.
    ASSERT_EQ(go(admin, "DELETE", "/api/v1/associations/amis/members/yann").status, 204);
    boost::json::array only;
    for (const auto& member : document.at("members").as_array()) {
        if (member.at("login") == "yann") {
            only.push_back(member);
        }
    }
    ASSERT_EQ(only.size(), 1U);
    document.as_object()["members"] = only;
    text = boost::json::serialize(document);
    EXPECT_THAT(refusal("autre", text, "&trusted=1"), HasSubstr("this person is here already"));
    EXPECT_EQ(refusal("autre", text, "&same=1"), "");
}

TEST_F(Archive, AStrangersArchiveChangesNothing) {
    EXPECT_NE(refusal("autre", "[]"), "");
    EXPECT_NE(refusal("autre", R"({"version":1,"slug":"else","name":"x","domains":[]})"), "");
    const std::string head = R"({"version":1,"slug":"autre","name":"x","domains":[],"groups":[],"members":[)";
    EXPECT_NE(refusal("autre", head + "7]}"), "");
    // A hash that would make us use 4 GiB, and a login that is somebody else's.
    EXPECT_NE(refusal("autre", head + R"({"id":"aaaaaaaaaaaaaaaaaaaaaaaaaa","login":"eve","name":"E","role":"manager","password_hash":"$argon2id$v=19$m=4194304,t=9,p=1$x$y"}]})"), "");
    EXPECT_NE(refusal("autre", head + R"({"id":"aaaaaaaaaaaaaaaaaaaaaaaaaa","login":"marie","name":"E","role":"manager"}]})"), "");
    EXPECT_EQ(go(admin, "GET", "/api/v1/associations").json.at("items").as_array().size(), 1u);
}

TEST(ArchiveTable, NamesAreNoFormulasAndHashesStayOut) {
    ArchiveFacts facts;
    facts.language = Language::english;
    Member member;
    member.person.login = "yann";
    member.person.name = "=cmd";
    member.person.password_hash = "$argon2id$x";
    facts.members = {member};
    const std::string table = archive_members_table(facts);
    EXPECT_THAT(table, HasSubstr("\"yann\",\"'=cmd\",\"member\""));
    EXPECT_EQ(table.find("argon2"), std::string::npos);
    EXPECT_EQ(boost::json::serialize(archive_people(facts)).find("argon2"), std::string::npos) << "passwords were not asked for";
}

class TheHouse : public House {};

TEST_F(TheHouse, SetUpIsOverOnceThereIsAnAdmin) {
    Visitor visitor;
    EXPECT_EQ(go(visitor, "GET", "/api/v1/setup").json.at("needed"), false);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "setup-token"));
    EXPECT_EQ(go(visitor, "POST", "/api/v1/setup", "{}").status, 409);
}

TEST_F(TheHouse, DeclaredHashesAreMerged) {
    EXPECT_EQ(go(admin, "PUT", "/api/v1/declared", R"({"a":"1","b":"2"})").status, 204);
    EXPECT_EQ(go(admin, "PUT", "/api/v1/declared", R"({"a":null,"c":"3"})").status, 204);
    EXPECT_EQ(boost::json::serialize(go(admin, "GET", "/api/v1/declared").json), R"({"b":"2","c":"3"})");
    EXPECT_EQ(go(admin, "PUT", "/api/v1/declared", R"({"b":null,"a":7})").status, 422);
    EXPECT_EQ(go(admin, "GET", "/api/v1/declared").json.size(), 2u);
}

TEST_F(TheHouse, StatusAsksOnlyWhoIsAwake) {
    Visitor annick = signed_in("annick");
    context->calls.clear();
    const Answer status = go(annick, "GET", "/api/v1/status");
    ASSERT_EQ(status.status, 200);
    EXPECT_EQ(status.json.at("processes").at(0).at("pss_kb"), 3000);
    EXPECT_EQ(status.json.at("services").at(3).at("state"), "asleep");
    EXPECT_TRUE(context->calls.empty());
    const Answer house = go(annick, "GET", "/api/v1/house");
    EXPECT_EQ(house.json.at("asleep"), 1);
    EXPECT_EQ(house.json.at("memory_kb"), 12000);
    EXPECT_EQ(house.json.at("memory_about"), true) << "an engine's resident memory counts shared pages in each process";
    EXPECT_FALSE(house.json.contains("people")) << "passwords are shown in a trial only";
}

TEST_F(TheHouse, HealthIsSaidInTheReadersLanguage) {
    Visitor annick = signed_in("annick");
    context->mail_away = true;
    people->set_delivery_deadline(Duration(0));
    (void)go(admin, "PATCH", "/api/v1/associations/amis", R"({"name":"A"})");
    const auto advice = [&](const std::string& language) {
        Request request = make(annick, "GET", "/api/v1/status");
        request.headers.emplace_back("accept-language", language);
        const Answer status = keep(annick, run(people->handle(request)));
        for (const auto& service : status.json.at("services").as_array()) {
            if (service.at("name") == "people") {
                return std::string(service.at("checks").at(1).at("advice").as_string());
            }
        }
        return std::string();
    };
    EXPECT_NE(advice("fr").find("attendent le courrier"), std::string::npos) << advice("fr");
    EXPECT_NE(advice("en").find("wait for mail"), std::string::npos) << advice("en");
    // Who else is asked is asked in the same language.
    context->mail_away = false;
    context->pads_ready = true;
    context->calls.clear();
    (void)advice("en");
    EXPECT_THAT(context->calls, Contains("GET pads/internal/health?language=en"));
}

TEST_F(TheHouse, ACertificateThatIsNotRenewedIsTold) {
    Visitor annick = signed_in("annick");
    const auto told = [&] {
        Request request = make(annick, "GET", "/api/v1/status");
        request.headers.emplace_back("accept-language", "en");
        const Answer status = keep(annick, run(people->handle(request)));
        for (const auto& process : status.json.at("processes").as_array()) {
            EXPECT_FALSE(process.at("name").as_string().starts_with("trouble")) << "it is no process";
        }
        for (const auto& check : status.json.at("services").at(0).at("checks").as_array()) {
            if (check.at("name") == "certificates") {
                EXPECT_EQ(check.at("passed").as_bool(), context->certificates_trouble.empty());
                return std::string(check.at("advice").as_string());
            }
        }
        return std::string("no check");
    };
    EXPECT_EQ(told(), "");
    const std::int64_t now = wall_ms / 1000;
    context->certificates_trouble = "3\tmaison.test\tno_address\t" + std::to_string(now + 9 * 24 * 3600 + 5);
    const std::string ends = told();
    EXPECT_NE(ends.find("maison.test could not be renewed. Days left to it: 9. The reason: the address does not lead anywhere"), std::string::npos) << ends;
    EXPECT_NE(ends.find("in all: 3."), std::string::npos) << ends;
    context->certificates_trouble = "1\tmaison.test\town\t" + std::to_string(now + 100);
    EXPECT_NE(told().find("the house does not renew it"), std::string::npos);
    context->certificates_trouble = "1\tmaison.test\tunreachable\t" + std::to_string(now - 1);
    EXPECT_NE(told().find("is not valid any more"), std::string::npos);
    context->certificates_trouble = "3\t\tturn\t0";
    EXPECT_NE(told().find("could not be looked at, 3 times in a row"), std::string::npos);
    context->certificates_trouble = "1\tmaison.test\ta_new_word\t0";
    EXPECT_NE(told().find("no recognised certificate yet, and browsers warn: the request failed"), std::string::npos);
}

TEST(Texts, AreInBothLanguagesAndPlain) {
    for (const CatalogueText& text : people_catalogue) {
        EXPECT_FALSE(text.french.empty()) << text.code;
        EXPECT_FALSE(text.english.empty()) << text.code;
        for (const char* word : {"token", "alias", "quota", "slug", "deploy", "module"}) {
            EXPECT_EQ(text.french.find(word), std::string_view::npos) << text.code << ": " << word;
        }
    }
}

} // namespace
} // namespace hameau::people
