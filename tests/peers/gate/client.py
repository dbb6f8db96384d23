"""Raw clients for hostile and exact shapes: nothing is corrected on the way."""
import base64
import os
import socket
import ssl
import struct
import time


class Raw:
    """One connection to the gate; `tls` chooses the port."""

    def __init__(self, house, tls=True, host="localhost", timeout=15, buffer=None, source=None):
        self.buffer = b""
        raw = socket.socket()
        if buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        if source:
            raw.bind(source)
        raw.settimeout(timeout)
        raw.connect(("127.0.0.1", house.ports["https" if tls else "http"]))
        self.socket = raw
        if tls:
            context = ssl.create_default_context(cafile=house.ready["ca"])
            context.check_hostname = False
            self.socket = context.wrap_socket(raw, server_hostname=host)

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)
        return self

    def more(self):
        try:
            piece = self.socket.recv(65536)
        except (ConnectionError, ssl.SSLError) as gone:
            if isinstance(gone, TimeoutError):
                raise
            return False
        self.buffer += piece
        return bool(piece)

    def answer(self, method="GET"):
        """(status, fields, body) of the next answer, or None when the connection ended."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            fields.setdefault(name.lower(), []).append(value.strip())
        if status == 101 or 100 <= status < 200 or method == "HEAD" or status in (204, 304):
            return status, fields, b""
        if fields.get("transfer-encoding") == ["chunked"]:
            return status, fields, self.chunks()
        if "content-length" in fields:
            length = int(fields["content-length"][0])
            while len(self.buffer) < length:
                if not self.more():
                    raise EOFError("the body was cut")
            body, self.buffer = self.buffer[:length], self.buffer[length:]
            return status, fields, body
        while self.more():
            pass
        body, self.buffer = self.buffer, b""
        return status, fields, body

    def chunks(self):
        body = b""
        while True:
            while b"\r\n" not in self.buffer:
                if not self.more():
                    raise EOFError("a chunk was cut")
            line, _, self.buffer = self.buffer.partition(b"\r\n")
            length = int(line, 16)
            while len(self.buffer) < length + 2:
                if not self.more():
                    raise EOFError("a chunk was cut")
            body += self.buffer[:length]
            self.buffer = self.buffer[length + 2:]
            if length == 0:
                return body

    def get(self, path, host="localhost", headers="", method="GET", version="1.1"):
        self.send(f"{method} {path} HTTP/{version}\r\nHost: {host}\r\n{headers}\r\n")
        return self.answer(method)

    def ended(self, seconds):
        """Whether the gate closes within this time."""
        self.socket.settimeout(seconds)
        try:
            while self.more():
                pass
            return True
        except (TimeoutError, ssl.SSLError):
            return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def upgrade(house, path, headers="", tls=True, host="localhost", source=None):
    """(status, connection) of a WebSocket's handshake."""
    raw = Raw(house, tls=tls, host=host, source=source)
    port = house.ports["https" if tls else "http"]
    key = base64.b64encode(os.urandom(16)).decode()
    raw.send(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{headers}\r\n")
    answer = raw.answer()
    return (answer[0] if answer else None), raw


def frame(payload, opcode=2):
    """A masked frame of a client (RFC 6455 §5.2)."""
    mask = os.urandom(4)
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, 0xFE, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0xFF, size)
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def read_frame(raw):
    """(opcode, payload) of the server's next frame, or None at the end."""
    def need(count):
        while len(raw.buffer) < count:
            if not raw.more():
                return False
        return True

    if not need(2):
        return None
    opcode, size, at = raw.buffer[0] & 15, raw.buffer[1] & 127, 2
    if size == 126:
        if not need(4):
            return None
        size, at = struct.unpack("!H", raw.buffer[2:4])[0], 4
    elif size == 127:
        if not need(10):
            return None
        size, at = struct.unpack("!Q", raw.buffer[2:10])[0], 10
    if not need(at + size):
        return None
    payload, raw.buffer = raw.buffer[at:at + size], raw.buffer[at + size:]
    return opcode, payload


def memory_kb(pid, key="VmRSS"):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    return 0


def wait_until(condition, seconds):
    deadline = time.time() + seconds
    while time.time() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False
