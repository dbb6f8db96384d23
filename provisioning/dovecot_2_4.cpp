// The language of Dovecot 2.4.
#include "provisioning/dovecot_common.hpp"

namespace hameau::provisioning {

std::vector<EngineFile> dovecot_files_2_4(const MailModel& model);

namespace {

constexpr const char* first_template = R"(dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0

)";

constexpr DovecotWords words{
    .log_elements = "user=<%{user}> method=%{mechanism} mpid=%{mail_pid} %{secured}",
    .certificate = R"(ssl_server_cert_file = {state}/tls/default.pem
ssl_server_key_file = {state}/tls/default.pem
)",
    .cleartext = "auth_allow_cleartext = no",
    .lower_user = R"(%{user | lower}
)",
    .user = "%{user}",
    .accounts = R"(sql_driver = sqlite
sqlite_path = {state}/mail/auth/auth.db
sqlite_readonly = yes
passdb sql {
  default_password_scheme = ARGON2ID
  query = {password_query}
}
userdb prefetch {
}
userdb sql {
  query = {user_query}
  iterate_query = SELECT user FROM account
}
)",
    .store = R"(mail_driver = maildir
mail_path = %{home}/Maildir
mailbox_list_storage_escape_char = "\\"
mail_plugins {
  quota = yes
}
)",
    .protocols = R"(protocol imap {
  mail_plugins {
    imap_quota = yes
{imap_sieve}  }
  mail_max_userip_connections = {userip_connections}
}
protocol lmtp {
  mail_plugins {
    sieve = yes
  }
}
protocol sieve {
  managesieve_max_line_length = {sieve_line_bytes}
}

quota Account {
  driver = count
}
quota_storage_grace = 0
quota_exceeded_message = There is no room for it: the mailbox or its association is full.
quota_status_success = DUNNO
quota_status_nouser = DUNNO
quota_status_overquota = 552 5.2.2 The mailbox is full
# Larger than the whole quota: 2.4 asks for this word apart.
quota_status_toolarge = 552 5.2.2 The mailbox is full

sieve_script personal {
  type = personal
  driver = file
  path = ~/sieve
  active_path = ~/.dovecot.sieve
}
sieve_script a_spam {
  type = before
  driver = file
  path = {place}/sieve/spam.sieve
}
sieve_script b_forward {
  type = before
  driver = file
  path = {state}/mail/forward/%{user}.sieve
  bin_path = ~/.sieve-bin
}
sieve_redirect_envelope_from = recipient
# A pattern with back references holds its process for hours, and no limit of time can stop it.
sieve_extensions {
  regex = no
}
sieve_max_cpu_time = {sieve_cpu_seconds}s
sieve_max_redirects = {sieve_redirects}
sieve_max_script_size = {sieve_script_kilobytes}K
sieve_quota_script_count = {sieve_scripts}
sieve_quota_storage_size = {sieve_scripts_megabytes}M
{spam_filter})",
};

/// The extensions are the house's own scripts' (sieve_global_extensions): no member's script starts a program or changes a header.
constexpr const char* filter_template = R"(sieve_plugins {
  sieve_imapsieve = yes
  sieve_extprograms = yes
}
sieve_global_extensions {
  vnd.dovecot.execute = yes
  vnd.dovecot.pipe = yes
  editheader = yes
}
sieve_execute_bin_dir = {binaries}
sieve_pipe_bin_dir = {binaries}
sieve_pipe_exec_timeout = {lesson_seconds}s
mailbox Junk {
  sieve_script to_junk {
    type = before
    cause = copy append
    driver = file
    path = {place}/sieve/to-junk.sieve
  }
}
imapsieve_from Junk {
  sieve_script from_junk {
    type = before
    cause = copy
    driver = file
    path = {place}/sieve/from-junk.sieve
  }
}
imapsieve_from INBOX {
  sieve_script from_inbox {
    type = before
    cause = copy
    driver = file
    path = {place}/sieve/from-junk.sieve
  }
}
)";

/// The path of the forwarding script stands in the configuration here, not in the account's row.
std::string without_field(std::string query, const std::string& from) {
    const std::size_t at = query.find(from);
    const std::size_t end = at == std::string::npos ? at : query.find(" FROM ", at);
    return end == std::string::npos ? query : query.erase(at, end - at);
}

} // namespace

std::vector<EngineFile> dovecot_files_2_4(const MailModel& model) {
    const QueryVariables names{"%{user}", "%{password}", "%{protocol}", "%{secured}", "sieve_before", "quota_storage_size", "", "B",
                              {"quota_status_overquota", "quota_status_toolarge"}};
    auto values = dovecot_values(model);
    values.emplace_back("password_query", without_field(password_query(model, names), ", CASE WHEN a.forward_script"));
    values.emplace_back("user_query", without_field(user_query(model, names), ", CASE WHEN a.forward_script"));
    values.emplace_back("imap_sieve", model.spam_filter ? "    imap_sieve = yes\n" : "");
    values.emplace_back("spam_filter", model.spam_filter ? fill_template(filter_template, values) : "");
    auto files = house_scripts(model);
    files.insert(files.begin(), {"dovecot.conf", std::string(first_template) + dovecot_main(words, values) + dovecot_services(model, DovecotLanguage::v2_4)});
    return files;
}

} // namespace hameau::provisioning
