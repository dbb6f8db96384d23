// The rules of people: each function can be read against the tests in tests/unit/people.
#include "modules/people/policy.hpp"

#include <algorithm>
#include <array>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>

#include <sodium.h>

#include "modules/support/validators.hpp"

namespace hameau::people {

namespace {

// No I and L (1), O and Q (0), S (5 on paper, C by voice), J (G by voice), U and W (V): 18 letters are told apart on
// paper and by voice. No digits at all, so each of them can be read as the letter that it looks like.
constexpr std::string_view code_alphabet = "ABCDEFGHKMNPRTVXYZ";
/// Letters of codes that were made before: they stay valid.
constexpr std::string_view old_code_letters = "IOL";

/// A typed sign as the letters that it may stand for, the likeliest first; empty when none.
std::string letters_read(char typed) {
    const char upper = typed >= 'a' && typed <= 'z' ? static_cast<char>(typed - 'a' + 'A') : typed;
    switch (upper) {
    case '0':
    case 'O':
    case 'Q': return "OD";
    case '1': return "IL";
    case 'I': return "IL";
    case 'L': return "LI";
    case '2': return "Z";
    case '6': return "G";
    case '8': return "B";
    case 'U':
    case 'W': return "V";
    default: break;
    }
    const bool known = code_alphabet.find(upper) != std::string_view::npos || old_code_letters.find(upper) != std::string_view::npos;
    return known ? std::string(1, upper) : std::string();
}

/// The bytes of one space or dash at the start of the text, whichever of Unicode's it is; 0 when there is none.
std::size_t separator_bytes(std::string_view text) {
    if (std::string_view(" -_.\t").find(text.front()) != std::string_view::npos) {
        return 1;
    }
    // U+00A0 (no-break space); U+2010..U+2015 (dashes), U+202F (narrow no-break space), U+2212 (minus).
    if (text.starts_with("\xC2\xA0")) {
        return 2;
    }
    if (text.starts_with("\xE2\x80") && text.size() > 2) {
        const auto last = static_cast<unsigned char>(text[2]);
        return (last >= 0x90 && last <= 0x95) || last == 0xAF ? 3 : 0;
    }
    return text.starts_with("\xE2\x88\x92") ? 3 : 0;
}

struct Network {
    int family = 0;
    std::array<unsigned char, 16> bytes{};
    unsigned bits = 0;
};

std::optional<Network> parse_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string address(text.substr(0, slash));
    Network network;
    if (::inet_pton(AF_INET, address.c_str(), network.bytes.data()) == 1) {
        network.family = AF_INET;
        network.bits = 32;
    } else if (::inet_pton(AF_INET6, address.c_str(), network.bytes.data()) == 1) {
        network.family = AF_INET6;
        network.bits = 128;
    } else {
        return std::nullopt;
    }
    if (slash != std::string_view::npos) {
        unsigned bits = 0;
        const auto parsed = std::from_chars(text.data() + slash + 1, text.data() + text.size(), bits);
        if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || bits > network.bits) {
            return std::nullopt;
        }
        network.bits = bits;
    }
    return network;
}

/// One of the two contains the other.
bool touch(const Network& a, const Network& b) {
    if (a.family != b.family) {
        return false;
    }
    const unsigned bits = std::min(a.bits, b.bits);
    const std::size_t whole = bits / 8;
    if (std::memcmp(a.bytes.data(), b.bytes.data(), whole) != 0) {
        return false;
    }
    const unsigned rest = bits % 8;
    return rest == 0 || ((a.bytes[whole] ^ b.bytes[whole]) >> (8 - rest)) == 0;
}

} // namespace

Duration Throttle::begin(const std::string& key) {
    const Duration now = clock_.now();
    auto found = entries_.find(key);
    if (found != entries_.end() && now - found->second.last >= forget_after) {
        entries_.erase(found);
        found = entries_.end();
    }
    if (found == entries_.end()) {
        make_room();
        found = entries_.emplace(key, Entry{}).first;
    }
    Entry& entry = found->second;
    if (entry.failures >= free_attempts && now < entry.not_before) {
        return entry.not_before - now;
    }
    ++entry.failures;
    entry.last = now;
    Duration delay = first_delay;
    for (int i = free_attempts; i < entry.failures && delay < delay_max; ++i) {
        delay *= 2;
    }
    entry.not_before = now + std::min(delay, delay_max);
    return Duration(0);
}

