#!/usr/bin/env python3
"""The real hameau-pads process: its API as the gate sees it, stock providers, kill -9, archive, idle stop."""
import base64
import http.client
import io
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "support")]
from checks import Checks  # noqa: E402
import older_form  # noqa: E402
import film  # noqa: E402
import waiting  # noqa: E402
from module_process import FakePeople, ModuleProcess, UnixConnection, identity, png  # noqa: E402
from open_texts_test import test_open_texts_are_bounded  # noqa: E402,F401
from parts import parted, parts  # noqa: E402

MARIE = ("m" * 26, "marie", "Marie%20Le%20Goff", "amis=manager")
YANN = ("y" * 26, "yann", "Yann", "amis=member")
ROZENN = ("r" * 26, "rozenn", "Rozenn", "amis=member")
ALIEN = ("z" * 26, "zoe", "Zoe", "jardin=member")
checks = Checks()
people = None
state = tempfile.mkdtemp(prefix="hameau-pads-peers-")
pads = None


def call(status, method, path, body=None, who=MARIE, **more):
    got, headers, data = pads.call(method, path, body, who, **more)
    assert got == status, (method, path, got, data[:400])
    return json.loads(data) if data and "json" in headers.get("content-type", "") else data


def make(slug, **fields):
    return call(201, "POST", "/api/v1/associations/amis/pads", {"slug": slug, "title": f"Pad {slug}", **fields})


def node(script, *arguments):
    done = subprocess.run(["node", str(HERE / script), *arguments], capture_output=True, text=True, timeout=600)
    sys.stdout.write(done.stdout)
    lines = [line for line in done.stdout.splitlines() if line.endswith(" failed")]
    if not lines:
        print(done.stderr[-4000:])
        checks.failed += 1
        return done.stdout
    words = lines[-1].split()
    checks.passed += int(words[0])
    checks.failed += int(words[2])
    if int(words[2]):
        print(done.stderr[-4000:])
    return done.stdout


def test_pad_life():
    pad = make("minutes", access={"members": "write", "link": "none"})
    assert pad["socket"] == f"wss://localhost:8443/api/v1/pads/ws/{pad['id']}", pad
    assert pad["url"] == f"https://localhost:8443/pads/{pad['id']}"
    assert call(200, "GET", f"/api/v1/pads/{pad['id']}")["title"] == "Pad minutes"
    assert call(200, "GET", "/api/v1/pads/amis:minutes", who=YANN)["id"] == pad["id"]
    listed = call(200, "GET", "/api/v1/associations/amis/pads", who=YANN)
    assert [item["slug"] for item in listed["items"]] == ["minutes"], listed
    assert call(200, "PATCH", f"/api/v1/pads/{pad['id']}", {"title": "Réunion"}, who=YANN)["title"] == "Réunion"
    call(403, "PATCH", f"/api/v1/pads/{pad['id']}", {"access": {"link": "write"}}, who=YANN)
    call(403, "DELETE", f"/api/v1/pads/{pad['id']}", who=YANN)
    call(204, "DELETE", f"/api/v1/pads/{pad['id']}")
    call(404, "GET", f"/api/v1/pads/{pad['id']}")
    assert call(200, "GET", "/api/v1/associations/amis/pads")["items"] == []
    assert len(call(200, "GET", "/api/v1/associations/amis/pads?bin=1")["items"]) == 1
    call(200, "POST", f"/api/v1/pads/{pad['id']}/restore")
    assert call(200, "GET", f"/api/v1/pads/{pad['id']}")["title"] == "Réunion"


def test_refusals():
    path = "/api/v1/associations/amis/pads"
    call(401, "GET", path, who=None)
    call(403, "GET", path, who=ALIEN)
    call(403, "POST", path, {"nonsense": 1}, who=ALIEN)
    problem = call(422, "POST", path, {"slug": "Bad Slug", "title": "", "acess": {}})
    assert {error["field"] for error in problem["errors"]} == {"slug", "title", "acess"}, problem
    call(409, "POST", path, {"slug": "minutes", "title": "x"})
    call(404, "GET", "/api/v1/pads/" + "a" * 26)
    call(401, "GET", "/api/v1/pads/amis:minutes", who=None)
    call(403, "GET", "/api/v1/pads/amis:minutes", who=ALIEN)
    call(404, "GET", "/api/v1/pads/amis:nothing")
    call(405, "PUT", "/api/v1/pads/amis:minutes")


