// Lookups: what one message has asked of DNS, within its budget. Pure: who sends the questions is the server.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "modules/mail/auth/dns.hpp"

namespace hameau::milter {

class Lookups final : public mailauth::Resolver {
public:
    using Question = std::pair<mailauth::RecordType, std::string>;

    const mailauth::Answer* ask(mailauth::RecordType type, const std::string& name) override;
    /// Questions that were asked since the last call and are to be sent.
    std::vector<Question> take_unsent() { return std::exchange(unsent_, {}); }
    void answer(const Question& question, mailauth::Answer answer);
    bool is_waiting() const { return waiting_ > 0; }
    /// The time of this message is up: what is open has failed, and so has what is asked from now on.
    void expire();
    /// For the next message. Answers to the questions of this one are not taken any more.
    void forget();
    /// Which message it is: an answer that comes late belongs to another one.
    unsigned message() const { return message_; }

private:
    struct Entry {
        bool known = false;
        mailauth::Answer answer;
    };
    std::map<Question, Entry> entries_;
    std::vector<Question> unsent_;
    std::size_t waiting_ = 0;
    unsigned message_ = 0;
    bool expired_ = false;
};

} // namespace hameau::milter
