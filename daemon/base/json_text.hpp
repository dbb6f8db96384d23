// JSON of other processes and of archives, read without an error for each field: what is not there, or is something else, is empty. What a
// visitor sends is read by modules/support/json_fields, which says what is wrong.
#pragma once

#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace hameau {

/// The text of that field.
inline std::string text_in(const boost::json::object& object, std::string_view key) {
    const boost::json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// The object that a text says.
inline boost::json::object object_in(std::string_view text) {
    boost::system::error_code failed;
    boost::json::value value = boost::json::parse(boost::json::string_view(text.data(), text.size()), failed);
    return !failed && value.is_object() ? std::move(value.get_object()) : boost::json::object();
}

} // namespace hameau
