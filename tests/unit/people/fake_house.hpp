// A house for tests of the module in-process: a fake context, clocks that are moved, a mail that can be away.
#pragma once

#include "daemon/base/waiting.hpp"
#include "modules/people/people_module.hpp"
#include "tests/unit/support/fake_house.hpp"

namespace hameau {
extern const Manifest people_manifest;
}

namespace hameau::people {

class FakeContext final : public QuietContext {
public:
    explicit FakeContext(std::string folder) : QuietContext(std::move(folder), people_manifest) {
        set("mail.enabled", "true");
        set("people.limits.exempt_networks", "127.0.0.0/8");
    }
    Task<Result<Response>> call(std::string module, std::string method, std::string path, std::string text) override {
        if ((mail_away && module == "mail") || away.contains(module)) {
            co_return fail(ErrorKind::unavailable, "away");
        }
        calls.push_back(method + " " + module + path);
        if (path == "/internal/close" || path == "/internal/open" || path == "/internal/erase") {
            tasks.push_back(module + " " + path.substr(10) + " " + std::string(boost::json::parse(text).as_object().at("association").as_string()));
            if (const auto during = std::exchange(during_task, nullptr)) {
                during();
            }
        }
        if (path == "/internal/people-event") {
            events.push_back(boost::json::parse(text).as_object());
        }
        Response response;
        response.status = mail_status;
        response.body = std::string();
        if (path.starts_with("/internal/app-password-")) {
            app_questions.push_back(boost::json::parse(text).as_object());
            const auto* asked = app_questions.back().if_contains("password");
            const bool right = asked == nullptr || app_password.empty() || asked->as_string() == app_password;
            response.status = app_holder.empty() || !right ? 404 : 200;
            response.body = "{\"id\":\"appid\",\"member\":\"" + app_holder + "\"}";
        }
        if (path == "/internal/app-passwords" && method == "POST") {
            app_questions.push_back(boost::json::parse(text).as_object());
            response.status = 201;
            response.body = R"({"id":"appid","password":"ap-new"})";
        }
        if (path == "/internal/addresses/reserve") {
            reservations.push_back(boost::json::parse(text).as_object());
            if (const auto during = std::exchange(during_reservation, nullptr)) {
                during();
            }
        }
        if (path.starts_with("/internal/domain?")) {
            if (const auto during = std::exchange(during_domain, nullptr)) {
                during();
            }
            response.status = 200;
            response.body = carried.contains(module) && !path.ends_with("but=amis") && (path.find("&of=") == std::string::npos || path.ends_with("of=amis")) ? carried.at(module) : "{\"items\":[]}";
        }
        // What mail says about an address: "" is a yes.
        const std::string key = path == "/internal/people-event" ? "event " : path == "/internal/addresses/reserve" ? "reserve " : "";
        const auto sent = key.empty() ? boost::json::object() : boost::json::parse(text).as_object();
        const auto* address = sent.if_contains("address");
        if (address != nullptr && address->is_string() && refusals.contains(key + std::string(address->as_string()))) {
            response.status = 409;
            response.body = "{\"code\":\"" + refusals.at(key + std::string(address->as_string())) + "\"}";
        }
        co_return response;
    }
    /// A service's part of an archive: what the test says, piece by piece.
    Task<Result<Response>> open_stream(std::string module, std::string) override {
        Response response;
        response.body = BodySource([this, module]() -> Task<Result<std::string>> { return next_piece(module); });
        co_return response;
    }
    Task<Result<std::string>> next_piece(std::string module) {
        co_return archive_piece ? archive_piece(module) : std::string();
    }
    Task<Status> provision(std::string verb, std::map<std::string, std::string> arguments) override {
        provisioned.push_back(verb + " " + (arguments.contains("host") ? arguments.at("host") : ""));
        co_return provision_fails ? Status(fail(ErrorKind::unavailable, "no room")) : Status{};
    }
    Task<void> run_slow(std::function<void()> work) override {
        ++slow_runs;
        if (hold_slow) {
            boost::asio::steady_timer never(io_, boost::asio::steady_timer::time_point::max());
            held.push_back(&never);
            co_await never.async_wait(wait);
        }
        work();
    }
    Task<Result<std::vector<std::pair<std::string, std::string>>>> process_status() override {
        std::vector<std::pair<std::string, std::string>> records;
        records.emplace_back("people", "ready\t12\t1000\t0\t3000\t50\t7\tours\t\tpss");
        records.emplace_back("postfix", "ready\t13\t1000\t0\t9000\t0\t0\tengine\t\trss");
        records.emplace_back("pads", std::string(pads_ready ? "ready" : "asleep") + "\t0\t0\t0\t0\t0\t0\tours\t");
        if (!certificates_trouble.empty()) {
            records.emplace_back("trouble:certificates", certificates_trouble);
        }
        co_return records;
    }

