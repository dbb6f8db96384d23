#!/bin/sh
# Real process, stock clients. Ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")"
[ -d node_modules/yjs ] || npm ci --ignore-scripts --no-audit --no-fund >/dev/null
exec python3 pads_test.py
