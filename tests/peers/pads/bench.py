#!/usr/bin/env python3
"""20 pads x 5 clients: hameau-pads (saving every edit) beside y-websocket's own server (memory only). Prints a table."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from module_process import ModuleProcess, identity  # noqa: E402

MARIE = ("m" * 26, "marie", "Marie", "amis=manager")
PADS = int(os.environ.get("PADS", "20"))
SECONDS = os.environ.get("SECONDS_OF_LOAD", "10")
RATES = os.environ.get("RATES", "4,40").split(",")
PORT = 18810


def load(base, rooms, pid, rate, *more):
    done = subprocess.run(["node", str(HERE / "bench.mjs"), "--base", base, "--rooms", ",".join(rooms), "--pid", str(pid),
                           "--seconds", SECONDS, "--rate", rate, *more], capture_output=True, text=True, timeout=300)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def hameau(rate):
    state = tempfile.mkdtemp(prefix="hameau-pads-bench-", dir=os.environ.get("BENCH_DISK"))
    pads = ModuleProcess(state)
    try:
        rooms = []
        for i in range(PADS):
            data = pads.call("POST", "/api/v1/associations/amis/pads", {"slug": f"p{i}", "title": "Bench"}, MARIE)[2]
            rooms.append(json.loads(data)["id"])
        headers = [item for pair in (("--header", f"{k}: {v}") for k, v in
                                     {"Hameau-Caller": "gate", **identity(MARIE)}.items()) for item in pair]
        return load(f"ws+unix://{pads.socket_path}:/api/v1/pads/ws", rooms, pads.process.pid, rate, *headers)
    finally:
        pads.stop()
        shutil.rmtree(state, ignore_errors=True)


def y_websocket(rate):
    server = subprocess.Popen(["node", str(HERE / "node_modules" / "y-websocket-1" / "bin" / "server.js")],
                              env={**os.environ, "HOST": "127.0.0.1", "PORT": str(PORT)}, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", PORT), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        return load(f"ws://127.0.0.1:{PORT}", [f"r{i}" for i in range(PADS)], server.pid, rate)
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    for rate in RATES:
        print(f"{PADS} pads x 5 clients x {rate} edits/s each, {SECONDS} s")
        for name, run in (("hameau-pads, every edit on disk", hameau), ("y-websocket 1.5.4, memory only", y_websocket)):
            print(f"  {name:34} {json.dumps(run(rate))}", flush=True)
