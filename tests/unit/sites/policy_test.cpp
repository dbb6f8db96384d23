// Pure decisions of the sites module.
#include "modules/sites/policy.hpp"

#include <gtest/gtest.h>

namespace hameau::sites {
namespace {

TEST(Hosts, Judged) {
    const std::vector<std::string> domains = {"amis.bzh"};
    EXPECT_EQ(judge_host("amis.bzh", domains, {}, "hameau.amis.bzh"), HostVerdict::fine);
    EXPECT_EQ(judge_host("hameau.amis.bzh", domains, {}, "hameau.amis.bzh"), HostVerdict::services);
    EXPECT_EQ(judge_host("x.hameau.amis.bzh", domains, {}, "hameau.amis.bzh"), HostVerdict::services);
    EXPECT_EQ(judge_host("xhameau.amis.bzh", domains, {}, "hameau.amis.bzh"), HostVerdict::fine);
    EXPECT_EQ(judge_host("notamis.bzh", domains, {}, "localhost"), HostVerdict::elsewhere);
    EXPECT_EQ(judge_host("a.localhost", domains, {}, "localhost"), HostVerdict::services);
    EXPECT_EQ(judge_host("AMIS.bzh", domains, {}, "localhost"), HostVerdict::malformed);
    EXPECT_EQ(judge_host("127.0.0.1", domains, {}, "localhost"), HostVerdict::malformed);
    EXPECT_EQ(judge_host("amis.bzh.", domains, {}, "localhost"), HostVerdict::malformed);
    EXPECT_EQ(judge_host(std::string(64, 'a') + ".amis.bzh", domains, {}, "localhost"), HostVerdict::malformed);
}

TEST(Hosts, TheLongerDomainDecides) {
    const std::vector<std::string> amis = {"amis.bzh"};
    const std::vector<std::string> beau = {"beau.amis.bzh"};
    EXPECT_EQ(judge_host("www.beau.amis.bzh", amis, beau, "localhost"), HostVerdict::others);
    EXPECT_EQ(judge_host("beau.amis.bzh", amis, beau, "localhost"), HostVerdict::others);
    EXPECT_EQ(judge_host("xbeau.amis.bzh", amis, beau, "localhost"), HostVerdict::fine);
    EXPECT_EQ(judge_host("www.amis.bzh", amis, beau, "localhost"), HostVerdict::fine);
    EXPECT_EQ(judge_host("www.beau.amis.bzh", beau, amis, "localhost"), HostVerdict::fine);
}

TEST(Versions, Dropped) {
    using Numbers = std::vector<std::int64_t>;
    EXPECT_EQ(versions_to_drop({1, 2, 3}, 3, 2, 10), Numbers{});
    EXPECT_EQ(versions_to_drop({1, 2, 3, 4, 5}, 5, 4, 2), Numbers{1});
    EXPECT_EQ(versions_to_drop({5, 4, 3, 2, 1}, 1, 2, 1), (Numbers{4, 3}));
    EXPECT_EQ(versions_to_drop({1, 2}, 2, 0, 0), Numbers{1});
}

TEST(EcoIndex, ValuesOfTheStandard) {
    EXPECT_EQ(ecoindex(60, 3, 15), 94);
    EXPECT_EQ(ecoindex(150, 5, 60), 90);
    EXPECT_EQ(ecoindex(250, 8, 200), 85);
    EXPECT_EQ(ecoindex(600, 40, 1024), 61);
    EXPECT_EQ(ecoindex(693, 78, 2420), 44);
    EXPECT_EQ(ecoindex(1500, 100, 3000), 24);
    // 23 MB of pictures are not an A, however few elements there are.
    EXPECT_EQ(ecoindex_grade(std::min(ecoindex(60, 12, 23'000), score_most(23'000'000))), 'G');
    EXPECT_EQ(score_most(900'000), 100);
    EXPECT_EQ(ecoindex_grade(score_most(1'500'000)), 'B');
    EXPECT_EQ(ecoindex_grade(81), 'A');
    EXPECT_EQ(ecoindex_grade(80), 'B');
    EXPECT_EQ(ecoindex_grade(56), 'C');
    EXPECT_EQ(ecoindex_grade(10), 'G');
}

TEST(Urls, ForTheOneWhoAsks) {
    EXPECT_EQ(site_url("amis.test", "https://localhost:8443"), "https://amis.test:8443/");
    EXPECT_EQ(site_url("amis.bzh", "https://hameau.bzh"), "https://amis.bzh/");
    EXPECT_EQ(site_url("amis.test", "http://localhost:8080"), "http://amis.localhost:8080/");
    EXPECT_EQ(site_url("www.amis.test", "http://localhost:8080"), "https://www.amis.test/");
    EXPECT_EQ(site_url("amis.bzh", ""), "https://amis.bzh/");
    EXPECT_EQ(site_url("amis.bzh", "https://x:evil"), "https://amis.bzh/");
}

} // namespace
} // namespace hameau::sites
