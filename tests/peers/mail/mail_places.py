"""Where the tests of mail run: the engines alone (the tables filled here), or a whole trial house (through its command
and API). HAMEAU_MAIL_PLACE=engines|house; without it the house when hameau-mail and hameau-gate are built."""
import contextlib
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from engines import Engines, app_password_hash, argon2id
from house import BINARIES, House

BASE_PORT = int(os.environ.get("HAMEAU_MAIL_PORTS", "25000"))


@dataclass
class Person:
    login: str
    address: str
    password: str
    member: str = ""
    quota_bytes: int = 100 << 20
    forward: list = field(default_factory=list)


MARIE = Person("marie", "marie.legoff@amis.test", "marie-au-jardin-42", "m1")
YANN = Person("yann", "yann.kervella@amis.test", "yann au potager 43", "m2")


class Queue:
    """Reading the queue, whatever started Postfix."""
    smarthost = None

    def queue(self):
        folder = os.path.join(self.state, "engines", "postfix")
        return subprocess.run(["postqueue", "-c", folder, "-p"], capture_output=True, text=True, timeout=20).stdout

    def new_person(self, login, **more):
        self.count = getattr(self, "count", 0) + 1
        login = f"{login}{self.count}"
        return Person(login, f"{login}@amis.test", f"mot de {login} {os.getpid()}", f"p{self.count}", **more)

    def add_member(self, login, **more):
        person = self.new_person(login, **more)
        self.add_person(person)
        self.secrets.append(person.password)
        return person


class EnginesPlace(Engines, Queue):
    def __init__(self, settings=()):
        super().__init__(BASE_PORT, settings)
        self.secrets, self.aliases = [], 0

    def __enter__(self):
        self.start()
        self.mail, self.auth = self.databases()
        self.mail.execute("INSERT INTO association(slug, name, quota_bytes) VALUES('amis', 'Les Amis', 5000000000)")
        self.mail.execute("INSERT INTO domain VALUES('amis.test', 'amis', 0)")
        self.add_person(MARIE, role="manager")
        self.add_person(YANN)
        self.mail.execute("INSERT INTO circle VALUES('amis', 'bureau', 'Le bureau', 'bureau@amis.test', 0)")
        for person in (MARIE, YANN):
            self.mail.execute("INSERT INTO circle_member VALUES('amis', 'bureau', ?)", (person.member,))
        self.add_alias([MARIE.address], "contact@amis.test", may_send=1)
        lists = Path(self.state, "mail/forward/word-lists")
        lists.write_text("amis.test " + "a" * 26 + "\n")
        os.chmod(lists, 0o640)
        return self

    def add_person(self, person, role="member"):
        folder = f"box{person.member}{person.login}"
        self.mail.execute("BEGIN")
        self.mail.execute("INSERT INTO member VALUES(?, ?, ?, 0, NULL, '')", (person.member, person.login, person.login))
        self.mail.execute("INSERT INTO membership VALUES('amis', ?, ?)", (person.member, role))
        self.mail.execute("INSERT INTO mailbox(address, association, member, quota_bytes, folder, created_ms) VALUES(?, 'amis', ?, ?, ?, ?)",
                          (person.address, person.member, person.quota_bytes, folder, int(time.time() * 1000)))
        self.mail.execute("COMMIT")
        script = ""
        if person.forward:
            script = f"{self.state}/mail/forward/{person.address}.sieve"
            Path(script).write_text('require ["copy"];\n' + "".join(f'redirect :copy "{to}";\n' for to in person.forward))
            os.chmod(script, 0o640)
        self.auth.execute("BEGIN")
        self.auth.execute("INSERT INTO account(user, member, password, folder, quota_bytes, enabled, forward_script) VALUES(?, ?, ?, ?, ?, 1, ?)",
                          (person.address, person.member, argon2id(person.password), folder, person.quota_bytes, script))
        for name in (person.address, person.login):
            self.auth.execute("INSERT INTO sign_in_name VALUES(?, ?)", (name, person.address))
        self.auth.execute("COMMIT")

    def add_alias(self, targets, address=None, may_send=0):
        self.aliases += 1
        address = address or f"alias{self.aliases}@amis.test"
        self.mail.execute("INSERT INTO alias(address, association, may_send) VALUES(?, 'amis', ?)", (address, may_send))
        for target in targets:
            self.mail.execute("INSERT INTO alias_target VALUES(?, ?)", (address, target))
        return address

    def add_app_password(self, person, scopes):
        import base64
        letters = base64.b32encode(os.urandom(40)).decode().lower().strip("=")
        word = f"ap-{letters[:8]}-{letters[8:34]}"
        self.auth.execute("INSERT INTO app_password VALUES(?, ?, ?, 'essai', ?, ?, 0)",
                          (letters[:8], letters[:20], person.member, app_password_hash(word), f" {scopes} "))
        self.secrets.append(word)
        return word

    def remove_app_password(self, person, word):
        self.auth.execute("DELETE FROM app_password WHERE selector = ?", (word[3:11],))

    def disable(self, person):
        self.auth.execute("UPDATE account SET enabled = 0 WHERE user = ?", (person.address,))
        self.mail.execute("UPDATE member SET disabled = 1 WHERE id = ?", (person.member,))

    @contextlib.contextmanager
    def locked_databases(self):
        for database in (self.mail, self.auth):
            database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            for database in (self.mail, self.auth):
                database.execute("ROLLBACK")


