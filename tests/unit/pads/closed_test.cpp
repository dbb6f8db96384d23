// An association in the house's bin, in the whole module: its pads answer as deleted, open connections end, what was typed is
// kept, and all comes back. The rest of the module's answers is walked from outside (tests/peers/pads).
#include "modules/pads/pads_module.hpp"
#include "tests/unit/pads/fakes.hpp"
#include "tests/unit/support/fake_house.hpp"

namespace hameau::pads {
namespace {

class PeopleContext final : public QuietContext {
public:
    explicit PeopleContext(std::string folder) : QuietContext(std::move(folder), pads_manifest) {}
    /// As people answers for an association that is in use.
    Task<Result<Response>> call(std::string, std::string, std::string path, std::string) override {
        Response response;
        response.body = std::string(path.starts_with("/internal/identity") ? identity : R"({"slug":"amis","name":"A","domains":[],"quota_bytes":0,"language":"fr"})");
        co_return response;
    }
    std::string identity;
};

class Closed : public ModuleHouse<PeopleContext> {
protected:
    Closed() : ModuleHouse("pads") {
        marie.member = "m1";
        marie.session = "s1";
        marie.login = "marie";
        marie.associations.emplace_back("amis", Role::manager);
        context->identity = R"({"member":"m1","session":"s1","login":"marie","name":"Marie","admin":false,"associations":[{"slug":"amis","role":"manager"}]})";
        admin.caller = Caller::admin;
        admin.admin = true;
        restart();
        const Response made = go(marie, "POST", "/api/v1/associations/amis/pads", R"({"slug":"a","title":"A","access":{"members":"write","link":"read"}})");
        EXPECT_EQ(made.status, 201) << std::get<std::string>(made.body);
        pad = std::string(boost::json::parse(std::get<std::string>(made.body)).as_object().at("id").as_string());
    }
    ~Closed() override { end(); }
    void end() {
        if (pads) {
            boost::asio::co_spawn(context->io(), pads->stop(), boost::asio::detached);
            context->io().restart();
            context->io().poll();
        }
        pads.reset();
    }
    /// A new process on what the disk holds.
    void restart() {
        end();
        pads = std::make_unique<PadsModule>();
        EXPECT_TRUE(run(pads->start(*context)));
    }
    Response go(const Identity& who, std::string method, std::string path, std::string body = "") {
        TextBody text(std::move(body));
        Request request = request_of(std::move(method), path);
        request.who = who;
        request.body = &text;
        return run(pads->handle(request));
    }
    std::unique_ptr<WebSocketHandler> join() {
        Request request = request_of("GET", "/api/v1/pads/ws/" + pad);
        request.who = marie;
        auto outcome = run(pads->upgrade(request));
        auto* handler = std::get_if<std::unique_ptr<WebSocketHandler>>(&outcome);
        return handler == nullptr ? nullptr : std::move(*handler);
    }
    Status close(bool closed) { return run(pads->close_association("amis", closed)); }

    Identity marie, admin;
    std::string pad;
    std::unique_ptr<PadsModule> pads;
};

TEST_F(Closed, AnswersAsDeletedAndComesBackWithWhatWasTyped) {
    FakeSocket socket;
    auto handler = join();
    ASSERT_TRUE(handler);
    handler->on_open(socket);
    const Bytes update = typed(7, 0, "bonjour");
    handler->on_message(*update_message(update));
    ASSERT_TRUE(close(true));
    EXPECT_EQ(socket.closed, close_policy);
    EXPECT_EQ(socket.why, "deleted");
    EXPECT_FALSE(join()) << "nobody comes in again, also while the room is still there";
    handler->on_close();
    handler.reset();
    for (int start = 0; start < 2; ++start) {
        for (const Identity& who : {marie, admin}) {
            const std::string one = "/api/v1/pads/" + pad;
            for (const std::string& path : {one, one + "/history", one + "/export?format=html", one + "/authors", std::string("/api/v1/pads/amis:a"),
                                            std::string("/api/v1/associations/amis/pads"), std::string("/api/v1/associations/amis/pads?bin=1")}) {
                EXPECT_EQ(go(who, "GET", path).status, 404) << path;
            }
            EXPECT_EQ(go(who, "DELETE", one).status, 404);
            EXPECT_EQ(go(who, "POST", one + "/restore").status, 404);
            EXPECT_EQ(go(who, "POST", "/api/v1/associations/amis/pads", R"({"slug":"b","title":"B"})").status, 404);
        }
        EXPECT_FALSE(join());
        restart();
    }
    ASSERT_TRUE(close(true)) << "asked twice";
    ASSERT_TRUE(close(false));
    ASSERT_TRUE(close(false));
    const Response text = go(marie, "GET", "/api/v1/pads/" + pad);
    EXPECT_EQ(text.status, 200);
    EXPECT_TRUE(join());
    auto query = context->database().prepare("SELECT count(*) FROM pad_client WHERE client = 7");
    ASSERT_TRUE(query.step().value());
    EXPECT_EQ(query.number(0), 1) << "what was typed before is on the disk";
}

TEST_F(Closed, WhatIsOpenWhenItComesBackIsOpenAgain) {
    FakeSocket socket;
    auto handler = join();
    ASSERT_TRUE(handler);
    handler->on_open(socket);
    ASSERT_TRUE(close(true));
    ASSERT_TRUE(close(false));
    handler->on_close();
    FakeSocket again;
    auto second = join();
    ASSERT_TRUE(second);
    second->on_open(again);
    EXPECT_EQ(again.closed, 0) << "the room of before is in use again";
    second->on_close();
}

TEST_F(Closed, ErasedOnceAndALaterOneOfThatNameIsOpen) {
    ASSERT_TRUE(close(true));
    ASSERT_TRUE(run(pads->erase_association("amis")));
    ASSERT_TRUE(run(pads->erase_association("amis"))) << "asked twice";
    EXPECT_EQ(go(marie, "GET", "/api/v1/pads/" + pad).status, 404);
    for (int start = 0; start < 2; ++start) {
        EXPECT_EQ(go(marie, "GET", "/api/v1/associations/amis/pads").status, 200);
        restart();
    }
    EXPECT_EQ(go(marie, "POST", "/api/v1/associations/amis/pads", R"({"slug":"a","title":"A"})").status, 201);
}

} // namespace
} // namespace hameau::pads
