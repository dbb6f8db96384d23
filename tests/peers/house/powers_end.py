"""The matrix of ARCHITECTURE.md, "Powers and what ends them", walked from outside.

A person of two associations holds every power at once, with stock clients: a session, an open WebSocket, IMAP, submission
and ManageSieve sessions, an app password, an invitation, recovery codes, a Sieve redirect, a group, an alias, a publishing
right. Then one event happens, and each power is tried once more: it must have ended, or still be there where the table
says that it stays.
"""
import base64
import imaplib
import json
import os
import re
import smtplib
import socket
import time
from email.message import EmailMessage

from client import Raw
from house import ROOT
from slow_bodies import AMIS, zipped

JARDIN = "/api/v1/associations/jardin"
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
# In the order in which they are asked: recovery codes last, which changes the password.
POWERS = ("session", "websocket", "imap", "submission", "managesieve", "new mail sign-in", "app password", "invitation",
          "sieve redirect", "group", "sends as alias", "publishes", "pad of chosen people", "guest by link", "cached image",
          "recovery codes")


def table():
    """{event: {power: "ends" or "stays"}} as ARCHITECTURE.md says it."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    part = text.split("## Powers and what ends them")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("|")]
    names, found = rows[0][1:], {}
    for row in rows[2:]:
        found[row[0]] = {name: cell.split(" ")[0] for name, cell in zip(names, row[1:])}
    return found


class Sieve:
    """ManageSieve by hand (RFC 5804)."""

    def __init__(self, house, user, password):
        raw = socket.create_connection(("localhost", house.ports["sieve"]), 20)
        self.stream = raw.makefile("rwb")
        self.answer()
        self.send("STARTTLS")
        self.raw = house.tls().wrap_socket(raw, server_hostname="localhost")
        self.stream = self.raw.makefile("rwb")
        self.answer()
        self.send('AUTHENTICATE "PLAIN" "%s"' % base64.b64encode(f"\0{user}\0{password}".encode()).decode())

    def answer(self):
        lines = []
        while True:
            line = self.stream.readline().decode()
            lines.append(line)
            if line.startswith(("OK", "NO", "BYE")) or not line:
                return "".join(lines)

    def send(self, text):
        self.stream.write(text.encode() + b"\r\n")
        self.stream.flush()
        answer = self.answer()
        assert answer.splitlines()[-1:] and answer.splitlines()[-1].startswith("OK"), answer or "closed"
        return answer

    def activate(self, script):
        self.send(f'PUTSCRIPT "mien" {{{len(script.encode())}+}}\r\n{script}')
        self.send('SETACTIVE "mien"')


def ended(call, *kinds):
    """True when the call fails with one of these."""
    try:
        call()
        return False
    except kinds:
        return True


def is_open(raw):
    """A ping is answered. Otherwise the house has closed the WebSocket."""
    raw.socket.settimeout(20)
    try:
        raw.send(b"\x89\x80abcd")
        while True:
            while len(raw.buffer) >= 2:
                size, begin = raw.buffer[1] & 127, 2
                if size == 126:
                    size, begin = int.from_bytes(raw.buffer[2:4], "big"), 4
                if len(raw.buffer) < begin + size:
                    break
                kind = raw.buffer[0] & 15
                raw.buffer = raw.buffer[begin + size:]
                if kind in (8, 10):  # close, pong
                    return kind == 10
            piece = raw.socket.recv(65536)
            if not piece:
                return False
            raw.buffer += piece
    except OSError:
        return False


def shared_site(facts):
    """One site for all."""
    if not facts.shared_site:
        facts.shared_site = facts.site()
    return facts.shared_site


class Holder:
    """A person of amis and jardin who holds every power."""

    def __init__(self, facts, number, domain="amis.test", role="manager"):
        self.facts, self.house = facts, facts.house
        self.login, self.words = f"ayant{number}", f"ayant-secret-{number}-words"
        self.address, self.alias = f"{self.login}@{domain}", f"au-nom-de{number}@{domain}"
        self.group, self.group_address = f"groupe{number}", f"groupe{number}@{domain}"
        call = facts.call
        call("POST", f"{AMIS}/members", {"login": self.login, "name": f"Ayant {number}", "role": role,
                                         "password": self.words, "mailbox": self.address}, 201)
        boxes = json.dumps(call("GET", f"{AMIS}/mailboxes?limit=500", None, 200))
        if self.address not in boxes:
            call("POST", f"{AMIS}/mailboxes", {"address": self.address, "login": self.login}, 201)
        call("POST", f"{JARDIN}/members", {"login": self.login, "name": "x"}, 201)
        call("POST", f"{AMIS}/aliases", {"address": self.alias, "to": [self.address], "may_send": True}, 201)
        call("POST", f"{AMIS}/groups", {"slug": self.group, "name": self.group, "address": self.group_address,
                                        "members": [self.login]}, 201)
        self.visitor = self.house.visitor().sign_in(self.login, self.words)
        self.codes = call("POST", "/api/v1/me/recovery-codes", {}, 200, visitor=self.visitor)["codes"]
        made = call("POST", "/api/v1/me/app-passwords", {"name": "téléphone"}, 201, visitor=self.visitor)
        self.app, self.app_id = made["password"], made["id"]
        made = call("POST", f"{AMIS}/members/{self.login}/invitation", None, 201)
        self.invitation = made["url"].partition("#")[2]
        self.pad = call("POST", f"{AMIS}/pads", {"slug": f"choisi{number}", "title": "Choisi", "access":
                                                 {"members": "none", "link": "none", "people": [self.login]}}, 201)["id"]
        self.open_pad = call("POST", f"{AMIS}/pads", {"slug": f"ouvert{number}", "title": "Ouvert",
                                                      "access": {"members": "write", "link": "write"}}, 201)["id"]
        self.key = call("POST", f"/api/v1/pads/{self.open_pad}/link", {}, 200)["key"]
        self.image, self.tag = self.keep_image()
        self.host = shared_site(facts)
        self.open_mail()
        cookies = "; ".join(f"{k}={v}" for k, v in self.visitor.cookies.items())
        self.socket = self.open_socket("", f"Cookie: {cookies}\r\n")
        self.guest = self.open_socket(f"?key={self.key}", "")

    def keep_image(self):
        """An image of the open pad, as the browser keeps it: its address, and the tag that it asks with."""
        made = self.visitor.call("POST", f"/api/v1/pads/{self.open_pad}/images", raw=PIXEL, headers={"Content-Type": "application/octet-stream"})
        assert made.status == 201, (made.status, made.body)
        url = "/" + made.json()["url"].lstrip("/")
        answer = self.visitor.call("GET", url)
        assert answer.status == 200 and answer.headers["cache-control"] == "private, no-cache", (answer.status, answer.headers)
        return url, answer.headers["etag"]

    def shows_image(self, visitor, key=""):
        """What a browser's cache may show: it asks each time."""
        answer = visitor.call("GET", self.image + key, headers={"If-None-Match": self.tag})
        assert answer.status in (304, 401, 403, 404, 410), (answer.status, answer.body)
        return answer.status == 304

    def open_mail(self):
        house = self.house
        self.imap = imaplib.IMAP4_SSL("localhost", house.ports["imaps"], ssl_context=house.tls(), timeout=30)
        self.imap.login(self.address, self.words)
        self.imap.select("INBOX")
        self.smtp = self.submission(self.words)
        self.sieve = Sieve(house, self.address, self.words)
        self.sieve.activate('require ["copy"];\r\nredirect :copy "yann.kervella@amis.test";\r\n')

    def submission(self, password):
        smtp = smtplib.SMTP("127.0.0.1", self.house.ports["submission"], timeout=30)
        smtp._host = "localhost"
        smtp.starttls(context=self.house.tls())
        smtp.login(self.address, password)
        return smtp

    def open_socket(self, query, cookies):
        key = base64.b64encode(os.urandom(16)).decode()
        origin = f"https://localhost:{self.house.ports['https']}"
        opened = Raw(self.house, timeout=20).send(
            f"GET /api/v1/pads/ws/{self.open_pad}{query} HTTP/1.1\r\nHost: localhost:{self.house.ports['https']}\r\n"
            f"Origin: {origin}\r\n{cookies}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n")
        answer = opened.answer()
        assert answer and answer[0] == 101, answer
        return opened

    def message(self, sender, to, subject):
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, subject
        message.set_content("bonjour\n")
        return message

    def deliver(self, to, subject):
        with smtplib.SMTP("127.0.0.1", self.house.ports["smtp"], timeout=30) as smtp:
            smtp.send_message(self.message("ami@ailleurs.example", to, subject), "ami@ailleurs.example", [to])

    def seen_by(self, user, password, subject, seconds):
        limit = time.time() + seconds
        with imaplib.IMAP4_SSL("localhost", self.house.ports["imaps"], ssl_context=self.house.tls(), timeout=30) as imap:
            imap.login(user, password)
            while True:
                imap.select("INBOX")
                if imap.search(None, "SUBJECT", f'"{subject}"')[1][0]:
                    return True
                if time.time() > limit:
                    return False
                time.sleep(0.1)

    # One question for each power: does it still work? `words`: the password that is right now.
    # `stays`: what the table says, so that only what should arrive is waited for.
    def holds(self, power, words, stays):
        self.stays = stays
        ask = getattr(self, "still_" + re.sub(r"\W", "_", power))
        limit = time.time() + (0 if stays else 5)  # a connection that is told to close takes a moment
        while (holding := ask(words)) and time.time() < limit:
            time.sleep(0.1)
        return holding

    def still_session(self, words):
        return self.visitor.call("GET", "/api/v1/session").status == 200

    def still_websocket(self, words):
        return is_open(self.socket)

    def still_guest_by_link(self, words):
        answer = self.house.visitor().call("GET", f"/api/v1/pads/{self.open_pad}", headers={"Pad-Key": self.key})
        holds = answer.status == 200
        assert is_open(self.guest) == holds, "the key and the open connection do not agree"
        assert self.shows_image(self.house.visitor(), f"?key={self.key}") == holds, "the key and the image do not agree"
        return holds

    def still_cached_image(self, words):
        return self.shows_image(self.visitor)

    def still_imap(self, words):
        return not ended(lambda: self.imap.select("INBOX"), imaplib.IMAP4.abort, imaplib.IMAP4.error, OSError)

    def still_submission(self, words):
        return not ended(lambda: self.smtp.send_message(self.message(self.address, "yann.kervella@amis.test", "ouvert")),
                         smtplib.SMTPException, OSError)

    def still_managesieve(self, words):
        return not ended(lambda: self.sieve.send("LISTSCRIPTS"), AssertionError, OSError)

    def signs_in(self, password):
        def attempt():
            imap = imaplib.IMAP4_SSL("localhost", self.house.ports["imaps"], ssl_context=self.house.tls(), timeout=30)
            imap.login(self.address, password)
            imap.logout()
        return not ended(attempt, imaplib.IMAP4.error)

    def still_new_mail_sign_in(self, words):
        return self.signs_in(words)

    def still_app_password(self, words):
        return self.signs_in(self.app)

    def still_invitation(self, words):
        return self.house.visitor().call("GET", f"/api/v1/invitations/{self.invitation}").status == 200

    def still_recovery_codes(self, words):
        """Asked last: it changes the password."""
        answer = self.house.visitor().call("POST", "/api/v1/recovery", {"login": self.login, "code": self.codes[0],
                                                                        "password": "ayant-tout-nouveau-mot"})
        return answer.status == 200

    def still_sieve_redirect(self, words):
        subject = f"suivi {self.facts.unique('s')}"
        if ended(lambda: self.deliver(self.address, subject), smtplib.SMTPException):
            return False
        # What the same script would have sent before this arrives after it.
        marker = f"apres {self.facts.unique('s')}"
        self.deliver("yann.kervella@amis.test", marker)
        assert self.seen_by("yann.kervella@amis.test", "yann-secret-words", marker, 20), "mail does not flow"
        return self.seen_by("yann.kervella@amis.test", "yann-secret-words", subject, 20 if self.stays else 1)

    def still_group(self, words):
        answer = self.facts.admin.call("GET", f"{AMIS}/groups?limit=500")
        listed = answer.json()["items"] if answer.status == 200 else []
        assert answer.status in (200, 404), (answer.status, answer.body)  # 404: the association is in the bin
        return any(group["slug"] == self.group and self.login in group["members"] for group in listed)

    def still_sends_as_alias(self, words):
        def attempt():
            smtp = self.submission(words)
            smtp.send_message(self.message(self.alias, "yann.kervella@amis.test", "alias"), self.alias)
            smtp.quit()
        return not ended(attempt, smtplib.SMTPException, OSError)

    def again(self, words):
        """A session of now, or nobody's."""
        visitor = self.house.visitor()
        visitor.call("POST", "/api/v1/session", {"login": self.login, "password": words})
        return visitor

    def still_publishes(self, words):
        path = f"/api/v1/sites/{self.host}/deploys"
        return self.again(words).call("POST", path, raw=zipped(), headers={"Content-Type": "application/zip"}).status == 201

    def still_pad_of_chosen_people(self, words):
        return self.again(words).call("GET", f"/api/v1/pads/{self.pad}").status == 200

    def close(self):
        for close in (self.imap.shutdown, self.smtp.close, self.sieve.raw.close, self.socket.socket.close, self.guest.socket.close):
            try:
                close()
            except OSError:
                pass


