// Store: every question to mail.db and every change of it. One transaction a change; never an HTTP word in here.
// Each change notes the members whose sign-in it touches; Accounts (accounts.hpp) then writes auth.db after them.
//
// A broken disk or file is the same for every query: the first failure is kept, the query answers as if nothing were
// there, and transaction() fails and rolls back; readers ask take_failure().
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/store/database.hpp"

namespace hameau::mail {

struct Association {
    std::string slug;
    std::string name;
    std::uint64_t quota_bytes = 0;
    std::vector<std::string> domains;
    bool closed = false;  ///< in the house's bin: nothing of it is served or shown
};

struct Member {
    std::string id;
    std::string login;
    std::string name;
    bool disabled = false;
    std::string password_hash;  ///< empty: none yet
    std::string contact;
    std::vector<std::pair<std::string, std::string>> associations;  ///< slug, role
};

struct Circle {  ///< a group of people
    std::string association;
    std::string slug;
    std::string name;
    std::string address;  ///< empty: none
    bool may_send = false;
    std::vector<std::string> members;  ///< ids
    std::vector<std::string> outside;
};

/// One address that copies of a mailbox's messages go to. A manager asks, the owner of the mailbox decides.
struct Forward {
    std::string target;
    std::string state;  ///< waiting: nothing leaves yet; running: leaves, the owner has not answered; agreed; ended: by the owner
};

struct Mailbox {
    std::string address;
    std::string association;
    std::string member;
    std::string login;
    std::uint64_t quota_bytes = 0;
    std::string folder;
    std::vector<std::string> forward;  ///< the addresses that a copy goes to now; insert_mailbox(): the ones that are asked for
    std::vector<Forward> forwards;     ///< all that are asked for, with the owner's answer; sorted by target
    bool enabled = false;  ///< its member may sign in: not disabled, and still of the association
};

struct Alias {
    std::string address;
    std::string association;
    bool may_send = false;
    std::vector<std::string> targets;
    std::string former;  ///< the folder of the mailbox that had this address before; empty: an alias that was made as one
};

/// A mailbox in the bin. Its messages stay in boxes/FOLDER.
struct BinnedMailbox {
    std::string folder;
    std::string address;
    std::string association;
    std::string member;
    std::string login;  ///< empty: the account is gone
    std::uint64_t quota_bytes = 0;
    std::uint64_t used_bytes = 0;  ///< when it was removed; 0 where Dovecot did not say
    std::int64_t retired_ms = 0;
};

/// What already has an address. reserved: people is about to give it to a member or a group. bin: a removed mailbox, until
/// it is given back or erased.
enum class Holder { nobody, mailbox, alias, group, reserved, bin };

/// A mailbox that people asks for with a member (event "mailbox").
struct WantedMailbox {
    std::string member;
    std::string association;
    std::string address;
    bool again = false;  ///< told once more: a mailbox that was removed meanwhile stays removed
    std::string from;  ///< the address that it has now, to be renamed; empty: a new one
};

class Store {
public:
    explicit Store(Database& database) : database_(database) {}

    /// All or nothing; the members touched meanwhile are kept only when it succeeds.
    Status transaction(const std::function<Status()>& work);
    std::optional<Error> take_failure();
    bool has_failed() const { return failure_.has_value(); }
    /// Members whose rows in auth.db may be behind. Emptied by the caller when they are not any more.
    std::set<std::string>& touched() { return touched_; }

    // What people tells (store_events.cpp); within a transaction. Whole upserts: twice is once, in any order.
    Status put_association(const Association& association);
    Status erase_association(const std::string& slug);
    Status put_member(const Member& member);
    Status erase_member(const std::string& id);
    struct PutCircle {
        std::vector<std::string> left_out;  ///< outside addresses that lead back to the group
        Holder holder = Holder::nobody;     ///< who has the group's address; the group is kept without it
    };
    Result<PutCircle> put_circle(const Circle& circle);
    /// Makes the mailbox, or renames `from`; nothing when the member has it already. The answer: who else has the
    /// address (then nothing is changed).
    Result<Holder> put_mailbox(const WantedMailbox& wanted);
    Status erase_circle(const std::string& association, const std::string& slug);

