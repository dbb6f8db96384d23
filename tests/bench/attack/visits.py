"""What an honest visitor does while somebody attacks, and how long each of it takes. bench.py starts visit() in a process of its own.

Five things at once, again and again, from an address of its own: a page of a site, a call of the portal with a session, a letter in
a text that another person has open, a mail program's sign-in, the envelope of a message from outside. It writes one letter into the
text "Compte rendu" at a time and sends no message."""
import contextlib
import os
import smtplib
import socket
import ssl
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "peers" / "gate"))
import gate_house  # noqa: E402
from client import frame, read_frame, upgrade  # noqa: E402

VISITOR = ("127.0.0.9", 0)  # another address than the attacker's
KINDS = ("page", "call", "letter", "mail program", "message")
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TLS.check_hostname, TLS.verify_mode = False, ssl.CERT_NONE
HEAD = b"GET /plain.txt HTTP/1.1\r\nHost: amis.test\r\n"
PAUSE = {"mail program": 0.2, "message": 0.1}  # seconds between two visits; else 0.02


def connect(house, tls=True, source=None, port=None):
    raw = socket.create_connection(("127.0.0.1", house.ports[port or ("https" if tls else "http")]), timeout=20, source_address=source)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not tls:
        return raw
    return TLS.wrap_socket(raw, server_hostname="amis.test")


def variable(number):
    out = b""
    while number >= 128:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def page(house):
    """Connect, TLS, a request, its response."""
    def visit():
        with contextlib.closing(connect(house, source=VISITOR)) as raw:
            raw.sendall(HEAD + b"\r\n")
            return raw.recv(65536).startswith(b"HTTP/1.1 200")
    return visit


def call(house, cookie):
    """The same to people, who asks its database whose session it is."""
    cookie = cookie.encode()
    request = b"GET /api/v1/session HTTP/1.1\r\nHost: localhost:%d\r\n" % house.ports["https"] + cookie + b"\r\n"
    def visit():
        with contextlib.closing(connect(house, source=VISITOR)) as raw:
            raw.sendall(request)
            return raw.recv(65536).startswith(b"HTTP/1.1 200")
    return visit


def letter(house, cookie, path):
    """From one person's page to another's, both open for long."""
    writer, reader = (upgrade(house, path, cookie, source=VISITOR)[1] for _ in range(2))
    threading.Thread(target=drain, args=(writer,), daemon=True).start()
    client, clock = int.from_bytes(os.urandom(3), "big") + 1, 0
    def visit():
        nonlocal clock
        # One struct of a root of its own (Y.js update V1): the first stands in the root, each other right of the one before.
        where = b"\x04\x01\x05visit" if clock == 0 else b"\x84" + variable(client) + variable(clock - 1)
        update = b"\x01\x01" + variable(client) + variable(clock) + where + b"\x01x" + b"\x00"
        clock += 1
        writer.send(frame(b"\x00\x02" + variable(len(update)) + update))
        while True:
            heard = read_frame(reader)
            if heard is None:
                return False
            if heard[0] == 2 and update[2:-1] in heard[1]:
                return True
    return visit


def drain(raw):
    """What the house says to a writer is thrown away."""
    with contextlib.suppress(OSError, ssl.SSLError):
        while raw.socket.recv(1 << 16):
            pass


def mail_program(house):
    """Connect, TLS, sign-in with a password, INBOX."""
    def visit():
        with contextlib.closing(connect(house, source=VISITOR, port="imaps")) as raw, raw.makefile("rb") as lines:
            lines.readline()
            for number, words in enumerate((b"LOGIN marie.legoff@amis.test marie-secret-words", b"SELECT INBOX", b"LOGOUT")):
                tag = b"a%d " % number
                raw.sendall(tag + words + b"\r\n")
                while not (line := lines.readline()).startswith(tag):
                    if not line:
                        return False
                if not line.startswith(tag + b"OK"):
                    return False
        return True
    return visit


def message(house):
    """Connect to port 25, one sender, one recipient."""
    def visit():
        with smtplib.SMTP("127.0.0.1", house.ports["smtp"], local_hostname="ailleurs.example", timeout=20, source_address=VISITOR) as client:
            client.ehlo()
            return client.mail("ami@ailleurs.example")[0] == 250 and client.rcpt("marie.legoff@amis.test")[0] == 250
    return visit


def waits(visit, seconds, pause):
    """Milliseconds of each visit, sorted; one that fails takes for ever."""
    found, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            good = visit()
        except (OSError, ssl.SSLError, smtplib.SMTPException):
            good = False
        found.append((time.monotonic() - began) * 1000 if good else float("inf"))
        time.sleep(pause)
    return sorted(found)


def session(house):
    """(cookie, path of the text's WebSocket): signed in before anybody attacks; who signs in meanwhile may have to wait, by design."""
    marie = gate_house.marie(house)
    items = marie.call("GET", "/api/v1/associations/amis/pads").json()["items"]
    return gate_house.cookie_of(marie), "/api/v1/pads/ws/" + next(item["id"] for item in items if item["slug"] == "minutes")


def visit(house, cookie, path, seconds):
    """{kind: waits}"""
    visits = {"page": page(house), "call": call(house, cookie), "letter": letter(house, cookie, path), "mail program": mail_program(house), "message": message(house)}
    found = {}
    def go(kind):
        found[kind] = waits(visits[kind], seconds, PAUSE.get(kind, 0.02))
    threads = [threading.Thread(target=go, args=(kind,)) for kind in KINDS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
