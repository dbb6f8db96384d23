#!/bin/sh
# Engines killed in the hard way, in a whole trial house. Needs root; ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")"
exec python3 engines_faults.py "$@"
