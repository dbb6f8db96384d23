// Limits of what is read from strangers to authenticate a message. Each has its unit and its reason.
#pragma once

#include <cstddef>

#include "daemon/base/clock.hpp"

namespace hameau::mailauth {

// DNS
/// Octets of a domain name as text (RFC 1035 §2.3.4), without the last dot.
inline constexpr std::size_t domain_octets_max = 253;
inline constexpr std::size_t label_octets_max = 63;
/// Octets of one TXT record that is looked at: an RSA key of 4096 bits has 740, a long SPF record 2,000.
inline constexpr std::size_t txt_octets_max = 8192;
/// Records of one answer that are looked at. SPF: 10 MX or PTR; addresses of one name: a large farm has 32.
inline constexpr std::size_t records_max = 64;

// SPF (RFC 7208)
/// Terms that cause look-ups, §4.6.4.
inline constexpr int spf_terms_max = 10;
/// Look-ups without an answer, §4.6.4.
inline constexpr int spf_void_max = 2;
/// Names of one mx or ptr term, §4.6.4.
inline constexpr std::size_t spf_names_max = 10;
/// Macros of one text, and octets that they make: a name has 253, an explanation one line. Each costs the length of what a stranger said.
inline constexpr std::size_t spf_macros_max = 64;
inline constexpr std::size_t spf_expanded_octets_max = 4096;
/// Octets of a local part and of a HELO name in macros; RFC 5321 §4.5.3.1 allows 64 and 255, Postfix takes 800.
inline constexpr std::size_t spf_local_octets_max = 320;
inline constexpr std::size_t spf_helo_octets_max = 255;
/// Octets of an expanded explanation: what fits into a reply of SMTP.
inline constexpr std::size_t spf_explanation_octets_max = 400;
/// Parts that a macro keeps: no name of 253 octets has more labels.
inline constexpr unsigned spf_parts_max = 128;

// The header section of a message
/// Fields that are kept to be verified; a message with more gets permerror.
inline constexpr std::size_t fields_max = 1000;
/// Octets of all kept fields: Postfix takes 100 KiB in one field, and a long way through lists makes 60. Each of the signatures below is
/// computed over all of them at most, while other messages wait: about 2 ms.
inline constexpr std::size_t header_octets_max = 256 * 1024;
/// Fields that h= of one signature may name: 40 is usual, oversigned twice that.
inline constexpr std::size_t signed_fields_max = 300;
/// DKIM signatures of one message that are verified: lists and providers add one or two each. Each costs a look-up and an RSA operation.
inline constexpr std::size_t dkim_signatures_max = 8;
/// Sets of ARC fields (RFC 8617 §5.1.1.1).
inline constexpr unsigned arc_sets_max = 50;
/// Tags of one tag-list; the largest known kind has 15.
inline constexpr std::size_t tags_max = 64;

// Keys
/// Bits of an RSA key (RFC 8301 §3.2: verifiers take 1024 to 4096).
inline constexpr int rsa_bits_min = 1024;
inline constexpr int rsa_bits_max = 4096;
/// Bits of the public exponent: 65537 has 17. OpenSSL takes 3072, and one signature would cost 150 times as much.
inline constexpr int rsa_exponent_bits_max = 32;

// DMARC (RFC 9989)
/// Queries of one tree walk (§4.10).
inline constexpr std::size_t tree_walk_queries_max = 8;
/// Different domains in From that are judged; a message with more gets permerror.
inline constexpr std::size_t author_domains_max = 4;

// Authentication-Results
/// Octets of one value: an address of 64 + 1 + 255.
inline constexpr std::size_t result_value_octets_max = 320;

// One message
/// Look-ups for SPF, DKIM, ARC and alignment: 14 are usual. The largest number that the RFCs allow together is over 130; nobody needs it.
inline constexpr std::size_t lookups_per_message_max = 60;
/// Look-ups for the records of the domains in From: the walk of each, and whether the name exists (np=).
inline constexpr std::size_t author_lookups_max = author_domains_max * (tree_walk_queries_max + 1);

} // namespace hameau::mailauth
