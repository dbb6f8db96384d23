// Fields: each reader takes one value, checks type, then length, then characters.
#include "modules/support/json_fields.hpp"

#include "daemon/base/domain_letters.hpp"
#include "daemon/base/io.hpp"
#include "modules/support/limits.hpp"
#include "modules/support/outside_address.hpp"
#include "modules/support/validators.hpp"

namespace hameau {

namespace json = boost::json;

Result<json::object> parse_json_object(std::string_view text) {
    boost::system::error_code failed;
    json::value value = json::parse(text, failed);
    if (failed || !value.is_object()) {
        return fail(ErrorKind::invalid, "the body is not a JSON object");
    }
    return std::move(value.as_object());
}

const json::value* JsonFields::take(std::string_view name) {
    known_.emplace_back(name);
    const json::value* value = object_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

const json::value* JsonFields::require(std::string_view name) {
    const json::value* value = take(name);
    if (value == nullptr) {
        refuse_field(name, "field.missing");
    }
    return value;
}

void JsonFields::wrong_type(std::string_view name, std::string_view type) {
    Parameters parameters;
    parameters.emplace_back("type", std::string(type));
    refuse_field(name, "field.type", std::move(parameters));
}

std::optional<std::string> JsonFields::checked_text(std::string_view name, const json::value* value, Length length, bool raw) {
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_string()) {
        wrong_type(name, "text");
        return std::nullopt;
    }
    const std::string_view sent(value->get_string().data(), value->get_string().size());
    const std::string text = raw ? std::string(sent) : without_unseen(sent);
    const std::size_t characters = count_characters(text);
    if (characters < length.least) {
        refuse_field(name, length.least == 1 ? "field.missing" : "field.short", {{"min", std::to_string(length.least)}});
        return std::nullopt;
    }
    if (characters > length.most) {
        refuse_field(name, "field.long", {{"max", std::to_string(length.most)}});
        return std::nullopt;
    }
    if (!raw && !is_plain_text(text)) {
        refuse_field(name, "field.text");
        return std::nullopt;
    }
    // What must say something says something that people see: a name of two U+200B is a person whom nobody finds in a list.
    if (!raw && length.least > 0 && !has_visible_character(text)) {
        refuse_field(name, "field.unseen");
        return std::nullopt;
    }
    return text;
}

std::string JsonFields::text(std::string_view name, Length length) {
    return checked_text(name, require(name), length, false).value_or("");
}
std::optional<std::string> JsonFields::optional_text(std::string_view name, Length length) {
    return checked_text(name, take(name), length, false);
}
std::string JsonFields::raw_text(std::string_view name, Length length) {
    return checked_text(name, require(name), length, true).value_or("");
}
std::optional<std::string> JsonFields::optional_raw_text(std::string_view name, Length length) {
    return checked_text(name, take(name), length, true);
}

std::optional<std::int64_t> JsonFields::checked_integer(std::string_view name, const json::value* value, std::int64_t least,
                                                    std::int64_t most) {
    if (value == nullptr) {
        return std::nullopt;
    }
    boost::system::error_code failed;
    const bool number = value->is_int64() || value->is_uint64();
    const auto read = number ? value->to_number<std::int64_t>(failed) : std::int64_t{0};
    if (!number || failed || read < least || read > most) {
        refuse_field(name, "field.range", {{"min", std::to_string(least)}, {"max", std::to_string(most)}});
        return std::nullopt;
    }
    return read;
}

std::int64_t JsonFields::integer(std::string_view name, std::int64_t least, std::int64_t most) {
    return checked_integer(name, require(name), least, most).value_or(least);
}
std::optional<std::int64_t> JsonFields::optional_integer(std::string_view name, std::int64_t least, std::int64_t most) {
    return checked_integer(name, take(name), least, most);
}

std::optional<std::uint64_t> JsonFields::optional_size(std::string_view name) {
    const json::value* value = take(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    std::optional<std::uint64_t> size;
    if (value->is_string()) {
        size = parse_size(std::string_view(value->get_string().data(), value->get_string().size()));
    } else if (value->is_int64() && value->get_int64() >= 0) {
        size = static_cast<std::uint64_t>(value->get_int64());
    }
    if (!size) {
        refuse_field(name, "field.size");
    }
    return size;
}

std::optional<bool> JsonFields::optional_boolean(std::string_view name) {
    const json::value* value = take(name);
    if (value != nullptr && !value->is_bool()) {
        wrong_type(name, "true, false");
        return std::nullopt;
    }
    return value == nullptr ? std::optional<bool>() : std::optional<bool>(value->get_bool());
}
bool JsonFields::boolean(std::string_view name, bool otherwise) { return optional_boolean(name).value_or(otherwise); }

const json::array* JsonFields::optional_array(std::string_view name, std::size_t count_max) {
    const json::value* value = take(name);
    if (value == nullptr) {
        return nullptr;
    }
    if (!value->is_array()) {
        wrong_type(name, "[ ]");
        return nullptr;
    }
    if (value->get_array().size() > count_max) {
        refuse_field(name, "field.count", {{"max", std::to_string(count_max)}});
        return nullptr;
    }
    return &value->get_array();
}

std::optional<std::vector<std::string>> JsonFields::optional_texts(std::string_view name, std::size_t count_max, Length length) {
    const json::array* array = optional_array(name, count_max);
    if (array == nullptr) {
        return std::nullopt;
    }
    std::vector<std::string> out;
    for (std::size_t i = 0; i < array->size(); ++i) {
        const std::string item = std::string(name) + "." + std::to_string(i);
        if (auto text = checked_text(item, &(*array)[i], length, false)) {
            out.push_back(std::move(*text));
        }
    }
    return out;
}
std::vector<std::string> JsonFields::texts(std::string_view name, std::size_t count_max, Length length) {
    if (require(name) == nullptr) {
        return {};
    }
    return optional_texts(name, count_max, length).value_or(std::vector<std::string>());
}

const json::object* JsonFields::optional_object(std::string_view name) {
    const json::value* value = take(name);
    if (value != nullptr && !value->is_object()) {
        wrong_type(name, "{ }");
        return nullptr;
    }
    return value == nullptr ? nullptr : &value->get_object();
}
const json::object* JsonFields::object(std::string_view name) {
    return require(name) == nullptr ? nullptr : optional_object(name);
}

std::optional<std::string> JsonFields::checked_choice(std::string_view name, std::optional<std::string> text, std::string_view choices) {
    if (!text) {
        return text;
    }
    std::string_view rest(choices);
    std::string shown;
    for (;;) {
        const std::size_t bar = rest.find('|');
        if (*text == rest.substr(0, bar)) {
            return text;
        }
        shown.append(rest.substr(0, bar));
        if (bar == std::string_view::npos) {
            break;
        }
        shown += ", ";
        rest.remove_prefix(bar + 1);
    }
    Parameters parameters;
    parameters.emplace_back("choices", std::move(shown));
    refuse_field(name, "field.choice", std::move(parameters));
    return std::nullopt;
}
std::string JsonFields::choice(std::string_view name, std::string_view choices) {
    return checked_choice(name, checked_text(name, require(name), Length{}, false), choices).value_or("");
}
std::optional<std::string> JsonFields::optional_choice(std::string_view name, std::string_view choices) {
    return checked_choice(name, optional_text(name), choices);
}

std::string JsonFields::slug(std::string_view name) {
    auto value = checked_text(name, require(name), Length{}, false);
    if (value && !is_slug(*value)) {
        refuse_field(name, "field.slug");
    }
    return value.value_or("");
}
std::string JsonFields::login(std::string_view name) {
    const auto value = checked_text(name, require(name), Length{}, false);
    if (!value) {
        return {};
    }
    auto stored = normalise_login(*value);
    if (!stored) {
        refuse_field(name, "field.login");
    }
    return stored.value_or("");
}
std::optional<std::string> JsonFields::optional_address(std::string_view name) {
    const auto value = checked_text(name, take(name), Length{1, 254}, false);
    if (!value) {
        return std::nullopt;
    }
    auto stored = normalise_address(*value);
    if (!stored) {
        refuse_field(name, "field.address");
    }
    return stored;
}
std::optional<std::string> JsonFields::optional_outside_address(std::string_view name) {
    const auto value = checked_text(name, take(name), Length{1, 254}, false);
    if (!value) {
        return std::nullopt;
    }
    auto stored = outside_address(*value);
    if (!stored) {
        refuse_field(name, "field.address");
    }
    return stored;
}
std::string JsonFields::address(std::string_view name) {
    return require(name) == nullptr ? std::string() : optional_address(name).value_or("");
}
std::string JsonFields::host_name(std::string_view name) {
    const auto value = checked_text(name, require(name), Length{1, 253}, false);
    if (!value) {
        return {};
    }
    std::string stored = domain_as_kept(*value);
    if (!is_host_name(stored)) {
        refuse_field(name, "field.host");
    }
    return stored;
}

bool JsonFields::is_null(std::string_view name) const {
    const json::value* value = object_.if_contains(name);
    return value != nullptr && value->is_null();
}

void JsonFields::refuse_field(std::string_view name, std::string_view code, Parameters parameters) {
    if (errors_.size() >= field_errors_max) {
        return;
    }
    FieldError error;
    error.field = std::string(name.substr(0, field_name_bytes_max));
    error.code = std::string(code);
    error.parameters = std::move(parameters);
    errors_.push_back(std::move(error));
}

void JsonFields::take_errors(std::string_view name, JsonFields& nested) {
    nested.finish();
    for (const FieldError& error : nested.errors_) {
        refuse_field(std::string(name) + "." + error.field, error.code, error.parameters);
    }
}

bool JsonFields::finish() {
    std::vector<std::string_view> known(known_.begin(), known_.end());
    for (const auto& field : object_) {
        const std::string_view name(field.key().data(), field.key().size());
        bool asked = false;
        for (const std::string_view word : known) {
            asked = asked || word == name;
        }
        if (asked) {
            continue;
        }
        const auto nearest = name.size() <= field_name_bytes_max ? nearest_word(name, known) : std::nullopt;
        Parameters parameters;
        if (nearest) {
            parameters.emplace_back("nearest", std::string(*nearest));
        }
        // A name that a stranger chose is shown only when it is plain.
        const bool plain = is_plain_text(name.substr(0, field_name_bytes_max));
        refuse_field(plain ? name : "?", nearest ? "field.unknown_near" : "field.unknown", std::move(parameters));
    }
    return errors_.empty();
}

Response JsonFields::refuse(const Request& request, Catalogue catalogue) const {
    return problem_with_errors(catalogue, request, 422, "fields", errors_);
}

} // namespace hameau
