// ECMA-376 part 2 §6.5.3.2 forbids a document type in a part: who writes one wants entities.
#include "modules/pads/convert/word_xml.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include <libxml/tree.h>
#include <libxml/xmlreader.h>

#include "modules/pads/convert/limits.hpp"

namespace hameau::pads {

namespace {

struct Namespace {
    std::string_view address;
    std::string_view prefix;
};
constexpr std::array namespaces = {
    Namespace{"http://schemas.openxmlformats.org/wordprocessingml/2006/main", "w"},
    Namespace{"http://purl.oclc.org/ooxml/wordprocessingml/main", "w"},
    Namespace{"http://schemas.openxmlformats.org/officeDocument/2006/relationships", "r"},
    Namespace{"http://purl.oclc.org/ooxml/officeDocument/relationships", "r"},
    Namespace{"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing", "wp"},
    Namespace{"http://purl.oclc.org/ooxml/drawingml/wordprocessingDrawing", "wp"},
    Namespace{"http://schemas.openxmlformats.org/drawingml/2006/main", "a"},
    Namespace{"http://purl.oclc.org/ooxml/drawingml/main", "a"},
    Namespace{"http://schemas.openxmlformats.org/officeDocument/2006/math", "m"},
    Namespace{"http://purl.oclc.org/ooxml/officeDocument/math", "m"},
    Namespace{"http://schemas.openxmlformats.org/markup-compatibility/2006", "mc"},
    Namespace{"http://schemas.openxmlformats.org/package/2006/relationships", "rel"},
    Namespace{"http://purl.org/dc/elements/1.1/", "dc"},
    Namespace{"http://schemas.microsoft.com/office/word/2010/wordml", "w14"},
    Namespace{"http://schemas.microsoft.com/office/drawing/2017/decorative", "adec"},
    Namespace{"urn:schemas-microsoft-com:vml", "v"},
    Namespace{"urn:schemas-microsoft-com:office:office", "o"},
    Namespace{"http://www.w3.org/XML/1998/namespace", "xml"},
};

std::string_view view(const xmlChar* text) { return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text)); }

/// Without a namespace there is no prefix; one that nobody knows is "?".
std::string full_name(const xmlNs* space, const xmlChar* local) {
    if (space == nullptr) {
        return std::string(view(local));
    }
    const std::string_view address = view(space->href);
    const auto known = std::find_if(namespaces.begin(), namespaces.end(), [address](const Namespace& one) { return one.address == address; });
    return std::string(known == namespaces.end() ? std::string_view("?") : known->prefix).append(":").append(view(local));
}

tl::unexpected<Error> damaged() { return fail(ErrorKind::invalid, "document_damaged"); }

/// One reading: the handler hears nothing of what lies in an element that it passed over.
class Walk {
public:
    Walk(xmlTextReader* reader, XmlHandler& handler) : reader_(reader), handler_(handler) {}

    /// False: such a node may not stand in a part.
    bool step() {
        const int type = xmlTextReaderNodeType(reader_);
        if (type == XML_READER_TYPE_DOCUMENT_TYPE || type == XML_READER_TYPE_ENTITY_REFERENCE) {
            return false;
        }
        const int depth = xmlTextReaderDepth(reader_);
        if (passed_over_ >= 0) {
            passed_over_ = type == XML_READER_TYPE_END_ELEMENT && depth == passed_over_ ? -1 : passed_over_;
            return true;
        }
        if (type == XML_READER_TYPE_ELEMENT) {
            const xmlNode* node = xmlTextReaderCurrentNode(reader_);
            const XmlElement element(full_name(node->ns, node->name), node);
            const bool empty = xmlTextReaderIsEmptyElement(reader_) == 1;
            const bool inside = handler_.enter(element);
            if (inside && empty) {
                handler_.leave(element.name);
            }
            passed_over_ = inside || empty ? -1 : depth;
        } else if (type == XML_READER_TYPE_END_ELEMENT) {
            const xmlNode* node = xmlTextReaderCurrentNode(reader_);
            handler_.leave(full_name(node->ns, node->name));
        } else if (type == XML_READER_TYPE_TEXT || type == XML_READER_TYPE_CDATA || type == XML_READER_TYPE_SIGNIFICANT_WHITESPACE || type == XML_READER_TYPE_WHITESPACE) {
            handler_.text(view(xmlTextReaderConstValue(reader_)));
        }
        return true;
    }

private:
    xmlTextReader* reader_;
    XmlHandler& handler_;
    int passed_over_ = -1;  ///< the depth of the element that is passed over
};

} // namespace

std::optional<std::string> XmlElement::find(std::string_view attribute) const {
    for (const xmlAttr* one = node_->properties; one != nullptr; one = one->next) {
        if (full_name(one->ns, one->name) == attribute) {
            const std::unique_ptr<xmlChar, void (*)(void*)> value(xmlNodeListGetString(node_->doc, one->children, 1), xmlFree);
            return std::string(view(value.get()));
        }
    }
    return std::nullopt;
}

std::optional<std::int64_t> XmlElement::number(std::string_view attribute) const {
    const auto text = find(attribute);
    std::int64_t value = 0;
    if (!text) {
        return std::nullopt;
    }
    const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), value);
    return failed == std::errc{} && end != text->data() && value >= -word_number_max && value <= word_number_max ? std::optional(value) : std::nullopt;
}

bool XmlElement::on() const {
    const std::string value = attribute("w:val");
    return value != "0" && value != "false" && value != "off";
}

Status walk_xml(std::string_view bytes, XmlHandler& handler) {
    constexpr int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT;
    const std::unique_ptr<xmlTextReader, void (*)(xmlTextReader*)> reader(xmlReaderForMemory(bytes.data(), static_cast<int>(bytes.size()), nullptr, nullptr, options), xmlFreeTextReader);
    if (!reader) {
        return damaged();
    }
    Walk walk(reader.get(), handler);
    int more = 1;
    while (!handler.done() && (more = xmlTextReaderRead(reader.get())) == 1) {
        if (!walk.step()) {
            return damaged();
        }
    }
    return more < 0 ? Status(damaged()) : Status();
}

} // namespace hameau::pads
