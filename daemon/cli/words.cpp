// Reading command lines: "--role manager" and "--role=manager" are the same.
#include "daemon/cli/words.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "daemon/base/io.hpp"

namespace hameau::cli {

std::optional<std::string> Words::value(std::string_view name) const {
    const auto found = options.find(name);
    return found == options.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Words> read_words(std::string_view command, std::span<char*> words, std::span<const Option> options) {
    Words out;
    std::vector<std::string_view> known = {"--state", "--json", "--help"};
    for (const Option& option : options) {
        known.push_back(option.name);
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::string word(words[i]);
        if (!word.starts_with("--")) {
            out.plain.push_back(std::move(word));
            continue;
        }
        std::optional<std::string> value;
        if (const std::size_t equals = word.find('='); equals != std::string::npos) {
            value = word.substr(equals + 1);
            word.resize(equals);
        }
        if (word == "--help") {
            out.help = true;
            continue;
        }
        if (word == "--json") {
            out.json = true;
            continue;
        }
        const auto option = std::find_if(options.begin(), options.end(), [&](const Option& o) { return o.name == word; });
        if (word != "--state" && option == options.end()) {
            const auto near = nearest_word(word, known);
            std::fprintf(stderr, "hameau %.*s: %s is not known%s%s%s\n", static_cast<int>(command.size()), command.data(), word.c_str(),
                         near ? "; did you mean " : "", near ? std::string(*near).c_str() : "", near ? "?" : "");
            return std::nullopt;
        }
        const bool wants = word == "--state" || option->takes_value;
        if (wants && !value) {
            if (i + 1 >= words.size()) {
                std::fprintf(stderr, "hameau %.*s: %s: what is its value?\n", static_cast<int>(command.size()), command.data(), word.c_str());
                return std::nullopt;
            }
            value = words[++i];
        }
        if (word == "--state") {
            out.state = std::filesystem::absolute(*value).lexically_normal().string();
        } else {
            out.options.insert_or_assign(word, value.value_or(""));
        }
    }
    return out;
}

} // namespace hameau::cli
