// The diagnosis as JSON: what the portal's call and `hameau diagnose --json` answer (config/openapi.yaml: Diagnosis).
#pragma once

#include <string_view>

#include <boost/json.hpp>

namespace hameau::diagnosis {

/// `words`: the lines that the verbs diagnose and diagnosis answer (provisioning/diagnose/turn.hpp).
boost::json::object document_of(std::string_view words, bool english);

} // namespace hameau::diagnosis
