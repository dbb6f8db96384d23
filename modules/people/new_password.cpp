// The form is modules/support/opaque_password.hpp; here are the refusals.
#include "modules/people/new_password.hpp"

#include "modules/people/limits.hpp"
#include "modules/support/opaque_password.hpp"
#include "modules/support/validators.hpp"

namespace hameau::people {

Secret new_password(JsonFields& fields, std::string_view name, Length length, bool required) {
    const Length any{1, length.most * decomposed_factor};
    const Secret typed(required ? fields.raw_text(name, any) : fields.optional_raw_text(name, any).value_or(""));
    if (typed.empty()) {
        return {};
    }
    auto normal = opaque_password(typed.reveal());
    if (!normal) {
        fields.refuse_field(name, "field.password");
        return {};
    }
    Secret password(std::move(*normal));
    const std::size_t characters = count_characters(password.reveal());
    if (characters < length.least) {
        fields.refuse_field(name, "field.short", {{"min", std::to_string(length.least)}});
        return {};
    }
    if (characters > length.most) {
        fields.refuse_field(name, "field.long", {{"max", std::to_string(length.most)}});
        return {};
    }
    return password;
}

} // namespace hameau::people
