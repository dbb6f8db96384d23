// Callbacks of nghttp2, and frames gathered into full TLS records without a copy of nghttp2's own (NO_COPY).
#include "daemon/gate/http2_session.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "daemon/gate/frame_arena.hpp"

namespace hameau::gate {

namespace {

/// RFC 9218 §2.1: priorities of RFC 7540 are not used.
constexpr std::int32_t no_rfc7540_priorities = 9;

/// One record for the whole process: filled and emptied within send().
std::array<char, record_bytes> record;  // NOLINT: one thread

nghttp2_nv pair_of(std::string_view name, std::string_view value) {
    return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())), reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
            name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

/// RFC 9113 §8.2.2: these speak of a connection of HTTP/1.1.
bool is_of_connection(std::string_view name) {
    constexpr std::array<std::string_view, 5> names = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Lines to fields with names in lower case; `names` holds them.
void add_lines(std::vector<nghttp2_nv>& fields, std::string& names, std::string_view lines) {
    names.assign(lines);  // never grows below: views into it stay
    std::size_t at = 0;
    while (at < names.size()) {
        const std::size_t end = std::min(names.find("\r\n", at), names.size());
        const std::size_t colon = names.find(':', at);
        if (colon < end) {
            for (std::size_t i = at; i < colon; ++i) {
                names[i] = names[i] >= 'A' && names[i] <= 'Z' ? static_cast<char>(names[i] + 32) : names[i];
            }
            const std::string_view name = std::string_view(names).substr(at, colon - at);
            std::string_view value = std::string_view(names).substr(colon + 1, end - colon - 1);
            // RFC 9113 §8.2.1: white space around a value makes the response malformed.
            value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
            value = value.substr(0, value.find_last_not_of(" \t") + 1);
            if (!is_of_connection(name)) {
                fields.push_back(pair_of(name, value));
                // RFC 7541 §7.1.3: a session's token stays out of the table that other fields are compared with.
                fields.back().flags = name == "set-cookie" ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
            }
        }
        at = end + 2;
    }
}

} // namespace

bool IdleFrames::spend(std::int64_t now_ms) {
    if (last_ms_ != 0) {
        left_ms_ = std::min(idle_frames_burst * 1000, left_ms_ + (now_ms - last_ms_) * idle_frames_per_second);
    }
    last_ms_ = now_ms;
    left_ms_ -= std::min<std::int64_t>(left_ms_, 1000);
    return left_ms_ > 0;
}

struct Http2Session::Callbacks {
    static Http2Session& self(void* user) { return *static_cast<Http2Session*>(user); }

    static int begin_frame(nghttp2_session* raw, const nghttp2_frame_hd* head, void* user) {
        Http2Session& session = self(user);
        if (head->type == NGHTTP2_PRIORITY && head->stream_id == 0) {
            // RFC 9113 §6.3; nghttp2 looks away once priorities of RFC 7540 are off.
            nghttp2_session_terminate_session(raw, NGHTTP2_PROTOCOL_ERROR);
            session.terminated_ = true;
        }
        switch (head->type) {
        case NGHTTP2_PING:
        case NGHTTP2_SETTINGS:
        case NGHTTP2_PRIORITY:
        case NGHTTP2_PRIORITY_UPDATE:
        case NGHTTP2_RST_STREAM:
        case NGHTTP2_CONTINUATION: session.spend(); break;
        case NGHTTP2_WINDOW_UPDATE:
            if (session.window_updates_ > 0) {
                --session.window_updates_;
            } else {
                session.spend();
            }
            break;
        default: break;
        }
        return 0;
    }

