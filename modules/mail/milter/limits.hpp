// Limits of hameau-milter, through which every message goes. Each has its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

#include "daemon/base/clock.hpp"

namespace hameau::milter {

// Connections of Postfix
/// Connections: Postfix has at most 40 smtpd (provisioning/limits.hpp, postfix_processes_max), each with one or two.
inline constexpr std::size_t connections_max = 200;
/// Postfix sends a header of at most header_size_limit (100 KiB) and body chunks of at most 64 KiB - 1.
inline constexpr std::size_t packet_bytes_max = 256 * 1024;
/// Bytes of replies that Postfix has not read; it reads each before it sends on.
inline constexpr std::size_t out_bytes_max = 4 << 20;
/// Bytes of the text of a reply: a line of SMTP has 512 (RFC 5321 §4.5.3.1.5).
inline constexpr std::size_t reply_text_max = 480;
/// Macros of one packet; Postfix sends a dozen.
inline constexpr std::size_t macros_max = 64;

// One message
/// Recipients of one message of a member: twice what Postfix accepts in one session.
inline constexpr std::size_t recipients_max = 2000;
/// Header fields of one message: beyond it is refused, not judged in part.
inline constexpr std::size_t headers_max = 4000;
/// Authentication-Results fields of one message: a long way makes ten. Postfix took 16 s to take 4000 out.
inline constexpr std::size_t results_fields_max = 50;
/// Fields of a member's message that tell where the member is, taken out likewise: a message that is sent again has 30 Received.
inline constexpr std::size_t hidden_fields_max = 100;
/// What Postfix and Dovecot add in front: Received lines, Return-Path, Delivered-To.
inline constexpr std::uint64_t trace_bytes = 600;
/// Addresses in one From field: more is not a letter of a person.
inline constexpr std::size_t addresses_max = 32;
/// Bytes of one of them: a local part of 64 and a domain of 255.
inline constexpr std::size_t address_bytes_max = 320;
/// From fields of one message (RFC 5322 §3.6 allows one); a message with more is refused.
inline constexpr std::size_t from_fields_max = 16;
/// Comments within comments (RFC 5322 §3.2.2).
inline constexpr int comment_depth_max = 16;

// Look-ups
/// Milliseconds that a look-up in mail.db waits for its writer: all other messages wait with it.
inline constexpr int rights_busy_ms = 500;
/// Mailboxes that one recipient leads to and whose room is asked for.
inline constexpr std::size_t rights_mailboxes_max = 16;
/// Addresses followed from one recipient, through aliases and groups.
inline constexpr std::size_t rights_lookups_max = 64;
/// Bytes of a response of Dovecot's quota-status: a few lines.
inline constexpr std::size_t quota_response_bytes_max = 1024;
/// How long quota-status may take; without it the message is taken, and LMTP judges.
inline constexpr Duration quota_wait{5000};

// DNS, for the checks of what arrives
/// How long the look-ups of one message may take together. Postfix waits 300 s for the milter, the sender's server 600 s for its 250.
inline constexpr Duration dns_wait_per_message{20000};
/// How long one server may take for one look-up, the first time; the second time twice as long.
inline constexpr int dns_try_ms = 2500;
inline constexpr int dns_tries = 2;
/// Look-ups of one message for SPF, DKIM, ARC and alignment that are open at a time; the others wait for their turn.
inline constexpr std::size_t dns_open_per_message_max = 12;
/// Those of all messages that are open at a time: 40 smtpd with 12 each. Beyond it they wait until the time of their message is up.
inline constexpr std::size_t dns_open_max = 480;
/// Room beside it that only the policies of the domains in From and the house's own records may use: 40 smtpd with 12 each.
inline constexpr std::size_t dns_open_first_max = 480;
/// Open look-ups from which on a time-out counts as ours and not as a DNS that fails: ten messages at a time with all that each may ask.
inline constexpr std::size_t dns_crowded = 120;
/// How long the name server that answered is asked before the one that did not: then the first of /etc/resolv.conf gets another chance.
inline constexpr Duration dns_server_kept{300000};
/// How often a message that DNS kept waiting too long is logged: anybody can send such messages.
inline constexpr Duration dns_slow_logged{600000};
/// Octets of an answer over UDP that we ask for: what passes everywhere in one piece (DNS flag day 2020). Larger ones come by TCP.
inline constexpr int dns_udp_octets = 1232;

/// DNS counts as silent when so many look-ups in a row failed, over so long a time.
inline constexpr unsigned dns_silent_look_ups = 20;
inline constexpr Duration dns_silent_after{180 * 1000};

/// How long mail of a domain waits (451) whose policy DNS does not tell, from the first message on: honest servers try for days.
inline constexpr long dns_patience_seconds = 2L * 3600;
/// How long such a domain is remembered behind its last message, so that one that is broken for good waits once and not each week.
inline constexpr long dns_patience_kept_seconds = 30L * 86400;
/// Such domains in memory, 200 bytes each. Beyond it the one that wrote least recently waits anew.
inline constexpr std::size_t dns_patience_domains_max = 1000;

/// How long a member's program waits for the look-up of the house's own record.
inline constexpr Duration dns_wait_to_sign{5000};

// Signatures of what leaves
inline constexpr int signing_key_bits = 2048;
/// Keys of one domain: the present one, and the next while its record spreads.
inline constexpr std::size_t signing_keys_max = 2;
/// Domains whose keys are held in memory: some kilobytes each.
inline constexpr std::size_t signing_domains_max = 200;
/// Bytes of a key's file: RSA of 2048 bits has 1,700.
inline constexpr std::size_t signing_key_bytes_max = 16 * 1024;
/// Bytes of the file with the records of one domain: two lines of 450.
inline constexpr std::size_t signing_records_bytes_max = 4096;
/// Octets of a line with its CR: Postfix cuts longer ones when it sends (smtp_line_length_limit), which would break the signature.
inline constexpr std::size_t signed_line_octets_max = 999;
/// Seconds since 1970 (2026-01-01): a clock before it is wrong, and a signature from the past or the future is none.
inline constexpr long signing_clock_least = 1767225600;
/// How often the domains of the house are compared with the keys, at most.
inline constexpr Duration signing_keys_look{10000};
/// How long after failures: each pause is twice the last one.
inline constexpr Duration signing_keys_pause_max{3600 * 1000};
/// Domains that are looked at then. One that has its key costs a look at one file.
inline constexpr std::size_t signing_domains_listed_max = 5000;

/// Age at which a key gets a successor: whoever copied it signs no longer than that. Somebody has to put a record into DNS for it.
inline constexpr long signing_key_seconds = 365L * 86400;
/// How long an older key and its record stay when the newer one's record is seen: mail waits 5 days in queues before it is verified.
inline constexpr long signing_key_overlap_seconds = 7L * 86400;
/// How long the keys of a domain stay that is not ours any more: an association lies in the bin for 30 days and comes back whole.
inline constexpr long signing_key_left_seconds = 45L * 86400;
/// How often the ages are looked at: a look opens one folder for each domain.
inline constexpr Duration signing_keys_tend{3600 * 1000};

// What a member sends to the outside
/// An album of photographs in one evening: twelve messages of the largest size.
inline constexpr std::uint64_t outgoing_bytes_at_once = std::uint64_t{250} << 20U;
/// 3 GB in the five days that Postfix keeps what it cannot deliver.
inline constexpr std::uint64_t outgoing_bytes_per_hour = std::uint64_t{25} << 20U;
/// A message counts as this at least: in the queue it is two files with a block and an inode each, however short its text. Bytes.
inline constexpr std::uint64_t outgoing_bytes_least = 16 << 10U;
/// Recipients that one member may write to at once: a circular to a large association, one by one. A group's address is one recipient. A stolen
/// password sends no more than this and what comes back to it, 1,100 on its first day and 600 on the next.
inline constexpr double outgoing_recipients_at_once = 500;
inline constexpr double outgoing_recipients_per_hour = 25;
/// Users and addresses that are remembered; those who have everything again are forgotten first.
inline constexpr std::size_t outgoing_users_max = 20000;

} // namespace hameau::milter
