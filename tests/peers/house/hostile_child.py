"""An external module that says too much, and one whose watchdog must not bite while hameaud waits for something else."""
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from house import ROOT, House

CONTENT = ROOT / "tests" / "support" / "content.yaml"
CHILD = """import os, socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ['NOTIFY_SOCKET'])
s.send(b'READY=1\\nWATCHDOG_USEC=1500000\\nSTATUS=one\\ttwo\\x1bthree\\tready\\t0\\t0\\n')
while True:
    s.send(b'WATCHDOG=1')
    time.sleep(0.1)
"""


DYING = """import os, socket, sys, time
if os.path.exists(sys.argv[1]):
    listener = socket.socket(fileno=3)
    listener.setblocking(True)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.connect(os.environ['NOTIFY_SOCKET'])
    s.send(b'READY=1')
    while True:
        caller = listener.accept()[0]
        caller.recv(65536)
        caller.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nja')
        caller.close()
if os.fork() == 0:
    os.setsid()
    time.sleep(20)
"""


def nobody_waits_for_who_dies_at_each_start(other, alive):
    """503 at once, as for a module of ours: the visitor's own patience is 30 s. When it lives, it is there again."""
    alive.unlink()
    other.hameau("restart", "dying", check=False)
    other.wait_state("dying", ("failing",))
    visitor = other.visitor()
    for _ in range(4):
        answer = visitor.call("GET", "/dying")
        assert answer.status == 503 and answer.body, (answer.status, answer.body)
    alive.touch()
    other.hameau("restart", "dying")
    other.wait_state("dying", ("ready",))
    answer = visitor.call("GET", "/dying")
    assert (answer.status, answer.body) == (200, b"ja"), (answer.status, answer.body)


def children_of(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def house_pid(process):
    """hameaud: `hameau trial` becomes it or is its parent."""
    found = [process.pid]
    for pid in found:
        if name_of(pid) == "hameaud":
            return pid
        found += children_of(pid)
    raise AssertionError([name_of(pid) for pid in found])


def stop_check_of(daemon, seconds=20):
    """Asks for a reload and holds its hameau-check, which lives for some milliseconds; returns its pid."""
    deadline = time.time() + seconds
    while time.time() < deadline:
        os.kill(daemon, signal.SIGHUP)
        again = time.time() + 1
        while time.time() < again:
            for pid in children_of(daemon):
                if name_of(pid).startswith("hameau-check"):
                    os.kill(pid, signal.SIGSTOP)
                    if name_of(pid):
                        return pid
    raise AssertionError("no hameau-check was seen")


def test_a_childs_words_stay_in_their_column_and_its_watchdog_waits_for_hameaud(base_port):
    folder = tempfile.mkdtemp(prefix="hameau-child-")
    os.chmod(folder, 0o755)
    program = Path(folder, "child.py")
    program.write_text(CHILD)
    modules = Path(folder, "modules.d")
    modules.mkdir()
    (modules / "hostile.yaml").write_text(f"name: hostile\nexecutable: /usr/bin/python3\narguments: [{program}]\nidle_stop: 0\n"
                                          "routes:\n  - {pattern: /hostile, who: anyone}\n")
    # It dies at each start unless that file is there, and a child that it leaves behind holds its listener.
    dying = Path(folder, "dying.py")
    dying.write_text(DYING)
    Path(folder, "alive").touch()
    (modules / "dying.yaml").write_text(f"name: dying\nexecutable: /usr/bin/python3\narguments: [{dying}, {folder}/alive]\nidle_stop: 0\n"
                                        "routes:\n  - {pattern: /dying, who: anyone}\n")
    with House(apply=[CONTENT], state=folder, base_port=base_port, settings=["mail.enabled=false"]) as other:
        nobody_waits_for_who_dies_at_each_start(other, Path(folder, "alive"))
        before = other.wait_state("hostile", ("ready",))
        assert before["status"].split() == ["one", "two", "three", "ready", "0", "0"], before
        assert {p["name"] for p in other.status()["processes"]} >= {"gate", "people", "hostile"}, other.status()
        # A mistake in the settings: the reload ends after its check, and nobody is restarted.
        (modules / "wrong.yaml").write_text("name: [\n")
        check = stop_check_of(house_pid(other.process))
        time.sleep(2.5)  # longer than the watchdog of the child, which speaks all the time
        os.kill(check, signal.SIGCONT)
        after = other.wait_state("hostile", ("ready",))
        assert (after["pid"], after["restarts"]) == (before["pid"], before["restarts"]), (before, after, other.tail())
    subprocess.run(["rm", "-rf", folder], check=True)
