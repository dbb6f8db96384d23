// c-ares sends and repeats; its parsers read the answers, and what is kept of them is bounded here.
#define CARES_NO_DEPRECATED  // the calls of 1.18, which Debian 12 has
#include "modules/mail/milter/dns_client.hpp"

#include <algorithm>
#include <ares.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <netdb.h>

#include "modules/mail/auth/limits.hpp"
#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

using mailauth::Answer;
using mailauth::RecordType;

struct DnsClient::Question {
    DnsClient* client;
    RecordType type;
    Done done;
};

namespace {

int number_of(RecordType type) {
    switch (type) {
    case RecordType::a:
        return ns_t_a;
    case RecordType::aaaa:
        return ns_t_aaaa;
    case RecordType::mx:
        return ns_t_mx;
    case RecordType::txt:
        return ns_t_txt;
    case RecordType::ptr:
        return ns_t_ptr;
    }
    return ns_t_txt;
}

/// c-ares reads "\" as an escape and refuses ":", "/" and "(" from 1.20 on: such names, which macros of SPF can make, have no records.
bool can_be_asked(const std::string& name) {
    return mailauth::is_domain(name) &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f && std::string_view(":/()\\\"").find(c) == std::string_view::npos; });
}

template <class List>
using AresList = std::unique_ptr<List, decltype(&ares_free_data)>;

int read_txt(const unsigned char* octets, int size, std::vector<std::string>& out) {
    ares_txt_ext* raw = nullptr;
    const int status = ares_parse_txt_reply_ext(octets, size, &raw);
    const AresList<ares_txt_ext> list(raw, ares_free_data);
    for (const ares_txt_ext* part = raw; part != nullptr; part = part->next) {
        if (part->record_start != 0 || out.empty()) {
            if (out.size() == mailauth::records_max) {
                break;
            }
            out.emplace_back();
        }
        if (out.back().size() + part->length <= mailauth::txt_octets_max) {
            out.back().append(reinterpret_cast<const char*>(part->txt), part->length);
        }
    }
    return status;
}

int read_mx(const unsigned char* octets, int size, std::vector<std::string>& out) {
    ares_mx_reply* raw = nullptr;
    const int status = ares_parse_mx_reply(octets, size, &raw);
    const AresList<ares_mx_reply> list(raw, ares_free_data);
    std::vector<std::pair<unsigned, std::string>> hosts;
    for (const ares_mx_reply* one = raw; one != nullptr && hosts.size() < mailauth::records_max; one = one->next) {
        hosts.emplace_back(one->priority, one->host);
    }
    std::stable_sort(hosts.begin(), hosts.end(), [](const auto& left, const auto& right) { return left.first < right.first; });
    for (auto& [priority, host] : hosts) {
        out.push_back(std::move(host));
    }
    return status;
}

int read_ptr(const unsigned char* octets, int size, std::vector<std::string>& out) {
    hostent* raw = nullptr;
    const int status = ares_parse_ptr_reply(octets, size, nullptr, 0, AF_INET, &raw);
    const std::unique_ptr<hostent, decltype(&ares_free_hostent)> host(raw, ares_free_hostent);
    for (char** name = host ? host->h_aliases : nullptr; name != nullptr && *name != nullptr && out.size() < mailauth::records_max; ++name) {
        out.emplace_back(*name);
    }
    return status;
}

template <class Entry>
void take_addresses(const Entry* entries, int count, std::vector<std::string>& out) {
    for (int i = 0; i < count; ++i) {
        static_assert(sizeof(Entry) > sizeof(int));
        const auto* const address = reinterpret_cast<const char*>(&entries[i]);
        out.emplace_back(address, sizeof(Entry) == sizeof(ares_addrttl) ? 4 : 16);
    }
}

int read_records(RecordType type, const unsigned char* octets, int size, std::vector<std::string>& out) {
    int count = static_cast<int>(mailauth::records_max);
    int status = ARES_SUCCESS;
    if (type == RecordType::a) {
        ares_addrttl entries[mailauth::records_max];
        status = ares_parse_a_reply(octets, size, nullptr, entries, &count);
        take_addresses(entries, status == ARES_SUCCESS ? count : 0, out);
    } else if (type == RecordType::aaaa) {
        ares_addr6ttl entries[mailauth::records_max];
        status = ares_parse_aaaa_reply(octets, size, nullptr, entries, &count);
        take_addresses(entries, status == ARES_SUCCESS ? count : 0, out);
    } else if (type == RecordType::mx) {
        status = read_mx(octets, size, out);
    } else if (type == RecordType::txt) {
        status = read_txt(octets, size, out);
    } else {
        status = read_ptr(octets, size, out);
    }
    return status;
}

Answer read_answer(RecordType type, int status, const unsigned char* octets, int size) {
    Answer answer;
    if (status == ARES_SUCCESS) {
        status = read_records(type, octets, size, answer.records);
    }
    if (status != ARES_SUCCESS) {
        answer.records.clear();
    }
    answer.status = !answer.records.empty()                                ? Answer::Status::found
                    : status == ARES_SUCCESS || status == ARES_ENODATA     ? Answer::Status::none
                    : status == ARES_ENOTFOUND                             ? Answer::Status::no_name
                                                                           : Answer::Status::failed;
    return answer;
}

void on_socket(void* watch, ares_socket_t socket, int readable, int writable) {
    (*static_cast<const DnsClient::Watch*>(watch))(socket, readable != 0, writable != 0);
}

