// Accounts: auth.db follows mail.db, member by member, in one transaction. A script is on the disk before the row that
// names it, and is removed after that row has gone.
#include "modules/mail/storage/accounts.hpp"

#include <algorithm>
#include <sodium.h>
#include <sys/stat.h>

#include "daemon/base/io.hpp"
#include "daemon/contract/auth_schema.hpp"
#include "daemon/store/before_migration.hpp"
#include "modules/mail/policy.hpp"

namespace hameau::mail {

namespace {

constexpr unsigned group_reads = 0640;
constexpr mode_t group_enters = 0750;
constexpr std::size_t selector_bytes = 5;  // 8 characters of base32
constexpr std::size_t secret_bytes = 16;   // 26 characters

/// Made only when it is missing: hameau-provision may have given it a group and the set-group-id bit.
Status need_folder(const std::string& path) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) == 0) {
        return S_ISDIR(facts.st_mode) ? Status{} : Status(fail(ErrorKind::io, path + " is not a folder"));
    }
    if (::mkdir(path.c_str(), group_enters) != 0 || ::stat(path.c_str(), &facts) != 0 ||
        ::chmod(path.c_str(), group_enters | (facts.st_mode & S_ISGID)) != 0) {  // whatever the umask is
        return fail_errno(path);
    }
    return {};
}

/// For the mailbox of somebody who may not sign in: what arrives is kept, and neither a forward nor a script of theirs
/// runs any more. An explicit fileinto ends Dovecot's sequence of scripts.
constexpr std::string_view ended_script = "require [\"fileinto\"];\nfileinto \"INBOX\";\nstop;\n";

/// The script that runs before the member's own; empty: none.
std::string managed_script(const Mailbox& mailbox) {
    if (!mailbox.enabled) {
        return std::string(ended_script);
    }
    return mailbox.forward.empty() ? std::string() : forward_script(mailbox.forward);
}

std::string sha256_hex(std::string_view text) {
    std::array<unsigned char, crypto_hash_sha256_BYTES> hash{};
    crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
    return to_hex(hash);
}

/// What is kept of an app password; the words of auth_schema.hpp.
std::string hash_of(const std::string& app_password) { return "{SHA256.HEX}" + sha256_hex(app_password); }

} // namespace

Status open_to_group(const std::string& path) {
    for (const char* suffix : {"", "-wal", "-shm"}) {
        const std::string file = path + suffix;
        if (::chmod(file.c_str(), group_reads) != 0 && errno != ENOENT) {
            return fail_errno(file);
        }
    }
    return {};
}

Result<Accounts> Accounts::open(const std::string& folder) {
    for (const char* below : {"/auth", "/forward"}) {
        if (auto made = need_folder(folder + below); !made) {
            return fail(std::move(made.error()));
        }
    }
    const std::string path = folder + "/auth/auth.db";
    auto database = Database::open(path, auth_migrations, group_reads);
    if (!database) {
        return fail(std::move(database.error()));
    }
    database->keep_wal_files();
    if (auto opened = open_to_group(path); !opened) {
        return fail(std::move(opened.error()));
    }
    return Accounts(folder, std::move(*database));
}

Result<std::vector<std::string>> Accounts::texts(std::string_view sql, std::string_view value) {
    auto query = database_.prepare(sql);
    if (!value.empty()) {
        query.bind(1, value);
    }
    std::vector<std::string> out;
    for (;;) {
        const auto more = query.step();
        if (!more) {
            return fail(more.error());
        }
        if (!*more) {
            return out;
        }
        out.push_back(query.text(0));
    }
}

Status Accounts::write_script(const Mailbox& mailbox) {
    const std::string path = script_of(mailbox.address);
    const std::string wanted = managed_script(mailbox);
    const auto present = read_file(path, script_bytes_max);
    if (present && *present == wanted) {
        return {};
    }
    return write_file_atomically(path, wanted, group_reads);
}

Status Accounts::write_word_lists(Store& store) {
    const std::string path = folder_ + "/forward/word-lists";
    const std::string wanted = store.word_lists();
    if (auto failure = store.take_failure()) {
        return fail(std::move(*failure));
    }
    const auto present = read_file(path, word_lists_bytes_max);
    return present && *present == wanted ? Status{} : write_file_atomically(path, wanted, group_reads);
}

Status Accounts::put_account(const Mailbox& mailbox, std::uint64_t quota_bytes, const std::string& password_hash) {
    // Nothing is written when nothing changed: a start costs no write.
    auto change = database_.prepare(
        "INSERT INTO account(user, member, password, folder, quota_bytes, enabled, forward_script, shared_full, own_quota_bytes) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT(user) DO UPDATE SET member = excluded.member, password = excluded.password, folder = excluded.folder, "
        "quota_bytes = excluded.quota_bytes, enabled = excluded.enabled, forward_script = excluded.forward_script, "
        "shared_full = excluded.shared_full, own_quota_bytes = excluded.own_quota_bytes "
        "WHERE member <> excluded.member OR password IS NOT excluded.password OR folder <> excluded.folder OR "
        "quota_bytes <> excluded.quota_bytes OR enabled <> excluded.enabled OR forward_script <> excluded.forward_script OR "
        "shared_full <> excluded.shared_full OR own_quota_bytes <> excluded.own_quota_bytes");
    change.bind(1, mailbox.address).bind(2, mailbox.member).bind(4, mailbox.folder);
    if (password_hash.empty()) {
        change.bind_null(3);
    } else {
        change.bind(3, "{ARGON2ID}" + password_hash);
    }
    change.bind(5, static_cast<std::int64_t>(quota_bytes)).bind(6, mailbox.enabled);
    change.bind(7, managed_script(mailbox).empty() ? std::string() : script_of(mailbox.address));
    change.bind(8, quota_bytes < mailbox.quota_bytes).bind(9, static_cast<std::int64_t>(mailbox.quota_bytes));
    return change.run();
}