def upgrade(path, who):
    """The status of a handshake; node's ws+unix addresses cannot hold the colon of amis:room."""
    return pads.call("GET", path, who=who, headers={"Connection": "Upgrade", "Upgrade": "websocket",
                     "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="})[0]


def test_upgrades():
    assert upgrade("/api/v1/pads/ws/amis:minutes", YANN) == 101
    assert upgrade("/api/v1/pads/ws/amis:minutes", None) == 401
    # A page with words of Yann, in a browser where Marie or nobody is signed in now.
    assert upgrade(f"/api/v1/pads/ws/amis:minutes?member={YANN[0]}", YANN) == 101
    assert upgrade(f"/api/v1/pads/ws/amis:minutes?member={YANN[0]}", MARIE) == 409
    assert upgrade(f"/api/v1/pads/ws/amis:minutes?member={YANN[0]}", None) == 401
    assert upgrade("/api/v1/pads/ws/amis:minutes", ALIEN) == 403
    assert upgrade("/api/v1/pads/ws/amis:minutes?key=" + "a" * 26, None) == 403
    assert upgrade("/api/v1/pads/ws/amis:nothing", YANN) == 404
    assert upgrade("/api/v1/pads/ws/amis:nothing?key=" + "a" * 26, None) == 403


def test_links():
    pad = make("shared", access={"link": "read"})
    link = call(200, "POST", f"/api/v1/pads/{pad['id']}/link", {}, who=YANN)
    assert link["url"].startswith(pad["url"] + "#key=") and len(link["key"]) == 26, link
    assert call(200, "POST", f"/api/v1/pads/{pad['id']}/link")["key"] == link["key"]
    seen = call(200, "GET", f"/api/v1/pads/{pad['id']}", who=None, headers={"Pad-Key": link["key"]})
    assert seen["may"] == "read" and seen["access"]["people"] == [], seen
    call(403, "GET", f"/api/v1/pads/{pad['id']}", who=None, headers={"Pad-Key": "a" * 26})
    call(403, "POST", f"/api/v1/pads/{pad['id']}/link", {"renew": True}, who=YANN)
    renewed = call(200, "POST", f"/api/v1/pads/{pad['id']}/link", {"renew": True})
    assert renewed["key"] != link["key"]
    call(403, "GET", f"/api/v1/pads/{pad['id']}", who=None, headers={"Pad-Key": link["key"]})
    call(409, "POST", "/api/v1/pads/amis:minutes/link")


class SlowCall:
    """A call whose header section has arrived and whose body is still on its way."""

    def __init__(self, method, path, body, who):
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(60)
        self.connection.connect(pads.socket_path)
        head = {"Host": "localhost", "Hameau-Caller": "gate", **identity(who), "Content-Length": len(self.body)}
        self.connection.sendall((f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in head.items()) + "\r\n").encode()
                                + self.body[:1])
        time.sleep(0.2)  # so that a handler that asks too early does so; the others do not mind

    def end(self):
        """(status, answer)"""
        self.connection.sendall(self.body[1:])
        answer = http.client.HTTPResponse(self.connection)
        answer.begin()
        text = answer.read()
        self.connection.close()
        return answer.status, json.loads(text) if text else None


def test_slow_bodies():
    """What was changed while a body came stays changed, and a right that ended meanwhile is no right."""
    pad = make("slow", access={"members": "write", "link": "write"})
    path = f"/api/v1/pads/{pad['id']}"
    key = call(200, "POST", f"{path}/link", {})["key"]
    # Access closed and key renewed during a change of the title.
    title = SlowCall("PATCH", path, {"title": "Neuf"}, MARIE)
    call(200, "POST", f"{path}/link", {"renew": True})
    call(200, "PATCH", path, {"access": {"members": "none", "link": "none"}})
    assert title.end()[0] == 200
    now = call(200, "GET", path)
    assert now["title"] == "Neuf" and now["access"]["members"] == now["access"]["link"] == "none", now
    assert pads.call("GET", path, headers={"Pad-Key": key})[0] == 403
    call(200, "PATCH", path, {"access": {"members": "write", "link": "write"}})
    assert pads.call("GET", path, headers={"Pad-Key": key})[0] == 403, "the old key opens again"
    # A member whose access ends while the body is on its way.
    title = SlowCall("PATCH", path, {"title": "De Yann"}, YANN)
    call(200, "PATCH", path, {"access": {"members": "none", "link": "none"}})
    assert title.end()[0] == 403 and call(200, "GET", path)["title"] == "Neuf"
    # Into the bin during a change, and during the renewal of a link.
    call(200, "PATCH", path, {"access": {"members": "write", "link": "write"}})
    title, link = SlowCall("PATCH", path, {"title": "Encore"}, MARIE), SlowCall("POST", f"{path}/link", {"renew": True}, MARIE)
    call(204, "DELETE", path)
    assert title.end()[0] == 404 and link.end()[0] == 404
    call(404, "GET", path)
    call(200, "POST", f"{path}/restore")
    # An image of a member who may not write any more when it is there.
    image = SlowCall("POST", f"{path}/images", png(20, 20), YANN)
    call(200, "PATCH", path, {"access": {"members": "read", "link": "none"}})
    assert image.end()[0] == 403
    call(204, "DELETE", path) or call(204, "DELETE", f"{path}?purge=1")


