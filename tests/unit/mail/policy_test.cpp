// Words of addresses, and the Sieve of a forwarding.
#include <gtest/gtest.h>

#include "modules/mail/policy.hpp"

namespace hameau::mail {
namespace {

TEST(Policy, LocalParts) {
    for (const char* good : {"marie.legoff", "a", "a_b-c.d", "1", "x9"}) {
        EXPECT_TRUE(is_mailbox_local(good)) << good;
    }
    for (const char* bad : {"", ".a", "a.", "-a", "a-", "_a", "a+b", "a/b", "a'b", "a*", "a?b", "a b", "é", "../x"}) {
        EXPECT_FALSE(is_mailbox_local(bad)) << bad;
    }
    EXPECT_TRUE(is_alias_local("contact+presse"));
    EXPECT_FALSE(is_alias_local("+presse"));
    EXPECT_FALSE(is_alias_local("a/b"));
    EXPECT_TRUE(is_reserved_local("postmaster"));
    EXPECT_TRUE(is_reserved_local("abuse"));
    EXPECT_FALSE(is_reserved_local("abuser"));
}

TEST(Policy, TagsAreNotAddresses) {
    EXPECT_EQ(without_tag("marie+news@amis.test"), "marie@amis.test");
    EXPECT_EQ(without_tag("marie+a+b@amis.test"), "marie@amis.test");
    EXPECT_EQ(without_tag("marie@amis.test"), "marie@amis.test");
    EXPECT_EQ(without_tag("+x@amis.test"), "+x@amis.test");
    EXPECT_EQ(domain_of("a@b.c"), "b.c");
    EXPECT_EQ(domain_of("a"), "");
}

TEST(Policy, SieveStringsCannotBeLeft) {
    EXPECT_EQ(sieve_quoted("a@b"), "\"a@b\"");
    EXPECT_EQ(sieve_quoted(R"(a"; discard; "\)"), R"("a\"; discard; \"\\")");
    EXPECT_EQ(forward_script({"a@x.test", "b@y.test"}),
              "# Written by Hameau; changes are lost.\nrequire [\"copy\"];\nredirect :copy \"a@x.test\";\nredirect :copy \"b@y.test\";\n");
}

TEST(Policy, Sizes) {
    EXPECT_EQ(size_text(1024), "1 KiB");
    EXPECT_EQ(size_text(std::uint64_t{5} << 30), "5 GiB");
    EXPECT_EQ(size_text(1500), "1500 B");
    EXPECT_EQ(size_text(0), "0 B");
}

} // namespace
} // namespace hameau::mail
