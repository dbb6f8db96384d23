#!/usr/bin/env python3
"""Backups from outside: a house with people, mail, sites, texts and images is saved with real restic, destroyed, restored, and compared by what
its members see. Then what goes wrong: a damaged target, a kill in the middle, a full disk, a disk that is away."""
import contextlib
import hashlib
import imaplib
import json
import os
import shutil
import signal
import smtplib
import sqlite3
import subprocess
import sys
import tempfile
import time
from email.message import EmailMessage
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "support"), str(HERE.parents[0] / "house"), str(HERE.parents[0] / "gate")]
from checks import Checks  # noqa: E402
from house import BINARIES, ROOT, House, house_processes  # noqa: E402
import servers  # noqa: E402
from powers_end import Sieve  # noqa: E402

BASE = int(os.environ.get("HAMEAU_PORTS", "23600"))
CONTENT = ROOT / "tests" / "support" / "content.yaml"
WORK = Path(tempfile.mkdtemp(prefix="hameau-backup-"))
os.chmod(WORK, 0o755)
FOLDER = str(WORK / "disk" / "hameau")
SFTP = f"sftp:root@127.0.0.1:{WORK}/sftp"
REST = f"rest:http://127.0.0.1:{BASE + 21}/maison"
S3 = f"s3:http://127.0.0.1:{BASE + 22}/maison"
TARGETS = [FOLDER, SFTP, REST, S3]
CREDENTIALS = WORK / "credentials"
SETTINGS = [f"house.backup_targets={' '.join(TARGETS)}", f"house.backup_credentials={CREDENTIALS}", "house.disk_floor=1 MiB"]
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082")

house = House(apply=[CONTENT], settings=SETTINGS, base_port=BASE)
seen = {}


def backup(*words, check=True, of=None):
    done = (of or house).hameau("backup", *words, "--json", check=check)
    return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done


def target_of(state, address):
    return next(one for one in state["targets"] if one["target"] == address)


def send(house_, subject, text="Bonjour Yann.\n"):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "marie.legoff@amis.test", "yann.kervella@amis.test", subject
    message.set_content(text)
    with smtplib.SMTP("127.0.0.1", house_.ports["submission"], timeout=30) as smtp:
        smtp._host = "localhost"
        smtp.starttls(context=house_.tls())
        smtp.login("marie.legoff@amis.test", "marie-secret-words")
        smtp.send_message(message)


def mail_of(house_, login="yann.kervella@amis.test", password="yann-secret-words"):
    """Every folder: UIDVALIDITY, and of each message its number, flags and a hash of its bytes."""
    imap = imaplib.IMAP4_SSL("localhost", house_.ports["imaps"], ssl_context=house_.tls(), timeout=30)
    imap.login(login, password)
    out = {}
    for name in ("INBOX", "Archives-2025", "Sent"):
        if imap.select(f'"{name}"', readonly=True)[0] != "OK":
            continue
        validity = imap.response("UIDVALIDITY")[1][0].decode()
        messages = []
        for uid in imap.uid("SEARCH", None, "ALL")[1][0].split():
            facts, body = imap.uid("FETCH", uid, "(FLAGS BODY.PEEK[])")[1][0]
            flags = sorted(word for word in facts.decode().split("FLAGS (")[1].split(")")[0].split() if word != "\\Recent")
            messages.append((uid.decode(), flags, hashlib.sha256(body).hexdigest()))
        out[name] = (validity, messages)
    imap.logout()
    return out


def wait_for_mail(house_, folder, count):
    deadline = time.time() + 30
    while len(mail_of(house_)[folder][1]) < count:
        assert time.time() < deadline, (folder, count, house_.tail())
        time.sleep(0.2)


