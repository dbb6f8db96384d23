// Postfix: main.cf, master.cf and the sqlite maps over the engine_* views of mail.db (modules/mail/manifest.cpp).
// Nothing here is compiled by postmap: a new mailbox or a new certificate needs no run of anything.
#include <algorithm>
#include <cstdio>

#include "provisioning/limits.hpp"
#include "provisioning/mail_model.hpp"

namespace hameau::provisioning {

namespace {

constexpr const char* head = "# Written by hameau-provision from hameau.yaml: changes made here are lost.\n";

constexpr const char* main_template = R"(
compatibility_level = 3.6
mail_owner = {postfix}
setgid_group = {postdrop}
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/stdout
myhostname = {host}
myorigin = $myhostname
mydestination =
mynetworks =
relay_domains =
inet_interfaces = {interfaces}
inet_protocols = {protocols}
append_dot_mydomain = no
biff = no
enable_long_queue_ids = yes
# Dovecot 2.3 does not offer SMTPUTF8: refused at the door instead of bounced later.
smtputf8_enable = no
default_process_limit = {processes}
# Postfix would make each new message wait a second once so many more were begun than queued: 40 senders who break off after RCPT
# would slow down everybody until the queue manager wakes. What arrives is bounded by address (smtpd_client_*) and by disk.
in_flow_delay = 0

# Who has mail here: read from mail.db at each message.
virtual_mailbox_domains = sqlite:$config_directory/maps/domain.cf
virtual_mailbox_maps = sqlite:$config_directory/maps/mailbox.cf
virtual_alias_domains = sqlite:$config_directory/maps/house.cf
virtual_alias_maps = sqlite:$config_directory/maps/alias.cf, sqlite:$config_directory/maps/postmaster.cf
virtual_transport = lmtp:unix:{post}/lmtp
local_transport = error:5.1.1 This house has no local users
local_recipient_maps =
alias_maps =
alias_database =
recipient_delimiter = +
message_size_limit = {message_max}
# What members and their scripts send is refused (452) before the disk is full; what arrives may use the rest.
members_minfree = {members_minfree}
mailbox_size_limit = 0
virtual_mailbox_limit = 0
# One mailbox, whose rules or whose size take long, holds two of the four processes that deliver, never all.
lmtp_destination_recipient_limit = 1
lmtp_destination_concurrency_limit = {lmtp_per_mailbox}
lmtp_connection_cache_on_demand = no
smtp_connection_cache_on_demand = no
notify_classes =

# What arrives.
smtpd_banner = $myhostname ESMTP
smtpd_helo_required = yes
disable_vrfy_command = yes
smtpd_discard_ehlo_keywords = chunking, etrn, silent-discard
smtpd_peername_lookup = {peername_lookup}
# An smtpd remembers for its whole life which domains are ours. So the addresses that exist are looked up first: one of a
# domain that is new is taken at once, by an smtpd that refused it a moment ago too.
smtpd_relay_restrictions = check_recipient_access sqlite:$config_directory/maps/known.cf, reject_unauth_destination
smtpd_recipient_restrictions = reject_non_fqdn_recipient, check_recipient_access sqlite:$config_directory/maps/known.cf, reject_unauth_destination
smtpd_sender_restrictions = reject_non_fqdn_sender{unknown_sender}
smtpd_data_restrictions = reject_unauth_pipelining
smtpd_sender_login_maps = sqlite:$config_directory/maps/sender.cf
# SMTP smuggling: only CR LF . CR LF ends a message, for everybody.
smtpd_forbid_bare_newline = normalize
smtpd_forbid_bare_newline_exclusions =
smtpd_forbid_unauth_pipelining = yes
smtpd_client_event_limit_exceptions ={exempt}
smtpd_client_connection_count_limit = {connections_per_address}
smtpd_client_connection_rate_limit = {connections_per_minute}
smtpd_client_message_rate_limit = {messages_per_minute}
smtpd_client_auth_rate_limit = {sign_ins_per_minute}
# Without the milter mail waits at its sender (451): nothing passes unchecked.
smtpd_milters = { unix:{state}/run/milter.sock, default_action=tempfail, connect_timeout={milter_seconds}s }
members_milters = { unix:{state}/run/milter.sock, default_action=tempfail, connect_timeout={milter_seconds}s }
milter_protocol = 6

smtpd_tls_security_level = may
smtpd_tls_cert_file = {state}/tls/default.pem
smtpd_tls_protocols = >=TLSv1.2
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = unix:{post}/auth
smtpd_sasl_security_options = noanonymous

# What leaves.
smtp_tls_security_level = {smtp_tls}
smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt
smtp_tls_protocols = >=TLSv1.2
smtp_tls_mandatory_protocols = >=TLSv1.2
)";

constexpr const char* master_template = R"(
# service type private unprivileged chroot wakeup limit command
{smtp_port} inet n - n - - smtpd
{submission_port} inet n - n - - smtpd
  -o syslog_name=postfix/submission
  -o smtpd_tls_security_level=encrypt
{members}{submissions_port} inet n - n - - smtpd
  -o syslog_name=postfix/submissions
  -o smtpd_tls_wrappermode=yes
{members}# Where hameau-submit hands in what a Sieve script sends: replies, forwarded mail.
inject unix n - n - {inject_processes} smtpd
  -o syslog_name=postfix/inject
  -o smtpd_client_restrictions=
  -o smtpd_sender_restrictions=
  -o smtpd_relay_restrictions=check_client_access,static:OK,reject
  -o smtpd_recipient_restrictions=
  -o smtpd_milters=$members_milters
  -o milter_macro_daemon_name=INJECTED
  -o local_header_rewrite_clients=
  -o smtpd_tls_security_level=none
  -o queue_minfree=$members_minfree
  -o cleanup_service_name=cleanup-injected
cleanup unix n - n - 0 cleanup
cleanup-members unix n - n - 0 cleanup
{convert}  -o always_add_missing_headers=yes
  -o header_checks=regexp:$config_directory/members_headers
  -o mime_header_checks=
  -o nested_header_checks=
# What is passed on stays as it came, byte for byte: a change would break its sender's signature.
cleanup-injected unix n - n - 0 cleanup
  -o header_checks=regexp:$config_directory/injected_headers
  -o mime_header_checks=
  -o nested_header_checks=
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n - 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
{own}defer unix - - n - 0 bounce
{own}trace unix - - n - 0 bounce
{own}# What Postfix itself writes about mail that did not arrive is signed too.
cleanup-own unix n - n - 0 cleanup
  -o non_smtpd_milters=$members_milters
  -o milter_macro_daemon_name=INJECTED
flush unix n - n - 0 flush
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
)";

