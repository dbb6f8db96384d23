"""hameaud as systemd starts it: NOTIFY_SOCKET, WATCHDOG_USEC, and listening sockets that live on between two of its runs."""
import array
import os
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
from pathlib import Path

from common import house, wait_until
from house import BINARIES


class Manager:
    """As much of systemd as Type=notify with FileDescriptorStoreMax= needs."""

    def __init__(self, folder):
        self.path = str(Path(folder, "notify"))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.lines = []
        self.store = {}
        self.condition = threading.Condition()
        threading.Thread(target=self.hear, daemon=True).start()

    def hear(self):
        while True:
            try:
                data, control, _flags, _address = self.socket.recvmsg(4096, socket.CMSG_SPACE(4))
            except OSError:
                return
            lines = data.decode().split("\n")
            fds = array.array("i")
            for _level, _kind, piece in control:
                fds.frombytes(piece)
            name = next((line[7:] for line in lines if line.startswith("FDNAME=")), "")
            with self.condition:
                if "FDSTORE=1" in lines:
                    self.store[name] = fds[0]
                if "FDSTOREREMOVE=1" in lines and name in self.store:
                    os.close(self.store.pop(name))
                self.lines += lines
                self.condition.notify_all()

    def await_line(self, word, seconds=60):
        with self.condition:
            assert self.condition.wait_for(lambda: any(line.startswith(word) for line in self.lines), seconds), (word, self.lines)

    def start(self, words, **environment):
        """With the stored sockets as 3, 4, ...; a shell says its own pid in LISTEN_PID, as systemd does."""
        self.lines.clear()
        fds = list(self.store.values())
        moves = " ".join(f"{3 + i}<&{100 + i} {100 + i}<&-" for i in range(len(fds)))
        for i, fd in enumerate(fds):
            os.dup2(fd, 100 + i, inheritable=True)
        script = f'exec {moves}; export LISTEN_PID=$$ LISTEN_FDS={len(fds)}; exec "$@"' if fds else 'exec "$@"'
        made = subprocess.Popen(["bash", "-c", script, "bash", *words], pass_fds=range(100, 100 + len(fds)), stderr=subprocess.DEVNULL,
                                env={**os.environ, "NOTIFY_SOCKET": self.path, **environment})
        for i in range(len(fds)):
            os.close(100 + i)
        return made


def status_of(state):
    return subprocess.run([str(BINARIES / "hameau"), "status", "--state", str(state)], capture_output=True, text=True).stdout


def set_version(database, version):
    kept = sqlite3.connect(database)
    before = kept.execute("PRAGMA user_version").fetchone()[0]
    kept.execute(f"PRAGMA user_version = {version}")
    kept.commit()
    kept.close()
    return before


def a_state_of_a_newer_version(manager, words, process, database):
    """hameaud ends as a whole, says why, and by a code after which hameau.service does not start it again."""
    process.terminate()
    assert process.wait(30) == 0
    before = set_version(database, 9999)
    process = manager.start(words)
    try:
        assert process.wait(60) == 79, process.returncode
    finally:
        process.terminate()
    manager.await_line(f"STATUS=people: {database}: the database was written by a newer Hameau", 10)
    assert "READY=1" not in manager.lines, manager.lines
    assert set_version(database, before) == 9999, "it was changed"


def test_hameaud_and_its_service_manager():
    folder = tempfile.mkdtemp(prefix="hameau-manager-")
    os.chmod(folder, 0o755)
    state, configuration = Path(folder, "state"), Path(folder, "hameau.yaml")
    base = house.ports["https"] + 750

    def configure(https, http=base + 1):
        configuration.write_text("house: {host: localhost, https_port: %d, http_port: %d}\nmail: {enabled: false}\n" % (https, http))
    configure(base)
    # An external module that says again and again that it needs another hour.
    Path(folder, "never.py").write_text("import os, socket, time\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                                        "s.connect(os.environ['NOTIFY_SOCKET'])\n"
                                        "while True:\n    s.send(b'EXTEND_TIMEOUT_USEC=3600000000')\n    time.sleep(0.2)\n")
    Path(folder, "modules.d").mkdir()
    Path(folder, "modules.d", "never.yaml").write_text(f"name: never\nexecutable: /usr/bin/python3\narguments: [{folder}/never.py]\n"
                                                       "routes:\n  - {pattern: /never, who: anyone}\n")
    words = [str(BINARIES / "hameaud"), "--trial", "--config", str(configuration), "--state", str(state)]
    manager = Manager(folder)
    process = manager.start(words, WATCHDOG_USEC="1000000")
    try:
        manager.await_line("READY=1")
        assert [line.split()[:2] for line in status_of(state).splitlines() if "starting" in line] == [["never", "starting"]], status_of(state)
        Path(folder, "modules.d", "never.yaml").unlink()
        manager.await_line("STATUS=")
        manager.await_line("WATCHDOG=1")
        kept = {f"tcp-127.0.0.1-{base}", f"tcp-127.0.0.1-{base + 1}"}
        assert kept <= set(manager.store), manager.store

        manager.lines.clear()
        process.send_signal(signal.SIGHUP)
        manager.await_line("RELOADING=1")
        manager.await_line("READY=1")

        # A caller between two runs waits for the next one; nobody is refused.
        process.terminate()
        manager.await_line("STOPPING=1")
        assert process.wait(30) == 0
        caller = socket.create_connection(("127.0.0.1", base + 1), 5)
        caller.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        process = manager.start(words)
        caller.settimeout(60)
        assert caller.recv(64).startswith(b"HTTP/1.1 "), "the caller of between was not answered"
        caller.close()
        manager.await_line("READY=1")
        assert not any(line.startswith("WATCHDOG") for line in manager.lines), "nobody asked for a watchdog"

        # A reload that opens one new port and finds the other one taken leaves neither behind.
        with socket.create_server(("127.0.0.1", base + 3)):
            manager.lines.clear()
            configure(base + 2, base + 3)
            process.send_signal(signal.SIGHUP)
            manager.await_line("READY=1")
            wait_until(lambda: f"tcp-127.0.0.1-{base + 2}" not in manager.store)
            assert kept <= set(manager.store), manager.store

        # A port that the house left is not kept for the next run.
        configure(base + 2)
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: f"tcp-127.0.0.1-{base + 2}" in manager.store and f"tcp-127.0.0.1-{base}" not in manager.store)
        process.terminate()
        assert process.wait(30) == 0
        configure(base)
        process = manager.start(words)
        manager.await_line("READY=1")
        wait_until(lambda: f"tcp-127.0.0.1-{base + 2}" not in manager.store)
        socket.create_connection(("127.0.0.1", base), 5).close()
        a_state_of_a_newer_version(manager, words, process, state / "people" / "people.db")
        process = manager.start(words)
        manager.await_line("READY=1")
    finally:
        process.terminate()
        assert process.wait(30) == 0
        manager.socket.close()
        for fd in manager.store.values():
            os.close(fd)