def fill():
    """Messages with flags and a keyword, a folder of a member's own, two versions of a site, a text with history and an image."""
    for number in range(6):
        send(house, f"message {number}", "x" * (10 + 40000 * number) + "\n")
    deadline = time.time() + 30
    while len(mail_of(house)["INBOX"][1]) < 6:
        assert time.time() < deadline, house.tail()
        time.sleep(0.2)
    imap = imaplib.IMAP4_SSL("localhost", house.ports["imaps"], ssl_context=house.tls(), timeout=30)
    imap.login("yann.kervella@amis.test", "yann-secret-words")
    imap.create("Archives-2025")
    imap.select("INBOX")
    imap.uid("STORE", "1", "+FLAGS", "(\\Seen \\Flagged travaux)")
    imap.uid("MOVE", "2", "Archives-2025")
    imap.uid("STORE", "3", "+FLAGS", "(\\Deleted)")
    imap.expunge()
    imap.uid("COPY", "4", "Archives-2025")
    imap.logout()
    Sieve(house, "yann.kervella@amis.test", "yann-secret-words").activate('require ["fileinto"];\r\nif header :contains "subject" "facture" { fileinto "Archives-2025"; }\r\n')
    # Dovecot copies by a hard link: one file with two names.
    assert any(one.stat().st_nlink > 1 for one in Path(house.state, "mail", "boxes").glob("*/**/cur/*")), "COPY made no hard link"
    marie = house.visitor().sign_in("marie", "marie-secret-words")
    import common
    page = common.zipped({"index.html": "<!doctype html><html lang=fr><title>Deux</title><p>version deux", "photo.bin": "y" * 300000})
    answer = marie.call("POST", "/api/v1/sites/amis.test/deploys", raw=page, headers={"Content-Type": "application/zip"})
    assert answer.status == 201, answer.body
    answer = marie.call("POST", "/api/v1/associations/amis/pads/import?format=markdown&slug=photos", raw="# Fête\n\nLes **photos** de 2025.\n".encode(),
                        headers={"Content-Type": "text/markdown"})
    assert answer.status == 201, answer.body
    pad = answer.json()["id"]
    answer = marie.call("POST", f"/api/v1/pads/{pad}/images", raw=PNG, headers={"Content-Type": "image/png"})
    assert answer.status == 201, answer.body
    seen["pad"], seen["image"] = pad, answer.json()["url"]


def picture_of(house_):
    """What members see of the house, by content."""
    marie = house_.visitor().sign_in("marie", "marie-secret-words")
    annick = house_.visitor().sign_in("annick", "annick-secret-words")

    def get(who, path, host=None):
        answer = who.call("GET", path, host=host)
        assert answer.status == 200, (path, answer.status, answer.body[:300])
        return answer.body

    pads = sorted((pad["id"], pad["title"]) for pad in json.loads(get(marie, "/api/v1/associations/amis/pads"))["items"])
    texts = {pad: [hashlib.sha256(get(marie, f"/api/v1/pads/{pad}/export?format={kind}")).hexdigest() for kind in ("markdown", "yjs")] for pad, _ in pads}
    history = {pad: json.loads(get(marie, f"/api/v1/pads/{pad}/history")) for pad, _ in pads}
    versions = [(one["number"], one["live"]) for one in json.loads(get(marie, "/api/v1/sites/amis.test/deploys"))["items"]]
    people = sorted((one["login"], one["name"], one["role"]) for one in json.loads(get(annick, "/api/v1/associations/amis/members"))["items"])
    image = marie.call("GET", seen["image"])
    return {"people": people, "pads": pads, "texts": texts, "history": history, "versions": versions, "mail": mail_of(house_),
            "aliases": json.loads(get(marie, "/api/v1/associations/amis/aliases"))["items"], "groups": json.loads(get(marie, "/api/v1/associations/amis/groups"))["items"],
            "page": get(house_.visitor("amis.test"), "/"), "photo": hashlib.sha256(get(house_.visitor("amis.test"), "/photo.bin")).hexdigest(),
            "image": (image.status, hashlib.sha256(image.body).hexdigest()), "show": house_.hameau("show").stdout}


