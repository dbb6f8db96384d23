#!/usr/bin/env python3
"""The gate from outside: strict heads, static files, the proxy, WebSockets, limits, memory."""
import gzip
import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unicodedata
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from client import Raw, frame, memory_kb, read_frame, upgrade, wait_until  # noqa: E402
from house import ROOT, House, main  # noqa: E402

CONTENT = ROOT / "tests" / "support" / "content.yaml"
HERE = Path(__file__).resolve().parent
SITE = "amis.test"
TEXT = b"Une page assez longue pour que la compression en vaille la peine. " * 400
NOISE = os.urandom(3 << 20)
FILES = {
    "index.html": b"<!doctype html><title>A</title><h1>Accueil</h1>" + TEXT,
    "404.html": b"<h1>Rien ici</h1>",
    "blog/index.html": b"<h1>Blog</h1>",
    "blog/404.html": b"<h1>Pas de billet</h1>",
    "plain.txt": b"0123456789" * 10,
    "empty.txt": b"",
    "noise.bin": NOISE,
    unicodedata.normalize("NFD", "été.html"): b"<h1>Ete</h1>",
    "a b.html": b"<h1>Espace</h1>",
    ".well-known/security.txt": b"Contact: mailto:x@amis.test\n",
    "_redirects": b"/old /blog/ 301\n/go/* https://other.test/:splat 302\n/shown /blog/index.html 200\n/gone /404.html 410\n",
    "_headers": b"/plain.txt\n  Cache-Control: max-age=60\n  X-Own: yes\n",
}
if shutil.which("zstd"):
    FILES["index.html.zst"] = subprocess.run(["zstd", "-q", "-19", "-c"], input=FILES["index.html"], capture_output=True, check=True).stdout
house = None


def zipped(files):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 12, 14, 5, 8)), data)
    return memory.getvalue()


def start(settings=(), base_port=24200, deploy=FILES):
    state = tempfile.mkdtemp(prefix="hameau-gate-")
    os.chmod(state, 0o755)
    modules = Path(state, "modules.d")
    modules.mkdir()
    program = Path(state, "echo_module.py")
    program.write_text((HERE / "echo_module.py").read_text())
    program.chmod(0o755)
    modules.joinpath("echo.yaml").write_text(
        f"name: echo\nexecutable: {program}\nidle_stop: 0\nroutes:\n  - {{pattern: '/echo/*', who: anyone}}\n"
        "  - {pattern: /echo/member, who: member}\n  - {pattern: /echo/admin, who: admin}\n")
    made = House(apply=[CONTENT], state=state, base_port=base_port, settings=["mail.enabled=false", *settings])
    made.made = True
    made.start()
    if deploy:
        answer = marie(made).call("POST", f"/api/v1/sites/{SITE}/deploys", raw=zipped(deploy),
                                  headers={"Content-Type": "application/zip"})
        assert answer.status == 201, answer.body
    return made


def marie(where=None):
    return (where or house).visitor().sign_in("marie", "marie-secret-words")


def cookie_of(visitor):
    return f"Cookie: __Host-hameau={visitor.cookies['__Host-hameau']}\r\n"


def gate_pid(where=None):
    return (where or house).process_of("gate")["pid"]


def page(path, headers="", method="GET", host=SITE, tls=False):
    with Raw(house, tls=tls, host=host) as raw:
        return raw.get(path, host, headers, method)


def same(got, wanted, what=""):
    assert got == wanted, f"{what}: {str(got)[:300]} instead of {str(wanted)[:300]}"


# --- heads -------------------------------------------------------------------------------------------------------

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


# --- static files ------------------------------------------------------------------------------------------------

def test_methods():
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
        for host, path in ((SITE, "/plain.txt"), ("localhost", "/")):
            status, fields, _ = page(path, method=method, host=host)
            same((status, fields.get("allow")), (405, ["GET, HEAD"]), method)


def test_head_equals_get():
    for path in ("/", "/plain.txt", "/noise.bin", "/none", "/blog", "/empty.txt"):
        for headers in ("", "Accept-Encoding: br\r\n"):
            got, head = page(path, headers), page(path, headers, "HEAD")
            drop = lambda fields: {k: v for k, v in fields.items() if k != "date"}
            same((head[0], drop(head[1]), head[2]), (got[0], drop(got[1]), b""), path)


