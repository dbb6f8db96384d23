// What `hameau apply` prints about a response: warnings, invitations, copies that wait for an owner. Called by apply.cpp.
#include "daemon/cli/apply_notes.hpp"

#include <array>
#include <cstdio>
#include <string>

#include "daemon/base/domain_letters.hpp"
#include "daemon/cli/client.hpp"

namespace hameau::cli {

namespace json = boost::json;

void print_waiting(const json::object& answer) {
    for (const json::value& target : array_of(answer, "forward_waiting")) {
        std::printf("    the copy to %s waits for the owner's agreement (on their page Courrier)\n", in_letters(std::string(target.as_string())).c_str());
    }
}

void print_invitation(const json::object& answer) {
    const json::value* invitation = answer.if_contains("invitation");
    if (invitation == nullptr || !invitation->is_object()) {
        return;
    }
    const json::object& fields = invitation->as_object();
    std::printf("    invitation: %s\n    code: %s (until %s)\n", text_of(fields, "url").c_str(), text_of(fields, "code").c_str(),
                text_of(fields, "expires").c_str());
}

void print_warnings(const json::object& answer) {
    for (const json::value& warning : array_of(answer, "warnings")) {
        std::fprintf(stderr, "    %s\n", warning.is_string() ? in_letters(std::string(warning.as_string())).c_str() : json::serialize(warning).c_str());
    }
}

void print_kept(const Resource& resource, const json::object& present) {
    constexpr std::array<std::string_view, 5> optional = {"mailbox", "contact", "forward", "address", "disabled"};
    const std::string_view verb = resource.kind == ResourceKind::member    ? "member"
                                  : resource.kind == ResourceKind::mailbox ? "mailbox"
                                                                           : "group";
    for (const std::string_view key : optional) {
        const json::value* value = resource.form.contains(key) ? nullptr : present.if_contains(key);
        const bool empty = value == nullptr || value->is_null() || (value->is_string() && value->as_string().empty()) ||
                           (value->is_bool() && !value->as_bool()) ||
                           (value->is_array() && value->as_array().empty());
        if (!empty) {
            std::printf("= %s: %s %s is kept (the file does not say it; to change it: hameau %s change)\n", in_letters(resource.name()).c_str(),
                        std::string(key).c_str(), in_letters(json::serialize(*value)).c_str(), std::string(verb).c_str());
        }
    }
}

} // namespace hameau::cli
