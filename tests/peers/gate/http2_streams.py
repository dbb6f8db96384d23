"""HTTP/2 over time and side by side: slow clients, many requests at once, bodies, two tenants, sessions, a gate that stops."""
import hashlib
import os
import signal
import threading
import time

from client import Raw, memory_kb, wait_until
from gate_house import FILES, NOISE, SITE, gate_pid, house, marie, same, start
from h2_client import END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, Http2, block, data, frame, head, request, rst, settings, window


def opened(where=None, **how):
    where = where or house
    return Http2(where.ports["https"], where.ready["ca"], **how)


def ends_within(connection, least, most, what):
    begin = time.monotonic()
    connection.until(lambda: False, most)
    took = time.monotonic() - begin
    assert connection.closed and least <= took, f"{what}: {'closed' if connection.closed else 'open'} after {took:.1f} s"


def test_http2_slow_clients():
    limited = start(["gate.limits.header_time=1 s", "gate.limits.body_time=1 s", "gate.limits.idle_time=3 s"], 820)
    try:
        silent, half, idle = opened(limited), opened(limited), opened(limited)
        half.send(frame(HEADERS, END_STREAM, 1, block(request())[:9]))
        same(idle.send(head(request())).get(1)["status"], 200)
        asks = opened(limited)
        same(asks.send(head(request())).get(1)["status"], 200)
        asking = True

        def keep_asking():
            while asking:
                asks.send(frame(PING, 0, 0, bytes(8)))
                time.sleep(0.4)

        thread = threading.Thread(target=keep_asking)
        thread.start()
        no_window = opened(limited, first=PREFACE + settings((4, 0))).send(head(request("/noise.bin")))
        drips = opened(limited, first=PREFACE + settings((4, 0))).send(head(request("/noise.bin")))
        begin = time.monotonic()
        while time.monotonic() - begin < 7 and not drips.closed:
            drips.send(window(1, 1)).until(lambda: False, 0.2)
        assert drips.closed, "a byte now and then keeps a response for ever"
        for connection, what in ((silent, "no request"), (half, "half a head"), (no_window, "no window"), (idle, "idle"), (asks, "PING")):
            connection.until(lambda: False, 3)
            assert connection.closed, what
        asking = False
        thread.join()
        same((idle.goaway, no_window.stream(1)["status"]), (0, 200))
        late = opened(limited).send(head(request("/echo/body", "POST", "localhost"), end=False) + data(b"abc"))
        same(late.get(1, 5)["status"], 408, "a body that stays away")
        # A reader that takes nothing holds 64 KiB of the kernel's memory at most, and not for ever.
        deaf = opened(limited, first=PREFACE + settings((4, 0x7fffffff)) + window(0x7fff0000), buffer=4096).send(head(request("/noise.bin")))
        time.sleep(4)
        deaf.until(lambda: False, 3)
        assert deaf.closed and len(deaf.stream(1)["body"]) < len(NOISE), "a reader that takes nothing"
        # The module may think longer than a client may be silent.
        with opened(limited) as patient:
            same(patient.send(head(request("/echo/chunks", authority="localhost"))).get(1)["body"], b"one two three")
    finally:
        limited.stop()
        limited.remove()


def test_http2_many_at_once():
    with opened() as raw:
        raw.send(b"".join(head(request("/echo/head", authority="localhost"), 2 * i + 1) for i in range(100)))
        same([raw.get(2 * i + 1)["status"] for i in range(100)], [200] * 100, "100 calls of a module")
        raw.send(b"".join(head(request("/echo/body", "POST", "localhost"), 2 * i + 1, end=False) for i in range(100, 200))).barrier()
        assert not raw.goaway
        for i in range(100, 200):
            raw.send(data(b"x", 2 * i + 1, end=True))
        same({raw.get(2 * i + 1)["status"] for i in range(100, 200)}, {200}, "those that wait for a place are answered")
        raw.send(b"".join(head(request("/echo/body", "POST", "localhost"), 2 * i + 1, end=False) for i in range(200, 310))).barrier()
        # RFC 9113 §5.1.2: one more than SETTINGS_MAX_CONCURRENT_STREAMS, which this client knows.
        assert raw.goaway == 1 or sum(one["reset"] in (1, 7) for one in raw.streams.values()) == 10, raw.goaway


