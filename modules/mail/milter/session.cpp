// The order of a message: MAIL, RCPT..., headers, body, end. Postfix repeats from MAIL within one session.
#include "modules/mail/milter/session.hpp"

#include <algorithm>
#include <charconv>

#include "daemon/base/text.hpp"
#include "modules/mail/milter/address.hpp"
#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

namespace {

constexpr std::uint32_t version_spoken = 6;
/// The reply to the connection is asked for: Postfix keeps back what has none until it needs one, so a session would only be
/// known from its first message on.
constexpr std::uint32_t wanted_quiet = no_end_of_headers | no_unknown | no_data | no_reply_to_headers | no_reply_to_body | leading_space;
constexpr std::string_view hidden_names[] = {"received", "x-originating-ip", "x-originating-host", "x-sender-ip",
                                             "x-client-ip", "x-forwarded-for"};

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

/// <marie@amis.test> -> marie@amis.test
std::string bare_address(std::string_view text) {
    if (text.size() >= 2 && text.front() == '<' && text.back() == '>') {
        text = text.substr(1, text.size() - 2);
    }
    return ascii_lower(text);
}

std::uint64_t declared_size(const std::vector<std::string_view>& words) {
    for (const std::string_view word : words) {
        if (ascii_lower(word.substr(0, 5)) == "size=") {
            std::uint64_t value = 0;
            const auto [end, failed] = std::from_chars(word.data() + 5, word.data() + word.size(), value);
            return failed == std::errc{} ? value : 0;
        }
    }
    return 0;
}

Step reply(std::string bytes) { return Step{std::move(bytes), false, false, false}; }

} // namespace

Step Session::answer(std::uint32_t no_reply_flag) const {
    return reply((quiet_ & no_reply_flag) != 0 ? std::string() : reply_continue());
}

Step Session::on_packet(const Packet& packet) {
    switch (packet.command) {
    case Command::negotiate:
        return negotiate(packet.data);
    case Command::macros:
        return take_macros(packet.data);
    case Command::connect:
        return take_client(packet.data);
    case Command::helo:
        return take_helo(packet.data);
    case Command::mail:
        return begin_message(packet.data);
    case Command::recipient:
        return add_recipient(packet.data);
    case Command::header:
        return add_header(packet.data);
    case Command::body:
        counted_bytes_ += packet.data.size();
        if (is_judged()) {
            incoming_->add_body(packet.data);
        }
        if (is_signed()) {
            signing_->add_body(packet.data);
        }
        return answer(no_reply_to_body);
    case Command::end_of_message:
        return end_message(packet.data);
    case Command::abort:
        forget_message();
        return {};
    case Command::quit_and_reuse:
        forget_message();
        daemon_.clear();
        user_.clear();
        return {};
    case Command::quit:
        return Step{{}, true, false, false};
    case Command::end_of_headers:
    case Command::data:
    case Command::unknown:
        return reply(reply_continue());
    }
    return Step{{}, true, false, false};
}

Step Session::negotiate(std::string_view data) {
    const auto offered = parse_negotiation(data);
    if (!offered || offered->version < 2) {
        return Step{{}, true, false, false};
    }
    quiet_ = offered->protocol & wanted_quiet;
    spaces_ = (quiet_ & leading_space) != 0;
    const std::uint32_t changes = offered->actions & (add_headers | change_headers);
    may_change_ = changes == (add_headers | change_headers);
    return reply(reply_negotiation({std::min(offered->version, version_spoken), changes, quiet_}));
}

Step Session::take_client(std::string_view data) {
    const auto client = parse_client(data);
    if (!client) {
        return Step{{}, true, false, false};
    }
    open_session();
    if (incoming_ != nullptr) {
        incoming_->connect(*client);
        incoming_->greet("");
    }
    return reply(reply_continue());
}

Step Session::take_helo(std::string_view data) {
    const auto words = parse_texts(data, 4);
    if (!words || words->empty()) {
        return Step{{}, true, false, false};
    }
    helo_ = ascii_lower(words->front());
    if (incoming_ != nullptr) {
        incoming_->greet(words->front());
    }
    return reply(reply_continue());
}

