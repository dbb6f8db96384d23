// The HTTP API of pads. Roles are checked before bodies are read.
#include <array>

#include "daemon/base/io.hpp"
#include "modules/pads/api/search.hpp"
#include "modules/pads/documents/templates.hpp"
#include "modules/pads/api/file_name.hpp"
#include "modules/pads/export/export.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/lines/line_writer.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/pads/texts.hpp"
#include "modules/support/json_fields.hpp"
#include "modules/support/opening.hpp"
#include "modules/support/paging.hpp"
#include "modules/support/validators.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

constexpr std::string_view access_choices = "none|read|write";

/// Fills in what `fields` has; wrong values are noted there. One choice: whoever opens the pad to the members or by link
/// ends "only these people", whoever names people closes it to the others.
void read_access(JsonFields& fields, Access& access) {
    const json::object* object = fields.optional_object("access");
    if (object == nullptr) {
        return;
    }
    JsonFields nested(*object);
    const auto members = nested.optional_choice("members", access_choices);
    const auto link = nested.optional_choice("link", access_choices);
    const auto people = nested.optional_texts("people", people_per_pad_max);
    std::vector<std::string> logins;
    for (const std::string& name : people.value_or(std::vector<std::string>())) {
        if (const auto login = normalise_login(name)) {
            logins.push_back(*login);
        } else {
            nested.refuse_field("people", "field.login");
        }
    }
    const bool opened = (members && *members != "none") || (link && *link != "none");
    if (opened && !logins.empty()) {
        nested.refuse_field("people", "pad_people");
    }
    nested.finish();
    fields.take_errors("access", nested);
    if (!logins.empty()) {
        access.members = access.link = Permission::none;
    } else {
        access.members = members ? permission_from(*members).value_or(access.members) : access.members;
        access.link = link ? permission_from(*link).value_or(access.link) : access.link;
    }
    if (people || opened) {
        access.people = std::move(logins);
    }
}

} // namespace

std::optional<Response> PadsModule::refuse_strangers(const Request& request, const std::string& association) const {
    if (!request.who.signed_in()) {
        return problem(request, 401, "signed_out");
    }
    const bool stranger = request.who.role_in(association) == Role::none;
    const bool gone = closed_.contains(association);  // an admin has a role in each
    return stranger || gone ? std::optional(problem(request, stranger ? 403 : 404, stranger ? "forbidden" : "not_found")) : std::nullopt;
}

Task<Response> PadsModule::list(Request& request) {
    const std::string association(request.parameter("association"));
    if (auto refused = refuse_strangers(request, association)) {
        co_return std::move(*refused);
    }
    const auto page = read_page(request);
    if (!page) {
        co_return problem(request, 400, "bad_page");
    }
    const Bin bin = request.query_parameter("bin") == "1" ? Bin::inside : Bin::outside;
    const TitleSearch search(request.query_parameter("search").value_or(""));
    json::array items;
    std::string next;
    std::string after = page->after;
    for (bool more = true; more && next.empty();) {
        const auto rows = store_->list(association, bin, after, page_items_max);
        if (!rows) {
            co_return failure(request, rows.error());
        }
        more = rows->size() == page_items_max;
        for (const PadRow& row : *rows) {
            Found found;
            found.asker = asker_of(request, row, "");
            found.permission = permission_of(row.access, found.asker);
            // Pads that are not open to the members are seen by who made them, who is named, and managers.
            const bool visible = bin == Bin::inside ? may_manage(found.asker) : found.permission != Permission::none;
            if (visible && search.fits(row.title)) {
                if (items.size() == page->limit) {
                    next = after;
                    break;
                }
                found.pad = row;
                items.push_back(item(request, found));
            }
            after = bin == Bin::inside ? row.id : row.slug;
        }
    }
    co_return list_response(std::move(items), next);
}

/// hameau-admin may name associations that no session vouches for: people knows them.
Task<std::optional<Response>> PadsModule::refuse_unknown_association(const Request& request, std::string slug) {
    std::optional<Response> refused;
    for (const auto& [known, role] : request.who.associations) {
        if (known == slug) {
            co_return refused;
        }
    }
    const auto association = co_await ask_people(std::move(slug));
    if (!association && association.error().kind == ErrorKind::not_found) {
        refused = problem(pads_catalogue, request, 404, "pad_association");
    } else if (!association) {
        refused = problem(request, 503, "busy");
    }
    co_return refused;
}

