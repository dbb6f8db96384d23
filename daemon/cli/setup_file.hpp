// The file of `hameau setup --unattended`: all that the pages of the first set-up ask for.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/base/secret.hpp"

namespace hameau::cli {

struct SetupFile {
    std::string house;
    std::string host;
    std::string language = "fr";
    std::string login;
    std::string name;
    std::string password_file;  ///< "-": standard input; else a path, relative to the file
    std::string slug;
    std::string association;
    std::vector<std::string> domains;
};

/// `name`: of the file, for messages. Errors: invalid, with every mistake as FILE:LINE:COLUMN: error: ...; what a name or an
/// address may look like is for the house to judge.
Result<SetupFile> read_setup_file(const std::string& name, std::string_view text);

/// The first line of the file that `file` names, or of standard input. Errors: io; invalid when it is empty.
Result<Secret> read_setup_password(const SetupFile& file, const std::string& beside);

} // namespace hameau::cli
