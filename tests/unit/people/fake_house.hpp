// A house for tests of the module in-process: a fake context, clocks that are moved, a mail that can be away.
#pragma once

#include <cstring>
#include <filesystem>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "modules/people/people_module.hpp"

namespace hameau {
extern const Manifest people_manifest;
}

namespace hameau::people {

class TextBody final : public Body {
public:
    explicit TextBody(std::string text) : text_(std::move(text)) {}
    Task<Result<std::size_t>> read_some(std::span<char> buffer) override {
        const std::size_t n = std::min(buffer.size(), text_.size() - at_);
        std::memcpy(buffer.data(), text_.data() + at_, n);
        at_ += n;
        co_return n;
    }
    std::optional<std::uint64_t> size_bytes() const override { return text_.size(); }

private:
    std::string text_;
    std::size_t at_ = 0;
};

class FakeContext final : public ModuleContext {
public:
    explicit FakeContext(std::string folder) : folder_(std::move(folder)), database_(open()) {
        settings_.set("mail.enabled", "true");
        settings_.set("people.limits.exempt_networks", "127.0.0.0/8");
    }
    Database open() {
        auto opened = Database::open(folder_ + "/people.db", people_manifest.migrations);
        EXPECT_TRUE(opened);
        return std::move(*opened);
    }
    boost::asio::io_context& io() override { return io_; }
    const Settings& settings() override { return settings_; }
    Database& database() override { return database_; }
    Journal& journal() override { return journal_; }
    const std::string& folder() override { return folder_; }
    Task<Result<Response>> call(std::string module, std::string method, std::string path, std::string text) override {
        if (mail_away) {
            co_return fail(ErrorKind::unavailable, "away");
        }
        calls.push_back(method + " " + module + path);
        if (path == "/internal/people-event") {
            events.push_back(boost::json::parse(text).as_object());
        }
        Response response;
        response.status = mail_status;
        response.body = std::string();
        co_return response;
    }
    Task<Status> provision(std::string, std::map<std::string, std::string>) override { co_return Status{}; }
    Task<void> run_slow(std::function<void()> work) override {
        ++slow_runs;
        if (hold_slow) {
            boost::asio::steady_timer never(io_, boost::asio::steady_timer::time_point::max());
            held.push_back(&never);
            co_await never.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        }
        work();
    }
    Task<Result<std::vector<std::pair<std::string, std::string>>>> process_status() override {
        std::vector<std::pair<std::string, std::string>> records;
        records.emplace_back("people", "ready\t12\t1000\t0\t3000\t50\t7\tours\t");
        records.emplace_back("pads", "asleep\t0\t0\t0\t0\t0\t0\tours\t");
        co_return records;
    }
    void announce(std::string) override {}
    std::shared_ptr<void> busy() override { return nullptr; }

