// Input of both fuzzers: { uvar size, update }*; what is left over is one more update.
#pragma once

#include "modules/pads/crdt/lib0.hpp"

#include <cstdio>
#include <cstdlib>

namespace hameau::crdt {

template <class Visit>
void each_update(const std::uint8_t* data, std::size_t size, Visit&& visit) {
    Reader in(View(data, size));
    for (int count = 0; !in.done() && count < 64; ++count) {
        View update;
        if (!in.bytes(update)) {
            update = View(in.at, in.left());
            in.at = in.end;
        }
        // Of its own allocation, so that reads behind the end are seen.
        visit(Bytes(update.begin(), update.end()));
    }
}

inline void must(bool fine, const char* what) {
    if (fine)
        return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

} // namespace hameau::crdt
