// HTML by libxml2's parser, walked without recursion. Elements are looked up in tables; scripts, styles, forms and frames
// are passed over with all that they hold.
#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>

#include <libxml/HTMLparser.h>
#include <libxml/tree.h>

#include "modules/pads/convert/builder.hpp"
#include "modules/pads/convert/document.hpp"
#include "modules/pads/convert/html_lists.hpp"
#include "modules/pads/export/table_grid.hpp"
#include "modules/pads/lines/addresses.hpp"

namespace hameau::pads {

namespace {

struct BlockTag {
    std::string_view name;
    Block block;
    std::int64_t number;
};
constexpr std::array block_tags = {
    BlockTag{"p", Block::paragraph, 1},   BlockTag{"h1", Block::heading, 1},       BlockTag{"h2", Block::heading, 2},
    BlockTag{"h3", Block::heading, 3},    BlockTag{"h4", Block::heading, 4},       BlockTag{"h5", Block::heading, 5},
    BlockTag{"h6", Block::heading, 6},    BlockTag{"blockquote", Block::quote, 1}, BlockTag{"pre", Block::code, 1},
    BlockTag{"ul", Block::bullet_list, 1}, BlockTag{"ol", Block::ordered_list, 1}, BlockTag{"li", Block::list_item, 1},
    BlockTag{"table", Block::table, 1},   BlockTag{"tr", Block::table_row, 1},     BlockTag{"th", Block::table_header, 1},
    BlockTag{"td", Block::table_cell, 1}, BlockTag{"caption", Block::paragraph, 1},
};

struct MarkTag {
    std::string_view name;
    MarkKind kind;
};
constexpr std::array mark_tags = {
    MarkTag{"b", MarkKind::bold},        MarkTag{"strong", MarkKind::bold},     MarkTag{"i", MarkKind::italic},
    MarkTag{"em", MarkKind::italic},     MarkTag{"cite", MarkKind::italic},     MarkTag{"u", MarkKind::underline},
    MarkTag{"ins", MarkKind::underline}, MarkTag{"s", MarkKind::strike},        MarkTag{"del", MarkKind::strike},
    MarkTag{"strike", MarkKind::strike}, MarkTag{"mark", MarkKind::highlight},  MarkTag{"sub", MarkKind::subscript},
    MarkTag{"sup", MarkKind::superscript}, MarkTag{"code", MarkKind::code},     MarkTag{"kbd", MarkKind::code},
    MarkTag{"tt", MarkKind::code},       MarkTag{"samp", MarkKind::code},
};

constexpr std::array<std::string_view, 19> passed_over = {
    "script", "style", "head", "template", "noscript", "iframe", "object", "embed", "svg", "math",
    "select", "textarea", "button", "audio", "video", "canvas", "map", "applet", "frameset"};
constexpr std::array<std::string_view, 16> boundaries = {"div", "section", "article", "main", "header", "footer", "nav", "aside",
                                                         "address", "figure", "figcaption", "dl", "dt", "dd", "form", "body"};

template <class Table>
auto find_tag(const Table& table, std::string_view name) {
    return std::find_if(table.begin(), table.end(), [name](const auto& tag) { return tag.name == name; });
}

std::string_view text_of(const xmlChar* text) {
    return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

std::string attribute(const xmlNode* node, const char* name) {
    xmlChar* value = xmlGetProp(const_cast<xmlNode*>(node), reinterpret_cast<const xmlChar*>(name));
    std::string out(text_of(value));
    xmlFree(value);
    return out;
}

std::int64_t number_attribute(const xmlNode* node, const char* name, std::int64_t otherwise, std::int64_t most) {
    const std::string text = attribute(node, name);
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failed == std::errc{} && number >= 1 && number <= most ? number : otherwise;
}

/// The value of one property of a style attribute.
std::string style_property(const std::string& style, std::string_view name) {
    for (std::size_t at = 0; at < style.size();) {
        const std::size_t end = std::min(style.find(';', at), style.size());
        const std::string_view part = std::string_view(style).substr(at, end - at);
        const std::size_t colon = part.find(':');
        const auto trimmed = [](std::string_view text) {
            const std::size_t first = text.find_first_not_of(" \t\n");
            return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
        };
        if (colon != std::string_view::npos && trimmed(part.substr(0, colon)) == name) {
            return std::string(trimmed(part.substr(colon + 1)));
        }
        at = end + 1;
    }
    return {};
}

/// "120", "120px", "90pt" as CSS pixels; 0 when it is something else ("50%") or no width of a column.
std::int64_t pixels_of(const std::string& text) {
    double number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc{}) {
        return 0;
    }
    constexpr struct {
        std::string_view unit;
        double pixels;
    } units[] = {{"", 1}, {"px", 1}, {"pt", 96.0 / 72}, {"in", 96}, {"cm", 96 / 2.54}, {"mm", 96 / 25.4}};
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const auto* known = std::find_if(std::begin(units), std::end(units), [unit](const auto& one) { return one.unit == unit; });
    const double pixels = known == std::end(units) ? 0 : number * known->pixels + 0.5;
    return pixels >= 1 && pixels <= static_cast<double>(column_width_max) ? static_cast<std::int64_t>(pixels) : 0;
}

/// The width of a <col> or a cell, by its style or its attribute.
std::int64_t width_of(const xmlNode* node) {
    const std::int64_t styled = pixels_of(style_property(attribute(node, "style"), "width"));
    return styled > 0 ? styled : pixels_of(attribute(node, "width"));
}

/// The widths of the columns as the <col> elements of a table say them; nothing when none says anything.
std::vector<std::int64_t> widths_of_columns(const xmlNode* table) {
    std::vector<std::int64_t> widths;
    const auto add = [&widths](const xmlNode* column) {
        const std::int64_t span = number_attribute(column, "span", 1, grid_columns_max);
        const std::int64_t width = width_of(column);
        for (std::int64_t i = 0; i < span && static_cast<std::int64_t>(widths.size()) < grid_columns_max; ++i) {
            widths.push_back(width);
        }
    };
    for (const xmlNode* node = table->children; node != nullptr; node = node->next) {
        const std::string_view name = node->type == XML_ELEMENT_NODE ? text_of(node->name) : std::string_view();
        bool inside = false;
        for (const xmlNode* column = node->children; name == "colgroup" && column != nullptr; column = column->next) {
            if (column->type == XML_ELEMENT_NODE) {
                add(column);
                inside = true;
            }
        }
        if (name == "col" || (name == "colgroup" && !inside)) {
            add(node);
        }
    }
    const bool any = std::any_of(widths.begin(), widths.end(), [](std::int64_t width) { return width > 0; });
    return any ? widths : std::vector<std::int64_t>();
}

/// Our own exports' and the editor's data-colwidth="100,0": one number for each column that the cell spans.
std::vector<std::int64_t> exact_widths(const xmlNode* cell, std::int64_t columns) {
    std::vector<std::int64_t> widths;
    const std::string text = attribute(cell, "data-colwidth");
    bool any = false;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        widths.push_back(pixels_of(text.substr(at, end - at)));
        any = any || widths.back() > 0;
        at = end + 1;
    }
    return any && static_cast<std::int64_t>(widths.size()) == columns ? widths : std::vector<std::int64_t>();
}

/// By its style, or the attribute of older pages.
Align align_of(const xmlNode* node) {
    std::string align = style_property(attribute(node, "style"), "text-align");
    align = align.empty() ? attribute(node, "align") : align;
    return align == "center" ? Align::center : align == "right" ? Align::right : align == "justify" ? Align::justify : Align::none;
}

class HtmlReader {
public:
    explicit HtmlReader(std::string& title) : title_(title) {}

