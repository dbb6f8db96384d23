"""Static files of a site and of the portal; stock clients."""
import gzip
import hashlib
import subprocess

from pathlib import Path

from client import Raw
from gate_house import FILES, NOISE, SITE, house, page, same


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
    # An address without .html; a folder of that name comes first, and a file comes before a rule that is not forced.
    for path, wanted in (("/clean", (200, FILES["clean.html"])), ("/clean.html", (200, FILES["clean.html"])), ("/short", (200, FILES["clean.html"])),
                         ("/a%20b", (200, FILES["a b.html"])), ("/a%20b/", (404, FILES["404.html"])), ("/plain", (404, FILES["404.html"])), ("/blog", (308, b"")), ("/.html", (404, FILES["404.html"]))):
        answer = page(path)
        same((answer[0], answer[2]), wanted, path)
    same((page("/gone")[0], page("/gone")[2]), (410, FILES["404.html"]))
    same((page("/none")[0], page("/none")[2]), (404, FILES["404.html"]))
    same((page("/blog/x/y")[0], page("/blog/x/y")[2]), (404, FILES["blog/404.html"]))
    fields = page("/plain.txt")[1]
    same((fields["cache-control"], fields["x-own"], fields["x-content-type-options"]), (["max-age=60"], ["yes"], ["nosniff"]))
    # Nothing that a site says reaches the services' host of the same domain.
    assert not {"clear-site-data", "set-cookie", "nel"} & set(fields), fields
    assert "sec-session-registration" not in fields, fields
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
    assert curl("-I", site + "/").startswith(b"HTTP/2 200")
    assert curl("-I", "--http1.1", site + "/").startswith(b"HTTP/1.1 200")
    same(curl("-L", site + "/blog"), b"<h1>Blog</h1>")
    wanted = f"{len(NOISE)} {hashlib.sha256(NOISE).hexdigest()}".encode()
    for version in ("--http1.1", "--http2"):
        same(hashlib.sha256(curl(version, site + "/noise.bin")).digest(), hashlib.sha256(NOISE).digest())
        same(curl(version, "-T", "-", "-X", "POST", base + "/echo/body", data=NOISE), wanted)
        same(curl(version, "--data-binary", "@-", "-H", "Expect: 100-continue", base + "/echo/body", data=NOISE), wanted)
    same(curl(site + "/plain.txt", site + "/plain.txt"), FILES["plain.txt"] * 2)
    same(curl("--tls-max", "1.2", site + "/plain.txt"), FILES["plain.txt"])
    old = subprocess.run(common + ["--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", site], capture_output=True, timeout=30)
    assert old.returncode != 0, "TLS 1.1 was accepted"


def test_ipv6():
    done = subprocess.run(["curl", "-sS", "-6", "--max-time", "5", "--cacert", house.ready["ca"], "-o", "/dev/null", "-w", "%{http_code}",
                           f"https://localhost:{house.ports['https']}/"], capture_output=True, text=True)
    if Path("/proc/net/if_inet6").exists() and "00000001 " in Path("/proc/net/if_inet6").read_text().split("\n")[0]:
        same(done.stdout, "200", done.stderr)
