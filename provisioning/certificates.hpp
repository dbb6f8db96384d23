// Certificates of the trial: a private authority, and leaves that it signs. Keys are P-256, files "chain then key".
#pragma once

#include <string>
#include <vector>

#include <openssl/x509.h>

#include "daemon/base/result.hpp"

namespace hameau::provisioning {

/// STATE/tls/ca.pem with its key ca.key (made once), and default.pem for the house's host, the mail ports, loopback.
/// default.pem is made again when its names changed or fewer than 30 days remain. gate_gid may read it (0: unchanged).
Status make_trial_authority(const std::string& state, const std::string& house_host, unsigned gate_gid);

/// Whether the authority of STATE/tls signed it: a stand-in until a better one comes.
bool is_self_made(const std::string& state, X509* certificate);

/// STATE/tls/hosts/HOST.pem signed by the trial's authority, for the names; kept when it is still good.
Status make_trial_certificate(const std::string& state, const std::string& host, const std::vector<std::string>& names,
                              unsigned gate_gid);

} // namespace hameau::provisioning