    // Who is there
    std::optional<Association> association(const std::string& slug);
    /// The slug of each.
    std::vector<std::string> associations();
    bool is_member(const std::string& id);
    /// Empty: none yet, or no such member.
    std::string password_hash(const std::string& member);
    /// The member's id, for one who belongs to the association.
    std::optional<std::string> member_by_login(const std::string& association, const std::string& login);
    /// The association that has the domain, or empty.
    std::string owner_of_domain(std::string_view domain);
    /// The domains of all associations that are not in the bin.
    std::vector<std::string> open_domains();
    Holder holder(const std::string& address);
    /// The same, but for what `owner` itself holds or has reserved: a member's id, or "ASSOCIATION/GROUP".
    Holder holder_but(const std::string& address, const std::string& owner);
    /// Keeps a free address for `owner` until `until_ms`; call within a transaction, after holder_but().
    Status reserve(const std::string& address, const std::string& owner, std::int64_t until_ms);
    Status release(const std::string& address, const std::string& owner);
    /// The alias under another address; what leads to it follows. The old address is free.
    /// Names of the groups that send to this address as to one outside: people keeps those, so nothing here changes them.
    std::vector<std::string> groups_that_name(const std::string& address);
    Status rename_alias(const std::string& from, const std::string& to);
    struct Held {
        std::string kind;  ///< "mailbox", "mailbox_bin", "alias", "former" (an earlier address of a mailbox), "reserved"
        std::string association;  ///< "" for what is reserved
        std::string address;
    };
    /// What has an address in this domain, in order of kind, association and address.
    std::vector<Held> held_in(const std::string& domain);
    /// The form in which a target is kept: ours in lower case, outside as typed (RFC 5321 section 2.4).
    std::string as_kept(std::string address);
    /// Is there something that mail can be sent to, or will be within minutes? What is in the bin does not count.
    bool receives(const std::string& address);
    /// One line "DOMAIN ID" for each domain, with the id of its association's word list; gives an id to who has none.
    std::string word_lists();
    /// Every member that has a mailbox.
    std::vector<std::string> members_with_mailboxes();

    // Mailboxes and aliases
    std::optional<Mailbox> mailbox(const std::string& address);
    std::vector<Mailbox> mailboxes(const std::string& association, const std::string& after, std::size_t limit);
    /// Those that may be signed in to first, then the oldest.
    std::vector<Mailbox> mailboxes_of(const std::string& member);
    std::size_t count_mailboxes(const std::string& association);
    /// `by`: the member who asks for its forwarding (empty: the command, a declared file or an archive), as in set_forward(). Errors: conflict when the address is taken.
    Status insert_mailbox(const Mailbox& mailbox, const std::string& by = {});
    Status set_quota(const std::string& address, std::uint64_t bytes);
    /// The last measure of what its messages take.
    Status set_used(const std::string& address, std::uint64_t bytes);
    /// Brings the forwarding to `targets`. Those that were there keep the owner's answer; a new one waits for it, unless
    /// `by` (a member's id, empty for `hameau`) is the owner, the target is theirs too, or `hameau` asks and the mailbox has just been made.
    Status set_forward(const std::string& address, const std::vector<std::string>& targets, const std::string& by = {});
    /// The owner's answer (Forward::state). Errors: not_found when nobody asks for this copy.
    Status answer_forward(const std::string& address, const std::string& target, std::string_view state);
    /// Into the bin; `used_bytes`: what it holds, for the association's quota.
    Status remove_mailbox(const std::string& address, std::uint64_t used_bytes = 0);
    /// The mailbox keeps its folder, rules, forwardings and what leads to it. Errors: conflict when `to` is taken.
    enum class OldAddress { gone, alias };
    Status rename_mailbox(const std::string& from, const std::string& to, OldAddress old);
    std::optional<Mailbox> mailbox_of_folder(const std::string& folder);
    /// Addresses that the mailbox had before; its member still signs in with them.
    std::vector<std::string> former_addresses(const std::string& folder);
    std::optional<Alias> alias(const std::string& address);
    std::vector<Alias> aliases(const std::string& association, const std::string& after, std::size_t limit);
    std::size_t count_aliases(const std::string& association);
    /// Inserts or replaces.
    Status put_alias(const Alias& alias);
    Status erase_alias(const std::string& address);
    /// Does mail for `start`, sent on to `targets`, come back to `start`? Then the address that sends it back.
    std::optional<std::string> loop(const std::string& start, const std::vector<std::string>& targets);

