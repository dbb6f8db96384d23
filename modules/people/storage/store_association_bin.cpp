// Store: the bin of associations, and what the other modules have yet to be told of it. Everything that belongs to an
// association stays in the tables while it is in the bin; association(), associations() and memberships() do not see it, so
// roles, sessions and pages of it end by themselves. Mail hears through the outbox. Sites and pads get a task each, which
// association_tasks.cpp delivers again and again until they answered. Called by api_association_bin.cpp, archive.cpp and at
// the start. Never asks who may.
#include <array>

#include "daemon/base/io.hpp"
#include "daemon/store/before_migration.hpp"
#include "modules/people/storage/store.hpp"

namespace hameau::people {

namespace {

/// Modules that hold something of an association and hear no events.
constexpr std::array<std::string_view, 2> told_by_task = {"sites", "pads"};

} // namespace

bool Store::is_slug_free(const std::string& slug) {
    auto query = ask("SELECT 1 FROM association WHERE slug = ?1 UNION ALL SELECT 1 FROM association_task WHERE association = ?1");
    query.bind(1, slug);
    return !row(query);
}

std::size_t Store::count_only_there(const std::string& slug) {
    auto query = ask("SELECT count(*) FROM membership m JOIN person p ON p.id = m.person WHERE m.association = ?1 AND p.admin = 0 "
                     "AND NOT EXISTS (SELECT 1 FROM membership o JOIN association a ON a.slug = o.association "
                     "WHERE o.person = p.id AND o.association <> ?1 AND a.binned_ms = 0)");
    query.bind(1, slug);
    return count(std::move(query));
}

Status Store::put_task(const std::string& slug, std::string_view module, std::string_view word) {
    // The last word wins: a module that never heard "close" needs no reason to "open".
    auto change = ask("INSERT INTO association_task(association, module, word) VALUES (?, ?, ?) "
                      "ON CONFLICT(association, module) DO UPDATE SET word = excluded.word");
    change.bind(1, slug).bind(2, module).bind(3, word);
    return run(std::move(change));
}

Status Store::emit_members(const std::vector<Member>& members, std::vector<std::string>& touched) {
    for (const Member& member : members) {
        touched.push_back(member.person.id);
        if (auto told = emit_member(member.person.id); !told) {
            return told;
        }
    }
    return {};
}

Status Store::end_if_shut_out(const std::string& id) {
    const auto found = person(id);
    if (!found || !found->shut_out) {
        return {};
    }
    const auto done = erase_sessions(id, "");
    return done ? erase_devices(id) : done;
}

Status Store::bin_association(const std::string& slug, std::int64_t now_ms, std::vector<std::string>& touched) {
    auto change = ask("UPDATE association SET binned_ms = ? WHERE slug = ? AND binned_ms = 0");
    auto done = run(std::move(change.bind(1, now_ms).bind(2, slug)));
    done = done ? emit_association(slug) : done;
    const auto there = members(slug, "", members_per_association_max);
    for (const Member& member : there) {
        done = done ? end_if_shut_out(member.person.id) : done;
    }
    done = done ? emit_members(there, touched) : done;
    for (const std::string_view module : told_by_task) {
        done = done ? put_task(slug, module, "close") : done;
    }
    return done ? status() : done;
}

Status Store::unbin_association(const std::string& slug, std::vector<std::string>& touched) {
    auto change = ask("UPDATE association SET binned_ms = 0 WHERE slug = ?");
    auto done = run(std::move(change.bind(1, slug)));
    done = done ? emit_association(slug) : done;
    done = done ? emit_members(members(slug, "", members_per_association_max), touched) : done;
    for (const Circle& circle : circles(slug, "", groups_per_association_max)) {
        done = done ? emit_circle(slug, circle.slug) : done;
    }
    for (const std::string_view module : told_by_task) {
        done = done ? put_task(slug, module, "open") : done;
    }
    return done ? status() : done;
}

Status Store::erase_whole_association(const std::string& slug, std::string_view way, std::vector<std::string>& touched) {
    const Association association = association_anywhere(slug).value_or(Association());
    const std::size_t groups = count_circles(slug);
    std::size_t accounts = 0;
    const auto there = members(slug, "", members_per_association_max);
    const auto removed = in_bin_of(slug);
    // Before its rows go: the certificate counts them.
    const std::string facts = erasure_facts(association, there.size(), groups);
    auto done = erase_association(slug);
    forget_copies(database_);
    // A "close" that is still to be told would shut a later association of the same name.
    auto told = ask("DELETE FROM association_task WHERE association = ?");
    done = done ? run(std::move(told.bind(1, slug))) : done;
    done = done ? emit_association_erased(slug) : done;
    for (const Member& member : there) {
        const std::string& id = member.person.id;
        touched.push_back(id);
        if (has_membership(id) || member.person.admin) {
            done = done ? end_if_shut_out(id) : done;
            done = done ? emit_member(id) : done;
        } else if (lies_in_a_bin(id)) {
            // Another association may bring them back: the account waits with its row there.
            done = done ? bin_person(member.person) : done;
        } else {
            ++accounts;
            done = done ? erase_person(id) : done;
            done = done ? emit_member_erased(id) : done;
        }
    }
    for (const std::string& id : removed) {
        done = done ? erase_if_nowhere(id) : done;
    }
    done = done ? certify(association, way, facts, accounts) : done;
    return done ? status() : done;
}

Status Store::purge_associations_before(std::int64_t time_ms, std::vector<std::string>& erased) {
    auto query = ask("SELECT slug FROM association WHERE binned_ms > 0 AND binned_ms <= ? ORDER BY binned_ms");
    query.bind(1, time_ms);
    std::vector<std::string> over;
    while (row(query)) {
        over.push_back(query.text(0));
    }
    for (const std::string& slug : over) {
        std::vector<std::string> touched;  // nobody of it has a session
        auto done = erase_whole_association(slug, "time", touched);
        done = done ? put_erase_tasks(slug) : done;
        if (!done) {
            return done;
        }
        erased.push_back(slug);
    }
    return {};
}

Status Store::put_erase_tasks(const std::string& slug) {
    Status done;
    for (const std::string_view module : told_by_task) {
        done = done ? put_task(slug, module, "erase") : done;
    }
    // Mail forgets by its event; the task says when the messages are off the disk. Where mail is off, the event waits.
    return done && mail_enabled_ ? put_task(slug, "mail", "erase") : done;
}

std::vector<AssociationTask> Store::tasks(std::string_view module) {
    auto query = ask("SELECT association, word FROM association_task WHERE module = ? ORDER BY association");
    query.bind(1, module);
    std::vector<AssociationTask> out;
    while (row(query)) {
        out.push_back(AssociationTask{query.text(0), std::string(module), query.text(1)});
    }
    return out;
}

Status Store::erase_task(const AssociationTask& task) {
    auto change = ask("DELETE FROM association_task WHERE association = ? AND module = ? AND word = ?");
    change.bind(1, task.association).bind(2, task.module).bind(3, task.word);
    const auto done = run(std::move(change));
    return done && task.word == "erase" ? settle_erasures(task.association) : done;
}

std::vector<std::string> Store::modules_behind(const std::string& slug) {
    auto query = ask("SELECT module FROM association_task WHERE association = ? ORDER BY module");
    query.bind(1, slug);
    std::vector<std::string> out;
    while (row(query)) {
        out.push_back(query.text(0));
    }
    return out;
}

} // namespace hameau::people
