// The tree of a small document, walked once. A stranger wrote it.
#include "modules/mail/outlook_request.hpp"

#include <memory>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "daemon/base/text.hpp"
#include "modules/mail/limits.hpp"

namespace hameau::mail {

namespace {

std::string_view name_of(const xmlNode* node) { return node->name == nullptr ? "" : reinterpret_cast<const char*>(node->name); }

/// In the order of the document, without recursion.
const xmlNode* next_of(const xmlNode* node) {
    if (node->type == XML_ELEMENT_NODE && node->children != nullptr) {
        return node->children;
    }
    while (node != nullptr && node->next == nullptr) {
        node = node->parent;
    }
    return node == nullptr ? nullptr : node->next;
}

} // namespace

std::string outlook_address(std::string_view xml) {
    // "<!" begins a document type, and with it entities. No program that asks for settings needs one, nor a comment.
    if (xml.empty() || xml.size() > outlook_request_bytes_max || xml.find("<!") != std::string_view::npos) {
        return {};
    }
    // UTF-8, whatever the document says of itself: no other encoding can hide a "<!".
    const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> document(
        xmlReadMemory(xml.data(), static_cast<int>(xml.size()), nullptr, "UTF-8", XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING), xmlFreeDoc);
    if (!document || document->intSubset != nullptr || document->extSubset != nullptr) {
        return {};
    }
    for (const xmlNode* node = xmlDocGetRootElement(document.get()); node != nullptr; node = next_of(node)) {
        if (node->type != XML_ELEMENT_NODE || name_of(node) != "EMailAddress") {
            continue;
        }
        const xmlNode* text = node->children;
        if (text == nullptr || text->type != XML_TEXT_NODE || text->next != nullptr || text->content == nullptr) {
            return {};
        }
        std::string address(trimmed(reinterpret_cast<const char*>(text->content)));
        return address.size() > address_bytes_max ? std::string() : address;
    }
    return {};
}

} // namespace hameau::mail
