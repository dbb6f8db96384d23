// Store: the bin of mailboxes. A removed mailbox is a row of `retired_box`, written by a trigger of manifest.cpp; its
// messages stay in boxes/FOLDER. Called by api_bin.cpp and by what people tells. Never touches a file.
#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "modules/mail/policy.hpp"
#include "modules/mail/store.hpp"

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
    // The row stays for the rest of the 30 days: a mailbox made anew under that address is no new one (is_fresh).
    auto change = ask("UPDATE retired_box SET erase = 3 WHERE folder = ? AND erase = 1");
    return run(std::move(change.bind(1, folder)));
}

} // namespace hameau::mail
