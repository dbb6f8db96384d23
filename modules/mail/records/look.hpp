// One look at a domain: which servers are asked what, in which order. Nothing is judged and nothing is written here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/journal.hpp"
#include "modules/mail/records/asker.hpp"
#include "modules/mail/records/judge.hpp"

namespace hameau::mailrecords {

/// Who is asked.
struct Panel {
    std::vector<Server> resolvers;        ///< at most resolvers_max
    std::uint16_t authority_port = 53;
    /// Servers of the zone in the house's own network are asked too. Else a domain could lead our questions to a neighbour's router.
    bool near_authority = false;
};

/// Of mail.check_resolvers: ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT separated by ","; "machine" is the first of `resolv_conf`.
/// What cannot be read is left out. near_authority: one of the written ones is in the house's own network.
Panel panel_of(std::string_view setting, std::string_view resolv_conf);
/// Whether nobody outside of the house's own network has this address: loopback, private, link-local, shared (RFC 6890).
bool is_near(const boost::asio::ip::address& address);

/// Takes 20 s at most where nobody answers, a tenth of a second else. `facts.addresses` is not looked at. at_ms of the evidence is
/// the moment of its end.
Task<Evidence> look_at(boost::asio::io_context& io, const Journal& journal, Panel panel, std::string domain, HouseFacts facts);

} // namespace hameau::mailrecords
