// What Outlook posts to find its settings (Autodiscover, [MS-OXDSCLI] §2.2.3). Pure; by libxml2 without entities, network or files.
#pragma once

#include <string>
#include <string_view>

namespace hameau::mail {

/// The text of EMailAddress, as it stands there; empty for what is no such request: no XML, with a document type, too large, no address.
std::string outlook_address(std::string_view xml);

} // namespace hameau::mail
