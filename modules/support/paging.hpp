// Lists: {"items":[...],"next":null|"cursor"} with ?after=cursor&limit=n. The cursor is the last item's key.
#pragma once

#include <string>

#include <boost/json.hpp>

#include "daemon/contract/module.hpp"
#include "modules/support/limits.hpp"

namespace hameau {

struct Page {
    std::string after;  ///< empty: from the start
    std::size_t limit = page_items_default;
};

/// Errors: invalid; answer with problem(request, 400, "bad_page").
Result<Page> read_page(const Request& request);

/// 200 with the items; `next` empty: that was all. Fetch limit + 1 rows to know.
Response list_response(boost::json::array items, const std::string& next);

} // namespace hameau
