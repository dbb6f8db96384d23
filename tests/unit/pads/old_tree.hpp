// OldTree: pads of format 1 (a tree of elements and marked text, as y-prosemirror writes it) as one Yjs v1 update, for tests of
// what the house still reads.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "modules/pads/lines/line_writer.hpp"

namespace hameau::pads {

/// Writes a tree of XML elements as structs of one client.
class OldTree {
public:
    explicit OldTree(std::uint64_t client) : client_(client) {}

    /// An element below the open one; close() it. Attributes follow open() before anything else.
    void open(std::string_view name);
    void close();
    void attribute(std::string_view key, std::int64_t number);
    void attribute(std::string_view key, bool truth);
    void attribute(std::string_view key, std::string_view text);
    void attribute(std::string_view key, std::span<const std::int64_t> numbers);
    /// One text node with these stretches.
    void text(std::span<const Span> spans);
    void text(std::string_view plain);
    /// The whole as one update.
    Bytes finish();

private:
    struct Frame {
        std::optional<std::uint32_t> item;  ///< clock of the element; none: the root
        std::optional<std::uint32_t> last;  ///< clock of its last child so far
    };
    void begin_struct(crdt::Kind kind);
    void begin_attribute(std::string_view key);
    void put_format(std::string_view mark, std::string_view value);

    std::uint64_t client_;
    std::uint32_t clock_ = 0;
    std::uint32_t count_ = 0;
    Bytes structs_;
    std::vector<Frame> frames_{Frame{}};
};

} // namespace hameau::pads
