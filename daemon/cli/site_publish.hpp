// `hameau site publish`: a folder becomes a new version of a site, and only what the house lacks is sent.
#pragma once

#include <string>

#include "daemon/cli/client.hpp"

namespace hameau::cli {

struct PublishOrder {
    std::string host;
    std::string folder;   ///< an archive is sent as it is
    bool anyway = false;  ///< also what the house doubts
};

/// The house's response to the publication. What was left aside, and how much is sent, is on standard error.
/// Errors: as pack_source and Client::call.
Result<Answer> publish_site(const Client& client, const PublishOrder& order);

} // namespace hameau::cli
