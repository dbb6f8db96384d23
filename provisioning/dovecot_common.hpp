// What both Dovecot emitters say in the same words: the main file but for some words, services, SQL, the global Sieve script.
#pragma once

#include <string>
#include <string_view>
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
    std::vector<std::string> when_full;  ///< the fields of what quota-status says when there is no room
};

/// What the main file says in the language of one version; values of dovecot_values() are filled in.
struct DovecotWords {
    std::string_view log_elements;
    std::string_view certificate;  ///< lines, each with its end, as all that follow
    std::string_view cleartext;    ///< the line that forbids passwords in clear
    std::string_view lower_user;   ///< the sign-in name in lower case, and lines that follow
    std::string_view user;         ///< the variable of the sign-in name
    std::string_view accounts;     ///< passdb and userdb
    std::string_view store;        ///< Maildir, quota
    std::string_view protocols;    ///< plugins of each protocol and their settings
};

extern const char* const dovecot_head;

/// dovecot.conf up to its services.
std::string dovecot_main(const DovecotWords& words, const std::vector<std::pair<std::string, std::string>>& values);
std::string password_query(const MailModel& model, const QueryVariables& names);
/// The first look-up again for hameau-password, with the name as ?1, no app passwords (they are plain letters), and the
/// fields that `passdb checkpassword` must give: its reply would else name the uid of Dovecot's auth process.
std::string again_query(const MailModel& model, const QueryVariables& names);
std::string user_query(const MailModel& model, const QueryVariables& names);
/// Processes, sockets and their owners.
std::string dovecot_services(const MailModel& model, DovecotLanguage language);
/// The bounds of limits.hpp under the names of the templates.
std::vector<std::pair<std::string, std::string>> dovecot_bounds();
/// {state}, {host}, ... of the templates, with dovecot_bounds().
std::vector<std::pair<std::string, std::string>> dovecot_values(const MailModel& model);

/// The house's own Sieve scripts: spam.sieve at delivery; with the filter to-junk.sieve and from-junk.sieve, when a member moves a message.
std::vector<EngineFile> house_scripts(const MailModel& model);

} // namespace hameau::provisioning
