// A house without a host name waits for its first set-up (docs/decisions/2026-11-30-first-run.md).
#include <algorithm>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/base/local_addresses.hpp"
#include "daemon/supervisor/house.hpp"
#include "daemon/supervisor/limits.hpp"

namespace hameau::supervisor {

namespace {
constexpr Event house_waiting{"house.waiting", Level::notice, "the house has no host name yet: `hameau setup`, as root, shows the link, the code and the QR code"};
constexpr Event host_of_file{"house.host_of_file", Level::notice, "the settings file wins over the first set-up"};
} // namespace

/// What the first set-up chose (hameau-provision set-host); empty: nothing yet.
std::string House::read_host_of_setup() const {
    std::string host = read_file(place_.state + "/host", host_file_bytes_max).value_or("");
    host.erase(std::min(host.find_first_of("\r\n"), host.size()));
    return host;
}

bool House::is_waiting() const { return settings_.text("house.host").empty(); }

/// Of settings that are in force: which of two names counts; and while the house has none, where it is reached and how its secret is
/// shown: in the journal, and in the file STATE/waiting for who signs in on the machine (debian/hameau.motd). Never the secret itself.
Status House::say_host() {
    const std::string host_of_setup = read_host_of_setup();
    if (const std::string& host = settings_.text("house.host"); !place_.trial && !host_of_setup.empty() && host != host_of_setup) {
        journal_.write(host_of_file, {{"host", host}, {"of_setup", host_of_setup}});
    }
    const std::string file = place_.state + "/waiting";
    if (!is_waiting()) {
        ::unlink(file.c_str());
        return {};
    }
    std::string places;
    for (const std::string& address : local_addresses()) {
        places += (places.empty() ? "" : " ") + setup_address(address, settings_.integer("house.https_port"));
    }
    journal_.write(house_waiting, {{"open", places}});
    (void)write_file_atomically(file, places + "\n", 0644);
    return {};
}

} // namespace hameau::supervisor
