#!/usr/bin/env python3
"""Runs inside the machine of tests/deb/run.sh, and as autopkgtest: installs, uses, upgrades, removes and purges Hameau.

With --installed only the part that uses an installed house (debian/tests). Standard library alone; talks to this machine only.
Ends with "N passed, N failed".
"""
import base64
import http.client
import imaplib
import json
import os
import smtplib
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOST, SITE = "maison.test", "amis.test"
PASSWORD = "marie au jardin"
READY_SECONDS = 120
QUIET = ssl._create_unverified_context()  # the house's own certificate: the question here is the package
passed = failed = 0


def run(*words, check=True, seconds=300):
    done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL,
                          env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


def check(name, work):
    global passed, failed
    begin = time.time()
    try:
        said = work()
        passed += 1
        print(f"ok {name} ({time.time() - begin:.1f} s){': ' + str(said) if said else ''}", flush=True)
    except Exception as error:  # noqa: BLE001 - each check is told, whatever it met
        failed += 1
        print(f"FAIL {name}: {type(error).__name__}: {error}", flush=True)
        print(run("journalctl", "-u", "hameau", "-n", "15", "--no-pager", "-o", "cat", check=False), flush=True)


def until(what, seconds=READY_SECONDS):
    end = time.time() + seconds
    while True:
        try:
            found = what()
            if found:
                return found
            error = "not yet"
        except (OSError, AssertionError, ValueError, http.client.HTTPException) as caught:
            error = caught
        if time.time() > end:
            raise AssertionError(f"after {seconds} s: {error}")
        time.sleep(0.3)


def call(method, path, body=None, host=HOST, cookie=None):
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("127.0.0.1", 443, timeout=20, context=Named(context, host))
    headers = {"Host": host, "Origin": f"https://{host}"}
    if cookie:
        headers["Cookie"] = cookie
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, body=json.dumps(body) if body is not None else None, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.getheader("Set-Cookie") or ""


class Named:
    """http.client offers no server name: this context says it."""

    def __init__(self, context, host):
        self.context, self.host = context, host

    def __getattr__(self, name):
        return getattr(self.context, name)

    def wrap_socket(self, sock, server_hostname=None):
        return self.context.wrap_socket(sock, server_hostname=self.host)


def expect(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r} instead of {wanted!r}")


def active(unit):
    return run("systemctl", "is-active", unit, check=False).strip()


def sign_in():
    status, body, cookie = call("POST", "/api/v1/session", {"login": "marie", "password": PASSWORD, "shared_computer": False})
    expect(status, 200, f"sign-in {body[:200]}")
    return cookie.split(";")[0]


def pad_id(cookie):
    status, body, _ = call("GET", "/api/v1/associations/amis/pads", cookie=cookie)
    expect(status, 200, "list of pads")
    return json.loads(body)["items"][0]["id"]


