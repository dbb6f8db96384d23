// One entry for each question; the same question is sent once.
#include "modules/mail/milter/lookups.hpp"

#include <algorithm>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/limits.hpp"
#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

namespace {

const mailauth::Answer limited_answer{mailauth::Answer::Status::failed, {}, true};
const mailauth::Answer failed_answer{mailauth::Answer::Status::failed, {}, false};

} // namespace

const mailauth::Answer* Lookups::look(mailauth::RecordType type, const std::string& name, bool first) {
    const Question question{type, ascii_lower(name)};
    const auto found = entries_.find(question);
    if (found != entries_.end()) {
        return found->second.known ? &found->second.answer : nullptr;
    }
    std::size_t& used = first ? used_first_ : used_;
    if (expired_ || used >= (first ? mailauth::author_lookups_max : mailauth::lookups_per_message_max)) {
        return &limited_answer;
    }
    ++used;
    entries_[question].first = first;
    (first ? unsent_first_ : unsent_).push_back(question);
    ++waiting_;
    return nullptr;
}

std::vector<Lookups::Question> Lookups::take_unsent() { return take_unsent({mailauth::lookups_per_message_max, mailauth::author_lookups_max}); }

std::vector<Lookups::Question> Lookups::take_unsent(Room room) {
    std::vector<Question> out;
    take(unsent_first_, room.first, out);
    const std::size_t own = dns_open_per_message_max - std::min(open_, dns_open_per_message_max);
    const std::size_t before = out.size();
    take(unsent_, std::min(own, room.ordinary), out);
    open_ += out.size() - before;
    begun_ = true;
    return out;
}

void Lookups::take(std::vector<Question>& from, std::size_t room, std::vector<Question>& out) {
    const auto end = from.begin() + static_cast<std::ptrdiff_t>(std::min(room, from.size()));
    for (auto question = from.begin(); question != end; ++question) {
        Entry& entry = entries_[*question];
        entry.sent = true;
        entry.prompt = !begun_;
        out.push_back(std::move(*question));
    }
    from.erase(from.begin(), end);
}

void Lookups::answer(const Question& question, mailauth::Answer answer) {
    const auto found = entries_.find(question);
    if (found == entries_.end() || found->second.known) {
        return;
    }
    Entry& entry = found->second;
    open_ -= entry.sent && !entry.first ? 1 : 0;
    entry.known = true;
    entry.answer = std::move(answer);
    --waiting_;
}

void Lookups::expire() {
    expired_ = true;
    unsent_.clear();
    unsent_first_.clear();
    for (auto& [question, entry] : entries_) {
        if (!entry.known) {
            // A policy that was asked for at once and did not come in all the time is a DNS that fails: nothing that the sender wrote
            // could delay it.
            entry.known = true;
            entry.answer = entry.first && entry.prompt ? failed_answer : limited_answer;
        }
    }
    waiting_ = open_ = 0;
}

void Lookups::forget() {
    entries_.clear();
    unsent_.clear();
    unsent_first_.clear();
    waiting_ = used_ = used_first_ = open_ = 0;
    begun_ = expired_ = false;
    ++message_;
}

} // namespace hameau::milter
