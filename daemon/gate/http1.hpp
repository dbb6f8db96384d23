// HTTP/1.1 (RFC 9112): how a request's body is read and a response is written on a connection that carries one request
// after the other.
#pragma once

#include <string>

#include "daemon/gate/chunks.hpp"
#include "daemon/gate/visit.hpp"

namespace hameau::gate {

/// The body of a request, decoded; what follows it stays in `input` (pipelining).
class BodyReader final : public BodySource {
public:
    BodyReader(Channel& channel, std::string& input, const RequestHead& head, std::chrono::milliseconds body_time);
    Task<Result<std::size_t>> read(std::span<char> buffer) override;
    bool finished() const override { return finished_; }

private:
    Result<std::size_t> take_chunks(std::span<char> buffer);

    Channel& channel_;
    std::string& input_;
    BodyPace pace_;
    std::uint64_t left_ = 0;
    bool chunked_ = false;
    bool finished_ = false;
    ChunkDecoder decoder_;
};

class Http1Exchange final : public Exchange {
public:
    explicit Http1Exchange(Channel& channel) : channel_(channel) {}
    Task<Status> proceed() override;
    void start(Visit& visit, int status, std::string fields, std::optional<std::uint64_t> length) override;
    Task<Status> write(std::string_view data, bool last) override;
    void interrupt_body(bool on) override { channel_.interrupt_reading(on); }
    Channel* tunnel() override { return &channel_; }
    Task<Status> upgrade(std::string fields) override;

    /// The response that visit holds as one row of bytes, its header section first.
    Body take_response(Visit& visit);
    /// Whether another request may follow on this connection; settled by the header section.
    bool keep_alive = true;

private:
    std::string head_text(const Visit& visit, int status, std::string_view fields, std::optional<std::uint64_t> length, bool chunked);

    Channel& channel_;
    std::string head_;      ///< goes out with the first bytes of the body
    bool chunked_ = false;
};

/// "3e8\r\n": what stands before a chunk of that size (RFC 9112 §7.1).
std::string chunk_head(std::size_t size);

/// Ends a connection whose request was not read whole: the response must arrive before the reset that unread bytes cause.
Task<void> drain(Channel& channel);

} // namespace hameau::gate