def pad_socket(cookie, pad):
    """A WebSocket to a pad, open until the other side ends."""
    import socket
    plain = socket.create_connection(("127.0.0.1", 443), 20)
    wrapped = QUIET.wrap_socket(plain, server_hostname=HOST)
    key = base64.b64encode(os.urandom(16)).decode()
    wrapped.sendall((f"GET /api/v1/pads/ws/{pad} HTTP/1.1\r\nHost: {HOST}\r\nOrigin: https://{HOST}\r\nUpgrade: websocket\r\n"
                     f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nCookie: {cookie}\r\n\r\n").encode())
    head = wrapped.recv(4096)
    assert head.startswith(b"HTTP/1.1 101"), head[:200]
    return wrapped


def install(folder):
    run("apt-get", "install", "-y", "--no-install-recommends", "--allow-downgrades", "-o", "Dpkg::Use-Pty=0",
        *sorted(str(path) for path in Path(folder).glob("*.deb")), seconds=900)


def engines_are_still():
    for unit in ("postfix.service", "postfix@-.service", "dovecot.service"):
        assert active(unit) != "active", f"{unit} runs beside the house"


def settings():
    Path("/etc/hameau/hameau.yaml").write_text(f"house:\n  host: {HOST}\n", encoding="utf-8")
    run("hameau", "check", "/etc/hameau/hameau.yaml")
    run("systemctl", "restart", "hameau")


def all_ready():
    status = json.loads(run("hameau", "status", "--json"))
    bad = [one for one in status["services"] if one.get("state") in ("failed", "waiting", "starting")]
    assert not bad, bad
    return len(status["services"])


def mail_arrives(subject):
    with smtplib.SMTP("127.0.0.1", 25, local_hostname="client.test", timeout=60) as smtp:
        smtp.sendmail("someone@outside.test", ["marie.legoff@amis.test"],
                      f"From: someone@outside.test\r\nTo: marie.legoff@amis.test\r\nSubject: {subject}\r\nDate: {time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime())}\r\n\r\nBonjour\r\n")
    until(lambda: mail_is_there(subject), 60)


def mail_is_there(subject):
    box = imaplib.IMAP4_SSL("127.0.0.1", 993, ssl_context=QUIET, timeout=30)
    try:
        box.login("marie.legoff@amis.test", PASSWORD)
        for folder in ("INBOX", "Junk"):
            if box.select(folder)[0] == "OK" and box.search(None, "SUBJECT", subject)[1][0]:
                return folder
        return ""
    finally:
        box.logout()


def page(host, path="/"):
    status, body, _ = call("GET", path, host=host)
    expect(status, 200, f"https://{host}{path}")
    return body


def use():
    check("the unit is active", lambda: until(lambda: active("hameau") == "active"))
    check("all services are ready", lambda: until(all_ready))
    check("content is applied", lambda: until(lambda: run("hameau", "apply", str(HERE / "content.yaml")) or True))
    check("the sign-in page is shown", lambda: until(lambda: b"<html" in page(HOST).lower() or b"<!doctype" in page(HOST).lower()) and None)
    check("a member signs in", lambda: sign_in() and None)
    check("a pad opens", lambda: pad_socket(sign_in(), pad_id(sign_in())).close())
    check("a site is shown", lambda: until(lambda: page(SITE)) and None)
    check("a mail is delivered and read by IMAP", lambda: mail_arrives("first letter"))


class Loop(threading.Thread):
    """Asks for a page on a new connection, again and again; keeps what went wrong and the longest wait."""

    def __init__(self):
        super().__init__(daemon=True)
        self.asked, self.wrong, self.longest, self.over = 0, [], 0.0, False

    def run(self):
        while not self.over:
            begin = time.time()
            try:
                status = call("GET", "/", host=SITE)[0]
                if status != 200:
                    self.wrong.append(f"status {status}")
            except Exception as error:  # noqa: BLE001
                self.wrong.append(f"{type(error).__name__}: {error}")
            self.asked += 1
            self.longest = max(self.longest, time.time() - begin)
            time.sleep(0.05)


def upgrade():
    cookie = sign_in()
    held = pad_socket(cookie, pad_id(cookie))
    box = imaplib.IMAP4_SSL("127.0.0.1", 993, ssl_context=QUIET, timeout=30)
    box.login("marie.legoff@amis.test", PASSWORD)
    loop = Loop()
    loop.start()
    install("/opt/next")
    until(lambda: active("hameau") == "active")
    time.sleep(2)
    loop.over = True
    loop.join()
    held.close()
    refused = [error for error in loop.wrong if "Refused" in error]
    expect(refused, [], "refused")
    again = until(lambda: pad_socket(cookie, pad_id(cookie)))
    again.close()
    until(lambda: mail_is_there("first letter"))
    return f"{loop.asked} pages, longest {loop.longest:.1f} s, cut off or wrong: {loop.wrong}"


def newer_state_is_refused():
    """The databases say that a newer Hameau wrote them."""
    database = next(iter(sorted(Path("/var/lib/hameau").glob("**/people*.db"))))
    run("systemctl", "stop", "hameau")
    kept = sqlite3.connect(database)
    version = kept.execute("PRAGMA user_version").fetchone()[0]
    kept.execute("PRAGMA user_version = 9999")
    kept.commit()
    kept.close()
    run("systemctl", "start", "hameau", check=False)
    time.sleep(20)
    said = run("journalctl", "-u", "hameau", "--since", "-40s", "--no-pager", "-o", "cat")
    again = int(run("systemctl", "show", "-p", "NRestarts", "--value", "hameau").strip() or 0)
    state = active("hameau")
    run("systemctl", "stop", "hameau", check=False)
    kept = sqlite3.connect(database)
    kept.execute(f"PRAGMA user_version = {version}")
    kept.commit()
    kept.close()
    run("systemctl", "reset-failed", "hameau", check=False)
    run("systemctl", "start", "hameau")
    assert "newer" in said, said[-1500:]
    assert again <= 5, f"{again} restarts"
    until(lambda: call("GET", "/", host=SITE)[0] == 200)
    return f"unit {state}, {again} restarts"


def removed():
    run("apt-get", "remove", "-y", "hameau", seconds=300)
    assert Path("/etc/hameau/hameau.yaml").exists() and Path("/var/lib/hameau/mail").exists()
    assert not Path("/usr/sbin/hameaud").exists() and active("hameau") != "active"


def purged():
    run("apt-get", "purge", "-y", "hameau", seconds=300)
    assert not Path("/etc/hameau").exists(), list(Path("/etc/hameau").rglob("*"))
    assert Path("/var/lib/hameau/mail").exists(), "purge took people's mail"


def erased():
    install("/opt/next")
    run("systemctl", "stop", "hameau")
    Path("/var/lib/hameau/erase-on-purge").touch()
    run("apt-get", "purge", "-y", "hameau", seconds=300)
    assert not Path("/var/lib/hameau").exists()


def main():
    with open("/etc/hosts", "a", encoding="utf-8") as hosts:
        hosts.write(f"127.0.0.1 {HOST} {SITE}\n")
    installed = "--installed" in sys.argv
    if not installed:
        check("apt installs the packages", lambda: install("/opt/packages"))
        check("no engine was started beside the house", engines_are_still)
        check("hameau.yaml was made", lambda: expect(Path("/etc/hameau/hameau.yaml").exists(), True, "hameau.yaml"))
    check("the house takes its name", settings)
    use()
    check("how open the unit is", lambda: run("systemd-analyze", "security", "hameau.service").strip().splitlines()[-1])
    if not installed:
        check("an upgrade refuses nobody and keeps everything", upgrade)
        check("an upgrade keeps the settings", lambda: expect(Path("/etc/hameau/hameau.yaml").read_text(encoding="utf-8"), f"house:\n  host: {HOST}\n", "hameau.yaml"))
        check("the state of a newer version is refused with advice", newer_state_is_refused)
        check("remove leaves settings and state", removed)
        check("purge removes the settings and leaves the state", purged)
        check("purge with erase-on-purge removes all", erased)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
