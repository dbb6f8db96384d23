// The responses to calls that needed hameau-convert: what its refusals and failures become for a browser. Called by api_images, api_import.
#include "modules/pads/api/conversion_answers.hpp"

#include <algorithm>
#include <array>

#include "modules/pads/texts.hpp"
#include "modules/support/size_text.hpp"

namespace hameau::pads {

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
    constexpr std::array<std::string_view, 6> known = {"image_unknown", "image_damaged", "image_too_many_pixels",
                                                       "document_not_utf8", "document_too_rich", "document_damaged"};
    const bool ours = std::find(known.begin(), known.end(), code) != known.end();
    return problem(pads_catalogue, request, code == "image_unknown" ? 415 : 422, ours ? code : "image_damaged");
}

} // namespace hameau::pads
