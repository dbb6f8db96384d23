// `hameau apply`: brings the house to what a file declares. Creates and changes; removes only with --prune --yes.
// Each resource keeps the hash of its last declared form and is left alone while the declaration stays the same.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <set>

#include "daemon/base/domain_letters.hpp"
#include "daemon/base/io.hpp"
#include "daemon/cli/apply_compare.hpp"
#include "daemon/cli/apply_notes.hpp"
#include "daemon/cli/client.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/content.hpp"
#include "daemon/cli/site_source.hpp"
#include "daemon/cli/words.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

constexpr std::string_view usage_text =
    "usage: hameau apply FILE [--dry-run] [--prune [--yes]] [--give-up] [--state DIR]\n"
    "Brings the house to what FILE declares, and prints each change. A second run changes nothing.\n"
    "What was changed in the house since (passwords, the version of a site that is live) is kept.\n"
    "  --dry-run   prints what would change, and changes nothing\n"
    "  --prune     lists what the declared associations have beyond FILE; with --yes, removes it\n"
    "  --give-up   domains that FILE leaves out are given up even while addresses and sites carry their names: mail to them\n"
    "              ends until the domain comes back (without it, what is in the way is listed)\n";

/// Where a kind of resource is listed and made, and how one of them is called.
struct Place {
    ResourceKind kind;
    std::string_view collection;  ///< below /api/v1/associations/SLUG/
    std::string_view id_field;
};
constexpr std::array places = {
    Place{ResourceKind::member, "members", "login"},  Place{ResourceKind::mailbox, "mailboxes", "address"},
    Place{ResourceKind::group, "groups", "slug"},     Place{ResourceKind::alias, "aliases", "address"},
    Place{ResourceKind::site, "sites", "host"},       Place{ResourceKind::pad, "pads", "slug"},
};

const Place& place_of(ResourceKind kind) {
    return *std::find_if(places.begin(), places.end(), [kind](const Place& place) { return place.kind == kind; });
}

std::string association_path(const std::string& slug) { return "/api/v1/associations/" + segment(slug); }

class Apply {
public:
    Apply(const Client& client, std::string file, bool dry_run, bool give_up)
        : client_(client), diagnostics_(std::move(file)), dry_run_(dry_run), give_up_(give_up) {}

    Status load() {
        auto declared = client_.call("GET", "/api/v1/declared");
        if (!declared) {
            return fail(declared.error());
        }
        if (!declared->good()) {
            return fail(ErrorKind::unavailable, declared->problem());
        }
        hashes_ = declared->object();
        auto associations = client_.list("/api/v1/associations");
        if (!associations) {
            return fail(associations.error());
        }
        for (const json::value& item : *associations) {
            associations_[std::string(item.at("slug").as_string())] = item.as_object();
        }
        return {};
    }

    Status apply(const Resource& resource) {
        const std::string name = resource.name();
        const std::string hash = short_hash(json::serialize(resource.form));
        const json::value* known = hashes_.if_contains(name);
        const bool unchanged = known != nullptr && known->is_string() && known->as_string() == json::string_view(hash);
        auto present = find(resource);
        if (!present && present.error().kind == ErrorKind::closed) {
            std::fprintf(stderr, "%s: not done: %s\n", in_letters(name).c_str(), present.error().message.c_str());
            return {};
        }
        if (!present) {
            return fail(present.error());
        }
        Status done;
        if (*present == nullptr) {
            done = create(resource);
        } else if (!unchanged) {
            done = change(resource, **present);
        }
        if (done && resource.kind == ResourceKind::site && !resource.source.empty()) {
            done = deploy(resource);
        }
        if (done && !unchanged && !dry_run_ && !skipped_.contains(name)) {
            new_hashes_[name] = hash;
        }
        return done;
    }

