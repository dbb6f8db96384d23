"""The diagnosis from outside: something is really broken, the check sees it, the repair mends it, the check sees that too. And a night: one mail
to the admin when something became worse."""
import contextlib
import email
import email.policy
import imaplib
import json
import os
import shutil
import signal
import smtplib
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

import as_a_child
import hostile_child
from common import house, marie, node, ok, send, wait_until, yann  # noqa: F401
from production_house import NewHouse
from small_dns import SmallDns

PATH = "/api/v1/diagnosis"
NIGHT = """version: 1
associations:
  - slug: amis
    name: Les Amis
    domains: [amis.test]
    quota: 1 GiB
    members:
      - {login: marie, name: Marie, role: manager, password: marie-secret-words, mailbox: marie@amis.test}
      - {login: annick, name: Annick, role: admin, password: annick-secret-words, mailbox: annick@amis.test}
"""
night = None


def diagnose(*words, of=None, code=None):
    done = (of or house).hameau("diagnose", *words, "--json", check=False)
    assert code is None or done.returncode == code, (words, done.returncode, done.stdout[:600], done.stderr)
    return json.loads(done.stdout) if done.stdout else None


def state(check, of=None):
    found = diagnose(check, of=of)["checks"]
    assert len(found) == 1 and found[0]["id"] == check, found
    return found[0]["state"], found[0]["code"].rsplit(".", 1)[1]


def repair(check, *words, code=0):
    return diagnose("--repair", check, *words, code=code)


def begin_night():
    """Started early: its first look comes two minutes behind its start."""
    global night
    night = NewHouse(house.ports["https"] + 980, text="  host: maison.test\n")
    night.start()
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(NIGHT)
        file.flush()
        night.hameau("apply", file.name)
    os.chmod(Path(night.state, "tls", "ca.key"), 0o644)


def end_night():
    if night:
        night.stop()
        night.remove()


def test_a_whole_look():
    begun = time.time()
    found = diagnose("--all")
    assert time.time() - begun < 25, "the budget of a run"
    assert len(found["checks"]) >= 40 and len({one["id"] for one in found["checks"]}) == len(found["checks"])
    assert sum(found["counts"].values()) == len(found["checks"])
    broken = [one["id"] for one in found["checks"] if one["state"] == "broken"]
    assert not broken, [one for one in found["checks"] if one["state"] == "broken"]
    for one in found["checks"]:
        assert one["title"] and one["text"] and "{" not in one["text"] + one["advice"], one
        assert abs(time.time() - time.mktime(time.strptime(one["at"], "%Y-%m-%dT%H:%M:%SZ")) + time.timezone) < 60, one["at"]
    last = diagnose("--last")
    assert {one["id"]: one["state"] for one in last["checks"]} == {one["id"]: one["state"] for one in found["checks"]}
    assert house.hameau("diagnose", "no.check", check=False).returncode == 64


def test_who_may_see_it():
    ok(house.visitor().call("GET", PATH), 401)
    ok(yann().call("GET", PATH), 403)
    ok(marie().call("POST", PATH, {}), 403)
    annick = house.visitor().sign_in("annick", "annick-secret-words")
    found = ok(annick.call("POST", PATH, {"only": ["disk.room", "memory.total"]}, headers={"Accept-Language": "fr"})).json()
    assert [one["id"] for one in found["checks"]] == ["memory.total", "disk.room"] and "Mo" in found["checks"][0]["text"], found
    seen = ok(annick.call("GET", PATH, headers={"Accept-Language": "en"}))
    assert len(seen.json()["checks"]) >= 40 and seen.headers["cache-control"] == "no-store"
    ok(annick.call("POST", PATH, {"only": ["../etc"]}), 422)
    ok(annick.call("POST", PATH, {"repair": "disk.room"}), 422)
    ok(annick.call("POST", PATH, {"repair": "nothing"}), 422)
    ok(annick.call("POST", PATH, {"else": 1}), 422)
    ok(annick.call("POST", PATH, {}, headers={"Origin": "https://amis.test"}), 403)