def disable(holder):
    holder.facts.call("PATCH", f"{AMIS}/members/{holder.login}", {"disabled": True}, 200)


def leave(holder, *slugs):
    for slug in slugs:
        holder.facts.call("DELETE", f"/api/v1/associations/{slug}/members/{holder.login}", None, 204)


def erase(holder):
    leave(holder, "amis", "jardin")


def use_again(holder):
    erase(holder)
    words = "une-autre-personne-secrete"
    holder.facts.call("POST", f"{AMIS}/members", {"login": holder.login, "name": "Autre", "password": words}, 201)
    return words


def change_password(holder):
    words = "ayant-un-autre-mot-secret"
    holder.facts.call("POST", "/api/v1/me/password", {"current": holder.words, "new": words}, 204, visitor=holder.visitor)
    return words


def recover(holder):
    words = "ayant-retrouve-son-mot"
    body = {"login": holder.login, "code": holder.codes[1], "password": words}
    holder.facts.call("POST", "/api/v1/recovery", body, 200, visitor=holder.house.visitor())
    return words


def revoke_app(holder):
    holder.facts.call("DELETE", f"/api/v1/me/app-passwords/{holder.app_id}", None, 204, visitor=holder.visitor)


def join_third(holder):
    holder.facts.call("POST", "/api/v1/associations/verger/members", {"login": holder.login, "name": "x"}, 201)


