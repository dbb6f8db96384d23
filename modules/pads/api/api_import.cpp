// The HTTP API of documents that become pads. The pictures that they carry in themselves are taken out first and go the way of
// every image; the text goes through hameau-convert with their new addresses in it.
#include <malloc.h>
#include <map>

#include "daemon/base/io.hpp"
#include "modules/pads/api/conversion_answers.hpp"
#include "modules/pads/convert/answer.hpp"
#include "modules/pads/documents/inline_images.hpp"
#include "modules/pads/documents/templates.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/pads/texts.hpp"
#include "modules/support/disk_floor.hpp"
#include "modules/support/json_fields.hpp"
#include "modules/support/opening.hpp"
#include "modules/support/size_text.hpp"
#include "modules/support/validators.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

constexpr Event images_brought{"pads.images_brought", Level::info};

/// A sentence about so many things that did not come along; nothing when there are none.
void warn(const Request& request, json::array& warnings, std::string_view code, std::uint64_t count, Parameters more = {}) {
    if (count > 0) {
        more.emplace_back("count", std::to_string(count));
        warnings.emplace_back(text_of(pads_catalogue, language_of(request), code, more));
    }
}

/// What a Word document holds and a pad does not: nothing is lost without a word.
void say_left_out(const Request& request, const LeftOut& left_out, json::array& warnings) {
    constexpr std::array<std::string_view, left_out_kinds> codes = {"import_word_comments", "import_word_deletions", "import_word_drawings", "import_word_edges", "import_word_hidden"};
    for (std::size_t i = 0; i < codes.size(); ++i) {
        warn(request, warnings, codes[i], left_out[i]);
    }
}

} // namespace

Task<Result<std::string>> PadsModule::bring_image(std::string association, std::string asker, std::optional<std::string> picture) {
    if (!picture) {
        co_return fail(ErrorKind::invalid, "import_images_unreadable");
    }
    if (picture->size() > context_->settings().size_bytes("pads.limits.image_max")) {
        co_return fail(ErrorKind::too_large, "import_images_large");
    }
    auto image = co_await convert_image(std::move(*picture), std::move(asker));
    if (!image) {
        co_return fail(image.error().kind, image.error().kind == ErrorKind::invalid ? "import_images_unreadable" : "import_images_busy");
    }
    // No pad yet: the reference is noted when the text is stored.
    const auto kept = co_await take_image(association, 0, std::move(*image));
    if (!kept) {
        co_return fail(kept.error().kind, kept.error().kind == ErrorKind::too_large ? "import_images_room" : "import_images_busy");
    }
    co_return kept->hash;
}

Task<PadsModule::Brought> PadsModule::bring_images(const Request& request, PadRow pad, std::string document, std::vector<InlineImage> images) {
    Brought out;
    const Duration until = clock_.now() + import_images_time;
    std::vector<std::string> addresses;
    std::map<std::string, std::size_t> lost;
    for (const InlineImage& image : images) {
        Result<std::string> hash = fail(ErrorKind::unavailable, addresses.size() >= import_images_max ? "import_images_many" : "import_images_busy");
        if (addresses.size() < import_images_max && clock_.now() < until) {
            auto picture = read_inline_image(std::string_view(document).substr(image.begin, image.size));
            std::string association = pad.association;
            std::string asker = request.who.member;
            hash = co_await bring_image(std::move(association), std::move(asker), std::move(picture));
        }
        addresses.push_back(hash ? "/api/v1/pads/" + pad.id + "/images/" + *hash : std::string(no_inline_image));
        if (!hash) {
            ++lost[hash.error().message];
        }
    }
    for (const auto& [code, count] : lost) {
        Parameters parameters;
        parameters.emplace_back("images", std::to_string(import_images_max));
        parameters.emplace_back("limit", size_text(context_->settings().size_bytes("pads.limits.image_max"), language_of(request)));
        warn(request, out.warnings, code, count, std::move(parameters));
    }
    if (!images.empty()) {
        context_->journal().write(images_brought, {{"pad", pad.id}, {"images", std::to_string(images.size())}});
    }
    out.document = with_addresses(document, images, addresses);
    co_return out;
}

