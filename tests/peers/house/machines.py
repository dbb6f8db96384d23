"""Sites for programs: a publication that sends only what the house lacks, and what is left of one that is cut."""
import contextlib
import hashlib
import io
import os
import signal
import subprocess
import tarfile
import tempfile
from pathlib import Path

from common import MEMBERS, PLAIN_PAGE, house, marie, ok, wait_until, yann, zipped
from client import Raw

HOST = "machines.amis.test"


@contextlib.contextmanager
def a_site(host=HOST):
    ok(marie().call("POST", "/api/v1/associations/amis/sites", {"host": host}), 201)
    try:
        yield
    finally:
        house.hameau("site", "remove", "amis", host)
        house.hameau("site", "remove", "amis", host, "--purge")


def shown(path, host=HOST):
    answer = house.visitor(host=host).call("GET", path)
    return answer.body if answer.status == 200 else None


def publish(folder, *words):
    done = house.hameau("site", "publish", HOST, str(folder), *words, check=False)
    return done.returncode, done.stderr


def test_publish_sends_only_what_the_house_lacks():
    with a_site(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "index.html").write_text(PLAIN_PAGE)
        (folder / "été").mkdir()
        (folder / "été" / "photo.bin").write_bytes(os.urandom(300_000))
        (folder / "_redirects").write_text("/ancien /nouveau 301\n")
        code, said = publish(folder)
        assert code == 0 and "3 of 3 files are sent" in said, said
        (folder / "neu.html").write_text(PLAIN_PAGE + "<!-- 2 -->")
        (folder / "été" / "photo.bin").rename(folder / "ailleurs.bin")
        code, said = publish(folder)
        # Rules are no files of the site: they always travel.
        assert code == 0 and "2 of 4 files are sent" in said, said
        assert shown("/") == PLAIN_PAGE.encode() and shown("/neu").endswith(b"<!-- 2 -->")
        assert shown("/ailleurs.bin") == (folder / "ailleurs.bin").read_bytes() and shown("/%C3%A9t%C3%A9/photo.bin") is None
        assert house.visitor(host=HOST).call("GET", "/ancien").status == 301
        code, said = publish(folder)
        assert code == 0 and "1 of 4 files are sent" in said, said
        # Wrong lines are said with their number, and nothing changes.
        (folder / "_redirects").write_text("/ancien /nouveau 301\n/faux\n")
        code, said = publish(folder)
        assert code != 0 and "_redirects:2" in said and "--anyway" in said, said
        assert publish(folder, "--anyway")[0] == 0
        # A file that is damaged here is sent again.
        site = marie()
        for blob in Path(house.state, "sites", "blobs").glob("*/*"):
            if blob.stat().st_size == 300_000:
                blob.write_bytes(b"x")
        code, said = publish(folder, "--anyway")
        assert code == 0, said
        assert shown("/ailleurs.bin") == (folder / "ailleurs.bin").read_bytes()
        ok(site.call("GET", f"/api/v1/sites/{HOST}/deploys"))


def tar_of(files):
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return memory.getvalue()


def test_a_kill_at_any_byte_leaves_the_site_as_it_was():
    page = PLAIN_PAGE.encode()
    with a_site(), tempfile.TemporaryDirectory() as name:
        Path(name, "index.html").write_bytes(page)
        assert publish(name)[0] == 0
        line = hashlib.blake2b(page, digest_size=32).hexdigest() + " 1700000000 kept.html\n"
        archive = tar_of([(".hameau-kept", line.encode()), ("index.html", b"<h1>Neuf</h1>"), ("big.bin", os.urandom(200_000))])
        visitor = marie()
        for part in (0, 700, 100_000, len(archive)):
            slow = Raw(house, timeout=60)
            slow.send(("POST /api/v1/sites/%s/deploys?kept=1 HTTP/1.1\r\nHost: localhost:%d\r\nOrigin: %s\r\nCookie: __Host-hameau=%s\r\n"
                       "Content-Length: %d\r\nConnection: close\r\n\r\n" % (HOST, house.ports["https"], house.ready["portal"].rstrip("/"),
                                                                            visitor.cookies["__Host-hameau"], len(archive))).encode())
            slow.send(archive[:part])
            if part < len(archive):
                wait_until(lambda: any(Path(house.state, "sites", "staging").iterdir()))
            os.kill(house.process_of("sites")["pid"], signal.SIGKILL)
            slow.close()
            wait_until(lambda: visitor.call("GET", f"/api/v1/sites/{HOST}").status == 200)
            live = shown("/")
            # The last byte may have come through: then the whole new version is there.
            assert live == page and shown("/kept.html") is None or part == len(archive) and shown("/kept.html") == page, (part, live)
            wait_until(lambda: not any(Path(house.state, "sites", "staging").iterdir()))
        Path(name, "index.html").write_bytes(b"<!doctype html><title>x</title><h1>Apr\xc3\xa8s</h1>")
        code, said = publish(name)
        assert code == 0, said
        assert b"Apr\xc3\xa8s" in shown("/")


