// A house for tests of the module in-process: a fake context and a real hameau-unpack.
#pragma once

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>

#include "daemon/base/tar_format.hpp"
#include "modules/sites/sites_module.hpp"
#include "tests/unit/support/fake_house.hpp"

namespace hameau {
extern const Manifest sites_manifest;
}

namespace hameau::sites {

/// A body that comes in pieces of a chosen size, and may break off.
class PieceBody final : public Body {
public:
    explicit PieceBody(std::string text, std::size_t piece = 1000) : text_(std::move(text)), piece_(piece) {}
    Task<Result<std::size_t>> read_some(std::span<char> buffer) override {
        if (at_ >= breaks_at) {
            co_return fail(ErrorKind::closed, "gone");
        }
        const std::size_t n = std::min({buffer.size(), text_.size() - at_, piece_});
        std::memcpy(buffer.data(), text_.data() + at_, n);
        at_ += n;
        if (on_read) {
            on_read();
        }
        co_return n;
    }
    std::optional<std::uint64_t> size_bytes() const override { return told ? std::optional(text_.size()) : std::nullopt; }

    std::size_t breaks_at = SIZE_MAX;
    bool told = true;
    std::function<void()> on_read;

private:
    std::string text_;
    std::size_t piece_;
    std::size_t at_ = 0;
};

class FakeContext final : public QuietContext {
public:
    explicit FakeContext(std::string folder) : QuietContext(std::move(folder), sites_manifest) {
        set("house.host", "maison.test");
        set("sites.publishing", "member");
        set("sites.keep_versions", "3");
        set("sites.limits.sites_max", "5");
        set("sites.limits.deploy_max", std::to_string(50 << 20));
    }
    Task<Result<Response>> call(std::string, std::string, std::string path, std::string body) override {
        if (people_away) {
            co_return fail(ErrorKind::unavailable, "away");
        }
        Response response;
        response.body = std::string();
        if (path == "/internal/usage") {
            const auto question = boost::json::parse(body).as_object();
            told[std::string(question.at("association").as_string())] = question.at("bytes").to_number<std::uint64_t>();
            response.body = "{\"quota_bytes\":" + std::to_string(quota) + ",\"others_bytes\":" + std::to_string(others) + "}";
            co_return response;
        }
        if (path == "/internal/associations/amis") {
            response.body = "{\"slug\":\"amis\",\"name\":\"Les Amis\",\"domains\":[\"amis.test\",\"amis.example\"],\"quota_bytes\":" +
                            std::to_string(quota) + "}";
        } else if (path == "/internal/associations/jardin") {
            response.body = std::string(R"({"slug":"jardin","name":"J","domains":["jardin.test","amis.test"],"quota_bytes":1000000})");
        } else {
            response.status = 404;
        }
        co_return response;
    }
    Task<Status> provision(std::string verb, std::map<std::string, std::string> arguments) override {
        if (verb == "serve-hosts") {
            served.push_back(arguments["host"]);
            co_return gate_away ? Status(fail(ErrorKind::unavailable, "away")) : Status{};
        }
        provisions.push_back(verb + " " + arguments["host"]);
        co_return certificate_fails ? Status(fail(ErrorKind::unavailable, "no DNS")) : Status{};
    }
    void announce(std::string what) override { announced.push_back(std::move(what)); }