Task<Result<PadsModule::Brought>> PadsModule::bring_word(const Request& request, PadRow pad, std::string bytes, std::uint64_t text_limit) {
    std::string mode = "docx-pictures";
    std::string copy = bytes;
    std::string asker = request.who.member;
    auto answer = co_await converter_->run(std::move(mode), std::move(copy), std::move(asker));
    if (!answer) {
        co_return fail(std::move(answer.error()));
    }
    auto lines = read_pictures_answer(answer->bytes);
    answer->bytes = {};
    answer->turn.reset();
    // What is unpacked counts with what others send, until the images are kept.
    const auto held = converter_->hold(bytes.size() + (lines ? lines->size() : 0));
    if (!held) {
        co_return fail(ErrorKind::unavailable, "too many documents are being read at once");
    }
    if (!lines) {
        co_return fail(std::move(lines.error()));
    }
    std::vector<InlineImage> pictures;
    for (std::size_t at = 0; at < lines->size();) {
        const std::size_t end = std::min(lines->find('\n', at), lines->size());
        pictures.push_back({at, end - at});
        at = end + 1;
    }
    // Base64 has four signs for three bytes. What is packed as well as a text is no picture that is kept.
    const std::uint64_t of_pictures = std::min<std::uint64_t>(bytes.size(), lines->size() / 4 * 3);
    if (bytes.size() - of_pictures > text_limit) {
        co_return fail(ErrorKind::too_large, "");
    }
    auto brought = co_await bring_images(request, std::move(pad), std::move(*lines), std::move(pictures));
    brought.document.append("\n").append(bytes);
    co_return brought;
}

Task<Response> PadsModule::import_pad(Request& request) {
    const std::string association(request.parameter("association"));
    if (auto refused = refuse_strangers(request, association)) {
        co_return std::move(*refused);
    }
    const std::string format = request.query_parameter("format").value_or("");
    if (format != "markdown" && format != "html" && format != "docx") {
        Parameters parameters;
        parameters.emplace_back("formats", "markdown, html, docx");
        co_return problem(pads_catalogue, request, 400, "pad_format", parameters);
    }
    json::object named;
    named["slug"] = request.query_parameter("slug").value_or("");
    const std::string title = request.query_parameter("title").value_or("");
    if (!title.empty()) {
        named["title"] = title;
    }
    PadRow pad;
    JsonFields fields(named);
    pad.slug = fields.slug("slug");
    Length title_length;
    title_length.most = title_characters_max;
    pad.title = fields.optional_text("title", title_length).value_or("");
    if (!fields.finish()) {
        co_return fields.refuse(request, pads_catalogue);
    }
    pad.association = association;
    pad.id = new_id();
    co_return co_await import_document(request, std::move(pad), format);
}

Task<PadsModule::JudgedImport> PadsModule::judge_import(View update) {
    JudgedImport out;
    std::function<void()> judge = [&] {
        Recorder probe;
        out.sound = update.size() <= pad_bytes_max_ && probe.apply(update).has_value();
        out.blank = probe.struct_count() == 1;
        if (out.sound && update.size() >= import_folded_bytes_min) {
            auto folded = tidied(probe);
            out.state = folded ? std::optional(std::move(folded->stored)) : std::nullopt;
        }
    };
    co_await context_->run_slow(std::move(judge));
    co_return out;
}

