// The round goes once about all domains, from behind the one that failed last.
#include "modules/mail/milter/key_rounds.hpp"

#include <algorithm>

#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

std::optional<KeyRounds::Outcome> KeyRounds::run(const std::vector<std::string>& domains, const std::function<Result<bool>(const std::string&)>& ensure) {
    next_ = clock_.now() + signing_keys_look;
    const auto last = std::find(domains.begin(), domains.end(), failed_);
    const std::size_t begin = last == domains.end() ? 0 : static_cast<std::size_t>(last - domains.begin()) + 1;
    for (std::size_t i = 0; i < domains.size(); ++i) {
        const std::string& domain = domains[(begin + i) % domains.size()];
        const auto made = ensure(domain);
        if (!made) {
            const bool news = pause_ == Duration{0};
            pause_ = std::clamp(pause_ * 2, signing_keys_look, signing_keys_pause_max);
            next_ = clock_.now() + pause_;
            failed_ = domain;
            return Outcome{domain, made.error(), news};
        }
        if (*made) {
            next_.reset();
            pause_ = Duration{0};
            return Outcome{domain, std::nullopt};
        }
    }
    pause_ = Duration{0};
    failed_.clear();
    return std::nullopt;
}

} // namespace hameau::milter
