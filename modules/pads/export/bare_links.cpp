// One line at a time: its words are joined, looked through, and cut where an address begins or ends.
#include "modules/pads/export/bare_links.hpp"

#include <algorithm>

#include "modules/pads/lines/addresses.hpp"

namespace hameau::pads {

namespace {

/// What is no text, or may not be marked.
constexpr std::string_view other_sign = "\ufffc";

bool is_fixed(const Event& event) {
    return std::any_of(event.marks.begin(), event.marks.end(), [](const Mark& mark) { return mark.kind == MarkKind::link || mark.kind == MarkKind::code; });
}

bool may_hold_one(std::string_view text) { return text.find_first_of("@/") != std::string_view::npos || text.find("www.") != std::string_view::npos || text.find("WWW.") != std::string_view::npos; }

class Linker {
public:
    explicit Linker(std::vector<Event> events) : events_(std::move(events)) {}

    std::vector<Event> link() {
        for (Event& event : events_) {
            if (event.kind == Event::Kind::text && !in_code_) {
                line_.push_back(std::move(event));
                continue;
            }
            flush();
            in_code_ = event.block == Block::code ? event.kind == Event::Kind::open : in_code_;
            out_.push_back(std::move(event));
        }
        flush();
        return std::move(out_);
    }

private:
    void flush() {
        std::string words;
        for (const Event& stretch : line_) {
            words += is_fixed(stretch) ? other_sign : std::string_view(stretch.text);
        }
        const std::vector<BareAddress> found = may_hold_one(words) ? bare_addresses(words) : std::vector<BareAddress>();
        std::size_t at = 0;
        auto next = found.begin();
        for (Event& stretch : line_) {
            if (found.empty() || is_fixed(stretch)) {
                at += is_fixed(stretch) ? other_sign.size() : stretch.text.size();
                out_.push_back(std::move(stretch));
                continue;
            }
            const std::size_t end = at + stretch.text.size();
            const std::size_t first = at;
            while (at < end) {
                while (next != found.end() && next->end <= at) {
                    ++next;
                }
                const bool inside = next != found.end() && next->begin <= at;
                const std::size_t until = next == found.end() ? end : std::min(end, inside ? next->end : next->begin);
                Event part = stretch;
                part.text = stretch.text.substr(at - first, until - at);
                if (inside) {
                    part.marks.insert(part.marks.begin(), Mark{MarkKind::link, next->address});
                }
                out_.push_back(std::move(part));
                at = until;
            }
        }
        line_.clear();
    }

    std::vector<Event> events_;
    std::vector<Event> out_;
    std::vector<Event> line_;  ///< stretches of text since the last element
    bool in_code_ = false;
};

} // namespace

void link_bare_addresses(std::vector<Event>& events) { events = Linker(std::move(events)).link(); }

} // namespace hameau::pads
