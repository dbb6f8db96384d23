"""Mail in the whole house: between members, refused, renamed, removed and taken back; app passwords."""
import http.client
import imaplib
import json
import os
import signal
import smtplib
import socket
import ssl
import tempfile
import xml.etree.ElementTree
from pathlib import Path

from common import MEMBERS, house, mailbox, marie, ok, refused, send, wait_mail, yann


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
        # A member of whom the file says nothing any more, and then says it again: the same person, not a second one.
        yves = {"login": "yves", "password": "yves-secret-words"}
        house.hameau("member", "add", "ruche", "yves", "Yves", "--mailbox", "yves@ruche.test", "--password-stdin", input=yves["password"] + "\n")
        said = house.hameau("show").stdout
        person = [m for m in json.loads(house.hameau("member", "list", "ruche", "--json").stdout) if m["login"] == "yves"]
        send("Pour Yves", to="yves@ruche.test")
        wait_mail("Pour Yves", **yves)
        assert "member ruche/yves" in apply("zoe.riou@ruche.test", "--prune", "--yes", more=", forward: []")
        refused(lambda: mailbox(**yves), imaplib.IMAP4.error)
        file.write_text(said)
        assert "member ruche/yves (back from the bin" in house.hameau("apply", "--dry-run", str(file)).stdout
        assert "member ruche/yves (back from the bin" in house.hameau("apply", str(file)).stdout
        wait_mail("Pour Yves", **yves)
        assert [m for m in json.loads(house.hameau("member", "list", "ruche", "--json").stdout) if m["login"] == "yves"] == person
        assert "yves" not in house.hameau("member", "list", "ruche", "--bin").stdout
        assert not [line for line in house.hameau("apply", str(file)).stdout.splitlines() if line[:1] in "+-"]


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


def test_a_removed_member_comes_back_with_mail_and_password():
    """Into the bin by the page's call, back by the command, away for good: what mail and people hold of them agrees."""
    visitor, who = marie(), {"login": "soazig@amis.test", "password": "soazig-secret-words"}
    new = {"login": "soazig", "name": "Soazig", "password": who["password"], "mailbox": "soazig@amis.test"}
    boxes = Path(house.state, "mail", "boxes")
    before = {entry.name for entry in boxes.iterdir()}
    member = ok(visitor.call("POST", MEMBERS, new), 201).json()
    send("Avant son depart", to="soazig@amis.test")
    wait_mail("Avant son depart", **who)
    folder = ({entry.name for entry in boxes.iterdir()} - before).pop()
    opened, own = mailbox(**who), house.visitor().sign_in("soazig", who["password"])
    ok(visitor.call("DELETE", MEMBERS + "/soazig"), 204)
    refused(lambda: [opened.select("INBOX"), opened.noop()], imaplib.IMAP4.error, OSError)
    ok(own.call("GET", "/api/v1/session"), 401)
    refused(lambda: mailbox(**who), imaplib.IMAP4.error)
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"], timeout=30) as smtp:
        smtp.ehlo()
        smtp.mail("ami@ailleurs.example")
        assert smtp.rcpt("soazig@amis.test")[0] == 550, "who writes is told"
    # Both are killed: the bin is on two disks' files.
    for part in ("people", "mail"):
        pid = house.process_of(part)["pid"]
        if pid:
            os.kill(pid, signal.SIGKILL)
    listed = json.loads(house.hameau("member", "list", "amis", "--bin", "--json").stdout)
    item = next(one for one in listed if one["login"] == "soazig")
    assert item["id"] == member["id"] and item["account"] and item["gone"] > item["deleted"], item
    house.hameau("member", "restore", "amis", "soazig")
    for login in ("soazig", "soazig@amis.test"):
        wait_mail("Avant son depart", login=login, password=who["password"])
    send("Apres son retour", to="soazig@amis.test")
    wait_mail("Apres son retour", **who)
    house.visitor().sign_in("soazig", who["password"])
    ok(visitor.call("POST", MEMBERS + "/soazig/restore"), 404)
    # The login and the address are somebody else's meanwhile: theirs stay theirs, and the messages are not lost.
    house.hameau("member", "remove", "amis", "soazig")
    ok(visitor.call("POST", MEMBERS, {**new, "password": "another-persons-words"}), 201)
    answer = visitor.call("POST", f"{MEMBERS}/{member['id']}/restore")
    assert answer.status == 409 and answer.json()["code"] == "login_again", answer.body
    back = ok(visitor.call("POST", f"{MEMBERS}/{member['id']}/restore?login=soazig2")).json()
    assert back["login"] == "soazig2" and "soazig@amis.test" in " ".join(back["warnings"]), back
    refused(lambda: mailbox(**who), imaplib.IMAP4.error)
    imap = mailbox("soazig@amis.test", "another-persons-words")
    assert imap.select("INBOX")[1] == [b"0"], "the other one reads nothing of hers"
    imap.logout()
    ok(visitor.call("DELETE", MEMBERS + "/soazig"), 204)
    ok(visitor.call("DELETE", MEMBERS + "/soazig2"), 204)
    assert (boxes / folder).is_dir(), "the messages stay in the bin"
    house.hameau("member", "remove", "amis", "soazig2", "--purge")
    assert not (boxes / folder).exists(), "erased is true when it is said"
    ok(visitor.call("DELETE", MEMBERS + "/soazig?purge=1"), 204)
    ok(visitor.call("POST", f"{MEMBERS}/{member['id']}/restore"), 404)


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