def restore(target, state, *words, key=None):
    return subprocess.run([str(BINARIES / "hameau"), "restore", target, "--key", "-", "--credentials", str(CREDENTIALS), "--state", str(state), *words],
                          input=key or seen["key"], capture_output=True, text=True, timeout=300, env={**os.environ, "LC_ALL": "fr_FR.UTF-8"})


def fresh(name):
    path = WORK / name
    shutil.rmtree(path, ignore_errors=True)
    return path


def restored_house(state):
    other = House(state=str(state), settings=SETTINGS, base_port=BASE)
    other.ready = None
    return other.start()


def test_before_anything_is_saved_the_status_and_the_command_say_so():
    state = backup()
    assert [one["code"] for one in state["targets"]] == ["never"] * 4 and state["key_shown"] == 0, state
    unready = house.hameau("backup", "list", FOLDER, check=False)
    assert unready.returncode != 0, unready.stdout


def test_four_targets_are_saved_and_the_first_drill_follows():
    fill()
    servers_["sshd"].allow(house.hameau("backup", "ssh-key").stdout)
    begun = time.time()
    state = backup("now", check=False)
    assert {one["target"]: (one["code"], one["detail"]) for one in state["targets"]} == {one: ("fine", "") for one in TARGETS}, state
    print(f"     four targets in {time.time() - begun:.1f} s, {state['targets'][0]['bytes']} bytes")
    seen["picture"] = picture_of(house)
    seen["key"] = Path(house.state, "backup", "key").read_text()
    drilled = backup("drill", SFTP)
    assert drilled["drill"]["code"] == "fine" and drilled["drill"]["target"] == SFTP and "messages 6" in drilled["drill"]["detail"], drilled
    assert not Path(house.state, "backup", "staging").exists() and not Path(house.state, "backup", "scratch").exists()
    assert servers_["s3"].refused == 0 and len(servers_["s3"].objects) > 5


def turn_of_hameaud():
    """What hameaud's timer starts, two minutes behind a start and at each time that is due: the lines for the journal."""
    words = [str(BINARIES / "hameau-check"), "--trial", "--modules-folder", f"{house.state}/modules.d"]
    for setting in SETTINGS:
        words += ["--set", setting]
    flat = subprocess.run([*words, f"{house.state}/hameau.yaml"], capture_output=True, text=True, check=True).stdout
    memory = os.memfd_create("settings", 0)
    os.write(memory, flat.encode())
    os.set_inheritable(memory, True)
    environment = {"HAMEAU_STATE": house.state, "HAMEAU_SETTINGS_FD": str(memory), "HAMEAU_TRIAL": "1", "PATH": os.environ["PATH"]}
    done = subprocess.run([str(BINARIES / "hameau-provision"), "backup", f"configuration={house.state}/hameau.yaml"], env=environment, close_fds=False, capture_output=True, text=True)
    os.close(memory)
    assert done.returncode == 0, done
    return [line.split()[:2] for line in done.stderr.splitlines()]


def test_what_is_due_is_saved_by_itself_and_a_drill_follows_once_a_month():
    file = Path(house.state, "backup", "state")
    rows = lambda: [line.split("\t") for line in file.read_text().splitlines()]

    def set_target(address, **ago):
        changed = rows()
        for row in changed:
            if row[0] == "target" and row[1] == address:
                for name, seconds in ago.items():
                    row[{"last_good": 3, "last_try": 4, "checked": 7, "drilled": 8}[name]] = str(int(time.time()) - seconds)
            elif row[0] == "target":
                row[8] = str(int(time.time()) - 86400)
        file.write_text("".join("\t".join(row) + "\n" for row in changed))

    set_target(FOLDER, drilled=29 * 86400)
    assert turn_of_hameaud() == []
    set_target(FOLDER, drilled=31 * 86400)
    assert turn_of_hameaud() == [["drilled", FOLDER]]
    set_target(FOLDER, last_good=2 * 86400, last_try=2 * 86400, checked=8 * 86400)
    assert turn_of_hameaud() == [["saved", FOLDER]]
    assert int(next(row[7] for row in rows() if row[:2] == ["target", FOLDER])) > time.time() - 60, "the weekly look at the target did not come"


