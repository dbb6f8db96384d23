// Why a part of an archive was not taken, to `hameau import`, which prints the sentence as it is: English, for who runs the house.
#pragma once

#include <string_view>

#include "modules/support/problem.hpp"

namespace hameau {

inline Response refuse_import(int status, std::string_view sentence) {
    boost::json::object out;
    out["status"] = status;
    out["code"] = "import_refused";
    out["detail"] = sentence;
    Response response = json_response(status, out);
    for (auto& [name, value] : response.headers) {
        value = name == "Content-Type" ? "application/problem+json" : value;
    }
    return response;
}

/// The same for what failed: 409 what is taken, 413 what is too large, 503 what may go later, 422 what is wrong, else 507.
inline Response refuse_import(const Error& error) {
    switch (error.kind) {
    case ErrorKind::conflict: return refuse_import(409, error.message);
    case ErrorKind::too_large: return refuse_import(413, error.message);
    case ErrorKind::unavailable: return refuse_import(503, error.message);
    case ErrorKind::invalid:
    case ErrorKind::corrupt: return refuse_import(422, error.message);
    default: return refuse_import(507, error.message);
    }
}

} // namespace hameau
