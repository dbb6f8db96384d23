// Who asks: the peer's uid against the role that it names; the gate's identity headers.
#include <algorithm>
#include <grp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/io.hpp"

#include "daemon/contract/path.hpp"
#include "daemon/host/client.hpp"
#include "daemon/host/host.hpp"

namespace hameau {

namespace {

std::string_view find_header(const Headers& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

/// "admin, amis=manager, jardin=member"
void read_roles(std::string_view text, Identity& who) {
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        std::string_view item = text.substr(0, comma);
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
        while (item.starts_with(' ')) {
            item.remove_prefix(1);
        }
        const std::size_t equals = item.find('=');
        if (item == "admin") {
            who.admin = true;
        } else if (equals != std::string_view::npos) {
            const Role role = item.substr(equals + 1) == "manager" ? Role::manager : Role::member;
            who.associations.emplace_back(std::string(item.substr(0, equals)), role);
        }
    }
}

} // namespace

Role Identity::role_in(std::string_view association) const {
    if (admin) {
        return Role::manager;
    }
    for (const auto& [slug, role] : associations) {
        if (slug == association) {
            return role;
        }
    }
    return Role::none;
}

std::string_view Request::header(std::string_view lower_case_name) const { return find_header(headers, lower_case_name); }

std::string_view Request::parameter(std::string_view name) const {
    const auto found = parameters.find(name);
    return found == parameters.end() ? std::string_view{} : std::string_view(found->second);
}

std::optional<std::string> Request::query_parameter(std::string_view name) const {
    std::string_view rest(query);
    while (!rest.empty()) {
        const std::size_t end = rest.find('&');
        const std::string_view pair = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        const std::size_t equals = pair.find('=');
        if (percent_decode(pair.substr(0, equals), true) == name) {
            return percent_decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true);
        }
    }
    return std::nullopt;
}

Task<std::variant<std::unique_ptr<WebSocketHandler>, Response>> Module::upgrade(Request& request) {
    (void)request;
    Response refused;
    refused.status = 404;
    std::variant<std::unique_ptr<WebSocketHandler>, Response> outcome(std::move(refused));
    co_return outcome;
}

Task<Status> Module::close_association(std::string slug, bool closed) {
    (void)slug;
    (void)closed;
    co_return Status{};
}

Task<std::vector<Check>> Module::probe_health() {
    std::vector<Check> none;
    co_return none;
}

namespace {
/// Root, ourselves (a trial without root), or a member of the group `hameau`.
bool may_administer(int socket, const Peer& peer) {
    if (peer.uid == 0 || peer.uid == ::getuid()) {
        return true;
    }
    const group* wanted = ::getgrnam("hameau");
    if (wanted == nullptr) {
        return false;
    }
    std::vector<gid_t> groups(256);
    socklen_t size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) {
        return false;
    }
    groups.resize(size / sizeof(gid_t));
    groups.push_back(peer.gid);
    return std::find(groups.begin(), groups.end(), wanted->gr_gid) != groups.end();
}
} // namespace

Result<Identity> Host::identify(const Headers& headers, int socket) const {
    Identity who;
    const auto credentials = peer_of(socket);
    if (!credentials) {
        return fail(credentials.error());
    }
    if (manifest_.name == "admin") {
        if (!may_administer(socket, *credentials)) {
            return fail(ErrorKind::denied, "only root and members of the group hameau may do this");
        }
        who.caller = Caller::admin;
        who.admin = true;
        return who;
    }
    const uid_t peer = credentials->uid;
    const std::string_view claimed = find_header(headers, "hameau-caller");
    const auto uid = environment_.uids.find(std::string(claimed));
    if (uid == environment_.uids.end() || uid->second != peer) {
        return fail(ErrorKind::denied, "this socket is for the house's own processes");
    }
    if (claimed == "gate" || claimed == "admin") {
        who.caller = claimed == "gate" ? Caller::gate : Caller::admin;
        who.member = find_header(headers, "hameau-member");
        who.session = find_header(headers, "hameau-session");
        who.login = find_header(headers, "hameau-login");
        who.name = percent_decode(find_header(headers, "hameau-name"), false).value_or("");
        read_roles(find_header(headers, "hameau-roles"), who);
        who.module = claimed;
        return who;
    }
    who.caller = Caller::module;
    who.module = claimed;
    return who;
}

bool Host::is_websocket_route(std::string_view path) const {
    return std::any_of(manifest_.routes.begin(), manifest_.routes.end(), [path](const Route& route) {
        return route.websocket && match_pattern(route.pattern, path, nullptr);
    });
}

} // namespace hameau
