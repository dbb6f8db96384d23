// Addresses are mail's: people asks for one before it commits a member or a group (reserve), tells mail with the change
// (event "mailbox" or "group", in the same transaction), and strikes out what mail refuses in spite of that. So an address
// that was answered exists, whenever one of the two is killed. Called by the handlers of members and groups and by the
// outbox; never decides itself whose an address is.
#include <array>

#include <boost/json.hpp>

#include "modules/people/people_module.hpp"
#include "daemon/base/json_text.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

constexpr hameau::Event address_struck{"people.address_struck", Level::warning,
                                       "mail had given this address to somebody else; the health page names it"};


/// What mail says, and what people says to the person.
struct Word {
    std::string_view mail;
    std::string_view people;
};
constexpr std::array taken_words = {Word{"taken_mailbox", "mailbox_taken"}, Word{"taken_alias", "address_alias"},
                                    Word{"taken_group", "group_address_taken"}, Word{"taken_reserved", "address_reserved"},
                                    Word{"taken_bin", "address_binned"}};
constexpr std::array<std::string_view, 4> field_words = {"mailbox_local", "alias_local", "reserved", "domain_moving"};

/// The code of the first field that mail refused.
std::string field_code(const json::object& problem) {
    const json::value* errors = problem.if_contains("errors");
    const json::array* list = errors == nullptr ? nullptr : errors->if_array();
    return list == nullptr || list->empty() || !list->front().is_object() ? std::string() : text_in(list->front().get_object(), "code");
}

} // namespace

Task<std::optional<Response>> People::reserve_address(const Request& request, const AddressWish& wish) {
    if (!store_->mail_enabled()) {
        co_return std::nullopt;
    }
    // Mail must know the association and its domains first.
    (void)co_await delivered();
    json::object body;
    body["address"] = wish.address;
    body["association"] = wish.association;
    body["kind"] = wish.kind;
    body["owner"] = wish.owner;
    std::string text = json::serialize(body);
    const auto answer = co_await context_->call("mail", "POST", "/internal/addresses/reserve", std::move(text));
    if (answer && answer->status >= 200 && answer->status < 300) {
        co_return std::nullopt;
    }
    const json::object problem = answer ? object_in(body_text(*answer)) : json::object();
    const std::string code = text_in(problem, "code");
    Parameters parameters;
    parameters.emplace_back("address", wish.address);
    if (answer && answer->status == 409) {
        for (const Word& word : taken_words) {
            if (word.mail == code) {
                co_return say(request, 409, word.people, parameters);
            }
        }
    }
    const std::string refused = field_code(problem);
    for (const std::string_view word : field_words) {
        if (answer && answer->status == 422 && word == refused) {
            const json::object nothing;
            JsonFields fields(nothing);
            parameters.emplace_back("local", wish.address.substr(0, wish.address.find('@')));
            fields.refuse_field(wish.field, word, std::move(parameters));
            (void)fields.finish();
            co_return fields.refuse(request, people_catalogue);
        }
    }
    co_return code == "ceiling" ? say(request, 422, "mailbox_ceiling") : say(request, 503, "mail_off");
}

Task<void> People::release_address(AddressWish wish) {
    if (!store_->mail_enabled()) {
        co_return;
    }
    json::object body;
    body["address"] = wish.address;
    body["owner"] = wish.owner;
    std::string text = json::serialize(body);
    // Without a response the reservation ends by itself.
    (void)co_await context_->call("mail", "POST", "/internal/addresses/release", std::move(text));
}

Task<Response> People::internal_mailboxes(Request& request) {
    const Judge judge = [this, &request] { return refuse_unless_internal(request, "mail"); };
    auto opened = co_await open_body(nullptr, request, judge, addresses_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    const std::string member = fields.text("member");
    std::vector<Store::MailboxAddress> addresses;
    const json::array* list = fields.optional_array("addresses", addresses_per_member_max);
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        const json::object nothing;
        JsonFields one((*list)[i].is_object() ? (*list)[i].get_object() : nothing);
        Store::MailboxAddress address;
        address.address = one.address("address");
        address.association = one.slug("association");
        fields.take_errors("addresses", one);
        addresses.push_back(std::move(address));
    }
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    if (!store_->person(member)) {
        co_return say(request, 404, "not_found");
    }
    const Status done = store_->transaction([&] { return store_->set_mailboxes(member, addresses); });
    co_return done ? empty_response(204) : say_failed(request, done.error());
}

Status People::strike_out(const std::string& event) {
    boost::system::error_code failed;
    const json::value parsed = json::parse(event, failed);
    if (failed || !parsed.is_object()) {
        return {};
    }
    const json::object& fields = parsed.get_object();
    const std::string address = text_in(fields, "address");
    context_->journal().write(address_struck, {{"kind", text_in(fields, "kind")}});
    if (text_in(fields, "kind") == "mailbox") {
        return store_->strike_mailbox(text_in(fields, "member"), text_in(fields, "association"), address, text_in(fields, "from"));
    }
    return store_->strike_circle_address(text_in(fields, "association"), text_in(fields, "slug"), address);
}

} // namespace hameau::people
