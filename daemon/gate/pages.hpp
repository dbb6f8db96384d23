// What the gate itself says: plain pages for people, problem documents for programs; French and English.
#pragma once

#include <string>
#include <string_view>

namespace hameau::gate {

struct Answer {
    int status = 200;
    std::string headers;  ///< lines "Name: value\r\n"
    std::string body;
};

/// `code` is a stable word; the sentence comes from the catalogue, in "fr" or "en".
Answer problem_document(int status, std::string_view code, std::string_view language);
Answer error_page(int status, std::string_view code, std::string_view language);
/// What plain HTTP says in a house that waits for its set-up; `address`: of the set-up page, made of host characters only.
Answer waiting_page(std::string_view address, std::string_view language);
std::string_view reason_of(int status);

} // namespace hameau::gate
