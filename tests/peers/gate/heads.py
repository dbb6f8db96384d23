"""Header sections of requests: strict where two programs could understand two things; versions, pipelining."""
import hashlib

from client import Raw
from gate_house import FILES, SITE, house, same


SHAPES = {
    "length and chunks": ("POST / HTTP/1.1\r\nHost: amis.test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "two lengths": ("POST / HTTP/1.1\r\nHost: amis.test\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", 400),
    "the same length twice": ("POST / HTTP/1.1\r\nHost: amis.test\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", 400),
    "a list of lengths": ("POST / HTTP/1.1\r\nHost: amis.test\r\nContent-Length: 4, 4\r\n\r\nabcd", 400),
    "a signed length": ("POST / HTTP/1.1\r\nHost: amis.test\r\nContent-Length: +4\r\n\r\nabcd", 400),
    "a huge length": ("POST / HTTP/1.1\r\nHost: amis.test\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
    "another coding": ("POST / HTTP/1.1\r\nHost: amis.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "chunked in 1.0": ("POST / HTTP/1.0\r\nHost: amis.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "bare line feeds": ("GET / HTTP/1.1\nHost: amis.test\n\n", 400),
    "one bare line feed": ("GET / HTTP/1.1\r\nHost: amis.test\nX: y\r\n\r\n", 400),
    "a lone carriage return": ("GET / HTTP/1.1\r\nHost: amis.test\r\nX: a\rb\r\n\r\n", 400),
    "a folded field": ("GET / HTTP/1.1\r\nHost: amis.test\r\nX: a\r\n b\r\n\r\n", 400),
    "space before the colon": ("GET / HTTP/1.1\r\nHost: amis.test\r\nX : a\r\n\r\n", 400),
    "no colon": ("GET / HTTP/1.1\r\nHost: amis.test\r\nnothing\r\n\r\n", 400),
    "no name": ("GET / HTTP/1.1\r\nHost: amis.test\r\n: a\r\n\r\n", 400),
    "a zero byte": (b"GET / HTTP/1.1\r\nHost: amis.test\r\nX: a\0b\r\n\r\n", 400),
    "no host": ("GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": ("GET / HTTP/1.1\r\nHost: amis.test\r\nHost: localhost\r\n\r\n", 400),
    "an empty host": ("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    "a bad port": ("GET / HTTP/1.1\r\nHost: amis.test:abc\r\n\r\n", 400),
    "a host with a path": ("GET / HTTP/1.1\r\nHost: amis.test/x\r\n\r\n", 400),
    "an unknown host": ("GET / HTTP/1.1\r\nHost: unknown.test\r\n\r\n", 421),
    "no version": ("GET /\r\n\r\n", 400),
    "version 2": ("GET / HTTP/2.0\r\nHost: amis.test\r\n\r\n", 505),
    "version 1.2": ("GET / HTTP/1.2\r\nHost: amis.test\r\n\r\n", 505),
    "spaces in the target": ("GET /a b HTTP/1.1\r\nHost: amis.test\r\n\r\n", 400),
    "a bad escape": ("GET /%zz HTTP/1.1\r\nHost: amis.test\r\n\r\n", 400),
    "an escaped zero": ("GET /%00 HTTP/1.1\r\nHost: amis.test\r\n\r\n", 400),
    "not UTF-8": ("GET /%ff HTTP/1.1\r\nHost: amis.test\r\n\r\n", 400),
    "a fragment": ("GET /#x HTTP/1.1\r\nHost: amis.test\r\n\r\n", 400),
    "user in the target": ("GET http://user@amis.test/ HTTP/1.1\r\nHost: amis.test\r\n\r\n", 400),
    "CONNECT": ("CONNECT amis.test:443 HTTP/1.1\r\nHost: amis.test\r\n\r\n", 400),
    "climbing": ("GET /../../etc/passwd HTTP/1.1\r\nHost: amis.test\r\n\r\n", 404),
    "climbing, escaped": ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: amis.test\r\n\r\n", 404),
    "climbing at the house": ("GET /api/v1/%2e%2e/internal HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a bad chunk": ("POST /echo/body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    "a chunk without its end": ("POST /echo/body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", 400),
    "a chunk with a bare line feed": ("POST /echo/body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n", 400),
    "a long target": ("GET /" + "a" * 9000 + " HTTP/1.1\r\nHost: amis.test\r\n\r\n", 414),
    "an endless target": ("GET /" + "a" * 60000, 414),
    "a long head": ("GET / HTTP/1.1\r\nHost: amis.test\r\n" + "X: " + "a" * 40000 + "\r\n\r\n", 431),
    "many fields": ("GET / HTTP/1.1\r\nHost: amis.test\r\n" + "X: a\r\n" * 200 + "\r\n", 431),
    "garbage": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
}


def test_hostile_heads():
    problems = []
    for name, (data, wanted) in SHAPES.items():
        for tls in (False, True):
            with Raw(house, tls=tls) as raw:
                try:
                    raw.send(data)
                except OSError:
                    pass
                answer = raw.answer()
                if answer is None or answer[0] != wanted:
                    problems.append(f"{name}: {answer and answer[0]} instead of {wanted}")
                elif wanted in (400, 414, 431, 501, 505) and "climbing" not in name and "escape" not in name and \
                        name != "not UTF-8" and not raw.ended(3):
                    problems.append(f"{name}: the connection stays open")
    assert not problems, problems


def test_smuggled_request_is_not_seen():
    with Raw(house, tls=False) as raw:
        raw.send("POST /echo/body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "0\r\n\r\nGET /plain.txt HTTP/1.1\r\nHost: amis.test\r\n\r\n")
        same(raw.answer()[0], 400)
        assert raw.ended(3) and not raw.buffer


def test_absolute_form_and_versions():
    with Raw(house, tls=False) as raw:
        raw.send("GET http://amis.test/plain.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
        same(raw.answer()[2], FILES["plain.txt"])
        same(raw.get("http://AMIS.test:1234?x=1", "localhost")[2], FILES["index.html"])
        same(raw.get("/plain.txt", "AMIS.TEST.:99")[2], FILES["plain.txt"])
    with Raw(house, tls=False) as raw:
        answer = raw.get("/plain.txt", SITE, version="1.0")
        same((answer[0], answer[2]), (200, FILES["plain.txt"]))
        assert raw.ended(2), "HTTP/1.0 closes"
    with Raw(house, tls=False) as raw:
        for _ in range(2):
            answer = raw.get("/plain.txt", SITE, "Connection: keep-alive\r\n", version="1.0")
            same(answer[2], FILES["plain.txt"])
            same(answer[1]["connection"], ["keep-alive"])
    with Raw(house, tls=False) as raw:
        raw.send("\r\nGET /plain.txt HTTP/1.1\r\nHost: amis.test\r\nConnection: close\r\n\r\n")
        same(raw.answer()[0], 200)
        assert raw.ended(2)


def test_pipelining():
    for tls in (False, True):
        with Raw(house, tls=tls) as raw:
            body = b"12345"
            raw.send(b"GET /plain.txt HTTP/1.1\r\nHost: amis.test\r\n\r\n" * 20
                     + b"POST /echo/body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n" + body
                     + b"POST /echo/body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\n12345\r\n0\r\nT: u\r\n\r\n"
                     + b"GET / HTTP/1.1\r\nHost: amis.test\r\n\r\n")
            for _ in range(20):
                same(raw.answer()[2], FILES["plain.txt"])
            wanted = f"5 {hashlib.sha256(body).hexdigest()}".encode()
            same(raw.answer()[2], wanted)
            same(raw.answer()[2], wanted)
            same(raw.answer()[2], FILES["index.html"])
