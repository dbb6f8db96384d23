// The bin of associations: what is removed ends for everybody at once, comes back whole within 30 days, and is erased in each
// module exactly once afterwards, whichever of them was away or killed meanwhile.
#include <algorithm>

#include "fake_house.hpp"
#include "modules/people/secrets.hpp"

namespace hameau::people {
namespace {

using Texts = std::vector<std::string>;

class AssociationBin : public House {
protected:
    const std::string jardin = "/api/v1/associations/jardin";
    const std::int64_t day_ms = std::int64_t{24} * 3600 * 1000;

    /// jardin: rose (manager, only there), yann (of amis too), annick (admin) and lena, who was removed.
    AssociationBin() {
        EXPECT_EQ(go(admin, "POST", "/api/v1/associations", R"({"slug":"jardin","name":"Le Jardin","domains":["jardin.test"]})").status, 201);
        add("rose", "manager", "jardin");
        add("lena", "member", "jardin");
        for (const char* login : {"yann", "annick"}) {
            EXPECT_EQ(go(admin, "POST", jardin + "/members", std::string("{\"login\":\"") + login + "\",\"name\":\"x\"}").status, 201);
        }
        EXPECT_EQ(go(admin, "POST", jardin + "/groups", R"({"slug":"serre","name":"Serre","members":["rose","yann"]})").status, 201);
        EXPECT_EQ(go(admin, "DELETE", jardin + "/members/lena").status, 204);
        forget();
    }
    void forget() {
        context->events.clear();
        context->tasks.clear();
    }
    Answer query(Visitor& visitor, std::string method, const std::string& where, std::string words) {
        TextBody text("");
        Request request = make(visitor, std::move(method), where);
        request.query = std::move(words);
        request.body = &text;
        return keep(visitor, run(people->handle(request)));
    }
    Answer remove() { return go(admin, "DELETE", jardin); }
    Answer restore() { return go(admin, "POST", jardin + "/restore"); }
    Answer purge() { return query(admin, "DELETE", jardin, "purge=1"); }
    boost::json::array bin() {
        const Answer list = query(admin, "GET", "/api/v1/associations", "bin=1");
        EXPECT_EQ(list.status, 200);
        return list.json.at("items").as_array();
    }
    std::int64_t number(const std::string& sql) {
        auto query = context->database().prepare(sql);
        return query.step().value() ? query.number(0) : -1;
    }
    /// A new process on the database of before; nothing of the former one goes on. `work`: let it deliver what was left.
    void restart(bool work = true) {
        boost::asio::co_spawn(context->io(), people->stop(), boost::asio::detached);
        context->io().restart();
        context->io().poll();
        auto fake = std::make_unique<FakeClock>();
        clock = fake.get();
        people = std::make_unique<People>([this] { return wall_ms; }, std::move(fake));
        EXPECT_TRUE(run(people->start(*context)));
        context->io().restart();
        if (work) {
            context->io().poll();
        }
    }
    Texts kinds() const {
        Texts out;
        for (const auto& event : context->events) {
            out.emplace_back(event.at("kind").as_string());
        }
        return out;
    }
    /// What mail heard last of somebody.
    boost::json::object last_of(const std::string& login) const {
        boost::json::object out;
        for (const auto& event : context->events) {
            out = event.at("kind") == "member" && std::string(event.at("login").as_string()) == login ? event : out;
        }
        return out;
    }
    Answer make_again() { return go(admin, "POST", "/api/v1/associations", R"({"slug":"jardin","name":"Neuf"})"); }
};

TEST_F(AssociationBin, EverythingEndsAtOnceAndComesBackWhole) {
    Visitor rose = signed_in("rose");
    Visitor yann = signed_in("yann");
    const Answer before = go(admin, "GET", jardin + "/members");
    const Answer groups = go(admin, "GET", jardin + "/groups");
    EXPECT_EQ(go(admin, "GET", jardin).json.at("accounts_only_here"), 1);
    ASSERT_EQ(remove().status, 204);
    EXPECT_EQ(kinds(), (Texts{"association", "member", "member", "member"}));
    EXPECT_EQ(context->events.front().at("closed"), true);
    EXPECT_EQ(last_of("rose").at("disabled"), true);
    EXPECT_EQ(last_of("yann").at("disabled"), false);
    EXPECT_EQ(last_of("yann").at("associations").as_array().size(), 1u);
    Texts tasks = context->tasks;
    std::sort(tasks.begin(), tasks.end());
    EXPECT_EQ(tasks, (Texts{"pads close jardin", "sites close jardin"}));
    EXPECT_EQ(go(rose, "GET", "/api/v1/session").status, 401);
    EXPECT_EQ(go(yann, "GET", "/api/v1/session").json.at("associations").as_array().size(), 1u);
    for (const char* below : {"", "/members", "/groups", "/usage"}) {
        EXPECT_EQ(go(admin, "GET", jardin + below).status, 404) << below;
        EXPECT_EQ(go(yann, "GET", jardin + below).status, 403) << below;
    }
    EXPECT_EQ(go(admin, "PATCH", jardin, R"({"name":"x"})").status, 404);
    EXPECT_EQ(go(admin, "POST", jardin + "/members", R"({"login":"neu","name":"N"})").status, 404);
    EXPECT_EQ(query(admin, "GET", jardin + "/members", "bin=1").status, 404);
    EXPECT_EQ(go(admin, "POST", jardin + "/members/lena/restore").status, 404);
    Visitor service;
    service.caller = Caller::module;
    service.module = "sites";
    EXPECT_EQ(go(service, "GET", "/internal/associations/jardin").status, 404) << "nothing new is made in it";
    EXPECT_EQ(remove().status, 204) << "asked twice, it is in the bin once";
    const auto items = bin();
    ASSERT_EQ(items.size(), 1u);
    EXPECT_EQ(items[0].at("slug"), "jardin");
    EXPECT_EQ(items[0].at("members"), 3);
    EXPECT_EQ(items[0].at("accounts_only_here"), 1);
    EXPECT_TRUE(items[0].at("behind").as_array().empty());
    EXPECT_EQ(std::string(items[0].at("gone").as_string()).substr(0, 10), "2027-02-14");
    wall_ms += 29 * day_ms;
    restart();
    forget();
    const Answer back = restore();
    ASSERT_EQ(back.status, 200) << boost::json::serialize(back.json);
    EXPECT_TRUE(back.json.at("warnings").as_array().empty());
    EXPECT_EQ(kinds(), (Texts{"association", "member", "member", "member", "group"}));
    EXPECT_EQ(context->events.front().at("closed"), false);
    EXPECT_EQ(last_of("rose").at("disabled"), false);
    EXPECT_EQ(context->tasks.size(), 2u);
    EXPECT_TRUE(context->tasks.front().ends_with(" open jardin"));
    EXPECT_EQ(go(admin, "GET", jardin + "/members").json, before.json) << "roles and names as they were";
    EXPECT_EQ(go(admin, "GET", jardin + "/groups").json, groups.json);
    EXPECT_EQ(go(rose, "GET", "/api/v1/session").status, 401) << "what was open before stays over";
    Visitor again = signed_in("rose");
    EXPECT_EQ(go(again, "GET", jardin + "/members").status, 200);
    EXPECT_EQ(restore().status, 404) << "twice is once";
    EXPECT_TRUE(bin().empty());
}

TEST_F(AssociationBin, NobodySignsInWhoHasNothingElse) {
    Visitor rose = signed_in("rose");
    const Answer codes = go(rose, "POST", "/api/v1/me/recovery-codes");
    ASSERT_EQ(codes.status, 200);
    const std::string code(codes.json.at("codes").at(0).as_string());
    context->app_holder = std::string(go(rose, "GET", "/api/v1/session").json.at("member").as_string());
    Visitor gate;
    gate.caller = Caller::module;
    const std::string app = R"({"login":"rose","password":"ap-abc-def","scope":"deploy","prefix":"203.0.113.0/24"})";
    const int app_before = go(gate, "POST", "/internal/app-session", app).status;
    EXPECT_EQ(app_before, 200);
    const Answer invited = go(admin, "POST", jardin + "/members", R"({"login":"neu","name":"Neu","role":"member","invite":true})");
    ASSERT_EQ(invited.status, 201) << boost::json::serialize(invited.json);
    const std::string invitation(invited.json.at("invitation").at("code").as_string());
    ASSERT_EQ(remove().status, 204);
    Visitor visitor;
    const auto sign_in_again = [&] { return sign_in(visitor, "rose", "rose-secret-words").status; };
    const std::string recovery = "{\"login\":\"rose\",\"code\":\"" + code + "\",\"password\":\"another-secret-1\"}";
    EXPECT_EQ(sign_in_again(), 401);
    EXPECT_EQ(go(visitor, "POST", "/api/v1/recovery", recovery).status, 401);
    EXPECT_EQ(go(visitor, "GET", "/api/v1/invitations/" + invitation).status, 404);
    EXPECT_EQ(go(visitor, "POST", "/api/v1/invitations/" + invitation, R"({"password":"another-secret-1"})").status, 404);
    EXPECT_EQ(go(gate, "POST", "/internal/app-session", app).status, 404);
    // Who has another association, and an admin, go on.
    Visitor yann = signed_in("yann");
    Visitor annick = signed_in("annick");
    EXPECT_EQ(go(annick, "GET", "/api/v1/session").status, 200);
    ASSERT_EQ(restore().status, 200);
    EXPECT_EQ(sign_in_again(), 200);
    EXPECT_EQ(go(gate, "POST", "/internal/app-session", app).status, 200);
    EXPECT_EQ(go(visitor, "GET", "/api/v1/invitations/" + invitation).status, 200) << "the invitation has its reason again";
    EXPECT_EQ(go(visitor, "POST", "/api/v1/recovery", recovery).status, 200) << "no code was used up meanwhile";
}

TEST_F(AssociationBin, WhoLosesTheLastOpenAssociationFindsNoOldSessionOpenAfterwards) {
    const std::string amis = "/api/v1/associations/amis";
    const auto sessions = [&](const std::string& login) {
        return number("SELECT count(*) FROM session s JOIN person p ON p.id = s.person WHERE p.login = '" + login + "'");
    };
    Visitor yann = signed_in("yann");
    ASSERT_EQ(remove().status, 204);
    EXPECT_EQ(go(yann, "GET", "/api/v1/session").status, 200) << "amis is left to him";
    ASSERT_EQ(go(admin, "DELETE", amis + "/members/yann").status, 204);
    EXPECT_EQ(sessions("yann"), 0);
    ASSERT_EQ(restore().status, 200);
    EXPECT_EQ(go(yann, "GET", "/api/v1/session").status, 401);
    EXPECT_EQ(sign_in(yann, "yann", "yann-secret-words").status, 200) << "with the password, as a member of jardin";
}

TEST_F(AssociationBin, AnAdminWhoIsNoneAnyMoreAndHasNothingOpen) {
    const std::string amis = "/api/v1/associations/amis";
    Visitor annick = signed_in("annick");
    ASSERT_EQ(go(admin, "PATCH", amis + "/members/marie", R"({"role":"admin"})").status, 200);
    ASSERT_EQ(go(admin, "DELETE", amis + "/members/annick").status, 204);
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations", R"({"slug":"chorale","name":"Chorale"})").status, 201);
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations/chorale/members", R"({"login":"annick","name":"x"})").status, 201);
    ASSERT_EQ(remove().status, 204);
    ASSERT_EQ(go(admin, "PATCH", "/api/v1/associations/chorale/members/annick", R"({"role":"member"})").status, 200);
    EXPECT_EQ(go(annick, "GET", "/api/v1/session").status, 200) << "chorale is left";
    // The last open one is erased for good while jardin lies in the bin.
    ASSERT_EQ(go(admin, "DELETE", "/api/v1/associations/chorale").status, 204);
    EXPECT_EQ(number("SELECT count(*) FROM session s JOIN person p ON p.id = s.person WHERE p.login = 'annick'"), 0);
    ASSERT_EQ(restore().status, 200);
    EXPECT_EQ(go(annick, "GET", "/api/v1/session").status, 401);
}

TEST_F(AssociationBin, ACloseThatIsStillToBeToldEndsWithTheAssociation) {
    context->away = {"sites", "pads"};
    ASSERT_EQ(remove().status, 503);
    EXPECT_GT(number("SELECT count(*) FROM association_task"), 0);
    // As `POST /internal/erase` does: whoever calls it tells the other modules.
    ASSERT_TRUE(run(people->erase_association("jardin")));
    EXPECT_EQ(number("SELECT count(*) FROM association_task"), 0);
    context->away.clear();
    ASSERT_EQ(make_again().status, 201);
    forget();
    restart();
    EXPECT_EQ(context->tasks, Texts{}) << "nobody closes the new one";
}

TEST_F(AssociationBin, ItsOnlyManagerIsNotSwitchedOffThroughAnother) {
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations/amis/members", R"({"login":"rose","name":"Rose"})").status, 201);
    ASSERT_EQ(remove().status, 204);
    EXPECT_EQ(go(admin, "PATCH", "/api/v1/associations/amis/members/rose", R"({"disabled":true})").status, 409);
}

TEST_F(AssociationBin, OnlyAdminsOfTheHouse) {
    Visitor rose = signed_in("rose");
    Visitor nobody;
    const auto all = [&](Visitor& visitor, int status) {
        EXPECT_EQ(go(visitor, "DELETE", jardin).status, status);
        EXPECT_EQ(query(visitor, "DELETE", jardin, "purge=1").status, status);
        EXPECT_EQ(go(visitor, "POST", jardin + "/restore").status, status);
        EXPECT_EQ(query(visitor, "GET", "/api/v1/associations", "bin=1").status, status);
    };
    all(rose, 403);
    all(nobody, 401);
    EXPECT_EQ(purge().status, 404) << "what is in use is not erased";
    EXPECT_EQ(restore().status, 404);
    EXPECT_EQ(go(admin, "DELETE", "/api/v1/associations/nulle").status, 404);
    Visitor annick = signed_in("annick");
    EXPECT_EQ(go(annick, "DELETE", jardin).status, 204);
    EXPECT_EQ(go(annick, "GET", "/api/v1/session").status, 200);
}

TEST_F(AssociationBin, ItsNamesStayTaken) {
    ASSERT_EQ(remove().status, 204);
    EXPECT_EQ(make_again().json.at("code"), "association_binned");
    const Answer other = go(admin, "POST", "/api/v1/associations", R"({"slug":"neuf","name":"N","domains":["jardin.test"],"move_domains":true})");
    EXPECT_EQ(other.status, 409);
    EXPECT_EQ(other.json.at("code"), "domain_binned");
    const std::string amis = "/api/v1/associations/amis";
    EXPECT_EQ(go(admin, "PATCH", amis, R"({"domains":["amis.test","jardin.test"],"move_domains":true})").json.at("code"), "domain_binned");
    Visitor marie = signed_in("marie");
    EXPECT_EQ(go(marie, "POST", amis + "/members", R"({"login":"rose","name":"R","password":"some-secret-words"})").json.at("code"), "login_taken")
        << "so does the login";
    // It goes into the bin while another one asks for its domain.
    ASSERT_EQ(restore().status, 200);
    context->during_domain = [this] {
        auto change = context->database().prepare("UPDATE association SET binned_ms = 1800000000001 WHERE slug = 'jardin'");
        EXPECT_TRUE(change.run());
    };
    EXPECT_EQ(go(admin, "PATCH", amis, R"({"domains":["amis.test","jardin.test"],"move_domains":true})").json.at("code"), "domain_binned");
}

TEST_F(AssociationBin, WhoAnswersForAnAccountStaysTheSame) {
    // yann is of both: marie alone does not answer for the account, and must not set a password that opens jardin later.
    Visitor marie = signed_in("marie");
    ASSERT_EQ(remove().status, 204);
    EXPECT_EQ(go(marie, "POST", "/api/v1/associations/amis/members/yann/invitation").status, 403);
    EXPECT_EQ(go(marie, "PATCH", "/api/v1/associations/amis/members/yann", R"({"disabled":true})").status, 403);
    // Removed from amis too, the account is not in the bin of members: jardin can still bring it back.
    ASSERT_EQ(go(marie, "DELETE", "/api/v1/associations/amis/members/yann").status, 204);
    Visitor visitor;
    EXPECT_EQ(sign_in(visitor, "yann", "yann-secret-words").status, 401);
    ASSERT_EQ(restore().status, 200);
    EXPECT_EQ(sign_in(visitor, "yann", "yann-secret-words").status, 200);
    EXPECT_EQ(go(visitor, "GET", "/api/v1/session").json.at("associations").as_array().size(), 1u);
}

TEST_F(AssociationBin, AServiceThatIsAwayIsNamedAndToldLater) {
    people->set_delivery_deadline(std::chrono::milliseconds(1));
    context->away = {"sites"};
    const Answer pending = remove();
    EXPECT_EQ(pending.status, 503);
    EXPECT_EQ(pending.json.at("code"), "association_pending");
    EXPECT_NE(boost::json::serialize(pending.json).find("Sites"), std::string::npos);
    EXPECT_EQ(boost::json::serialize(pending.json).find("Écrire"), std::string::npos) << "the other one did it";
    EXPECT_EQ(context->tasks, Texts{"pads close jardin"});
    EXPECT_EQ(boost::json::serialize(bin().at(0).at("behind")), R"(["sites"])");
    // Back before sites heard anything: it hears the last word only.
    EXPECT_NE(boost::json::serialize(restore().json.at("warnings")).find("Sites"), std::string::npos);
    ASSERT_EQ(remove().status, 503);
    forget();
    // Everybody is killed; sites is back before people.
    context->away.clear();
    restart(false);
    people->set_delivery_deadline(std::chrono::seconds(10));
    EXPECT_EQ(remove().status, 204) << "asked again, it is true now";
    EXPECT_EQ(context->tasks, Texts{"sites close jardin"});
    EXPECT_EQ(number("SELECT count(*) FROM association_task"), 0);
}

TEST_F(AssociationBin, AWordThatChangesWhileItIsTold) {
    context->during_task = [this] {
        auto change = context->database().prepare("UPDATE association_task SET word = 'open' WHERE module = 'pads'");
        EXPECT_TRUE(change.run());
    };
    context->away = {"sites"};
    people->set_delivery_deadline(std::chrono::milliseconds(1));
    EXPECT_EQ(remove().status, 503);
    context->io().restart();
    context->io().poll();
    EXPECT_EQ(context->tasks, (Texts{"pads close jardin", "pads open jardin"})) << "the later word is not struck out with the first";
}

TEST_F(AssociationBin, ErasedInEachModuleOnceAndItsNameKeptUntilThen) {
    people->set_delivery_deadline(std::chrono::milliseconds(1));
    ASSERT_EQ(go(admin, "POST", "/api/v1/associations/amis/members", R"({"login":"lena2","name":"L"})").status, 201);
    context->away = {"pads", "sites"};
    EXPECT_EQ(remove().status, 503);
    forget();
    const Answer pending = purge();
    EXPECT_EQ(pending.status, 503) << "sites never heard that it was closed";
    EXPECT_EQ(pending.json.at("code"), "association_erase_pending");
    EXPECT_EQ(kinds(), (Texts{"association-erased", "member", "member-erased", "member", "member-erased"})) << "lena waited in its bin of members";
    EXPECT_EQ(context->tasks, Texts{"mail erase jardin"});
    EXPECT_EQ(number("SELECT count(*) FROM person WHERE login IN ('rose', 'lena') OR binned > 0"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM person WHERE login IN ('yann', 'annick')"), 2) << "they have another place";
    EXPECT_EQ(restore().status, 404);
    EXPECT_TRUE(bin().empty());
    EXPECT_EQ(make_again().json.at("code"), "association_going") << "a late erase must not meet a new one of that name";
    EXPECT_EQ(purge().status, 503) << "asked again, still true";
    forget();
    restart();
    context->away = {"pads"};
    EXPECT_EQ(purge().status, 503);
    EXPECT_EQ(context->tasks, (Texts{"sites close jardin", "sites erase jardin"}));
    context->away.clear();
    people->set_delivery_deadline(std::chrono::seconds(10));
    EXPECT_EQ(purge().status, 204);
    EXPECT_EQ(context->tasks, (Texts{"sites close jardin", "sites erase jardin", "pads close jardin", "pads erase jardin"}));
    EXPECT_EQ(purge().status, 404);
    forget();
    EXPECT_EQ(make_again().status, 201);
    restart();
    EXPECT_TRUE(context->tasks.empty()) << "the new one is left alone";
    EXPECT_EQ(go(admin, "GET", jardin).json.at("name"), "Neuf");
}

TEST_F(AssociationBin, ThirtyDaysLaterItIsErased) {
    ASSERT_EQ(remove().status, 204);
    wall_ms += 30 * day_ms - 1;
    EXPECT_EQ(bin().size(), 1u);
    forget();
    wall_ms += 1;
    restart();
    const Texts told = kinds();
    EXPECT_EQ(std::count(told.begin(), told.end(), "association-erased"), 1);
    Texts tasks = context->tasks;
    std::sort(tasks.begin(), tasks.end());
    EXPECT_EQ(tasks, (Texts{"mail erase jardin", "pads close jardin", "pads erase jardin", "sites close jardin", "sites erase jardin"}));
    EXPECT_EQ(restore().status, 404);
    EXPECT_EQ(make_again().status, 201);
}

TEST_F(AssociationBin, MailThatIsAskedLaterHearsThatItIsClosed) {
    ASSERT_EQ(remove().status, 204);
    forget();
    auto again = context->database().prepare("INSERT OR REPLACE INTO house(name, value) VALUES ('tell_mail_again', '1')");
    ASSERT_TRUE(again.run());
    restart();
    bool closed = false;
    for (const auto& event : context->events) {
        closed = closed || (event.at("kind") == "association" && event.at("slug") == "jardin" && event.at("closed") == true);
        EXPECT_FALSE(event.at("kind") == "group" && event.at("association") == "jardin");
    }
    EXPECT_TRUE(closed);
    EXPECT_EQ(last_of("rose").at("disabled"), true);
}

TEST(AssociationBinMigration, ADatabaseOfBeforeKeepsItsAssociationsInUse) {
    const std::string path = testing::TempDir() + "/people-before-association-bin-" + new_id() + ".db";
    {
        auto old = Database::open(path, people_manifest.migrations.first(5));
        ASSERT_TRUE(old);
        ASSERT_TRUE(old->execute("INSERT INTO association(slug, name, quota_bytes, created_ms) VALUES ('amis', 'A', 0, 1)"));
        ASSERT_TRUE(old->execute("INSERT INTO person(id, login, name, admin, disabled, contact, created_ms) VALUES ('p1', 'yann', 'Y', 0, 0, '', 1)"));
        ASSERT_TRUE(old->execute("INSERT INTO membership(association, person, role) VALUES ('amis', 'p1', 'member')"));
    }
    for (int start = 0; start < 2; ++start) {
        auto now = Database::open(path, people_manifest.migrations);
        ASSERT_TRUE(now);
        Store store(*now, true);
        ASSERT_TRUE(store.association("amis"));
        EXPECT_TRUE(store.person("p1")->may_sign_in());
        std::vector<std::string> touched;
        ASSERT_TRUE(store.transaction([&] { return store.bin_association("amis", 1000, touched); }));
        EXPECT_FALSE(store.association("amis"));
        EXPECT_FALSE(store.person("p1")->may_sign_in());
        ASSERT_TRUE(store.transaction([&] { return store.unbin_association("amis", touched); }));
    }
}

} // namespace
} // namespace hameau::people
