"""A raw HTTP/2 client for hostile and exact shapes: every frame is made by hand, field sections without compression.
Responses are read with the inflater of libnghttp2, which every machine that runs the gate has."""
import ctypes
import ctypes.util
import socket
import ssl
import struct
import time

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
PRIORITY_UPDATE = 16
END_STREAM, ACK, END_HEADERS, PADDED, WITH_PRIORITY = 1, 1, 4, 8, 32
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
BARRIER = b"barrier!"


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    return struct.pack(">I", len(payload) if length is None else length)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def number(value, bits, first=0):
    """RFC 7541 §5.1."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = [first | most], value - most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + [value])


def text(value):
    raw = value.encode("latin-1") if isinstance(value, str) else value
    return number(len(raw), 7) + raw


def block(fields):
    """Literals that are never put into the table (RFC 7541 §6.2.2)."""
    return b"".join(b"\x00" + text(name) + text(value) for name, value in fields)


def request(path="/plain.txt", method="GET", authority="amis.test", scheme="https", extra=()):
    return [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path), *extra]


def head(fields, stream=1, end=True):
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block(fields))


def data(payload=b"", stream=1, end=False):
    return frame(DATA, END_STREAM if end else 0, stream, payload)


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", key, value) for key, value in pairs))


def window(increment, stream=0):
    return frame(WINDOW, 0, stream, struct.pack(">I", increment))


def rst(stream=1, code=8):
    return frame(RST, 0, stream, struct.pack(">I", code))


class _Pair(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("value", ctypes.c_void_p), ("name_size", ctypes.c_size_t),
                ("value_size", ctypes.c_size_t), ("flags", ctypes.c_uint8)]


class Inflater:
    library = None

    def __init__(self):
        if Inflater.library is None:
            Inflater.library = ctypes.CDLL(ctypes.util.find_library("nghttp2") or "libnghttp2.so.14")
            Inflater.library.nghttp2_hd_inflate_hd2.restype = ctypes.c_ssize_t
        self.state = ctypes.c_void_p()
        self.library.nghttp2_hd_inflate_new(ctypes.byref(self.state))

    def fields(self, section):
        found, flags, pair = [], ctypes.c_int(0), _Pair()
        held = ctypes.create_string_buffer(section, len(section))
        at = 0
        while True:
            flags.value = 0
            used = self.library.nghttp2_hd_inflate_hd2(self.state, ctypes.byref(pair), ctypes.byref(flags),
                                                       ctypes.byref(held, at), ctypes.c_size_t(len(section) - at), 1)
            assert used >= 0, f"the header section cannot be read: {used}"
            at += used
            if flags.value & 2:
                found.append((ctypes.string_at(pair.name, pair.name_size).decode(), ctypes.string_at(pair.value, pair.value_size).decode("latin-1")))
            if flags.value & 1:
                self.library.nghttp2_hd_inflate_end_headers(self.state)
                return found
            if used == 0 and at >= len(section):
                return found


class Http2:
    """One connection. What came is kept by stream: status, fields, body, ended, reset."""

    def __init__(self, port, ca=None, host="amis.test", first=None, timeout=5, buffer=None):
        raw = socket.socket()
        if buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        raw.settimeout(timeout)
        raw.connect(("127.0.0.1", port))
        context = ssl.create_default_context(cafile=ca)
        context.check_hostname = False
        if ca is None:
            context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["h2", "http/1.1"])
        self.socket = context.wrap_socket(raw, server_hostname=host)
        assert self.socket.selected_alpn_protocol() == "h2", self.socket.selected_alpn_protocol()
        self.buffer, self.inflater = b"", Inflater()
        self.streams, self.goaway, self.closed, self.frames, self.settings = {}, None, False, [], {}
        self.pongs, self.windows = [], {}
        self.send(PREFACE + settings() if first is None else first)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, what):
        try:
            self.socket.sendall(what)
        except OSError:
            pass  # what came before it tells why
        return self

    def stream(self, number_):
        return self.streams.setdefault(number_, {"status": None, "fields": [], "body": b"", "ended": False, "reset": None, "interim": []})

    def one(self):
        """Takes one frame; False at the end."""
        while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
            try:
                piece = self.socket.recv(65536)
            except TimeoutError:
                raise
            except OSError:
                piece = b""
            if not piece:
                self.closed = True
                return False
            self.buffer += piece
        size, kind, flags = int.from_bytes(self.buffer[:3], "big"), self.buffer[3], self.buffer[4]
        stream = int.from_bytes(self.buffer[5:9], "big") & 0x7FFFFFFF
        payload, self.buffer = self.buffer[9:9 + size], self.buffer[9 + size:]
        self.take(kind, flags, stream, payload)
        return True

    def take(self, kind, flags, stream, payload):
        self.frames.append((kind, flags, stream, len(payload)))
        if kind == SETTINGS and not flags & ACK:
            self.settings.update(struct.unpack(">HI", payload[at:at + 6]) for at in range(0, len(payload), 6))
            self.send(frame(SETTINGS, ACK))
        elif kind == HEADERS:
            fields = self.inflater.fields(payload)
            status = dict(fields)[":status"]
            if status.startswith("1"):
                self.stream(stream)["interim"].append(status)
                return
            self.stream(stream).update(status=int(status), fields=fields)
        elif kind == DATA:
            self.stream(stream)["body"] += payload
        elif kind == RST:
            self.stream(stream)["reset"] = int.from_bytes(payload, "big")
        elif kind == GOAWAY:
            self.goaway = int.from_bytes(payload[4:8], "big")
        elif kind == WINDOW:
            self.windows[stream] = self.windows.get(stream, 0) + int.from_bytes(payload, "big")
        elif kind == PING and flags & ACK:
            self.pongs.append(payload)
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.stream(stream)["ended"] = True

    def until(self, done, seconds=5):
        """Reads until that is so, or the end, or the time is over."""
        end = time.monotonic() + seconds
        while not done() and not self.closed:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                self.one()
            except TimeoutError:
                return self
        return self

    def get(self, stream, seconds=10):
        one = self.stream(stream)
        self.until(lambda: one["ended"] or one["reset"] is not None, seconds)
        return one

    def barrier(self):
        """Everything that was sent has been seen by the other side, and answered as far as it is answered at once."""
        self.pongs.clear()
        self.send(frame(PING, 0, 0, BARRIER))
        return self.until(lambda: BARRIER in self.pongs or self.goaway)