    /// Domains that the file moves from one association to another are moved first, each set in one call: a domain that may
    /// not move is refused before its association has given it up. False: refused, and nothing else is to be done.
    bool move_domains(const std::vector<Resource>& resources) {
        for (const Resource& resource : resources) {
            const std::map<std::string, std::string> moving = moving_domains(resource, resources, associations_);
            if (moving.empty()) {
                continue;
            }
            if (auto moved = move_to(resource, moving); !moved) {
                refuse(resource, moved.error().message);
                return false;
            }
            std::string text;
            for (const auto& [domain, from] : moving) {
                text += (text.empty() ? "" : ", ") + domain + " from " + from;
                json::array left;
                for (const json::value& other : associations_[from].at("domains").as_array()) {
                    if (other != json::string_view(domain)) {
                        left.push_back(other);
                    }
                }
                associations_[from]["domains"] = std::move(left);
            }
            say('~', resource.name() + " (" + text + ")");
        }
        return true;
    }

    void refuse(const Resource& resource, const std::string& message) {
        diagnostics_.add(resource.position, in_letters(resource.name()) + ": " + message);
    }

    Status keep_hashes() {
        if (new_hashes_.empty()) {
            return {};
        }
        const json::value body = new_hashes_;
        auto answer = client_.call("PUT", "/api/v1/declared", &body);
        if (!answer) {
            return fail(answer.error());
        }
        return answer->good() ? Status{} : fail(ErrorKind::unavailable, answer->problem());
    }

    /// What the declared associations have beyond the file.
    Status prune(const std::vector<Resource>& declared, bool yes) {
        std::set<std::string> names;
        std::set<std::string> slugs;
        for (const Resource& resource : declared) {
            names.insert(resource.name());
            slugs.insert(resource.association);
        }
        // The last made is the first removed: what points to something goes before it.
        for (auto place = places.rbegin(); place != places.rend(); ++place) {
            for (const std::string& slug : slugs) {
                auto items = list(slug, place->kind);
                if (!items && items.error().kind == ErrorKind::closed) {
                    continue;
                }
                if (!items) {
                    return fail(items.error());
                }
                for (const json::object* item : *items) {
                    Resource other;
                    other.kind = place->kind;
                    other.association = slug;
                    other.id = std::string(item->at(place->id_field).as_string());
                    if (!names.contains(other.name()) && is_earlier_address(*item)) {
                        std::printf("= %s is kept: an earlier address of a mailbox\n", in_letters(other.name()).c_str());
                    } else if (!names.contains(other.name())) {
                        if (auto removed = remove(other, *item, yes); !removed) {
                            return removed;
                        }
                    }
                }
            }
        }
        if (!yes && removable_ > 0) {
            std::printf("%d would be removed; say --prune --yes to do it.\n", removable_);
        }
        return {};
    }

    int changes() const { return changes_; }
    const Diagnostics& diagnostics() const { return diagnostics_; }

private:
    Status move_to(const Resource& resource, const std::map<std::string, std::string>& moving) {
        if (dry_run_) {
            return {};
        }
        const auto present = associations_.find(resource.id);
        if (present == associations_.end()) {
            json::object body = resource.form;
            body["move_domains"] = true;
            auto made = send(resource, "POST", "/api/v1/associations", body);
            if (made) {
                associations_[resource.id] = resource.form;
            }
            return made;
        }
        json::array domains = present->second.at("domains").as_array();
        for (const auto& [domain, from] : moving) {
            domains.emplace_back(domain);
        }
        auto moved = send(resource, "PATCH", association_path(resource.id), {{"domains", domains}, {"move_domains", true}});
        if (moved) {
            present->second["domains"] = std::move(domains);
        }
        return moved;
    }

    void say(char mark, const std::string& text) {
        ++changes_;
        std::printf("%c %s\n", mark, in_letters(text).c_str());
        std::fflush(stdout);
    }

    using Items = std::vector<const json::object*>;
    Result<Items> list(const std::string& slug, ResourceKind kind) {
        const std::string path = association_path(slug) + "/" + std::string(place_of(kind).collection);
        auto found = lists_.find(path);
        if (found == lists_.end()) {
            if (!associations_.contains(slug)) {
                return Items{};
            }
            auto items = client_.list(path);
            if (!items) {
                return fail(items.error());
            }
            found = lists_.emplace(path, std::move(*items)).first;
        }
        Items out;
        for (const json::value& item : found->second) {
            out.push_back(&item.as_object());
        }
        return out;
    }