def test_private_pad():
    pad = make("private", access={"members": "none"})
    call(403, "GET", f"/api/v1/pads/{pad['id']}", who=YANN)
    assert "private" not in [item["slug"] for item in call(200, "GET", "/api/v1/associations/amis/pads", who=YANN)["items"]]
    own = pads.call("POST", "/api/v1/associations/amis/pads", {"slug": "mine", "title": "t", "access": {"members": "none"}}, YANN)
    assert own[0] == 201
    call(200, "GET", "/api/v1/pads/amis:mine", who=YANN)


def test_images():
    pad, other = make("pictures", access={"link": "read"}), make("no-pictures", access={"members": "none"})
    path, picture = f"/api/v1/pads/{pad['id']}/images", png(2000, 500)
    made = call(201, "POST", path, picture, who=YANN)
    assert (made["width"], made["height"]) == (1600, 400) and made["url"].startswith(path + "/"), made
    assert call(201, "POST", path, picture)["url"] == made["url"], "the same image is kept once"
    got, headers, data = pads.call("GET", made["url"], who=YANN)
    assert got == 200 and headers["content-type"] == "image/webp" and data[:4] == b"RIFF", (got, headers)
    # Who lost access must not see it out of the browser's cache: it asks each time.
    assert headers["cache-control"] == "private, no-cache" and headers["x-content-type-options"] == "nosniff", headers
    assert headers["content-security-policy"] == "default-src 'none'; sandbox", headers
    assert pads.call("GET", made["url"], who=YANN, headers={"If-None-Match": headers["etag"]})[0] == 304
    original = pads.call("GET", made["url"] + "?original=1", who=YANN)
    assert original[1]["content-type"] == "image/png" and b"secret" in picture and b"secret" not in original[2]
    key = call(200, "POST", f"/api/v1/pads/{pad['id']}/link")["key"]
    call(200, "GET", made["url"] + "?key=" + key, who=None)
    call(401, "GET", made["url"], who=None)
    call(403, "GET", made["url"] + "?key=" + "a" * 26, who=None)
    call(403, "POST", path + "?key=" + key, picture, who=None)
    call(403, "GET", made["url"], who=ALIEN)
    call(404, "GET", made["url"].replace(pad["id"], other["id"]))
    call(400, "GET", path + "/..%2f..%2fpads.db")
    call(415, "POST", path, b"<svg onload=alert(1)>")
    call(422, "POST", path, picture[:3000])
    assert "2" in call(413, "POST", path, bytes(3 << 20))["detail"]
    people.quota_bytes = 1000
    assert call(413, "POST", path, png(30, 30))["code"] == "association_full"
    people.quota_bytes = 1 << 30
    files = sorted(file.name for file in Path(state, "pads", "images", "amis").iterdir())
    assert len(files) == 2 and files[1] == files[0] + ".webp", files
    markdown = f"# Photos\n\n![Le plan](<{made['url']}>)\n".encode()
    page = call(201, "POST", "/api/v1/associations/amis/pads/import?format=markdown&slug=photos", markdown)
    assert page["title"] == "Photos", page
    html = call(200, "GET", f"/api/v1/pads/{page['id']}/export?format=html").decode()
    assert "data:image/webp;base64," in html and 'alt="Le plan"' in html and "/api/" not in html, html[:1500]
    odt = call(200, "GET", f"/api/v1/pads/{page['id']}/export?format=odt")
    archive = zipfile.ZipFile(io.BytesIO(odt))
    names = archive.namelist()
    for part in ("content.xml", "styles.xml", "meta.xml", "META-INF/manifest.xml"):
        xml.etree.ElementTree.fromstring(archive.read(part))
    pictures = [name for name in names if name.startswith("Pictures/")]
    assert f'xlink:href="{pictures[0]}"' in archive.read("content.xml").decode() and pictures[0] in archive.read("META-INF/manifest.xml").decode()
    assert names[0] == "mimetype" and sum(name.startswith("Pictures/") for name in names) == 1, names
    call(200, "GET", made["url"].replace(pad["id"], page["id"]), who=YANN)


