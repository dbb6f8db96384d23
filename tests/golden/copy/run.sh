#!/bin/sh
# The copy of a pad that a browser keeps, in an IndexedDB without a browser. Ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")"
for place in ../../../web-ui .; do
    [ -d $place/node_modules ] || (cd $place && npm ci --ignore-scripts --no-audit --no-fund >/dev/null)
done
exec node copy.mjs
