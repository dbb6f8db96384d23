// Findings with their sentences as JSON.
#include "daemon/contract/diagnosis_json.hpp"

#include <algorithm>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/contract/diagnosis.hpp"
#include "daemon/contract/diagnosis_texts.hpp"

namespace hameau::diagnosis {

namespace json = boost::json;

namespace {

json::value time_of(std::int64_t seconds) { return seconds == 0 ? json::value(nullptr) : json::value(format_utc(seconds * 1000)); }

json::object check_of(const Finding& finding, bool english) {
    const CheckText* text = check_text(finding.id);
    json::object out;
    out["id"] = finding.id;
    out["group"] = text == nullptr ? std::string_view("house") : text->group;
    out["title"] = title_of(finding.id, english);
    out["state"] = to_text(finding.state);
    out["code"] = finding.code;
    out["text"] = sentence_of(finding, english);
    out["advice"] = advice_of(finding, english);
    out["at"] = time_of(finding.at);
    const bool well = finding.state == State::fine || finding.state == State::unknown;
    const Mends mends = text == nullptr || well || !can_be_mended(finding.code) ? Mends::no : text->mends;
    out["repair"] = mends == Mends::no ? json::value(nullptr) : json::value(mends == Mends::yes ? "free" : "asks");
    out["repair_text"] = mends == Mends::no ? std::string() : mending_of(finding.id, english);
    return out;
}

/// What became of a repair; null: none was asked for.
json::value repair_of(std::string_view words, bool english) {
    json::object out;
    bool later = false;
    for (const std::string_view line : split(words, '\n')) {
        const auto columns = split(line, '\t');
        later = later || columns[0] == "later";
        if (columns.size() < 2 || (columns[0] != "mended" && columns[0] != "not_mended" && columns[0] != "nothing")) {
            continue;
        }
        out["id"] = columns[1];
        out["done"] = columns[0] == "mended";
        std::string text = mending_of(columns[1], english);
        if (columns[0] == "nothing") {
            text = phrase_of("nothing", "", english);
        } else if (columns[0] == "not_mended") {
            const std::string why(columns.size() > 2 ? columns[2] : "");
            const std::string known = phrase_of("refused." + why, "", english);
            text = phrase_of("not_mended", known.empty() ? why : known, english);
        }
        out["text"] = text;
    }
    if (out.empty()) {
        return nullptr;
    }
    out["later"] = later;
    return out;
}

} // namespace

json::object document_of(std::string_view words, bool english) {
    const Report report = Report::parse(words);
    json::array checks;
    json::object counts;
    for (const State state : {State::fine, State::attention, State::broken, State::unknown}) {
        counts[to_text(state)] = std::count_if(report.findings.begin(), report.findings.end(), [state](const Finding& one) { return one.state == state; });
    }
    for (const Finding& finding : report.findings) {
        checks.push_back(check_of(finding, english));
    }
    std::int64_t at = report.at;
    for (const Finding& finding : report.findings) {
        at = std::max(at, finding.at);
    }
    json::object out;
    out["at"] = time_of(at);
    out["counts"] = std::move(counts);
    out["checks"] = std::move(checks);
    out["repair"] = repair_of(words, english);
    return out;
}

} // namespace hameau::diagnosis
