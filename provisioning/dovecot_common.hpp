// What both Dovecot emitters say in the same words: services, SQL, the global Sieve script.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "provisioning/mail_model.hpp"

namespace hameau::provisioning {

/// How a language writes the variables of a query.
struct QueryVariables {
    std::string user;      ///< the name given, in lower case
    std::string password;  ///< in plain text
    std::string service;   ///< "imap", "sieve", "smtp"
    std::string secured;   ///< "TLS" on an encrypted connection
    std::string sieve_before;  ///< the field that names the account's forwarding script
    std::string quota;         ///< the field of the account's quota; its value begins with quota_prefix
    std::string quota_prefix;
    std::string quota_suffix;
};

std::string password_query(const MailModel& model, const QueryVariables& names);
std::string user_query(const MailModel& model, const QueryVariables& names);
/// Processes, sockets and their owners.
std::string dovecot_services(const MailModel& model, DovecotLanguage language);
/// {state}, {host}, ... of the templates.
std::vector<std::pair<std::string, std::string>> dovecot_values(const MailModel& model);

extern const char* const spam_script;

} // namespace hameau::provisioning
