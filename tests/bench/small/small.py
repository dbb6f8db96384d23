#!/usr/bin/env python3
"""The house on a machine of 512 MB: the kernel ends it when it takes more (a memory cgroup, version 1 or 2, with its page cache and all that the engines and
restic take), on a disk that is slow where the machine has a controller for that. Peak of each process while 50 people sign in, a letter of 20 MB goes
round, a site of 200 MB is published, 2,000 pads are open and idle, a backup is made, and it is read back.

    make small            (root; about five minutes; not in CI: needs a memory controller)
HAMEAU_BINARIES: another folder of programs, such as /usr/libexec/hameau of the installed package. LIMIT_MB=400: what the kernel and the system of such a
machine leave to the house. DISK_MB_S=10."""
import imaplib
import os
import resource
import smtplib
import sys
import tempfile
import threading
import time
import zipfile
from email.message import EmailMessage
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "support"), str(Path(__file__).resolve().parents[2] / "peers" / "gate")]
from client import upgrade  # noqa: E402
from house import ROOT, House  # noqa: E402

LIMIT_MB = int(os.environ.get("LIMIT_MB", "400"))
DISK_MB_S = int(os.environ.get("DISK_MB_S", "10"))
SIGN_INS, LETTER_MB, SITE_MB, PADS = 50, 20, 200, int(os.environ.get("PADS", "2000"))
LOOPBACK = "127.0.0.0/8"
SETTINGS = [f"{section}.limits.exempt_networks={LOOPBACK}" for section in ("gate", "people", "mail")]


class Cage:
    """A memory cgroup for the house alone: this script is not in it."""

    def __init__(self):
        first, second = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
        self.old = (first / "memory.limit_in_bytes").exists()
        if not self.old and "memory" not in (second / "cgroup.controllers").read_text().split():
            raise SystemExit("small: this machine has no memory controller")
        name = f"hameau-small-{os.getpid()}"
        self.folder = (first if self.old else second) / name
        self.folder.mkdir()
        (self.folder / ("memory.limit_in_bytes" if self.old else "memory.max")).write_text(str(LIMIT_MB << 20))
        self.disk = self.slow_disk(name)

    def slow_disk(self, name):
        """The folder of the blkio controller (version 1), or None: the disk is as fast as it is."""
        top = Path("/sys/fs/cgroup/blkio")
        if not (top / "blkio.throttle.read_bps_device").exists():
            return None
        number = os.stat(tempfile.gettempdir()).st_dev
        folder = top / name
        folder.mkdir()
        try:
            for what in ("read", "write"):
                (folder / f"blkio.throttle.{what}_bps_device").write_text(f"{os.major(number)}:{os.minor(number)} {DISK_MB_S << 20}")
        except OSError:
            folder.rmdir()
            return None
        return folder

    def folders(self):
        return [self.folder] + ([self.disk] if self.disk else [])

    def value(self, *names):
        return int((self.folder / names[0 if self.old else 1]).read_text())

    def peak_begins(self):
        if self.old:
            (self.folder / "memory.max_usage_in_bytes").write_text("0")

    def stat(self, key):
        return sum(int(line.split()[1]) for line in (self.folder / "memory.stat").read_text().splitlines() if line.split()[0] == key)

    def own_bytes(self):
        """What the processes themselves hold, without the cache of files, which the kernel takes back."""
        return self.stat("total_rss") if self.old else self.stat("anon")

    def killed(self):
        text = (self.folder / ("memory.oom_control" if self.old else "memory.events")).read_text()
        return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("oom_kill "))

    def pids(self):
        return [int(pid) for pid in (self.folder / "cgroup.procs").read_text().split()]

    def end(self):
        for folder in self.folders():
            for _ in range(50):
                try:
                    folder.rmdir()
                    break
                except OSError:
                    time.sleep(0.1)


class CagedHouse(House):
    cage = None

    def command(self):
        enter = "".join(f"echo $$ >{folder}/cgroup.procs && " for folder in self.cage.folders())
        return ["sh", "-c", enter + 'exec "$@"', "sh", *super().command()]


