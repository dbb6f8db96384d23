// Store: every question to people.db and every change of it. One transaction a change; each change of what mail
// must know writes its event into the outbox in the same transaction. Never an HTTP word in here.
//
// A broken disk or file is rare and the same for every query: the first failure is kept (latched), the query answers
// as if nothing were there, and changes end with status(), which fails and rolls back; readers ask take_failure().
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/store/database.hpp"
#include "modules/people/policy.hpp"

namespace hameau::people {

struct Person {
    std::string id;
    std::string login;
    std::string name;
    std::string password_hash;  ///< empty: none yet
    bool admin = false;
    bool disabled = false;
    std::string contact;
    /// No association in use and no admin: every association of the person is in the bin. Read only, never written back.
    bool shut_out = false;
    bool may_sign_in() const { return !disabled && !shut_out; }
};

struct Member {
    Person person;
    Role role = Role::member;
    std::string mailbox;  ///< an address to sign in with
    bool invited = false; ///< an invitation is open
};

/// A member in the bin of an association.
struct RemovedMember {
    std::string association;
    std::string person;  ///< id
    std::string login;   ///< of an account that is in the bin too: the one that it had
    std::string name;
    bool admin = false;
    Role role = Role::member;
    std::vector<std::string> circles;
    std::string password_state;  ///< names the password that the person had then; empty: none
    std::int64_t removed_ms = 0;
    bool account = false;  ///< the account is in the bin too: this was its last association
};

/// Something of an association that carries a domain's name: a mailbox, an alias, a group, a site.
struct Carried {
    std::string kind;
    std::string association;
    std::string name;
};

struct Association {
    std::string slug;
    std::string name;
    std::uint64_t quota_bytes = 0;
    std::vector<std::string> domains;
    std::int64_t members = 0;
    std::int64_t binned_ms = 0;  ///< since when it is in the bin; 0: it is in use
};

/// What a module has yet to be told of an association: "close" (it is in the bin), "open" (it is back), "erase".
struct AssociationTask {
    std::string association;
    std::string module;
    std::string word;
};

struct Circle {
    std::string association;
    std::string slug;
    std::string name;
    std::string address;  ///< empty: none
    bool may_send = false;
    std::vector<std::pair<std::string, std::string>> members;  ///< id, login
    std::vector<std::string> outside;
    bool operator==(const Circle&) const = default;
};

struct Session {
    std::string id;
    bool shared = false;
    std::int64_t seen_ms = 0;
    Person person;
};

struct Invitation {
    Person person;
    std::string association;
    std::string association_name;
    std::string token_hash;  ///< names this very invitation
    std::int64_t expires_ms = 0;
    // What it was made for; it ends when one of these is no longer so (invitation_holds in policy.hpp).
    std::string maker;           ///< id of who made it; empty: hameau-admin
    Account account;             ///< the person's rights when it was made
    bool manager = false;        ///< the person managed `association` then
    std::string password_state;  ///< names the password that the person had then; empty: none
};

struct Event {
    std::int64_t id = 0;
    std::string text;
};

class Store {
public:
    /// mail_enabled false: events that emit_all() makes again are dropped; what tells of an end is kept until mail is on.
    Store(Database& database, bool mail_enabled) : database_(database), mail_enabled_(mail_enabled) {}

    Status transaction(const std::function<Status()>& work) { return database_.transaction(work); }
    /// The latched failure, taken; use it as the end of a transaction.
    Status status();
    std::optional<Error> take_failure();

    // House
    std::string house_value(std::string_view name);
    /// "fr" or "en": the one that was chosen at the first visit, French before.
    std::string house_language();
    void set_house_value(std::string_view name, std::string_view value);