    bool mail_away = false;
    int mail_status = 204;
    bool hold_slow = false;
    int slow_runs = 0;
    std::vector<boost::asio::steady_timer*> held;
    std::vector<std::string> calls;
    std::vector<boost::json::object> events;

private:
    std::string folder_;
    boost::asio::io_context io_;
    Settings settings_;
    Journal journal_{"people"};
    Database database_;
};

struct Visitor {
    std::string session;
    std::string device;
    std::string prefix = "203.0.113.0/24";
    Caller caller = Caller::gate;
    std::string module = "gate";
};

struct Answer {
    int status = 0;
    boost::json::object json;
    Headers headers;
    std::string header(std::string_view name) const {
        for (const auto& [key, value] : headers) {
            if (key == name) {
                return value;
            }
        }
        return {};
    }
};

/// A house with annick (admin), marie (manager of amis), yann (member of amis); passwords LOGIN-secret-words.
class House : public testing::Test {
protected:
    House() : folder_(std::filesystem::temp_directory_path() / ("people-module-" + new_id())) {
        std::filesystem::create_directory(folder_);
        context = std::make_unique<FakeContext>(folder_.string());
        auto fake = std::make_unique<FakeClock>();
        clock = fake.get();
        people = std::make_unique<People>([this] { return wall_ms; }, std::move(fake));
        EXPECT_TRUE(run(people->start(*context)));
        admin.caller = Caller::admin;
        admin.module = "admin";
        EXPECT_EQ(go(admin, "POST", "/api/v1/associations", R"({"slug":"amis","name":"Les Amis","domains":["amis.test"]})").status, 201);
        add("annick", "admin");
        add("marie", "manager");
        add("yann", "member");
    }
    ~House() override {
        people.reset();
        context.reset();
        std::filesystem::remove_all(folder_);
    }
    void add(const std::string& login, const std::string& role, const std::string& slug = "amis") {
        const Answer added = go(admin, "POST", "/api/v1/associations/" + slug + "/members",
                                "{\"login\":\"" + login + "\",\"name\":\"" + login + "\",\"role\":\"" + role +
                                    "\",\"password\":\"" + login + "-secret-words\"}");
        EXPECT_EQ(added.status, 201) << boost::json::serialize(added.json);
    }
    template <class T>
    T run(Task<T> task) {
        std::optional<T> result;
        boost::asio::co_spawn(context->io(), std::move(task), [&result](std::exception_ptr failed, T value) {
            EXPECT_FALSE(failed);
            result.emplace(std::move(value));
        });
        context->io().restart();
        while (!result && context->io().run_one() > 0) {
        }
        return std::move(*result);
    }
    Task<Response> handle(Request& request) { return people->handle(request); }
    Answer go(Visitor& visitor, std::string method, std::string path, std::string body = "") {
        TextBody text(std::move(body));
        Request request = make(visitor, std::move(method), std::move(path));
        request.body = &text;
        return keep(visitor, run(people->handle(request)));
    }
    static Request make(const Visitor& visitor, std::string method, std::string path) {
        Request request;
        request.method = std::move(method);
        request.path = std::move(path);
        request.who.caller = visitor.caller;
        request.who.module = visitor.module;
        request.headers.emplace_back("hameau-address-prefix", visitor.prefix);
        request.headers.emplace_back("cookie", "x=1; __Host-hameau=" + visitor.session + "; __Host-hameau-device=" + visitor.device);
        return request;
    }
    static Answer keep(Visitor& visitor, Response response) {
        Answer answer;
        answer.status = response.status;
        answer.headers = response.headers;
        const auto* body = std::get_if<std::string>(&response.body);
        if (body != nullptr && !body->empty()) {
            answer.json = boost::json::parse(*body).as_object();
        }
        for (const auto& [name, value] : response.headers) {
            const std::string text = value.substr(0, value.find(';'));
            if (name == "Set-Cookie" && text.starts_with("__Host-hameau=")) {
                visitor.session = text.substr(text.find('=') + 1);
            } else if (name == "Set-Cookie" && text.starts_with("__Host-hameau-device=")) {
                visitor.device = text.substr(text.find('=') + 1);
            }
        }
        return answer;
    }
    Answer sign_in(Visitor& visitor, const std::string& login, const std::string& password, bool shared = false) {
        return go(visitor, "POST", "/api/v1/session", "{\"login\":\"" + login + "\",\"password\":\"" + password +
                                                          "\",\"shared_computer\":" + (shared ? "true}" : "false}"));
    }
    Visitor signed_in(const std::string& login) {
        Visitor visitor;
        EXPECT_EQ(sign_in(visitor, login, login + "-secret-words").status, 200);
        return visitor;
    }

    std::filesystem::path folder_;
    std::unique_ptr<FakeContext> context;
    std::unique_ptr<People> people;
    FakeClock* clock = nullptr;
    std::int64_t wall_ms = 1'800'000'000'000;
    Visitor admin;
};

} // namespace hameau::people
