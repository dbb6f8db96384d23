// Who is meant by a login: a pad that is open to chosen people is open to these members, also when a login is used again by
// somebody else. What the API says and takes are logins; beside each the member's id is kept.
#include <algorithm>

#include "daemon/base/spawn.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/pads_module.hpp"

namespace hameau::pads {

namespace json = boost::json;

/// Member ids by login; a login that nobody has is not in it. Error: people does not say.
Task<Result<std::map<std::string, std::string>>> PadsModule::ids_of(std::string association, std::vector<std::string> logins) {
    std::map<std::string, std::string> ids;
    for (std::size_t from = 0; from < logins.size(); from += logins_per_question) {
        std::string path = association + "?logins=";
        for (std::size_t i = from; i < std::min(from + logins_per_question, logins.size()); ++i) {
            path += logins[i] + ",";
        }
        const auto answer = co_await ask_people(std::move(path));
        const json::value* members = answer ? answer->if_contains("members") : nullptr;
        if (members == nullptr || !members->is_object()) {
            co_return fail(ErrorKind::unavailable, "nobody says at the moment who these logins are");
        }
        for (const auto& [login, id] : members->as_object()) {
            if (id.is_string()) {
                ids.emplace(login, std::string(id.as_string()));
            }
        }
    }
    co_return ids;
}

/// Puts ids beside the logins. A login that nobody has keeps the member that it stood for before.
void PadsModule::name_members(Access& access, const std::map<std::string, std::string>& ids, const Access& before) {
    access.members_named.clear();
    for (const std::string& login : access.people) {
        const auto known = ids.find(login);
        const auto old = std::find(before.people.begin(), before.people.end(), login);
        const auto at = static_cast<std::size_t>(old - before.people.begin());
        if (known != ids.end()) {
            access.members_named.push_back(known->second);
        } else {
            access.members_named.push_back(at < before.members_named.size() ? before.members_named[at] : std::string(nobody));
        }
    }
}

/// Pads of before ids were kept, and those out of an archive.
Task<void> PadsModule::learn_members() {
    const auto rows = store_->without_members();
    if (!rows) {
        co_return;  // the next start tries again
    }
    for (const PadRow& row : *rows) {
        const auto ids = co_await ids_of(row.association, row.access.people);
        auto now = store_->find_by_id(row.id);
        if (!ids || !now || !*now || (*now)->access.people != row.access.people) {
            continue;
        }
        PadChange change;
        change.access = (*now)->access;
        name_members(*change.access, *ids, Access());
        if (store_->change(row.number, change)) {
            (*now)->access = *change.access;
            row_changed(**now, false);
        }
    }
}

void PadsModule::begin_learning_members() {
    spawn(context_->io(), learn_members(), context_->journal(), "learning members");
}

} // namespace hameau::pads
