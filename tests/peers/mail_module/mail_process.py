#!/usr/bin/env python3
"""The real hameau-mail over its Unix socket, as hameaud would start it, under the system call filter that kills.

Run: python3 tests/peers/mail_module/mail_process.py build/release   (Unix sockets in a temporary folder; loopback ports
picked by the kernel; the part with Dovecot needs root and the package dovecot-core, and is left out without them)
"""
import http.client
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pads"))
from module_process import FakePeople  # noqa: E402

BINARY = Path(sys.argv[1] if len(sys.argv) > 1 else "build/release", "hameau-mail").resolve()
HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"
DOVEMAIL = 62010


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("mail")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.path)


class Mail:
    def __init__(self):
        self.state = tempfile.mkdtemp(prefix="hm-", dir="/tmp")
        os.chmod(self.state, 0o755)
        os.mkdir(f"{self.state}/run", 0o755)
        os.mkdir(f"{self.state}/mail", 0o755)
        self.settings = {"mail.enabled": "true", "mail.idle_stop": "60000", "house.sandbox": "kill", "house.host": "localhost",
                         "mail.smtp_port": "1", "mail.imap_port": "1", "mail.imaps_port": "2993", "mail.submissions_port": "2465",
                         "mail.spam_filter": "on", "mail.mta_sts": "testing"}
        # Mail tells people of addresses, and stays awake until people has heard them.
        FakePeople(f"{self.state}/run/people.sock")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{self.state}/run/mail.sock")
        self.listener.listen(64)
        self.log = open(f"{self.state}/mail.log", "ab")
        self.pid = 0

    def start(self):
        settings = os.memfd_create("settings", 0)
        os.write(settings, "".join(f"{k}\t{v}\n" for k, v in sorted(self.settings.items())).encode())
        os.lseek(settings, 0, 0)
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control = mine
        listener = self.listener.fileno()
        uids = " ".join(f"{n}={os.getuid()}" for n in ("gate", "admin", "people", "mail", "sites", "pads"))
        pid = os.fork()
        if pid == 0:
            os.dup2(self.log.fileno(), 2)
            keep = [os.dup(fd) for fd in (listener, settings, theirs.fileno())]
            high = [os.dup2(fd, 50 + i) for i, fd in enumerate(keep)]
            for i in range(3):
                os.dup2(high[i], 3 + i)
            os.closerange(6, 256)
            environment = {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid()), "LISTEN_FDNAMES": "mail", "HAMEAU_ROLE": "mail",
                           "HAMEAU_STATE": self.state, "HAMEAU_UIDS": uids, "HAMEAU_SETTINGS_FD": "4", "HAMEAU_CONTROL_FD": "5"}
            os.chdir(f"{self.state}/mail")
            os.execve(BINARY, [str(BINARY)], environment)
        theirs.close()
        os.close(settings)
        self.pid = pid

    def end(self, number):
        os.kill(self.pid, number)
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        self.control.close()
        return os.waitstatus_to_exitcode(status)

    def call(self, method, path, body=None, caller="admin", headers=None):
        connection = Connection(f"{self.state}/run/mail.sock")
        connection.request(method, path, body=None if body is None else json.dumps(body),
                           headers={"Hameau-Caller": caller, **(headers or {})})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, json.loads(data) if data else None

    def event(self, **fields):
        status, answer = self.call("POST", "/internal/people-event", fields, caller="people")
        assert status == 204, (status, answer)

    def rows(self, file, sql):
        database = sqlite3.connect(f"file:{self.state}/mail/{file}?mode=ro", uri=True)
        try:
            return sorted(database.execute(sql).fetchall())
        finally:
            database.close()

    def close(self):
        if self.pid:
            self.end(signal.SIGKILL)
        shutil.rmtree(self.state)


def tell_house(mail):
    mail.event(kind="association", slug="amis", name="Les Amis", domains=["amis.test"], quota_bytes=0)
    for login, role in (("marie", "manager"), ("yann", "member")):
        mail.event(kind="member", id=f"id{login}", login=login, name=login, disabled=False, password_hash=HASH,
                   associations=[{"slug": "amis", "role": role}], contact="")


BOXES = "/api/v1/associations/amis/mailboxes"
MARIE = {"Hameau-Member": "idmarie", "Hameau-Login": "marie", "Hameau-Roles": "amis=manager"}


