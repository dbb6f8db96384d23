"""What crosses the house's borders in more than one spelling: passwords, addresses outside.

Stock clients (IMAP, SMTP submission, ManageSieve) against the running house.
"""
import base64
import imaplib
import smtplib
import tempfile
import unicodedata
from pathlib import Path
from urllib.parse import quote

from common import PLAIN_PAGE, wait_mail
from powers_end import Sieve

AMIS = "/api/v1/associations/amis"


def sasl_plain(user, password):
    return f"\0{user}\0{password}".encode()


class Borders:
    def __init__(self, house):
        self.find = house

    @property
    def house(self):
        return self.find()

    def ok(self, answer, status=200):
        assert answer.status == status, (answer.status, answer.body[:500])
        return answer

    def manager(self):
        return self.house.visitor().sign_in("marie", "marie-secret-words")

    # --- mail programs

    def imap(self, user, password):
        imap = imaplib.IMAP4_SSL("localhost", self.house.ports["imaps"], ssl_context=self.house.tls(), timeout=30)
        imap.authenticate("PLAIN", lambda _: sasl_plain(user, password))
        assert imap.select("INBOX")[0] == "OK"
        return imap

    def submission(self, user, password):
        smtp = smtplib.SMTP("127.0.0.1", self.house.ports["submission"], timeout=30)
        smtp._host = "localhost"
        smtp.starttls(context=self.house.tls())
        smtp.ehlo()
        code, text = smtp.docmd("AUTH", "PLAIN " + base64.b64encode(sasl_plain(user, password)).decode())
        smtp.quit()
        if code != 235:
            raise smtplib.SMTPAuthenticationError(code, text)

    def refused(self, call, *kinds):
        try:
            call()
        except kinds as failed:
            return failed
        raise AssertionError("it was accepted")

    def enters_everywhere(self, login, user, password):
        self.house.visitor().sign_in(login, password)
        imap = self.imap(user, password)
        assert imap.status("INBOX", "(UIDVALIDITY)")[0] == "OK"
        quota = imap.getquotaroot("INBOX")
        imap.logout()
        self.submission(user, password)
        Sieve(self.house, user, password).send("CAPABILITY")
        return quota

    # --- tests

    def test_a_password_has_one_form_everywhere(self):
        address = "rene.le-goff@amis.test"
        composed = "Été à Brest, l’Œuvre de René"
        self.ok(self.manager().call("POST", AMIS + "/members", {"login": "rene", "name": "René Le Goff", "mailbox": address,
                                                                 "password": composed}), 201)
        apart = unicodedata.normalize("NFD", composed)
        assert apart != composed
        plain = self.enters_everywhere("rene", address, composed)
        # As a Mac sends it, and with the no-break spaces of French keyboards: the same mailbox with the same quota.
        assert self.enters_everywhere("rene", address, apart) == plain
        assert self.enters_everywhere("rene", address, composed.replace(" ", "\u00a0")) == plain
        self.enters_everywhere("rene", "rene", apart.replace(" ", "\u202f"))
        for wrong in (composed.replace("Œ", "OE"), apart + "\u0301"):
            assert self.house.visitor().call("POST", "/api/v1/session", {"login": "rene", "password": wrong}).status == 401
        self.refused(lambda: self.imap(address, wrong), imaplib.IMAP4.error)
        self.refused(lambda: self.submission(address, wrong), smtplib.SMTPAuthenticationError)
        # Without TLS the second look-up is as closed as the first.
        bare = imaplib.IMAP4("localhost", self.house.ports["imap"], timeout=30)
        self.refused(lambda: bare.authenticate("PLAIN", lambda _: sasl_plain(address, apart)), imaplib.IMAP4.error)
        # Set apart, checked composed: it was kept in the one form.
        rene = self.house.visitor().sign_in("rene", composed)
        fresh = unicodedata.normalize("NFD", "Une autre été, bien à l'abri")
        self.ok(rene.call("POST", "/api/v1/me/password", {"current": apart, "new": fresh}), 204)
        self.enters_everywhere("rene", address, unicodedata.normalize("NFC", fresh))
        self.enters_everywhere("rene", address, fresh)
        self.refused(lambda: self.imap(address, apart), imaplib.IMAP4.error)

    def test_what_no_mail_program_could_send_is_refused(self):
        for password in ("quatre\tmots sans rapport", "quatre\nmots sans rapport", "quatre\u200bmots sans rapport"):
            answer = self.manager().call("POST", AMIS + "/members", {"login": "tab", "name": "Tab", "password": password})
            assert answer.status == 422 and answer.json()["errors"][0]["code"] == "field.password", answer.body
        body = {"current": "marie-secret-words", "new": "quatre\tmots sans rapport"}
        answer = self.ok(self.manager().call("POST", "/api/v1/me/password", body), 422)
        assert "tabulation" in answer.body.decode() or "no tab" in answer.body.decode(), answer.body
        done = self.house.hameau("member", "add", "amis", "tab", "Tab", "--password-stdin", check=False,
                                 input="quatre\tmots sans rapport\n")
        assert done.returncode != 0, done

    def test_outside_addresses_keep_their_capitals(self):
        self.ok(self.manager().call("POST", AMIS + "/aliases", {"address": "ami@amis.test", "to": [
            "Paul.Le-Goff@Ailleurs.Example", "paul.le-goff@ailleurs.example", "Marie.LeGoff@AMIS.test"]}), 201)
        listed = self.ok(self.manager().call("GET", AMIS + "/aliases?limit=500")).json()["items"]
        assert next(a["to"] for a in listed if a["address"] == "ami@amis.test") == ["Paul.Le-Goff@ailleurs.example", "marie.legoff@amis.test"], listed
        shown = self.house.hameau("show").stdout
        assert "Paul.Le-Goff@ailleurs.example" in shown, shown
        for change in (lambda: self.ok(self.manager().call("PATCH", AMIS + "/members/yann", {"contact": "Yann.K@Perso.Example"})),
                       lambda: self.house.hameau("member", "change", "amis", "yann", "--contact", "Yann.K@Perso.EXAMPLE")):
            change()
            member = next(m for m in self.ok(self.manager().call("GET", AMIS + "/members?limit=500")).json()["items"] if m["login"] == "yann")
            assert member["contact"] == "Yann.K@perso.example", member
            assert "contact: Yann.K@perso.example" in self.house.hameau("show").stdout
        answer = self.ok(self.manager().call("PATCH", AMIS + "/aliases/ami@amis.test", {"address": "Amie@amis.test"}))
        assert answer.json()["address"] == "amie@amis.test", answer.body
        self.ok(self.manager().call("DELETE", AMIS + "/aliases/ami@amis.test"), 404)

    def test_a_domain_moves_whole_or_not_at_all(self):
        admin = self.house.visitor().sign_in("annick", "annick-secret-words")
        call = lambda method, path, body, status: self.ok(admin.call(method, "/api/v1/associations" + path, body), status)
        call("POST", "", {"slug": "depart", "name": "Départ", "domains": ["part.test"]}, 201)
        call("POST", "/depart/members", {"login": "luc", "name": "Luc", "mailbox": "luc@part.test", "password": "luc-secret-words"}, 201)
        call("POST", "/depart/aliases", {"address": "info@part.test", "to": ["luc@part.test"]}, 201)
        call("POST", "/depart/groups", {"slug": "bureau", "name": "Bureau", "members": ["luc"], "address": "bureau@part.test"}, 201)
        call("POST", "/depart/sites", {"host": "www.part.test"}, 201)
        call("POST", "", {"slug": "arrivee", "name": "Arrivée"}, 201)
        carried = {("mailbox", "luc@part.test"), ("alias", "info@part.test"), ("group", "bureau@part.test"), ("site", "www.part.test")}
        assert call("PATCH", "/arrivee", {"domains": ["part.test"]}, 409).json()["code"] == "domain_taken"

        def refused(answer, code="domain_in_use", what=None):
            assert answer.json()["code"] == code, answer.body
            assert {(one["kind"], one["name"]) for one in answer.json()["in_the_way"]} == (what or carried), answer.body
            assert all(one["association"] == "depart" and one["advice"] in answer.json()["detail"] for one in answer.json()["in_the_way"]), answer.body
        refused(call("PATCH", "/arrivee", {"domains": ["part.test"], "move_domains": True}, 409))
        # The file says the same, and what it would have changed besides is not done either.
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "moved.yaml")
            for first, second in (("depart", "arrivee"), ("arrivee", "depart")):
                part = {"depart": "  - {slug: depart, name: Autre nom, domains: []}\n", "arrivee": "  - {slug: arrivee, name: Arrivée, domains: [part.test]}\n"}
                file.write_text("version: 1\nassociations:\n" + part[first] + part[second])
                done = self.house.hameau("apply", str(file), check=False)
                assert done.returncode == 65 and all(name in done.stderr for _, name in carried), (done.returncode, done.stdout, done.stderr)
            assert call("GET", "/depart", None, 200).json()["domains"] == ["part.test"]
            assert call("GET", "/depart", None, 200).json()["name"] == "Départ"
            # Given up by itself: nothing is lost, and nobody else gets it.
            refused(call("PATCH", "/depart", {"domains": []}, 409), "domain_still_used")
            file.write_text("version: 1\nassociations:\n  - {slug: depart, name: Départ, domains: []}\n")
            done = self.house.hameau("apply", str(file), check=False)
            assert done.returncode == 65 and all(name in done.stderr for _, name in carried), (done.returncode, done.stdout, done.stderr)
            assert self.house.hameau("apply", str(file), "--give-up").returncode == 0
            assert call("GET", "/depart", None, 200).json()["domains"] == []
            refused(call("PATCH", "/arrivee", {"domains": ["part.test"]}, 409))
            refused(call("POST", "", {"slug": "tierce", "name": "Tierce", "domains": ["part.test"]}, 409))
            call("PATCH", "/depart", {"domains": ["part.test"]}, 200)
            self.enters_everywhere("luc", "luc@part.test", "luc-secret-words")
            for path in ("/depart/aliases/info@part.test", "/depart/groups/bureau", "/depart/mailboxes/luc@part.test"):
                call("DELETE", path, None, 204)
            self.ok(admin.call("DELETE", "/api/v1/sites/www.part.test"), 204)
            refused(call("PATCH", "/arrivee", {"domains": ["part.test"], "move_domains": True}, 409),
                    what={("mailbox_bin", "luc@part.test"), ("site_bin", "www.part.test")})
            call("DELETE", "/depart/mailboxes/luc@part.test?purge=1", None, 204)
            self.ok(admin.call("DELETE", "/api/v1/sites/www.part.test?purge=1"), 204)
            file.write_text("version: 1\nassociations:\n" + part["arrivee"] + part["depart"])
            assert self.house.hameau("apply", str(file)).returncode == 0
        assert call("GET", "/arrivee", None, 200).json()["domains"] == ["part.test"]
        assert call("GET", "/depart", None, 200).json()["domains"] == []
        call("POST", "/arrivee/members", {"login": "lucie", "name": "Lucie", "mailbox": "luc@part.test", "password": "lucie-secret-words"}, 201)
        self.enters_everywhere("lucie", "luc@part.test", "lucie-secret-words")
        # Of two domains that a host is in, the longer one decides whose it is.
        call("PATCH", "/depart", {"domains": ["bas.part.test"]}, 200)
        assert call("POST", "/arrivee/sites", {"host": "www.bas.part.test"}, 422).json()["errors"][0]["code"] == "host_others"
        call("POST", "/depart/sites", {"host": "www.bas.part.test"}, 201)

    def test_a_domain_in_letters(self):
        """Typed in letters by file, command and page; kept as A-labels; shown in letters; mail is delivered, the site is served."""
        domain, kept = "brest-été.example", "xn--brest-t-gyab.example"
        admin = self.house.visitor().sign_in("annick", "annick-secret-words")
        call = lambda method, path, body, status: self.ok(admin.call(method, "/api/v1/associations" + quote(path), body), status).json()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "letters.yaml")
            file.write_text("version: 1\nassociations:\n  - slug: brest\n    name: L'été à Brest\n    domains: [Brest-Été.example]\n    members:\n"
                            "      - {login: gwen, name: Gwen, password: gwen-secret-words, mailbox: gwen@brest-été.example}\n")
            first = self.house.hameau("apply", str(file)).stdout
            assert "mailbox gwen@" + domain in first or "member brest/gwen" in first, first
            assert "xn--" not in first and "Nothing to change." in self.house.hameau("apply", str(file)).stdout
            file.write_text(self.house.hameau("show").stdout)
            assert "xn--" not in file.read_text() and f"domains: [{domain}]" in file.read_text(), file.read_text()
            assert not [line for line in self.house.hameau("apply", str(file)).stdout.splitlines() if line[:1] in "+-~"]
            assert call("GET", "/brest", None, 200)["domains"] == [kept]
            # The page gives on what was typed, in paths too.
            assert call("POST", "/brest/aliases", {"address": "Contact@Brest-Été.example", "to": ["gwen@brest-e\u0301te\u0301.example"]}, 201)["to"] == ["gwen@" + kept]
            assert call("PATCH", f"/brest/aliases/contact@{domain}", {"may_send": True}, 200)["address"] == "contact@" + kept
            assert "contact@" + domain in self.house.hameau("alias", "list", "brest").stdout
            assert "contact@" + kept in self.house.hameau("alias", "list", "brest", "--json").stdout
            assert call("POST", "/brest/aliases", {"address": f"contact@{domain}", "to": ["gwen@" + kept]}, 409)["code"]
            call("POST", "/brest/aliases", {"address": "l'été@" + domain, "to": ["gwen@" + kept]}, 422)
            call("POST", "/brest/sites", {"host": "l'été.brest-été.example"}, 422)
            self.house.visitor().sign_in("gwen@" + domain, "gwen-secret-words")
            # A mail program knows A-labels.
            self.enters_everywhere("gwen", "gwen@" + kept, "gwen-secret-words")
            with smtplib.SMTP("127.0.0.1", self.house.ports["smtp"], timeout=30) as smtp:
                smtp.sendmail("ami@ailleurs.example", ["contact@" + kept], "Subject: En toutes lettres\r\n\r\nBonjour.\r\n")
            wait_mail("En toutes lettres", login="gwen", password="gwen-secret-words")
            Path(folder, "index.html").write_text(PLAIN_PAGE)
            file.unlink()
            self.house.hameau("site", "add", "brest", "www." + domain)
            deployed = self.house.hameau("site", "deploy", "www." + domain, folder)
            assert "xn--" not in deployed.stdout + deployed.stderr, deployed
            assert "Bonjour" in self.ok(self.house.visitor(host="www." + kept).call("GET", "/")).body.decode()
            assert "www." + domain in self.house.hameau("site", "list", "brest").stdout
            self.house.hameau("alias", "remove", "brest", "contact@" + domain)


def tests(house):
    """The tests in order, with a description as their name."""
    borders = Borders(house)
    return [getattr(borders, name) for name in vars(Borders) if name.startswith("test_")]
