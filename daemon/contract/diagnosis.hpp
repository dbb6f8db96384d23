// What a diagnosis found: one Finding a check. hameau-provision looks (provisioning/diagnose), hameaud passes the lines on, the command
// and the portal say them in words (diagnosis_texts.hpp). Pure data and text. The file is STATE/diagnosis/state: root alone writes it;
// hameaud reads its first two lines (daemon/supervisor/turn_state.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hameau::diagnosis {

/// What travels is the word: "fine", "attention", "broken", "unknown".
enum class State { fine, unknown, attention, broken };
std::string_view to_text(State state);
/// An unknown word is `unknown`: never better than it was said.
State state_of(std::string_view word);

struct Finding {
    std::string id;    ///< of the check, stable: "disk.room"
    State state = State::unknown;
    std::string code;  ///< of the sentence: "disk.room.low"
    std::vector<std::pair<std::string, std::string>> values = {};  ///< its parameters; never a secret
    std::int64_t at = 0;  ///< when it was looked at: UTC seconds since 1970
};

/// "found TAB ID TAB STATE TAB CODE TAB AT [TAB NAME=VALUE]...", without control characters, at most 500 bytes.
std::string to_line(const Finding& finding);

/// What one run found, and what was said of the runs before. Times are UTC seconds since 1970.
struct Report {
    std::int64_t next = 0;     ///< when the nightly run is due; 0: never
    std::string trouble;       ///< "COUNT TAB ID" of what the last nightly run found worse; empty: nothing
    std::int64_t at = 0;       ///< when the run ended; 0: there was none
    std::vector<Finding> findings;
    /// What the admin was told of each check by the last nightly run: "said TAB ID TAB STATE".
    std::vector<std::pair<std::string, State>> said;

    /// A damaged line is left out.
    static Report parse(std::string_view text);
    std::string to_text() const;
    const Finding* find(std::string_view id) const;
    /// Findings of another run take the places of those with the same id; the others stay.
    void take(const std::vector<Finding>& newer);
};

/// What became worse since it was said last: fine or never said -> attention -> broken. What cannot be known is no news, in neither
/// direction: the state that was known before is kept in `said`, which is brought up to date.
std::vector<Finding> worse_since(std::vector<std::pair<std::string, State>>& said, const std::vector<Finding>& findings);

} // namespace hameau::diagnosis
