// Owners by name: uids of the distribution and of external modules differ between machines.
#include <charconv>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/contract/role_uids.hpp"
#include "provisioning/backup/limits.hpp"
#include "provisioning/backup/staging.hpp"

namespace hameau::backup {

namespace {

constexpr std::string_view module_prefix = "module:";
constexpr std::string_view user_prefix = "user:";

/// Lines of STATE/modules/uids: NAME and a number, whatever lies between them.
std::string module_of(const Place& place, std::uint32_t id, std::string_view wanted, std::uint32_t& found) {
    const std::string text = read_file(place.state + "/modules/uids", uids_bytes_max).value_or("");
    for (const std::string_view line : split(text, '\n')) {
        const std::size_t name_end = line.find_first_of(" \t");
        const std::size_t digits = line.find_first_of("0123456789", name_end);
        std::uint32_t number = 0;
        if (name_end == std::string_view::npos || digits == std::string_view::npos ||
            std::from_chars(line.data() + digits, line.data() + line.size(), number).ec != std::errc{}) {
            continue;
        }
        const std::string_view name = line.substr(0, name_end);
        if (wanted.empty() ? number == id : name == wanted) {
            found = number;
            return std::string(name);
        }
    }
    return {};
}

} // namespace

std::string owner_name(const Place& place, std::uint32_t id, bool group) {
    if (id == 0) {
        return "root";
    }
    for (const RoleUid& role : role_uids) {
        if (role.uid == id) {
            return std::string(role.role);
        }
    }
    std::uint32_t ignored = 0;
    if (std::string module = module_of(place, id, "", ignored); !module.empty()) {
        return std::string(module_prefix) + module;
    }
    const ::group* of_group = group ? ::getgrgid(id) : nullptr;
    const ::passwd* of_user = group ? nullptr : ::getpwuid(id);
    const char* name = of_group != nullptr ? of_group->gr_name : of_user != nullptr ? of_user->pw_name : nullptr;
    return name != nullptr ? std::string(user_prefix) + name : "root";
}

Result<std::uint32_t> owner_id(const Place& place, const std::string& name, bool group) {
    if (name == "root") {
        return 0U;
    }
    for (const RoleUid& role : role_uids) {
        if (role.role == name) {
            return role.uid;
        }
    }
    std::uint32_t found = 0;
    if (name.starts_with(module_prefix) && !module_of(place, 0, std::string_view(name).substr(module_prefix.size()), found).empty()) {
        return found;
    }
    if (name.starts_with(user_prefix)) {
        const std::string plain = name.substr(user_prefix.size());
        const ::group* of_group = group ? ::getgrnam(plain.c_str()) : nullptr;
        const ::passwd* of_user = group ? nullptr : ::getpwnam(plain.c_str());
        if (of_group != nullptr || of_user != nullptr) {
            return of_group != nullptr ? of_group->gr_gid : of_user->pw_uid;
        }
    }
    return fail(ErrorKind::not_found, "this machine has no user or group named " + name);
}

} // namespace hameau::backup
