// From yaml-cpp's events to a tree with positions. yaml-cpp counts lines and columns (in bytes) from 0 and accepts
// duplicate keys: both are mended here.
#include "daemon/settings/yaml.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <stdexcept>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "daemon/base/io.hpp"
#include "daemon/settings/limits.hpp"

namespace hameau {

namespace {

/// Ends the reading: what follows could not be understood.
struct Stop : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Where the first byte is that is not UTF-8 (RFC 3629), or npos.
std::size_t find_bad_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        std::size_t more = 0;
        if (lead < 0x80) {
            ++i;
            continue;
        }
        if (lead >= 0xc2 && lead <= 0xdf) {
            more = 1;
        } else if (lead >= 0xe0 && lead <= 0xef) {
            more = 2;
        } else if (lead >= 0xf0 && lead <= 0xf4) {
            more = 3;
        } else {
            return i;
        }
        if (i + more >= text.size()) {
            return i;
        }
        for (std::size_t k = 1; k <= more; ++k) {
            if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) {
                return i;
            }
        }
        const auto second = static_cast<unsigned char>(text[i + 1]);
        if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
            (lead == 0xf4 && second > 0x8f)) {
            return i;
        }
        i += more + 1;
    }
    return std::string_view::npos;
}

class Builder final : public YAML::EventHandler {
public:
    Builder(std::string_view text, Diagnostics& diagnostics) : diagnostics_(diagnostics) {
        for (std::size_t at = 0;;) {
            const std::size_t end = text.find('\n', at);
            lines_.push_back(text.substr(at, end == std::string_view::npos ? end : end - at));
            if (end == std::string_view::npos) {
                break;
            }
            at = end + 1;
        }
    }

    YamlNode root;

