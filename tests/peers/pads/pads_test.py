#!/usr/bin/env python3
"""The real hameau-pads process: its API as the gate sees it, stock providers, kill -9, archive, idle stop."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from module_process import ModuleProcess, identity  # noqa: E402

MARIE = ("m" * 26, "marie", "Marie%20Le%20Goff", "amis=manager")
YANN = ("y" * 26, "yann", "Yann", "amis=member")
ALIEN = ("z" * 26, "zoe", "Zoe", "jardin=member")
passed = failed = 0
state = tempfile.mkdtemp(prefix="hameau-pads-peers-")
pads = None


def check(name, work):
    global passed, failed
    try:
        work()
        passed += 1
        print(f"ok   {name}", flush=True)
    except Exception:
        failed += 1
        print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)


def call(status, method, path, body=None, who=MARIE, **more):
    got, headers, data = pads.call(method, path, body, who, **more)
    assert got == status, (method, path, got, data[:400])
    return json.loads(data) if data and "json" in headers.get("content-type", "") else data


def make(slug, **fields):
    return call(201, "POST", "/api/v1/associations/amis/pads", {"slug": slug, "title": f"Pad {slug}", **fields})


def node(script, *arguments):
    global passed, failed
    done = subprocess.run(["node", str(HERE / script), *arguments], capture_output=True, text=True, timeout=600)
    sys.stdout.write(done.stdout)
    lines = [line for line in done.stdout.splitlines() if line.endswith(" failed")]
    if not lines:
        print(done.stderr[-4000:])
        failed += 1
        return
    words = lines[-1].split()
    passed, failed = passed + int(words[0]), failed + int(words[2])
    if int(words[2]):
        print(done.stderr[-4000:])


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
    """The status of a hand-shake; node's ws+unix addresses cannot hold the colon of amis:room."""
    return pads.call("GET", path, who=who, headers={"Connection": "Upgrade", "Upgrade": "websocket",
                     "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="})[0]


def test_upgrades():
    assert upgrade("/api/v1/pads/ws/amis:minutes", YANN) == 101
    assert upgrade("/api/v1/pads/ws/amis:minutes", None) == 401
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
    assert seen["may"] == "read", seen
    call(403, "GET", f"/api/v1/pads/{pad['id']}", who=None, headers={"Pad-Key": "a" * 26})
    call(403, "POST", f"/api/v1/pads/{pad['id']}/link", {"renew": True}, who=YANN)
    renewed = call(200, "POST", f"/api/v1/pads/{pad['id']}/link", {"renew": True})
    assert renewed["key"] != link["key"]
    call(403, "GET", f"/api/v1/pads/{pad['id']}", who=None, headers={"Pad-Key": link["key"]})
    call(409, "POST", "/api/v1/pads/amis:minutes/link")


def test_private_pad():
    pad = make("private", access={"members": "none"})
    call(403, "GET", f"/api/v1/pads/{pad['id']}", who=YANN)
    assert "private" not in [item["slug"] for item in call(200, "GET", "/api/v1/associations/amis/pads", who=YANN)["items"]]
    own = pads.call("POST", "/api/v1/associations/amis/pads", {"slug": "mine", "title": "t", "access": {"members": "none"}}, YANN)
    assert own[0] == 201
    call(200, "GET", "/api/v1/pads/amis:mine", who=YANN)


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
    call(422, "POST", "/api/v1/associations/amis/pads", {"slug": "x", "title": "x", "template": "poem"})
    call(400, "GET", "/api/v1/pads/amis:minutes/export?format=docx")


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
    item = call(200, "GET", f"/api/v1/pads/{room['id']}")
    assert item["updated_by"] == "Yann" and item["here"] == [], item


def test_archive():
    before = call(200, "GET", "/api/v1/pads/amis:room/export?format=yjs")
    folder = Path(state, "pads", "archive")
    admin = {"Hameau-Caller": "admin"}
    call(204, "POST", "/internal/export", {"association": "amis", "folder": str(folder)}, who=None, headers=admin)
    index = json.loads((folder / "pads.json").read_text())
    slugs = {pad["slug"] for pad in index["pads"]}
    assert {"minutes", "room", "mine"} <= slugs, slugs
    assert (folder / "pads" / "room.yjs").read_bytes() == before
    call(204, "POST", "/internal/erase", {"association": "amis"}, who=None, headers=admin)
    assert call(200, "GET", "/api/v1/associations/amis/pads")["items"] == []
    for _ in range(2):
        call(204, "POST", "/internal/import", {"association": "amis", "folder": str(folder)}, who=None, headers=admin)
    after = call(200, "GET", "/api/v1/associations/amis/pads?limit=500")["items"]
    assert {pad["slug"] for pad in after} == slugs
    assert call(200, "GET", "/api/v1/pads/amis:room/export?format=yjs") == before
    call(204, "POST", "/internal/import", {"association": "jardin", "folder": str(folder)}, who=None, headers=admin)
    assert call(200, "GET", "/api/v1/pads/jardin:room", who=ALIEN)["association"] == "jardin"
    call(200, "GET", "/internal/health", who=None)
    call(404, "POST", "/internal/erase", {"association": "amis"}, who=None)


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
    try:
        for name, value in list(globals().items()):
            if name.startswith("test_"):
                check(name[5:].replace("_", " "), value)
    finally:
        if pads:
            pads.stop()
        if failed:
            print(pads.log()[-4000:])
        shutil.rmtree(state, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
