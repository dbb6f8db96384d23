// When hameau-provision looks after the certificates (its verb acme), and what happens when it is done. hameaud itself reads one
// number: when the next turn is due, from the first line of STATE/tls/certificates, which root alone writes.
#include <algorithm>
#include <cstdlib>
#include <sys/wait.h>
#include <utility>

#include "daemon/base/io.hpp"
#include "daemon/supervisor/contract.hpp"
#include "daemon/supervisor/house.hpp"
#include "daemon/supervisor/limits.hpp"
#include "daemon/supervisor/turn_state.hpp"

namespace hameau::supervisor {

namespace {

constexpr Event certificate_issued{"certificates.issued", Level::notice};
constexpr Event certificate_failed{"certificates.failed", Level::warning, "asked for again later; what is there is served on"};
constexpr Event turn_failed{"certificates.turn_failed", Level::error, "tried again within the hour"};

/// Trouble: "COUNT TAB HOST TAB CODE TAB EXPIRES".
constexpr TurnBounds turn_bounds{certificates_state_bytes_max, certificates_line_max, certificates_turn_min, certificates_turn_max, certificates_after_failure};

} // namespace

bool House::may_ask_authority() const {
    const auto gate = std::find_if(services_.begin(), services_.end(), [](const auto& service) { return service->spec.kind == Kind::gate; });
    return !place_.trial && !closing_ && !is_waiting() && gate != services_.end() && (*gate)->policy.state() == State::ready;
}

void House::want_certificates(bool all) {
    certificates_all_ = certificates_all_ || all;
    if (certificates_.pid != 0) {
        certificates_again_ = true;
    } else if (!place_.trial) {
        next_certificates_ = all ? clock_.now() : std::max(clock_.now(), certificates_ended_ + certificates_between_wishes);
    }
}

void House::on_gate_ready() {
    if (certificates_.pid != 0 && clock_.now() - gate_returned_ > certificates_between_gates) {
        gate_returned_ = clock_.now();
        want_certificates(true);
    }
}

void House::start_certificates() {
    next_certificates_ = clock_.now() + certificates_after_failure;
    std::vector<std::string> arguments;
    if (std::exchange(certificates_all_, false)) {
        arguments.emplace_back("again=1");
    }
    auto running = spawn_provision("acme", arguments);
    if (!running) {
        on_failed_turn(running.error().message);
        return;
    }
    certificates_again_ = false;
    certificates_ = std::move(*running);
    certificates_deadline_ = clock_.now() + certificates_limit;
}

/// Nothing is known of any name then: neither is one renewed.
void House::on_failed_turn(const std::string& error) {
    journal_.write(turn_failed, {{"error", error}});
    next_certificates_ = clock_.now() + certificates_after_failure;
    if (++certificates_failed_ >= certificates_turns_failed_told && certificates_trouble_.empty()) {
        certificates_trouble_ = std::to_string(certificates_failed_) + "\t\tturn\t0";
    }
}

void House::on_certificates_end(int wait_status) {
    const std::string text = take_words(certificates_);
    certificates_ended_ = clock_.now();
    bool issued = false;
    std::string error;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::string line = text.substr(begin, std::min(end - begin, certificates_line_max));
        begin = end + 1;
        if (line.starts_with("issued ")) {
            issued = true;
            journal_.write(certificate_issued, {{"host", line.substr(7)}});
        } else if (line.starts_with("failed ")) {
            journal_.write(certificate_failed, {{"what", line.substr(7)}});
        } else {
            error = line;
        }
    }
    if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0) {
        on_failed_turn(error);
    } else {
        certificates_failed_ = 0;
        TurnEnd end = turn_end_in(place_.state + "/tls/certificates", turn_bounds);
        next_certificates_ = clock_.now() + end.wait;
        certificates_trouble_ = std::move(end.trouble);
    }
    if (certificates_again_) {
        next_certificates_ = clock_.now() + (certificates_all_ ? certificates_turn_min : certificates_between_wishes);
    }
    if (issued) {
        reload_gate_certificates();
    }
    if (engines_certificate_changed()) {
        reload_engines();
    }
}

/// Open connections keep the certificate that they began with.
void House::reload_gate_certificates() {
    if (Service* gate = find("gate"); gate != nullptr && gate->control) {
        Message reload;
        reload.kind = MessageKind::reload;
        reload.fields.emplace_back("what", "certificates");
        (void)send_message(gate->control.get(), reload);
    }
}

} // namespace hameau::supervisor
