// The rules of people, pure: throttling of guesses, codes, who may change whom. No database, no clock of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/clock.hpp"
#include "daemon/contract/module.hpp"
#include "modules/people/limits.hpp"

namespace hameau::people {

/// The highest mark that is reached: 0, usage_warning_percent, usage_mail_only_percent or usage_alarm_percent. Without a quota (0) there is nothing to warn of.
int warning_percent(std::uint64_t used_bytes, std::uint64_t quota_bytes);

/// Slows guesses down, for one (account, address prefix) or one (account, known device) at a time, so that nobody
/// can lock a member out from elsewhere. An attempt counts as failed from its beginning until succeed(), so that
/// many at once gain nothing. Kept in memory: a restart forgives.
class Throttle {
public:
    explicit Throttle(const Clock& clock) : clock_(clock) {}
    /// Zero: go on (the attempt is counted). Else the time to wait; a refused attempt does not count.
    Duration begin(const std::string& key);
    /// The attempt was right: the key counts from zero again.
    void succeed(const std::string& key) { entries_.erase(key); }
    /// The attempt could not be judged (too busy): takes it back.
    void withdraw(const std::string& key);
    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        int failures = 0;
        Duration last{0};
        Duration not_before{0};
    };
    void make_room();

    const Clock& clock_;
    std::map<std::string, Entry> entries_;
};

/// What an address prefix has tried in vain, over all accounts: Throttle alone lets it try ever new logins. In memory.
class AddressBudget {
public:
    explicit AddressBudget(const Clock& clock) : clock_(clock) {}
    /// Until so many attempts are left; zero: now. Takes none.
    Duration wait_for(const std::string& prefix, int attempts = 1) const;
    void take(const std::string& prefix, int attempts = 1);
    /// They were right, or could not be judged.
    void give_back(const std::string& prefix, int attempts = 1);
    std::size_t size() const { return spent_until_.size(); }

private:
    const Clock& clock_;
    std::map<std::string, Duration> spent_until_;  ///< when nothing of it is spent any more
};

/// Marks of app passwords that were right lately (a hash under a key of this process: no list of passwords).
class RightLately {
public:
    explicit RightLately(const Clock& clock);
    void note(std::string_view login, std::string_view password);
    void forget(std::string_view login, std::string_view password);
    bool knows(std::string_view login, std::string_view password) const;
    std::size_t size() const { return marks_.size(); }

private:
    std::string mark_of(std::string_view login, std::string_view password) const;

    const Clock& clock_;
    std::string key_;
    std::map<std::string, Duration> marks_;  ///< until when
};

/// The key of an attempt; parts cannot run into each other.
std::string throttle_key(std::string_view account, std::string_view where);

/// Whether the prefix that the gate tells ("192.168.1.0/24", "2001:db8::/56") touches one of the networks
/// (separated by commas or spaces, with or without "/n").
bool is_exempt(std::string_view prefix, std::string_view networks);

/// A new code of 8 letters without look-alikes: 33 bits. Shown as PAGE-MARE.
std::string new_code();
std::string shown_code(std::string_view code);
/// What a person typed, in its stored form (upper case, no dashes or spaces, digits as the letters that they look like),
/// or nothing.
std::optional<std::string> normalise_code(std::string_view typed);
/// Every code that the typed one may stand for, the literal one first, at most code_readings_max. Codes of before
/// 2026-11-29 hold O, I and L: a typed 0 is their O, a typed 1 their I or their L. Empty when it is no code at all.
std::vector<std::string> readings_of_code(std::string_view typed);

/// "Anne-Marie Le Goff" as "anne.marie.le.goff", at most login_letters_max; "membre" when nothing of it can be written so.
/// `number` 2 and more is put behind it, for the second of that name: "yann.kervella2".
std::string login_of_name(std::string_view name, std::size_t number = 1);

/// Who asks, as people itself found out: from the session token, or from hameau-admin's socket.
struct Actor {
    bool house = false;  ///< hameau-admin: the house's admin without being a member
    bool admin = false;
    bool shared = false;
    std::string person;
    std::string session;
    std::string login;
    std::string name;
    std::vector<std::pair<std::string, Role>> associations;

    bool signed_in() const { return house || !person.empty(); }
    Role role_in(std::string_view association) const;
    bool manages(std::string_view association) const { return role_in(association) == Role::manager; }
};

/// An account as the rules see it.
struct Account {
    bool admin = false;
    std::vector<std::string> associations;
};
/// An account belongs to the whole house: its name, its access and its credentials are changed by an admin, or by
/// who manages every association that the person belongs to. An admin's account is changed by admins only.
bool may_change_account(const Actor& actor, const Account& account);

/// What decides whether an invitation still gives what it was made for.
struct InvitationFacts {
    Account then;                     ///< the person's rights when it was made
    bool manager_then = false;        ///< and whether the person managed its association
    std::string password_then;        ///< and which password they had; empty: none
    bool disabled = false;            ///< now, as all that follows
    Account account;
    Role role = Role::none;           ///< in its association
    std::string password;
    std::optional<Actor> maker;       ///< who made it; nothing: is gone or disabled
};
/// An invitation is a right over a whole account. It ends when the person is no longer of its association, has more
/// rights than when it was made, or has another password; and when its maker could not make it any more.
bool invitation_holds(const InvitationFacts& facts);

/// What remains of a kind (enabled managers of an association, enabled admins) after a change.
inline bool leaves_someone(std::size_t before, bool was_one, bool stays_one) {
    return !was_one || stays_one || before > 1;
}

std::string_view to_text(Role role);
Role role_of(std::string_view text);

} // namespace hameau::people
