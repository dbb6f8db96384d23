#!/usr/bin/env python3
"""The whole house from outside: portal, mail, site, apply, show, on-demand services, external module."""
import base64
import imaplib
import io
import json
import os
import re
import shutil
import signal
import smtplib
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from email.message import EmailMessage
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "support"), str(Path(__file__).resolve().parents[1] / "gate")]
import borders  # noqa: E402
import hostile_child  # noqa: E402
import powers_end  # noqa: E402
import slow_bodies  # noqa: E402
from client import Raw  # noqa: E402
from house import BINARIES, ROOT, House, main  # noqa: E402

CONTENT = ROOT / "tests" / "support" / "content.yaml"
PLAIN_PAGE = '<!doctype html><html lang="fr"><title>A</title><p>Bonjour</p></html>'
DEPLOYS = "/api/v1/sites/amis.test/deploys"
IDLE = [f"{name}.idle_stop=2 s" for name in ("people", "mail", "sites", "pads")]
house = None


def ok(answer, status=200):
    assert answer.status == status, (answer.status, answer.body[:500])
    return answer


def marie():
    return house.visitor().sign_in("marie", "marie-secret-words")


def yann():
    return house.visitor().sign_in("yann", "yann-secret-words")


def send(subject, sender="marie.legoff@amis.test", to="yann.kervella@amis.test", login="marie.legoff@amis.test",
         password="marie-secret-words", header_from=None):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = header_from or sender, to, subject
    message.set_content("Bonjour Yann.\n")
    with smtplib.SMTP("127.0.0.1", house.ports["submission"], timeout=30) as smtp:
        smtp._host = "localhost"
        smtp.starttls(context=house.tls())
        smtp.login(login, password)
        smtp.send_message(message, from_addr=sender, to_addrs=[to])


def mailbox(login="yann.kervella@amis.test", password="yann-secret-words"):
    imap = imaplib.IMAP4_SSL("localhost", house.ports["imaps"], ssl_context=house.tls(), timeout=30)
    imap.login(login, password)
    return imap


def wait_mail(subject, seconds=20, **who):
    deadline = time.time() + seconds
    while time.time() < deadline:
        imap = mailbox(**who)
        imap.select("INBOX")
        _, found = imap.search(None, "SUBJECT", f'"{subject}"')
        if found[0]:
            _, data = imap.fetch(found[0].split()[-1], "(RFC822)")
            imap.logout()
            return data[0][1].decode()
        imap.logout()
        time.sleep(0.2)
    raise AssertionError(f"no mail {subject!r}\n{house.tail()}")


def refused(call, *kinds):
    try:
        call()
    except kinds as failed:
        return failed
    raise AssertionError("it was accepted")


def test_ready_line():
    ready = house.ready
    assert ready["ready"] is True and ready["portal"].startswith("https://localhost:"), ready
    assert os.path.isabs(ready["ca"]) and ready["pid"] == house.process.pid, ready
    expected = "ready" if os.geteuid() == 0 else "off: Postfix needs root"
    assert ready["services"] == {"people": "ready", "mail": expected, "sites": "ready", "pads": "ready"}, ready


def test_curl_portal():
    done = subprocess.run(["curl", "-sS", "--cacert", house.ready["ca"], "-o", "/dev/null", "-w",
                           "%{http_code} %{content_type}", house.ready["portal"]], capture_output=True, text=True)
    assert done.stdout.startswith("200 text/html"), done


def test_session():
    visitor = house.visitor()
    ok(visitor.call("GET", "/api/v1/session"), 401)
    ok(visitor.call("POST", "/api/v1/session", {"login": "marie", "password": "wrong"}), 401)
    visitor.sign_in("MARIE", "marie-secret-words")
    assert "__Host-hameau" in visitor.cookies
    me = ok(visitor.call("GET", "/api/v1/session")).json()
    assert me["login"] == "marie" and me["associations"][0]["role"] == "manager", me
    ok(visitor.call("DELETE", "/api/v1/session"), 204)
    ok(visitor.call("GET", "/api/v1/session"), 401)


def test_origin_is_held():
    visitor = marie()
    body = {"slug": "evil", "title": "x"}
    path = "/api/v1/associations/amis/pads"
    ok(visitor.call("POST", path, body, headers={"Origin": "https://amis.test"}), 403)
    ok(visitor.call("POST", path, body, headers={"Origin": f"https://localhost:{house.ports['https'] + 1}"}), 403)
    ok(visitor.call("POST", path, body, origin=False), 403)


def test_identity_headers_are_stripped():
    answer = house.visitor().call("GET", "/api/v1/associations/amis/members",
                                  headers={"Hameau-Member": "x", "Hameau-Roles": "admin", "Hameau-Caller": "admin"})
    ok(answer, 401)
    ok(house.visitor().call("GET", "/internal/health"), 404)


def test_roles():
    ok(yann().call("POST", "/api/v1/associations/amis/members", {"login": "x", "name": "X"}), 403)
    ok(yann().call("GET", "/api/v1/status"), 403)


def test_problem_documents():
    answer = house.visitor().call("GET", "/api/v1/no-such-thing")
    ok(answer, 404)
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
    assert answer.json()["status"] == 404


def test_site():
    visitor = house.visitor(host="amis.test")
    page = ok(visitor.call("GET", "/"))
    assert b"Les Amis du Bourg" in page.body and "set-cookie" not in page.headers
    ok(visitor.call("GET", "/", headers={"If-None-Match": page.headers["etag"]}), 304)
    part = ok(visitor.call("GET", "/", headers={"Range": "bytes=0-9"}), 206)
    assert len(part.body) == 10
    ok(visitor.call("GET", "/none"), 404)
    moved = visitor.call("GET", "/page")
    assert moved.status in (301, 308) and moved.headers["location"] == "/page/", moved.headers
    assert visitor.call("GET", "/", headers={"Host": "unknown.test"}).status in (404, 421)


def zipped(files):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return memory.getvalue()


