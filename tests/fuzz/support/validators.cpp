// Any bytes as a name, an address, a code, a network, a header: never a crash; stored forms are stable.
#include <cstdlib>

#include "modules/people/policy.hpp"
#include "modules/support/problem.hpp"
#include "modules/support/validators.hpp"

using namespace hameau;

namespace {
void require(bool truth) {
    if (!truth) {
        std::abort();
    }
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto login = normalise_login(text)) {
        require(normalise_login(*login) == *login);
    }
    if (const auto address = normalise_address(text)) {
        require(normalise_address(*address) == *address && address->find_first_of(" \r\n<>|") == std::string::npos);
        require(is_host_name(std::string_view(*address).substr(address->find('@') + 1)));
    }
    if (is_slug(text)) {
        require(normalise_login(text) == text);
    }
    if (const auto code = people::normalise_code(text)) {
        require(people::normalise_code(people::shown_code(*code)) == *code);
    }
    (void)is_plain_text(text, TextKind::lines);
    (void)parse_size(text);
    (void)language_of(text);
    const std::size_t half = size / 2;
    (void)people::is_exempt(text.substr(0, half), text.substr(half));
    return 0;
}
