// The verbs of hameau-provision that are about backups, from their arguments to the calls. One line of main.cpp each.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/settings/settings.hpp"

namespace hameau::backup {

struct VerbCall {
    const Settings& settings;
    std::string state;
    bool root = false;
    std::function<std::string(std::string_view name)> argument;  ///< empty when it was not given
};

Status verb_backup(const VerbCall& call);        ///< target=ADDRESS|*, drill=1, anew=1, configuration=PATH: one turn
Status verb_backup_state(const VerbCall& call);  ///< the words of state_words
Status verb_backup_key(const VerbCall& call);    ///< the key; seen=1: a person has it before their eyes
Status verb_backup_list(const VerbCall& call);   ///< target=ADDRESS: the backups there
Status verb_backup_ssh(const VerbCall& call);    ///< the public key for SFTP targets

/// `hameau restore` runs this itself, as root, while no house runs: state=, configuration=, target=, at=, credentials=, replace=1,
/// incomplete=1; the key is read from standard input (empty: that of the state folder). The exit code.
int restore_program(const std::vector<std::string_view>& arguments, bool root);

} // namespace hameau::backup