Task<Result<json::object>> PadsModule::ask_people(std::string association) {
    std::string module = "people";
    std::string method = "GET";
    std::string path = "/internal/associations/" + association;
    std::string body;
    const auto answer = co_await context_->call(std::move(module), std::move(method), std::move(path), std::move(body));
    if (answer && answer->status == 404) {
        co_return fail(ErrorKind::not_found, "there is no association " + association);
    }
    const auto* text = answer && answer->status == 200 ? std::get_if<std::string>(&answer->body) : nullptr;
    if (text == nullptr) {
        co_return fail(ErrorKind::unavailable, "nobody says at the moment what the association " + association + " is");
    }
    co_return parse_json_object(*text);
}

Task<Response> PadsModule::create(Request& request) {
    const std::string association(request.parameter("association"));
    const Judge judge = [this, &request, &association] { return refuse_strangers(request, association); };
    auto opened = co_await open_body(context_, request, judge, json_body_bytes_default);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    PadRow pad;
    JsonFields fields(opened.body);
    pad.slug = fields.slug("slug");
    Length title_length;
    title_length.most = title_characters_max;
    pad.title = fields.text("title", title_length);
    const auto wanted = fields.optional_choice("template", template_names);
    const auto language = fields.optional_choice("language", "fr|en");
    read_access(fields, pad.access);
    if (!fields.finish()) {
        co_return fields.refuse(request, pads_catalogue);
    }
    pad.association = association;
    if (!pad.access.people.empty()) {
        const auto ids = co_await ids_of(association, pad.access.people);
        if (!ids) {
            co_return problem(request, 503, "busy");
        }
        name_members(pad.access, *ids, Access());
    }
    Edit content;
    if (wanted) {
        // Everybody will read it: without a word about it, in the house's language, not in that of who asks.
        std::string spoken = language.value_or("");
        if (spoken.empty()) {
            const auto known = co_await ask_people(association);
            if (!known) {
                const bool unknown = known.error().kind == ErrorKind::not_found;
                co_return unknown ? problem(pads_catalogue, request, 404, "pad_association") : problem(request, 503, "busy");
            }
            const json::value* house = known->if_contains("language");
            spoken = house != nullptr && house->is_string() ? std::string(house->as_string()) : "";
        }
        const auto update = template_update(*wanted, spoken == "en", fresh_client());
        // Nobody wrote a template: its author has no name.
        content.person = std::make_shared<const Person>();
        frame_update(content.framed, *update);
    } else {
        content.person = std::make_shared<const Person>(person_of(request.who));
        frame_update(content.framed, blank_update());
    }
    json::array warnings;
    if (auto full = refuse_growth(request, pad.association, content.framed.size())) {
        co_return std::move(*full);
    }
    co_return co_await add_pad(request, std::move(pad), std::move(content), std::nullopt, std::move(warnings));
}

Task<std::optional<Response>> PadsModule::refuse_maker(Request& request, std::string association) {
    auto refused = co_await refuse_unknown_association(request, association);
    if (refused) {
        co_return std::move(refused);
    }
    auto ended = co_await identify_again(*context_, request);
    co_return ended ? std::move(ended) : refuse_strangers(request, association);
}

