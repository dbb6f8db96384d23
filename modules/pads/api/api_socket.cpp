// The WebSocket of a pad: who may open it, under which name, and what a text of the older form becomes before an editor sees it.
// What is said over it is in room/.
#include <array>

#include "modules/pads/documents/templates.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/lines/carry.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/pads/texts.hpp"
#include "modules/support/validators.hpp"

namespace hameau::pads {

namespace {

constexpr hameau::Event pad_carried{"pads.carried_over", Level::info, "a text of the older form became lines; its history goes on"};

/// What a guest says to be called; empty when it is no name. It is always shown as a guest's word.
std::string said_name(const Request& request) {
    const std::string said = without_unseen(request.query_parameter("guest").value_or(""));
    const bool usable = is_plain_text(said) && count_characters(said) <= guest_name_characters_max &&
                        has_visible_character(said) && said.find('(') == std::string::npos;
    return usable ? said : std::string();
}

} // namespace

/// A pad of the older form becomes lines before an editor of this house sees it. Here, on the one loop, it happens once. True: it
/// did now.
bool PadsModule::carry_over(Room& room) {
    const Recorder& recorder = room.recorder();
    if (room.form_settled() || writing(room, false) != Writing::open) {
        return false;
    }
    room.settle_form();
    // Almost every pad says its form in one struct that is always the same; whoever writes more under that number changes nothing
    // of it. The others are read, on the loop, so once and not at each opening: lines stay lines.
    if (recorder.client_count() == 0 || recorder.next_clock(blank_client) > 0 || recorder.next_clock(carried_client) > 0 ||
        forms_known_.contains(room.pad().id)) {
        return false;
    }
    if (forms_known_.size() >= forms_known_max) {
        forms_known_.clear();
    }
    forms_known_.insert(room.pad().id);
    crdt::Integrator integrator;
    if (!integrator.apply(recorder.encode())) {
        return false;
    }
    const auto update = carrying_update(integrator, pad_bytes_max_ / 2, carried_mark_bytes_max);
    // Nobody wrote it: its author has no name.
    if (!update || !room.change(std::make_shared<const Person>(), *update)) {
        return false;
    }
    context_->journal().write(pad_carried, {{"pad", room.pad().id}});
    return true;
}

Task<std::variant<std::unique_ptr<WebSocketHandler>, Response>> PadsModule::upgrade(Request& request) {
    using Outcome = std::variant<std::unique_ptr<WebSocketHandler>, Response>;
    constexpr std::string_view prefix = "/api/v1/pads/ws/";
    request.parameters.insert_or_assign("pad", request.path.substr(std::min(prefix.size(), request.path.size())));
    const std::string key = request.query_parameter("key").value_or("");
    // A page goes on with words of somebody who was signed in: they are not taken in the name of who is signed in now.
    const std::string author = request.query_parameter("member").value_or("");
    if (!author.empty() && !request.who.member.empty() && author != request.who.member) {
        Outcome outcome(problem(pads_catalogue, request, 409, "pad_other_author"));
        co_return outcome;
    }
    FoundOr found_or = find(request, key, Deleted::refused);
    if (auto* refused = std::get_if<Response>(&found_or)) {
        Outcome outcome(std::move(*refused));
        co_return outcome;
    }
    const Found& found = std::get<Found>(found_or);
    auto room = open_room(found.pad);
    if (!room) {
        Outcome outcome(damaged(request, found.pad, room.error()));
        co_return outcome;
    }
    const std::size_t places = found.asker.role == Role::none ? guests_per_room_max : connections_per_room_max;
    if ((*room)->connection_count() >= places) {
        Outcome outcome(problem(pads_catalogue, request, 503, "pad_room_full"));
        co_return outcome;
    }
    // A pad of before a blank one said its format, or out of an archive. Here, on the one loop, it happens once; that a pad
    // is full is no matter for one that is blank.
    if ((*room)->recorder().client_count() == 0 && found.permission == Permission::write && found.asker.role != Role::none &&
        writing(**room, false) == Writing::open) {
        static_cast<void>((*room)->change(std::make_shared<const Person>(Person{"", "", found.pad.updated_by}), blank_update()));
    }
    Arrival arrival;
    arrival.asker = found.asker;
    const bool extended = request.query_parameter("hameau") == "2";
    arrival.extended = extended;
    arrival.outdated = request.query_parameter("hameau") == "1";
    arrival.english = language_of(request) == Language::english;
    Person person = person_of(request.who);
    if (person.member.empty() && person.name.empty()) {
        const std::string said = said_name(request);
        person.name = said.empty() ? std::string(arrival.english ? guest_name.english : guest_name.french) + std::to_string((*room)->next_guest())
                                   : said + std::string(arrival.english ? guest_mark.english : guest_mark.french);
    }
    arrival.person = std::make_shared<const Person>(std::move(person));
    auto connection = std::make_unique<Connection>(*room, std::move(arrival));
    if (extended && carry_over(**room)) {
        // On the disk before anybody sees it: it must not be done again from a state that lacks it.
        const std::int64_t number = (*room)->pad().number;
        const bool written = co_await all_written(number);
        static_cast<void>(written);  // else it waits in memory, as every other change does
    }
    Outcome outcome(std::move(connection));
    co_return outcome;
}

} // namespace hameau::pads
