"""HTTP/2 from outside: one table of shapes; what needs time or several requests is in http2_streams.py."""
import struct

from gate_house import FILES, SITE, house
from h2_client import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PREFACE, PRIORITY,
                       PRIORITY_UPDATE, PUSH, RST, SETTINGS, WINDOW, WITH_PRIORITY, Http2, block, data, frame, head, number, request, rst,
                       settings, window)

GOOD = request()
ECHO = request("/echo/body", "POST", "localhost")


def without(name):
    return [field for field in GOOD if field[0] != name]


def instead(name, value):
    return [(key, value if key == name else old) for key, old in GOOD]


def posted(*extra):
    return ECHO + list(extra)


def sections(fields, sizes, stream=1):
    """HEADERS, then CONTINUATION frames."""
    whole, out = block(fields), b""
    cuts = [*sizes, len(whole)]
    for at, (begin, end) in enumerate(zip([0, *sizes], cuts)):
        last = END_HEADERS if at == len(cuts) - 1 else 0
        out += frame(HEADERS if at == 0 else CONTINUATION, last | (END_STREAM if at == 0 else 0), stream, whole[begin:end])
    return out


# name: (what is sent after preface and SETTINGS, outcome). An outcome is what stream 1 gives ("200", "rst 1": reset with
# code 1) or the connection ("goaway 1", "closed"); "|" separates what is allowed. Numbers of codes: RFC 9113 §7.
ANSWERED = {
    "GET": (head(GOOD), "200"),
    "HEAD": (head(request(method="HEAD")), "200"),
    "a file that is not there": (head(request("/nowhere")), "404"),
    "a method that a site does not know": (head(request(method="DELETE")), "405"),
    "OPTIONS *": (head(request("*", "OPTIONS")), "400|404|405"),
    "an unknown host": (head(request(authority="unknown.test")), "421"),
    "a port in :authority": (head(request(authority="amis.test:8443")), "200"),
    ":authority in capitals": (head(request(authority="AMIS.test")), "200"),
    "Host and no :authority (§8.3.1)": (head(without(":authority") + [("host", SITE)]), "200"),
    "Host that says the same": (head(GOOD + [("host", SITE)]), "200"),
    "a query": (head(request("/plain.txt?a=b")), "200"),
    "a range": (head(GOOD + [("range", "bytes=0-9")]), "206"),
    "a range beyond the end": (head(GOOD + [("range", "bytes=900-")]), "416"),
    "te: trailers": (head(GOOD + [("te", "trailers")]), "200"),
    "cookies in crumbs (§8.2.3)": (head(GOOD + [("cookie", "a=b"), ("cookie", "c=d")]), "200"),
    "priority: u=1, i (RFC 9218)": (head(GOOD + [("priority", "u=1, i")]), "200"),
    "a body of its length": (head(posted(("content-length", "4")), end=False) + data(b"abcd", end=True), "200"),
    "a body without length": (head(ECHO, end=False) + data(b"abcd", end=True), "200"),
    "a body in pieces": (head(ECHO, end=False) + data(b"ab") + data(b"") + data(b"cd", end=True), "200"),
    "an empty body at last": (head(ECHO, end=False) + data(b"", end=True), "200"),
    "content-length: 0": (head(posted(("content-length", "0"))), "200"),
    "a body that a file does not want": (head(GOOD, end=False) + data(b"abcd", end=True), "200"),
    "padding of DATA": (head(ECHO, end=False) + frame(DATA, PADDED | END_STREAM, 1, b"\x03abcd\0\0\0"), "200"),
    "padding of HEADERS": (frame(HEADERS, PADDED | END_HEADERS | END_STREAM, 1, b"\x02" + block(GOOD) + b"\0\0"), "200"),
    "HEADERS with a priority (§6.2)": (frame(HEADERS, WITH_PRIORITY | END_HEADERS | END_STREAM, 1, struct.pack(">IB", 0, 15) + block(GOOD)), "200"),
    "trailers (§8.1)": (head(ECHO, end=False) + data(b"abcd") + head([("x-end", "1")]), "200"),
    "a head in two frames": (sections(GOOD, [10]), "200"),
    "a head in four frames": (sections(GOOD, [1, 2, 30]), "200"),
    "an unknown frame (§5.5)": (frame(0x42, 0xff, 0, b"what") + head(GOOD), "200"),
    "an unknown frame on a stream": (head(ECHO, end=False) + frame(0x42, 0, 1, b"what") + data(b"x", end=True), "200"),
    "an unknown setting (§6.5.2)": (settings((0x4242, 7)) + head(GOOD), "200"),
    "unknown flags": (frame(HEADERS, END_HEADERS | END_STREAM | 0x42, 1, block(GOOD)), "200"),
    "the reserved bit of a stream": (frame(HEADERS, END_HEADERS | END_STREAM, 0x80000001, block(GOOD)), "200"),
    "PRIORITY on an idle stream (§6.3)": (frame(PRIORITY, 0, 5, struct.pack(">IB", 0, 1)) + head(GOOD), "200"),
    "PRIORITY_UPDATE (RFC 9218 §7.1)": (frame(PRIORITY_UPDATE, 0, 0, struct.pack(">I", 1) + b"u=0") + head(GOOD), "200"),
    "HEADER_TABLE_SIZE 0": (settings((1, 0)) + head(GOOD), "200"),
    "a table of no entries (RFC 7541 §6.3)": (frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x20" + block(GOOD)), "200"),
    "GOAWAY, then a request": (frame(GOAWAY, 0, 0, bytes(8)) + head(GOOD), "200|200, then nothing more"),
    "a stream id that was left out (§5.1.1)": (head(GOOD, 5), "200 on 5"),
    "a reset of what is answered": (head(GOOD) + rst(), "200|none"),
    "an upload that nobody wants to a site": (head(request(method="PUT"), end=False) + data(b"x" * 9000), "405"),
    "a module that answers early": (head(request("/echo/early", "POST", "localhost"), end=False) + data(b"x" * 9000), "413"),
    "a WebSocket asked for as in HTTP/1.1": (head(GOOD + [("sec-websocket-version", "13")]), "200"),
}
MALFORMED = {  # RFC 9113 §8.1.1: a stream error of type PROTOCOL_ERROR, or a 400
    "a name in capitals (§8.2.1)": (head(GOOD + [("X-Own", "a")]), "rst 1"),
    "a name with a space": (head(GOOD + [("x own", "a")]), "rst 1"),
    "an empty name": (head(GOOD + [("", "a")]), "rst 1"),
    "a name with a colon within": (head(GOOD + [("x:y", "a")]), "rst 1"),
    "a name with a zero": (head(GOOD + [("x\0", "a")]), "rst 1"),
    "a value with a line feed": (head(GOOD + [("x", "a\nb: c")]), "rst 1"),
    "a value with a carriage return": (head(GOOD + [("x", "a\rb")]), "rst 1"),
    "a value with a zero": (head(GOOD + [("x", "a\0b")]), "rst 1"),
    "a value that begins with a space": (head(GOOD + [("x", " a")]), "rst 1"),
    "a value that ends with a tab": (head(GOOD + [("x", "a\t")]), "rst 1"),
    "connection (§8.2.2)": (head(GOOD + [("connection", "close")]), "rst 1"),
    "keep-alive": (head(GOOD + [("keep-alive", "5")]), "rst 1"),
    "proxy-connection": (head(GOOD + [("proxy-connection", "close")]), "rst 1"),
    "upgrade": (head(GOOD + [("upgrade", "websocket")]), "rst 1"),
    "transfer-encoding": (head(posted(("transfer-encoding", "chunked")), end=False) + data(b"x", end=True), "rst 1"),
    "te: gzip": (head(GOOD + [("te", "gzip")]), "rst 1"),
    "a pseudo-field behind a field (§8.3)": (head(GOOD[:3] + [("x", "a")] + GOOD[3:]), "rst 1"),
    "an unknown pseudo-field": (head(GOOD + [(":own", "a")]), "rst 1"),
    ":status in a request": (head([(":status", "200")] + GOOD), "rst 1"),
    "two :path": (head(GOOD + [(":path", "/")]), "rst 1"),
    "two :method": (head([(":method", "GET")] + GOOD), "rst 1"),
    "two :scheme": (head([(":scheme", "https")] + GOOD), "rst 1"),
    "two :authority": (head([(":authority", SITE)] + GOOD), "rst 1"),
    "no :method (§8.3.1)": (head(without(":method")), "rst 1"),
    "no :scheme": (head(without(":scheme")), "rst 1"),
    "no :path": (head(without(":path")), "rst 1"),
    "no host at all": (head(without(":authority")), "rst 1|400"),
    "an empty :path": (head(instead(":path", "")), "rst 1|400"),
    "an empty :method": (head(instead(":method", "")), "rst 1|400"),
    "an empty :authority": (head(instead(":authority", "")), "rst 1|400"),
    "a :method with a line feed": (head(instead(":method", "GET / HTTP/1.1\r\nX: y")), "rst 1|400"),
    "a :method with a space": (head(instead(":method", "GET /")), "rst 1|400"),
    "a :path without its slash": (head(instead(":path", "plain.txt")), "rst 1|400"),
    "a :path with a host": (head(instead(":path", "https://amis.test/plain.txt")), "rst 1|400"),
    "a :path with a space": (head(instead(":path", "/a b")), "rst 1|400"),
    "a :path with a fragment": (head(instead(":path", "/#x")), "rst 1|400"),
    "a bad escape": (head(instead(":path", "/%zz")), "400"),
    "an escaped zero": (head(instead(":path", "/%00")), "400"),
    "climbing": (head(instead(":path", "/../../etc/passwd")), "400|404"),
    ":scheme http": (head(instead(":scheme", "http")), "rst 1|400"),
    "user in :authority": (head(instead(":authority", "u@amis.test")), "rst 1|400"),
    "a path in :authority": (head(instead(":authority", "amis.test/x")), "rst 1|400"),
    "a bad port": (head(instead(":authority", "amis.test:abc")), "rst 1|400"),
    "Host that says something else (§8.3.1)": (head(GOOD + [("host", "localhost")]), "rst 1|400"),
    "two Hosts": (head(without(":authority") + [("host", SITE), ("host", "localhost")]), "rst 1|400"),
    "the same Host twice": (head(without(":authority") + [("host", SITE), ("host", SITE)]), "rst 1|400"),
    "CONNECT with a path": (head(request(method="CONNECT")), "rst 1|400|405"),
    "CONNECT": (head([(":method", "CONNECT"), (":authority", "amis.test:443")]), "rst 1|400|405"),
    "extended CONNECT that was not offered (RFC 8441 §3)": (head(request(method="CONNECT", extra=[(":protocol", "websocket")])), "rst 1|400"),
    "less than content-length (§8.1.1)": (head(posted(("content-length", "9")), end=False) + data(b"abcd", end=True), "rst 1"),
    "more than content-length": (head(posted(("content-length", "2")), end=False) + data(b"abcd", end=True), "rst 1"),
    "content-length without a body": (head(posted(("content-length", "2"))), "rst 1"),
    "two lengths": (head(posted(("content-length", "4"), ("content-length", "5")), end=False) + data(b"abcd", end=True), "rst 1|400"),
    "a length that is none": (head(posted(("content-length", "+4")), end=False) + data(b"abcd", end=True), "rst 1|400"),
    "a huge length": (head(posted(("content-length", "99999999999999999999")), end=False) + data(b"abcd", end=True), "rst 1|400"),
    "trailers without an end": (head(ECHO, end=False) + head([("x", "1")], end=False), "rst 1|goaway 1"),
    "a pseudo-field in trailers": (head(ECHO, end=False) + data(b"x") + head([(":path", "/")]), "rst 1"),
    "a bad name in trailers": (head(ECHO, end=False) + data(b"x") + head([("X", "1")]), "rst 1"),
    "WINDOW_UPDATE of 0 on a stream (§6.9)": (head(ECHO, end=False) + window(0, 1), "rst 1|goaway 1"),
    "a stream's window beyond 2^31 - 1": (head(ECHO, end=False) + window(0x7fffffff, 1), "rst 3"),
}
BROKEN = {  # RFC 9113 §5.4.1: connection errors
    "no preface (§3.4)": (None, "closed|goaway 1"),
    "a preface without SETTINGS": (PREFACE + head(GOOD), "goaway 1"),
    "DATA on stream 0": (data(b"x", 0), "goaway 1"),
    "HEADERS on stream 0": (head(GOOD, 0), "goaway 1"),
    "PRIORITY on stream 0": (frame(PRIORITY, 0, 0, bytes(5)), "goaway 1"),
    "RST_STREAM on stream 0": (rst(0), "goaway 1"),
    "CONTINUATION on stream 0": (frame(CONTINUATION, 4, 0, b""), "goaway 1"),
    "SETTINGS on a stream": (frame(SETTINGS, 0, 1), "goaway 1"),
    "PING on a stream": (frame(PING, 0, 1, bytes(8)), "goaway 1"),
    "GOAWAY on a stream": (frame(GOAWAY, 0, 1, bytes(8)), "goaway 1"),
    "an even stream (§5.1.1)": (head(GOOD, 2), "goaway 1"),
    "DATA on an idle stream (§5.1)": (data(b"x", 1), "goaway 1"),
    "RST_STREAM on an idle stream": (rst(1), "goaway 1"),
    "WINDOW_UPDATE on an idle stream": (window(1, 1), "goaway 1"),
    "DATA behind the end of a stream": (head(request("/echo/slow", "POST", "localhost")) + data(b"x"), "goaway 5|rst 5|goaway 1"),
    "HEADERS behind the end of a stream": (head(GOOD) + head(GOOD), "goaway 5|rst 5|goaway 1"),
    "RST_STREAM of 3 bytes": (head(ECHO, end=False) + frame(RST, 0, 1, bytes(3)), "goaway 6"),
    "PING of 7 bytes": (frame(PING, 0, 0, bytes(7)), "goaway 6"),
    "PRIORITY of 4 bytes": (frame(PRIORITY, 0, 1, bytes(4)), "goaway 6|rst 6"),
    "WINDOW_UPDATE of 3 bytes": (frame(WINDOW, 0, 0, bytes(3)), "goaway 6"),
    "SETTINGS of 5 bytes": (frame(SETTINGS, 0, 0, bytes(5)), "goaway 6"),
    "an acknowledgement that says something (§6.5)": (frame(SETTINGS, ACK, 0, bytes(6)), "goaway 6"),
    "GOAWAY of 7 bytes": (frame(GOAWAY, 0, 0, bytes(7)), "goaway 6"),
    "a frame larger than 16384 (§4.2)": (head(ECHO, end=False) + data(bytes(16385)), "goaway 6"),
    "a head larger than a frame": (frame(HEADERS, 5, 1, bytes(16385)), "goaway 6"),
    "ENABLE_PUSH 2 (§6.5.2)": (settings((2, 2)), "goaway 1"),
    "INITIAL_WINDOW_SIZE 2^31": (settings((4, 1 << 31)), "goaway 3"),
    "MAX_FRAME_SIZE 16383": (settings((5, 16383)), "goaway 1"),
    "MAX_FRAME_SIZE 2^24": (settings((5, 1 << 24)), "goaway 1"),
    "WINDOW_UPDATE of 0": (window(0), "goaway 1"),
    "a window beyond 2^31 - 1 (§6.9.1)": (window(0x7fffffff), "goaway 3"),
    "a window that settings push beyond 2^31 - 1": (head(ECHO, end=False) + window(0x7fff0000 - 1, 1) + settings((4, 0x7fffffff)), "goaway 3|rst 3"),
    "CONTINUATION without HEADERS (§6.10)": (frame(CONTINUATION, 4, 1, block(GOOD)), "goaway 1"),
    "a frame within a head": (frame(HEADERS, END_STREAM, 1, block(GOOD)[:9]) + frame(PING, 0, 0, bytes(8)), "goaway 1"),
    "an unknown frame within a head": (frame(HEADERS, END_STREAM, 1, block(GOOD)[:9]) + frame(0x42, 0, 0, b""), "goaway 1"),
    "CONTINUATION on another stream": (frame(HEADERS, END_STREAM, 1, block(GOOD)[:9]) + frame(CONTINUATION, 4, 3, block(GOOD)[9:]), "goaway 1"),
    "PUSH_PROMISE from a client (§8.4)": (head(ECHO, end=False) + frame(PUSH, 4, 1, struct.pack(">I", 2) + block(GOOD)), "goaway 1"),
    "more padding than DATA (§6.1)": (head(ECHO, end=False) + frame(DATA, PADDED, 1, b"\x09abc"), "goaway 1"),
    "more padding than HEADERS": (frame(HEADERS, PADDED | 5, 1, b"\xff" + block(GOOD)), "goaway 1"),
    "DATA with PADDED and nothing": (head(ECHO, end=False) + frame(DATA, PADDED, 1, b""), "goaway 6|goaway 1"),
    "an index that is not in the table (RFC 7541 §2.3.3)": (frame(HEADERS, 5, 1, number(70, 7, 0x80)), "goaway 9"),
    "index 0": (frame(HEADERS, 5, 1, b"\x80"), "goaway 9"),
    "a table larger than agreed (RFC 7541 §6.3)": (frame(HEADERS, 5, 1, number(5000, 5, 0x20) + block(GOOD)), "goaway 9"),
    "a table size behind a field": (frame(HEADERS, 5, 1, block(GOOD) + b"\x20"), "goaway 9"),
    "a number without end": (frame(HEADERS, 5, 1, b"\xff" + b"\xff" * 10), "goaway 9"),
    "a text that is cut": (frame(HEADERS, 5, 1, b"\x00\x0fabc"), "goaway 9"),
    "Huffman with a wrong end (RFC 7541 §5.2)": (frame(HEADERS, 5, 1, b"\x00\x81\x00\x81\x00"), "goaway 9"),
    "Huffman with EOS": (frame(HEADERS, 5, 1, b"\x00\x84\xff\xff\xff\xff\x81\xff"), "goaway 9"),
}
BOUNDS = {
    "a head of 40 KiB": (sections(GOOD + [(f"x-{i}", "a" * 4000) for i in range(10)], [16000, 32000]), "431|goaway 11"),
    "150 fields": (head(GOOD + [(f"x-{i}", "a") for i in range(150)]), "431"),
    "a path of 9000": (head(request("/" + "a" * 9000)), "414"),
    "a table that makes much of little": (frame(HEADERS, 5, 1, block(GOOD) + b"\x40" + b"\x01x" + number(3000, 7) + b"a" * 3000 + b"\xbe" * 5000), "rst 13"),
    "2000 PING": (frame(PING, 0, 0, bytes(8)) * 2000, "goaway 11"),
    "2000 SETTINGS": (settings() * 2000, "goaway 11"),
    "2000 PRIORITY": (frame(PRIORITY, 0, 9, struct.pack(">IB", 0, 1)) * 2000, "goaway 11"),
    "2000 PRIORITY_UPDATE": (frame(PRIORITY_UPDATE, 0, 0, struct.pack(">I", 1) + b"u=0") * 2000, "goaway 11"),
    "2000 WINDOW_UPDATE": (window(1) * 2000, "goaway 11"),
    "2000 empty DATA": (head(ECHO, end=False) + data() * 2000, "goaway 11"),
    "2000 DATA of padding alone": (head(ECHO, end=False) + frame(DATA, PADDED, 1, b"\x01\0") * 2000, "goaway 11"),
    "2000 CONTINUATION": (frame(HEADERS, END_STREAM, 1, block(GOOD)) + frame(CONTINUATION, 0, 1, b"") * 2000, "goaway 11|goaway 1|closed"),
    "2000 requests, each reset (rapid reset)": (b"".join(head(GOOD, 2 * i + 1) + rst(2 * i + 1) for i in range(2000)), "goaway 11"),
    "2000 requests that we must reset (made you reset)": (b"".join(head(ECHO, 2 * i + 1, end=False) + window(0, 2 * i + 1) for i in range(2000)), "goaway 11|goaway 1"),
}


def outcome(connection, stream=1):
    """What has become of that stream, or of the connection."""
    one = connection.stream(stream)
    if connection.goaway:
        return f"goaway {connection.goaway}"
    if one["status"] is not None and one["ended"]:
        return str(one["status"])
    if one["reset"]:
        return f"rst {one['reset']}"
    return "closed" if connection.closed else "none"


def run_row(port, ca, sent, wanted):
    """The outcome; a connection that lives on must answer another request."""
    if sent is None or sent.startswith(PREFACE):
        connection = Http2(port, ca, first=sent or b"GET / HTTP/1.1\r\nHost: amis.test\r\n\r\n" + bytes(64))
    else:
        connection = Http2(port, ca).send(sent)
    with connection:
        stream = 5 if wanted.endswith("on 5") else 1
        wanted = wanted.removesuffix(" on 5")
        connection.barrier()
        if not connection.goaway and not connection.closed:
            one = connection.stream(stream)
            connection.until(lambda: connection.goaway or one["ended"] or one["reset"] is not None, 0.3 if wanted == "200|none" else 3)
        got = outcome(connection, stream)
        if got[0] in "2345r" and not got.startswith("goaway"):
            then = connection.send(head(GOOD, 99)).get(99)
            if then["status"] != 200 or then["body"] != FILES["plain.txt"]:
                got += ", then nothing more"
        elif got.startswith("goaway") and not connection.until(lambda: False, 3).closed:
            got += ", and it stays open"
    return got if got not in wanted.split("|") else wanted


def check(rows):
    problems = [f"{name}: {got} instead of {wanted}" for name, (sent, wanted) in rows.items()
                if (got := run_row(house.ports["https"], house.ready["ca"], sent, wanted)) != wanted.removesuffix(" on 5")]
    assert not problems, "\n".join(problems)


def test_http2_requests():
    check(ANSWERED)


def test_http2_malformed_requests():
    check(MALFORMED)


def test_http2_connection_errors():
    check(BROKEN)


def test_http2_bounds():
    check(BOUNDS)