def test_deploy_and_roll_back():
    visitor, public = marie(), house.visitor(host="amis.test")
    old = ok(public.call("GET", "/")).body
    listed = ok(visitor.call("GET", "/api/v1/sites/amis.test/deploys")).json()["items"]
    live = next(d["number"] for d in listed if d["live"])
    report = ok(visitor.call("POST", "/api/v1/sites/amis.test/deploys", raw=zipped({"index.html": "<h1>Neuf</h1>"}),
                             headers={"Content-Type": "application/zip"}), 201).json()
    assert report["live"] and report["files"] == 1, report
    assert ok(public.call("GET", "/")).body == b"<h1>Neuf</h1>"
    bad = visitor.call("POST", "/api/v1/sites/amis.test/deploys", raw=zipped({"../x": "y"}),
                       headers={"Content-Type": "application/zip"})
    assert bad.status == 422, (bad.status, bad.body)
    assert ok(public.call("GET", "/")).body == b"<h1>Neuf</h1>"
    ok(visitor.call("POST", "/api/v1/sites/amis.test/live", {"number": live}))
    assert ok(public.call("GET", "/")).body == old
    ok(yann().call("GET", "/api/v1/associations/amis/sites"))


def node(script, *words):
    done = subprocess.run(["node", str(ROOT / "tests" / "peers" / "pads" / script), *words], capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def test_stock_providers_through_the_gate():
    """Stock y-websocket providers: session cookie, link keys to read and to write, hostile frames, strangers."""
    visitor, path = marie(), "/api/v1/associations/amis/pads"
    made = [ok(visitor.call("POST", path, {"slug": f"fils-{link}", "title": link,
                                           "access": {"members": "write", "link": link}}), 201).json()
            for link in ("read", "write")]
    keys = [ok(visitor.call("POST", f"/api/v1/pads/{pad['id']}/link")).json()["url"].split("#key=")[1] for pad in made]
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    node("converge.mjs", "--base", f"wss://localhost:{house.ports['https']}/api/v1/pads/ws", "--ca", house.ready["ca"],
         "--cookie", cookies, "--room", made[0]["id"], "--read-key", keys[0], "--write-key", keys[1],
         "--write-room", made[1]["id"])
    assert "key" not in Path(house.state, "log", "gate.log").read_text()


def test_mail_between_members():
    send("Rendez-vous")
    text = wait_mail("Rendez-vous")
    assert "Bonjour Yann" in text and "Message-ID" in text.replace("Message-Id", "Message-ID")
    received = " ".join(line for line in text.splitlines() if "127.0.0.1" in line)
    assert not received, f"the sender's address is told: {received}"


def test_mail_by_member_login():
    send("Par le nom", login="marie")
    wait_mail("Par le nom", login="yann")


def test_mail_alias_group_and_tag():
    send("Au contact", to="contact@amis.test")
    wait_mail("Au contact", login="marie.legoff@amis.test", password="marie-secret-words")
    send("Au bureau", to="bureau@amis.test")
    wait_mail("Au bureau")
    send("Avec signe", to="yann.kervella+liste@amis.test")
    wait_mail("Avec signe")
    send("Au facteur", to="postmaster@amis.test")
    wait_mail("Au facteur", login="marie.legoff@amis.test", password="marie-secret-words")
    send("Depuis contact", sender="contact@amis.test")
    wait_mail("Depuis contact")


def test_mail_refusals():
    refused(lambda: send("faux", password="wrong"), smtplib.SMTPAuthenticationError)
    refused(lambda: send("faux", sender="yann.kervella@amis.test"), smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused)
    refused(lambda: send("faux", sender="bureau@amis.test"), smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused)
    refused(lambda: send("faux", header_from="yann.kervella@amis.test"), smtplib.SMTPDataError)
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"], timeout=30) as smtp:
        smtp.ehlo("outside.example")
        smtp.mail("someone@outside.example")
        code, _ = smtp.rcpt("other@elsewhere.example")
        assert code in (450, 454, 550, 551, 554), f"relaying: {code}"
        assert smtp.rcpt("nobody@amis.test")[0] == 550
        assert smtp.rcpt("yann.kervella@amis.test")[0] == 250
        assert "auth" not in smtp.esmtp_features


def test_new_mailbox_works_at_once():
    visitor = marie()
    ok(visitor.call("POST", "/api/v1/associations/amis/members",
                    {"login": "lena", "name": "Lena Riou", "password": "lena-secret-words"}), 201)
    ok(visitor.call("POST", "/api/v1/associations/amis/mailboxes",
                    {"address": "lena.riou@amis.test", "login": "lena"}), 201)
    send("Bienvenue", to="lena.riou@amis.test")
    wait_mail("Bienvenue", login="lena.riou@amis.test", password="lena-secret-words")


MEMBERS = "/api/v1/associations/amis/members"


def test_a_member_made_with_a_mailbox_has_one():
    """The page's own call: what 201 answers can be written to and signed in to; what is refused leaves nothing."""
    visitor = marie()
    person = {"login": "paul", "name": "Paul Martin", "password": "paul-secret-words"}
    for address, code in (("contact@amis.test", "address_alias"), ("bureau@amis.test", "group_address_taken"),
                          ("marie.legoff@amis.test", "mailbox_taken"), ("postmaster@amis.test", "validation")):
        answer = visitor.call("POST", MEMBERS, {**person, "mailbox": address})
        assert answer.status == (422 if code == "validation" else 409), (answer.status, answer.body)
        assert code == "validation" or answer.json()["code"] == code, answer.body
    assert "paul" not in [m["login"] for m in ok(visitor.call("GET", MEMBERS)).json()["items"]]
    made = ok(visitor.call("POST", MEMBERS, {**person, "mailbox": "paul@amis.test"}), 201).json()
    assert made["mailbox"] == "paul@amis.test", made
    send("Bienvenue Paul", to="paul@amis.test")
    wait_mail("Bienvenue Paul", login="paul@amis.test", password="paul-secret-words")
    groups = "/api/v1/associations/amis/groups"
    answer = visitor.call("POST", groups, {"slug": "pauls", "name": "P", "members": ["paul"], "address": "paul@amis.test"})
    assert answer.status == 409 and answer.json()["code"] == "mailbox_taken", answer.body
    assert "pauls" not in [g["slug"] for g in ok(visitor.call("GET", groups)).json()["items"]]


def test_a_renamed_mailbox_is_the_same_mailbox():
    """From the file: the new address opens the old messages, the old one still arrives, prune removes nothing of it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "people.yaml")

        def apply(address, *options, more=""):
            file.write_text("version: 1\nassociations:\n  - slug: ruche\n    name: La Ruche\n    domains: [ruche.test]\n    members:\n"
                            f"      - {{login: zoe, name: Zoé, role: manager, password: zoe-secret-words, mailbox: {address}{more}}}\n")
            return house.hameau("apply", *options, str(file)).stdout

        apply("zoe@ruche.test", more=", forward: [zoe@ailleurs.example]")
        who = {"password": "zoe-secret-words"}
        send("Avant", to="zoe@ruche.test")
        wait_mail("Avant", login="zoe", **who)
        kept = apply("zoe@ruche.test")
        assert "forward [\"zoe@ailleurs.example\"] is kept" in kept, kept
        assert "mailbox: zoe@ruche.test" in house.hameau("show").stdout
        apply("zoe.riou@ruche.test", "--prune", "--yes", more=", forward: []")
        for login in ("zoe", "zoe.riou@ruche.test", "zoe@ruche.test"):
            wait_mail("Avant", login=login, **who)
        for to in ("zoe@ruche.test", "zoe.riou@ruche.test"):
            send(f"Apres {to}", to=to)
            wait_mail(f"Apres {to}", login="zoe", **who)
        boxes = json.loads(house.hameau("mailbox", "list", "ruche", "--json").stdout)
        boxes = boxes["items"] if isinstance(boxes, dict) else boxes
        assert [b["address"] for b in boxes] == ["zoe.riou@ruche.test"], boxes
        house.hameau("mailbox", "add", "ruche", "second@ruche.test", "zoe")
        assert "mailboxes: [{address: second@ruche.test" in house.hameau("show").stdout
        file.write_text(house.hameau("show").stdout)
        assert not [line for line in house.hameau("apply", str(file)).stdout.splitlines() if line[:1] in "+-"]
        # What the file does not say any more goes into the bin, and comes back when the file says it again.
        said = house.hameau("show").stdout
        send("A garder", to="second@ruche.test")
        wait_mail("A garder", login="second@ruche.test", **who)
        assert "second@ruche.test" in apply("zoe.riou@ruche.test", "--prune", "--yes", more=", forward: []")
        assert "second@ruche.test" in house.hameau("mailbox", "list", "ruche", "--bin").stdout
        file.write_text(said)
        house.hameau("apply", str(file))
        wait_mail("A garder", login="second@ruche.test", **who)
        assert "second@ruche.test" not in house.hameau("mailbox", "list", "ruche", "--bin").stdout


def test_a_removed_mailbox_comes_back_with_its_mail():
    """Into the bin by the page's call, back by the command, away for good: with real engines and the folder on the disk."""
    visitor = marie()
    who = {"login": "nolwenn@amis.test", "password": "nolwenn-secret-words"}
    box = "/api/v1/associations/amis/mailboxes/nolwenn@amis.test"
    ok(visitor.call("POST", MEMBERS, {"login": "nolwenn", "name": "Nolwenn", "password": who["password"], "mailbox": "nolwenn@amis.test"}), 201)
    boxes = Path(house.state, "mail", "boxes")
    before = {entry.name for entry in boxes.iterdir()}
    send("Gardez-moi", to="nolwenn@amis.test")
    wait_mail("Gardez-moi", **who)
    folder = ({entry.name for entry in boxes.iterdir()} - before).pop()
    opened = mailbox(**who)
    ok(visitor.call("DELETE", box), 204)
    refused(lambda: [opened.select("INBOX"), opened.noop()], imaplib.IMAP4.error, OSError)
    for login in ("nolwenn@amis.test", "nolwenn"):
        refused(lambda: mailbox(login, who["password"]), imaplib.IMAP4.error)
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"], timeout=30) as smtp:
        smtp.ehlo()
        smtp.mail("ami@ailleurs.example")
        assert smtp.rcpt("nolwenn@amis.test")[0] == 550, "who writes is told"
    assert visitor.call("POST", "/api/v1/associations/amis/mailboxes", {"address": "nolwenn@amis.test", "login": "marie"}).json()["code"] == "taken_bin"
    answer = visitor.call("PATCH", MEMBERS + "/marie", {"mailbox": "nolwenn@amis.test"})
    assert answer.status == 409 and answer.json()["code"] == "address_binned", answer.body
    # Everything is killed: the bin is on the disk.
    pid = house.process_of("mail")["pid"]
    if pid:
        os.kill(pid, signal.SIGKILL)
    listed = json.loads(house.hameau("mailbox", "list", "amis", "--bin", "--json").stdout)
    item = next(one for one in listed if one["address"] == "nolwenn@amis.test")
    # 0: Dovecot did not answer in time, as on a machine that is busy.
    assert item["login"] == "nolwenn" and (item["used_bytes"] == 0 or item["used_bytes"] > 100) and item["gone"] > item["deleted"], item
    house.hameau("mailbox", "restore", "amis", "nolwenn@amis.test")
    wait_mail("Gardez-moi", **who)
    wait_mail("Gardez-moi", login="nolwenn", password=who["password"])
    send("Encore", to="nolwenn@amis.test")
    wait_mail("Encore", **who)
    ok(visitor.call("POST", box + "/restore"), 404)
    house.hameau("mailbox", "remove", "amis", "nolwenn@amis.test")
    assert (boxes / folder).is_dir(), "its messages stay in the bin"
    house.hameau("mailbox", "remove", "amis", "nolwenn@amis.test", "--purge")
    assert not (boxes / folder).exists(), "erased is true when it is said"
    made = ok(visitor.call("POST", "/api/v1/associations/amis/mailboxes", {"address": "nolwenn@amis.test", "login": "nolwenn"}), 201).json()
    assert not made.get("warnings"), made
    imap = mailbox(**who)
    assert imap.select("INBOX")[1] == [b"0"], "a new mailbox begins empty"
    imap.logout()


def test_a_new_domain_is_taken_by_an_smtpd_that_refused_it():
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"], timeout=30) as smtp:
        smtp.ehlo()
        for _ in range(2):
            smtp.mail("ami@ailleurs.example")
            assert smtp.rcpt("iris@neuf.test")[0] == 554
            smtp.rset()
        admin = house.visitor().sign_in("annick", "annick-secret-words")
        ok(admin.call("POST", "/api/v1/associations", {"slug": "neuf", "name": "Neuf", "domains": ["neuf.test"]}), 201)
        ok(admin.call("POST", "/api/v1/associations/neuf/members", {"login": "iris", "name": "Iris", "role": "manager",
                                                                   "password": "iris-secret-words", "mailbox": "iris@neuf.test"}), 201)
        smtp.mail("ami@ailleurs.example")
        code, text = smtp.rcpt("iris@neuf.test")
        assert code == 250, (code, text)
        assert smtp.rcpt("postmaster@neuf.test")[0] == 250
        assert smtp.rcpt("personne@neuf.test")[0] in (550, 554)
        assert smtp.data(b"From: ami@ailleurs.example\r\nSubject: Domaine neuf\r\n\r\nBonjour\r\n")[0] == 250
    wait_mail("Domaine neuf", login="iris@neuf.test", password="iris-secret-words")


def test_app_password():
    visitor = yann()
    made = ok(visitor.call("POST", "/api/v1/me/app-passwords", {"name": "téléphone", "scopes": ["imap"]}), 201).json()
    imap = mailbox(password=made["password"])
    imap.logout()
    refused(lambda: send("non", sender="yann.kervella@amis.test", login="yann.kervella@amis.test",
                         password=made["password"]), smtplib.SMTPAuthenticationError)
    ok(visitor.call("DELETE", f"/api/v1/me/app-passwords/{made['id']}"), 204)
    refused(lambda: mailbox(password=made["password"]), imaplib.IMAP4.error)


def test_a_new_site_cuts_nobody_who_signs_in_to_mail():
    def reloads():
        return Path(house.state, "log", "dovecot.log").read_text(errors="replace").count("SIGHUP received")
    before = reloads()
    imap = imaplib.IMAP4_SSL("localhost", house.ports["imaps"], ssl_context=house.tls(), timeout=30)  # greeted, not yet signed in
    ok(house.visitor().sign_in("annick", "annick-secret-words").call("POST", "/api/v1/associations/amis/sites", {"host": "neuf.amis.test"}), 201)
    certificate = Path(house.state, "tls", "hosts", "neuf.amis.test.pem")
    assert certificate.exists() or os.geteuid() != 0
    imap.login("yann.kervella@amis.test", "yann-secret-words")
    imap.logout()
    assert reloads() == before
    house.hameau("site", "remove", "amis", "neuf.amis.test")


def test_an_app_password_publishes_with_curl():
    visitor, public = yann(), house.visitor(host="amis.test")
    before = ok(public.call("GET", "/")).body
    live = next(d["number"] for d in ok(visitor.call("GET", DEPLOYS)).json()["items"] if d["live"])
    made = ok(visitor.call("POST", "/api/v1/me/app-passwords", {"name": "générateur", "scopes": ["deploy"]}), 201).json()
    mail_only = ok(visitor.call("POST", "/api/v1/me/app-passwords", {"name": "téléphone"}), 201).json()

    def curl(*words, user="yann:" + made["password"], path=DEPLOYS):
        done = subprocess.run(["curl", "-sS", "--cacert", house.ready["ca"], "--resolve", "localhost:%d:127.0.0.1" % house.ports["https"],
                               "-i", "-u", user, *words, house.ready["portal"].rstrip("/") + path],
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        head, _, body = done.stdout.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"").partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), head.lower(), body

    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "site.zip")
        archive.write_bytes(zipped({"index.html": "<h1>Par curl</h1>"}))
        send_it = ("-X", "POST", "-T", str(archive))
        status, head, body = curl(*send_it)
        assert status == 201, (status, body)
        assert b"set-cookie" not in head and b"www-authenticate" not in head, head
        assert ok(public.call("GET", "/")).body == b"<h1>Par curl</h1>"
        assert curl(path=DEPLOYS + "/%d" % json.loads(body)["number"])[0] == 200
        # It opens nothing else, and nothing else opens this.
        for path in ("/api/v1/sites/amis.test", "/api/v1/associations/amis/sites", "/api/v1/session", "/api/v1/associations/amis/members"):
            assert curl(path=path)[0] == 401, path
        assert curl("-H", "Origin: https://ailleurs.test", *send_it)[0] == 403
        for user in ("yann:" + mail_only["password"], "yann:yann-secret-words", "marie:" + made["password"]):
            status, head, body = curl(*send_it, user=user)
            assert status == 401 and json.loads(body)["code"] == "wrong_credentials" and b"www-authenticate" not in head, (user, status, body)
        assert curl("-X", "POST", "-T", str(archive), path="/api/v1/sites/inconnu.test/deploys")[0] == 404
        # An open cookie decides alone; a stranger's app password beside it changes nothing.
        ok(visitor.call("POST", "/api/v1/sites/amis.test/live", {"number": live}))
        ok(visitor.call("DELETE", f"/api/v1/me/app-passwords/{made['id']}"), 204)
        assert curl(*send_it)[0] == 401
        ok(visitor.call("DELETE", f"/api/v1/me/app-passwords/{mail_only['id']}"), 204)
    assert ok(public.call("GET", "/")).body == before