Step Session::take_macros(std::string_view data) {
    const auto macros = parse_macros(data);
    if (!macros) {
        return Step{{}, true, false, false};
    }
    if (macros->stage == static_cast<char>(Command::mail)) {
        user_.clear();
    }
    for (const auto& [name, value] : macros->values) {
        if (name == "{daemon_name}") {
            daemon_ = value;
        } else if (name == "{auth_authen}" && macros->stage == static_cast<char>(Command::mail)) {
            user_ = ascii_lower(value);
        }
    }
    return {};
}

void Session::forget_message() {
    give_back();
    declared_bytes_ = counted_bytes_ = 0;
    recipients_.clear();
    from_.clear();
    seen_.clear();
    hidden_.clear();
    headers_ = 0;
    too_much_ = at_end_ = redirected_ = stays_ = on_top_ = rejects_ = reports_ = typed_ = false;
    seals_ = true;
    auto_submitted_ = 0;
    sender_.clear();
    sealer_.clear();
    own_results_.clear();
    old_results_.begin();
    if (incoming_ != nullptr) {
        incoming_->forget();
    }
    if (signing_ != nullptr) {
        signing_->forget();
    }
}

Step Session::begin_message(std::string_view data) {
    forget_message();
    const auto words = parse_texts(data, 64);
    if (!words || words->empty()) {
        return Step{{}, true, false, false};
    }
    declared_bytes_ = declared_size(*words);
    sender_ = bare_address(words->front());
    if (is_signed()) {
        signing_->begin();
    }
    if (is_judged()) {
        incoming_->begin(sender_);
    }
    if (submission() && user_.empty()) {
        return reply(reply_text("530 5.7.0 Sign in first, with your address and your password"));
    }
    std::string refusal = submission() ? check_session() : std::string();
    if (refusal.empty() && submission()) {
        refusal = take_room(user_, declared_bytes_);
    }
    if (!refusal.empty()) {
        return reply(std::move(refusal));
    }
    return reply(reply_continue());
}

Step Session::add_recipient(std::string_view data) {
    const auto words = parse_texts(data, 64);
    if (!words || words->empty()) {
        return Step{{}, true, false, false};
    }
    if (injected()) {
        return reply(reply_continue());
    }
    if (submission()) {
        if (!outgoing_.take_recipient(user_)) {
            return reply(reply_text("452 4.7.1 You have written to very many people in a short time; this message was not sent to all. The server takes " +
                                    std::to_string(static_cast<int>(outgoing_recipients_per_hour)) + " more recipients from you each hour"));
        }
        ++taken_recipients_;
        taken_by_ = user_;
    }
    Recipient recipient{bare_address(words->front()), {}};
    bool all_here = false;
    auto mailboxes = rights_.mailboxes_of(recipient.address, all_here);
    stays_ = stays_ || !mailboxes || !mailboxes->empty();
    if (!mailboxes || !all_here || mailboxes->empty() || recipients_.size() == recipients_max) {
        // Outside, unknown, or a group with somebody outside: not refused for the room of one of them. From outside to the outside
        // nobody's room counts it, and it may wait in the queue for days.
        const bool passes = !submission() && mailboxes && !all_here;
        if (passes && outgoing_.disk_low()) {
            return reply(reply_text("452 4.3.1 The server has no room now for what it only passes on"));
        }
        if (passes) {
            begin_seal(recipient.address);
        }
        std::string refusal = passes ? take_room("to " + recipient.address, std::max<std::uint64_t>(declared_bytes_, 1)) : std::string();
        return reply(refusal.empty() ? reply_continue() : std::move(refusal));
    }
    recipient.mailboxes = std::move(*mailboxes);
    recipients_.push_back(std::move(recipient));
    recipient_at_ = recipients_.size() - 1;
    mailbox_at_ = 0;
    return ask_next();
}

Step Session::add_header(std::string_view data) {
    const auto texts = parse_texts(data, 2);
    if (!texts || texts->size() != 2) {
        return Step{{}, true, false, false};
    }
    const std::string_view name = texts->front();
    const std::string_view value = texts->back();
    counted_bytes_ += name.size() + value.size() + (spaces_ ? 3 : 4) + static_cast<std::size_t>(std::count(value.begin(), value.end(), '\n'));
    // "From :" is the same field in the obsolete syntax (RFC 5322 §4.5).
    const std::string key = ascii_lower(trim(name));
    if (injected()) {
        note_injected(key, value);
    } else {
        old_results_.add_header(key, value);
    }
    if (is_judged()) {
        incoming_->add_header(name, with_space(value));
    }
    if (is_signed()) {
        signing_->add_header(name, with_space(value));
    }
    if (!submission()) {
        return answer(no_reply_to_headers);
    }
    if (++headers_ > headers_max) {
        too_much_ = true;
        return answer(no_reply_to_headers);
    }
    if (key == "from") {
        from_.emplace_back(value);
    }
    if (std::find(std::begin(hidden_names), std::end(hidden_names), key) != std::end(hidden_names)) {
        hidden_.push_back({std::string(name), ++seen_[key]});
    }
    return answer(no_reply_to_headers);
}

