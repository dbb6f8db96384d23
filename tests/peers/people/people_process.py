#!/usr/bin/env python3
"""The real hameau-people over its Unix socket, as hameaud would start it, with a stand-in for mail.

Run: python3 tests/peers/people/people_process.py build/dev   (no root, no port: Unix sockets in a temporary folder)
"""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

BINARY = Path(sys.argv[1] if len(sys.argv) > 1 else "build/dev", "hameau-people").resolve()
SETTINGS = {"mail.enabled": "true", "people.idle_stop": "1500", "people.limits.exempt_networks": "127.0.0.0/8",
            "people.limits.password_min": "8", "people.session_length": "2592000000", "people.shared_idle": "900000",
            "house.sandbox": "kill", "house.name": "Maison"}


class Mail(BaseHTTPRequestHandler):
    """Takes events while `up` is true."""
    protocol_version = "HTTP/1.1"
    events, up = [], True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = 204 if Mail.up else 503
        if Mail.up:
            Mail.events.append(json.loads(body))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def address_string(self):
        return "-"

    def log_message(self, *_):
        pass


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("people")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


class People:
    def __init__(self):
        self.state = tempfile.mkdtemp(prefix="hp-", dir="/tmp")
        for name in ("run", "people"):
            os.mkdir(f"{self.state}/{name}", 0o700)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{self.state}/run/people.sock")
        self.listener.listen(64)
        self.mail = ThreadingUnixStreamServer(f"{self.state}/run/mail.sock", Mail)
        threading.Thread(target=self.mail.serve_forever, daemon=True).start()
        self.log = open(f"{self.state}/people.log", "ab")
        self.start()

    def start(self):
        settings = os.memfd_create("settings", 0)
        os.write(settings, "".join(f"{k}\t{v}\n" for k, v in sorted(SETTINGS.items())).encode())
        os.lseek(settings, 0, 0)
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control = mine
        listener = self.listener.fileno()
        uids = " ".join(f"{n}={os.getuid()}" for n in ("gate", "admin", "people", "mail", "sites", "pads"))
        pid = os.fork()
        if pid == 0:
            os.dup2(self.log.fileno(), 2)
            keep = [os.dup(fd) for fd in (listener, settings, theirs.fileno())]
            high = [os.dup2(fd, 50 + i) for i, fd in enumerate(keep)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)
            os.dup2(high[2], 5)
            os.closerange(6, 256)
            environment = {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid()), "LISTEN_FDNAMES": "people",
                           "HAMEAU_ROLE": "people", "HAMEAU_STATE": self.state, "HAMEAU_UIDS": uids,
                           "HAMEAU_SETTINGS_FD": "4", "HAMEAU_CONTROL_FD": "5", "HAMEAU_TRIAL": "1"}
            os.chdir(f"{self.state}/people")
            os.execve(BINARY, [str(BINARY)], environment)
        theirs.close()
        os.close(settings)
        self.pid = pid

    def call(self, method, path, body=None, caller="gate", cookies=None, headers=None, stream=False):
        connection = Connection(f"{self.state}/run/people.sock")
        sent = {"Hameau-Caller": caller, "Hameau-Address-Prefix": "203.0.113.0/24", **(headers or {})}
        if cookies:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in cookies.items())
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=sent)
        answer = connection.getresponse()
        if stream:
            return answer
        data = answer.read()
        connection.close()
        if cookies is not None:
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    cookies[key] = rest.split(";")[0]
        return answer.status, json.loads(data) if data else None, dict(answer.getheaders())

    def ended(self, seconds):
        limit = time.time() + seconds
        while time.time() < limit:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        raise AssertionError("people did not stop")

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.mail.shutdown()
        shutil.rmtree(self.state)


def expect(answer, status):
    assert answer[0] == status, answer
    return answer[1]


def main():
    people = People()
    try:
        story(people)
    except BaseException:
        print(Path(people.state, "people.log").read_text())
        raise
    finally:
        people.close()
    print("people: the whole story passed")


