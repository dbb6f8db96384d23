// The part that sites give to the archive of an association, while what it names is removed.
#include "daemon/contract/parts.hpp"
#include "fake_house.hpp"

namespace hameau::sites {
namespace {

class SitesArchive : public SitesHouse {};

TEST_F(SitesArchive, AVersionThatAnArchiveHasNamedStaysUntilItIsSent) {
    add_site();
    deploy(yann, {{"index.html", page}, {"a.png", std::string(60'000, 'y')}});
    Request request = request_of("GET", "/internal/archive?association=amis");
    request.who.caller = Caller::module;
    request.who.module = "people";
    Response response = run(handle(request));
    ASSERT_EQ(response.status, 200);
    {
        auto source = std::move(std::get<BodySource>(response.body));
        std::string sent = run(source()).value();
        EXPECT_EQ(go(marie, "DELETE", "/api/v1/sites/amis.test").status, 204);
        EXPECT_EQ(go(marie, "DELETE", "/api/v1/sites/amis.test?purge=1").status, 204);
        settle();
        EXPECT_EQ(count_files("blobs"), 2u) << "the archive has named them";
        for (auto piece = run(source()); piece && !piece->empty(); piece = run(source())) {
            sent += *piece;
        }
        EXPECT_TRUE(sent.ends_with(parts_end));
        EXPECT_NE(sent.find(std::string(60'000, 'y')), std::string::npos);
    }
    // Let go with the stream; the next sweep takes them.
    add_site("www.amis.test");
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/sites/www.amis.test").status, 204);
    EXPECT_EQ(go(marie, "DELETE", "/api/v1/sites/www.amis.test?purge=1").status, 204);
    settle();
    EXPECT_EQ(count_files("blobs"), 0u);
}

} // namespace
} // namespace hameau::sites
