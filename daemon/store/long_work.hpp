// What hears that a database is about to be read as a whole: a check after an unclean stop, a migration. On a slow card
// that takes minutes, and whoever waits for this process must know. Set once, before the first Database::open(), by
// daemon/host; without it nobody is told.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace hameau {

using LongWorkNotice = std::function<void(const std::string& path, std::uint64_t bytes)>;
void tell_long_work(LongWorkNotice notice);

} // namespace hameau