def test_an_app_password_is_judged_when_the_upload_has_come():
    visitor = yann()
    made = ok(visitor.call("POST", "/api/v1/me/app-passwords", {"name": "lent", "scopes": ["deploy"]}), 201).json()
    archive = zipped({"index.html": "<h1>Trop tard</h1>"})
    slow = Raw(house, timeout=60)
    slow.send(("POST %s HTTP/1.1\r\nHost: localhost:%d\r\nAuthorization: Basic %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
               % (DEPLOYS, house.ports["https"], base64.b64encode(f"yann:{made['password']}".encode()).decode(), len(archive))).encode())
    slow.send(archive[:20])
    other = marie()
    wait_until(lambda: other.call("POST", DEPLOYS, raw=zipped({"../x": "y"}), headers={"Content-Type": "application/zip"}).status == 409)
    ok(visitor.call("DELETE", f"/api/v1/me/app-passwords/{made['id']}"), 204)
    slow.send(archive[20:])
    answer = slow.answer()
    assert answer[0] == 401, answer


def test_one_quota_for_the_association():
    """Mail that is there counts; when the association is full, nobody in it gets more, and managers see why."""
    annick, visitor = house.visitor().sign_in("annick", "annick-secret-words"), marie()
    usage = lambda: ok(visitor.call("GET", "/api/v1/associations/amis/usage")).json()
    ok(yann().call("GET", "/api/v1/associations/amis/usage"), 403)
    send("Du poids " + "x" * 100)
    wait_mail("Du poids")
    before = usage()
    mail = next(service["bytes"] for service in before["services"] if service["name"] == "mail")
    assert mail > 500 and before["warning_percent"] == 0 and before["used_bytes"] >= mail, before
    set_quota = lambda text: ok(annick.call("PATCH", "/api/v1/associations/amis", {"quota": text}))
    try:
        set_quota(str(before["used_bytes"] + 10))
        wait_until(lambda: usage()["warning_percent"] == 95)
        assert ok(visitor.call("GET", "/api/v1/session")).json()["associations"][0]["warning_percent"] == 95
        shown = next(one for one in json.loads(house.hameau("show", "--usage", "--json").stdout) if one["association"] == "amis")
        assert shown["warning_percent"] == 95 and {one["name"] for one in shown["services"]} >= {"mail", "sites"}, shown
        assert "(over 95 %)" in house.hameau("show", "--usage").stdout

        def refused_as_full():
            try:
                send("Trop")
            except smtplib.SMTPRecipientsRefused as full:
                return next(iter(full.recipients.values()))[0] in (452, 552)
            except smtplib.SMTPDataError as full:
                return full.smtp_code in (452, 552)
            return False
        wait_until(refused_as_full)
    finally:
        set_quota("5 GiB")
    wait_until(lambda: usage()["warning_percent"] == 0)

    def taken():
        try:
            send("De nouveau")
            return True
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
            return False
    wait_until(taken)
    wait_mail("De nouveau")