def test_what_a_page_may_not():
    """A service that was broken into speaks as the page does: nothing that loses something, and no repair again and again."""
    annick = house.visitor().sign_in("annick", "annick-secret-words")
    refused = ok(annick.call("POST", PATH, {"repair": "mail.hold", "yes": True}), 422)
    assert b"yes" in refused.body, refused.body
    old = Path(house.state, "log", "gate.log.1")
    old.write_text("what was\n")
    if os.geteuid() == 0:
        with as_a_child.in_place_of(house.process_of("people")["pid"]) as child:
            child.send(as_a_child.packet(as_a_child.PROVISION, 1, {"verb": "diagnose", "repair": "logs.size", "yes": "1"}))
            assert as_a_child.answer_of(child, 1)["error"] == "diagnose.command"
    assert old.exists() and state("logs.size")[0] == "fine"
    folder = Path(house.state, "people")
    os.chmod(folder, 0o755)
    done = ok(annick.call("POST", PATH, {"repair": "state.folders"})).json()
    assert done["repair"]["done"], done
    os.chmod(folder, 0o755)
    again = ok(annick.call("POST", PATH, {"repair": "state.folders"}, headers={"Accept-Language": "fr"}), 429)
    assert "cinq minutes" in again.json()["detail"] and folder.stat().st_mode & 0o777 == 0o755, again.body
    assert repair("state.folders")["repair"]["done"], "the command may at once"
    # One that finds nothing to mend, or fails, was tried all the same.
    assert not ok(annick.call("POST", PATH, {"repair": "state.secrets"})).json()["repair"]["done"]
    tried = ok(annick.call("POST", PATH, {"repair": "state.secrets"}, headers={"Accept-Language": "en"}), 429)
    assert "was tried" in tried.json()["detail"], tried.body
    assert "diagnosis.repair_refused from=people" in house.tail()
    old.unlink()


def test_wrong_rights():
    folder, key = Path(house.state, "people"), Path(house.state, "tls", "ca.key")
    os.chmod(folder, 0o755)
    os.chown(folder, 0, 0)
    os.chmod(key, 0o644)
    assert state("state.folders") == ("broken", "wrong") and state("state.secrets") == ("broken", "open")
    done = repair("state.folders")
    assert done["repair"]["done"] and done["checks"][0]["state"] == "fine", done
    facts = folder.stat()
    assert (facts.st_mode & 0o7777, facts.st_uid, facts.st_gid) == (0o700, 62002, 62002), facts
    assert repair("state.secrets")["checks"][0]["state"] == "fine" and key.stat().st_mode & 0o777 == 0o640
    again = repair("state.folders")
    assert not again["repair"]["done"] and again["checks"][0]["state"] == "fine", again
    ok(marie().call("GET", "/api/v1/session"))
    assert "diagnosis.repaired check=state.folders" in house.tail()


def test_a_link_is_not_followed():
    """Who can write into a folder of secrets must not make root change a file of the machine."""
    victim = Path(tempfile.mkdtemp()) / "victim"
    victim.write_text("x")
    os.chmod(victim, 0o666)
    link = Path(house.state, "tls", "hosts", "evil.pem")
    link.symlink_to(victim)
    hard = Path(house.state, "tls", "hosts", "hard.pem")
    Path(house.state, "victim").write_text("x")
    os.chmod(Path(house.state, "victim"), 0o666)
    os.link(Path(house.state, "victim"), hard)
    try:
        done = repair("state.secrets", code=69)
        assert not done["repair"]["done"], done
        assert victim.stat().st_mode & 0o777 == 0o666 and hard.stat().st_mode & 0o777 == 0o666
    finally:
        link.unlink()
        hard.unlink()
        Path(house.state, "victim").unlink()
    assert state("state.secrets") == ("fine", "fine")


def test_a_full_quota():
    annick = house.visitor().sign_in("annick", "annick-secret-words")
    path = "/api/v1/associations/amis"
    before = ok(annick.call("GET", path)).json()["quota_bytes"]
    used = ok(annick.call("GET", path + "/usage")).json()
    total = used.get("used_bytes") or sum(part["bytes"] for part in used.get("modules", used.get("parts", [])))
    assert total > 0, used
    ok(annick.call("PATCH", path, {"quota": total}), 200)
    try:
        assert state("quota.associations") == ("broken", "full")
    finally:
        ok(annick.call("PATCH", path, {"quota": before}), 200)
    assert state("quota.associations") == ("fine", "fine")


