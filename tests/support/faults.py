"""How a check of the sources ends: its faults, each in a line, then "N passed, N failed". Called by tests/tidy/*/check.py."""
import sys


def close(faults, note=""):
    for fault in faults:
        print(fault)
    print(f"{0 if faults else 1} passed, {len(faults)} failed{note}")
    sys.exit(1 if faults else 0)
