// A domain's records and how they stand, as the DNS page and `hameau mail check` read them. Pure.
#pragma once

#include <string>

#include <boost/json.hpp>

#include "modules/mail/records/judge.hpp"
#include "modules/support/problem.hpp"

namespace hameau::mail {

/// Titles, purposes and sentences of the records.
extern const Catalogue records_catalogue;

/// {"domain","zone","stage","text","at","counts","records":[...],"asked":[...],"authority"}; see openapi.yaml, MailDomain.
boost::json::object domain_document(const std::string& domain, mailrecords::HouseFacts facts, const mailrecords::Evidence& evidence, Language language);

} // namespace hameau::mail
