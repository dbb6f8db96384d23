#!/usr/bin/env python3
"""A visitor's worst wait while one address attacks at full speed, and the memory of every process.

For each attack an honest visitor does five things again and again (visits.py); the row "nobody" is the calm. SECONDS=5 for each, twice: the attacker shares the machine's processors with the house, so it is measured once as it is and
once with the attacker's program out of the way (nice 19). Words as arguments choose attacks by name. No table is a test:
nothing fails here. Run it as root: mail's engines are part of the house."""
import base64
import collections
import contextlib
import http.client
import io
import itertools
import os
import queue
import random
import socket
import ssl
import struct
import sys
import threading
import time
import zipfile
import zlib
from multiprocessing import Event, Process, Queue
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "peers" / "gate"))
import gate_house  # noqa: E402
import mail_attacks  # noqa: E402
from client import frame, upgrade  # noqa: E402
from visits import HEAD, KINDS, connect, drain, session, variable, visit  # noqa: E402

SECONDS = float(os.environ.get("SECONDS", "5"))
PROCESSES = ("hameaud", "gate", "people", "mail", "sites", "pads", "milter", "dovecot", "postfix")
ENGINES = ("dovecot", "postfix")  # with all their processes


tally = collections.Counter()  # what the attacker got, in its own process


def attempt(work):
    """What the house refuses is no trouble of the attacker's."""
    try:
        answer = work()
        tally[getattr(answer, "status", "done")] += 1
    except (OSError, ssl.SSLError, EOFError, ValueError, http.client.HTTPException):
        tally["cut"] += 1


def busy_processor(house, stop):
    while not stop.is_set():
        sum(range(10000))


def one_byte_records(house, stop):
    def go():
        raw = connect(house)
        raw.sendall(HEAD + b"X: ")
        for _ in range(30000):
            raw.sendall(b"v")
            if stop.is_set():
                return
        raw.close()
    while not stop.is_set():
        attempt(go)


def slow_headers(house, stop):
    held = []
    while not stop.is_set():
        def go():
            if len(held) < 100:
                raw = connect(house, False)
                raw.sendall(HEAD)
                held.append(raw)
        attempt(go)
        for raw in list(held):
            try:
                raw.sendall(b"X: y\r\n")
            except OSError:
                held.remove(raw)


def many_connections(house, stop):
    def go():
        connect(house).close()
    while not stop.is_set():
        attempt(go)


def big_headers(house, stop):
    text = HEAD + b"".join(b"X-%d: %s\r\n" % (i, b"v" * 300) for i in range(95)) + b"\r\n"
    def go():
        raw = connect(house)
        raw.settimeout(5)
        while not stop.is_set():
            raw.sendall(text * 4)
            raw.recv(65536)
    while not stop.is_set():
        attempt(go)


def slow_readers(house, stop):
    held = []
    while not stop.is_set():
        def go():
            if len(held) < 100:
                raw = socket.socket()
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                raw.connect(("127.0.0.1", house.ports["http"]))
                raw.sendall(b"GET /noise.bin HTTP/1.1\r\nHost: amis.test\r\n\r\n")
                held.append(raw)
        attempt(go)
        for raw in list(held):
            try:
                raw.recv(1, socket.MSG_DONTWAIT)
            except BlockingIOError:
                pass
            except OSError:
                held.remove(raw)
        time.sleep(0.01)


def packers(house, stop):
    visitor = gate_house.marie(house)
    def ask():
        while not stop.is_set():
            attempt(lambda: visitor.call("GET", f"/api/v1/sites/{gate_house.SITE}/archive"))
    threads = [threading.Thread(target=ask, daemon=True) for _ in range(20)]
    for thread in threads:
        thread.start()
    stop.wait()


def own_pad(visitor):
    """The path of the WebSocket of a new text: what one attack leaves there is no burden of the next."""
    made = visitor.call("POST", "/api/v1/associations/amis/pads", {"slug": f"attack-{os.getpid()}", "title": "Essai"})
    return "/api/v1/pads/ws/" + made.json()["id"]


def presence(client, clock, size):
    """An awareness message of y-protocols: one client with a state of that size."""
    state = b'{"user":{"name":"' + b"x" * size + b'"}}'
    update = variable(1) + variable(client) + variable(clock) + variable(len(state)) + state
    return variable(1) + variable(len(update)) + update


def awareness(house, stop):
    visitor = gate_house.marie(house)
    path, cookie = own_pad(visitor), gate_house.cookie_of(visitor)
    def go():
        status, raw = upgrade(house, path, cookie)
        for i in range(1000000):
            if stop.is_set() or status != 101:
                return
            raw.send(frame(presence(i + 1, 1, 3000)))
    while not stop.is_set():
        attempt(go)


