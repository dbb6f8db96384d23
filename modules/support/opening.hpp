// How the handlers of modules begin: who may do this, and which page or which body do they send.
// Every handler that changes something by a JSON body calls open_body or open_row; tests/peers/house/slow_bodies.py walks the routes.
// It never writes, and it keeps nothing between two requests.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/json.hpp>

#include "daemon/contract/module.hpp"
#include "modules/support/paging.hpp"

namespace hameau {

/// `refused` set: that is the response, and the rest is empty.
struct Opening {
    std::optional<Response> refused;
    Page page;                 ///< of open_page
    boost::json::object body;  ///< of open_body
};

/// A body and the row that it changes, found and judged after the body had come.
template <class Row>
struct RowOpening {
    std::optional<Response> refused;
    boost::json::object body;
    std::optional<Row> row;  ///< there when `refused` is not
};

/// What the module says to who may not, judged by what is stored at the moment of the call; nothing where they may.
using Judge = std::function<std::optional<Response>()>;
/// The row that the path names, or why not, by what is stored at the moment of the call.
template <class Row>
using Finder = std::function<std::variant<Row, Response>()>;

/// `refusal`: what the module says to who may not; nothing where they may.
Opening open_page(const Request& request, std::optional<Response> refusal);

/// Reads a body of at most `bytes_max`. A body may take minutes, and a right may end meanwhile. So `judge` is asked twice:
/// before the body is read, so that nothing is read from who may not, and after it has come. The second response counts.
/// `people` gives the way to people, which tells the caller's present roles; null where the module is people itself and
/// `judge` reads the session.
Task<Opening> open_body(ModuleContext* people, Request& request, const Judge& judge, std::size_t bytes_max);

/// Asks people for the caller's present roles and writes them into `request.who`. Call it after every long wait for the
/// client. The refusal when the session has ended (401), or when people does not answer (503).
Task<std::optional<Response>> identify_again(ModuleContext& context, Request& request);

/// As open_body, for a change of one row: the row that is given was read after the body. What came before the body has no
/// row to change, so a stale one cannot be written back.
template <class Row>
Task<RowOpening<Row>> open_row(ModuleContext* people, Request& request, const Finder<Row>& find, std::size_t bytes_max) {
    std::optional<Row> found;
    const Judge judge = [&find, &found]() -> std::optional<Response> {
        auto outcome = find();
        if (auto* refused = std::get_if<Response>(&outcome)) {
            return std::move(*refused);
        }
        found = std::move(std::get<Row>(outcome));
        return std::nullopt;
    };
    auto opened = co_await open_body(people, request, judge, bytes_max);
    RowOpening<Row> opening;
    opening.refused = std::move(opened.refused);
    opening.body = std::move(opened.body);
    if (!opening.refused) {
        opening.row = std::move(found);
    }
    co_return opening;
}

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