def test_kept_versions_images_and_imports_have_the_same_room():
    """Whatever is larger than what the association has left is refused, and nothing of it is kept."""
    annick, visitor = house.visitor().sign_in("annick", "annick-secret-words"), marie()
    usage = lambda: ok(visitor.call("GET", "/api/v1/associations/amis/usage")).json()
    of = lambda name: next((one["bytes"] for one in usage()["services"] if one["name"] == name), 0)
    set_quota = lambda text: ok(annick.call("PATCH", "/api/v1/associations/amis", {"quota": text}))
    pad = ok(visitor.call("GET", "/api/v1/associations/amis/pads")).json()["items"][0]["id"]
    deploy = lambda size: visitor.call("POST", "/api/v1/sites/amis.test/deploys", raw=zipped({"index.html": PLAIN_PAGE, "a.png": os.urandom(size)}),
                                       headers={"Content-Type": "application/zip"})
    try:
        set_quota(str(usage()["used_bytes"] + 3_000_000))
        ok(deploy(1_200_000), 201)
        wait_until(lambda: of("sites") > 1_200_000)
        ok(deploy(1_200_000), 201)
        wait_until(lambda: of("sites") > 2_400_000)  # the version of before is kept, and counts
        for answer in (deploy(1_200_000),
                       visitor.call("POST", f"/api/v1/pads/{pad}/images", raw=noise_png(600, 600), headers={"Content-Type": "image/png"}),
                       visitor.call("POST", "/api/v1/associations/amis/pads/import?format=markdown&slug=trop",
                                    raw=b"x" * 1_000_000, headers={"Content-Type": "text/markdown"})):
            ok(answer, 413)
            assert answer.json()["code"] == "association_full" and "association" in answer.json()["detail"], answer.body
        ok(deploy(100_000), 201)
    finally:
        set_quota("5 GiB")
    ok(visitor.call("POST", f"/api/v1/pads/{pad}/images", raw=noise_png(600, 600), headers={"Content-Type": "image/png"}), 201)