    /// The marks of one element.
    std::vector<Mark> marks_of(const xmlNode* node) {
        add_marks(node, text_of(node->name));
        return std::move(marks_);
    }

    std::vector<Event> read(const xmlNode* root) {
        const xmlNode* node = root;
        while (node != nullptr && !builder_.full()) {
            const bool inside = enter(node);
            if (inside && node->children != nullptr) {
                node = node->children;
                continue;
            }
            if (inside) {
                leave(node);
            }
            while (node != nullptr && node != root && node->next == nullptr) {
                node = node->parent;
                if (node != nullptr && node != root) {
                    leave(node);
                }
            }
            node = node == nullptr || node == root ? nullptr : node->next;
        }
        std::vector<Event> events = builder_.finish();
        give_widths(events);
        return events;
    }

private:
    struct Table {
        std::vector<std::int64_t> widths = {};  ///< of its columns, as <col> and cells say them
        TableGrid grid = TableGrid();
        bool exact = false;
    };
    /// What leave() undoes.
    struct Entered {
        const xmlNode* node;
        std::optional<std::size_t> block;
        std::size_t marks;
    };

    /// False: nothing inside is read, and leave() is not called.
    bool enter(const xmlNode* node) {
        if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
            text(text_of(node->content));
            return false;
        }
        if (node->type == XML_DOCUMENT_NODE || node->type == XML_HTML_DOCUMENT_NODE) {
            entered_.push_back({node, std::nullopt, marks_.size()});
            return true;
        }
        if (node->type != XML_ELEMENT_NODE) {
            return false;
        }
        const std::string_view name = text_of(node->name);
        if (name == "head") {
            find_title(node);
        }
        if (std::find(passed_over.begin(), passed_over.end(), name) != passed_over.end() || leaf(node, name)) {
            return false;
        }
        Entered entered{node, std::nullopt, marks_.size()};
        if (const auto tag = find_tag(block_tags, name); tag != block_tags.end()) {
            Event event = block(node, *tag);
            note_widths(node, event);
            entered.block = builder_.begin(std::move(event));
        } else if (std::find(boundaries.begin(), boundaries.end(), name) != boundaries.end()) {
            builder_.break_paragraph();
        } else {
            add_marks(node, name);
        }
        entered_.push_back(entered);
        return true;
    }

