// Problem documents (RFC 9457) and small JSON responses. Texts come from a catalogue keyed by a stable code,
// in French (default) and English, chosen by Accept-Language. A text never holds a secret or an internal detail.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "daemon/base/result.hpp"
#include "daemon/contract/module.hpp"

namespace hameau {

/// One sentence in each language; `{name}` stands for a parameter.
struct CatalogueText {
    std::string_view code;
    std::string_view french;
    std::string_view english;
};
/// A module's own texts (a constexpr table); codes that it lacks are looked up in the common catalogue.
using Catalogue = std::span<const CatalogueText>;
/// What every module may answer: signed_out, forbidden, not_found, bad_json, too_large, fields, ...
extern const Catalogue common_catalogue;

using Parameters = std::vector<std::pair<std::string_view, std::string>>;

enum class Language { french, english };
/// The reader's language (RFC 9110 §12.5.4): the first of fr, en by weight; French without a preference.
Language language_of(std::string_view accept_language);
Language language_of(const Request& request);

/// The sentence of a code with its parameters filled in; the code itself where no catalogue has it.
std::string text_of(Catalogue catalogue, Language language, std::string_view code, const Parameters& parameters = {});

/// Whether that very catalogue has a sentence for the code.
bool has_text(Catalogue catalogue, std::string_view code);

/// A health check whose advice (both languages of the code's sentence) stands there only when it has failed.
Check check_of(Catalogue catalogue, std::string name, bool passed, std::string_view code, const Parameters& parameters = {});

/// One field that was refused.
struct FieldError {
    std::string field;
    std::string code;
    Parameters parameters;
};

/// `application/problem+json`: type, title, status, code, detail.
Response problem(Catalogue catalogue, const Request& request, int status, std::string_view code,
                 const Parameters& parameters = {});
Response problem(const Request& request, int status, std::string_view code, const Parameters& parameters = {});
/// The same with `errors`: one sentence a field.
Response problem_with_errors(Catalogue catalogue, const Request& request, int status, std::string_view code,
                             const std::vector<FieldError>& errors);
/// The same with a `reference` (from Journal::write_reference) for an unexpected failure: 500.
Response internal_problem(const Request& request, std::string reference);
/// For a body that could not be read (read_json): 400, 408, 413.
Response body_problem(const Request& request, const Error& error);

/// A response with a JSON body.
Response json_response(int status, const boost::json::value& value);
Response empty_response(int status);

} // namespace hameau
