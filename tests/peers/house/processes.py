"""Processes of the house: asleep and awake, external modules, reloads, trials that fail, uids, memory."""
import imaplib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import as_a_child
import hostile_child
from common import CONTENT, house, marie, ok, wait_until
from house import BINARIES, House, ROOT


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


def test_a_refused_wish_of_a_child_is_answered_and_its_numbers_stay_in_their_column():
    if os.geteuid() != 0:
        return  # the copy of a control socket is root's to make
    ok(marie().call("GET", "/api/v1/associations/amis/pads"))
    before = house.wait_state("pads", ("ready",))
    with as_a_child.in_place_of(before["pid"]) as child:
        child.send(as_a_child.packet(as_a_child.PROVISION, 7, {"verb": "erase-box", "folder": "x"}))
        assert "may not ask for erase-box" in as_a_child.answer_of(child, 7)["error"]
        child.send(as_a_child.packet(as_a_child.REPORT_ANSWER, 0, {"pss_kb": "1\t2", "cpu_ms": "x", "wakeups": "424242"}))
        seen = house.process_of("pads")
    assert seen["wakeups"] == 424242 and seen["kind"] == "ours" and seen["pid"] == before["pid"], seen
    assert seen["pss_kb"] > 100 and seen["cpu_ms"] >= before["cpu_ms"], (before, seen)


def test_a_wish_beyond_the_queue_is_answered_at_once():
    """The gate, which would answer, is stopped: what waits for it is bounded, and whoever asks for more hears so."""
    if os.geteuid() != 0:
        return
    ok(marie().call("GET", "/api/v1/associations/amis/sites"))
    before = house.wait_state("sites", ("ready",))
    gate = house.process_of("gate")["pid"]
    os.kill(gate, signal.SIGSTOP)
    try:
        with as_a_child.in_place_of(before["pid"]) as child:
            for serial in range(1, 66):
                child.send(as_a_child.packet(as_a_child.PROVISION, 1000 + serial, {"verb": "serve-hosts", "host": "amis.test"}))
            asked = time.monotonic()
            assert "too much is waiting" in as_a_child.answer_of(child, 1065)["error"]
            assert time.monotonic() - asked < 4, "long before the time of a question is up"
    finally:
        os.kill(gate, signal.SIGCONT)


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
    # Dovecot may just be starting with the names that the content brought.
    wait_until(lambda: all(other.process_of(name)["state"] == "ready" for name in engines))
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


def speaks_tls(port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", port), 10) as raw, context.wrap_socket(raw, server_hostname="localhost"):
            return True
    except OSError:
        return False


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
    # They change places: 80 and 8080 behind another server, say.
    configure(base + 3, base + 2)
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: speaks_tls(base + 3) and not speaks_tls(base + 2))
    assert taken(base + 2), "the other one is the port without TLS"
    configure(base + 2, base + 3)
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: speaks_tls(base + 2) and not speaks_tls(base + 3))
    assert "house.reload_failed" not in journal.read_text()
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
