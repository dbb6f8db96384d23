// The language of Dovecot 2.3.
#include "provisioning/dovecot_common.hpp"

namespace hameau::provisioning {

std::vector<EngineFile> dovecot_files_2_3(const MailModel& model);

namespace {

constexpr const char* head = "# Written by hameau-provision from hameau.yaml: changes made here are lost.\n";

constexpr const char* main_template = R"(
instance_name = hameau
base_dir = {place}/run
state_dir = {place}/state
log_path = /dev/stderr
# No visitor's address in the log.
login_log_format_elements = user=<%u> method=%m mpid=%e %c
protocols = imap lmtp sieve
listen = {listen}
hostname = {host}
postmaster_address = postmaster@{host}
default_internal_user = {dovecot}
default_internal_group = {dovecot_group}
default_login_user = {dovenull}

ssl = required
ssl_cert = <{state}/tls/default.pem
ssl_key = <{state}/tls/default.pem
ssl_min_protocol = TLSv1.2
ssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_username_format = %Lu
auth_worker_max_count = 2
auth_debug = no
auth_verbose_passwords = no

passdb {
  driver = sql
  args = {place}/sql.conf
}
userdb {
  driver = prefetch
}
userdb {
  driver = sql
  args = {place}/sql.conf
}

# The word of hameau-mail at its socket: a file for root alone.
!include_try {place}/secret.conf

mail_uid = {boxes}
mail_gid = {boxes}
first_valid_uid = {boxes}
last_valid_uid = {boxes}
first_valid_gid = {boxes}
last_valid_gid = {boxes}
mail_location = maildir:~/Maildir
mail_plugins = quota listescape
recipient_delimiter = +
lmtp_save_to_detail_mailbox = no
lda_mailbox_autocreate = yes
quota_full_tempfail = yes
sendmail_path = {binaries}/hameau-submit {inject}

# Names in English on the wire; SPECIAL-USE lets each program show its own language.
namespace inbox {
  inbox = yes
  separator = /
  mailbox Drafts {
    auto = subscribe
    special_use = \Drafts
  }
  mailbox Sent {
    auto = subscribe
    special_use = \Sent
  }
  mailbox Junk {
    auto = subscribe
    special_use = \Junk
  }
  mailbox Trash {
    auto = subscribe
    special_use = \Trash
  }
  mailbox Archive {
    auto = no
    special_use = \Archive
  }
}

protocol imap {
  mail_plugins = $mail_plugins imap_quota
  mail_max_userip_connections = 50
}
protocol lmtp {
  mail_plugins = $mail_plugins sieve
}
protocol sieve {
  managesieve_max_line_length = 65536
}

plugin {
  quota = count:Account
  quota_vsizes = yes
  quota_grace = 0
  quota_exceeded_message = The mailbox is full.
  quota_status_success = DUNNO
  quota_status_nouser = DUNNO
  quota_status_overquota = 552 5.2.2 The mailbox is full
  listescape_char = "\\"
  sieve = file:~/sieve;active=~/.dovecot.sieve
  sieve_before = {place}/sieve/spam.sieve
  sieve_redirect_envelope_from = recipient
  sieve_max_redirects = 32
  sieve_max_script_size = 256K
  sieve_quota_max_scripts = 32
  sieve_quota_max_storage = 2M
}
)";

constexpr const char* sql_template = R"(
driver = sqlite
connect = {state}/mail/auth/auth.db
default_pass_scheme = ARGON2ID
)";

} // namespace

std::vector<EngineFile> dovecot_files_2_3(const MailModel& model) {
    const auto values = dovecot_values(model);
    const QueryVariables names{"%u", "%w", "%s", "%c", "sieve_before2", "quota_rule", "*:bytes=", ""};
    const std::string sql = head + fill_template(sql_template, values) + "password_query = " + password_query(model, names) +
                            "\nuser_query = " + user_query(model, names) + "\niterate_query = SELECT user FROM account\n";
    return {{"dovecot.conf", head + fill_template(main_template, values) + dovecot_services(model, DovecotLanguage::v2_3)},
            {"sql.conf", sql},
            {"sieve/spam.sieve", spam_script}};
}

} // namespace hameau::provisioning
