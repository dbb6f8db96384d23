// Body: what is to be sent, as a row of pieces in memory and in files. Whoever sends it (HTTP/1.1 as bytes, HTTP/2 as
// frames) takes it from the front as the peer has room; nothing is read of a file before that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/fd.hpp"

namespace hameau::gate {

class Body {
public:
    struct Piece {
        std::shared_ptr<const std::string> owner;  ///< of `bytes`
        std::string_view bytes;
        std::shared_ptr<const Fd> file;  ///< null: the piece is `bytes`
        std::uint64_t offset = 0;
        std::uint64_t size = 0;  ///< what is left of the piece
    };

    void add(std::string text);
    /// `part` lies within `held`.
    void add(std::shared_ptr<const std::string> held, std::string_view part);
    void add(std::shared_ptr<const Fd> file, std::uint64_t offset, std::uint64_t size_bytes);
    void append(Body&& other);
    void clear() { *this = Body(); }

    bool empty() const { return size_ == 0; }
    /// Bytes that are left.
    std::uint64_t size() const { return size_; }
    /// The first piece; the body is not empty.
    const Piece& front() const { return pieces_[at_]; }
    bool is_last_piece() const { return at_ + 1 == pieces_.size(); }
    /// Copies from the front without taking: min(room.size(), size()) bytes. False: a file is shorter than it was.
    bool copy(std::span<char> room) const;
    /// Takes bytes from the front; at most size().
    void consume(std::uint64_t bytes);

private:
    std::vector<Piece> pieces_;
    std::size_t at_ = 0;
    std::uint64_t size_ = 0;
};

} // namespace hameau::gate
