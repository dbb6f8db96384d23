// A line of Markdown (CommonMark 0.31 §6, GFM §6.5).
#include "modules/pads/export/markdown_line.hpp"

#include "modules/pads/export/render.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include <utf8proc.h>

#include "modules/pads/export/limits.hpp"

namespace hameau::pads {

namespace {

constexpr std::string_view plain_blanks = " \t\n\r";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_space(char32_t c) {
    return c <= 0x20 || utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_ZS;
}
bool is_word(char32_t c) {
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
    const bool letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
    return letter || (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_NO);
}
/// Neither is sure for symbols: CommonMark 0.31 counts them as punctuation, 0.30 did not.
bool is_punctuation(char32_t c) {
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
    return c < 0x80 ? std::ispunct(static_cast<int>(c)) != 0 : category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

/// Bytes of a blank at the beginning of the text, those that do not break included; 0: none.
std::size_t blank_size(std::string_view text) {
    if (!text.empty() && plain_blanks.find(text[0]) != std::string_view::npos) {
        return 1;
    }
    return text.starts_with("\u00a0") ? 2 : text.starts_with("\u202f") ? 3 : 0;
}
std::size_t blank_size_at_end(std::string_view text) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
        if (text.size() >= size && blank_size(text.substr(text.size() - size)) == size) {
            return size;
        }
    }
    return 0;
}

/// What would mean something at the beginning of a line: "# ", "- ", "+ ", "=", "1. ", "1) ", a row of a table.
void escape_line_start(std::string& line) {
    if (line.empty()) {
        return;
    }
    const bool ruler = line[0] == ':' && line.size() > 1 && line[1] == '-';
    if (std::string_view("#+-=|").find(line[0]) != std::string_view::npos || ruler) {
        line.insert(0, 1, '\\');
        return;
    }
    std::size_t digits = 0;
    while (digits < line.size() && digits < 10 && is_digit(line[digits])) {
        ++digits;
    }
    if (digits > 0 && digits < line.size() && (line[digits] == '.' || line[digits] == ')')) {
        line.insert(digits, 1, '\\');
    }
}

struct Signs {
    MarkKind kind;
    std::string_view sign;
    std::string_view open;
    std::string_view close;
};
constexpr Signs signs[] = {
    {MarkKind::bold, "**", "<b>", "</b>"},           {MarkKind::italic, "*", "<i>", "</i>"},
    {MarkKind::strike, "~~", "<s>", "</s>"},         {MarkKind::underline, "", "<u>", "</u>"},
    {MarkKind::highlight, "", "<mark>", "</mark>"},  {MarkKind::subscript, "", "<sub>", "</sub>"},
    {MarkKind::superscript, "", "<sup>", "</sup>"},  {MarkKind::colour, "", "<span>", "</span>"},
};
const Signs* signs_of(MarkKind kind) {
    const auto* found = std::find_if(std::begin(signs), std::end(signs), [kind](const Signs& one) { return one.kind == kind; });
    return found == std::end(signs) ? nullptr : found;
}

std::string code_span(std::string_view text) {
    const std::string fence(longest_run(text, '`') + 1, '`');
    const bool pad = text.front() == '`' || text.back() == '`';
    std::string inside(text);
    std::replace(inside.begin(), inside.end(), '\n', ' ');
    return fence + (pad ? " " : "") + inside + (pad ? " " : "") + fence;
}

char32_t first_character(std::string_view text) {
    utf8proc_int32_t character = ' ';
    utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()), &character);
    return character < 0 ? U'\ufffd' : static_cast<char32_t>(character);
}
char32_t last_character(std::string_view text) {
    std::size_t at = text.size() - 1;
    while (at > 0 && (text[at] & 0xc0) == 0x80) {
        --at;
    }
    return first_character(text.substr(at));
}

} // namespace

std::size_t longest_run(std::string_view text, char wanted) {
    std::size_t longest = 0;
    std::size_t run = 0;
    for (const char c : text) {
        run = c == wanted ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return longest;
}

std::string escape_markdown(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool entity = c == '&' && i + 1 < text.size() && (std::isalnum(static_cast<unsigned char>(text[i + 1])) != 0 || text[i + 1] == '#');
        if (std::string_view("\\`*_[]<>~").find(c) != std::string_view::npos || entity) {
            out += '\\';
        }
        out += c == '\n' || c == '\r' ? ' ' : c;
    }
    return out;
}

std::string markdown_target(std::string_view address, std::string_view title) {
    std::string out = "(<";
    // Safe addresses hold nothing else that means something there than "&copy;" and the like.
    for (std::size_t i = 0; i < address.size(); ++i) {
        const std::size_t end = address.find_first_not_of("#0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", i + 1);
        const bool entity = address[i] == '&' && end != std::string_view::npos && end > i + 1 && address[end] == ';';
        out += entity ? std::string("&amp;") : std::string(1, address[i]);
    }
    out += ">";
    if (!title.empty()) {
        std::string inside = escape_markdown(title);
        for (std::size_t at = 0; (at = inside.find('"', at)) != std::string::npos; at += 2) {
            inside.insert(at, 1, '\\');
        }
        out += " \"" + inside + "\"";
    }
    return out + ")";
}