def noise_png(width, height):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + os.urandom(width * 3) for _ in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_no_secret_in_logs():
    for file in Path(house.state, "log").rglob("*"):
        if file.is_file():
            text = file.read_text(errors="replace")
            for secret in ("marie-secret-words", "yann-secret-words", "lena-secret-words"):
                assert secret not in text, file


def test_publish_from_a_shell_under_every_locale():
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        (site / "index.html").write_text(PLAIN_PAGE)
        for name in ("\u00e9t\u00e9 2026.html", "re\u0301sume\u0301.html", "\U0001f3e1.html"):
            (site / name).write_text(PLAIN_PAGE)
        (site / "Icon\r").write_text("")
        os.mkfifo(site / "pipe")
        for locale in ("C", "POSIX", "", "fr_FR.ISO-8859-1"):
            done = subprocess.run([str(BINARIES / "hameau"), "site", "deploy", "amis.test", folder, "--state", str(house.state)],
                                  env={"PATH": os.environ["PATH"], "LC_ALL": locale}, capture_output=True, timeout=60)
            assert done.returncode == 0, (locale, done)
            assert b"pipe: left aside" in done.stderr and b"Icon\\x0d: left aside" in done.stderr, done.stderr
            visitor = house.visitor()
            for path in ("/%C3%A9t%C3%A9%202026.html", "/r%C3%A9sum%C3%A9.html", "/%F0%9F%8F%A1.html"):
                ok(visitor.call("GET", path, host="amis.test"))
        visitor = yann()
        path = "/api/v1/sites/amis.test/deploys"
        first = ok(visitor.call("GET", path)).json()["items"][-1]["number"]
        ok(visitor.call("POST", "/api/v1/sites/amis.test/live", {"number": first}))


def test_apply_publishes_a_doubtful_site_only_when_told():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "site").mkdir()
        Path(folder, "site", "affiche.html").write_text("<!doctype html><html lang=fr><title>A</title><p>Sans accueil</p></html>")
        file = Path(folder, "douteux.yaml")

        def apply(more=""):
            file.write_text(CONTENT.read_text().replace("./site", str(CONTENT.parent / "site")).replace(
                "    sites:\n", "    sites:\n      - {host: douteux.amis.test, source: ./site%s}\n" % more, 1))
            return house.hameau("apply", str(file), check=False)
        refused_once = apply()
        assert refused_once.returncode != 0 and "anyway: true" in refused_once.stderr, refused_once
        assert house.visitor(host="douteux.amis.test").call("GET", "/affiche.html").status == 404
        told = apply(", anyway: true")
        assert told.returncode == 0 and "version" in told.stdout, told
        ok(house.visitor(host="douteux.amis.test").call("GET", "/affiche.html"))
        again = apply(", anyway: true")
        assert again.returncode == 0 and "version" not in again.stdout, again
    house.hameau("site", "remove", "amis", "douteux.amis.test")


def test_apply_is_idempotent():
    done = house.hameau("apply", str(CONTENT))
    assert not [line for line in done.stdout.splitlines() if line[:1] in "+~-"], done.stdout
    visitor = marie()
    ok(visitor.call("POST", "/api/v1/me/password", {"current": "marie-secret-words", "new": "marie-other-words"}), 204)
    house.hameau("apply", str(CONTENT))
    house.visitor().sign_in("marie", "marie-other-words")
    fresh = house.visitor().sign_in("marie", "marie-other-words")
    ok(fresh.call("POST", "/api/v1/me/password", {"current": "marie-other-words", "new": "marie-secret-words"}), 204)


