// People, the module: HTTP in front of the Store. Every call begins with who asks, found out from the session token
// itself (Cookie) or from hameau-admin's socket, never from identity headers. Roles first, then bodies.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/base/clock.hpp"
#include "daemon/base/secret.hpp"
#include "modules/people/limits.hpp"
#include "modules/people/people.hpp"
#include "modules/people/policy.hpp"
#include "modules/people/storage/store.hpp"
#include "modules/support/awaited_turns.hpp"
#include "modules/support/json_fields.hpp"
#include "modules/support/opening.hpp"
#include "modules/support/problem.hpp"
#include "modules/support/router.hpp"

namespace hameau::people {

extern const Catalogue people_catalogue;

/// What the transaction of a change refused, as the response to give; empty when the store itself failed.
/// Which domains a change gives and takes, by what is stored when the question is put.
struct DomainQuestion {
    std::string slug;
    std::vector<std::string> wanted;
    std::vector<std::string> present;
    std::vector<std::pair<std::string, std::string>> gained;  ///< domain, and whose it was ("" for nobody's)
    std::vector<std::string> lost;                            ///< but for those that are given up whatever carries them
};

/// No thread was free for slow work.
Error too_busy();

struct Refusal {
    std::optional<Response> response;
};

/// The stream of revocations that the gate holds; ends by itself when people has nothing to do.
struct RevocationStream {
    RevocationStream(boost::asio::io_context& io) : timer(io) {}
    boost::asio::steady_timer timer;
    std::string pending;
    bool ended = false;
};

class People final : public Module {
public:
    /// Wall clock in UTC ms and the throttle's clock are inputs, for the tests.
    explicit People(std::function<std::int64_t()> wall_ms, std::unique_ptr<Clock> clock);

    Task<Status> start(ModuleContext& context) override;
    Task<Response> handle(Request& request) override;
    std::vector<Check> check_health() override;
    Task<std::vector<Check>> probe_health() override;
    Task<Status> erase_association(std::string slug) override;
    Task<void> stop() override;
    /// How long a call waits for mail's answer.
    void set_delivery_deadline(Duration deadline) { delivery_deadline_ = deadline; }

private:
    struct Credentials {  ///< cookies of a fresh sign-in
        std::string token;
        std::string device;
        Session session;
    };
    enum class Urgency { when_possible, before_answering };

    void add_routes();

    // Who asks (people.cpp)
    Actor actor_of(const Request& request);
    std::optional<Response> refuse_signed_out(const Request& request, const Actor& actor);
    /// 401, 403 or 404 unless the actor has at least the role in an association that exists.
    std::optional<Response> refuse_below(const Request& request, const Actor& actor, const std::string& slug, Role role);
    std::optional<Response> refuse_unless_admin(const Request& request, const Actor& actor);
    /// The judgements of open_body: each reads the session again, at the moment of the call.
    Judge below(const Request& request, const std::string& slug, Role role);
    Judge unless_admin(const Request& request);
    Judge unless_signed_in(const Request& request);
    /// Ends a transaction with a response for the person.
    Status refuse(Refusal& refusal, Response response) const;
    Status refuse(Refusal& refusal, const Request& request, int status, std::string_view code, const Parameters& parameters = {}) const;
    /// First in the transaction of every change: who asks now, since passwords and people's responses are waited for.
    Status judge_again(Refusal& refusal, const Judge& judge) const;
    /// The response to a change that was not made.
    Response refused_or_failed(const Request& request, Refusal& refusal, const Error& error);
    std::optional<Response> refuse_unless_internal(const Request& request, std::string_view first, std::string_view second = {});
    Response say(const Request& request, int status, std::string_view code, const Parameters& parameters = {}) const;
    Response say_failed(const Request& request, const Error& error);
    /// A 429 with Retry-After.
    Response say_wait(const Request& request, Duration wait) const;
    /// Runs slow work when its turn has come; false when too many wait already (all, or from this address prefix), or the house goes to sleep
    /// before. What was read before it may be old by seconds.
    Task<bool> slow(std::string prefix, std::function<void()> work);
    std::int64_t setting_ms(std::string_view key, std::int64_t otherwise) const;
    Length password_length() const;
    /// Refuses a password that others guess first (modules/support/passwords.hpp); the house's name is added to `names`.
    /// What everybody knows of a person's associations: their names and short names. `more`: the slug of one that they are about to join.
    std::vector<std::string> names_around(const std::string& person, const std::string& more);
    void check_password(JsonFields& fields, std::string_view field, const Secret& password, std::vector<std::string> names);