    Position place(const YAML::Mark& mark) const {
        Position at;
        at.line = mark.line + 1;
        at.column = mark.column + 1;
        if (mark.line >= 0 && static_cast<std::size_t>(mark.line) < lines_.size()) {
            const std::string_view before = lines_[static_cast<std::size_t>(mark.line)].substr(
                0, static_cast<std::size_t>(std::max(mark.column, 0)));
            at.column = 1 + static_cast<int>(std::count_if(before.begin(), before.end(), [](char c) {
                return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
            }));
        }
        return at;
    }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnAnchor(const YAML::Mark& mark, const std::string&) override {
        diagnostics_.add(place(mark), "anchors (&name) are not understood here; write the value out");
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        diagnostics_.add(place(mark), "aliases (*name) are not understood here; write the value out");
        YamlNode node;
        node.position = place(mark);
        put(std::move(node));
    }
    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
        YamlNode node;
        node.position = place(mark);
        put(std::move(node));
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
        check_tag(mark, tag);
        YamlNode node;
        node.kind = YamlNode::Kind::scalar;
        node.position = place(mark);
        node.text = value;
        node.quoted = tag == "!";
        if (!node.quoted && (value == "~" || value == "null")) {
            node.kind = YamlNode::Kind::null;
        }
        put(std::move(node));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        open(mark, YamlNode::Kind::sequence);
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        open(mark, YamlNode::Kind::map);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        YamlNode node;
        bool has_key = false;
        YamlEntry entry;
    };

    void check_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!") {
            diagnostics_.add(place(mark), "tags (" + tag.substr(0, 60) + ") are not understood here; leave it out");
        }
    }
    void count(const YAML::Mark& mark) {
        if (++nodes_ > yaml_nodes_max) {
            throw Stop(position_text(mark) + "more than " + std::to_string(yaml_nodes_max) + " values");
        }
    }
    std::string position_text(const YAML::Mark& mark) const {
        const Position at = place(mark);
        return std::to_string(at.line) + ":" + std::to_string(at.column) + ":";
    }
    void open(const YAML::Mark& mark, YamlNode::Kind kind) {
        count(mark);
        if (stack_.size() >= yaml_depth_max) {
            throw Stop(position_text(mark) + "more than " + std::to_string(yaml_depth_max) + " levels");
        }
        Open opened;
        opened.node.kind = kind;
        opened.node.position = place(mark);
        stack_.push_back(std::move(opened));
    }
    void close() {
        YamlNode node = std::move(stack_.back().node);
        stack_.pop_back();
        put(std::move(node));
    }
    void put(YamlNode node) {
        if (++nodes_ > yaml_nodes_max) {
            throw Stop(std::to_string(node.position.line) + ":" + std::to_string(node.position.column) + ":more than " +
                       std::to_string(yaml_nodes_max) + " values");
        }
        if (stack_.empty()) {
            root = std::move(node);
            return;
        }
        Open& top = stack_.back();
        if (top.node.kind == YamlNode::Kind::sequence) {
            top.node.items.push_back(std::move(node));
        } else if (!top.has_key) {
            put_key(top, std::move(node));
        } else {
            top.has_key = false;
            top.entry.value = std::move(node);
            if (top.entry.value.kind == YamlNode::Kind::null) {
                top.entry.value.position = top.entry.position;
            }
            put_entry(top);
        }
    }
    void put_key(Open& top, YamlNode node) {
        top.has_key = true;
        top.entry = YamlEntry{};
        top.entry.position = node.position;
        if (node.kind == YamlNode::Kind::sequence || node.kind == YamlNode::Kind::map) {
            diagnostics_.add(node.position, "a key must be one word, not a list or a map");
        } else {
            top.entry.key = node.kind == YamlNode::Kind::null ? "null" : std::move(node.text);
        }
    }
    void put_entry(Open& top) {
        // A map of thousands of keys is not looked through for each: the last ones suffice for a message.
        for (const YamlEntry& other : top.node.entries) {
            if (other.key == top.entry.key) {
                diagnostics_.add(top.entry.position, "the key \"" + top.entry.key + "\" appears twice; the first is on line " +
                                                         std::to_string(other.position.line));
                return;
            }
        }
        if (top.node.entries.size() >= 1000) {
            diagnostics_.add(top.entry.position, "more than 1000 keys in one map");
            throw Stop("");
        }
        top.node.entries.push_back(std::move(top.entry));
    }

    Diagnostics& diagnostics_;
    std::vector<std::string_view> lines_;
    std::vector<Open> stack_;
    std::size_t nodes_ = 0;
};

/// The end of a document, set after the text: yaml-cpp takes a quote that is never closed as if it were closed there.
constexpr std::string_view end_mark = "\n...\n";

