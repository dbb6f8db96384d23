// The file: "next TAB SECONDS", "trouble TAB COUNT TAB HOST TAB CODE TAB EXPIRES" when there is any, then one line a name: HOST CODE EXPIRES FAILURES NEXT FINGERPRINT DETAIL, separated by tabs.
#include "provisioning/acme_state.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "daemon/base/text.hpp"
#include "daemon/settings/values.hpp"
#include "provisioning/limits.hpp"

namespace hameau::provisioning {

namespace {

constexpr std::string_view problem_type = "urn:ietf:params:acme:error:";

template <class Number>
bool read_number(std::string_view text, Number& out) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    return read.ec == std::errc() && read.ptr == text.data() + text.size() && !text.empty();
}

std::string printable(std::string_view text) {
    std::string out;
    for (const char sign : text.substr(0, acme_detail_bytes_max)) {
        out += sign >= ' ' && sign < 0x7f ? sign : ' ';
    }
    return out;
}

} // namespace

AcmeState AcmeState::parse(std::string_view text) {
    AcmeState state;
    for (const std::string_view line : split(text, '\n')) {
        const auto words = split(line, '\t');
        if (words.size() == 2 && words[0] == "next") {
            (void)read_number(words[1], state.next);
            continue;
        }
        if (words.size() == 5 && words[0] == "trouble") {
            AcmeTrouble trouble;
            if (read_number(words[1], trouble.count) && read_number(words[4], trouble.expires)) {
                trouble.host = words[2];
                trouble.code = words[3];
                state.trouble = std::move(trouble);
            }
            continue;
        }
        AcmeName name;
        if (words.size() != 7 || state.names.size() >= acme_names_max || !parse_host_name(words[0]) || !read_number(words[2], name.expires) ||
            !read_number(words[3], name.failures) || !read_number(words[4], name.next)) {
            continue;
        }
        name.host = words[0];
        name.code = words[1];
        name.fingerprint = words[5];
        name.detail = printable(words[6]);
        state.names.push_back(std::move(name));
    }
    return state;
}

std::string AcmeState::to_text() const {
    std::string out = "next\t" + std::to_string(next) + "\n";
    if (trouble.count > 0) {
        out += "trouble\t" + std::to_string(trouble.count) + "\t" + trouble.host + "\t" + trouble.code + "\t" +
               std::to_string(trouble.expires) + "\n";
    }
    for (const AcmeName& name : names) {
        out += name.host + "\t" + name.code + "\t" + std::to_string(name.expires) + "\t" + std::to_string(name.failures) + "\t" +
               std::to_string(name.next) + "\t" + name.fingerprint + "\t" + printable(name.detail) + "\n";
    }
    return out;
}

AcmeTrouble trouble_of(const std::vector<AcmeName>& names, std::string_view house, std::int64_t now) {
    AcmeTrouble trouble;
    bool of_house = false;
    for (const AcmeName& name : names) {
        const bool good = name.expires > now;
        const bool own = name.code == acme_code::own;
        if (name.code == acme_code::asked || (name.code == acme_code::fine && good) || (own && name.expires > now + own_notice) ||
            (name.host != house && name.expires == 0) || (good && !own && name.failures < failures_told)) {
            continue;
        }
        ++trouble.count;
        const bool is_house = name.host == house;
        if (trouble.count == 1 || is_house || (!of_house && name.expires < trouble.expires)) {
            of_house = of_house || is_house;
            trouble.host = name.host;
            trouble.code = name.code;
            trouble.expires = name.expires;
        }
    }
    return trouble;
}

AcmeName* AcmeState::find(std::string_view host) {
    const auto found = std::find_if(names.begin(), names.end(), [host](const AcmeName& name) { return name.host == host; });
    return found == names.end() ? nullptr : &*found;
}

std::string_view acme_code_of(std::string_view output) {
    const std::size_t at = output.rfind(problem_type);
    if (at == std::string_view::npos) {
        return acme_code::authority_away;  // not a word of the authority
    }
    std::string_view type = output.substr(at + problem_type.size());
    type = type.substr(0, type.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"));
    struct Known {
        std::string_view type;
        std::string_view code;
    };
    constexpr std::array known = {
        Known{"connection", acme_code::unreachable},          Known{"tls", acme_code::unreachable},
        Known{"dns", acme_code::no_address},                  Known{"unauthorized", acme_code::elsewhere},
        Known{"incorrectResponse", acme_code::elsewhere},     Known{"rateLimited", acme_code::rate_limited},
        Known{"rejectedIdentifier", acme_code::refused},      Known{"caa", acme_code::refused},
        Known{"unsupportedIdentifier", acme_code::refused},
    };
    for (const Known& one : known) {
        if (one.type == type) {
            return one.code;
        }
    }
    return acme_code::failed;
}

std::string acme_detail_of(std::string_view output) {
    constexpr std::string_view key = "\"detail\"";
    const std::size_t at = output.rfind(key);
    const std::size_t begin = at == std::string_view::npos ? at : output.find('"', at + key.size());
    if (begin == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = output.substr(begin + 1);
    return printable(rest.substr(0, rest.find('"')));
}

std::int64_t renewal_of(std::int64_t not_before, std::int64_t not_after) {
    return not_after - std::max<std::int64_t>(0, not_after - not_before) / 3;
}

std::int64_t back_off(unsigned failures, std::uint32_t random) {
    constexpr std::array<std::int64_t, 4> steps = {600, 3600, 6 * 3600, 24 * 3600};
    const std::int64_t step = steps[std::min<std::size_t>(failures > 0 ? failures - 1 : 0, steps.size() - 1)];
    return step - step / 10 + static_cast<std::int64_t>(random % static_cast<std::uint32_t>(step / 5 + 1));
}

bool is_public_name(std::string_view host) {
    const std::size_t dot = host.rfind('.');
    if (dot == std::string_view::npos || dot + 1 >= host.size() || host.find(':') != std::string_view::npos ||
        host.find_first_not_of("0123456789.") == std::string_view::npos) {
        return false;
    }
    // RFC 6761, 6762, 8375, and what ICANN keeps for private use.
    for (const std::string_view zone : {".localhost", ".local", ".home.arpa", ".internal", ".invalid", ".lan", ".home"}) {
        if (host.ends_with(zone)) {
            return false;
        }
    }
    return true;
}

} // namespace hameau::provisioning