def right_origins(house, stop):
    """Letters that all stand left of one right neighbour, each from a client of its own: the worst case of YATA's search."""
    visitor = gate_house.marie(house)
    path, cookie = own_pad(visitor), gate_house.cookie_of(visitor)
    def letter(client, clock, right):
        info = 4 | (0x40 if right else 0)
        parent = (variable(right[0]) + variable(right[1])) if right else variable(1) + variable(7) + b"content"
        return variable(1) + variable(client) + variable(clock) + bytes([info]) + parent + variable(1) + b"a"
    def go():
        status, raw = upgrade(house, path, cookie)
        first = int.from_bytes(os.urandom(3), "big") + 1
        previous = None
        for i in range(1000000):
            if stop.is_set() or status != 101:
                return
            update = variable(1) + letter(first + i, 0, previous) + variable(0)
            raw.send(frame(variable(0) + variable(2) + variable(len(update)) + update))
            previous = (first + i, 0)
    while not stop.is_set():
        attempt(go)


def structs(client, first, kinds):
    """One update of a client: (kind, parent or None, content); without a parent each stands right of the one before."""
    body = b""
    for i, (kind, parent, content) in enumerate(kinds):
        if parent is None:
            body += bytes([kind | 0x80]) + variable(client) + variable(first + i - 1) + content
        else:
            body += bytes([kind]) + parent + content
    return variable(1) + variable(len(kinds)) + variable(client) + variable(first) + body + variable(0)


def text(words):
    return variable(len(words)) + words


FORMAT, STRING, TYPE = 6, 4, 7
ROOT = variable(1) + text(b"content")


def paragraph(client):
    """The structs 0 and 1 of a client: a paragraph and its text."""
    return [(TYPE, ROOT, variable(3) + text(b"paragraph")), (TYPE, variable(0) + variable(client) + variable(0), variable(6))]


def message(update):
    return frame(variable(0) + variable(2) + text(update))


def writing(house, stop, work, visitor=None, path=None):
    """work(raw, client) over one WebSocket of an own client, again and again, with somebody who reads."""
    visitor = visitor or gate_house.marie(house)
    path, cookie = path or own_pad(visitor), gate_house.cookie_of(visitor)
    def go():
        status, raw = upgrade(house, path, cookie)
        if status == 101:
            threading.Thread(target=drain, args=(raw,), daemon=True).start()
            work(raw, int.from_bytes(os.urandom(3), "big") + 1)
        raw.close()
    while not stop.is_set():
        attempt(go)


def endless_text(house, stop):
    """Text that does not compress, as fast as the house takes it: to the bound of a text, and on."""
    def work(raw, client):
        raw.send(message(structs(client, 0, paragraph(client))))
        at = 2
        parent = variable(0) + variable(client) + variable(1)
        while not stop.is_set():
            piece = os.urandom(16000).hex().encode()
            tally["messages"] += 1
            raw.send(message(structs(client, at, [(STRING, parent if at == 2 else None, text(piece))])))
            at += len(piece)
    writing(house, stop, work)


def many_events(house, stop):
    """A text of 60,000 letters, each in a format of its own, exported by ten at a time."""
    visitor = gate_house.marie(house)
    path = own_pad(visitor)
    pad = path.rsplit("/", 1)[1]
    def fill(raw, client):
        raw.send(message(structs(client, 0, paragraph(client))))
        at, parent = 2, variable(0) + variable(client) + variable(1)
        for _ in range(60):
            kinds = []
            for i in range(1000):
                first = at == 2 and i == 0
                kinds += [(FORMAT, parent if first else None, text(b"bold") + text(b"true")), (STRING, None, text(b"a")),
                          (FORMAT, None, text(b"bold") + text(b"null"))]
            raw.send(message(structs(client, at, kinds)))
            at += len(kinds)
        time.sleep(1)
        full.set()
    full = Event()
    writing(house, full, fill, visitor, path)
    def ask(form):
        while not stop.is_set():
            attempt(lambda: visitor.call("GET", f"/api/v1/pads/{pad}/export?format={form}"))
            attempt(lambda: visitor.call("GET", f"/api/v1/pads/{pad}/history"))
    threads = [threading.Thread(target=ask, args=(form,), daemon=True) for form in ("html", "odt", "markdown", "text", "yjs") * 2]
    for thread in threads:
        thread.start()
    stop.wait()


