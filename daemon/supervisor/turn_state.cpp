// Reading the first two lines of a turn's state file. A file that cannot be read counts as a turn that failed.
#include "daemon/supervisor/turn_state.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "daemon/base/io.hpp"

namespace hameau::supervisor {

TurnEnd turn_end_in(const std::string& file, const TurnBounds& bounds) {
    TurnEnd end{bounds.after_failure, {}};
    const auto text = read_file(file, bounds.file_bytes_max);
    constexpr std::string_view next_key = "next\t";
    constexpr std::string_view trouble_key = "trouble\t";
    if (!text || !text->starts_with(next_key)) {
        return end;
    }
    const auto next_s = std::strtoll(text->c_str() + next_key.size(), nullptr, 10);
    end.wait = std::clamp(Duration((next_s - now_ms() / 1000) * 1000), bounds.wait_min, bounds.wait_max);
    std::string_view second = std::string_view(*text).substr(std::min(text->find('\n'), text->size() - 1) + 1);
    second = second.substr(0, std::min(second.find('\n'), bounds.line_max));
    if (second.starts_with(trouble_key)) {
        end.trouble = second.substr(trouble_key.size());
    }
    return end;
}

} // namespace hameau::supervisor