/// ADDRESS:PORT or [ADDRESS]:PORT of each name server, in the order in which they are asked.
std::vector<std::string> servers_of(ares_channel channel) {
    ares_addr_port_node* raw = nullptr;
    std::vector<std::string> out;
    if (ares_get_servers_ports(channel, &raw) != ARES_SUCCESS) {
        return out;
    }
    const AresList<ares_addr_port_node> list(raw, ares_free_data);
    for (const ares_addr_port_node* one = raw; one != nullptr; one = one->next) {
        if (one->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(reinterpret_cast<const in6_addr*>(&one->addr))) {
            return {};  // as text it would lose its interface
        }
        char text[INET6_ADDRSTRLEN] = "";
        ares_inet_ntop(one->family, &one->addr, text, sizeof text);
        const std::string port = std::to_string(one->udp_port == 0 ? NS_DEFAULTPORT : one->udp_port);
        out.push_back((one->family == AF_INET6 ? "[" + std::string(text) + "]" : std::string(text)) + ":" + port);
    }
    return out;
}

} // namespace

DnsClient::DnsClient(Watch watch) : watch_(std::move(watch)) {}

DnsClient::~DnsClient() {
    if (channel_ != nullptr) {
        ares_destroy(channel_);
    }
}

bool DnsClient::open() {
    if (channel_ != nullptr) {
        return true;
    }
    ares_options options{};
    options.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    options.ednspsz = dns_udp_octets;
    options.timeout = dns_try_ms;
    options.tries = dns_tries;
    options.sock_state_cb = on_socket;
    options.sock_state_cb_data = &watch_;
    int given = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
    options.qcache_max_ttl = 0;  // the resolver of the machine has a cache; a second one would only keep what is wrong
    given |= ARES_OPT_QUERY_CACHE;
#endif
    if (ares_init_options(&channel_, &options, given) != ARES_SUCCESS) {
        channel_ = nullptr;
        return false;
    }
    order_servers();
    return true;
}

std::size_t DnsClient::room(bool first) const {
    const std::size_t all = first ? dns_open_max + dns_open_first_max : dns_open_max;
    return all - std::min(open_, all);
}

/// The preferred server first. c-ares begins each look-up at the first server and a channel lives as long as a burst of questions: with a
/// dead server in front each step of a chain would wait for it. Only while no question is open (ares_set_servers).
void DnsClient::order_servers() {
    reorder_ = false;
    if (preferred_.empty()) {
        return;
    }
    if (clock_.now() >= preferred_until_) {
        preferred_.clear();  // what stood in front gets another chance, at the next burst
        return;
    }
    std::vector<std::string> servers = servers_of(channel_);
    const auto at = std::find(servers.begin(), servers.end(), preferred_);
    if (at == servers.begin() || at == servers.end()) {
        return;  // or /etc/resolv.conf names it no more
    }
    std::rotate(servers.begin(), at, std::next(at));
    std::string list;
    for (const std::string& server : servers) {
        list += (list.empty() ? "" : ",") + server;
    }
    (void)ares_set_servers_ports_csv(channel_, list.c_str());
}

/// An answer came after this many time-outs: each of them went to one server, in their order.
void DnsClient::note_server(int timeouts) {
    const std::vector<std::string> servers = timeouts > 0 ? servers_of(channel_) : std::vector<std::string>();
    if (servers.size() < 2) {
        return;
    }
    const std::string& answered = servers[static_cast<std::size_t>(timeouts) % servers.size()];
    if (answered != preferred_ && answered != servers.front()) {
        preferred_ = answered;
        preferred_until_ = clock_.now() + dns_server_kept;
        reorder_ = true;
    }
}

void DnsClient::ask(RecordType type, const std::string& name, Done done) {
    if (!can_be_asked(name)) {
        done(Answer{Answer::Status::no_name, {}});
        return;
    }
    if (room(true) == 0 || !open()) {
        done(Answer{Answer::Status::failed, {}, true});
        return;
    }
    if (open_ == 0 && reorder_) {
        order_servers();
    }
    ++open_;
    auto question = std::make_unique<Question>(Question{this, type, std::move(done)});
    ares_query(channel_, name.c_str(), ns_c_in, number_of(type), on_answer, question.release());
}

void DnsClient::on_answer(void* argument, int status, int timeouts, unsigned char* octets, int size) {
    const std::unique_ptr<Question> question(static_cast<Question*>(argument));
    --question->client->open_;
    if (status == ARES_EDESTRUCTION) {
        return;  // the process ends
    }
    if (status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND) {
        question->client->note_server(timeouts);
    }
    Answer answer = read_answer(question->type, status, octets, size);
    // So many questions at a time may be what the name server could not bear, and who sends us messages makes them.
    answer.limited = status == ARES_ETIMEOUT && question->client->open_ >= dns_crowded;
    question->done(std::move(answer));
}

void DnsClient::process(int socket, bool readable, bool writable) {
    if (channel_ != nullptr) {
        ares_process_fd(channel_, readable ? socket : ARES_SOCKET_BAD, writable ? socket : ARES_SOCKET_BAD);
    }
}

int DnsClient::wait_ms() const {
    timeval room{};
    if (channel_ == nullptr || open_ == 0 || ares_timeout(channel_, nullptr, &room) == nullptr) {
        return -1;
    }
    return static_cast<int>(room.tv_sec * 1000 + room.tv_usec / 1000 + 1);
}

void DnsClient::rest() {
    if (channel_ != nullptr && open_ == 0) {
        ares_destroy(channel_);
        channel_ = nullptr;
    }
}

} // namespace hameau::milter
