// Tests of the Store on a temporary database.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "modules/people/storage/store.hpp"

namespace hameau {
extern const Manifest people_manifest;
}

namespace hameau::people {
namespace {

using testing::HasSubstr;

class StoreTest : public testing::Test {
protected:
    StoreTest() :
        folder_(std::filesystem::temp_directory_path() / ("people-store-" + new_id())),
        database_(open()), store_(database_, true) {
        Association association;
        association.slug = "amis";
        association.name = "Les Amis";
        association.domains = {"amis.test"};
        EXPECT_TRUE(store_.put_association(association));
        marie_ = add("marie", Role::manager);
    }
    ~StoreTest() override { std::filesystem::remove_all(folder_); }
    Database open() {
        std::filesystem::create_directory(folder_);
        auto opened = Database::open((folder_ / "people.db").string(), people_manifest.migrations);
        EXPECT_TRUE(opened);
        return std::move(*opened);
    }
    Person add(const std::string& login, Role role) {
        Person person;
        person.id = new_id();
        person.login = login;
        person.name = login;
        EXPECT_TRUE(store_.insert_person(person));
        EXPECT_TRUE(store_.set_membership("amis", person.id, role));
        return person;
    }
    std::filesystem::path folder_;
    Database database_;
    Store store_;
    Person marie_;
};

TEST_F(StoreTest, WithMailOffWhatTellsOfAnEndIsKept) {
    Store off(database_, false);
    const auto before = off.last_event();
    EXPECT_TRUE(off.emit_member(marie_.id));
    EXPECT_TRUE(off.emit_association("amis"));
    EXPECT_EQ(off.last_event(), before) << "told again when mail is on";
    EXPECT_TRUE(off.emit_member_erased("gone"));
    EXPECT_TRUE(off.emit_app_passwords_erased(marie_.id));
    EXPECT_TRUE(off.emit_circle_erased("amis", "bureau"));
    EXPECT_TRUE(off.emit_association_erased("jardin"));
    EXPECT_EQ(off.last_event(), before + 4);
}

TEST_F(StoreTest, LoginsAndDomainsAreUnique) {
    Person twin = marie_;
    twin.id = new_id();
    const auto refused = store_.insert_person(twin);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    Association thief;
    thief.slug = "autre";
    thief.domains = {"amis.test"};
    EXPECT_FALSE(store_.transaction([&] { return store_.put_association(thief); }));
    EXPECT_FALSE(store_.association("autre"));
}

TEST_F(StoreTest, SignInByLoginOrAddressInAnyCase) {
    ASSERT_TRUE(store_.set_mailbox(marie_.id, "amis", "marie.legoff@amis.test"));
    EXPECT_EQ(store_.person_by_sign_in("MARIE")->id, marie_.id);
    EXPECT_EQ(store_.person_by_sign_in("Marie.LeGoff@AMIS.test")->id, marie_.id);
    EXPECT_FALSE(store_.person_by_sign_in("marie@amis.test"));
}

TEST_F(StoreTest, SessionsEnd) {
    ASSERT_TRUE(store_.insert_session("h1", "s1", marie_.id, false, 1000, 5000));
    ASSERT_TRUE(store_.insert_session("h2", "s2", marie_.id, true, 1000, 5000));
    EXPECT_TRUE(store_.session("h1", 4999, 900));
    EXPECT_FALSE(store_.session("h1", 5000, 900));
    // A shared computer: over when it was left idle, kept alive by use.
    EXPECT_TRUE(store_.session("h2", 1899, 900));
    EXPECT_FALSE(store_.session("h2", 1900, 900));
    store_.touch_session("h2", 1800);
    EXPECT_TRUE(store_.session("h2", 2600, 900));
    Person disabled = marie_;
    disabled.disabled = true;
    ASSERT_TRUE(store_.update_person(disabled));
    EXPECT_FALSE(store_.session("h1", 2000, 900));
}

TEST_F(StoreTest, SessionsAndDevicesOfOnePersonAreBounded) {
    for (std::size_t i = 0; i < sessions_per_person_max + 5; ++i) {
        const std::string n = std::to_string(i);
        ASSERT_TRUE(store_.insert_session("h" + n, "s" + n, marie_.id, false, static_cast<std::int64_t>(i), 1 << 20));
        ASSERT_TRUE(store_.insert_device("d" + n, marie_.id, static_cast<std::int64_t>(i)));
    }
    EXPECT_FALSE(store_.session("h4", 100, 900));
    EXPECT_TRUE(store_.session("h5", 100, 900));
    EXPECT_FALSE(store_.is_device_of("d0", marie_.id));
    EXPECT_TRUE(store_.is_device_of("d50", marie_.id));
    EXPECT_FALSE(store_.is_device_of("d50", "somebody"));
}

TEST_F(StoreTest, AnInvitationIsUsedOnceAndTheRenewedOneReplacesIt) {
    Invitation invitation;
    invitation.person = marie_;
    invitation.association = "amis";
    invitation.token_hash = "t1";
    invitation.expires_ms = 1000;
    invitation.account.associations = {"amis", "jardin"};
    ASSERT_TRUE(store_.put_invitation(invitation, "c1", 0));
    EXPECT_EQ(store_.invitation_of(marie_.id, 0)->account.associations, invitation.account.associations);
    EXPECT_TRUE(store_.invitation("c1", 999));
    EXPECT_FALSE(store_.invitation("c1", 1000));
    invitation.token_hash = "t2";
    ASSERT_TRUE(store_.put_invitation(invitation, "c2", 0));
    EXPECT_FALSE(store_.invitation("t1", 0));
    EXPECT_FALSE(store_.use_invitation(marie_.id, "t1"));
    EXPECT_TRUE(store_.use_invitation(marie_.id, "t2"));
    EXPECT_FALSE(store_.use_invitation(marie_.id, "t2"));
}

TEST_F(StoreTest, ARecoveryCodeIsUsedOnce) {
    ASSERT_TRUE(store_.replace_recovery_codes(marie_.id, {"a", "b"}));
    EXPECT_TRUE(store_.use_recovery_code(marie_.id, "a"));
    EXPECT_FALSE(store_.use_recovery_code(marie_.id, "a"));
    EXPECT_EQ(store_.count_recovery_codes(marie_.id), 1u);
}

TEST_F(StoreTest, WhoLeavesTheAssociationLeavesItsGroups) {
    Circle circle;
    circle.association = "amis";
    circle.slug = "bureau";
    circle.name = "Le bureau";
    circle.members = {{marie_.id, "marie"}};
    circle.outside = {"x@y.z"};
    ASSERT_TRUE(store_.put_circle(circle));
    ASSERT_TRUE(store_.erase_membership("amis", marie_.id));
    EXPECT_TRUE(store_.circle("amis", "bureau")->members.empty());
    ASSERT_TRUE(store_.erase_association("amis"));
    EXPECT_FALSE(store_.circle("amis", "bureau"));
}

TEST_F(StoreTest, AnEventIsKeptOnlyWithItsChange) {
    EXPECT_FALSE(store_.transaction([&]() -> Status {
        EXPECT_TRUE(store_.emit_member(marie_.id));
        return fail(ErrorKind::invalid, "no");
    }));
    EXPECT_FALSE(store_.first_event());
    ASSERT_TRUE(store_.transaction([&] { return store_.emit_all(); }));
    const auto first = store_.first_event();
    ASSERT_TRUE(first);
    EXPECT_THAT(first->text, HasSubstr("\"kind\":\"association\""));
    ASSERT_TRUE(store_.erase_event(first->id));
    EXPECT_THAT(store_.first_event()->text, HasSubstr("\"password_hash\":null"));
    Store without_mail(database_, false);
    const auto before = without_mail.last_event();
    ASSERT_TRUE(without_mail.emit_member(marie_.id));
    EXPECT_EQ(without_mail.last_event(), before);
}

TEST_F(StoreTest, DisabledManagersDoNotCount) {
    add("yann", Role::manager);
    EXPECT_EQ(store_.count_managers("amis"), 2u);
    marie_.disabled = true;
    ASSERT_TRUE(store_.update_person(marie_));
    EXPECT_EQ(store_.count_managers("amis"), 1u);
}

} // namespace
} // namespace hameau::people