    // Sign-in (api_session.cpp)
    Task<Response> sign_in(Request& request);
    Task<Response> show_session(Request& request);
    Task<Response> sign_out(Request& request);
    Task<Response> recover(Request& request);
    enum class Recovered { no, yes, own_name };
    /// Within a transaction: uses the code up, sets the password, ends every other way in. `own_name`: nothing is changed.
    Status use_recovery(const std::string& id, const std::vector<std::string>& code_hashes, const Secret& password,
                        const std::string& hash, Recovered& recovered);
    Task<Response> internal_session(Request& request);
    Task<Response> internal_identity(Request& request);
    // App passwords in the place of a session (api_app_sessions.cpp)
    Task<Response> internal_app_session(Request& request);
    Task<Response> identify_app(Request& request, std::string session);
    static bool is_app_session(std::string_view session);
    // Deploy tokens, which sites keeps, in the place of a session (api_token_sessions.cpp)
    Task<Response> open_with_token(Request& request, boost::json::object body);
    Task<Response> identify_token(Request& request, std::string session);
    Task<Response> internal_token_holders(Request& request);
    static bool is_token_session(std::string_view session);
    /// What sites says of a token; nothing: there is none such. Errors: unavailable.
    Task<Result<std::optional<boost::json::object>>> ask_about_token(boost::json::object question);
    /// The session of the member that a token stands for, or 404; what has lost its ground ends at sites too.
    Task<Response> token_session(Request& request, boost::json::object token);
    /// What mail says of an app password; nothing: there is none such. Errors: unavailable.
    /// Who guesses at app passwords from that address waits; one that was right lately does not.
    Duration app_wait(const std::string& prefix, std::string_view login, std::string_view password) const;
    Task<Result<std::optional<boost::json::object>>> ask_about_app_password(std::string path, boost::json::object question);
    Response app_session(const Request& request, const std::string& member, const std::string& scope, const std::string& id);
    boost::json::object identity_document(const Session& session);
    Task<Response> internal_revocations(Request& request);
    Result<Credentials> open_session(const Person& person, bool shared, const std::string& old_session, bool known_device);
    void set_cookies(Response& response, const Credentials& credentials) const;
    /// The response of every call that signs in: who it is, and the cookies.
    Response signed_in(int status, const Person& person, const Credentials& credentials);
    boost::json::object session_document(const Actor& actor);
    /// An attempt that is counted until it is known to be right.
    struct Attempt {
        std::string key;     ///< of Throttle
        std::string prefix;  ///< of AddressBudget; empty: a computer that this person used before is not counted with its network
        int work = 1;        ///< slow hashes that it costs
    };
    /// Nothing: attempts from there are not counted.
    std::optional<Attempt> attempt_of(const Request& request, const std::string& account, const std::string& person, int work = 1);
    /// Zero: go on (it is counted). Else the time to wait.
    Duration begin(const std::optional<Attempt>& attempt);
    void succeed(const std::optional<Attempt>& attempt);
    /// It could not be judged.
    void withdraw(const std::optional<Attempt>& attempt);