def test_quota_of_two_at_once():
    """There is room for one of two images of one size that come at the same time; a crash in between holds no room."""
    pad = call(201, "POST", "/api/v1/associations/jardin/pads", {"slug": "two-at-once", "title": "t"}, ALIEN)
    path = f"/api/v1/pads/{pad['id']}/images"
    call(201, "POST", path, png(400, 401), ALIEN)
    database = sqlite3.connect(state + "/pads/pads.db")
    (one,), = database.execute("SELECT sum(bytes + webp_bytes) FROM image WHERE association = 'jardin'").fetchall()
    assert one > 20_000, "much more than the text beside it"
    people.quota_bytes = one * 5 // 2
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda height: pads.call("POST", path, png(400, height), ALIEN)[0], (402, 403)))
    assert sorted(answers) == [201, 413], answers
    people.quota_bytes = 1 << 30
    # As a kill -9 leaves it behind: an arrival noted, a file half there.
    left = Path(state, "pads", "images", "jardin", "f" * 64)
    left.write_bytes(b"half")
    with database:
        database.execute("INSERT INTO arrival (association, hash, bytes) VALUES ('jardin', ?, ?)", ("f" * 64, 1 << 40))
    database.close()
    starts = pads.starts
    os.kill(int(pads.pid_file.read_text()), signal.SIGKILL)
    deadline = time.time() + 20
    while pads.starts == starts and time.time() < deadline:
        time.sleep(0.01)
    call(201, "POST", path, png(40, 44), ALIEN)
    call(204, "POST", "/internal/erase", {"association": "jardin"}, who=None, headers={"Hameau-Caller": "admin"})
    assert not left.exists()


def test_real_images():
    """Photographs with a place and animations, as phones and programs write them; see tests/unit/pads/images/README.md."""
    pad = make("real-images")
    for name, kind, size in (("photo.jpg", "image/jpeg", (16, 24)), ("drawing.png", "image/png", (24, 16)), ("picture.webp", "image/webp", (24, 16)),
                             ("film.webp", "image/webp", (12, 8)), ("film.gif", "image/gif", (12, 8))):
        image = (HERE.parents[1] / "unit" / "pads" / "images" / name).read_bytes()
        made = call(201, "POST", f"/api/v1/pads/{pad['id']}/images", image)
        assert (made["width"], made["height"]) == size, (name, made)
        original = pads.call("GET", made["url"] + "?original=1", who=YANN)
        shown = pads.call("GET", made["url"], who=YANN)
        assert original[1]["content-type"] == kind, (name, original[1])
        for data in (original[2], shown[2]):
            assert b"Secret" in image and not any(trace in data for trace in (b"Secret", b"GPS", b"XMP", b"xpacket", b"EXIF", b"eXIf")), name
        frames = {"film.gif": b"\x21\xf9\x04", "film.webp": b"ANMF"}.get(name)
        assert frames is None or shown[2].count(frames) == 3, (name, shown[2])
        if shutil.which("exiftool"):
            file = Path(state, name)
            file.write_bytes(original[2])
            said = subprocess.run(["exiftool", "-G1", "-GPS*", "-Artist", "-Creator", "-Author", "-Comment", str(file)], capture_output=True, text=True).stdout
            assert not said.strip(), (name, said)


def test_import():
    path = "/api/v1/associations/amis/pads/import"
    call(403, "POST", path + "?format=html&slug=i", b"x", who=ALIEN)
    call(400, "POST", path + "?format=odt&slug=i", b"x")
    call(422, "POST", path + "?format=html&slug=No", b"x")
    call(422, "POST", path + "?format=markdown&slug=i", b"caf\xe9")
    call(413, "POST", path + "?format=markdown&slug=i", b"x" * ((1 << 20) + 1))
    text = "# Titre\n\nUn **mot**\n\n- [x] fait\n- [ ] à faire\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n".encode()
    people.quota_bytes = 1000
    full = call(413, "POST", path + "?format=markdown&slug=imported", text)
    assert full["code"] == "association_full" and "plus assez de place" in full["detail"], full
    people.quota_bytes = 1 << 30
    call(404, "GET", "/api/v1/pads/amis:imported")
    pad = call(201, "POST", path + "?format=markdown&slug=imported&title=Mon%20titre", text)
    assert pad["title"] == "Mon titre" and pad["updated_by"] == "Marie Le Goff", pad
    assert call(200, "GET", f"/api/v1/pads/{pad['id']}/export?format=markdown") == b"# Mon titre\n\n" + text, "the title stands on top"
    call(409, "POST", path + "?format=markdown&slug=imported", text)


