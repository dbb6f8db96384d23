#!/usr/bin/env python3
"""20 pads x 5 stock clients at one real process: cuts, kill -9, restarts, a full disk for a while, a calendar that jumps.

Nothing that anybody saw saved is lost; everybody converges; fresh clients see it after a last kill -9."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "peers" / "pads"))
from module_process import FakePeople, ModuleProcess, identity  # noqa: E402

MARIE = ("m" * 26, "marie", "Marie", "amis=manager")
PADS = int(os.environ.get("PADS", "20"))
SECONDS = 26
passed = failed = 0


def count(good, what):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(("ok   " if good else "FAIL ") + what, flush=True)


def small_disk(path):
    """A disk of its own for the state, so that it can be full; False where this is not allowed."""
    return os.getuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", path],
                                               capture_output=True).returncode == 0


def wrong_clock(folder):
    library = folder / "wrong_clock.so"
    done = subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(HERE / "wrong_clock.c"), "-ldl"], capture_output=True)
    return str(library) if done.returncode == 0 else None


def checks(pads):
    return {check["name"]: check for check in json.loads(pads.call("GET", "/internal/health", headers={"Hameau-Caller": "admin"})[2])["checks"]}


def kill(pads, how=signal.SIGKILL):
    pid = pads.process.pid
    os.kill(pid, how)
    deadline = time.time() + 10
    while pads.process.pid == pid and time.time() < deadline:
        time.sleep(0.01)


def at_room(pads, room):
    arguments = ["--base", f"ws+unix://{pads.socket_path}:/api/v1/pads/ws", "--room", room, "--header", "Hameau-Caller: gate"]
    for name, value in identity(MARIE).items():
        arguments += ["--header", f"{name}: {value}"]
    return arguments


def going_back(pads):
    """A text that was written, emptied, and its first moment; (path of the moment, what it shows, what the text shows now)."""
    made = pads.call("POST", "/api/v1/associations/amis/pads", {"slug": "back", "title": "t", "template": "agenda", "language": "fr"}, MARIE)
    path = f"/api/v1/pads/{json.loads(made[2])['id']}"
    moment = json.loads(pads.call("GET", f"{path}/history", who=MARIE)[2])["items"][0]["moment"]
    arguments = ["node", str(HERE.parents[1] / "peers" / "pads" / "rewrite.mjs"), *at_room(pads, path.rsplit("/", 1)[-1])]
    subprocess.run(arguments, check=True, capture_output=True, timeout=60)
    return path, moment


def text_of(pads, path):
    return pads.call("GET", f"{path}/export?format=text", who=MARIE)[2].decode()


def full_disk(pads, mount):
    path, moment = going_back(pads)
    now = text_of(pads, path)
    ballast = Path(mount, "ballast")
    with open(ballast, "wb", buffering=0) as out:
        try:
            while True:
                out.write(bytes(65536))
        except OSError:
            pass
    time.sleep(3)
    state = checks(pads)
    count(not state["commits"]["passed"] and state["commits"]["advice"], "a full disk: the status page says that edits wait, and what to do")
    status, _, said = pads.call("POST", f"{path}/history/{moment}/restore", who=MARIE)
    count(status == 507 and json.loads(said)["code"] in ("pad_disk", "disk_floor"), "a full disk: going back says so")
    count(text_of(pads, path) == now, "and changes nothing")
    kill(pads)
    count(text_of(pads, path) == now, "a full disk: after a kill -9 the texts are there")
    reads = subprocess.run(["node", str(HERE.parents[1] / "peers" / "pads" / "read.mjs"), *at_room(pads, path.rsplit("/", 1)[-1]),
                            "--expect", "Tout autre chose", "--expect-not", "(nothing of that kind)"], capture_output=True, text=True, timeout=60)
    count(reads.returncode == 0, "and whoever opens one reads it" + ("" if reads.returncode == 0 else reads.stdout[-1000:] + reads.stderr[-1000:]))
    ballast.unlink()
    deadline = time.time() + 15
    while not checks(pads)["commits"]["passed"] and time.time() < deadline:
        time.sleep(0.1)
    count(checks(pads)["commits"]["passed"], "room again: the commits go on by themselves")
    count(pads.call("POST", f"{path}/history/{moment}/restore", who=MARIE)[0] == 200, "and one can go back")
    kill(pads)
    count("Ordre du jour" in text_of(pads, path), "which a kill -9 at once does not undo")


def run_storm(pads, rooms, saved, *more):
    arguments = ["node", str(HERE.parents[1] / "peers" / "pads" / "storm.mjs"), "--base", f"ws+unix://{pads.socket_path}:/api/v1/pads/ws", "--rooms", ",".join(rooms),
                 "--saved", str(saved), "--seconds", str(SECONDS), "--header", "Hameau-Caller: gate", *more]
    for name, value in identity(MARIE).items():
        arguments += ["--header", f"{name}: {value}"]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def take(process):
    global passed, failed
    output = process.communicate(timeout=300)[0]
    sys.stdout.write(output)
    last = [line for line in output.splitlines() if line.endswith(" failed")]
    good, bad = (int(last[-1].split()[0]), int(last[-1].split()[2])) if last else (0, 1)
    passed, failed = passed + good, failed + bad


def main():
    folder = Path(tempfile.mkdtemp(prefix="hameau-pads-faults-"))
    state = folder / "state"
    state.mkdir()
    mounted = small_disk(state)
    library = wrong_clock(folder)
    environment = {"LD_PRELOAD": library} if library else {}
    (state / "run").mkdir()
    FakePeople(state / "run" / "people.sock")
    pads = ModuleProcess(state, environment=environment, pid_file=folder / "pid")
    try:
        rooms = [json.loads(pads.call("POST", "/api/v1/associations/amis/pads", {"slug": f"p{i}", "title": "Orage"}, MARIE)[2])["id"]
                 for i in range(PADS)]
        storm = run_storm(pads, rooms, folder / "saved.json")
        time.sleep(4)
        kill(pads)
        time.sleep(3)
        environment["CLOCK_OFFSET_SECONDS"] = str(-3 * 86400)
        kill(pads, signal.SIGTERM)
        time.sleep(3)
        if mounted:
            full_disk(pads, state)
        environment["CLOCK_OFFSET_SECONDS"] = str(400 * 86400)
        kill(pads)
        time.sleep(3)
        environment["CLOCK_OFFSET_SECONDS"] = "0"
        kill(pads, signal.SIGTERM)
        take(storm)
        kill(pads)
        take(run_storm(pads, rooms, folder / "saved.json", "--verify", "1"))
        moments = json.loads(pads.call("GET", f"/api/v1/pads/{rooms[0]}/history", who=MARIE)[2])["items"]
        order = [int(moment["moment"]) for moment in moments]
        count(order == sorted(order, reverse=True) and (len(moments) >= 3 or not library), "the history is in order, whatever the calendar said")
        look = [pads.call("GET", f"/api/v1/pads/{rooms[0]}/history/{moment}?format=json", who=MARIE)[0] for moment in order]
        count(set(look) == {200}, "every moment of it can be looked at")
        count("rebuilt" not in pads.log() and "differs" not in pads.log(), "no stored state was damaged")
        if not mounted:
            print("(the disk was not filled: that needs root)")
    finally:
        pads.stop()
        if failed:
            print(pads.log()[-3000:])
        if mounted:
            subprocess.run(["umount", "-l", str(state)], check=False)
        shutil.rmtree(folder, ignore_errors=True)
    take(subprocess.Popen([sys.executable, str(HERE / "seen_test.py")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
