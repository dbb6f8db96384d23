#!/usr/bin/env python3
"""The house as a machine on the internet runs it (no trial): redirects, HSTS, cookies, real host names, ACME responses.

hameaud then listens on every address: run as a program this enters a network namespace of its own first, so that nothing
but itself can reach the house. Exit code 77 where the system does not let it."""
import ctypes
import fcntl
import json
import socket
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from client import Raw, wait_until  # noqa: E402
from gate_house import BASE_PORT, CONTENT, SITE, same  # noqa: E402
from house import NotPossible, ProductionHouse  # noqa: E402

HOST = "maison.test"
NOT_POSSIBLE = 77
SECURE = "max-age=31536000"


def test_production_mode():
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, timeout=180)
    if done.returncode == NOT_POSSIBLE:
        raise NotPossible("no network namespace of our own here")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def enter_network_namespace():
    clone_newnet, siocsifflags, iff_up = 0x40000000, 0x8914, 1
    if ctypes.CDLL(None, use_errno=True).unshare(clone_newnet) != 0:
        sys.exit(NOT_POSSIBLE)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sH14x", b"lo", iff_up))


class SitesHouse(ProductionHouse):
    def __init__(self):
        super().__init__(base_port=BASE_PORT + 500)
        self.host = HOST
        self.configuration = Path(self.state, "hameau.yaml")
        self.configuration.write_text(f"house:\n  host: {HOST}\n  https_port: {self.ports['https']}\n"
                                      f"  http_port: {self.ports['http']}\n  acme_url: \"\"\nmodules:\n  mail:\n    enabled: false\n")
        self.ready = {"ca": str(Path(self.state, "tls", "ca.pem"))}

    def start(self, wait=60):
        super().start(wait)
        self.hameau("apply", str(CONTENT))
        return self


def plain(house, path, host=HOST, method="GET", headers=""):
    with Raw(house, tls=False) as raw:
        return raw.get(path, host, headers, method)


def check_redirects(house):
    port = house.ports["https"]
    for host in (HOST, SITE, f"{HOST}:{house.ports['http']}"):
        name = host.split(":")[0]
        for method in ("GET", "HEAD", "POST"):
            for path in ("/", "/sign-in?next=%2Fpads", "/api/v1/house"):
                status, fields, _ = plain(house, path, host, method, "Content-Length: 0\r\n" if method == "POST" else "")
                same((status, fields.get("location")), (308, [f"https://{name}:{port}{path}"]), f"{method} {host}{path}")
                assert "set-cookie" not in fields and "strict-transport-security" not in fields, fields  # RFC 6797 §7.2
    # By an address the house answers who is near (peers/house first_run.py has a stranger too): while no DNS knows its name.
    status, fields, _ = plain(house, "/", "127.0.0.1")
    same((status, fields.get("location")), (308, [f"https://127.0.0.1:{port}/"]), "by its address")
    with Raw(house) as raw:
        same(raw.get("/sign-in", "127.0.0.1")[0], 200, "by its address")
    for host in ("localhost", "amis.localhost", "127.0.0.1.other.test", "1.2.3", "other.test"):
        same(plain(house, "/", host)[0], 421, host)
        with Raw(house) as raw:
            same(raw.get("/", host)[0], 421, host)


def check_challenges(house):
    folder = Path(house.state, "tls", "acme-challenge")
    folder.joinpath("to-ken_1").write_text("to-ken_1.thumbprint")
    for host in (HOST, SITE):
        status, fields, body = plain(house, "/.well-known/acme-challenge/to-ken_1", host)
        same((status, body, fields["content-type"]), (200, b"to-ken_1.thumbprint", ["text/plain"]), host)
    folder.joinpath("link").symlink_to("../default.pem")
    for path in ("link", "none", "", "../ca.pem", "..%2fca.pem", "to-ken_1/", "." * 300):
        assert plain(house, "/.well-known/acme-challenge/" + path)[0] in (308, 400), path
    # Names without pages are certified too, such as those of mail: a token answers for whatever host.
    same(plain(house, "/.well-known/acme-challenge/to-ken_1", "other.test")[2], b"to-ken_1.thumbprint")
    same(plain(house, "/.well-known/acme-challenge/none", "other.test")[0], 421)
    with Raw(house, host=HOST) as raw:
        assert raw.get("/.well-known/acme-challenge/to-ken_1", SITE)[0] == 404, "only plain HTTP has the answers"


def check_secure_pages(house):
    context = house.tls()
    with context.wrap_socket(socket.create_connection(("127.0.0.1", house.ports["https"])), server_hostname=HOST) as proved:
        assert proved.version() == "TLSv1.3"
    visitor = house.visitor()
    for path in ("/", "/sign-in", "/api/v1/house", "/api/v1/none"):
        same(visitor.call("GET", path).headers.get("strict-transport-security"), SECURE, path)
    told = visitor.call("GET", "/api/v1/house").json()
    assert told["trial"] is False and "people" not in told, told
    with Raw(house, host=SITE) as raw:
        status, fields, _ = raw.get("/", SITE)
        same((status, fields.get("strict-transport-security")), (200, [SECURE]))


def session_call(house, method, body="", headers=""):
    authority = f"{HOST}:{house.ports['https']}"
    with Raw(house, host=HOST) as raw:
        raw.send(f"{method} /api/v1/session HTTP/1.1\r\nHost: {authority}\r\nOrigin: https://{authority}\r\n{headers}"
                 f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        return raw.answer(method)


def check_cookies(house):
    words = {"login": "marie", "password": "marie-secret-words", "shared_computer": False}
    same(house.visitor().call("POST", "/api/v1/session", words, {"Origin": f"http://{HOST}:{house.ports['http']}"}).status, 403)
    status, fields, _ = session_call(house, "POST", json.dumps(words))
    same((status, len(fields["set-cookie"])), (200, 2))
    cookies = {}
    for line in fields["set-cookie"]:
        pair, *attributes = [part.strip() for part in line.split(";")]
        cookies[pair.partition("=")[0]] = pair
        told = {word.split("=")[0].lower(): word.partition("=")[2] for word in attributes}
        same((told.get("path"), "secure" in told, "httponly" in told, "domain" in told), ("/", True, True, False), line)
        assert told.get("samesite") in ("Lax", "Strict"), line
    same(set(cookies), {"__Host-hameau", "__Host-hameau-device"})
    cookie = f"Cookie: {cookies['__Host-hameau']}\r\n"
    same(json.loads(session_call(house, "GET", headers=cookie)[2])["login"], "marie")
    status, fields, _ = session_call(house, "DELETE", headers=cookie)
    assert status == 204 and any(line.startswith("__Host-hameau=;") and "Secure" in line for line in fields["set-cookie"]), fields
    same(session_call(house, "GET", headers=cookie)[0], 401)


def check_restart(house):
    """A certificate that is there is never made again: it may be a real one."""
    file = Path(house.state, "tls", "default.pem")
    before = file.read_bytes()
    house.stop()
    house.start()
    same(file.read_bytes(), before, "default.pem")
    assert wait_until(lambda: plain(house, "/")[0] == 308, 5)


if __name__ == "__main__":
    enter_network_namespace()
    house = SitesHouse()
    try:
        house.start()
        for check in (check_redirects, check_challenges, check_secure_pages, check_cookies, check_restart):
            check(house)
    finally:
        house.stop()
        house.remove()
