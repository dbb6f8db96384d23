// A reply is ["NAME", TYPE, OUTCOME, "ZONE", "ALIAS", [RECORDS]].
#include "modules/mail/records/kept_look.hpp"

#include <boost/json.hpp>

#include "daemon/base/json_text.hpp"
#include "modules/mail/records/limits.hpp"

namespace hameau::mailrecords {

namespace json = boost::json;

namespace {

constexpr std::size_t parts = 6;

json::array written(const Replies& replies) {
    json::array out;
    for (const auto& [question, reply] : replies) {
        json::array records(reply.records.begin(), reply.records.end());
        json::array one = {question.name, static_cast<int>(question.type), static_cast<int>(reply.outcome), reply.zone, reply.alias, std::move(records)};
        out.push_back(std::move(one));
    }
    return out;
}

Replies read(const json::object& object, std::string_view key) {
    Replies out;
    for (const json::value& entry : object.at(key).as_array()) {
        const json::array& one = entry.as_array();
        if (one.size() != parts || out.size() == questions_max) {
            break;
        }
        Question question{std::string(one[0].as_string()), static_cast<Type>(one[1].to_number<std::uint16_t>())};
        Reply reply;
        reply.outcome = static_cast<Outcome>(one[2].to_number<std::uint8_t>());
        reply.zone = std::string(one[3].as_string());
        reply.alias = std::string(one[4].as_string());
        for (const json::value& record : one[5].as_array()) {
            reply.records.emplace_back(record.as_string());
        }
        out.emplace(std::move(question), std::move(reply));
    }
    return out;
}

} // namespace

std::string write_look(const Evidence& evidence) {
    json::array resolvers;
    for (const Evidence::Source& source : evidence.resolvers) {
        json::object one;
        one["address"] = source.address;
        one["replies"] = written(source.replies);
        resolvers.push_back(std::move(one));
    }
    json::object out;
    out["at_ms"] = evidence.at_ms;
    out["zone"] = evidence.zone;
    out["was_live"] = evidence.was_live;
    out["authority"] = evidence.authority;
    out["resolvers"] = std::move(resolvers);
    out["of_authority"] = written(evidence.of_authority);
    out["unchecked"] = written(evidence.unchecked);
    return json::serialize(out);
}

std::optional<Evidence> read_look(std::string_view text) {
    const json::object object = object_in(text);
    Evidence evidence;
    try {
        evidence.at_ms = object.at("at_ms").to_number<std::int64_t>();
        evidence.zone = std::string(object.at("zone").as_string());
        evidence.was_live = object.at("was_live").as_bool();
        evidence.authority = std::string(object.at("authority").as_string());
        evidence.of_authority = read(object, "of_authority");
        evidence.unchecked = read(object, "unchecked");
        for (const json::value& entry : object.at("resolvers").as_array()) {
            Evidence::Source source;
            source.address = std::string(entry.as_object().at("address").as_string());
            source.replies = read(entry.as_object(), "replies");
            evidence.resolvers.push_back(std::move(source));
        }
    } catch (const std::exception&) {
        return std::nullopt;  // a file from a backup of another version, or half of one
    }
    return evidence;
}

} // namespace hameau::mailrecords
