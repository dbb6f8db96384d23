#!/usr/bin/env python3
"""A visitor's worst wait while one address attacks at full speed, and the memory of every process.

For each attack: first calm, then under attack, a visitor asks for a small page over a new TLS connection again and again.
SECONDS=5 for each. No table is a test: nothing fails here. The attacker shares the machine's processors with the house, so
the figures of a machine with two processors are an upper bound; the row "a busy processor" shows how much of it that is."""
import contextlib
import os
import socket
import ssl
import sys
import threading
import time
from multiprocessing import Event, Process
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "peers" / "gate"))
import gate_house  # noqa: E402
from client import frame, upgrade  # noqa: E402

VISITOR = ("127.0.0.9", 0)  # another address than the attacker's
SECONDS = float(os.environ.get("SECONDS", "5"))
PROCESSES = ("hameaud", "gate", "people", "sites", "pads")
HEAD = b"GET /plain.txt HTTP/1.1\r\nHost: amis.test\r\n"


def connect(house, tls=True, source=None):
    raw = socket.create_connection(("127.0.0.1", house.ports["https" if tls else "http"]), timeout=20, source_address=source)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not tls:
        return raw
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(raw, server_hostname="amis.test")


def attempt(work):
    """What the house refuses is no trouble of the attacker's."""
    with contextlib.suppress(OSError, ssl.SSLError, EOFError, ValueError):
        work()


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


def variable(number):
    out = b""
    while number >= 128:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def presence(client, clock, size):
    """An awareness message of y-protocols: one client with a state of that size."""
    state = b'{"user":{"name":"' + b"x" * size + b'"}}'
    update = variable(1) + variable(client) + variable(clock) + variable(len(state)) + state
    return variable(1) + variable(len(update)) + update


def awareness(house, stop):
    visitor = gate_house.marie(house)
    path, cookie = gate_house.pad_path(visitor), gate_house.cookie_of(visitor)
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
    path, cookie = gate_house.pad_path(visitor), gate_house.cookie_of(visitor)
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


ATTACKS = {"nobody": None, "a busy processor (no attack)": busy_processor, "TLS records of one byte": one_byte_records,
           "slow headers on all connections of an address": slow_headers, "new TLS connections": many_connections,
           "header sections of 30 KiB": big_headers, "100 readers of a byte now and then": slow_readers,
           "20 archives packed at a time": packers, "presence of ever new clients": awareness,
           "letters with distinct right origins": right_origins}


def waits(house, seconds):
    """Milliseconds of each visit: connect, TLS, a request, its response."""
    found, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            with contextlib.closing(connect(house, source=VISITOR)) as raw:
                raw.sendall(HEAD + b"\r\n")
                good = raw.recv(65536).startswith(b"HTTP/1.1 200")
        except OSError:
            good = False
        found.append((time.monotonic() - began) * 1000 if good else float("inf"))
        time.sleep(0.02)
    return sorted(found)


def memory(house):
    return " · ".join(f"{process['pss_kb'] // 1024}" for name in PROCESSES for process in house.status()["processes"]
                      if process["name"] == name)


def main():
    # Addresses of loopback are exempt from the limits unless told otherwise: here the attacker is a stranger like any other.
    house = gate_house.start(["gate.limits.exempt_networks="], 800)
    try:
        print("| attack | visits | median ms | worst ms | MiB of " + " · ".join(PROCESSES) + " |\n| --- | --- | --- | --- | --- |")
        for name, attack in ATTACKS.items():
            stop = Event()
            attacker = Process(target=attack, args=(house, stop), daemon=True) if attack else None
            if attacker:
                attacker.start()
                time.sleep(1)
            found = waits(house, SECONDS)
            stop.set()
            used = memory(house)
            if attacker:
                attacker.join(5)
                attacker.kill()
            print(f"| {name} | {len(found)} | {found[len(found) // 2]:.0f} | {found[-1]:.0f} | {used} |", flush=True)
            time.sleep(1)
    finally:
        house.stop()
        house.remove()


if __name__ == "__main__":
    main()