def test_apply_keeps_the_version_that_was_chosen():
    visitor, public = marie(), house.visitor(host="amis.test")
    path = "/api/v1/sites/amis.test/deploys"
    before = next(d["number"] for d in ok(visitor.call("GET", path)).json()["items"] if d["live"])
    ok(visitor.call("POST", path, raw=zipped({"index.html": "<h1>Choisi</h1>"}), headers={"Content-Type": "application/zip"}), 201)
    house.hameau("apply", str(CONTENT))
    assert ok(public.call("GET", "/")).body == b"<h1>Choisi</h1>"
    ok(visitor.call("POST", "/api/v1/sites/amis.test/live", {"number": before}))


def test_apply_dry_run_changes_nothing():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "more.yaml")
        file.write_text("version: 1\nassociations:\n  - {slug: autre, name: Autre, domains: [autre.test]}\n")
        done = house.hameau("apply", "--dry-run", str(file))
        assert "autre" in done.stdout, done.stdout
        assert "autre" not in house.hameau("show").stdout


def test_show_applied_to_a_fresh_house():
    shown = house.hameau("show").stdout
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "shown.yaml")
        file.write_text(shown)
        os.chmod(folder, 0o755)
        with House(apply=[file], base_port=house.ports["https"] + 200) as second:
            assert second.hameau("show").stdout == shown


def test_idle_services_sleep_and_wake():
    for name in ("people", "mail", "sites", "pads"):
        house.wait_state(name, ("asleep",), 40)
    status = house.status()
    assert {s["name"]: s["state"] for s in status["services"]}["sites"] == "asleep"
    ok(house.visitor(host="amis.test").call("GET", "/"))
    assert house.process_of("sites")["state"] == "asleep", "a page woke its module"
    visitor = marie()
    ok(visitor.call("GET", "/api/v1/associations/amis/pads"))
    assert house.process_of("pads")["state"] == "ready"


def test_cli_lists():
    assert "marie" in house.hameau("member", "list", "amis").stdout
    for kind in ("mailbox", "alias", "group", "site", "pad"):
        house.hameau(kind, "list", "amis")
    house.hameau("module", "list")
    assert house.hameau("memberr", "list", check=False).returncode == 64


def test_external_module():
    folder = tempfile.mkdtemp(prefix="hameau-module-")
    os.chmod(folder, 0o755)
    modules = Path(folder, "modules.d")
    modules.mkdir()
    text = (ROOT / "config" / "examples" / "modules.d" / "guestbook.yaml").read_text()
    program = ROOT / "modules" / "examples" / "guestbook" / "guestbook.py"
    text = text.replace("modules/examples/guestbook/guestbook.py", str(program)).replace("60 s", "2 s")
    (modules / "guestbook.yaml").write_text(text)
    with House(apply=[CONTENT], state=folder, base_port=house.ports["https"] + 400) as other:
        other.wait_state("guestbook", ("ready", "asleep"))
        visitor = other.visitor()
        assert b"Entrez dans la maison" in ok(visitor.call("GET", "/guestbook", headers={"Hameau-Member": "forged"})).body
        visitor.sign_in("marie", "marie-secret-words")
        assert "Marie Le Goff" in ok(visitor.call("GET", "/guestbook")).body.decode()
        sent = visitor.call("POST", "/guestbook/entries", raw="text=Merci+%C3%A0+tous",
                            headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert sent.status == 303, (sent.status, sent.body)
        other.wait_state("guestbook", ("asleep",), 20)
        assert "Merci à tous" in ok(visitor.call("GET", "/guestbook")).body.decode()
        assert other.process_of("guestbook")["restarts"] == 0


def example_of_the_readme(folder):
    """The manifest and the program of modules/examples/README.md, as written there but for the folder /opt."""
    readme = (ROOT / "modules" / "examples" / "README.md").read_text()
    text = re.search(r"```yaml\n(name: guestbook.*?)```", readme, re.S).group(1)
    assert "/opt/guestbook/guestbook.py" in text, text
    program = Path(folder, "opt", "guestbook", "guestbook.py")
    program.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "modules" / "examples" / "guestbook" / "guestbook.py", program)
    return text.replace("/opt/guestbook/guestbook.py", str(program))


def wait_until(what, seconds=30):
    deadline = time.time() + seconds
    while not what():
        assert time.time() < deadline, f"it did not come\n{house.tail()}"
        time.sleep(0.05)


def test_reload_takes_modules_in_and_out():
    """The README of the examples, while the house runs."""
    folder = tempfile.mkdtemp(prefix="hameau-reload-")
    os.chmod(folder, 0o755)
    configuration = Path(folder, "hameau.yaml")
    configuration.write_text("house: {log_size: 256 KiB}\nmail: {enabled: false}\n")
    with House(apply=[CONTENT], state=folder, base_port=house.ports["https"] + 600) as other:
        assert b"Entrez dans la maison" not in other.visitor().call("GET", "/guestbook").body
        file = Path(folder, "modules.d", "guestbook.yaml")
        file.write_text(example_of_the_readme(folder).replace("who: anyone}", "who: nobody}"))
        wrong = subprocess.run([str(BINARIES / "hameau"), "check", str(Path(folder, "hameau.yaml"))], capture_output=True, text=True)
        assert wrong.returncode == 78 and "guestbook.yaml:" in wrong.stderr, wrong
        other.process.send_signal(signal.SIGHUP)  # the mistake is told; the house stays as it was
        file.write_text(example_of_the_readme(folder))
        chatty = Path(folder, "chatty.py")
        chatty.write_text("import os, socket, sys, time\n"
                          "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                          "s.connect(os.environ['NOTIFY_SOCKET'])\ns.send(b'READY=1')\n"
                          "for i in range(200000):\n    os.write(2, b'line %d\\n' % i)\n"
                          "os.write(2, b'that was all\\n')\ntime.sleep(600)\n")
        Path(folder, "modules.d", "chatty.yaml").write_text(
            f"name: chatty\nexecutable: /usr/bin/python3\narguments: [{chatty}]\nidle_stop: 0\n"
            "routes:\n  - {pattern: /chatty, who: anyone}\n")
        other.process.send_signal(signal.SIGHUP)
        wait_until(lambda: b"Entrez dans la maison" in other.visitor().call("GET", "/guestbook").body)
        assert other.process_of("guestbook")["state"] == "ready"
        if os.geteuid() == 0:
            modes = {name: Path(folder, "run", name).stat() for name in ("notify", "guestbook.notify")}
            assert stat.S_IMODE(modes["notify"].st_mode) == 0o660 and modes["notify"].st_gid == 62000, modes
            assert stat.S_IMODE(modes["guestbook.notify"].st_mode) == 0o600 and modes["guestbook.notify"].st_uid >= 62100, modes
        # Two megabytes of words, and the house answers meanwhile.
        logs = Path(folder, "log")
        largest = 0

        def all_said():
            nonlocal largest
            ok(other.visitor().call("GET", "/api/v1/session"), 401)
            try:
                largest = max(largest, sum(f.stat().st_size for f in logs.glob("chatty.log*")))
                return "that was all" in (logs / "chatty.log").read_text(errors="replace")
            except FileNotFoundError:
                return False  # not begun, or just renamed
        wait_until(all_said)
        assert 100 << 10 < largest <= 256 << 10, largest
        for name in ("guestbook", "chatty"):
            Path(folder, "modules.d", f"{name}.yaml").unlink()
        other.process.send_signal(signal.SIGHUP)
        wait_until(lambda: other.process_of("guestbook") is None and other.process_of("chatty") is None)
        wait_until(lambda: b"Entrez dans la maison" not in other.visitor().call("GET", "/guestbook").body)
        assert not Path(folder, "run", "guestbook.sock").exists() and Path(folder, "modules", "guestbook").is_dir()
        ok(other.visitor(host="amis.test").call("GET", "/"))
        mail_goes_on_and_off(other, configuration)