void parse_into(std::string_view text, Builder& builder) {
    std::istringstream stream{std::string(text).append(end_mark)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
}

bool ends_inside_quotes(std::string_view text) {
    Diagnostics ignored("");
    Builder builder(text, ignored);
    try {
        parse_into(text, builder);
    } catch (const YAML::Exception& problem) {
        return problem.msg == YAML::ErrorMsg::DOC_IN_SCALAR;
    } catch (const Stop&) {
    }
    return false;
}

Position position_at(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const std::size_t newline = before.rfind('\n');
    const std::string_view line = newline == std::string_view::npos ? before : before.substr(newline + 1);
    Position at;
    at.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
    at.column = 1 + static_cast<int>(std::count_if(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
    return at;
}

/// The quote that opens the text which never ends: the last one before which all was well.
Position unclosed_quote(std::string_view text) {
    std::size_t at = text.find_last_of("\"'");
    for (int tries = 0; at != std::string_view::npos && at > 0 && tries < unclosed_tries_max; ++tries) {
        if (!ends_inside_quotes(text.substr(0, at))) {
            return position_at(text, at);
        }
        at = text.find_last_of("\"'", at - 1);
    }
    return position_at(text, at == std::string_view::npos ? 0 : at);
}

/// The first tab that indents a line, up to line `last`; line 0 when there is none.
Position indenting_tab(std::string_view text, int last) {
    int line = 1;
    for (std::size_t at = 0; at < text.size() && line <= last; ++line) {
        const std::size_t word = text.find_first_not_of(" ", at);
        if (word != std::string_view::npos && text[word] == '\t') {
            return {line, static_cast<int>(word - at) + 1};
        }
        const std::size_t end = text.find('\n', at);
        at = end == std::string_view::npos ? text.size() : end + 1;
    }
    return {0, 0};
}

void explain(const YAML::Exception& problem, std::string_view text, const Builder& builder, Diagnostics& diagnostics) {
    const Position at = builder.place(problem.mark);
    if (problem.msg == YAML::ErrorMsg::DOC_IN_SCALAR) {
        diagnostics.add(unclosed_quote(text), "this quote is never closed");
    } else if (const Position tab = indenting_tab(text, at.line); tab.line != 0) {
        diagnostics.add(tab, "a tab indents this line; YAML wants spaces");
    } else {
        diagnostics.add(at, "this is not YAML: " + problem.msg);
    }
}

void add_stop(const Stop& stop, Diagnostics& diagnostics) {
    const std::string text = stop.what();
    Position at;
    char rest = 0;
    if (std::sscanf(text.c_str(), "%d:%d:%c", &at.line, &at.column, &rest) == 3) {
        diagnostics.add(at, text.substr(text.find(':', text.find(':') + 1) + 1));
    }
}

} // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
    for (const YamlEntry& entry : entries) {
        if (entry.key == key) {
            return &entry.value;
        }
    }
    return nullptr;
}

void Diagnostics::add(Position position, std::string message) {
    if (found_.size() < diagnostics_max) {
        found_.push_back({position, true, std::move(message)});
    }
}

void Diagnostics::add(std::string message) {
    if (found_.size() < diagnostics_max) {
        found_.push_back({{}, false, std::move(message)});
    }
}

std::string Diagnostics::text() const {
    std::vector<Found> sorted = found_;
    std::stable_sort(sorted.begin(), sorted.end(), [](const Found& a, const Found& b) {
        if (a.placed != b.placed) {
            return a.placed;
        }
        return std::pair(a.position.line, a.position.column) < std::pair(b.position.line, b.position.column);
    });
    std::string out;
    for (const Found& found : sorted) {
        out += file_;
        if (found.placed) {
            out += ":" + std::to_string(found.position.line) + ":" + std::to_string(found.position.column);
        }
        out += ": error: " + found.message + "\n";
    }
    return out;
}

YamlNode parse_yaml(std::string_view text, Diagnostics& diagnostics) {
    if (text.starts_with("\xef\xbb\xbf")) {
        text.remove_prefix(3);
    }
    if (text.size() > yaml_bytes_max) {
        diagnostics.add(Position{}, "the file is larger than " + std::to_string(yaml_bytes_max / 1024) + " KiB");
        return {};
    }
    if (const std::size_t bad = find_bad_utf8(text); bad != std::string_view::npos) {
        const std::string_view before = text.substr(0, bad);
        const std::size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
        Position at;
        at.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
        at.column = 1 + static_cast<int>(bad - line_start);
        diagnostics.add(at, "this is not UTF-8; save the file as UTF-8 text");
        return {};
    }
    Builder builder(text, diagnostics);
    try {
        std::istringstream stream{std::string(text).append(end_mark)};
        YAML::Parser parser(stream);
        parser.HandleNextDocument(builder);
        YamlNode first = std::move(builder.root);
        if (parser.HandleNextDocument(builder)) {
            diagnostics.add(builder.root.position, "a second document begins here; only one is read");
        }
        return first;
    } catch (const YAML::Exception& problem) {
        explain(problem, text, builder, diagnostics);
    } catch (const Stop& stop) {
        add_stop(stop, diagnostics);
    }
    return {};
}

std::string unknown_word(std::string_view what, std::string_view word, std::span<const std::string_view> known) {
    std::string text = std::string(what) + " \"" + std::string(word.substr(0, 80)) + "\" is not known";
    if (const auto near = nearest_word(word, known)) {
        text += "; did you mean \"" + std::string(*near) + "\"?";
    }
    return text;
}

} // namespace hameau
