// Short conversations over sockets, each step within 3 s. What comes back is cut and without control characters.
#pragma once

#include <string>
#include <vector>

#include "provisioning/diagnose/machine.hpp"

namespace hameau::diagnose {

/// "answered", then a line for each record; or "silent". `name`: for Record::ptr an address. Asks the servers of /etc/resolv.conf.
std::string resolve(const std::string& name, Record record);
Greeting greeting_at(const std::string& address, unsigned port);
std::vector<std::string> converse_at(const std::string& address, unsigned port, const std::vector<std::string>& commands);
TlsFacts handshake_at(const std::string& address, unsigned port, const std::string& host);
int get_at(const std::string& address, unsigned port, const std::string& host);

/// "5.113.0.203.in-addr.arpa" (RFC 1035 §3.5), the nibbles of RFC 3596 §2.5; empty for what is no address.
std::string reverse_name_of(const std::string& address);

} // namespace hameau::diagnose
