// The editor's own form: a ProseMirror document as JSON (yjs-v1-notes section 13). Unlike the other renderers it keeps
// every node and mark, known here or not.
#include <algorithm>

#include <boost/json.hpp>

#include "modules/pads/lines/lines.hpp"
#include "modules/pads/export/render.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

std::string quoted_json(std::string_view text) { return json::serialize(json::string(text)); }

/// Marks that may overlap themselves carry "--" and 8 characters of a hash.
std::string_view mark_name(std::string_view key) {
    constexpr std::size_t hash_size = 10;
    return key.size() > hash_size && key.substr(key.size() - hash_size, 2) == "--" ? key.substr(0, key.size() - hash_size) : key;
}

class ProseMirrorWriter final : public BlockSink {
public:
    ProseMirrorWriter(const crdt::Document& document, std::size_t bytes_max) : document_(document), bytes_max_(bytes_max), grouped_(document.grouped()) {}

    Result<std::string> write(std::optional<std::uint32_t> root) {
        out_ = R"({"type":"doc")";
        begun_.push_back(false);
        if (root) {
            read_lines(document_, *root, *this);
        }
        if (full()) {
            return fail(ErrorKind::too_large, "the pad has too many parts to be shown");
        }
        close();
        return std::move(out_);
    }

    void line(const LineMark* marker) override {
        if (grouped_) {
            line_ = marker == nullptr ? "0" : std::to_string(marker->client) + "-" + std::to_string(marker->clock);
            line_group_ = marker == nullptr ? 0 : marker->group;
        }
    }

    void open(std::string_view name, const Attributes& attributes) override {
        begin_child();
        out_ += R"({"type":)" + quoted_json(name);
        bool first = true;
        if (!line_.empty()) {
            out_ += R"(,"attrs":{"line":)" + quoted_json(line_) + R"(,"group":)" + std::to_string(line_group_);
            line_.clear();
            first = false;
        }
        for (const auto& [key, value] : attributes) {
            if (key != "ychange") {
                out_ += (first ? R"(,"attrs":{)" : ",") + quoted_json(key) + ":" + value;
                first = false;
            }
        }
        out_ += first ? "" : "}";
        begun_.push_back(false);
    }

    void close() override {
        out_ += begun_.back() ? "]}" : "}";
        begun_.pop_back();
    }

    void text(const crdt::Run& run, std::string_view text, bool marked) override {
        begin_child();
        out_ += R"({"type":"text","text":)" + quoted_json(text);
        marks(run, marked);
        out_ += "}";
    }

    void inside(const crdt::Run& run, std::string_view name, const Attributes& attributes) override {
        open(name, attributes);
        marks(run, true);
        close();
    }

    void foreign(std::uint32_t type) override {
        child(type);
        while (!stack_.empty() && !full()) {
            crdt::Node node;
            if (!stack_.back().next(node)) {
                close();
                stack_.pop_back();
            } else if (node.kind == crdt::Kind::type) {
                child(node.type);
            }
        }
    }

    bool full() const override { return out_.size() > bytes_max_; }

private:
    /// `own`: with those of the run; that of its group is there in any case.
    void marks(const crdt::Run& run, bool own) {
        // The two exclude each other; two people may set both.
        const bool above = std::any_of(run.attributes.begin(), run.attributes.end(), [](const crdt::Attribute& mark) { return mark_name(mark.key) == "superscript"; });
        bool first = run.group == 0;
        if (!first) {
            out_ += R"(,"marks":[{"type":"stretch","attrs":{"group":)" + std::to_string(run.group) + "}}";
        }
        for (const crdt::Attribute& mark : own ? run.attributes : none_) {
            const std::string_view name = mark_name(mark.key);
            if (above && name == "subscript") {
                continue;
            }
            out_ += (first ? R"(,"marks":[{"type":)" : R"(,{"type":)") + quoted_json(name);
            out_ += mark.value == "{}" || !mark.value.starts_with('{') ? "}" : R"(,"attrs":)" + mark.value + "}";
            first = false;
        }
        out_ += first ? "" : "]";
    }

    void begin_child() {
        out_ += begun_.back() ? "," : R"(,"content":[)";
        begun_.back() = true;
    }

    void child(std::uint32_t type) {
        const crdt::TypeRef ref = document_.ref(type);
        if (ref == crdt::TypeRef::xml_text || ref == crdt::TypeRef::text) {
            runs(type);
        } else if (ref == crdt::TypeRef::xml_element) {
            open(document_.name(type), attributes_of(document_, type));
            stack_.push_back(document_.children(type));
        }
    }

    void runs(std::uint32_t type) {
        crdt::Document::Runs runs = document_.runs(type);
        crdt::Run run;
        // Beside blocks a text is a paragraph.
        const bool bare = stack_.empty();
        bool opened = false;
        while (!full() && runs.next(run)) {
            if (run.kind != crdt::Kind::string || run.text.empty()) {
                continue;
            }
            if (bare && !opened) {
                open("paragraph", {});
                opened = true;
            }
            text(run, run.text, true);
        }
        if (opened) {
            close();
        }
    }

    const crdt::Document& document_;
    std::size_t bytes_max_;
    bool grouped_;                                 ///< it is shown with groups: lines and stretches say whose they are
    std::string line_;                             ///< of the block that opens next
    std::uint32_t line_group_ = 0;
    const std::vector<crdt::Attribute> none_;
    std::vector<crdt::Document::Children> stack_;  ///< elements of a tree
    std::vector<bool> begun_;                      ///< of each node that is open: it has children
    std::string out_;
};

} // namespace

Result<std::string> render_prosemirror(const crdt::Document& document, std::size_t bytes_max) {
    return ProseMirrorWriter(document, bytes_max).write(find_root(document));
}

} // namespace hameau::pads