def ask_name(host, path, method="GET", body=None, tls=True):
    """(status, type, text) of a name that no DNS knows."""
    plain = socket.create_connection(("127.0.0.1", house.ports["https" if tls else "http"]), timeout=30)
    context = ssl.create_default_context(cafile=house.ready["ca"])
    context.check_hostname = False  # the trial has no certificate of its own for these names
    connection = http.client.HTTPConnection(host)
    connection.sock = context.wrap_socket(plain, server_hostname=host) if tls else plain
    connection.request(method, path, body=body, headers={"Content-Type": "text/xml"} if body else {})
    answer = connection.getresponse()
    found = answer.status, answer.getheader("Content-Type", ""), answer.read().decode()
    connection.close()
    return found


def test_programs_find_their_settings():
    thunderbird = "/mail/config-v1.1.xml"
    for host, path in (("autoconfig.amis.test", thunderbird), ("autoconfig.amis.test", thunderbird + "?emailaddress=marie%40amis.test"),
                       ("amis.test", "/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=marie@amis.test"),
                       ("localhost", "/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=marie@amis.test")):
        for tls in (True, False):
            status, kind, text = ask_name(host, path, tls=tls)
            assert status == 200 and kind.startswith("text/xml"), (host, path, tls, status, text)
            provider = xml.etree.ElementTree.fromstring(text).find("emailProvider")
            assert provider.get("id") == "amis.test" and provider.findtext("domain") == "amis.test", text
            incoming = provider.find("incomingServer")
            assert incoming.findtext("port") == str(house.ports["imaps"]) and incoming.findtext("socketType") == "SSL", text
            assert incoming.findtext("username") == "%EMAILADDRESS%", text
            assert provider.find("outgoingServer").findtext("port") == str(house.ports["submissions"]), text
    assert ask_name("autoconfig.amis.test", thunderbird + "?emailaddress=a@ailleurs.test")[0] == 404
    assert ask_name("autoconfig.ailleurs.test", thunderbird)[0] == 421
    assert ask_name("autoconfig.amis.test", "/api/v1/session")[0] == 404, "nothing of the portal is at such a name"
    assert ask_name("autoconfig.amis.test", thunderbird, "POST", "x")[0] == 405


def test_the_house_says_whom_to_write_to_about_security():
    status, kind, text = ask_name("localhost", "/.well-known/security.txt")
    assert status == 200 and kind.startswith("text/plain") and "Contact: mailto:postmaster@" in text and "Expires: 20" in text, (status, text)
    assert "postmaster@" not in ask_name("amis.test", "/.well-known/security.txt")[2]


def test_outlook_finds_its_settings():
    form = "<Autodiscover><Request><EMailAddress>%s</EMailAddress></Request></Autodiscover>"
    for path in ("/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.xml"):
        for host in ("autodiscover.amis.test", "localhost"):
            status, kind, text = ask_name(host, path, "POST", form % "Marie.Legoff@amis.test")
            assert status == 200 and kind.startswith("application/xml"), (host, path, status, text)
            assert "<LoginName>marie.legoff@amis.test</LoginName>" in text and f"<Port>{house.ports['imaps']}</Port>" in text, text
            status, _, text = ask_name(host, path)
            assert status == 200 and "LoginName" not in text and "<Type>SMTP</Type>" in text, text
    entity = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>' + form % "&b;"
    for body in (entity, form % "x@ailleurs.test", form % "&lt;i>@amis.test", "no XML", "x" * 20000):
        text = ask_name("autodiscover.amis.test", "/autodiscover/autodiscover.xml", "POST", body)[2]
        assert "<ErrorCode>500" in text and "LoginName" not in text and "ailleurs" not in text, text


def test_the_policy_is_what_the_records_say():
    status, kind, text = ask_name("mta-sts.amis.test", "/.well-known/mta-sts.txt")
    host = dict(line.split(": ") for line in text.splitlines())["mx"]
    assert (status, kind) == (200, "text/plain"), (status, kind)
    assert text == f"version: STSv1\r\nmode: testing\r\nmx: {host}\r\nmax_age: 86400\r\n", text
    records = ok(marie().call("GET", "/api/v1/associations/amis/mail-domains/amis.test")).json()["records"]
    by_kind = {record["kind"]: record for record in records}
    digest = 0xcbf29ce484222325
    for octet in text.encode():
        digest = (digest ^ octet) * 0x100000001b3 % 2**64
    assert f"id={digest:016x}" in json.dumps(by_kind["mta_sts"]), by_kind["mta_sts"]
    assert host in json.dumps(by_kind["mx"]) and "mta-sts.amis.test" in json.dumps(by_kind["mta_sts_host"]), records
    assert "tls_report" in by_kind and "autoconfig" in by_kind, sorted(by_kind)