Task<Response> PadsModule::add_pad(Request& request, PadRow pad, Edit content, std::optional<crdt::Stored> state, json::array warnings) {
    // A document that is imported may have come for minutes.
    auto refused = co_await refuse_maker(request, pad.association);
    if (refused) {
        co_return std::move(*refused);
    }
    pad.id = pad.id.empty() ? new_id() : pad.id;
    pad.link_key = new_id();
    pad.created_ms = pad.updated_ms = now_ms();
    pad.created_by = pad.updated_by = person_of(request.who).name;
    pad.creator = request.who.member;
    content.time_ms = pad.created_ms;
    bool too_many = false;
    std::function<Status(PadStore&)> write = [&](PadStore& store) -> Status {
        const auto count = store.count(pad.association);
        too_many = count && *count >= pads_per_association_max;
        Status made = too_many ? Status(fail(ErrorKind::too_many, "the association has too many pads")) : store.create(pad, &content);
        if (made && state) {
            // Should it fail, the text is read from its log.
            const auto upto = store.index()->last(store.database(), pad.number);
            const Status folded = upto ? store.compact(pad.number, *state, *upto) : Status{};
            (void)folded;
        }
        return made;
    };
    const Status written = co_await write_aside(std::move(write));
    if (!written && too_many) {
        Parameters parameters;
        parameters.emplace_back("limit", std::to_string(pads_per_association_max));
        co_return problem(pads_catalogue, request, 422, "pad_too_many", parameters);
    }
    if (!written) {
        co_return failure(request, written.error());
    }
    // Others may have been written first: for who may no longer, or for an association that is gone, nothing was made.
    refused = co_await refuse_maker(request, pad.association);
    if (refused) {
        std::function<Status(PadStore&)> take_back = [&](PadStore& store) { return store.erase(pad.number); };
        const Status taken_back = co_await write_aside(std::move(take_back));
        (void)taken_back;  // the disk takes nothing: the pad stays where its association's managers see it
        co_return std::move(*refused);
    }
    Found found;
    found.asker = asker_of(request, pad, "");
    found.permission = permission_of(pad.access, found.asker);
    found.pad = std::move(pad);
    json::object made = item(request, found);
    if (!warnings.empty()) {
        made["warnings"] = std::move(warnings);
    }
    Response response = json_response(201, made);
    response.headers.emplace_back("Location", "/api/v1/pads/" + found.pad.id);
    co_return response;
}

Task<Response> PadsModule::get(Request& request) {
    FoundOr outcome = find(request, request.header(key_header), Deleted::refused);
    if (auto* refused = std::get_if<Response>(&outcome)) {
        co_return std::move(*refused);
    }
    const Found& found = std::get<Found>(outcome);
    json::object answer = item(request, found);
    if (request.query_parameter("content") == "1") {
        if (auto content = small_content(found.pad)) {
            answer["content"] = std::move(*content);
        }
    }
    co_return json_response(200, std::move(answer));
}

Task<Response> PadsModule::patch(Request& request) {
    const Finder<Found> find_writable = [this, &request]() -> FoundOr {
        FoundOr outcome = find(request, "", Deleted::refused);
        const auto* found = std::get_if<Found>(&outcome);
        return found != nullptr && found->permission != Permission::write ? problem(pads_catalogue, request, 403, "pad_read_only")
                                                                          : std::move(outcome);
    };
    auto opened = co_await open_row(context_, request, find_writable, json_body_bytes_default);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    const auto ids = co_await ids_of_named(*opened.row, opened.body);
    // Nothing is waited for from here to the change.
    FoundOr outcome = find_writable();
    if (auto* refused = std::get_if<Response>(&outcome)) {
        co_return std::move(*refused);
    }
    Found& found = std::get<Found>(outcome);
    const bool names_access = opened.body.contains("access");
    if (names_access && !may_manage(found.asker)) {
        co_return problem(pads_catalogue, request, 403, "pad_manage");
    }
    JsonFields fields(opened.body);
    Length title_length;
    title_length.most = title_characters_max;
    PadChange change;
    change.title = fields.optional_text("title", title_length);
    const Access before = found.pad.access;
    read_access(fields, found.pad.access);
    if (!fields.finish()) {
        co_return fields.refuse(request, pads_catalogue);
    }
    if (names_access) {
        if (!ids) {
            co_return problem(request, 503, "busy");
        }
        name_members(found.pad.access, *ids, before);
        change.access = found.pad.access;
    }
    if (auto done = store_->change(found.pad.number, change); !done) {
        co_return failure(request, done.error());
    }
    found.pad.title = change.title.value_or(found.pad.title);
    row_changed(found.pad, false);
    found.permission = permission_of(found.pad.access, found.asker);
    co_return json_response(200, item(request, found));
}