def test_conditions():
    status, fields, _ = page("/plain.txt")
    tag, date = fields["etag"][0], fields["last-modified"][0]
    assert status == 200 and tag.startswith('"') and date.startswith("Thu, 12 Mar 2026"), fields
    for headers, wanted in {
        f"If-None-Match: {tag}": 304, f"If-None-Match: W/{tag}": 304, 'If-None-Match: "x", ' + tag: 304, "If-None-Match: *": 304,
        'If-None-Match: "x"': 200, f"If-Modified-Since: {date}": 304, "If-Modified-Since: Wed, 11 Mar 2026 00:00:00 GMT": 200,
        "If-Modified-Since: yesterday": 200, f'If-None-Match: "x"\r\nIf-Modified-Since: {date}': 200,
        f"If-Match: {tag}": 200, f"If-Match: W/{tag}": 412, 'If-Match: "x"': 412, "If-Match: *": 200,
        f"If-Unmodified-Since: {date}": 200, "If-Unmodified-Since: Wed, 11 Mar 2026 00:00:00 GMT": 412,
        f'If-None-Match: "x"\r\nIf-None-Match: {tag}': 304,
    }.items():
        for method in ("GET", "HEAD"):
            answer = page("/plain.txt", headers + "\r\n", method)
            same(answer[0], wanted, f"{method} {headers}")
            if wanted == 304:
                assert answer[1]["etag"] == [tag] and "content-length" not in answer[1], answer
    plain, packed = page("/")[1]["etag"], page("/", "Accept-Encoding: br\r\n")[1]["etag"]
    assert plain != packed, "one tag for two encodings"
    same(page("/", f"Accept-Encoding: br\r\nIf-None-Match: {packed[0]}\r\n")[1]["vary"], ["Accept-Encoding"])


def test_ranges():
    data, size = FILES["plain.txt"], 100
    tag = page("/plain.txt")[1]["etag"][0]
    for asked, first, last in (("0-9", 0, 9), ("90-", 90, 99), ("-5", 95, 99), ("0-0", 0, 0), ("50-999", 50, 99), ("-999", 0, 99),
                               ("0-99999999999999999999", 0, 99), ("0-9, 200-300", 0, 9)):
        status, fields, body = page("/plain.txt", f"Range: bytes={asked}\r\n")
        same((status, body, fields.get("content-range")), (206, data[first:last + 1], [f"bytes {first}-{last}/{size}"]), asked)
    for asked in ("100-", "200-300", "-0"):
        status, fields, _ = page("/plain.txt", f"Range: bytes={asked}\r\n")
        same((status, fields.get("content-range")), (416, ["bytes */100"]), asked)
    for headers in ("Range: bytes=9-0", "Range: lines=0-1", "Range: bytes=a-b", "Range: bytes=", "Range: bytes=0-9\r\nIf-Range: \"x\"",
                    f"Range: bytes=0-9\r\nIf-Range: W/{tag}", "Range: bytes=0-59,0-59", "Range: bytes=" + ",".join(["0-0"] * 9)):
        status, _, body = page("/plain.txt", headers + "\r\n")
        same((status, body), (200, data), headers)
    same(page("/plain.txt", f"Range: bytes=0-9\r\nIf-Range: {tag}\r\n")[0], 206)
    same(page("/plain.txt", "Range: bytes=0-9\r\n", "HEAD")[0], 200)
    status, fields, body = page("/plain.txt", "Range: bytes=0-1, 10-12, -1\r\n")
    same(status, 206)
    boundary = fields["content-type"][0].split("boundary=")[1]
    parts = body.decode().split("--" + boundary)
    same([part.split("\r\n\r\n")[1].strip() for part in parts[1:-1]], ["01", "012", "9"])
    assert parts[-1] == "--\r\n" and "Content-Range: bytes 10-12/100" in parts[2], parts
    for tls in (False, True):
        same(page("/noise.bin", "Range: bytes=1000000-1999999\r\n", tls=tls)[2], NOISE[1000000:2000000])


