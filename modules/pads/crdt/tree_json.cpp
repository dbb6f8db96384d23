// The tree of a type as JSON, in the form of the vectors. A stack of open containers instead of recursion.
#include "modules/pads/crdt/document.hpp"
#include "modules/pads/crdt/json.hpp"

namespace hameau::crdt {

namespace {

/// What a container is written as.
enum class Shape { text, xml_text, map, array, fragment, element, hook };

Shape shape_of(TypeRef ref) {
    switch (ref) {
    case TypeRef::array: return Shape::array;
    case TypeRef::map: return Shape::map;
    case TypeRef::text: return Shape::text;
    case TypeRef::xml_element: return Shape::element;
    case TypeRef::xml_fragment: return Shape::fragment;
    case TypeRef::xml_hook: return Shape::hook;
    case TypeRef::xml_text: return Shape::xml_text;
    }
    return Shape::array;
}

/// Writes a tree; each open container remembers where it goes on.
class TreeWriter {
public:
    explicit TreeWriter(const Document& document) : document_(document) {}

    std::string run(std::uint32_t type, Shape shape) {
        open(type, shape);
        while (!stack_.empty())
            step();
        return std::move(out_);
    }

private:
    enum class Phase { sequence, keys };
    struct Frame {
        Shape shape;
        std::uint32_t type;
        Phase phase;
        bool first = true;
        std::string closing;  ///< what follows the nested type that is being written
        Document::Runs runs;
        Document::Children children;
        std::vector<std::pair<std::string_view, Node>> entries;
        std::size_t entry = 0;
    };

    const Document& document_;
    std::vector<Frame> stack_;
    std::string out_;

    static bool is_text(Shape shape) { return shape == Shape::text || shape == Shape::xml_text; }

    void open(std::uint32_t type, Shape shape) {
        const bool keys_only = shape == Shape::map || shape == Shape::hook;
        stack_.push_back({shape, type, keys_only ? Phase::keys : Phase::sequence, true, {},
                          document_.runs(type), document_.children(type), {}, 0});
        if (shape != Shape::array && shape != Shape::fragment)
            stack_.back().entries = document_.entries(type);
        switch (shape) {
        case Shape::text: out_ += R"({"$":"text","delta":[)"; break;
        case Shape::xml_text: out_ += R"({"$":"xmltext","delta":[)"; break;
        case Shape::map: out_ += R"({"$":"map","entries":{)"; break;
        case Shape::array: out_ += R"({"$":"array","items":[)"; break;
        case Shape::fragment: out_ += R"({"$":"frag","children":[)"; break;
        case Shape::element:
        case Shape::hook:
            out_ += shape == Shape::element ? R"({"$":"xml","name":)" : R"({"$":"hook","name":)";
            append_json_string(out_, document_.name(type));
            out_ += shape == Shape::element ? R"(,"children":[)" : R"(,"attrs":{)";
            break;
        }
    }

    void step() {
        Frame& frame = stack_.back();
        out_ += frame.closing;
        frame.closing.clear();
        if (frame.phase == Phase::keys)
            key(frame);
        else if (is_text(frame.shape))
            run(frame);
        else
            child(frame);
    }

    void comma(Frame& frame) {
        if (!frame.first)
            out_ += ',';
        frame.first = false;
    }

    void end_sequence(Frame& frame) {
        out_ += ']';
        if (frame.shape == Shape::element || (is_text(frame.shape) && !frame.entries.empty())) {
            out_ += R"(,"attrs":{)";
            frame.phase = Phase::keys;
            frame.first = true;
            return;
        }
        out_ += '}';
        stack_.pop_back();
    }

    void run(Frame& frame) {
        Run run;
        if (!frame.runs.next(run))
            return end_sequence(frame);
        comma(frame);
        out_ += R"({"insert":)";
        std::string closing;
        if (!run.attributes.empty()) {
            closing = R"(,"attributes":{)";
            for (std::size_t i = 0; i < run.attributes.size(); ++i) {
                closing += i > 0 ? "," : "";
                append_json_string(closing, run.attributes[i].key);
                closing += ':';
                closing += run.attributes[i].value;
            }
            closing += '}';
        }
        closing += '}';
        if (run.kind == Kind::type) {
            frame.closing = std::move(closing);
            open(run.type, shape_of(document_.ref(run.type)));
            return;
        }
        if (run.kind == Kind::string)
            append_json_string(out_, run.text);
        else
            out_ += canonical_json(run.embed);
        out_ += closing;
    }

    void child(Frame& frame) {
        Node node;
        if (!frame.children.next(node))
            return end_sequence(frame);
        comma(frame);
        value(node);
    }

    void key(Frame& frame) {
        if (frame.entry == frame.entries.size()) {
            out_ += "}}";
            stack_.pop_back();
            return;
        }
        const auto& [name, node] = frame.entries[frame.entry++];
        comma(frame);
        append_json_string(out_, name);
        out_ += ':';
        value(node);
    }

    void value(const Node& node) {
        if (node.kind == Kind::type)
            open(node.type, shape_of(document_.ref(node.type)));
        else
            out_ += document_.json(node);
    }
};

} // namespace

std::string tree_json(const Document& document, std::uint32_t type, RootKind kind) {
    const Shape shape = kind == RootKind::text  ? Shape::text
                        : kind == RootKind::map ? Shape::map
                        : kind == RootKind::xml ? Shape::fragment
                                                : Shape::array;
    return TreeWriter(document).run(type, shape);
}

} // namespace hameau::crdt