    static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        Http2Session& session = self(user);
        if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
            return 0;
        }
        auto stream = std::make_shared<Http2Stream>();
        stream->session = &session;
        stream->id = frame->hd.stream_id;
        session.unfinished_ = stream->id;
        session.streams_.emplace(stream->id, std::move(stream));
        return 0;
    }

    static int header(nghttp2_session* raw, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
        Http2Session& session = self(user);
        Http2Stream* stream = session.find(frame->hd.stream_id);
        if (stream == nullptr) {
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        }
        stream->decoded_bytes += name_size + value_size + 32;  // as RFC 9113 §6.5.2 counts
        if (stream->decoded_bytes > decoded_bytes_max) {
            // nghttp2 decodes the rest without a look at it: the table must stay that of the client.
            session.spend(large_head_frames);
            // RFC 9113 §7: a browser repeats the request by HTTP/1.1, where it is answered with 431, before nghttp2's own reset.
            nghttp2_submit_rst_stream(raw, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_HTTP_1_1_REQUIRED);
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        }
        if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
            return 0;  // trailers say nothing to us
        }
        const std::size_t before = stream->fields.size_bytes();
        stream->fields.add({reinterpret_cast<const char*>(name), name_size}, {reinterpret_cast<const char*>(value), value_size});
        session.heads_bytes_ += stream->fields.size_bytes() - before;
        return 0;
    }

    /// nghttp2 would leave such a field out and go on: whoever reads the rest would see another request.
    static int invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t, const std::uint8_t*,
                              std::size_t, std::uint8_t, void*) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }

    static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        Http2Session& session = self(user);
        const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        Http2Stream* stream = session.find(frame->hd.stream_id);
        if (frame->hd.type == NGHTTP2_DATA && frame->hd.length == frame->data.padlen && !ends) {
            session.spend();
        }
        if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
            session.settings_taken();
        }
        if (stream == nullptr || (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS)) {
            return 0;
        }
        if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
            session.take_head(*stream, ends);
        } else if (ends) {
            stream->ended = true;
            notify(*stream);
        }
        return 0;
    }

    static int data_chunk(nghttp2_session* raw, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size, void* user) {
        Http2Stream* stream = self(user).find(id);
        if (stream == nullptr) {
            self(user).throw_away(id, size);
            return 0;
        }
        if (stream->discard) {
            nghttp2_session_consume(raw, id, size);
            return 0;
        }
        stream->input.append(reinterpret_cast<const char*>(data), size);
        notify(*stream);
        return 0;
    }

    static int stream_closed(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
        self(user).lingering_.erase(id);
        self(user).close_stream(id);
        return 0;
    }

    static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        Http2Session& session = self(user);
        if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != NGHTTP2_NO_ERROR) {
            session.spend();  // a client that makes us reset its streams goes on without limit otherwise
        }
        if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
            session.terminated_ = true;
        }
        const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (ends && (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS)) {
            const Http2Stream* stream = session.find(frame->hd.stream_id);
            if (stream != nullptr && !stream->ended) {
                session.linger(stream->id);
            }
        }
        return 0;
    }

    /// A header section above nghttp2's own bound (64 KiB): without a reset the client would wait for ever.
    static int frame_not_sent(nghttp2_session* raw, const nghttp2_frame* frame, int error, void* user) {
        if (frame->hd.type == NGHTTP2_HEADERS && error != NGHTTP2_ERR_STREAM_CLOSED && self(user).find(frame->hd.stream_id) != nullptr) {
            nghttp2_submit_rst_stream(raw, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_INTERNAL_ERROR);
        }
        return 0;
    }

    static ssize_t write(nghttp2_session*, const std::uint8_t* data, std::size_t size, int, void* user) {
        Http2Session& session = self(user);
        if (session.owner_.is_full()) {
            return NGHTTP2_ERR_WOULDBLOCK;
        }
        std::string_view text(reinterpret_cast<const char*>(data), size);
        while (!text.empty()) {
            if (session.record_used_ == record.size()) {
                session.seal();
            }
            const std::size_t taken = std::min(text.size(), record.size() - session.record_used_);
            std::memcpy(record.data() + session.record_used_, text.data(), taken);
            session.record_used_ += taken;
            text.remove_prefix(taken);
        }
        return session.broken_ ? static_cast<ssize_t>(NGHTTP2_ERR_CALLBACK_FAILURE) : static_cast<ssize_t>(size);
    }

    /// DATA fills the record that is open.
    static ssize_t data_size(nghttp2_session*, std::uint8_t, std::int32_t, std::int32_t window, std::int32_t stream_window,
                             std::uint32_t frame_size, void* user) {
        Http2Session& session = self(user);
        if (record.size() - session.record_used_ < data_frame_bytes_min) {
            session.seal();
        }
        const auto room = static_cast<std::int64_t>(record.size() - session.record_used_ - frame_header_bytes);
        return static_cast<ssize_t>(std::min<std::int64_t>({room, window, stream_window, static_cast<std::int64_t>(frame_size)}));
    }

    static ssize_t data(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t size, std::uint32_t* flags,
                        nghttp2_data_source* source, void*) {
        auto& stream = *static_cast<Http2Stream*>(source->ptr);
        const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(size, stream.out.size()));
        const bool all = stream.out_last && taken == stream.out.size();
        if (taken == 0 && !all) {
            stream.deferred = true;
            return NGHTTP2_ERR_DEFERRED;
        }
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY | (all ? static_cast<std::uint32_t>(NGHTTP2_DATA_FLAG_EOF) : 0);
        return static_cast<ssize_t>(taken);
    }

    static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* head, std::size_t size, nghttp2_data_source* source, void* user) {
        Http2Session& session = self(user);
        auto& stream = *static_cast<Http2Stream*>(source->ptr);
        if (session.owner_.is_full()) {
            return NGHTTP2_ERR_WOULDBLOCK;
        }
        if (session.record_used_ + frame_header_bytes + size > record.size()) {
            session.seal();
        }
        char* at = record.data() + session.record_used_;
        std::memcpy(at, head, frame_header_bytes);
        if (!stream.out.copy({at + frame_header_bytes, size})) {
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // the file is shorter than it was: the stream is reset
        }
        session.record_used_ += frame_header_bytes + size;
        stream.out.consume(size);
        session.sent_bytes_ += size;
        stream.sent_bytes += size;
        session.window_updates_ = std::min(session.window_updates_ + window_updates_per_data, 1000);
        if (!stream.out_last && stream.out.size() < stream_output_bytes_max) {
            notify(stream);
        }
        return session.broken_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
    }

    static nghttp2_session_callbacks* table() {
        static nghttp2_session_callbacks* const callbacks = [] {
            nghttp2_session_callbacks* made = nullptr;
            nghttp2_session_callbacks_new(&made);
            nghttp2_session_callbacks_set_on_begin_frame_callback(made, begin_frame);
            nghttp2_session_callbacks_set_on_begin_headers_callback(made, begin_headers);
            nghttp2_session_callbacks_set_on_header_callback(made, header);
            nghttp2_session_callbacks_set_on_invalid_header_callback(made, invalid_header);
            nghttp2_session_callbacks_set_on_frame_recv_callback(made, frame_received);
            nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, data_chunk);
            nghttp2_session_callbacks_set_on_stream_close_callback(made, stream_closed);
            nghttp2_session_callbacks_set_on_frame_send_callback(made, frame_sent);
            nghttp2_session_callbacks_set_on_frame_not_send_callback(made, frame_not_sent);
            nghttp2_session_callbacks_set_send_callback(made, write);
            nghttp2_session_callbacks_set_send_data_callback(made, send_data);
            nghttp2_session_callbacks_set_data_source_read_length_callback(made, data_size);
            return made;
        }();
        return callbacks;
    }

    static nghttp2_option* options() {
        static nghttp2_option* const options = [] {
            nghttp2_option* made = nullptr;
            nghttp2_option_new(&made);
            nghttp2_option_set_no_auto_window_update(made, 1);
            nghttp2_option_set_max_continuations(made, continuations_max);
            nghttp2_option_set_builtin_recv_extension_type(made, NGHTTP2_PRIORITY_UPDATE);
            return made;
        }();
        return options;
    }
};

