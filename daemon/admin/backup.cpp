// The admin's calls about backups. Called by Admin (admin.cpp). Each is a verb for hameaud, which runs hameau-provision; nothing is read from
// the targets here.
#include "daemon/admin/backup.hpp"

#include <array>
#include <map>

#include <boost/json.hpp>

#include "daemon/admin/limits.hpp"
#include "daemon/contract/backup_texts.hpp"

namespace hameau {

namespace json = boost::json;

namespace {

Response answer(int status, const json::object& body) {
    Response response;
    response.status = status;
    response.headers.emplace_back("Content-Type", status < 400 ? "application/json" : "application/problem+json");
    response.body = json::serialize(body);
    return response;
}

/// What root says is "CODE" or "CODE: words" where the command has a sentence for it.
Response refuse(const std::string& words) {
    const std::size_t end = words.find_first_of(": \n");
    json::object body;
    body["type"] = "about:blank";
    body["title"] = "backup";
    body["code"] = words.substr(0, end);
    body["status"] = 503;
    body["detail"] = words;
    return answer(503, body);
}

/// Texts and booleans of the body as arguments of a verb; empty when it is no such object.
std::optional<std::map<std::string, std::string>> arguments_in(std::string_view text) {
    boost::system::error_code failed;
    const json::value value = json::parse(json::string_view(text.data(), text.size()), failed);
    if (failed || !value.is_object()) {
        return std::nullopt;
    }
    std::map<std::string, std::string> out;
    for (const auto& [name, given] : value.get_object()) {
        const bool known = name == "target" || name == "drill" || name == "anew" || name == "seen";
        if (!known || !(given.is_string() || given.is_bool())) {
            return std::nullopt;
        }
        if (given.is_string()) {
            out.emplace(std::string(name), std::string(given.get_string()));
        } else if (given.get_bool()) {
            out.emplace(std::string(name), "1");
        }
    }
    return out;
}

Task<std::string> read_body(Request& request) {
    std::array<char, admin_body_bytes_max> buffer{};
    const auto n = co_await request.body->read_some(buffer);
    co_return std::string(buffer.data(), n.value_or(0));
}

Task<Response> ask(ModuleContext& context, std::string verb, std::map<std::string, std::string> arguments) {
    const auto words = co_await context.ask_root(std::move(verb), std::move(arguments));
    if (!words) {
        co_return refuse(words.error().message);
    }
    json::object body;
    body["words"] = *words;
    co_return answer(200, body);
}

} // namespace

Task<Response> answer_backup(ModuleContext& context, Request& request) {
    std::string verb;
    std::map<std::string, std::string> arguments;
    const bool post = request.method == "POST";
    if (post) {
        const std::string text = co_await read_body(request);
        auto read = arguments_in(text);
        if (!read) {
            json::object body;
            body["code"] = "invalid";
            body["status"] = 400;
            body["detail"] = "An object with target, drill, anew or seen was expected.";
            co_return answer(400, body);
        }
        arguments = std::move(*read);
    }
    if (request.path == "/admin/backup") {
        verb = post ? "backup-now" : "backup-state";
    } else if (request.path == "/admin/backup/key" && post) {
        verb = "backup-key";
    } else if (request.path == "/admin/backup/list") {
        verb = "backup-list";
        arguments["target"] = request.query_parameter("target").value_or("");
    } else if (request.path == "/admin/backup/ssh-key") {
        verb = "backup-ssh";
    } else {
        json::object body;
        body["code"] = "not_found";
        body["status"] = 404;
        body["detail"] = "There is no such call.";
        co_return answer(404, body);
    }
    co_return co_await ask(context, std::move(verb), std::move(arguments));
}

std::string backup_check(std::string_view trouble, bool english) {
    const backup::Trouble found = backup::trouble_in(trouble);
    json::object check;
    check["name"] = "backup";
    check["passed"] = found.code.empty();
    check["advice"] = found.code.empty() ? std::string() : backup::sentence_of(found.code, found.address, found.last_good, english);
    return json::serialize(check);
}

} // namespace hameau
