// The words for each record, and the forms in which it is pasted.
#include "modules/mail/domain_document.hpp"

#include <algorithm>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "modules/mail/records/limits.hpp"

namespace hameau::mail {

namespace json = boost::json;
using namespace mailrecords;

namespace {

std::string joined(const std::vector<std::string>& list) {
    std::string out;
    for (const std::string& one : list) {
        out += (out.empty() ? "" : " | ") + one;
    }
    return one_plain_line(out, shown_octets_max);
}

/// A record that nobody sees yet reads differently where nothing has to be written.
std::string code_of(const Finding& finding) {
    const bool optional = finding.wanted.need != Need::required;
    if (finding.code == "absent") {
        return finding.wanted.kind == Kind::ptr ? "ptr_absent" : optional ? "absent_optional" : "absent";
    }
    return finding.code;
}

json::object form_document(const Form& form) {
    json::array fields;
    for (const auto& [name, value] : form.fields) {
        fields.push_back(json::object{{"name", name}, {"value", value}});
    }
    json::object out;
    out["type"] = form.type;
    out["name"] = form.name;
    out["full_name"] = form.full_name;
    out["fields"] = std::move(fields);
    out["value"] = form.value;
    out["value_cut"] = form.cut;
    out["line"] = form.line;
    return out;
}

json::object record_document(const std::string& domain, const HouseFacts& facts, const Finding& finding, const std::string& zone, Language language) {
    const std::string kind = word_of(finding.wanted.kind);
    const Form form = form_of(finding.wanted, zone, domain);
    Parameters parameters = {{"domain", domain},          {"name", finding.wanted.name},   {"seen", joined(finding.seen)},
                             {"wanted", one_plain_line(finding.wanted.value, shown_octets_max)}, {"house", facts.host},            {"relay", facts.smarthost},
                             {"authority", facts.authority}};
    for (const auto& [name, value] : finding.values) {
        parameters.emplace_back(name, one_plain_line(value, shown_octets_max));
    }
    json::array seen;
    for (const std::string& one : finding.seen) {
        seen.emplace_back(one_plain_line(one, shown_octets_max));
    }
    json::object out = form_document(form);
    out["id"] = finding.wanted.id;
    out["kind"] = kind;
    out["need"] = word_of(finding.wanted.need);
    out["where"] = finding.wanted.kind == Kind::ptr ? "provider" : "registrar";
    out["title"] = text_of(records_catalogue, language, "title_" + kind, parameters);
    out["purpose"] = text_of(records_catalogue, language, "purpose_" + kind, parameters);
    out["state"] = word_of(finding.state);
    out["code"] = finding.code;
    out["text"] = text_of(records_catalogue, language, "found_" + code_of(finding), parameters);
    out["seen"] = std::move(seen);
    return out;
}

json::object counts_of(const std::vector<Finding>& findings) {
    json::object out;
    for (const State state : {State::right, State::wrong, State::unseen, State::unknown, State::unchecked}) {
        out[word_of(state)] = std::count_if(findings.begin(), findings.end(), [state](const Finding& one) { return one.state == state; });
    }
    out["to_do"] = std::count_if(findings.begin(), findings.end(), [](const Finding& one) {
        return one.state == State::wrong || (one.state == State::unseen && one.wanted.need == Need::required);
    });
    return out;
}

} // namespace

json::object domain_document(const std::string& domain, HouseFacts facts, const Evidence& evidence, Language language) {
    facts.addresses = house_addresses(facts.host, evidence);
    const std::vector<Finding> findings = judge(domain, wanted_records(domain, facts), facts, evidence);
    const std::string zone = evidence.zone.empty() ? domain : evidence.zone;
    const std::string stage = word_of(stage_of(findings, evidence));
    json::array records;
    for (const Finding& finding : findings) {
        records.push_back(record_document(domain, facts, finding, zone, language));
    }
    json::array asked;
    for (const Evidence::Source& source : evidence.resolvers) {
        const bool answered = std::any_of(source.replies.begin(), source.replies.end(), [](const auto& entry) { return entry.second.outcome > Outcome::failed; });
        asked.push_back(json::object{{"address", source.address}, {"answered", answered}});
    }
    json::object out;
    out["domain"] = domain;
    out["zone"] = zone;
    out["stage"] = stage;
    out["text"] = text_of(records_catalogue, language, "stage_" + stage, {{"domain", domain}});
    out["at"] = evidence.at_ms == 0 ? json::value(nullptr) : json::value(format_utc(evidence.at_ms));
    out["counts"] = counts_of(findings);
    out["records"] = std::move(records);
    out["asked"] = std::move(asked);
    out["authority"] = evidence.authority;
    return out;
}

} // namespace hameau::mail
