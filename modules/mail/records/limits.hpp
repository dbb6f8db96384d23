// Limits of the look-ups for the DNS page of a domain. Each has its unit and its reason.
#pragma once

#include <chrono>
#include <cstddef>

namespace hameau::mailrecords {

// One answer, which a stranger may have written
/// Octets asked for over UDP: what passes everywhere in one piece (DNS flag day 2020). Larger answers come by TCP.
inline constexpr std::size_t udp_octets = 1232;
/// Octets of an answer over TCP that are read.
inline constexpr std::size_t tcp_octets_max = 16384;
/// Records of one answer that are kept: a zone with more MX or TXT records has a problem that this page shows anyway.
inline constexpr std::size_t records_max = 24;
/// Octets of one record as text: an RSA key of 4096 bits has 740, a long SPF record 2,000.
inline constexpr std::size_t record_octets_max = 2048;
/// Octets of one string of a TXT record (RFC 1035 §3.3): longer values are cut into several.
inline constexpr std::size_t string_octets_max = 255;
/// Pointers that one compressed name may follow (RFC 1035 §4.1.4).
inline constexpr int name_jumps_max = 16;

// One look at a domain
/// Questions to one server in one look: about 25 for the records, the rest for SPF and the walk of DMARC.
inline constexpr std::size_t questions_max = 90;
/// Questions repeated over TCP because their answer was cut: the TXT records of a domain, rarely more.
inline constexpr std::size_t tcp_questions_max = 6;
/// Resolvers that are asked: two that have nothing to do with each other, and the machine's own.
inline constexpr std::size_t resolvers_max = 3;
/// Servers of the zone that are tried before the authority counts as silent.
inline constexpr std::size_t authorities_max = 3;
/// Rounds of questions that SPF may need: each include: is one (RFC 7208 §4.6.4 allows ten terms, which may lie side by side).
inline constexpr int spf_rounds_max = 6;
/// Names above a domain where DMARC is looked for (RFC 9989 §4.10 allows eight queries).
inline constexpr std::size_t tree_max = 7;
/// Addresses of the house that are looked at.
inline constexpr std::size_t addresses_max = 4;

// Time
/// How long the first and the second try wait for answers.
inline constexpr std::chrono::milliseconds first_try{1500};
inline constexpr std::chrono::milliseconds second_try{2000};
/// How long one question over TCP may take, and when no further one begins.
inline constexpr std::chrono::milliseconds tcp_try{2000};
inline constexpr std::chrono::milliseconds tcp_patience{2000};
/// After so long no further round begins: the browser waits 30 s, and one round takes 7.5 s at most, TCP included.
inline constexpr std::chrono::seconds look_patience{10};

// Budgets
/// Looks that one association may start within a minute: a person who changes a record presses the button a few times.
inline constexpr std::size_t looks_per_minute_max = 6;
/// Looks of all associations that run at a time: each has up to four sockets and 300 questions open.
inline constexpr std::size_t looks_at_once_max = 3;
/// Octets of the file of one look: questions_max answers of four servers, usually 10 kB.
inline constexpr std::size_t look_octets_max = 512 * 1024;
/// Octets of a domain's DKIM records as hameau-milter writes them.
inline constexpr std::size_t dkim_octets_max = 16 * 1024;
/// Octets of what was seen in one sentence or field of the page: a DKIM record of 2048 bits has 410.
inline constexpr std::size_t shown_octets_max = 700;
/// Octets of /etc/resolv.conf.
inline constexpr std::size_t resolv_conf_octets_max = 64 * 1024;

} // namespace hameau::mailrecords
