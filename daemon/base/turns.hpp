// Turns: who may do what takes long next. Fair between keys (pads, members): one key has one turn at most, and keys take turns.
// Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace hameau {

struct TurnLimits {
    std::size_t at_once = 1;
    std::size_t waiting_per_key_max = 0;
    std::size_t waiting_max = 0;
};

template <class Key>
class Turns {
public:
    using Number = std::uint64_t;

    explicit Turns(TurnLimits limits) : limits_(limits) {}

    /// Something of this key wants to begin. Nothing: too many wait, of this key or in all.
    std::optional<Number> ask(const Key& key);
    /// For a key of which nothing waits, when the queue is full: the newest of the key with most in it gives up its place, and is returned: it
    /// never begins. Nothing: there is room, or nobody has more than one.
    std::optional<Number> make_room(const Key& key);
    /// Those that begin now.
    std::vector<Number> begin();
    void ended(Number turn) { running_.erase(turn); }
    /// The key goes away: what did not begin never will.
    std::vector<Number> drop(const Key& key);
    /// All that did not begin.
    std::vector<Number> drop_all();
    /// The one of this key that is going on.
    std::optional<Number> running(const Key& key) const;
    std::size_t waiting() const { return waiting_; }

private:
    TurnLimits limits_;
    std::map<Key, std::deque<Number>> queues_;  ///< never empty
    std::map<Number, Key> running_;
    Key last_{};  ///< that began last
    std::size_t waiting_ = 0;
    Number next_ = 0;
};

template <class Key>
std::optional<typename Turns<Key>::Number> Turns<Key>::ask(const Key& key) {
    const auto queue = queues_.find(key);
    if (waiting_ >= limits_.waiting_max || (queue != queues_.end() && queue->second.size() >= limits_.waiting_per_key_max)) {
        return std::nullopt;
    }
    ++waiting_;
    queues_[key].push_back(++next_);
    return next_;
}

template <class Key>
std::optional<typename Turns<Key>::Number> Turns<Key>::make_room(const Key& key) {
    const auto longest = std::max_element(queues_.begin(), queues_.end(), [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
    if (waiting_ < limits_.waiting_max || queues_.contains(key) || longest == queues_.end() || longest->second.size() < 2) {
        return std::nullopt;
    }
    const Number given_up = longest->second.back();
    longest->second.pop_back();
    --waiting_;
    return given_up;
}

template <class Key>
std::vector<typename Turns<Key>::Number> Turns<Key>::begin() {
    std::vector<Number> begun;
    // Once around all keys, from behind the one that had its turn last.
    auto queue = queues_.upper_bound(last_);
    for (std::size_t left = queues_.size(); left > 0 && running_.size() < limits_.at_once; --left) {
        queue = queue == queues_.end() ? queues_.begin() : queue;
        const Key key = queue->first;
        if (running(key)) {
            ++queue;
            continue;
        }
        const Number turn = queue->second.front();
        queue->second.pop_front();
        queue = queue->second.empty() ? queues_.erase(queue) : std::next(queue);
        --waiting_;
        running_.emplace(turn, key);
        last_ = key;
        begun.push_back(turn);
    }
    return begun;
}

template <class Key>
std::vector<typename Turns<Key>::Number> Turns<Key>::drop(const Key& key) {
    const auto queue = queues_.find(key);
    if (queue == queues_.end()) {
        return {};
    }
    std::vector<Number> dropped(queue->second.begin(), queue->second.end());
    waiting_ -= dropped.size();
    queues_.erase(queue);
    return dropped;
}

template <class Key>
std::vector<typename Turns<Key>::Number> Turns<Key>::drop_all() {
    std::vector<Number> dropped;
    for (const auto& [key, queue] : queues_) {
        dropped.insert(dropped.end(), queue.begin(), queue.end());
    }
    queues_.clear();
    waiting_ = 0;
    return dropped;
}

template <class Key>
std::optional<typename Turns<Key>::Number> Turns<Key>::running(const Key& key) const {
    const auto found = std::find_if(running_.begin(), running_.end(), [&key](const auto& one) { return one.second == key; });
    return found == running_.end() ? std::nullopt : std::optional(found->first);
}

} // namespace hameau