def test_the_sheet_with_the_key_is_shown_once_and_asked_for_until_then():
    check = lambda: next(one for one in house.status()["services"][0]["checks"] if one["name"] == "backup")
    house.wait_state("people", ("ready",))
    assert not check()["passed"] and "backup key" in check()["advice"], check()
    annick = house.visitor().sign_in("annick", "annick-secret-words")
    for language, words in (("fr", "La clé des sauvegardes n’est que dans cette maison"), ("en", "is in this house alone")):
        page = annick.call("GET", "/api/v1/status", headers={"Accept-Language": language}).json()
        assert any(words in one["advice"] for one in page["services"][0]["checks"]), page
    sheet = house.hameau("backup", "key").stdout
    key = seen["key"].strip().split("-")
    assert len(key) == 9 and all(word in sheet for word in key) and all(target in sheet for target in TARGETS), sheet
    assert house.hameau("backup", "key", check=False).returncode == 69 and all(word in house.hameau("backup", "key", "--again").stdout for word in key)
    assert backup()["trouble"] == "", backup()


def test_what_hinders_every_backup_and_what_stops_them_is_on_the_status_page():
    check = lambda: next(one for one in house.status()["services"][0]["checks"] if one["name"] == "backup")
    assert target_of(backup(FOLDER), FOLDER)["code"] == "fine" and check()["passed"], check()
    os.chmod(CREDENTIALS, 0o644)
    try:
        one = target_of(backup(FOLDER, check=False), FOLDER)
        assert one["code"] == "unready" and "chmod 600" in one["detail"], one
        assert not check()["passed"] and "cannot begin" in check()["advice"], check()
    finally:
        os.chmod(CREDENTIALS, 0o600)
    assert target_of(backup(FOLDER), FOLDER)["code"] == "fine" and check()["passed"], check()
    key = Path(house.state, "backup", "key")
    words = key.read_text()
    key.write_text(words.replace(words[:6], "zzzzz-", 1))
    try:
        one = target_of(backup(FOLDER, check=False), FOLDER)
        assert one["code"] == "unready" and "damaged" in one["detail"] and not any(word in one["detail"] for word in ["zzzzz", *words.strip().split("-")]), one
    finally:
        key.write_text(words)
    assert target_of(backup(FOLDER), FOLDER)["code"] == "fine" and check()["passed"], check()
    # Turns that end before they wrote anything: the state of the last good one says that all is well.
    lock = Path(house.state, "backup", "lock")
    lock.unlink()
    lock.mkdir()
    try:
        for turn in (1, 2):
            backup(FOLDER, check=False)
            assert check()["passed"] == (turn == 1), (turn, check())
        assert "stop before" in check()["advice"], check()
    finally:
        lock.rmdir()
    assert target_of(backup(FOLDER), FOLDER)["code"] == "fine" and check()["passed"], check()


def test_secrets_are_nowhere_and_what_is_this_machines_is_not_in_it():
    words = [seen["key"].strip(), "rest-secret-word", "s3-secret"]
    for file in [*Path(house.state, "log").glob("*"), Path(house.state, "backup", "state"), Path(house.log.name)]:
        text = file.read_text(errors="replace")
        assert not any(word in text for word in words), file
    key = WORK / "key"
    key.write_text(seen["key"].strip())
    listed = subprocess.run(["restic", "-r", FOLDER, "--no-lock", "--no-cache", "--password-file", str(key), "ls", "latest"], capture_output=True, text=True).stdout
    paths = {"/" + line.lstrip("/") for line in listed.splitlines()[1:]}
    assert {"/people/people.db", "/mail/mail.db", "/mail/auth/auth.db", "/sites/sites.db", "/pads/pads.db", "/ABOUT", "/OWNERS", "/LINKS", "/settings/hameau.yaml", "/tls/ca.key"} <= paths, sorted(paths)[:40]
    for path in paths:
        assert not path.startswith(("/run", "/log", "/engines", "/gate", "/lock", "/backup/cache", "/backup/key", "/tls/acme-challenge")), path
        assert not path.endswith(("-wal", "-shm", ".open", ".sock", ".lock")) and "dovecot.index" not in path, path


