// Lookups: what one message has asked of DNS, within its budgets. Pure: who sends the questions is the server.
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

    const mailauth::Answer* ask(mailauth::RecordType type, const std::string& name) override { return look(type, name, false); }
    const mailauth::Answer* ask_first(mailauth::RecordType type, const std::string& name) override { return look(type, name, true); }
    /// Room for questions that can be sent now.
    struct Room {
        std::size_t ordinary = 0;
        std::size_t first = 0;  ///< for those of ask_first
    };
    /// Questions that are to be sent now, those of ask_first before the others; what finds no room stays. Without an argument: room enough.
    std::vector<Question> take_unsent();
    std::vector<Question> take_unsent(Room room);
    bool has_unsent() const { return !unsent_.empty() || !unsent_first_.empty(); }
    void answer(const Question& question, mailauth::Answer answer);
    bool is_waiting() const { return waiting_ > 0; }
    /// The time of this message is up: what is open has failed, and so has what is asked from now on.
    void expire();
    /// For the next message. Answers to the questions of this one are not taken any more.
    void forget() override;
    /// Which message it is: an answer that comes late belongs to another one.
    unsigned message() const { return message_; }

private:
    struct Entry {
        bool known = false;
        bool first = false;
        bool sent = false;
        bool prompt = false;  ///< sent with the first questions of the message: it had the whole time
        mailauth::Answer answer;
    };
    const mailauth::Answer* look(mailauth::RecordType type, const std::string& name, bool first);
    void take(std::vector<Question>& from, std::size_t room, std::vector<Question>& out);

    std::map<Question, Entry> entries_;
    std::vector<Question> unsent_;
    std::vector<Question> unsent_first_;
    std::size_t waiting_ = 0;
    std::size_t used_ = 0;        ///< of the budget of ask
    std::size_t used_first_ = 0;  ///< of the budget of ask_first
    std::size_t open_ = 0;        ///< sent by ask and not answered
    unsigned message_ = 0;
    bool begun_ = false;          ///< the first questions were sent
    bool expired_ = false;
};

} // namespace hameau::milter
