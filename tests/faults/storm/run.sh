#!/bin/sh
set -eu
cd "$(dirname "$0")"
[ -d ../../peers/pads/node_modules/yjs ] || (cd ../../peers/pads && npm ci --ignore-scripts --no-audit --no-fund >/dev/null)
exec python3 storm_test.py
