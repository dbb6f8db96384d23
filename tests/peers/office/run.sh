#!/bin/sh
# A house's exports in Debian's own office program. Ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")"
[ -d ../pads/node_modules/yjs ] || (cd ../pads && npm ci --ignore-scripts --no-audit --no-fund >/dev/null)
exec python3 office_test.py