std::string markdown_attribute(std::string_view name, std::string_view value) {
    std::string escaped;
    escape_xml(value, escaped);
    // A line end could end the paragraph, and with it the tag.
    for (std::size_t at = 0; (at = escaped.find('\n', at)) != std::string::npos;) {
        escaped.replace(at, 1, "&#10;");
    }
    return " " + std::string(name) + "=\"" + escaped + "\"";
}

void MarkdownLine::push(Kind kind, std::string_view text) {
    // Runs that look the same here may differ in what Markdown does not say: they are one text.
    if (!tokens_.empty() && tokens_.back().kind == kind && (kind == Kind::text || kind == Kind::code)) {
        tokens_.back().text += text;
    } else if (!text.empty() || kind == Kind::line_break) {
        tokens_.push_back({kind, std::string(text)});
    }
}

void MarkdownLine::add(const Event& event) {
    std::string_view text(event.text);
    std::size_t first = 0;
    while (const std::size_t size = blank_size(text.substr(first))) {
        first += size;
    }
    pending_ += text.substr(0, first);
    text.remove_prefix(first);
    if (text.empty()) {
        return;
    }
    std::size_t last = text.size();
    while (const std::size_t size = blank_size_at_end(text.substr(0, last))) {
        last -= size;
    }
    bool code = std::any_of(event.marks.begin(), event.marks.end(), [](const Mark& mark) { return mark.kind == MarkKind::code; });
    // A cell's "\|" is a "|", in code too: there is no way to write the two of them.
    code = code && !(place_ == Place::cell && event.text.find("\\|") != std::string::npos);
    switch_to(event.marks);
    push(code ? Kind::code : Kind::text, text.substr(0, last));
    pending_ = text.substr(last);
}

void MarkdownLine::add_raw(std::string text) {
    switch_to({});
    push(Kind::raw, text);
}

void MarkdownLine::add_break() {
    while (!open_.empty()) {
        close_last();
    }
    pending_.clear();
    push(Kind::line_break, "");
}

void MarkdownLine::close_last() {
    const std::size_t opened = open_.back();
    open_.pop_back();
    Token token{Kind::close, {}};
    token.mark = tokens_[opened].mark;
    token.partner = opened;
    token.as_html = tokens_[opened].as_html;
    tokens_[opened].partner = tokens_.size();
    tokens_.push_back(std::move(token));
}

/// What stays open stays where it is, the rest opens inside.
void MarkdownLine::switch_to(const std::vector<Mark>& marks) {
    const auto wanted = [&marks](const Mark& mark) { return std::find(marks.begin(), marks.end(), mark) != marks.end(); };
    std::size_t kept = 0;
    while (kept < open_.size() && wanted(tokens_[open_[kept]].mark)) {
        ++kept;
    }
    while (open_.size() > kept) {
        close_last();
    }
    push(Kind::text, pending_);
    pending_.clear();
    for (const Mark& mark : marks) {
        const bool already = std::any_of(open_.begin(), open_.end(), [&](std::size_t token) { return tokens_[token].mark == mark; });
        const Signs* known = signs_of(mark.kind);
        if (already || (known == nullptr && mark.kind != MarkKind::link)) {
            continue;
        }
        open_.push_back(tokens_.size());
        Token token{Kind::open, {}};
        token.mark = mark;
        token.as_html = known != nullptr && known->sign.empty();
        tokens_.push_back(std::move(token));
    }
}

bool MarkdownLine::at_line_start(std::size_t index) const { return index == 0 || tokens_[index - 1].kind == Kind::line_break; }

/// '*' or '~' of a token that is written by such signs, else 0.
char MarkdownLine::sign_of(const Token& token) {
    const bool edge = token.kind == Kind::open || token.kind == Kind::close;
    const Signs* known = edge && !token.as_html ? signs_of(token.mark.kind) : nullptr;
    return known == nullptr || known->sign.empty() ? '\0' : known->sign[0];
}

