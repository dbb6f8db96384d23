// Whether people may write on: the floor of free disk, which is kept for mail, the association's quota, and the memory of all
// open texts. Asked for each update that comes over a WebSocket, answered from what was looked up last.
#include "daemon/base/spawn.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/support/disk_floor.hpp"

namespace hameau::pads {

std::uint64_t PadsModule::guest_bound(const std::string& association) const {
    const auto quota = usage_->quota(association);
    return quota ? std::max(*quota / guest_part_of_quota, guest_text_bytes_min) : guest_text_bytes_without_quota;
}

bool PadsModule::is_full_for_guests(const PadRow& pad) {
    if (guest_looks_.size() >= guest_looks_max && !guest_looks_.contains(pad.number)) {
        std::erase_if(guest_looks_, [](const auto& look) { return look.second.arriving == 0; });
    }
    GuestLook& look = guest_looks_[pad.number];
    if (const Duration now = clock_.now(); now - look.begun >= guest_look_every) {
        look.begun = now;
        spawn(context_->io(), look_for_guests(pad.number, pad.association), context_->journal(), "measuring a text");
    }
    return look.full;
}

Task<void> PadsModule::look_for_guests(std::int64_t number, std::string association) {
    const bool full = !co_await fits_for_guests(number, std::move(association));
    guest_looks_[number].full = full;
}

Task<bool> PadsModule::fits_for_guests(std::int64_t number, std::string association) {
    std::uint64_t used = 0;
    ReadingWork work = [&](PadStore& store, const Stop&) -> Status {
        const auto bytes = store.used_bytes_of(number);
        used = bytes.value_or(0);
        return bytes ? Status() : Status(fail(bytes.error()));
    };
    const auto read = co_await read_aside(0, std::move(work));
    if (!read) {
        co_return true;  // the quota of all holds
    }
    const auto fits = [&] { return used + guest_looks_[number].arriving <= guest_bound(association); };
    if (!fits()) {
        // Nobody is refused for a quota that was changed since. Without an answer the last word stands.
        Usage& usage = *usage_;
        static_cast<void>(co_await usage.refresh(association));
    }
    co_return fits();
}

Writing PadsModule::writing(const Room& room, bool guest) {
    const Duration now = clock_.now();
    // Nobody is refused for what was so a second ago: a stock program does not send again what was refused.
    if (disk_low_ || now - disk_looked_ >= disk_look_every) {
        disk_looked_ = now;
        disk_low_ = !above_disk_floor(*context_, edit_room_bytes);
    }
    const std::string& association = room.pad().association;
    const auto [measured, first] = measured_.try_emplace(association, Duration::min() / 2);
    if (now - measured->second >= quota_look_every) {
        measured->second = now;
        spawn(context_->io(), measure(association), context_->journal(), "measuring");
    }
    // Before the first count people would hear of an association without texts.
    const bool room_left = !counted_.contains(association) || usage_->has_room(association, quota_step_bytes);
    if (disk_low_ || ahead_->failing()) {
        return Writing::disk_low;
    }
    if (!room_left) {
        return Writing::quota_full;
    }
    if (guest && is_full_for_guests(room.pad())) {
        return Writing::guests_full;
    }
    return has_memory(association, room.text_bytes(), 0) ? Writing::open : Writing::memory_full;
}

bool PadsModule::has_memory(const std::string& association, std::size_t text_bytes, std::size_t more) {
    if (text_bytes <= small_text_bytes) {
        return true;
    }
    const Duration now = clock_.now();
    if (memory_low_ || now - memory_looked_ >= memory_look_every) {
        memory_looked_ = now;
        open_bytes_ = 0;
        open_bytes_of_.clear();
        long_texts_ = 0;
        for (const auto& [number, room] : rooms_) {
            const std::size_t used = room->recorder().bytes_used();
            open_bytes_ += used;
            open_bytes_of_[room->pad().association] += used;
            long_texts_ += room->text_bytes() > small_text_bytes ? 1 : 0;
        }
    }
    std::size_t& own = open_bytes_of_[association];
    // Who is refused is refused for what is so now: as with the disk.
    memory_low_ = open_bytes_ + more > open_bytes_max_ || own + more > open_bytes_max_ / 4 * open_quarters_per_association;
    // The largest are refused first: whoever keeps some long texts open must not stop all that are shorter. So the bound may be
    // passed, by once itself at worst.
    const std::size_t share = open_bytes_max_ / (4 * (long_texts_ + 1));
    if (memory_low_ && (text_bytes * memory_per_text_byte > share || open_bytes_ + more > 2 * open_bytes_max_)) {
        return false;
    }
    open_bytes_ += more;
    own += more;
    return true;
}

std::optional<Response> PadsModule::refuse_growth(const Request& request, const std::string& association, std::uint64_t bytes) {
    if (auto refused = refuse_below_disk_floor(*context_, request, edit_room_bytes + disk_bytes_per_text_byte * bytes)) {
        return refused;
    }
    if (counted_.contains(association) && !usage_->has_room(association, bytes)) {
        return usage_->refuse(request, association, ErrorKind::too_large);
    }
    return std::nullopt;
}

Task<Result<Usage::Hold>> PadsModule::take_room(std::string association, std::uint64_t bytes) {
    if (!counted_.contains(association)) {
        co_await measure(association);
    }
    Usage& usage = *usage_;
    co_return co_await usage.take(association, bytes);
}

Task<void> PadsModule::measure(std::string association) {
    std::uint64_t used = 0;
    ReadingWork work = [&](PadStore& store, const Stop&) -> Status {
        const auto bytes = store.used_bytes(association);
        used = bytes.value_or(0);
        return bytes ? Status() : Status(fail(bytes.error()));
    };
    const auto read = co_await read_aside(0, std::move(work));
    if (read) {
        counted_.insert(association);
        usage_->set(association, used);
    }
}

void PadsModule::measure_later(std::string association) {
    spawn(context_->io(), measure(std::move(association)), context_->journal(), "measuring");
}

/// At the start: what each association has, also those in which nobody writes.
Task<void> PadsModule::measure_all() {
    const auto associations = store_->associations();
    for (const std::string& association : associations.value_or(std::vector<std::string>())) {
        co_await measure(association);
    }
}

} // namespace hameau::pads