    // Open sessions that are to end (api_internal.cpp); rows come from triggers of the tables and from these.
    Status end_sessions_of(const std::string& member);
    std::vector<std::string> sessions_to_end();
    /// auth.db holds the changes: what opened before now is over.
    Status note_session_ends(const std::vector<std::string>& users);
    Status forget_sessions_to_end(const std::vector<std::string>& users);

    /// Members whose addresses people is to be told. `sequence` names the state that is told.
    struct News {
        std::string member;
        std::int64_t sequence = 0;
    };
    std::optional<News> first_news();
    /// Unless something changed since it was read.
    Status forget_news(const News& news);

    /// Does mail for an address of this house reach a mailbox, a group or the outside? Groups are filled later: they count.
    bool leads_somewhere(const std::string& address);

    /// An address that postmaster@ of some domain leads to now, for the probe; or empty.
    std::string probe_address();
    /// Aliases that lead nowhere, addresses of this house that mail is sent on to and that do not exist, and group
    /// addresses that a mailbox or an alias hides.
    std::vector<std::string> idle_addresses();

    // The bin (store_bin.cpp)
    /// By folder, from the one behind `after`.
    std::vector<BinnedMailbox> bin(const std::string& association, const std::string& after, std::size_t limit);
    /// The one that is given back under that address: where there are several, the one that the address is kept for.
    std::optional<BinnedMailbox> binned(const std::string& association, const std::string& address);
    std::uint64_t bytes_in_bin(const std::string& association);
    /// The mailbox is there again, with its room, its forwardings and what led to it. The answer: addresses whose link
    /// did not come back, as it would lead nowhere or in a circle. Errors: conflict when the address is taken.
    Result<std::vector<std::string>> restore_mailbox(const BinnedMailbox& box);
    /// Its address is free, its folder is to go (boxes_to_erase).
    Status purge_mailbox(const std::string& folder);
    Status purge_removed_before(std::int64_t time_ms);
    /// Behind `after`, in their order.
    std::vector<std::string> boxes_to_erase(const std::string& after, std::size_t limit);
    bool is_being_erased(const std::string& association);
    // The mailboxes of a member who is in people's bin. They have no name meanwhile, and count in the quota.
    /// The member left the association.
    Status take_boxes(const std::string& member, const std::string& association);
    /// The member is back, and so are the mailboxes whose address is still free; the others are in the bin of mailboxes.
    /// The answer: as restore_mailbox().
    Result<std::vector<std::string>> give_boxes_back(const std::string& member, const std::string& association);
    /// The person was added again: what they had is in the bin of mailboxes, with its address where that is free.
    Status boxes_into_bin(const std::string& member, const std::string& association);
    /// Nothing brings the member back any more.
    Status erase_boxes_of(const std::string& member, const std::string& association);
    /// The addresses of those that did not come back with their member.
    std::vector<std::string> boxes_that_stay(const std::string& member, const std::string& association);
    std::vector<std::string> boxes_to_erase_of(const std::string& member, const std::string& association);
    /// The folder is not on the disk any more; that the address was somebody's is known until the 30 days are over.
    Status forget_box(const std::string& folder);
    /// The copies of before a migration: something was erased for good.
    void forget_copies();

private:
    Status restore_links(const BinnedMailbox& box, std::vector<std::string>& left_out);
    Statement ask(std::string_view sql) { return database_.prepare(sql); }
    bool row(Statement& statement);
    Status run(Statement statement) { return statement.run(); }
    /// The same change for each value, in one transaction.
    Status run_for_each(std::string_view sql, const std::vector<std::string>& values);
    std::size_t count(Statement statement);
    std::vector<std::string> texts(Statement statement);
    Mailbox read_mailbox(const Statement& row);
    /// Made a moment ago with an address that nobody had before, and its owner was asked nothing yet: no message of anybody
    /// can be in it, and no answer of anybody is passed over.
    bool is_fresh(const std::string& address);
    std::vector<std::string> next_of(const std::string& address);
    /// Notes the owners of the mailboxes that a condition names, and of those that forward to them.
    void touch_owners(std::string_view sql, const std::string& value);
    /// Removes the alias that an earlier address of the member's mailbox became.
    Status take_back(const std::string& address, const std::string& member);
    Status clear_reservation(const std::string& address, const std::string& owner);
    Status give_domain(const std::string& name, const std::string& association, std::int64_t position);

    Database& database_;
    std::set<std::string> touched_;
    std::optional<Error> failure_;
};

} // namespace hameau::mail