def move_domain(holder):
    """To another association: refused, with all that stands in the way."""
    domains = holder.facts.call("GET", JARDIN, None, 200)["domains"] + [OTHER_DOMAIN]
    answer = holder.facts.admin.call("PATCH", JARDIN, {"domains": domains, "move_domains": True})
    names = {one["name"] for one in answer.json().get("in_the_way", [])}
    assert answer.status == 409 and {holder.address, holder.alias, holder.group_address} <= names, (answer.status, answer.body)


def remove_domain(holder):
    """Refused while it is in use; given up in spite of that."""
    answer = holder.facts.call("PATCH", AMIS, {"domains": ["amis.test"]}, 409)
    names = {one["name"] for one in answer["in_the_way"]}
    assert answer["code"] == "domain_still_used" and {holder.address, holder.alias, holder.group_address} <= names, answer
    holder.facts.call("PATCH", AMIS, {"domains": ["amis.test"], "give_up": True}, 200)


def bin_association(holder, *left):
    leave(holder, *left)
    holder.facts.call("DELETE", AMIS, None, 204)


def restore_association(holder):
    """For the events after it; whoever had nothing else has everything again that the removal did not close."""
    answer = holder.facts.admin.call("POST", f"{AMIS}/restore", {})
    return answer.status == 200