def test_a_childs_words_and_its_watchdog():
    hostile_child.test_a_childs_words_stay_in_their_column_and_its_watchdog_waits_for_hameaud(house.ports["https"] + 800)


def mail_goes_on_and_off(other, configuration):
    """By `reload` alone: the engines start and end, the API and the command say so, and the mail stays."""
    def switch(on):
        configuration.write_text("house: {log_size: 256 KiB}\nmail: {enabled: %s}\n" % ("true" if on else "false"))
        other.process.send_signal(signal.SIGHUP)

    def signs_in(login="marie.legoff@amis.test", password="marie-secret-words"):
        try:
            imap = imaplib.IMAP4_SSL("localhost", other.ports["imaps"], ssl_context=other.tls(), timeout=30)
            imap.login(login, password)
            return imap
        except (OSError, imaplib.IMAP4.error):
            return None
    engines = ("dovecot", "postfix", "milter") if os.geteuid() == 0 else ("dovecot",)
    visitor = other.visitor().sign_in("marie", "marie-secret-words")
    assert ok(visitor.call("GET", "/api/v1/me/mail"), 503).json()["code"] == "switched_off"
    switch(True)
    wait_until(lambda: visitor.call("GET", "/api/v1/me/mail").status == 200, 60)
    # The mailboxes, which had to be left out the first time. Mail has heard of everybody by itself.
    wait_until(lambda: other.hameau("apply", str(CONTENT), check=False).returncode == 0, 60)
    wait_until(signs_in, 60)
    kept = signs_in()
    kept.append("INBOX", "", None, b"Subject: garde\r\n\r\nGarde-moi\r\n")
    assert all(other.process_of(name)["state"] == "ready" for name in engines), other.status()
    switch(False)
    wait_until(lambda: not any(other.process_of(name) for name in engines), 60)
    wait_until(lambda: visitor.call("GET", "/api/v1/me/mail").status == 503)
    assert signs_in() is None
    # What changes meanwhile counts in mail too, from the first moment on.
    member = other.visitor().sign_in("yann", "yann-secret-words")
    ok(member.call("POST", "/api/v1/me/password", {"current": "yann-secret-words", "new": "yann-other-words"}), 204)
    ok(visitor.call("GET", "/api/v1/session"))
    switch(True)
    wait_until(lambda: signs_in("yann.kervella@amis.test", "yann-other-words"), 60)
    assert signs_in("yann.kervella@amis.test", "yann-secret-words") is None
    wait_until(signs_in, 60)
    again = signs_in()
    again.select("INBOX")
    assert again.search(None, "SUBJECT", "garde")[1][0], "the mail of before is gone"


def test_modules_beside_the_configuration_and_the_journal_of_systemd():
    """As the package starts it: --config elsewhere, standard error is a stream of the journal."""
    folder = tempfile.mkdtemp(prefix="hameau-etc-")
    os.chmod(folder, 0o755)
    etc, state = Path(folder, "etc"), Path(folder, "state")
    (etc / "modules.d").mkdir(parents=True)
    base = house.ports["https"] + 700

    def configure(https, http):
        (etc / "hameau.yaml").write_text("house: {host: localhost, https_port: %d, http_port: %d}\nmail: {enabled: false}\n" % (https, http))
    configure(base, base + 1)
    (etc / "modules.d" / "guestbook.yaml").write_text(example_of_the_readme(folder))
    with open(Path(folder, "journal"), "ab") as journal:
        facts = os.fstat(journal.fileno())
        process = subprocess.Popen(
            [str(BINARIES / "hameaud"), "--trial", "--config", str(etc / "hameau.yaml"), "--state", str(state)],
            stderr=journal, env={**os.environ, "JOURNAL_STREAM": f"{facts.st_dev}:{facts.st_ino}"})
        try:
            def ready():
                done = subprocess.run([str(BINARIES / "hameau"), "status", "--json", "--state", str(state)], capture_output=True, text=True)
                return done.returncode == 0 and any(p["name"] == "guestbook" and p["state"] in ("ready", "asleep")
                                                    for p in json.loads(done.stdout)["processes"])
            wait_until(ready)
            text = Path(folder, "journal").read_text()
            assert ">sites module.ready" in text and ">hameaud house.ready" in text, text
            assert not list((state / "log").glob("*.log*")), list((state / "log").iterdir())
            told = subprocess.run([str(BINARIES / "hameau"), "logs", "--state", str(state)], capture_output=True, text=True)
            assert "journalctl -u hameau" in told.stdout, told
            the_web_ports_move(process, configure, base, Path(folder, "journal"))
        finally:
            process.terminate()
            assert process.wait(30) == 0


def the_web_ports_move(process, configure, base, journal):
    """A changed port is open after a reload, and the former one is closed; one that is taken changes nothing, and is told."""
    def taken(port):
        try:
            socket.create_connection(("127.0.0.1", port), 10).close()
            return True
        except OSError:
            return False
    assert taken(base) and taken(base + 1)
    configure(base, base + 3)
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: taken(base + 3) and not taken(base + 1))
    configure(base + 2, base + 3)
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: taken(base + 2) and not taken(base))
    with socket.create_server(("127.0.0.1", base + 4)):
        configure(base + 5, base + 4)
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: "house.reload_failed" in journal.read_text())
    assert taken(base + 2) and taken(base + 3) and not taken(base + 5), "the former ports stay, all of them"