Http2Session::Http2Session(Owner& owner) : owner_(owner) {
    nghttp2_session_server_new3(&session_, Callbacks::table(), this, Callbacks::options(), frame_memory());
    const std::array<nghttp2_settings_entry, 4> settings = {{
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams_max},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(head_bytes_max)},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(waiting_window_bytes)},
        {no_rfc7540_priorities, 1},
    }};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, connection_window_bytes);
}

Http2Session::~Http2Session() {
    detach();  // nghttp2_session_del() tells no stream
    nghttp2_session_del(session_);
}

void Http2Session::notify(Http2Stream& stream) {
    if (stream.watcher != nullptr) {
        stream.watcher->on_stream_change();
    }
}

Http2Stream* Http2Session::find(std::int32_t id) const {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second.get();
}

void Http2Session::spend(int frames) {
    for (int i = 0; i < frames; ++i) {
        if (!idle_frames_.spend(owner_.now_ms()) && !terminated_) {
            terminated_ = true;
            nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
        }
    }
}

void Http2Session::seal() {
    if (record_used_ > 0 && !owner_.put_record({record.data(), record_used_})) {
        broken_ = true;
    }
    record_used_ = 0;
}

bool Http2Session::receive(std::string_view bytes) {
    const ssize_t used = nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (used < 0) {
        // A flood is told why; whoever sends no HTTP/2 at all would not understand it.
        const bool flooded = used == NGHTTP2_ERR_FLOODED && nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM) == 0;
        terminated_ = true;
        broken_ = broken_ || !flooded;
    }
    return used >= 0;
}