def test_encodings():
    wanted = {
        "": None, "Accept-Encoding: identity": None, "Accept-Encoding: br": "br", "Accept-Encoding: gzip": "gzip",
        "Accept-Encoding: zstd": "zstd", "Accept-Encoding: gzip, br, zstd": "br", "Accept-Encoding: gzip;q=1.0, br;q=0.5": "gzip",
        "Accept-Encoding: br;q=0, gzip": "gzip", "Accept-Encoding: *": "br", "Accept-Encoding: *;q=0.1, zstd": "zstd",
        "Accept-Encoding: br;q=0, *;q=0.5": "zstd", "Accept-Encoding: GZIP": "gzip", "Accept-Encoding: x-gzip": "gzip",
        "Accept-Encoding: gzip;q=0.001": "gzip", "Accept-Encoding: deflate": None, "Accept-Encoding:": None,
        "Accept-Encoding: gzip;q=0\r\nAccept-Encoding: zstd": "zstd",
    }
    for headers, encoding in wanted.items():
        if encoding == "zstd" and "index.html.zst" not in FILES:
            continue
        status, fields, body = page("/", headers + "\r\n" if headers else "")
        same((status, fields.get("content-encoding"), fields.get("vary")), (200, encoding and [encoding], ["Accept-Encoding"]), headers)
        if encoding == "gzip":
            same(gzip.decompress(body), FILES["index.html"])
        elif encoding is None:
            same(body, FILES["index.html"])
        else:
            assert len(body) < len(FILES["index.html"]) / 4
    same(page("/", "Accept-Encoding: identity;q=0\r\n")[0], 406)
    same(page("/", "Accept-Encoding: *;q=0\r\n")[0], 406)
    same(page("/", "Accept-Encoding: identity;q=0, br\r\n")[1]["content-encoding"], ["br"])
    same(page("/noise.bin", "Accept-Encoding: br\r\n")[1].get("content-encoding"), None)


def test_names_redirects_and_rules():
    for path in ("/%C3%A9t%C3%A9.html", "/e%CC%81te%CC%81.html", "/été.html".encode().decode("latin-1")):
        with Raw(house, tls=False) as raw:
            raw.send(f"GET {path} HTTP/1.1\r\nHost: amis.test\r\n\r\n".encode("latin-1"))
            same(raw.answer()[2], b"<h1>Ete</h1>", path)
    same(page("/a%20b.html")[2], b"<h1>Espace</h1>")
    same(page("/.well-known/security.txt")[0], 200)
    for path in ("/.git/config", "/.env", "/_redirects", "/_headers", "/blog/.x", "/.well-known/.x"):
        same(page(path)[0], 404, path)
    for path, status, location in (("/blog", 308, "/blog/"), ("/blog?x=1", 308, "/blog/?x=1"), ("/old", 301, "/blog/"),
                                   ("/go/a/b?q=1", 302, "https://other.test/a/b?q=1")):
        answer = page(path)
        same((answer[0], answer[1].get("location")), (status, [location]), path)
    for path in ("//other.test", "//other.test/..", "/\\other.test", "//blog", "/%2f%2fother.test"):
        answer = page(path)
        assert answer[0] in (400, 404), (path, answer)
    same((page("/shown")[0], page("/shown")[2]), (200, b"<h1>Blog</h1>"))
    same((page("/gone")[0], page("/gone")[2]), (410, FILES["404.html"]))
    same((page("/none")[0], page("/none")[2]), (404, FILES["404.html"]))
    same((page("/blog/x/y")[0], page("/blog/x/y")[2]), (404, FILES["blog/404.html"]))
    fields = page("/plain.txt")[1]
    same((fields["cache-control"], fields["x-own"], fields["x-content-type-options"]), (["max-age=60"], ["yes"], ["nosniff"]))
    same(page("/empty.txt")[1]["content-length"], ["0"])


def test_hosts():
    same(page("/plain.txt", host="amis.localhost")[2], FILES["plain.txt"])
    same(page("/plain.txt", host="amis.localhost:24201")[2], FILES["plain.txt"])
    assert b"<div id=\"app\">" in page("/", host="yann.localhost")[2]
    assert b"<div id=\"app\">" in page("/sign-in", host="localhost")[2]
    with Raw(house, host="localhost") as raw:  # SNI chooses the certificate only
        same(raw.get("/plain.txt", SITE)[2], FILES["plain.txt"])
    with Raw(house, host="amis.test") as raw:
        names = [value for kind, value in raw.socket.getpeercert()["subjectAltName"] if kind == "DNS"]
        assert "amis.test" in names, names


def test_portal_files():
    status, fields, body = page("/", host="localhost")
    assert status == 200 and "default-src 'none'" in fields["content-security-policy"][0]
    same((fields["x-content-type-options"], fields["referrer-policy"]), (["nosniff"], ["no-referrer"]))
    same((fields["cross-origin-resource-policy"], fields["cross-origin-opener-policy"]), (["same-origin"], ["same-origin"]))
    asset = body.decode().split('src="/assets/')[1].split('"')[0]
    status, fields, _ = page("/assets/" + asset, "Accept-Encoding: br, gzip\r\n", host="localhost")
    same((status, fields["content-encoding"]), (200, ["br"]))
    assert "immutable" in fields["cache-control"][0]
    for path in ("/assets/none.js", "/.built", "/internal/health", "/internal"):
        same(page(path, host="localhost")[0], 404, path)
    answer = page("/api/v1/none", "Accept-Language: en\r\n", host="localhost")
    same((answer[0], answer[1]["content-type"]), (404, ["application/problem+json"]))


