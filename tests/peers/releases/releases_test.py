#!/usr/bin/env python3
"""Upgrades from each release: today's house starts over the state folder that a release left (tests/fixtures/state) and shows its members
what that release showed them. --make VERSION makes such a folder with the programs of today."""
import hashlib
import http.client
import imaplib
import json
import os
import shutil
import smtplib
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
from email.message import EmailMessage
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "support"), str(HERE.parents[0] / "house"), str(HERE.parents[0] / "gate")]
from checks import Checks  # noqa: E402
from house import ROOT, House  # noqa: E402
from powers_end import Sieve  # noqa: E402

FIXTURES = ROOT / "tests" / "fixtures" / "state"
CONTENT = ROOT / "tests" / "support" / "content.yaml"
PORTS = int(os.environ.get("HAMEAU_PORTS", "23700"))
# What a state holds that its program cannot make again. The rest (certificates of a trial, sockets, engines' configuration) is made at a start.
PARTS = ("people", "mail", "sites", "pads", "modules")
DATABASES = ("people/people.db", "mail/mail.db", "mail/auth/auth.db", "sites/sites.db", "pads/pads.db")
# Releases whose exports put no title on top of a text.
UNTITLED = ("0.1.0~20261130.09", "0.1.0~20261130.17")
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082")
MARIE, YANN = ("marie.legoff@amis.test", "marie-secret-words"), ("yann.kervella@amis.test", "yann-secret-words")


def send(house, subject, text):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = MARIE[0], YANN[0], subject
    message.set_content(text)
    with smtplib.SMTP("127.0.0.1", house.ports["submission"], timeout=30) as smtp:
        smtp._host = "localhost"
        smtp.starttls(context=house.tls())
        smtp.login(*MARIE)
        smtp.send_message(message)


def imap_of(house, who):
    imap = imaplib.IMAP4_SSL("localhost", house.ports["imaps"], ssl_context=house.tls(), timeout=30)
    imap.login(*who)
    return imap


def mail_of(house):
    """Of each folder: UIDVALIDITY, and of each message its number, flags and a hash of its bytes."""
    imap, out = imap_of(house, YANN), {}
    for name in ("INBOX", "Archives"):
        if imap.select(name, readonly=True)[0] != "OK":
            continue
        validity, messages = imap.response("UIDVALIDITY")[1][0].decode(), []
        for uid in imap.uid("SEARCH", None, "ALL")[1][0].split():
            facts, body = imap.uid("FETCH", uid, "(FLAGS BODY.PEEK[])")[1][0]
            flags = sorted(word for word in facts.decode().split("FLAGS (")[1].split(")")[0].split() if word != "\\Recent")
            messages.append([uid.decode(), flags, hashlib.sha256(body).hexdigest()])
        out[name] = [validity, messages]
    imap.logout()
    return out


def answered(answer, status=200):
    assert answer.status == status, (answer.status, answer.body[:400])
    return answer


def fill(house):
    """Returns an app password of Marie's."""
    for number in range(3):
        send(house, f"message {number}", "Bonjour Yann.\n" * (1 + 50 * number))
        until = time.time() + 30
        while len(mail_of(house)["INBOX"][1]) <= number:
            assert time.time() < until, house.tail()
            time.sleep(0.2)
    imap = imap_of(house, YANN)
    imap.create("Archives")
    imap.select("INBOX")
    imap.uid("STORE", "1", "+FLAGS", "(\\Seen \\Flagged travaux)")
    imap.uid("MOVE", "2", "Archives")
    imap.logout()
    Sieve(house, *YANN).activate('require ["fileinto"];\r\nif header :contains "subject" "facture" { fileinto "Archives"; }\r\n')
    marie = house.visitor().sign_in("marie", MARIE[1])
    made = answered(marie.call("POST", "/api/v1/associations/amis/pads/import?format=markdown&slug=fete", raw="# Fête\n\nLes **photos** de l’été.\n\n- un\n- deux\n".encode(),
                               headers={"Content-Type": "text/markdown"}), 201).json()
    answered(marie.call("POST", f"/api/v1/pads/{made['id']}/images", raw=PNG, headers={"Content-Type": "image/png"}), 201)
    phone = answered(marie.call("POST", "/api/v1/me/app-passwords", {"name": "téléphone", "scopes": ["imap"], "current": MARIE[1]}), 201).json()["password"]
    house.hameau("mailbox", "change", "amis", YANN[0], "--address", "yann@amis.test")
    house.hameau("mailbox", "change", "amis", "yann@amis.test", "--address", YANN[0])
    return phone


