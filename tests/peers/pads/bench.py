#!/usr/bin/env python3
"""hameau-pads (every edit saved) beside y-websocket and Hocuspocus in the same run: typing, and a crowd that sits there.

PADS, RATES, SECONDS_OF_LOAD, RUNS, CROWD (idle clients per pad), BENCH_DISK choose otherwise."""
import json
import os
import resource
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
PORT = int(os.environ.get("BENCH_PORT", "27810"))
RUNS = int(os.environ.get("RUNS", "3"))
CROWD = int(os.environ.get("CROWD", "100"))
ROOMS = [f"r{i}" for i in range(PADS)]


def load(base, rooms, pid, rate, *more):
    done = subprocess.run(["node", str(HERE / "bench.mjs"), "--base", base, "--rooms", ",".join(rooms), "--pid", str(pid),
                           "--seconds", SECONDS, "--rate", rate, *more], capture_output=True, text=True, timeout=300)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def hameau(rate, clients="5"):
    state = tempfile.mkdtemp(prefix="hameau-pads-bench-", dir=os.environ.get("BENCH_DISK"))
    pads = ModuleProcess(state)
    try:
        rooms = []
        for i in range(PADS):
            data = pads.call("POST", "/api/v1/associations/amis/pads", {"slug": f"p{i}", "title": "Bench"}, MARIE)[2]
            rooms.append(json.loads(data)["id"])
        headers = [item for pair in (("--header", f"{k}: {v}") for k, v in
                                     {"Hameau-Caller": "gate", **identity(MARIE)}.items()) for item in pair]
        return load(f"ws+unix://{pads.socket_path}:/api/v1/pads/ws", rooms, pads.process.pid, rate, "--clients", clients, *headers)
    finally:
        pads.stop()
        shutil.rmtree(state, ignore_errors=True)


def serve(command, environment, base, rooms, rate, *more):
    """A peer's server for one load."""
    server = subprocess.Popen(command, env={**os.environ, **environment, "HOST": "127.0.0.1", "PORT": str(PORT)}, cwd=HERE,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", PORT), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        return load(base, rooms, server.pid, rate, *more)
    finally:
        server.terminate()
        server.wait(10)


def y_websocket(rate, clients="5"):
    return serve(["node", "node_modules/y-websocket-1/bin/server.js"], {}, f"ws://127.0.0.1:{PORT}", ROOMS, rate, "--clients", clients)


def y_leveldb(rate, clients="5"):
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DISK")) as folder:
        return serve(["node", "node_modules/y-websocket-1/bin/server.js"], {"YPERSISTENCE": folder}, f"ws://127.0.0.1:{PORT}", ROOMS,
                     rate, "--clients", clients)


def hocuspocus(rate, clients="5"):
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DISK")) as folder:
        return serve(["node", "hocuspocus.mjs"], {"FOLDER": folder}, f"ws://127.0.0.1:{PORT}", ROOMS, rate, "--envelope", "1",
                     "--clients", clients)


SERVERS = (("hameau-pads, every edit on disk", hameau), ("y-websocket 1.5.4, memory only", y_websocket),
           ("y-websocket 1.5.4 + LevelDB", y_leveldb), ("Hocuspocus 2.15, files, debounced", hocuspocus))


def median(results):
    """Of each figure; figures that a run lacks are left out."""
    out = {}
    for key in results[0]:
        values = sorted(result[key] for result in results if result.get(key) is not None)
        out[key] = values[len(values) // 2] if values else None
    return out


def table(title, work):
    print(title)
    for name, run in SERVERS:
        try:
            print(f"  {name:34} {json.dumps(median([work(run) for _ in range(RUNS)]))}", flush=True)
        except (OSError, ValueError, subprocess.SubprocessError, SystemExit) as problem:
            print(f"  {name:34} (did not run: {str(problem)[-200:]})", flush=True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(16384, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    for rate in RATES:
        table(f"{PADS} pads x 5 clients x {rate} edits/s each, {SECONDS} s, median of {RUNS}", lambda run, rate=rate: run(rate))
    if CROWD:
        ROOMS = ROOMS[:20]
        table(f"{CROWD * len(ROOMS)} clients that only sit there, {SECONDS} s", lambda run: run("0", str(CROWD)))
