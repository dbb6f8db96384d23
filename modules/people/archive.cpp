// An association comes in (people/association.json, written by archive_texts.cpp) or is erased. Called by api_import.cpp and by the host
// (`POST /internal/erase`). An archive is a stranger's: every field is checked as if a visitor had sent it, and nothing of it is kept
// when one is wrong. It never reads a file.
#include "daemon/base/ids.hpp"
#include "modules/people/people_module.hpp"
#include "modules/people/secrets.hpp"
#include "modules/support/validators.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

tl::unexpected<Error> bad_archive(const std::string& what) {
    return fail(ErrorKind::invalid, "people/association.json: " + what + ". Nothing was imported.");
}

/// An account in the bin of another association that the archive brings: it is in use again, where its login is free.
Status take_out_of_bin(Store& store, const Person& person) {
    const bool back = store.is_binned(person.id) && !store.person_by_login(person.login);
    return back ? store.unbin_person(person.id, person.login) : Status{};
}

std::string first_error(JsonFields& fields) {
    fields.finish();
    const FieldError& error = fields.errors().front();
    return error.field + ": " + text_of(people_catalogue, Language::english, error.code, error.parameters);
}

} // namespace

Status People::import_now(const std::string& slug, const json::object& archive, ImportTrust trust) {
    JsonFields fields(archive);
    (void)fields.integer("version", 1, 1);
    Association association;
    association.slug = fields.slug("slug");
    association.name = fields.text("name");
    association.quota_bytes = fields.optional_size("quota_bytes").value_or(0);
    association.domains = read_domains(fields);
    const json::array* members = fields.optional_array("members", members_per_association_max);
    const json::array* groups = fields.optional_array("groups", groups_per_association_max);
    if (!fields.finish()) {
        return bad_archive(first_error(fields));
    }
    if (association.slug != slug) {
        return bad_archive("it is the association " + association.slug);
    }
    if (!store_->is_slug_free(slug)) {
        return fail(ErrorKind::conflict, "there is an association " + slug + " already, or one in the bin. Nothing was imported.");
    }
    if (auto put = store_->put_association(association); !put) {
        return put.error().kind == ErrorKind::conflict
                   ? Status(fail(ErrorKind::conflict, "one of its domains belongs to another association. Nothing was imported."))
                   : put;
    }
    std::vector<std::string> told;
    for (std::size_t i = 0; members != nullptr && i < members->size(); ++i) {
        if (!(*members)[i].is_object()) {
            return bad_archive("a member is not an object");
        }
        const auto id = import_member(slug, (*members)[i].get_object(), i + 1, trust);
        if (!id) {
            return fail(id.error());
        }
        told.push_back(*id);
    }
    if (auto sent = store_->emit_association(slug); !sent) {
        return sent;
    }
    for (const std::string& id : told) {
        if (auto sent = store_->emit_member(id); !sent) {
            return sent;
        }
    }
    for (std::size_t i = 0; groups != nullptr && i < groups->size(); ++i) {
        if (!(*groups)[i].is_object()) {
            return bad_archive("a group is not an object");
        }
        if (auto put = import_group(association, (*groups)[i].get_object(), i + 1); !put) {
            return put;
        }
    }
    return store_->status();
}

Result<std::string> People::import_member(const std::string& slug, const json::object& archived, std::size_t number, ImportTrust trust) {
    JsonFields item(archived);
    Length any;
    any.least = 0;
    any.most = 254;
    Person person;
    person.id = item.text("id");
    person.login = item.login("login");
    person.name = item.text("name");
    const Role role = role_of(item.choice("role", "member|manager"));
    person.contact = item.optional_text("contact", any).value_or("");
    const std::string mailbox = item.optional_text("mailbox", any).value_or("");
    person.disabled = item.boolean("disabled", false);
    person.password_hash = item.optional_text("password_hash", any).value_or("");
    if (!item.finish()) {
        return bad_archive("member " + std::to_string(number) + ": " + first_error(item));
    }
    const bool sound = is_id(person.id) && (person.contact.empty() || is_address(person.contact)) &&
                       (mailbox.empty() || normalise_address(mailbox) == mailbox) &&
                       (person.password_hash.empty() || is_password_hash(person.password_hash));
    if (!sound) {
        return bad_archive("the member " + person.login + " has an id, address or password that we did not write");
    }
    if (!trust.passwords) {
        person.password_hash.clear();  // the member is invited
    }
    if (!trust.same && store_->person(person.id)) {
        return fail(ErrorKind::conflict, person.login + " is here already. Nothing was imported.");
    }
    const auto same_login = store_->person_by_login(person.login);
    if (auto back = take_out_of_bin(*store_, person); !back) {
        return fail(back.error());
    }
    const auto same_id = store_->person(person.id);
    if ((same_login && same_login->id != person.id) || (same_id && same_id->login != person.login)) {
        return fail(ErrorKind::conflict, "the login " + person.login + " belongs to somebody else in this house. Nothing was imported.");
    }
    Status kept;
    if (!same_id) {
        kept = store_->insert_person(person);
        kept = kept && !mailbox.empty() ? store_->set_mailbox(person.id, slug, mailbox) : kept;
    }
    kept = kept ? store_->set_membership(slug, person.id, role) : kept;
    return kept ? Result<std::string>(person.id) : fail(kept.error());
}

Status People::import_group(const Association& association, json::object archived, std::size_t number) {
    if (archived.contains("address") && archived.at("address") == "") {
        archived["address"] = nullptr;
    }
    JsonFields item(archived);
    Circle circle;
    circle.association = association.slug;
    circle.slug = item.slug("slug");
    read_group(item, circle, association, true);
    if (!item.finish()) {
        return bad_archive("group " + std::to_string(number) + ": " + first_error(item));
    }
    const auto put = store_->put_circle(circle);
    return put ? store_->emit_circle(association.slug, circle.slug) : put;
}

Task<Status> People::erase_association(std::string slug) {
    if (!store_->association_anywhere(slug)) {
        co_return fail(ErrorKind::not_found, "there is no association " + slug);
    }
    std::vector<std::string> touched;
    const Status done = store_->transaction([&] { return store_->erase_whole_association(slug, "admin", touched); });
    if (done) {
        for (const std::string& id : touched) {
            revoke_person(id);
        }
        (void)co_await delivered();
    }
    co_return done;
}

} // namespace hameau::people
