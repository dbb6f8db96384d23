// The archive of an association while it goes out: the right of who asked is looked at again while a service's part is sent.
#include <random>

#include "daemon/contract/parts.hpp"
#include "fake_house.hpp"

namespace hameau::people {
namespace {

class ArchiveOf : public House {
protected:
    /// A first service that never ends, of bytes that do not compress.
    void sends_for_ever() {
        context->archive_piece = [this, begun = false](const std::string&) mutable {
            std::string piece = begun ? std::string() : part_header(Part{"mail/large", part_bytes_max, 1});
            begun = true;
            for (int i = 0; i < 32768; ++i) {
                piece += static_cast<char>(random_());
            }
            return piece;
        };
    }
    BodySource asked_by(const Visitor& visitor) {
        context->set("house.host", "maison.test");
        Request request = make(visitor, "GET", "/api/v1/associations/amis/archive");
        Response response = run(people->handle(request));
        EXPECT_EQ(response.status, 200);
        return std::move(std::get<BodySource>(response.body));
    }
    bool goes_on(BodySource& source) {
        for (int i = 0; i < 10; ++i) {
            const auto piece = run(source());
            if (!piece || piece->empty()) {
                return false;
            }
        }
        return true;
    }

private:
    std::mt19937 random_{7};
};

TEST_F(ArchiveOf, WhoLosesTheRightGetsNoMoreOfIt) {
    sends_for_ever();
    const Visitor marie = signed_in("marie");
    BodySource source = asked_by(marie);
    EXPECT_TRUE(goes_on(source));
    EXPECT_EQ(go(admin, "PATCH", "/api/v1/associations/amis/members/marie", R"({"role":"member"})").status, 200);
    clock->advance(std::chrono::seconds(59));
    EXPECT_TRUE(goes_on(source)) << "asked again each minute, not at each piece";
    clock->advance(std::chrono::seconds(2));
    EXPECT_FALSE(goes_on(source));
}

TEST_F(ArchiveOf, ASlowLineOfAManagerEndsAfterItsTime) {
    sends_for_ever();
    const Visitor marie = signed_in("marie");
    BodySource source = asked_by(marie);
    clock->advance(std::chrono::hours(11));
    EXPECT_TRUE(goes_on(source));
    clock->advance(std::chrono::hours(2));
    EXPECT_FALSE(goes_on(source));
}

TEST_F(ArchiveOf, TheAdminsEndsAManagers) {
    sends_for_ever();
    const Visitor marie = signed_in("marie");
    BodySource source = asked_by(marie);
    EXPECT_TRUE(goes_on(source));
    sends_for_ever();  // from its beginning
    BodySource admins = asked_by(admin);
    EXPECT_TRUE(goes_on(admins));
    EXPECT_FALSE(goes_on(source));
    EXPECT_TRUE(goes_on(admins));
}

} // namespace
} // namespace hameau::people