def test_import_with_images():
    """Our own page holds its images itself, as Word's and LibreOffice's do: read again they are images of the new pad."""
    pad = make("album")
    url = call(201, "POST", f"/api/v1/pads/{pad['id']}/images", png(320, 200))["url"]
    photo = (HERE.parents[1] / "unit" / "pads" / "images" / "photo.jpg").read_bytes()
    path = "/api/v1/associations/amis/pads/import"
    first = call(201, "POST", path + "?format=markdown&slug=album-one", f"# Album\n\n![Le plan]({url})\n\n<img src=\"{url}\" alt=\"\" width=\"40\">\n\n![]({url})\n".encode())
    page = call(200, "GET", f"/api/v1/pads/{first['id']}/export?format=html")
    assert page.count(b"data:image/") == 3, page[:500]
    second = call(201, "POST", path + "?format=html&slug=album-two", page)
    assert "warnings" not in second, second
    assert call(200, "GET", f"/api/v1/pads/{second['id']}/export?format=html") == page, "the page comes back as it was"
    markdown = call(200, "GET", f"/api/v1/pads/{second['id']}/export?format=markdown").decode()
    assert f"](</api/v1/pads/{second['id']}/images/" in markdown and 'alt="" width="40"' in markdown, markdown
    # A stranger's: metadata goes, what is no image becomes its description, and the response says so.
    data = lambda kind, content: f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    brought = f"![photo]({data('jpeg', photo)})\n\n![drawing]({data('svg+xml', b'<svg/>')})\n\n![broken]({data('png', b'no')})\n\n```\n![code](data:image/png;base64,AAAA)\n```\n"
    third = call(201, "POST", path + "?format=markdown&slug=album-three", brought.encode())
    assert len(third["warnings"]) == 1 and ": 2," in third["warnings"][0].replace("\u00a0", " "), third
    markdown = call(200, "GET", f"/api/v1/pads/{third['id']}/export?format=markdown").decode()
    kept = re.findall(r"!\[photo\]\(<([^>]+)>\)", markdown)
    assert len(kept) == 1 and "drawing" in markdown and "broken" in markdown and markdown.count("data:") == 1, markdown
    original = pads.call("GET", kept[0] + "?original=1", who=YANN)
    assert original[0] == 200 and b"Secret" in photo and b"Secret" not in original[2] and b"GPS" not in original[2], original[1]
    # No room for the image: the text comes, the image does not.
    people.quota_bytes = 1_200_000
    big = f"<h1>Gros</h1><img alt='grande image' src='{data('png', png(700, 700, random.Random(1).randbytes(700 * 700 * 3)))}'>".encode()
    fourth = call(201, "POST", path + "?format=html&slug=album-four", big)
    assert "place" in fourth["warnings"][0], fourth
    assert b"grande image" in call(200, "GET", f"/api/v1/pads/{fourth['id']}/export?format=text")
    people.quota_bytes = 1 << 30
    # Too much text, and too much in all; a name that is taken keeps nothing.
    call(413, "POST", path + "?format=html&slug=album-five", b"<img src='" + data("png", png(9, 9)).encode() + b"'>" + b"x" * (1 << 20))
    call(413, "POST", path + "?format=html&slug=album-five", b"<img src='data:image/png;base64," + b"A" * (4 << 20) + b"'>")
    before = len(list(Path(state, "pads", "images", "amis").iterdir()))
    call(409, "POST", path + "?format=html&slug=album-four", f"<img src='{data('png', png(77, 7))}'>".encode())
    assert len(list(Path(state, "pads", "images", "amis").iterdir())) == before