def test_a_deploy_token_publishes_on_one_site_until_it_ends():
    """With curl, as a program of elsewhere does."""
    with a_site(), tempfile.TemporaryDirectory() as name:
        tokens = f"/api/v1/sites/{HOST}/tokens"
        archive = Path(name, "site.zip")
        archive.write_bytes(zipped({"index.html": PLAIN_PAGE}))

        def make(visitor, what="robot"):
            made = ok(visitor.call("POST", tokens, {"name": what}), 201).json()
            assert made["token"].startswith("hameau_") and made["used"] is None and made["ended"] is None, made
            return made

        def curl(token, host=HOST, path="deploys", *words):
            send = words or ("-X", "POST", "-T", str(archive))
            done = subprocess.run(["curl", "-sS", "--cacert", house.ready["ca"], "--resolve", "localhost:%d:127.0.0.1" % house.ports["https"],
                                   "-w", "\n%{http_code}", "-H", "Authorization: Bearer " + token, *send,
                                   house.ready["portal"].rstrip("/") + f"/api/v1/sites/{host}/{path}"], capture_output=True, timeout=60)
            assert done.returncode == 0, done.stderr
            body, _, status = done.stdout.rpartition(b"\n")
            return int(status), body

        def listed(visitor):
            return {one["id"]: one for one in ok(visitor.call("GET", tokens)).json()["items"]}

        manager, member = marie(), yann()
        mine, theirs = make(manager), make(member, "générateur")
        assert curl(theirs["token"])[0] == 201 and shown("/") == PLAIN_PAGE.encode()
        assert curl(theirs["token"], HOST, "deploys/1", "-X", "GET")[0] == 200
        assert curl(theirs["token"], HOST, "missing", "-d", '{"hashes":[]}')[0] == 200
        # One site, and publishing alone.
        assert curl(theirs["token"], "amis.test")[0] == 403
        for path in ("tokens", "live", "archive"):
            assert curl(theirs["token"], HOST, path, "-X", "GET")[0] in (401, 405), path
        assert curl(theirs["token"][:-1] + ("a" if theirs["token"][-1] != "a" else "b"))[0] == 401
        # Managers see all, members their own; nobody sees a token again.
        assert set(listed(manager)) == {mine["id"], theirs["id"]} and set(listed(member)) == {theirs["id"]}
        assert listed(member)[theirs["id"]]["used"] and not listed(manager)[mine["id"]]["used"]
        assert "token" not in listed(member)[theirs["id"]]
        ok(member.call("DELETE", f"{tokens}/{mine['id']}"), 404)
        ok(manager.call("DELETE", f"{tokens}/{mine['id']}"), 204)
        assert curl(mine["token"])[0] == 401
        assert listed(manager)[mine["id"]]["reason"]
        # Who leaves takes the token along, for good, also when they come back.
        ok(manager.call("POST", MEMBERS, {"login": "robote", "name": "Robote", "password": "robote-secret-words"}), 201)
        robote = house.visitor().sign_in("robote", "robote-secret-words")
        gone = make(robote, "part")
        assert curl(gone["token"])[0] == 201
        ok(manager.call("DELETE", f"{MEMBERS}/robote"), 204)
        assert curl(gone["token"])[0] == 401
        ok(manager.call("POST", f"{MEMBERS}/robote/restore"))
        assert curl(gone["token"])[0] == 401
        assert listed(manager)[gone["id"]]["ended"], "the list says so"
        again = make(house.visitor().sign_in("robote", "robote-secret-words"), "revenu")
        ok(manager.call("DELETE", f"{MEMBERS}/robote"), 204)
        ok(manager.call("POST", f"{MEMBERS}/robote/restore"))
        # Nobody asked between the two: it is over all the same.
        assert listed(manager)[again["id"]]["ended"] and curl(again["token"])[0] == 401
        ok(manager.call("DELETE", f"{MEMBERS}/robote"), 204)
        # An upload on its way is judged when it has come.
        data = archive.read_bytes()
        slow = Raw(house, timeout=60)
        slow.send(("POST /api/v1/sites/%s/deploys HTTP/1.1\r\nHost: localhost:%d\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
                   % (HOST, house.ports["https"], theirs["token"], len(data))).encode() + data[:20])
        wait_until(lambda: any(Path(house.state, "sites", "staging").iterdir()))
        ok(member.call("DELETE", f"{tokens}/{theirs['id']}"), 204)
        slow.send(data[20:])
        assert slow.answer()[0] == 401
        # The site comes back from the bin without its tokens.
        last = make(manager, "dernier")
        house.hameau("site", "remove", "amis", HOST)
        assert curl(last["token"])[0] == 401
        house.hameau("site", "restore", "amis", HOST)
        assert curl(last["token"])[0] == 401 and listed(manager)[last["id"]]["reason"]
        logs = "".join(file.read_text(errors="replace") for file in Path(house.state, "log").glob("*.log"))
        assert last["token"] not in logs and theirs["token"] not in logs
