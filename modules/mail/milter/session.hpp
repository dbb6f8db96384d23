// Session: one SMTP session as Postfix tells it. Pure: packets in, replies and questions about quota out.
//
// On submission ({daemon_name} is SUBMISSION): a session that was open when its user's password changed, or when the
// user lost the account, sends nothing more; each address in From must be one that the signed-in user may send as;
// headers that tell where the user is are taken out; who hands in more than Outgoing allows is told to wait, and
// so is who sends from outside to an address that leads outside. Everywhere: a message that fits into none of the mailboxes behind
// a recipient is refused before its 250, at RCPT by the SIZE declared, at the end by the size counted. What comes from outside is judged
// by Incoming at its end, and sealed (ARC) when it goes on to the outside through an alias or a group.
// What Dovecot hands in for a Sieve script ({daemon_name} is INJECTED, HELO names the mailbox) is sealed when it is somebody else's message
// on its way on, and signed when the script wrote it, in a name of the mailbox's owner.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "modules/mail/milter/incoming.hpp"
#include "modules/mail/milter/old_results.hpp"
#include "modules/mail/milter/outgoing.hpp"
#include "modules/mail/milter/rights.hpp"
#include "modules/mail/milter/signing.hpp"
#include "modules/mail/milter/wire.hpp"

namespace hameau::milter {

/// What the caller does next.
struct Step {
    std::string replies;   ///< bytes for Postfix, in this order
    bool close = false;    ///< then end the connection
    bool ask = false;      ///< ask Dovecot about question(), then call on_room; Postfix waits
    bool look_up = false;  ///< send what Incoming asked of DNS, then call on_answers; Postfix waits
};

struct QuotaQuestion {
    std::string mailbox;
    std::uint64_t size_bytes = 0;
};

/// What Dovecot's quota-status says of one mailbox. short_now: its association has no room, the mailbox itself is not full.
enum class Room { enough, full, short_now, unknown };

class Session {
public:
    /// `incoming`: judges what comes from outside; without it nothing is judged. `signing`: signs what leaves; without it nothing is signed.
    Session(Rights& rights, Outgoing& outgoing, Incoming* incoming = nullptr, Signing* signing = nullptr) :
        rights_(rights), outgoing_(outgoing), incoming_(incoming), signing_(signing),
        old_results_(incoming == nullptr ? "" : incoming->host()) {}
    ~Session() { give_back(); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Not while a question is open.
    Step on_packet(const Packet& packet);
    const QuotaQuestion& question() const { return question_; }
    Step on_room(Room room);
    /// All answers that the message waited for are here, or its time is up.
    Step on_answers() { return finish_message(); }
    Duration dns_wait() const { return submission() || injected() ? dns_wait_to_sign : dns_wait_per_message; }

private:
    struct Header {
        std::string name;
        std::uint32_t index;
    };
    /// The mailboxes behind one recipient of this message.
    struct Recipient {
        std::string address;
        std::vector<std::string> mailboxes;
        bool short_now = false;  ///< one of them is refused for now only
    };

    Step negotiate(std::string_view data);
    Step take_client(std::string_view data);
    Step take_helo(std::string_view data);
    Step take_macros(std::string_view data);
    Step begin_message(std::string_view data);
    Step add_recipient(std::string_view data);
    Step add_header(std::string_view data);
    Step end_message(std::string_view data);
    Step ask_next();
    Step finish_message();
    bool judge_incoming(Step& step);
    bool sign_outgoing(Step& step);
    bool seal_outgoing(Step& step);
    std::string check_from();
    bool by_house() const { return injected() && helo_.find('@') == std::string::npos; }
    std::string check_written();
    Result<bool> may_write(const std::string& address);
    /// Whether this is what Dovecot itself writes for a script's `reject`.
    bool is_rejection() const { return sender_.empty() && auto_submitted_ == 1 && rejects_ && reports_; }
    void begin_seal(const std::string& recipient);
    void note_injected(const std::string& key, std::string_view value);
    void note_rejection(const std::string& key, std::string_view value);
    bool put_fields(std::optional<Signing::Headers> fields, Step& step) const;
    /// Empty, or the refusal: Postfix would search the message for each of them.
    std::string check_removals() const;
    /// Of what is taken out of the message.
    std::string removals() const;
    /// Empty while the sign-in still holds, else the refusal.
    std::string check_session();
    /// Takes what this message needs of the room of `user` beyond what it took before. Empty, or the refusal.
    std::string take_room(const std::string& user, std::uint64_t bytes);
    void give_back();
    void open_session();
    void forget_message();
    bool submission() const { return daemon_ == "SUBMISSION"; }
    bool injected() const { return daemon_ == "INJECTED"; }
    /// Written here or passed on: it gets a signature or a seal.
    bool is_signed() const { return signing_ != nullptr && (submission() || injected() || !sealer_.empty()); }
    bool is_judged() const { return incoming_ != nullptr && !incoming_->is_off() && !submission() && !injected(); }
    /// The space behind the colon, where Postfix did not send it.
    std::string with_space(std::string_view value) const { return (spaces_ ? "" : " ") + std::string(value); }
    Step answer(std::uint32_t no_reply_flag) const;

    Rights& rights_;
    Outgoing& outgoing_;
    Incoming* incoming_;
    Signing* signing_;
    OldResults old_results_;
    std::string author_domain_;  ///< of the first address in From, once it was checked
    std::string helo_;
    std::string sender_;         ///< of the envelope, without its brackets
    std::string sealer_;         ///< the domain that seals, when this message is passed on to the outside
    bool seals_ = true;          ///< false: recipients of two domains lead outside, and no seal may name one of them to the other
    unsigned auto_submitted_ = 0;  ///< injected: fields Auto-Submitted
    bool rejects_ = false;         ///< the first one is that of `reject`
    bool reports_ = false;         ///< the first Content-Type is multipart/report
    bool typed_ = false;           ///< there was a Content-Type
    bool stays_ = false;         ///< somebody in the house gets it
    bool on_top_ = false;        ///< injected: the field before this one is the first, and Dovecot's
    bool redirected_ = false;    ///< injected, and somebody else's message
    std::string own_results_;    ///< of what is passed on: what we found when it arrived
    bool spaces_ = false;      ///< values of headers come with the space behind the colon
    std::uint32_t quiet_ = 0;  ///< Protocol flags that were agreed
    bool may_change_ = false;
    std::string daemon_;
    std::string user_;
    std::optional<std::int64_t> opened_;  ///< the clock of session ends when this one opened; nothing: could not be read

    std::map<std::string, std::uint64_t> taken_;  ///< of the room for what leaves, until the message is accepted or not
    std::size_t taken_recipients_ = 0;            ///< likewise, of taken_by_
    std::string taken_by_;
    std::uint64_t declared_bytes_ = 0;
    std::uint64_t counted_bytes_ = 0;
    std::vector<Recipient> recipients_;
    std::vector<std::string> from_;
    std::map<std::string, std::uint32_t> seen_;  ///< lower-case name -> how many
    std::vector<Header> hidden_;
    std::size_t headers_ = 0;
    bool too_much_ = false;

    bool at_end_ = false;             ///< the open question belongs to the end of the message
    std::size_t recipient_at_ = 0;
    std::size_t mailbox_at_ = 0;
    QuotaQuestion question_;
};

/// The request of Postfix's policy protocol, and what its answer means.
std::string quota_request(const QuotaQuestion& question);
Room parse_quota_answer(std::string_view text);

} // namespace hameau::milter