void Throttle::withdraw(const std::string& key) {
    const auto found = entries_.find(key);
    if (found != entries_.end() && --found->second.failures <= 0) {
        entries_.erase(found);
    }
}

void Throttle::make_room() {
    if (entries_.size() < throttle_entries_max) {
        return;
    }
    const Duration now = clock_.now();
    std::erase_if(entries_, [now](const auto& entry) { return now - entry.second.last >= forget_after; });
    if (entries_.size() < throttle_entries_max) {
        return;
    }
    // Full of fresh keys: what is lost is the one with the fewest failures, the oldest among those.
    const auto least = std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
        return std::pair(a.second.failures, a.second.last) < std::pair(b.second.failures, b.second.last);
    });
    entries_.erase(least);
}

Duration AddressBudget::wait_for(const std::string& prefix, int attempts) const {
    const auto found = spent_until_.find(prefix);
    if (found == spent_until_.end()) {
        return Duration(0);
    }
    const Duration after = std::max(found->second, clock_.now()) + attempts * address_attempt_every;
    return std::max(Duration(0), after - clock_.now() - address_attempts * address_attempt_every);
}

void AddressBudget::take(const std::string& prefix, int attempts) {
    const Duration now = clock_.now();
    if (spent_until_.size() >= throttle_entries_max && !spent_until_.contains(prefix)) {
        std::erase_if(spent_until_, [now](const auto& entry) { return entry.second <= now; });
    }
    if (spent_until_.size() >= throttle_entries_max && !spent_until_.contains(prefix)) {
        spent_until_.erase(std::min_element(spent_until_.begin(), spent_until_.end(),
                                            [](const auto& a, const auto& b) { return a.second < b.second; }));
    }
    Duration& until = spent_until_.try_emplace(prefix, now).first->second;
    until = std::max(until, now) + attempts * address_attempt_every;
}

void AddressBudget::give_back(const std::string& prefix, int attempts) {
    const auto found = spent_until_.find(prefix);
    if (found == spent_until_.end()) {
        return;
    }
    found->second -= attempts * address_attempt_every;
    if (found->second <= clock_.now()) {
        spent_until_.erase(found);
    }
}

RightLately::RightLately(const Clock& clock) : clock_(clock), key_(crypto_generichash_KEYBYTES, '\0') {
    randombytes_buf(key_.data(), key_.size());
}

std::string RightLately::mark_of(std::string_view login, std::string_view password) const {
    const std::string text = throttle_key(login, password);
    std::string mark(crypto_generichash_BYTES, '\0');
    crypto_generichash(reinterpret_cast<unsigned char*>(mark.data()), mark.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                       reinterpret_cast<const unsigned char*>(key_.data()), key_.size());
    return mark;
}

void RightLately::note(std::string_view login, std::string_view password) {
    const Duration now = clock_.now();
    std::string mark = mark_of(login, password);
    if (marks_.size() >= right_lately_max && !marks_.contains(mark)) {
        marks_.erase(std::min_element(marks_.begin(), marks_.end(), [](const auto& a, const auto& b) { return a.second < b.second; }));
    }
    marks_.insert_or_assign(std::move(mark), now + right_lately_time);
}

void RightLately::forget(std::string_view login, std::string_view password) { marks_.erase(mark_of(login, password)); }

bool RightLately::knows(std::string_view login, std::string_view password) const {
    const auto found = marks_.find(mark_of(login, password));
    return found != marks_.end() && clock_.now() < found->second;
}

std::string throttle_key(std::string_view account, std::string_view where) {
    return std::string(account).append(1, '\n').append(where);
}

bool is_exempt(std::string_view prefix, std::string_view networks) {
    const auto visitor = parse_network(prefix);
    if (!visitor) {
        return false;
    }
    while (!networks.empty()) {
        const std::size_t end = std::min(networks.find_first_of(", []\""), networks.size());
        const auto network = parse_network(networks.substr(0, end));
        if (network && touch(*visitor, *network)) {
            return true;
        }
        networks.remove_prefix(std::min(end + 1, networks.size()));
    }
    return false;
}