bool Http2Session::send() {
    if (!broken_ && !owner_.is_full()) {
        const int outcome = nghttp2_session_send(session_);
        broken_ = broken_ || (outcome != 0 && outcome != NGHTTP2_ERR_WOULDBLOCK);
    }
    seal();
    return !broken_;
}

void Http2Session::take_head(Http2Stream& stream, bool ends) {
    unfinished_ = 0;
    stream.ended = ends;
    if (terminated_) {
        return;
    }
    if (heads_bytes_ > streams_heads_bytes_max) {
        nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_REFUSED_STREAM);
        return;
    }
    if (auto head = stream.fields.finish(ends)) {
        stream.head = std::move(*head);
    } else {
        stream.refused = head.error().status;
        stream.head.method = stream.fields.is_head() ? "HEAD" : "";
    }
    owner_.on_request(streams_.at(stream.id));
}

void Http2Session::close_stream(std::int32_t id) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) {
        return;
    }
    const Http2StreamPtr stream = std::move(found->second);
    streams_.erase(found);
    unfinished_ = unfinished_ == id ? 0 : unfinished_;
    heads_bytes_ -= std::min(heads_bytes_, stream->fields.size_bytes());
    // The stream's own window is gone; the connection's would shrink for ever.
    nghttp2_session_consume_connection(session_, stream->unread());
    stream->input = std::string();
    stream->input_at = 0;
    stream->out.clear();
    stream->closed = true;
    stream->session = nullptr;
    owner_.on_closed(*stream);
    notify(*stream);
}

/// RFC 9113 §8.1: the rest of the request is of no use, and the client may be told so. Told at once it may not look at the response.
void Http2Session::linger(std::int32_t id) {
    lingering_.emplace(id, 0);
    close_stream(id);
    if (lingering_.size() > lingering_max) {
        end_lingering(lingering_.begin()->first);
    }
}

void Http2Session::end_lingering(std::int32_t id) {
    lingering_.erase(id);
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
}

void Http2Session::throw_away(std::int32_t id, std::size_t size) {
    const auto lingering = lingering_.find(id);
    if (lingering == lingering_.end()) {
        nghttp2_session_consume(session_, id, size);
        return;
    }
    nghttp2_session_consume_connection(session_, size);  // its own window stays shut: nothing more is wanted
    lingering->second += size;
    if (lingering->second > lingering_bytes_max) {
        end_lingering(id);
        owner_.on_output();
    }
}

void Http2Session::detach() {
    while (!streams_.empty()) {
        close_stream(streams_.begin()->first);
    }
}