    void leave(const xmlNode* node) {
        if (entered_.empty() || entered_.back().node != node) {
            return;
        }
        const Entered entered = entered_.back();
        entered_.pop_back();
        marks_.resize(entered.marks);
        if (entered.block) {
            if (text_of(node->name) == "table") {
                end_table();
            }
            builder_.end(*entered.block);
        } else if (std::find(boundaries.begin(), boundaries.end(), text_of(node->name)) != boundaries.end()) {
            builder_.break_paragraph();
        }
    }

    /// A table where a cell says its own widths exactly is as it was in a pad. Else each cell gets those of its columns: what
    /// the <col> elements say, and where they say nothing the first cell of that column alone.
    void note_widths(const xmlNode* node, const Event& event) {
        if (event.block == Block::table) {
            tables_.emplace_back();
            tables_.back().widths = widths_of_columns(node);
        } else if (event.block == Block::table_row && !tables_.empty()) {
            tables_.back().grid.begin_row();
        } else if ((event.block == Block::table_cell || event.block == Block::table_header) && !tables_.empty()) {
            Table& table = tables_.back();
            const TableGrid::Place place = table.grid.place(event);
            table.exact = table.exact || !event.widths.empty();
            const std::int64_t width = event.number == 1 && place.column < grid_columns_max ? width_of(node) : 0;
            const auto column = static_cast<std::size_t>(place.column);
            if (width > 0) {
                table.widths.resize(std::max(table.widths.size(), column + 1));
                table.widths[column] = table.widths[column] > 0 ? table.widths[column] : width;
            }
        }
    }
    void end_table() {
        if (tables_.empty()) {
            return;
        }
        Table& ended = tables_.back();
        if (Event* table = builder_.open_block(Block::table); table != nullptr) {
            table->widths = ended.exact ? std::vector<std::int64_t>() : std::move(ended.widths);
        }
        tables_.pop_back();
    }

    void find_title(const xmlNode* head) {
        for (const xmlNode* node = head->children; node != nullptr; node = node->next) {
            if (node->type == XML_ELEMENT_NODE && text_of(node->name) == "title" && node->children != nullptr) {
                title_ = text_of(node->children->content);
            }
        }
    }

