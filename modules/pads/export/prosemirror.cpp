// The editor's own form: a ProseMirror document as JSON (yjs-v1-notes section 13). Unlike the other renderers it keeps
// every node and mark, known here or not.
#include <boost/json.hpp>

#include "modules/pads/export/render.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

constexpr std::size_t bytes_max = 256 << 20;

std::string quoted(std::string_view text) { return json::serialize(json::string(text)); }

/// Marks that may overlap themselves carry "--" and 8 characters of a hash.
std::string_view mark_name(std::string_view key) {
    constexpr std::size_t hash_size = 10;
    return key.size() > hash_size && key.substr(key.size() - hash_size, 2) == "--" ? key.substr(0, key.size() - hash_size) : key;
}

class ProseMirrorWriter {
public:
    explicit ProseMirrorWriter(const crdt::Document& document) : document_(document) {}

    Result<std::string> write(std::optional<std::uint32_t> root) {
        out_ = R"({"type":"doc")";
        if (root) {
            stack_.push_back({document_.children(*root), false});
        }
        while (!stack_.empty()) {
            if (out_.size() > bytes_max) {
                return fail(ErrorKind::too_large, "the pad has too many parts to be shown");
            }
            crdt::Node node;
            if (!stack_.back().children.next(node)) {
                out_ += stack_.back().begun ? "]}" : "}";
                stack_.pop_back();
            } else if (node.kind == crdt::Kind::type) {
                child(node.type);
            }
        }
        return root ? std::move(out_) : out_ + "}";
    }

private:
    struct Frame {
        crdt::Document::Children children;
        bool begun;
    };

    void begin_child() {
        Frame& frame = stack_.back();
        out_ += frame.begun ? "," : R"(,"content":[)";
        frame.begun = true;
    }

    void child(std::uint32_t type) {
        const crdt::TypeRef ref = document_.ref(type);
        if (ref == crdt::TypeRef::xml_text || ref == crdt::TypeRef::text) {
            runs(type);
        } else if (ref == crdt::TypeRef::xml_element) {
            begin_child();
            out_ += R"({"type":)" + quoted(document_.name(type));
            attributes(type);
            stack_.push_back({document_.children(type), false});
        }
    }

    void attributes(std::uint32_t type) {
        bool first = true;
        for (const auto& [key, node] : document_.entries(type)) {
            if (node.kind != crdt::Kind::type && key != "ychange") {
                out_ += (first ? R"(,"attrs":{)" : ",") + quoted(key) + ":" + document_.json(node);
                first = false;
            }
        }
        out_ += first ? "" : "}";
    }

    void runs(std::uint32_t type) {
        crdt::Document::Runs runs = document_.runs(type);
        crdt::Run run;
        while (out_.size() <= bytes_max && runs.next(run)) {
            if (run.kind != crdt::Kind::string || run.text.empty()) {
                continue;
            }
            begin_child();
            out_ += R"({"type":"text","text":)" + quoted(run.text);
            for (std::size_t i = 0; i < run.attributes.size(); ++i) {
                const crdt::Attribute& mark = run.attributes[i];
                out_ += (i == 0 ? R"(,"marks":[{"type":)" : R"(,{"type":)") + quoted(mark_name(mark.key));
                out_ += mark.value == "{}" || !mark.value.starts_with('{') ? "}" : R"(,"attrs":)" + mark.value + "}";
            }
            out_ += run.attributes.empty() ? "}" : "]}";
        }
    }

    const crdt::Document& document_;
    std::vector<Frame> stack_;
    std::string out_;
};

} // namespace

Result<std::string> render_prosemirror(const crdt::Document& document) { return ProseMirrorWriter(document).write(find_root(document)); }

} // namespace hameau::pads