def at_once(house, stop, number, work):
    """work(visitor, i) by so many at a time, until the end."""
    visitor = house.visitor() if work in (guess_passwords, guess_codes, guess_app_passwords) else gate_house.marie(house)
    counter = itertools.count()
    def ask():
        while not stop.is_set():
            attempt(lambda: work(visitor, next(counter)))
    for _ in range(number):
        threading.Thread(target=ask, daemon=True).start()
    stop.wait()


def guess_passwords(visitor, i):
    return visitor.call("POST", "/api/v1/session", {"login": f"nobody{os.getpid()}-{i}", "password": "wrong words"})


def guess_codes(visitor, i):
    return visitor.call("POST", "/api/v1/recovery",
                        {"login": f"nobody{os.getpid()}-{i}", "code": "OILOILOI", "password": "some new words of mine"})


def guess_app_passwords(visitor, i):
    words = base64.b64encode(f"nobody{i}:ap-aaaaaaaa-{i:032}".encode()).decode()
    return visitor.call("POST", f"/api/v1/sites/{gate_house.SITE}/deploys", raw=b"x" * 100, origin=False, headers={"Authorization": "Basic " + words})


PAGES = {(f"p{i}" if i else "index") + ".html": b"<h1>x</h1>" + random.Random(i).randbytes(20000).hex().encode() * 40 for i in range(12)}
UPLOAD = []  # made when it is needed: 20 MB of pages that take long to compress


def upload_sites(visitor, i):
    if not UPLOAD:
        memory = io.BytesIO()
        with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in {"plain.txt": gate_house.FILES["plain.txt"], **PAGES}.items():
                archive.writestr(name, data)
        UPLOAD.append(memory.getvalue())
    return visitor.call("POST", f"/api/v1/sites/{gate_house.SITE}/deploys", raw=UPLOAD[0], headers={"Content-Type": "application/zip"})


def long_text(house, stop):
    """A text of 18 MB (an import of 30,000 paragraphs), opened, changed by a letter and closed again and again by three at a time."""
    visitor = gate_house.marie(house)
    made = import_documents(visitor, 0).json()
    path, cookie = "/api/v1/pads/ws/" + made["id"], gate_house.cookie_of(visitor)
    def visit():
        status, raw = upgrade(house, path, cookie)
        if status != 101:
            tally[status] += 1
            return
        raw.send(frame(b"\x00\x00\x01\x00"))  # step 1 with an empty state vector: all of it is asked for
        client = int.from_bytes(os.urandom(4), "big") | 1
        raw.send(message(structs(client, 0, paragraph(client))))
        until = time.monotonic() + 0.5
        raw.socket.settimeout(0.5)
        with contextlib.suppress(OSError):
            while time.monotonic() < until and raw.socket.recv(1 << 16):
                pass
        raw.socket.close()
        tally["visits"] += 1
    def go():
        while not stop.is_set():
            attempt(visit)
    for _ in range(3):
        threading.Thread(target=go, daemon=True).start()
    stop.wait()


def import_documents(visitor, i):
    return visitor.call("POST", f"/api/v1/associations/amis/pads/import?format=html&slug=d{os.getpid()}-{i}", raw=HUGE)


HUGE = b"<h1>x</h1>" + b"<ul><li><p><b>a</b><i>b</i></p>" * 20 + b"<p><b>a</b><i>b</i> c</p>" * 30000


def picture():
    """A PNG of 6000 x 4000 black points: 24 million to decode, 25 KB to send."""
    def chunk(kind, data):
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))
    rows = zlib.compress(b"\0" * (1 + 6000) * 4000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack("!IIBBBBB", 6000, 4000, 8, 0, 0, 0, 0)) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PICTURE = picture()


def send_pictures(visitor, i):
    pad = gate_house.pad_path(visitor).rsplit("/", 1)[1]
    return visitor.call("POST", f"/api/v1/pads/{pad}/images", raw=PICTURE + str(i).encode())


def by(number, work):
    return lambda house, stop: at_once(house, stop, number, work)


ATTACKS = {"nobody": None, "a busy processor (no attack)": busy_processor, "TLS records of one byte": one_byte_records,
           "slow headers on all connections of an address": slow_headers, "new TLS connections": many_connections,
           "header sections of 30 KiB": big_headers, "100 readers of a byte now and then": slow_readers,
           "20 archives packed at a time": packers, "presence of ever new clients": awareness,
           "letters with distinct right origins": right_origins, "text as fast as it is taken": endless_text,
           "10 exports and histories of 180,000 items": many_events, "20 guesses at passwords of ever new logins": by(20, guess_passwords),
           "20 guesses at recovery codes": by(20, guess_codes), "20 guesses at app passwords": by(20, guess_app_passwords),
           "10 uploads of a site of 20 MB": by(10, upload_sites), "10 imports of a document of 30,000 paragraphs": by(10, import_documents),
           "10 pictures of 24 million points": by(10, send_pictures), "a text of 18 MB opened, changed and closed": long_text,
           **{name: (lambda house, stop, work=work: work(house, stop, attempt)) for name, work in mail_attacks.ATTACKS.items()}}


