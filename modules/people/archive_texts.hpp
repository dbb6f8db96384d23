// What people itself writes into an association's archive: the README, the tables, the file for `hameau apply`. Pure: from facts to text.
#pragma once

#include <string>
#include <vector>

#include <boost/json.hpp>

#include "modules/people/storage/store.hpp"
#include "modules/support/problem.hpp"

namespace hameau::people {

struct ArchiveFacts {
    Association association;
    std::vector<Member> members;
    std::vector<Circle> circles;
    Language language = Language::french;
    std::string house;     ///< its host name
    std::int64_t made_ms = 0;
    std::string by;        ///< login of who asked
    bool passwords = false;
    std::string messages;  ///< "all", "none", "mine" (of who asked)
    std::vector<std::string> left_out;  ///< services that are switched off
};

/// What the other services put into the archive, as they said it.
struct ArchiveIndexes {
    boost::json::object addresses;
    boost::json::object sites;
    std::vector<boost::json::object> pads;
};

std::string archive_readme_name(Language language);
std::string archive_readme(const ArchiveFacts& facts);
/// hameau-archive.json: what a program that reads the archive must know first.
boost::json::object archive_head(const ArchiveFacts& facts);
/// people/association.json: all that an import needs; password hashes only where they were asked for.
boost::json::object archive_people(const ArchiveFacts& facts);
/// For a spreadsheet: UTF-8 with its mark, RFC 4180; nothing in it is taken for a formula.
std::string archive_members_table(const ArchiveFacts& facts);
std::string archive_addresses_table(const ArchiveFacts& facts, const ArchiveIndexes& indexes);
/// The file for `hameau apply`, to be read beside the unpacked archive: the sites' `source` lies in it.
std::string archive_yaml(const ArchiveFacts& facts, const ArchiveIndexes& indexes);

/// A field of a table, in quotes.
std::string table_field(std::string_view text);

} // namespace hameau::people
