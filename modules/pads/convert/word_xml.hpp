// The XML of a Word document, read as a stream by libxml2: no tree, no entities, no DTD, nothing fetched. Names come with the
// prefix that the standard uses for their namespace ("w:p"), whatever the file calls it and whichever of its two sets of
// namespaces (transitional, strict) it is in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"

struct _xmlNode;

namespace hameau::pads {

class XmlElement {
public:
    XmlElement(std::string name, const _xmlNode* node) : name(std::move(name)), node_(node) {}

    std::string name;
    std::optional<std::string> find(std::string_view attribute) const;
    /// Empty when it is not there.
    std::string attribute(std::string_view name) const { return find(name).value_or(std::string()); }
    std::optional<std::int64_t> number(std::string_view attribute) const;
    /// ECMA-376 part 1 §17.17.4: an on/off property is on without a value.
    bool on() const;

private:
    const _xmlNode* node_;
};

class XmlHandler {
public:
    virtual ~XmlHandler() = default;
    /// False: what is inside is passed over, and leave() is not called.
    virtual bool enter(const XmlElement& element) = 0;
    virtual void leave(std::string_view name) = 0;
    virtual void text(std::string_view) {}
    /// Nothing more is wanted.
    virtual bool done() const { return false; }
};

/// Errors: invalid, document_damaged: not well-formed, deeper than libxml2 takes (256), or with a document type.
Status walk_xml(std::string_view bytes, XmlHandler& handler);

} // namespace hameau::pads