/// Member ids of the logins that the body names, and of those that the pad has.
Task<Result<std::map<std::string, std::string>>> PadsModule::ids_of_named(const Found& found, const json::object& body) {
    std::map<std::string, std::string> none;
    const json::value* access = body.if_contains("access");
    if (!may_manage(found.asker) || access == nullptr || !access->is_object()) {
        co_return none;
    }
    std::vector<std::string> logins = found.pad.access.people;
    const json::value* named = access->as_object().if_contains("people");
    for (std::size_t i = 0; named != nullptr && named->is_array() && i < named->as_array().size() && i < people_per_pad_max; ++i) {
        const json::value& name = named->as_array()[i];
        if (auto login = name.is_string() ? normalise_login(name.as_string()) : std::nullopt) {
            logins.push_back(std::move(*login));
        }
    }
    if (logins.empty()) {
        co_return none;
    }
    co_return co_await ids_of(found.pad.association, std::move(logins));
}

Task<Response> PadsModule::put_in_bin(Request& request) {
    FoundOr outcome = find(request, "", Deleted::allowed);
    if (auto* refused = std::get_if<Response>(&outcome)) {
        co_return std::move(*refused);
    }
    Found& found = std::get<Found>(outcome);
    if (!may_manage(found.asker)) {
        co_return problem(pads_catalogue, request, 403, "pad_manage");
    }
    if (found.pad.deleted_ms || request.query_parameter("purge") == "1") {
        Found binned = std::move(found);
        co_return co_await purge(request, std::move(binned));
    }
    found.pad.deleted_ms = now_ms();
    drop_readings(found.pad.number);
    PadChange change;
    change.deleted_ms = found.pad.deleted_ms;
    if (auto done = store_->change(found.pad.number, change); !done) {
        co_return failure(request, done.error());
    }
    row_changed(found.pad, false);
    co_return empty_response(204);
}

/// For good: with its history. Images that no other pad shows stay on the disk for the bin's time.
Task<Response> PadsModule::purge(const Request& request, Found found) {
    if (request.query_parameter("purge") != "1") {
        co_return problem(pads_catalogue, request, 404, "pad_deleted");
    }
    if (!found.pad.deleted_ms) {
        co_return problem(pads_catalogue, request, 409, "pad_not_in_bin");
    }
    if (const auto open = rooms_.find(found.pad.number); open != rooms_.end()) {
        const std::shared_ptr<Room> room = open->second;
        room->end(close_policy, "deleted");
        committer_->forget(*room);
        rooms_.erase(found.pad.number);
    }
    drop_readings(found.pad.number);
    std::size_t images = 0;
    std::function<Status(PadStore&)> erase = [&](PadStore& store) -> Status {
        const auto erased = store.erase_from_bin(found.pad.number);
        if (erased && *erased) {
            store.forget_copies();  // of before an update: the text is in them
            images = remove_unused_images(store, *images_);
        }
        return !erased ? Status(fail(erased.error())) : *erased ? Status() : Status(fail(ErrorKind::conflict, "the pad is not in the bin any more"));
    };
    const Status done = co_await write_aside(std::move(erase));
    if (!done) {
        co_return done.error().kind == ErrorKind::conflict ? problem(pads_catalogue, request, 409, "pad_not_in_bin")
                                                           : failure(request, done.error());
    }
    tell_forgotten(images);
    measure_later(found.pad.association);
    co_return empty_response(204);
}

Task<Response> PadsModule::restore(Request& request) {
    FoundOr outcome = find(request, "", Deleted::allowed);
    if (auto* refused = std::get_if<Response>(&outcome)) {
        co_return std::move(*refused);
    }
    Found& found = std::get<Found>(outcome);
    if (!may_manage(found.asker)) {
        co_return problem(pads_catalogue, request, 403, "pad_manage");
    }
    if (found.pad.deleted_ms) {
        found.pad.deleted_ms.reset();
        PadChange change;
        change.deleted_ms.emplace();
        if (auto done = store_->change(found.pad.number, change); !done) {
            co_return failure(request, done.error());
        }
        row_changed(found.pad, false);
    }
    co_return json_response(200, item(request, found));
}

