// The uids of the house's processes: fixed for ever, because files on disks and in backups carry them.
#pragma once

#include <array>
#include <string_view>
#include <sys/types.h>

namespace hameau {

/// Fixed uids (= primary gids) without passwd entries; the package declares the same by sysusers.
struct RoleUid {
    std::string_view role;
    uid_t uid;
};
inline constexpr std::array<RoleUid, 12> role_uids = {{{"gate", 62001},
                                                      {"people", 62002},
                                                      {"mail", 62003},
                                                      {"sites", 62004},
                                                      {"pads", 62005},
                                                      {"admin", 62006},
                                                      {"check", 62007},
                                                      {"milter", 62009},
                                                      {"dovemail", 62010},
                                                      {"acme", 62011},
                                                      {"backup", 62012},
                                                      {"versions", 62013}}};

} // namespace hameau
