#!/usr/bin/env python3
"""The idle house: memory of every process awake and asleep, wake-ups in five minutes without a visitor.

SECONDS_IDLE=300 by default; HAMEAU_BINARIES as in tests/support/house.py."""
import os
import signal
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "support"), str(Path(__file__).resolve().parents[2] / "peers" / "gate")]
from client import Raw, upgrade  # noqa: E402
from house import ROOT, House  # noqa: E402

SECONDS_IDLE = int(os.environ.get("SECONDS_IDLE", "300"))
ADMIN_SLEEPS_AFTER = 90
WORKED_AFTER = 11  # a gate that ran for 10 s starts again at once
MODULES = ("people", "mail", "sites", "pads")


def used(pid):
    """(voluntary context switches, processor time in ms) from /proc: asking the house would wake it."""
    text = Path(f"/proc/{pid}/status").read_text()
    switches = int(text.split("voluntary_ctxt_switches:")[1].split()[0])
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return switches, (int(fields[11]) + int(fields[12])) * 1000 // os.sysconf("SC_CLK_TCK")


def table(title, status):
    print(f"\n### {title}\n| process | state | memory kB | kind |\n| --- | --- | ---: | --- |")
    total = 0
    for process in status["processes"]:
        memory = process.get("pss_kb", process.get("rss_kb", 0))
        mark = "" if "pss_kb" in process else " (RSS)"
        if process["kind"] == "ours" and process["name"] != "admin":
            total += memory
        print(f"| {process['name']} | {process['state']} | {memory}{mark} | {process['kind']} |")
    print(f"\nOurs together, without the admin's process that answered: {total / 1024:.1f} MB")


def main():
    with House(apply=[ROOT / "tests" / "support" / "content.yaml"],
               settings=[f"{name}.idle_stop=20 s" for name in MODULES]) as house:
        visitor = house.visitor().sign_in("marie", "marie-secret-words")
        for path in ("pads", "sites", "mailboxes", "members"):
            visitor.call("GET", f"/api/v1/associations/amis/{path}")
        table("All modules running", house.status())
        for name in MODULES:
            house.wait_state(name, ("asleep",), 90)
        status = house.status()
        table("Everything asleep that may sleep", status)
        time.sleep(ADMIN_SLEEPS_AFTER)
        pids = {p["name"]: p["pid"] for p in status["processes"] if p["pid"] and p["name"] != "admin" and p["kind"] == "ours"}
        before = {name: used(pid) for name, pid in pids.items()}
        time.sleep(SECONDS_IDLE)
        print(f"\n### {SECONDS_IDLE} s without a visitor\n| process | wake-ups | CPU ms |\n| --- | ---: | ---: |")
        for name, pid in pids.items():
            wakeups, cpu_ms = used(pid)
            print(f"| {name} | {wakeups - before[name][0]} | {cpu_ms - before[name][1]} |")
        begin = time.time()
        visitor.call("GET", "/api/v1/associations/amis/pads")
        print(f"\nThe first request wakes people and pads: answered after {(time.time() - begin) * 1000:.0f} ms")


def restarts():
    """How long nobody is answered while the gate crashes or restarts with 50 pads open: wall clock, and its own processor time."""
    with House(apply=[ROOT / "tests" / "support" / "content.yaml"],
               settings=["mail.enabled=false", "gate.limits.exempt_networks=127.0.0.0/8"]) as house:
        marie = house.visitor().sign_in("marie", "marie-secret-words")
        pad = marie.call("GET", "/api/v1/associations/amis/pads").json()["items"][0]["id"]
        cookie = f"Cookie: __Host-hameau={marie.cookies['__Host-hameau']}\r\n"
        print("\n### The gate restarts with 50 open pads\n| how | answers again after, ms | processor ms of the new gate | load |\n| --- | ---: | ---: | ---: |")
        for how, number in (("kill -9", signal.SIGKILL), ("SIGTERM", signal.SIGTERM), ("kill -9", signal.SIGKILL), ("SIGTERM", signal.SIGTERM)):
            time.sleep(WORKED_AFTER)
            pads = [upgrade(house, "/api/v1/pads/ws/" + pad, cookie)[1] for _ in range(50)]
            before = house.process_of("gate")["pid"]
            began = time.time()
            os.kill(before, number)
            if number == signal.SIGTERM:  # a stop that was not asked for by hameaud: it starts the gate again
                while os.path.exists(f"/proc/{before}/exe"):
                    time.sleep(0.001)
            while True:
                try:
                    with Raw(house, tls=False, timeout=60) as raw:
                        if raw.get("/", "amis.test")[0]:
                            break
                except (OSError, TypeError):
                    pass
            took = (time.time() - began) * 1000
            print(f"| {how} | {took:.0f} | {house.process_of('gate')['cpu_ms']} | {os.getloadavg()[0]:.1f} |", flush=True)
            for raw in pads:
                raw.close()


if __name__ == "__main__":
    main()
    restarts()
