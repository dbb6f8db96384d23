// HTML. Element names come from the tables below only, never from the pad.
#include <algorithm>

#include "daemon/base/text.hpp"
#include "modules/pads/documents/image_names.hpp"
#include "modules/pads/export/render.hpp"
#include "modules/pads/export/table_grid.hpp"
#include "modules/pads/lines/signs.hpp"

namespace hameau::pads {

void escape_xml(std::string_view text, std::string& out) {
    for (const char c : clean_signs(text)) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&#39;";
            break;
        default:
            out += c;
        }
    }
}

std::string css_of(const Mark& mark) {
    std::string css;
    const auto declare = [&css](std::string_view name, std::string_view value) {
        if (!value.empty()) {
            css.append(css.empty() ? "" : ";").append(name).append(":").append(value);
        }
    };
    declare(mark.kind == MarkKind::highlight ? "background-color" : "color", mark.value);
    declare("font-family", mark.font);
    declare("font-size", mark.size);
    return css;
}

namespace {

std::string_view tag_of(const Event& event) {
    constexpr std::string_view headings[] = {"h1", "h2", "h3", "h4", "h5", "h6"};
    switch (event.block) {
    case Block::paragraph:
        return "p";
    case Block::heading:
        return headings[static_cast<std::size_t>(event.number - 1) % 6];
    case Block::quote:
        return "blockquote";
    case Block::bullet_list:
    case Block::task_list:
        return "ul";
    case Block::ordered_list:
        return "ol";
    case Block::list_item:
    case Block::task_item:
        return "li";
    case Block::table:
        return "table";
    case Block::table_row:
        return "tr";
    case Block::table_header:
        return "th";
    case Block::table_cell:
        return "td";
    default:
        return {};
    }
}

struct Tags {
    std::string open;
    std::string_view close;
};

Tags tags_of(const Mark& mark) {
    const auto quoted = [](std::string_view before, std::string_view value, std::string_view after) {
        std::string open(before);
        escape_xml(value, open);
        return open.append(after);
    };
    switch (mark.kind) {
    case MarkKind::link:
        return {quoted("<a href=\"", mark.value, mark.title.empty() ? "\"" : quoted("\" title=\"", mark.title, "\"")) + " rel=\"noopener noreferrer\">", "</a>"};
    case MarkKind::bold:
        return {"<strong>", "</strong>"};
    case MarkKind::italic:
        return {"<em>", "</em>"};
    case MarkKind::underline:
        return {"<u>", "</u>"};
    case MarkKind::strike:
        return {"<s>", "</s>"};
    case MarkKind::highlight:
        return {mark.value.empty() ? "<mark>" : quoted("<mark style=\"", css_of(mark), "\">"), "</mark>"};
    case MarkKind::colour:
        return {quoted("<span style=\"", css_of(mark), "\">"), "</span>"};
    case MarkKind::subscript:
        return {"<sub>", "</sub>"};
    case MarkKind::superscript:
        return {"<sup>", "</sup>"};
    case MarkKind::code:
        return {"<code>", "</code>"};
    }
    return {};
}

/// "https://"
constexpr std::size_t bare_prefix_size_max = 8;

class HtmlRenderer {
public:
    explicit HtmlRenderer(const ImageSource& images) : images_(images) {}

    std::string render(std::span<const Event> events) {
        shapes_ = table_shapes(events);
        for (const Event& event : events) {
            switch (event.kind) {
            case Event::Kind::open:
                open(event);
                break;
            case Event::Kind::close:
                close(event.block);
                break;
            case Event::Kind::text:
                text(event);
                break;
            }
        }
        return std::move(out_);
    }

private:
    void open(const Event& event) {
        switch (event.block) {
        case Block::rule:
            out_ += "<hr>\n";
            break;
        case Block::line_break:
            out_ += "<br>";
            break;
        case Block::mention:
            mention(event);
            break;
        case Block::image:
            image(event);
            break;
        case Block::table:
            table();
            break;
        case Block::code:
            out_ += "<pre><code";
            if (!event.text.empty()) {
                // HTML Living Standard §4.5.15: how a language is named.
                out_ += " class=\"language-";
                escape_xml(event.text, out_);
                out_ += "\"";
            }
            out_ += ">";
            break;
        case Block::task_item:
            out_ += event.checked ? "<li><input type=\"checkbox\" checked disabled> " : "<li><input type=\"checkbox\" disabled> ";
            break;
        default: {
            const std::string_view tag = tag_of(event);
            out_.append("<").append(tag);
            if (event.block == Block::ordered_list && event.number != 1) {
                out_ += " start=\"" + std::to_string(event.number) + "\"";
            }
            if (event.block == Block::ordered_list && !event.text.empty()) {
                out_ += " type=\"" + event.text + "\"";
            }
            if (event.block == Block::table_cell || event.block == Block::table_header) {
                cell_attributes(event);
            }
            if (event.align != Align::none) {
                const bool center = event.align == Align::center;
                out_ += center ? " style=\"text-align:center\"" : event.align == Align::right ? " style=\"text-align:right\"" : " style=\"text-align:justify\"";
            }
            out_ += event.from_right && event.block != Block::list_item ? " dir=\"rtl\"" : "";
            if (event.block == Block::task_list) {
                out_ += " class=\"tasks\"";
            }
            out_ += ">";
            if (event.block == Block::heading) {
                headings_.push_back(tag);
            }
        }
        }
    }

