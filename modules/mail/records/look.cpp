// Rounds: the resolvers side by side; then the zone's own server; then what SPF leads to; then once more without DNSSEC what failed.
#include "modules/mail/records/look.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <boost/asio/steady_timer.hpp>

#include "daemon/base/io.hpp"
#include "daemon/base/spawn.hpp"
#include "daemon/base/text.hpp"
#include "daemon/base/waiting.hpp"
#include "modules/mail/auth/address_octets.hpp"
#include "modules/mail/records/limits.hpp"

namespace hameau::mailrecords {

namespace asio = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;

/// Questions to several servers at a time.
struct Round {
    explicit Round(asio::io_context& io) : done(io) { done.expires_at(asio::steady_timer::time_point::max()); }
    asio::steady_timer done;
    std::size_t pending = 0;
    std::vector<Replies> replies;
};

Task<void> ask_one(asio::io_context& io, std::shared_ptr<Round> round, std::size_t index, Server server, std::vector<Question> questions) {
    Replies replies = co_await ask_all(io, server, std::move(questions), Asking::resolver);
    round->replies[index] = std::move(replies);
    if (--round->pending == 0) {
        round->done.cancel();
    }
}

/// One that has answered nothing yet is not waited for again.
bool is_dead(const Evidence::Source& source) {
    return !source.replies.empty() && std::all_of(source.replies.begin(), source.replies.end(), [](const auto& entry) { return entry.second.outcome == Outcome::silent; });
}

Task<void> ask_resolvers(asio::io_context& io, const Journal& journal, const Panel& panel, std::vector<Question> questions, Evidence& evidence) {
    auto round = std::make_shared<Round>(io);
    round->replies.resize(panel.resolvers.size());
    round->pending = panel.resolvers.size();
    for (std::size_t i = 0; i < panel.resolvers.size(); ++i) {
        std::vector<Question> rest;  // each question once a look, and questions_max in all
        const bool dead = is_dead(evidence.resolvers[i]);
        for (const Question& question : dead ? std::vector<Question>() : questions) {
            if (!evidence.resolvers[i].replies.contains(question) && evidence.resolvers[i].replies.size() + rest.size() < questions_max) {
                rest.push_back(question);
            }
        }
        spawn(io, ask_one(io, round, i, panel.resolvers[i], std::move(rest)), journal, "questions to a resolver");
    }
    if (round->pending > 0) {
        auto ended = co_await round->done.async_wait(wait);
        (void)ended;
    }
    for (std::size_t i = 0; i < panel.resolvers.size(); ++i) {
        evidence.resolvers[i].replies.merge(round->replies[i]);
    }
}

bool anybody_answered(const Evidence& evidence) {
    return !std::all_of(evidence.resolvers.begin(), evidence.resolvers.end(), is_dead);
}

std::vector<std::string> servers_of_zone(const Evidence& evidence) {
    const Reply* reply = evidence.zone.empty() ? nullptr : evidence.known({evidence.zone, Type::ns});
    std::vector<std::string> names = reply == nullptr ? std::vector<std::string>() : reply->records;
    names.resize(std::min(names.size(), authorities_max));
    return names;
}

/// IPv4 first: a house without IPv6 would only wait.
std::vector<std::pair<std::string, asio::ip::address>> authorities(const Panel& panel, const Evidence& evidence) {
    std::vector<std::pair<std::string, asio::ip::address>> out;
    for (const Type type : {Type::a, Type::aaaa}) {
        for (const std::string& name : servers_of_zone(evidence)) {
            const Reply* reply = evidence.known({name, type});
            for (const std::string& text : reply == nullptr ? std::vector<std::string>() : reply->records) {
                boost::system::error_code failed;
                const auto address = asio::ip::make_address(text, failed);
                if (!failed && (panel.near_authority || !is_near(address)) && out.size() < authorities_max) {
                    out.emplace_back(name, address);
                    break;
                }
            }
        }
    }
    return out;
}

Task<void> ask_authority(asio::io_context& io, const Panel& panel, std::vector<Question> questions, Clock::time_point end, Evidence& evidence) {
    const auto candidates = authorities(panel, evidence);
    for (const auto& [name, address] : candidates) {
        if (Clock::now() > end) {
            co_return;
        }
        const Server server(address, panel.authority_port);
        std::vector<Question> copy = questions;
        Replies replies = co_await ask_all(io, server, std::move(copy), Asking::authority);
        const bool answered = std::any_of(replies.begin(), replies.end(), [](const auto& entry) { return entry.second.outcome > Outcome::failed; });
        if (answered) {
            evidence.authority = name;
            evidence.of_authority = std::move(replies);
            co_return;
        }
    }
}

/// What every resolver that answered failed at: with wrong signatures of DNSSEC a resolver answers SERVFAIL (RFC 4035 §5.5).
std::vector<Question> failed_questions(const std::vector<Question>& questions, const Evidence& evidence) {
    std::vector<Question> out;
    for (const Question& question : questions) {
        bool failed = false;
        for (const Evidence::Source& source : evidence.resolvers) {
            const auto found = source.replies.find(question);
            failed = failed || (found != source.replies.end() && found->second.outcome == Outcome::failed);
        }
        if (failed && evidence.known(question) == nullptr) {
            out.push_back(question);
        }
    }
    return out;
}

Task<void> ask_unchecked(asio::io_context& io, const Panel& panel, std::vector<Question> questions, Evidence& evidence) {
    for (const Server& server : panel.resolvers) {
        std::vector<Question> copy = questions;
        Replies replies = co_await ask_all(io, server, std::move(copy), Asking::unchecked);
        const bool answered = std::any_of(replies.begin(), replies.end(), [](const auto& entry) { return entry.second.outcome > Outcome::failed; });
        if (answered) {
            evidence.unchecked = std::move(replies);
            co_return;
        }
    }
}

std::optional<Server> read_server(std::string_view text) {
    std::string address(text);
    unsigned port = 53;
    const std::size_t colon = text.rfind(':');
    const bool v4 = text.find('.') != std::string_view::npos && std::count(text.begin(), text.end(), ':') == 1;
    if (v4 || (text.starts_with('[') && colon != std::string_view::npos && text[colon - 1] == ']')) {
        address = text.substr(0, colon);
        port = static_cast<unsigned>(std::atoi(std::string(text.substr(colon + 1)).c_str()));
    }
    if (address.starts_with('[') && address.ends_with(']')) {
        address = address.substr(1, address.size() - 2);
    }
    boost::system::error_code failed;
    const auto read = asio::ip::make_address(address, failed);
    return failed || port == 0 || port > 65535 ? std::nullopt : std::optional(Server(read, static_cast<std::uint16_t>(port)));
}

std::optional<Server> machines_own(std::string_view resolv_conf) {
    for (const std::string_view line : split(resolv_conf, '\n')) {
        constexpr std::string_view word = "nameserver ";
        const auto server = line.starts_with(word) ? read_server(trimmed(line.substr(word.size()))) : std::nullopt;
        if (server) {
            return server;
        }
    }
    return std::nullopt;
}

} // namespace

