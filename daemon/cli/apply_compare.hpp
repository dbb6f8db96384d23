// What `hameau apply` compares: a declared value with the one that is there, declared domains with who has them.
// Pure; it never asks the house.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "daemon/cli/content.hpp"

namespace hameau::cli {

/// Lists are compared without order, objects by the declared fields.
bool same_value(const boost::json::value& declared, const boost::json::value& present);

/// The domains that `resource`, an association, is to have and that the file takes from another one: domain -> that one.
std::map<std::string, std::string> moving_domains(const Resource& resource, const std::vector<Resource>& resources,
                                                  const std::map<std::string, boost::json::object>& associations);

/// A redirection that keeps the former name of a mailbox: the file does not say it, and it is no surplus.
bool is_earlier_address(const boost::json::object& item);

/// Of a bin of members, who had this login and was removed last.
std::optional<boost::json::object> newest_of_login(const boost::json::array& bin, std::string_view login);

} // namespace hameau::cli
