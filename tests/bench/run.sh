#!/bin/sh
# make bench: builds release and prints every table, peers beside us in the same run. No table is a test: nothing fails here.
set -eu
cd "$(dirname "$0")/../.."
cmake --preset bench -DHAMEAU_TESTS=OFF >/dev/null
cmake --build --preset bench -j "$(nproc)" >&2
web-ui/build.sh >&2
pads=tests/peers/pads
for peers in $pads $pads/hocuspocus; do
    # A peer that cannot be had here (Node 22 comes for x64 only) is a line in the tables.
    [ $peers/node_modules/.package-lock.json -nt $peers/package-lock.json ] || (cd $peers && npm ci --ignore-scripts --no-audit --no-fund >&2) || true
done
for script in tests/bench/*/bench.py tests/bench/gate/protocols.py tests/peers/*/bench.py; do
    if [ -e "$script" ]; then
        echo "## $(basename "$(dirname "$script")")"
        python3 "$script" || echo "(ended with $?)"
    fi
done
# Real Chromium before a real house.
if [ -e /usr/bin/chromium ] && [ -e build/release/hameau-gate ]; then
    [ -e tests/browser/node_modules/.package-lock.json ] || (cd tests/browser && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
    echo "## editor"
    node tests/bench/editor/bench.mjs 2>/dev/null || echo "(ended with $?)"
fi