/// What is signed must not be changed on the way: 8BITMIME is not offered, so that programs encode to 7 bits themselves, and Postfix from
/// 3.9 on encodes the rest before the milter sees it (force_mime_input_conversion; 3.7 does not know the name, and `postfix check` would complain).
/// Both ports for members: signed in, with an envelope and a header of their own (the milter), and in silence about
/// where they are. An office behind one address sends what it likes: the milter counts by person.
constexpr const char* members_options = R"(  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
  -o smtpd_sender_restrictions=reject_non_fqdn_sender,reject_sender_login_mismatch
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
  -o smtpd_recipient_restrictions=reject_non_fqdn_recipient
  -o smtpd_peername_lookup=no
  -o smtpd_milters=$members_milters
  -o queue_minfree=$members_minfree
  -o smtpd_client_message_rate_limit=0
  -o milter_macro_daemon_name=SUBMISSION
  -o smtpd_discard_ehlo_keywords=chunking,etrn,silent-discard,8bitmime
  -o cleanup_service_name=cleanup-members
)";

/// Bounces. Without the milter they wait with the message that they are about.
constexpr const char* own_options = R"(  -o cleanup_service_name=cleanup-own
  -o internal_mail_filter_classes=bounce
)";

/// Our own Received line keeps its hop, protocol and date, and loses the member's address and host name. It stays as a
/// line: the milter protocol counts Received lines from the second one.
constexpr const char* members_headers = R"(/^Received: from .*[[:space:]]by ({host_regexp}) \(Postfix\)[[:space:]]+with (E?SMTPS?A?) id ([0-9A-Za-z]+).*; *([^;]+)$/
  REPLACE Received: by $1 (Hameau) with $2 id $3; $4
