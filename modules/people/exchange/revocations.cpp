// The stream of revocations. The gate reads it while it caches any session.
//
// An open stream is an open request, which keeps the host from stopping people for idleness. So the stream ends by
// itself once nobody has called people for a while; the gate then empties its cache, whatever it held, and opens a new
// one with its next question. After the end the host's idle time begins, and people sleeps.
#include "modules/people/people_module.hpp"
#include "daemon/base/waiting.hpp"

#include <algorithm>

namespace hameau::people {

namespace {

/// How long a stream outlives the last call: no longer than people itself waits before it sleeps.
Duration stream_quiet(const Settings& settings) {
    const Duration idle = settings.has("people.idle_stop") ? settings.duration("people.idle_stop") : Duration(0);
    return idle > Duration(0) ? std::min(idle, stream_quiet_max) : stream_quiet_max;
}
} // namespace

Task<Response> People::internal_revocations(Request& request) {
    if (auto refused = refuse_unless_internal(request, "gate")) {
        co_return std::move(*refused);
    }
    std::erase_if(streams_, [](const auto& stream) { return stream.expired(); });
    if (streams_.size() >= streams_max) {
        // A gate that was killed leaves its stream until it is quiet: the oldest makes room.
        if (const auto oldest = streams_.front().lock()) {
            oldest->ended = true;
            oldest->timer.cancel();
        }
        streams_.erase(streams_.begin());
    }
    auto stream = std::make_shared<RevocationStream>(context_->io());
    streams_.push_back(stream);
    Response response;
    response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = BodySource([this, stream] { return next_revocation(stream); });
    co_return response;
}

Task<Result<std::string>> People::next_revocation(std::shared_ptr<RevocationStream> stream) {
    while (stream->pending.empty() && !stream->ended && !stopping_) {
        const Duration left = last_call_ + stream_quiet(context_->settings()) - clock_->now();
        if (left <= Duration(0)) {
            stream->ended = true;
            break;
        }
        stream->timer.expires_after(left);
        co_await stream->timer.async_wait(wait);
    }
    // Lines first: the end comes once they are read.
    co_return std::exchange(stream->pending, std::string());
}

void People::revoke(const std::string& line) {
    for (const auto& held : streams_) {
        if (const auto stream = held.lock()) {
            stream->pending += line;
            // A reader that does not read is sent away: its cache is emptied at the end of the stream.
            stream->ended = stream->ended || stream->pending.size() > pending_bytes_max;
            stream->timer.cancel();
        }
    }
}

void People::end_streams() {
    for (const auto& held : streams_) {
        if (const auto stream = held.lock()) {
            stream->ended = true;
            stream->timer.cancel();
        }
    }
}

} // namespace hameau::people
