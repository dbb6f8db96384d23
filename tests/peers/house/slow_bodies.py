"""Whoever sends a body slowly is judged by what is stored when its last byte has come.

For every unsafe route of config/openapi.yaml that takes a body: the header section and half of the body are sent, then a
fact changes (the caller's role is taken, the session ends, the thing is removed), then the rest is sent. The response must
be the refusal of now. A route that is new in openapi.yaml and not in ROUTES below fails the test.
"""
import io
import json
import re
import struct
import zipfile
import zlib

from client import Raw
from house import ROOT

OPENAPI = ROOT / "config" / "openapi.yaml"
ADMIN, MANAGER, MEMBER = "annick", "lente", "lent"
WORDS = {ADMIN: "annick-secret-words", MANAGER: "lente-secret-words", MEMBER: "lent-secret-words", "chef": "chef-secret-words"}
AMIS = "/api/v1/associations/amis"


def unsafe_routes(text=None):
    """"METHOD /path" of each unsafe operation, and whether it takes a body."""
    found, path, name = {}, None, None
    for line in (text or OPENAPI.read_text()).splitlines():
        if place := re.match(r"  (/\S+):$", line):
            path, name = place.group(1), None
        elif method := re.match(r"    (\w+):$", line):
            name = f"{method.group(1).upper()} {path}" if method.group(1) in ("post", "put", "patch", "delete") else None
            if name and path:
                found[name] = False
        elif name and line.startswith("      requestBody:"):
            found[name] = True
    return found


