// Declared content (contract.md, "apply"): YAML with positions -> resources in the order in which they can be made.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "daemon/settings/yaml.hpp"

namespace hameau::cli {

enum class ResourceKind { association, member, mailbox, group, alias, site, pad };
std::string_view to_text(ResourceKind kind);

struct Resource {
    ResourceKind kind = ResourceKind::association;
    Position position;
    std::string association;    ///< slug
    std::string id;             ///< slug, login, address or host
    boost::json::object form;   ///< the body of the call that makes it, without secrets
    std::string password;       ///< of a member, when one was given
    bool invite = false;
    std::string source;         ///< of a site: absolute path of a folder or an archive
    bool anyway = false;        ///< of a site: published also when it would show visitors nothing

    /// "member amis/marie", "site amis.test": for people, and as the key of the declared hash.
    std::string name() const;
};

/// `folder`: what a relative `source` starts from. Everything wrong goes to `diagnostics`.
std::vector<Resource> read_content(const YamlNode& root, const std::string& folder, Diagnostics& diagnostics);

} // namespace hameau::cli
