"""An association leaves one house and comes into another one, as a whole: `hameau export`, `hameau import`. What comes out is compared
from outside: mail by IMAP, sites by their bytes, texts and their history, members. Commands are ended by kill -9 in the middle."""
import hashlib
import imaplib
import io
import json
import os
import re
import shutil
import signal
import smtplib
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

from common import IDLE, PLAIN_PAGE, ROOT, house, node, ok, wait_mail, wait_until, zipped
from house import BINARIES, House
from powers_end import PIXEL, Sieve

AULNE = "/api/v1/associations/aulne"
WORDS = "anne-secret-words"
FOLDER = Path(tempfile.mkdtemp(prefix="hameau-whole-"))
ARCHIVE = FOLDER / "aulne.tar.zst"
there = None  # the other house; started when it is needed


def anne(of=house):
    return of.visitor().sign_in("anne", WORDS)


def imap(of, login):
    box = imaplib.IMAP4_SSL("localhost", of.ports["imaps"], ssl_context=of.tls(), timeout=30)
    box.login(login, WORDS)
    return box


def mail_of(of, login):
    """Each message of each folder: its bytes, flags and time. Dovecot ends its processes when a new site gets its certificate."""
    while True:
        try:
            return mail_now(of, login)
        except imaplib.IMAP4.abort:
            time.sleep(0.2)


def mail_now(of, login):
    box, found = imap(of, login), {}
    for line in box.list()[1]:
        name = line.decode().split(' "/" ')[1]
        box.select(name, readonly=True)
        _, parts = box.fetch("1:*", "(FLAGS INTERNALDATE BODY.PEEK[])") if box.response("EXISTS")[1] != [b"0"] else (0, [])
        for part in parts:
            if isinstance(part, tuple):
                head = part[0].decode()
                flags = " ".join(sorted(set(head.split("FLAGS (")[1].split(")")[0].split()) - {"\\Recent"}))
                date = head.split('INTERNALDATE "')[1].split('"')[0]
                found.setdefault(name, []).append((hashlib.sha256(part[1]).hexdigest(), flags, date))
    box.logout()
    return {name: sorted(messages) for name, messages in found.items()}


def deliver(subject):
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"], timeout=30) as smtp:
        smtp.sendmail("ami@ailleurs.example", ["anne@aulne.test"],
                      f"From: ami@ailleurs.example\r\nTo: anne@aulne.test\r\nSubject: {subject}\r\n\r\nbonjour {subject}\r\n")


def make_association():
    file = FOLDER / "aulne.yaml"
    file.write_text(f"""version: 1
associations:
  - slug: aulne
    name: L'Aulne
    domains: [aulne.test]
    quota: 1 GiB
    members:
      - {{login: anne, name: Anne Aulne, role: manager, password: {WORDS}, mailbox: anne@aulne.test, quota: 40 MiB}}
      - {{login: erwan, name: "=cmd|' /C calc'!A0", role: member, invite: true, mailbox: erwan@aulne.test, quota: 20 MiB}}
    groups:
      - {{slug: tous, name: Tous, members: [anne, erwan], address: tous@aulne.test, may_send: false}}
    aliases:
      - {{address: contact@aulne.test, to: [anne@aulne.test], may_send: true}}
""")
    house.hameau("apply", str(file))


