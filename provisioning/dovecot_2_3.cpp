// The language of Dovecot 2.3.
#include "provisioning/dovecot_common.hpp"

namespace hameau::provisioning {

std::vector<EngineFile> dovecot_files_2_3(const MailModel& model);

namespace {

constexpr DovecotWords words{
    .log_elements = "user=<%u> method=%m mpid=%e %c",
    .certificate = R"(ssl_cert = <{state}/tls/default.pem
ssl_key = <{state}/tls/default.pem
)",
    .cleartext = "disable_plaintext_auth = yes",
    .lower_user = R"(%Lu
auth_worker_max_count = {auth_workers}
)",
    .user = "%u",
    .accounts = R"(passdb {
  driver = sql
  args = {place}/sql.conf
}
# A password that did not match as it was typed is compared once more in the normal form (RFC 8265).
passdb {
  driver = checkpassword
  args = {binaries}/hameau-password {state}/mail/auth/auth.db {place}/again.sql
}
userdb {
  driver = prefetch
}
userdb {
  driver = sql
  args = {place}/sql.conf
}
)",
    .store = R"(mail_location = maildir:~/Maildir
mail_plugins = quota listescape
)",
    .protocols = R"(protocol imap {
  mail_plugins = $mail_plugins imap_quota
  mail_max_userip_connections = {userip_connections}
}
protocol lmtp {
  mail_plugins = $mail_plugins sieve
}
protocol sieve {
  managesieve_max_line_length = {sieve_line_bytes}
}

plugin {
  quota = count:Account
  quota_vsizes = yes
  quota_grace = 0
  quota_exceeded_message = There is no room for it: the mailbox or its association is full.
  quota_status_success = DUNNO
  quota_status_nouser = DUNNO
  quota_status_overquota = 552 5.2.2 The mailbox is full
  listescape_char = "\\"
  sieve = file:~/sieve;active=~/.dovecot.sieve
  sieve_before = {place}/sieve/spam.sieve
  sieve_redirect_envelope_from = recipient
  # A pattern with back references holds its process for hours, and no limit of time can stop it.
  sieve_extensions = -regex
  sieve_max_cpu_time = {sieve_cpu_seconds}s
  sieve_max_redirects = {sieve_redirects}
  sieve_max_script_size = {sieve_script_kilobytes}K
  sieve_quota_max_scripts = {sieve_scripts}
  sieve_quota_max_storage = {sieve_scripts_megabytes}M
}
)",
};

constexpr const char* sql_template = R"(
driver = sqlite
connect = {state}/mail/auth/auth.db
default_pass_scheme = ARGON2ID
)";

} // namespace

std::vector<EngineFile> dovecot_files_2_3(const MailModel& model) {
    const auto values = dovecot_values(model);
    const QueryVariables names{"%u", "%w", "%s", "%c", "sieve_before2", "quota_rule", "*:bytes=",
                              ":messages=' || max(20000, max(a.quota_bytes, a.own_quota_bytes) / 8192) || '", {"quota_status_overquota"}};
    const std::string sql = dovecot_head + fill_template(sql_template, values) + "password_query = " + password_query(model, names) +
                            "\nuser_query = " + user_query(model, names) + "\niterate_query = SELECT user FROM account\n";
    return {{"dovecot.conf", dovecot_main(words, values) + dovecot_services(model, DovecotLanguage::v2_3)},
            {"sql.conf", sql},
            {"again.sql", again_query(model, names) + "\n"},
            {"sieve/spam.sieve", spam_script}};
}

} // namespace hameau::provisioning
