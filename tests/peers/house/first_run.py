"""A new house as the package leaves it: no host name. From the first page on another computer to mail on its own name."""
import contextlib
import imaplib
import json
import os
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

from common import house, ok, wait_until
from house import Visitor
from production_house import NewHouse

ADDRESS, NEIGHBOUR, PUBLIC, STRANGER = "192.168.77.1", "192.168.77.2", "203.0.113.1", "203.0.113.9"
HOST = "maison.example.org"
FIRST = {"house": "La maison du Bourg", "host": HOST, "language": "fr", "login": "annick", "name": "Annick Riou",
         "password": "annick-secret-words", "association": {"slug": "amis", "name": "Les Amis", "domains": ["amis.example.org"]}}
OUTSIDE = r"""
import http.client, json, ssl, sys
wanted = json.load(sys.stdin)
context = ssl._create_unverified_context()
make = (lambda: http.client.HTTPSConnection(wanted["address"], wanted["port"], timeout=20, context=context)) if wanted["tls"] else (
        lambda: http.client.HTTPConnection(wanted["address"], wanted["port"], timeout=20))
connection = make()
body = json.dumps(wanted["body"]) if wanted["body"] is not None else None
headers = {"Content-Type": "application/json"} if body else {}
if wanted["method"] != "GET":
    headers["Origin"] = "https://%s:%d" % (wanted["address"], wanted["port"])
connection.request(wanted["method"], wanted["path"], body, {**headers, **wanted["headers"]})
answer = connection.getresponse()
print(json.dumps({"status": answer.status, "headers": {k.lower(): answer.headers.get_all(k)[0] for k in answer.headers.keys()}, "text": answer.read().decode("utf-8", "replace")}))
"""


def run(*words):
    subprocess.run(words, check=True, capture_output=True)


