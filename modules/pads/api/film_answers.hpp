// What the HTTP API says of a film: the list of moments with the places of the slider, and one step. Pure.
#pragma once

#include "modules/pads/history/film.hpp"

namespace hameau::pads {

/// Newest first, at most film_moments_max: of the older ones those before the largest cuts. The slider reaches the others. JSON.
std::string film_list(const Film& film);
/// The text at `at` with what changed since `since`, and the people whom it names, by their number. JSON. since <= at <= steps().
/// Errors: those of Film::between.
Result<std::string> film_step_of(Film& film, std::uint32_t since, std::uint32_t at);

} // namespace hameau::pads
