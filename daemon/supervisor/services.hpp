// services: what this house runs, from the validated settings and the manifests: one ServiceSpec a process.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/contract/manifest.hpp"
#include "daemon/settings/settings.hpp"
#include "daemon/supervisor/limits.hpp"
#include "daemon/supervisor/policy.hpp"

namespace hameau::supervisor {

enum class Kind { gate, module, admin, engine, external };

struct ServiceSpec {
    std::string name;
    Kind kind = Kind::module;
    PolicyLimits limits;
    std::string program;                  ///< file name beside hameaud, or an absolute path
    std::string helper;                   ///< a program beside hameaud that it may start: lent open, named by itself
    std::vector<std::string> arguments;   ///< without argv[0]
    std::vector<std::string> environment;
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;            ///< besides internal_gid
    std::string pid_file;                 ///< of an engine: what it writes, and reads at its next start
    std::string folder;                   ///< of an engine: where its main process works
    std::vector<std::uint16_t> ports;     ///< of an engine: what it listens on; not started while somebody else does
    bool drop = true;                     ///< engines start as root
    bool says_ready = true;               ///< speaks sd_notify; else ready once started
    bool has_control = true;
    std::vector<std::string> verbs;       ///< provisioning verbs that it may ask for
    int stop_stage = 1;                   ///< 0 first (gate, engines), 1 modules, 2 people
    int death_signal = 9;
    bool own_session = false;
    bool guarded = false;                 ///< it changes its uid for a moment at its start, and loses the death signal
};

/// Where this house lives, and how.
struct Place {
    std::string state;    ///< absolute
    std::string binaries; ///< folder of hameaud
    bool root = false;
    bool trial = false;
};

/// The names of the external modules in the settings, sorted.
std::vector<std::string> external_names(const Settings& settings);
/// `module_uids`: of the external modules (uids.hpp); one that is not in it is left out.
std::vector<ServiceSpec> plan_services(const Settings& settings, const Place& place,
                                       const std::map<std::string, uid_t>& module_uids);
/// What does not run and why: ("mail", "off: Postfix needs root").
std::vector<std::pair<std::string, std::string>> missing_parts(const Settings& settings, const Place& place);
/// The uid of a built-in role; external_uid_first for another name.
uid_t uid_of(std::string_view role);

} // namespace hameau::supervisor
