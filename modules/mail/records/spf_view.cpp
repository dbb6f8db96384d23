// check_spf over the answers of a look. The record that is judged is given: each source may have another one.
#include "modules/mail/records/spf_view.hpp"

#include <algorithm>
#include <ctime>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/address_octets.hpp"
#include "modules/mail/auth/spf.hpp"
#include "modules/mail/auth/spf_record.hpp"

namespace hameau::mailrecords {

namespace {

using mailauth::Answer;
using mailauth::RecordType;

constexpr const char* nobodys_address = "192.0.2.77";  ///< RFC 5737: who is permitted from there is everybody

Type type_of(RecordType type) {
    switch (type) {
    case RecordType::a: return Type::a;
    case RecordType::aaaa: return Type::aaaa;
    case RecordType::mx: return Type::mx;
    case RecordType::txt: return Type::txt;
    case RecordType::ptr: return Type::ptr;
    }
    return Type::txt;
}

/// "10 host" becomes "host", the preferred first; addresses become octets.
std::vector<std::string> as_answer(RecordType type, std::vector<std::string> records) {
    if (type == RecordType::mx) {
        std::stable_sort(records.begin(), records.end(), [](const std::string& left, const std::string& right) { return std::atoi(left.c_str()) < std::atoi(right.c_str()); });
    }
    for (std::string& record : records) {
        if (type == RecordType::mx) {
            record.erase(0, record.find(' ') + 1);
        } else if (type == RecordType::a || type == RecordType::aaaa) {
            record = mailauth::read_address(record).value_or("");
        }
    }
    return records;
}

class KeptAnswers final : public mailauth::Resolver {
public:
    KeptAnswers(const Evidence& evidence, std::string domain, const std::string& record) : evidence_(evidence), domain_(std::move(domain)) {
        own_.status = Answer::Status::found;
        own_.records = {record};
    }
    const Answer* ask(RecordType type, const std::string& name) override {
        const Question question{mailauth::normal_domain(name), type_of(type)};
        if (type == RecordType::txt && question.name == domain_) {
            return &own_;
        }
        const Reply* reply = evidence_.newest(question);
        if (reply == nullptr) {
            const bool asked = std::any_of(evidence_.resolvers.begin(), evidence_.resolvers.end(),
                                           [&question](const Evidence::Source& source) { return source.replies.contains(question); });
            if (!asked) {
                missing.push_back(question);
                return nullptr;
            }
        }
        Answer& answer = answers_[question];
        answer.status = reply == nullptr                         ? Answer::Status::failed
                        : reply->outcome == Outcome::found       ? Answer::Status::found
                        : reply->outcome == Outcome::no_name     ? Answer::Status::no_name
                                                                 : Answer::Status::none;
        answer.records = as_answer(type, reply == nullptr ? std::vector<std::string>() : reply->records);
        return &answer;
    }
    std::vector<Question> missing;

private:
    const Evidence& evidence_;
    std::string domain_;
    Answer own_;
    std::map<Question, Answer> answers_;
};

} // namespace

SpfView view_spf(const std::string& domain, const std::string& record, const std::vector<std::string>& addresses, const std::string& host, const Evidence& evidence) {
    SpfView view;
    KeptAnswers answers(evidence, domain, record);
    std::vector<std::string> asked = addresses;
    asked.emplace_back(nobodys_address);
    bool known = !addresses.empty();
    for (const std::string& address : asked) {
        mailauth::SpfQuestion question;
        question.address = mailauth::read_address(address).value_or("");
        question.helo = host;
        question.sender = "postmaster@" + domain;
        question.receiver = host;
        question.now_seconds = std::time(nullptr);
        const auto verdict = mailauth::check_spf(question, answers);
        const bool nobody = address == nobodys_address;
        if (!verdict || verdict->result == mailauth::SpfResult::temperror) {
            known = known && nobody;
        } else if (nobody) {
            view.permits = verdict->result == mailauth::SpfResult::pass ? Permits::open : view.permits;
        } else if (verdict->result != mailauth::SpfResult::pass && view.address.empty()) {
            view.address = address;
        }
    }
    view.missing = std::move(answers.missing);
    if (view.permits != Permits::open) {
        view.permits = !view.address.empty() ? Permits::no : known ? Permits::yes : Permits::unknown;
    }
    return view;
}

std::string merged_spf(const std::vector<std::string>& records, const std::string& term) {
    std::vector<std::string> terms = {term};
    std::string last = "~all";
    bool redirected = false;
    for (const std::string& record : records) {
        for (const std::string_view part : split(record, ' ')) {
            const std::string lower = ascii_lower(part);
            const bool known = lower.empty() || lower == "v=spf1" || std::find(terms.begin(), terms.end(), part) != terms.end();
            if (lower == "-all" || lower == "~all") {
                last = lower;
            } else if (!known && lower != "all" && lower != "+all" && lower != "?all") {
                redirected = redirected || lower.starts_with("redirect=");
                terms.emplace_back(part);
            }
        }
    }
    std::string out = "v=spf1";
    for (const std::string& one : terms) {
        out += " " + one;
    }
    return redirected ? out : out + " " + last;
}

} // namespace hameau::mailrecords
