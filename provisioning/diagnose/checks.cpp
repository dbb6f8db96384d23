// The table, and what the checks share.
#include "provisioning/diagnose/checks.hpp"

#include <charconv>

namespace hameau::diagnose {

std::span<const Check> all_checks() {
    static const std::vector<Check> all = [] {
        std::vector<Check> out;
        for (const auto part : {machine_checks(), network_checks(), mail_checks(), house_checks()}) {
            out.insert(out.end(), part.begin(), part.end());
        }
        return out;
    }();
    return all;
}

std::string code_of(std::string_view id, std::string_view word) {
    return word.starts_with('*') ? "any." + std::string(word.substr(1)) : std::string(id) + "." + std::string(word);
}

std::optional<std::uint64_t> number_behind(const std::optional<std::string>& text, std::string_view key) {
    const std::size_t at = text ? text->find(key) : std::string::npos;
    if (at == std::string::npos) {
        return std::nullopt;
    }
    const std::size_t begin = text->find_first_not_of(" \t:", at + key.size());
    std::uint64_t value = 0;
    if (begin == std::string::npos || std::from_chars(text->data() + begin, text->data() + text->size(), value).ec != std::errc()) {
        return std::nullopt;
    }
    return value;
}

std::string some_of(const std::vector<std::string>& words, std::size_t most) {
    std::string out;
    for (std::size_t i = 0; i < words.size() && i < most; ++i) {
        out += (out.empty() ? "" : ", ") + words[i];
    }
    return words.size() > most ? out + ", +" + std::to_string(words.size() - most) : out;
}

bool has_mail(const Machine& machine) {
    const Settings& settings = machine.settings();
    return machine.root() && settings.boolean("mail.enabled") && !settings.text("house.host").empty();
}

} // namespace hameau::diagnose
