// Any bytes as a request's body: never a crash, and what is accepted keeps its promises.
#include <cstdlib>

#include "modules/support/json_fields.hpp"
#include "modules/support/validators.hpp"

using namespace hameau;

namespace {
void require(bool truth) {
    if (!truth) {
        std::abort();
    }
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto object = parse_json_object(std::string_view(reinterpret_cast<const char*>(data), size));
    if (!object) {
        return 0;
    }
    JsonFields fields(*object);
    Length length;
    length.most = 20;
    const std::string name = fields.text("name", length);
    const std::string login = fields.login("login");
    const std::string slug = fields.slug("slug");
    const auto address = fields.optional_address("contact");
    const std::string role = fields.choice("role", "member|manager|admin");
    const auto quota = fields.optional_size("quota");
    const std::int64_t number = fields.integer("number", -5, 5);
    const auto list = fields.optional_texts("list", 3, length);
    if (const boost::json::object* inner = fields.optional_object("inner")) {
        JsonFields nested(*inner);
        nested.raw_text("text");
        fields.take_errors("inner", nested);
    }
    if (fields.finish()) {
        require(is_plain_text(name) && count_characters(name) >= 1 && count_characters(name) <= 20);
        require(normalise_login(login) == login && is_slug(slug));
        require(!address || normalise_address(*address) == *address);
        require(role == "member" || role == "manager" || role == "admin");
        require(!quota || *quota <= (std::uint64_t{1} << 63U));
        require(number >= -5 && number <= 5 && (!list || list->size() <= 3));
    } else {
        require(!fields.errors().empty() && fields.errors().size() <= 50);
        fields.refuse(Request());
    }
    return 0;
}
