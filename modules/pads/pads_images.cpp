// The HTTP API of images and of documents that become pads: what people bring goes through hameau-convert first.
#include <array>

#include "daemon/base/io.hpp"
#include "modules/pads/convert/answer.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/pads/templates.hpp"
#include "modules/pads/texts.hpp"
#include "modules/support/json_fields.hpp"
#include "modules/support/validators.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

constexpr Event images_forgotten{"pads.images_removed", Level::info};
constexpr std::string_view key_header = "pad-key";
constexpr std::string_view image_policy = "default-src 'none'; sandbox";

std::string link_key(const Request& request) {
    return request.query_parameter("key").value_or(std::string(request.header(key_header)));
}

std::string size_text(std::uint64_t bytes, Language language) {
    const bool mega = bytes >= 1 << 20;
    return std::to_string(bytes >> (mega ? 20 : 10)) + (language == Language::french ? (mega ? " Mio" : " Kio") : (mega ? " MiB" : " KiB"));
}

/// The answer for a body that was not heard to its end, or a helper that said nothing.
Response say_not_converted(const Request& request, const Error& error, std::string_view too_large, std::uint64_t limit) {
    if (error.kind == ErrorKind::too_large) {
        Parameters parameters;
        parameters.emplace_back("limit", size_text(limit, language_of(request)));
        return problem(pads_catalogue, request, 413, too_large, parameters);
    }
    if (error.kind == ErrorKind::closed || error.kind == ErrorKind::timed_out) {
        return body_problem(request, error);
    }
    Response response = problem(request, 503, "busy");
    response.headers.emplace_back("Retry-After", "5");
    return response;
}

Response say_refused(const Request& request, const std::string& code) {
    constexpr std::array<std::string_view, 5> known = {"image_unknown", "image_damaged", "image_too_many_pixels",
                                                       "document_not_utf8", "document_too_rich"};
    const bool ours = std::find(known.begin(), known.end(), code) != known.end();
    return problem(pads_catalogue, request, code == "image_unknown" ? 415 : 422, ours ? code : "image_damaged");
}

Response say_no_room(const Request& request, std::uint64_t quota_bytes) {
    Parameters parameters;
    parameters.emplace_back("limit", size_text(quota_bytes, language_of(request)));
    return problem(pads_catalogue, request, 413, "pad_quota", parameters);
}

} // namespace

Task<Result<std::uint64_t>> PadsModule::quota_bytes(std::string association) {
    const auto known = co_await ask_people(std::move(association));
    const json::value* quota = known ? known->if_contains("quota_bytes") : nullptr;
    if (quota == nullptr || !quota->is_number()) {
        co_return fail(ErrorKind::unavailable, "the association's quota is not known at the moment");
    }
    co_return quota->to_number<std::uint64_t>();
}

Task<std::optional<Response>> PadsModule::refuse_without_room(const Request& request, std::string association, std::uint64_t bytes) {
    std::optional<Response> refused;
    const auto quota = co_await quota_bytes(association);
    const auto used = store_->used_bytes(association);
    if (!quota || !used) {
        refused = quota ? failure(request, used.error()) : problem(request, 503, "busy");
    } else if (*used + bytes > *quota) {
        refused = say_no_room(request, *quota);
    }
    co_return refused;
}

Task<Result<ConvertedImage>> PadsModule::convert_image(std::string bytes) {
    std::string mode = "image";
    const auto answer = co_await converter_->run(std::move(mode), std::move(bytes));
    if (!answer) {
        co_return fail(answer.error());
    }
    co_return read_image_answer(*answer);
}

Task<Result<ImageRow>> PadsModule::keep_image(std::string association, std::int64_t pad, ConvertedImage image, std::uint64_t quota_bytes) {
    ImageRow row;
    row.association = std::move(association);
    row.type = image.type;
    row.width = image.width;
    row.height = image.height;
    row.bytes = static_cast<std::int64_t>(image.image.size());
    row.webp_bytes = static_cast<std::int64_t>(image.webp.size());
    row.created_ms = now_ms();
    std::function<void()> name_it = [&] { row.hash = ImageFiles::hash_of(image.image); };
    co_await context_->run_slow(std::move(name_it));
    const auto arrival = store_->begin_arrival(row, quota_bytes);
    if (!arrival) {
        co_return fail(arrival.error());
    }
    Status kept;
    std::function<void()> write_it = [&] { kept = images_->keep(row.association, row.hash, image.image, image.webp); };
    co_await context_->run_slow(std::move(write_it));
    if (kept) {
        kept = store_->add_image(row, pad);
    }
    // Not half kept; when the disk takes not even this, the next start does it.
    const auto needless = store_->end_arrival(row, *arrival);
    if (needless && *needless) {
        images_->remove(row.association, row.hash);
    }
    if (!kept) {
        co_return fail(kept.error());
    }
    co_return row;
}