# What works again when the association comes back; what was open stays closed.
BACK = ("new mail sign-in", "app password", "invitation", "sieve redirect", "group", "sends as alias", "publishes",
        "pad of chosen people", "recovery codes")
# Its own, because the others' mail must flow while it is gone.
OTHER_DOMAIN = "cede.test"

EVENTS = {
    "role changed": lambda h: h.facts.role(h.login, "member"),
    "membership ended": lambda h: leave(h, "amis"),
    "added to another association": join_third,
    "disabled": disable,
    "erased": erase,
    "login used again": use_again,
    "password changed": change_password,
    "password recovered": recover,
    "app password revoked": revoke_app,
    "session ended": lambda h: h.facts.sign_out(h.visitor),
    "link renewed": lambda h: h.facts.call("POST", f"/api/v1/pads/{h.open_pad}/link", {"renew": True}, 200),
    "access closed": lambda h: h.facts.call("PATCH", f"/api/v1/pads/{h.open_pad}", {"access": {"members": "none", "link": "none"}}, 200),
    "pad in the bin": lambda h: h.facts.call("DELETE", f"/api/v1/pads/{h.open_pad}", None, 204),
    "mailbox removed": lambda h: h.facts.call("DELETE", f"{AMIS}/mailboxes/{h.address}", None, 204),
    "alias removed": lambda h: h.facts.call("DELETE", f"{AMIS}/aliases/{h.alias}", None, 204),
    "domain moved": move_domain,
    "domain removed": remove_domain,
    # Last: the sessions of those who have no other association end.
    "association in the bin": bin_association,
    "only association in the bin": lambda h: bin_association(h, "jardin"),
}


