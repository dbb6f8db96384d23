// Addresses and Sieve texts: pure.
#include "modules/mail/policy.hpp"

#include <algorithm>
#include <array>

namespace hameau::mail {

namespace {

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_local_of(std::string_view local, std::string_view others) {
    if (local.empty() || !is_letter_or_digit(local.front()) || !is_letter_or_digit(local.back())) {
        return false;
    }
    for (const char c : local) {
        if (!is_letter_or_digit(c) && others.find(c) == std::string_view::npos) {
            return false;
        }
    }
    return true;
}

} // namespace

bool is_scope(std::string_view word) {
    return std::find(app_password_scopes.begin(), app_password_scopes.end(), word) != app_password_scopes.end();
}

std::string_view domain_of(std::string_view address) {
    const std::size_t at = address.rfind('@');
    return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

std::string_view local_of(std::string_view address) { return address.substr(0, address.rfind('@')); }

std::string without_tag(std::string_view address) {
    const std::string_view local = local_of(address);
    const std::size_t plus = local.find('+');
    if (plus == std::string_view::npos || plus == 0) {
        return std::string(address);
    }
    return std::string(local.substr(0, plus)) + "@" + std::string(domain_of(address));
}

bool is_mailbox_local(std::string_view local) { return is_local_of(local, "._-"); }
bool is_alias_local(std::string_view local) { return is_local_of(local, "._-+"); }
bool is_reserved_local(std::string_view local) { return local == "postmaster" || local == "abuse"; }

std::string sieve_quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out += '"';
}

std::string forward_script(const std::vector<std::string>& targets) {
    std::string script = "# Written by Hameau; changes are lost.\nrequire [\"copy\"];\n";
    for (const std::string& target : targets) {
        script += "redirect :copy " + sieve_quoted(target) + ";\n";
    }
    return script;
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 5> units = {"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    while (unit + 1 < units.size() && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        ++unit;
    }
    return std::to_string(bytes) + " " + std::string(units[unit]);
}

} // namespace hameau::mail