    // Associations and groups (api_associations.cpp)
    Task<Response> list_associations(Request& request);
    Task<Response> add_association(Request& request);
    Task<Response> show_association(Request& request);
    Task<Response> change_association(Request& request);
    /// A change of an association that is wanted; what is not given stays as it is.
    struct AssociationChange {
        std::optional<std::string> name;
        std::optional<std::vector<std::string>> domains;
        std::optional<std::uint64_t> quota_bytes;
        bool move_domains = false;  ///< take them from the associations that have them
        bool give_up = false;       ///< also domains whose names are in use
    };
    /// 409 when the name is in use, in the bin, or that of one that some module has yet to erase.
    std::optional<Response> refuse_taken_slug(const Request& request, const std::string& slug);
    /// Another association's domains: 409 unless they are to be moved; what is in the bin never is.
    std::optional<Response> refuse_foreign(const Request& request, const std::string& slug, const std::vector<std::string>& domains, bool move);
    Response refuse_binned_domain(const Request& request, const std::string& domain, const std::string& owner) const;
    Status put_association_now(const Association& association, bool move_domains);
    Status change_association_now(const std::string& slug, const AssociationChange& change);
    // Who still carries a domain's name (domains.cpp)
    DomainQuestion domain_question(const std::string& slug, const std::vector<std::string>& wanted, bool give_up);
    bool is_kept(const DomainQuestion& question, const std::string& domain, const Carried& one);
    Task<bool> ask_carried(std::string module, std::string path, std::vector<Carried>& found);
    Task<std::optional<Response>> refuse_domain(const Request& request, const DomainQuestion& question, std::string domain, bool gained);
    /// The refusal of a change while something carries the name of a domain that it gives or takes.
    Task<std::optional<Response>> refuse_domains(const Request& request, const DomainQuestion& question);
    /// Within the transaction of the change: the domains are still whose they were when the others were asked.
    Status judge_domains(Refusal& refusal, const Request& request, const DomainQuestion& question);
    Response refuse_carried(const Request& request, std::string_view code, const std::string& domain, const std::vector<Carried>& found) const;
    Task<Response> internal_association(Request& request);
    /// Every name and address that is in the database, also of people and associations in a bin: what a report must not say. Admin's socket only.
    Task<Response> internal_names(Request& request);
    boost::json::object members_by_login(std::string_view logins);
    // The one quota of mail, sites and texts (api_usage.cpp)
    Task<Response> show_usage(Request& request);
    Task<Response> internal_usage(Request& request);
    /// Has mail count and tell; waits for it, as long as a call may take.
    Task<void> ask_mail_usage(std::string slug);
    /// Adds `used_bytes` and `warning_percent` to an association's document, for its managers.
    void add_usage(boost::json::object& document, const Association& association);
    Task<Response> list_groups(Request& request);
    Task<Response> add_group(Request& request);
    Task<Response> change_group(Request& request);
    /// The end of both: the address is asked for, the group kept and mail told.
    Task<Response> put_group(const Request& request, Circle circle, const Judge& judge, int status);
    Task<Response> erase_group(Request& request);
    void read_group(JsonFields& fields, Circle& circle, const Association& association, bool all);
    std::vector<std::string> read_domains(JsonFields& fields);

