// LineWriter: a document as one Yjs v1 update in the form of docs/pads-format.md. Called like a writer of a tree: what opens and
// closes becomes lines and their attributes. Pure. For content that is written whole: a template, an imported document, a pad
// of the older form.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "modules/pads/crdt/update.hpp"

namespace hameau::pads {

using crdt::Bytes;

/// The root of the editor's document.
inline constexpr std::string_view root_name = "default";
/// The Yjs client ids under which the house says a pad's format: numbers like a browser's, nobody's. Always the same struct,
/// so that it is there once, whoever writes it twice, and seen without reading the document.
inline constexpr std::uint64_t blank_client = 1'763'420'581;
/// The same in a pad of format 1, where the other client wrote its first paragraph.
inline constexpr std::uint64_t carried_client = 1'763'420'582;

/// The one struct of such a client: "format" on the root. As "count, client, clock, struct".
void write_format(crdt::Writer& out, std::uint64_t client);

/// A Yjs client id like a browser's (30 bits, by chance), never one of a person: for what the house writes itself.
std::uint64_t fresh_client();

/// A stretch of text and its marks: name and JSON value, such as bold and {}.
struct Span {
    std::string_view text;
    std::map<std::string, std::string> marks = {};
};

/// Writes lines as structs of one client. Without any line it writes an empty pad.
class LineWriter {
public:
    explicit LineWriter(std::uint64_t client) : client_(client) {}
    /// For a root that has items already: behind `last`, the last one of its sequence; `keys`: of each attribute that it ever
    /// had the last item.
    LineWriter(std::uint64_t client, std::optional<crdt::Id> last, std::map<std::string, crdt::Id, std::less<>> keys) :
        client_(client), last_(last), keys_(std::move(keys)) {}

    /// Something below what is open; close() it. Attributes follow open() before anything else. Values of the schema's default
    /// are not written, nor are attributes that the form does not know.
    void open(std::string_view name);
    void close();
    void attribute(std::string_view key, std::int64_t number);
    void attribute(std::string_view key, bool truth);
    void attribute(std::string_view key, std::string_view text);
    void attribute(std::string_view key, std::span<const std::int64_t> numbers);
    /// A value as JSON.
    void attribute_json(std::string_view key, std::string value);
    /// These stretches, in the block that is open.
    void text(std::span<const Span> spans);
    void text(std::string_view plain);
    /// The same piece by piece, when all of them together would take too much memory: any number of stretches, then the end.
    void stretch(const Span& span);
    void end_stretches();
    /// The format on a root that had one before.
    void format();
    /// Bytes so far.
    std::size_t size() const { return structs_.size(); }
    /// The whole as one update.
    Bytes finish() const;
    /// The structs of this client ("count, client, 0, structs"), none when it has none: for an update that does more.
    std::optional<Bytes> structs() const;

private:
    struct Node {
        std::string name;
        std::map<std::string, std::string, std::less<>> attributes;  ///< JSON
        bool inside_line = false;  ///< hardBreak, mention
        bool block = false;        ///< it is a line
        bool begun = false;        ///< it is written, or a line in it is
    };

    void begin();
    void begin_line(Node& block);
    void write_place(const std::vector<std::string_view>& path, std::size_t joined);
    void write_container_attributes(const std::vector<std::string_view>& path, std::size_t from);
    void write_attribute(std::string_view key, std::string_view value);
    void sequence_item(crdt::Kind kind);
    void put_format(std::string_view mark, std::string_view value);
    void switch_marks(const std::map<std::string, std::string>& wanted);

    std::uint64_t client_;
    std::uint32_t clock_ = 0;
    std::uint32_t count_ = 0;
    Bytes structs_;
    std::optional<crdt::Id> last_;          ///< of the root's sequence
    std::map<std::string, crdt::Id, std::less<>> keys_;
    std::optional<std::uint32_t> marker_;   ///< of the line that is written; none: the first one, whose attributes are the root's
    bool any_line_ = false;
    std::vector<Node> open_;
    std::vector<std::string> path_;         ///< of the last line
    std::map<std::string, std::string> marks_;  ///< in force where the next stretch begins
};

} // namespace hameau::pads
