// One pass over the runs of the root. What is open in the sink: the containers of the line (path_), then its block.
#include "modules/pads/lines/lines.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "modules/pads/lines/line_schema.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBC";  ///< U+FFFC, what stands for an object

json::value parse(std::string_view text) {
    boost::system::error_code failed;
    json::value value = json::parse(json::string_view(text.data(), text.size()), failed);
    return failed ? json::value() : value;
}

/// The attributes of a line, as the document holds them.
class LineAttributes {
public:
    explicit LineAttributes(Attributes all) : all_(std::move(all)) {}

    bool empty() const {
        return std::none_of(all_.begin(), all_.end(), [](const auto& one) { return one.first != format_key && one.second != "null"; });
    }
    const std::string* find(std::string_view key) const {
        const auto place = std::lower_bound(all_.begin(), all_.end(), key, [](const auto& one, std::string_view wanted) { return one.first < wanted; });
        return place != all_.end() && place->first == key ? &place->second : nullptr;
    }
    /// Somebody took the line out whole.
    bool gone() const {
        const std::string* found = find(gone_key);
        return found != nullptr && *found != "0" && *found != "false" && *found != "null";
    }
    json::value parsed(std::string_view key) const {
        const std::string* found = find(key);
        return found == nullptr ? json::value() : parse(*found);
    }

private:
    Attributes all_;  ///< sorted by name
};

class LineReader {
public:
    LineReader(const crdt::Document& document, BlockSink& sink) : document_(document), sink_(sink) {}

    void read(std::uint32_t root) {
        next_ = LineAttributes(attributes_of(document_, root));
        waits_ = true;
        next_is_root_ = true;
        crdt::Document::Runs runs = document_.runs(root);
        crdt::Run run;
        while (!sink_.full() && runs.next(run)) {
            if (run.kind == crdt::Kind::string) {
                text(run, run.text);
            } else if (run.kind == crdt::Kind::embed) {
                embed(run);
            } else if (document_.ref(run.type) == crdt::TypeRef::xml_element && document_.name(run.type) == marker_name) {
                settle();
                next_ = LineAttributes(attributes_of(document_, run.type));
                waits_ = true;
                next_is_root_ = false;
                marker_.client = run.client;
                marker_.clock = run.clock;
                marker_.group = run.group;
            } else {
                foreign(run.type);
            }
        }
        settle();
        if (!shown_) {
            paragraph();
        }
        end_block();
        leave(0);
    }

    /// A paragraph for each line.
    void read_plain(std::uint32_t root) {
        crdt::Document::Runs runs = document_.runs(root);
        crdt::Run run;
        while (!sink_.full() && runs.next(run)) {
            std::string_view rest = run.kind == crdt::Kind::string ? std::string_view(run.text) : std::string_view();
            while (!rest.empty() && !sink_.full()) {
                const std::size_t end = rest.find('\n');
                paragraph();
                if (end != 0) {
                    sink_.text(run, rest.substr(0, end), true);
                }
                if (end == std::string_view::npos) {
                    break;
                }
                end_block();
                rest.remove_prefix(end + 1);
            }
        }
        end_block();
    }

private:
    /// There is something in the line whose marker was read last.
    void begin_next() {
        if (waits_) {
            waits_ = false;
            begin(next_);
        }
    }

    /// Nothing more stands in it: it is shown, unless somebody took it out.
    void settle() {
        waits_ = waits_ && !next_.gone();
        begin_next();
    }

    void begin(const LineAttributes& attributes) {
        end_block();
        shown_ = true;
        const std::vector<std::string_view> path = path_of(attributes);
        const std::size_t joined = joins_of(attributes, path);
        leave(joined);
        open_containers(attributes, path, joined);
        const json::value type = attributes.parsed(type_key);
        const std::string_view known = type.is_string() ? block_name(type.as_string()) : std::string_view();
        const std::string_view block = known.empty() ? std::string_view("paragraph") : known;
        if (holds_no_text(block) && attributes.gone()) {
            return;
        }
        Attributes own;
        for (const std::string_view name : attribute_names(block)) {
            add(own, attributes, block, name, name, 0);
        }
        sink_.line(next_is_root_ ? nullptr : &marker_);
        sink_.open(block, own);
        if (holds_no_text(block)) {
            sink_.close();
            return;
        }
        open_ = true;
        code_ = block == "codeBlock";
    }

    std::vector<std::string_view> path_of(const LineAttributes& attributes) const {
        const json::value value = attributes.parsed(path_key);
        std::vector<std::string> names;
        if (value.is_array()) {
            for (const json::value& name : value.as_array()) {
                if (names.size() == path_names_max) {
                    break;
                }
                names.emplace_back(name.is_string() ? std::string_view(name.as_string()) : std::string_view());
            }
        }
        return repaired_path(names);
    }

    /// How many of the open containers go on.
    std::size_t joins_of(const LineAttributes& attributes, const std::vector<std::string_view>& path) const {
        const auto same = std::mismatch(path.begin(), path.end(), path_.begin(), path_.end()).first;
        const auto common = static_cast<std::size_t>(same - path.begin());
        if (attributes.gone() && std::any_of(path.begin(), path.end(), is_cell_name)) {
            return common;
        }
        const json::value value = attributes.parsed(joins_key);
        const double said = value.is_number() ? value.to_number<double>() : -1;
        const bool whole = said >= 0 && said <= static_cast<double>(path_names_max * 4) && said == static_cast<double>(static_cast<std::size_t>(said));
        const bool more = said > static_cast<double>(path_names_max * 4);
        return std::min(common, more ? path.size() : whole ? static_cast<std::size_t>(said) : joins_by_default(path));
    }