/^(Received|X-Originating-IP):/ IGNORE
)";

/// The line of this computer's own hop names the mailbox whose script handed the message in (HELO of hameau-submit).
constexpr const char* injected_headers = R"(/^Received: from .*\(localhost \[127\.0\.0\.1\]\)[[:space:]]+by ({host_regexp}) \(Postfix\)[[:space:]]+with (E?SMTP) id ([0-9A-Za-z]+).*; *([^;]+)$/
  REPLACE Received: by $1 (Hameau) with $2 id $3; $4
)";

std::string map_file(const MailModel& model, const std::string& query) {
    return head + ("dbpath = " + model.state) + "/mail/mail.db\nquery = " + query + "\n";
}

std::string escape_regexp(const std::string& host) {
    std::string out;
    for (const char c : host) {
        out += c == '.' ? std::string("\\.") : std::string(1, c);
    }
    return out;
}

/// RFC 2142: postmaster@ and abuse@ of each domain, and of the house's own name, reach somebody: the managers of the
/// domain's association; where none of them has a mailbox, the managers of the house; else the first mailbox there is.
std::string postmaster_query(const MailModel& model) {
    const std::string own = "SELECT target FROM engine_postmaster WHERE domain = '%d'";
    const std::string managers = "SELECT target FROM engine_postmaster";
    return "WITH wanted AS (SELECT 1 WHERE lower('%u') IN ('postmaster', 'abuse')"
           " AND (EXISTS (SELECT 1 FROM engine_open_domain WHERE name = '%d') OR '%d' = '" + model.host + "')"
           " AND NOT EXISTS (SELECT 1 FROM engine_mailbox WHERE address = '%s'))"
           " SELECT target FROM (" + own +
           " UNION SELECT target FROM (" + managers + " ORDER BY domain, target LIMIT 4) WHERE NOT EXISTS (" + own + ")"
           " UNION SELECT address FROM (SELECT address FROM engine_mailbox ORDER BY address LIMIT 1)"
           " WHERE NOT EXISTS (" + managers + ")) WHERE EXISTS (SELECT 1 FROM wanted)";
}

/// OK for each address that has mail here now, postmaster@ and abuse@ of each domain included.
std::string known_query() {
    return "SELECT 'OK' WHERE EXISTS (SELECT 1 FROM engine_mailbox WHERE address = '%s')"
           " OR EXISTS (SELECT 1 FROM engine_alias WHERE address = '%s')"
           " OR (lower('%u') IN ('postmaster', 'abuse') AND EXISTS (SELECT 1 FROM engine_open_domain WHERE name = '%d'))";
}

std::string outside_settings(const MailModel& model) {
    if (!model.smarthost.empty()) {
        return "relayhost = " + model.smarthost + "\n";
    }
    if (model.trial) {
        return "# A trial sends nothing: what is for the outside stays in the queue, and master.cf has no smtp client.\n"
               "defer_transports = smtp\n";
    }
    return "relayhost =\nsmtp_tls_policy_maps = socketmap:unix:private/mta-sts:mta-sts\n";
}

std::string smtp_tls_level(const MailModel& model) {
    if (model.smarthost.empty() || model.smarthost_tls == Tls::opportunistic) {
        return "may";
    }
    return model.smarthost_tls == Tls::required ? "encrypt" : "secure";
}

} // namespace

bool converts_to_7bit(std::string_view version) {
    int major = 0;
    int minor = 0;
    const bool read = std::sscanf(std::string(version).c_str(), "%d.%d", &major, &minor) == 2;
    return read && (major > 3 || (major == 3 && minor >= 9));
}

