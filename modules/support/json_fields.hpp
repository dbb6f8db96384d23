// Reading a request's JSON: bounded, strict, every error at once. A field that nobody asked for is an error that
// names the nearest known one. Never trusts a count or a length of the sender.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "daemon/contract/module.hpp"
#include "modules/support/limits.hpp"
#include "modules/support/problem.hpp"

namespace hameau {

/// The text as one JSON object; nesting at most 32. Errors: invalid.
Result<boost::json::object> parse_json_object(std::string_view text);
/// The body as one JSON object; an empty body is an empty object. Errors: invalid, too_large (the message is the
/// limit in bytes), closed, timed_out; answer them with body_problem().
Task<Result<boost::json::object>> read_json(Request& request, std::size_t bytes_max);

/// In characters (code points), both included.
struct Length {
    std::size_t least = 1;
    std::size_t most = 200;
};

/// Takes the fields out of one object. Read them all, then ask finish(); on false answer with refuse().
/// A required field that is missing or wrong gives an empty value and one error.
class JsonFields {
public:
    explicit JsonFields(const boost::json::object& object) : object_(object) {}

    /// Required plain text of one line.
    std::string text(std::string_view name, Length length = {});
    /// Absent or null: nothing.
    std::optional<std::string> optional_text(std::string_view name, Length length = {});
    /// Text with control characters allowed: passwords and bodies of several lines.
    std::string raw_text(std::string_view name, Length length = {});
    std::optional<std::string> optional_raw_text(std::string_view name, Length length = {});

    std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most);
    std::optional<std::int64_t> optional_integer(std::string_view name, std::int64_t least, std::int64_t most);
    /// Bytes: a number, or text such as "500 MiB".
    std::optional<std::uint64_t> optional_size(std::string_view name);
    bool boolean(std::string_view name, bool otherwise);
    std::optional<bool> optional_boolean(std::string_view name);
    std::optional<std::vector<std::string>> optional_texts(std::string_view name, std::size_t count_max, Length length = {});
    std::vector<std::string> texts(std::string_view name, std::size_t count_max, Length length = {});
    /// The object is owned by the one given to the constructor; null when absent or wrong.
    const boost::json::object* optional_object(std::string_view name);
    const boost::json::object* object(std::string_view name);
    const boost::json::array* optional_array(std::string_view name, std::size_t count_max);
    /// `choices` as "a|b|c".
    std::string choice(std::string_view name, std::string_view choices);
    std::optional<std::string> optional_choice(std::string_view name, std::string_view choices);

    /// Checked and in their stored form.
    std::string slug(std::string_view name);
    std::string login(std::string_view name);
    std::string address(std::string_view name);
    std::optional<std::string> optional_address(std::string_view name);
    /// Wherever it may be: the part before the "@" keeps its capitals (outside_address()).
    std::optional<std::string> optional_outside_address(std::string_view name);
    std::string host_name(std::string_view name);

    /// The field is there, even when it is null.
    bool has(std::string_view name) const { return object_.contains(name); }
    /// It is there and null.
    bool is_null(std::string_view name) const;
    /// Adds a refusal found elsewhere; `code` is in the module's catalogue or the common one.
    void refuse_field(std::string_view name, std::string_view code, Parameters parameters = {});
    /// A nested object's errors, as "name.field".
    void take_errors(std::string_view name, JsonFields& nested);

    /// Adds an error for each field that was not asked for; true when there is none at all.
    bool finish();
    const std::vector<FieldError>& errors() const { return errors_; }
    /// 422 with every error.
    Response refuse(const Request& request, Catalogue catalogue = common_catalogue) const;

private:
    const boost::json::value* take(std::string_view name);
    const boost::json::value* require(std::string_view name);
    std::optional<std::string> checked_text(std::string_view name, const boost::json::value* value, Length length, bool raw);
    std::optional<std::int64_t> checked_integer(std::string_view name, const boost::json::value* value,
                                                std::int64_t least, std::int64_t most);
    std::optional<std::string> checked_choice(std::string_view name, std::optional<std::string> text, std::string_view choices);
    void wrong_type(std::string_view name, std::string_view type) ;

    const boost::json::object& object_;
    std::vector<std::string> known_;
    std::vector<FieldError> errors_;
};

} // namespace hameau