def test_http2_requests_that_wait():
    """100 responses that their client does not take hold 16 files at most; the others come when there is room."""
    before = len(os.listdir(f"/proc/{gate_pid()}/fd"))
    with opened(first=PREFACE + settings((4, 0))) as raw:
        raw.send(b"".join(head(request("/noise.bin"), 2 * i + 1) for i in range(100))).barrier()
        held = len(os.listdir(f"/proc/{gate_pid()}/fd")) - before
        assert 2 <= held <= 18, held
        same(raw.send(rst(1)).until(lambda: raw.stream(33)["status"], 3).stream(33)["status"], 200, "the 17th begins when the first is given up")
    with opened(first=PREFACE + settings((4, 0))) as raw:
        raw.send(b"".join(head(request(), 2 * i + 1) for i in range(100))).barrier()
        raw.send(settings((4, 65535)))
        same([raw.get(2 * i + 1)["body"] for i in range(100)], [FILES["plain.txt"]] * 100)
    wait_until(lambda: len(os.listdir(f"/proc/{gate_pid()}/fd")) <= before + 1, 10)


def test_http2_bodies():
    wanted = f"{len(NOISE)} {hashlib.sha256(NOISE).hexdigest()}".encode()
    with opened(first=PREFACE + settings((4, 1 << 20)) + window(1 << 24)) as raw:
        raw.send(head(request("/noise.bin")))
        raw.until(lambda: raw.stream(1)["body"], 5)
        raw.send(window(1 << 22, 1))
        same(hashlib.sha256(raw.get(1, 20)["body"]).digest(), hashlib.sha256(NOISE).digest())
        same(raw.send(head(request("/echo/cut", authority="localhost"), 3)).get(3)["reset"], 2, "a response that was cut is not taken for whole")
        same(raw.send(head(request("/echo/garbage", authority="localhost"), 5)).get(5)["status"], 502)
        final = raw.send(head(request("/echo/interim", authority="localhost"), 7)).get(7)
        same((final["status"], final["body"]), (200, b"final"))
        same(raw.send(head(request("/echo/close", authority="localhost"), 9)).get(9)["body"], b"until the end")
        one = raw.send(head(request("/echo/head", "HEAD", "localhost"), 11)).get(11)
        same((one["status"], one["body"], dict(one["fields"])["x-kept"]), (200, b"", "yes"))
        bare = raw.send(head(request("/echo/body", "POST", "localhost", extra=[("expect", "100-continue")]), 13, end=False)).until(
            lambda: raw.stream(13)["interim"], 5).stream(13)
        same(bare["interim"], ["100"])
        raw.send(data(b"abc", 13, end=True))
        same(raw.get(13)["body"], f"3 {hashlib.sha256(b'abc').hexdigest()}".encode())
        seen = raw.send(head(request("/echo/head", authority="localhost", extra=[("cookie", "a=b"), ("cookie", "c=d"), ("hameau-member", "x")]), 15)).get(15)["body"]
        assert b"\r\ncookie: a=b; c=d\r\n" in seen.lower() and b"hameau-member" not in seen.lower(), seen
        assert seen.startswith(b"GET /echo/head HTTP/1.1\r\nHost: localhost\r\n"), seen
    with opened() as raw:  # an upload within the windows that are given back
        raw.send(head(request("/echo/body", "POST", "localhost"), end=False))
        sent = 0
        while sent < len(NOISE):
            piece = NOISE[sent:sent + 16384]
            while min(raw.windows.get(0, 0) + 65535, raw.windows.get(1, 0) + raw.settings.get(4, 65535)) < sent + len(piece):
                assert raw.one(), "the connection ended"
            sent += len(piece)
            raw.send(data(piece, end=sent == len(NOISE)))
        same(raw.get(1, 20)["body"], wanted)


def test_http2_clients_that_leave():
    before = len(os.listdir(f"/proc/{gate_pid()}/fd"))
    for i in range(30):
        raw = opened().send(head(request("/echo/body", "POST", "localhost"), end=False) + data(b"abc"))
        raw.send(head(request("/noise.bin"), 3) + head(request("/echo/big", authority="localhost"), 5))
        if i % 3 == 0:
            raw.get(3, 0.2)
        if i % 3 == 1:
            raw.send(rst(1) + rst(3) + rst(5)).barrier()
        raw.socket.close()
    wait_until(lambda: len(os.listdir(f"/proc/{gate_pid()}/fd")) <= before + 1, 10)
    with opened() as raw:
        same(raw.send(head(request())).get(1)["body"], FILES["plain.txt"])
        # What was given up does not shrink the window for what follows.
        for i in range(13):
            raw.send(b"".join(head(request("/echo/body", "POST", "localhost"), stream, end=False) + data(bytes(4096), stream) + rst(stream)
                              for stream in range(20 * i + 3, 20 * i + 23, 2))).barrier()
        raw.send(head(request("/echo/body", "POST", "localhost"), 501, end=False) + data(bytes(4096), 501, end=True))
        assert raw.get(501)["status"] == 200, (raw.goaway, raw.closed, raw.windows, raw.stream(501), raw.frames[-12:])