std::string MarkdownLine::written(std::size_t index) const {
    const Token& token = tokens_[index];
    switch (token.kind) {
    case Kind::text: {
        std::string text = token.text;
        if (at_line_start(index)) {
            text.erase(0, std::min(text.find_first_not_of(plain_blanks), text.size()));
        }
        text = escape_markdown(text);
        const bool link_follows = index + 1 < tokens_.size() && ((tokens_[index + 1].kind == Kind::open && tokens_[index + 1].mark.kind == MarkKind::link) ||
                                                                tokens_[index + 1].kind == Kind::raw);
        if (link_follows && text.ends_with('!')) {
            text.insert(text.size() - 1, 1, '\\');
        }
        if (at_line_start(index) && place_ == Place::paragraph) {
            escape_line_start(text);
        }
        return text;
    }
    case Kind::code:
        return code_span(token.text);
    case Kind::raw:
        return token.text;
    case Kind::line_break:
        return "\n";
    case Kind::open:
    case Kind::close:
        break;
    }
    const bool opens = token.kind == Kind::open;
    if (token.mark.kind == MarkKind::link) {
        return opens ? "[" : "]" + markdown_target(token.mark.value, token.mark.title);
    }
    const std::string css = opens ? css_of(token.mark) : std::string();
    if (!css.empty()) {
        return (token.mark.kind == MarkKind::highlight ? "<mark" : "<span") + markdown_attribute("style", css) + ">";
    }
    const Signs* known = signs_of(token.mark.kind);
    return std::string(!token.as_html ? known->sign : opens ? known->open : known->close);
}

/// The character before the stretch of equal signs that this one is part of; a blank where the line begins.
char32_t MarkdownLine::before(std::size_t index, Strikes strikes) const {
    const char sign = sign_of(tokens_[index]);
    while (index > 0) {
        const char other = sign_of(tokens_[--index]);
        if (other != sign && !(other == '~' && strikes == Strikes::skipped)) {
            const std::string text = written(index);
            return text.empty() ? U' ' : last_character(text);
        }
    }
    return U' ';
}
char32_t MarkdownLine::after(std::size_t index, Strikes strikes) const {
    const char sign = sign_of(tokens_[index]);
    while (++index < tokens_.size()) {
        const char other = sign_of(tokens_[index]);
        if (other != sign && !(other == '~' && strikes == Strikes::skipped)) {
            const std::string text = written(index);
            return text.empty() ? U' ' : first_character(text);
        }
    }
    return U' ';
}

/// Whether this sign is read as what it is meant to be (CommonMark 0.31 §6.2: left- and right-flanking), whichever version
/// of the rules reads it.
bool MarkdownLine::works(std::size_t index, bool inside_another) const {
    const Token& token = tokens_[index];
    const char sign = sign_of(token);
    const bool opens = token.kind == Kind::open;
    // "**a***b*": signs that close and signs that open would be one stretch.
    if (opens && index > 0 && sign_of(tokens_[index - 1]) == sign && tokens_[index - 1].kind == Kind::close) {
        return false;
    }
    // cmark-gfm looks past the signs of strike-through, others do not.
    for (const Strikes strikes : {Strikes::seen, Strikes::skipped}) {
        const char32_t inside = opens ? after(index, strikes) : before(index, strikes);
        const char32_t outside = opens ? before(index, strikes) : after(index, strikes);
        const bool good = !is_space(inside) && (is_word(inside) || is_space(outside) || is_punctuation(outside));
        // One that could close as well would close what is open around it.
        const bool either = opens && inside_another && !is_space(outside) && (!is_punctuation(outside) || !is_word(inside));
        if (!good || either) {
            return false;
        }
    }
    return true;
}

void MarkdownLine::choose_signs() {
    for (int round = 0;; ++round) {
        bool changed = false;
        std::map<char, int> open;     // signs, before this stretch of equal ones
        std::map<char, int> opening;  // in it
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            const char sign = sign_of(tokens_[i]);
            const bool opens = tokens_[i].kind == Kind::open;
            if (i > 0 && (sign != sign_of(tokens_[i - 1]) || !opens)) {
                for (auto& [one, count] : opening) {
                    open[one] += std::exchange(count, 0);
                }
            }
            if (sign != '\0' && (round >= markdown_rounds_max || !works(i, open[sign] > 0))) {
                tokens_[i].as_html = true;
                tokens_[tokens_[i].partner].as_html = true;
                changed = true;
            } else if (sign != '\0') {
                opening[sign] += opens ? 1 : 0;
                open[sign] -= opens ? 0 : 1;
            }
        }
        if (!changed) {
            return;
        }
    }
}

std::string MarkdownLine::finish(std::string_view prefix, Align align) {
    while (!open_.empty()) {
        close_last();
    }
    push(Kind::text, pending_.substr(0, pending_.find_last_not_of(plain_blanks) + 1));
    // A break at the end would be a backslash.
    while (!tokens_.empty() && tokens_.back().kind == Kind::line_break) {
        tokens_.pop_back();
    }
    choose_signs();
    std::string out;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
        if (tokens_[i].kind != Kind::line_break) {
            out += written(i);
        } else if (place_ != Place::paragraph || at_line_start(i)) {
            out += "<br>";
        } else {
            out.append("\\\n").append(prefix);
        }
    }
    if (place_ == Place::heading && out.ends_with('#')) {
        out.insert(out.size() - 1, 1, '\\');
    }
    if (align == Align::none || out.empty()) {
        return out;
    }
    const std::string_view value = align == Align::center ? "center" : align == Align::right ? "right" : "justify";
    return "<span style=\"display:block;text-align:" + std::string(value) + "\">" + out + "</span>";
}

} // namespace hameau::pads
