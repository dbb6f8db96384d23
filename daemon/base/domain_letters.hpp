// Domains and host names in letters beyond ASCII (brest-été.example). They are accepted and shown in letters, and kept as
// A-labels (xn--brest-t-..., IDNA 2008): in databases, in the API's responses, in configuration and in mail. Called where names
// come in (validators, router, declared files, settings) and where the command prints. Never decides whether a name is allowed.
#pragma once

#include <string>
#include <string_view>

namespace hameau {

/// The form in which a domain is kept: lower case, letters as A-labels. What IDNA does not know is only brought to lower case
/// and keeps its letters, so that a validator refuses it.
std::string domain_as_kept(std::string_view typed);

/// The same for LOCAL@DOMAIN: the part before the "@" stays as typed. Without "@": a domain.
std::string address_as_kept(std::string_view typed);

/// The same text with each name in letters; an A-label that is not one exactly stays as it is.
std::string in_letters(std::string_view text);

} // namespace hameau
