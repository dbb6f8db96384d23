// A table of DNS records as a Resolver: of a test's own, or read from the format of the openspf and ARC test suites.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/address_octets.hpp"
#include "modules/mail/auth/dns.hpp"

namespace hameau::mailauth {

class Zone final : public Resolver {
public:
    /// `value`: an address as text, a name, or the text of TXT.
    Zone& add(const std::string& name, RecordType type, const std::string& value) {
        const bool address = type == RecordType::a || type == RecordType::aaaa;
        records_[{ascii_lower(name), type}].push_back(address ? read_address(value).value_or(value) : value);
        return *this;
    }
    void add_alias(const std::string& name, const std::string& target) { aliases_[ascii_lower(name)] = ascii_lower(target); }
    /// Every type of this name that has no record fails.
    void fail_rest(const std::string& name) { failing_.insert(ascii_lower(name)); }
    /// The first time that a question is asked there is no answer yet.
    void answer_late() { late_ = true; }
    std::size_t asked() const { return asked_.size(); }

    const Answer* ask(RecordType type, const std::string& name) override {
        std::pair<std::string, RecordType> key{ascii_lower(name), type};
        if (const auto alias = aliases_.find(key.first); alias != aliases_.end()) {
            key.first = alias->second;
        }
        const bool first = asked_.insert(key).second;
        if (late_ && first) {
            return nullptr;
        }
        Answer& answer = answers_[key];
        const auto found = records_.find(key);
        answer.records = found == records_.end() ? std::vector<std::string>() : found->second;
        const bool known = std::any_of(records_.begin(), records_.end(), [&](const auto& one) { return is_at_or_below(one.first.first, key.first); });
        answer.status = !answer.records.empty()       ? Answer::Status::found
                        : failing_.contains(key.first) ? Answer::Status::failed
                        : known                        ? Answer::Status::none
                                                       : Answer::Status::no_name;
        return &answer;
    }

private:
    std::map<std::pair<std::string, RecordType>, std::vector<std::string>> records_;
    std::map<std::pair<std::string, RecordType>, Answer> answers_;
    std::set<std::pair<std::string, RecordType>> asked_;
    std::set<std::string> failing_;
    std::map<std::string, std::string> aliases_;
    bool late_ = false;
};

} // namespace hameau::mailauth
