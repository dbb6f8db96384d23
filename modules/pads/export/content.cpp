// Walking an integrated pad (yjs-v1-notes section 13).
#include "modules/pads/export/content.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/json.hpp>
#include <utf8proc.h>

#include "modules/pads/export/limits.hpp"
#include "modules/pads/lines/addresses.hpp"
#include "modules/pads/lines/lines.hpp"
#include "modules/pads/lines/signs.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

constexpr std::string_view root_of_editor = "default";

struct BlockName {
    std::string_view name;
    Block block;
};
// TipTap's spelling, and ProseMirror's.
constexpr std::array block_names = {
    BlockName{"paragraph", Block::paragraph},       BlockName{"heading", Block::heading},
    BlockName{"blockquote", Block::quote},          BlockName{"codeBlock", Block::code},
    BlockName{"code_block", Block::code},           BlockName{"bulletList", Block::bullet_list},
    BlockName{"bullet_list", Block::bullet_list},   BlockName{"orderedList", Block::ordered_list},
    BlockName{"ordered_list", Block::ordered_list}, BlockName{"listItem", Block::list_item},
    BlockName{"list_item", Block::list_item},       BlockName{"taskList", Block::task_list},
    BlockName{"taskItem", Block::task_item},        BlockName{"horizontalRule", Block::rule},
    BlockName{"horizontal_rule", Block::rule},      BlockName{"hardBreak", Block::line_break},
    BlockName{"hard_break", Block::line_break},     BlockName{"image", Block::image},
    BlockName{"table", Block::table},               BlockName{"tableRow", Block::table_row},
    BlockName{"tableHeader", Block::table_header},  BlockName{"tableCell", Block::table_cell},
    BlockName{"mention", Block::mention},
};

struct MarkName {
    std::string_view name;
    MarkKind kind;
};
constexpr std::array mark_names = {
    MarkName{"link", MarkKind::link},           MarkName{"bold", MarkKind::bold},
    MarkName{"strong", MarkKind::bold},         MarkName{"italic", MarkKind::italic},
    MarkName{"em", MarkKind::italic},           MarkName{"underline", MarkKind::underline},
    MarkName{"strike", MarkKind::strike},       MarkName{"highlight", MarkKind::highlight},
    MarkName{"textStyle", MarkKind::colour},    MarkName{"subscript", MarkKind::subscript},
    MarkName{"superscript", MarkKind::superscript}, MarkName{"code", MarkKind::code},
};

json::value parse(std::string_view text) {
    boost::system::error_code failed;
    json::value value = json::parse(json::string_view(text.data(), text.size()), failed);
    return failed ? json::value() : value;
}

std::string text_in(const json::value& value, std::string_view key) {
    if (!value.is_object()) {
        return {};
    }
    const json::value* found = value.as_object().if_contains(key);
    return found != nullptr && found->is_string() ? clean_signs(std::string_view(found->as_string())) : std::string();
}

std::optional<Mark> mark_of(std::string_view key, const std::string& value) {
    // Marks that may overlap themselves carry "--" and 8 characters of a hash.
    constexpr std::size_t hash_size = 10;
    if (key.size() > hash_size && key.substr(key.size() - hash_size, 2) == "--") {
        key.remove_suffix(hash_size);
    }
    const auto known = std::find_if(mark_names.begin(), mark_names.end(), [key](const MarkName& mark) { return mark.name == key; });
    if (known == mark_names.end()) {
        return std::nullopt;
    }
    Mark mark{known->kind, {}};
    if (mark.kind == MarkKind::link) {
        const json::value attributes = parse(value);
        mark.value = kept_address(text_in(attributes, "href"));
        mark.title = text_in(attributes, "title");
        return !mark.value.empty() ? std::optional(mark) : std::nullopt;
    }
    if (mark.kind == MarkKind::highlight || mark.kind == MarkKind::colour) {
        const json::value attributes = parse(value);
        mark.value = safe_colour(text_in(attributes, "color"));
        if (mark.kind == MarkKind::highlight) {
            return mark;
        }
        const std::string font = text_in(attributes, "fontFamily");
        const std::string size = text_in(attributes, "fontSize");
        mark.font = is_safe_font(font) ? font : std::string();
        mark.size = is_safe_size(size) ? size : std::string();
        if (mark.value.empty() && mark.font.empty() && mark.size.empty()) {
            return std::nullopt;
        }
    }
    return mark;
}

