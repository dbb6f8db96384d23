// Accounts: auth.db and the forwarding scripts, both made from mail.db and never read back into it. Whatever moment we
// are killed at, bring_all() at the next start makes them agree again. App passwords live in auth.db alone.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/store/database.hpp"
#include "modules/mail/storage/store.hpp"

namespace hameau::mail {

struct AppPassword {
    std::string id;
    std::string name;
    std::vector<std::string> scopes;
    std::int64_t created_ms = 0;
};

class Accounts {
public:
    /// `folder` is STATE/mail; makes auth/ and forward/ in it where they are missing and opens auth/auth.db.
    static Result<Accounts> open(const std::string& folder);

    /// Writes what mail.db says of these members; one that it does not know loses everything, app passwords too.
    Status bring(Store& store, const std::set<std::string>& members);
    /// The same for everybody, and removes scripts that belong to no mailbox.
    Status bring_all(Store& store);

    /// What the association's one quota leaves to that mailbox in all; 0: everything. Counts from the next bring() and is
    /// forgotten at the end of the process. True when it is another than before.
    bool set_room(const std::string& address, std::uint64_t bytes);

    // App passwords. `member` must be known to mail.db.
    /// The new row's id; `password` is shown once and never kept.
    Result<std::string> add_app_password(const std::string& member, const std::string& name,
                                         const std::vector<std::string>& scopes, std::string& password);
    Status erase_app_passwords(const std::string& member);
    /// The copies of before a migration: an association was erased (daemon/store/before_migration.hpp).
    void forget_copies();
    /// Those that are too old (store/before_migration.hpp).
    void drop_old_copies();
    /// Errors: not_found.
    Status erase_app_password(const std::string& member, const std::string& id);
    Result<std::vector<AppPassword>> app_passwords(const std::string& member);
    /// Whose app password that is, when it has the scope; nothing: nobody's. Compared in the same time for every text.
    struct AppHolder {
        std::string id;
        std::string member;
    };
    Result<std::optional<AppHolder>> holder_of_password(const std::string& password, const std::string& scope);
    Result<std::optional<AppHolder>> holder_of_id(const std::string& id, const std::string& scope);
    /// Errors: whatever is wrong with the file.
    Status check();
    const std::string& folder() const { return folder_; }

private:
    Accounts(std::string folder, Database database) : folder_(std::move(folder)), database_(std::move(database)) {}
    std::string script_of(const std::string& address) const { return folder_ + "/forward/" + address + ".sieve"; }
    Status write_script(const Mailbox& mailbox);
    /// forward/word-lists, which tells hameau-words whose list a mailbox has.
    Status write_word_lists(Store& store);
    Status bring_member(Store& store, const std::string& member, std::vector<std::string>& stale_scripts);
    Status put_account(const Mailbox& mailbox, std::uint64_t quota_bytes, const std::string& password_hash);
    Status put_name(const std::string& name, const std::string& user);
    Result<std::optional<AppHolder>> holder(Statement query, const std::string& hash, const std::string& scope);
    Result<std::vector<std::string>> texts(std::string_view sql, std::string_view value);

    std::string folder_;
    Database database_;
    std::map<std::string, std::uint64_t> rooms_;
};

/// Gives a database and its -wal and -shm the mode that an unprivileged reader of its group needs.
Status open_to_group(const std::string& path);

} // namespace hameau::mail
