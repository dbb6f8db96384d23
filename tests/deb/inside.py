#!/usr/bin/env python3
"""Runs inside the machine of tests/deb/run.sh, and as autopkgtest: installs, uses, upgrades, removes and purges Hameau.

With --installed only the part that uses an installed house (debian/tests). Standard library alone; talks to this machine only.
Ends with "N passed, N failed".
"""
import base64
import ctypes
import http.client
import imaplib
import json
import os
import re
import smtplib
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOST, SITE = "maison.test", "amis.test"
STATE = "/var/lib/hameau"
TARGET = "/mnt/disk/hameau"
PASSWORD = "marie au jardin"
READY_SECONDS = 120
EXPOSURE_MAX = 3.1
PROCESSES = ("hameaud", "people", "mail", "milter", "dovecot", "postfix", "sites", "pads", "admin", "gate")
QUIET = ssl._create_unverified_context()  # the house's own certificate: the question here is the package
passed = failed = 0


def run(*words, check=True, seconds=300):
    done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL,
                          env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


def check(name, work):
    global passed, failed
    begin = time.time()
    try:
        said = work()
        passed += 1
        print(f"ok {name} ({time.time() - begin:.1f} s){': ' + str(said) if said else ''}", flush=True)
    except Exception as error:  # noqa: BLE001 - each check is told, whatever it met
        failed += 1
        print(f"FAIL {name}: {type(error).__name__}: {error}", flush=True)
        print(run("journalctl", "-u", "hameau", "-n", "15", "--no-pager", "-o", "cat", check=False), flush=True)


def until(what, seconds=READY_SECONDS):
    end = time.time() + seconds
    while True:
        try:
            found = what()
            if found:
                return found
            error = "not yet"
        except (OSError, AssertionError, ValueError, http.client.HTTPException) as caught:
            error = caught
        if time.time() > end:
            raise AssertionError(f"after {seconds} s: {error}")
        time.sleep(0.3)


def call(method, path, body=None, host=HOST, cookie=None):
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("127.0.0.1", 443, timeout=20, context=Named(context, host))
    headers = {"Host": host, "Origin": f"https://{host}"}
    if cookie:
        headers["Cookie"] = cookie
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, body=json.dumps(body) if body is not None else None, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.getheader("Set-Cookie") or ""


class Named:
    """http.client offers no server name: this context says it."""

    def __init__(self, context, host):
        self.context, self.host = context, host

    def __getattr__(self, name):
        return getattr(self.context, name)

    def wrap_socket(self, sock, server_hostname=None):
        return self.context.wrap_socket(sock, server_hostname=self.host)


def expect(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r} instead of {wanted!r}")


def active(unit):
    return run("systemctl", "is-active", unit, check=False).strip()


def sign_in():
    status, body, cookie = call("POST", "/api/v1/session", {"login": "marie", "password": PASSWORD, "shared_computer": False})
    expect(status, 200, f"sign-in {body[:200]}")
    return cookie.split(";")[0]


def pad_id(cookie):
    status, body, _ = call("GET", "/api/v1/associations/amis/pads", cookie=cookie)
    expect(status, 200, "list of pads")
    return json.loads(body)["items"][0]["id"]


