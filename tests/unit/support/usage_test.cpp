// Usage: what a module tells people of its bytes, and what it may add, against a people that adds up as the real one does.
#include "fake_house.hpp"
#include "modules/support/usage.hpp"

namespace hameau {
namespace {

namespace json = boost::json;

const Manifest& manifest() {
    static Manifest made;
    made.name = "pads";
    return made;
}

class UsageContext final : public QuietContext {
public:
    explicit UsageContext(std::string folder) : QuietContext(std::move(folder), manifest()) {}
    Task<Result<Response>> call(std::string module, std::string method, std::string path, std::string text) override {
        EXPECT_EQ(method + " " + module + path, "POST people/internal/usage");
        const json::object question = json::parse(text).as_object();
        told.push_back(question.at("bytes").to_number<std::uint64_t>());
        if (away) {
            co_return fail(ErrorKind::unavailable, "away");
        }
        Response response;
        if (question.at("association").as_string() != "amis") {
            response.status = 404;
            co_return response;
        }
        json::object out;
        out["quota_bytes"] = quota;
        out["others_bytes"] = others;
        response.body = json::serialize(out);
        co_return response;
    }
    std::uint64_t quota = 10'000'000;
    std::uint64_t others = 0;
    bool away = false;
    std::vector<std::uint64_t> told;
};

class UsageHouse : public ModuleHouse<UsageContext> {
protected:
    UsageHouse() : ModuleHouse("usage") { usage = std::make_unique<Usage>(*context, Usage::Whose::mail); }
    ~UsageHouse() override { usage.reset(); }
    void settle() {
        context->io().restart();
        context->io().poll();
    }
    std::unique_ptr<Usage> usage;
};

TEST_F(UsageHouse, StepsAreToldAndKeystrokesAreNot) {
    usage->set("amis", 0);
    settle();
    ASSERT_EQ(context->told, std::vector<std::uint64_t>{0}) << "the first word, even of nothing";
    for (std::uint64_t bytes = 100; bytes <= 100'000; bytes += 100) {
        usage->set("amis", bytes);
        settle();
    }
    EXPECT_EQ(context->told.size(), 1u) << "1 % of the quota";
    usage->set("amis", 100'001);
    settle();
    usage->set("amis", 0);
    settle();
    EXPECT_EQ(context->told, (std::vector<std::uint64_t>{0, 100'001, 0})) << "less is told as well";
}

TEST_F(UsageHouse, WhatIsHeldCountsUntilItIsLetGo) {
    context->others = 4'000'000;
    usage->set("amis", 1'000'000);
    auto first = run(usage->take("amis", 4'000'000));
    ASSERT_TRUE(first);
    EXPECT_EQ(context->told.back(), 5'000'000u) << "people knows before the bytes are written";
    const auto second = run(usage->take("amis", 1'500'000));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::too_large);
    settle();
    EXPECT_FALSE(usage->has_room("amis", 1'500'000));
    EXPECT_TRUE(usage->has_room("amis", 1'000'000)) << "the refused bytes are let go";
    first->release();
    EXPECT_TRUE(usage->has_room("amis", 5'000'000));
    EXPECT_FALSE(usage->has_room("amis", 5'000'001));
}

TEST_F(UsageHouse, ANoAsksAgainAndALargerQuotaCounts) {
    usage->set("amis", 9'900'000);
    settle();
    context->quota = 20'000'000;
    EXPECT_FALSE(usage->has_room("amis", 500'000));
    settle();
    EXPECT_TRUE(usage->has_room("amis", 500'000));
}

TEST_F(UsageHouse, WithoutAQuotaEverythingFitsAndWithoutPeopleNothingLarge) {
    context->quota = 0;
    EXPECT_TRUE(run(usage->take("amis", std::uint64_t{1} << 50)));
    context->away = true;
    const auto away = run(usage->take("amis", std::uint64_t{1} << 40));
    ASSERT_FALSE(away);
    EXPECT_EQ(away.error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(usage->has_room("amis", 100)) << "edits go on by the last word";
    const auto unknown = run(usage->take("jardin", 1));
    ASSERT_FALSE(unknown);
    context->away = false;
    const auto nobody = run(usage->take("jardin", 1));
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().kind, ErrorKind::not_found);
}

TEST_F(UsageHouse, RefusalsSayWhatIsFull) {
    context->others = 9'000'000;
    usage->set("amis", 900'000);
    const auto no = run(usage->take("amis", 200'000));
    ASSERT_FALSE(no);
    Request request = request_of("POST", "/");
    request.headers.emplace_back("accept-language", "en");
    const Response full = usage->refuse(request, "amis", no.error().kind);
    EXPECT_EQ(full.status, 413);
    const std::string& text = std::get<std::string>(full.body);
    EXPECT_NE(text.find("association_full"), std::string::npos);
    EXPECT_NE(text.find("9 MB of 10 MB"), std::string::npos) << text;
    EXPECT_EQ(usage->refuse(request, "amis", ErrorKind::unavailable).status, 503);
    EXPECT_EQ(usage->refuse(request, "amis", ErrorKind::not_found).status, 404);
}

TEST_F(UsageHouse, TheLastTenthIsKeptForMail) {
    usage = std::make_unique<Usage>(*context);
    context->others = 8'000'000;
    usage->set("amis", 900'000);
    settle();
    EXPECT_EQ(usage->room("amis"), 100'000u);
    EXPECT_TRUE(usage->has_room("amis", 100'000));
    EXPECT_FALSE(usage->has_room("amis", 100'001));
    EXPECT_TRUE(run(usage->take("amis", 100'000)));
    EXPECT_FALSE(run(usage->take("amis", 100'001)));
    Usage mail(*context, Usage::Whose::mail);
    mail.set("amis", 900'000);
    settle();
    EXPECT_EQ(mail.room("amis"), 1'100'000u);
}

TEST_F(UsageHouse, TwoTakersCannotHaveTheSameBytes) {
    int taken = 0;
    int refused = 0;
    std::vector<Usage::Hold> holds;
    for (int i = 0; i < 2; ++i) {
        boost::asio::co_spawn(context->io(), usage->take("amis", 6'000'000), [&](std::exception_ptr, Result<Usage::Hold> hold) {
            hold ? ++taken : ++refused;
            if (hold) {
                holds.push_back(std::move(*hold));
            }
        });
    }
    settle();
    EXPECT_LE(taken, 1);
    EXPECT_EQ(taken + refused, 2);
}

} // namespace
} // namespace hameau