def everyday(mail):
    mail.start()
    tell_house(mail)
    assert mail.call("POST", BOXES, {"address": "marie@amis.test", "login": "marie", "forward": ["m@x.example"]}, "gate", MARIE)[0] == 201
    assert mail.call("POST", BOXES, {"address": "yann@amis.test", "login": "yann"}, "gate", {**MARIE, "Hameau-Roles": "amis=member"})[0] == 403
    assert mail.call("POST", BOXES, {"address": "yann@amis.test", "login": "yann"})[0] == 201
    status, made = mail.call("POST", "/internal/app-passwords", {"member": "idmarie", "name": "x", "scopes": ["imap"]}, "people")
    assert status == 201 and made["password"] not in Path(mail.state, "mail.log").read_text()
    status, mine = mail.call("GET", "/api/v1/me/mail", caller="gate", headers=MARIE)
    assert status == 200 and mine["mailboxes"][0]["unread"] is None, mine
    assert mail.rows("auth/auth.db", "SELECT name FROM sign_in_name") == [("marie",), ("marie@amis.test",), ("yann",), ("yann@amis.test",)]
    assert Path(mail.state, "mail/forward/marie@amis.test.sieve").read_text().count("redirect") == 1
    for file in ("mail.db", "mail.db-wal", "mail.db-shm", "auth/auth.db", "auth/auth.db-wal", "forward/marie@amis.test.sieve"):
        assert os.stat(f"{mail.state}/mail/{file}").st_mode & 0o777 == 0o640, file
    pss = next(int(line.split()[1]) for line in open(f"/proc/{mail.pid}/smaps_rollup") if line.startswith("Pss:"))
    print(f"hameau-mail: {pss} kB PSS")


def health(mail):
    """Nobody listens, then somebody does: under the filter that kills, so the probe's system calls are allowed."""
    def checks():
        status, answer = mail.call("GET", "/internal/health")
        assert status == 200
        return {check["name"]: check["passed"] for check in answer["checks"]}
    assert checks() == {"mail.db": True, "auth.db": True, "addresses": True, "postfix": False, "dovecot": False}, checks()
    ports = []

    def serve(greeting, answer):
        server = socket.create_server(("127.0.0.1", 0))
        ports.append(server.getsockname()[1])

        def work():
            peer, _ = server.accept()
            peer.sendall(greeting)
            for _ in iter(lambda: peer.recv(1000), b""):
                peer.sendall(answer)
            server.close()
        threading.Thread(target=work, daemon=True).start()
    serve(b"220 x\r\n", b"250 ok\r\n")
    serve(b"* OK ready\r\n", b"* BYE\r\n")
    assert mail.end(signal.SIGTERM) == 0
    mail.settings.update({"mail.smtp_port": str(ports[0]), "mail.imap_port": str(ports[1])})
    mail.start()
    assert all(checks().values())


def killed(mail):
    """kill -9 at any moment: what was answered is in both databases, and nothing is in one alone."""
    answered, gone = {("marie@amis.test",), ("yann@amis.test",)}, set()
    number = 0
    for _ in range(12):
        if not mail.pid:
            mail.start()
        victim = threading.Timer(random.uniform(0.02, 0.25), lambda: os.kill(mail.pid, signal.SIGKILL))
        mail.call("GET", BOXES)
        victim.start()
        try:
            for number in range(number, number + 100000):
                address = f"m{number}@amis.test"
                status, answer = mail.call("POST", BOXES, {"address": address, "login": "yann", "forward": [f"x{number}@x.example"]})
                assert status in (201, 409), answer
                answered.add((address,))
                if number % 5 == 0:
                    answered.discard((address,))
                    assert mail.call("DELETE", f"{BOXES}/{address}")[0] == 204
                    gone.add((address,))
        except (OSError, http.client.HTTPException):
            number += 1
        victim.join()
        os.waitpid(mail.pid, 0)
        mail.pid = 0
        mail.start()
        assert mail.call("GET", BOXES)[0] == 200
        boxes = set(mail.rows("mail.db", "SELECT address FROM mailbox"))
        assert set(mail.rows("auth/auth.db", "SELECT user FROM account")) == boxes
        assert answered <= boxes and not gone & boxes, (answered - boxes, gone & boxes)
        forwards = {row[0] for row in mail.rows("mail.db", "SELECT DISTINCT mailbox FROM forward")}
        scripts = {name[:-6] for name in os.listdir(f"{mail.state}/mail/forward") if name.endswith(".sieve")}
        assert scripts == forwards
    print(f"hameau-mail: killed 12 times, {len(boxes)} mailboxes agree")