bool Accounts::set_room(const std::string& address, std::uint64_t bytes) {
    const auto found = rooms_.find(address);
    const std::uint64_t before = found == rooms_.end() ? 0 : found->second;
    if (before == bytes) {
        return false;
    }
    if (bytes == 0) {
        rooms_.erase(found);
    } else {
        rooms_[address] = bytes;
    }
    return true;
}

Status Accounts::put_name(const std::string& name, const std::string& user) {
    auto change = database_.prepare("INSERT INTO sign_in_name(name, user) VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET "
                                    "user = excluded.user WHERE user <> excluded.user");
    return change.bind(1, name).bind(2, user).run();
}

Status Accounts::bring_member(Store& store, const std::string& member, std::vector<std::string>& stale_scripts) {
    const auto boxes = store.mailboxes_of(member);
    const std::string password_hash = store.password_hash(member);
    const bool known = store.is_member(member);
    if (auto failure = store.take_failure()) {
        return fail(std::move(*failure));
    }
    std::set<std::string> names;
    for (const Mailbox& box : boxes) {
        if (!managed_script(box).empty()) {
            if (auto written = write_script(box); !written) {
                return written;
            }
        } else {
            stale_scripts.push_back(box.address);
        }
        const auto association = store.association(box.association);
        const std::uint64_t ceiling = association && association->quota_bytes > 0 ? association->quota_bytes : quota_bytes_max;
        const auto room = rooms_.find(box.address);
        const std::uint64_t most = room == rooms_.end() ? ceiling : std::min(ceiling, room->second);
        if (auto put = put_account(box, std::min(box.quota_bytes, most), password_hash); !put) {
            return put;
        }
        auto own = store.former_addresses(box.folder);
        own.push_back(box.address);
        for (const std::string& name : own) {
            names.insert(name);
            if (auto put = put_name(name, box.address); !put) {
                return put;
            }
        }
    }
    // "?ID" stands for a login that another member has taken meanwhile (Store::put_member).
    if (!boxes.empty() && boxes.front().enabled && !boxes.front().login.starts_with('?')) {
        names.insert(boxes.front().login);
        if (auto put = put_name(boxes.front().login, boxes.front().address); !put) {
            return put;
        }
    }
    const auto users = texts("SELECT user FROM account WHERE member = ?", member);
    if (!users) {
        return fail(users.error());
    }
    for (const std::string& user : *users) {
        const bool kept = std::any_of(boxes.begin(), boxes.end(), [&user](const Mailbox& box) { return box.address == user; });
        if (!kept) {
            stale_scripts.push_back(user);
            if (auto erased = database_.prepare("DELETE FROM account WHERE user = ?").bind(1, user).run(); !erased) {
                return erased;
            }
            continue;
        }
        const auto there = texts("SELECT name FROM sign_in_name WHERE user = ?", user);
        if (!there) {
            return fail(there.error());
        }
        for (const std::string& name : *there) {
            auto erase = database_.prepare("DELETE FROM sign_in_name WHERE name = ?");
            if (auto erased = names.contains(name) ? Status{} : erase.bind(1, name).run(); !erased) {
                return erased;
            }
        }
    }
    return known ? Status{} : database_.prepare("DELETE FROM app_password WHERE member = ?").bind(1, member).run();
}

Status Accounts::bring(Store& store, const std::set<std::string>& members) {
    if (auto written = write_word_lists(store); !written) {
        return written;
    }
    std::vector<std::string> stale_scripts;
    const Status done = database_.transaction([&]() -> Status {
        for (const std::string& member : members) {
            if (auto brought = bring_member(store, member, stale_scripts); !brought) {
                return brought;
            }
        }
        return {};
    });
    if (done) {
        for (const std::string& address : stale_scripts) {
            // An address that has an owner with a forwarding again keeps its script.
            const auto box = store.mailbox(address);
            if (!box || managed_script(*box).empty()) {
                ::unlink(script_of(address).c_str());
            }
        }
    }
    return done;
}

