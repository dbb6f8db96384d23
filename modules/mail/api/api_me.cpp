// A member's own mail: their mailboxes, the settings for a mail program, and their answer to the copies that a manager
// asks for. Called by the gate for whoever is signed in; never looks at another member's mailbox.
#include "modules/mail/mail_module.hpp"
#include "modules/support/opening.hpp"
#include "modules/support/validators.hpp"

namespace hameau::mail {

namespace json = boost::json;

namespace {

constexpr Event forward_answered{"mail.forward_answered", Level::notice};

json::value number_or_null(const std::optional<std::int64_t>& number) {
    return number ? json::value(*number) : json::value(nullptr);
}

json::object port_document(const std::string& host, std::int64_t port) {
    json::object out;
    out["host"] = host;
    out["port"] = port;
    out["security"] = "tls";
    return out;
}

json::array forward_document(const Mailbox& mailbox) {
    json::array out;
    for (const Forward& one : mailbox.forwards) {
        json::object item;
        item["to"] = one.target;
        item["state"] = one.state;
        out.push_back(std::move(item));
    }
    return out;
}

} // namespace

Task<Response> Mail::my_mail(Request& request) {
    if (!request.who.signed_in() || request.who.caller == Caller::module) {
        co_return say(request, 401, "signed_out");
    }
    const auto boxes = store_->mailboxes_of(request.who.member);
    std::vector<std::string> users;
    for (const Mailbox& box : boxes) {
        users.push_back(box.address);
    }
    const auto figures = co_await doveadm_->figures(std::move(users), figures_deadline);
    json::array items;
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        json::object item;
        item["address"] = boxes[i].address;
        item["unread"] = number_or_null(figures[i].unread);
        item["used_bytes"] = number_or_null(figures[i].used_bytes);
        item["quota_bytes"] = boxes[i].quota_bytes;
        item["forward"] = forward_document(boxes[i]);
        items.push_back(std::move(item));
    }
    const Settings& settings = context_->settings();
    const std::string& host = settings.text("house.host");
    json::object ports;
    ports["imap"] = port_document(host, settings.integer("mail.imaps_port"));
    ports["submission"] = port_document(host, settings.integer("mail.submissions_port"));
    json::object out;
    out["mailboxes"] = std::move(items);
    out["settings"] = std::move(ports);
    out["spam_filter"] = settings.text("mail.spam_filter") == "on";
    co_return json_response(200, out);
}

Task<Response> Mail::answer_forwards(Request& request) {
    const Finder<Mailbox> find = [this, &request]() -> std::variant<Mailbox, Response> {
        if (!request.who.signed_in() || request.who.caller == Caller::module) {
            return say(request, 401, "signed_out");
        }
        auto found = store_->mailbox(ascii_lower(request.parameter("address")));
        const bool own = found && found->member == request.who.member;
        return own ? std::variant<Mailbox, Response>(std::move(*found)) : say(request, 404, "no_mailbox");
    };
    auto opened = co_await open_row(context_, request, find, request_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    const Mailbox* const mailbox = &*opened.row;
    JsonFields fields(opened.body);
    Length length;
    length.most = address_bytes_max;
    const auto agree = fields.optional_texts("agree", forwards_max, length).value_or(std::vector<std::string>());
    const auto end = fields.optional_texts("end", forwards_max, length).value_or(std::vector<std::string>());
    if (!fields.finish()) {
        co_return fields.refuse(request, mail_catalogue);
    }
    if (agree.empty() && end.empty()) {
        co_return say(request, 422, "nothing_asked");
    }
    std::string missing;
    const Status done = store_->transaction([&]() -> Status {
        for (const std::string& target : end) {
            // A copy that nobody asks for any more has ended too.
            if (auto set = store_->answer_forward(mailbox->address, target, "ended"); !set && set.error().kind != ErrorKind::not_found) {
                return set;
            }
        }
        for (const std::string& target : agree) {
            if (auto set = store_->answer_forward(mailbox->address, target, "agreed"); !set) {
                missing = set.error().kind == ErrorKind::not_found ? target : std::string();
                return set;
            }
        }
        return {};
    });
    if (!missing.empty()) {
        Parameters parameters;
        parameters.emplace_back("address", missing);
        co_return say(request, 409, "no_forward", parameters);
    }
    if (done) {
        context_->journal().write(forward_answered, {{"association", mailbox->association}});
    }
    json::object out;
    out["address"] = mailbox->address;
    out["forward"] = forward_document(store_->mailbox(mailbox->address).value_or(*mailbox));
    Response response = json_response(200, out);
    co_return co_await after_change(request, done, std::move(response));
}

} // namespace hameau::mail
