// What of a journal a stranger may read. Words are kept only when they cannot name a person, a machine, or a secret: what looks like an
// address, a host name, a key, a quoted text, or is a name that this house knows, becomes a mark. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace hameau::cli {

class Redactor {
public:
    /// A name of the house: a login, a person, an association, a domain. Its words of two letters and more are masked wherever they stand.
    void know(std::string_view name);
    std::string line(std::string_view text) const;
    /// Line by line.
    std::string text(std::string_view text) const;

private:
    std::string word(std::string_view token) const;
    std::string plain_word(std::string_view token) const;
    bool is_known(std::string_view token) const;

    std::set<std::string, std::less<>> known_;
};

} // namespace hameau::cli
