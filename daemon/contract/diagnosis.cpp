// Lines of tab-separated words, and the comparison of two runs.
#include "daemon/contract/diagnosis.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "daemon/base/text.hpp"
#include "daemon/contract/limits.hpp"

namespace hameau::diagnosis {

namespace {

constexpr std::array words = {std::pair{State::fine, std::string_view("fine")}, std::pair{State::unknown, std::string_view("unknown")},
                              std::pair{State::attention, std::string_view("attention")}, std::pair{State::broken, std::string_view("broken")}};

std::int64_t number_of(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

Finding finding_of(const std::vector<std::string_view>& columns) {
    Finding finding{std::string(columns[1]), state_of(columns[2]), std::string(columns[3])};
    finding.at = number_of(columns[4]);
    for (std::size_t i = 5; i < columns.size(); ++i) {
        const std::size_t equals = columns[i].find('=');
        if (equals != std::string_view::npos) {
            finding.values.emplace_back(columns[i].substr(0, equals), columns[i].substr(equals + 1));
        }
    }
    return finding;
}

} // namespace

std::string_view to_text(State state) {
    const auto* found = std::find_if(words.begin(), words.end(), [state](const auto& word) { return word.first == state; });
    return found == words.end() ? "unknown" : found->second;
}

State state_of(std::string_view word) {
    const auto* found = std::find_if(words.begin(), words.end(), [word](const auto& known) { return known.second == word; });
    return found == words.end() ? State::unknown : found->first;
}

std::string to_line(const Finding& finding) {
    std::string line = "found\t" + one_plain_line(finding.id) + "\t" + std::string(to_text(finding.state)) + "\t" + one_plain_line(finding.code) + "\t" + std::to_string(finding.at);
    for (const auto& [name, value] : finding.values) {
        line += "\t" + one_plain_line(name) + "=";
        // A value that does not fit is cut, its name is not: the sentence would show a bare {name}.
        line += one_plain_line(value, finding_bytes_max - std::min(line.size(), finding_bytes_max));
    }
    return line;
}

Report Report::parse(std::string_view text) {
    Report report;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto columns = split(line, '\t');
        if (columns.size() == 2 && columns[0] == "next") {
            report.next = number_of(columns[1]);
        } else if (columns.size() >= 2 && columns[0] == "trouble") {
            report.trouble = line.substr(8);
        } else if (columns.size() == 2 && columns[0] == "at") {
            report.at = number_of(columns[1]);
        } else if (columns.size() == 3 && columns[0] == "said") {
            report.said.emplace_back(columns[1], state_of(columns[2]));
        } else if (columns.size() >= 5 && columns[0] == "found") {
            report.findings.push_back(finding_of(columns));
        }
    }
    return report;
}

std::string Report::to_text() const {
    std::string out = "next\t" + std::to_string(next) + "\n";
    out += trouble.empty() ? "" : "trouble\t" + trouble + "\n";
    out += "at\t" + std::to_string(at) + "\n";
    for (const auto& [id, state] : said) {
        out += "said\t" + id + "\t" + std::string(diagnosis::to_text(state)) + "\n";
    }
    for (const Finding& finding : findings) {
        out += to_line(finding) + "\n";
    }
    return out;
}

const Finding* Report::find(std::string_view id) const {
    const auto found = std::find_if(findings.begin(), findings.end(), [id](const Finding& finding) { return finding.id == id; });
    return found == findings.end() ? nullptr : &*found;
}

void Report::take(const std::vector<Finding>& newer) {
    for (const Finding& finding : newer) {
        const auto found = std::find_if(findings.begin(), findings.end(), [&finding](const Finding& one) { return one.id == finding.id; });
        if (found == findings.end()) {
            findings.push_back(finding);
        } else {
            *found = finding;
        }
    }
}

std::vector<Finding> worse_since(std::vector<std::pair<std::string, State>>& said, const std::vector<Finding>& findings) {
    std::vector<Finding> worse;
    std::vector<std::pair<std::string, State>> now;
    for (const Finding& finding : findings) {
        const auto before = std::find_if(said.begin(), said.end(), [&finding](const auto& one) { return one.first == finding.id; });
        const State known = before == said.end() ? State::fine : before->second;
        if (finding.state == State::unknown) {
            if (before != said.end()) {
                now.push_back(*before);
            }
            continue;
        }
        now.emplace_back(finding.id, finding.state);
        if (finding.state != State::fine && finding.state > known) {
            worse.push_back(finding);
        }
    }
    said = std::move(now);
    return worse;
}

} // namespace hameau::diagnosis
