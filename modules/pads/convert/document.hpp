// Documents that people bring, as content for a pad: Markdown by cmark-gfm, HTML by libxml2. Only hameau-convert links it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "modules/pads/convert/answer.hpp"
#include "modules/pads/crdt/lib0.hpp"
#include "modules/pads/export/content.hpp"

namespace hameau::pads {

enum class DocumentForm { markdown, html };

struct ReadDocument {
    crdt::Bytes update;  ///< the whole document, written by one client id that nobody else has
    std::string title;   ///< of its <title> or first heading, or empty; one line, at most 200 characters
    std::size_t refused_links = 0;  ///< whose words stand without a link, because it led where none may lead
    LeftOut left_out{};
};

/// What the libraries load or register; before the sandbox is entered.
void prepare_documents();
/// Errors: invalid with a code as its message: document_not_utf8, document_too_large.
Result<ReadDocument> read_document(std::string_view text, DocumentForm form);

/// A Word document (.docx); `addresses` of its pictures as word.hpp says. Errors: invalid: document_damaged, document_too_rich.
Result<ReadDocument> read_word_document(std::string_view archive, const std::vector<std::string>& addresses);

/// The parsers. `title` is set when the document names one.
std::vector<Event> read_markdown(std::string_view text);
/// The text behind YAML between "---" and "---" at its start (Jekyll, pandoc, HedgeDoc), whose "title" is the document's; all of it
/// when what stands there is no such thing.
std::string_view without_front_matter(std::string_view text, std::string& title);
std::vector<Event> read_html(std::string_view text, std::string& title);
/// A tag within a line of Markdown, <span style="color:red"> say.
struct InlineTag {
    std::string name;
    std::vector<Mark> marks = {};     ///< of the text that follows
    Align align = Align::none;        ///< of the paragraph that it stands in
    std::vector<Event> content = {};  ///< of an <img>: the image, or the text that stands for it; a mention, without its name
};
InlineTag read_inline_tag(std::string_view tag);
void prepare_markdown();
void prepare_html();

/// The content as one update written by `client`.
crdt::Bytes write_content(const std::vector<Event>& events, std::uint64_t client);

/// An image node for our own addresses; nothing for others': showing them would tell their owners who reads.
bool is_own_image(std::string_view address);

} // namespace hameau::pads
