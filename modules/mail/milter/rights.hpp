// Rights: who may send as whom, and where an address leads, read from the engine_* views of mail.db. Read-only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"

namespace hameau::milter {

/// Asked by a session; in tests a table.
class Rights {
public:
    virtual ~Rights() = default;
    /// Errors: unavailable when the database cannot be read now.
    virtual Result<bool> may_send(const std::string& user, const std::string& address) = 0;
    /// Whether `address` is an alias of the same association as the mailbox `user`, and leads to it alone: what a script of that mailbox
    /// may answer as. Through another alias, a group, or beside others it is the name of several, which takes the right to send (may_send).
    virtual Result<bool> leads_only_to(const std::string& address, const std::string& user) = 0;
    /// How many ends of sessions there were; a session remembers it when it opens.
    virtual Result<std::int64_t> session_clock() = 0;
    /// The number of this user's last end: 0 when there was none. A session that opened before it is over.
    virtual Result<std::int64_t> session_end(const std::string& user) = 0;
    /// The mailboxes behind a recipient (itself, or through aliases and groups). `all_here` becomes false when a part
    /// of them is outside, unknown, or beyond the limits of this look-up.
    virtual Result<std::vector<std::string>> mailboxes_of(const std::string& recipient, bool& all_here) = 0;
};

class DatabaseRights final : public Rights {
public:
    /// `path`: mail.db. Opened at each question, so that a restored database is seen.
    explicit DatabaseRights(std::string path) : path_(std::move(path)) {}
    Result<bool> may_send(const std::string& user, const std::string& address) override;
    Result<bool> leads_only_to(const std::string& address, const std::string& user) override;
    Result<std::int64_t> session_clock() override;
    Result<std::int64_t> session_end(const std::string& user) override;
    Result<std::vector<std::string>> mailboxes_of(const std::string& recipient, bool& all_here) override;
    /// The domains that have mail here. Errors: unavailable.
    Result<std::vector<std::string>> domains() const;

private:
    std::string path_;
};

} // namespace hameau::milter
