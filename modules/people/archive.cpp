// One association as files: people/association.json (all, with the argon2id hashes, so that an import keeps
// passwords: the archive is as secret as a backup) and people/members.csv for a spreadsheet, without hashes.
#include <sys/stat.h>

#include "daemon/base/io.hpp"
#include "modules/people/people_module.hpp"
#include "modules/people/secrets.hpp"
#include "modules/support/validators.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

constexpr std::size_t id_characters = 26;

std::string csv(std::string_view text) {
    std::string out = "\"";
    // A spreadsheet must not take a name for a formula.
    if (!text.empty() && std::string_view("=+-@").find(text[0]) != std::string_view::npos) {
        out += '\'';
    }
    for (const char c : text) {
        out += c;
        if (c == '"') {
            out += '"';
        }
    }
    return out += '"';
}

bool is_id(std::string_view text) {
    return text.size() == id_characters && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567") == std::string_view::npos;
}

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

Task<Status> People::export_association(std::string slug, std::string folder) {
    const auto association = store_->association(slug);
    if (!association) {
        co_return fail(ErrorKind::not_found, "there is no association " + slug);
    }
    json::object out;
    out["version"] = 1;
    out["slug"] = association->slug;
    out["name"] = association->name;
    out["quota_bytes"] = association->quota_bytes;
    json::array domains;
    for (const std::string& domain : association->domains) {
        domains.emplace_back(domain);
    }
    out["domains"] = std::move(domains);
    json::array members;
    std::string table = "login,name,role,contact,mailbox,disabled\r\n";
    for (const Member& member : store_->members(slug, "", members_per_association_max)) {
        const Person& person = member.person;
        json::object item;
        item["id"] = person.id;
        item["login"] = person.login;
        item["name"] = person.name;
        item["role"] = to_text(member.role);
        item["contact"] = person.contact;
        item["mailbox"] = member.mailbox;
        item["disabled"] = person.disabled;
        item["password_hash"] = person.password_hash;
        members.push_back(std::move(item));
        table += csv(person.login) + "," + csv(person.name) + "," + csv(to_text(member.role)) + "," + csv(person.contact) +
                 "," + csv(member.mailbox) + "," + (person.disabled ? "yes" : "no") + "\r\n";
    }
    out["members"] = std::move(members);
    json::array groups;
    for (const Circle& circle : store_->circles(slug, "", groups_per_association_max)) {
        json::object item;
        item["slug"] = circle.slug;
        item["name"] = circle.name;
        item["address"] = circle.address;
        item["may_send"] = circle.may_send;
        json::array logins;
        for (const auto& [id, login] : circle.members) {
            logins.emplace_back(login);
        }
        item["members"] = std::move(logins);
        json::array outside;
        for (const std::string& address : circle.outside) {
            outside.emplace_back(address);
        }
        item["outside"] = std::move(outside);
        groups.push_back(std::move(item));
    }
    out["groups"] = std::move(groups);
    if (auto failure = store_->take_failure()) {
        co_return fail(std::move(*failure));
    }
    const std::string below = folder + "/people";
    if (auto made = make_folder(below, 0700); !made) {
        co_return fail(std::move(made.error()));
    }
    if (auto written = write_file_atomically(below + "/association.json", json::serialize(out)); !written) {
        co_return fail(std::move(written.error()));
    }
    co_return write_file_atomically(below + "/members.csv", table);
}

Status People::import_now(const std::string& slug, const json::object& archive) {
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
        const auto id = import_member(slug, (*members)[i].get_object(), i + 1);
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

Result<std::string> People::import_member(const std::string& slug, const json::object& archived, std::size_t number) {
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

Task<Status> People::import_association(std::string slug, std::string folder) {
    const auto text = read_file(folder + "/people/association.json", archive_bytes_max);
    if (!text) {
        co_return fail(text.error());
    }
    const auto archive = parse_json_object(*text);
    if (!archive) {
        co_return bad_archive("it is not a JSON object");
    }
    JsonFields fields(*archive);
    const Request nobody{};
    const DomainQuestion question = domain_question(slug, read_domains(fields), true);
    auto in_the_way = co_await refuse_domains(nobody, question);
    if (in_the_way) {
        co_return fail(ErrorKind::conflict, "things of other associations carry the name of one of its domains. Nothing was imported.");
    }
    const Status done = store_->transaction([&]() -> Status {
        // The answers of the others came a while ago.
        Refusal refusal;
        if (!judge_domains(refusal, nobody, question)) {
            return fail(ErrorKind::conflict, "one of its domains was given to somebody else meanwhile. Nothing was imported.");
        }
        return import_now(slug, *archive);
    });
    if (done) {
        (void)co_await delivered();
    }
    co_return done;
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
