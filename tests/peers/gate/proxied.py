"""What goes through to modules: header sections, bodies, roles, WebSockets."""
import hashlib
import os
import signal
import threading

from client import Raw, frame, memory_kb, read_frame, upgrade
from gate_house import NOISE, SITE, cookie_of, gate_pid, house, marie, pad_path, page, same


def test_heads_to_and_from_modules():
    visitor = marie()
    cookie = f"Cookie: a=1; __Host-hameau={visitor.cookies['__Host-hameau']}; __Host-hameau-device=x; b=2\r\n"
    hostile = ("Hameau-Member: forged\r\nHAMEAU-Roles: admin\r\nHameau-Caller: admin\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
               "TE: trailers\r\nUpgrade: h2c\r\nX-Request-Id: mine\r\nProxy-Authorization: x\r\nX-Kept: yes\r\n")
    with Raw(house) as raw:
        status, fields, body = raw.get("/echo/head?a=%20b", f"localhost:{house.ports['https']}", cookie + hostile)
    same(status, 200)
    lines = body.decode().split("\r\n")
    told = {}
    for line in lines[1:]:
        told.setdefault(line.split(":")[0].lower(), []).append(line.split(":", 1)[1].strip())
    same(lines[0], "GET /echo/head?a=%20b HTTP/1.1")
    same((told["cookie"], told["x-kept"]), (["a=1; b=2"], ["yes"]))
    same((told["hameau-caller"], told["hameau-login"], told["hameau-roles"]), (["gate"], ["marie"], ["amis=manager"]))
    same((told["hameau-name"], told["hameau-scheme-host"]), (["Marie%20Le%20Goff"], [f"https://localhost:{house.ports['https']}"]))
    same(told["hameau-address-prefix"], ["127.0.0.0/24"])
    assert len(told["hameau-member"]) == 1 and told["hameau-member"] != ["forged"] and told["x-request-id"] != ["mine"], told
    for name in ("x-hop", "te", "upgrade", "proxy-authorization"):
        assert name not in told, told
    same(fields["set-cookie"], ["own=1"])
    assert "hameau-secret" not in fields and "keep-alive" not in fields and fields["x-kept"] == ["yes"], fields
    anonymous = page("/echo/head", host="localhost")[2].lower()
    assert b"hameau-member" not in anonymous and b"hameau-roles" not in anonymous
    unknown = page("/echo/head", "Cookie: __Host-hameau=" + "x" * 52 + "\r\n", host="localhost")[2].lower()
    assert b"hameau-member" not in unknown


def test_roles_at_the_gate():
    same(page("/echo/member", host="localhost")[0], 401)
    same(page("/echo/admin", host="localhost")[0], 401)
    cookie = cookie_of(marie())
    same(page("/echo/member", cookie, host="localhost")[0], 404)  # let through: the module does not know it
    same(page("/echo/admin", cookie, host="localhost")[0], 403)


def test_a_planted_cookie_opens_nothing():
    """A member's site may set cookies for the whole domain; a browser sends them along, before or behind the real one."""
    real = cookie_of(marie())[len("Cookie: "):-2]
    name = real.split("=")[0]
    session = "/api/v1/session"
    same(page(session, f"Cookie: {real}\r\n", host="localhost")[0], 200)
    same(page(session, f"Cookie: x=1; {real}; {real}\r\n", host="localhost")[0], 200)
    other = cookie_of(house.visitor().sign_in("yann", "yann-secret-words"))[len("Cookie: "):-2]
    for cookies in (f"{other}; {real}", f"{real}; {other}", f"{name}=planted; {real}"):
        same(page(session, f"Cookie: {cookies}\r\n", host="localhost")[0], 401, cookies)
        same(page("/echo/member", f"Cookie: {cookies}\r\n", host="localhost")[0], 401, cookies)