    // Members (api_members.cpp)
    Task<Response> list_members(Request& request);
    Task<Response> add_member(Request& request);
    Task<Response> propose_member(Request& request);
    struct NewMember;
    NewMember read_new_member(JsonFields& fields, const Request& request, const std::string& slug);
    /// The slow parts: the password's hash, the invitation. The refusal, or nothing.
    Task<std::optional<Response>> prepare_member(const Request& request, NewMember& wanted);
    /// Within a transaction.
    Status put_new_member(const Request& request, NewMember& wanted, Refusal& refusal, const Judge& judge);
    /// A login that is known: the account joins one more association.
    Status join_account(const Request& request, NewMember& wanted, const Person& found, Refusal& refusal);
    struct Proposal {
        std::string login;
        std::string mailbox;  ///< empty: the association has no domain
    };
    /// A free login and address for somebody of this name, with one number for both.
    Proposal propose(const std::string& slug, std::string_view name);
    /// Why a login cannot be had: who holds it (`holder`, where the caller may know it), and one that is free.
    Parameters login_parameters(const std::string& slug, const Person& asked, const std::string& holder);
    Task<Response> change_member(Request& request);
    struct MemberPatch;
    MemberPatch read_member_patch(JsonFields& fields, const Actor& actor, const std::string& slug, const Member& found);
    /// Whether each association of the person still has a manager when `person` is what they are.
    bool leaves_managers(const std::string& slug, const Member& found, const Person& person, Role wanted);
    /// Within a transaction.
    Status put_member_patch(const Request& request, const std::string& slug, const Member& found, const MemberPatch& patch, Refusal& refusal);
    Task<Response> erase_member(Request& request);
    Task<Response> renew_invitation(Request& request);
    // The bin of members (api_bin.cpp)
    /// What was removed before is over.
    std::int64_t bin_since() const;
    void empty_bin_daily();
    void empty_bin();
    /// In the journal: associations whose 30 days are over are erased for good.
    void tell_purged(const std::vector<std::string>& slugs);
    Response list_removed(const std::string& slug, const Page& page);
    boost::json::object removed_document(const RemovedMember& removed);
    std::variant<RemovedMember, Response> find_removed(const Request& request);
    /// Within a transaction.
    Status put_back(const Request& request, const RemovedMember& removed, const std::string& login, std::vector<std::string>& groups_lost,
                    Refusal& refusal);
    /// What mail says of the mailboxes of a member who went or came back; empty where it does not answer.
    Task<boost::json::object> ask_boxes(std::string person, std::string association);
    Task<Response> restore_member(Request& request);
    Task<Response> purge_member(Request& request);
    void check_mailbox(JsonFields& fields, const std::optional<std::string>& mailbox, const std::string& slug);

    // The bin of associations (api_association_bin.cpp)
    Response list_binned_associations(const Page& page);
    Task<Response> remove_association(Request& request);
    Task<Response> restore_association(Request& request);
    Task<Response> purge_association(Request& request);
    /// 503 with the services that have yet to hear it; `code` says what was done here.
    Response say_behind(const Request& request, std::string_view code, const std::vector<std::string>& services) const;

    // Certificates of erasure (api_erasures.cpp)
    Task<Response> list_erasures(Request& request);
    /// What each service holds of it, as JSON; a service that does not answer is left out.
    Task<std::string> count_holdings(std::string slug);

    // What the other modules have yet to be told of associations (association_tasks.cpp)
    bool is_enabled(std::string_view module) const;
    void start_tasks();
    Task<void> run_tasks(std::string module);
    Task<bool> tell(AssociationTask task);
    /// Waits, as long as a call may take, until each service has heard of the last change of this association. Those that have
    /// not; empty: "removed", "back" or "erased" is true now.
    Task<std::vector<std::string>> behind(std::string slug);

    // Invitations (api_invitations.cpp)
    struct NewInvitation {
        std::string token;
        std::string code;
        std::string code_hash;
    };
    Task<Result<NewInvitation>> make_invitation(std::string prefix);
    /// Within a transaction: binds it to its maker and to what the person is now.
    Status keep_invitation(const NewInvitation& made, const Actor& maker, const std::string& person, const std::string& association);
    /// Whether what it was made for is still so.
    bool holds(const Invitation& invitation);
    bool invitation_is_open(const std::string& person);
    /// Who a person is now, without a session; nothing for one who is gone or disabled.
    std::optional<Actor> actor_of_person(const std::string& person);
    boost::json::object invitation_document(const Request& request, const NewInvitation& invitation) const;
    /// The invitation of the path, or why not.
    Task<std::variant<Invitation, Response>> find_invitation(Request& request);
    Task<Response> show_invitation(Request& request);
    Task<Response> accept_invitation(Request& request);