/// A value among the attributes of a block.
json::value attribute(const Attributes& attributes, std::string_view key) {
    const auto found = std::find_if(attributes.begin(), attributes.end(), [key](const auto& one) { return one.first == key; });
    return found == attributes.end() ? json::value() : parse(found->second);
}

std::string text_attribute(const Attributes& attributes, std::string_view key) {
    const json::value value = attribute(attributes, key);
    return value.is_string() ? clean_signs(std::string_view(value.as_string())) : std::string();
}

std::int64_t number_attribute(const Attributes& attributes, std::string_view key, std::int64_t otherwise, std::int64_t most) {
    const json::value value = attribute(attributes, key);
    double number = static_cast<double>(otherwise);
    if (value.is_number()) {
        number = value.to_number<double>();
    } else if (value.is_string()) {
        // Some editors keep what they read in a page: text.
        std::int64_t whole = 0;
        const json::string& text = value.as_string();
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), whole);
        number = failed == std::errc{} && end == text.data() + text.size() ? static_cast<double>(whole) : number;
    }
    return number >= 1 && number <= static_cast<double>(most) ? static_cast<std::int64_t>(number) : otherwise;
}

/// prosemirror-tables keeps one number for each column that a cell spans, 0 where nobody dragged.
std::vector<std::int64_t> widths_of(const Attributes& attributes, std::size_t columns) {
    const json::value value = attribute(attributes, "colwidth");
    std::vector<std::int64_t> widths;
    if (!value.is_array() || value.as_array().size() != columns) {
        return widths;
    }
    bool any = false;
    for (const json::value& one : value.as_array()) {
        const double width = one.is_number() ? one.to_number<double>() : 0;
        widths.push_back(width >= 1 && width <= static_cast<double>(column_width_max) ? static_cast<std::int64_t>(width) : 0);
        any = any || widths.back() > 0;
    }
    return any ? widths : std::vector<std::int64_t>();
}

Align align_of(const Attributes& attributes) {
    const std::string name = text_attribute(attributes, "textAlign");
    return name == "center" ? Align::center : name == "right" ? Align::right : name == "justify" ? Align::justify : Align::none;
}

