// The admin's routes: /api/v1/... of every module, and /admin/... of the house itself.
#include "daemon/admin/admin.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fcntl.h>
#include <sys/stat.h>

#include <boost/json.hpp>

#include "daemon/admin/backup.hpp"
#include "daemon/admin/diagnosis.hpp"
#include "daemon/admin/forward.hpp"
#include "daemon/admin/limits.hpp"
#include "daemon/base/io.hpp"
#include "daemon/contract/path.hpp"
#include "daemon/host/host.hpp"
#include "daemon/modules.hpp"

namespace hameau {

namespace json = boost::json;

namespace {

Response json_answer(int status, const json::value& value) {
    Response response;
    response.status = status;
    response.headers.emplace_back("Content-Type", status < 400 ? "application/json" : "application/problem+json");
    response.body = json::serialize(value);
    return response;
}

Response problem(int status, std::string_view code, std::string_view detail) {
    json::object body;
    body["type"] = "about:blank";
    body["title"] = code;
    body["code"] = code;
    body["status"] = status;
    body["detail"] = detail;
    return json_answer(status, body);
}

std::vector<std::string_view> columns_of(std::string_view line) {
    std::vector<std::string_view> out;
    while (true) {
        const std::size_t end = line.find('\t');
        out.push_back(line.substr(0, end));
        if (end == std::string_view::npos) {
            return out;
        }
        line.remove_prefix(end + 1);
    }
}

std::int64_t number_of(std::string_view text) { return std::atoll(std::string(text).c_str()); }

/// One record of hameaud as JSON; see House::answer_status for the columns.
json::object process_of(std::string_view name, std::string_view line) {
    auto columns = columns_of(line);
    columns.resize(10);
    json::object process;
    process["name"] = name;
    process["state"] = columns[0];
    process["pid"] = number_of(columns[1]);
    process["uptime_ms"] = number_of(columns[2]);
    process["restarts"] = number_of(columns[3]);
    process[columns[9] == "rss" ? "rss_kb" : "pss_kb"] = number_of(columns[4]);
    process["cpu_ms"] = number_of(columns[5]);
    process["wakeups"] = number_of(columns[6]);
    process["kind"] = columns[7];
    process["status"] = columns[8];
    return process;
}

class Admin final : public Module {
public:
    Task<Status> start(ModuleContext& context) override {
        context_ = &context;
        co_return Status{};
    }
    Task<Response> handle(Request& request) override;
    Task<Status> erase_association(std::string) override { co_return nothing(); }
    Task<void> stop() override { co_return; }

private:
    static Status nothing() { return fail(ErrorKind::unavailable, "hameau-admin holds nothing"); }
    std::string socket_of(std::string_view module) const {
        const std::string& folder = context_->folder();
        return folder.substr(0, folder.rfind('/')) + "/run/" + std::string(module) + ".sock";
    }
    std::optional<std::string> module_for(const std::string& path) const;
    /// `language`: fr or en, of the advice.
    Task<Response> status(std::string language);
    Task<Response> restart(Request& request);
    Response logs(const Request& request) const;
    Response all_logs(const std::string& folder) const;

