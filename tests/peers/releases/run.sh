#!/bin/sh
# Today's house over the state folder of each release, in a network of its own.
set -eu
cd "$(dirname "$0")"
if [ "$(id -u)" != 0 ] || ! unshare -n true 2>/dev/null; then
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
exec unshare -n sh -c 'ip link set lo up && exec python3 releases_test.py'