    bool people_away = false;
    bool certificate_fails = false;
    std::uint64_t quota = 100 << 20;
    std::uint64_t others = 0;  ///< what mail and texts take
    std::map<std::string, std::uint64_t> told;  ///< to people, by association
    bool gate_away = false;
    std::vector<std::string> served;
    std::vector<std::string> provisions;
    std::vector<std::string> announced;
};

struct Answer {
    int status = 0;
    boost::json::object json;
    Headers headers;
    std::string body;
    const boost::json::array& items() const { return json.at("items").as_array(); }
};

class SitesHouse : public ModuleHouse<FakeContext> {
protected:
    SitesHouse() : ModuleHouse("sites") {
        ::signal(SIGPIPE, SIG_IGN);  // as run_module does: the unpacker ends while its archive is still written
        marie = member("marie", "amis", Role::manager);
        yann = member("yann", "amis", Role::member);
        rose = member("rose", "jardin", Role::manager);
        admin.caller = Caller::admin;
        admin.admin = true;
        admin.login = "admin";
        restart();
    }
    /// As after a crash: a new module on the same folder and database.
    void restart() {
        sites = std::make_unique<Sites>(HelperProgram{-1, HAMEAU_UNPACK});
        EXPECT_TRUE(run(sites->start(*context)));
        settle();
    }
    static Identity member(std::string login, std::string association, Role role) {
        Identity who;
        who.member = new_id();
        who.login = std::move(login);
        who.associations.emplace_back(std::move(association), role);
        return who;
    }
    /// Lets what runs in the background (sweep, certificates) end.
    void settle() {
        context->io().restart();
        while (context->io().poll() > 0) {
        }
    }
    Task<Response> handle(Request& request) { return sites->handle(request); }
    Answer go(const Identity& who, std::string method, std::string path, Body& body, std::string language = "en") {
        Request request = request_of(std::move(method), path);
        request.who = who;
        request.headers.emplace_back("hameau-scheme-host", "https://maison.test:8443");
        request.headers.emplace_back("accept-language", std::move(language));
        request.body = &body;
        Response response = run(handle(request));
        Answer answer;
        answer.status = response.status;
        answer.headers = response.headers;
        if (auto* text = std::get_if<std::string>(&response.body)) {
            answer.body = *text;
        } else if (auto* source = std::get_if<BodySource>(&response.body)) {
            for (auto piece = run((*source)()); piece && !piece->empty(); piece = run((*source)())) {
                answer.body += *piece;
            }
        }
        if (answer.body.starts_with("{")) {
            answer.json = boost::json::parse(answer.body).as_object();
        }
        return answer;
    }
    Answer go(const Identity& who, std::string method, std::string path, std::string body = "") {
        PieceBody text(std::move(body));
        return go(who, std::move(method), std::move(path), text);
    }
    static std::string archive(const std::map<std::string, std::string>& files) {
        std::string out;
        for (const auto& [name, content] : files) {
            out += tar_header(name, content.size(), 1'800'000'000) + content + std::string(tar_padding(content.size()), '\0');
        }
        return out + std::string(2 * tar_block_bytes, '\0');
    }
    Answer deploy(const Identity& who, const std::map<std::string, std::string>& files, const std::string& host = "amis.test") {
        return go(who, "POST", "/api/v1/sites/" + host + "/deploys", archive(files));
    }
    void add_site(const std::string& host = "amis.test") {
        EXPECT_EQ(go(marie, "POST", "/api/v1/associations/amis/sites", "{\"host\":\"" + host + "\"}").status, 201);
    }
    HostsMap hosts() { return HostsMap::parse(read_file(folder_ / "hosts.map", 1 << 20).value()).value(); }
    /// What the gate would answer.
    std::optional<std::string> served(const std::string& path, const std::string& host = "amis.test") {
        const HostsMap map = hosts();
        const HostLine* line = map.find(host);
        if (line == nullptr || line->manifest.empty()) {
            return std::nullopt;
        }
        const Fd fd(::open((folder_ / line->manifest).c_str(), O_RDONLY));
        const auto manifest = DeployReader::open(fd.get());
        const auto entry = manifest ? manifest->find(path) : std::nullopt;
        return entry ? std::optional(read_file(folder_ / blob_path(entry->identity().hash), 1 << 26).value()) : std::nullopt;
    }
    std::size_t count_files(const char* below) {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / below)) {
            count += entry.is_regular_file() ? 1 : 0;
        }
        return count;
    }

    std::unique_ptr<Sites> sites;
    Identity marie, yann, rose, admin;
};

inline const std::string page = "<!doctype html><html lang=\"fr\"><title>A</title><p>Bonjour</p></html>";

} // namespace hameau::sites