    void cell_attributes(const Event& event) {
        if (event.number > 1) {
            out_ += " colspan=\"" + std::to_string(event.number) + "\"";
        }
        if (event.rows > 1) {
            out_ += " rowspan=\"" + std::to_string(event.rows) + "\"";
        }
        for (std::size_t i = 0; i < event.widths.size(); ++i) {
            out_ += (i == 0 ? " data-colwidth=\"" : ",") + std::to_string(event.widths[i]);
        }
        out_ += event.widths.empty() ? "" : "\"";
    }

    /// As editors write one.
    void mention(const Event& event) {
        out_ += "<span class=\"mention\" data-type=\"mention\"";
        if (!event.address.empty()) {
            out_ += " data-id=\"";
            escape_xml(event.address, out_);
            out_ += "\"";
        }
        out_ += ">@";
        escape_xml(event.text, out_);
        out_ += "</span>";
    }

    /// As the editor shows it: as wide as its columns when each has a width, else as the page.
    void table() {
        const TableShape shape = table_count_ < shapes_.size() ? shapes_[table_count_] : TableShape{};
        ++table_count_;
        std::int64_t total = 0;
        std::string columns;
        for (const std::int64_t width : shape.widths) {
            total += width;
            columns += width > 0 ? "<col style=\"width:" + std::to_string(width) + "px\" width=\"" + std::to_string(width) + "\">" : std::string("<col>");
        }
        const bool all = std::find(shape.widths.begin(), shape.widths.end(), 0) == shape.widths.end() && total > 0;
        const std::string pixels = std::to_string(total);
        // The attributes beside the styles are for office programs, which read no style here.
        out_ += all ? "<table style=\"width:" + pixels + "px\" width=\"" + pixels + "\">" : total > 0 ? std::string("<table width=\"100%\">") : std::string("<table>");
        out_ += columns.empty() ? columns : "<colgroup>" + columns + "</colgroup>";
        // Header rows stand at the top of each page that the table takes.
        out_ += shape.header_rows > 0 ? "<thead>" : "";
        rows_left_.push_back(shape.header_rows);
    }

    void close(Block block) {
        switch (block) {
        case Block::rule:
        case Block::line_break:
        case Block::mention:
        case Block::image:
            return;
        case Block::code:
            out_ += "</code></pre>\n";
            return;
        case Block::heading:
            out_.append("</").append(headings_.back()).append(">\n");
            headings_.pop_back();
            return;
        default: {
            Event event;
            event.block = block;
            out_.append("</").append(tag_of(event)).append(">\n");
            if (block == Block::table && !rows_left_.empty()) {
                rows_left_.pop_back();
            } else if (block == Block::table_row && !rows_left_.empty() && --rows_left_.back() == 0) {
                out_ += "</thead>\n";
            }
        }
        }
    }

