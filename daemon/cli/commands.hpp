// The subcommands: each takes the words after its name and gives the process's exit code (sysexits).
#pragma once

#include <span>
#include <string_view>

namespace hameau::cli {

int apply_command(std::span<char*> words);
int show_command(std::span<char*> words);
int export_command(std::span<char*> words);
int import_command(std::span<char*> words);
int erase_command(std::span<char*> words);
int status_command(std::span<char*> words);
int diagnose_command(std::span<char*> words);
int report_command(std::span<char*> words);
int logs_command(std::span<char*> words);
int restart_command(std::span<char*> words);
int setup_command(std::span<char*> words);
int backup_command(std::span<char*> words);
int restore_command(std::span<char*> words);
int version_command(std::span<char*> words);
int mail_command(std::span<char*> words);
/// kind: member, mailbox, alias, group, site, pad, module.
int resource_command(std::string_view kind, std::span<char*> words);

} // namespace hameau::cli
