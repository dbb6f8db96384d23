"""Time, number and memory: slow visitors, too many, restarts, falling asleep, idle connections."""
import os
import signal
import socket
import threading
import time

from pathlib import Path

from client import Raw, memory_kb, upgrade, wait_until
from gate_house import NOISE, SITE, cookie_of, gate_pid, house, marie, pad_path, same, start, zipped


def test_slow_visitors():
    with_limits = start(["gate.limits.header_time=1 s", "gate.limits.body_time=1 s", "gate.limits.idle_time=2 s"], 100)
    try:
        slow = []
        for i in range(150):
            raw = Raw(with_limits, tls=False)
            raw.send("GET / HTTP/1.1\r\nHost: amis.test\r\n")
            slow.append(raw)
        silent = [Raw(with_limits, tls=False) for _ in range(20)]
        begin = time.time()
        dripping = True

        def drip():
            while dripping and time.time() - begin < 8:
                for raw in slow:
                    try:
                        raw.send("X: y\r\n")
                    except OSError:
                        pass
                time.sleep(0.3)

        thread = threading.Thread(target=drip)
        thread.start()
        with Raw(with_limits) as raw:
            same(raw.get("/plain.txt", SITE)[0], 200, "others are served meanwhile")
        assert all(raw.ended(6) for raw in slow), "a dripping head stays"
        took = time.time() - begin
        dripping = False
        thread.join()
        assert took < 6, took
        assert any(b"408" in raw.buffer for raw in slow)
        assert all(raw.ended(3) for raw in silent)
        with Raw(with_limits, tls=False) as raw:
            raw.send("POST /echo/body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nabc")
            same(raw.answer()[0], 408)
        with Raw(with_limits, tls=False) as raw:
            raw.send("POST /echo/body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
            begin = time.time()
            try:
                while time.time() - begin < 8:
                    raw.send("a")
                    time.sleep(0.2)
            except OSError:
                pass
            assert time.time() - begin < 6, "a dripping body stays"
        with Raw(with_limits) as raw:
            same(raw.get("/plain.txt", SITE)[0], 200)
            assert raw.ended(4.5), "an idle connection stays"
    finally:
        with_limits.stop()
        with_limits.remove()


def test_connection_limits():
    strict = start(["gate.limits.connections_per_address=5", "gate.limits.exempt_networks="], 200, None)
    try:
        held = [Raw(strict, tls=i % 2 == 0) for i in range(5)]
        for raw in held:
            same(raw.get("/", "localhost")[0], 200)
        for tls in (False, True):
            with Raw(strict, tls=tls) as raw:
                answer = raw.answer()
                same((answer[0], "retry-after" in answer[1]), (503, True))
        held.pop().close()
        assert wait_until(lambda: Raw(strict).get("/", "localhost")[0] == 200, 3)
    finally:
        strict.stop()
        strict.remove()


def test_restart_loses_nobody():
    """`hameau restart gate`: who waits in the listener is served; a response under way is finished."""
    failures, count, ending = [], 0, False

    def ask():
        nonlocal count
        while not ending:
            try:
                with Raw(house, tls=False) as raw:
                    same(raw.get("/plain.txt", SITE, "Connection: close\r\n")[0], 200)
                count += 1
            except Exception as problem:
                failures.append(repr(problem))

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    before = gate_pid()
    with Raw(house, tls=False, buffer=65536) as slow:
        slow.send("GET /noise.bin HTTP/1.1\r\nHost: amis.test\r\n\r\n")
        time.sleep(0.2)
        house.hameau("restart", "gate")
        same(slow.answer()[2], NOISE, "the answer under way")
    assert wait_until(lambda: gate_pid() not in (before, 0), 8)
    time.sleep(0.3)
    ending = True
    for thread in asking:
        thread.join()
    assert count > 20 and not failures, (count, failures[:3])


def test_live_means_served():
    """201 comes after the gate serves the version: also when the gate was stopped meanwhile, and with a word when it does not."""
    slow = start([], 700)
    try:
        visitor = marie(slow)
        path = f"/api/v1/sites/{SITE}/deploys"

        def publish(text):
            answer = visitor.call("POST", path, raw=zipped({"index.html": text}), headers={"Content-Type": "application/zip"})
            same(answer.status, 201, answer.body)
            with Raw(slow, tls=False) as raw:
                same(raw.get("/", SITE)[2], text, "the first request behind the 201")
            return answer.json()

        for i in range(20):
            assert publish(f"<h1>{i}</h1>".encode())["served"] is True
        # The command goes by the admin's socket and not through the gate, which is stopped: what is not served is said.
        folder = Path(slow.state, "page")
        folder.mkdir()
        folder.joinpath("index.html").write_bytes(b"<h1>late</h1>")
        pid = gate_pid(slow)
        os.kill(pid, signal.SIGSTOP)
        try:
            done = slow.hameau("site", "deploy", SITE, str(folder))
        finally:
            os.kill(pid, signal.SIGCONT)
        assert "pas encore" in done.stdout + done.stderr or "not answered yet" in done.stdout + done.stderr, done
        with Raw(slow, tls=False) as raw:
            assert wait_until(lambda: raw.get("/", SITE)[2] == b"<h1>late</h1>", 5)
    finally:
        slow.stop()
        slow.remove()


class Knocks(threading.Thread):
    """Connects to the gate's ports all the while: hameaud keeps them open, so nobody is ever refused."""

    def __init__(self):
        super().__init__(daemon=True)
        self.taken, self.refused, self.ending = 0, [], False
        self.start()

    def run(self):
        while not self.ending:
            for port in ("http", "https"):
                try:
                    socket.create_connection(("127.0.0.1", house.ports[port]), 30).close()
                    self.taken += 1
                except OSError as problem:
                    self.refused.append(repr(problem))
            time.sleep(0.002)

    def finish(self):
        self.ending = True
        self.join(60)
        assert self.taken and not self.refused, (self.taken, self.refused[:3])


def test_restart_with_open_pads():
    """Open pads do not keep the old gate. While it ends or crashes and the next one starts, the ports take connections."""
    visitor = marie()
    for way in ("in order", "kill -9"):
        sockets = [upgrade(house, pad_path(visitor), cookie_of(visitor)) for _ in range(50)]
        same([status for status, _ in sockets], [101] * 50)
        before, knocks, began = house.process_of("gate"), Knocks(), time.time()
        if way == "in order":
            house.hameau("restart", "gate")
        else:
            os.kill(before["pid"], signal.SIGKILL)
        assert all(raw.ended(60) for _, raw in sockets)

        def answered():
            try:
                with Raw(house, tls=False, timeout=60) as raw:
                    return raw.get("/plain.txt", SITE)[0] == 200
            except (OSError, TypeError):
                return False  # the old gate had taken it and was killed
        wait_until(answered, 60)
        took, after = time.time() - began, house.process_of("gate")
        knocks.finish()
        assert after["pid"] != before["pid"] and after["state"] == "ready", after
        print(f"     {way}, 50 pads open: the next gate answers after {took:.2f} s, {after['cpu_ms']} ms of its processor time; "
              f"load {os.getloadavg()[0]:.1f}")
        status, raw = upgrade(house, pad_path(visitor), cookie_of(visitor))
        raw.close()
        same(status, 101)


def test_sleeping_modules_wake():
    sleepy = start(["pads.idle_stop=1 s", "sites.idle_stop=1 s"], 300, None)

    def asleep(name):
        # Not asked often: a look at the status asks a module that runs for its health.
        return wait_until(lambda: time.sleep(2.2) or sleepy.process_of(name)["state"] == "asleep", 20)

    try:
        visitor = marie(sleepy)
        for _ in range(2):
            assert asleep("pads")
            same(visitor.call("GET", "/api/v1/associations/amis/pads").status, 200)
        for i in range(12):  # around the moment of falling asleep
            time.sleep(0.985 + i * 0.004)
            same(visitor.call("GET", "/api/v1/associations/amis/sites").status, 200)
        assert asleep("sites")
    finally:
        sleepy.stop()
        sleepy.remove()


def test_idle_connections():
    """Memory of an idle TLS connection, and no wake-ups while nobody asks."""
    many = start(["gate.limits.idle_time=20 min", "gate.limits.header_time=20 min"], 400)
    try:
        with Raw(many) as raw:
            raw.get("/plain.txt", SITE)
        pid = gate_pid(many)
        pss = many.process_of("gate")["pss_kb"]
        before = memory_kb(pid)
        held = []
        for _ in range(400):
            raw = Raw(many)
            same(raw.get("/plain.txt", SITE)[0], 200)
            held.append(raw)
        each = (memory_kb(pid) - before) / len(held)
        switches = lambda: int(Path(f"/proc/{pid}/status").read_text().split("nonvoluntary_ctxt_switches")[0].split("voluntary_ctxt_switches:")[1])
        time.sleep(1.5)
        first = switches()
        time.sleep(6)
        woken = switches() - first
        for raw in held:
            raw.close()
        print(f"     PSS idle {pss} kB; {each:.1f} kB for each idle TLS connection; {woken} wake-ups in 6 s")
        assert each <= 16, f"{each:.1f} kB"  # of which 14 are OpenSSL's
        assert pss < 6144, f"{pss} kB"
        assert woken <= 1, f"{woken} wake-ups while idle"  # one: a deadline that has passed meanwhile
    finally:
        many.stop()
        many.remove()
