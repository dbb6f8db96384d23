// The list below was made for this project from words that every published study of leaked passwords names, and from
// French habits. It is short on purpose: argon2id and the throttle of sign-in slow down the rest.
#include "modules/support/passwords.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "modules/support/validators.hpp"

namespace hameau {

namespace {

/// Folded: lower case, no accents, letters and digits only. Sorted, so that a missing or double word is seen.
constexpr auto common_words = std::to_array<std::string_view>({
    "abcdef", "abcdefgh", "abricot", "access", "accueil", "admin", "administrateur", "administrator", "adrien",
    "alexandre", "alexandra", "amandine", "amour", "amoureux", "ananas", "andrea", "anthony", "antoine", "arsenal",
    "arthur", "asdfgh", "association", "aurelie", "azerty", "azertyuiop", "banane", "baseball", "basket", "basketball",
    "batman", "benjamin", "bernard", "bienvenue", "biscuit", "bonheur", "bonjour", "bordeaux", "bretagne", "butterfly",
    "calimero", "camille", "caramel", "caroline", "catherine", "cerise", "changeme", "changeit", "changemoi",
    "changezmoi", "charlie", "charlotte", "cheval", "chocolat", "chocolate", "chouchou", "chouette", "christian",
    "christine", "christophe", "clement", "coccinelle", "computer", "coucou", "couleur", "dauphin", "default", "defaut",
    "demo", "doudou", "dragon", "elephant", "emilie", "entrer", "exemple", "example", "family", "famille", "ferrari",
    "fleur", "flower", "football", "france", "francois", "freedom", "fromage", "gabriel", "google", "guest",
    "guillaume", "guitare", "hameau", "harley", "hello", "helloworld", "hockey", "hunter", "iloveyou", "internet",
    "invite", "isabelle", "jasmine", "jennifer", "jeremy", "jessica", "jetaime", "jordan", "joshua", "julien",
    "jupiter", "justine", "killer", "laetitia", "laurent", "letmein", "licorne", "liverpool", "login", "londres",
    "loulou", "lovely", "lumiere", "maison", "malade", "maman", "manchester", "marine", "marseille", "martin", "master",
    "mathieu", "maxime", "melanie", "mercedes", "merlin", "michael", "michel", "michelle", "mimosa", "minecraft",
    "mohamed", "monamour", "moncoeur", "monkey", "monmotdepasse", "motdepass", "motdepasse", "motdepasses", "musique",
    "mustang", "mypassword", "naruto", "nathalie", "nicolas", "nounours", "olivier", "ordinateur", "orange", "pantoufle",
    "papillon", "paris", "parisparis", "pascal", "passe", "passepartout", "passer", "passpass", "password", "passwort",
    "patate", "patrick", "pauline", "philippe", "pokemon", "police", "portail", "poussin", "princess", "princesse",
    "qsdfgh", "qwerty", "qwertyuiop", "qwertz", "raphael", "romain", "root", "samantha", "samsung", "sandrine",
    "sebastien", "secret", "shadow", "slipknot", "snoopy", "soccer", "soleil", "sophie", "spiderman", "starwars",
    "stephane", "stephanie", "summer", "sunshine", "superman", "tartine", "tennis", "test", "thebest", "thomas",
    "tigger", "tintin", "toulouse", "tournesol", "trustno", "utilisateur", "vacances", "valentin", "vanille",
    "vincent", "voiture", "welcome", "whatever", "william", "yankees", "youtube", "zidane",
});

/// Rows and columns of AZERTY, QWERTY, QWERTZ and BÉPO, the alphabet and the digits. A walk goes along one of them.
constexpr auto keyboard_lines = std::to_array<std::string_view>({
    "azertyuiop", "qsdfghjklm", "wxcvbn", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "bepovdljzw",
    "auietsrnm", "abcdefghijklmnopqrstuvwxyz", "01234567890", "1aqw", "2zsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujn",
    "1qaz", "2wsx", "7ujm", "8ik", "9ol",
});

constexpr std::size_t walk_letters_min = 3;      ///< a shorter run is chance
constexpr std::size_t lonely_digits_max = 12;    ///< a date, a telephone number: nothing but digits is guessed quickly
constexpr std::size_t loose_digits_max = 4;      ///< digits added to a walk: a year
constexpr std::size_t name_digits_max = 8;       ///< digits added to a name: a date
constexpr std::size_t repeated_unit_max = 4;     ///< "azerazer"; longer units are judged by what they say

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Letters and digits only, without case and accents. Letters of other scripts are kept as they are.
std::string folded(std::string_view text) {
    std::string out = without_accents(text);
    std::erase_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x80 && !(c >= 'a' && c <= 'z') && !is_digit(c); });
    return out;
}

