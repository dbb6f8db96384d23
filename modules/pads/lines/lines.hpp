// Reading the shared form of a pad (docs/pads-format.md): one text with line markers becomes blocks that open and close. All of
// the page's repairs are here, once for every exporter. Streaming, in one pass over the document; never writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/pads/crdt/document.hpp"

namespace hameau::pads {

/// Of a block: names and JSON values.
using Attributes = std::vector<std::pair<std::string_view, std::string>>;

/// The marker of a line: its unit, and what crdt::Groups say of it.
struct LineMark {
    std::uint64_t client = 0;
    std::uint32_t clock = 0;
    std::uint32_t group = 0;
};

/// Takes what is read, in the order of the text.
class BlockSink {
public:
    virtual ~BlockSink() = default;
    /// The block that opens next begins a line: its marker, or none for the first line of the document.
    virtual void line(const LineMark*) {}
    /// A container or a block.
    virtual void open(std::string_view name, const Attributes& attributes) = 0;
    virtual void close() = 0;
    /// hardBreak, mention: something inside of a line, with the marks of the run.
    virtual void inside(const crdt::Run& run, std::string_view name, const Attributes& attributes) = 0;
    /// `text` is what of the run stands in the open block; its marks count if `marked`. May hold U+000A.
    virtual void text(const crdt::Run& run, std::string_view text, bool marked) = 0;
    /// A shared type that a program wrote into the root as y-prosemirror does: a block of the document as it is.
    virtual void foreign(std::uint32_t type) = 0;
    /// Nothing more fits: reading ends.
    virtual bool full() const = 0;
};

/// How a root is to be read.
enum class RootForm {
    lines,
    plain,  ///< text without markers that is nobody's pad: a paragraph for each line
    tree,   ///< format 1: read like lines, and turned into them when the pad is next opened
};
RootForm form_of(const crdt::Document& document, std::uint32_t root);

/// Gives the root's blocks to `sink`; each one that was opened is closed.
void read_lines(const crdt::Document& document, std::uint32_t root, BlockSink& sink);

/// The attributes of an element as they are, without those that are shared types.
Attributes attributes_of(const crdt::Document& document, std::uint32_t type);

} // namespace hameau::pads
