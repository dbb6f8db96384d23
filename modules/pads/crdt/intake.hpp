// The order in which the structs of one update are taken over: dependencies of other clients first, with an explicit
// stack; what misses something goes to Pending and is tried again later (section 4). Shared by recorder and integrator.
#pragma once

#include "modules/pads/crdt/pending.hpp"

#include <algorithm>
#include <optional>

namespace hameau::crdt {

/// Sink: std::uint32_t state(client) const; bool accept(const StructView&), called with
/// clock <= state < clock + length and all dependencies known; false refuses the struct.
template <class Sink>
class Intake {
public:
    Intake(Sink& sink, Pending& pending) : sink_(sink), pending_(pending) {}

    /// Takes over a checked update's structs. False when the sink refused one.
    bool run(const Outline& outline) {
        if (outline.blocks.size() == 1 && outline.small_update() && !pending_.has_structs())
            return small(outline);
        work_.emplace();
        load(outline);
        for (std::uint32_t i = 0; i < work_->runs.size(); ++i)
            if (!work_->runs[i].done && !drain(i))
                return false;
        retry();
        return true;
    }

    std::size_t dropped() const { return dropped_; }  ///< pending structs that the sink refused
    bool held() const { return held_; }               ///< something new became pending

private:
    struct Run {
        StructCursor cursor;
        StructView current;
        std::uint64_t client = 0;
        bool loaded = false;
        bool done = false;
        bool stacked = false;
    };

    Sink& sink_;
    Pending& pending_;
    /// Made only when an update is not a small one.
    struct Work {
        std::vector<Run> runs;
        std::vector<std::pair<std::uint64_t, std::uint32_t>> by_client;
        std::vector<std::uint32_t> stack;
        std::vector<std::uint64_t> ready;
    };
    std::optional<Work> work_;
    std::size_t dropped_ = 0;
    bool held_ = false;

    bool absent(const StructView& item, const Id& id, Id& missing) const {
        if (id.client == item.client || id.clock < sink_.state(id.client))
            return false;
        missing = id;
        return true;
    }
    /// `state`: known clocks of the struct's own client. A struct that is partly known goes on behind its own known part,
    /// which then is its left origin and gives it its parent (section 2, reading from the middle).
    bool missing_dependency(const StructView& item, std::uint32_t state, Id& missing) const {
        if (item.kind == Kind::gc)
            return false;
        if (item.right_present() && absent(item, item.right, missing))
            return true;
        return item.clock >= state &&
               ((item.origin_present() && absent(item, item.origin, missing)) ||
                (item.parent_form == StructView::Parent::item && absent(item, item.parent, missing)));
    }

    /// One client, few structs, nothing pending: the case of every keystroke.
    bool small(const Outline& outline) {
        if (outline.blocks[0].clock > clock_max)
            return true;
        const std::uint64_t client = outline.blocks[0].client;
        std::uint32_t state = sink_.state(client);
        bool waiting = false;
        for (std::size_t i = 0; i < outline.struct_count; ++i) {
            const StructView& item = outline.structs[i];
            Id missing;
            if (item.length == 0 || item.kind == Kind::skip || item.clock + item.length <= state)
                continue;
            if (waiting || item.clock > state || missing_dependency(item, state, missing)) {
                waiting = true;
                held_ = pending_.add(item) || held_;
                continue;
            }
            if (!sink_.accept(item))
                return false;
            state = item.clock + item.length;
        }
        if (waiting) {
            work_.emplace();
            work_->ready.push_back(client);
            retry();
        }
        return true;
    }

    void load(const Outline& outline) {
        for (const Block& block : outline.blocks) {
            // Nothing of such a block can ever be reached: clocks are contiguous and end at clock_max.
            if (block.clock > clock_max)
                continue;
            Run run;
            run.cursor = StructCursor(block, outline.end);
            run.client = block.client;
            work_->by_client.emplace_back(block.client, static_cast<std::uint32_t>(work_->runs.size()));
            work_->runs.push_back(run);
        }
        std::sort(work_->by_client.begin(), work_->by_client.end());
    }

    bool find(std::uint64_t client, std::uint32_t& index) const {
        const auto found = std::lower_bound(work_->by_client.begin(), work_->by_client.end(), std::pair(client, std::uint32_t{0}));
        if (found == work_->by_client.end() || found->first != client)
            return false;
        index = found->second;
        return true;
    }

    bool drain(std::uint32_t first) {
        work_->stack.push_back(first);
        work_->runs[first].stacked = true;
        while (!work_->stack.empty()) {
            const std::uint32_t top = work_->stack.back();
            Run& run = work_->runs[top];
            if (!run.loaded)
                run.loaded = run.cursor.next(run.current);
            if (!run.loaded) {
                leave(run);
                continue;
            }
            const std::uint32_t state = sink_.state(run.client);
            if (run.current.clock + run.current.length <= state) {
                run.loaded = false;
                continue;
            }
            Id missing;
            if (run.current.clock <= state && !missing_dependency(run.current, state, missing)) {
                if (!sink_.accept(run.current))
                    return false;
                run.loaded = false;
                pending_.wake(run.client, run.current.clock + run.current.length, work_->ready);
                continue;
            }
            std::uint32_t other = 0;
            if (run.current.clock <= state && find(missing.client, other) && !work_->runs[other].done &&
                !work_->runs[other].stacked) {
                work_->runs[other].stacked = true;
                work_->stack.push_back(other);
                continue;
            }
            defer(run);
        }
        return true;
    }

    void leave(Run& run) {
        run.done = true;
        work_->stack.pop_back();
    }

    void defer(Run& run) {
        do
            held_ = pending_.add(run.current) || held_;
        while (run.cursor.next(run.current));
        work_->ready.push_back(run.client);
        leave(run);
    }

    void retry() {
        while (!work_->ready.empty()) {
            const std::uint64_t client = work_->ready.back();
            work_->ready.pop_back();
            StructView item;
            while (pending_.first(client, item)) {
                const std::uint32_t state = sink_.state(client);
                Id missing;
                if (item.clock > state)
                    break;  // whatever fills the gap is of this client and wakes it
                if (item.clock + item.length > state) {
                    if (missing_dependency(item, state, missing)) {
                        pending_.wait(client, missing);
                        break;
                    }
                    if (!sink_.accept(item)) {
                        dropped_ += pending_.drop_client(client);
                        break;
                    }
                }
                const std::uint32_t reached = std::max(state, item.clock + item.length);
                pending_.drop_first(client);
                pending_.wake(client, reached, work_->ready);
            }
        }
    }
};

} // namespace hameau::crdt
