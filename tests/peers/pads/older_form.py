"""A pad of format 1 in the real process (docs/pads-format.md, Older documents); used by pads_test.py."""
import os
import signal
import time

from module_process import identity


def look(call, node, pads, bring, file, who):
    """A pad of format 1 is shown and exported as it is, and becomes lines once, as a moment of its own; the old moment stays."""
    node("older.mjs", "--write", str(file))
    pad = bring("tree", file.read_bytes())
    path = f"/api/v1/pads/{pad}"
    shown = lambda: [call(200, "GET", f"{path}/export?format={name}") for name in ("text", "html", "markdown")]  # noqa: E731
    before = shown()
    assert "Réunion du bureau" in before[0].decode()
    old, = call(200, "GET", f"{path}/history")["items"]
    then = call(200, "GET", f"{path}/history/{old['moment']}?format=json")
    arguments = ["--base", f"ws+unix://{pads.socket_path}:/api/v1/pads/ws", "--room", pad, "--header", "Hameau-Caller: gate"]
    for name, value in identity(who).items():
        arguments += ["--header", f"{name}: {value}"]
    said = node("older.mjs", *arguments)
    content = next(line.split()[1] for line in said.splitlines() if line.startswith("content "))
    assert shown() == before
    moments = call(200, "GET", f"{path}/history")["items"]
    assert len(moments) == 2 and moments[0]["authors"] == [] and moments[1]["moment"] == old["moment"], moments
    assert call(200, "GET", f"{path}/history/{old['moment']}?format=json") == then
    starts = pads.starts
    os.kill(int(pads.pid_file.read_text()), signal.SIGKILL)
    deadline = time.time() + 20
    while pads.starts == starts and time.time() < deadline:
        time.sleep(0.01)
    node("older.mjs", *arguments, "--content", content)
    # Restoring the old moment: lines again.
    assert call(200, "POST", f"{path}/history/{old['moment']}/restore", who=who) == {"changed": True}
    assert shown() == before
