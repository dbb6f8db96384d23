// The gate's settings: declared once, see daemon/settings/schema.hpp.
#include <array>
#include <span>

#include "daemon/contract/manifest.hpp"

namespace hameau {

extern const std::span<const Setting> gate_settings;

namespace {
constexpr std::array settings = {
    Setting{"http2", SettingType::boolean, "true",
            "Whether browsers may use HTTP/2. Without it every page is served with HTTP/1.1, which all of them know too."},
    Setting{"limits.connections_per_address", SettingType::integer, "100",
            "How many connections one visitor's address may hold at a time."},
    Setting{"limits.connections", SettingType::integer, "4000", "How many connections there may be in all."},
    Setting{"limits.header_time", SettingType::duration_ms, "10 s", "How long the header section of a request may take to arrive."},
    Setting{"limits.body_time", SettingType::duration_ms, "30 s",
            "The longest pause within the body of a request or a response."},
    Setting{"limits.idle_time", SettingType::duration_ms, "75 s", "How long a connection stays open between two requests."},
    Setting{"limits.exempt_networks", SettingType::networks, "", "Networks whose connections are not counted."},
};
} // namespace

const std::span<const Setting> gate_settings = settings;

} // namespace hameau