def make_certificate(days, path, host="localhost"):
    folder = tempfile.mkdtemp()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", str(days), "-subj", f"/CN={host}",
                    "-addext", f"subjectAltName=DNS:{host}", "-keyout", f"{folder}/key", "-out", f"{folder}/pem"], check=True, capture_output=True)
    path.write_text(Path(folder, "pem").read_text() + Path(folder, "key").read_text())


def test_a_certificate_that_ends():
    file = Path(house.state, "tls", "default.pem")
    before = file.read_text()
    try:
        make_certificate(2, file)
        assert state("certificate.house") == ("attention", "ends")
        assert state("certificate.shown") == ("attention", "older") and state("certificate.mail") == ("attention", "older")
        for check in ("certificate.shown", "certificate.mail"):
            done = repair(check)
            assert done["checks"][0]["state"] == "fine", (check, done)
        make_certificate(2, file, host="other.test")
        assert state("certificate.house") == ("broken", "other_name")
        file.write_text(file.read_text().split("-----BEGIN PRIVATE")[0] + "-----BEGIN PRIVATE" + before.split("-----BEGIN PRIVATE")[1])
        assert state("certificate.house")[0] == "broken"
    finally:
        file.write_text(before)
        for check in ("certificate.shown", "certificate.mail"):
            repair(check)
    assert state("certificate.house") == ("fine", "fine") and state("certificate.shown") == ("fine", "fine")


def test_a_stopped_engine():
    """Settings that Dovecot does not read keep it from starting: both checks say it, both repairs together bring it back."""
    conf = Path(house.state, "engines", "dovecot", "dovecot.conf")
    conf.write_text(conf.read_text() + "\nthis is no setting\n")
    assert state("engines.dovecot_settings") == ("broken", "bad")
    os.kill(house.process_of("dovecot")["pid"], 9)
    house.wait_state("dovecot", ("failing",), 60)
    assert state("services.states") == ("broken", "failing") and state("port.imap") == ("broken", "silent")
    done = repair("engines.dovecot_settings")
    assert done["checks"][0]["state"] == "fine", done
    done = repair("services.states")
    assert done["repair"]["done"] or done["checks"][0]["state"] == "fine", done
    house.wait_state("dovecot", ("ready",), 30)
    wait_until(lambda: state("port.imap") == ("fine", "fine"), 30)
    assert state("services.states") == ("fine", "fine")


def test_messages_on_hold():
    send("Attend", to="quelqu.un@ailleurs.example")
    queue = Path(house.state, "engines", "postfix", "queue")
    wait_until(lambda: any(path.is_file() for path in (queue / "deferred").rglob("*")))
    subprocess.run(["postsuper", "-c", str(Path(house.state, "engines", "postfix")), "-h", "ALL"], check=True, capture_output=True)
    assert state("mail.hold") == ("attention", "held")
    refused = house.hameau("diagnose", "--repair", "mail.hold", check=False)
    assert refused.returncode == 64 and "--yes" in refused.stderr, refused
    assert state("mail.hold") == ("attention", "held"), "it was let go without a yes"
    assert repair("mail.hold", "--yes")["checks"][0]["state"] == "fine"
    assert any(path.is_file() for part in ("deferred", "active", "incoming") for path in (queue / part).rglob("*")), "it was lost"


def test_a_damaged_database():
    """On a copy that the check is shown through the folder: the house's own must live."""
    database = Path(house.state, "pads", "pads.db")
    ok(marie().call("GET", "/api/v1/associations/amis/pads"))
    house.wait_state("pads", ("asleep",), 60)  # first: what it has written is in the file, and stays as it is
    assert state("databases.sound") == ("fine", "fine")
    before = database.read_bytes()
    damaged = bytearray(before)
    for at in range(4096, len(damaged)):
        damaged[at] ^= 0x5A
    try:
        database.write_bytes(bytes(damaged))
        found = state("databases.sound")
    finally:
        database.write_bytes(before)
    assert found == ("broken", "damaged"), found
    assert state("databases.sound") == ("fine", "fine")