    ModuleContext* context_ = nullptr;
};

std::optional<std::string> Admin::module_for(const std::string& path) const {
    std::string_view best;
    std::optional<std::string> found;
    for (const Manifest* manifest : builtin_modules()) {
        for (const Route& route : manifest->routes) {
            // The pattern with more literal characters wins, as in the gate.
            if (match_pattern(route.pattern, path, nullptr) && route.pattern.size() >= best.size()) {
                best = route.pattern;
                found = std::string(manifest->name);
            }
        }
    }
    return found;
}

Task<Response> Admin::handle(Request& request) {
    if (request.path == "/admin/status" || request.path == "/api/v1/status") {
        const std::string language = request.header("accept-language").starts_with("fr") ? "fr" : "en";
        co_return co_await status(language);
    }
    if (request.path == "/admin/restart" && request.method == "POST") {
        co_return co_await restart(request);
    }
    if (request.path == "/admin/logs") {
        co_return logs(request);
    }
    if (request.path.starts_with("/admin/backup")) {
        co_return co_await answer_backup(*context_, request);
    }
    if (request.path == "/admin/diagnosis") {
        co_return co_await answer_diagnosis(*context_, request);
    }
    std::optional<std::string> target = module_for(request.path);
    // /admin/module/NAME/internal/...: one association out, in or erased, module by module.
    constexpr std::string_view internal = "/admin/module/";
    if (request.path.starts_with(internal)) {
        const std::string rest = request.path.substr(internal.size());
        const std::size_t slash = rest.find('/');
        if (slash != std::string::npos && rest.substr(slash).starts_with("/internal/")) {
            target = rest.substr(0, slash);
            request.path = rest.substr(slash);
        }
    }
    if (!target) {
        co_return problem(404, "not_found", "There is no such call.");
    }
    const std::string enabled = *target + ".enabled";
    if (context_->settings().has(enabled) && !context_->settings().boolean(enabled)) {
        co_return problem(503, "switched_off", "The service " + *target + " is switched off in hameau.yaml.");
    }
    std::string path = socket_of(*target);
    auto answer = co_await forward(context_->io(), std::move(path), request);
    if (!answer) {
        co_return problem(503, "unavailable", answer.error().message);
    }
    co_return std::move(*answer);
}

Task<Response> Admin::status(std::string language) {
    const auto records = co_await context_->process_status();
    if (!records) {
        co_return problem(503, "unavailable", records.error().message);
    }
    json::object answer;
    json::array processes;
    json::object missing;
    json::array walls;
    std::vector<std::string> ready;
    std::string backup_trouble;
    for (const auto& [name, line] : *records) {
        if (name == "walls") {
            walls.push_back(json::value(line));
        } else if (name == "trouble:backup") {
            backup_trouble = line;
        } else if (name.starts_with("missing:")) {
            missing[name.substr(8)] = line;
        } else if (!name.starts_with("trouble:")) {
            json::object process = process_of(name, line);
            if (process["state"].as_string() == "ready") {
                ready.push_back(name);
            }
            processes.push_back(std::move(process));
        }
    }
    json::array services;
    for (const Manifest* manifest : builtin_modules()) {
        json::object service;
        const std::string name(manifest->name);
        service["name"] = name;
        service["state"] = "off";
        for (const auto& process : processes) {
            if (process.as_object().at("name").as_string() == json::string_view(name)) {
                service["state"] = process.as_object().at("state");
            }
        }
        if (missing.contains(name)) {
            service["state"] = missing[name];
        }
        if (std::find(ready.begin(), ready.end(), name) != ready.end()) {
            auto health = co_await context_->call(name, "GET", "/internal/health?language=" + language, "");
            if (health && health->status == 200) {
                boost::system::error_code failed;
                auto parsed = json::parse(std::get<std::string>(health->body), failed);
                if (!failed && parsed.is_object() && parsed.as_object().contains("checks")) {
                    service["checks"] = parsed.as_object()["checks"];
                }
            }
        }
        if (name == "people") {
            // Nobody's in particular: on the status page it stands there too.
            json::array checks = service.contains("checks") && service["checks"].is_array() ? service["checks"].as_array() : json::array();
            checks.push_back(json::parse(backup_check(backup_trouble, language == "en")));
            service["checks"] = std::move(checks);
        }
        services.push_back(std::move(service));
    }
    answer["processes"] = std::move(processes);
    answer["services"] = std::move(services);
    answer["missing"] = std::move(missing);
    answer["walls"] = std::move(walls);
    co_return json_answer(200, answer);
}

Task<Response> Admin::restart(Request& request) {
    std::array<char, admin_body_bytes_max> buffer{};
    const auto n = co_await request.body->read_some(buffer);
    boost::system::error_code failed;
    const std::string_view text(buffer.data(), n.value_or(0));
    const json::value body = json::parse(json::string_view(text.data(), text.size()), failed);
    if (failed || !body.is_object() || !body.as_object().contains("service") ||
        !body.as_object().at("service").is_string()) {
        co_return problem(400, "invalid", "Name the service: {\"service\": \"pads\"}.");
    }
    const std::string service(body.as_object().at("service").as_string());
    const auto records = co_await context_->process_status();
    const bool known = records && std::any_of(records->begin(), records->end(),
                                              [&service](const auto& record) { return record.first == service; });
    if (!known) {
        co_return problem(404, "not_found", "There is no service named " + service + ".");
    }
    static_cast<Host&>(*context_).tell_restart(service);
    Response response;
    response.status = 204;
    co_return response;
}

Response Admin::all_logs(const std::string& folder) const {
    std::string text;
    std::error_code failed;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
        if (entry.path().extension() == ".log" && files.size() < logs_shown_max) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    for (const auto& path : files) {
        const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        struct stat facts {};
        if (!fd || ::fstat(fd.get(), &facts) != 0 || facts.st_size == 0) {
            continue;
        }
        std::string tail(static_cast<std::size_t>(std::min<off_t>(facts.st_size, log_part_bytes)), '\0');
        const ssize_t n = ::pread(fd.get(), tail.data(), tail.size(), facts.st_size - static_cast<off_t>(tail.size()));
        tail.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        if (static_cast<off_t>(tail.size()) < facts.st_size) {
            tail.erase(0, tail.find('\n') + 1);  // no half line
        }
        text += "== " + path.stem().string() + "\n" + tail;
    }
    if (text.empty()) {
        text = "The journals are with systemd: journalctl -u hameau\n";
    }
    Response response;
    response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
    response.body = std::move(text);
    return response;
}

Response Admin::logs(const Request& request) const {
    const std::string service = request.query_parameter("service").value_or("");
    if (service.empty()) {
        const std::string& own = context_->folder();
        return all_logs(own.substr(0, own.rfind('/')) + "/log");
    }
    if (service.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) {
        return problem(400, "invalid", "That is not the name of a service.");
    }
    const std::string& folder = context_->folder();
    const std::string path = folder.substr(0, folder.rfind('/')) + "/log/" + service + ".log";
    Response response;
    FileBody body;
    body.fd.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat facts {};
    if (!body.fd || ::fstat(body.fd.get(), &facts) != 0) {
        return problem(404, "not_found", "There is no journal of " + service + " here. Where systemd started the house: journalctl -u hameau.");
    }
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    body.offset = size > log_tail_bytes ? size - log_tail_bytes : 0;
    body.size_bytes = size - body.offset;
    response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
    response.body = std::move(body);
    return response;
}

constexpr std::array<std::string_view, 4> admin_reads = {"state:run", "state:log", "/etc/group", "/etc/nsswitch.conf"};

} // namespace

const Manifest admin_manifest{.name = "admin",
                              .sandbox = {.reads = admin_reads},
                              .idle_stop = admin_idle_stop};

std::unique_ptr<Module> make_admin() { return std::make_unique<Admin>(); }

} // namespace hameau
