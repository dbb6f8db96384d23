#!/usr/bin/env python3
"""B4 and the other traces: real Yjs first, then our library on the same updates, in one run."""
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
INPUTS = ROOT / "build" / "crdt-bench"

if not (HERE / "node_modules" / "yjs").exists():
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True, stdout=subprocess.DEVNULL)
shared = os.environ.get("HAMEAU_SHARED_DIR", str(ROOT.parent / "shared"))
stock = subprocess.run(["node", "updates.mjs", str(INPUTS), "--stock"], cwd=HERE, env={**os.environ, "HAMEAU_SHARED_DIR": shared}, check=False)
if stock.returncode:
    print("(no editing traces here: only what needs none)")
sys.exit(subprocess.run([str(ROOT / "build" / "release" / "bench" / "crdt_bench"), *([str(INPUTS)] if not stock.returncode else [])],
                        check=False).returncode)