def tests(facts):
    facts_of = facts.opened
    numbers = iter(range(100))

    def walk(event):
        expected = table()[event]
        domain = "amis.test"
        if event.startswith("domain"):
            domain = OTHER_DOMAIN
            facts_of().call("PATCH", AMIS, {"domains": ["amis.test", domain]}, 200)
        # To a manager every text of the association is open: closing its access ends nothing of theirs.
        holder = Holder(facts_of(), next(numbers), domain, "member" if event == "access closed" else "manager")
        try:
            words = EVENTS[event](holder)
            words = words if isinstance(words, str) else holder.words
            wrong = []
            for power in POWERS:
                stays = expected[power] == "stays"
                if holder.holds(power, words, stays) != stays:
                    wrong.append(f"{power}: {'ended' if stays else 'goes on'}")
            assert not wrong, f"after {event!r}: " + "; ".join(wrong)
            if event == "only association in the bin":
                assert restore_association(holder)
                lost = [power for power in BACK if not holder.holds(power, words, True)]
                assert not lost, f"not back: {lost}"
        finally:
            if "association in the bin" in event:
                restore_association(holder)
            holder.close()

    def test_the_matrix_is_whole():
        said = table()
        assert set(said) == set(EVENTS), set(said) ^ set(EVENTS)
        for event, cells in said.items():
            assert set(cells) == set(POWERS), (event, set(cells) ^ set(POWERS))
            assert set(cells.values()) <= {"ends", "stays"}, (event, cells)

    def test_every_power_holds_before_anything_happens():
        holder = Holder(facts_of(), next(numbers))
        try:
            missing = [power for power in POWERS if not holder.holds(power, holder.words, True)]
            assert not missing, missing
        finally:
            holder.close()

    def of(event):
        test = lambda: walk(event)
        test.__name__ = "test_powers_after_" + re.sub(r"\W", "_", event)
        return test

    return [test_the_matrix_is_whole, test_every_power_holds_before_anything_happens] + [of(event) for event in EVENTS]