def test_origin():
    own = f"http://localhost:{house.ports['http']}"
    host = f"localhost:{house.ports['http']}"
    visitor = cookie_of(marie())
    for headers, wanted in ((visitor, 403), (visitor + f"Origin: {own}\r\n", 200), (visitor + "Origin: http://localhost\r\n", 403),
                            (visitor + f"Origin: https://localhost:{house.ports['http']}\r\n", 403), (visitor + "Origin: null\r\n", 403),
                            ("", 200), ("Origin: http://evil.test\r\n", 403), (f"Origin: {own}\r\n", 200),
                            (visitor + f"Origin: {own}\r\nOrigin: http://evil.test\r\n", 403)):
        with Raw(house, tls=False) as raw:
            raw.send(f"POST /echo/body HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n{headers}\r\nab")
            same(raw.answer()[0], wanted, headers)


def test_answers_of_modules():
    same(page("/echo/close", host="localhost")[2], b"until the end")
    same(page("/echo/chunks", host="localhost")[2], b"one two three")
    same(page("/echo/interim", host="localhost")[2], b"final")
    same(page("/echo/garbage", host="localhost")[0], 502)
    with Raw(house, tls=False) as raw:
        try:
            raw.get("/echo/cut", "localhost")
            raise AssertionError("a cut body looked whole")
        except EOFError:
            pass
    with Raw(house, tls=False) as raw:
        raw.send("GET /echo/chunks HTTP/1.0\r\nHost: localhost\r\n\r\n")
        answer = raw.answer()
        same((answer[2], "transfer-encoding" in answer[1]), (b"one two three", False))
    with Raw(house, tls=False) as raw:
        for what in ("chunks", "close", "head", "interim"):
            assert raw.get(f"/echo/{what}", "localhost")[0] == 200  # one connection for all


