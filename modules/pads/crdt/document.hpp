// Document: read-only access to an integrated pad for exporters: roots, children, runs of text with attributes, map
// entries; of the present or of a snapshot. Owner: pads/crdt. Views stay valid as long as the integrator is unchanged.
#pragma once

#include "modules/pads/crdt/integrator.hpp"

#include <optional>

#include "modules/pads/crdt/limits.hpp"

namespace hameau::crdt {

/// What an application uses a root as; the wire does not say (section 3).
enum class RootKind { text, map, array, xml };

/// A value in a sequence or under a key.
struct Node {
    Kind kind = Kind::any;
    Id id;                        ///< of the shown unit
    std::uint32_t item = 0;       ///< index in Integrator::items()
    std::uint32_t offset = 0;     ///< value within the item
    std::uint32_t type = Integrator::none;  ///< the shared type, if kind is type
};

/// A text attribute in force: key, canonical JSON of its value (never null).
struct Attribute {
    std::string_view key;
    std::string value;
    friend bool operator==(const Attribute&, const Attribute&) = default;
};

/// A stretch of text with equal attributes, an embed or a nested type. Give the same one to the same Runs again and again:
/// attributes that are the same as before are not copied.
struct Run {
    Kind kind = Kind::string;               ///< string, embed or type
    std::string text;                       ///< UTF-8, if kind is string
    std::string_view embed;                 ///< JSON text, if kind is embed
    std::uint32_t type = Integrator::none;  ///< if kind is type
    std::vector<Attribute> attributes;      ///< sorted by key
    std::uint64_t version = 0;              ///< of the attributes: the same as the last run's when they are
    std::uint64_t client = 0;               ///< author of the first unit
    std::uint32_t clock = 0;                ///< of the first unit
    std::uint32_t group = 0;                ///< what Groups says of its units
};

/// Says what the units of an item are in the eyes of who shows the document. Runs end where it changes.
class Groups {
public:
    virtual ~Groups() = default;
    virtual std::uint32_t group(const Integrator::Item& item) const = 0;
};

/// Where runs of text end: at changed attributes, or also where the author changes.
enum class Split { attributes, authors };

class Document {
public:
    /// `at` shows an earlier state (see Integrator::snapshot()); all must outlive the document.
    explicit Document(const Integrator& source, const Snapshot* at = nullptr, const Groups* groups = nullptr) : source_(source), at_(at), groups_(groups) {}

    /// Root names in byte order.
    std::vector<std::string_view> root_names() const;
    /// The root of that name, none when nothing was ever written to it.
    std::optional<std::uint32_t> root(std::string_view name) const;
    /// Guess by content (section 3): only keys: map; text or format first: text; types for XML: xml; else array.
    RootKind guess(std::uint32_t type) const;
    /// First root whose items are XML types; none if there is none.
    std::optional<std::uint32_t> first_xml_root() const;

    TypeRef ref(std::uint32_t type) const { return source_.types()[type].ref; }
    /// Node name of an XmlElement, hook name, or name of a root.
    std::string_view name(std::uint32_t type) const { return source_.types()[type].name; }

    /// Visible values of a sequence, in order.
    class Children {
    public:
        Children(const Document& document, std::uint32_t type);
        bool next(Node& out);

    private:
        const Document* document_;
        std::uint32_t item_;
        std::uint32_t offset_ = 0;
    };
    Children children(std::uint32_t type) const { return Children(*this, type); }

    /// Visible runs of a text.
    class Runs {
    public:
        Runs(const Document& document, std::uint32_t type, Split split);
        bool next(Run& out);

    private:
        const Document* document_;
        Split split_;
        std::uint32_t item_;
        std::vector<Attribute> attributes_;
        std::size_t attribute_bytes_ = 0;
        std::uint64_t version_ = 1;  ///< changes with attributes_

        void begin(Run& out, const Integrator::Item& item) const;
        bool same(const Run& run) const { return run.version == version_ || run.attributes == attributes_; }

        void format(const Integrator::Item& item);
    };
    Runs runs(std::uint32_t type, Split split = Split::attributes) const { return Runs(*this, type, split); }

    /// Current map entries or XML/text attributes, sorted by key.
    std::vector<std::pair<std::string_view, Node>> entries(std::uint32_t type) const;
    std::optional<Node> entry(std::uint32_t type, std::string_view key) const;

    /// Plain text of a text type: strings only, in UTF-8.
    std::string text(std::uint32_t type) const;
    /// Canonical JSON of a value that is not a shared type (strings, any, binary, embeds, subdocuments).
    std::string json(const Node& node) const;

    const Integrator& source() const { return source_; }
    bool grouped() const { return groups_ != nullptr; }

private:
    friend class Children;
    friend class Runs;

    const Integrator& source_;
    const Snapshot* at_;
    const Groups* groups_;

    std::uint32_t group(const Integrator::Item& item) const { return groups_ == nullptr ? 0 : groups_->group(item); }
    bool visible(const Integrator::Item& item) const {
        if (at_ == nullptr)
            return !item.is_deleted();
        return item.clock < at_->next_clock[item.client] && !at_->deleted[item.client].contains(item.clock);
    }
    std::optional<Node> value(const Integrator::KeyEntry& entry) const;
    Node node(std::uint32_t index, std::uint32_t offset) const;
};

/// The tree of a type as one line of JSON, in the form of shared/vectors/yjs (README there). Iterative.
std::string tree_json(const Document& document, std::uint32_t type, RootKind kind);

} // namespace hameau::crdt