    void leave(std::size_t depth) {
        for (; path_.size() > depth; path_.pop_back()) {
            sink_.close();
        }
    }

    void open_containers(const LineAttributes& attributes, const std::vector<std::string_view>& path, std::size_t from) {
        for (std::size_t i = from; i < path.size(); ++i) {
            Attributes own;
            const std::span<const std::string_view> names = attribute_names(path[i]);
            if (!names.empty()) {
                // The innermost of a name has the plain key, the next ones outside .1, .2, ...
                const auto inside = std::count(path.begin() + static_cast<std::ptrdiff_t>(i) + 1, path.end(), path[i]);
                std::size_t columns = 1;
                for (const std::string_view name : names) {
                    const std::string key = std::string(path[i]) + "." + std::string(name) + (inside > 0 ? "." + std::to_string(inside) : "");
                    add(own, attributes, path[i], name, key, columns);
                    if (name == "colspan" && !own.empty()) {
                        columns = static_cast<std::size_t>(parse(own.back().second).to_number<double>());
                    }
                }
            }
            path_.push_back(path[i]);
            sink_.open(path[i], own);
        }
    }

    void add(Attributes& own, const LineAttributes& attributes, std::string_view block, std::string_view name, std::string_view key, std::size_t columns) const {
        const std::string* found = attributes.find(key);
        auto value = found == nullptr ? std::nullopt : kept_value(block, name, *found, columns);
        // Every program that reads documents of the editor expects these two.
        if (!value && (name == "level" || name == "checked")) {
            value = name == "level" ? "1" : "false";
        }
        if (value) {
            own.emplace_back(name, std::move(*value));
        }
    }

    void end_block() {
        if (open_) {
            sink_.close();
        }
        open_ = code_ = false;
    }

    /// Text behind a rule, an image or a foreign block.
    void paragraph() {
        if (!open_) {
            sink_.open("paragraph", {});
            open_ = shown_ = true;
        }
    }

    void text(const crdt::Run& run, std::string_view text) {
        if (!text.empty()) {
            begin_next();
            paragraph();
            sink_.text(run, text, !code_);
        }
    }

    void embed(const crdt::Run& run) {
        begin_next();
        const json::value value = parse(run.embed);
        const json::object* object = value.if_object();
        const json::value* type = object == nullptr ? nullptr : object->if_contains("type");
        const std::string_view name = type != nullptr && type->is_string() ? std::string_view(type->as_string()) : std::string_view();
        if (code_) {
            text(run, name == "hardBreak" ? std::string_view("\n") : replacement);
            return;
        }
        if (name == "hardBreak") {
            paragraph();
            sink_.inside(run, name, {});
        } else if (name == "mention") {
            paragraph();
            mention(run, object->if_contains("attrs"));
        }
    }

    void mention(const crdt::Run& run, const json::value* given) {
        Attributes own;
        for (const std::string_view name : {"id", "label"}) {
            const json::value* value = given == nullptr || !given->is_object() ? nullptr : given->as_object().if_contains(name);
            if (value != nullptr && value->is_string()) {
                own.emplace_back(name, json::serialize(*value));
            }
        }
        sink_.inside(run, "mention", own);
    }

    void foreign(std::uint32_t type) {
        // An empty first line before the blocks of a program that writes trees is nobody's.
        waits_ = waits_ && !(next_is_root_ && next_.empty());
        settle();
        end_block();
        leave(0);
        shown_ = true;
        sink_.foreign(type);
    }

    const crdt::Document& document_;
    BlockSink& sink_;
    LineAttributes next_{{}};              ///< of the line whose marker was read last
    bool waits_ = false;                   ///< nothing in it was read yet
    bool next_is_root_ = false;
    LineMark marker_;                      ///< of that line, unless it is the root's
    bool shown_ = false;                   ///< anything
    std::vector<std::string_view> path_;   ///< the containers that are open
    bool open_ = false;                    ///< a block that takes text is open
    bool code_ = false;
};

} // namespace

Attributes attributes_of(const crdt::Document& document, std::uint32_t type) {
    Attributes out;
    for (const auto& [key, node] : document.entries(type)) {
        if (node.kind != crdt::Kind::type) {
            out.emplace_back(key, document.json(node));
        }
    }
    return out;
}

RootForm form_of(const crdt::Document& document, std::uint32_t root) {
    if (document.entry(root, format_key)) {
        return RootForm::lines;
    }
    crdt::Document::Runs runs = document.runs(root);
    crdt::Run run;
    bool any = false;
    while (runs.next(run)) {
        if (run.kind == crdt::Kind::type) {
            const bool marker = document.name(run.type) == marker_name;
            const bool element = document.ref(run.type) == crdt::TypeRef::xml_element;
            return !any && element && !marker ? RootForm::tree : RootForm::lines;
        }
        any = true;
    }
    return any ? RootForm::plain : RootForm::lines;
}

void read_lines(const crdt::Document& document, std::uint32_t root, BlockSink& sink) {
    LineReader reader(document, sink);
    if (form_of(document, root) == RootForm::plain) {
        reader.read_plain(root);
    } else {
        reader.read(root);
    }
}

} // namespace hameau::pads
