// From content to a Yjs update; names and values are the editor's (web-ui/src/pad/schema.ts).
#include "modules/pads/convert/document.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "daemon/base/io.hpp"
#include "modules/pads/convert/builder.hpp"
#include "modules/pads/convert/word.hpp"
#include "modules/pads/export/bare_links.hpp"
#include "modules/pads/lines/addresses.hpp"
#include "modules/pads/lines/line_writer.hpp"
#include "modules/pads/lines/signs.hpp"
#include "modules/pads/limits.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {


std::string_view node_name(Block block) {
    switch (block) {
    case Block::heading:
        return "heading";
    case Block::quote:
        return "blockquote";
    case Block::code:
        return "codeBlock";
    case Block::bullet_list:
        return "bulletList";
    case Block::ordered_list:
        return "orderedList";
    case Block::list_item:
        return "listItem";
    case Block::task_list:
        return "taskList";
    case Block::task_item:
        return "taskItem";
    case Block::rule:
        return "horizontalRule";
    case Block::line_break:
        return "hardBreak";
    case Block::image:
        return "image";
    case Block::table:
        return "table";
    case Block::table_row:
        return "tableRow";
    case Block::table_header:
        return "tableHeader";
    case Block::table_cell:
        return "tableCell";
    case Block::mention:
        return "mention";
    case Block::paragraph:
    case Block::unknown:
        break;
    }
    return "paragraph";
}

std::pair<std::string, std::string> mark_pair(const Mark& mark) {
    const auto object = [&mark](std::string_view key) {
        json::object value;
        for (const auto& [name, text] : {std::pair(key, &mark.value), std::pair(std::string_view("title"), &mark.title),
                                         std::pair(std::string_view("fontFamily"), &mark.font), std::pair(std::string_view("fontSize"), &mark.size)}) {
            if (!text->empty()) {
                value[name] = *text;
            }
        }
        return json::serialize(value);
    };
    switch (mark.kind) {
    case MarkKind::link:
        return {"link", object("href")};
    case MarkKind::bold:
        return {"bold", "{}"};
    case MarkKind::italic:
        return {"italic", "{}"};
    case MarkKind::underline:
        return {"underline", "{}"};
    case MarkKind::strike:
        return {"strike", "{}"};
    case MarkKind::highlight:
        return {"highlight", mark.value.empty() ? std::string("{}") : object("color")};
    case MarkKind::colour:
        return {"textStyle", object("color")};
    case MarkKind::subscript:
        return {"subscript", "{}"};
    case MarkKind::superscript:
        return {"superscript", "{}"};
    case MarkKind::code:
        break;
    }
    return {"code", "{}"};
}

class ContentWriter {
public:
    explicit ContentWriter(std::uint64_t client) : tree_(client) {}

    crdt::Bytes write(const std::vector<Event>& events) {
        for (const Event& event : events) {
            if (event.kind == Event::Kind::text) {
                Span span{event.text};
                for (const Mark& mark : event.marks) {
                    span.marks.insert(mark_pair(mark));
                }
                spans_.push_back(std::move(span));
                continue;
            }
            flush();
            if (event.kind == Event::Kind::open) {
                tree_.open(node_name(event.block));
                attributes(event);
            } else {
                tree_.close();
            }
        }
        return tree_.finish();
    }

private:
    void flush() {
        if (!spans_.empty()) {
            tree_.text(spans_);
            spans_.clear();
        }
    }

    void number(std::string_view key, std::int64_t value, std::int64_t otherwise) {
        if (value != otherwise) {
            tree_.attribute(key, value);
        }
    }
    void words(std::string_view key, std::string_view value) {
        if (!value.empty()) {
            tree_.attribute(key, value);
        }
    }