def test_a_database_that_the_module_may_not_read():
    """Who broke into a module chooses what stands in its folder: root looks there with the module's uid, and follows no link."""
    database, aside = Path(house.state, "pads", "pads.db"), Path(house.state, "pads", "pads.db-aside")
    elsewhere = Path(tempfile.mkdtemp(), "secret.db")
    with contextlib.closing(sqlite3.connect(elsewhere)) as secret:
        secret.execute("CREATE TABLE secret (word)")
        secret.commit()
    house.wait_state("pads", ("asleep",), 60)
    assert state("databases.sound") == ("fine", "fine")
    database.rename(aside)
    try:
        database.symlink_to(elsewhere)
        link = state("databases.sound")
        database.unlink()
        shutil.copy(elsewhere, database)
        os.chmod(database, 0o600)
        of_root = state("databases.sound")
    finally:
        database.unlink(missing_ok=True)
        aside.rename(database)
        shutil.rmtree(elsewhere.parent)
    assert link == ("unknown", "unreadable"), link
    assert of_root == (("unknown", "unreadable") if os.geteuid() == 0 else ("fine", "fine")), of_root
    assert state("databases.sound") == ("fine", "fine")


def test_a_large_journal():
    """Somebody holds the database open and has never emptied its journal; the repair does, and loses nothing."""
    house.wait_state("pads", ("asleep",), 60)
    database = Path(house.state, "pads", "pads.db")
    journal = database.with_name("pads.db-wal")
    owner = database.stat().st_uid
    with contextlib.closing(sqlite3.connect(database)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint=0")
        try:
            writer.execute("CREATE TABLE large_journal (x)")
            writer.executemany("INSERT INTO large_journal VALUES (zeroblob(1000000))", [()] * 70)
            writer.commit()
            assert journal.stat().st_size > 64 << 20
            assert state("databases.journal") == ("attention", "large")
            done = repair("databases.journal")
            assert done["repair"]["done"] and done["checks"][0]["state"] == "fine", done
            assert journal.stat().st_size == 0 and journal.stat().st_uid == owner
            assert writer.execute("SELECT count(*) FROM large_journal").fetchone() == (70,)
        finally:
            writer.execute("DROP TABLE IF EXISTS large_journal")
            writer.commit()
            writer.execute("VACUUM")
            writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert state("databases.journal") == ("fine", "fine") and state("databases.sound") == ("fine", "fine")


def test_nothing_runs_unasked():
    """A trial looks when it is asked, and only then."""
    file = Path(house.state, "diagnosis", "state")
    diagnose("disk.room")
    before = file.stat().st_mtime_ns
    time.sleep(3)
    assert file.stat().st_mtime_ns == before and file.stat().st_mode & 0o777 == 0o600


def test_a_house_that_does_not_run():
    other = NewHouse(house.ports["https"] + 1020, text="  host: maison.test\n")
    try:
        Path(other.state, "hameau.yaml").write_text(other.configuration.read_text())
        other.start()
        assert state("house.runs", of=other) == ("fine", "fine")
        other.stop()
        found = diagnose("--all", of=other, code=69)
        states = {one["id"]: one["state"] for one in found["checks"]}
        assert states["house.runs"] == "broken" and states["port.https"] == "broken" and states["services.states"] == "unknown", states
        assert states["disk.room"] == "fine" and states["databases.sound"] == "fine" and states["house.programs"] == "fine", states
        refused = other.hameau("diagnose", "--repair", "state.folders", check=False)
        assert refused.returncode == 69 and not refused.stdout, refused
        Path(other.state, "hameau.yaml").write_text("house:\n  hots: maison.test\n")
        wrong = other.hameau("diagnose", check=False)
        assert wrong.returncode != 0 and "hameau.yaml:2" in wrong.stderr, wrong
    finally:
        other.remove()


def letters():
    imap = imaplib.IMAP4_SSL("127.0.0.1", night.ports["imaps"], ssl_context=night_tls(), timeout=30)
    try:
        imap.login("annick@amis.test", "annick-secret-words")
        imap.select("INBOX")
        _, found = imap.search(None, "ALL")
        return [email.message_from_bytes(imap.fetch(number, "(RFC822)")[1][0][1], policy=email.policy.default) for number in found[0].split()]
    finally:
        imap.logout()


def night_tls():
    context = night.tls()
    context.check_hostname = False
    return context


def a_night():
    """Behind everything else: by now two minutes are over."""
    # All houses of this run write into one file; its end is not this house's alone.
    wait_until(lambda: "diagnosis.worse checks=" in Path(night.log.name).read_text(errors="replace"), 240)
    wait_until(letters, 60)
    got = letters()
    assert len(got) == 1 and got[0]["To"] == "annick@amis.test" and got[0]["Auto-Submitted"] == "auto-generated", [str(one) for one in got]
    text = got[0].get_content()
    assert "state.secrets" in text and "tls/ca.key" not in text, text  # values may be words of others: the page has them
    assert "house.admins" not in text, "a first night tells what is broken, not what could be better"
    kept = Path(night.state, "diagnosis", "state").read_text()
    assert kept.startswith("next\t") and int(kept.split()[1]) > time.time() and "said\tstate.secrets\tbroken" in kept, kept[:300]
    # What hameaud refuses is not called mended: an order of certificates passes over all waits, once an hour.
    night.configuration.write_text(night.configuration.read_text().replace('acme_url: ""', "acme_url: https://127.0.0.1:1/directory"))
    os.kill(hostile_child.house_pid(night.process), signal.SIGHUP)
    time.sleep(3)
    first = diagnose("--repair", "certificate.house", of=night)
    assert first["repair"]["done"], first["repair"]
    second = diagnose("--repair", "certificate.house", of=night)
    assert not second["repair"]["done"] and not second["repair"]["later"], second["repair"]
    assert "hour" in second["repair"]["text"] or "heure" in second["repair"]["text"], second["repair"]


def test_a_report_names_nobody():
    """Marked people, addresses, titles, secrets and correspondents go through every journal first."""
    annick = house.visitor().sign_in("annick", "annick-secret-words")
    ok(annick.call("POST", "/api/v1/associations/amis/members", {"login": "zorglub", "name": "Zénobie Quasimodo", "mailbox": "zorglub.q@amis.test",
                                                                 "contact": "privee@marque-secrete.example"}), 201)
    ok(annick.call("POST", "/api/v1/associations/amis/pads", {"slug": "marque-titre", "title": "Marqueur confidentiel"}), 201)
    ok(annick.call("POST", "/api/v1/associations/amis/sites", {"host": "marquesite.amis.test"}), 201)
    password = ok(marie().call("POST", "/api/v1/me/app-passwords", {"name": "Marquetelephone", "current": "marie-secret-words"}), 201).json()["password"]
    send("Marquesujet", to="victime@marque-secrete.example", body="Marquecorps\n")
    send("Marquesujet", to="zorglub.q@amis.test")
    house.visitor().call("POST", "/api/v1/session", {"login": "zorglub", "password": "Marquefaux99"})
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"], timeout=10) as smtp:
        smtp.ehlo("marquehelo.example")
        smtp.mail("inconnu@marque-secrete.example")
        smtp.rcpt("personne@amis.test")
    failed = imaplib.IMAP4_SSL("localhost", house.ports["imaps"], ssl_context=house.tls(), timeout=30)
    try:
        failed.login("zorglub.q@amis.test", "Marquefaux99")
    except imaplib.IMAP4.error:
        pass
    time.sleep(1)
    journals = "".join(path.read_text(errors="replace") for path in Path(house.state, "log").glob("*.log"))
    assert "marque-secrete.example" in journals and "zorglub.q@amis.test" in journals, "the journals never knew the marks: the test shows nothing"
    folder = Path(tempfile.mkdtemp())
    house.hameau("report", str(folder / "report.txt"))
    text = (folder / "report.txt").read_text()
    assert (folder / "report.txt").stat().st_mode & 0o777 == 0o600
    assert house.hameau("report", "-").stdout.startswith("Hameau: a report")
    marks = ["zorglub", "quasimodo", "zénobie", "marque", "victime", "inconnu@", "personne@", "marie", "yann", "annick", "le goff", "kervella", "amis", "bourg", "bureau",
             "@", "127.0.0.1", "secret-words", password, password.replace(" ", ""), password.replace("-", "")]
    for file in ("tls/ca.key", "tls/default.pem"):
        marks.append([line for line in Path(house.state, file).read_text().splitlines() if not line.startswith("-")][-2][:20])
    for mark in marks:
        assert mark.lower() not in text.lower(), (mark, [line for line in text.splitlines() if mark.lower() in line.lower()][:3])
    for wanted in ("== diagnosis", "fine\tdisk.room.fine", "== processes", "postfix\tready", "== journals", "module.ready", "== postfix\nleft out"):
        assert wanted in text, (wanted, text[:1500])


class NamedHouse(NewHouse):
    """Its /etc/resolv.conf leads to the test's own name server."""

    def command(self):
        resolv = Path(self.folder, "resolv.conf")
        resolv.write_text("nameserver 127.0.0.1\n")
        return ["unshare", "-m", "sh", "-c", f'mount --bind {resolv} /etc/resolv.conf && exec "$@"', "sh", *super().command()]


def test_names_and_addresses():
    """Against a real name server, from a machine with public addresses: each fact is right, wrong, missing, and not told in time."""
    host, v4, v6 = "maison.example.org", "203.0.113.5", "2001:db8::5"
    back4, back6 = "5.113.0.203.in-addr.arpa", "5." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa"
    # Addresses of the loopback count for nobody.
    for words in (["link", "add", "named0", "type", "veth", "peer", "name", "named1"], ["link", "set", "named1", "up"], ["link", "set", "named0", "up"],
                  ["addr", "add", f"{v4}/32", "dev", "named0"], ["-6", "addr", "add", f"{v6}/128", "dev", "named0", "nodad"]):
        subprocess.run(["ip", *words], check=True)
    dns = SmallDns()
    good = {(host, "A"): [v4], (host, "AAAA"): [v6], (back4, "PTR"): [host], (back6, "PTR"): [host], ("amis.test", "MX"): [host],
            ("amis.test", "TXT"): ["x" * 300, "v=spf1 mx -all"], ("_dmarc.amis.test", "TXT"): ["v=DMARC1; p=none"], ("5.113.0.203.bl.example", "A"): []}
    other = NamedHouse(house.ports["https"] + 1060, text=f"  host: {host}\n  diagnose_blocklists: bl.example\n")
    try:
        dns.records = dict(good)
        other.start()
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(NIGHT)
            file.flush()
            other.hameau("apply", file.name)
        checks = ["dns.ipv4", "dns.ipv6", "dns.reverse_ipv4", "dns.reverse_ipv6", "dns.mx", "dns.spf", "dns.dmarc", "mail.blocklists", "network.resolver"]

        def states():
            return {one["id"]: (one["state"], one["code"].rsplit(".", 1)[1]) for one in diagnose(*checks, of=other)["checks"]}
        assert set(states().values()) == {("fine", "fine")}, states()
        dns.records = {**good, (host, "A"): ["198.51.100.7"], (host, "AAAA"): [], (back4, "PTR"): ["box.isp.example"], (back6, "PTR"): [], ("amis.test", "MX"): ["mx.other.example"],
                       ("amis.test", "TXT"): ["x"], ("_dmarc.amis.test", "TXT"): [], ("5.113.0.203.bl.example", "A"): ["127.0.0.2"]}
        assert states() == {"dns.ipv4": ("attention", "elsewhere"), "dns.ipv6": ("attention", "missing"), "dns.reverse_ipv4": ("attention", "other"),
                            "dns.reverse_ipv6": ("attention", "missing"), "dns.mx": ("attention", "missing"), "dns.spf": ("attention", "missing"), "dns.dmarc": ("attention", "missing"),
                            "mail.blocklists": ("broken", "listed"), "network.resolver": ("fine", "fine")}, states()
        dns.silent = {name for name, _ in good}
        begun = time.time()
        found = states()
        assert time.time() - begun < 25
        assert found.pop("network.resolver") == ("broken", "silent") and set(state for state, _ in found.values()) == {"unknown"}, found
    finally:
        dns.close()
        other.stop()
        other.remove()
        subprocess.run(["ip", "link", "del", "named0"], check=True)
