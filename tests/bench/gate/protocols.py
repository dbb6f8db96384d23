#!/usr/bin/env python3
"""The gate beside nginx and h2o over TLS, with HTTP/1.1 and HTTP/2: processor time for a request as a ratio to nginx.

Needs h2load (nghttp2-client), nginx and h2o from Debian. One worker on CPU 0, the generator on CPU 1. The servers take
turns in ROUNDS rounds; the median counts. Says nothing where a program is missing."""
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "peers" / "gate"))
import gate_house  # noqa: E402
from bench import cpu_seconds, start_nginx  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "5"))
REQUESTS = {"1 KiB": 40000, "10 KiB": 20000, "100 KiB": 5000, "10 MiB": 60}
SIZES = {"1 KiB": 1 << 10, "10 KiB": 10 << 10, "100 KiB": 100 << 10, "10 MiB": 10 << 20}
FILES = {"index.html": b"<h1>Accueil</h1>", **{f"{name.replace(' ', '')}.bin": os.urandom(size) for name, size in SIZES.items()}}
H2O = """
listen: {{host: 127.0.0.1, port: {port}, ssl: {{certificate-file: {folder}/cert.pem, key-file: {folder}/cert.pem, minimum-version: TLSv1.3}}}}
num-threads: 1
{user}
pid-file: {folder}/h2o.pid
error-log: {folder}/h2o.log
hosts: {{default: {{paths: {{/: {{file.dir: {folder}/site}}}}}}}}
"""


def start_h2o(folder, port):
    program = shutil.which("h2o")
    if not program:
        return None
    configuration = Path(folder, "h2o.conf")
    configuration.write_text(H2O.format(folder=folder, port=port, user="user: root" if os.geteuid() == 0 else ""))
    process = subprocess.Popen([program, "-c", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    return process if process.poll() is None else None


def load(pid, port, protocol, name):
    """CPU seconds for 10,000 requests."""
    before = cpu_seconds(pid)
    command = ["taskset", "-c", "1", "h2load", "-t1", "-c16", "-m8" if protocol == "h2" else "-m1", "-n", str(REQUESTS[name]),
               f"--connect-to=127.0.0.1:{port}"]
    command += ["--h1"] if protocol == "h1" else []
    said = subprocess.run(command + [f"https://amis.test/{name.replace(chr(32), str())}.bin"], capture_output=True, text=True, timeout=120).stdout
    total = re.search(r"(\d+) succeeded, (\d+) failed", said)
    good = re.search(r"(\d+) 2xx", said)
    if not total or int(total.group(1)) == 0 or int(good.group(1)) == 0:
        return float("nan")
    return (cpu_seconds(pid) - before) / int(total.group(1)) * 10000


def rows(servers, protocols):
    for protocol in protocols:
        for name in SIZES:
            spent = {server: [] for server in servers}
            for _ in range(ROUNDS):
                for server, (pid, port) in servers.items():
                    spent[server].append(load(pid, port, protocol, name))
            yield protocol, name, {server: statistics.median(each) for server, each in spent.items()}


def main():
    if not shutil.which("h2load") or not shutil.which("nginx", path="/usr/sbin:/usr/bin"):
        print("h2load or nginx is not installed: nothing to measure")
        return
    protocols = sys.argv[1:] or ["h1", "h2"]
    house = gate_house.start(["gate.limits.idle_time=20 min"], 740, FILES)
    folder = tempfile.mkdtemp(prefix="hameau-protocols-")
    started = []
    try:
        servers = {"hameau-gate": (house.process_of("gate")["pid"], house.ports["https"])}
        nginx, worker, port = start_nginx(house, folder, FILES)
        started.append(nginx)
        servers["nginx"] = (worker, port)
        h2o = start_h2o(folder, port + 2)
        if h2o:
            started.append(h2o)
            servers["h2o"] = (h2o.pid, port + 2)
        for pid, _ in servers.values():
            subprocess.run(["taskset", "-a", "-p", "-c", "0", str(pid)], capture_output=True, check=False)
        print("| TLS, CPU-s for 10,000 (÷ nginx) | " + " | ".join(servers) + " |\n| --- |" + " --- |" * len(servers))
        for protocol, name, spent in rows(servers, protocols):
            cells = [f"{spent[server]:.3f} ({spent[server] / spent['nginx']:.2f})" for server in servers]
            print(f"| {protocol}, {name} | " + " | ".join(cells) + " |", flush=True)
    finally:
        for process in started:
            process.terminate()
            process.wait(10)
        house.stop()
        house.remove()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
