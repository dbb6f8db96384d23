// Services, SQL and Sieve for both languages of Dovecot.
#include "provisioning/dovecot_common.hpp"
#include "provisioning/limits.hpp"

namespace hameau::provisioning {

namespace {

/// The connection must be encrypted even from this computer, which Dovecot itself would call secure. Postfix asks over
/// a socket of ours, after its own TLS.
std::string secured(const QueryVariables& names) {
    return "('" + names.service + "' = 'smtp' OR '" + names.secured + "' = 'TLS')";
}

/// The fields of an account that Dovecot's mail processes take.
std::string account_fields(const MailModel& model, const QueryVariables& names, const std::string& prefix) {
    // NULL: the setting of all stands.
    std::string full;
    for (const std::string& word : names.when_full) {
        full += ", CASE WHEN a.shared_full THEN '452 4.2.2 There is no room at the moment' END AS " + prefix + word;
    }
    return "'" + model.state + "/mail/boxes/' || a.folder AS " + prefix + "home, '" + names.quota_prefix +
           "' || a.quota_bytes || '" + names.quota_suffix + "' AS " + prefix + names.quota + full + ", CASE WHEN a.forward_script = '' THEN '' ELSE " +
           "'file:' || a.forward_script || ';bindir=~/.sieve-bin' END AS " + prefix + names.sieve_before;
}

constexpr const char* services_template = R"(
# One process serves all connections that sign in: light, and unprivileged in an empty folder.
service imap-login {
  {lasting}
  client_limit = {imap_login_clients}
  process_limit = {imap_login_processes}
  vsz_limit = {imap_login_megabytes} M{login_chroot}
  inet_listener imap {
    port = {imap_port}
  }
  inet_listener imaps {
    port = {imaps_port}
    ssl = yes
  }
}
service managesieve-login {
  {lasting}
  client_limit = {sieve_login_clients}
  process_limit = {sieve_login_processes}{login_chroot}
  inet_listener sieve {
    port = {sieve_port}
  }
}
service imap {
  process_limit = {imap_processes}{imap_seats}
}
service managesieve {
  process_limit = {sieve_processes}{sieve_seats}
}
{seats}# The penalty is per address: one telephone with an old password would slow down everybody behind the same router.
service anvil {{anvil_chroot}
  unix_listener anvil-auth-penalty {
    mode = 0
  }{anvil_socket}
}
# Sockets for others stand in folders of ours: their owners have numbers, and Dovecot takes names only.
service auth {
  unix_listener {post}/auth {
    mode = 0666
  }
}
# Not root: a last reader with the right to write would take the databases' WAL away.
service auth-worker {
  user = {internal_user}
  vsz_limit = {auth_worker_megabytes} M
  process_limit = {auth_workers}
}
service lmtp {
  process_limit = {lmtp_processes}
  unix_listener lmtp {
    mode = 0
  }
  unix_listener {post}/lmtp {
    mode = 0666
  }
}
service quota-status {
  executable = quota-status -p postfix
  client_limit = 1
  process_limit = {quota_status_processes}
  unix_listener {post}/quota-status {
    mode = 0666
  }
}
# hameau-mail asks for `mailbox status` here.
service doveadm {
  unix_listener {ask}/hameau-doveadm {
    mode = 0666
  }
}
# The files of one mailbox for an archive (hameau-boxes takes the mailboxes' uid at once). The folder is open to hameau-mail alone.
service hameau-boxes {
  executable = script -p {binaries}/hameau-boxes {state}/mail/boxes {boxes_uid}
  client_limit = 1
  process_limit = {boxes_processes}
  unix_listener {ask}/hameau-boxes {
    mode = 0666
  }
}
)";

/// Dovecot 2.3 counts by user and address only, and an attacker has many addresses: no one member may hold all processes.
constexpr const char* seats_template = R"(service seats-imap {
  executable = script-login {binaries}/hameau-seats {anvil} imap {imap_most}
  user = $default_internal_user
  unix_listener seats-imap {
  }
}
service seats-sieve {
  executable = script-login {binaries}/hameau-seats {anvil} sieve {sieve_most}
  user = $default_internal_user
  unix_listener seats-sieve {
  }
}
)";

constexpr const char* main_template = R"(
instance_name = hameau
base_dir = {place}/run
state_dir = {place}/state
log_path = /dev/stderr
# No visitor's address in the log.
login_log_format_elements = {log_elements}
protocols = imap lmtp sieve
listen = {listen}
hostname = {host}
postmaster_address = postmaster@{host}
default_internal_user = {dovecot}
default_internal_group = {dovecot_group}
default_login_user = {dovenull}

ssl = required
{certificate}ssl_min_protocol = TLSv1.2
ssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20
{cleartext}
auth_mechanisms = plain login
auth_username_format = {lower_user}auth_debug = no
auth_verbose_passwords = no

