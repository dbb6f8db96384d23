#!/usr/bin/env python3
"""kill -9 of each process in turn, of hameaud itself, a second start, orphans, a house without root."""
import ctypes
import http.client
import imaplib
import io
import json
import os
import shutil
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from email.message import EmailMessage
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from house import ROOT, House, house_processes, main, port_is_free  # noqa: E402

CONTENT = ROOT / "tests" / "support" / "content.yaml"
MIB = 1 << 20
BACK_SECONDS = {"postfix": 5.0}
NAMES = ["people", "sites", "pads", "mail", "milter", "dovecot", "postfix", "gate"]


class Loop(threading.Thread):
    """Requests one thing again and again; remembers what failed and when."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self.work, self.failures, self.count, self.ending = work, [], 0, False

    def run(self):
        while not self.ending:
            try:
                self.work()
                self.count += 1
            except Exception as problem:
                self.failures.append((time.time(), repr(problem)))
            time.sleep(0.02)

    def finish(self):
        self.ending = True
        self.join(20)
        return self


def site_page(house):
    answer = house.visitor(host="amis.test").call("GET", "/")
    assert answer.status == 200, answer.status


class Writer:
    """A stock provider that writes on a pad all the while; at the end every letter must be on the disk."""

    def __init__(self, house):
        marie = house.visitor().sign_in("marie", "marie-secret-words")
        pads = marie.call("GET", "/api/v1/associations/amis/pads").json()["items"]
        cookies = "; ".join(f"{name}={value}" for name, value in marie.cookies.items())
        self.process = subprocess.Popen(
            ["node", str(ROOT / "tests/faults/house/writer.mjs"), "--room", pads[0]["id"], "--ca", house.ready["ca"],
             "--base", f"wss://localhost:{house.ports['https']}/api/v1/pads/ws", "--cookie", cookies],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n", "the pad's writer did not get in"

    def finish(self):
        out, _ = self.process.communicate("", timeout=60)
        assert self.process.returncode == 0, "what was written was never said to be saved"
        return json.loads(out.splitlines()[-1])


def kill_one(house, name):
    before = house.process_of(name)
    if not before or before["state"] != "ready":
        return f"{name} is {before and before['state']}"
    writer = Writer(house)
    page = Loop(lambda: site_page(house))
    portal = Loop(lambda: _ok(house.visitor().call("GET", "/api/v1/house")))
    page.start()
    portal.start()
    time.sleep(0.3)
    os.kill(before["pid"], signal.SIGKILL)
    killed = time.time()
    after = house.wait_restarted(before)
    took = time.time() - killed
    time.sleep(0.5)
    page.finish()
    portal.finish()
    pad = writer.finish()
    assert pad["found"] == pad["written"] and pad["own"] > 10, pad
    if name not in ("gate", "pads", "people"):
        assert pad["reconnects"] == 0, f"the pad's connection broke while {name} was killed: {pad}"
    assert after["state"] == "ready" and after["pid"] != before["pid"], f"{name} did not come back: {after}"
    assert took <= BACK_SECONDS.get(name, 2.0) + 0.3, f"{name} took {took:.1f} s"
    assert page.count > 5 and portal.count > 5
    if name != "gate":
        assert not page.failures, f"site pages failed while {name} was killed: {page.failures[:3]}"
    else:
        # A request in flight is lost with the gate; those that wait in the listener are not.
        assert len(page.failures) <= 2 and len(portal.failures) <= 2, (page.failures, portal.failures)
    if name not in ("gate", "people"):
        assert not portal.failures, f"portal calls failed while {name} was killed: {portal.failures[:3]}"
    return None


def _ok(answer):
    assert answer.status == 200, answer.status


def test_kill_each_process():
    settings = [f"{name}.idle_stop=0" for name in ("people", "sites", "pads", "mail")]
    with House(apply=[CONTENT], settings=settings) as house:
        problems = []
        for name in NAMES:
            if name == "postfix" and os.geteuid() != 0:
                continue
            try:
                problem = kill_one(house, name)
            except AssertionError as failed:
                problem = str(failed)
            if problem:
                problems.append(problem)
        assert not problems, problems


def test_kill_hameaud_and_start_again():
    house = House(apply=[CONTENT])
    try:
        house.start()
        marie = house.visitor().sign_in("marie", "marie-secret-words")
        answer = marie.call("POST", "/api/v1/associations/amis/pads", {"slug": "after-kill", "title": "Reste"})
        assert answer.status == 201, answer.body
        os.kill(house.ready["pid"], signal.SIGKILL)
        house.process.wait(5)
        deadline = time.time() + 8
        while time.time() < deadline and (house_processes(house.state) or not port_is_free(house.ports["https"])):
            time.sleep(0.1)
        left = house_processes(house.state)
        assert not left, f"processes are left: {[Path(f'/proc/{p}/cmdline').read_bytes() for p in left if Path(f'/proc/{p}').exists()]}"
        for name, port in house.ports.items():
            assert port_is_free(port), f"port {name} is held"
        house.apply = []
        house.start()
        pads = house.visitor().sign_in("marie", "marie-secret-words").call("GET", "/api/v1/associations/amis/pads").json()
        assert "after-kill" in [pad["slug"] for pad in pads["items"]]
        site_page(house)
    finally:
        house.stop()
        house.remove()


def zipped(text):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("index.html", f"<!doctype html><html lang=fr><title>A</title><p>{text}</p></html>")
    return memory.getvalue()


class Keeper(Loop):
    """Makes pads, members and versions of the site; what the house said is saved stands in `said`."""

    def __init__(self, house):
        super().__init__(self.step)
        self.visitor, self.said = house.visitor().sign_in("marie", "marie-secret-words"), []

    def step(self):
        number = len(self.said)
        pad = self.visitor.call("POST", "/api/v1/associations/amis/pads", {"slug": f"coupure-{number}", "title": "x"})
        member = self.visitor.call("POST", "/api/v1/associations/amis/members", {"login": f"coupure{number}", "name": "Coupure"})
        deploy = self.visitor.call("POST", "/api/v1/sites/amis.test/deploys", raw=zipped(f"version {number}"),
                                   headers={"Content-Type": "application/zip"})
        assert (pad.status, member.status, deploy.status) == (201, 201, 201), (pad.body, member.body, deploy.body)
        self.said.append((f"coupure-{number}", f"coupure{number}", deploy.json()["number"]))


def test_a_power_cut_keeps_what_was_said_saved():
    """A copy of the state as it stands at one moment of writing, started elsewhere: two moments."""
    house, copies = House(apply=[CONTENT]), []
    try:
        house.start()
        keeper = Keeper(house)
        keeper.start()
        for moment in range(2):
            while len(keeper.said) < 2 * (moment + 1):
                assert keeper.is_alive() and not keeper.failures, keeper.failures
                time.sleep(0.01)
            said = list(keeper.said)
            processes = house_processes(house.state)
            for pid in processes:  # the same moment for all files
                os.kill(pid, signal.SIGSTOP)
            copy = tempfile.mkdtemp(prefix="hameau-cut-")
            subprocess.run(["cp", "-a", f"{house.state}/.", copy], check=True)
            for pid in processes:
                os.kill(pid, signal.SIGCONT)
            copies.append((copy, said))
        keeper.finish()
    finally:
        house.stop()
        house.remove()
    for copy, said in copies:
        with House(state=copy) as after:
            marie = after.visitor().sign_in("marie", "marie-secret-words")
            pads = {pad["slug"] for pad in everything(marie, "/api/v1/associations/amis/pads")}
            members = {member["login"] for member in everything(marie, "/api/v1/associations/amis/members")}
            live = marie.call("GET", "/api/v1/associations/amis/sites").json()["items"][0]["live"]
            for pad, login, number in said:
                assert pad in pads and login in members, (pad, login, pads, members)
            number = live["number"] if isinstance(live, dict) else live
            assert number >= said[-1][2], (live, said[-1])
            site_page(after)
            assert "module.database_checked" in Path(copy, "log", "people.log").read_text(), "it did not notice the cut"
        shutil.rmtree(copy, ignore_errors=True)


def everything(visitor, path):
    items, after = [], ""
    while True:
        page = visitor.call("GET", f"{path}?limit=100{after}").json()
        items += page["items"]
        if not page.get("next"):
            return items
        after = f"&after={page['next']}"


def test_a_damaged_database_is_answered_at_once():
    """Whoever asks a service that crashes again and again is not left waiting: its listener goes on taking connections."""
    with House(apply=[CONTENT], settings=["mail.enabled=false"]) as house:
        marie = house.visitor().sign_in("marie", "marie-secret-words")
        with sqlite3.connect(os.path.join(house.state, "people", "people.db")) as database:
            database.execute("PRAGMA foreign_keys = off")
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'").fetchall():
                database.execute(f"DROP TABLE {name}")
        database.close()
        paths = ["/api/v1/associations/amis/members", "/api/v1/session", "/api/v1/house", "/api/v1/associations/amis/pads"]
        for path in paths * 3:
            answer = marie.call("GET", path)  # the visitor's own patience is 30 s
            assert answer.status in (500, 503, 507), (path, answer.status, answer.body)
            assert json.loads(answer.body)["detail"], answer.body
        house.wait_state("people", ("failing",))
        assert "hameau logs people" in house.process_of("people")["status"] or house.process_of("people")["state"] != "failing"
        site_page(house)


def test_sigterm_leaves_nothing():
    house = House(apply=[CONTENT]).start()
    try:
        begin = time.time()
        code = house.stop()
        assert time.time() - begin < 10 and code == 0, (time.time() - begin, code)
        assert not house_processes(house.state)
        for name, port in house.ports.items():
            assert port_is_free(port), name
    finally:
        house.remove()


def test_second_start_on_one_folder_is_refused():
    with House() as house:
        second = House(state=house.state, base_port=house.ports["https"] + 100)
        try:
            second.start(wait=20)
            raise AssertionError("it started twice")
        except RuntimeError as refused:
            assert "already runs" in str(refused), str(refused)[-500:]
        _ok(house.visitor().call("GET", "/api/v1/house"))


def test_without_root():
    if os.geteuid() != 0:
        return
    state = tempfile.mkdtemp(prefix="hameau-user-")
    os.chown(state, 65534, 65534)
    house = House(apply=[CONTENT], state=state, as_user=65534)
    try:
        house.start()
        services = house.ready["services"]
        assert services["mail"] == "off: Postfix needs root", services
        assert {services[n] for n in ("people", "sites", "pads")} == {"ready"}, services
        house.visitor().sign_in("marie", "marie-secret-words")
        site_page(house)
        status = house.status()
        assert "own uids" not in status["walls"], status["walls"]
    finally:
        house.stop()
        shutil.rmtree(state, ignore_errors=True)


class SlowLine(threading.Thread):
    """Reads an export of 4 MB over 512 kbit/s, in a house of its own beside the other tests: it takes more than a minute."""
    bytes_per_second = 512_000 // 8
    text_bytes = 4_200_000

    def __init__(self):
        super().__init__(daemon=True)
        self.whole = self.slow = self.seconds = self.problem = None
        self.begun = threading.Event()  # the house has its ports: another one may look for free ones

    def run(self):
        try:
            with House(apply=[CONTENT]) as house:
                self.begun.set()
                self.read(house)
        except Exception as problem:
            self.problem = repr(problem)
        finally:
            self.begun.set()

    def read(self, house):
        marie = house.visitor().sign_in("marie", "marie-secret-words")
        paragraph = "Une ligne du compte rendu, et encore des mots. " * 20
        text = "\n\n".join([paragraph] * (self.text_bytes // len(paragraph)))
        made = marie.call("POST", "/api/v1/associations/amis/pads/import?format=markdown&slug=long", raw=text.encode(),
                          headers={"Content-Type": "text/markdown"})
        assert made.status == 201, (made.status, made.body[:500])
        path = f"/api/v1/pads/{made.json()['id']}/export?format=text"
        self.whole = marie.call("GET", path).body
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)  # else the kernel takes a good part of it at once
        line.connect(("127.0.0.1", house.ports["https"]))
        connection = http.client.HTTPConnection("localhost")
        connection.sock = house.tls().wrap_socket(line, server_hostname="localhost")
        begin, pieces = time.time(), []
        connection.request("GET", path, headers={"Host": f"localhost:{house.ports['https']}",
                                                 "Cookie": "; ".join(f"{name}={value}" for name, value in marie.cookies.items())})
        answer = connection.getresponse()
        taken = 0
        while piece := answer.read(4096):
            pieces.append(piece)
            taken += len(piece)
            time.sleep(max(0.0, begin + taken / self.bytes_per_second - time.time()))
        self.slow, self.seconds = b"".join(pieces), time.time() - begin
        connection.close()


SLOW_LINE = SlowLine()


def test_a_long_answer_arrives_whole_over_a_slow_line():
    if not SLOW_LINE.is_alive() and SLOW_LINE.ident is None:
        SLOW_LINE.start()
    SLOW_LINE.join(240)
    assert SLOW_LINE.problem is None and SLOW_LINE.slow is not None, SLOW_LINE.problem
    assert len(SLOW_LINE.whole) > 4_000_000 and SLOW_LINE.slow == SLOW_LINE.whole, (len(SLOW_LINE.slow), len(SLOW_LINE.whole))
    assert SLOW_LINE.seconds > 60, f"not slow: {SLOW_LINE.seconds:.1f} s"


def own_mounts():
    """A mount namespace for this process and what it starts: what is mounted is gone with them."""
    clone_newns = 0x00020000
    assert ctypes.CDLL(None, use_errno=True).unshare(clone_newns) == 0, os.strerror(ctypes.get_errno())
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


def fill(file, leave):
    disk = os.statvfs(file.parent)
    with open(file, "wb") as out:
        os.posix_fallocate(out.fileno(), 0, disk.f_bavail * disk.f_frsize - leave)


def site_zip(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def send_mail(house, subject):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "marie.legoff@amis.test", "yann.kervella@amis.test", subject
    message.set_content("Bonjour Yann.\n")
    with smtplib.SMTP("127.0.0.1", house.ports["submission"], timeout=30) as smtp:
        smtp._host = "localhost"
        smtp.starttls(context=house.tls())
        smtp.login("marie.legoff@amis.test", "marie-secret-words")
        smtp.send_message(message)


def mail_arrived(house, subject, seconds=30):
    deadline = time.time() + seconds
    while time.time() < deadline:
        with imaplib.IMAP4_SSL("localhost", house.ports["imaps"], ssl_context=house.tls()) as imap:
            imap.login("yann.kervella@amis.test", "yann-secret-words")
            imap.select("INBOX")
            if imap.search(None, "SUBJECT", f'"{subject}"')[1][0]:
                return True
        time.sleep(0.2)
    return False


def nothing_half_done(house):
    sites = Path(house.state, "sites")
    return not any((sites / "staging").iterdir()) and not list(Path(house.state, "pads", "images").rglob("*"))


def test_a_small_disk_keeps_its_last_bytes_for_mail():
    """Above the floor of free disk only mail is taken; when there is room again all goes on in the same processes."""
    if os.geteuid() != 0:
        return
    own_mounts()
    state = tempfile.mkdtemp(prefix="hameau-small-disk-")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=240m,mode=755", "tmpfs", state], check=True)
    floor = 240 * MIB // 20  # a twentieth of a small disk
    house = House(apply=[CONTENT], state=state, settings=["mail.limits.message_max=4 MiB", "sites.idle_stop=0", "pads.idle_stop=0"])
    try:
        house.start()
        marie = house.visitor().sign_in("marie", "marie-secret-words")
        pad = marie.call("GET", "/api/v1/associations/amis/pads").json()["items"][0]["id"]
        zipped = {"Content-Type": "application/zip"}
        deploys, images, imports = "/api/v1/sites/amis.test/deploys", f"/api/v1/pads/{pad}/images", "/api/v1/associations/amis/pads/import"
        deploy = lambda content: marie.call("POST", deploys, raw=site_zip(content), headers=zipped)
        page = b"<!doctype html><html lang=fr><title>Nous</title><h1>Nous</h1>"
        export = lambda: marie.call("GET", f"/api/v1/pads/{pad}/export?format=text").body
        assert deploy({"index.html": page}).status == 201
        text, before = export(), {name: house.process_of(name)["pid"] for name in ("sites", "pads", "gate", "people")}
        picture = (ROOT / "tests/unit/pads/images/photo.jpg").read_bytes()
        ballast = Path(state, "ballast")

        # An archive that grows: its unpacker is stopped at the floor, and what it wrote is gone.
        fill(ballast, floor + 20 * MIB)
        block = os.urandom(12000)
        grown = deploy({"index.html": page, "large.bin": block * (48 * MIB // len(block))})
        assert grown.status == 507 and grown.json()["code"] == "disk_floor", (grown.status, grown.body)
        assert nothing_half_done(house)
        ballast.unlink()

        fill(ballast, floor + MIB // 2)
        for path, body, headers in ((deploys, site_zip({"index.html": page + b"2"}), zipped), (images, picture, {"Content-Type": "image/jpeg"}),
                                    (imports + "?format=markdown&slug=nouveau", b"# Nouveau", {"Content-Type": "text/markdown"}),
                                    ("/api/v1/associations/amis/pads", json.dumps({"slug": "autre", "title": "Autre"}).encode(),
                                     {"Content-Type": "application/json"})):
            refused = marie.call("POST", path, raw=body, headers={**headers, "Accept-Language": "fr"})
            assert refused.status == 507 and refused.json()["code"] == "disk_floor", (path, refused.status, refused.body)
            assert "gard\u00e9e pour le courrier" in refused.json()["detail"], refused.body
        writer = Writer(house)
        time.sleep(1)
        writer.process.kill()
        writer.process.wait(10)
        assert export() == text, "an edit was kept below the floor"
        send_mail(house, "Disque plein")
        assert mail_arrived(house, "Disque plein"), house.tail()
        assert nothing_half_done(house)
        site_page(house)

        # Below the floor nothing leaves (what waits for its receiver is kept for days), and mail from outside arrives.
        ballast.unlink()
        fill(ballast, floor - MIB)
        try:
            send_mail(house, "Refusé")
            raise AssertionError("a member sent mail below the floor")
        except smtplib.SMTPSenderRefused as refused:
            assert refused.smtp_code == 452, refused
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "amie@ailleurs.test", "yann.kervella@amis.test", "Du dehors"
        with smtplib.SMTP("127.0.0.1", house.ports["smtp"], timeout=30) as smtp:
            smtp.send_message(message)
        assert mail_arrived(house, "Du dehors"), house.tail()

        ballast.unlink()
        assert deploy({"index.html": page + b"2"}).status == 201
        assert house.visitor(host="amis.test").call("GET", "/").body == page + b"2"
        assert marie.call("POST", images, raw=picture, headers={"Content-Type": "image/jpeg"}).status == 201
        writer = Writer(house)
        time.sleep(0.5)
        assert writer.finish()["own"] > 3
        after = {name: house.process_of(name)["pid"] for name in before}
        assert after == before, "a process was started again"
    finally:
        house.stop()
        subprocess.run(["umount", "-l", state], check=False)
        shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    if not sys.argv[1:]:
        SLOW_LINE.start()
        SLOW_LINE.begun.wait()
    sys.exit(main([test_kill_each_process, test_kill_hameaud_and_start_again, test_a_power_cut_keeps_what_was_said_saved,
                   test_a_damaged_database_is_answered_at_once, test_sigterm_leaves_nothing,
                   test_second_start_on_one_folder_is_refused, test_without_root, test_a_small_disk_keeps_its_last_bytes_for_mail,
                   test_a_long_answer_arrives_whole_over_a_slow_line]))