def story(p):
    # A fresh house: the set-up token is there, and the first admin is made with it.
    assert expect(p.call("GET", "/api/v1/setup"), 200) == {"needed": True, "host_needed": False}
    token = Path(p.state, "people/setup-token").read_text().split()[0]
    first = {"token": token, "house": "La maison", "language": "fr", "login": "Annick", "name": "Annick Morvan",
             "password": "annick-secret-words", "association": {"slug": "amis", "name": "Les Amis", "domains": ["amis.test"]}}
    expect(p.call("POST", "/api/v1/setup", {**first, "token": "x" * 52}), 403)
    annick = {}
    expect(p.call("POST", "/api/v1/setup", first, cookies=annick), 201)
    assert not Path(p.state, "people/setup-token").exists()
    assert [e["kind"] for e in Mail.events] == ["association", "member"], Mail.events
    assert Mail.events[1]["password_hash"].startswith("$argon2id$")

    # hameau-admin adds members; marie signs in.
    members = "/api/v1/associations/amis/members"
    expect(p.call("POST", members, {"login": "marie", "name": "Marie Le Goff", "role": "manager",
                                    "password": "marie-secret-words", "mailbox": "marie.legoff@amis.test"}, caller="admin"), 201)
    invited = expect(p.call("POST", members, {"login": "yann", "name": "Yann", "invite": True}, caller="admin",
                            headers={"Hameau-Scheme-Host": "https://localhost:8443"}), 201)
    assert invited["invitation"]["url"].startswith("https://localhost:8443/invitation#"), invited
    expect(p.call("GET", "/api/v1/session"), 401)
    expect(p.call("POST", "/api/v1/session", {"login": "marie", "password": "wrong"}), 401)
    marie = {}
    answer = p.call("POST", "/api/v1/session", {"login": "Marie.LeGoff@amis.test", "password": "marie-secret-words"}, cookies=marie)
    expect(answer, 200)
    assert set(marie) == {"__Host-hameau", "__Host-hameau-device"}, answer
    me = expect(p.call("GET", "/api/v1/session", cookies=marie), 200)
    assert [(a["slug"], a["name"], a["role"]) for a in me["associations"]] == [("amis", "Les Amis", "manager")], me

    # Identity headers alone are nothing: people looks at the token.
    expect(p.call("GET", members, headers={"Hameau-Member": "x", "Hameau-Roles": "admin"}), 401)

    # The gate's questions, and a revocation on its stream.
    session = expect(p.call("POST", "/internal/session", {"token": marie["__Host-hameau"]}), 200)
    stream = p.call("GET", "/internal/revocations", stream=True)
    expect(p.call("DELETE", "/api/v1/session", cookies=dict(marie)), 204)
    assert stream.readline().decode().strip() == session["session"]
    expect(p.call("POST", "/internal/session", {"token": marie["__Host-hameau"]}), 404)

    # An invitation by its typed code, once.
    code = invited["invitation"]["code"]
    assert expect(p.call("GET", f"/api/v1/invitations/{code.lower()}"), 200)["login"] == "yann"
    yann = {}
    expect(p.call("POST", f"/api/v1/invitations/{code}", {"password": "yann-secret-words", "shared_computer": True}, cookies=yann), 201)
    expect(p.call("POST", f"/api/v1/invitations/{code}", {"password": "yann-secret-words"}), 404)
    assert set(yann) == {"__Host-hameau"}
    expect(p.call("POST", members, {}, cookies=dict(yann)), 403)
    left = p.call("DELETE", "/api/v1/session", cookies=dict(yann))
    assert "cookies" in left[2]["Clear-Site-Data"]

    # Mail is away: the change is kept, said so, and delivered later without being asked again.
    marie = {}
    expect(p.call("POST", "/api/v1/session", {"login": "marie", "password": "marie-secret-words"}, cookies=marie), 200)
    Mail.up = False
    change = {"current": "marie-secret-words", "new": "marie-other-words"}
    assert expect(p.call("POST", "/api/v1/me/password", change, cookies=marie), 503)["code"] == "mail_pending"
    Mail.up, before = True, len(Mail.events)
    expect(p.call("PATCH", members + "/marie", {"name": "Marie"}, caller="admin"), 200)
    assert [e["kind"] for e in Mail.events[before:]] == ["member", "member"], Mail.events[before:]

    # SIGTERM ends it at once although the gate still holds its stream; nothing is lost.
    begun = time.time()
    os.kill(p.pid, signal.SIGTERM)
    assert p.ended(5) == 0 and time.time() - begun < 2
    p.start()
    expect(p.call("POST", "/api/v1/session", {"login": "marie", "password": "marie-secret-words"}), 401)
    expect(p.call("POST", "/api/v1/session", {"login": "marie", "password": "marie-other-words"}), 200)
    pss = next(int(l.split()[1]) for l in open(f"/proc/{p.pid}/smaps_rollup") if l.startswith("Pss:"))
    print(f"people: {pss} kB PSS after a sign-in")
    # Idle: it stops by itself, and the next byte finds it again.
    assert p.ended(10) == 0
    log = Path(p.state, "people.log").read_text()
    for secret in ("secret-words", "other-words", token, code, marie["__Host-hameau"], "203.0.113"):
        assert secret not in log, "a secret is in the log"


if __name__ == "__main__":
    main()