std::vector<EngineFile> postfix_files(const MailModel& model) {
    std::string exempt;
    for (const std::string& network : model.exempt_networks) {
        const std::size_t slash = network.find('/');
        const bool v6 = network.find(':') != std::string::npos;
        exempt += " " + (v6 ? "[" + network.substr(0, slash) + "]" + network.substr(slash) : network);
    }
    std::vector<std::pair<std::string, std::string>> values = {
        {"postfix", model.users.postfix},
        {"postdrop", model.users.postdrop},
        {"folder", model.postfix_folder()},
        {"post", model.post_folder()},
        {"state", model.state},
        {"host", model.host},
        {"host_regexp", escape_regexp(model.host)},
        {"interfaces", model.trial ? "loopback-only" : "all"},
        {"protocols", model.ipv6 ? "all" : "ipv4"},
        {"members_minfree", std::to_string(std::min(model.disk_floor_bytes, postfix_number_max))},
        {"message_max", std::to_string(model.message_bytes_max)},
        {"peername_lookup", model.trial ? "no" : "yes"},
        {"unknown_sender", model.trial ? "" : ", reject_unknown_sender_domain"},
        {"exempt", exempt},
        {"smtp_tls", smtp_tls_level(model)},
        {"smtp_port", std::to_string(model.smtp_port)},
        {"submission_port", std::to_string(model.submission_port)},
        {"submissions_port", std::to_string(model.submissions_port)},
        {"members", members_options},
        {"own", own_options},
        {"convert", model.converts_to_7bit ? "  -o force_mime_input_conversion=yes\n" : ""},
        {"processes", std::to_string(postfix_processes_max)},
        {"connections_per_address", std::to_string(smtp_connections_per_address_max)},
        {"connections_per_minute", std::to_string(smtp_connections_per_minute_max)},
        {"messages_per_minute", std::to_string(smtp_messages_per_minute_max)},
        {"sign_ins_per_minute", std::to_string(smtp_sign_ins_per_minute_max)},
        {"inject_processes", std::to_string(inject_processes_max)},
        {"lmtp_per_mailbox", std::to_string(lmtp_processes_per_mailbox)},
        {"milter_seconds", std::to_string(milter_connect_seconds)},
    };
    const bool sends = !model.trial || !model.smarthost.empty();
    std::string master = fill_template(master_template, values);
    if (sends) {
        // A server that offers no 8BITMIME gets eight bits all the same: encoding them here would break our signature, and the one of a
        // message that is only passed on.
        master += "smtp unix - - n - - smtp\n  -o disable_mime_output_conversion=yes\n";
    }
    if (model.asks_mta_sts()) {
        // A process for each smtp client that runs, as a user that owns nothing else: it lives while mail leaves.
        master += "mta-sts unix - n n - - spawn\n  user=" + model.users.dovenull + " argv=" + model.binaries + "/hameau-mta-sts " + model.state +
                  std::string(mta_sts_folder) + " /etc/ssl/certs/ca-certificates.crt\n";
    }
    return {
        {"main.cf", head + fill_template(main_template, values) + outside_settings(model)},
        {"master.cf", head + master},
        {"members_headers", head + fill_template(members_headers, values)},
        {"injected_headers", head + fill_template(injected_headers, values)},
        {"maps/domain.cf", map_file(model, "SELECT name FROM engine_domain WHERE name = '%s'")},
        {"maps/house.cf", map_file(model, "SELECT '%s' WHERE '%s' = '" + model.host +
                                              "' AND NOT EXISTS (SELECT 1 FROM engine_domain WHERE name = '%s')")},
        {"maps/known.cf", map_file(model, known_query())},
        {"maps/mailbox.cf", map_file(model, "SELECT address FROM engine_mailbox WHERE address = '%s'")},
        {"maps/alias.cf", map_file(model, "SELECT target FROM engine_alias WHERE address = '%s'")},
        {"maps/postmaster.cf", map_file(model, postmaster_query(model))},
        {"maps/sender.cf", map_file(model, "SELECT user FROM engine_sender WHERE address = '%s'")},
    };
}

} // namespace hameau::provisioning
