// Templates of new pads: prepared content as one Yjs v1 update (TipTap node names, root fragment "default"). Pure.
// The only content that the server ever writes, and only before anybody is there.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "modules/pads/crdt/update.hpp"

namespace hameau::pads {

using crdt::Bytes;

/// The root fragment of the editor's document.
inline constexpr std::string_view root_name = "default";
inline constexpr std::string_view template_names = "minutes|agenda|attendance";

/// A stretch of text, bold or not.
struct Span {
    std::string_view text;
    bool bold = false;
};

/// Writes a tree of XML elements as structs of one client.
class TreeWriter {
public:
    explicit TreeWriter(std::uint64_t client) : client_(client) {}

    /// An element below the open one; close() it. Attributes follow open() before anything else.
    void open(std::string_view name);
    void close();
    void attribute(std::string_view key, std::int64_t number);
    void attribute(std::string_view key, bool truth);
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

    std::uint64_t client_;
    std::uint32_t clock_ = 0;
    std::uint32_t count_ = 0;
    Bytes structs_;
    std::vector<Frame> frames_{Frame{}};
};

/// The content of a template; nothing for an unknown name. `client` is the Yjs client id that it is written under.
std::optional<Bytes> template_update(std::string_view name, bool english, std::uint64_t client);

} // namespace hameau::pads