class Peaks:
    """Looks each 20 ms; VmHWM is the kernel's own highest value of resident memory, set back at the begin."""

    def __init__(self, cage):
        self.cage, self.highest, self.own, self.going = cage, {}, 0, True
        cage.peak_begins()
        for pid in cage.pids():
            try:
                Path(f"/proc/{pid}/clear_refs").write_text("5")
            except OSError:
                pass
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while self.going:
            self.own = max(self.own, self.cage.own_bytes())
            for pid in self.cage.pids():
                try:
                    text = Path(f"/proc/{pid}/status").read_text()
                    name = os.path.basename(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")) or text.split()[1]
                    peak = int(text.split("VmHWM:")[1].split()[0])
                except (OSError, IndexError):
                    continue
                self.highest[name] = max(self.highest.get(name, 0), peak)
            time.sleep(0.02)

    def end(self):
        self.going = False
        self.thread.join()
        return self


def sign_ins(house):
    """All at once, each in a thread. One argon2id runs at a time and a few wait; who is told that the house is busy tries again, as a person does."""
    problems = []

    def one():
        until = time.time() + 60
        while True:
            answer = house.visitor().call("POST", "/api/v1/session", {"login": "yann", "password": "yann-secret-words", "shared_computer": False})
            if answer.status == 200:
                return
            if answer.status != 503 or time.time() > until:
                problems.append((answer.status, answer.body[:200]))
                return
            time.sleep(0.5)

    threads = [threading.Thread(target=one) for _ in range(SIGN_INS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, (len(problems), problems[0])


def letter(house):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "marie.legoff@amis.test", "yann.kervella@amis.test", "Les photos"
    message.set_content("Bonjour Yann.\n")
    message.add_attachment(os.urandom((LETTER_MB << 20) * 73 // 100), maintype="application", subtype="octet-stream", filename="photos.zip")
    size = len(bytes(message))
    with smtplib.SMTP("127.0.0.1", house.ports["submission"], timeout=300) as smtp:
        smtp._host = "localhost"
        smtp.starttls(context=house.tls())
        smtp.login("marie.legoff@amis.test", "marie-secret-words")
        smtp.send_message(message)
    until = time.time() + 120
    while True:
        imap = imaplib.IMAP4_SSL("localhost", house.ports["imaps"], ssl_context=house.tls(), timeout=120)
        imap.login("yann.kervella@amis.test", "yann-secret-words")
        imap.select("INBOX", readonly=True)
        found = imap.uid("SEARCH", None, "SUBJECT", "photos")[1][0].split()
        if found:
            body = imap.uid("FETCH", found[-1], "(BODY.PEEK[])")[1][0][1]
            imap.logout()
            assert len(body) > size * 0.98, (len(body), size)
            return
        imap.logout()
        assert time.time() < until, house.tail()
        time.sleep(0.5)


def site(house):
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("index.html", "<!doctype html><html lang=fr><title>A</title><p>Bonjour</p></html>")
            for number in range(SITE_MB // 10):
                archive.writestr(f"film-{number}.bin", os.urandom(10_000_000))
        file.seek(0)
        marie = house.visitor().sign_in("marie", "marie-secret-words")
        answer = marie.call("POST", "/api/v1/sites/amis.test/deploys", raw=file.read(), headers={"Content-Type": "application/zip"})
    assert answer.status == 201 and answer.json()["files"] == SITE_MB // 10 + 1, (answer.status, answer.body[:300])


def pads(house):
    """Each open in a page that does nothing."""
    marie = house.visitor().sign_in("marie", "marie-secret-words")
    cookie = f"Cookie: __Host-hameau={marie.cookies['__Host-hameau']}\r\n"
    open_pads = []
    for number in range(PADS):
        made = marie.call("POST", "/api/v1/associations/amis/pads", {"slug": f"texte-{number}", "title": f"Texte {number}"})
        assert made.status == 201, (number, made.status, made.body[:300])
        status, raw = upgrade(house, "/api/v1/pads/ws/" + made.json()["id"], cookie)
        assert status == 101, (number, status)
        open_pads.append(raw)
    time.sleep(5)
    assert marie.call("GET", "/api/v1/associations/amis/pads").status == 200
    return open_pads


def backup(house):
    """All of it, with the 2,000 pads still open; the folder is on the house's own disk."""
    done = house.hameau("backup", "now", house.target, "--new", "--json", check=False)
    assert done.returncode == 0 and list(Path(house.target, "snapshots").iterdir()), (done.returncode, done.stdout[-500:], done.stderr[-500:])


def drill(house):
    done = house.hameau("backup", "drill", house.target, "--json", check=False)
    assert done.returncode == 0, (done.returncode, done.stdout[-500:], done.stderr[-500:])


def main():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    cage = CagedHouse.cage = Cage()
    disk = f"a disk of {DISK_MB_S} MB/s" if cage.disk else "the disk of this machine"
    print(f"A memory cgroup (version {1 if cage.old else 2}) of {LIMIT_MB} MiB for the house, its engines and their page cache; {disk}.\n", flush=True)
    target = tempfile.mkdtemp(prefix="hameau-small-")
    phases, failed, kept = [("start", lambda _: time.sleep(3)), ("50 sign-ins", sign_ins), ("letter of 20 MB", letter), ("site of 200 MB", site), ("2,000 idle pads", pads), ("backup", backup), ("its drill", drill)], 0, []
    rows, names = {}, []
    try:
        with CagedHouse(apply=[ROOT / "tests" / "support" / "content.yaml"], settings=[*SETTINGS, f"house.backup_targets={target}/hameau"]) as house:
            house.target = f"{target}/hameau"
            for name, work in phases:
                began, peaks = time.time(), Peaks(cage)
                try:
                    kept.append(work(house))
                except Exception as problem:
                    failed += 1
                    print(f"FAIL {name}: {problem!r:.1500}", flush=True)
                peaks.end()
                rows[name] = peaks
                names += [one for one in peaks.highest if one not in names]
                print(f"{name}: {time.time() - began:.1f} s, processes {peaks.own / 2**20:.0f} MiB, with the cache {cage.value('memory.max_usage_in_bytes', 'memory.current') / 2**20:.0f} MiB, "
                      f"ended by the kernel: {cage.killed()}", flush=True)
            failed += cage.killed()
            restarts = {one["name"]: one["restarts"] for one in house.status()["processes"] if one["restarts"]}
    finally:
        cage.end()
        os.system(f"rm -rf '{target}'")
    print(f"\nServices that had to be started again: {restarts or 'none'}\n\nPeak resident memory, MiB:\n\n| process | " + " | ".join(rows) + " |\n| --- |" + " ---: |" * len(rows))
    for one in sorted(names):
        print(f"| {one} | " + " | ".join(f"{peaks.highest[one] / 1024:.1f}" if one in peaks.highest else "" for peaks in rows.values()) + " |")
    print(f"{len(phases) - min(failed, len(phases))} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
