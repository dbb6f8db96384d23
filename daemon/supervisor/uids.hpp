// ModuleUids: the uid of each external module, kept for ever in STATE/modules/uids (root's file).
// A uid follows the name and not the alphabet: adding a module never gives one module another's folder. The uid of a
// removed module is never given to another name, because its folder stays; a module that comes back finds its data.
// Called by hameaud before it plans external modules.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "daemon/base/result.hpp"

namespace hameau::supervisor {

class ModuleUids {
public:
    /// From lines "NAME UID". Errors: corrupt, with the line; hameaud then does not start external modules at all.
    static Result<ModuleUids> parse(std::string_view text);
    /// The file's content, sorted by name.
    std::string text() const;

    /// The uid that the name has, or a new one. `owner`: of the module's folder from before there was a file, 0 for none.
    /// It is kept when it lies in the range and nobody else has it. Errors: unavailable when the range is used up.
    Result<uid_t> take(const std::string& name, uid_t owner);
    bool has(const std::string& name) const { return uids_.contains(name); }

private:
    bool used(uid_t uid) const;
    std::map<std::string, uid_t> uids_;
};

/// Reads and keeps the file below `modules_folder`; the uids of `names` are in it, on the disk, before this returns.
/// The owners of the folders that exist already are looked at before a new uid is given to anybody.
Result<ModuleUids> keep_module_uids(const std::string& modules_folder, const std::vector<std::string>& names);

} // namespace hameau::supervisor