def test_history():
    pad = make("history", template="agenda", language="fr", access={"link": "read"})
    path = f"/api/v1/pads/{pad['id']}/history"
    first = call(200, "GET", path)["items"]
    assert len(first) == 1, first
    before = call(200, "GET", f"{path}/{first[0]['moment']}?format=json")
    assert before["type"] == "doc" and before["content"][0]["type"] == "heading", str(before)[:300]
    arguments = ["--base", f"ws+unix://{pads.socket_path}:/api/v1/pads/ws", "--room", pad["id"], "--header", "Hameau-Caller: gate"]
    for name, value in identity(YANN).items():
        arguments += ["--header", f"{name}: {value}"]
    node("rewrite.mjs", *arguments)
    now = call(200, "GET", path)["items"]
    assert now[0]["authors"] == ["Yann"] and now[0]["removed"] > 10 and now[0]["added"] > 5, now
    assert "Tout autre chose" in call(200, "GET", f"{path}/{now[0]['moment']}?format=text").decode()
    got, headers, page = pads.call("GET", f"{path}/{first[0]['moment']}", who=YANN)
    assert got == 200 and "sandbox" in headers["content-security-policy"] and "Ordre du jour" in page.decode(), headers
    assert call(200, "POST", f"{path}/{first[0]['moment']}/restore", who=YANN) == {"changed": True}
    restored = call(200, "GET", path)["items"][0]["moment"]
    film.check(call, pad["id"], ALIEN)
    call(404, "POST", f"{path}/{first[0]['moment']}/restore?line=x")
    call(404, "GET", f"{path}/{restored}-100000?format=text")
    assert call(200, "GET", f"{path}/{restored}?format=json") == before
    assert call(200, "POST", f"{path}/{restored}/restore") == {"changed": False}
    node("read.mjs", *arguments, "--expect", "Ordre du jour", "--expect-not", "Tout autre chose")
    call(404, "GET", f"{path}/0")
    call(404, "GET", f"{path}/x")
    call(400, "GET", f"{path}/{restored}?format=odt")
    call(403, "GET", path, who=ALIEN)
    call(200, "PATCH", f"/api/v1/pads/{pad['id']}", {"access": {"members": "read"}})
    call(200, "GET", path, who=YANN)
    call(403, "POST", f"{path}/{first[0]['moment']}/restore", who=YANN)


def test_a_reading_that_waited_is_judged_again():
    waiting.judged_again(call, pads, MARIE, YANN)


ADMIN = {"Hameau-Caller": "admin"}


def bring(slug, content):
    """A pad out of an archive of before."""
    row = {"id": (slug * 26)[:26], "slug": slug, "title": "o", "updated_by": "Rozenn", "access": {"members": "write", "link": "read"}}
    body = parts({f"pads/{slug}.json": json.dumps(row).encode(), f"pads/{slug}.yjs": content})
    call(204, "POST", "/internal/archive/pad?association=amis", body, who=None, headers=ADMIN)
    return call(200, "GET", f"/api/v1/pads/amis:{slug}")["id"]


def test_older_form():
    older_form.look(call, node, pads, bring, Path(state, "tree.yjs"), YANN)


def test_blank():
    """Every way to a blank pad says the same format; an older one gets it when somebody who may write opens it."""
    content = lambda key: call(200, "GET", f"/api/v1/pads/{key}/export?format=yjs")  # noqa: E731
    blank = content(make("blank")["id"])
    assert b"default" in blank and b"format" in blank and len(blank) == 29, blank
    assert call(200, "GET", "/api/v1/pads/amis:blank")["updated_by"] == "Marie Le Goff"
    for kind in ("markdown", "html"):
        empty = call(201, "POST", f"/api/v1/associations/amis/pads/import?format={kind}&slug=empty-{kind}", b"\n")
        assert content(empty["id"]) == blank, (kind, content(empty["id"]))
    bring("older", b"\0\0")
    key = call(200, "POST", "/api/v1/pads/amis:older/link")["key"]
    assert upgrade(f"/api/v1/pads/ws/amis:older?key={key}", None) == 101 and content("amis:older") == b"\0\0"
    for _ in range(2):
        assert upgrade("/api/v1/pads/ws/amis:older", YANN) == 101
        assert content("amis:older") == blank
    assert call(200, "GET", "/api/v1/pads/amis:older")["updated_by"] == "Rozenn"


