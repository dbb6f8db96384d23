// Store: the bin of mailboxes. A removed mailbox is a row of `retired_box`, written by a trigger of manifest.cpp; its
// messages stay in boxes/FOLDER. Called by api_bin.cpp and by what people tells. Never touches a file.
#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/store/before_migration.hpp"
#include "modules/mail/policy.hpp"
#include "modules/mail/storage/store.hpp"

namespace hameau::mail {

namespace {

#define BINNED_COLUMNS                                                                                               \
    "r.folder, r.address, r.association, r.member, coalesce((SELECT p.login FROM member p WHERE p.id = r.member), ''), " \
    "r.quota_bytes, r.used_bytes, r.retired_ms FROM retired_box r "

BinnedMailbox read_binned(const Statement& found) {
    BinnedMailbox box;
    box.folder = found.text(0);
    box.address = found.text(1);
    box.association = found.text(2);
    box.member = found.text(3);
    box.login = found.text(4);
    box.quota_bytes = static_cast<std::uint64_t>(found.number(5));
    box.used_bytes = static_cast<std::uint64_t>(found.number(6));
    box.retired_ms = found.number(7);
    return box;
}

} // namespace

std::vector<BinnedMailbox> Store::bin(const std::string& association, const std::string& after, std::size_t limit) {
    auto query = ask("SELECT " BINNED_COLUMNS "WHERE r.association = ? AND r.folder > ? AND r.erase = 0 ORDER BY r.folder LIMIT ?");
    query.bind(1, association).bind(2, after).bind(3, static_cast<std::int64_t>(limit));
    std::vector<BinnedMailbox> out;
    while (row(query)) {
        out.push_back(read_binned(query));
    }
    return out;
}

std::optional<BinnedMailbox> Store::binned(const std::string& association, const std::string& address) {
    auto query = ask("SELECT " BINNED_COLUMNS "WHERE r.address = ?2 AND r.association = ?1 AND r.erase = 0 "
                     "ORDER BY EXISTS (SELECT 1 FROM address a WHERE a.owner = 'bin/' || r.folder) DESC, r.retired_ms DESC, r.folder LIMIT 1");
    query.bind(1, association).bind(2, address);
    return row(query) ? std::optional(read_binned(query)) : std::nullopt;
}

std::uint64_t Store::bytes_in_bin(const std::string& association) {
    auto query = ask("SELECT coalesce(sum(used_bytes), 0) FROM retired_box WHERE association = ? AND erase IN (0, 2)");
    query.bind(1, association);
    return count(std::move(query));
}

Status Store::restore_links(const BinnedMailbox& box, std::vector<std::string>& left_out) {
    struct Link {
        std::string from;
        std::string to;
        std::string state;  ///< empty: a redirection
        std::string named;  ///< what is said of it when it stays out
    };
    std::vector<Link> links;
    const auto read = [&](std::string_view sql) {
        auto query = ask(sql);
        query.bind(1, box.folder);
        while (row(query)) {
            links.push_back(Link{query.text(0), query.text(1), query.text(2), query.text(3)});
        }
    };
    read("SELECT r.address, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[0]') FROM retired_box r, json_each(r.kept, '$.forward') "
         "WHERE r.folder = ?");
    // A copy belongs to the mailbox that sent it, whatever its address is by now: another mailbox under the former address
    // never agreed to it.
    read("SELECT coalesce((SELECT b.address FROM mailbox b WHERE b.folder = json_extract(value, '$[3]')), ''), "
         "json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[0]') FROM retired_box r, "
         "json_each(r.kept, '$.copies') WHERE r.folder = ?");
    read("SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), '', json_extract(value, '$[0]') FROM retired_box r, json_each(r.kept, '$.aliases') "
         "WHERE r.folder = ?");
    for (Link& link : links) {
        const bool ours = !owner_of_domain(domain_of(link.to)).empty();
        // Outside it kept its capitals; the domain may have become ours since.
        link.to = as_kept(std::move(link.to));
        const std::string base = without_tag(link.to);
        const bool there = !ours || is_reserved_local(local_of(base)) || receives(base) || receives(link.to);
        const auto redirection = alias(link.from);
        const bool source = link.state.empty() ? redirection && redirection->association == box.association : mailbox(link.from).has_value();
        if (!there || !source || loop(link.from, {link.to})) {
            left_out.push_back(link.named);
            continue;
        }
        auto insert = ask(link.state.empty() ? "INSERT OR IGNORE INTO alias_target(alias, target) VALUES (?, ?)"
                                             : "INSERT OR IGNORE INTO forward(mailbox, target, state) VALUES (?, ?, ?)");
        insert.bind(1, link.from).bind(2, link.to);
        if (!link.state.empty()) {
            insert.bind(3, link.state);
        }
        if (auto done = run(std::move(insert)); !done) {
            return done;
        }
        touch_owners("SELECT member FROM mailbox WHERE address = ?", link.from);
    }
    return {};
}

Result<std::vector<std::string>> Store::restore_mailbox(const BinnedMailbox& box) {
    if (const Holder other = holder_but(box.address, ""); other != Holder::nobody && other != Holder::bin) {
        return fail(ErrorKind::conflict, box.address + " is taken");
    }
    auto freed = ask("DELETE FROM address WHERE address = ? AND kind = 'reserved'");
    auto insert = ask("INSERT INTO mailbox(address, association, member, quota_bytes, folder, created_ms, used_bytes, answered) "
                      "SELECT address, association, member, quota_bytes, folder, created_ms, used_bytes, 1 FROM retired_box WHERE folder = ?");
    auto done = run(std::move(freed.bind(1, box.address)));
    done = done ? run(std::move(insert.bind(1, box.folder))) : done;
    std::vector<std::string> left_out;
    done = done ? restore_links(box, left_out) : done;
    auto out = ask("DELETE FROM retired_box WHERE folder = ?");
    done = done ? run(std::move(out.bind(1, box.folder))) : done;
    if (!done) {
        return fail(std::move(done.error()));
    }
    touched_.insert(box.member);
    return left_out;
}

Status Store::take_boxes(const std::string& member, const std::string& association) {
    auto query = ask("SELECT address, folder FROM mailbox WHERE member = ? AND association = ? ORDER BY address");
    query.bind(1, member).bind(2, association);
    std::vector<std::pair<std::string, std::string>> boxes;
    while (row(query)) {
        boxes.emplace_back(query.text(0), query.text(1));
    }
    for (const auto& [address, folder] : boxes) {
        auto mark = ask("UPDATE retired_box SET with_member = 1, erase = 2 WHERE folder = ?");
        auto done = remove_mailbox(address);
        done = done ? run(std::move(mark.bind(1, folder))) : done;
        if (!done) {
            return done;
        }
    }
    return {};
}

Status Store::boxes_into_bin(const std::string& member, const std::string& association) {
    auto query = ask("SELECT folder FROM retired_box WHERE member = ? AND association = ? AND erase = 2 ORDER BY retired_ms DESC, folder");
    query.bind(1, member).bind(2, association);
    for (const std::string& folder : texts(std::move(query))) {
        auto back = ask("UPDATE retired_box SET erase = 0, with_member = 0 WHERE folder = ?");
        // What is reserved for its member is kept for the mailbox.
        auto own = ask("UPDATE address SET owner = 'bin/' || ?1, until_ms = 9223372036854775807 WHERE kind = 'reserved' AND owner = ?2 "
                       "AND address = (SELECT address FROM retired_box WHERE folder = ?1)");
        auto keep = ask("INSERT OR IGNORE INTO address(address, kind, owner, until_ms) SELECT r.address, 'reserved', 'bin/' || r.folder, "
                        "9223372036854775807 FROM retired_box r JOIN domain d ON d.name = substr(r.address, instr(r.address, '@') + 1) "
                        "AND d.association = r.association WHERE r.folder = ?");
        auto done = run(std::move(back.bind(1, folder)));
        done = done ? run(std::move(own.bind(1, folder).bind(2, member))) : done;
        done = done ? run(std::move(keep.bind(1, folder))) : done;
        if (!done) {
            return done;
        }
    }
    return {};
}

Result<std::vector<std::string>> Store::give_boxes_back(const std::string& member, const std::string& association) {
    auto query = ask("SELECT " BINNED_COLUMNS "WHERE r.member = ? AND r.association = ? AND r.erase = 2 AND r.with_member = 1 "
                     "ORDER BY r.retired_ms DESC, r.folder");
    query.bind(1, member).bind(2, association);
    std::vector<BinnedMailbox> boxes;
    while (row(query)) {
        boxes.push_back(read_binned(query));
    }
    // Those that cannot come back, and those that were in the bin before their member, are in the bin of mailboxes again.
    if (auto done = boxes_into_bin(member, association); !done) {
        return fail(std::move(done.error()));
    }
    std::vector<std::string> left_out;
    for (const BinnedMailbox& box : boxes) {
        auto kept = ask("SELECT 1 FROM address WHERE address = ? AND owner = ?");
        kept.bind(1, box.address).bind(2, "bin/" + box.folder);
        if (!row(kept)) {
            auto stays = ask("UPDATE retired_box SET with_member = 1 WHERE folder = ?");
            if (auto done = run(std::move(stays.bind(1, box.folder))); !done) {
                return fail(std::move(done.error()));
            }
            continue;
        }
        auto back = restore_mailbox(box);
        if (!back) {
            return fail(std::move(back.error()));
        }
        left_out.insert(left_out.end(), back->begin(), back->end());
    }
    return left_out;
}

Status Store::erase_boxes_of(const std::string& member, const std::string& association) {
    auto mark = ask("UPDATE retired_box SET erase = 1 WHERE member = ? AND association = ? AND erase = 2");
    return run(std::move(mark.bind(1, member).bind(2, association)));
}

std::vector<std::string> Store::boxes_that_stay(const std::string& member, const std::string& association) {
    auto query = ask("SELECT address FROM retired_box WHERE member = ? AND association = ? AND erase = 0 AND with_member = 1 ORDER BY address");
    query.bind(1, member).bind(2, association);
    return texts(std::move(query));
}

std::vector<std::string> Store::boxes_to_erase_of(const std::string& member, const std::string& association) {
    auto query = ask("SELECT folder FROM retired_box WHERE member = ? AND association = ? AND erase = 1 ORDER BY folder");
    query.bind(1, member).bind(2, association);
    return texts(std::move(query));
}

Status Store::purge_mailbox(const std::string& folder) {
    auto change = ask("UPDATE retired_box SET erase = 1 WHERE folder = ?");
    return run(std::move(change.bind(1, folder)));
}

Status Store::purge_removed_before(std::int64_t time_ms) {
    auto change = ask("UPDATE retired_box SET erase = 1 WHERE erase IN (0, 2) AND retired_ms < ?");
    auto forget = ask("DELETE FROM retired_box WHERE erase = 3 AND retired_ms < ?");
    auto done = run(std::move(change.bind(1, time_ms)));
    return done ? run(std::move(forget.bind(1, time_ms))) : done;
}

void Store::forget_copies() { hameau::forget_copies(database_); }

std::vector<std::string> Store::boxes_to_erase(const std::string& after, std::size_t limit) {
    auto query = ask("SELECT folder FROM retired_box WHERE erase = 1 AND folder > ? ORDER BY folder LIMIT ?");
    query.bind(1, after).bind(2, static_cast<std::int64_t>(limit));
    return texts(std::move(query));
}

bool Store::is_being_erased(const std::string& association) {
    auto query = ask("SELECT 1 FROM retired_box WHERE association = ? AND erase = 1");
    query.bind(1, association);
    return row(query);
}

Status Store::forget_box(const std::string& folder) {
    // The row stays for the rest of the 30 days: a mailbox made again under that address is no new one (is_fresh).
    auto change = ask("UPDATE retired_box SET erase = 3 WHERE folder = ? AND erase = 1");
    return run(std::move(change.bind(1, folder)));
}

} // namespace hameau::mail
