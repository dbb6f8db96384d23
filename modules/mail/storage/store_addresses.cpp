// Store: who has an address. An address is one name in one table (`address`, kept by triggers of manifest.cpp), whatever
// has it: a mailbox, an alias or a group. Here it is asked for, reserved, given and renamed; never an HTTP word.
#include <algorithm>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "modules/mail/policy.hpp"
#include "modules/mail/storage/store.hpp"

namespace hameau::mail {

namespace {

Holder holder_of(std::string_view kind) {
    if (kind == "mailbox") {
        return Holder::mailbox;
    }
    if (kind == "alias") {
        return Holder::alias;
    }
    return kind == "group" ? Holder::group : Holder::reserved;
}

} // namespace

Holder Store::holder(const std::string& address) { return holder_but(address, ""); }

std::string Store::as_kept(std::string address) {
    return owner_of_domain(domain_of(address)).empty() ? std::move(address) : ascii_lower(address);
}

bool Store::receives(const std::string& address) {
    const Holder found = holder(address);
    return found != Holder::nobody && found != Holder::bin;
}

Holder Store::holder_but(const std::string& address, const std::string& owner) {
    // A mailbox's row names its folder, an earlier address names it too; their owner here is the member.
    auto query = ask("SELECT kind, owner FROM address a WHERE address = ?1 AND (kind <> 'reserved' OR until_ms > ?3) AND coalesce("
                     "(SELECT b.member FROM mailbox b WHERE a.kind = 'mailbox' AND b.folder = a.owner), "
                     "(SELECT b.member FROM alias l JOIN mailbox b ON b.folder = l.former WHERE a.kind = 'alias' AND l.address = a.address), "
                     "owner) <> ?2");
    query.bind(1, address).bind(2, owner).bind(3, now_ms());
    if (!row(query)) {
        return Holder::nobody;
    }
    return query.view(1).starts_with("bin/") && query.view(0) == "reserved" ? Holder::bin : holder_of(query.view(0));
}

std::vector<std::string> Store::groups_that_name(const std::string& address) {
    auto query = ask("SELECT c.name FROM circle_outside o JOIN circle c ON c.association = o.association AND c.slug = o.circle "
                     "WHERE o.address = ?1 OR o.address GLOB substr(?1, 1, instr(?1, '@') - 1) || '+*' || substr(?1, instr(?1, '@')) "
                     "ORDER BY c.name");
    query.bind(1, address);
    return texts(std::move(query));
}

Status Store::rename_alias(const std::string& from, const std::string& to) {
    auto renamed = alias(from);
    if (!renamed) {
        return fail(ErrorKind::not_found, "there is no alias " + from);
    }
    // Forwardings that lead to it are written into scripts again.
    touch_owners("SELECT b.member FROM forward f JOIN mailbox b ON b.address = f.mailbox WHERE f.target = ?1 OR f.target GLOB "
                 "substr(?1, 1, instr(?1, '@') - 1) || '+*' || substr(?1, instr(?1, '@'))",
                 from);
    renamed->address = to;
    auto done = put_alias(*renamed);
    // With a tag (old+x@...) too: what is between the name and the "@" stays.
    for (const std::string_view sql :
         {"UPDATE OR REPLACE alias_target SET target = ?2 WHERE target = ?1", "UPDATE OR REPLACE forward SET target = ?2 WHERE target = ?1",
          "UPDATE OR REPLACE alias_target SET target = substr(?2, 1, instr(?2, '@') - 1) || "
          "substr(target, instr(?1, '@'), instr(target, '@') - instr(?1, '@')) || substr(?2, instr(?2, '@')) "
          "WHERE target GLOB substr(?1, 1, instr(?1, '@') - 1) || '+*' || substr(?1, instr(?1, '@'))",
          "UPDATE OR REPLACE forward SET target = substr(?2, 1, instr(?2, '@') - 1) || "
          "substr(target, instr(?1, '@'), instr(target, '@') - instr(?1, '@')) || substr(?2, instr(?2, '@')) "
          "WHERE target GLOB substr(?1, 1, instr(?1, '@') - 1) || '+*' || substr(?1, instr(?1, '@'))"}) {
        auto change = ask(sql);
        change.bind(1, from).bind(2, to);
        done = done ? run(std::move(change)) : done;
    }
    return done ? erase_alias(from) : done;
}

std::vector<Store::Held> Store::held_in(const std::string& domain) {
    auto query = ask("SELECT 'mailbox', association, address FROM mailbox WHERE substr(address, instr(address, '@') + 1) = ?1 "
                     "UNION ALL SELECT CASE erase WHEN 0 THEN 'mailbox_bin' ELSE 'member_bin' END, association, address FROM retired_box "
                     "WHERE erase IN (0, 2) AND substr(address, instr(address, '@') + 1) = ?1 "
                     "UNION ALL SELECT CASE former WHEN '' THEN 'alias' ELSE 'former' END, association, address FROM alias "
                     "WHERE substr(address, instr(address, '@') + 1) = ?1 "
                     "UNION ALL SELECT 'reserved', '', address FROM address WHERE kind = 'reserved' AND until_ms > ?2 "
                     "AND owner NOT GLOB 'bin/*' AND substr(address, instr(address, '@') + 1) = ?1 ORDER BY 1, 2, 3");
    query.bind(1, domain).bind(2, now_ms());
    std::vector<Held> found;
    while (row(query)) {
        found.push_back({query.text(0), query.text(1), query.text(2)});
    }
    return found;
}

Status Store::reserve(const std::string& address, const std::string& owner, std::int64_t until_ms) {
    if (auto cleared = clear_reservation(address, owner); !cleared) {
        return cleared;
    }
    // It stays as it is where the owner has it for good.
    auto change = ask("INSERT OR IGNORE INTO address(address, kind, owner, until_ms) VALUES (?, 'reserved', ?, ?)");
    change.bind(1, address).bind(2, owner).bind(3, until_ms);
    return run(std::move(change));
}

Status Store::release(const std::string& address, const std::string& owner) {
    auto change = ask("DELETE FROM address WHERE address = ? AND owner = ? AND kind = 'reserved'");
    change.bind(1, address).bind(2, owner);
    return run(std::move(change));
}

Status Store::clear_reservation(const std::string& address, const std::string& owner) {
    auto change = ask("DELETE FROM address WHERE address = ? AND kind = 'reserved' AND (owner = ? OR until_ms <= ?)");
    change.bind(1, address).bind(2, owner).bind(3, now_ms());
    return run(std::move(change));
}

Status Store::take_back(const std::string& address, const std::string& member) {
    const auto earlier = alias(address);
    if (!earlier || earlier->former.empty() || holder_but(address, member) != Holder::nobody) {
        return {};
    }
    return erase_alias(address);
}

std::optional<Store::News> Store::first_news() {
    auto query = ask("SELECT member, sequence FROM news ORDER BY sequence LIMIT 1");
    return row(query) ? std::optional(News{query.text(0), query.number(1)}) : std::nullopt;
}

Status Store::forget_news(const News& news) {
    auto change = ask("DELETE FROM news WHERE member = ? AND sequence = ?");
    change.bind(1, news.member).bind(2, news.sequence);
    return run(std::move(change));
}

std::optional<Mailbox> Store::mailbox_of_folder(const std::string& folder) {
    auto query = ask("SELECT address FROM mailbox WHERE folder = ?");
    query.bind(1, folder);
    return row(query) ? mailbox(query.text(0)) : std::nullopt;
}

std::vector<std::string> Store::former_addresses(const std::string& folder) {
    auto query = ask("SELECT address FROM alias WHERE former = ? ORDER BY address");
    query.bind(1, folder);
    return texts(std::move(query));
}

Result<Holder> Store::put_mailbox(const WantedMailbox& wanted) {
    const auto present = mailbox(wanted.address);
    if (present && present->member == wanted.member) {
        return Holder::nobody;
    }
    auto removed = ask("SELECT 1 FROM retired_box WHERE address = ? AND member = ?");
    removed.bind(1, wanted.address).bind(2, wanted.member);
    if (wanted.again && row(removed)) {
        return Holder::nobody;
    }
    const auto binned_one = binned(wanted.association, wanted.address);
    const bool own = binned_one && binned_one->member == wanted.member && wanted.from.empty();
    if (const Holder other = holder_but(wanted.address, wanted.member); other != Holder::nobody && !(other == Holder::bin && own)) {
        return other;
    }
    if (own) {
        // What is asked for lies in the bin: it comes back with its messages.
        const auto back = restore_mailbox(*binned_one);
        return back ? Result<Holder>(Holder::nobody) : fail(back.error());
    }
    for (const std::string_view sql : {"INSERT OR IGNORE INTO association(slug, name, quota_bytes) VALUES (?1, ?1, 0)",
                                       "INSERT OR IGNORE INTO member(id, login, name, disabled) VALUES (?1, '?' || ?1, '', 1)"}) {
        auto known = ask(sql);
        known.bind(1, sql.find("association") != std::string_view::npos ? wanted.association : wanted.member);
        if (auto done = run(std::move(known)); !done) {
            return fail(std::move(done.error()));
        }
    }
    auto renamed = wanted.from.empty() ? std::nullopt : mailbox(wanted.from);
    if (const auto earlier = renamed || wanted.from.empty() ? std::nullopt : alias(wanted.from); earlier && !earlier->former.empty()) {
        // Renamed here meanwhile: people still knows it by its earlier address.
        renamed = mailbox_of_folder(earlier->former);
    }
    Status done;
    if (renamed && renamed->member == wanted.member && renamed->association == wanted.association) {
        done = rename_mailbox(renamed->address, wanted.address, OldAddress::alias);
    } else {
        const auto owner = association(wanted.association);
        Mailbox box;
        box.address = wanted.address;
        box.association = wanted.association;
        box.member = wanted.member;
        box.folder = new_id();
        box.quota_bytes = owner && owner->quota_bytes > 0 ? std::min(owner->quota_bytes, quota_bytes_default) : quota_bytes_default;
        done = take_back(box.address, box.member);
        done = done ? insert_mailbox(box) : done;
    }
    if (!done) {
        return fail(std::move(done.error()));
    }
    return Holder::nobody;
}

Status Store::rename_mailbox(const std::string& from, const std::string& to, OldAddress old) {
    if (mailbox(to)) {
        return fail(ErrorKind::conflict, to + " is a mailbox");
    }
    const auto box = mailbox(from);
    if (!box) {
        return fail(ErrorKind::not_found, "there is no mailbox " + from);
    }
    touched_.insert(box->member);
    touch_owners("SELECT b.member FROM forward f JOIN mailbox b ON b.address = f.mailbox "
                 "WHERE f.target GLOB substr(?1, 1, instr(?1, '@') - 1) || '*'",
                 from);
    // Back to an address that the member had: the alias makes room.
    auto cleared = take_back(to, box->member);
    cleared = cleared ? clear_reservation(to, box->member) : cleared;
    // The rows of `forward` follow within this transaction.
    cleared = cleared ? database_.execute("PRAGMA defer_foreign_keys = ON") : cleared;
    if (!cleared) {
        return cleared;
    }
    for (const std::string_view sql : {"UPDATE mailbox SET address = ?2 WHERE address = ?1", "UPDATE forward SET mailbox = ?2 WHERE mailbox = ?1",
                                       "UPDATE OR REPLACE alias_target SET target = ?2 WHERE target = ?1",
                                       "UPDATE OR REPLACE forward SET target = ?2 WHERE target = ?1"}) {
        auto change = ask(sql);
        change.bind(1, from).bind(2, to);
        if (auto done = run(std::move(change)); !done) {
            return done;
        }
    }
    if (old == OldAddress::gone) {
        return {};
    }
    Alias kept;
    kept.address = from;
    kept.association = box->association;
    kept.may_send = true;
    kept.targets = {to};
    kept.former = box->folder;
    return put_alias(kept);
}

} // namespace hameau::mail
