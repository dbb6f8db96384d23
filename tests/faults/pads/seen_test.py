#!/usr/bin/env python3
"""kill -9 of one real process 20 times under load: no edit that another person saw is missing for a fresh client before those
who have it return."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = HERE.parents[1] / "peers" / "pads"
sys.path.insert(0, str(PEERS))
from module_process import FakePeople, ModuleProcess, identity  # noqa: E402

MARIE = ("m" * 26, "marie", "Marie", "amis=manager")
PADS = 6
# With the files removed the test fails: that is how it was before them.
WITHOUT = os.environ.get("SEEN_WITHOUT")


def main():
    state = Path(tempfile.mkdtemp(prefix="hameau-pads-seen-"))
    pads = ModuleProcess(state)
    FakePeople(state / "run" / "people.sock")
    try:
        rooms = [json.loads(pads.call("POST", "/api/v1/associations/amis/pads", {"slug": f"p{i}", "title": "Vu"}, MARIE)[2])["id"] for i in range(PADS)]
        kill = f'kill -9 "$(cat {pads.pid_file})"' + (f"; rm -f {state}/pads/ahead-*" if WITHOUT else "")
        arguments = ["node", str(PEERS / "seen.mjs"), "--base", f"ws+unix://{pads.socket_path}:/api/v1/pads/ws", "--rooms", ",".join(rooms),
                     "--kill-command", kill, "--header", "Hameau-Caller: gate"]
        for name, value in identity(MARIE).items():
            arguments += ["--header", f"{name}: {value}"]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=500)
        sys.stdout.write(done.stdout)
        last = [line for line in done.stdout.splitlines() if line.endswith(" failed")]
        if done.returncode or not last:
            print(done.stderr[-3000:], pads.log()[-3000:])
        if not last:
            print("0 passed, 1 failed")
        return done.returncode
    finally:
        pads.stop()
        shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