def idle(mail):
    assert mail.end(signal.SIGTERM) == 0
    mail.settings["mail.idle_stop"] = "300"
    mail.start()
    assert mail.call("GET", BOXES)[0] == 200
    _, status = os.waitpid(mail.pid, 0)
    mail.pid = 0
    assert os.waitstatus_to_exitcode(status) == 0
    for file, sql in (("mail.db", "SELECT count(*) FROM engine_mailbox"), ("auth/auth.db", "SELECT count(*) FROM account")):
        assert mail.rows(file, sql)[0][0] > 0
        assert os.path.exists(f"{mail.state}/mail/{file}-wal"), "the readers' files stay"
    mail.settings["mail.idle_stop"] = "60000"
    mail.start()


def dovecot(mail):
    """A private Dovecot without ports answers for three messages, one of them read."""
    base = f"{mail.state}/dove"
    for folder in (base, f"{base}/boxes", f"{base}/state", f"{mail.state}/mail/dovecot"):
        os.mkdir(folder)
    os.chown(f"{base}/boxes", DOVEMAIL, DOVEMAIL)
    Path(f"{mail.state}/mail/dovecot/doveadm-password").write_text("a-secret\n")
    os.symlink("../../dove/run", f"{mail.state}/mail/dovecot/run")
    Path(f"{base}/dovecot.conf").write_text(f"""
base_dir = {base}/run
state_dir = {base}/state
instance_name = hameau-test
log_path = {base}/log
protocols =
ssl = no
first_valid_uid = 1
mail_location = maildir:~/Maildir
doveadm_password = a-secret
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={DOVEMAIL} gid={DOVEMAIL} home={base}/boxes/%u
}}
namespace inbox {{
  inbox = yes
}}
service doveadm {{
  unix_listener hameau-doveadm {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
""")
    maildir = f"{base}/boxes/marie@amis.test/Maildir"
    for folder in ("cur", "new", "tmp", ".Sent/cur", ".Sent/new", ".Sent/tmp"):
        os.makedirs(f"{maildir}/{folder}")
    text = "Subject: x\r\n\r\n" + "y" * 986 + "\r\n"
    for name in ("cur/1.M1.h,S=1000,W=1000:2,S", "cur/2.M2.h,S=1000,W=1000:2,", "new/3.M3.h,S=1000,W=1000", ".Sent/cur/4.M4.h,S=1000,W=1000:2,"):
        Path(maildir, name).write_text(text)
    subprocess.run(["chown", "-R", f"{DOVEMAIL}:{DOVEMAIL}", f"{base}/boxes"], check=True)
    engine = subprocess.Popen(["dovecot", "-F", "-c", f"{base}/dovecot.conf"], stderr=subprocess.DEVNULL)
    try:
        limit = time.time() + 10
        while not os.path.exists(f"{base}/run/hameau-doveadm") and time.time() < limit:
            time.sleep(0.1)
        begun = time.time()
        mine = mail.call("GET", "/api/v1/me/mail", caller="gate", headers=MARIE)[1]["mailboxes"][0]
        first = time.time() - begun
        assert mine["unread"] == 2 and mine["used_bytes"] == 4000, (mine, Path(base, "log").read_text())
        begun = time.time()
        items = mail.call("GET", f"{BOXES}?limit=100", caller="gate", headers=MARIE)[1]["items"]
        each = (time.time() - begun) / len(items)
        assert all(item["used_bytes"] is not None for item in items), items
        print(f"hameau-mail: figures of one mailbox {first * 1000:.0f} ms, of {len(items)} {each * 1000:.1f} ms each")
        assert "a-secret" not in Path(mail.state, "mail.log").read_text() + Path(base, "log").read_text()
    finally:
        engine.terminate()
        engine.wait(10)


def main():
    parts = [everyday, health, killed, idle]
    if os.getuid() == 0 and shutil.which("dovecot"):
        parts.append(dovecot)
    mail = Mail()
    passed = 0
    try:
        for part in parts:
            part(mail)
            passed += 1
    except BaseException as failed:
        print(Path(mail.state, "mail.log").read_text()[-4000:])
        print(f"{part.__name__}: {type(failed).__name__}: {failed}")
        raise
    finally:
        mail.close()
        print(f"{passed} passed, {len(parts) - passed} failed")


if __name__ == "__main__":
    main()
