// What `hameau apply` prints beside its changes: what waits for somebody, what is kept, what did not come back.
// Called by apply.cpp; never asks the house.
#pragma once

#include <boost/json.hpp>

#include "daemon/cli/content.hpp"

namespace hameau::cli {

/// Of a response: copies of a mailbox that its owner has not agreed to.
void print_waiting(const boost::json::object& answer);
/// Of a response: the invitation of a new member.
void print_invitation(const boost::json::object& answer);
/// Of a response: its warnings, on stderr.
void print_warnings(const boost::json::object& answer);
/// What the file said before and does not say any more stays as it is, and is named.
void print_kept(const Resource& resource, const boost::json::object& present);

} // namespace hameau::cli
