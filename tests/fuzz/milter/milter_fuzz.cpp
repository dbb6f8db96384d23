// Any bytes as a milter connection, and as a From header: no crash, replies bounded, addresses well formed.
#include <cstdlib>
#include <map>

#include "modules/mail/milter/address.hpp"
#include "modules/mail/milter/session.hpp"

namespace {

using namespace hameau;
using namespace hameau::milter;

class OpenRights final : public Rights {
public:
    Result<bool> may_send(const std::string& user, const std::string& address) override { return user < address; }
    Result<bool> leads_only_to(const std::string&, const std::string&) override { return true; }
    Result<std::int64_t> session_clock() override { return 1; }
    Result<std::int64_t> session_end(const std::string& user) override { return static_cast<std::int64_t>(user.size() % 3); }
    Result<std::vector<std::string>> mailboxes_of(const std::string& recipient, bool& all_here) override {
        all_here = recipient.size() % 2 == 0;
        return std::vector<std::string>{recipient, without_tag(recipient)};
    }
};

/// Knows each answer the second time that it is asked: a failure, nothing, or one record that asks for more.
class OddResolver final : public mailauth::Resolver {
public:
    const mailauth::Answer* ask(mailauth::RecordType type, const std::string& name) override {
        const auto [at, is_new] = answers_.try_emplace({type, name});
        if (!is_new) {
            return &at->second;
        }
        at->second.status = static_cast<mailauth::Answer::Status>((name.size() + answers_.size()) % 4);
        if (at->second.status == mailauth::Answer::Status::found) {
            at->second.records = {name.starts_with("_dmarc.") ? "v=DMARC1; p=reject" : "v=spf1 mx include:%{l}.%{d2} -all"};
        }
        return answers_.size() > 2000 ? &at->second : nullptr;
    }

private:
    std::map<std::pair<mailauth::RecordType, std::string>, mailauth::Answer> answers_;
};

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto addresses = parse_addresses(bytes)) {
        require(addresses->size() <= addresses_max);
        for (const std::string& address : *addresses) {
            require(address.find('@') != std::string::npos && address.find('\n') == std::string::npos);
        }
    }
    (void)parse_quota_answer(bytes);
    OpenRights rights;
    OddResolver resolver;
    Incoming incoming(IncomingMode::obey, "mail.amis.bzh", resolver, [] { return 1L; });
    const hameau::FakeClock clock;
    Outgoing outgoing(clock);
    Session session(rights, outgoing, &incoming);
    PacketReader reader;
    std::size_t rooms = 0;
    for (std::size_t at = 0; at < size; at += 97) {
        reader.feed(bytes.substr(at, 97));
        for (;;) {
            const auto packet = reader.next();
            if (!packet) {
                return 0;
            }
            if (!*packet) {
                break;
            }
            Step step = session.on_packet(**packet);
            while (step.ask || step.look_up) {
                step = step.ask ? session.on_room(static_cast<Room>(rooms++ % 3)) : session.on_answers();
            }
            if (step.close) {
                return 0;
            }
        }
    }
    return 0;
}
