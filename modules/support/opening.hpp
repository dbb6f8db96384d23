// How most API calls begin: may who asks do this, and which page or which body do they send.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "daemon/contract/module.hpp"
#include "modules/support/paging.hpp"

namespace hameau {

/// `refused` set: that is the answer, and the rest is empty.
struct Opening {
    std::optional<Response> refused;
    Page page;                 ///< of open_page
    boost::json::object body;  ///< of open_body
};

/// `refusal`: what the module says to who may not; nothing where they may.
Opening open_page(const Request& request, std::optional<Response> refusal);
/// As above. A body is read only of who may; at most `bytes_max` of it.
Task<Opening> open_body(Request& request, std::optional<Response> refusal, std::size_t bytes_max);

/// Of rows fetched with one more than the page holds: takes that one away. The cursor of the next page; empty at the end.
/// `key`: a member, or a function of a row.
template <class Row, class Key>
std::string cut_page(std::vector<Row>& rows, const Page& page, Key key) {
    if (rows.size() <= page.limit) {
        return {};
    }
    rows.pop_back();
    return std::string(std::invoke(key, rows.back()));
}

} // namespace hameau