{accounts}
# The word of hameau-mail at its socket: a file for root alone.
!include_try {place}/secret.conf

mail_uid = {boxes}
mail_gid = {boxes}
first_valid_uid = {boxes}
last_valid_uid = {boxes}
first_valid_gid = {boxes}
last_valid_gid = {boxes}
{store}recipient_delimiter = +
lmtp_save_to_detail_mailbox = no
lda_mailbox_autocreate = yes
quota_full_tempfail = yes
sendmail_path = {binaries}/hameau-submit --user {user} {inject}

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

{protocols})";

constexpr const char* marked_script = R"(# What the filter marked goes to Junk, and is not forwarded: no later script runs.
require ["fileinto", "mailbox"];
if header :contains "X-Spam-Flag" "YES" {
  fileinto :create "Junk";
}
)";

/// hameau-words says "no" whatever goes wrong, and so does `execute` where it does not answer in time.
constexpr const char* spam_script = R"(# What a check marked, or what this association's word list calls spam, goes to Junk and is not forwarded: no later script runs.
# Fields of that name that came with the message say what its sender wants to be believed.
require ["fileinto", "mailbox", "editheader", "vnd.dovecot.execute"];
deleteheader "X-Hameau-Spam";
deleteheader "X-Bogosity";
if header :contains "X-Spam-Flag" "YES" {
  fileinto :create "Junk";
} elsif execute :pipe "hameau-words" ["{state}/mail", "{boxes_uid}", "judge"] {
  addheader "X-Hameau-Spam" "YES";
  fileinto :create "Junk";
}
)";

constexpr const char* to_junk_script = R"(# A member moved a message to Junk.
require ["copy", "vnd.dovecot.pipe"];
pipe :copy :try "hameau-words" ["{state}/mail", "{boxes_uid}", "spam"];
)";

/// Filing a message in a folder says that it was wanted. A list that knows no wanted mail calls everything spam.
constexpr const char* from_junk_script = R"(# A member took a message out of Junk, or filed one of the inbox. Throwing it away says nothing.
require ["copy", "environment", "imapsieve", "vnd.dovecot.pipe"];
if environment :matches "imap.mailbox" ["Trash", "Trash/*", "Junk", "Junk/*"] {
  stop;
}
pipe :copy :try "hameau-words" ["{state}/mail", "{boxes_uid}", "ham"];
)";

} // namespace

std::vector<EngineFile> house_scripts(const MailModel& model) {
    if (!model.spam_filter) {
        return {{"sieve/spam.sieve", marked_script}};
    }
    const std::vector<std::pair<std::string, std::string>> values = {{"state", model.state}, {"boxes_uid", model.users.boxes}};
    return {{"sieve/spam.sieve", fill_template(spam_script, values)},
            {"sieve/to-junk.sieve", fill_template(to_junk_script, values)},
            {"sieve/from-junk.sieve", fill_template(from_junk_script, values)}};
}

std::string password_query(const MailModel& model, const QueryVariables& names) {
    const std::string& word = names.password;
    // An app password names its row by the selector inside it, and is good for the protocols of its scopes only.
    return "SELECT a.user AS user, coalesce(p.hash, a.password) AS password, " + account_fields(model, names, "userdb_") +
           " FROM sign_in_name n JOIN account a ON a.user = n.user"
           " LEFT JOIN app_password p ON p.member = a.member AND length('" + word + "') = 38"
           " AND substr('" + word + "', 1, 3) = 'ap-' AND p.selector = substr('" + word + "', 4, 8)"
           " AND instr(p.scopes, CASE '" + names.service + "' WHEN 'smtp' THEN ' submission ' WHEN 'imap' THEN ' imap '"
           " WHEN 'sieve' THEN ' imap ' ELSE ' no scope ' END) > 0"
           " WHERE n.name = '" + names.user + "' AND a.enabled = 1 AND coalesce(p.hash, a.password) IS NOT NULL AND " +
           secured(names);
}

std::string again_query(const MailModel& model, const QueryVariables& names) {
    return "SELECT a.user AS user, a.password AS password, " + account_fields(model, names, "userdb_") + ", '" + model.users.boxes +
           "' AS userdb_uid, '" + model.users.boxes + "' AS userdb_gid FROM sign_in_name n JOIN account a ON a.user = n.user"
           " WHERE n.name = ?1 AND a.enabled = 1 AND a.password IS NOT NULL";
}

std::string user_query(const MailModel& model, const QueryVariables& names) {
    return "SELECT a.user AS user, " + account_fields(model, names, "") + " FROM account a WHERE a.user = '" + names.user + "'";
}

const char* const dovecot_head = "# Written by hameau-provision from hameau.yaml: changes made here are lost.\n";