def fill_association():
    visitor = anne()
    ok(visitor.call("POST", f"{AULNE}/sites", {"host": "aulne.test"}), 201)
    for number, files in enumerate(({"index.html": PLAIN_PAGE, "é/une page/index.html": PLAIN_PAGE, "_redirects": "/ancien /nouveau 301\n"},
                                    {"index.html": "<h1>Deux</h1>", "grand.bin": os.urandom(3 << 20).hex()}, {"index.html": "<h1>Trois</h1>"})):
        ok(visitor.call("POST", "/api/v1/sites/aulne.test/deploys?anyway=1", raw=zipped(files), headers={"Content-Type": "application/zip"}), 201)
    ok(visitor.call("POST", "/api/v1/sites/aulne.test/live?anyway=1", {"number": 1}))
    for slug, title in (("minutes", "Compte rendu"), ("idees", "Idées d'été")):
        pad = ok(visitor.call("POST", f"{AULNE}/pads", {"slug": slug, "title": title, "template": "minutes",
                                                        "access": {"members": "write", "link": "none"}}), 201).json()["id"]
        image = ok(visitor.call("POST", f"/api/v1/pads/{pad}/images", raw=PIXEL, headers={"Content-Type": "application/octet-stream"}), 201).json()["url"]
        cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        node("write.mjs", "--base", f"wss://localhost:{house.ports['https']}/api/v1/pads/ws", "--ca", house.ready["ca"],
             "--cookie", cookies, "--room", pad, "--case", "everything", "--image", image)
    for subject in ("Un", "Deux", "Trois"):
        deliver(subject)
    wait_mail("Trois", login="anne@aulne.test", password=WORDS)
    box = imap(house, "anne@aulne.test")
    box.create('"Factures &AOk-t&AOk-"')
    box.select("INBOX")
    box.copy("1", '"Factures &AOk-t&AOk-"')
    box.store("2", "+FLAGS", r"(\Flagged \Answered $Important)")
    box.logout()
    Sieve(house, "anne@aulne.test", WORDS).activate('require ["fileinto"];\r\nif header :contains "Subject" "facture" { fileinto "Archive"; }\r\n')


def pads_of(of, slug):
    visitor, found = anne(of), {}
    for pad in ok(visitor.call("GET", f"/api/v1/associations/{slug}/pads")).json()["items"]:
        place = f"/api/v1/pads/{pad['id']}"
        history = ok(visitor.call("GET", f"{place}/history")).json()["items"]
        found[pad["slug"]] = (pad["title"], ok(visitor.call("GET", f"{place}/export?format=html")).body, ok(visitor.call("GET", f"{place}/export?format=text")).body,
                              [(moment["people"], moment["end"]) for moment in history] if history and "people" in history[0] else len(history))
    return found


def site_of(of, host, slug):
    public, visitor = of.visitor(host=host), anne(of)
    pages = [ok(public.call("GET", path)).body for path in ("/", "/%C3%A9/une%20page/")]
    moved = public.call("GET", "/ancien")
    versions = ok(visitor.call("GET", f"/api/v1/sites/{host}/deploys")).json()["items"]
    return pages, moved.status, moved.headers["location"].rsplit("/", 1)[-1], [(one["number"], one["files"], one["live"]) for one in versions]


def people_of(of, slug, domain):
    answer = ok(anne(of).call("GET", f"/api/v1/associations/{slug}/members")).json()["items"]
    groups = ok(anne(of).call("GET", f"/api/v1/associations/{slug}/groups")).json()["items"]
    aliases = ok(anne(of).call("GET", f"/api/v1/associations/{slug}/aliases")).json()["items"]
    text = json.dumps([[(one["login"], one["name"], one["role"], one.get("mailbox")) for one in answer], groups,
                       [(one["address"], one["to"], one["may_send"]) for one in aliases]])
    return text.replace(domain, "DOMAIN")


def whole(of, slug, domain):
    return {"mail": mail_of(of, f"anne@{domain}"), "pads": pads_of(of, slug), "site": site_of(of, domain, slug), "people": people_of(of, slug, domain)}


def unpacked(data):
    done = subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=True)
    archive = tarfile.open(fileobj=io.BytesIO(done.stdout))
    return {one.name: archive.extractfile(one).read() for one in archive}


