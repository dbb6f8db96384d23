// One turn over the names: what is there, what is due, the orders, the file STATE/tls/certificates.
#include "provisioning/acme.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <mutex>
#include <netdb.h>
#include <openssl/rand.h>
#include <optional>
#include <set>
#include <thread>

#include "daemon/base/fd.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/open_regular.hpp"
#include "daemon/base/text.hpp"
#include "daemon/contract/hosts_map.hpp"
#include "daemon/contract/mail_names.hpp"
#include "provisioning/acme_client.hpp"
#include "provisioning/acme_state.hpp"
#include "provisioning/certificates.hpp"
#include "provisioning/limits.hpp"
#include "provisioning/run_program.hpp"

namespace hameau::provisioning {

namespace {

constexpr std::int64_t earliest_now = 1764547200;  ///< 2025-12-01: an older time is a machine whose clock is not set yet
/// The first line of a file that we put there; readers of PEM skip it (RFC 7468 §2). It stands in the file itself, so that no
/// crash, and no lost line of the state, makes our own certificate look like one that the admin put there.
constexpr std::string_view mark_of_ours = "Made by Hameau: renewed by itself. Replace the whole file to have your own certificate here.\n";

std::int64_t now_of(const AcmePlace& place) { return place.now_s != nullptr ? place.now_s() : std::time(nullptr); }

/// Empty when hameaud did not say it.
std::string setting_of(const Settings& settings, std::string_view key) { return settings.has(key) ? settings.text(key) : std::string(); }

std::string state_file(const AcmePlace& place) { return place.state + "/tls/certificates"; }

AcmeState read_state(const AcmePlace& place) {
    const auto text = read_file(state_file(place), acme_state_bytes_max);
    return text ? AcmeState::parse(*text) : AcmeState();
}

std::string file_of(const AcmePlace& place, const std::string& host, const std::string& house) {
    return host == house ? place.state + "/tls/default.pem" : place.state + "/tls/hosts/" + host + ".pem";
}

/// The names that the house serves, its own too. Nothing when hosts.map cannot be read: then nothing is forgotten.
Result<std::set<std::string>> served_names(const AcmePlace& place, const std::string& house) {
    std::set<std::string> names;
    if (!house.empty()) {
        names.insert(house);
    }
    const Fd folder(::open((place.state + "/sites").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const auto file = folder ? open_regular(folder.get(), "hosts.map") : Result<Fd>(fail_errno("sites"));
    if (!file) {
        return file.error().code == std::errc::no_such_file_or_directory ? Result<std::set<std::string>>(names) : fail(file.error());
    }
    const auto text = read_all(file->get(), sites::hosts_map_bytes_max);
    const auto map = text ? sites::HostsMap::parse(*text) : Result<sites::HostsMap>(fail(text.error()));
    if (!map) {
        return fail(map.error());
    }
    for (const sites::HostLine& line : map->lines()) {
        names.insert(line.host);
    }
    return names;
}

/// The names beside the house's mail domains (autoconfig.D and the others), when mail is on. When the list cannot be read, those of before.
std::set<std::string> mail_names(const Settings& settings, const AcmePlace& place, const AcmeState& state) {
    std::set<std::string> out;
    if (setting_of(settings, "mail.enabled") == "false") {
        return out;
    }
    const Fd folder(::open((place.state + "/mail/served").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const auto file = folder ? open_regular(folder.get(), "domains") : Result<Fd>(fail_errno("mail/served"));
    if (!file && file.error().code == std::errc::no_such_file_or_directory) {
        return out;
    }
    const auto text = file ? read_all(file->get(), mailnames::mail_domains_bytes_max) : Result<std::string>(fail(file.error()));
    const auto domains = text ? mailnames::Domains::parse(*text) : Result<mailnames::Domains>(fail(text.error()));
    for (const AcmeName& name : domains ? std::vector<AcmeName>() : state.names) {
        if (mailnames::read_host(name.host)) {
            out.insert(name.host);
        }
    }
    for (const std::string& domain : domains ? domains->names() : std::vector<std::string>()) {
        for (std::string& host : mailnames::hosts_of(domain)) {
            out.insert(std::move(host));
        }
    }
    return out;
}

/// Words of the child that looks names up.
constexpr std::string_view said_here = "here";
constexpr std::string_view said_elsewhere = "elsewhere";

/// A name in neither: DNS did not answer, or not in time.
struct WhereNames {
    std::set<std::string> here;
    std::set<std::string> elsewhere;
};

/// Which of them lead to this house, as DNS says: a wildcard of the domain may lead all of them to somebody else's machine.
WhereNames where_names(const AcmePlace& place, const std::string& house, const std::vector<std::string>& names) {
    WhereNames out;
    const Fd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    ProgramRun look;
    look.program = self.get();
    look.arguments = {"names-here", house};
    look.arguments.insert(look.arguments.end(), names.begin(), names.end());
    look.uid = place.acme_uid;
    look.deadline = names_here_limit;
    const auto end = names.empty() || house.empty() ? Result<ProgramEnd>(fail(ErrorKind::not_found, "nothing to look up")) : run_to_end(std::move(look));
    for (const std::string_view line : split(end ? std::string_view(end->output) : std::string_view(), '\n')) {
        const std::size_t space = std::min(line.find(' '), line.size());
        const std::string_view name = line.substr(std::min(space + 1, line.size()));
        if (std::find(names.begin(), names.end(), name) != names.end()) {
            (line.substr(0, space) == said_here ? out.here : out.elsewhere).emplace(name);
        }
    }
    return out;
}

/// Names beside mail domains that are due are asked for when they lead here, and else wait. Nobody is told: most associations' DNS is with a
/// registrar, and these records are optional.
void judge_mail_names(const AcmePlace& place, AcmeState& state, const std::set<std::string>& mail, const std::string& house, std::int64_t now) {
    std::vector<AcmeName*> open;
    std::vector<std::string> asked;
    for (AcmeName& name : state.names) {
        const bool due = name.code == acme_code::not_here || name.next <= now;
        if (mail.contains(name.host) && due && name.code != acme_code::own) {
            open.push_back(&name);
        }
    }
    std::stable_sort(open.begin(), open.end(), [](const AcmeName* a, const AcmeName* b) { return a->next < b->next; });
    open.resize(std::min(open.size(), names_looked_up_max));
    for (const AcmeName* name : open) {
        if (is_public_name(name->host)) {
            asked.push_back(name->host);
        }
    }
    const WhereNames where = where_names(place, house, asked);
    for (AcmeName* name : open) {
        const bool away = !is_public_name(name->host) || where.elsewhere.contains(name->host);
        if (where.here.contains(name->host)) {
            const bool first = name->code == acme_code::not_here;
            name->code = first ? std::string(acme_code::asked) : name->code;
            name->next = first ? now : name->next;
        } else if (away || name->expires == 0) {
            // Nobody knows where a new name leads: it is looked up again soon.
            name->code = std::string(acme_code::not_here);
            name->failures = 0;
            name->detail.clear();
            name->next = now + (away ? look_again : look_soon);
        }
        // One with a certificate that DNS does not tell of is renewed all the same: the authority looks for itself.
    }
}

/// Whether we put the file there.
bool is_ours(const std::string& file, X509* present, const AcmeName& name) {
    const auto text = read_file(file, pem_bytes_max);
    return (text && text->starts_with(mark_of_ours)) || fingerprint_of(present) == name.fingerprint;
}

/// How a name stands by the files alone: code, expiry, when it is next looked at.
void look_at_file(const AcmePlace& place, const std::string& file, AcmeName& name, std::int64_t now) {
    if (name.failures > 0 && name.next > now + wait_max) {
        name.next = now;  // set by a clock that was wrong
    }
    const Certificate present = read_certificate(file);
    const bool ours = present && is_ours(file, present.get(), name);
    if (!present || (!ours && is_self_made(place.state, present.get()))) {
        name.fingerprint.clear();
        name.expires = 0;
        if (name.code == acme_code::fine || name.code == acme_code::own) {
            name.code = acme_code::asked;
            name.next = now;
        }
        return;
    }
    name.expires = not_after_of(present.get());
    if (!ours) {
        name.code = acme_code::own;
        name.failures = 0;
        name.next = now + look_again;
        return;
    }
    name.fingerprint = fingerprint_of(present.get());
    const std::int64_t due = covers(present.get(), name.host) ? renewal_of(not_before_of(present.get()), name.expires) : now;
    if (name.failures == 0) {
        name.code = acme_code::fine;
        name.next = due;
    }
}

/// Nothing, or why this name is not asked for now.
std::string_view hindrance(const AcmePlace& place, const std::string& host) {
    if (!is_public_name(host)) {
        return acme_code::not_public;
    }
    const Fd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    ProgramRun look;
    look.program = self.get();
    look.arguments = {"look-up", host};
    look.uid = place.acme_uid;
    look.deadline = lookup_limit;
    const auto end = run_to_end(std::move(look));
    return end && end->exit_code == 1 ? acme_code::no_address : std::string_view();
}

void say(std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
    std::fflush(stdout);
}

/// One name that is due.
void renew_one(const AcmePlace& place, const AcmeAccount& account, const std::string& file, AcmeName& name) {
    OrderEnd end;
    end.code = hindrance(place, name.host);
    const auto stood_there = read_file(file, pem_bytes_max);
    if (end.code.empty()) {
        // The key stays as long as the name does: what pins it (DANE, RFC 7671) goes on being right.
        Key key = name.fingerprint.empty() ? nullptr : read_key(file);
        if (!key) {
            key = make_key();
        }
        end = order_certificate(place, account, name.host, key.get());
    }
    const auto stands_there = read_file(file, pem_bytes_max);
    if (end.code == acme_code::fine && stood_there.value_or(std::string()) != stands_there.value_or(std::string())) {
        // The admin put another one there while the order ran, which takes minutes: it is looked at again.
        name.next = now_of(place) + soon;
        return;
    }
    if (end.code == acme_code::fine) {
        if (auto put = install_pem(file, std::string(mark_of_ours) + end.pem, place.gate_gid); !put) {
            end.code = acme_code::failed;
            end.detail = put.error().message;
        }
    }
    name.code = std::string(end.code);
    name.detail = end.detail;
    if (end.code == acme_code::fine) {
        name.failures = 0;
        name.fingerprint = end.fingerprint;
        name.expires = end.not_after;
        name.next = renewal_of(end.not_before, end.not_after);
        say("issued " + name.host);
        return;
    }
    std::uint32_t random = 0;
    (void)RAND_bytes(reinterpret_cast<unsigned char*>(&random), sizeof random);
    name.failures = std::min(name.failures + 1, 1000U);
    name.next = now_of(place) + (name.code == acme_code::not_public ? look_again : back_off(name.failures, random));
    say("failed " + name.host + " " + name.code + " " + name.detail);
}

/// Lines of names that are no longer served go, and so do their files once they are of no use to anybody.
void forget_others(const AcmePlace& place, AcmeState& state, const std::set<std::string>& names, const std::string& house, std::int64_t now) {
    std::erase_if(state.names, [&](const AcmeName& name) {
        if (names.contains(name.host)) {
            return false;
        }
        const std::string file = file_of(place, name.host, house);
        const Certificate present = read_certificate(file);
        const bool ours = present && is_ours(file, present.get(), name);
        if (ours && name.expires > now) {
            return false;  // a site in the bin may come back
        }
        if (ours && name.host != house) {
            std::error_code ignored;
            std::filesystem::remove(file, ignored);
        }
        return true;
    });
}

/// What a crash in the middle of a turn left behind: challenges, and files that did not get their name (with a key in them).
void remove_leftovers(const AcmePlace& place) {
    std::error_code ignored;
    for (const std::string folder : {"/tls", "/tls/hosts"}) {
        for (const auto& entry : std::filesystem::directory_iterator(place.state + folder, ignored)) {
            if (entry.path().filename().string().find(".pem.new") != std::string::npos) {
                std::filesystem::remove(entry.path(), ignored);
            }
        }
    }
    for (const auto& entry : std::filesystem::directory_iterator(place.state + "/tls/acme-challenge", ignored)) {
        std::filesystem::remove(entry.path(), ignored);
    }
}

/// Orders for those of `names` that are due, and when the next turn is wanted.
void take_turn(const AcmePlace& place, const AcmeAccount& account, AcmeState& state, const std::set<std::string>& names, const std::string& house) {
    const std::int64_t begin = now_of(place);
    unsigned orders = 0;
    std::int64_t next = begin + look_again;
    for (AcmeName& name : state.names) {
        if (!names.contains(name.host)) {
            continue;
        }
        if (name.code == acme_code::not_here) {
            next = std::min(next, std::max(name.next, begin + soon));
            continue;
        }
        const std::int64_t now = now_of(place);
        const std::string file = file_of(place, name.host, house);
        look_at_file(place, file, name, now);
        if (account.url.empty()) {
            name.code = std::string(name.code == acme_code::own || name.code == acme_code::fine ? std::string_view(name.code) : acme_code::no_authority);
            continue;
        }
        if (name.next <= now && name.code != acme_code::own) {
            if (now < earliest_now) {
                name.code = acme_code::bad_clock;
                next = std::min(next, now + clock_wait);
                continue;
            }
            if (now - begin < begin_orders_for && orders++ < orders_per_turn) {
                renew_one(place, account, file, name);
                (void)write_file_atomically(state_file(place), state.to_text(), 0644);  // a kill forgets no order
            }
        }
        next = std::min(next, std::max(name.next, now + soon));
    }
    state.next = next;
}

/// The addresses of a name and the name that it is an alias of; empty when there is none. Nothing when nobody answers.
std::optional<std::set<std::string>> addresses_or_alias(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_CANONNAME;
    addrinfo* found = nullptr;
    std::set<std::string> out;
    if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0) {
        return code == EAI_NONAME || code == EAI_NODATA ? std::optional(out) : std::nullopt;
    }
    if (found->ai_canonname != nullptr && host != found->ai_canonname) {
        out.insert(ascii_lower(found->ai_canonname));
    }
    for (const addrinfo* one = found; one != nullptr && out.size() < addresses_of_name_max; one = one->ai_next) {
        char text[NI_MAXHOST] = {};
        if (::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) {
            out.insert(text);
        }
    }
    ::freeaddrinfo(found);
    return out;
}

} // namespace

Status renew_certificates(const Settings& settings, const AcmePlace& place, bool again) {
    const std::string house = setting_of(settings, "house.host");
    AcmeAccount account;
    account.url = setting_of(settings, "house.acme_url");
    account.contact = setting_of(settings, "house.acme_contact");
    account.dns_hook = setting_of(settings, "house.acme_dns_hook");
    AcmeState state = read_state(place);
    auto names = served_names(place, house);
    if (!names) {
        return fail(names.error());
    }
    std::set<std::string> mail = mail_names(settings, place, state);
    for (const std::string& host : *names) {
        mail.erase(host);  // a site of a former version
    }
    names->insert(mail.begin(), mail.end());
    std::set<std::string> fresh = *names;
    for (const AcmeName& name : state.names) {
        fresh.erase(name.host);
    }
    for (const std::string& host : fresh) {
        AcmeName name;
        name.host = host;
        // The house's own first: a turn has its bound.
        state.names.insert(host == house ? state.names.begin() : state.names.end(), std::move(name));
    }
    for (AcmeName& name : state.names) {
        if (again && name.failures > 0) {
            name.next = 0;
        }
    }
    remove_leftovers(place);
    forget_others(place, state, *names, house, now_of(place));
    // The house's own certificate, for as long as it has no better one, does not run out.
    const Certificate present = read_certificate(place.state + "/tls/default.pem");
    if (present && is_self_made(place.state, present.get())) {
        if (auto made = make_trial_authority(place.state, house, place.gate_gid); !made) {
            return made;
        }
    }
    if (!account.url.empty() && now_of(place) >= earliest_now) {
        judge_mail_names(place, state, mail, house, now_of(place));
    }
    take_turn(place, account, state, *names, house);
    std::vector<AcmeName> served = state.names;
    std::erase_if(served, [&](const AcmeName& name) { return !names->contains(name.host) || name.code == acme_code::not_here; });
    state.trouble = trouble_of(served, house, now_of(place));
    return write_file_atomically(state_file(place), state.to_text(), 0644);
}

std::string certificate_state(const Settings& settings, const AcmePlace& place, const std::string& host) {
    const std::int64_t now = now_of(place);
    for (const std::string& file : {place.state + "/tls/hosts/" + host + ".pem", place.state + "/tls/default.pem"}) {
        const Certificate present = read_certificate(file);
        if (present && covers(present.get(), host) && not_after_of(present.get()) > now && !is_self_made(place.state, present.get())) {
            return std::string(acme_code::fine);
        }
    }
    if (setting_of(settings, "house.acme_url").empty()) {
        return std::string(acme_code::no_authority);
    }
    AcmeState state = read_state(place);
    const AcmeName* name = state.find(host);
    return name == nullptr || name->code == acme_code::fine ? std::string(acme_code::asked) : name->code;
}

int answer_challenge(const std::vector<std::string_view>& arguments) {
    const char* folder = std::getenv("HAMEAU_CHALLENGES");
    constexpr std::string_view token_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (folder == nullptr || arguments.size() != 5 || arguments[1] != "http-01" || arguments[3].empty() || arguments[3].size() > 200 ||
        arguments[3].find_first_not_of(token_characters) != std::string_view::npos) {
        return 1;
    }
    const std::string file = std::string(folder) + "/" + std::string(arguments[3]);
    if (arguments[0] == "begin") {
        return write_file_atomically(file, arguments[4], 0644) ? 0 : 1;
    }
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    return 0;
}

int print_names_here(const std::string& house, const std::vector<std::string>& names) {
    // A dead name server holds one thread for some seconds, and not the names of others.
    ::setenv("RES_OPTIONS", "timeout:2 attempts:2", 1);
    const std::set<std::string> own = addresses_or_alias(house).value_or(std::set<std::string>());
    std::atomic<std::size_t> next = 0;
    std::mutex saying;
    const auto look = [&] {
        for (std::size_t i = next++; i < names.size(); i = next++) {
            const auto found = addresses_or_alias(names[i]);
            // The alias counts by itself: /etc/hosts may give this machine another address for its own name than the world sees.
            const bool here = found && (found->contains(house) || std::any_of(found->begin(), found->end(), [&own](const std::string& address) { return own.contains(address); }));
            // While the house's own name is not told, nobody knows what leads elsewhere.
            if (found && (here || !own.empty())) {
                const std::lock_guard lock(saying);
                say(std::string(here ? said_here : said_elsewhere).append(" ").append(names[i]));
            }
        }
    };
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < std::min(names.size(), lookups_at_once); ++i) {
        threads.emplace_back(look);
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    return 0;
}

int look_up_name(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (found != nullptr) {
        ::freeaddrinfo(found);
    }
    return code == 0 ? 0 : code == EAI_NONAME || code == EAI_NODATA ? 1 : 2;
}

} // namespace hameau::provisioning
