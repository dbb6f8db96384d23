// Sends questions to one name server and waits for their answers: UDP, and TCP for what is cut. Never blocks the loop: each step has a
// deadline of limits.hpp. Called by look.cpp; it judges nothing.
#pragma once

#include <map>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include "daemon/contract/module.hpp"
#include "modules/mail/records/dns_wire.hpp"

namespace hameau::mailrecords {

using Server = boost::asio::ip::udp::endpoint;
using Replies = std::map<Question, Reply>;

/// All at once, each twice at most. What did not come is Outcome::silent; a name that is none is Outcome::no_name.
Task<Replies> ask_all(boost::asio::io_context& io, Server server, std::vector<Question> questions, Asking asking);

} // namespace hameau::mailrecords