    Result<const json::object*> find(const Resource& resource) {
        if (resource.kind == ResourceKind::association) {
            const auto found = associations_.find(resource.id);
            return found == associations_.end() ? nullptr : &found->second;
        }
        auto items = list(resource.association, resource.kind);
        if (!items) {
            return fail(items.error());
        }
        for (const json::object* item : *items) {
            const json::value* id = item->if_contains(place_of(resource.kind).id_field);
            if (id != nullptr && id->is_string() && id->as_string() == json::string_view(resource.id)) {
                return item;
            }
        }
        return nullptr;
    }

    Status send(const Resource& resource, std::string_view method, const std::string& path, const json::object& body) {
        const json::value value = body;
        auto answer = client_.call(method, path, &value);
        if (!answer) {
            return fail(answer.error());
        }
        if (answer->good()) {
            last_ = answer->object();
            return {};
        }
        const json::object problem = answer->object();
        const json::value* code = problem.if_contains("code");
        if (answer->is_switched_off()) {
            std::fprintf(stderr, "%s: not done: %s\n", in_letters(resource.name()).c_str(), answer->problem().c_str());
            skipped_.insert(resource.name());
            return {};
        }
        if (code != nullptr && code->is_string() && code->as_string() == "mail_pending") {
            std::fprintf(stderr, "%s: %s\n", in_letters(resource.name()).c_str(), answer->problem().c_str());
            return {};
        }
        // An address that the file declares further down: tried again after it.
        const bool early = json::serialize(problem).find("\"code\":\"unknown_here\"") != std::string::npos;
        return fail(early ? ErrorKind::not_found : ErrorKind::invalid, answer->problem());
    }

    /// A member whom an earlier run or a manager removed comes back: somebody new under that login would be a second account.
    /// False: nobody in the bin had it.
    Result<bool> bring_back(const Resource& resource) {
        if (!associations_.contains(resource.association)) {
            return false;
        }
        const std::string members = association_path(resource.association) + "/" + std::string(place_of(ResourceKind::member).collection);
        const auto bin = client_.list(members + "?bin=1");
        if (!bin) {
            return fail(bin.error());
        }
        const auto removed = newest_of_login(*bin, resource.id);
        if (!removed) {
            return false;
        }
        if (const json::value* free = removed->if_contains("free_login"); free != nullptr && free->is_string()) {
            std::printf("= %s: somebody else has this login; who had it before stays in the bin\n", in_letters(resource.name()).c_str());
            return false;
        }
        Status back;
        if (!dry_run_) {
            back = send(resource, "POST", members + "/" + segment(text_of(*removed, "id")) + "/restore", {});
            print_warnings(last_);
            lists_.erase(members);
            note_mailbox(resource);
        }
        if (!back) {
            return fail(std::move(back.error()));
        }
        say('+', resource.name() + " (back from the bin, with the password of before)");
        return true;
    }

    Status create(const Resource& resource) {
        const auto back = resource.kind == ResourceKind::member ? bring_back(resource) : Result<bool>(false);
        if (!back) {
            return fail(back.error());
        }
        if (*back) {
            // What the file says of who came back, where it differs.
            const auto present = dry_run_ ? Result<const json::object*>(nullptr) : find(resource);
            return !present ? Status(fail(present.error())) : *present == nullptr ? Status{} : change(resource, **present);
        }
        if (dry_run_) {
            say('+', resource.name());
            return {};
        }
        json::object body = resource.form;
        if (resource.kind == ResourceKind::association) {
            auto done = send(resource, "POST", "/api/v1/associations", body);
            if (done) {
                associations_[resource.id] = resource.form;
                say('+', resource.name());
            }
            return done;
        }
        if (resource.kind == ResourceKind::member) {
            leave_out_mailbox(resource, body);
            if (!resource.password.empty()) {
                body["password"] = resource.password;
            }
            if (resource.invite) {
                body["invite"] = true;
            }
        }
        auto done = send(resource, "POST", association_path(resource.association) + "/" + std::string(place_of(resource.kind).collection), body);
        if (done && !skipped_.contains(resource.name())) {
            say('+', resource.name());
            note_mailbox(resource);
            print_waiting(last_);
            print_invitation(last_);
            last_.clear();
        }
        return done;
    }

