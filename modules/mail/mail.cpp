// Start, stop, health, who may do what, and how auth.db follows mail.db.
#include "modules/mail/mail.hpp"

#include <filesystem>

#include "daemon/base/spawn.hpp"
#include "daemon/base/waiting.hpp"
#include "modules/mail/limits.hpp"
#include "modules/mail/mail_module.hpp"
#include "modules/mail/engines/probe.hpp"

namespace hameau {

std::unique_ptr<Module> make_mail() { return std::make_unique<mail::Mail>(); }

namespace mail {

namespace {

constexpr Event request_failed{"mail.request_failed", Level::error};
constexpr Event accounts_behind{"mail.accounts_behind", Level::error,
                                "a change is saved, signing in to mail follows when the disk allows it; tried again"};
constexpr Event sessions_open{"mail.sessions_open", Level::warning,
                              "Dovecot did not say that the sessions of some members are ended; asked again"};

} // namespace

Task<Status> Mail::start(ModuleContext& context) {
    context_ = &context;
    Database& database = context.database();
    database.keep_wal_files();
    store_.emplace(database);
    auto accounts = Accounts::open(context.folder());
    if (!accounts) {
        co_return fail(std::move(accounts.error()));
    }
    accounts_.emplace(std::move(*accounts));
    if (auto opened = open_to_group(context.folder() + "/mail.db"); !opened) {
        co_return opened;
    }
    // As short as the working directory allows: a socket's path holds 107 bytes.
    std::error_code failed;
    const bool at_home = std::filesystem::equivalent(std::filesystem::current_path(failed), context.folder(), failed);
    const std::string dovecot = at_home ? "dovecot" : context.folder() + "/dovecot";
    doveadm_.emplace(context.io(), dovecot + "/run/hameau-doveadm", dovecot + "/doveadm-password");
    boxes_socket_ = dovecot + "/run/hameau-boxes";
    // Whatever moment we were killed at, or whichever of the two files came out of a backup: mail.db is right.
    if (auto brought = accounts_->bring_all(*store_); !brought) {
        co_return fail(std::move(brought.error()).during("bringing auth.db behind mail.db"));
    }
    router_.add("GET", "/api/v1/associations/{slug}/mailboxes", this, &Mail::list_mailboxes);
    router_.add("POST", "/api/v1/associations/{slug}/mailboxes", this, &Mail::add_mailbox);
    router_.add("PATCH", "/api/v1/associations/{slug}/mailboxes/{address}", this, &Mail::change_mailbox);
    router_.add("DELETE", "/api/v1/associations/{slug}/mailboxes/{address}", this, &Mail::erase_mailbox);
    router_.add("POST", "/api/v1/associations/{slug}/mailboxes/{address}/restore", this, &Mail::restore_mailbox);
    router_.add("GET", "/api/v1/associations/{slug}/aliases", this, &Mail::list_aliases);
    router_.add("POST", "/api/v1/associations/{slug}/aliases", this, &Mail::add_alias);
    router_.add("PATCH", "/api/v1/associations/{slug}/aliases/{address}", this, &Mail::change_alias);
    router_.add("DELETE", "/api/v1/associations/{slug}/aliases/{address}", this, &Mail::erase_alias);
    router_.add("GET", "/api/v1/associations/{slug}/mail-domains", this, &Mail::list_domains);
    router_.add("GET", "/api/v1/associations/{slug}/mail-domains/{domain}", this, &Mail::show_domain);
    router_.add("POST", "/api/v1/associations/{slug}/mail-domains/{domain}/look", this, &Mail::look_at_domain);
    forget_old_looks();
    serve_domains();
    for (const char* path : {"/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.xml"}) {
        router_.add("POST", path, this, &Mail::answer_outlook);
    }
    router_.add("GET", "/api/v1/me/mail", this, &Mail::my_mail);
    router_.add("PATCH", "/api/v1/me/mail/{address}", this, &Mail::answer_forwards);
    start_telling();
    usage_.emplace(context, Usage::Whose::mail);
    router_.add("POST", "/internal/usage", this, &Mail::internal_usage);
    router_.add("POST", "/internal/people-event", this, &Mail::people_event);
    router_.add("POST", "/internal/boxes-of-member", this, &Mail::boxes_of_member);
    router_.add("POST", "/internal/addresses/reserve", this, &Mail::reserve_address);
    router_.add("GET", "/internal/domain", this, &Mail::internal_domain);
    router_.add("GET", "/internal/archive", this, &Mail::internal_archive);
    router_.add("GET", "/internal/holdings", this, &Mail::internal_holdings);
    router_.add("POST", "/internal/archive/addresses", this, &Mail::import_addresses);
    router_.add("POST", "/internal/archive/mailbox", this, &Mail::import_box);
    router_.add("POST", "/internal/addresses/release", this, &Mail::release_address);
    router_.add("POST", "/internal/app-passwords", this, &Mail::add_app_password);
    router_.add("GET", "/internal/app-passwords", this, &Mail::list_app_passwords);
    router_.add("POST", "/internal/app-password-check", this, &Mail::check_app_password);
    router_.add("POST", "/internal/app-password-holder", this, &Mail::check_app_password);
    router_.add("DELETE", "/internal/app-passwords/{id}", this, &Mail::erase_app_password);
    if (!store_->sessions_to_end().empty()) {
        try_later();
    }
    measure_when_due();
    co_return Status{};
}

Task<Response> Mail::handle(Request& request) {
    Response response = co_await router_.dispatch(request);
    const auto failure = store_->take_failure();  // before anything else asks the store
    measure_when_due();
    if (failure) {
        co_return say_failed(request, *failure);
    }
    co_return response;
}

Task<void> Mail::stop() {
    stopping_ = true;
    if (retry_timer_) {
        retry_timer_->cancel();
    }
    if (telling_timer_) {
        telling_timer_->cancel();
    }
    co_return;
}

std::vector<Check> Mail::check_health() {
    std::vector<Check> checks;
    const auto idle = store_->idle_addresses();
    const auto failure = store_->take_failure();
    checks.push_back(check_of(mail_catalogue, "mail.db", !failure, "health_database", {{"error", failure ? failure->message : ""}}));
    const Status accounts = accounts_->check();
    checks.push_back(accounts ? check_of(mail_catalogue, "auth.db", store_->touched().empty(), "health_behind")
                              : check_of(mail_catalogue, "auth.db", false, "health_database", {{"error", accounts.error().message}}));
    std::string names;
    for (const std::string& address : idle) {
        names += (names.empty() ? "" : ", ") + address;
    }
    checks.push_back(check_of(mail_catalogue, "addresses", idle.empty(), "health_addresses", {{"addresses", names}}));
    return checks;
}

Task<std::vector<Check>> Mail::probe_health() {
    std::vector<Check> checks;
    const auto smtp_port = static_cast<std::uint16_t>(context_->settings().integer("mail.smtp_port"));
    const auto imap_port = static_cast<std::uint16_t>(context_->settings().integer("mail.imap_port"));
    std::string recipient = store_->probe_address();
    const Probe smtp = co_await probe_smtp(context_->io(), smtp_port, std::move(recipient), probe_deadline);
    const Probe imap = co_await probe_imap(context_->io(), imap_port, probe_deadline);
    checks.push_back(check_of(mail_catalogue, "postfix", smtp.verdict == Verdict::fine,
                              smtp.verdict == Verdict::silent ? "health_postfix_silent" : "health_postfix_refuses",
                              {{"port", std::to_string(smtp_port)}, {"said", smtp.said}}));
    checks.push_back(check_of(mail_catalogue, "dovecot", imap.verdict == Verdict::fine, "health_dovecot",
                              {{"port", std::to_string(imap_port)}, {"said", imap.said}}));
    co_return checks;
}

Response Mail::say(const Request& request, int status, std::string_view code, const Parameters& parameters) const {
    return problem(mail_catalogue, request, status, code, parameters);
}

Response Mail::say_failed(const Request& request, const Error& error) {
    Parameters parameters;
    parameters.emplace_back("reference", context_->journal().write_reference(request_failed, {{"error", error.message}}));
    return say(request, 507, "disk", parameters);
}

std::optional<Response> Mail::refuse_below(const Request& request, const std::string& slug, Role role) {
    if (!request.who.signed_in() && request.who.caller != Caller::admin) {
        return say(request, 401, "signed_out");
    }
    if (request.who.caller == Caller::module || (request.who.caller == Caller::gate && request.who.role_in(slug) < role)) {
        return say(request, 403, "forbidden");
    }
    const auto association = store_->association(slug);
    if (!association || association->closed) {
        return say(request, 404, "no_association");
    }
    return std::nullopt;
}

std::optional<Response> Mail::refuse_unless_people(const Request& request) const {
    if (request.who.caller == Caller::module && request.who.module == "people") {
        return std::nullopt;
    }
    return say(request, 403, "forbidden");
}

Task<Opening> Mail::open_from_people(Request& request, std::size_t bytes_max) {
    const Judge judge = [this, &request] { return refuse_unless_people(request); };
    co_return co_await open_body(context_, request, judge, bytes_max);
}

bool Mail::settle() {
    if (store_->touched().empty()) {
        return true;
    }
    const Status brought = accounts_->bring(*store_, store_->touched());
    if (brought) {
        store_->touched().clear();
        return true;
    }
    context_->journal().write(accounts_behind, {{"error", brought.error().message}});
    try_later();
    return false;
}

void Mail::try_later() {
    if (!settling_ && !stopping_) {
        settling_ = true;
        spawn(context_->io(), settle_later(), context_->journal(), "accounts for Dovecot");
    }
}

Task<bool> Mail::end_sessions() {
    start_telling();
    if (!settle()) {
        co_return false;
    }
    std::vector<std::string> users = store_->sessions_to_end();
    if (users.empty()) {
        co_return true;
    }
    // First the number, by which hameau-milter judges submission; only then may a session open that is not over.
    if (const auto noted = store_->note_session_ends(users); !noted) {
        context_->journal().write(accounts_behind, {{"error", noted.error().message}});
        try_later();
        co_return false;
    }
    const Kicked kicked = co_await doveadm_->kick(users, kick_deadline);
    if (kicked == Kicked::unknown) {
        context_->journal().write(sessions_open, {{"users", std::to_string(users.size())}});
        try_later();
        co_return false;
    }
    if (const auto done = store_->forget_sessions_to_end(users); !done) {
        try_later();
    }
    if (kicked == Kicked::done && !stopping_) {
        spawn(context_->io(), kick_once_more(std::move(users)), context_->journal(), "mail sessions to end");
    }
    co_return true;
}

Task<void> Mail::kick_once_more(std::vector<std::string> users) {
    const auto held = context_->busy();
    boost::asio::steady_timer timer(context_->io());
    timer.expires_after(late_session);
    co_await timer.async_wait(wait);
    if (!stopping_) {
        (void)co_await doveadm_->kick(std::move(users), kick_deadline);
    }
}

Task<void> Mail::settle_later() {
    const auto held = context_->busy();
    retry_timer_.emplace(context_->io());
    std::chrono::seconds pause = kick_pause_first;
    bool done = false;
    while (!stopping_ && !done) {
        retry_timer_->expires_after(pause);
        co_await retry_timer_->async_wait(wait);
        if (!stopping_) {
            done = co_await end_sessions();
        }
        pause = std::min(pause * 2, kick_pause_max);
    }
    settling_ = false;
}

Task<Response> Mail::after_change(Request& request, Status done, Response answer) {
    if (!done) {
        co_return say_failed(request, done.error());
    }
    const bool ended = co_await end_sessions();
    if (!ended) {
        co_return say(request, 503, "pending");
    }
    co_return answer;
}

} // namespace mail

} // namespace hameau
