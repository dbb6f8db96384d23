#!/bin/sh
# Random sessions of real Yjs against our library: each is one test. HAMEAU_SESSIONS asks for more than CI's share, from
# HAMEAU_SEED on; differences are kept with their seed. Ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")"
[ -d node_modules/yjs ] || npm ci --ignore-scripts --no-audit --no-fund >/dev/null
driver=${HAMEAU_BINARIES:-../../../build/release}/peers/crdt_driver
sessions=${HAMEAU_SESSIONS:-400}
# CI looks at other sessions every day; a failure names its seed.
seed=${HAMEAU_SEED:-$(($(date +%s) / 86400 * 1000))}
code=0
answer=$(timeout "${HAMEAU_SECONDS:-600}" node differential.mjs --sessions "$sessions" --seed "$seed" --driver "$driver") || code=$?
echo "$answer"
different=$(echo "$answer" | sed -n 's/^[0-9]* sessions, \([0-9]*\) differences$/\1/p')
if [ -z "$different" ]; then
    echo "ended with $code before its last session (seed $seed and on)"
    echo "0 passed, 1 failed"
    exit 1
fi
echo "seeds $seed to $((seed + sessions - 1))"
echo "$((sessions - different)) passed, $different failed"
exit "$code"
