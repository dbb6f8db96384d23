// A token is base64url: nothing in it leads out of the folder.
#include "daemon/gate/challenge.hpp"

#include <fcntl.h>

#include "daemon/base/io.hpp"
#include "daemon/base/open_regular.hpp"
#include "daemon/gate/limits.hpp"

namespace hameau::gate {

namespace {
constexpr std::string_view token_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
} // namespace

std::optional<Answer> challenge_answer(const std::string& folder, std::string_view path) {
    if (!path.starts_with(challenge_prefix)) {
        return std::nullopt;
    }
    const std::string_view token = path.substr(challenge_prefix.size());
    if (token.empty() || token.size() > challenge_token_bytes_max || token.find_first_not_of(token_characters) != std::string_view::npos) {
        return std::nullopt;
    }
    // Written by the ACME client's uid: a link there must not lead to a file of ours.
    const Fd place(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    const auto file = place ? open_regular(place.get(), std::string(token)) : Result<Fd>(fail_errno(folder));
    auto text = file ? read_all(file->get(), challenge_bytes_max) : Result<std::string>(fail(file.error()));
    if (!text) {
        return std::nullopt;
    }
    Answer answer;
    answer.headers = "Content-Type: text/plain\r\nCache-Control: no-store\r\n";
    answer.body = std::move(*text);
    return answer;
}

} // namespace hameau::gate
