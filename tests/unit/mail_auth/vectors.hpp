// The test suites of others (openspf, ValiMail) are read where they lie and never copied into this repository. A test that needs one is
// skipped where it is not: HAMEAU_VECTORS, else ../shared/vectors beside the checkout.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace hameau::mailauth {

/// Empty when the file is not here.
inline std::string suite_file(const std::string& name) {
    const char* const given = std::getenv("HAMEAU_VECTORS");
    for (const std::string& folder : {std::string(given != nullptr ? given : ""), std::string(HAMEAU_SOURCE_DIR "/../shared/vectors"),
                                      std::string(HAMEAU_SOURCE_DIR "/../../shared/vectors")}) {
        if (!folder.empty() && std::filesystem::exists(folder + "/" + name)) {
            return folder + "/" + name;
        }
    }
    return "";
}

} // namespace hameau::mailauth