def test_a_running_house_and_one_with_data_are_not_overwritten():
    done = restore(FOLDER, house.state)
    assert done.returncode != 0 and "tourne" in done.stderr, done
    other = fresh("data")
    (other / "people").mkdir(parents=True)
    (other / "people" / "people.db").write_text("somebody's")
    done = restore(FOLDER, other)
    assert done.returncode != 0 and "--replace" in done.stderr and (other / "people" / "people.db").read_text() == "somebody's", done
    # The people's database is lost, the letters are there: that is a house too.
    other = fresh("data")
    (other / "mail" / "boxes" / "somebody").mkdir(parents=True)
    done = restore(FOLDER, other)
    assert done.returncode != 0 and "--replace" in done.stderr and (other / "mail" / "boxes" / "somebody").exists(), done
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(other / "mail")], check=True)
    done = restore(FOLDER, other, "--replace")
    subprocess.run(["umount", str(other / "mail")], check=True)
    assert done.returncode != 0 and "disque à part" in done.stderr and not list(other.glob("before-restore-*")) and not (other / "restoring").exists(), done
    wrong = "babab-" * 8 + "babab"
    done = restore(FOLDER, fresh("typo"), key=wrong)
    assert done.returncode != 0 and "clé ne va pas" in done.stderr, done


def test_a_message_of_the_day_after_is_only_in_the_later_backup():
    time.sleep(1.1)
    seen["first"] = time.strftime("%Y-%m-%d %H:%M:%S")
    time.sleep(1.1)
    send(house, "the day after")
    deadline = time.time() + 20
    while len(mail_of(house)["INBOX"][1]) < len(seen["picture"]["mail"]["INBOX"][1]) + 1:
        assert time.time() < deadline
        time.sleep(0.2)
    seen["later"] = mail_of(house)
    state = backup(FOLDER)
    one = target_of(state, FOLDER)
    # What did not change is not sent again.
    assert one["code"] == "fine" and one["added"] < one["bytes"] / 2, one
    # Both are of one day: the newer one of a day stays.
    assert len(backup("list", FOLDER)) == 1


def test_the_house_is_destroyed_and_comes_back_from_each_target():
    house.stop()
    subprocess.run(["rm", "-rf", "--one-file-system", house.state], check=True)
    for name, target in (("folder", FOLDER), ("sftp", SFTP), ("rest", REST), ("s3", S3)):
        state = fresh(f"back-{name}")
        if target == SFTP:
            # The old house's key went with it: the new one shows its own, as it would on a new machine.
            refused = restore(SFTP, state)
            assert refused.returncode != 0 and "ne nous laisse pas entrer" in refused.stderr, refused
            servers_["sshd"].allow((state / "backup" / "ssh" / "id_ed25519.pub").read_text())
        if target == REST:
            # As after `apt install`: a house that was started and never set up is no obstacle.
            state.mkdir()
            new = House(state=str(state), base_port=BASE)
            new.start()
            new.stop()
            assert (state / "people" / "people.db").exists()
        begun = time.time()
        done = restore(target, state)
        assert done.returncode == 0 and "Tout est revenu" in done.stdout and ("7 messages" if target == FOLDER else "6 messages") in done.stdout, done
        print(f"     {name}: restored in {time.time() - begun:.1f} s")
        other = restored_house(state)
        try:
            shown = picture_of(other)
            wanted = {**seen["picture"], "mail": seen["later"] if target == FOLDER else seen["picture"]["mail"]}
            for part, value in wanted.items():
                assert shown[part] == value, (name, part, shown[part], value)
            send(other, "it lives")
            # The script that was active still sorts.
            send(other, "facture 12")
            wait_for_mail(other, "Archives-2025", len(wanted["mail"]["Archives-2025"][1]) + 1)
            assert backup(of=other)["key_shown"] != 0
            # Whoever was signed in on the day of the backup may have been signed out since.
            with contextlib.closing(sqlite3.connect(state / "people" / "people.db")) as people:
                stale = people.execute("SELECT count(*) FROM session WHERE created_ms < ?", (int(begun * 1000),)).fetchone()[0]
            assert stale == 0 and not (state / "people" / "restored").exists(), stale
        finally:
            other.stop()
        assert (state / "people").stat().st_uid == 62002 and (state / "mail" / "mail.db").stat().st_uid == 62003 and (state / "mail" / "boxes").stat().st_uid == 62010
        assert oct((state / "mail").stat().st_mode & 0o7777) == "0o2755" and (state / "mail").stat().st_gid != 0


