// Mail, the module: HTTP in front of Store (mail.db) and Accounts (auth.db). Roles first, then bodies. No mail passes
// here: Postfix and Dovecot read the two databases themselves, and go on when this process sleeps.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include "daemon/contract/module.hpp"
#include "modules/mail/storage/accounts.hpp"
#include "modules/mail/engines/doveadm.hpp"
#include "modules/mail/policy.hpp"
#include "modules/mail/records/judge.hpp"
#include "modules/mail/storage/store.hpp"
#include "modules/support/domain_holds.hpp"
#include "modules/support/json_fields.hpp"
#include "modules/support/opening.hpp"
#include "modules/support/paging.hpp"
#include "modules/support/problem.hpp"
#include "modules/support/router.hpp"
#include "modules/support/usage.hpp"

namespace hameau::mail {

extern const Catalogue mail_catalogue;

/// A mailbox as its association's managers see it.
boost::json::object mailbox_document(const Mailbox& mailbox);

class Mail final : public Module {
public:
    ~Mail() override { *alive_ = false; }
    /// For tests: another time than erase_patience.
    void set_erase_patience(std::chrono::milliseconds patience) { erase_patience_ = patience; }
    Task<Status> start(ModuleContext& context) override;
    Task<Response> handle(Request& request) override;
    std::vector<Check> check_health() override;
    Task<std::vector<Check>> probe_health() override;
    Task<Status> erase_association(std::string slug) override;
    Task<void> stop() override;

private:
    // Who may, and what goes wrong (mail.cpp)
    Response say(const Request& request, int status, std::string_view code, const Parameters& parameters = {}) const;
    Response say_failed(const Request& request, const Error& error);
    /// 401, 403 or 404 unless whoever asks has at least the role in an association that exists.
    std::optional<Response> refuse_below(const Request& request, const std::string& slug, Role role);
    std::optional<Response> refuse_unless_people(const Request& request) const;
    /// The opening of a call of people with a body: nobody else may make it.
    Task<Opening> open_from_people(Request& request, std::size_t bytes_max);
    /// Brings auth.db behind mail.db; on false it is tried again until it succeeds, and the caller must not say "done".
    bool settle();
    /// Settles, then ends the open sessions that lost their reason. False: at least one may still be open; tried again.
    Task<bool> end_sessions();
    void try_later();
    Task<void> settle_later();
    Task<void> kick_once_more(std::vector<std::string> users);
    /// The response to a change: `answer` when both databases have it and no session outlives its reason.
    Task<Response> after_change(Request& request, Status done, Response answer);

    // Addresses of an association (api_addresses.cpp)
    Task<Response> list_mailboxes(Request& request);
    Task<Response> add_mailbox(Request& request);
    Task<Response> change_mailbox(Request& request);
    Task<Response> erase_mailbox(Request& request);
    /// A mailbox that its own member had and that lies in the bin comes back instead of a new one.
    std::optional<BinnedMailbox> own_binned(const Mailbox& wanted);
    Task<Response> list_aliases(Request& request);
    Task<Response> add_alias(Request& request);
    Task<Response> change_alias(Request& request);
    Task<Response> erase_alias(Request& request);
    // The bin of mailboxes (api_bin.cpp)
    Response list_bin(const std::string& slug, const Page& page);
    Task<Response> restore_mailbox(Request& request);
    Task<Response> purge_mailbox(Request& request);
    std::variant<BinnedMailbox, Response> find_binned(const Request& request, const std::string& slug);
    /// Why it cannot come back now.
    std::optional<Response> refuse_return(const Request& request, const BinnedMailbox& box);
    /// What a new mailbox asks for, where one comes back in its place.
    struct Wanted {
        int status = 200;
        std::optional<std::uint64_t> quota_bytes;
        std::optional<std::vector<std::string>> forward;
    };
    Task<Response> bring_back(Request& request, BinnedMailbox box, Wanted wanted);
    /// What is older than bin_ms is purged, and folders that are to go are erased beside.
    void empty_bin();
    void erase_boxes_later();
    Task<void> erase_boxes_beside(std::shared_ptr<const bool> alive);
    /// True when no folder is left that is to go.
    Task<void> erase_boxes(std::shared_ptr<const bool> alive);
    Task<bool> erase_box(std::string folder);
    /// The same, waited for no longer than erase_patience_; it goes on beside. False: not yet, or not at all.
    Task<bool> erase_box_soon(std::string folder);
    struct Erasing;
    Task<void> erase_box_beside(std::string folder, std::shared_ptr<Erasing> erasing);
    // The domains and their DNS records (api_domains.cpp)
    Task<Response> list_domains(Request& request);
    Task<Response> show_domain(Request& request);
    /// Asks DNS, which takes up to 20 s, and answers as show_domain.
    Task<Response> look_at_domain(Request& request);
    std::optional<Response> refuse_domain(const Request& request, const std::string& slug, const std::string& domain);
    /// 409 or 429 when no look may begin now; else the look counts.
    std::optional<Response> refuse_look(const Request& request, const std::string& slug);
    mailrecords::HouseFacts house_facts(const std::string& domain) const;
    std::string look_resolvers() const;
    std::string look_file(const std::string& domain) const;
    mailrecords::Evidence kept_look(const std::string& domain) const;
    void keep_look(const std::string& domain, mailrecords::Evidence& evidence);
    void forget_old_looks();
    boost::json::object domain_now(const Request& request, const std::string& domain, const mailrecords::Evidence& evidence) const;
    // One's own mail (api_me.cpp)
    Task<Response> my_mail(Request& request);
    Task<Response> answer_forwards(Request& request);