    // The first set-up (api_setup.cpp)
    struct SetupSecret {
        std::string token;  ///< of the link; empty: there is none
        std::string code;   ///< the same right, typable
        std::int64_t ends_ms = 0;
    };
    struct FirstSetUp {
        std::string house;
        std::string language;
        std::string host;  ///< empty: the settings have one
        Person person;
        Secret password;
        Association association;
    };
    SetupSecret read_setup_secret() const;
    /// Makes a new one unless the present one lasts that long.
    Status renew_setup_secret(std::int64_t left_ms_min);
    std::optional<Response> refuse_setup_secret(const Request& request, const std::string& typed);
    bool has_host() const;
    Task<Response> show_setup(Request& request);
    Task<Response> show_setup_secret(Request& request);
    Task<Response> check_setup(Request& request);
    Task<Response> show_energy(Request& request);
    Task<Response> show_diagnosis(Request& request);
    Task<Response> run_diagnosis(Request& request);
    Task<Response> set_host(Request& request);
    Task<Response> set_up(Request& request);
    Task<Status> settle_host();
    Task<void> settle_host_at_start();
    FirstSetUp read_first_set_up(JsonFields& fields);
    Association read_first_association(JsonFields& fields);
    /// Within the transaction of the set-up.
    Status put_first_admin(const FirstSetUp& wanted);
    Status prepare_setup();
    void finish_setup();
    std::string setup_file() const { return context_->folder() + "/setup-token"; }

    // One's own account (api_me.cpp)
    Task<Response> change_password(Request& request);
    /// Ends the person's other sessions. False: while the password was hashed the session ended, or the password became another.
    Result<bool> put_password(const Actor& actor, const std::string& former_hash, const std::string& hash);
    Task<Response> sign_out_everywhere(Request& request);
    Task<Response> count_recovery_codes(Request& request);
    Task<Response> make_recovery_codes(Request& request);
    Task<Response> app_passwords(Request& request);
    Task<Response> erase_app_password(Request& request);
    /// 403 `password_needed` unless the password was given in this session in the last minutes, or `current` is right.
    Task<std::optional<Response>> prove(Request& request, const Actor& actor, const Secret& current);
    Task<Response> forward_to_mail(const Request& request, std::string method, std::string path, std::string json);

    // The house (api_house.cpp)
    Task<Response> show_house(Request& request);
    Task<Response> show_status(Request& request);
    Task<Response> list_declared(Request& request);
    Task<Response> change_declared(Request& request);
    Task<Response> internal_resend(Request& request);

    // Addresses (addresses.cpp)
    struct AddressWish {
        std::string_view field;  ///< of the caller's body: "mailbox" or "address"
        std::string_view kind;   ///< "mailbox" or "group"
        std::string association;
        std::string address;
        std::string owner;  ///< the person's id, or "ASSOCIATION/GROUP"
    };
    /// Asks mail to keep the address; the refusal, or nothing when it is kept. Nothing either where the house has no mail.
    Task<std::optional<Response>> reserve_address(const Request& request, const AddressWish& wish);
    Task<void> release_address(AddressWish wish);
    /// Mail tells the addresses of one member: all that they sign in with, in order.
    Task<Response> internal_mailboxes(Request& request);
    /// Within a transaction: an event whose address mail refused.
    Status strike_out(const std::string& event);

    // Outbox (outbox.cpp)
    void start_delivery();
    Task<void> deliver();
    /// True when mail has all that is in the outbox now (or mail is off).
    Task<bool> delivered();
    /// Waits for mail; a 503 for a change that must be everywhere, else the response itself.
    Task<Response> after_delivery(Request& request, Response response, Urgency urgency);

    // Revocations (revocations.cpp)
    void revoke_session(const std::string& session) { revoke(session + "\n"); }
    void revoke_person(const std::string& person) { revoke("member " + person + "\n"); }
    void revoke(const std::string& line);
    void end_streams();
    Task<Result<std::string>> next_revocation(std::shared_ptr<RevocationStream> stream);