def page_of(house, host):
    """The certificates of a trial are not in the folder: the house's own stands in."""
    connection = http.client.HTTPSConnection("127.0.0.1", house.ports["https"], timeout=30, context=ssl._create_unverified_context())
    connection.request("GET", "/", headers={"Host": f"{host}:{house.ports['https']}"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, (answer.status, body[:300])
    connection.close()
    return body


def picture_of(house):
    """What members see, by content. Nothing in it changes with the day on which it is looked at."""
    marie, annick = house.visitor().sign_in("marie", MARIE[1]), house.visitor().sign_in("annick", "annick-secret-words")

    def items(who, path):
        return answered(who.call("GET", path)).json()["items"]

    pads = sorted([pad["id"], pad["title"]] for pad in items(marie, "/api/v1/associations/amis/pads"))
    return {
        "people": sorted([one["login"], one["name"], one["role"]] for one in items(annick, "/api/v1/associations/amis/members")),
        "pads": pads,
        "texts": {pad: hashlib.sha256(answered(marie.call("GET", f"/api/v1/pads/{pad}/export?format=markdown")).body).hexdigest() for pad, _ in pads},
        "groups": sorted([one["slug"], one["name"], one["address"]] for one in items(marie, "/api/v1/associations/amis/groups")),
        "aliases": sorted([one["address"], one["to"]] for one in items(marie, "/api/v1/associations/amis/aliases")),
        "versions": [[one["number"], one["live"]] for one in items(marie, "/api/v1/sites/amis.test/deploys")],
        "page": hashlib.sha256(page_of(house, "amis.test")).hexdigest(),
        "mail": mail_of(house),
    }


def without_title(house, pads, wanted):
    """Hashes of the texts that begin with their title today and did not in a release of UNTITLED: of all that follows it."""
    marie, out = house.visitor().sign_in("marie", MARIE[1]), {}
    for pad, title in pads:
        body = answered(marie.call("GET", f"/api/v1/pads/{pad}/export?format=markdown")).body
        if hashlib.sha256(body).hexdigest() != wanted.get(pad):
            out[pad] = hashlib.sha256(body.removeprefix(f"# {title}\n\n".encode())).hexdigest()
    return out


def schema_of(file):
    database = sqlite3.connect(file)
    try:
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok", file
        return database.execute("PRAGMA user_version").fetchone()[0]
    finally:
        database.close()


def versions_of(state):
    return {name: schema_of(Path(state, name)) for name in DATABASES}


def make(version):
    folder = FIXTURES / version
    assert not folder.exists(), f"{folder} exists: it was made by its release, once"
    with House(apply=[CONTENT], base_port=PORTS) as house:
        phone = fill(house)
        picture = picture_of(house)
        picture["app_password"] = phone
        house.stop()
        picture["schemas"] = versions_of(house.state)
        for name in DATABASES:  # whole in one file; the engines' readers have gone
            database = sqlite3.connect(Path(house.state, name))
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.close()
        folder.mkdir()
        parts = [part for part in PARTS if Path(house.state, part).exists()]
        subprocess.run(["tar", "-C", house.state, "--sort=name", "--numeric-owner", "--exclude=*.db-shm", "--exclude=*.db-wal", "--exclude=*.sock", "--exclude=dovecot.index*",
                        "--exclude=mail/dovecot", "-cJf", str(folder / "state.tar.xz"), *parts], check=True)
    (folder / "picture.json").write_text(json.dumps(picture, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{folder}: {(folder / 'state.tar.xz').stat().st_size // 1024} KiB")


def test_of(version):
    def test():
        folder, state = FIXTURES / version, tempfile.mkdtemp(prefix="hameau-release-")
        try:
            os.chmod(state, 0o755)
            subprocess.run(["tar", "-C", state, "--numeric-owner", "-xJf", str(folder / "state.tar.xz")], check=True)
            wanted = json.loads((folder / "picture.json").read_text(encoding="utf-8"))
            schemas, phone = wanted.pop("schemas"), wanted.pop("app_password")
            assert versions_of(state) == schemas, "the state is not the one of that release"
            house = House(state=state, base_port=PORTS)
            with house:
                seen = json.loads(json.dumps(picture_of(house)))
                if version in UNTITLED:
                    seen["texts"] |= without_title(house, seen["pads"], wanted["texts"])
                for part, value in wanted.items():
                    assert seen[part] == value, (part, seen[part], value)
                imap_of(house, (MARIE[0], phone)).logout()
                # It can be worked with: not only read.
                send(house, "after the upgrade", "Bonjour.\n")
                until = time.time() + 30
                while len(mail_of(house)["INBOX"][1]) == len(wanted["mail"]["INBOX"][1]):
                    assert time.time() < until, house.tail()
                    time.sleep(0.2)
                answered(house.visitor().sign_in("marie", MARIE[1]).call("POST", "/api/v1/associations/amis/pads", {"slug": "apres", "title": "Après"}), 201)
            now = versions_of(state)
            for name in DATABASES:
                copies = sorted(file.name for file in Path(state, name).parent.glob(Path(name).name + ".schema-*"))
                before = [f"{Path(name).name}.schema-{schemas[name]}"] if now[name] > schemas[name] else []
                assert copies == before, (name, schemas[name], now[name], copies)
                said = "".join(log.read_text(errors="replace") for log in Path(state, "log").glob("*.log")) + Path(house.log.name).read_text(errors="replace")
                assert all(any("module.database_copied" in line and str(Path(state, name).parent / copy) in line for line in said.splitlines()) for copy in copies), (name, copies)
                for copy in copies:  # what the release itself can read
                    assert schema_of(Path(state, name).parent / copy) == schemas[name], copy
        finally:
            shutil.rmtree(state, ignore_errors=True)
    return test


def newer_state(version):
    """One database of a newer schema: the house does not start, says why, and has written nothing there."""
    def test():
        folder, state = FIXTURES / version, tempfile.mkdtemp(prefix="hameau-release-")
        try:
            os.chmod(state, 0o755)
            subprocess.run(["tar", "-C", state, "--numeric-owner", "-xJf", str(folder / "state.tar.xz")], check=True)
            database = sqlite3.connect(Path(state, "sites/sites.db"))
            database.execute("PRAGMA user_version = 9999")
            database.commit()
            database.close()
            before = hashlib.sha256(Path(state, "sites/sites.db").read_bytes()).hexdigest()
            house = House(state=state, base_port=PORTS)
            try:
                house.start(wait=30)
                raise AssertionError("the house started over a newer state")
            except RuntimeError:
                pass
            finally:
                if house.process.poll() is None:
                    house.stop()
            assert "written by a newer Hameau" in house.tail(), house.tail()[-3000:]
            assert hashlib.sha256(Path(state, "sites/sites.db").read_bytes()).hexdigest() == before
            assert not list(Path(state, "sites").glob("*.schema-*"))
        finally:
            shutil.rmtree(state, ignore_errors=True)
    return test


def main():
    if sys.argv[1:2] == ["--make"]:
        make(sys.argv[2])
        return 0
    checks = Checks()
    versions = sorted(folder.name for folder in FIXTURES.iterdir() if (folder / "state.tar.xz").exists())
    for version in versions:
        checks.check(f"today's house over the state of {version}", test_of(version))
    if versions:
        checks.check(f"a state newer than today's is refused ({versions[-1]})", newer_state(versions[-1]))
    return checks.report()


if __name__ == "__main__":
    sys.exit(main())