def test_the_restored_house_goes_on_with_the_same_backups():
    other = restored_house(WORK / "back-rest")
    try:
        state = backup(FOLDER, of=other)
        assert target_of(state, FOLDER)["code"] == "fine", state
    finally:
        other.stop()


def test_a_kill_in_the_middle_leaves_nothing_half_done():
    other = restored_house(WORK / "back-rest")
    try:
        big = WORK / "back-rest" / "pads" / "images" / "amis" / ("f" * 64)
        big.write_bytes(os.urandom(60 << 20))
        os.chown(big, 62005, 62005)
        waiting = subprocess.Popen([str(BINARIES / "hameau"), "backup", FOLDER, "--state", other.state], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        provision, deadline = None, time.time() + 30
        restic = lambda: [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and is_backup(p)]
        locks = lambda: [one for one in Path(FOLDER, "locks").iterdir() if len(one.name) == 64]  # not one that is being written: restic ignores it
        while not restic() or not locks():
            assert time.time() < deadline
            time.sleep(0.005)
        victims = restic()
        provision = parent_of(victims[0])
        for line in Path(f"/proc/{victims[0]}/status").read_text().splitlines():
            # Neither root nor any right but to read; and nothing secret in its arguments.
            if line.startswith(("Uid:", "CapEff:", "NoNewPrivs:")):
                assert line.split()[1] in ("62012", "0000000000000004", "1"), line
        assert seen["key"].strip() not in Path(f"/proc/{victims[0]}/cmdline").read_text() + Path(f"/proc/{victims[0]}/environ").read_text()
        os.kill(provision, signal.SIGKILL)
        time.sleep(0.5)
        assert not restic(), "restic outlived hameau-provision"
        assert locks(), "the test came too late: there is no lock left behind"
        waiting.terminate()
        waiting.wait()
        state = backup(FOLDER, of=other)
        assert target_of(state, FOLDER)["code"] == "fine" and state["running"] is None, state
        assert not locks() and not (WORK / "back-rest" / "backup" / "staging").exists()
        big.unlink()
    finally:
        other.stop()
    assert not house_processes(str(WORK / "back-rest"))


def is_backup(process):
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0] == b"restic" and b"backup" in words


def parent_of(pid):
    return int(next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("PPid:")).split()[1])


def test_a_restore_that_was_killed_keeps_the_house_closed_until_it_is_done_again():
    state = fresh("cut")
    assert restore(FOLDER, state).returncode == 0
    (state / "restoring").write_text("x")
    shutil.rmtree(state / "mail")
    closed = subprocess.run([str(BINARIES / "hameau"), "trial", "--state", str(state), "--https-port", str(BASE)], capture_output=True, text=True, timeout=60)
    assert closed.returncode != 0 and "hameau restore" in closed.stderr + closed.stdout, closed
    done = restore(FOLDER, state)
    assert done.returncode == 0 and (state / "mail" / "mail.db").exists() and not (state / "restoring").exists(), done


