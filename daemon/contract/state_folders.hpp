// The folders of the state: who owns them, and who may look into them. hameaud makes them at each start, the diagnosis compares them.
#pragma once

#include <array>
#include <string_view>
#include <sys/types.h>

namespace hameau {

struct StateFolder {
    std::string_view path;   ///< below the state folder
    mode_t mode;
    std::string_view owner;  ///< a role of role_uids.hpp; empty: root
    std::string_view group;  ///< likewise; empty: the owner's
};

inline constexpr std::array<StateFolder, 18> state_folders = {{
    {"/run", 0755, "", ""},           {"/log", 0755, "", ""},
    {"/tls", 0755, "", ""},           {"/tls/hosts", 0750, "", "gate"},
    {"/tls/acme-challenge", 0755, "acme", ""}, {"/acme", 0711, "", ""},
    {"/people", 0700, "people", ""},  {"/mail", 0755, "mail", ""},
    {"/sites", 0750, "sites", "gate"}, {"/pads", 0700, "pads", ""},
    {"/admin", 0700, "admin", ""},    {"/gate", 0700, "gate", ""},
    {"/milter", 0711, "milter", ""},  {"/milter/records", 0755, "milter", ""},
    {"/modules.d", 0755, "", ""},     {"/modules", 0755, "", ""},
    {"/diagnosis", 0700, "", ""},     {"/mail/served", 0755, "mail", ""},
}};

} // namespace hameau