def test_crash_of_a_module():
    """A GET is repeated once behind the restart; a POST is not."""
    same(page("/echo/crash-once", host="localhost")[2], b"2")
    with Raw(house, tls=False) as raw:
        raw.send("POST /echo/crash HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        same(raw.answer()[0], 503)
        house.wait_state("echo", ("ready",))
        same(raw.get("/echo/chunks", "localhost")[0], 200)


def test_bodies_up():
    for chunked in (False, True):
        for tls in (False, True):
            with Raw(house, tls=tls) as raw:
                framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(NOISE)}"
                raw.send(f"POST /echo/body HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n")
                data = b"".join(f"{len(NOISE[i:i + 70001]):x}\r\n".encode() + NOISE[i:i + 70001] + b"\r\n"
                                for i in range(0, len(NOISE), 70001)) + b"0\r\n\r\n" if chunked else NOISE
                raw.send(data)
                same(raw.answer()[2], f"{len(NOISE)} {hashlib.sha256(NOISE).hexdigest()}".encode())
                same(raw.get("/echo/chunks", "localhost")[0], 200)
    with Raw(house, tls=False) as raw:
        raw.send("POST /echo/body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        same(raw.answer()[0], 100)
        raw.send("abc")
        assert raw.answer()[2].startswith(b"3 ")


def test_early_refusal():
    with Raw(house, tls=True) as raw:
        raw.send("POST /echo/early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n")
        try:
            for _ in range(20):
                raw.send(b"x" * 65536)
        except OSError:
            pass
        answer = raw.answer()
        same((answer[0], answer[1].get("connection")), (413, ["close"]))
        assert raw.ended(5)


def test_memory_stays_while_bodies_pass():
    pid = gate_pid()
    before = memory_kb(pid)
    received = []

    def read_slowly():
        with Raw(house, tls=True, buffer=65536, timeout=60) as raw:
            raw.send("GET /echo/big HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while b"\r\n\r\n" not in raw.buffer and raw.more():
                pass
            total = len(raw.buffer.partition(b"\r\n\r\n")[2])
            raw.buffer = b""
            while total < 104857600 and raw.more():
                total += len(raw.buffer)
                raw.buffer = b""
            received.append(total)

    stalled = [Raw(house, tls=i % 2 == 0, buffer=4096) for i in range(20)]
    for i, raw in enumerate(stalled):
        raw.send(f"GET {'/echo/big' if i % 3 else '/noise.bin'} HTTP/1.1\r\nHost: {'localhost' if i % 3 else SITE}\r\n\r\n")
    reader = threading.Thread(target=read_slowly)
    reader.start()
    with Raw(house, tls=True) as raw:
        size = 64 << 20
        raw.send(f"POST /echo/body HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n")
        for _ in range(size // (1 << 20)):
            raw.send(b"u" * (1 << 20))
        assert raw.answer()[2].startswith(str(size).encode())
    reader.join(60)
    after = memory_kb(pid)
    for raw in stalled:
        raw.close()
    same(received, [104857600])
    print(f"     gate RSS {before} kB, with 22 bodies on their way {after} kB")
    assert after - before < 4096, f"{before} kB became {after} kB"


def test_websocket_origin():
    visitor = marie()
    path, cookie = pad_path(visitor), cookie_of(visitor)
    port = house.ports["https"]
    for headers, wanted in ((cookie, (101,)), (cookie + f"Origin: https://localhost:{port}\r\n", (101,)),
                            (cookie + f"Origin: http://localhost:{port}\r\n", (403,)), (cookie + "Origin: https://amis.test\r\n", (403,)),
                            (cookie + "Origin: null\r\n", (403,)), ("", (401, 403)), ("Cookie: __Host-hameau=nobody\r\n", (401, 403))):
        status, raw = upgrade(house, path, headers)
        raw.close()
        assert status in wanted, (headers, status)
    status, raw = upgrade(house, "/echo/head", cookie)  # not a route of WebSockets
    same(status, 200)
    raw.close()


def test_websocket_carries_bytes():
    visitor = marie()
    status, raw = upgrade(house, pad_path(visitor), cookie_of(visitor))
    same(status, 101)
    raw.send(frame(b"\x00\x00\x01\x00"))  # sync step 1, an empty state vector
    kinds = set()
    for _ in range(3):
        got = read_frame(raw)
        assert got and got[0] == 2, got
        kinds.add(bytes(got[1][:2]))
        if b"\x00\x01" in kinds:
            break
    assert b"\x00\x01" in kinds, kinds
    raw.send(frame(b"hello", 9))  # ping
    while (got := read_frame(raw)) and got[0] != 10:
        pass
    same(got, (10, b"hello"))
    raw.send(frame(b"\x03\xe8", 8))
    same(read_frame(raw)[0], 8)
    assert raw.ended(3)


def test_sign_out_closes_websockets():
    visitor, other = marie(), marie()
    path = pad_path(visitor)
    status, raw = upgrade(house, path, cookie_of(visitor))
    status2, kept = upgrade(house, path, cookie_of(other))
    same((status, status2), (101, 101))
    same(visitor.call("DELETE", "/api/v1/session").status, 204)
    assert raw.ended(3), "the WebSocket of a session that ended stays open"
    assert not kept.ended(1), "the WebSocket of another session was closed"
    kept.close()
    with Raw(house) as again:
        same(again.get("/echo/member", "localhost", cookie_of(other))[0], 404)
        same(other.call("POST", "/api/v1/me/sign-out-everywhere", {}).status, 204)
        same(again.get("/echo/member", "localhost", cookie_of(other))[0], 401, "a revoked session is remembered")


def test_revocation_survives_people():
    """people is killed: the stream breaks; what was open stays, and a sign-out is heard again."""
    visitor = marie()
    status, raw = upgrade(house, pad_path(visitor), cookie_of(visitor))
    same(status, 101)
    os.kill(house.process_of("people")["pid"], signal.SIGKILL)
    house.wait_state("people", ("ready", "asleep"))
    assert not raw.ended(1.5), "the WebSocket was closed with people"
    same(visitor.call("DELETE", "/api/v1/session").status, 204)
    assert raw.ended(3)