Task<Response> PadsModule::link(Request& request) {
    const Finder<Found> find_it = [this, &request] { return find(request, "", Deleted::refused); };
    auto opened = co_await open_row(context_, request, find_it, json_body_bytes_default);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    Found& found = *opened.row;
    JsonFields fields(opened.body);
    const bool renew = fields.boolean("renew", false);
    if (!fields.finish()) {
        co_return fields.refuse(request, pads_catalogue);
    }
    if (renew && !may_manage(found.asker)) {
        co_return problem(pads_catalogue, request, 403, "pad_manage");
    }
    // Nobody may hand on more than they have.
    if (found.pad.access.link > found.permission) {
        co_return problem(pads_catalogue, request, 403, "pad_read_only");
    }
    if (found.pad.access.link == Permission::none) {
        co_return problem(pads_catalogue, request, 409, "pad_link_closed");
    }
    if (renew) {
        found.pad.link_key = new_id();
        PadChange change;
        change.link_key = found.pad.link_key;
        if (auto done = store_->change(found.pad.number, change); !done) {
            co_return failure(request, done.error());
        }
        row_changed(found.pad, true);
    }
    json::object answer;
    answer["url"] = base_url(request) + "/pads/" + found.pad.id + "#key=" + found.pad.link_key;
    answer["key"] = found.pad.link_key;
    answer["socket"] = socket_url(request, found.pad);
    co_return json_response(200, answer);
}

Task<Response> PadsModule::authors(Request& request) {
    FoundOr outcome = find(request, request.header(key_header), Deleted::refused);
    if (auto* refused = std::get_if<Response>(&outcome)) {
        co_return std::move(*refused);
    }
    const Found& found = std::get<Found>(outcome);
    const bool member = found.asker.role != Role::none;
    std::string answer;
    // A pad that was written in a hundred thousand times has as many clients.
    ReadingWork work = [&](PadStore& store, const Stop&) -> Status {
        const auto bound = store.authors(found.pad.number);
        if (!bound) {
            return fail(bound.error());
        }
        json::object clients;
        for (const BoundClient& author : *bound) {
            json::object who;
            who["name"] = author.person.name;
            // Guests see names: a login is half of a password.
            who["login"] = member ? author.person.login : std::string();
            who["brought"] = author.brought;
            clients[std::to_string(author.client)] = std::move(who);
        }
        json::object whole;
        whole["clients"] = std::move(clients);
        answer = json::serialize(whole);
        return {};
    };
    auto refused = co_await read_for(request, found.pad, std::move(work));
    if (refused) {
        co_return std::move(*refused);
    }
    Response response = json_response(200, json::object());
    response.body = std::move(answer);
    co_return response;
}

Task<Response> PadsModule::export_pad(Request& request) {
    FoundOr outcome = find(request, request.header(key_header), Deleted::refused);
    if (auto* refused = std::get_if<Response>(&outcome)) {
        co_return std::move(*refused);
    }
    const Found found = std::get<Found>(outcome);
    const std::string wanted = request.query_parameter("format").value_or("");
    const auto format = export_format(wanted);
    if (!format) {
        Parameters parameters;
        parameters.emplace_back("formats", std::string(export_formats));
        co_return problem(pads_catalogue, request, 400, "pad_format", parameters);
    }
    // What is only in memory belongs to it too.
    std::optional<Bytes> state = open_content(found.pad.number);
    const bool english = language_of(request) == Language::english;
    std::string document;
    ReadingWork work = [&](PadStore& store, const Stop& stop) -> Status {
        const auto content = state ? Result<Bytes>(std::move(*state)) : stored_content(store, found.pad.number);
        const Status wanted = content ? stop.check() : Status(fail(content.error()));
        if (!wanted) {
            return wanted;
        }
        auto made = export_document(*format, *content, found.pad.title, english, image_source(store, found.pad, as_text(*content)));
        document = made ? std::move(*made) : std::string();
        return made ? Status() : Status(fail(made.error()));
    };
    auto refused = co_await read_for(request, found.pad, std::move(work));
    if (refused) {
        co_return std::move(*refused);
    }
    Response response;
    response.headers.emplace_back("Content-Type", std::string(format->media_type));
    response.headers.emplace_back("Content-Disposition",
                                  attachment_named(found.pad.title, found.pad.slug, format->extension));
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = std::move(document);
    co_return response;
}

} // namespace hameau::pads