    /// Where the house has no mail, a member is made without the mailbox.
    void leave_out_mailbox(const Resource& resource, json::object& body) {
        if (!body.contains("mailbox")) {
            return;
        }
        const auto boxes = list(resource.association, ResourceKind::mailbox);
        if (!boxes && boxes.error().kind == ErrorKind::closed) {
            body.erase("mailbox");
        }
    }

    /// A member's mailbox is made, renamed or brought back with the member: the list that was read before does not have it.
    void note_mailbox(const Resource& resource) {
        if (resource.kind == ResourceKind::member) {
            lists_.erase(association_path(resource.association) + "/" + std::string(place_of(ResourceKind::mailbox).collection));
        }
    }

    /// The declared fields that differ from what is there, as a PATCH.
    Status change(const Resource& resource, const json::object& present) {
        json::object patch;
        for (const auto& field : resource.form) {
            const std::string_view key(field.key().data(), field.key().size());
            const bool fixed = key == "slug" || key == "login" || key == "address" || key == "host" || key == "template" || key == "language";
            const bool group_address = key == "address" && resource.kind == ResourceKind::group;
            if (fixed && !group_address) {
                continue;
            }
            const json::value* other = present.if_contains(key == "quota" ? "quota_bytes" : key);
            if (other == nullptr || !same_value(field.value(), *other)) {
                patch[key] = field.value();
            }
        }
        if (hashes_.contains(resource.name())) {
            print_kept(resource, present);
        }
        if (resource.kind == ResourceKind::member) {
            leave_out_mailbox(resource, patch);
        }
        if (patch.empty()) {
            return {};
        }
        std::string fields;
        for (const auto& field : patch) {
            fields += (fields.empty() ? "" : ", ") + std::string(field.key());
        }
        if (dry_run_) {
            say('~', resource.name() + " (" + fields + ")");
            return {};
        }
        if (give_up_ && patch.contains("domains")) {
            patch["give_up"] = true;
        }
        const std::string path = item_path(resource, present);
        auto done = send(resource, "PATCH", path, patch);
        if (done && !skipped_.contains(resource.name())) {
            say('~', resource.name() + " (" + fields + ")");
            note_mailbox(resource);
            print_waiting(last_);
        }
        return done;
    }

    static std::string item_path(const Resource& resource, const json::object& present) {
        switch (resource.kind) {
        case ResourceKind::association: return association_path(resource.id);
        case ResourceKind::site: return "/api/v1/sites/" + segment(resource.id);
        case ResourceKind::pad: return "/api/v1/pads/" + segment(std::string(present.at("id").as_string()));
        default:
            return association_path(resource.association) + "/" + std::string(place_of(resource.kind).collection) + "/" + segment(resource.id);
        }
    }

    Status deploy(const Resource& resource) {
        auto packed = pack_source(resource.source);
        if (!packed) {
            return fail(packed.error());
        }
        for (const std::string& note : packed->notes) {
            std::fprintf(stderr, "    %s\n", note.c_str());
        }
        const std::string name = "source of " + resource.name();
        const json::value* known = hashes_.if_contains(name);
        if (known != nullptr && known->is_string() && known->as_string() == json::string_view(packed->hash)) {
            return {};
        }
        if (dry_run_) {
            say('~', resource.name() + " (a new version from " + resource.source + ")");
            return {};
        }
        Upload upload;
        upload.fd = packed->fd.get();
        upload.size_bytes = packed->size_bytes;
        upload.type = packed->type;
        const std::string path = "/api/v1/sites/" + segment(resource.id) + "/deploys";
        auto answer = client_.upload(resource.anyway ? path + "?anyway=1" : path, upload);
        if (!answer) {
            return fail(answer.error());
        }
        if (!answer->good()) {
            return fail(ErrorKind::invalid, answer->problem() + (is_doubt(answer->object()) ? "; with \"anyway: true\" beside its source it is published all the same" : ""));
        }
        const json::object report = answer->object();
        say('~', resource.name() + " (version " + json::serialize(report.at("number")) + ", " + json::serialize(report.at("files")) + " files)");
        print_warnings(report);
        new_hashes_[name] = packed->hash;
        return {};
    }

