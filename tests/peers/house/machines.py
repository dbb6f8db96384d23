"""Sites for programs: a publication that sends only what the house lacks, and what is left of one that is cut."""
import contextlib
import hashlib
import io
import os
import signal
import tarfile
import tempfile
from pathlib import Path

from common import PLAIN_PAGE, house, marie, ok, wait_until
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
