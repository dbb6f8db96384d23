"""HTTP/2 from clients that ask for much with little: what the gate pays in time, memory, descriptors and places."""
import os
import subprocess
import tempfile
import time
from collections import Counter

from client import memory_kb, wait_until
from gate_house import SITE, gate_pid, house, same, start
from h2_client import HEADERS, PREFACE, block, data, frame, head, number, request, rst, settings, text, window
from http2_streams import opened

ENTRY = b"\x40" + text("x") + number(3900, 7) + b"a" * 3900  # into the table, where one byte (0xbe) names it
LOCAL = {"authority": "localhost"}


def open_files(where=None):
    return len(os.listdir(f"/proc/{gate_pid(where)}/fd"))


def processor_time(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_http2_fields_that_repeat():
    """RFC 7541 §7.3: 16 KB of one byte stand for 62 MB of fields; nobody looks at them once the bound is reached."""
    before = processor_time(gate_pid())
    with opened() as raw:
        raw.send(frame(HEADERS, 5, 1, block(request()) + ENTRY)).get(1)
        for i in range(1, 25):
            one = raw.send(frame(HEADERS, 5, 2 * i + 1, block(request()) + b"\xbe" * 16000)).get(2 * i + 1)
            assert one["status"] is None, one["status"]
        same(raw.send(head(request(), 99)).get(99)["status"], 200, "the connection goes on")
    with opened() as raw:  # trailers
        raw.send(frame(HEADERS, 5, 1, block(request()) + ENTRY)).get(1)
        for i in range(1, 25):
            raw.send(head(request("/echo/body", "POST", "localhost"), 2 * i + 1, end=False) + frame(HEADERS, 5, 2 * i + 1, b"\xbe" * 16300)).get(2 * i + 1)
    took = processor_time(gate_pid()) - before
    assert took < 0.35, f"{took:.2f} s of processor time for 48 header sections"
    with opened() as raw:
        for i in range(60):
            raw.send(frame(HEADERS, 5, 2 * i + 1, block(request()) + (b"" if i else ENTRY) + b"\xbe" * 12000))
        raw.until(lambda: raw.goaway, 5)
        same(raw.goaway, 11, "whoever goes on with it is sent away")


def test_http2_requests_reset_while_they_wait():
    before, pid = memory_kb(gate_pid()), gate_pid()
    for path, more in (("/noise.bin", {}), ("/echo/hold", LOCAL)):
        with opened(first=PREFACE + settings((4, 0))) as raw:
            raw.send(b"".join(head(request(path, **more), 2 * i + 1) for i in range(17))).barrier()
            raw.send(frame(HEADERS, 5, 35, block(request()) + ENTRY)).barrier()
            raw.send(b"".join(frame(HEADERS, 5, s, block(request(path, **more)) + b"\xbe" * 7) + rst(s) for s in range(37, 837, 2))).barrier()
            grown = memory_kb(pid) - before
            assert raw.goaway is None and grown < 4000, f"{path}: {grown} kB after 400 requests that were reset"
            # What waits and was not reset is answered still.
            raw.send(b"".join(rst(2 * i + 1) for i in range(17)) + head(request(), 901)).until(lambda: raw.stream(901)["status"], 5)
            same(raw.stream(901)["status"], 200)


def test_http2_calls_of_clients_that_left():
    before = open_files()
    for _ in range(10):
        opened().send(b"".join(head(request("/echo/hold", **LOCAL), 2 * i + 1) for i in range(16))).barrier().socket.close()
    wait_until(lambda: open_files() <= before + 1, 3)
    with opened() as raw:  # the same by resets: the places are free again
        raw.send(b"".join(head(request("/echo/hold", **LOCAL), 2 * i + 1) for i in range(16))).barrier()
        raw.send(b"".join(rst(2 * i + 1) for i in range(16)) + head(request("/echo/head", **LOCAL), 33))
        same(raw.get(33, 3)["status"], 200, "calls that were given up keep no place")


def test_http2_places_of_an_address():
    """A call that changes something goes on without its client, as in HTTP/1.1, and counts as long as it does."""
    strict = start(["gate.limits.connections_per_address=5", "gate.limits.exempt_networks="], 840, None)
    try:
        before, refused = open_files(strict), 0
        for _ in range(12):
            try:
                raw = opened(strict, host="localhost")
            except (AssertionError, OSError):
                refused += 1
                continue
            raw.send(b"".join(head(request("/echo/hold", "POST", "localhost"), 2 * i + 1) for i in range(3))).barrier().socket.close()
            time.sleep(0.05)
        assert open_files(strict) - before <= 5 * 3 + 2 and refused == 7, (open_files(strict) - before, refused)
        # The module answers after 6 s: every place is free again.
        wait_until(lambda: open_files(strict) <= before + 1, 10)
        with opened(strict, host="localhost") as raw:
            same(raw.send(head(request("/", **LOCAL))).get(1)["status"], 200)
    finally:
        strict.stop()
        strict.remove()


def uploads(count, path, seconds=15):
    one = ["-sk", "--http2", "--max-time", str(seconds), "-w", "%{http_code}\\n", "-o", "/dev/null", "-X", "POST", "--data-binary", f"@{path}",
           f"https://localhost:{house.ports['https']}/echo/body"]
    command = ["curl", "-Z", "--parallel-max", "50"] + (one + ["--next"]) * (count - 1) + one
    return Counter(subprocess.run(command, capture_output=True, text=True, check=False).stdout.split())


def test_http2_uploads_side_by_side():
    with tempfile.NamedTemporaryFile() as file:
        file.write(os.urandom(1 << 20))
        file.flush()
        for count in (24, 40):
            same(uploads(count, file.name), {"200": count}, "uploads of one connection")
        held = []  # one client's open uploads leave places for somebody else's
        try:
            for _ in range(45):
                raw = opened()
                held.append(raw)
                raw.send(b"".join(head(request("/echo/body", "POST", "localhost"), 2 * i + 1, end=False) + data(bytes(4096), 2 * i + 1) for i in range(16))).barrier()
            same(uploads(3, file.name, 8), {"200": 3})
        finally:
            for raw in held:
                raw.socket.close()


def test_http2_connection_in_use():
    """gate.limits.idle_time begins with the last response; body_time ends what stands still, and nothing beside it."""
    limited = start(["gate.limits.idle_time=2 s", "gate.limits.body_time=2 s"], 800)
    try:
        with opened(limited) as raw:
            for i in range(6):
                same(raw.send(head(request(), 2 * i + 1)).get(2 * i + 1)["status"], 200, f"request {i}")
                raw.until(lambda: raw.goaway is not None, 0.8)
                assert raw.goaway is None and not raw.closed, f"closed {0.8 * (i + 1):.1f} s after its begin, while it is in use"
            assert raw.until(lambda: False, 5).closed, "idle at last"
        with opened(limited, first=PREFACE + settings((4, 0))) as raw:
            raw.send(head(request("/noise.bin")) + head(request("/echo/body", "POST", "localhost"), 3, end=False))
            for _ in range(30):
                raw.send(data(bytes(1000), 3)).until(lambda: raw.closed or raw.stream(1)["reset"], 0.15)
            same((raw.stream(1)["reset"], raw.closed, raw.goaway), (8, False, None), "the response that stands still, and it alone")
            raw.send(settings((4, 65535)) + data(b"", 3, end=True))
            same(raw.get(3)["status"], 200, "the upload beside it")
    finally:
        limited.stop()
        limited.remove()


def test_http2_ranges_share_a_file():
    before = open_files()
    ranges = ("range", "bytes=" + ",".join(f"{i * 200000}-{i * 200000 + 99999}" for i in range(8)))
    with opened(first=PREFACE + settings((4, 0))) as raw:
        raw.send(b"".join(head(request("/noise.bin", extra=[ranges]), 2 * i + 1) for i in range(16)))
        raw.until(lambda: len(raw.streams) >= 16, 5)
        same({one["status"] for one in raw.streams.values()}, {206})
        held = open_files() - before
        assert held <= 18, f"{held} descriptors for 16 responses"
        raw.send(window(1 << 24) + settings((4, 1 << 21)))
        assert len(raw.get(1)["body"]) > 800000


def test_http2_head_that_is_refused():
    with opened() as raw:
        one = raw.send(head(request("/" + "a" * 8200, "HEAD", SITE))).get(1)
        same((one["status"], one["body"], one["reset"]), (414, b"", None))


def test_http2_answers_before_the_body():
    """A client that is still sending keeps its stream after the answer (curl 7.88 would lose it), eight of them at a time."""
    with opened() as raw:
        resets = lambda: {number_: one["reset"] for number_, one in raw.streams.items() if one["reset"] is not None}  # noqa: E731
        raw.send(b"".join(head(request("/plain.txt", "POST"), 2 * i + 1, end=False) for i in range(8)))
        same([raw.get(2 * i + 1)["status"] for i in range(8)], [405] * 8)
        same(raw.barrier() and resets(), {}, "each keeps its stream")
        raw.send(data(b"abc", 1, end=True) + b"".join(head(request("/plain.txt", "POST"), 2 * i + 1, end=False) for i in (8, 9))).until(resets, 3)
        same(resets(), {3: 0}, "the oldest that still sends")
        raw.send(data(bytes(4096), 5)).barrier().barrier()
        same((resets(), raw.windows.get(5, 0)), ({3: 0}, 0), "its window stays shut")
        same(raw.send(head(request(), 21)).get(21)["status"], 200)


def test_http2_wide_windows_come_back():
    """32 connections may have one at a time; who has uploaded and is idle has none."""
    held = [opened() for _ in range(33)]
    try:
        for raw in held:
            raw.send(head(request("/echo/body", "POST", "localhost"), end=False) + data(b"x", end=True)).get(1)
        raw = held[-1]
        raw.send(head(request("/echo/body", "POST", "localhost"), 3, end=False) + data(b"x", 3)).until(lambda: raw.windows.get(3), 3)
        assert raw.windows.get(3, 0) > 200000, raw.windows
        raw.send(data(b"", 3, end=True)).get(3)
        used = 3  # that a window shrinks and grows loses nothing of it
        for stream in range(5, 25, 2):
            raw.send(head(request("/echo/body", "POST", "localhost"), stream, end=False))
            for at in range(0, 327680, 16384):
                while min(raw.windows.get(0, 0) + 65535 - used, raw.windows.get(stream, 0) + raw.settings[4] - at) < 16384:
                    assert raw.until(lambda: False, 0.01) and not raw.closed and raw.goaway is None, (raw.goaway, raw.windows)
                used += 16384
                raw.send(data(bytes(16384), stream, end=at == 327680 - 16384))
            same(raw.get(stream)["status"], 200)
    finally:
        for raw in held:
            raw.socket.close()