def test_only_these_people():
    pad = make("few", access={"people": ["yann"]})
    assert pad["access"] == {"members": "none", "link": "none", "people": ["yann"]}, pad
    assert call(200, "GET", f"/api/v1/pads/{pad['id']}", who=YANN)["may"] == "write"
    call(403, "GET", f"/api/v1/pads/{pad['id']}", who=ROZENN)
    assert "few" not in [item["slug"] for item in call(200, "GET", "/api/v1/associations/amis/pads?limit=500", who=ROZENN)["items"]]
    # The login is another person's now: the pad is not.
    people.members["yann"] = "n" * 26
    other = ("n" * 26, "yann", "Yann", "amis=member")
    call(403, "GET", f"/api/v1/pads/{pad['id']}", who=other)
    assert call(200, "GET", f"/api/v1/pads/{pad['id']}", who=YANN)["may"] == "write"
    call(200, "PATCH", f"/api/v1/pads/{pad['id']}", {"access": {"people": ["yann"]}})
    assert call(200, "GET", f"/api/v1/pads/{pad['id']}", who=other)["may"] == "write"
    call(403, "GET", f"/api/v1/pads/{pad['id']}", who=YANN)
    people.members["yann"] = "y" * 26
    call(200, "PATCH", f"/api/v1/pads/{pad['id']}", {"access": {"people": ["yann"]}})
    call(422, "PATCH", f"/api/v1/pads/{pad['id']}", {"access": {"people": ["yann"], "link": "read"}})
    call(422, "PATCH", f"/api/v1/pads/{pad['id']}", {"access": {"people": ["Pas un login"]}})
    assert call(200, "PATCH", f"/api/v1/pads/{pad['id']}", {"access": {"members": "read"}})["access"]["people"] == []
    assert call(200, "GET", f"/api/v1/pads/{pad['id']}", who=ROZENN)["may"] == "read"


def test_search_and_bin():
    make("s1", title="Compte rendu de la RÉUNION du 21 été")
    pad = make("s2", title="Réunion du bureau")
    path = "/api/v1/associations/amis/pads"
    found = lambda query: [item["slug"] for item in call(200, "GET", f"{path}?{query}")["items"]]  # noqa: E731
    assert found("search=reunion") == ["minutes", "s1", "s2"]
    assert found("search=ete%20REUNION") == ["s1"]
    first = call(200, "GET", f"{path}?search=REUNION%20du&limit=1")
    assert [item["slug"] for item in first["items"]] == ["s1"] and found(f"search=REUNION%20du&limit=1&after={first['next']}") == ["s2"]
    call(409, "DELETE", f"/api/v1/pads/{pad['id']}?purge=1")
    call(204, "DELETE", f"/api/v1/pads/{pad['id']}")
    call(404, "DELETE", f"/api/v1/pads/{pad['id']}")
    call(403, "DELETE", f"/api/v1/pads/{pad['id']}?purge=1", who=YANN)
    call(204, "DELETE", f"/api/v1/pads/{pad['id']}?purge=1")
    call(404, "POST", f"/api/v1/pads/{pad['id']}/restore")


def test_templates():
    files = []
    for name in ("minutes", "agenda", "attendance"):
        for language in ("fr", "en"):
            pad = make(f"t-{name}-{language}", template=name, language=language)
            data = call(200, "GET", f"/api/v1/pads/{pad['id']}/export?format=yjs")
            file = Path(state, f"{name}-{language}.yjs")
            file.write_bytes(data)
            files.append(str(file))
    node("templates.mjs", *files)
    text = lambda pad: call(200, "GET", f"/api/v1/pads/{pad['id']}/export?format=text").decode()  # noqa: E731
    for language, words in (("fr", "Ordre du jour"), ("en", "Agenda")):
        people.language = language
        got, _, data = pads.call("POST", "/api/v1/associations/amis/pads", {"slug": f"house-{language}", "title": "t", "template": "agenda"}, MARIE,
                                 {"Accept-Language": "en" if language == "fr" else "fr"})
        assert got == 201 and words in text(json.loads(data)), "the house's language, not the caller's"
    people.language = "fr"
    call(422, "POST", "/api/v1/associations/amis/pads", {"slug": "x", "title": "x", "template": "poem"})
    call(400, "GET", "/api/v1/pads/amis:minutes/export?format=rtf")


def test_stock_providers():
    room = make("room", access={"link": "read"})
    open_room = make("open", access={"link": "write"})
    read_key = call(200, "POST", f"/api/v1/pads/{room['id']}/link")["key"]
    write_key = call(200, "POST", f"/api/v1/pads/{open_room['id']}/link")["key"]
    # Exactly the pid that this test started: the keeper starts it again at once.
    kill = f'kill -9 "$(cat {pads.pid_file})"'
    arguments = ["--base", f"ws+unix://{pads.socket_path}:/api/v1/pads/ws", "--room", room["id"], "--header", "Hameau-Caller: gate",
                 "--read-key", read_key, "--write-key", write_key, "--write-room", open_room["id"], "--restart-command", kill]
    for name, value in identity(YANN).items():
        arguments += ["--header", f"{name}: {value}"]
    if os.environ.get("HAMEAU_LONG"):
        arguments += ["--long", "1"]
    node("converge.mjs", *arguments)
    authors = call(200, "GET", f"/api/v1/pads/{room['id']}/authors")["clients"]
    assert authors and all(author["login"] == "yann" for author in authors.values()), authors
    call(200, "PATCH", f"/api/v1/pads/{room['id']}", {"access": {"link": "read"}})
    key = {"Pad-Key": call(200, "POST", f"/api/v1/pads/{room['id']}/link", {})["key"]}
    shown = call(200, "GET", f"/api/v1/pads/{room['id']}/authors", who=None, headers=key)["clients"]
    assert shown.keys() == authors.keys() and all(one["name"] and not one["login"] for one in shown.values()), "guests see names, no logins"
    item = call(200, "GET", f"/api/v1/pads/{room['id']}")
    assert item["updated_by"] == "Yann" and item["here"] == [], item