class Outside:
    """Another network namespace behind a cable: a computer of the same network, and a stranger of the internet."""

    def __enter__(self):
        self.process = subprocess.Popen(["unshare", "-n", "sleep", "600"])
        wait_until(lambda: Path(f"/proc/{self.process.pid}/ns/net").stat().st_ino != Path("/proc/self/ns/net").stat().st_ino)
        run("ip", "link", "add", "hameau0", "type", "veth", "peer", "name", "lan0", "netns", str(self.process.pid))
        for address in (ADDRESS, PUBLIC):
            run("ip", "address", "add", f"{address}/24", "dev", "hameau0")
        run("ip", "link", "set", "hameau0", "up")
        for address in (NEIGHBOUR, STRANGER):
            self.run("ip", "address", "add", f"{address}/24", "dev", "lan0")
        self.run("ip", "link", "set", "lan0", "up")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        subprocess.run(["ip", "link", "delete", "hameau0"], capture_output=True)

    def run(self, *words, input=None):
        done = subprocess.run(["nsenter", "-t", str(self.process.pid), "-n", *words], input=input, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def ask(self, port, path, method="GET", body=None, address=ADDRESS, tls=True, **headers):
        """By the address of the same network, or by the public one: the system then uses the stranger's own address."""
        wanted = {"address": address, "port": port, "tls": tls, "path": path, "method": method, "body": body, "headers": headers}
        answer = json.loads(self.run("python3", "-c", OUTSIDE, input=json.dumps(wanted)))
        return answer


@contextlib.contextmanager
def new_house(offset, **more):
    with Outside() as outside:
        other = NewHouse(house.ports["https"] + offset, **more)
        try:
            yield other.start(), outside
        finally:
            other.stop()
            other.remove()


def setup_of(other):
    return json.loads(other.hameau("setup", "--json").stdout)


def plain_pages_hold_no_secret(other, outside, shown):
    port = other.ports["http"]
    page = outside.ask(port, "/any/thing", tls=False, **{"Accept-Language": "fr"})
    assert page["status"] == 200 and f"https://{ADDRESS}:{other.ports['https']}/setup" in page["text"], page
    assert "Votre navigateur va vous avertir" in page["text"] and page["headers"]["cache-control"] == "no-store", page
    token = shown["links"][0].split("#")[1]
    for secret in (token, shown["code"], shown["code"].replace("-", "")):
        assert secret not in page["text"]
    english = outside.ask(port, "/", tls=False, **{"Accept-Language": "en"})
    assert "Your browser will warn you once" in english["text"]
    assert outside.ask(port, "/api/v1/setup", "POST", {**FIRST, "token": token}, tls=False)["status"] == 405
    assert outside.ask(port, "/", address=PUBLIC, tls=False)["status"] == 421, "a stranger was told that nobody has set it up"
    logs = other.tail() + Path(other.log.name).read_text(errors="replace")
    assert token not in logs and shown["code"] not in logs, "a secret in a log"
    assert f"https://{ADDRESS}:{other.ports['https']}/setup" in logs and "house.waiting" in logs


def only_the_set_up_answers(other, outside, shown):
    port = other.ports["https"]
    assert json.loads(outside.ask(port, "/api/v1/setup")["text"]) == {"needed": True, "host_needed": True}
    home = outside.ask(port, "/")
    assert (home["status"], home["headers"].get("location")) == (302, "/setup"), home
    assert outside.ask(port, "/setup")["status"] == 200
    assert "strict-transport-security" not in home["headers"]
    for method, path in (("GET", "/api/v1/associations"), ("POST", "/api/v1/session"), ("GET", "/api/v1/status"), ("POST", "/api/v1/recovery")):
        refused = outside.ask(port, path, method, {} if method == "POST" else None)
        assert refused["status"] == 503 and json.loads(refused["text"])["code"] == "not_set_up", (path, refused)
    for path in ("/api/v1/setup/secret", "/api/v1/setup/host"):
        assert outside.ask(port, path, "POST", {"host": "evil.example.org"})["status"] == 403
    status = other.status()
    assert not {"postfix", "dovecot", "milter"} & {process["name"] for process in status["processes"]}, status
    mail = next(service for service in status["services"] if service["name"] == "mail")
    assert mail["state"] == "off: the house has no host name yet (hameau setup)", mail


def probes_speak(other, outside, shown):
    """In the reader's language, bounded in time: this namespace has no DNS at all."""
    port, token = other.ports["https"], shown["links"][0].split("#")[1]
    assert outside.ask(port, "/api/v1/setup/checks", "POST", {"host": HOST})["status"] == 403
    assert outside.ask(port, "/api/v1/setup/checks", "POST", {"token": token, "host": "a b"})["status"] == 422
    begin = time.time()
    answer = outside.ask(port, "/api/v1/setup/checks", "POST", {"token": token, "host": HOST}, **{"Accept-Language": "en"})
    assert answer["status"] == 200 and time.time() - begin < 15, (answer, time.time() - begin)
    found = json.loads(answer["text"])
    checks = {check["id"]: check for check in found["checks"]}
    assert set(checks) >= {"name", "network", "mail", "disk", "memory", "clock"} and ADDRESS in found["addresses"], found
    assert checks["name"]["state"] == "unknown" and checks["mail"]["state"] == "fine", checks
    assert checks["network"]["text"] == f"This machine is on the internet, at {PUBLIC}." or ADDRESS in checks["network"]["text"], checks
    assert all(not check["text"].startswith("probe_") for check in checks.values()), checks
    listener = socket.create_server(("0.0.0.0", other.ports["smtp"]))
    with listener:
        again = json.loads(outside.ask(port, "/api/v1/setup/checks", "POST", {"token": token}, **{"Accept-Language": "fr"})["text"])
    mail = next(check for check in again["checks"] if check["id"] == "mail")
    assert mail["state"] == "broken" and str(other.ports["smtp"]) in mail["text"] and "systemctl disable" in mail["advice"], mail
    assert "name" not in {check["id"] for check in again["checks"]}, "no name was asked about"


def code_of(answer):
    return json.loads(answer["text"]).get("code")


def guesses_are_slowed_down(other, outside, shown):
    port = other.ports["https"]
    far = outside.ask(port, "/api/v1/setup", "POST", {**FIRST, "token": shown["code"]}, address=PUBLIC)
    assert (far["status"], code_of(far)) == (403, "setup_far"), far
    answers = [outside.ask(port, "/api/v1/setup", "POST", {**FIRST, "token": "BABA-BABA"}) for _ in range(6)]
    assert [answer["status"] for answer in answers[:5]] == [403] * 5 and answers[5]["status"] == 429, answers
    wrong = outside.ask(port, "/api/v1/setup", "POST", {**FIRST, "token": "a" * 52})
    assert (wrong["status"], code_of(wrong)) == (403, "setup_token"), wrong


def says_its_name(port, host):
    with contextlib.suppress(OSError, smtplib.SMTPException):
        with smtplib.SMTP("127.0.0.1", port, timeout=3) as smtp:
            return host.encode() in smtp.ehlo("x.example")[1]
    return False


def test_a_new_house_waits_and_is_set_up_from_another_computer():
    with new_house(860) as (other, outside):
        settings = other.configuration.read_bytes()
        shown = setup_of(other)
        assert shown["needed"] and shown["host_needed"] and shown["host"] == "", shown
        assert any(link.startswith(f"https://{ADDRESS}:{other.ports['https']}/setup#") for link in shown["links"]), shown
        assert setup_of(other) == shown, "a second look takes nothing away from the first"
        plain_pages_hold_no_secret(other, outside, shown)
        only_the_set_up_answers(other, outside, shown)
        der = ssl.PEM_cert_to_DER_cert(Path(other.state, "tls", "default.pem").read_text().split("-----BEGIN PRIVATE")[0])
        import hashlib
        assert shown["fingerprint"].replace(":", "").lower() == hashlib.sha256(der).hexdigest()
        probes_speak(other, outside, shown)
        guesses_are_slowed_down(other, outside, shown)

        port, token = other.ports["https"], shown["links"][0].split("#")[1]
        for host in ("", "maison", "a b.example.org"):
            assert outside.ask(port, "/api/v1/setup", "POST", {**FIRST, "token": token, "host": host})["status"] == 422, host
        swallowed = {**FIRST["association"], "domains": [HOST]}
        assert outside.ask(port, "/api/v1/setup", "POST", {**FIRST, "token": token, "association": swallowed})["status"] == 422
        made = outside.ask(port, "/api/v1/setup", "POST", {**FIRST, "token": token})
        assert made["status"] == 201 and "__Host-hameau" in made["headers"]["set-cookie"], made
        cookie = made["headers"]["set-cookie"].split(";")[0]
        # Without a second command: everything runs under the name, the mail engines too.
        wait_until(lambda: says_its_name(other.ports["smtp"], HOST), 60)
        other.wait_state("gate", ("ready",))
        assert Path(other.state, "host").read_text() == HOST + "\n" and not Path(other.state, "waiting").exists()
        assert other.configuration.read_bytes() == settings, "the admin's file was touched"
        context = ssl.create_default_context(cafile=other.ready["ca"])
        other.host = HOST
        answer = ok(Visitor(other).call("GET", "/api/v1/session", headers={"Cookie": cookie}))
        assert answer.json()["login"] == "annick" and context
        # From the same network the house answers by its address too, while no DNS knows the name; to a stranger it does not.
        near = outside.ask(port, "/api/v1/session", Cookie=cookie)
        assert near["status"] == 200 and "needed" in outside.ask(port, "/api/v1/setup")["text"], near
        assert outside.ask(port, "/api/v1/setup", address=PUBLIC)["status"] == 421
        moved = outside.ask(other.ports["http"], "/x", tls=False)
        assert (moved["status"], moved["headers"]["location"]) == (308, f"https://{ADDRESS}:{port}/x"), moved
        again = outside.ask(port, "/api/v1/setup", "POST", {**FIRST, "token": token})
        assert (again["status"], code_of(again)) == (409, "setup_done"), again
        shown = setup_of(other)
        assert not shown["needed"] and shown["links"] == [] and shown["code"] == "", shown
        assert other.hameau("setup", "--host", "autre.example.org", check=False).returncode == 65

        # The settings file wins over what the set-up chose; without the line the choice is back.
        text = other.configuration.read_text()
        other.configuration.write_text(text.replace("house:\n", "house:\n  host: autre.example.org\n"))
        other.stop()
        other.start()
        wait_until(lambda: says_its_name(other.ports["smtp"], "autre.example.org"), 60)
        assert "house.host_of_file" in Path(other.log.name).read_text(errors="replace")
        other.configuration.write_text(text)
        other.stop()
        other.start()
        wait_until(lambda: says_its_name(other.ports["smtp"], HOST), 60)


def unattended_file(folder, text=None):
    path = Path(folder, "first.yaml")
    Path(folder, "password.txt").write_text("annick-secret-words\n")
    path.write_text(text or f"""version: 1
house: {{name: La maison du Bourg, host: {HOST}, language: fr}}
admin: {{login: annick, name: Annick Riou, password_file: password.txt}}
association: {{slug: amis, name: Les Amis, domains: [amis.example.org]}}
""")
    return path


def the_engines_know_the_accounts(other):
    """hameau-mail made its databases while the house waited and there were no engines: Dovecot reads the accounts all the same, Postfix the
    addresses."""
    other.hameau("mailbox", "add", "amis", "courrier@amis.example.org", "annick")
    wait_until(lambda: signs_in_by_imap(other, "courrier@amis.example.org", "annick-secret-words"), 20)
    with smtplib.SMTP("127.0.0.1", other.ports["smtp"], timeout=20) as smtp:
        smtp.ehlo("client.example.net")
        smtp.mail("")  # no DNS knows a domain here
        code, said = smtp.rcpt("personne@amis.example.org")
        # Unknown, which Postfix reads in mail.db; 451 were a table that it cannot open.
        assert code == 550 and b"5.1.1" in said, (code, said)


def signs_in_by_imap(other, login, password):
    try:
        imap = imaplib.IMAP4_SSL("127.0.0.1", other.ports["imaps"], ssl_context=ssl._create_unverified_context(), timeout=20)
        imap.login(login, password)
        imap.logout()
        return True
    except (imaplib.IMAP4.error, OSError):
        return False


def test_a_house_is_set_up_from_a_file():
    folder = tempfile.mkdtemp(prefix="hameau-unattended-")
    with new_house(900) as (other, _outside):
        path = unattended_file(folder)
        good = path.read_text()
        wrong = unattended_file(folder, good.replace("slug: amis", "slug: amis, quota: 5 GiB").replace("language: fr", "language: de"))
        refused = other.hameau("setup", "--unattended", str(wrong), check=False)
        assert refused.returncode == 78 and "association.quota" in refused.stderr and "house.language" in refused.stderr, refused
        weak = unattended_file(folder, good)
        Path(folder, "password.txt").write_text("123\n")
        refused = other.hameau("setup", "--unattended", str(weak), check=False)
        assert refused.returncode == 65 and "Nothing was changed" in refused.stderr and setup_of(other)["needed"], refused
        unattended_file(folder, good)
        begin = time.time()
        first = other.hameau("setup", "--unattended", str(path), "--json")
        assert json.loads(first.stdout) == {"changed": True, "host": HOST}, first
        print(f"     set up and running under its name after {time.time() - begin:.1f} s")
        assert says_its_name(other.ports["smtp"], HOST), "it said that it runs"
        second = other.hameau("setup", "--unattended", str(path), "--json")
        assert json.loads(second.stdout) == {"changed": False, "host": HOST}, second
        moved = unattended_file(folder, good.replace(HOST, "autre.example.org"))
        assert other.hameau("setup", "--unattended", str(moved), check=False).returncode == 65
        other.host = HOST
        visitor = Visitor(other).sign_in("annick", "annick-secret-words")
        assert ok(visitor.call("GET", "/api/v1/session")).json()["admin"] is True
        the_engines_know_the_accounts(other)
        # A house that is in use does not go back to waiting because its name went from the settings: it goes on as before.
        os.remove(Path(other.state, "host"))
        other.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "house.host is gone from the settings" in Path(other.log.name).read_text(errors="replace"), 30)
        assert says_its_name(other.ports["smtp"], HOST)
        assert ok(visitor.call("GET", "/api/v1/session")).json()["admin"] is True
        assert not Path(other.state, "waiting").exists(), "who signs in on the machine is told that it waits"