/// What letters stand behind "p4ssw0rd" and "m0t2passe".
std::string without_disguise(std::string_view text, bool one_is_l) {
    std::string out;
    for (const char c : text) {
        out += c == '0' ? 'o' : c == '1' ? (one_is_l ? 'l' : 'i') : c == '3' ? 'e' : c == '4' ? 'a' : c == '5' ? 's' : c == '7' ? 't' : c;
    }
    return out;
}

std::string_view without_outer_digits(std::string_view text) {
    while (!text.empty() && is_digit(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_digit(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

bool is_common_word(std::string_view text) {
    return std::find(common_words.begin(), common_words.end(), text) != common_words.end();
}

/// One common word, with digits around it or digits in place of letters.
bool is_common(std::string_view text) {
    if (!text.empty() && text.size() < lonely_digits_max && std::all_of(text.begin(), text.end(), is_digit)) {
        return true;
    }
    const std::string_view core = without_outer_digits(text);
    for (const bool one_is_l : {false, true}) {
        if (is_common_word(without_disguise(core, one_is_l)) || is_common_word(without_disguise(text, one_is_l))) {
            return true;
        }
    }
    return is_common_word(core);
}

/// The length of the run along a keyboard line, forwards or backwards, that starts at `from`.
std::size_t walk_from(std::string_view text, std::size_t from) {
    std::size_t longest = 0;
    for (const std::string_view line : keyboard_lines) {
        for (std::size_t at = line.find(text[from]); at != std::string_view::npos; at = line.find(text[from], at + 1)) {
            std::size_t forwards = 1;
            while (from + forwards < text.size() && at + forwards < line.size() && line[at + forwards] == text[from + forwards]) {
                ++forwards;
            }
            std::size_t backwards = 1;
            while (from + backwards < text.size() && backwards <= at && line[at - backwards] == text[from + backwards]) {
                ++backwards;
            }
            longest = std::max({longest, forwards, backwards});
        }
    }
    return longest;
}

/// Nothing but walks and a few loose digits.
bool is_walk(std::string_view text) {
    std::size_t loose = 0;
    std::size_t walked = 0;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t run = walk_from(text, i);
        if (run >= walk_letters_min) {
            walked += run;
            i += run;
        } else if (is_digit(text[i]) && ++loose <= loose_digits_max) {
            ++i;
        } else {
            return false;
        }
    }
    return walked > 0;
}

/// The shortest unit that the text repeats as a whole; the text itself when it repeats nothing.
std::string_view unit_of(std::string_view text) {
    for (std::size_t length = 1; length <= text.size() / 2; ++length) {
        if (text.size() % length == 0 && text.substr(length) == text.substr(0, text.size() - length)) {
            return text.substr(0, length);
        }
    }
    return text;
}

/// Nothing but whole words of the names and some digits.
bool is_own_name(std::string_view text, const std::vector<std::string>& words) {
    // reached[i]: the first i bytes are words and digits; the value is whether a word was among them.
    std::vector<int> reached(text.size() + 1, -1);
    reached[0] = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (reached[i] < 0) {
            continue;
        }
        if (is_digit(text[i])) {
            reached[i + 1] = std::max(reached[i + 1], reached[i]);
        }
        for (const std::string& word : words) {
            if (text.substr(i).starts_with(word)) {
                reached[i + word.size()] = 1;
            }
        }
    }
    const auto digits = std::count_if(text.begin(), text.end(), is_digit);
    return reached.back() == 1 && static_cast<std::size_t>(digits) <= name_digits_max;
}

std::vector<std::string> words_of(std::span<const std::string> names) {
    std::vector<std::string> words;
    for (const std::string& name : names) {
        std::size_t from = 0;
        while (from <= name.size()) {
            const std::size_t end = std::min(name.find_first_of(" .-_'@", from), name.size());
            std::string word = folded(std::string_view(name).substr(from, end - from));
            if (word.size() > 1) {
                words.push_back(std::move(word));
            }
            from = end + 1;
        }
    }
    return words;
}

} // namespace

Guessable guessable(std::string_view password, std::span<const std::string> names) {
    const std::string text = folded(password);
    if (std::set<char>(password.begin(), password.end()).size() <= 2) {
        return Guessable::repeated;
    }
    const std::string_view unit = unit_of(text);
    if (!text.empty() && unit.size() < text.size() && unit.size() <= repeated_unit_max) {
        return Guessable::repeated;
    }
    if (is_own_name(unit, words_of(names))) {
        return Guessable::own_name;
    }
    if (!unit.empty() && is_walk(unit)) {
        return Guessable::keyboard;
    }
    return is_common(unit) ? Guessable::common : Guessable::none;
}

std::string_view code_of(Guessable why) {
    switch (why) {
    case Guessable::keyboard: return "password.keyboard";
    case Guessable::repeated: return "password.repeated";
    case Guessable::own_name: return "password.own_name";
    default: return "password.common";
    }
}

} // namespace hameau
