// Refuses the passwords that an attacker tries first: well-known ones, keyboard walks, repetitions, one's own name.
// People calls it wherever a password is set: invitation, recovery, change, set-up, members added by API, command or file.
// It never scores, never keeps and never logs a password. Length is checked elsewhere (people.limits.password_min).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hameau {

/// Why a password is guessable; `none` when it is not known to be.
enum class Guessable { none, common, keyboard, repeated, own_name };

/// `names`: what an attacker knows of the person: their name and login, the house and its associations. Case, accents,
/// spaces and punctuation do not count. Words of a name only count together: "marie au jardin" is not guessable,
/// "Marie Le Goff 1975" is.
Guessable guessable(std::string_view password, std::span<const std::string> names);

/// The code of its sentence in the common catalogue.
std::string_view code_of(Guessable why);

} // namespace hameau