std::string new_code() {
    std::string code;
    for (std::size_t i = 0; i < code_letters; ++i) {
        code += code_alphabet[randombytes_uniform(static_cast<std::uint32_t>(code_alphabet.size()))];
    }
    return code;
}

std::string shown_code(std::string_view code) {
    return std::string(code.substr(0, code_letters / 2)).append("-").append(code.substr(code_letters / 2));
}

std::vector<std::string> readings_of_code(std::string_view typed) {
    std::vector<std::string> readings{std::string()};
    std::size_t letters = 0;
    while (!typed.empty()) {
        if (const std::size_t skipped = separator_bytes(typed); skipped > 0) {
            typed.remove_prefix(skipped);
            continue;
        }
        const std::string read = letters_read(typed.front());
        typed.remove_prefix(1);
        if (read.empty() || ++letters > code_letters) {
            return {};
        }
        const std::size_t before = readings.size();
        if (read.size() > 1 && before * 2 <= code_readings_max) {
            for (std::size_t i = 0; i < before; ++i) {
                readings.push_back(readings[i] + read[1]);
            }
        }
        for (std::size_t i = 0; i < before; ++i) {
            readings[i] += read[0];
        }
    }
    return letters == code_letters ? readings : std::vector<std::string>();
}

std::optional<std::string> normalise_code(std::string_view typed) {
    auto readings = readings_of_code(typed);
    return readings.empty() ? std::nullopt : std::optional<std::string>(std::move(readings.front()));
}

std::string login_of_name(std::string_view name, std::size_t number) {
    std::string login;
    bool pause = false;
    for (const char c : without_accents(name)) {
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
            pause = true;
            continue;
        }
        if (login.size() + 2 > login_letters_max) {
            break;
        }
        login.append(pause && !login.empty() ? 1 : 0, '.').append(1, c);
        pause = false;
    }
    if (login.empty()) {
        login = "membre";
    }
    return number > 1 ? login + std::to_string(number) : login;
}

Role Actor::role_in(std::string_view association) const {
    if (admin) {
        return Role::manager;
    }
    for (const auto& [slug, role] : associations) {
        if (slug == association) {
            return role;
        }
    }
    return Role::none;
}

bool may_change_account(const Actor& actor, const Account& account) {
    if (actor.admin) {
        return true;
    }
    if (account.admin || account.associations.empty()) {
        return false;
    }
    return std::all_of(account.associations.begin(), account.associations.end(),
                       [&actor](const std::string& slug) { return actor.manages(slug); });
}

bool invitation_holds(const InvitationFacts& facts) {
    if (facts.disabled || facts.role == Role::none || facts.password != facts.password_then || !facts.maker) {
        return false;
    }
    const bool raised = (facts.account.admin && !facts.then.admin) || (facts.role == Role::manager && !facts.manager_then);
    const auto& known = facts.then.associations;
    const bool joined = std::any_of(facts.account.associations.begin(), facts.account.associations.end(), [&known](const std::string& slug) {
        return std::find(known.begin(), known.end(), slug) == known.end();
    });
    return !raised && !joined && may_change_account(*facts.maker, facts.account);
}

std::string_view to_text(Role role) {
    return role == Role::manager ? "manager" : role == Role::member ? "member" : "none";
}

Role role_of(std::string_view text) {
    return text == "manager" ? Role::manager : text == "member" ? Role::member : Role::none;
}

int warning_percent(std::uint64_t used_bytes, std::uint64_t quota_bytes) {
    // In two parts, so that nothing overflows.
    const auto reached = [&](std::uint64_t percent) {
        return used_bytes >= quota_bytes / 100 * percent + quota_bytes % 100 * percent / 100;
    };
    if (quota_bytes == 0 || !reached(usage_warning_percent)) {
        return 0;
    }
    return reached(usage_alarm_percent)       ? usage_alarm_percent
           : reached(usage_mail_only_percent) ? usage_mail_only_percent
                                              : usage_warning_percent;
}

} // namespace hameau::people