void Http2Session::respond(Http2Stream& stream, int status, std::string_view lines, std::optional<std::uint64_t> length, Body body, bool last) {
    static std::vector<nghttp2_nv> fields;  // one thread; nghttp2 copies them
    static std::string names;
    const std::string code = std::to_string(status);
    const std::string size = length ? std::to_string(*length) : std::string();
    fields.clear();
    fields.push_back(pair_of(":status", code));
    add_lines(fields, names, lines);
    if (length) {
        fields.push_back(pair_of("content-length", size));
    }
    stream.started = true;
    stream.out = std::move(body);
    stream.out_last = last;
    nghttp2_data_provider provider{};
    provider.source.ptr = &stream;
    provider.read_callback = Callbacks::data;
    const bool bodiless = last && stream.out.empty();
    nghttp2_submit_response(session_, stream.id, fields.data(), fields.size(), bodiless ? nullptr : &provider);
    owner_.on_output();
}

void Http2Session::proceed(Http2Stream& stream) {
    const nghttp2_nv status = pair_of(":status", "100");
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id, nullptr, &status, 1, nullptr);
    owner_.on_output();
}

void Http2Session::add(Http2Stream& stream, std::string_view data, bool last) {
    stream.out.add(std::string(data));
    stream.out_last = last;
    if (stream.deferred) {
        stream.deferred = false;
        nghttp2_session_resume_data(session_, stream.id);
    }
    owner_.on_output();
}

void Http2Session::reset(Http2Stream& stream, std::uint32_t code) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, code);
    owner_.on_output();
}

std::size_t Http2Session::read(Http2Stream& stream, std::span<char> buffer) {
    const std::size_t size = std::min(buffer.size(), stream.unread());
    std::memcpy(buffer.data(), stream.input.data() + stream.input_at, size);
    stream.input_at += size;
    if (stream.unread() == 0) {
        stream.input = std::string();
        stream.input_at = 0;
    }
    nghttp2_session_consume(session_, stream.id, size);
    owner_.on_output();
    return size;
}

void Http2Session::discard(Http2Stream& stream) {
    stream.discard = true;
    if (const std::size_t size = stream.unread(); size > 0) {
        nghttp2_session_consume(session_, stream.id, size);
        stream.input = std::string();
        stream.input_at = 0;
    }
}

void Http2Session::widen(Http2Stream& stream, bool wide) {
    if (wide) {
        nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, connection_window_bytes + wide_window_bytes);
    }
    stream.window = wide ? wide_window_bytes : upload_window_bytes;
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, stream.id, stream.window);
    owner_.on_output();
}

void Http2Session::narrow() {
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, connection_window_bytes);
    owner_.on_output();
}

void Http2Session::settings_taken() {
    for (const auto& [id, stream] : streams_) {
        if (stream->window != 0) {
            nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, id, stream->window);
        }
    }
}

void Http2Session::go_away() {
    while (!lingering_.empty()) {
        end_lingering(lingering_.begin()->first);
    }
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR, nullptr, 0);
    owner_.on_output();
}

void Http2Session::judge_anew() {
    for (const auto& [id, stream] : streams_) {
        stream->judged_bytes = stream->sent_bytes;
    }
}

bool Http2Session::end_slow(std::uint64_t bytes) {
    std::size_t ended = 0;
    for (const auto& [id, stream] : streams_) {
        if (!stream->out.empty() && stream->sent_bytes - stream->judged_bytes < bytes) {
            nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
            ++ended;
        }
    }
    judge_anew();
    owner_.on_output();
    return ended < streams_.size();
}

std::size_t Http2Session::unsent() const {
    return static_cast<std::size_t>(std::count_if(streams_.begin(), streams_.end(), [](const auto& one) { return !one.second->out.empty(); }));
}

std::size_t Http2Session::unfinished_head_bytes() const {
    const Http2Stream* stream = unfinished_ == 0 ? nullptr : find(unfinished_);
    return stream == nullptr ? 0 : std::max<std::size_t>(stream->fields.size_bytes(), 1);
}

} // namespace hameau::gate
