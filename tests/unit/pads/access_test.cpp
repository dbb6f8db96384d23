// The access matrix: who may do what, and what a link key is worth.
#include "tests/unit/pads/fakes.hpp"

namespace hameau::pads {
namespace {

using P = Permission;

TEST(Access, TheWholeMatrix) {
    for (const P members : {P::none, P::read, P::write}) {
        for (const P link : {P::none, P::read, P::write}) {
            const Access access{members, link, {}};
            EXPECT_EQ(permission_of(access, {}), P::none) << "a stranger without a key";
            EXPECT_EQ(permission_of(access, {"", "", Role::none, false, true}), link) << "a key";
            EXPECT_EQ(permission_of(access, {"m", "login", Role::none, false, false}), P::none) << "another association";
            EXPECT_EQ(permission_of(access, {"m", "login", Role::none, true, false}), P::none) << "made it, left the association";
            EXPECT_EQ(permission_of(access, {"m", "login", Role::member, false, false}), members);
            EXPECT_EQ(permission_of(access, {"m", "login", Role::member, false, true}), std::max(members, link)) << "the better of both";
            EXPECT_EQ(permission_of(access, {"m", "login", Role::member, true, false}), P::write) << "made it";
            EXPECT_EQ(permission_of(access, {"m", "login", Role::manager, false, false}), P::write);
        }
    }
}

TEST(Access, OnlyManagersAndTheMakerManage) {
    EXPECT_FALSE(may_manage({"m", "login", Role::member, false, true}));
    EXPECT_TRUE(may_manage({"m", "login", Role::member, true, false}));
    EXPECT_TRUE(may_manage({"m", "login", Role::manager, false, false}));
    EXPECT_FALSE(may_manage({"m", "login", Role::none, true, false}));
}

TEST(Access, ChosenPeopleAreMembersNotLogins) {
    Access access{P::none, P::none, {"yann", "anna"}, {"m-yann", std::string(nobody)}};
    EXPECT_EQ(permission_of(access, {"m-yann", "yann", Role::member, false, false}), P::write);
    EXPECT_EQ(permission_of(access, {"m-yann", "yann-renamed", Role::member, false, false}), P::write) << "the same member";
    EXPECT_EQ(permission_of(access, {"m-other", "yann", Role::member, false, false}), P::none) << "another person has the login now";
    EXPECT_EQ(permission_of(access, {"m-anna", "anna", Role::member, false, false}), P::none) << "nobody had this login";
    EXPECT_EQ(permission_of(access, {"", "", Role::none, false, false}), P::none);
    access.members_named.clear();
    EXPECT_EQ(permission_of(access, {"m-other", "yann", Role::member, false, false}), P::write) << "until somebody says who is meant";
}

TEST(Access, Keys) {
    EXPECT_TRUE(same_key("abc", "abc"));
    EXPECT_FALSE(same_key("abd", "abc"));
    EXPECT_FALSE(same_key("ab", "abc"));
    EXPECT_FALSE(same_key("", "")) << "a pad without a key is opened by none";
}

TEST(Access, Words) {
    for (const P permission : {P::none, P::read, P::write}) {
        EXPECT_EQ(permission_from(to_text(permission)), permission);
    }
    EXPECT_FALSE(permission_from("admin").has_value());
}

} // namespace
} // namespace hameau::pads
