// The time zone of the house, in which days are counted (the history of pads). By the C library and the machine's tzdata.
// What a person sees on a page is in the time zone of their browser instead.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hameau {

/// A name of /usr/share/zoneinfo such as Europe/Paris; empty is good: the machine's own zone (/etc/localtime).
bool is_time_zone(std::string_view name);
/// For this process. Call once, at the start, before any thread: it changes the environment.
void set_time_zone(const std::string& name);
/// How much the zone is ahead of UTC at that moment, in milliseconds; summer time included.
std::int64_t zone_offset_ms(std::int64_t utc_ms);

} // namespace hameau
