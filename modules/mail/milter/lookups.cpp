// One entry for each question; the same question is sent once.
#include "modules/mail/milter/lookups.hpp"

#include "daemon/base/text.hpp"
#include "modules/mail/auth/limits.hpp"

namespace hameau::milter {

namespace {

const mailauth::Answer failed_answer{mailauth::Answer::Status::failed, {}};

} // namespace

const mailauth::Answer* Lookups::ask(mailauth::RecordType type, const std::string& name) {
    const Question question{type, ascii_lower(name)};
    const auto found = entries_.find(question);
    if (found != entries_.end()) {
        return found->second.known ? &found->second.answer : nullptr;
    }
    if (expired_ || entries_.size() >= mailauth::lookups_per_message_max) {
        return &failed_answer;
    }
    entries_.try_emplace(question);
    unsent_.push_back(question);
    ++waiting_;
    return nullptr;
}

void Lookups::answer(const Question& question, mailauth::Answer answer) {
    const auto found = entries_.find(question);
    if (found == entries_.end() || found->second.known) {
        return;
    }
    found->second = Entry{true, std::move(answer)};
    --waiting_;
}

void Lookups::expire() {
    expired_ = true;
    unsent_.clear();
    for (auto& [question, entry] : entries_) {
        if (!entry.known) {
            entry = Entry{true, failed_answer};
        }
    }
    waiting_ = 0;
}

void Lookups::forget() {
    entries_.clear();
    unsent_.clear();
    waiting_ = 0;
    expired_ = false;
    ++message_;
}

} // namespace hameau::milter