def test_at_a_time_and_beside_a_house_that_is_put_aside():
    state = WORK / "cut"
    too_old = restore(REST, fresh("early"), "--at", "2020-01-01")
    assert too_old.returncode != 0 and "si ancienne" in too_old.stderr, too_old
    done = restore(REST, state, "--replace", "--at", seen["first"])
    assert done.returncode == 0 and "gardée dans" in done.stdout and "6 messages" in done.stdout, done
    assert list(state.glob("before-restore-*/people/people.db"))
    assert [one.read_text().strip() for one in state.glob("before-restore-*/backup/key")] == [seen["key"].strip()]
    assert not (state / "backup" / "replaced").exists() and not (state / "restoring").exists()


def test_a_damaged_target_is_said_and_nothing_is_hidden():
    damaged = WORK / "damaged"
    shutil.copytree(FOLDER, damaged)
    packs = sorted(damaged.glob("data/*/*"), key=lambda path: path.stat().st_size)
    for pack in packs:
        data = bytearray(pack.read_bytes())
        data[len(data) // 3] ^= 0xff
        os.chmod(pack, 0o600)
        pack.write_bytes(bytes(data))
    subprocess.run(["chown", "-R", "62012:62012", str(damaged)], check=True)
    state = fresh("from-damaged")
    begun = time.time()
    done = restore(str(damaged), state)
    assert done.returncode != 0 and "pas entière" in done.stderr and not (state / "people").exists(), done
    print(f"     a damaged target refused in {time.time() - begun:.1f} s")
    # And the drill of a house that saves there.
    other = House(state=str(WORK / "back-folder"), settings=[f"house.backup_targets={damaged}", "house.disk_floor=1 MiB"], base_port=BASE)
    shutil.copy(WORK / "back-rest" / "backup" / "key", WORK / "back-folder" / "backup" / "key")
    other.start()
    try:
        text = Path(WORK, "back-folder", "backup", "state")
        now = int(time.time()) - 60
        text.write_text(f"next\t{now + 9999}\nkey\t1\ntarget\t{damaged}\tfine\t{now}\t{now}\t0\t0\t{now}\t0\t1\t1\tx\t\n")
        begun = time.time()
        failed = backup("drill", check=False, of=other)
        print(f"     and found by the drill in {time.time() - begun:.1f} s: {failed['drill']['code']}, {failed['drill']['detail']}")
        assert failed["drill"]["code"] != "fine" and failed["trouble"] in ("drill", "broken"), failed
        check = next(one for one in other.status()["services"][0]["checks"] if one["name"] == "backup")
        assert not check["passed"] and str(damaged) in check["advice"], check
    finally:
        other.stop()


def test_targets_that_are_away_empty_or_full_have_their_sentences():
    small = WORK / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=0755", "none", str(small)], check=True)
    away, full, gone = str(WORK / "not-mounted" / "x"), str(small / "hameau"), str(WORK / "gone")
    other = House(state=str(WORK / "back-s3"), settings=[f"house.backup_targets={away} {full} {gone}", "house.disk_floor=1 MiB"], base_port=BASE)
    other.start()
    try:
        # On the house's own disk, as below a mount point with nothing mounted.
        same = target_of(backup(gone, check=False, of=other), gone)
        assert same["code"] == "same_disk" and not Path(gone).exists(), same
        assert target_of(backup(gone, "--new", of=other), gone)["code"] == "fine"
        for path in Path(gone).iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        image = WORK / "back-s3" / "pads" / "images" / "amis" / ("e" * 64)
        image.write_bytes(os.urandom(6 << 20))
        os.chown(image, 62005, 62005)
        state = backup("now", check=False, of=other)
        assert [target_of(state, one)["code"] for one in (away, full, gone)] == ["away", "full", "emptied"], state
        assert target_of(backup(gone, "--new", of=other), gone)["code"] == "fine"
        subprocess.run(["chown", "-R", "0:0", gone], check=True)
        begun = time.time()
        refused = target_of(backup(gone, check=False, of=other), gone)
        assert refused["code"] == "refused" and "chown" in refused["detail"] and time.time() - begun < 20, refused
        french = subprocess.run([str(BINARIES / "hameau"), "backup", "--state", other.state], capture_output=True, text=True, env={**os.environ, "LC_ALL": "fr_FR.UTF-8"}).stdout
        assert "Branchez le disque" in french and "plus de place" in french, french
        image.unlink()
    finally:
        other.stop()


def test_a_disk_is_known_by_its_label_and_may_be_unplugged_afterwards():
    """Plugged in and mounted as udev and an automounter would show it: the link by label, a mount with the device as its source."""
    device, mount, labels = WORK / "device", WORK / "media", Path("/dev/disk/by-label")
    device.write_text("")
    mount.mkdir()
    labels.mkdir(parents=True, exist_ok=True)
    target = "disk:HAMEAUTEST"
    other = House(state=str(WORK / "back-sftp"), settings=[f"house.backup_targets={target}", "house.disk_floor=1 MiB"], base_port=BASE)
    other.start()
    try:
        state = target_of(backup(target, check=False, of=other), target)
        assert state["code"] == "away" and "plugged in" in state["detail"] and 0 < state["next"] - state["last_try"] <= 3600, state
        (labels / "HAMEAUTEST").symlink_to(device)
        assert "mounted" in target_of(backup(target, check=False, of=other), target)["detail"]
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60m,mode=0755", str(device), str(mount)], check=True)
        done = subprocess.run([str(BINARIES / "hameau"), "backup", target, "--state", other.state], capture_output=True, text=True, env={**os.environ, "LC_ALL": "fr_FR.UTF-8"})
        assert done.returncode == 0 and "débranché" in done.stdout and (mount / "hameau" / "config").exists(), done
        subprocess.run(["umount", str(mount)], check=True)
    finally:
        (labels / "HAMEAUTEST").unlink(missing_ok=True)
        other.stop()


def test_a_full_disk_of_the_house_is_refused_first_with_a_sentence():
    small = WORK / "small-house"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m,mode=0755", "none", str(small)], check=True)
    other = House(apply=[CONTENT], state=str(small), settings=[f"house.backup_targets={WORK / 'third'}", "house.disk_floor=1 MiB"], base_port=BASE)
    other.start()
    try:
        with open(small / "filler", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, os.statvfs(small).f_bavail * os.statvfs(small).f_frsize - (20 << 20))
        state = backup("now", check=False, of=other)
        one = state["targets"][0]
        assert one["code"] == "no_room" and not (small / "backup" / "staging").exists() and not (WORK / "third").exists(), state
        (small / "filler").unlink()
        assert backup("now", of=other)["targets"][0]["code"] == "fine"
    finally:
        other.stop()


servers_ = {}

if __name__ == "__main__":
    checks = Checks()
    servers.know_the_uid()
    for folder in ("disk", "rest-data"):
        (WORK / folder).mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m,mode=0755", "none", str(WORK / "disk")], check=True)
    CREDENTIALS.write_text(f"[{SFTP}]\nport={BASE + 20}\n[{REST}]\nuser=maison\npassword=rest-secret-word\n[{S3}]\nAWS_ACCESS_KEY_ID={servers.S3.key}\nAWS_SECRET_ACCESS_KEY=s3-secret\n")
    os.chmod(CREDENTIALS, 0o600)
    servers_ = {"sshd": servers.Sshd(BASE + 20), "rest": servers.Rest(BASE + 21, str(WORK / "rest-data")), "s3": servers.S3(BASE + 22)}
    try:
        house.start()
        checks.check_all(globals())
    finally:
        house.stop()
        for server in servers_.values():
            server.close()
        subprocess.run(f"umount {WORK}/disk {WORK}/small {WORK}/small-house {WORK}/media 2>/dev/null; rm -rf --one-file-system {WORK}", shell=True, check=False)
        house.remove()
    sys.exit(checks.report())