    // Persons and memberships (store.cpp)
    std::optional<Person> person(std::string_view id);
    std::optional<Person> person_by_login(std::string_view login);
    /// By login or by address, as typed.
    std::optional<Person> person_by_sign_in(std::string_view typed);
    /// In associations that are in use.
    std::vector<std::pair<std::string, Role>> memberships(const std::string& person);
    /// Those in associations that lie in the house's bin too.
    std::vector<std::pair<std::string, Role>> memberships_anywhere(const std::string& person);
    /// Of any association, one in the bin too.
    bool has_membership(const std::string& person);
    /// Writes down that what the person made until now in the association ('': in all) has lost its ground. `reason`: left, recovered.
    Status note_power_end(const std::string& person, const std::string& association, std::string_view reason);
    /// Why what the person made at that time in the association stands no more; empty: it stands. Disabled or in the house's bin is no end.
    /// Errors: io. It ends things for good, so a broken disk must not look like somebody who has left.
    Result<std::string> power_ended(const std::string& person, const std::string& association, std::int64_t made_ms);
    /// With the associations that are in the bin: who answers for the account does not change while one of them is there.
    Account account(const Person& person);
    /// Errors: conflict when the login is taken.
    Status insert_person(const Person& person);
    Status update_person(const Person& person);
    Status erase_person(const std::string& id);
    /// Enabled admins of the whole house.
    std::size_t count_admins();
    Status set_membership(const std::string& association, const std::string& person, Role role);
    Status erase_membership(const std::string& association, const std::string& person);
    std::size_t count_managers(const std::string& association);
    std::size_t count_members(const std::string& association);
    std::optional<Member> member(const std::string& association, const std::string& login);
    std::vector<Member> members(const std::string& association, const std::string& after_login, std::size_t limit);
    /// Members of the association whose name is the same but for case and accents; at most `limit`.
    std::vector<Member> namesakes(const std::string& association, std::string_view name, std::size_t limit);
    void keep_trial_card(const std::string& person, std::string_view password);
    void forget_trial_card(const std::string& person);
    std::vector<std::pair<Person, std::string>> trial_cards();

    // Associations and groups (store_groups.cpp)
    std::optional<Association> association(std::string_view slug);
    std::vector<Association> associations(const std::string& after_slug, std::size_t limit);
    std::size_t count_associations();
    /// Inserts or updates, domains included. Errors: conflict when a domain belongs to another.
    Status put_association(const Association& association);
    /// The association that has the domain; "" when none has.
    std::string owner_of_domain(const std::string& name);
    /// Takes the domain from whoever has it, and has mail told.
    Status release_domain(const std::string& name);
    /// Groups' addresses in this domain, of all associations but this one (`others`) or of this one alone; with `mailboxes`
    /// the members' ones too.
    std::vector<Carried> carried(const std::string& domain, const std::string& association, bool others, bool mailboxes);
    /// Domains of other associations that lie below one of its own.
    std::vector<std::string> domains_below(const Association& association);
    Status erase_association(const std::string& slug);
    /// What each module holds of it, by name; a module that never told is left out.
    std::vector<std::pair<std::string, std::uint64_t>> usage(const std::string& association);
    /// When the module told last; 0: never.
    std::int64_t usage_told_ms(const std::string& association, std::string_view module);
    Status set_usage(const std::string& association, std::string_view module, std::uint64_t bytes, std::int64_t now_ms);
    /// The archive that the association came from.
    struct Imported {
        std::string archive;
        bool done = false;
    };
    std::optional<Imported> imported(const std::string& association);
    Status note_import(const std::string& association, const std::string& archive, bool done);
    std::optional<Circle> circle(const std::string& association, const std::string& slug);
    std::vector<Circle> circles(const std::string& association, const std::string& after_slug, std::size_t limit);
    std::size_t count_circles(const std::string& association);
    /// Members by id. Errors: conflict when the address is taken.
    Status put_circle(const Circle& circle);
    Status erase_circle(const std::string& association, const std::string& slug);

    // The bin of members (store_bin.cpp); within a transaction. Each tells mail.
    /// By id, from the one behind `after`; removed after `since_ms`.
    std::vector<RemovedMember> removed_members(const std::string& association, const std::string& after, std::size_t limit, std::int64_t since_ms);
    /// By id, else by login: where several had it, who was removed last.
    std::optional<RemovedMember> removed_member(const std::string& association, const std::string& id_or_login, std::int64_t since_ms);
    /// Everything that the membership gave ends. With the last one the account goes into the bin too, unless it is an admin's.
    Status remove_member(const std::string& association, const Member& found, const std::string& password_state, std::int64_t now_ms);
    /// `login`: what an account in the bin is called from now on; nobody has it. `groups_lost`: groups that are no more.
    Status restore_member(const RemovedMember& removed, const std::string& login, std::vector<std::string>& groups_lost);
    /// Before the person is added to the association again: what mail kept for them goes into the bin of mailboxes.
    Status leave_bin(const std::string& association, const std::string& person);
    Status purge_member(const std::string& association, const std::string& person);
    Status purge_removed_before(std::int64_t time_ms);

