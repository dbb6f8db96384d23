#!/usr/bin/env python3
"""make bench: words lost, misplaced and doubled in 1,000 sessions, with y-prosemirror and with ours."""
import json
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
SESSIONS = 200
KINDS = ("typing", "lists", "enter", "joins", "deleting", "tables", "undo", "restore", "moves", "unmoved", "all")

subprocess.run(["node", "build.mjs"], cwd=HERE, check=True, stdout=subprocess.DEVNULL)
print("Of 1,000 sessions of two people, about 120 words each: words lost / misplaced or torn / doubled")
print(f"{'':10} {'y-prosemirror':>24} {'ours':>20}")
for kind in KINDS:
    cells = []
    for subject in ("stock", "ours"):
        out = subprocess.run(["node", "build/words.mjs", "--subject", subject, "--ops", kind, "--sessions", str(SESSIONS), "--jobs", "2", "--json", "1"],
                             cwd=HERE, check=True, capture_output=True, text=True).stdout
        totals = json.loads(out)["totals"]
        per = lambda *names: round(sum(totals.get(name, 0) for name in names) * 1000 / SESSIONS)
        cells.append(f"{per('lost')} / {per('misplaced', 'torn', 'disordered')} / {per('doubled')}")
    print(f"{kind:10} {cells[0]:>24} {cells[1]:>20}")
