#!/bin/sh
# Every browser suite, one after the other; ends with "N passed, N failed". With a real house when the gate is built,
# else with the mock of the other services around a real hameau-pads. Usage: run.sh [--mock] [--only CHECK] [SUITE]...
# --only: the one check of this name (tests/run.py does it with one that failed).
set -u
cd "$(dirname "$0")"
house=""
[ -x "${HAMEAU_BINARIES:-../../build/release}/hameau-gate" ] || house=--mock
if [ "${1:-}" = --mock ]; then
    house=--mock
    shift
fi
only=""
if [ "${1:-}" = --only ]; then
    only=$2
    shift 2
fi
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error || { echo "0 passed, 1 failed"; exit 1; }
fi
out=$(mktemp)
trap 'rm -f "$out"' EXIT
passed=0
failed=0
for suite in ${*:-together words edit exchange access first paper offline engines builds portal new-house}; do
    echo "== $suite"
    node "$suite.mjs" $house ${only:+--check "$only"} >"$out" 2>"$out.err"
    cat "$out"
    last=$(tail -n 1 "$out" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')
    if [ -z "$last" ]; then
        tail -n 20 "$out.err"
        last="0 1"
    fi
    rm -f "$out.err"
    passed=$((passed + ${last% *}))
    failed=$((failed + ${last#* }))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
