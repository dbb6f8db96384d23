#!/usr/bin/env python3
"""The gate beside nginx: static files, new TLS connections and proxied calls, CPU for 10,000 requests, idle memory.

Needs wrk; nginx only for comparison. SECONDS=5 for each row; NGINX and WRK name programs that are not installed.
One worker on CPU 0, the generator on CPU 1, 32 connections: compare within one run only."""
import os
import re
import shutil
import ssl
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "peers" / "gate"))
import gate_house  # noqa: E402
from client import frame, read_frame, upgrade  # noqa: E402

SECONDS = int(os.environ.get("SECONDS", "5"))
WRK = os.environ.get("WRK") or shutil.which("wrk")
NGINX = os.environ.get("NGINX") or shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
SIZES = {"1 KiB": 1 << 10, "10 KiB": 10 << 10, "100 KiB": 100 << 10, "1 MiB": 1 << 20}
IDLE_CONNECTIONS = 400
IDLE_WEBSOCKETS = 200
TICKS = os.sysconf("SC_CLK_TCK")
FILES = {"index.html": b"<h1>Accueil</h1>", **{f"{name.replace(' ', '')}.bin": os.urandom(size) for name, size in SIZES.items()}}
CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn; {user}
events {{ worker_connections 4096; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; keepalive_timeout 1200s;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4;
  scgi_temp_path {folder}/t5; open_file_cache max=1000;
  server {{ listen 127.0.0.1:{https} ssl http2; listen 127.0.0.1:{http}; root {folder}/site; ssl_protocols TLSv1.3; ssl_session_tickets on;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/cert.pem;
    location /echo/ {{ proxy_pass http://unix:{state}/run/echo.sock; }} }} }}
"""


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def pss_kb(pid):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.M).group(1))


def load(pid, url, host="amis.test", headers=()):
    """(requests a second, CPU seconds for 10,000 requests) of one server."""
    before = cpu_seconds(pid)
    command = ["taskset", "-c", "1", WRK, "-t1", "-c32", f"-d{SECONDS}s", "-H", f"Host: {host}"]
    for header in headers:
        command += ["-H", header]
    done = subprocess.run(command + [url], capture_output=True, text=True, timeout=SECONDS + 30)
    spent = cpu_seconds(pid) - before
    total = re.search(r"(\d+) requests in", done.stdout)
    if not total or "Non-2xx" in done.stdout:
        raise RuntimeError(done.stdout + done.stderr)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))
    return rate, spent / int(total.group(1)) * 10000


def idle_kib(pid, port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    held = []

    def hold():
        raw = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="amis.test")
        raw.sendall(b"GET /1KiB.bin HTTP/1.1\r\nHost: amis.test\r\n\r\n")
        raw.recv(65536)
        held.append(raw)

    for _ in range(20):
        hold()
    before = pss_kb(pid)
    for _ in range(IDLE_CONNECTIONS):
        hold()
    each = (pss_kb(pid) - before) / IDLE_CONNECTIONS
    for raw in held:
        raw.close()
    return each


def idle_websocket_kib(house):
    """KiB of the gate and of pads for each quiet WebSocket on one pad; and the sockets, still open: what they gave back
    would hide what is measured next."""
    visitor = gate_house.marie(house)
    path, cookie = gate_house.pad_path(visitor), gate_house.cookie_of(visitor)
    pids = [house.process_of(name)["pid"] for name in ("gate", "pads")]

    def hold(count):
        for _ in range(count):
            status, raw = upgrade(house, path, cookie)
            assert status == 101, status
            raw.send(frame(b"\x00\x00\x01\x00"))
            while (got := read_frame(raw)) and bytes(got[1][:2]) != b"\x00\x01":
                pass
            held.append(raw)

    held = []
    hold(20)
    before = [pss_kb(pid) for pid in pids]
    hold(IDLE_WEBSOCKETS)
    each = [(pss_kb(pid) - was) / IDLE_WEBSOCKETS for pid, was in zip(pids, before)]
    return each, held


def start_nginx(house, folder, files=FILES):
    base = house.ports["https"] + 20
    site = Path(folder, "site")
    site.mkdir()
    for name, data in files.items():
        site.joinpath(name).write_bytes(data)
    Path(folder, "cert.pem").write_bytes(Path(house.state, "tls", "default.pem").read_bytes())
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = Path(folder, "nginx.conf")
    configuration.write_text(CONFIGURATION.format(folder=folder, https=base, http=base + 1, user=user, state=house.state))
    process = subprocess.Popen([NGINX, "-p", folder, "-c", str(configuration)], stderr=subprocess.DEVNULL)
    time.sleep(1)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return process, int(children[0]), base


def wanted_rows():
    """(name, scheme, path, host, headers)"""
    for scheme in ("https", "http"):
        for name in SIZES:
            yield f"{scheme}, {name}", scheme, f"/{name.replace(' ', '')}.bin", "amis.test", ()
    yield "https, 1 KiB, a new connection each", "https", "/1KiB.bin", "amis.test", ("Connection: close",)
    yield "https, through to a module", "https", "/echo/head", "localhost", ()


def rows(servers):
    for name, scheme, path, host, headers in wanted_rows():
        cells = []
        for pid, port in servers.values():
            rate, spent = load(pid, f"{scheme}://127.0.0.1:{port + (scheme == 'http')}{path}", host, headers)
            cells.append(f"{rate / 1000:.1f}k · {spent:.3f}")
        yield name, cells


def main():
    if not WRK:
        print("wrk is not installed: nothing to measure")
        return
    house = gate_house.start(["gate.limits.idle_time=20 min"], 700, FILES)
    folder = tempfile.mkdtemp(prefix="hameau-nginx-")
    nginx = None
    try:
        servers = {"hameau-gate": (house.process_of("gate")["pid"], house.ports["https"])}
        if NGINX:
            nginx, worker, port = start_nginx(house, folder)
            servers["nginx"] = (worker, port)
        for pid, _ in servers.values():
            os.sched_setaffinity(pid, {0})
        fresh = {name: pss_kb(pid) for name, (pid, _) in servers.items()}
        (gate, pads), sockets = idle_websocket_kib(house)
        idle = {name: idle_kib(pid, port) for name, (pid, port) in servers.items()}
        print("\n| req/s · CPU-s for 10,000 | " + " | ".join(servers) + " |\n| --- |" + " --- |" * len(servers))
        for name, cells in rows(servers):
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
        print("| PSS before the load, MiB | " + " | ".join(f"{fresh[name] / 1024:.1f}" for name in servers) + " |")
        for raw in sockets:
            raw.close()
        print(f"| KiB for each idle WebSocket, gate + pads | {gate:.1f} + {pads:.1f} |" + " |" * (len(servers) - 1))
        print("| KiB for each idle TLS connection | " + " | ".join(f"{idle[name]:.1f}" for name in servers) + " |")
    finally:
        if nginx:
            nginx.terminate()
            nginx.wait(10)
        house.stop()
        house.remove()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
