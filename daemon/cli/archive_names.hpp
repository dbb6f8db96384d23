// The names that an archive gets in this house: another short name, other domains, other logins. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace hameau::cli {

struct ArchiveNames {
    std::string slug;                                          ///< of the association here
    std::map<std::string, std::string, std::less<>> domains;  ///< old, new
    std::map<std::string, std::string, std::less<>> logins;

    bool trusted = false;  ///< the admin knows who made the archive
    bool same = false;     ///< who is here already under the same login is the same person

    std::string domain(std::string_view name) const;
    /// The domain itself, or a name below it.
    std::string host(std::string_view name) const;
    std::string address(std::string_view address) const;
    std::string login(std::string_view login) const;

    /// people/association.json, mail/addresses.json, pads/SLUG.json as they are in this house.
    boost::json::object people(boost::json::object document) const;
    boost::json::object addresses(boost::json::object document) const;
    boost::json::object pad(boost::json::object document) const;
};

} // namespace hameau::cli