    // An association as one archive (api_archive.cpp)
    struct ArchiveStream;
    Task<Response> archive_association(Request& request);
    Task<Result<std::string>> next_of_archive(std::shared_ptr<ArchiveStream> stream);
    Task<Status> step_archive(std::shared_ptr<ArchiveStream> stream);
    Status check_archive(ArchiveStream& stream);
    Task<Status> open_archive_source(std::shared_ptr<ArchiveStream> stream);
    Status begin_archive(ArchiveStream& stream);
    Status end_archive(ArchiveStream& stream);

    // An archive that comes in (api_import.cpp)
    Task<Response> internal_import(Request& request);
    Task<Response> internal_import_done(Request& request);
    Task<boost::json::array> import_conflicts(std::string slug, boost::json::object archive, bool same);
    void add_slug_conflict(boost::json::array& list, const std::string& slug);
    void add_login_conflicts(boost::json::array& list, const boost::json::array& members, bool same);

    // Whole associations (archive.cpp)
    /// What the admin said of an archive. Without a word it is anybody's file: whoever wrote it knows its passwords and chose its ids.
    struct ImportTrust {
        bool passwords = false;  ///< hashes of passwords are taken
        bool same = false;       ///< a member whose id and login are here already is that person
    };
    Status import_now(const std::string& slug, const boost::json::object& archive, ImportTrust trust);
    /// The `number`th member of an archive; answers the person's id. Within the transaction of the import.
    Result<std::string> import_member(const std::string& slug, const boost::json::object& archived, std::size_t number, ImportTrust trust);
    Status import_group(const Association& association, boost::json::object archived, std::size_t number);

    std::function<std::int64_t()> wall_ms_;
    std::unique_ptr<Clock> clock_;
    Throttle throttle_;
    AddressBudget tries_;      ///< at passwords and codes
    AddressBudget app_tries_;  ///< at app passwords, apart: a forgotten program must not keep its household from signing in
    RightLately right_lately_;
    ModuleContext* context_ = nullptr;
    std::optional<Store> store_;
    Router router_;
    std::weak_ptr<ArchiveStream> archiving_;  ///< one at a time: it takes a core
    bool trial_ = false;
    bool stopping_ = false;
    bool delivering_ = false;
    std::int64_t late_event_ = 0;  ///< the last one that mail took without having ended its sessions
    bool asking_mail_ = false;
    Duration last_call_{0};
    Duration delivery_deadline_ = delivery_deadline_default;
    std::optional<AwaitedTurns<std::string>> slow_turns_;  ///< by address prefix
    std::list<boost::asio::steady_timer*> delivery_waiters_;
    std::optional<boost::asio::steady_timer> retry_timer_;
    std::optional<boost::asio::steady_timer> bin_timer_;
    std::map<std::string, std::shared_ptr<boost::asio::steady_timer>> task_pauses_;  ///< of each module that is being told
    std::optional<boost::asio::signal_set> signals_;
    std::vector<std::weak_ptr<RevocationStream>> streams_;
    std::uint64_t memory_kb_ = 0;
    bool memory_about_ = false;  ///< a part of it counts shared pages more than once
    std::int64_t asleep_ = 0;
    std::optional<Duration> measured_;
};

boost::json::object association_document(const Association& association, Role role);
/// A member as the API shows them; `all`: for managers.
boost::json::object member_document(const Member& member, bool all);
/// Names the password that the person has, without telling it; empty: none.
std::string password_state(const Person& person);
/// "192.168.1.0/24" as the gate tells it; "?" for a caller without one.
std::string address_prefix(const Request& request);
/// A cookie's value, or empty (RFC 6265 §5.4).
std::string_view cookie_of(const Request& request, std::string_view name);
inline constexpr std::string_view session_cookie = "__Host-hameau";
inline constexpr std::string_view device_cookie = "__Host-hameau-device";

} // namespace hameau::people