Task<Response> PadsModule::add_image(Request& request) {
    FoundOr outcome = find(request, link_key(request), Deleted::refused);
    if (auto* refused = std::get_if<Response>(&outcome)) {
        co_return std::move(*refused);
    }
    const Found found = std::get<Found>(outcome);
    if (found.permission != Permission::write) {
        co_return problem(pads_catalogue, request, 403, "pad_read_only");
    }
    const std::uint64_t limit = context_->settings().size_bytes("pads.limits.image_max");
    auto bytes = co_await converter_->hear(*request.body, limit);
    if (!bytes) {
        co_return say_not_converted(request, bytes.error(), "image_too_large", limit);
    }
    auto image = co_await convert_image(std::move(*bytes));
    if (!image) {
        co_return image.error().kind == ErrorKind::invalid ? say_refused(request, image.error().message)
                                                           : say_not_converted(request, image.error(), "image_too_large", limit);
    }
    const auto quota = co_await quota_bytes(found.pad.association);
    if (!quota) {
        co_return problem(request, 503, "busy");
    }
    const auto kept = co_await keep_image(found.pad.association, found.pad.number, std::move(*image), *quota);
    if (!kept && kept.error().kind == ErrorKind::too_large) {
        co_return say_no_room(request, *quota);
    }
    if (!kept) {
        // A constraint: the pad went away while the image came.
        co_return kept.error().kind == ErrorKind::conflict ? problem(pads_catalogue, request, 404, "pad_not_found")
                                                           : failure(request, kept.error());
    }
    json::object answer;
    answer["url"] = "/api/v1/pads/" + found.pad.id + "/images/" + kept->hash;
    answer["width"] = kept->width;
    answer["height"] = kept->height;
    Response response = json_response(201, answer);
    response.headers.emplace_back("Location", "/api/v1/pads/" + found.pad.id + "/images/" + kept->hash);
    co_return response;
}

Task<Response> PadsModule::get_image(Request& request) {
    FoundOr outcome = find(request, link_key(request), Deleted::refused);
    if (auto* refused = std::get_if<Response>(&outcome)) {
        co_return std::move(*refused);
    }
    const Found& found = std::get<Found>(outcome);
    const std::string hash(request.parameter("hash"));
    const auto refers = store_->refers_to(found.pad.number, hash);
    if (!refers) {
        co_return failure(request, refers.error());
    }
    const auto image = store_->image(found.pad.association, hash);
    if (!image) {
        co_return failure(request, image.error());
    }
    if (!*refers || !*image) {
        co_return problem(pads_catalogue, request, 404, "image_not_found");
    }
    const bool webp = (*image)->webp_bytes > 0 && request.query_parameter("original") != "1";
    Response response;
    const std::string tag = "\"" + hash + (webp ? "-w\"" : "\"");
    response.headers.emplace_back("ETag", tag);
    // Named by its content: what is at this address never changes. Private: who may see it is asked each time.
    response.headers.emplace_back("Cache-Control", "private, max-age=31536000, immutable");
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("Content-Security-Policy", std::string(image_policy));
    response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    // RFC 9110 §13.1.2: a weak comparison; our tags are strong.
    if (request.header("if-none-match").find(tag) != std::string_view::npos) {
        response.status = 304;
        co_return response;
    }
    auto file = images_->open((*image)->association, hash, webp ? ImageForm::webp : ImageForm::original);
    if (!file) {
        co_return damaged(request, found.pad, file.error());
    }
    response.headers.emplace_back("Content-Type", webp ? "image/webp" : (*image)->type);
    FileBody body;
    body.fd = std::move(*file);
    body.size_bytes = static_cast<std::uint64_t>(webp ? (*image)->webp_bytes : (*image)->bytes);
    response.body = std::move(body);
    co_return response;
}

void PadsModule::forget_arrivals() {
    const auto left = store_->drop_arrivals();
    for (const ImageRow& image : left.value_or(std::vector<ImageRow>())) {
        images_->remove(image.association, image.hash);
    }
}

void PadsModule::forget_images() {
    const auto gone = store_->forget_images(now_ms());
    if (!gone || gone->empty()) {
        return;  // the next start tries again
    }
    for (const ImageRow& image : *gone) {
        images_->remove(image.association, image.hash);
    }
    context_->journal().write(images_forgotten, {{"images", std::to_string(gone->size())}});
}

Task<Response> PadsModule::import_pad(Request& request) {
    const std::string association(request.parameter("association"));
    if (!request.who.signed_in()) {
        co_return problem(request, 401, "signed_out");
    }
    if (request.who.role_in(association) == Role::none) {
        co_return problem(request, 403, "forbidden");
    }
    const std::string format = request.query_parameter("format").value_or("");
    if (format != "markdown" && format != "html") {
        Parameters parameters;
        parameters.emplace_back("formats", "markdown, html");
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
    const std::uint64_t limit = context_->settings().size_bytes("pads.limits.import_max");
    auto bytes = co_await converter_->hear(*request.body, limit);
    if (!bytes) {
        co_return say_not_converted(request, bytes.error(), "document_too_large", limit);
    }
    const auto answer = co_await converter_->run(format, std::move(*bytes));
    if (!answer) {
        co_return say_not_converted(request, answer.error(), "document_too_large", limit);
    }
    const auto document = read_text_answer(*answer);
    if (!document) {
        co_return document.error().kind == ErrorKind::invalid ? say_refused(request, document.error().message)
                                                              : say_not_converted(request, document.error(), "document_too_large", limit);
    }
    if (pad.title.empty()) {
        pad.title = is_plain_text(document->title) && !document->title.empty() ? document->title : pad.slug;
    }
    pad.association = association;
    const View update = as_view(document->update);
    // The helper read what a stranger wrote: its update is judged like a stranger's.
    Recorder probe;
    if (document->update.size() > pad_bytes_max_ || !probe.apply(update)) {
        co_return say_refused(request, "document_too_rich");
    }
    auto full = co_await refuse_without_room(request, association, document->update.size());
    if (full) {
        co_return std::move(*full);
    }
    Edit content;
    content.person = std::make_shared<const Person>(person_of(request.who));
    // An empty file is a blank pad like any other: the helper made one paragraph of it.
    const bool blank = probe.struct_count() == 1 && as_text(update).find("paragraph") != std::string_view::npos;
    frame_update(content.framed, blank ? View(blank_update()) : update);
    co_return co_await add_pad(request, std::move(pad), std::move(content));
}

} // namespace hameau::pads
