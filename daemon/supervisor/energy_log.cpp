// Counters to days. A reading that is smaller than the one before adds nothing.
#include "daemon/supervisor/energy_log.hpp"

#include <algorithm>
#include <utility>

#include "daemon/base/io.hpp"
#include "daemon/supervisor/limits.hpp"
#include "daemon/supervisor/processes.hpp"

namespace hameau::supervisor {

namespace {

energy::Span span_of(const EnergyLog::Moment& at, Duration since) { return {at.local_ms - (at.now - since).count(), at.local_ms}; }

/// A clock that is not set yet would open days that nobody lived.
bool is_clock_set(const EnergyLog::Moment& at) { return at.local_ms > energy_clock_earliest_ms; }

} // namespace

EnergyLog::EnergyLog(std::string file, std::string proc, std::string sys) :
    file_(std::move(file)), proc_(std::move(proc)), sys_(std::move(sys)), power_(sys_), book_(energy::book_in(read_file(file_, energy_file_bytes_max).value_or(""))) {
    book_.source = power_.source();
}

bool EnergyLog::is_due(Duration now) const { return !begun_ || now - sensors_at_ >= energy_sensors_every; }

bool EnergyLog::is_save_due(Duration now) const { return begun_ && now - saved_at_ >= energy_save_every; }

EnergyLog::Known& EnergyLog::known(std::string_view name, pid_t pid) {
    Known& entry = known_[std::string(name)];
    if (entry.pid != pid) {
        entry = {pid, {}, {}, looked_at_, looked_at_};
    }
    return entry;
}

void EnergyLog::book(const Moment& at, const std::string& name, Known& entry, const energy::Use& use, bool bytes) {
    energy::add(book_, span_of(at, entry.use_at), name, {use.cpu_ms, use.wakeups, 0, 0});
    entry.use_at = at.now;
    if (bytes) {
        energy::add(book_, span_of(at, entry.bytes_at), name, {0, 0, use.read_bytes, use.written_bytes});
        entry.bytes_at = at.now;
    }
    entry.booked += use;
}

void EnergyLog::read_sensors(const Moment& at) {
    const NetworkBytes network = network_bytes(proc_, sys_);
    const auto joules = power_.millijoules(at.now - sensors_at_);
    const energy::Span span = span_of(at, sensors_at_);
    if (begun_) {
        energy::add_seen(book_, span);
        energy::add_network(book_, span, network.received > network_.received ? network.received - network_.received : 0,
                            network.sent > network_.sent ? network.sent - network_.sent : 0);
        if (joules) {
            energy::add_energy(book_, span, *joules);
        }
    }
    network_ = network;
    sensors_at_ = at.now;
}

bool EnergyLog::look(const Moment& at, const std::vector<Running>& running, const energy::Use& own, bool asked) {
    if (!is_clock_set(at)) {
        return false;
    }
    const bool first = !begun_;
    read_sensors(at);
    if (first) {
        begun_ = true;
        looked_at_ = at.now;
        saved_at_ = at.now;
        asked_day_ = energy::day_of(at.local_ms);
    }
    if (!first && at.now - looked_at_ < (asked ? energy_asked_every : energy_look_every)) {
        return false;
    }
    const auto parents = parents_of_all(proc_);
    bool hidden = false;
    for (const auto& [name, pid] : running) {
        Known& entry = known(name, pid);
        const TreeUse seen = use_of(parents, pid, proc_);
        energy::Use more = energy::since(seen.use, entry.last);
        if (!seen.bytes) {
            more.read_bytes = 0;
            more.written_bytes = 0;
        }
        entry.last.cpu_ms = seen.use.cpu_ms;
        entry.last.wakeups = seen.use.wakeups;
        if (seen.bytes) {
            entry.last = seen.use;
        }
        hidden = hidden || !seen.bytes;
        book(at, name, entry, more, seen.bytes);
    }
    Known& self = known("hameaud", -1);
    book(at, "hameaud", self, energy::since(own, std::exchange(self.last, own)), true);
    looked_at_ = at.now;
    return std::exchange(asked_day_, energy::day_of(at.local_ms)) != energy::day_of(at.local_ms) && hidden;
}

void EnergyLog::reported(const Moment& at, std::string_view name, pid_t pid, std::uint64_t read_bytes, std::uint64_t written_bytes) {
    if (!begun_ || !is_clock_set(at)) {
        return;
    }
    Known& entry = known(name, pid);
    energy::Use now = entry.booked;
    now.read_bytes = std::min(read_bytes, energy_bytes_max);
    now.written_bytes = std::min(written_bytes, energy_bytes_max);
    const energy::Use more = energy::since(now, entry.booked);
    energy::add(book_, span_of(at, entry.bytes_at), name, more);
    entry.bytes_at = at.now;
    entry.booked += more;
    // /proc may have told more already: it counts the helpers too.
    entry.last.read_bytes = std::max(entry.last.read_bytes, now.read_bytes);
    entry.last.written_bytes = std::max(entry.last.written_bytes, now.written_bytes);
}

void EnergyLog::ended(const Moment& at, const std::string& name, pid_t pid, const energy::Use& whole) {
    if (!begun_ || !is_clock_set(at)) {
        return;
    }
    Known& entry = known(name, pid);
    book(at, name, entry, energy::since(whole, entry.booked), true);
    known_.erase(name);
}

std::string EnergyLog::text(const Moment& at) { return energy::text_of(book_, energy::day_of(at.local_ms)); }

Status EnergyLog::save(const Moment& at) {
    saved_at_ = at.now;
    return begun_ ? write_file_atomically(file_, text(at), 0600) : Status{};
}

} // namespace hameau::supervisor