    void image(const Event& event) {
        // Pictures of other machines would tell them who reads: only our own are shown, others are linked.
        const bool outside = event.address.find(':') != std::string::npos;
        const std::string_view hash = image_hash_of(event.address);
        if (const auto image = images_ && !hash.empty() ? images_(hash, ImageUse::page) : std::nullopt) {
            Event sized = event;
            sized.width = event.width > 0 ? event.width : image->width;
            sized.height = event.width > 0 ? event.height : image->height;
            picture("data:" + image->type + ";base64," + base64(image->bytes), sized);
        } else if (event.address.empty()) {
            escape_xml(event.text, out_);
        } else if (outside) {
            out_ += "<a href=\"";
            escape_xml(event.address, out_);
            out_ += "\" rel=\"noopener noreferrer\">";
            escape_xml(event.text.empty() ? event.address : event.text, out_);
            out_ += "</a>";
        } else {
            picture(event.address, event);
        }
    }

    /// HTML Living Standard §4.8.4.4: alt="" says that it is decoration; no alt, that nobody knows what it shows.
    void picture(std::string_view address, const Event& event) {
        const auto say = [this](std::string_view name, std::string_view value) {
            out_.append(" ").append(name).append("=\"");
            escape_xml(value, out_);
            out_ += "\"";
        };
        out_ += "<img";
        say("src", address);
        if (event.described) {
            say("alt", event.text);
        }
        if (!event.title.empty()) {
            say("title", event.title);
        }
        if (event.width > 0) {
            say("width", std::to_string(event.width));
        }
        if (event.height > 0) {
            say("height", std::to_string(event.height));
        }
        out_ += ">\n";
    }

    void text(const Event& event) {
        for (const Mark& mark : event.marks) {
            // Where the text is the address, paper need not say it twice.
            const bool bare = mark.kind == MarkKind::link && mark.value.ends_with(event.text) && mark.value.size() <= event.text.size() + bare_prefix_size_max;
            out_ += bare ? "<a class=\"bare\"" + tags_of(mark).open.substr(2) : tags_of(mark).open;
        }
        escape_xml(event.text, out_);
        for (auto mark = event.marks.rbegin(); mark != event.marks.rend(); ++mark) {
            out_ += tags_of(*mark).close;
        }
    }

    const ImageSource& images_;
    std::string out_;
    std::vector<std::string_view> headings_;
    std::vector<TableShape> shapes_;
    std::size_t table_count_ = 0;
    std::vector<std::int64_t> rows_left_;  ///< of the header rows of open tables
};

constexpr std::string_view style =
    "body{font:1.1rem/1.55 Charter,Georgia,serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1b2226;"
    "background:#fff}h1,h2,h3{line-height:1.2}table{border-collapse:collapse;width:100%}th,td{border:1px solid #8a938f;"
    "padding:.3rem .5rem;text-align:start;vertical-align:top}ul.tasks{list-style:none;padding-left:0}ul.tasks p{display:inline}"
    "blockquote{border-left:3px solid #8a938f;margin-left:0;padding-left:1rem}pre{overflow-x:auto}td p,th p,li p{margin:0}img{max-width:100%;height:auto}"
    // On paper: no heading alone at a page's foot, nothing cut that can be whole, and where a link leads.
    "@media print{@page{size:A4;margin:20mm 18mm}body{max-width:none;margin:0;padding:0;font-size:11.5pt}h1,h2,h3,h4,h5,h6{break-after:avoid}"
    // A table that is wider than the paper shrinks to it: words break rather than being cut.
    "table{width:100%!important}col{width:auto!important}td,th{overflow-wrap:anywhere}tr:has(>:nth-child(9)){font-size:8pt;line-height:1.25}"
    "tr,img,blockquote{break-inside:avoid}img{max-height:230mm;object-fit:contain;object-position:left}pre{overflow:visible;white-space:pre-wrap}"
    "mark{-webkit-print-color-adjust:exact;print-color-adjust:exact}a[href^=http]:not(.bare)::after,a[href^=\"mailto:\"]:not(.bare)::after"
    "{content:\" (\" attr(href) \")\";font-size:9pt;overflow-wrap:anywhere}}";

} // namespace

std::string render_html_fragment(std::span<const Event> events, const ImageSource& images) {
    return HtmlRenderer(images).render(events);
}

std::string render_html(std::span<const Event> events, std::string_view title, bool english, const ImageSource& images) {
    std::string page = "<!doctype html>\n<html lang=\"";
    page += english ? "en" : "fr";
    page += "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>";
    escape_xml(title, page);
    page += "</title>\n<style>";
    page += style;
    page += "</style>\n</head>\n<body>\n<main>\n";
    page += render_html_fragment(events, images);
    return page += "</main>\n</body>\n</html>\n";
}

} // namespace hameau::pads
