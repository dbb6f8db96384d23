// What mail declares: its routes, settings and tables. Plain data, read by other processes too.
#include <array>

#include "modules/manifest.hpp"

namespace hameau {

extern const Manifest mail_manifest;

namespace {

constexpr std::array routes = {
    Route{"/api/v1/associations/{slug}/mailboxes", Who::member},
    Route{"/api/v1/associations/{slug}/mailboxes/{address}", Who::member},
    Route{"/api/v1/associations/{slug}/aliases", Who::member},
    Route{"/api/v1/associations/{slug}/aliases/{address}", Who::member},
    Route{"/api/v1/me/mail", Who::member},
};

constexpr std::array settings = {
    Setting{"smtp_port", SettingType::integer, "25", "The port where mail from other servers arrives."},
    Setting{"submission_port", SettingType::integer, "587", "The port where members' programs send (STARTTLS)."},
    Setting{"submissions_port", SettingType::integer, "465", "The port where members' programs send (TLS from the start)."},
    Setting{"imap_port", SettingType::integer, "143", "The port where members' programs read (STARTTLS)."},
    Setting{"imaps_port", SettingType::integer, "993", "The port where members' programs read (TLS from the start)."},
    Setting{"sieve_port", SettingType::integer, "4190", "The port where members' programs manage their filters (ManageSieve)."},
    Setting{"smarthost", SettingType::text, "", "Another server, HOST:PORT, that carries mail to the outside. Empty: directly."},
    Setting{"limits.message_max", SettingType::size_bytes, "25 MiB", "The largest message, attachments included."},
    Setting{"limits.exempt_networks", SettingType::networks, "", "Networks whose connections are never slowed down."},
};

constexpr std::array<std::string_view, 3> internal_callers = {"gate", "admin", "people"};
constexpr std::array<std::string_view, 1> verbs = {"mail-engines"};

constexpr Manifest make_manifest() {
    Manifest manifest;
    manifest.name = "mail";
    manifest.routes = routes;
    manifest.settings = settings;
    manifest.internal_callers = internal_callers;
    manifest.verbs = verbs;
    manifest.idle_stop = std::chrono::minutes(1);
    return manifest;
}

} // namespace

constinit const Manifest mail_manifest = make_manifest();

} // namespace hameau
