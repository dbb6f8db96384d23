// The catalogue of the diagnosis, in French and English: the title of each check, its sentences, what to do, and whether the house can mend
// it itself. The command, the page and the mail to the admin say the same. A row here and a row in provisioning/diagnose make a check.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "daemon/contract/diagnosis.hpp"

namespace hameau::diagnosis {

enum class Mends { no, yes, asks };  ///< asks: it loses something, so only when somebody says yes

struct CheckText {
    std::string_view id;
    std::string_view group;  ///< machine, network, mail, house, backup
    std::string_view french;
    std::string_view english;
    Mends mends = Mends::no;
};

/// `{name}` stands for a value of the finding.
struct Sentence {
    std::string_view code;
    std::string_view french;
    std::string_view english;
    std::string_view french_advice = {};
    std::string_view english_advice = {};
};

std::span<const CheckText> check_texts();
std::span<const Sentence> sentences();
// Its parts, each in a file of its own.
std::span<const Sentence> machine_sentences();
std::span<const Sentence> network_sentences();
std::span<const Sentence> house_sentences();

/// What `--repair` of a check does, as a sentence in the present: "Les droits des dossiers sont remis."; empty: it mends nothing.
std::string mending_of(std::string_view id, bool english);

/// What the command, the page and the letter say around the checks; `{id}` stands for `id`. Empty where there is no such phrase.
std::string phrase_of(std::string_view code, const std::string& id, bool english);
/// How many are fine, attention, broken, unknown; `at`: when it was looked at.
std::string counts_text(const std::array<long long, 4>& counts, const std::string& at, bool english);

/// Whether the repair of its check helps against this: nothing that the house does makes a backup without a place for it.
bool can_be_mended(std::string_view code);

/// Nothing where the id is not known.
const CheckText* check_text(std::string_view id);
/// The code itself where no catalogue has it.
std::string sentence_of(const Finding& finding, bool english);
/// What to do; empty: nothing.
std::string advice_of(const Finding& finding, bool english);
std::string title_of(std::string_view id, bool english);
/// "fine" -> "bon", "attention" -> "à surveiller", ...
std::string_view state_word(State state, bool english);

} // namespace hameau::diagnosis