class HousePlace(House, Queue):
    CONTENT = """version: 1
associations:
  - slug: amis
    name: Les Amis
    domains: [amis.test]
    quota: 5 GiB
    members:
      - {login: marie, name: Marie, role: manager, password: "%s", mailbox: %s, quota: 100 MiB}
      - {login: yann, name: Yann, role: member, password: "%s", mailbox: %s, quota: 100 MiB}
    groups:
      - {slug: bureau, name: Le bureau, members: [marie, yann], address: bureau@amis.test, may_send: false}
    aliases:
      - {address: contact@amis.test, to: [%s], may_send: true}
""" % (MARIE.password, MARIE.address, YANN.password, YANN.address, MARIE.address)

    def __init__(self, settings=(), state=None):
        super().__init__(settings=settings, base_port=BASE_PORT, state=state)
        content = Path(self.state, "content.yaml")
        content.write_text(self.CONTENT)
        self.apply = [content]
        self.secrets, self.aliases, self.ids = [], 0, {}

    def log_of(self, name):
        file = Path(self.state, "log", f"{name}.log")
        return file.read_text(errors="replace") if file.exists() else ""

    def call(self, person, method, path, body=None, wanted=(200, 201, 204)):
        answer = self.visitor().sign_in(person.login, person.password).call(method, path, body)
        assert answer.status in wanted, (method, path, answer.status, answer.body)
        return answer

    def add_person(self, person):
        base = "/api/v1/associations/amis"
        self.call(MARIE, "POST", f"{base}/members", {"login": person.login, "name": person.login, "password": person.password})
        self.call(MARIE, "POST", f"{base}/mailboxes",
                  {"address": person.address, "login": person.login, "quota": str(person.quota_bytes),
                   **({"forward": person.forward} if person.forward else {})})
        if person.forward:
            self.call(person, "PATCH", f"/api/v1/me/mail/{person.address}", {"agree": person.forward})  # nothing leaves before

    def add_alias(self, targets, address=None, may_send=0):
        self.aliases += 1
        address = address or f"alias{self.aliases}@amis.test"
        self.call(MARIE, "POST", "/api/v1/associations/amis/aliases",
                  {"address": address, "to": targets, "may_send": bool(may_send)})
        return address

    def add_app_password(self, person, scopes):
        made = self.call(person, "POST", "/api/v1/me/app-passwords", {"name": "essai", "scopes": scopes.split()}).json()
        self.ids[made["password"]] = made["id"]
        self.secrets.append(made["password"])
        return made["password"]

    def remove_app_password(self, person, word):
        self.call(person, "DELETE", f"/api/v1/me/app-passwords/{self.ids[word]}")

    def disable(self, person):
        self.call(MARIE, "PATCH", f"/api/v1/associations/amis/members/{person.login}", {"disabled": True})

    @contextlib.contextmanager
    def locked_databases(self):
        yield


def open_place(settings=()):
    wanted = os.environ.get("HAMEAU_MAIL_PLACE")
    if not wanted:
        built = all((BINARIES / name).exists() for name in ("hameau-mail", "hameau-gate"))
        wanted = "house" if built else "engines"
    return EnginesPlace(settings) if wanted == "engines" else HousePlace(settings)