void Session::open_session() {
    opened_.reset();
    if (submission()) {
        if (const auto now = rights_.session_clock()) {
            opened_ = *now;
        }
    }
}

std::string Session::check_session() {
    Result<std::int64_t> ended = fail(ErrorKind::unavailable, "the clock was not read when the session opened");
    if (opened_) {
        ended = rights_.session_end(user_);
    }
    if (!ended) {
        return reply_text("451 4.3.0 The accounts cannot be read now; nothing was sent, try again in a minute");
    }
    if (*ended > *opened_) {
        // Postfix closes the connection after a 421 (smtpd_chat_reply).
        return reply_text("421 4.7.0 This sign-in has ended. Sign in again with your present password");
    }
    return {};
}

std::string Session::take_room(const std::string& user, std::uint64_t bytes) {
    bytes = std::max(bytes, outgoing_bytes_least);
    std::uint64_t& taken = taken_[user];
    if (bytes <= taken) {
        return {};
    }
    if (outgoing_.take(user, bytes - taken)) {
        taken = bytes;
        return {};
    }
    const std::string each_hour = std::to_string(outgoing_bytes_per_hour >> 20U) + " MB more";
    return reply_text(submission() ? "452 4.7.1 You have sent very much in a short time; this message was not sent. The server takes " + each_hour +
                                         " from you each hour"
                                   : "452 4.7.1 Very much was sent to this address in a short time. The server takes " + each_hour + " each hour");
}

void Session::give_back() {
    for (const auto& [user, bytes] : taken_) {
        outgoing_.give_back(user, bytes);
    }
    taken_.clear();
    if (taken_recipients_ > 0) {
        outgoing_.give_back_recipients(taken_by_, taken_recipients_);
        taken_recipients_ = 0;
    }
}

/// Empty, or the refusal.
std::string Session::check_from() {
    if (too_much_) {
        return reply_text("552 5.3.4 The message has too many headers");
    }
    if (from_.size() != 1) {
        return reply_text("550 5.7.1 A message needs exactly one From header; this one has " + std::to_string(from_.size()));
    }
    const auto addresses = parse_addresses(from_.front());
    if (!addresses) {
        return reply_text("550 5.7.1 The From header cannot be read: " + addresses.error().message);
    }
    if (addresses->empty()) {
        return reply_text("550 5.7.1 The From header names nobody");
    }
    author_domain_ = addresses->front().substr(addresses->front().rfind('@') + 1);
    for (const std::string& address : *addresses) {
        const auto allowed = rights_.may_send(user_, address);
        if (!allowed) {
            return reply_text("451 4.3.0 The accounts cannot be read now; nothing was sent, try again in a minute");
        }
        if (!*allowed) {
            return reply_text("550 5.7.1 You are signed in as " + user_ + " and may not send as " + address +
                              ". Choose an address of yours as the sender");
        }
    }
    return {};
}

Step Session::end_message(std::string_view data) {
    counted_bytes_ += data.size();
    if (is_judged()) {
        incoming_->add_body(data);
    }
    if (is_signed()) {
        signing_->add_body(data);
    }
    std::string refusal = injected() ? check_written() : check_removals();
    if (submission() && refusal.empty()) {
        refusal = check_session();
        if (refusal.empty()) {
            refusal = check_from();
        }
        if (refusal.empty()) {
            refusal = take_room(user_, counted_bytes_);
        }
    }
    if (!refusal.empty()) {
        forget_message();
        return reply(std::move(refusal));
    }
    // (What came to an address outside cannot be refused for one recipient any more: the next message is.)
    for (auto& [user, bytes] : taken_) {
        if (user != user_ && counted_bytes_ > bytes) {
            outgoing_.add(user, counted_bytes_ - bytes);
            bytes = counted_bytes_;
        }
    }
    at_end_ = true;
    recipient_at_ = mailbox_at_ = 0;
    if (declared_bytes_ >= counted_bytes_ + trace_bytes) {
        recipient_at_ = recipients_.size();  // this size was asked about at RCPT
    }
    return ask_next();
}