class Slow:
    """One call whose second half is sent when `finish` is called."""

    def __init__(self, house, visitor, method, path, data, kind="application/json"):
        data = data if isinstance(data, bytes) else json.dumps(data).encode()
        origin = f"https://localhost:{house.ports['https']}"
        cookies = "; ".join(f"{k}={v}" for k, v in visitor.cookies.items())
        head = (f"{method} {path} HTTP/1.1\r\nHost: localhost:{house.ports['https']}\r\nOrigin: {origin}\r\n"
                f"Cookie: {cookies}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n")
        half = max(1, len(data) // 2)
        self.rest = data[half:]
        self.raw = Raw(house, timeout=60).send(head.encode() + data[:half])

    def finish(self):
        try:
            self.raw.send(self.rest)
        except OSError:
            pass  # answered already, and closed
        answer = self.raw.answer()
        self.raw.socket.close()
        assert answer, "no answer"
        return answer[0], answer[2]


class Facts:
    """The house, its actors, and what may happen to them."""

    def __init__(self, house_of):
        self.house_of, self.number, self.house, self.shared_site = house_of, 0, None, ""

    def opened(self):
        """Made at the first use: the tests before must find the house as its content says."""
        if self.house is None:
            self.house = self.house_of()
            self.make_actors()
        return self

    def make_actors(self):
        self.admin = self.house.visitor().sign_in(ADMIN, WORDS[ADMIN])
        for slug, name in (("jardin", "Le Jardin"), ("verger", "Le Verger")):
            self.call("POST", "/api/v1/associations", {"slug": slug, "name": name}, 201)
        for login, role, slug in ((MANAGER, "manager", "amis"), (MEMBER, "member", "amis"), ("chef", "admin", "amis"),
                                  (MEMBER, "member", "jardin")):
            body = {"login": login, "name": login.capitalize(), "role": role}
            if slug == "amis":
                body["password"] = WORDS[login]
            self.call("POST", f"/api/v1/associations/{slug}/members", body, 201)

    def call(self, method, path, body=None, *wanted, visitor=None, **more):
        answer = (visitor or self.admin).call(method, path, body, **more)
        assert not wanted or answer.status in wanted, (method, path, answer.status, answer.body)
        return json.loads(answer.body) if answer.body[:1] in (b"{", b"[") else None

    def unique(self, word="n"):
        self.number += 1
        return f"{word}{self.number}"

    def sign_in(self, login):
        return self.house.visitor().sign_in(login, WORDS[login])

    # What happens meanwhile, and what takes it back.
    def role(self, login, role):
        self.call("PATCH", f"{AMIS}/members/{login}", {"role": role}, 200)

    def leave(self, login):
        self.call("DELETE", f"{AMIS}/members/{login}", None, 204)

    def join(self, login):
        self.call("POST", f"{AMIS}/members", {"login": login, "name": login.capitalize()}, 201)

    def sign_out(self, visitor):
        twin = self.house.visitor()
        twin.cookies = dict(visitor.cookies)
        self.call("DELETE", "/api/v1/session", None, 204, visitor=twin)

    # Things that a path names.
    def member(self):
        login = self.unique("m")
        self.call("POST", f"{AMIS}/members", {"login": login, "name": login}, 201)
        return login

    def group(self):
        slug = self.unique("g")
        self.call("POST", f"{AMIS}/groups", {"slug": slug, "name": slug}, 201)
        return slug

    def mailbox(self):
        address = f"{self.unique('boite')}@amis.test"
        self.call("POST", f"{AMIS}/mailboxes", {"address": address, "login": "marie"}, 201)
        return address

    def mailbox_of_member(self):
        address = f"{self.unique('sienne')}@amis.test"
        self.call("POST", f"{AMIS}/mailboxes", {"address": address, "login": MEMBER}, 201)
        return address

    def alias(self):
        address = f"{self.unique('alias')}@amis.test"
        self.call("POST", f"{AMIS}/aliases", {"address": address, "to": ["marie.legoff@amis.test"]}, 201)
        return address

    def site(self, deployed=False):
        host = f"{self.unique('site')}.amis.test"
        self.call("POST", f"{AMIS}/sites", {"host": host}, 201)
        if deployed:
            self.call("POST", f"/api/v1/sites/{host}/deploys", None, 201, raw=zipped(), headers={"Content-Type": "application/zip"})
        return host

    def pad(self):
        return self.call("POST", f"{AMIS}/pads", {"slug": self.unique("pad"), "title": "Lent"}, 201)["id"]

    def bin_pad(self, pad):
        self.call("DELETE", f"/api/v1/pads/{pad}", None, 204)
        self.call("DELETE", f"/api/v1/pads/{pad}?purge=1", None, 204)

    def invitation(self, login):
        return self.call("POST", f"{AMIS}/members/{login}/invitation", None, 201)["url"].partition("#")[2]


def zipped():
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("index.html", '<!doctype html><html lang="fr"><title>A</title><p>Bonjour</p></html>')
    return memory.getvalue()


def png():
    """One grey pixel."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b""))


class Route:
    """How to make one call of a route, and which facts end it."""

    def __init__(self, who, path, data, kind="application/json", thing=None, remove=None):
        self.who, self.path, self.data, self.kind, self.thing, self.remove = who, path, data, kind, thing, remove


def gone(path):
    return lambda facts, thing: facts.call("DELETE", path.format(thing), None, 204)


def gone_member(facts, thing):
    facts.call("DELETE", f"{AMIS}/members/{thing}", None, 204)


ZIP = "application/zip"
ROUTES = {
    "POST /api/v1/associations": Route("chef", "/api/v1/associations", {"slug": "tard", "name": "Tard"}),
    "PATCH /api/v1/associations/{slug}": Route("chef", "/api/v1/associations/jardin", {"name": "Tard"}),
    "POST /api/v1/associations/{slug}/members": Route(MANAGER, f"{AMIS}/members", {"login": "tard", "name": "Tard"}),
    "PATCH /api/v1/associations/{slug}/members/{login}":
        Route(MANAGER, f"{AMIS}/members/{{}}", {"name": "Tard"}, thing=Facts.member, remove=gone_member),
    "POST /api/v1/associations/{slug}/groups": Route(MANAGER, f"{AMIS}/groups", {"slug": "tard", "name": "Tard"}),
    "PATCH /api/v1/associations/{slug}/groups/{group}":
        Route(MANAGER, f"{AMIS}/groups/{{}}", {"name": "Tard"}, thing=Facts.group, remove=gone(f"{AMIS}/groups/{{}}")),
    "POST /api/v1/associations/{slug}/mailboxes":
        Route(MANAGER, f"{AMIS}/mailboxes", {"address": "tard@amis.test", "login": "yann"}),
    "PATCH /api/v1/associations/{slug}/mailboxes/{address}":
        Route(MANAGER, f"{AMIS}/mailboxes/{{}}", {"quota": "7 MiB"}, thing=Facts.mailbox, remove=gone(f"{AMIS}/mailboxes/{{}}")),
    "POST /api/v1/associations/{slug}/aliases":
        Route(MANAGER, f"{AMIS}/aliases", {"address": "tard@amis.test", "to": ["marie.legoff@amis.test"]}),
    "PATCH /api/v1/associations/{slug}/aliases/{address}":
        Route(MANAGER, f"{AMIS}/aliases/{{}}", {"may_send": True}, thing=Facts.alias, remove=gone(f"{AMIS}/aliases/{{}}")),
    "POST /api/v1/associations/{slug}/sites": Route(MANAGER, f"{AMIS}/sites", {"host": "tard.amis.test"}),
    "POST /api/v1/sites/{host}/deploys":
        # A site is not removed while something is published: nothing to wait for.
        Route(MEMBER, "/api/v1/sites/{}/deploys", zipped(), ZIP, thing=Facts.site),
    "POST /api/v1/sites/{host}/missing":
        Route(MEMBER, "/api/v1/sites/{}/missing", {"hashes": []}, thing=Facts.site),
    "POST /api/v1/sites/{host}/tokens":
        Route(MEMBER, "/api/v1/sites/{}/tokens", {"name": "robot"}, thing=Facts.site),
    "POST /api/v1/sites/{host}/live":
        Route(MEMBER, "/api/v1/sites/{}/live", {"number": 1}, thing=lambda facts: facts.site(True), remove=gone("/api/v1/sites/{}")),
    "POST /api/v1/associations/{association}/pads": Route(MEMBER, f"{AMIS}/pads", {"slug": "tard", "title": "Tard"}),
    "POST /api/v1/associations/{association}/pads/import":
        Route(MEMBER, f"{AMIS}/pads/import?format=markdown&slug=tard", b"# Tard\n\nUn texte.\n", "text/markdown"),
    "PATCH /api/v1/pads/{pad}":
        Route(MANAGER, "/api/v1/pads/{}", {"title": "Tard", "access": {"link": "read"}}, thing=Facts.pad, remove=Facts.bin_pad),
    "POST /api/v1/pads/{pad}/link":
        Route(MANAGER, "/api/v1/pads/{}/link", {"renew": True}, thing=Facts.pad, remove=Facts.bin_pad),
    "POST /api/v1/pads/{pad}/images": Route(MEMBER, "/api/v1/pads/{}/images", png(), "image/png", thing=Facts.pad, remove=Facts.bin_pad),
    "PATCH /api/v1/me/mail/{address}":
        Route("mine", "/api/v1/me/mail/{}", {"end": ["ami@ailleurs.example"]}, thing=Facts.mailbox_of_member,
              remove=gone(f"{AMIS}/mailboxes/{{}}")),
    "POST /api/v1/me/password": Route("me", "/api/v1/me/password", {"current": WORDS[MEMBER], "new": "tard-secret-words"}),
    "POST /api/v1/me/recovery-codes": Route("me", "/api/v1/me/recovery-codes", {}),
    "POST /api/v1/me/app-passwords": Route("me", "/api/v1/me/app-passwords", {"name": "tard"}),
}
# Judged by what the body itself holds: tests of their own below.
BY_THE_BODY = {"POST /api/v1/session", "POST /api/v1/recovery", "POST /api/v1/invitations/{invitation}"}
# The set-up answers 409 in a house that has an admin; slowly in a new house: tests/unit/people. Its checks change nothing. `declared`
# and `setup/host` are the command's own: they answer nobody who comes through the gate.
# A diagnosis is an admin's, whose right nobody takes away in this walk; it is judged behind its body as the others are (open_body).
# Autodiscover tells everybody the same settings, and changes nothing.
ELSEWHERE = {"POST /autodiscover/autodiscover.xml", "POST /Autodiscover/Autodiscover.xml", "POST /AutoDiscover/AutoDiscover.xml", "POST /api/v1/diagnosis", "POST /api/v1/setup", "POST /api/v1/setup/checks", "POST /api/v1/setup/host", "PUT /api/v1/declared"}


def account(who):
    return MEMBER if who in ("me", "mine") else who


def tests(facts):
    opened = facts.opened

    def begin(f, route, visitor, thing):
        return Slow(f.house, visitor, route.name.split()[0], route.path.format(thing), route.data, route.kind)

    def refused(name, fact, answer, *wanted):
        assert answer[0] in wanted, f"{name} after {fact}: {answer[0]} {answer[1][:300]}"

    def test_slow_bodies_cover_every_route():
        takes = {name for name, body in unsafe_routes().items() if body}
        known = set(ROUTES) | BY_THE_BODY | ELSEWHERE
        assert takes == known, f"not tested: {takes - known}; no such route: {known - takes}"
        invented = unsafe_routes("  /x:\n    get:\n    post:\n      requestBody:\n")
        assert invented == {"POST /x": True}, "the file is not read"

    def test_slow_body_when_the_role_is_taken():
        f = opened()
        for name, route in ROUTES.items():
            route.name = name
            if route.who in ("me", "mine"):
                continue  # one's own things need no role
            visitor, thing = f.sign_in(route.who), route.thing(f) if route.thing else ""
            call = begin(f, route, visitor, thing)
            if route.who == MEMBER:
                f.leave(MEMBER)
                answer = call.finish()
                f.join(MEMBER)
            else:
                f.role(route.who, "manager" if route.who == "chef" else "member")
                answer = call.finish()
                f.role(route.who, "admin" if route.who == "chef" else "manager")
            refused(name, "the role was taken", answer, 403, 404)

    def test_slow_body_when_the_session_ends():
        f = opened()
        for name, route in ROUTES.items():
            route.name = name
            visitor, thing = f.sign_in(account(route.who)), route.thing(f) if route.thing else ""
            call = begin(f, route, visitor, thing)
            f.sign_out(visitor)
            refused(name, "the session ended", call.finish(), 401)

    def test_slow_body_when_the_thing_is_removed():
        f = opened()
        for name, route in ROUTES.items():
            route.name = name
            if not route.remove:
                continue
            visitor, thing = f.sign_in(account(route.who)), route.thing(f)
            call = begin(f, route, visitor, thing)
            route.remove(f, thing)
            refused(name, "the thing was removed", call.finish(), 404, 409, 410)

    def test_nothing_of_the_refused_calls_is_there():
        f = opened()
        for path in ("/api/v1/associations", f"{AMIS}/members", f"{AMIS}/groups", f"{AMIS}/mailboxes", f"{AMIS}/aliases",
                     f"{AMIS}/sites", f"{AMIS}/pads"):
            shown = json.dumps(f.call("GET", path, None, 200)).lower()
            assert '"tard' not in shown, (path, shown)

    def test_slow_sign_in_of_somebody_who_is_switched_off():
        f = opened()
        call = Slow(f.house, f.house.visitor(), "POST", "/api/v1/session", {"login": MEMBER, "password": WORDS[MEMBER]})
        f.call("PATCH", f"{AMIS}/members/{MEMBER}", {"disabled": True}, 200)
        answer = call.finish()
        f.call("PATCH", f"{AMIS}/members/{MEMBER}", {"disabled": False}, 200)
        refused("sign-in", "disabled", answer, 401)

    def test_slow_recovery_with_a_code_that_was_replaced():
        f = opened()
        visitor = f.sign_in(MEMBER)
        codes = f.call("POST", "/api/v1/me/recovery-codes", {}, 200, visitor=visitor)["codes"]
        call = Slow(f.house, f.house.visitor(), "POST", "/api/v1/recovery",
                    {"login": MEMBER, "code": codes[0], "password": "tard-secret-words"})
        f.call("POST", "/api/v1/me/recovery-codes", {}, 200, visitor=visitor)
        refused("recovery", "new codes", call.finish(), 401)
        f.sign_in(MEMBER)

    def test_slow_invitation_that_was_renewed():
        f = opened()
        login = f.member()
        token = f.invitation(login)
        call = Slow(f.house, f.house.visitor(), "POST", f"/api/v1/invitations/{token}", {"password": "tard-secret-words"})
        f.invitation(login)
        refused("invitation", "a new one", call.finish(), 404)

    return [value for name, value in list(locals().items()) if name.startswith("test_")]