def test_export_is_whole_and_open():
    make_association()
    fill_association()
    house.hameau("export", "aulne", str(ARCHIVE), "--with-passwords")
    assert ARCHIVE.stat().st_mode & 0o777 == 0o600
    files = unpacked(ARCHIVE.read_bytes())
    assert list(files)[-2:] == ["SHA256SUMS", "END"] and "LISEZMOI.md" in files, list(files)
    sums = dict(reversed(line.split("  ", 1)) for line in files["SHA256SUMS"].decode().replace("\\\\", "\\").splitlines())
    for name, content in files.items():
        if name not in ("SHA256SUMS", "END"):
            assert sums[name].lstrip("\\") == hashlib.sha256(content).hexdigest(), name
    assert files["END"].decode().splitlines()[1] == f"files {len(files) - 2}"
    messages = [name for name in files if name.startswith("mail/anne@aulne.test/Maildir/") and ("/cur/" in name or "/new/" in name)]
    assert len(messages) == 4 and b"bonjour Un" in b"".join(files[name] for name in messages), messages
    assert files["mail/anne@aulne.test/sieve/ACTIVE"] == b"mien\n"
    assert files["sites/aulne.test/1/index.html"] == PLAIN_PAGE.encode() and files["sites/aulne.test/1/_redirects"] == b"/ancien /nouveau 301\n"
    assert {f"pads/minutes.{ending}" for ending in ("json", "yjs", "history.jsonl", "html", "md", "odt")} <= set(files)
    assert "\"'=cmd|' /C calc'!A0\"" in files["people/members.csv"].decode(), "a spreadsheet would run it"
    for name, content in files.items():
        place = FOLDER / "open" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    assert subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=FOLDER / "open").returncode == 0
    said = house.hameau("apply", str(FOLDER / "open" / "association.yaml"), "--dry-run").stdout
    assert not [line for line in said.splitlines() if line.startswith("+")], "it declares something else than what is here\n" + said


def test_who_may_have_it():
    """A manager gets no password and nobody else's letters; a member, another manager and a stranger get nothing."""
    mine = ok(anne().call("GET", f"{AULNE}/archive?messages=mine&passwords=1"))
    files = unpacked(mine.body)
    assert any(name.startswith("mail/anne@aulne.test/Maildir/") for name in files) and b"argon2id" not in b"".join(files.values())
    assert not any("Maildir" in name for name in unpacked(ok(anne().call("GET", f"{AULNE}/archive?messages=all")).body))
    # No login is a word of ours.
    for login in ("all", "none", "mine", "of"):
        ok(anne().call("POST", f"{AULNE}/members", {"login": login, "name": login, "role": "manager", "password": f"{login}-secret-words"}), 201)
        files = unpacked(ok(house.visitor().sign_in(login, f"{login}-secret-words").call("GET", f"{AULNE}/archive?messages=mine")).body)
        assert not any("Maildir" in name for name in files), (login, list(files))
        for query in ("", "?purge=1"):
            ok(anne().call("DELETE", f"{AULNE}/members/{login}{query}"), 204)
    ok(house.visitor().sign_in("marie", "marie-secret-words").call("GET", f"{AULNE}/archive"), 403)
    ok(house.visitor().sign_in("yann", "yann-secret-words").call("GET", "/api/v1/associations/amis/archive"), 403)
    ok(house.visitor().call("GET", f"{AULNE}/archive"), 401)


