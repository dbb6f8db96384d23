#!/usr/bin/env python3
"""The past of a text of 100,000 edits: how soon its list and its first picture are there, and how long a step of the slider takes, through a
real hameau-pads. FILM_EDITS, FILM_STEPS choose otherwise."""
import base64
import json
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "peers" / "pads"))
from module_process import FakePeople, ModuleProcess  # noqa: E402
from parts import parts  # noqa: E402

MARIE = ("m" * 26, "marie", "Marie", "amis=manager")
EDITS = int(os.environ.get("FILM_EDITS", "100000"))
STEPS = int(os.environ.get("FILM_STEPS", "200"))
EDITS_PER_ROW = 200


def uvar(number):
    out = bytearray()
    while number > 0x7F:
        out.append(0x80 | number & 0x7F)
        number >>= 7
    return bytes(out) + bytes([number])


def text(words):
    return uvar(len(words.encode())) + words.encode()


def structs(client, clock, count, body, deleted=b"\0"):
    return b"\1" + uvar(count) + uvar(client) + uvar(clock) + body + deleted


def behind(kind, client, clock):
    return bytes([kind | 0x80]) + uvar(client) + uvar(clock)


def edits():
    """(author, update): letters, a new line now and then, every tenth takes the letter before it away."""
    clocks, last = [0, 0], None
    yield 0, structs(1, 0, 1, bytes([0x28]) + b"\1" + text("default") + text("format") + b"\1" + bytes([125, 2]))
    clocks[0] = 1
    for i in range(1, EDITS):
        who = (i // 50) % 2
        client, clock = who + 1, clocks[who]
        if i % 10 == 9:
            gone = uvar(1) + uvar(last[0]) + uvar(1) + uvar(last[1]) + uvar(1)
            yield who, b"\0" + gone
            continue
        letter = " " if i % 6 == 0 else chr(97 + i % 26)
        if last is None:
            yield who, structs(client, clock, 1, b"\4\1" + text("default") + text(letter))
        elif i % 400 == 0:
            yield who, structs(client, clock, 1, behind(7, *last) + b"\3" + text("line"))
        else:
            yield who, structs(client, clock, 1, behind(4, *last) + text(letter))
        last, clocks[who] = (client, clock), clock + 1


def history():
    """Rows as an archive has them, one a minute."""
    people, rows, now = (("m" * 26, "marie", "Marie"), ("y" * 26, "yann", "Yann")), [], 1_700_000_000_000
    row, last_who = [], 0
    def end():
        nonlocal now, row
        if row:
            now += 60_000
            member, login, name = people[last_who]
            rows.append(json.dumps({"begin_ms": now, "end_ms": now, "member": member, "login": login, "name": name, "added": len(row), "removed": 0,
                                    "updates": [base64.b64encode(one).decode() for one in row]}))
            row = []
    for who, update in edits():
        if who != last_who or len(row) == EDITS_PER_ROW:
            end()
        last_who = who
        row.append(update)
    end()
    return ("\n".join(rows) + "\n").encode()


def main():
    with tempfile.TemporaryDirectory() as folder:
        pads = ModuleProcess(Path(folder), {})
        FakePeople(Path(folder, "run", "people.sock"))
        try:
            def call(method, path, body=None, who=MARIE, headers=None):
                status, _, content = pads.call(method, path, body, who, headers or {})
                if status >= 300:
                    raise OSError(f"{method} {path}: {status} {content[:300]}")
                return content
            row = {"id": "a" * 26, "slug": "film", "title": "Film", "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z"}
            body = parts({"pads/film.json": json.dumps(row).encode(), "pads/film.yjs": b"\0\0", "pads/film.history.jsonl": history()})
            call("POST", "/internal/archive/pad?association=amis", body, None, {"Hameau-Caller": "admin"})
            pad = json.loads(call("GET", "/api/v1/pads/amis:film"))["id"]
            def resident():
                lines = Path(f"/proc/{pads.process.pid}/status").read_text(encoding="utf-8").splitlines()
                return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
            before = resident()
            begin = time.monotonic()
            film = json.loads(call("GET", f"/api/v1/pads/{pad}/film"))
            listed = time.monotonic()
            newest = film["moments"][0]
            picture = call("GET", f"/api/v1/pads/{pad}/film/{newest['at']}?since={newest['since']}&upto={film['upto']}")
            first = time.monotonic()
            kept = resident() - before
            times = []
            for i in range(STEPS):
                place = film["places"][i * len(film["places"]) // STEPS]
                start = time.monotonic()
                call("GET", f"/api/v1/pads/{pad}/film/{place['at']}?since={place['at']}&upto={film['upto']}")
                times.append((time.monotonic() - start) * 1000)
            times.sort()
            print(f"{film['steps']} edits, {len(film['moments'])} moments, {len(film['places'])} places; a picture of {len(picture) >> 10} KiB; {kept:.0f} MiB more in memory")
            print(f"list {(listed - begin) * 1000:.0f} ms, first picture {(first - begin) * 1000:.0f} ms   target 1000 ms{'' if first - begin < 1 else '   MISSED'}")
            print(f"a step {times[len(times) // 2]:.1f} ms, the slowest {times[-1]:.1f} ms   target 100 ms{'' if times[-1] < 100 else '   MISSED'}")
        finally:
            pads.stop()


main()