def pad_socket(cookie, pad):
    """A WebSocket to a pad, open until the other side ends."""
    plain = socket.create_connection(("127.0.0.1", 443), 20)
    wrapped = QUIET.wrap_socket(plain, server_hostname=HOST)
    key = base64.b64encode(os.urandom(16)).decode()
    wrapped.sendall((f"GET /api/v1/pads/ws/{pad} HTTP/1.1\r\nHost: {HOST}\r\nOrigin: https://{HOST}\r\nUpgrade: websocket\r\n"
                     f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nCookie: {cookie}\r\n\r\n").encode())
    head = wrapped.recv(4096)
    assert head.startswith(b"HTTP/1.1 101"), head[:200]
    return wrapped


def apt_install(folder, *more):
    words = ["apt-get", "install", "-y", "--no-install-recommends", "--allow-downgrades", "-o", "Dpkg::Use-Pty=0",
             *sorted(str(path) for path in Path(folder).glob("*.deb")), *more]
    return subprocess.run(words, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL,
                          env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def install(folder, *more):
    done = apt_install(folder, *more)
    expect(done.returncode, 0, f"apt-get install: {done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def engines_are_still():
    for unit in ("postfix.service", "postfix@-.service", "dovecot.service"):
        assert active(unit) != "active", f"{unit} runs beside the house"


def settings():
    Path("/etc/hameau/hameau.yaml").write_text(f"house:\n  host: {HOST}\n", encoding="utf-8")
    run("hameau", "check", "/etc/hameau/hameau.yaml")
    run("systemctl", "restart", "hameau")


def processes():
    return {one["name"]: one for one in json.loads(run("hameau", "status", "--json"))["processes"]}


def all_ready():
    """All processes of a whole house; a service that nobody needs now may sleep."""
    now = processes()
    expect(sorted(set(PROCESSES) - set(now)), [], "missing: " + run("hameau", "status"))
    bad = {name: one["state"] for name, one in now.items() if one["state"] not in ("ready", "asleep")}
    expect(bad, {}, "not ready")
    return " ".join(sorted(now))


def walls_are_up():
    """What the kernel offers to a program without the unit's sandbox, the house has within them."""
    system = ctypes.CDLL(None, use_errno=True).syscall
    offered = {"own uids", "seccomp"} | ({"landlock"} if system(444, None, 0, 1) > 0 else set())  # landlock_create_ruleset: the version
    walls = set(json.loads(run("hameau", "status", "--json"))["walls"])
    expect(sorted(offered - walls), [], "walls that are missing")
    return ", ".join(sorted(walls))


def exposure():
    """Of 10, as systemd counts it."""
    said = run("systemd-analyze", "security", "--no-pager", "hameau.service")
    found = float(re.search(r"Overall exposure level for hameau.service: ([0-9.]+)", said).group(1))
    assert found <= EXPOSURE_MAX, f"{found}\n" + "\n".join(line for line in said.splitlines() if line.startswith("✗"))
    return found


def memory_is_said():
    """Without CAP_SYS_PTRACE the house still says what each process uses, the engines too."""
    used = {name: (one.get("pss_kb", one.get("rss_kb", 0)), "" if "pss_kb" in one else " resident")
            for name, one in processes().items() if one["state"] == "ready"}
    assert set(used) >= {"hameaud", "gate", "postfix", "dovecot"} and all(kb > 100 for kb, _ in used.values()), used
    return ", ".join(f"{name} {kb / 1024:.1f} MiB{how}" for name, (kb, how) in sorted(used.items()))


def groups_are_apart():
    """Each process is in the control group of its name, with those that it started; what the kernel offers is set."""
    found = {}
    for name, one in processes().items():
        if one["state"] == "ready":
            found[name] = Path(f"/proc/{one['pid']}/cgroup").read_text(encoding="utf-8").strip().rpartition("hameau.service")[2]
    assert found.pop("hameaud") == "/hameaud.own" and found == {name: "/" + name for name in found}, found
    base = Path("/sys/fs/cgroup/system.slice/hameau.service")
    with_engine = (base / "dovecot/cgroup.procs").read_text(encoding="utf-8").split()
    assert len(with_engine) > 1, with_engine
    weights = [(base / name / "cpu.weight") for name in found if (base / name / "cpu.weight").exists()]
    assert all(file.read_text(encoding="utf-8").strip() == "100" for file in weights)
    try:
        Path("/sys/fs/cgroup/system.slice/x").mkdir()
        Path("/sys/fs/cgroup/system.slice/x").rmdir()
    except OSError:
        raise AssertionError("the test itself cannot write to the tree") from None
    assert run("nsenter", "-t", str(processes()["hameaud"]["pid"]), "-m", "sh", "-c", "mkdir /sys/fs/cgroup/system.slice/x 2>/dev/null || echo closed").strip() == "closed"
    controllers = (base / "cgroup.subtree_control").read_text(encoding="utf-8").strip()
    return f"controllers: {controllers or 'none in this kernel'}"


def mail_arrives(subject):
    """From one member to another, as a mail program sends it: without DNS nobody else is believed."""
    sender, receiver = "yann.kervella@amis.test", "marie.legoff@amis.test"
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
    until(lambda: socket.create_connection(("127.0.0.1", 587), 5).close() is None)  # "ready" is its process: the ports come a moment later
    with smtplib.SMTP("127.0.0.1", 587, local_hostname="client.test", timeout=60) as smtp:
        smtp.starttls(context=QUIET)
        smtp.login(sender, "yann au potager")
        smtp.sendmail(sender, [receiver], f"From: {sender}\r\nTo: {receiver}\r\nSubject: {subject}\r\nDate: {date}\r\n\r\nBonjour\r\n")
    until(lambda: mail_is_there(subject), 60)


def mail_is_there(subject):
    box = imaplib.IMAP4_SSL("127.0.0.1", 993, ssl_context=QUIET, timeout=30)
    try:
        box.login("marie.legoff@amis.test", PASSWORD)
        for folder in ("INBOX", "Junk"):
            if box.select(folder)[0] == "OK" and box.search(None, "SUBJECT", f'"{subject}"')[1][0]:
                return folder
        return ""
    finally:
        box.logout()


def page(host, path="/"):
    status, body, _ = call("GET", path, host=host)
    expect(status, 200, f"https://{host}{path}")
    return body


def use():
    check("the unit is active", lambda: until(lambda: active("hameau") == "active") and None)
    check("all services are ready", lambda: until(all_ready))
    check("memory is said of each process", memory_is_said)
    check("the house's own walls are up within the unit's", walls_are_up)
    check("each process has a control group of its own, and the rest of the tree is closed", groups_are_apart)
    check("content is applied", lambda: until(lambda: run("hameau", "apply", str(HERE / "content.yaml")) or True) and None)
    check("the sign-in page is shown", lambda: until(lambda: b"<html" in page(HOST).lower() or b"<!doctype" in page(HOST).lower()) and None)
    check("a member signs in", lambda: sign_in() and None)
    check("a pad opens", lambda: pad_socket(sign_in(), pad_id(sign_in())).close())
    check("a site is shown", lambda: until(lambda: page(SITE)) and None)
    check("a mail is delivered and read by IMAP", lambda: mail_arrives("first letter"))


def backup_state():
    return json.loads(run("hameau", "backup", "--json"))


def backup_and_drill():
    """Within the unit: restic under its own uid, a capability of its own, a folder below /mnt. --new: it is the house's own disk."""
    Path(TARGET).parent.mkdir(parents=True, exist_ok=True)
    Path("/etc/hameau/hameau.yaml").write_text(f"house:\n  host: {HOST}\n  backup_targets: [{TARGET}]\n", encoding="utf-8")
    run("systemctl", "reload", "hameau")
    until(lambda: backup_state()["targets"])
    sheet = run("hameau", "backup", "key")
    assert Path(STATE, "backup/key").read_text().strip().split("-")[0] in sheet, sheet
    saved = run("hameau", "backup", "now", TARGET, "--new", check=False)
    target = backup_state()["targets"][0]
    expect(target["code"], "fine", f"{saved}\n{target}")
    drilled = run("hameau", "backup", "drill", check=False)
    drill = backup_state()["drill"]
    expect(drill["code"], "fine", f"{drilled}\n{drill}")
    size = sum(file.stat().st_size for file in Path(TARGET).rglob("*") if file.is_file())
    assert size > 10_000, "nothing was saved"
    return f"{size // 1024} KiB, drill: {drill['detail'] or 'fine'}"


def restored():
    """The house of the backup takes the place of the one that runs; a pad made since then is gone, everything else is there."""
    cookie = sign_in()
    status, body, _ = call("POST", "/api/v1/associations/amis/pads", {"slug": "apres", "title": "after the backup"}, cookie=cookie)
    expect(status, 201, f"a pad {body[:300]}")
    run("systemctl", "stop", "hameau")
    said = run("hameau", "restore", TARGET, "--replace")
    run("systemctl", "start", "hameau")
    until(lambda: active("hameau") == "active")
    until(all_ready)
    status, body, _ = call("GET", "/api/v1/associations/amis/pads", cookie=until(sign_in))
    titles = [one["title"] for one in json.loads(body)["items"]]
    assert "after the backup" not in titles and len(titles) >= 3, titles
    until(lambda: page(SITE))
    until(lambda: mail_is_there("first letter"), 60)
    return said.strip().splitlines()[-1]


def diagnosed():
    """Each check can work within the unit: what root finds out with the house stopped, the house finds out by itself."""
    def states():
        said = json.loads(run("hameau", "diagnose", "--json", check=False))
        return {one["id"]: (one["state"], one["code"], one["text"]) for one in said["checks"]}
    within = states()
    assert len(within) >= 40, sorted(within)
    run("systemctl", "stop", "hameau")
    outside = states()
    run("systemctl", "start", "hameau")
    until(lambda: active("hameau") == "active")
    until(all_ready)
    blind = {name: (within[name], outside[name]) for name in outside if name in within and within[name][0] == "unknown" and outside[name][0] != "unknown"}
    expect(blind, {}, "known to root, not to the house within its unit")
    counts = {state: sum(one[0] == state for one in within.values()) for state in ("fine", "attention", "broken", "unknown")}
    broken = sorted(name for name, one in within.items() if one[0] == "broken")
    return f"{counts}; broken here: {' '.join(broken)}; unknown: {' '.join(sorted(name for name, one in within.items() if one[0] == 'unknown'))}"


def leaves_and_comes_in():
    """An association goes into an archive and comes in again under another name: hameau-boxes and hameau-unarchive within the unit."""
    archive = Path("/root/amis.tar.zst")
    run("hameau", "export", "amis", str(archive), "--with-passwords")
    run("hameau", "import", str(archive), "--as", "amis-deux", "--domain", "amis.test=deux.test", "--trusted", "--same")
    shown = json.loads(run("hameau", "association", "list", "--json"))
    assert "amis-deux" in json.dumps(shown), shown
    return f"{archive.stat().st_size // 1024} KiB"


class Loop(threading.Thread):
    """Asks for a page on a new connection, again and again; keeps what went wrong and the longest wait."""

    def __init__(self):
        super().__init__(daemon=True)
        self.asked, self.wrong, self.longest, self.over = 0, [], 0.0, False

    def run(self):
        while not self.over:
            begin = time.time()
            try:
                status = call("GET", "/", host=SITE)[0]
                if status != 200:
                    self.wrong.append(f"status {status}")
            except Exception as error:  # noqa: BLE001
                self.wrong.append(f"{type(error).__name__}: {error}")
            self.asked += 1
            self.longest = max(self.longest, time.time() - begin)
            time.sleep(0.05)


def main_pid():
    return run("systemctl", "show", "-p", "MainPID", "--value", "hameau").strip()


def upgrade():
    cookie = sign_in()
    held = pad_socket(cookie, pad_id(cookie))
    box = imaplib.IMAP4_SSL("127.0.0.1", 993, ssl_context=QUIET, timeout=30)
    box.login("marie.legoff@amis.test", PASSWORD)
    before = main_pid()
    loop = Loop()
    loop.start()
    install("/opt/next")
    until(lambda: active("hameau") == "active")
    time.sleep(2)
    loop.over = True
    loop.join()
    held.close()
    expect(loop.wrong, [], f"of {loop.asked} pages")
    assert main_pid() != before, "hameaud was not started again"
    again = until(lambda: pad_socket(cookie, pad_id(cookie)))
    again.close()
    until(lambda: mail_is_there("first letter"))
    return f"{loop.asked} pages, none refused or wrong, longest {loop.longest:.1f} s"


def set_version(database, version):
    """Returns the version before."""
    kept = sqlite3.connect(database)
    before = kept.execute("PRAGMA user_version").fetchone()[0]
    kept.execute(f"PRAGMA user_version = {version}")
    kept.commit()
    kept.close()
    return before


def newer_state_is_refused():
    """The database says that a newer Hameau wrote it: one try, the advice in the journal, and systemd lets it rest."""
    database = Path("/var/lib/hameau/people/people.db")
    run("systemctl", "stop", "hameau")
    before = set_version(database, 9999)
    run("systemctl", "reset-failed", "hameau", check=False)  # on a fast machine the checks before this one use up StartLimitBurst
    run("systemctl", "start", "hameau", check=False)
    until(lambda: active("hameau") == "failed")
    time.sleep(5)  # RestartSec is 1 s
    facts = {name: run("systemctl", "show", "-p", name, "--value", "hameau").strip() for name in ("ActiveState", "NRestarts", "ExecMainStatus", "InvocationID")}
    said = run("journalctl", f"_SYSTEMD_INVOCATION_ID={facts.pop('InvocationID')}", "--no-pager", "-o", "cat")
    unit = run("systemctl", "status", "hameau", check=False)
    expect(facts, {"ActiveState": "failed", "NRestarts": "0", "ExecMainStatus": "79"}, said[-1500:])
    assert "written by a newer Hameau" in said and "install that version again" in said, said[-1500:]
    expect(set_version(database, before), 9999, "the version in the file")
    run("systemctl", "start", "hameau")
    until(lambda: call("GET", "/", host=SITE)[0] == 200)
    return next((line.strip() for line in unit.splitlines() if "Status:" in line), "no status")


def version_of(package):
    return run("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package)


def downgrade_is_refused():
    before = {package: version_of(package) for package in ("hameau", "hameau-web")}
    done = apt_install("/opt/packages")
    assert done.returncode != 0 and "allow-downgrade" in done.stderr + done.stdout, (done.returncode, done.stdout[-1500:], done.stderr[-1500:])
    expect({package: version_of(package) for package in before}, before, "versions")
    until(lambda: call("GET", "/", host=SITE)[0] == 200)
    Path("/var/lib/hameau/allow-downgrade").touch()
    install("/opt/packages")
    assert version_of("hameau") != before["hameau"] and not Path("/var/lib/hameau/allow-downgrade").exists()
    until(lambda: call("GET", "/", host=SITE)[0] == 200)


def removed():
    run("apt-get", "remove", "-y", "hameau", seconds=300)
    assert Path("/etc/hameau/hameau.yaml").exists() and Path("/var/lib/hameau/mail").exists()
    assert not Path("/usr/sbin/hameaud").exists() and active("hameau") != "active"


def purged():
    run("apt-get", "purge", "-y", "hameau", seconds=300)
    assert not Path("/etc/hameau").exists(), list(Path("/etc/hameau").rglob("*"))
    assert Path("/var/lib/hameau/mail").exists(), "purge took people's mail"


def erased():
    install("/opt/next")
    run("systemctl", "stop", "hameau")
    Path("/var/lib/hameau/erase-on-purge").touch()
    run("apt-get", "purge", "-y", "hameau", seconds=300)
    assert not Path("/var/lib/hameau").exists()


def main():
    with open("/etc/hosts", "a", encoding="utf-8") as hosts:
        hosts.write(f"127.0.0.1 {HOST} {SITE}\n")
    installed = "--installed" in sys.argv
    if not installed:
        check("apt installs the packages", lambda: install("/opt/packages", "restic"))
        check("no engine was started beside the house", engines_are_still)
        check("hameau.yaml was made", lambda: expect(Path("/etc/hameau/hameau.yaml").exists(), True, "hameau.yaml"))
    check("the house takes its name", settings)
    use()
    check(f"the unit is open to {EXPOSURE_MAX} at most", exposure)
    if not installed:
        check("a backup and a drill work within the unit", backup_and_drill)
        check("the diagnosis sees within the unit what root sees", diagnosed)
        check("an association leaves and comes in", leaves_and_comes_in)
        check("the backup brings the house back", restored)
        check("an upgrade refuses nobody and keeps everything", upgrade)
        check("an upgrade keeps the settings", lambda: expect(f"backup_targets: [{TARGET}]" in Path("/etc/hameau/hameau.yaml").read_text(encoding="utf-8"), True, "hameau.yaml"))
        check("the state of a newer version is refused with advice, once", newer_state_is_refused)
        check("a downgrade is refused with advice, and done where the admin allows it", downgrade_is_refused)
        check("remove leaves settings and state", removed)
        check("purge removes the settings and leaves the state", purged)
        check("purge with erase-on-purge removes all", erased)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