std::string dovecot_main(const DovecotWords& words, const std::vector<std::pair<std::string, std::string>>& values) {
    auto all = values;
    all.emplace_back("log_elements", words.log_elements);
    all.emplace_back("user", words.user);
    for (const auto& [name, text] : {std::pair{"certificate", words.certificate}, std::pair{"cleartext", words.cleartext},
                                     std::pair{"lower_user", words.lower_user}, std::pair{"accounts", words.accounts},
                                     std::pair{"store", words.store}, std::pair{"protocols", words.protocols}}) {
        all.emplace_back(name, fill_template(text, values));
    }
    return dovecot_head + fill_template(main_template, all);
}

std::string dovecot_services(const MailModel& model, DovecotLanguage language) {
    const bool old = language == DovecotLanguage::v2_3;
    const std::string seats = old ? fill_template(seats_template, {{"binaries", model.binaries},
                                                                   {"anvil", model.dovecot_folder() + "/run/anvil"},
                                                                   {"imap_most", std::to_string(imap_connections_max)},
                                                                   {"sieve_most", std::to_string(sieve_connections_max)}})
                                  : std::string();
    auto values = dovecot_bounds();
    values.insert(values.end(),
                         {{"seats", seats},
                          {"imap_seats", old ? "\n  executable = imap seats-imap" : ""},
                          {"sieve_seats", old ? "\n  executable = managesieve seats-sieve" : ""},
                          {"anvil_socket", old ? "\n  unix_listener anvil {\n    mode = 0600\n    user = $default_internal_user\n  }" : ""},
                          {"anvil_chroot", model.root ? "" : "\n  chroot ="},
                          {"login_chroot", model.root ? "" : "\n  chroot ="},
                          {"lasting", old ? "service_count = 0" : "restart_request_count = unlimited"},
                          {"internal_user", old ? "$default_internal_user" : "$SET:default_internal_user"},
                          {"imap_port", std::to_string(model.imap_port)},
                          {"imaps_port", std::to_string(model.imaps_port)},
                          {"sieve_port", std::to_string(model.sieve_port)},
                          {"post", model.post_folder()},
                          {"ask", model.dovecot_folder() + "/ask"},
                          {"binaries", model.binaries},
                          {"state", model.state},
                          {"boxes_uid", model.users.boxes}});
    return fill_template(services_template, values);
}

std::vector<std::pair<std::string, std::string>> dovecot_bounds() {
    const std::initializer_list<std::pair<const char*, unsigned>> bounds = {{"imap_login_clients", imap_login_clients_max},
                                                                            {"imap_login_processes", imap_login_processes_max},
                                                                            {"imap_login_megabytes", imap_login_megabytes_max},
                                                                            {"sieve_login_clients", sieve_login_clients_max},
                                                                            {"sieve_login_processes", sieve_login_processes_max},
                                                                            {"imap_processes", imap_processes_max},
                                                                            {"sieve_processes", sieve_processes_max},
                                                                            {"auth_workers", auth_workers_max},
                                                                            {"auth_worker_megabytes", auth_worker_megabytes_max},
                                                                            {"lmtp_processes", lmtp_processes_max},
                                                                            {"quota_status_processes", quota_status_processes_max},
                                                                            {"boxes_processes", boxes_processes_max},
                                                                            {"userip_connections", userip_connections_max},
                                                                            {"sieve_line_bytes", sieve_line_bytes_max},
                                                                            {"sieve_cpu_seconds", sieve_cpu_seconds_max},
                                                                            {"sieve_redirects", sieve_redirects_max},
                                                                            {"sieve_script_kilobytes", sieve_script_kilobytes_max},
                                                                            {"sieve_scripts", sieve_scripts_max},
                                                                            {"sieve_scripts_megabytes", sieve_scripts_megabytes_max},
                                                                            {"lesson_seconds", spam_lesson_seconds_max}};
    std::vector<std::pair<std::string, std::string>> values;
    for (const auto& [name, number] : bounds) {
        values.emplace_back(name, std::to_string(number));
    }
    return values;
}

std::vector<std::pair<std::string, std::string>> dovecot_values(const MailModel& model) {
    auto values = dovecot_bounds();
    values.insert(values.end(), {{"place", model.dovecot_folder()},
            {"state", model.state},
            {"binaries", model.binaries},
            {"host", model.host},
            {"inject", model.postfix_folder() + "/queue/public/inject"},
            {"listen", model.trial ? (model.ipv6 ? "127.0.0.1, ::1" : "127.0.0.1") : (model.ipv6 ? "*, ::" : "*")},
            {"dovecot", model.users.dovecot},
            {"dovecot_group", model.users.dovecot_group},
            {"dovenull", model.users.dovenull},
            {"boxes", model.users.boxes},
            {"size_max", std::to_string(model.message_bytes_max)}});
    return values;
}

} // namespace hameau::provisioning