def as_a_visitor(house, known):
    """visit() in a process of its own that gets a processor before all others: a visitor has a computer of their own."""
    answers = Queue()
    def go():
        os.nice(-19)
        answers.put(visit(house, *known, SECONDS))
    visitor = Process(target=go)
    visitor.start()
    try:
        found = answers.get(timeout=SECONDS + 90)
    except queue.Empty:
        found = {kind: [float("inf")] for kind in KINDS}  # the visitor was not served at all
        visitor.kill()
    visitor.join()
    return found


class Memory(threading.Thread):
    """The most that each process of the house holds (PSS), looked at four times a second; helpers of one name together."""

    def __init__(self, house):
        super().__init__(daemon=True)
        self.pids = {process["pid"]: process["name"] for process in house.status()["processes"]
                     if process["name"] in PROCESSES and process["pid"]}
        self.most, self.over = collections.Counter(), False

    def look(self):
        now = collections.Counter()
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, IndexError, ValueError):
                pid = int(entry.name)
                stat = (entry / "stat").read_text()
                parent = int(stat.rsplit(")", 1)[1].split()[1])
                above = self.pids.get(parent, "hameaud")
                own = above if above in ENGINES else stat.split("(")[1].split(")")[0]
                name = self.pids.get(pid) or (own if above != "hameaud" else None)
                if name:
                    now[name] += int((entry / "smaps_rollup").read_text().split("\nPss:")[1].split()[0])
        for name, size in now.items():
            self.most[name] = max(self.most[name], size)

    def run(self):
        while not self.over:
            self.look()
            time.sleep(0.25)

    def end(self):
        self.over = True
        self.join()
        others = [name for name in self.most if name not in PROCESSES]
        return " · ".join(f"{self.most[name] // 1024}" for name in PROCESSES) + "".join(f" · {name} {self.most[name] // 1024}" for name in others)


def attacker_process(attack, house, stop, nice, said):
    os.nice(nice)
    attack(house, stop)
    said.put(dict(tally))


def one(house, attack, nice, known):
    """(waits, memory, what the attacker was answered) of one attack; `nice` 19: its own processor time is out of the way."""
    stop, said = Event(), Queue()
    attacker = Process(target=attacker_process, args=(attack, house, stop, nice, said), daemon=True) if attack else None
    memory = Memory(house)
    memory.start()
    if attacker:
        attacker.start()
        time.sleep(2)
    found = as_a_visitor(house, known)
    stop.set()
    answered = {}
    if attacker:
        with contextlib.suppress(queue.Empty):
            answered = said.get(timeout=10)
        attacker.join(1)
        attacker.kill()
    return found, memory.end(), answered


def main():
    # Addresses of loopback are exempt from the limits unless told otherwise: here the attacker is a stranger like any other. The
    # visitor is no attacker, but delivers more messages a minute than Postfix takes from one address.
    house = gate_house.start(["mail.enabled=true", "gate.limits.exempt_networks=", "people.limits.exempt_networks=",
                             "mail.limits.exempt_networks=127.0.0.9/32"], 800)
    only, known = sys.argv[1:], session(house)
    try:
        print("Worst (apart): with the attacker's program at nice 19, so that the house does not compete with it for the processor.\n\n"
              "Each figure: " + " · ".join(KINDS) + ".\n\n"
              "| attack | visits | median ms | worst | worst (apart) | answered to the attacker | MiB of "
              + " · ".join(PROCESSES) + " and helpers | load |\n" + "| --- " * 8 + "|")
        for name, attack in ATTACKS.items():
            if only and not any(word in name for word in only):
                continue
            found, used, answered = one(house, attack, 0, known)
            time.sleep(1)
            apart, used_apart, _ = one(house, attack, 19, known)
            time.sleep(1)
            said = ", ".join(f"{what}: {number}" for what, number in sorted(answered.items(), key=str))
            each = lambda of, what: " · ".join(f"{what(of[kind]):.0f}" for kind in KINDS)
            print(f"| {name} | {each(found, len)} | {each(found, lambda all: all[len(all) // 2])} | {each(found, max)} | {each(apart, max)} "
                  f"| {said} | {used} | {os.getloadavg()[0]:.1f} |", flush=True)
    finally:
        house.stop()
        house.remove()


if __name__ == "__main__":
    main()