def trial_that_fails(binaries, folder, *words, after_start=lambda: None):
    base = house.ports["https"] + 800
    ports = [word for i, name in enumerate(("https", "http", "smtp", "submission", "submissions", "imap", "imaps", "sieve"))
             for word in (f"--{name}-port", str(base + i))]
    process = subprocess.Popen([str(Path(binaries, "hameau")), "trial", "--state", folder, *ports, "--set", "mail.enabled=false", *words],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    after_start()
    out, err = process.communicate(timeout=120)
    assert process.returncode not in (0, None) and "ready" not in out, (process.returncode, out)
    return process.returncode, err


def test_a_trial_says_which_file_could_not_be_applied():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        wrong = Path(folder, "wrong.yaml")
        wrong.write_text("version: 1\nassociations:\n  - {slug: amis, nam: Les Amis}\n")
        code, text = trial_that_fails(BINARIES, f"{folder}/a", "--apply", str(CONTENT), "--apply", str(wrong))
        assert code == 65 and f"{wrong} could not be applied" in text and "nam" in text and str(CONTENT) not in text.split("could not")[0].splitlines()[-1], text
        # A command that dies by itself.
        programs = Path(folder, "programs")
        programs.mkdir()
        for program in BINARIES.iterdir():
            if program.name.startswith("hameau") and program.is_file():
                shutil.copy(program, programs / program.name)
        if (BINARIES / "web").is_dir():
            (programs / "web").symlink_to(BINARIES / "web")

        def break_the_command():
            wait_until(lambda: Path(folder, "b", "lock").exists())
            dead = Path(folder, "dead")
            dead.write_text("#!/bin/sh\nkill -SEGV $$\n")
            dead.chmod(0o755)
            dead.rename(programs / "hameau")
        code, text = trial_that_fails(programs, f"{folder}/b", "--apply", str(CONTENT), after_start=break_the_command)
        assert code == 65 and f"{CONTENT} could not be applied" in text and "Segmentation fault" in text, (code, text)


def test_a_path_too_long_for_sockets_is_refused_clearly():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        state = f"{folder}/{'long' * 30}"
        words = [str(BINARIES / "hameau"), "trial", "--state", state]
        user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, **user)
        assert done.returncode == 78 and "too long for its sockets" in done.stderr, done
        assert not Path(state, "run").exists(), "nothing was made"


def test_engines_logs_arrive():
    for name in ("postfix", "dovecot"):
        assert house.hameau("logs", name).stdout.strip(), name


def manifest(folder, name, arguments=()):
    """An external module that never starts by itself: only its uid and its settings matter."""
    words = [str(ROOT / "modules/examples/guestbook/guestbook.py"), *arguments]
    Path(folder, "modules.d").mkdir(exist_ok=True)
    Path(folder, "modules.d", f"{name}.yaml").write_text(
        f"name: {name}\nexecutable: /usr/bin/python3\narguments: {json.dumps(words)}\nidle_stop: 2 s\n"
        f"routes:\n  - {{pattern: /{name}, who: anyone}}\n")


def test_a_module_keeps_its_uid_when_another_is_added():
    folder = tempfile.mkdtemp(prefix="hameau-uids-")
    os.chmod(folder, 0o755)
    owners = lambda: {entry.name: entry.stat().st_uid for entry in Path(folder, "modules").iterdir() if entry.is_dir()}
    off = ["mail.enabled=false"]
    manifest(folder, "guestbook")
    with House(state=folder, base_port=house.ports["https"] + 500, settings=off):
        before = owners()
    manifest(folder, "album")  # sorts first
    # Two large manifests: more settings than a pipe holds.
    for name in ("large-a", "large-b"):
        manifest(folder, name, ["x" * 900] * 60)
    with House(state=folder, base_port=house.ports["https"] + 500, settings=off):
        after = owners()
    assert before["guestbook"] == after["guestbook"], (before, after)
    if os.geteuid() == 0:
        assert len(set(after.values())) == len(after), after
        assert Path(folder, "modules", "uids").stat().st_mode & 0o777 == 0o600
    Path(folder, "modules.d", "guestbook.yaml").unlink()
    manifest(folder, "zebra")
    with House(state=folder, base_port=house.ports["https"] + 500, settings=off):
        assert owners()["zebra"] not in after.values() or os.geteuid() != 0, "the uid of a removed module was given again"


def pss_of_group(leader):
    """kB of the processes whose session this pid began, each page counted by its share."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int(folder.joinpath("stat").read_text().rpartition(")")[2].split()[3]) == leader:
                total += int(re.search(r"^Pss:\s+(\d+)", folder.joinpath("smaps_rollup").read_text(), re.M).group(1))
        except (OSError, AttributeError):
            pass
    return total


def test_memory_of_engines_counts_shared_pages_once():
    engines = [p for p in house.status()["processes"] if p["kind"] == "engine"]
    assert engines, house.status()
    for process in engines:
        assert "rss_kb" not in process, process
        seen = pss_of_group(process["pid"])
        assert abs(process["pss_kb"] - seen) < max(2048, seen // 4), (process, seen)


def test_memory():
    """Bounds of the issue: 12 MB with everything asleep, 40 MB with all modules running."""
    for name in ("people", "mail", "sites", "pads"):
        house.wait_state(name, ("asleep",), 40)
    idle = sum(p.get("pss_kb", 0) for p in house.status()["processes"] if p["kind"] == "ours" and p["name"] != "admin")
    visitor = marie()
    for path in ("pads", "sites", "mailboxes", "members"):
        ok(visitor.call("GET", f"/api/v1/associations/amis/{path}"))
    all_running = sum(p.get("pss_kb", 0) for p in house.status()["processes"] if p["kind"] == "ours")
    print(f"     PSS idle {idle} kB, all modules running {all_running} kB")
    assert idle <= 12 * 1024, f"{idle} kB idle: {house.status()['processes']}"
    assert all_running <= 40 * 1024, f"{all_running} kB"


if __name__ == "__main__":
    house = House(apply=[CONTENT], settings=IDLE).start()
    try:
        facts = slow_bodies.Facts(lambda: house)
        tests = [value for name, value in list(globals().items()) if name.startswith("test_")]
        sys.exit(main(tests + borders.tests(lambda: house) + slow_bodies.tests(facts) + powers_end.tests(facts)))
    finally:
        house.stop()
        house.remove()
