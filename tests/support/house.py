"""A trial house for tests: starts build/release/hameau, waits for its line, talks to it as the outside does."""
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARIES = Path(os.environ.get("HAMEAU_BINARIES", ROOT / "build" / "release"))
PORT_NAMES = ("https", "http", "smtp", "submission", "submissions", "imap", "imaps", "sieve")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Visitor:
    """One browser-like client: keeps its cookies, sends its Origin."""

    def __init__(self, house, host=None):
        self.house, self.host, self.cookies = house, host or house.host, {}

    def call(self, method, path, body=None, headers=None, host=None, raw=None, origin=True):
        host = host or self.host
        context = ssl.create_default_context(cafile=self.house.ready["ca"])
        connection = http.client.HTTPSConnection("127.0.0.1", self.house.ports["https"], timeout=30,
                                                 context=_for_host(context, host))
        sent = {"Host": f"{host}:{self.house.ports['https']}", **(headers or {})}
        if method not in ("GET", "HEAD") and origin:
            sent.setdefault("Origin", f"https://{host}:{self.house.ports['https']}")
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        data = raw
        if body is not None:
            data = json.dumps(body)
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, path, body=data, headers=sent)
            answer = connection.getresponse()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    self.cookies[key] = rest.split(";")[0]
            return Answer(answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read())
        finally:
            connection.close()

    def sign_in(self, login, password, shared=False):
        answer = self.call("POST", "/api/v1/session", {"login": login, "password": password, "shared_computer": shared})
        assert answer.status == 200, (answer.status, answer.body)
        return self


class _NamedContext:
    """http.client offers no server_name: wraps a context so that SNI and verification use `host`."""

    def __init__(self, context, host):
        self._context, self._host = context, host

    def wrap_socket(self, sock, server_hostname=None):
        return self._context.wrap_socket(sock, server_hostname=self._host)

    def __getattr__(self, name):
        return getattr(self._context, name)


def _for_host(context, host):
    return _NamedContext(context, host)


def free_base():
    """Eight free ports in a row, below those that the system gives to outgoing connections (32768 and up)."""
    for attempt in range(200):
        base = 20000 + ((os.getpid() + attempt) * 16) % 4000
        if all(port_is_free(base + i) for i in range(len(PORT_NAMES))):
            return base
    raise RuntimeError("no free ports for a house")


class House:
    def __init__(self, apply=(), settings=(), state=None, base_port=None, arguments=(), as_user=None):
        self.made = state is None
        self.state = state or tempfile.mkdtemp(prefix="hameau-test-")
        os.chmod(self.state, 0o755)
        base = base_port or free_base()
        self.ports = {name: base + i for i, name in enumerate(PORT_NAMES)}
        self.host = "localhost"
        self.apply, self.settings, self.arguments, self.as_user = apply, settings, arguments, as_user
        self.process = self.ready = None

    def command(self):
        words = [str(BINARIES / "hameau"), "trial", "--state", self.state]
        for name in PORT_NAMES:
            words += [f"--{name}-port", str(self.ports[name])]
        for file in self.apply:
            words += ["--apply", str(file)]
        for setting in self.settings:
            words += ["--set", setting]
        return words + list(self.arguments)

    def start(self, wait=120):
        self.log = open(os.path.join(tempfile.gettempdir(), f"hameau-test-{os.getpid()}.log"), "ab")
        user = {"user": self.as_user, "group": self.as_user, "extra_groups": []} if self.as_user else {}
        self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=self.log,
                                        stdin=subprocess.DEVNULL, **user)
        os.set_blocking(self.process.stdout.fileno(), False)
        data, deadline = b"", time.time() + wait
        while b"\n" not in data:
            if time.time() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"the house did not get ready: {self.process.poll()} {self.tail()}")
            data += self.process.stdout.read() or b""
            time.sleep(0.02)
        self.ready = json.loads(data.split(b"\n")[0])
        return self

    def tail(self):
        texts = []
        for file in sorted(Path(self.state, "log").glob("*.log")):
            texts.append(f"--- {file.name}\n" + file.read_text(errors="replace")[-1500:])
        try:
            texts.append("--- stderr\n" + Path(self.log.name).read_text(errors="replace")[-3000:])
        except OSError:
            pass
        return "\n".join(texts)

    def hameau(self, *words, check=True, input=None):
        done = subprocess.run([str(BINARIES / "hameau"), *words, "--state", self.state], capture_output=True, text=True,
                              timeout=120, input=input)
        if check and done.returncode != 0:
            raise AssertionError(f"hameau {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def status(self):
        return json.loads(self.hameau("status", "--json").stdout)

    def process_of(self, name):
        return next((p for p in self.status()["processes"] if p["name"] == name), None)

    def wait_state(self, name, states, seconds=30):
        deadline = time.time() + seconds
        while time.time() < deadline:
            found = self.process_of(name)
            if found and found["state"] in states:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{name} is {found} and not {states}\n{self.tail()}")

    def wait_restarted(self, before, seconds=15):
        """Waits until the service of `before` (an answer of process_of) is ready as another process; how it stands at last."""
        deadline = time.time() + seconds
        while time.time() < deadline:
            after = self.process_of(before["name"])
            if after["pid"] != before["pid"] and after["state"] == "ready":
                break
            time.sleep(0.05)
        return after

    def visitor(self, host=None):
        return Visitor(self, host)

    def tls(self):
        return ssl.create_default_context(cafile=self.ready["ca"])

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(12)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
        return self.process.returncode if self.process else None

    def remove(self):
        if self.made:
            shutil.rmtree(self.state, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        self.remove()


class ProductionHouse(House):
    """hameaud as the package starts it (no trial). Who derives from it writes `self.configuration`."""

    def command(self):
        return [str(BINARIES / "hameaud"), "--config", str(self.configuration), "--state", self.state]

    def start(self, wait=60):
        self.log = open(os.path.join(tempfile.gettempdir(), f"hameau-test-{os.getpid()}.log"), "ab")
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        deadline = time.time() + wait
        while self.hameau("status", check=False).returncode != 0:
            assert self.process.poll() is None and time.time() < deadline, self.tail()
            time.sleep(0.1)
        self.wait_state("gate", ("ready",), wait)
        return self


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def house_processes(state):
    """pids of processes whose environment or command line names this state folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if state.encode() in text:
                found.append(int(entry.name))
    return found


class NotPossible(Exception):
    """This machine cannot do what the test needs; the message says what is missing."""


def main(tests):
    """Runs the test functions; prints N passed, N failed, N skipped."""
    passed = failed = skipped = 0
    only = sys.argv[1:]
    for test in tests:
        if only and test.__name__ not in only:
            continue
        begin = time.time()
        try:
            test()
            passed += 1
            print(f"ok   {test.__name__} ({time.time() - begin:.1f} s)", flush=True)
        except NotPossible as reason:
            skipped += 1
            print(f"skip {test.__name__}: {reason}", flush=True)
        except Exception as problem:  # a test that breaks is a test that failed
            failed += 1
            import traceback
            traceback.print_exc()
            print(f"FAIL {test.__name__}: {problem!r:.2000}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0