    void attributes(const Event& event) {
        if (event.block == Block::heading) {
            tree_.attribute("level", event.number);
        } else if (event.block == Block::ordered_list) {
            number("start", event.number, 1);
            words("type", event.text);
        } else if (event.block == Block::task_item) {
            tree_.attribute("checked", event.checked);
        } else if (event.block == Block::code) {
            words("language", event.text);
        } else if (event.block == Block::table_cell || event.block == Block::table_header) {
            number("colspan", event.number, 1);
            number("rowspan", event.rows, 1);
            if (!event.widths.empty()) {
                tree_.attribute("colwidth", std::span(event.widths));
            }
        } else if (event.block == Block::image) {
            words("src", event.address);
            if (event.described) {
                tree_.attribute("alt", std::string_view(event.text));
            }
            words("title", event.title);
            number("width", event.width, 0);
            number("height", event.height, 0);
        } else if (event.block == Block::mention) {
            words("id", event.address);
            words("label", event.text);
        }
        if (event.align != Align::none) {
            words("textAlign", event.align == Align::center ? "center" : event.align == Align::right ? "right" : "justify");
        }
    }

    LineWriter tree_;
    std::vector<Span> spans_;
};

/// Readers give links as they were written: what is kept of an address, and how many lead where none may lead.
std::size_t settle_links(std::vector<Event>& events) {
    std::size_t refused = 0;
    const std::string* before = nullptr;  // the address of the stretch before: a link of two stretches is one
    std::string written;
    for (Event& event : events) {
        const auto link = std::find_if(event.marks.begin(), event.marks.end(), [](const Mark& mark) { return mark.kind == MarkKind::link; });
        if (link == event.marks.end()) {
            before = nullptr;
            continue;
        }
        const bool again = before != nullptr && written == link->value;
        written = link->value;
        before = &written;
        link->value = kept_address(written);
        if (link->value.empty()) {
            event.marks.erase(link);
            refused += again ? 0 : 1;
        }
    }
    return refused;
}

std::string first_heading(const std::vector<Event>& events) {
    std::string title;
    bool inside = false;
    for (const Event& event : events) {
        if (event.block == Block::heading && event.kind != Event::Kind::text) {
            if (event.kind == Event::Kind::close) {
                break;
            }
            inside = true;
        }
        if (inside && event.kind == Event::Kind::text) {
            title += event.text;
        }
    }
    return title;
}

/// One line without control characters, not longer than a title may be.
std::string as_title(std::string_view text) {
    std::string title;
    std::size_t characters = 0;
    for (const char c : text) {
        const bool blank = static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
        if (blank && (title.empty() || title.back() == ' ')) {
            continue;
        }
        if ((c & 0xc0) != 0x80 && ++characters > title_characters_max) {
            break;
        }
        title += blank ? ' ' : c;
    }
    title.erase(title.find_last_not_of(' ') + 1);
    return title;
}

/// What every form has in common behind its parser.
void finish(std::vector<Event> events, ReadDocument& out) {
    for (Event& event : events) {
        event.text = clean_signs(event.text);
    }
    out.refused_links = settle_links(events);
    link_bare_addresses(events);
    out.title = as_title(out.title.empty() ? first_heading(events) : out.title);
    out.update = write_content(events, fresh_client());
}

} // namespace

void prepare_documents() {
    prepare_markdown();
    prepare_html();
}

bool is_own_image(std::string_view address) { return is_safe_address(address) && address.starts_with("/api/v1/pads/"); }

crdt::Bytes write_content(const std::vector<Event>& events, std::uint64_t client) { return ContentWriter(client).write(events); }

Result<ReadDocument> read_word_document(std::string_view archive, const std::vector<std::string>& addresses) {
    auto word = read_word(archive, addresses);
    if (!word) {
        return fail(word.error());
    }
    ReadDocument out;
    out.title = std::move(word->title);
    out.left_out = word->left_out;
    finish(std::move(word->events), out);
    return out;
}

Result<ReadDocument> read_document(std::string_view text, DocumentForm form) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) {
        text.remove_prefix(byte_order_mark.size());
    }
    std::uint32_t units = 0;
    if (!crdt::utf8_check(text.data(), text.size(), units)) {
        return fail(ErrorKind::invalid, "document_not_utf8");
    }
    ReadDocument out;
    // Before the parsers, which drop some of them without a space; and after, for what was written as a number.
    const std::string clean = clean_signs(text);
    text = clean;
    std::vector<Event> events = form == DocumentForm::html ? read_html(text, out.title) : read_markdown(without_front_matter(text, out.title));
    finish(std::move(events), out);
    return out;
}

} // namespace hameau::pads
