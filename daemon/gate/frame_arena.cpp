// A row of slots in address space that is reserved once; nothing of it is resident before it is written.
#include "daemon/gate/frame_arena.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <vector>

#include "daemon/gate/limits.hpp"

namespace hameau::gate {

namespace {

class FrameArena {
public:
    /// Null: no slot is left, or there is no address space; the heap serves then.
    void* take() {
        if (base_ == nullptr && !failed_) {
            void* const made = ::mmap(nullptr, frame_slots_max * frame_slot_bytes, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            failed_ = made == MAP_FAILED;
            base_ = failed_ ? nullptr : static_cast<char*>(made);
        }
        if (!free_.empty()) {
            char* const slot = free_.back();
            free_.pop_back();
            return slot;
        }
        return base_ != nullptr && used_ < frame_slots_max ? base_ + frame_slot_bytes * used_++ : nullptr;
    }
    bool owns(const void* at) const { return base_ != nullptr && at >= base_ && at < base_ + frame_slots_max * frame_slot_bytes; }
    void give_back(void* slot) {
        ::madvise(slot, frame_slot_bytes, MADV_DONTNEED);
        free_.push_back(static_cast<char*>(slot));
    }

private:
    char* base_ = nullptr;
    std::size_t used_ = 0;  ///< slots that were ever taken
    std::vector<char*> free_;
    bool failed_ = false;
};

FrameArena arena;  // NOLINT: one thread

void* take(std::size_t size, void*) {
    void* const slot = size >= frame_slot_bytes_min && size <= frame_slot_bytes ? arena.take() : nullptr;
    return slot != nullptr ? slot : std::malloc(size);
}

void give_back(void* at, void*) {
    if (arena.owns(at)) {
        arena.give_back(at);
    } else {
        std::free(at);
    }
}

void* take_zeroed(std::size_t count, std::size_t size, void*) { return std::calloc(count, size); }

void* resize(void* at, std::size_t size, void*) {
    if (!arena.owns(at)) {
        return std::realloc(at, size);
    }
    if (size <= frame_slot_bytes) {
        return at;
    }
    void* const larger = std::malloc(size);
    if (larger != nullptr) {
        std::memcpy(larger, at, frame_slot_bytes);
        arena.give_back(at);
    }
    return larger;
}

nghttp2_mem memory{nullptr, take, give_back, take_zeroed, resize};  // NOLINT: libnghttp2 takes it without const

} // namespace

nghttp2_mem* frame_memory() { return &memory; }

} // namespace hameau::gate