Status Accounts::bring_all(Store& store) {
    std::set<std::string> members;
    for (std::string& member : store.members_with_mailboxes()) {
        members.insert(std::move(member));
    }
    const auto known = texts("SELECT member FROM account UNION SELECT member FROM app_password", "");
    if (!known) {
        return fail(known.error());
    }
    members.insert(known->begin(), known->end());
    if (auto failure = store.take_failure()) {
        return fail(std::move(*failure));
    }
    if (auto brought = bring(store, members); !brought) {
        return brought;
    }
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/forward", failed)) {
        const std::string name = entry.path().filename().string();
        const auto box = name.ends_with(".sieve") ? store.mailbox(name.substr(0, name.size() - 6)) : std::nullopt;
        if (name.ends_with(".sieve") && (!box || managed_script(*box).empty()) && !store.has_failed()) {
            std::filesystem::remove(entry.path(), failed);
        }
    }
    return {};
}

Result<std::string> Accounts::add_app_password(const std::string& member, const std::string& name,
                                               const std::vector<std::string>& scopes, std::string& password) {
    const auto there = app_passwords(member);
    if (!there) {
        return fail(there.error());
    }
    if (there->size() >= app_passwords_per_member_max) {
        return fail(ErrorKind::too_large, std::to_string(app_passwords_per_member_max));
    }
    const std::string selector = random_base32(selector_bytes);
    password = "ap-" + selector + "-" + random_base32(secret_bytes);
    std::string words = " ";
    for (const std::string& scope : scopes) {
        words += scope + " ";
    }
    std::string id = new_id();
    auto change = database_.prepare("INSERT INTO app_password(selector, id, member, name, hash, scopes, created_ms) "
                                    "VALUES (?, ?, ?, ?, ?, ?, ?)");
    change.bind(1, selector).bind(2, id).bind(3, member).bind(4, name).bind(5, hash_of(password));
    if (auto kept = change.bind(6, words).bind(7, now_ms()).run(); !kept) {
        return fail(std::move(kept.error()));
    }
    return id;
}

void Accounts::drop_old_copies() { hameau::drop_old_copies(database_); }

void Accounts::forget_copies() { hameau::forget_copies(database_); }

Status Accounts::erase_app_passwords(const std::string& member) {
    return database_.prepare("DELETE FROM app_password WHERE member = ?").bind(1, member).run();
}

Status Accounts::erase_app_password(const std::string& member, const std::string& id) {
    auto change = database_.prepare("DELETE FROM app_password WHERE id = ? AND member = ?");
    if (auto done = change.bind(1, id).bind(2, member).run(); !done) {
        return done;
    }
    return database_.changes() > 0 ? Status{} : Status(fail(ErrorKind::not_found, "there is no such app password"));
}

Result<std::vector<AppPassword>> Accounts::app_passwords(const std::string& member) {
    auto query = database_.prepare("SELECT id, name, scopes, created_ms FROM app_password WHERE member = ? ORDER BY created_ms, id");
    query.bind(1, member);
    std::vector<AppPassword> out;
    for (;;) {
        const auto more = query.step();
        if (!more) {
            return fail(more.error());
        }
        if (!*more) {
            return out;
        }
        AppPassword one;
        one.id = query.text(0);
        one.name = query.text(1);
        one.created_ms = query.number(3);
        std::string_view words = query.view(2);
        while (!words.empty()) {
            const std::size_t space = words.find(' ');
            if (space != 0) {
                one.scopes.emplace_back(words.substr(0, space));
            }
            words.remove_prefix(space == std::string_view::npos ? words.size() : space + 1);
        }
        out.push_back(std::move(one));
    }
}

Result<std::optional<Accounts::AppHolder>> Accounts::holder(Statement query, const std::string& hash, const std::string& scope) {
    const auto found = query.step();
    if (!found) {
        return fail(found.error());
    }
    if (!*found || query.view(3).find(" " + scope + " ") == std::string_view::npos) {
        return std::optional<AppHolder>();
    }
    const std::string kept = query.text(2);
    if (!hash.empty() && (kept.size() != hash.size() || sodium_memcmp(kept.data(), hash.data(), hash.size()) != 0)) {
        return std::optional<AppHolder>();
    }
    return std::optional<AppHolder>(AppHolder{query.text(0), query.text(1)});
}

Result<std::optional<Accounts::AppHolder>> Accounts::holder_of_password(const std::string& password, const std::string& scope) {
    constexpr std::string_view begin = "ap-";
    const std::size_t dash = password.find('-', begin.size());
    if (!password.starts_with(begin) || dash == std::string::npos || !is_scope(scope)) {
        return std::optional<AppHolder>();
    }
    auto query = database_.prepare("SELECT id, member, hash, scopes FROM app_password WHERE selector = ?");
    query.bind(1, password.substr(begin.size(), dash - begin.size()));
    return holder(std::move(query), hash_of(password), scope);
}

Result<std::optional<Accounts::AppHolder>> Accounts::holder_of_id(const std::string& id, const std::string& scope) {
    if (!is_scope(scope)) {
        return std::optional<AppHolder>();
    }
    auto query = database_.prepare("SELECT id, member, hash, scopes FROM app_password WHERE id = ?");
    query.bind(1, id);
    return holder(std::move(query), "", scope);
}

Status Accounts::check() {
    auto query = database_.prepare("SELECT count(*) FROM account");
    const auto read = query.step();
    return read ? Status{} : Status(fail(read.error()));
}

} // namespace hameau::mail