Step Session::ask_next() {
    if (recipient_at_ < recipients_.size()) {
        question_.mailbox = recipients_[recipient_at_].mailboxes[mailbox_at_];
        question_.size_bytes = std::max<std::uint64_t>(at_end_ ? counted_bytes_ + trace_bytes : declared_bytes_, 1);
        return Step{{}, false, true, false};
    }
    return finish_message();
}

Step Session::on_room(Room room) {
    Recipient& recipient = recipients_[recipient_at_];
    const bool none = room == Room::full || room == Room::short_now;
    recipient.short_now = recipient.short_now || room == Room::short_now;
    if (none && mailbox_at_ + 1 < recipient.mailboxes.size()) {
        ++mailbox_at_;
        return ask_next();
    }
    if (none) {
        // What others fill may be free again in a day: the sender's server keeps the message and tries again.
        const std::string refusal = reply_text(recipient.short_now ? "452 4.2.2 There is no room for " + recipient.address + " at the moment"
                                                                   : "552 5.2.2 The mailbox of " + recipient.address + " is full");
        if (at_end_) {
            forget_message();
        } else {
            recipients_.pop_back();
        }
        return reply(refusal);
    }
    if (!at_end_) {
        return reply(reply_continue());
    }
    if (room == Room::unknown) {
        return finish_message();  // Dovecot cannot say: it decides at delivery, and the queue keeps what does not fit
    }
    ++recipient_at_;
    mailbox_at_ = 0;
    return ask_next();
}

/// False: `step` is what comes next instead of the 250.
bool Session::judge_incoming(Step& step) {
    const auto decision = incoming_->judge();
    if (!decision) {
        step.look_up = true;
        return false;
    }
    // What would go to Junk here must not go on in our name.
    const bool only_passes = !sealer_.empty() && !stays_;
    const std::string refusal = decision->suspect && only_passes ? "550 5.7.1 The sender could not be proved; such a message is not passed on from here" : decision->refusal;
    if (!refusal.empty()) {
        forget_message();
        step = reply(reply_text(refusal));
        return false;
    }
    if (!decision->insert.empty()) {
        own_results_ = mailauth::results_in(decision->insert.back().second);
    }
    if (may_change_) {
        for (const auto& [name, value] : decision->insert) {
            step.replies += reply_insert_header(name, spaces_ ? " " + value : value);
        }
    }
    return true;
}

std::string Session::check_removals() const {
    if (old_results_.too_many()) {
        return reply_text("550 5.6.0 The message has too many Authentication-Results fields");
    }
    return hidden_.size() > hidden_fields_max ? reply_text("550 5.6.0 The message has too many Received fields") : "";
}

std::string Session::removals() const {
    std::string replies;
    if (!may_change_) {
        return replies;
    }
    // From the last to the first: each removal moves those behind it.
    for (auto header = hidden_.rbegin(); header != hidden_.rend(); ++header) {
        replies += reply_remove_header(header->name, header->index);
    }
    for (const std::uint32_t number : old_results_.ours()) {
        replies += reply_remove_header("Authentication-Results", number);
    }
    return replies;
}

Step Session::finish_message() {
    std::string replies;
    Step step;
    const bool seals = redirected_ || !sealer_.empty();
    if ((is_judged() && !judge_incoming(step)) || (is_signed() && !(seals ? seal_outgoing(step) : sign_outgoing(step)))) {
        return step;
    }
    // First what goes, counted in the message as it came; then what is added.
    replies = removals() + step.replies;
    taken_.clear();  // the message is ours now
    taken_recipients_ = 0;
    replies += reply_continue();
    forget_message();
    return reply(std::move(replies));
}

std::string quota_request(const QuotaQuestion& question) {
    return "request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient=" + question.mailbox +
           "\nsize=" + std::to_string(question.size_bytes) + "\n\n";
}

Room parse_quota_answer(std::string_view text) {
    if (!text.starts_with("action=")) {
        return Room::unknown;
    }
    text.remove_prefix(7);
    if (text.starts_with("5")) {
        return Room::full;
    }
    if (text.starts_with("452")) {
        return Room::short_now;
    }
    return text.starts_with("DUNNO") || text.starts_with("OK") ? Room::enough : Room::unknown;
}

} // namespace hameau::milter
