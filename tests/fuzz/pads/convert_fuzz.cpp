// What people bring to pads: an image's container, its pixels, Markdown, HTML, Word documents. The first byte chooses; a whole
// package begins with its own, and "W" stands before the parts of one, which are its XML alone with a zero byte between. Besides not crashing:
// what was stripped is stripped, and every document becomes an update that the recorder takes and the exporters write, and
// what they write can be read again.
#include <algorithm>
#include <cstdlib>

#include "modules/pads/convert/decode.hpp"
#include "modules/pads/convert/document.hpp"
#include "modules/pads/crdt/recorder.hpp"
#include "modules/pads/documents/inline_images.hpp"
#include "modules/pads/convert/word.hpp"
#include "modules/pads/export/export.hpp"
#include "modules/pads/export/zip.hpp"

using namespace hameau::pads;

namespace {

void image(std::string_view bytes) {
    const auto once = strip_image(bytes);
    if (!once) {
        return;
    }
    const auto twice = strip_image(once->bytes);
    if (!twice || twice->bytes != once->bytes) {
        std::abort();
    }
    // Larger ones would only measure the libraries' patience.
    if (!once->animated && once->width * once->height < 250'000) {
        (void)decode_image(*once, 64);
    }
}

/// What is found lies in the document, in order, and is gone when it was taken out.
void pictures(std::string_view text, DocumentForm form) {
    const bool markdown = form == DocumentForm::markdown;
    const auto found = find_inline_images(text, markdown);
    std::size_t end = 0;
    for (const InlineImage& picture : found) {
        if (picture.begin < end || picture.begin + picture.size > text.size()) {
            std::abort();
        }
        end = picture.begin + picture.size;
        (void)read_inline_image(text.substr(picture.begin, picture.size));
    }
    if (!markdown && !find_inline_images(with_addresses(text, found, {}), markdown).empty()) {
        std::abort();
    }
}

/// Every document is an update, and goes out.
void can_go_out(const ReadDocument& read) {
    hameau::crdt::Recorder recorder;
    if (!recorder.apply(read.update)) {
        std::abort();
    }
    for (const char* name : {"markdown", "html", "odt", "docx", "text"}) {
        const auto once = export_document(*export_format(name), read.update, "", true);
        if (!once) {
            std::abort();
        }
        // Our own HTML and Markdown can be read again.
        if (name[0] == 'm' || name[0] == 'h') {
            const auto again = read_document(*once, name[0] == 'm' ? DocumentForm::markdown : DocumentForm::html);
            if (!again || !recorder.apply(again->update)) {
                std::abort();
            }
        }
    }
}

void document(std::string_view text, DocumentForm form) {
    pictures(text, form);
    const auto read = read_document(text, form);
    if (!read) {
        return;
    }
    can_go_out(*read);
}

/// Its addresses change nothing about which pictures there are.
void word(std::string_view archive) {
    const auto pictures = word_pictures(archive);
    const auto read = read_word_document(archive, {"/api/v1/pads/p/images/a"});
    if (pictures.has_value() != read.has_value()) {
        std::abort();
    }
    if (read) {
        can_go_out(*read);
    }
}

void word_parts(std::string_view text) {
    constexpr std::string_view head = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">";
    std::string relations(head);
    ZipWriter zip;
    zip.add("_rels/.rels", std::string(head) + "<Relationship Id=\"a\" Type=\"x/officeDocument\" Target=\"document.xml\"/></Relationships>", ZipWriter::Packing::stored);
    for (const std::string name : {"document", "styles", "numbering", "footnotes"}) {
        const std::size_t end = std::min(text.find('\0'), text.size());
        zip.add(name + ".xml", text.substr(0, end), ZipWriter::Packing::stored);
        relations += "<Relationship Id=\"" + name + "\" Type=\"x/" + name + "\" Target=\"" + name + ".xml\"/>";
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    relations += "<Relationship Id=\"i\" Type=\"x/image\" Target=\"document.xml\"/><Relationship Id=\"o\" Type=\"x/hyperlink\" Target=\"https://a.example\" TargetMode=\"External\"/></Relationships>";
    zip.add("_rels/document.xml.rels", relations, ZipWriter::Packing::stored);
    word(zip.finish());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool prepared = (prepare_documents(), true);
    if (!prepared || size == 0) {
        return 0;
    }
    const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string_view whole(reinterpret_cast<const char*>(data), size);
    if (whole.starts_with("PK\x03\x04")) {
        word(whole);
    } else if (data[0] == 'W') {
        word_parts(rest);
    } else if (data[0] % 3 == 0) {
        image(rest);
    } else {
        document(rest, data[0] % 3 == 1 ? DocumentForm::markdown : DocumentForm::html);
    }
    return 0;
}
