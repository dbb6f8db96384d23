// The domains of an association as its managers see them: which DNS records they need, and what the last look found. A look asks strangers
// and takes seconds: a person starts it, never the page alone, and each association has a budget.
#include <filesystem>

#include "daemon/base/domain_letters.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/trial.hpp"
#include "daemon/contract/mail_names.hpp"
#include "modules/mail/auth/dns.hpp"
#include "modules/mail/auth/outgoing_signatures.hpp"
#include "modules/mail/domain_document.hpp"
#include "modules/mail/mail_module.hpp"
#include "modules/mail/records/kept_look.hpp"
#include "modules/mail/records/limits.hpp"
#include "modules/mail/records/look.hpp"
#include "modules/support/opening.hpp"

namespace hameau::mail {

namespace json = boost::json;
using mailrecords::Evidence;
using mailrecords::HouseFacts;

namespace {

constexpr Event look_not_kept{"mail.look_not_kept", Level::warning, "a look at a domain is shown once and not kept; the disk may be full"};
/// FDN, an association that gives access to internet in France, lets everybody ask its resolvers.
constexpr std::string_view usual_resolvers = "machine, 80.67.169.12, 80.67.169.40";

std::string host_part(std::string_view host_and_port) { return std::string(host_and_port.substr(0, host_and_port.rfind(':'))); }

std::uint16_t port_of(const Settings& settings, std::string_view key) { return static_cast<std::uint16_t>(settings.integer(key)); }

/// An association one of whose domains is being looked at, also when the caller leaves in between and the coroutine is destroyed.
class Running {
public:
    Running(std::set<std::string>& all, std::string slug, std::shared_ptr<const bool> alive)
        : all_(all), slug_(std::move(slug)), alive_(std::move(alive)) {
        all_.insert(slug_);
    }
    ~Running() {
        if (*alive_) {
            all_.erase(slug_);
        }
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

private:
    std::set<std::string>& all_;
    std::string slug_;
    std::shared_ptr<const bool> alive_;
};

} // namespace

std::string Mail::look_file(const std::string& domain) const { return context_->folder() + "/looks/" + domain + ".json"; }

/// A trial is on this computer alone: it asks nobody unless it is told to.
std::string Mail::look_resolvers() const {
    const std::string& setting = context_->settings().text("mail.check_resolvers");
    return setting != "automatic" ? setting : is_trial() ? std::string() : std::string(usual_resolvers);
}

HouseFacts Mail::house_facts(const std::string& domain) const {
    const Settings& settings = context_->settings();
    HouseFacts facts;
    facts.host = settings.text("house.host");
    facts.smarthost = host_part(settings.text("mail.smarthost"));
    facts.smarthost_spf = settings.text("mail.smarthost_spf");
    facts.signs = mailauth::signs_outgoing(settings.text("mail.outgoing_signatures"), is_trial());
    const std::string state = std::filesystem::path(context_->folder()).parent_path().string();
    const auto records = read_file(state + "/milter/records/" + domain, mailrecords::dkim_octets_max);
    facts.dkim = records ? mailrecords::read_dkim_records(*records) : std::vector<mailrecords::DkimRecord>();
    facts.imaps_port = port_of(settings, "mail.imaps_port");
    facts.submissions_port = port_of(settings, "mail.submissions_port");
    facts.sieve_port = port_of(settings, "mail.sieve_port");
    facts.https_port = port_of(settings, "house.https_port");
    facts.serves_autoconfig = true;
    facts.serves_autodiscover = true;
    const std::string& mode = settings.text("mail.mta_sts");
    facts.mta_sts_id = mode == "none" ? "" : mailnames::mta_sts_id(mailnames::mta_sts_policy(facts.host, mode));
    // RFC 8659 §4.2: the name that an authority looks for in CAA. That of another authority is not known here.
    const bool encrypts = settings.has("house.acme_url") && settings.text("house.acme_url").find(".letsencrypt.org/") != std::string::npos;
    facts.authority = encrypts && !is_trial() ? "letsencrypt.org" : "";
    return facts;
}

Evidence Mail::kept_look(const std::string& domain) const {
    const auto text = read_file(look_file(domain), mailrecords::look_octets_max);
    return text ? mailrecords::read_look(*text).value_or(Evidence()) : Evidence();
}

/// What was seen of a domain that no association has any more is of no use to anybody.
void Mail::forget_old_looks() {
    std::error_code failed;
    std::vector<std::filesystem::path> gone;
    std::filesystem::directory_iterator entry(context_->folder() + "/looks", failed);
    for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
        if (store_->owner_of_domain(entry->path().stem().string()).empty()) {
            gone.push_back(entry->path());
        }
    }
    for (const auto& path : gone) {
        std::filesystem::remove(path, failed);
    }
}

/// 401, 403 or 404 unless a manager asks for a domain of the association.
std::optional<Response> Mail::refuse_domain(const Request& request, const std::string& slug, const std::string& domain) {
    if (auto refused = refuse_below(request, slug, Role::manager)) {
        return refused;
    }
    const bool own = mailauth::is_plain_domain(domain) && store_->owner_of_domain(domain) == slug;
    return own ? std::nullopt : std::optional(say(request, 404, "no_such_domain"));
}

json::object Mail::domain_now(const Request& request, const std::string& domain, const Evidence& evidence) const {
    // The command asks in the language of its terminal.
    const std::string wish = request.query_parameter("language").value_or("");
    const Language language = wish == "en" ? Language::english : wish == "fr" ? Language::french : language_of(request);
    json::object out = domain_document(domain, house_facts(domain), evidence, language);
    out["can_look"] = !look_resolvers().empty();
    return out;
}

Task<Response> Mail::list_domains(Request& request) {
    const std::string slug(request.parameter("slug"));
    if (auto refused = refuse_below(request, slug, Role::manager)) {
        co_return std::move(*refused);
    }
    const std::vector<std::string> domains = store_->association(slug)->domains;
    json::array items;
    for (const std::string& domain : domains) {
        json::object item = domain_now(request, domain, kept_look(domain));
        item.erase("records");
        item.erase("asked");
        items.push_back(std::move(item));
    }
    co_return list_response(std::move(items), "");
}

Task<Response> Mail::show_domain(Request& request) {
    const std::string slug(request.parameter("slug"));
    const std::string domain = domain_as_kept(request.parameter("domain"));
    if (auto refused = refuse_domain(request, slug, domain)) {
        co_return std::move(*refused);
    }
    co_return json_response(200, domain_now(request, domain, kept_look(domain)));
}

std::optional<Response> Mail::refuse_look(const Request& request, const std::string& slug) {
    if (look_resolvers().empty()) {
        return say(request, 409, "look_trial");
    }
    if (looking_.contains(slug)) {
        return say(request, 409, "look_running");
    }
    if (looking_.size() >= mailrecords::looks_at_once_max) {
        return say(request, 409, "looks_of_others");
    }
    const auto now = std::chrono::steady_clock::now();
    for (auto entry = looks_begun_.begin(); entry != looks_begun_.end();) {
        std::erase_if(entry->second, [now](auto begun) { return now - begun > std::chrono::minutes(1); });
        entry = entry->second.empty() ? looks_begun_.erase(entry) : std::next(entry);
    }
    if (looks_begun_[slug].size() >= mailrecords::looks_per_minute_max) {
        return say(request, 429, "look_often");
    }
    looks_begun_[slug].push_back(now);
    return std::nullopt;
}

Task<Response> Mail::look_at_domain(Request& request) {
    const std::string slug(request.parameter("slug"));
    const std::string domain = domain_as_kept(request.parameter("domain"));
    if (auto refused = refuse_domain(request, slug, domain)) {
        co_return std::move(*refused);
    }
    if (auto refused = refuse_look(request, slug)) {
        co_return std::move(*refused);
    }
    const auto held = context_->busy();
    const auto alive = alive_;
    const Running running(looking_, slug, alive);
    const auto resolv_conf = read_file("/etc/resolv.conf", mailrecords::resolv_conf_octets_max);
    mailrecords::Panel panel = mailrecords::panel_of(look_resolvers(), resolv_conf ? *resolv_conf : std::string());
    std::string asked = domain;
    HouseFacts facts = house_facts(domain);
    Evidence evidence = co_await mailrecords::look_at(context_->io(), context_->journal(), std::move(panel), std::move(asked), std::move(facts));
    if (!*alive) {
        co_return Response{};  // the module is gone, and nobody reads this
    }
    // The domain, the association or the caller's role may have gone meanwhile.
    if (auto refused = refuse_domain(request, slug, domain)) {
        co_return std::move(*refused);
    }
    keep_look(domain, evidence);
    context_->announce("hosts");  // names that lead here now get their certificates
    co_return json_response(200, domain_now(request, domain, evidence));
}

void Mail::keep_look(const std::string& domain, Evidence& evidence) {
    const Evidence before = kept_look(domain);
    HouseFacts facts = house_facts(domain);
    facts.addresses = mailrecords::house_addresses(facts.host, evidence);
    const auto findings = mailrecords::judge(domain, mailrecords::wanted_records(domain, facts), facts, evidence);
    const auto stage = mailrecords::stage_of(findings, evidence);
    evidence.was_live = before.was_live || stage == mailrecords::Stage::live;
    const std::string text = mailrecords::write_look(evidence);
    Status kept = text.size() > mailrecords::look_octets_max ? fail(ErrorKind::too_large, "the zone answers too much") : make_folder(context_->folder() + "/looks", 0700);
    kept = kept ? write_file_atomically(look_file(domain), text) : kept;
    if (!kept) {
        context_->journal().write(look_not_kept, {{"error", kept.error().message}});
    }
}

} // namespace hameau::mail