/// What the exporters want to know of a block.
Event opening(std::string_view name, const Attributes& attributes) {
    const auto known = std::find_if(block_names.begin(), block_names.end(), [name](const BlockName& block) { return block.name == name; });
    Event event;
    event.kind = Event::Kind::open;
    event.block = known == block_names.end() ? Block::unknown : known->block;
    switch (event.block) {
    case Block::heading:
        event.number = number_attribute(attributes, "level", 1, 6);
        event.align = align_of(attributes);
        break;
    case Block::paragraph:
        event.align = align_of(attributes);
        break;
    case Block::ordered_list:
        event.number = number_attribute(attributes, "start", number_attribute(attributes, "order", 1, 1'000'000'000), 1'000'000'000);
        event.text = safe_list_type(text_attribute(attributes, "type"));
        break;
    case Block::table_header:
    case Block::table_cell:
        event.number = number_attribute(attributes, "colspan", 1, 100);
        event.rows = number_attribute(attributes, "rowspan", 1, 100);
        event.widths = widths_of(attributes, static_cast<std::size_t>(event.number));
        break;
    case Block::task_item: {
        const auto checked = attribute(attributes, "checked");
        event.checked = checked.is_bool() && checked.as_bool();
        break;
    }
    case Block::code:
        event.text = text_attribute(attributes, "language");
        break;
    case Block::mention:
        event.text = text_attribute(attributes, "label");
        event.address = text_attribute(attributes, "id");
        event.text = event.text.empty() ? event.address : event.text;
        break;
    case Block::image:
        if (const auto alt = attribute(attributes, "alt"); alt.is_string()) {
            event.text = clean_signs(std::string_view(alt.as_string()));
            event.described = true;
        }
        event.title = text_attribute(attributes, "title");
        event.address = text_attribute(attributes, "src");
        if (!is_safe_address(event.address)) {
            event.address.clear();
        }
        event.width = number_attribute(attributes, "width", 0, 10'000);
        event.height = number_attribute(attributes, "height", 0, 10'000);
        break;
    default:
        break;
    }
    return event;
}

/// Makes events of what the reader of lines gives, and of the trees among it.
class Walker final : public BlockSink {
public:
    explicit Walker(const crdt::Document& document) : document_(document) {}

    Status walk(std::uint32_t root) {
        read_lines(document_, root, *this);
        return full() ? Status(fail(ErrorKind::too_large, "the pad has too many parts to be exported")) : Status();
    }

    std::vector<Event> take() { return std::move(events_); }

    void open(std::string_view name, const Attributes& attributes) override {
        Event event = opening(name, attributes);
        blocks_.push_back(event);
        add(std::move(event));
    }

    void close() override {
        edge(Event::Kind::close, blocks_.back().block);
        blocks_.pop_back();
    }

    void inside(const crdt::Run&, std::string_view name, const Attributes& attributes) override {
        add(opening(name, attributes));
        edge(Event::Kind::close, events_.back().block);
    }

    /// A line break of a program that knows no other kind begins a block like this one.
    void text(const crdt::Run& run, std::string_view text, bool marked) override {
        while (marked && !full()) {
            const std::size_t end = text.find('\n');
            if (end == std::string_view::npos) {
                break;
            }
            add_text(run, text.substr(0, end), marked);
            edge(Event::Kind::close, blocks_.back().block);
            add(blocks_.back());
            text.remove_prefix(end + 1);
        }
        add_text(run, text, marked);
    }

    void foreign(std::uint32_t type) override {
        const crdt::TypeRef ref = document_.ref(type);
        if (ref == crdt::TypeRef::xml_element) {
            open_element(type);
        } else if (ref == crdt::TypeRef::xml_text || ref == crdt::TypeRef::text) {
            runs(type);
        }
        while (!stack_.empty() && !full()) {
            crdt::Node node;
            if (!stack_.back().children.next(node)) {
                close_element();
                continue;
            }
            if (node.kind != crdt::Kind::type) {
                continue;  // values that no editor shows
            }
            const crdt::TypeRef below = document_.ref(node.type);
            if (below == crdt::TypeRef::xml_element) {
                open_element(node.type);
            } else if (below == crdt::TypeRef::xml_text || below == crdt::TypeRef::text) {
                runs(node.type);
            }
        }
    }

    bool full() const override { return bytes_ > export_event_bytes_max; }

private:
    struct Frame {
        crdt::Document::Children children;
        Block block;
    };

    void add(Event event) {
        bytes_ += sizeof event + event.text.size() + event.address.size() + event.title.size() + event.widths.size() * sizeof(std::int64_t);
        for (const Mark& mark : event.marks) {
            bytes_ += sizeof mark + mark.value.size() + mark.title.size() + mark.font.size();
        }
        events_.push_back(std::move(event));
    }

    void edge(Event::Kind kind, Block block) {
        Event event;
        event.kind = kind;
        event.block = block;
        add(std::move(event));
    }

    void open_element(std::uint32_t type) {
        Event event = opening(document_.name(type), attributes_of(document_, type));
        stack_.push_back({document_.children(type), event.block});
        if (event.block != Block::unknown) {
            add(std::move(event));
        }
    }

    void close_element() {
        if (stack_.back().block != Block::unknown) {
            edge(Event::Kind::close, stack_.back().block);
        }
        stack_.pop_back();
    }

    void runs(std::uint32_t type) {
        // Text right below something unknown, or below the root, is shown as a paragraph.
        const Block below = stack_.empty() ? Block::unknown : stack_.back().block;
        const bool bare = below == Block::unknown || below == Block::list_item || below == Block::task_item ||
                          below == Block::quote || below == Block::table_cell || below == Block::table_header;
        crdt::Document::Runs runs = document_.runs(type);
        crdt::Run run;
        bool opened = false;
        marks_version_ = 0;
        while (!full() && runs.next(run)) {
            if (run.kind != crdt::Kind::string || run.text.empty()) {
                continue;
            }
            if (bare && !opened) {
                opened = true;
                edge(Event::Kind::open, Block::paragraph);
            }
            add_text(run, run.text, true);
        }
        marks_version_ = 0;
        if (opened) {
            edge(Event::Kind::close, Block::paragraph);
        }
    }

    void add_text(const crdt::Run& run, std::string_view text, bool marked) {
        if (text.empty()) {
            return;
        }
        Event event;
        event.text = clean_signs(text);
        if (event.text.empty()) {
            return;
        }
        if (marked) {
            event.marks = marks_of(run);
        }
        // Redundant format items cut runs that look the same: join them.
        if (!events_.empty() && events_.back().kind == Event::Kind::text && events_.back().marks == event.marks) {
            bytes_ += event.text.size();
            events_.back().text += event.text;
        } else {
            add(std::move(event));
        }
    }

    /// Parsed once for as long as they stay the same: a long one may hold for a million short runs.
    const std::vector<Mark>& marks_of(const crdt::Run& run) {
        if (run.version == marks_version_) {
            return marks_;
        }
        marks_version_ = run.version;
        marks_.clear();
        for (const crdt::Attribute& attribute : run.attributes) {
            if (auto mark = mark_of(attribute.key, attribute.value)) {
                marks_.push_back(std::move(*mark));
            }
        }
        std::stable_sort(marks_.begin(), marks_.end(), [](const Mark& a, const Mark& b) { return a.kind < b.kind; });
        marks_.erase(std::unique(marks_.begin(), marks_.end(), [](const Mark& a, const Mark& b) { return a.kind == b.kind; }), marks_.end());
        return marks_;
    }

    const crdt::Document& document_;
    std::vector<Event> events_;
    std::size_t bytes_ = 0;      ///< that events_ hold
    std::vector<Event> blocks_;  ///< that the reader of lines opened
    std::vector<Frame> stack_;   ///< elements of a tree
    std::vector<Mark> marks_;
    std::uint64_t marks_version_ = 0;  ///< of the runs that are being read; 0: of none
};

/// UAX #9, rules P2 and P3: the first strong letter. 0 when there is none, else 'L' or 'R'.
char first_strong(std::string_view text) {
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    for (std::size_t at = 0; at < text.size();) {
        utf8proc_int32_t point = 0;
        const auto size = utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &point);
        if (size <= 0) {
            break;
        }
        const auto bidi = utf8proc_get_property(point)->bidi_class;
        if (bidi == UTF8PROC_BIDI_CLASS_L || bidi == UTF8PROC_BIDI_CLASS_R || bidi == UTF8PROC_BIDI_CLASS_AL) {
            return bidi == UTF8PROC_BIDI_CLASS_L ? 'L' : 'R';
        }
        at += static_cast<std::size_t>(size);
    }
    return 0;
}

/// What opens waits for the first strong letter inside it; each is told once.
void note_directions(std::vector<Event>& events) {
    std::vector<std::size_t> waiting;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const Event& event = events[i];
        if (event.kind == Event::Kind::open) {
            waiting.push_back(i);
        } else if (event.kind == Event::Kind::close) {
            // Those that were told are gone already; what is left of this one waits no more.
            while (!waiting.empty() && events[waiting.back()].block != event.block) {
                waiting.pop_back();
            }
            if (!waiting.empty()) {
                waiting.pop_back();
            }
        } else if (const char strong = waiting.empty() ? '\0' : first_strong(event.text); strong != 0) {
            for (const std::size_t open : waiting) {
                events[open].from_right = strong == 'R';
            }
            waiting.clear();
        }
    }
}

/// Whether anything of a root can be shown.
bool shows_something(const crdt::Document& document, std::uint32_t root) {
    crdt::Node node;
    return document.children(root).next(node);
}

} // namespace

std::optional<std::uint32_t> find_root(const crdt::Document& document) {
    const auto own = document.root(root_of_editor);
    if (own && shows_something(document, *own)) {
        return own;
    }
    // The house's own root stands in every pad; a program may write elsewhere.
    if (const auto root = document.first_xml_root(); root && shows_something(document, *root)) {
        return root;
    }
    for (const std::string_view name : document.root_names()) {
        const auto root = document.root(name);
        if (root && document.guess(*root) == crdt::RootKind::text && shows_something(document, *root)) {
            return root;
        }
    }
    return own;
}

Result<std::vector<Event>> read_content(crdt::View state) {
    crdt::Integrator integrator;
    if (auto done = integrator.apply(state, crdt::Hold::borrow); !done) {
        return fail(std::move(done.error()));
    }
    return read_content(crdt::Document(integrator));
}

Result<std::vector<Event>> read_content(const crdt::Document& document) {
    Walker walker(document);
    if (const auto root = find_root(document)) {
        if (auto done = walker.walk(*root); !done) {
            return fail(std::move(done.error()));
        }
    }
    std::vector<Event> events = walker.take();
    note_directions(events);
    return events;
}

} // namespace hameau::pads
