// `hameau trial`: a whole house in the foreground, all its state below one folder, on loopback only.
#pragma once

#include <span>

namespace hameau {

/// The words after "trial". Does not return while the house runs: this process becomes hameaud.
int trial_command(std::span<char*> words);

} // namespace hameau
