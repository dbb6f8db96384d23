#!/usr/bin/env python3
"""A real hameau-pads for the browser tests, behind the mock of the other services.

Prints one line of JSON {"socket", "pid_file", "state"}; starts the program again when it dies; ends with its standard
input. Usage: pads_module.py [SETTING=VALUE]..."""
import json
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers" / "pads"))
from module_process import FakePeople, ModuleProcess  # noqa: E402

state = tempfile.mkdtemp(prefix="hameau-browser-pads-")
pads = ModuleProcess(state, dict(word.split("=", 1) for word in sys.argv[1:]))
FakePeople(Path(state, "run", "people.sock"))
print(json.dumps({"socket": pads.socket_path, "pid_file": str(pads.pid_file), "state": state}), flush=True)
try:
    sys.stdin.read()
finally:
    pads.stop()
    shutil.rmtree(state, ignore_errors=True)