Task<Response> PadsModule::import_document(Request& request, PadRow pad, std::string format) {
    const std::uint64_t text_limit = context_->settings().size_bytes("pads.limits.import_max");
    const std::uint64_t limit = text_limit + context_->settings().size_bytes("pads.limits.import_images_max");
    if (auto refused = refuse_below_disk_floor(*context_, request, edit_room_bytes + request.body->size_bytes().value_or(0))) {
        co_return std::move(*refused);
    }
    auto bytes = co_await converter_->hear(*request.body, limit);
    if (!bytes) {
        co_return say_not_converted(request, bytes.error(), "document_too_large", limit);
    }
    // Before anything is kept for who may no longer; add_pad asks once more, behind the conversion.
    auto ended = co_await identify_again(*context_, request);
    ended = ended ? std::move(ended) : refuse_strangers(request, pad.association);
    if (ended) {
        co_return std::move(*ended);
    }
    const bool word = format == "docx";
    std::vector<InlineImage> images = word ? std::vector<InlineImage>() : find_inline_images(*bytes, format == "markdown");
    std::uint64_t text_bytes = word ? 0 : bytes->size();
    for (const InlineImage& image : images) {
        text_bytes -= image.size;
    }
    if (text_bytes > text_limit) {
        co_return say_not_converted(request, Error{ErrorKind::too_large, ""}, "document_too_large", text_limit);
    }
    // Before images are kept for nothing.
    const auto taken = store_->find_by_slug(pad.association, pad.slug);
    if (!taken || *taken) {
        co_return taken ? problem(pads_catalogue, request, 409, "pad_slug_taken") : failure(request, taken.error());
    }
    Brought brought;
    if (word) {
        auto taken_out = co_await bring_word(request, pad, std::move(*bytes), text_limit);
        if (!taken_out) {
            const Error& error = taken_out.error();
            co_return error.kind == ErrorKind::invalid ? say_refused(request, error.message) : say_not_converted(request, error, "document_too_large", text_limit);
        }
        brought = std::move(*taken_out);
    } else if (images.empty()) {
        brought.document = std::move(*bytes);
    } else {
        brought = co_await bring_images(request, pad, std::move(*bytes), std::move(images));
    }
    std::string asker = request.who.member;
    auto answer = co_await converter_->run(std::move(format), std::move(brought.document), std::move(asker));
    if (!answer) {
        co_return say_not_converted(request, answer.error(), "document_too_large", text_limit);
    }
    auto document = read_text_answer(answer->bytes);
    answer->bytes = {};
    if (!document) {
        co_return document.error().kind == ErrorKind::invalid ? say_refused(request, document.error().message)
                                                              : say_not_converted(request, document.error(), "document_too_large", text_limit);
    }
    if (pad.title.empty()) {
        const std::string name = without_unseen(request.query_parameter("name").value_or(""));
        const bool named = is_plain_text(name) && count_characters(name) <= title_characters_max && has_visible_character(name);
        const bool titled = is_plain_text(document->title) && has_visible_character(document->title);
        pad.title = titled ? document->title : named ? name : pad.slug;
    }
    warn(request, brought.warnings, "import_links_refused", document->refused_links);
    say_left_out(request, document->left_out, brought.warnings);
    co_return co_await keep_import(request, std::move(pad), std::move(document->update), std::move(brought.warnings));
}

Task<Response> PadsModule::keep_import(Request& request, PadRow pad, std::string bytes, json::array warnings) {
    const View update = as_view(bytes);
    auto judged = co_await judge_import(update);
    if (!judged.sound) {
        co_return say_refused(request, "document_too_rich");
    }
    const std::string association = pad.association;
    std::string taken_by = association;
    auto room = co_await take_room(std::move(taken_by), bytes.size());
    if (!room) {
        co_return usage_->refuse(request, association, room.error().kind);
    }
    Edit content;
    content.person = std::make_shared<const Person>(person_of(request.who));
    // An empty file is a blank pad like any other: of it there is nothing but the format.
    frame_update(content.framed, judged.blank ? View(blank_update()) : update);
    bytes = {};
    const bool is_long = judged.state.has_value();
    Response response = co_await add_pad(request, std::move(pad), std::move(content), std::move(judged.state), std::move(warnings));
    room->release();
    measure_later(association);
    if (is_long) {
        // What the threads allocated for it would stay with the process.
        std::function<void()> give_back = [] { ::malloc_trim(0); };
        co_await context_->run_slow(std::move(give_back));
    }
    co_return response;
}

} // namespace hameau::pads
