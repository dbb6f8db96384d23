#!/usr/bin/env python3
"""20 pads x 5 stock clients through the whole house over TLS, while gate, pads and people are killed or restarted.

Everybody converges, and a second start finds all that was said to be saved. Full disks and wrong clocks: tests/faults/pads."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from house import ROOT, House, main  # noqa: E402

CONTENT = ROOT / "tests" / "support" / "content.yaml"
PADS = 20
SECONDS = 24
# The service, and how it ends: killed in the middle of something, or asked to (as for a restart with a new version).
FAULTS = [("gate", signal.SIGKILL), ("pads", signal.SIGKILL), ("people", signal.SIGKILL), ("gate", signal.SIGTERM),
          ("pads", signal.SIGTERM), ("gate", signal.SIGKILL), ("pads", signal.SIGKILL)]


def storm(house, cookies, rooms, saved, *more):
    return subprocess.Popen(
        ["node", str(ROOT / "tests/peers/pads/storm.mjs"), "--base", f"wss://localhost:{house.ports['https']}/api/v1/pads/ws",
         "--ca", house.ready["ca"], "--cookie", "; ".join(f"{name}={value}" for name, value in cookies.items()),
         "--rooms", ",".join(rooms), "--saved", str(saved), "--seconds", str(SECONDS), *more],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process):
    output = process.communicate(timeout=300)[0]
    sys.stdout.write(output)
    assert process.returncode == 0, output[-3000:]


def end_one(house, name, how):
    before = house.process_of(name)
    os.kill(before["pid"], how)
    after = house.wait_restarted(before, seconds=10)
    assert after["pid"] != before["pid"] and after["state"] == "ready", f"{name} did not come back: {after}"


def test_storm_through_the_gate():
    with House(apply=[CONTENT], settings=["pads.idle_stop=0", "people.idle_stop=0"]) as house:
        marie = house.visitor().sign_in("marie", "marie-secret-words")
        rooms = []
        for i in range(PADS):
            answer = marie.call("POST", "/api/v1/associations/amis/pads", {"slug": f"orage-{i}", "title": "Orage"})
            assert answer.status == 201, (answer.status, answer.body)
            rooms.append(answer.json()["id"])
        saved = Path(house.state, "saved.json")
        running = storm(house, marie.cookies, rooms, saved)
        time.sleep(4)
        for name, how in FAULTS:
            end_one(house, name, how)
            time.sleep(1)
        finish(running)
        os.kill(house.ready["pid"], signal.SIGKILL)
        house.process.wait(10)
        house.apply = []
        house.start()
        marie = house.visitor().sign_in("marie", "marie-secret-words")
        finish(storm(house, marie.cookies, rooms, saved, "--verify", "1"))


if __name__ == "__main__":
    sys.exit(main([test_storm_through_the_gate]))