def killed(words, when, stdin=None):
    """Runs a command until it has printed `when`, then ends it by kill -9."""
    process = subprocess.Popen([str(BINARIES / "hameau"), *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=stdin)
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith(when):
            process.kill()
            break
    process.wait(30)
    assert process.returncode == -signal.SIGKILL, said
    return said


def test_export_ended_in_the_middle():
    """The command, then a service: no file that looks whole; the same command again makes one."""
    target = FOLDER / "cut.tar.zst"
    part = FOLDER / "cut.tar.zst.part"
    for ends in ("service", "command"):
        ok(anne().call("GET", f"{AULNE}/pads"))
        pads, people = (house.process_of(name)["pid"] for name in ("pads", "people"))
        os.kill(pads, signal.SIGSTOP)
        process = subprocess.Popen([str(BINARIES / "hameau"), "export", "aulne", str(target), "--state", house.state], stderr=subprocess.PIPE, text=True)
        wait_until(lambda: part.exists() and part.stat().st_size > 1 << 20)
        if ends == "command":
            process.kill()
        else:
            os.kill(people, signal.SIGKILL)
        said = process.communicate(timeout=30)[1]
        os.kill(pads, signal.SIGKILL)
        assert process.returncode != 0 and not target.exists() and (ends == "command" or "not whole" in said and not part.exists()), said
    wait_until(lambda: house.hameau("export", "aulne", str(target), check=False).returncode == 0)
    assert target.exists() and not part.exists()


MOVED = ["--as", "aulnaie", "--domain", "aulne.test=aulnaie.test", "--trusted", "--same"]


def test_archives_that_are_refused():
    """Cut, changed, hostile, or in the way: a sentence, and nothing is written."""
    global there
    there = House(settings=IDLE).start()
    good = ARCHIVE.read_bytes()

    def refused(data, words, *more):
        file = FOLDER / "bad.tar.zst"
        file.write_bytes(data)
        done = there.hameau("import", str(file), *more, check=False)
        assert done.returncode == 65 and words in done.stderr and "Nothing was changed" in done.stderr, (words, done)

    def packed(files, kinds=None):
        memory = io.BytesIO()
        with tarfile.open(fileobj=memory, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, content in files:
                one = tarfile.TarInfo(name)
                one.size = len(content)
                for key, value in (kinds or {}).get(name, {}).items():
                    setattr(one, key, value)
                archive.addfile(one, io.BytesIO(content) if one.isreg() else None)
        return subprocess.run(["zstd", "-c"], input=memory.getvalue(), capture_output=True, check=True).stdout

    refused(good[:len(good) // 2], "cut")
    plain = subprocess.run(["zstd", "-dc"], input=good, capture_output=True, check=True).stdout
    again = lambda tar: subprocess.run(["zstd", "-c"], input=tar, capture_output=True, check=True).stdout
    files = list(unpacked(good).items())
    refused(packed(files[:-1]), "END is missing")
    refused(again(plain[:-10240 - 512 * 3]), "cut")
    refused(packed([(name, content.replace(b"bonjour Un", b"bonjour Xx")) for name, content in files]), "SHA256SUMS")
    refused(packed(files[:1] + files), "two files of one name")
    # Pages of a site that is not the association's: with sums that are right, as an enemy makes them.
    foreign = [("sites/mairie.test/1/index.html", b"x")] + [one for one in files if one[0] not in ("SHA256SUMS", "END")]
    listing = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in foreign).encode()
    end = re.sub(rb"(?m)^bytes \d+$", b"bytes %d" % sum(len(content) for _, content in foreign), re.sub(rb"(?m)^files \d+$", b"files %d" % len(foreign), dict(files)["END"]))
    refused(packed(foreign + [("SHA256SUMS", listing), ("END", end)]), "pages of mairie.test")
    refused(packed([("../etc/passwd", b"x")] + files), "name that none of ours has")
    refused(packed([("/etc/passwd", b"x")] + files), "name that none of ours has")
    refused(packed([("a", b"")] + files, {"a": {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}}), "a link")
    refused(packed([("b", b"x"), ("a", b"")] + files, {"a": {"type": tarfile.LNKTYPE, "linkname": "b"}}), "a link")
    refused(packed([("a", b"")] + files, {"a": {"type": tarfile.CHRTYPE}}), "a device")
    refused(packed([("zeros", bytes(64 << 20))] + files), "unpacks to more", "--limit", "32 MiB")
    refused(b"not an archive at all", "not")
    many = subprocess.run([str(BINARIES / "hameau-unarchive"), str(1 << 40), "20"], input=packed([(f"f{i}", b"") for i in range(30)]), capture_output=True)
    assert many.returncode == 65 and b"unpacks to more" in many.stderr and not many.stdout.endswith(b"END\n"), many
    assert "slug" not in there.hameau("show").stdout


def test_a_service_that_is_off_is_said():
    """Nothing is left out in silence: an import waits for the service, an export names it."""
    with House(settings=["pads.enabled=false"]) as off:
        done = off.hameau("import", str(ARCHIVE), check=False)
        assert done.returncode == 69 and "switched off here: pads" in done.stderr and "Nothing was changed" in done.stderr, done
        file = FOLDER / "way.yaml"
        file.write_text("version: 1\nassociations:\n  - {slug: seule, name: Seule}\n")
        off.hameau("apply", str(file))
        off.hameau("export", "seule", str(FOLDER / "seule.tar.zst"))
        files = unpacked((FOLDER / "seule.tar.zst").read_bytes())
        assert "rien d’eux n’est là : pads" in files["LISEZMOI.md"].decode() and json.loads(files["hameau-archive.json"])["left_out"] == ["pads"], files


def test_what_is_in_the_way_is_listed_first():
    file = FOLDER / "way.yaml"
    file.write_text("version: 1\nassociations:\n  - slug: aulnaie\n    name: Autre\n    domains: [aulnaie.test]\n    members:\n"
                    "      - {login: erwan, name: Erwan Autre, role: manager, password: erwan-secret-words}\n")
    there.hameau("apply", str(file))
    done = there.hameau("import", str(ARCHIVE), *MOVED, check=False)
    assert done.returncode == 70 and "3 things are in the way" in done.stderr, done
    for line in ("association aulnaie: there is", "domain aulnaie.test: it belongs to the association aulnaie", "login erwan: somebody else"):
        assert line in done.stderr, (line, done.stderr)
    there.hameau("association", "remove", "aulnaie")
    there.hameau("association", "remove", "aulnaie", "--purge")


def test_import_under_other_names_ended_in_the_middle():
    """kill -9 after each kind of thing; the same command ends well and nothing is there twice. By a pipe the last time."""
    words = ["import", str(ARCHIVE), *MOVED, "--state", there.state]
    for when in ("+ association", "+ mailbox", "+ site", "+ text"):
        killed(words, when)
    with open(ARCHIVE, "rb") as pipe:
        done = subprocess.run([str(BINARIES / "hameau"), "import", "-", *MOVED, "--state", there.state], stdin=pipe, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done
    assert "imported already" in there.hameau("import", str(ARCHIVE), *MOVED).stdout
    before, after = whole(house, "aulne", "aulne.test"), whole(there, "aulnaie", "aulnaie.test")
    for part in before:
        assert before[part] == after[part], f"{part}\n{before[part]}\n{after[part]}"
    assert sum(len(messages) for messages in after["mail"].values()) == 4
    assert "fileinto" in Sieve(there, "anne@aulnaie.test", WORDS).send('GETSCRIPT "mien"')


def test_import_while_services_are_killed():
    """kill -9 of each service that takes a part of it, in the middle: the command says so or goes on; given again it ends well."""
    for name in ("people", "mail", "sites", "pads"):
        words = [str(BINARIES / "hameau"), "import", str(ARCHIVE), "--as", f"tue-{name}", "--domain", f"aulne.test=tue-{name}.test", "--trusted", "--same", "--state", there.state]
        ok(anne(there).call("GET", "/api/v1/associations/aulnaie/pads"))
        ok(anne(there).call("GET", "/api/v1/associations/aulnaie/sites"))
        ok(anne(there).call("GET", "/api/v1/associations/aulnaie/mailboxes"))
        pid = there.process_of(name)["pid"]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in process.stdout:
            if line.startswith("+ association"):
                os.kill(pid, signal.SIGKILL)
        said = process.wait(60)
        wait_until(lambda: subprocess.run(words, capture_output=True, timeout=120).returncode == 0)
        # Mail tells people which address is whose when both are there again.
        wait_until(lambda: people_of(there, f"tue-{name}", f"tue-{name}.test") == people_of(house, "aulne", "aulne.test"))
        before, after = whole(house, "aulne", "aulne.test"), whole(there, f"tue-{name}", f"tue-{name}.test")
        for part in before:
            assert before[part] == after[part], f"{name} {said} {part}\n{before[part]}\n{after[part]}"
        there.hameau("erase", f"tue-{name}", "--now")


def test_without_passwords_members_are_invited():
    file = FOLDER / "without.tar.zst"
    house.hameau("export", "aulne", str(file))
    done = there.hameau("import", str(file), "--as", "aulne", "--login", "anne=anne-l,erwan=erwan-l", check=False)
    # The persons are the same ones, and are here already under their logins: each is named before anything is written.
    named = there.hameau("import", str(file), "--as", "aulne", check=False)
    assert named.returncode == 70 and "login anne: this person is here already" in named.stderr and "Nothing was changed" in named.stderr, named
    assert done.returncode == 70 and "the same person is here as anne" in done.stderr, done
    # From house to house, as over ssh.
    leaves = subprocess.Popen([str(BINARIES / "hameau"), "export", "aulne", "-", "--state", house.state], stdout=subprocess.PIPE)
    done = subprocess.run([str(BINARIES / "hameau"), "import", "-", "--as", "aulne", "--same", "--state", there.state], stdin=leaves.stdout, capture_output=True, text=True, timeout=120)
    assert leaves.wait(10) == 0 and done.returncode == 0 and "No password came along" in done.stdout, done
    before, after = mail_of(house, "anne@aulne.test"), mail_of(there, "anne@aulne.test")
    assert before == after, (before, after)


def test_erased_with_a_certificate():
    """30 days in the bin, or at once; the certificate says how much, and names nobody. A service that is killed does its part later."""
    size = int(next(one for one in json.loads(there.hameau("erase", "--certificates", "--json").stdout) if one["association"] == "aulnaie")["facts"]["members"])
    assert size == 1, "the one of the name that was in the way"
    assert "for 30 days" in there.hameau("erase", "aulnaie").stdout
    ok(anne(there).call("GET", "/api/v1/associations/aulnaie"), 403)
    there.hameau("association", "restore", "aulnaie")
    ok(anne(there).call("GET", "/api/v1/associations/aulnaie"))
    told = there.hameau("erase", "aulnaie", "--now").stdout
    one = json.loads(there.hameau("erase", "--certificates", "--json").stdout)[0]
    facts = one["facts"]
    assert one["done"] and one["by"] == "admin" and one["association"] == "aulnaie" and one["name"] == "L'Aulne", one
    assert (facts["members"], facts["accounts"], facts["groups"], facts["domains"]) == (2, 0, 1, 1), facts
    assert facts["services"] == {"mail": {"mailboxes": 2, "aliases": 1}, "sites": {"sites": 1, "versions": 3}, "pads": {"texts": 2}}, facts
    assert facts["bytes"]["sites"] > 1 << 20 and one["id"] in told and "mailboxes    2" in told, told
    assert not any(word in json.dumps(one) for word in ("anne", "Anne", "erwan", "@")), "a certificate names nobody"
    assert there.hameau("erase", "aulnaie", check=False).returncode == 66
    done = there.hameau("import", str(ARCHIVE), *MOVED)
    assert "+ text minutes" in done.stdout and whole(there, "aulnaie", "aulnaie.test")["pads"] == whole(house, "aulne", "aulne.test")["pads"], "it can come again"
    erased_while_a_service_stands_still()


def erased_while_a_service_stands_still():
    """The certificate says done when the last service has done its part, and not before."""
    ok(anne(there).call("GET", "/api/v1/associations/aulnaie/pads"))
    pads = there.process_of("pads")["pid"]
    os.kill(pads, signal.SIGSTOP)
    process = subprocess.Popen([str(BINARIES / "hameau"), "erase", "aulnaie", "--now", "--state", there.state], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    newest = lambda: json.loads(there.hameau("erase", "--certificates", "--json").stdout)[0]  # noqa: E731
    try:
        wait_until(lambda: newest()["done"] is None)
        time.sleep(2)  # mail and sites have done their part by now
        assert newest()["done"] is None, newest()
    finally:
        os.kill(pads, signal.SIGCONT)
        process.communicate(timeout=60)
    wait_until(lambda: newest()["done"])


def end():
    if there is not None:
        there.stop()
        there.remove()
    shutil.rmtree(FOLDER, ignore_errors=True)