    // The bin of associations (store_association_bin.cpp); within a transaction. Each tells mail and leaves a task for each
    // other module. `touched`: ids of the persons whose rights changed.
    std::optional<Association> association_anywhere(std::string_view slug);
    /// By slug, from the one behind `after`; put into the bin after `since_ms`.
    std::vector<Association> binned_associations(const std::string& after, std::size_t limit, std::int64_t since_ms);
    /// Nobody has it: no association in use or in the bin, and none that a module has yet to erase.
    bool is_slug_free(const std::string& slug);
    /// Members who can sign in nowhere once it is in the bin.
    std::size_t count_only_there(const std::string& slug);
    /// Who can sign in no more does not find an old session or a remembered device open when an association comes back.
    Status end_if_shut_out(const std::string& id);
    Status bin_association(const std::string& slug, std::int64_t now_ms, std::vector<std::string>& touched);
    Status unbin_association(const std::string& slug, std::vector<std::string>& touched);
    /// With its bin, and the accounts that belong nowhere else. Leaves a certificate. `way`: "admin" asked for it, or the 30 days
    /// ("time") were over.
    Status erase_whole_association(const std::string& slug, std::string_view way, std::vector<std::string>& touched);
    /// What the services said that they hold of it, as JSON; kept with the association for its certificate.
    Status note_holdings(const std::string& slug, const std::string& holdings);
    /// That an association was erased (store_erasures.cpp). Nothing in it is about a person.
    struct Erasure {
        std::string id;
        std::string association;
        std::string name;
        std::string way;
        std::int64_t binned_ms = 0;
        std::int64_t begun_ms = 0;
        std::int64_t done_ms = 0;  ///< 0: some service has yet to do its part
        std::string facts;         ///< JSON: members, accounts, groups, domains, bytes by service, holdings by service
    };
    /// The newest first, begun before that time.
    /// Logins, names, addresses, domains of everybody and everything here, in use or in a bin.
    std::vector<std::string> all_names();
    std::vector<Erasure> erasures(std::int64_t before_ms, std::size_t limit);
    /// JSON, of what is there now.
    std::string erasure_facts(const Association& association, std::size_t members, std::size_t groups);
    /// `accounts`: how many went because they belonged nowhere else.
    Status certify(const Association& association, std::string_view way, const std::string& facts, std::size_t accounts);
    /// Where no service has anything left to do.
    Status settle_erasures(const std::string& association);
    /// A task for each module that holds something of it.
    Status put_erase_tasks(const std::string& slug);
    /// Adds to `erased` which ones.
    Status purge_associations_before(std::int64_t time_ms, std::vector<std::string>& erased);
    /// In order of slug.
    std::vector<AssociationTask> tasks(std::string_view module);
    /// Nothing when the row says another word by now.
    Status erase_task(const AssociationTask& task);
    /// Modules that have yet to be told something of it.
    std::vector<std::string> modules_behind(const std::string& slug);
    /// The ids of all who are in its bin.
    std::vector<std::string> in_bin_of(const std::string& association);
    /// Whether a bin of some association has a row of theirs.
    bool lies_in_a_bin(const std::string& person);
    bool is_binned(const std::string& person);
    /// The account alone is in use again, under `login`.
    Status unbin_person(const std::string& id, const std::string& login);
    /// An account in the bin that no association can bring back.
    Status erase_if_nowhere(const std::string& person);

    // Addresses (store_addresses.cpp): the copy of what mail owns, to sign in with
    /// The person's address in the association, else the first of any; empty: none.
    std::string mailbox(const std::string& person, const std::string& association);
    /// The same, of this association only.
    std::string mailbox_in(const std::string& person, const std::string& association);
    /// Takes the place of `from`, where that is not empty. Errors: conflict when another person has it.
    Status set_mailbox(const std::string& person, const std::string& association, const std::string& address, const std::string& from = "");
    /// All of a person's, in this order, as mail has them.
    struct MailboxAddress {
        std::string address;
        std::string association;
    };
    Status set_mailboxes(const std::string& person, const std::vector<MailboxAddress>& addresses);
    /// Somebody signs in with it, or a group answers to it. Addresses of redirection are mail's: not looked at.
    bool is_address_taken(const std::string& address);
    /// Mail gave the address to nobody here: it is struck out, and kept for the health page.
    Status strike_mailbox(const std::string& person, const std::string& association, const std::string& address, const std::string& from);
    Status strike_circle_address(const std::string& association, const std::string& slug, const std::string& address);
    /// "bureau@amis.test (amis/bureau)", at most `limit`.
    std::vector<std::string> refused_addresses(std::size_t limit);