# --- the proxy ---------------------------------------------------------------------------------------------------

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


# --- WebSockets --------------------------------------------------------------------------------------------------

def pad_path(visitor):
    items = visitor.call("GET", "/api/v1/associations/amis/pads").json()["items"]
    return "/api/v1/pads/ws/" + items[0]["id"]


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


# --- time and number ---------------------------------------------------------------------------------------------

def test_slow_visitors():
    with_limits = start(["gate.limits.header_time=1 s", "gate.limits.body_time=1 s", "gate.limits.idle_time=2 s"], 24300)
    try:
        slow = []
        for i in range(150):
            raw = Raw(with_limits, tls=False)
            raw.send("GET / HTTP/1.1\r\nHost: amis.test\r\n")
            slow.append(raw)
        silent = [Raw(with_limits, tls=False) for _ in range(20)]
        begin = time.time()
        dripping = True

        def drip():
            while dripping and time.time() - begin < 8:
                for raw in slow:
                    try:
                        raw.send("X: y\r\n")
                    except OSError:
                        pass
                time.sleep(0.3)

        thread = threading.Thread(target=drip)
        thread.start()
        with Raw(with_limits) as raw:
            same(raw.get("/plain.txt", SITE)[0], 200, "others are served meanwhile")
        assert all(raw.ended(6) for raw in slow), "a dripping head stays"
        took = time.time() - begin
        dripping = False
        thread.join()
        assert took < 6, took
        assert any(b"408" in raw.buffer for raw in slow)
        assert all(raw.ended(3) for raw in silent)
        with Raw(with_limits, tls=False) as raw:
            raw.send("POST /echo/body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nabc")
            same(raw.answer()[0], 408)
        with Raw(with_limits, tls=False) as raw:
            raw.send("POST /echo/body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
            begin = time.time()
            try:
                while time.time() - begin < 8:
                    raw.send("a")
                    time.sleep(0.2)
            except OSError:
                pass
            assert time.time() - begin < 6, "a dripping body stays"
        with Raw(with_limits) as raw:
            same(raw.get("/plain.txt", SITE)[0], 200)
            assert raw.ended(4.5), "an idle connection stays"
    finally:
        with_limits.stop()
        with_limits.remove()


def test_connection_limits():
    strict = start(["gate.limits.connections_per_address=5", "gate.limits.exempt_networks="], 24400, None)
    try:
        held = [Raw(strict, tls=i % 2 == 0) for i in range(5)]
        for raw in held:
            same(raw.get("/", "localhost")[0], 200)
        for tls in (False, True):
            with Raw(strict, tls=tls) as raw:
                answer = raw.answer()
                same((answer[0], "retry-after" in answer[1]), (503, True))
        held.pop().close()
        assert wait_until(lambda: Raw(strict).get("/", "localhost")[0] == 200, 3)
    finally:
        strict.stop()
        strict.remove()


def test_restart_loses_nobody():
    """`hameau restart gate`: who waits in the listener is served; an answer under way is finished."""
    failures, count, ending = [], 0, False

    def ask():
        nonlocal count
        while not ending:
            try:
                with Raw(house, tls=False) as raw:
                    same(raw.get("/plain.txt", SITE, "Connection: close\r\n")[0], 200)
                count += 1
            except Exception as problem:
                failures.append(repr(problem))

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    before = gate_pid()
    with Raw(house, tls=False, buffer=65536) as slow:
        slow.send("GET /noise.bin HTTP/1.1\r\nHost: amis.test\r\n\r\n")
        time.sleep(0.2)
        house.hameau("restart", "gate")
        same(slow.answer()[2], NOISE, "the answer under way")
    assert wait_until(lambda: gate_pid() not in (before, 0), 8)
    time.sleep(0.3)
    ending = True
    for thread in asking:
        thread.join()
    assert count > 20 and not failures, (count, failures[:3])


def test_sleeping_modules_wake():
    sleepy = start(["pads.idle_stop=1 s", "sites.idle_stop=1 s"], 24500, None)

    def asleep(name):
        # Not asked often: a look at the status asks a module that runs for its health.
        return wait_until(lambda: time.sleep(2.2) or sleepy.process_of(name)["state"] == "asleep", 20)

    try:
        visitor = marie(sleepy)
        for _ in range(2):
            assert asleep("pads")
            same(visitor.call("GET", "/api/v1/associations/amis/pads").status, 200)
        for i in range(12):  # around the moment of falling asleep
            time.sleep(0.985 + i * 0.004)
            same(visitor.call("GET", "/api/v1/associations/amis/sites").status, 200)
        assert asleep("sites")
    finally:
        sleepy.stop()
        sleepy.remove()


def test_idle_connections():
    """Memory of an idle TLS connection, and no wake-ups while nobody asks."""
    many = start(["gate.limits.idle_time=20 min", "gate.limits.header_time=20 min"], 24600)
    try:
        with Raw(many) as raw:
            raw.get("/plain.txt", SITE)
        pid = gate_pid(many)
        pss = many.process_of("gate")["pss_kb"]
        before = memory_kb(pid)
        held = []
        for _ in range(400):
            raw = Raw(many)
            same(raw.get("/plain.txt", SITE)[0], 200)
            held.append(raw)
        each = (memory_kb(pid) - before) / len(held)
        switches = lambda: int(Path(f"/proc/{pid}/status").read_text().split("nonvoluntary_ctxt_switches")[0].split("voluntary_ctxt_switches:")[1])
        time.sleep(1.5)
        first = switches()
        time.sleep(6)
        woken = switches() - first
        for raw in held:
            raw.close()
        print(f"     PSS idle {pss} kB; {each:.1f} kB for each idle TLS connection; {woken} wake-ups in 6 s")
        assert each <= 17, f"{each:.1f} kB"  # of which 14 are OpenSSL's
        assert pss < 6144, f"{pss} kB"
        assert woken <= 1, f"{woken} wake-ups while idle"  # one: a deadline that has passed meanwhile
    finally:
        many.stop()
        many.remove()


def test_curl():
    base = f"https://localhost:{house.ports['https']}"
    site = f"https://{SITE}:{house.ports['https']}"
    common = ["curl", "-sS", "--cacert", house.ready["ca"], "--resolve", f"{SITE}:{house.ports['https']}:127.0.0.1"]

    def curl(*words, data=None):
        done = subprocess.run(common + list(words), capture_output=True, input=data, timeout=30)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    same(curl(site + "/plain.txt"), FILES["plain.txt"])
    same(curl("--compressed", site + "/"), FILES["index.html"])
    same(curl("-r", "0-4", site + "/plain.txt"), b"01234")
    same(curl("--http1.0", site + "/plain.txt"), FILES["plain.txt"])
    assert curl("-I", site + "/").startswith(b"HTTP/1.1 200")
    same(hashlib.sha256(curl(site + "/noise.bin")).digest(), hashlib.sha256(NOISE).digest())
    same(curl("-L", site + "/blog"), b"<h1>Blog</h1>")
    wanted = f"{len(NOISE)} {hashlib.sha256(NOISE).hexdigest()}".encode()
    same(curl("-T", "-", "-X", "POST", base + "/echo/body", data=NOISE), wanted)
    same(curl("--data-binary", "@-", "-H", "Expect: 100-continue", base + "/echo/body", data=NOISE), wanted)
    same(curl(site + "/plain.txt", site + "/plain.txt"), FILES["plain.txt"] * 2)
    same(curl("--tls-max", "1.2", site + "/plain.txt"), FILES["plain.txt"])
    old = subprocess.run(common + ["--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", site], capture_output=True, timeout=30)
    assert old.returncode != 0, "TLS 1.1 was accepted"


def test_ipv6():
    done = subprocess.run(["curl", "-sS", "-6", "--max-time", "5", "--cacert", house.ready["ca"], "-o", "/dev/null", "-w", "%{http_code}",
                           f"https://localhost:{house.ports['https']}/"], capture_output=True, text=True)
    if Path("/proc/net/if_inet6").exists() and "00000001 " in Path("/proc/net/if_inet6").read_text().split("\n")[0]:
        same(done.stdout, "200", done.stderr)


if __name__ == "__main__":
    house = start()
    try:
        code = main([value for name, value in list(globals().items()) if name.startswith("test_")])
        errors = [line for line in Path(house.state, "log", "gate.log").read_text().splitlines() if line.startswith("<3>")]
        if errors:
            print("\n".join(errors[:10]))
        sys.exit(code)
    finally:
        house.stop()
        house.remove()