bool is_near(const asio::ip::address& address) {
    constexpr std::array<std::pair<const char*, unsigned>, 12> near = {{{"0.0.0.0", 8}, {"10.0.0.0", 8}, {"100.64.0.0", 10}, {"127.0.0.0", 8}, {"169.254.0.0", 16},
        {"172.16.0.0", 12}, {"192.168.0.0", 16}, {"224.0.0.0", 3}, {"::", 127}, {"fc00::", 7}, {"fe80::", 10}, {"ff00::", 8}}};
    const std::string octets = mailauth::read_address(address.to_string()).value_or("");  // ::ffff:127.0.0.1 becomes IPv4
    return octets.empty() || std::any_of(near.begin(), near.end(), [&octets](const auto& network) {
        const auto own = mailauth::read_address(network.first);
        return own && own->size() == octets.size() && mailauth::same_network(octets, *own, network.second);
    });
}

Panel panel_of(std::string_view setting, std::string_view resolv_conf) {
    Panel panel;
    for (const std::string_view part : split(setting, ',')) {
        const std::string_view word = trimmed(part);
        const auto server = word == "machine" ? machines_own(resolv_conf) : read_server(word);
        const bool known = server && std::find(panel.resolvers.begin(), panel.resolvers.end(), *server) != panel.resolvers.end();
        if (server && !known && panel.resolvers.size() < resolvers_max) {
            panel.resolvers.push_back(*server);
            panel.near_authority = panel.near_authority || (word != "machine" && is_near(server->address()));
        }
    }
    return panel;
}

Task<Evidence> look_at(asio::io_context& io, const Journal& journal, Panel panel, std::string domain, HouseFacts facts) {
    const auto end = Clock::now() + look_patience;
    Evidence evidence;
    for (const Server& server : panel.resolvers) {
        Evidence::Source source;
        source.address = server.address().to_string();
        evidence.resolvers.push_back(std::move(source));
    }
    facts.addresses.clear();
    std::vector<Wanted> wanted = wanted_records(domain, facts);
    std::vector<Question> questions = first_questions(domain, wanted, facts.host);
    co_await ask_resolvers(io, journal, panel, questions, evidence);
    const Reply* zone = evidence.known({domain, Type::soa});
    evidence.zone = zone != nullptr ? zone->zone : "";
    facts.addresses = house_addresses(facts.host, evidence);
    wanted = wanted_records(domain, facts);
    if (anybody_answered(evidence)) {
        std::vector<Question> second = second_questions(domain, wanted, evidence);
        co_await ask_resolvers(io, journal, panel, std::move(second), evidence);
        std::vector<Question> names;
        for (const std::string& name : servers_of_zone(evidence)) {
            names.push_back({name, Type::a});
            names.push_back({name, Type::aaaa});
        }
        if (!names.empty() && Clock::now() < end) {
            co_await ask_resolvers(io, journal, panel, std::move(names), evidence);
        }
        std::vector<Question> own = zone_questions(domain, evidence.zone, wanted);
        co_await ask_authority(io, panel, std::move(own), end, evidence);
        for (int i = 0; i < spf_rounds_max && Clock::now() < end; ++i) {
            std::vector<Question> further = spf_questions(domain, facts, evidence);
            if (further.empty()) {
                break;
            }
            co_await ask_resolvers(io, journal, panel, std::move(further), evidence);
        }
        std::vector<Question> failed = failed_questions(questions, evidence);
        if (!failed.empty() && Clock::now() < end) {
            co_await ask_unchecked(io, panel, std::move(failed), evidence);
        }
    }
    evidence.at_ms = now_ms();
    co_return evidence;
}

} // namespace hameau::mailrecords
