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
  mail_plugins = $mail_plugins imap_quota{imap_sieve}
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
{spam_filter}}
)",
};

/// The extensions are the house's own scripts' (sieve_global_extensions): no member's script starts a program or changes a header.
constexpr const char* filter_template = R"(  sieve_plugins = sieve_imapsieve sieve_extprograms
  sieve_global_extensions = +vnd.dovecot.execute +vnd.dovecot.pipe +editheader
  sieve_execute_bin_dir = {binaries}
  sieve_pipe_bin_dir = {binaries}
  sieve_pipe_exec_timeout = {lesson_seconds}s
  imapsieve_mailbox1_name = Junk
  imapsieve_mailbox1_causes = COPY APPEND
  imapsieve_mailbox1_before = file:{place}/sieve/to-junk.sieve
  imapsieve_mailbox2_name = *
  imapsieve_mailbox2_from = Junk
  imapsieve_mailbox2_causes = COPY
  imapsieve_mailbox2_before = file:{place}/sieve/from-junk.sieve
  imapsieve_mailbox3_name = *
  imapsieve_mailbox3_from = INBOX
  imapsieve_mailbox3_causes = COPY
  imapsieve_mailbox3_before = file:{place}/sieve/from-junk.sieve
)";

constexpr const char* sql_template = R"(
driver = sqlite
connect = {state}/mail/auth/auth.db
default_pass_scheme = ARGON2ID
)";

} // namespace

std::vector<EngineFile> dovecot_files_2_3(const MailModel& model) {
    auto values = dovecot_values(model);
    values.emplace_back("imap_sieve", model.spam_filter ? " imap_sieve" : "");
    values.emplace_back("spam_filter", model.spam_filter ? fill_template(filter_template, values) : "");
    const QueryVariables names{"%u", "%w", "%s", "%c", "sieve_before2", "quota_rule", "*:bytes=",
                              ":messages=' || max(20000, max(a.quota_bytes, a.own_quota_bytes) / 8192) || '", {"quota_status_overquota"}};
    const std::string sql = dovecot_head + fill_template(sql_template, values) + "password_query = " + password_query(model, names) +
                            "\nuser_query = " + user_query(model, names) + "\niterate_query = SELECT user FROM account\n";
    auto files = house_scripts(model);
    files.insert(files.begin(), {{"dovecot.conf", dovecot_main(words, values) + dovecot_services(model, DovecotLanguage::v2_3)},
            {"sql.conf", sql},
            {"again.sql", again_query(model, names) + "\n"}});
    return files;
}

} // namespace hameau::provisioning
