// Any bytes as an HTTP/2 connection, with a socket that is full now and then: every request that comes through has one
// meaning, no callback touches what has gone, and what waits stays bounded. The first byte says how the rest is cut up.
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/gate/http2_session.hpp"

using namespace hameau::gate;

namespace {

void need(bool holds) {
    if (!holds) {
        __builtin_trap();
    }
}

constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::string_view empty_settings("\0\0\0\4\0\0\0\0\0", 9);

struct Watcher final : Http2Stream::Watcher {
    int changes = 0;
    void on_stream_change() override { ++changes; }
};

struct Client final : Http2Session::Owner {
    unsigned mode = 0;
    std::int64_t clock = 1000;
    std::size_t room = 0;
    std::size_t written = 0;
    std::vector<Http2StreamPtr> requests;
    std::vector<Http2StreamPtr> streamed;
    Watcher watcher;

    void on_request(Http2StreamPtr stream) override { requests.push_back(std::move(stream)); }
    void on_closed(const Http2Stream& stream) override {
        need(stream.closed && stream.session == nullptr);
        std::erase_if(requests, [&stream](const Http2StreamPtr& one) { return one.get() == &stream; });
    }
    void on_output() override {}
    bool is_full() override { return room == 0; }
    bool put_record(std::string_view text) override {
        need(!text.empty() && text.size() <= record_bytes);
        written += text.size();
        room -= room > 0 ? 1 : 0;
        return (mode & 64) == 0 || written < 100000;  // sometimes the connection breaks
    }
    std::int64_t now_ms() override { return clock; }
};

void check(const Http2Stream& stream) {
    const RequestHead& head = stream.head;
    if (stream.refused != 0) {
        need(stream.refused >= 400 && stream.refused < 500);
        return;
    }
    need(head.path.starts_with('/') || (head.path == "*" && head.method == "OPTIONS"));
    need(head.method.find_first_of(std::string_view(" \r\n\0:/", 6)) == std::string_view::npos && head.path.find_first_of(" \r\n") == std::string_view::npos);
    need(!head.host.empty() && !(head.chunked && head.content_length) && !head.websocket);
    need(head.fields.size() <= fields_max);
    int hosts = 0;
    for (const Field& field : head.fields) {
        need(!field.name.empty() && field.name.find_first_of(": \t\r\nABCXYZ") == std::string_view::npos);
        need(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
        need(field.name != "connection" && field.name != "transfer-encoding");
        hosts += field.name == "host" ? 1 : 0;
    }
    need(hosts == 1);
}

void answer(Http2Session& session, Client& client) {
    for (const Http2StreamPtr& stream : client.requests) {
        if (stream->closed) {
            continue;
        }
        check(*stream);
        Body body;
        switch (static_cast<unsigned>(stream->id) % 4) {
        case 0: case 1:
            body.add(std::string((client.mode & 32) != 0 ? 70000 : 10, 'x'));
            session.discard(*stream);
            session.respond(*stream, 200, "Content-Type: text/plain\r\nX-Own: a:b\r\n", body.size(), std::move(body), true);
            break;
        default:
            stream->watcher = &client.watcher;
            session.respond(*stream, 200, "Connection: close\r\n", std::nullopt, Body(), false);
            client.streamed.push_back(stream);
        }
    }
    client.requests.clear();
    std::string piece(1000, ' ');
    for (const Http2StreamPtr& stream : client.streamed) {
        if (stream->closed) {
            continue;
        }
        const std::size_t size = session.read(*stream, piece);
        need(size <= piece.size());
        const bool last = stream->ended && stream->unread() == 0;
        if (!stream->out_last && stream->out.size() < stream_output_bytes_max) {
            session.add(*stream, std::string_view(piece).substr(0, size), last);
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) {
        return 0;
    }
    Client client;
    client.mode = data[0];
    std::string text((client.mode & 128) != 0 ? std::string() : std::string(preface) + std::string(empty_settings));
    text.append(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t step = std::size_t{1} << (client.mode & 15);
    {
        Http2Session session(client);
        bool open = true;
        for (std::size_t at = 0; open && at < text.size(); at += step) {
            open = session.receive(std::string_view(text).substr(at, step)) && !session.is_terminated();
            answer(session, client);
            client.room = (client.mode & 16) != 0 ? at % 3 : 8;
            client.clock += 7;
            session.send();
            need(session.streams() <= streams_max + 1);
        }
        client.room = 1000;
        session.send();
        if ((client.mode & 1) != 0) {
            session.go_away();
            session.send();
        }
    }
    for (const Http2StreamPtr& stream : client.streamed) {
        need(stream->closed && stream->session == nullptr);
    }
    return 0;
}