    Status remove(const Resource& other, const json::object& item, bool yes) {
        ++removable_;
        if (!yes || dry_run_) {
            say('-', other.name());
            return {};
        }
        auto answer = client_.call("DELETE", item_path(other, item));
        if (!answer) {
            return fail(answer.error());
        }
        if (!answer->good()) {
            return fail(ErrorKind::invalid, other.name() + ": " + answer->problem());
        }
        new_hashes_[other.name()] = nullptr;
        say('-', other.name());
        return {};
    }

    const Client& client_;
    Diagnostics diagnostics_;
    bool dry_run_;
    bool give_up_;
    int changes_ = 0;
    int removable_ = 0;
    json::object hashes_;
    json::object new_hashes_;
    json::object last_;
    std::map<std::string, json::object> associations_;
    std::map<std::string, json::array> lists_;
    std::set<std::string> skipped_;
};

/// False when the house does not answer any more. A resource that names an address from further down comes again.
bool apply_all(Apply& apply, const std::vector<Resource>& resources) {
    std::vector<const Resource*> open;
    for (const Resource& resource : resources) {
        open.push_back(&resource);
    }
    while (!open.empty()) {
        std::vector<std::pair<const Resource*, std::string>> later;
        for (const Resource* resource : open) {
            const Status done = apply.apply(*resource);
            if (!done && done.error().kind == ErrorKind::not_found) {
                later.emplace_back(resource, done.error().message);
            } else if (!done) {
                apply.refuse(*resource, done.error().message);
            }
            if (!done && done.error().kind == ErrorKind::unavailable) {
                return false;
            }
        }
        if (later.size() == open.size()) {
            for (const auto& [resource, message] : later) {
                apply.refuse(*resource, message);
            }
            return true;
        }
        open.clear();
        for (const auto& [resource, message] : later) {
            open.push_back(resource);
        }
    }
    return true;
}

} // namespace

int apply_command(std::span<char*> arguments) {
    constexpr std::array options = {Option{"--dry-run", false}, Option{"--prune", false}, Option{"--yes", false}, Option{"--give-up", false}};
    const auto words = read_words("apply", arguments, options);
    if (!words) {
        return exit_usage;
    }
    if (words->help || words->plain.size() != 1) {
        std::fputs(usage_text.data(), words->help ? stdout : stderr);
        return words->help ? 0 : exit_usage;
    }
    const std::string& file = words->plain.front();
    auto text = read_file(file, yaml_bytes_max + 1);
    if (!text) {
        std::fprintf(stderr, "hameau apply: %s\n", text.error().message.c_str());
        return exit_no_input;
    }
    Diagnostics found(file);
    const YamlNode root = parse_yaml(*text, found);
    std::vector<Resource> resources;
    if (found.empty()) {
        resources = read_content(root, std::filesystem::absolute(file).parent_path().string(), found);
    }
    if (!found.empty()) {
        std::fputs(found.text().c_str(), stderr);
        return exit_data;
    }
    const Client client(words->state);
    Apply apply(client, file, words->has("--dry-run"), words->has("--give-up"));
    if (auto loaded = apply.load(); !loaded) {
        return report(loaded.error());
    }
    const bool moved = apply.move_domains(resources);
    bool reachable = !moved || apply_all(apply, resources);
    if (moved && reachable && words->has("--prune")) {
        if (auto done = apply.prune(resources, words->has("--yes")); !done) {
            std::fprintf(stderr, "hameau apply: %s\n", done.error().message.c_str());
            reachable = false;
        }
    }
    if (auto kept = apply.keep_hashes(); !kept) {
        return report(kept.error());
    }
    if (!apply.diagnostics().empty()) {
        std::fputs(apply.diagnostics().text().c_str(), stderr);
        std::fputs("What is printed above was done and is kept. Mend the file, and apply it again.\n", stderr);
        return reachable ? exit_data : exit_unavailable;
    }
    if (apply.changes() == 0) {
        std::puts("Nothing to change.");
    }
    return reachable ? 0 : exit_unavailable;
}

} // namespace hameau::cli
