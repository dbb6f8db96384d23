// Finding a pad for somebody, and how it is shown.
#include "modules/pads/crdt/document.hpp"
#include "modules/pads/export/render.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/pads/texts.hpp"
#include "modules/support/bin.hpp"

#include "daemon/base/io.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {
constexpr hameau::Event pad_unreadable{"pads.unreadable", Level::error, "keep the file; restore the pad from the last backup"};
constexpr hameau::Event store_failed{"pads.store_failed", Level::error, "look at the disk"};
} // namespace

Person PadsModule::person_of(const Identity& who) { return Person{who.member, who.login, who.name.empty() ? who.login : who.name}; }

Asker PadsModule::asker_of(const Request& request, const PadRow& pad, std::string_view key) const {
    Asker asker;
    asker.member = request.who.member;
    asker.login = request.who.login;
    asker.role = request.who.role_in(pad.association);
    asker.creator = !pad.creator.empty() && pad.creator == request.who.member;
    asker.key_fits = same_key(key, pad.link_key);
    return asker;
}

PadsModule::FoundOr PadsModule::find(const Request& request, std::string_view key, Deleted deleted) {
    const std::string_view name = request.parameter("pad");
    const bool nobody = !request.who.signed_in();
    if (nobody && key.empty()) {
        return problem(pads_catalogue, request, 401, "pad_sign_in");
    }
    const std::size_t colon = name.find(':');
    auto row = colon == std::string_view::npos ? store_->find_by_id(name)
                                               : store_->find_by_slug(name.substr(0, colon), name.substr(colon + 1));
    if (!row) {
        return failure(request, row.error());
    }
    if (!*row) {
        // With a key alone, a pad that is not there looks like a wrong key.
        return nobody ? problem(pads_catalogue, request, 403, "pad_wrong_key")
                      : problem(pads_catalogue, request, 404, "pad_not_found");
    }
    Found found;
    found.pad = std::move(**row);
    found.asker = asker_of(request, found.pad, key);
    found.permission = permission_of(found.pad.access, found.asker);
    if (found.permission == Permission::none) {
        return problem(pads_catalogue, request, 403, key.empty() ? "pad_no_access" : "pad_wrong_key");
    }
    const bool closed = closed_.contains(found.pad.association);
    if (closed || (found.pad.deleted_ms && deleted == Deleted::refused)) {
        return problem(pads_catalogue, request, 404, "pad_deleted");
    }
    return found;
}

std::string PadsModule::base_url(const Request& request) const {
    const std::string_view visited = request.header("hameau-scheme-host");
    if (!visited.empty()) {
        return std::string(visited);
    }
    const Settings& settings = context_->settings();
    std::string url = "https://" + (settings.has("house.host") ? settings.text("house.host") : std::string("localhost"));
    if (settings.has("house.https_port") && settings.integer("house.https_port") != 443) {
        url += ":" + std::to_string(settings.integer("house.https_port"));
    }
    return url;
}

std::string PadsModule::socket_url(const Request& request, const PadRow& pad) const {
    std::string url = base_url(request);
    if (url.starts_with("http")) {
        url.replace(0, 4, "ws");
    }
    return url + "/api/v1/pads/ws/" + pad.id;
}

json::object PadsModule::item(const Request& request, const Found& found) {
    const PadRow& pad = found.pad;
    json::object out;
    out["id"] = pad.id;
    out["association"] = pad.association;
    out["slug"] = pad.slug;
    out["title"] = pad.title;
    out["url"] = base_url(request) + "/pads/" + pad.id;
    out["socket"] = socket_url(request, pad);
    json::object access;
    access["members"] = to_text(pad.access.members);
    access["link"] = to_text(pad.access.link);
    // Logins are half of a password: guests see none.
    access["people"] = found.asker.role == Role::none ? json::array() : json::value_from(pad.access.people).as_array();
    out["access"] = std::move(access);
    out["created"] = format_utc(pad.created_ms);
    out["created_by"] = pad.created_by;
    out["updated"] = format_utc(pad.updated_ms);
    out["updated_by"] = pad.updated_by;
    out["may"] = to_text(found.permission);
    out["may_manage"] = may_manage(found.asker);
    if (pad.deleted_ms) {
        out["deleted"] = format_utc(*pad.deleted_ms);
        out["gone"] = format_utc(*pad.deleted_ms + bin_ms);
    }
    json::array here;
    if (const auto open = rooms_.find(pad.number); open != rooms_.end()) {
        for (std::string& name : open->second->names_here()) {
            here.push_back(json::string(name));
        }
    }
    out["here"] = std::move(here);
    return out;
}

std::optional<json::value> PadsModule::small_content(const PadRow& pad) {
    const auto open = rooms_.find(pad.number);
    if (open != rooms_.end() && open->second->recorder().encoded_size() > first_content_bytes_max) {
        return std::nullopt;
    }
    if (open == rooms_.end()) {
        const auto size = store_->content_size(pad.number);
        if (!size || size->state_bytes > first_content_bytes_max || size->log_bytes > first_content_log_bytes_max) {
            return std::nullopt;
        }
    }
    const auto state = content_of(pad);
    if (!state || state->size() > first_content_bytes_max) {
        return std::nullopt;
    }
    crdt::Integrator integrator;
    if (!integrator.apply(*state, crdt::Hold::borrow)) {
        return std::nullopt;
    }
    const auto written = render_prosemirror(crdt::Document(integrator), first_content_json_bytes_max);
    boost::system::error_code failed;
    json::value content = written ? json::parse(*written, failed) : json::value();
    return written && !failed ? std::optional(std::move(content)) : std::nullopt;
}

Response PadsModule::failure(const Request& request, const Error& error) {
    if (error.kind == ErrorKind::conflict) {
        return problem(pads_catalogue, request, 409, "pad_slug_taken");
    }
    context_->journal().write(store_failed, {{"error", error.message}});
    return problem(pads_catalogue, request, 507, "pad_disk");
}

Response PadsModule::not_read(const Request& request, const PadRow& pad, const Error& error) {
    return error.kind == ErrorKind::unavailable ? problem(request, 503, "busy") : damaged(request, pad, error);
}

Response PadsModule::damaged(const Request& request, const PadRow& pad, const Error& error) {
    if (error.kind == ErrorKind::too_large) {
        return problem(pads_catalogue, request, 422, "pad_export_large");
    }
    if (error.kind == ErrorKind::too_many) {
        return problem(pads_catalogue, request, 503, "pads_memory");
    }
    std::string reference = context_->journal().write_reference(pad_unreadable, {{"pad", pad.id}, {"error", error.message}});
    Parameters parameters;
    parameters.emplace_back("reference", std::move(reference));
    return problem(pads_catalogue, request, 500, "pad_damaged", parameters);
}

void PadsModule::row_changed(const PadRow& pad, bool keys_void) {
    const auto open = rooms_.find(pad.number);
    if (open == rooms_.end()) {
        return;
    }
    const std::shared_ptr<Room> room = open->second;
    room->pad() = pad;
    if (pad.deleted_ms) {
        room->end(close_policy, "deleted");
    } else {
        room->revive();
        room->access_changed(keys_void);
    }
}

} // namespace hameau::pads