    Event block(const xmlNode* node, const BlockTag& tag) const {
        Event event;
        event.kind = Event::Kind::open;
        event.block = tag.block;
        event.number = tag.number;
        switch (tag.block) {
        case Block::ordered_list:
            event.number = number_attribute(node, "start", 1, 1'000'000'000);
            event.text = safe_list_type(attribute(node, "type"));
            break;
        case Block::table_header:
        case Block::table_cell:
            event.number = number_attribute(node, "colspan", 1, 100);
            event.rows = number_attribute(node, "rowspan", 1, 100);
            event.widths = exact_widths(node, event.number);
            break;
        case Block::code:
            event.text = language_of(node);
            break;
        case Block::bullet_list:
            event.block = attribute(node, "data-type") == "taskList" ? Block::task_list : Block::bullet_list;
            break;
        case Block::list_item:
            if (const auto checked = task_state(node)) {
                event.block = Block::task_item;
                event.checked = *checked;
            }
            break;
        case Block::paragraph:
        case Block::heading: {
            event.align = align_of(node);
            break;
        }
        default:
            break;
        }
        return event;
    }

    /// <pre><code class="language-c++">, or the class of the <pre>.
    static std::string language_of(const xmlNode* pre) {
        constexpr std::string_view prefix = "language-";
        constexpr std::string_view of_a_name = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-+#._";
        for (const xmlNode* node = pre; node != nullptr; node = node == pre ? pre->children : nullptr) {
            const std::string classes = node->type == XML_ELEMENT_NODE ? attribute(node, "class") : std::string();
            const std::size_t at = classes.find(prefix);
            if (at != std::string::npos) {
                const std::size_t begin = at + prefix.size();
                return classes.substr(begin, std::min(classes.find_first_not_of(of_a_name, begin), classes.size()) - begin);
            }
        }
        return {};
    }

    /// As html_lists.cpp says it of every way of writing a task.
    static std::optional<bool> task_state(const xmlNode* item) {
        return attribute(item, "data-type") == "taskItem" ? std::optional(attribute(item, "data-checked") == "true") : std::nullopt;
    }

    /// True when it is one thing without a content of ours.
    bool leaf(const xmlNode* node, std::string_view name) {
        Event event;
        event.kind = Event::Kind::open;
        if (name == "br" || name == "hr") {
            event.block = name == "br" ? Block::line_break : Block::rule;
            builder_.leaf(std::move(event));
            return true;
        }
        if (name == "span" && attribute(node, "data-type") == "mention") {
            event.block = Block::mention;
            event.address = attribute(node, "data-id");
            xmlChar* label = xmlNodeGetContent(node);
            event.text = text_of(label);
            xmlFree(label);
            event.text.erase(0, event.text.starts_with('@') ? 1 : 0);
            ended_blank_ = false;
            builder_.leaf(std::move(event));
            return true;
        }
        if (name == "img") {
            ended_blank_ = false;  // what follows it, a space too, stands behind it
            event.block = Block::image;
            event.address = attribute(node, "src");
            event.text = attribute(node, "alt");
            event.described = xmlHasProp(const_cast<xmlNode*>(node), reinterpret_cast<const xmlChar*>("alt")) != nullptr;
            event.title = attribute(node, "title");
            event.width = number_attribute(node, "width", 0, 10'000);
            event.height = number_attribute(node, "height", 0, 10'000);
            if (is_own_image(event.address)) {
                builder_.leaf(std::move(event));
            } else if (const std::string address = kept_address(event.address); !address.empty()) {
                std::vector<Mark> marks = marks_;
                marks.push_back({MarkKind::link, address});
                builder_.text(event.text.empty() ? address : event.text, settled_marks(marks));
            } else {
                builder_.text(event.text, settled_marks(marks_));
            }
            return true;
        }
        return name == "input";
    }

    void add_marks(const xmlNode* node, std::string_view name) {
        const std::string style = attribute(node, "style");
        const std::string weight = style_property(style, "font-weight");
        if (const auto tag = find_tag(mark_tags, name); tag != mark_tags.end()) {
            // A bold element that says it is not is how some programs wrap a whole text.
            if (tag->kind != MarkKind::bold || (weight != "normal" && weight != "400")) {
                marks_.push_back({tag->kind, tag->kind == MarkKind::highlight ? safe_colour(style_property(style, "background-color")) : std::string()});
            }
        }
        if (name == "a") {
            // As it was written: document.cpp judges it.
            std::string address = attribute(node, "href");
            if (address.find_first_not_of(" \t\r\n") != std::string::npos) {
                marks_.push_back({MarkKind::link, std::move(address), attribute(node, "title")});
            }
        }
        if (name == "span" || name == "font") {
            add_styled(style, weight);
            add_letters(node, name == "font", style);
        }
    }

    /// Programs that know no elements for it say with styles what is bold.
    void add_styled(const std::string& style, const std::string& weight) {
        const std::string decoration = style_property(style, "text-decoration");
        const std::string place = style_property(style, "vertical-align");
        const std::string ground = style_property(style, "background-color");
        const std::string colour = safe_colour(ground.empty() ? style_property(style, "background") : ground);
        const auto add = [this](bool there, MarkKind kind) {
            if (there) {
                marks_.push_back({kind});
            }
        };
        add(weight == "bold" || weight == "bolder" || (weight.size() == 3 && weight >= "600" && weight <= "900"), MarkKind::bold);
        add(style_property(style, "font-style") == "italic", MarkKind::italic);
        add(decoration.find("underline") != std::string::npos, MarkKind::underline);
        add(decoration.find("line-through") != std::string::npos, MarkKind::strike);
        add(place == "sub", MarkKind::subscript);
        add(place == "super", MarkKind::superscript);
        if (!colour.empty() && !is_paper(colour)) {
            marks_.push_back({MarkKind::highlight, colour});
        }
    }

    /// Colour, font and size: what is not said here is as around.
    void add_letters(const xmlNode* node, bool font_element, const std::string& style) {
        Mark look{MarkKind::colour};
        const auto around = std::find_if(marks_.rbegin(), marks_.rend(), [](const Mark& mark) { return mark.kind == MarkKind::colour; });
        const bool coloured = around != marks_.rend();
        look = coloured ? *around : look;
        const auto said = [&](const char* attribute_of_font, std::string_view property) {
            std::string value = style_property(style, property);
            return value.empty() && font_element && attribute_of_font != nullptr ? attribute(node, attribute_of_font) : value;
        };
        const std::string colour = safe_colour(said("color", "color"));
        const std::string font = said("face", "font-family");
        const std::string size = said(nullptr, "font-size");
        // Black is what letters are: word processors say it of every word.
        if (!colour.empty() && (coloured || !is_ink(colour))) {
            look.value = colour;
        }
        look.font = is_safe_font(font) ? font : look.font;
        look.size = is_safe_size(size) ? size : look.size;
        if (!look.value.empty() || !look.font.empty() || !look.size.empty()) {
            marks_.push_back(std::move(look));
        }
    }
    static bool is_ink(std::string_view colour) { return colour == "black" || colour == "#000" || colour == "#000000"; }
    static bool is_paper(std::string_view colour) { return colour == "white" || colour == "#fff" || colour == "#ffffff" || colour == "#FFFFFF"; }

    void text(std::string_view text) {
        if (builder_.in_code()) {
            const bool last = text.ends_with('\n');
            builder_.text(text.substr(0, text.size() - (last ? 1 : 0)), {});
            return;
        }
        // White space is one space, and none where a line begins.
        std::string out;
        bool blank = builder_.at_start() || ended_blank_;
        for (const char c : text) {
            const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
            if (!space || !blank) {
                out += space ? ' ' : c;
            }
            blank = space;
        }
        if (!out.empty()) {
            builder_.text(out, settled_marks(marks_));
            ended_blank_ = out.back() == ' ' && !builder_.at_start();
        }
    }

    std::string& title_;
    ContentBuilder builder_;
    std::vector<Entered> entered_;
    std::vector<Mark> marks_;
    std::vector<Table> tables_;
    bool ended_blank_ = false;
};

} // namespace

namespace {

using HtmlDocument = std::unique_ptr<xmlDoc, void (*)(xmlDoc*)>;

/// Word's "<![if !supportLists]>" is a comment to a browser (HTML Living Standard §13.2.5.42), and text to libxml2.
std::string without_conditions(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = std::min(text.find("<![", at), text.size());
        out.append(text.substr(at, begin - at));
        const std::string_view rest = text.substr(begin);
        const bool condition = rest.starts_with("<![if ") || rest.starts_with("<![endif]>");
        const std::size_t end = condition ? rest.find('>') : std::string_view::npos;
        out.append(end == std::string_view::npos ? rest.substr(0, 3) : std::string_view());
        at = begin + (end == std::string_view::npos ? std::min<std::size_t>(3, rest.size()) : end + 1);
    }
    return out;
}

HtmlDocument parse_html(std::string_view text) {
    constexpr int options = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET | HTML_PARSE_COMPACT;
    return {htmlReadMemory(text.data(), static_cast<int>(text.size()), nullptr, "UTF-8", options), xmlFreeDoc};
}

} // namespace

void prepare_html() { xmlInitParser(); }

InlineTag read_inline_tag(std::string_view tag) {
    const HtmlDocument document = parse_html(tag);
    const xmlNode* node = document ? xmlDocGetRootElement(document.get()) : nullptr;
    // What the parser adds around it.
    while (node != nullptr && (node->type != XML_ELEMENT_NODE || text_of(node->name) == "html" || text_of(node->name) == "body" || text_of(node->name) == "p")) {
        node = node->type == XML_ELEMENT_NODE ? node->children : node->next;
    }
    if (node == nullptr) {
        return {};
    }
    InlineTag out{std::string(text_of(node->name))};
    std::string title;
    out.align = align_of(node);
    if (out.name == "img" || (out.name == "span" && attribute(node, "data-type") == "mention")) {
        out.content = HtmlReader(title).read(node);
    } else {
        out.marks = HtmlReader(title).marks_of(node);
    }
    return out;
}

std::vector<Event> read_html(std::string_view text, std::string& title) {
    const HtmlDocument document = text.find("<![") == std::string_view::npos ? parse_html(text) : parse_html(without_conditions(text));
    xmlNode* root = document ? xmlDocGetRootElement(document.get()) : nullptr;
    if (root == nullptr) {
        return ContentBuilder().finish();
    }
    settle_lists(root);
    return HtmlReader(title).read(root);
}

} // namespace hameau::pads
