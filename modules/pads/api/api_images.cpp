// The HTTP API of images: what people bring goes through hameau-convert first.
#include <limits>

#include "daemon/base/io.hpp"
#include "modules/pads/api/conversion_answers.hpp"
#include "modules/pads/convert/answer.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/pads/texts.hpp"
#include "modules/support/disk_floor.hpp"
#include "modules/support/json_fields.hpp"
#include "modules/support/opening.hpp"
#include "modules/support/size_text.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

constexpr Event images_forgotten{"pads.images_removed", Level::info};
constexpr std::string_view image_policy = "default-src 'none'; sandbox";

std::string link_key(const Request& request) {
    return request.query_parameter("key").value_or(std::string(request.header(key_header)));
}

} // namespace

Task<Result<ConvertedImage>> PadsModule::convert_image(std::string bytes, std::string asker) {
    std::string mode = "image";
    const auto answer = co_await converter_->run(std::move(mode), std::move(bytes), std::move(asker));
    if (!answer) {
        co_return fail(answer.error());
    }
    co_return read_image_answer(answer->bytes);
}

Task<Result<ImageRow>> PadsModule::take_image(std::string association, std::int64_t pad, ConvertedImage image) {
    const std::uint64_t bytes = image.image.size() + image.webp.size();
    auto room = co_await take_room(association, bytes);
    if (!room) {
        co_return fail(room.error());
    }
    auto kept = co_await keep_image(association, pad, std::move(image));
    room->release();
    if (kept) {
        // Nearly right at once; the same image may have been there already.
        usage_->set(association, usage_->bytes(association) + bytes);
        measure_later(association);
    }
    co_return kept;
}

Task<Result<ImageRow>> PadsModule::keep_image(std::string association, std::int64_t pad, ConvertedImage image) {
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
    // The quota was asked at people: here the arrival is only noted, so that a crash leaves no file that nobody knows.
    std::int64_t arrival = 0;
    std::function<Status(PadStore&)> begin = [&](PadStore& store) -> Status {
        const auto begun = store.begin_arrival(row, std::numeric_limits<std::uint64_t>::max());
        arrival = begun.value_or(0);
        return begun ? Status{} : Status(fail(begun.error()));
    };
    const Status begun = co_await write_aside(std::move(begin));
    if (!begun) {
        co_return fail(begun.error());
    }
    Status kept;
    std::function<void()> write_it = [&] { kept = images_->keep(row.association, row.hash, image.image, image.webp); };
    co_await context_->run_slow(std::move(write_it));
    std::function<Status(PadStore&)> note_it = [&](PadStore& store) -> Status {
        if (kept) {
            kept = store.add_image(row, pad);
        }
        // Not half kept; when the disk takes not even this, the next start does it. No other arrival begins between these two.
        const auto needless = store.end_arrival(row, arrival);
        if (needless && *needless) {
            images_->remove(row.association, row.hash);
        }
        return kept;
    };
    const Status noted = co_await write_aside(std::move(note_it));
    if (!noted) {
        co_return fail(noted.error());
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
    if (auto refused = refuse_below_disk_floor(*context_, request, edit_room_bytes + request.body->size_bytes().value_or(0))) {
        co_return std::move(*refused);
    }
    auto bytes = co_await converter_->hear(*request.body, limit);
    if (!bytes) {
        co_return say_not_converted(request, bytes.error(), "image_too_large", limit);
    }
    std::string asker = request.who.signed_in() ? request.who.member : found.pad.id;
    auto image = co_await convert_image(std::move(*bytes), std::move(asker));
    if (!image) {
        co_return image.error().kind == ErrorKind::invalid ? say_refused(request, image.error().message)
                                                           : say_not_converted(request, image.error(), "image_too_large", limit);
    }
    const bool guest = found.asker.role == Role::none;
    const GuestArrival arriving(*this, found.pad.number, guest ? image->image.size() + image->webp.size() : 0);
    if (guest) {
        const bool fits = co_await fits_for_guests(found.pad.number, found.pad.association);
        if (!fits) {
            Parameters parameters;
            parameters.emplace_back("limit", size_text(guest_bound(found.pad.association), language_of(request)));
            co_return problem(pads_catalogue, request, 413, "pad_guests_full", parameters);
        }
    }
    // Minutes may have passed: the right to write is asked again, of the row and of the caller's roles as they are now.
    auto ended = co_await identify_again(*context_, request);
    if (ended) {
        co_return std::move(*ended);
    }
    FoundOr still = find(request, link_key(request), Deleted::refused);
    if (auto* refused = std::get_if<Response>(&still)) {
        co_return std::move(*refused);
    }
    if (std::get<Found>(still).permission != Permission::write) {
        co_return problem(pads_catalogue, request, 403, "pad_read_only");
    }
    const auto kept = co_await take_image(found.pad.association, found.pad.number, std::move(*image));
    if (!kept && (kept.error().kind == ErrorKind::too_large || kept.error().kind == ErrorKind::unavailable)) {
        co_return usage_->refuse(request, found.pad.association, kept.error().kind);
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
    // The content never changes, the right to see it ends: the browser asks each time, and mostly hears 304.
    response.headers.emplace_back("Cache-Control", "private, no-cache");
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

std::size_t remove_unused_images(PadStore& store, ImageFiles& files) {
    const auto gone = store.forget_images(now_ms());
    if (!gone) {
        return 0;  // the next start tries again
    }
    for (const ImageRow& image : *gone) {
        files.remove(image.association, image.hash);
    }
    return gone->size();
}

void PadsModule::tell_forgotten(std::size_t images) {
    if (images > 0) {
        context_->journal().write(images_forgotten, {{"images", std::to_string(images)}});
    }
}

void PadsModule::forget_images() { tell_forgotten(remove_unused_images(*store_, *images_)); }

} // namespace hameau::pads