    // Fields that they share (fields.cpp); each adds its refusals to `fields`
    enum class Kind { mailbox, alias };
    /// Where the field is missing, `present` is the result; it is required when `present` is empty.
    std::string read_address(JsonFields& fields, const Association& association, Kind kind, const std::string& present = {});
    /// Where mail for `start` is sent on. An address of this house that does not exist, or that leads nowhere, is refused.
    std::optional<std::vector<std::string>> read_targets(JsonFields& fields, std::string_view name, const std::string& start,
                                                         std::size_t count_max);
    std::optional<std::uint64_t> read_quota(JsonFields& fields, const Association& association);
    /// A 409 that says who has the address.
    std::optional<Response> refuse_taken(const Request& request, const std::string& address);
    std::optional<Response> refuse_taken(const Request& request, const std::string& address, Holder holder);

    // What people tells (api_internal.cpp)
    Task<Response> people_event(Request& request);
    Status erase_all_app_passwords(const std::string& member);
    /// Who has the address that an event gives to a mailbox or a group; all else of the event is done then.
    struct Taken {
        Holder holder = Holder::nobody;
        std::string address;
    };
    Status apply_event(std::string_view kind, JsonFields& fields, Taken& taken);
    Status apply_association(JsonFields& fields);
    Status apply_member(JsonFields& fields);
    Status apply_group(JsonFields& fields, Taken& taken);
    Status apply_mailbox(JsonFields& fields, Taken& taken);
    /// The mailboxes of a member who goes into people's bin, comes back, is added again or is erased.
    Status apply_boxes(JsonFields& fields);
    /// What people cannot know of them: are the erased ones off the disk, and which did not come back.
    Task<Response> boxes_of_member(Request& request);
    // What mail tells people: whose addresses are whose (api_reservations.cpp)
    void start_telling();
    Task<void> tell_people();
    std::string addresses_of(const std::string& member);
    Task<Response> reserve_address(Request& request);
    /// What has an address in a domain that people is about to give to `but` (of all others, and nobody else gets an address
    /// there for a moment) or to take from `of`.
    Task<Response> internal_domain(Request& request);
    Task<Response> release_address(Request& request);
    Task<Response> add_app_password(Request& request);
    Task<Response> list_app_passwords(Request& request);
    Task<Response> erase_app_password(Request& request);
    /// Whose app password that is now, by the password itself or by its id (people asks for the gate and for modules).
    Task<Response> check_app_password(Request& request);

    // The names beside mail domains (client_names.cpp)
    /// Brings STATE/mail/served/domains behind mail.db, and tells the gate. What fails is tried again at the next change, and at the next start.
    void serve_domains();
    Task<Response> answer_outlook(Request& request);

    // The one quota of an association (usage.cpp)
    void measure_when_due();
    void measure_later(const std::string& slug);
    /// `alive` says whether this module is still there after a wait.
    Task<void> measure_all(std::shared_ptr<const bool> alive);
    Task<void> measure(std::shared_ptr<const bool> alive, std::string slug);
    Task<Response> internal_usage(Request& request);

    // For an association's archive (archive_parts.cpp)
    struct PartStream;
    Task<Response> internal_archive(Request& request);
    /// How much it holds of an association, in numbers.
    Task<Response> internal_holdings(Request& request);
    Task<Status> open_box(std::shared_ptr<PartStream> stream);
    Task<Result<std::string>> next_part(std::shared_ptr<PartStream> stream);

    // An archive that comes in (api_import.cpp)
    Task<Response> import_addresses(Request& request);
    Task<Response> import_box(Request& request);
    /// What hameau-boxes answered.
    Task<Result<std::string>> place_box(std::string folder, Request& request);

    // Whole associations (archive.cpp)
    boost::json::object addresses_document(const std::string& slug);
    /// `trusted`: what its members agreed to counts; else each copy to an outside address waits for the owner's word.
    Status import_now(const std::string& slug, const boost::json::object& archive, bool trusted);
    struct Imported {
        std::set<std::string> addresses;  ///< so far: an archive has each once
        std::vector<std::pair<std::string, boost::json::value>> targets;   ///< of mailboxes (copies) and aliases, by address
        std::vector<std::pair<std::string, boost::json::object>> answers;  ///< of owners to copies, by address
    };
    Status import_mailbox(const Association& association, const boost::json::object& archived, Imported& imported);
    Status import_alias(const Association& association, const boost::json::object& archived, Imported& imported);
    Status import_targets(const std::string& address, const boost::json::value& list);

    ModuleContext* context_ = nullptr;
    std::optional<Store> store_;
    std::optional<Accounts> accounts_;
    std::optional<Doveadm> doveadm_;
    std::string boxes_socket_;  ///< of hameau-boxes
    std::optional<boost::asio::steady_timer> retry_timer_;
    std::optional<Usage> usage_;
    std::set<std::string> to_measure_;  ///< associations
    std::optional<std::chrono::steady_clock::time_point> measured_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::map<std::string, std::vector<std::string>> lost_links_;  ///< by "MEMBER ASSOCIATION": what did not come back with them
    Router router_;
    DomainHolds domain_holds_;
    std::set<std::string> looking_;  ///< associations one of whose domains is being looked at
    std::map<std::string, std::vector<std::chrono::steady_clock::time_point>> looks_begun_;  ///< by association, of the last minute
    bool settling_ = false;
    bool telling_ = false;
    std::optional<boost::asio::steady_timer> telling_timer_;
    bool measuring_ = false;
    bool erasing_ = false;
    std::chrono::milliseconds erase_patience_ = erase_patience;
    bool stopping_ = false;
};

} // namespace hameau::mail