def test_http2_two_tenants():
    """One connection, whatever certificate it shows: each response belongs to the host that its request names."""
    for shown in (SITE, "localhost"):
        with opened(host=shown, first=PREFACE + settings() + window(1 << 24)) as raw:
            for i in range(40):
                raw.send(head(request("/", authority=SITE), 4 * i + 1) + head(request("/", authority="localhost"), 4 * i + 3))
            for i in range(40):
                site, home = raw.get(4 * i + 1), raw.get(4 * i + 3)
                assert site["body"] == FILES["index.html"] and b"Accueil" not in home["body"] and home["status"] == 200, (site, home)
                assert ("x-frame-options", "DENY") in home["fields"] and ("x-frame-options", "DENY") not in site["fields"]
            same(raw.send(head(request("/plain.txt", authority="localhost"), 201)).get(201)["status"], 404)
            same(raw.send(head(request("/api/v1/house", authority=SITE), 203)).get(203)["status"], 404)
    token = marie().cookies["__Host-hameau"]
    with opened(host="localhost") as raw:
        def session(stream, *extra):
            return raw.send(head(request("/echo/member", authority="localhost", extra=extra), stream)).get(stream)["status"]
        same([session(1), session(3, ("cookie", f"__Host-hameau={token}")), session(5)], [401, 404, 401], "who is signed in for one request")
        evil = request("/echo/body", "POST", "localhost", extra=[("cookie", f"__Host-hameau={token}"), ("origin", "https://evil.test")])
        same(raw.send(head(evil, 7)).get(7)["status"], 403)


def test_http2_connections_over_the_limit():
    """A client that may not come in is told so in HTTP/1.1: it is not offered anything else."""
    strict = start(["gate.limits.connections_per_address=2", "gate.limits.exempt_networks="], 860, None)
    try:
        held = [opened(strict, host="localhost") for _ in range(2)]
        with Raw(strict) as raw:
            same(raw.get("/", "localhost")[0], 503)
        assert all(one.send(head(request("/", authority="localhost"))).get(1)["status"] == 200 for one in held)
    finally:
        strict.stop()
        strict.remove()


def test_http2_switched_off():
    plain = start(["gate.http2=false"], 880, None)
    try:
        try:
            opened(plain, host="localhost")
            agreed = "h2"
        except AssertionError as other:
            agreed = str(other)
        same(agreed, "http/1.1")
    finally:
        plain.stop()
        plain.remove()


def test_http2_gate_that_stops():
    """What is being answered is answered, a new request is not taken, an idle connection is closed."""
    idle = opened()
    same(idle.send(head(request())).get(1)["status"], 200)
    busy = opened(first=PREFACE + settings((4, 70000)) + window(1 << 24)).send(head(request("/noise.bin")))
    busy.until(lambda: len(busy.stream(1)["body"]) > 30000, 5)
    pid = gate_pid()
    os.kill(pid, signal.SIGTERM)
    busy.until(lambda: busy.goaway is not None, 5)
    same(busy.goaway, 0)
    same(hashlib.sha256(busy.send(window(1 << 22, 1)).get(1, 10)["body"]).digest(), hashlib.sha256(NOISE).digest(), "the response is whole")
    assert idle.until(lambda: False, 3).closed and busy.until(lambda: False, 3).closed
    wait_until(lambda: gate_pid() not in (0, None, pid), 10)
    with opened() as raw:
        same(raw.send(head(request())).get(1)["status"], 200)


def test_http2_memory():
    """Memory of 100 idle connections."""
    before = memory_kb(gate_pid())
    held = [opened() for _ in range(100)]
    assert all(one.send(head(request())).get(1)["status"] == 200 for one in held)
    each = (memory_kb(gate_pid()) - before) / 100
    print(f"     {each:.1f} kB RSS for each idle HTTP/2 connection")
    assert each < 60, each
    for one in held:
        one.socket.close()
