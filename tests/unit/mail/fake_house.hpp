// A house for tests of mail in-process: a fake context, real databases, and engines that a test may stand in for.
#pragma once

#include "daemon/base/waiting.hpp"
#include "daemon/base/io.hpp"
#include "daemon/contract/auth_schema.hpp"
#include "modules/mail/mail_module.hpp"
#include "tests/unit/support/fake_house.hpp"

namespace hameau {
extern const Manifest mail_manifest;
}

namespace hameau::mail {

class FakeContext final : public QuietContext {
public:
    explicit FakeContext(std::string folder) : QuietContext(std::move(folder), mail_manifest) {
        set("house.host", "maison.test");
        set("mail.smtp_port", "1");
        set("mail.spam_filter", "on");
        set("mail.imap_port", "1");
        set("mail.imaps_port", "2993");
        set("mail.submission_port", "2587");
        set("mail.mta_sts", "testing");
        set("house.https_port", "443");
        set("mail.submissions_port", "2465");
    }
    /// What people says of the caller's session and of the room: a document, a 404 when `identity` is empty, nothing when people is away.
    Task<Result<Response>> call(std::string, std::string, std::string path, std::string text) override {
        Response response;
        if (path == "/internal/usage") {
            if (!quota) {
                co_return fail(ErrorKind::unavailable, "away");
            }
            told.push_back(boost::json::parse(text).at("bytes").to_number<std::uint64_t>());
            boost::json::object out;
            out["quota_bytes"] = *quota;
            out["others_bytes"] = others;
            response.body = boost::json::serialize(out);
            co_return response;
        }
        if (!identity) {
            co_return fail(ErrorKind::unavailable, "away");
        }
        response.status = identity->empty() ? 404 : 200;
        response.body = *identity;
        co_return response;
    }
    Task<Status> provision(std::string verb, std::map<std::string, std::string> arguments) override {
        EXPECT_EQ(verb, "erase-box");
        if (boxes_stay || arguments["folder"] == stays) {
            co_return fail(ErrorKind::unavailable, "hameaud is away");
        }
        while (boxes_slow) {
            boost::asio::steady_timer pause(io(), std::chrono::milliseconds(1));
            co_await pause.async_wait(hameau::wait);
        }
        erased.push_back(arguments["folder"]);
        co_return Status{};
    }
    bool boxes_stay = false;           ///< hameau-provision fails
    bool boxes_slow = false;           ///< it is at work as long as this stands
    std::string stays;                 ///< for this folder alone
    std::vector<std::string> erased;   ///< folders that it was asked to remove
    std::optional<std::string> identity;
    std::optional<std::uint64_t> quota;  ///< what people answers to a figure; without it people is away
    std::uint64_t others = 0;
    std::vector<std::uint64_t> told;
};

struct Answer {
    int status = 0;
    boost::json::object json;
    const boost::json::array& items() const { return json.at("items").as_array(); }
    std::string text(std::string_view key) const {
        const auto* value = json.if_contains(key);
        return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
    }
    /// The code of the first field that was refused.
    std::string field_code() const {
        const auto* errors = json.if_contains("errors");
        return errors == nullptr ? std::string() : std::string(errors->as_array().at(0).as_object().at("code").as_string());
    }
};

inline const std::string amis_event = R"({"kind":"association","slug":"amis","name":"Les Amis","domains":["amis.test","amis.example"],"quota_bytes":5368709120})";
inline const std::string jardin_event = R"({"kind":"association","slug":"jardin","name":"Le Jardin","domains":["jardin.test"],"quota_bytes":0})";
inline const std::string hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";

/// marie manages amis, yann is in both, rose manages jardin.
class MailHouse : public ModuleHouse<FakeContext> {
protected:
    MailHouse() : ModuleHouse("mail") {
        people.caller = Caller::module;
        people.module = "people";
        admin.caller = Caller::admin;
        admin.admin = true;
        marie = member("marie", {{"amis", Role::manager}});
        yann = member("yann", {{"amis", Role::member}, {"jardin", Role::member}});
        rose = member("rose", {{"jardin", Role::manager}});
        restart();
    }
    /// As after a crash: a new module on what the disk holds.
    /// What the module does beside the calls ends first: it belongs to the module that goes. Nothing is written by stop().
    void end() {
        if (mail) {
            boost::asio::co_spawn(context->io(), mail->stop(), boost::asio::detached);
            context->io().restart();
            context->io().poll();
        }
        mail.reset();
    }
    void restart() {
        end();
        mail = std::make_unique<Mail>();
        const Status started = run(mail->start(*context));
        EXPECT_TRUE(started) << started.error().message;
    }
    static Identity member(std::string login, std::vector<std::pair<std::string, Role>> associations) {
        Identity who;
        who.member = "id" + login;
        who.login = std::move(login);
        who.associations = std::move(associations);
        return who;
    }
    /// mail/addresses.json of an archive of amis: the first part that people is given, without its header.
    std::string archived() {
        TextBody nothing("");
        Request request = request_of("GET", "/internal/archive?association=amis");
        request.who = people;
        request.body = &nothing;
        Response response = run(mail->handle(request));
        const auto part = run(std::get<BodySource>(response.body)());
        return part.value().substr(part.value().find('\n') + 1);
    }
    Answer go(const Identity& who, std::string method, const std::string& path, std::string body = "", std::string language = "en") {
        TextBody text(std::move(body));
        Request request = request_of(std::move(method), path);
        request.who = who;
        request.headers.emplace_back("accept-language", std::move(language));
        request.body = &text;
        const Response response = run(mail->handle(request));
        Answer answer;
        answer.status = response.status;
        if (const auto* json = std::get_if<std::string>(&response.body); json != nullptr && !json->empty()) {
            answer.json = boost::json::parse(*json).as_object();
        }
        return answer;
    }
    int tell(const std::string& event) { return go(people, "POST", "/internal/people-event", event).status; }
    static std::string member_event(const std::string& login, const std::string& associations, bool disabled = false,
                                    const std::string& id = "") {
        return "{\"kind\":\"member\",\"id\":\"" + (id.empty() ? "id" + login : id) + "\",\"login\":\"" + login +
               "\",\"name\":\"N\",\"disabled\":" + (disabled ? "true" : "false") + ",\"password_hash\":\"" + hash +
               "\",\"associations\":[" + associations + "],\"contact\":\"\"}";
    }
    static std::string of(const std::string& slug, const std::string& role = "member") {
        return "{\"slug\":\"" + slug + "\",\"role\":\"" + role + "\"}";
    }
    void tell_house() {
        EXPECT_EQ(tell(amis_event), 204);
        EXPECT_EQ(tell(jardin_event), 204);
        EXPECT_EQ(tell(member_event("marie", of("amis", "manager"))), 204);
        EXPECT_EQ(tell(member_event("yann", of("amis") + "," + of("jardin"))), 204);
        EXPECT_EQ(tell(member_event("rose", of("jardin", "manager"))), 204);
    }
    Answer add_box(const std::string& address, const std::string& login, const std::string& more = "", const std::string& slug = "amis") {
        return go(admin, "POST", "/api/v1/associations/" + slug + "/mailboxes",
                  "{\"address\":\"" + address + "\",\"login\":\"" + login + "\"" + more + "}");
    }
    Answer add_alias(const std::string& address, const std::string& to, const std::string& more = "", const std::string& slug = "amis") {
        return go(admin, "POST", "/api/v1/associations/" + slug + "/aliases",
                  "{\"address\":\"" + address + "\",\"to\":" + to + more + "}");
    }
    /// The rows of a query on mail.db, "a|b" each, sorted.
    std::vector<std::string> rows(std::string_view sql) { return rows_of(context->database(), sql); }
    std::vector<std::string> auth(std::string_view sql) {
        auto opened = Database::open((folder_ / "auth/auth.db").string(), auth_migrations);
        EXPECT_TRUE(opened);
        opened->keep_wal_files();
        return rows_of(*opened, sql);
    }
    static std::vector<std::string> rows_of(Database& database, std::string_view sql) {
        auto query = database.prepare(sql);
        std::vector<std::string> out;
        while (query.step().value()) {
            std::string line = query.text(0);
            for (int column = 1; column < columns_of(sql); ++column) {
                line += "|" + query.text(column);
            }
            out.push_back(line);
        }
        std::sort(out.begin(), out.end());
        return out;
    }
    static int columns_of(std::string_view sql) {
        const std::string_view list = sql.substr(0, sql.find(" FROM"));
        return static_cast<int>(std::count(list.begin(), list.end(), ',')) + 1;
    }
    std::string script(const std::string& address) {
        return read_file(folder_ / "forward" / (address + ".sieve"), 65536).value_or("");
    }

    std::unique_ptr<Mail> mail;
    Identity people, admin, marie, yann, rose;
};

using Rows = std::vector<std::string>;

} // namespace hameau::mail