    std::function<std::string(const std::string& module)> archive_piece;
    std::string certificates_trouble;
    std::vector<std::string> provisioned;  ///< "set-host maison.example.org"
    bool provision_fails = false;
    bool mail_away = false;
    std::set<std::string> away;        ///< other modules that do not answer
    std::vector<std::string> tasks;    ///< what was told of associations: "sites close amis"
    std::function<void()> during_task; ///< what happens while a module does the next one
    bool pads_ready = false;
    int mail_status = 204;
    bool hold_slow = false;
    int slow_runs = 0;
    std::vector<boost::asio::steady_timer*> held;
    std::map<std::string, std::string> carried;  ///< what a module answers about a domain
    std::vector<std::string> calls;
    std::vector<boost::json::object> events;
    std::vector<boost::json::object> reservations;
    std::map<std::string, std::string> refusals;  ///< "reserve ADDRESS" or "event ADDRESS" -> mail's code
    std::function<void()> during_reservation;
    std::function<void()> during_domain;  ///< what happens while a module is asked about a domain
    std::string app_holder;    ///< whose every app password is; empty: there are none
    std::string app_password;  ///< the only right one; empty: every one is
    std::vector<boost::json::object> app_questions;
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
class House : public ModuleHouse<FakeContext> {
protected:
    /// Not `peopled`: a new house that waits for its set-up, without a host name.
    explicit House(bool peopled = true) : ModuleHouse("people") {
        if (!peopled) {
            context->set("house.host", "");
        }
        auto fake = std::make_unique<FakeClock>();
        clock = fake.get();
        people = std::make_unique<People>([this] { return wall_ms; }, std::move(fake));
        EXPECT_TRUE(run(people->start(*context)));
        admin.caller = Caller::admin;
        admin.module = "admin";
        if (!peopled) {
            return;
        }
        EXPECT_EQ(go(admin, "POST", "/api/v1/associations", R"({"slug":"amis","name":"Les Amis","domains":["amis.test"]})").status, 201);
        add("annick", "admin");
        add("marie", "manager");
        add("yann", "member");
    }
    void add(const std::string& login, const std::string& role, const std::string& slug = "amis") {
        const Answer added = go(admin, "POST", "/api/v1/associations/" + slug + "/members",
                                "{\"login\":\"" + login + "\",\"name\":\"" + login + "\",\"role\":\"" + role +
                                    "\",\"password\":\"" + login + "-secret-words\"}");
        EXPECT_EQ(added.status, 201) << boost::json::serialize(added.json);
    }
    Task<Response> handle(Request& request) { return people->handle(request); }
    Answer go(Visitor& visitor, std::string method, std::string path, std::string body = "") {
        TextBody text(std::move(body));
        Request request = make(visitor, std::move(method), std::move(path));
        request.body = &text;
        return keep(visitor, run(people->handle(request)));
    }
    static Request make(const Visitor& visitor, std::string method, std::string path) {
        Request request = request_of(std::move(method), path);
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

    std::unique_ptr<People> people;
    FakeClock* clock = nullptr;
    std::int64_t wall_ms = 1'800'000'000'000;
    Visitor admin;
};

} // namespace hameau::people
