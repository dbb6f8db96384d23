"""The bin of associations from outside: one with mail, a site and a text goes into the bin while a service is killed, comes
back whole, goes again and is erased while another one is killed; its name is used again by somebody new."""
import imaplib
import os
import signal
import smtplib
import subprocess
import tempfile
import threading
from pathlib import Path

from client import Raw
from common import PLAIN_PAGE, house, mailbox, ok, refused, wait_mail, wait_until, zipped
from powers_end import is_open

RONCE = "/api/v1/associations/ronce"
WHO = {"login": "luc@ronce.test", "password": "luc-secret-words"}


def admin():
    return house.visitor().sign_in("annick", "annick-secret-words")


def luc():
    return house.visitor().sign_in("luc", WHO["password"])


def make():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "ronce.yaml")
        file.write_text("version: 1\nassociations:\n  - slug: ronce\n    name: La Ronce\n    domains: [ronce.test]\n    members:\n"
                        f"      - {{login: luc, name: Luc Ronce, role: manager, password: {WHO['password']}, mailbox: luc@ronce.test}}\n")
        house.hameau("apply", str(file))


def deliver(subject, to="luc@ronce.test"):
    """From outside, on port 25."""
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"], timeout=30) as smtp:
        smtp.sendmail("ami@ailleurs.example", [to], f"From: ami@ailleurs.example\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nbonjour\r\n")


def refused_with(to):
    return next(iter(refused(lambda: deliver("non", to), smtplib.SMTPRecipientsRefused).recipients.values()))[0]


def stopped(name, wake):
    """Stops the process of a service, after a call that wakes it."""
    while True:
        ok(wake())
        process = house.process_of(name)
        if process["state"] != "ready":
            continue
        try:
            os.kill(process["pid"], signal.SIGSTOP)
            return process["pid"]
        except ProcessLookupError:
            pass  # it went to sleep at this moment


class Beside(threading.Thread):
    """A call that waits for what the test does meanwhile."""

    def __init__(self, call):
        super().__init__(daemon=True)
        self.call, self.answer = call, None
        self.start()

    def run(self):
        self.answer = self.call()

    def result(self):
        self.join(60)
        assert self.answer is not None, house.tail()
        return self.answer


def seen_at(host):
    """What a visitor gets there, whatever the certificate says: a host that is not served has none of its own."""
    port = house.ports["https"]
    done = subprocess.run(["curl", "-sk", "--resolve", f"{host}:{port}:127.0.0.1", "-o", "/dev/null", "-w", "%{http_code}", f"https://{host}:{port}/"],
                          capture_output=True, text=True, timeout=30)
    return done.stdout


