// Pieces are added at the end and taken from the front.
#include "daemon/gate/body.hpp"

#include <algorithm>
#include <cstring>
#include <unistd.h>

namespace hameau::gate {

void Body::add(std::string text) {
    if (!text.empty()) {
        auto held = std::make_shared<const std::string>(std::move(text));
        const std::string_view all = *held;
        add(std::move(held), all);
    }
}

void Body::add(std::shared_ptr<const std::string> held, std::string_view part) {
    if (!part.empty()) {
        size_ += part.size();
        pieces_.push_back({std::move(held), part, nullptr, 0, part.size()});
    }
}

void Body::add(std::shared_ptr<const Fd> file, std::uint64_t offset, std::uint64_t size_bytes) {
    if (size_bytes > 0) {
        size_ += size_bytes;
        pieces_.push_back({nullptr, {}, std::move(file), offset, size_bytes});
    }
}

void Body::append(Body&& other) {
    size_ += other.size_;
    for (std::size_t i = other.at_; i < other.pieces_.size(); ++i) {
        pieces_.push_back(std::move(other.pieces_[i]));
    }
    other.clear();
}

bool Body::copy(std::span<char> room) const {
    for (std::size_t i = at_; i < pieces_.size() && !room.empty(); ++i) {
        const Piece& piece = pieces_[i];
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size, room.size()));
        if (piece.file == nullptr) {
            std::memcpy(room.data(), piece.bytes.data(), size);
        } else if (::pread(piece.file->get(), room.data(), size, static_cast<off_t>(piece.offset)) != static_cast<ssize_t>(size)) {
            return false;
        }
        room = room.subspan(size);
    }
    return true;
}

void Body::consume(std::uint64_t bytes) {
    size_ -= bytes;
    while (bytes > 0) {
        Piece& piece = pieces_[at_];
        const std::uint64_t taken = std::min(bytes, piece.size);
        piece.size -= taken;
        piece.offset += taken;
        if (piece.file == nullptr) {
            piece.bytes.remove_prefix(static_cast<std::size_t>(taken));
        }
        bytes -= taken;
        if (piece.size == 0) {
            piece = Piece();
            ++at_;
        }
    }
    if (size_ == 0) {
        pieces_.clear();
        at_ = 0;
    }
}

} // namespace hameau::gate
