// Client id -> dense index. Open addressing with a mixed, per-table seeded hash: ids come from strangers, and chosen
// ids must not make lookups slow. Owner: pads/crdt.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace hameau::crdt {

class ClientTable {
public:
    static constexpr std::uint32_t none = 0xffffffff;

    ClientTable()
        : seed_(reinterpret_cast<std::uintptr_t>(this) ^
                static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count())) {}

    /// Index of a client, none when unknown.
    std::uint32_t find(std::uint64_t client) const {
        if (last_ < ids_.size() && ids_[last_] == client)
            return last_;
        if (slots_.empty())
            return none;
        for (std::size_t i = mix(client);; ++i) {
            const std::uint32_t slot = slots_[i & mask_];
            if (slot == none)
                return none;
            if (ids_[slot] == client)
                return last_ = slot;
        }
    }
    /// Index of a client, added at the end when unknown.
    std::uint32_t add(std::uint64_t client) {
        const std::uint32_t found = find(client);
        if (found != none)
            return found;
        ids_.push_back(client);
        if (ids_.size() * 2 > slots_.size())
            grow();
        else
            place(static_cast<std::uint32_t>(ids_.size() - 1));
        return last_ = static_cast<std::uint32_t>(ids_.size() - 1);
    }
    std::uint64_t id(std::uint32_t index) const { return ids_[index]; }
    std::size_t size() const { return ids_.size(); }
    std::size_t bytes_used() const { return ids_.capacity() * sizeof ids_[0] + slots_.capacity() * sizeof slots_[0]; }

private:
    std::vector<std::uint64_t> ids_;
    std::vector<std::uint32_t> slots_;
    std::uint64_t seed_;
    std::size_t mask_ = 0;
    mutable std::uint32_t last_ = 0;

    std::size_t mix(std::uint64_t client) const {
        std::uint64_t x = client + seed_;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
        return static_cast<std::size_t>(x ^ (x >> 31));
    }
    void place(std::uint32_t index) {
        std::size_t i = mix(ids_[index]);
        while (slots_[i & mask_] != none)
            ++i;
        slots_[i & mask_] = index;
    }
    void grow() {
        const std::size_t size = slots_.empty() ? 8 : slots_.size() * 2;
        slots_.assign(size, none);
        mask_ = size - 1;
        for (std::uint32_t i = 0; i < ids_.size(); ++i)
            place(i);
    }
};

} // namespace hameau::crdt
