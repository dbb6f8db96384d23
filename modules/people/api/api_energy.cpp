// The energy page, for admins: what each service used by day, what that means in watt-hours where it is known, and what would help most.
// hameaud counts (daemon/supervisor/energy_log.hpp).
#include <array>

#include "daemon/base/io.hpp"
#include "daemon/base/time_zone.hpp"
#include "daemon/contract/energy.hpp"
#include "modules/people/people_module.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

/// Modules that sleep unless their idle_stop is 0.
constexpr std::array<std::string_view, 4> sleepers = {"people", "mail", "sites", "pads"};

struct Power {
    std::string_view source = "none";
    double watts = 0;  ///< stated, or measured over all days; 0: not known
};

Power power_of(const energy::Book& book, const Settings& settings) {
    std::uint64_t millijoules = 0;
    std::uint64_t ms = 0;
    for (const energy::Day& day : book.days) {
        millijoules += day.energy_mj;
        ms += day.energy_ms;
    }
    // What the admin saw at the socket is the whole machine; a sensor of the processor is a part of it.
    const bool whole = ms > 0 && book.source == energy::Source::machine;
    if (!whole && settings.integer("house.power_watts") > 0) {
        return {"stated", static_cast<double>(settings.integer("house.power_watts"))};
    }
    return ms == 0 ? Power() : Power{energy::to_text(book.source), static_cast<double>(millijoules) / static_cast<double>(ms)};
}

/// Of the time that hameaud saw; null where nothing is known of that day.
json::value watt_hours(const energy::Day& day, const Power& power) {
    const double hours = static_cast<double>(day.seen_ms) / 3'600'000;
    if (power.source == "stated") {
        return power.watts * hours;
    }
    return day.energy_ms == 0 ? json::value() : json::value(static_cast<double>(day.energy_mj) / static_cast<double>(day.energy_ms) * hours);
}

json::object day_document(const energy::Day& day, const Power& power) {
    json::array services;
    for (const auto& [name, use] : day.services) {
        json::object service;
        service["name"] = name;
        service["cpu_ms"] = use.cpu_ms;
        service["wakeups"] = use.wakeups;
        service["read_bytes"] = use.read_bytes;
        service["written_bytes"] = use.written_bytes;
        services.push_back(std::move(service));
    }
    json::object out;
    out["date"] = energy::date_of(day.number);
    out["seen_s"] = day.seen_ms / 1000;
    out["received_bytes"] = day.received_bytes;
    out["sent_bytes"] = day.sent_bytes;
    out["watt_hours"] = watt_hours(day, power);
    out["services"] = std::move(services);
    return out;
}

json::object document_of(const energy::Book& book, const Settings& settings, std::int64_t today) {
    const Power power = power_of(book, settings);
    std::vector<std::string> awake;
    for (const std::string_view name : sleepers) {
        const std::string key(name);
        const bool enabled = !settings.has(key + ".enabled") || settings.boolean(key + ".enabled");
        if (enabled && settings.has(key + ".idle_stop") && settings.duration(key + ".idle_stop").count() == 0) {
            awake.push_back(key);
        }
    }
    json::array days;
    for (const energy::Day& day : book.days) {
        if (day.number <= today) {
            days.push_back(day_document(day, power));
        }
    }
    json::array advice;
    for (const energy::Advice& one : energy::advice_of(book, today, awake, power.source != "none")) {
        json::object item;
        item["code"] = one.code;
        item["service"] = one.service.empty() ? json::value() : json::value(one.service);
        item["amount"] = one.share;
        advice.push_back(std::move(item));
    }
    json::object figure;
    figure["source"] = power.source;
    figure["watts"] = power.source == "none" ? json::value() : json::value(power.watts);
    json::object out;
    out["days"] = std::move(days);
    out["power"] = std::move(figure);
    out["advice"] = std::move(advice);
    return out;
}

} // namespace

Task<Response> People::show_energy(Request& request) {
    const Actor actor = actor_of(request);
    if (auto refused = refuse_unless_admin(request, actor)) {
        co_return std::move(*refused);
    }
    std::string verb = "energy";
    std::map<std::string, std::string> nothing;
    const auto text = co_await context_->ask_root(std::move(verb), std::move(nothing));
    if (!text) {
        co_return say_failed(request, text.error());
    }
    const std::int64_t now = wall_ms_();
    const std::int64_t today = energy::day_of(now + zone_offset_ms(now));
    Response response = json_response(200, document_of(energy::book_in(*text), context_->settings(), today));
    response.headers.emplace_back("Cache-Control", "no-store");
    co_return response;
}

} // namespace hameau::people
