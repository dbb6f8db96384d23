#!/bin/sh
# 20 pads x 5 stock clients through everything that goes wrong. Ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")"
(cd ../../peers/pads && { [ -d node_modules/yjs ] || npm ci --ignore-scripts --no-audit --no-fund >/dev/null; })
exec python3 faults_test.py