def open_guest(pad, key):
    port = house.ports["https"]
    opened = Raw(house, timeout=20).send(
        f"GET /api/v1/pads/ws/{pad}?key={key} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: https://localhost:{port}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
    assert opened.answer()[0] == 101
    return opened


def test_an_association_goes_into_the_bin_and_comes_back():
    make()
    annick, other, visitor = admin(), admin(), luc()
    ok(visitor.call("POST", f"{RONCE}/sites", {"host": "ronce.test"}), 201)
    ok(visitor.call("POST", "/api/v1/sites/ronce.test/deploys", raw=zipped({"index.html": PLAIN_PAGE}),
                    headers={"Content-Type": "application/zip"}), 201)
    pad = ok(visitor.call("POST", f"{RONCE}/pads", {"slug": "a", "title": "A", "access": {"members": "write", "link": "write"}}), 201).json()["id"]
    key = ok(visitor.call("POST", f"/api/v1/pads/{pad}/link", {})).json()["key"]
    ok(visitor.call("POST", f"{RONCE}/groups", {"slug": "tous", "name": "Tous", "members": ["luc"], "address": "tous@ronce.test"}), 201)
    deliver("Avant la corbeille", "tous@ronce.test")
    wait_mail("Avant la corbeille", **WHO)
    public = house.visitor(host="ronce.test")
    unknown = seen_at("inconnu.test")
    assert ok(public.call("GET", "/")).body == PLAIN_PAGE.encode() and seen_at("ronce.test") == "200" != unknown
    assert ok(annick.call("GET", RONCE)).json()["accounts_only_here"] == 1
    imap, guest = mailbox(**WHO), open_guest(pad, key)
    imap.select("INBOX")

    pid = stopped("sites", lambda: visitor.call("GET", f"{RONCE}/sites"))
    removing = Beside(lambda: annick.call("DELETE", RONCE))
    in_bin = lambda: ok(other.call("GET", "/api/v1/associations?bin=1")).json()["items"]
    wait_until(lambda: [one["behind"] for one in in_bin()] == [["sites"]])
    assert removing.answer is None and ok(public.call("GET", "/")).status == 200, "it is not said before it is so"
    os.kill(pid, signal.SIGKILL)
    ok(removing.result(), 204)

    assert seen_at("ronce.test") == unknown
    ok(visitor.call("GET", "/api/v1/session"), 401)
    ok(house.visitor().call("POST", "/api/v1/session", {"login": "luc", "password": WHO["password"]}), 401)
    assert not is_open(guest)
    assert house.visitor().call("GET", f"/api/v1/pads/{pad}", headers={"Pad-Key": key}).status == 404
    ok(annick.call("GET", f"/api/v1/pads/{pad}"), 404)
    refused(lambda: imap.select("INBOX"), imaplib.IMAP4.abort, imaplib.IMAP4.error, OSError)
    refused(lambda: mailbox(**WHO), imaplib.IMAP4.error)
    assert [refused_with(f"{name}@ronce.test") for name in ("luc", "tous", "postmaster")] == [550] * 3
    for path in ("", "/members", "/sites", "/pads", "/mailboxes", "/aliases", "/groups"):
        ok(annick.call("GET", RONCE + path), 404)
    assert "ronce" in house.hameau("association", "list", "--bin").stdout and "ronce" not in house.hameau("association", "list").stdout
    assert "ronce" not in house.hameau("show").stdout
    again = annick.call("POST", "/api/v1/associations", {"slug": "ronce", "name": "x"})
    assert again.status == 409 and again.json()["code"] == "association_binned", again.body
    ok(annick.call("PATCH", "/api/v1/associations/amis", {"domains": ["amis.test", "ronce.test"], "move_domains": True}), 409)

    house.hameau("association", "restore", "ronce")
    assert ok(public.call("GET", "/")).body == PLAIN_PAGE.encode()
    back = luc()
    ok(back.call("GET", f"/api/v1/pads/{pad}"))
    assert [one["slug"] for one in ok(back.call("GET", f"{RONCE}/groups")).json()["items"]] == ["tous"]
    wait_mail("Avant la corbeille", **WHO)
    deliver("Apres la corbeille", "tous@ronce.test")
    wait_mail("Apres la corbeille", **WHO)


def test_an_association_is_erased_and_its_name_is_used_again():
    pad = ok(luc().call("GET", f"{RONCE}/pads")).json()["items"][0]["id"]
    annick = admin()
    refused_first = house.hameau("association", "remove", "ronce", "--purge", check=False)
    assert refused_first.returncode != 0 and ok(luc().call("GET", RONCE)).status == 200, "what is in use is not erased"
    house.hameau("association", "remove", "ronce")
    pid = stopped("pads", lambda: annick.call("GET", "/api/v1/associations/amis/pads"))
    erasing = Beside(lambda: house.hameau("association", "remove", "ronce", "--purge", check=False))
    wait_until(lambda: not ok(annick.call("GET", "/api/v1/associations?bin=1")).json()["items"])
    again = annick.call("POST", "/api/v1/associations", {"slug": "ronce", "name": "x"})
    assert erasing.answer is None and again.status == 409 and again.json()["code"] == "association_going", again.body
    os.kill(pid, signal.SIGKILL)
    done = erasing.result()
    assert done.returncode == 0, done
    ok(annick.call("GET", f"/api/v1/pads/{pad}"), 404)

    make()
    visitor = luc()
    for kind in ("sites", "pads", "groups", "sites?bin=1", "pads?bin=1", "mailboxes?bin=1"):
        assert ok(visitor.call("GET", f"{RONCE}/{kind}")).json()["items"] == [], kind
    assert mailbox(**WHO).select("INBOX")[1] == [b"0"], "nobody reads the mail of before"
    assert seen_at("ronce.test") == seen_at("inconnu.test")
    house.hameau("association", "remove", "ronce")
    house.hameau("association", "remove", "ronce", "--purge")