    // Sessions, devices, invitations, recovery codes, declared hashes (store_sessions.cpp)
    /// The password was proven at `now_ms`.
    Status insert_session(const std::string& token_hash, const std::string& id, const std::string& person, bool shared,
                          std::int64_t now_ms, std::int64_t expires_ms);
    /// When the person last gave the password in this session; 0: the session has ended.
    std::int64_t proven_ms(const std::string& session);
    Status note_proven(const std::string& session, std::int64_t now_ms);
    /// By id, whatever its token; nothing when it is over or the person is disabled.
    std::optional<Session> session_by_id(const std::string& id, std::int64_t now_ms, std::int64_t shared_idle_ms);
    /// Nothing when it is over, when the shared computer was left idle, or when the person is disabled.
    std::optional<Session> session(const std::string& token_hash, std::int64_t now_ms, std::int64_t shared_idle_ms);
    void touch_session(const std::string& token_hash, std::int64_t now_ms);
    Status erase_session(const std::string& id);
    /// All of a person's, but for `keep` where it is not empty.
    Status erase_sessions(const std::string& person, const std::string& keep);
    Status erase_devices(const std::string& person);
    Status insert_device(const std::string& token_hash, const std::string& person, std::int64_t now_ms);
    bool is_device_of(const std::string& token_hash, const std::string& person);
    /// Of `invitation`: all but association_name. The person's former invitation ends.
    Status put_invitation(const Invitation& invitation, const std::string& code_hash, std::int64_t now_ms);
    /// By the hash of its token or of its code. It may have lost its reason: ask invitation_holds.
    std::optional<Invitation> invitation(const std::string& token_or_code_hash, std::int64_t now_ms);
    std::optional<Invitation> invitation_of(const std::string& person, std::int64_t now_ms);
    Status erase_invitation(const std::string& person);
    /// True when this very one was still open: it is used up.
    bool use_invitation(const std::string& person, const std::string& token_hash);
    Status replace_recovery_codes(const std::string& person, const std::vector<std::string>& hashes);
    std::size_t count_recovery_codes(const std::string& person);
    /// True when it was there: it is used up.
    bool use_recovery_code(const std::string& person, const std::string& hash);
    std::vector<std::pair<std::string, std::string>> declared();
    Status set_declared(std::string_view name, std::optional<std::string_view> hash);
    void erase_outdated(std::int64_t now_ms);
    /// Also invitations, and the marks of known devices: behind a restore nobody knows what was ended since the backup.
    void end_all_sessions();

    // Outbox (store_events.cpp); call within the transaction of the change.
    Status emit_association(const std::string& slug);
    Status emit_association_erased(const std::string& slug);
    Status emit_member(const std::string& person);
    /// Mail makes the mailbox, or renames `from`. `Again`: told once more; a mailbox that was removed stays removed.
    enum class Telling { first, again };
    Status emit_mailbox(const std::string& person, const std::string& association, const std::string& address,
                        const std::string& from = "", Telling telling = Telling::first);
    Status emit_member_erased(const std::string& person);
    /// The person's mailboxes in the association: "left" (into the bin), "back", "anew" (added without the bin), "erased".
    Status emit_boxes(const std::string& person, const std::string& association, std::string_view state);
    /// Mail forgets every app password of the person.
    Status emit_app_passwords_erased(const std::string& person);
    Status emit_circle(const std::string& association, const std::string& slug);
    Status emit_circle_erased(const std::string& association, const std::string& slug);
    /// Everything that mail must know, in an order in which each event finds what it names.
    Status emit_all();
    std::optional<Event> first_event();
    Status erase_event(std::int64_t id);
    std::int64_t last_event();
    bool mail_enabled() const { return mail_enabled_; }

private:
    Statement ask(std::string_view sql) { return database_.prepare(sql); }
    std::optional<Session> one_session(Statement statement, std::int64_t now_ms, std::int64_t shared_idle_ms);
    bool row(Statement& statement);
    std::vector<std::pair<std::string, Role>> roles_in(Statement& query);
    Status run(Statement statement) { return statement.run(); }
    std::size_t count(Statement statement);
    std::optional<Person> one_person(Statement statement);
    std::optional<Invitation> one_invitation(Statement statement);
    Status bin_person(const Person& person);
    Association read_association(Statement& statement);
    std::vector<Association> read_associations(Statement query);
    Status put_task(const std::string& slug, std::string_view module, std::string_view word);
    Status emit_members(const std::vector<Member>& members, std::vector<std::string>& touched);
    void read_circle_entries(Circle& circle);
    enum class Keep { while_on, always };
    Status emit(const std::string& text, Keep keep = Keep::while_on);

    Database& database_;
    bool mail_enabled_;
    std::optional<Error> failure_;
};

} // namespace hameau::people