def test_archive():
    before = call(200, "GET", "/api/v1/pads/amis:room/export?format=yjs")
    files = parted(call(200, "GET", "/internal/archive?association=amis&language=fr", who=None, headers={"Hameau-Caller": "people"}))
    call(403, "GET", "/internal/archive?association=amis", who=None)
    photos = files["pads/photos.md"].decode()
    picture, = (name for name in files if name.startswith("pads/images/") and name.rsplit("/", 1)[1] in photos)
    slugs = {name.removeprefix("pads/").removesuffix(".yjs") for name in files if name.endswith(".yjs")}
    assert {"minutes", "room", "mine"} <= slugs, slugs
    assert files["pads/room.yjs"] == before
    past = film.told(call, "amis:history")
    call(204, "POST", "/internal/erase", {"association": "amis"}, who=None, headers=ADMIN)
    assert call(200, "GET", "/api/v1/associations/amis/pads")["items"] == []

    def bring_all(association):
        for name, content in files.items():
            if name.startswith("pads/images/"):
                call(204, "POST", f"/internal/archive/image?association={association}&name={name.rsplit('/', 1)[1]}", content, who=None, headers=ADMIN)
        for slug in slugs:
            body = parts({name: files[name] for name in (f"pads/{slug}.json", f"pads/{slug}.yjs", f"pads/{slug}.history.jsonl")})
            call(204, "POST", f"/internal/archive/pad?association={association}", body, who=None, headers=ADMIN)

    for _ in range(2):
        bring_all("amis")
    assert film.told(call, "amis:history") == past
    after = call(200, "GET", "/api/v1/associations/amis/pads?limit=500")["items"]
    photos = call(200, "GET", "/api/v1/pads/amis:photos")["id"]
    assert pads.call("GET", f"/api/v1/pads/{photos}/images/{picture.rsplit('/', 1)[1]}?original=1", who=YANN)[2] == files[picture]
    assert {pad["slug"] for pad in after} == slugs
    was, now = Path(state, "was.yjs"), Path(state, "now.yjs")
    was.write_bytes(before)
    now.write_bytes(call(200, "GET", "/api/v1/pads/amis:room/export?format=yjs"))
    node("same.mjs", was, now)
    html = call(200, "GET", "/api/v1/pads/amis:room/export?format=html")
    assert html.split(b"<body", 1)[1] == files["pads/room.html"].split(b"<body", 1)[1]
    bring_all("jardin")
    assert call(200, "GET", "/api/v1/pads/jardin:room", who=ALIEN)["association"] == "jardin"
    call(200, "GET", "/internal/health", who=None)
    call(403, "POST", "/internal/erase", {"association": "amis"}, who=None)


def test_no_secret_in_log():
    text = pads.log()
    key = call(200, "POST", "/api/v1/pads/amis:shared/link")["key"]
    assert key not in text and "Réunion" not in text and "mot " not in text


def test_clean_stop():
    code = pads.stop()
    assert code == 0, (code, pads.log()[-2000:])
    assert not Path(state, "pads", "pads.db.open").exists(), "the database was not closed"


def test_idle_stop():
    global pads
    pads = ModuleProcess(state, {"pads.idle_stop": "300"})
    starts = pads.starts
    deadline = time.time() + 20
    while not pads.exits and time.time() < deadline:
        time.sleep(0.05)
    assert pads.exits and pads.exits[0] == 0, (pads.exits, starts)


if __name__ == "__main__":
    pads = ModuleProcess(state)
    people = FakePeople(Path(state, "run", "people.sock"))
    try:
        checks.check_all(globals())
    finally:
        if pads:
            pads.stop()
        if checks.failed:
            print(pads.log()[-4000:])
        shutil.rmtree(state, ignore_errors=True)
    sys.exit(checks.report())
