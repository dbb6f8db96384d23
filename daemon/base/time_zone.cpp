// The time zone of the process, by tzset(3) and localtime_r(3). It never changes the machine's own.
#include "daemon/base/time_zone.hpp"

#include <cstdlib>
#include <ctime>
#include <sys/stat.h>

#include "daemon/base/limits.hpp"

namespace hameau {

namespace {
constexpr std::string_view zones = "/usr/share/zoneinfo/";
} // namespace

bool is_time_zone(std::string_view name) {
    if (name.empty() || name == "UTC") {
        return true;
    }
    constexpr std::string_view signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    if (name.size() > time_zone_name_bytes_max || name.find_first_not_of(signs) != std::string_view::npos || name.front() == '/') {
        return false;
    }
    struct stat facts {};
    return ::stat((std::string(zones) + std::string(name)).c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
}

void set_time_zone(const std::string& name) {
    if (name.empty()) {
        ::unsetenv("TZ");
    } else {
        ::setenv("TZ", (":" + name).c_str(), 1);
    }
    ::tzset();
}

std::int64_t zone_offset_ms(std::int64_t utc_ms) {
    const std::time_t seconds = static_cast<std::time_t>(utc_ms >= 0 ? utc_ms / 1000 : (utc_ms - 999) / 1000);
    std::tm parts{};
    return ::localtime_r(&seconds, &parts) == nullptr ? 0 : std::int64_t{parts.tm_gmtoff} * 1000;
}

} // namespace hameau
