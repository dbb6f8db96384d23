#!/bin/sh
# hameau-mta-sts against a DNS and a web server of the test's own, asked by Postfix's own postmap. In a network and mount namespace, so that
# /etc/resolv.conf, the authorities, port 53 and port 443 are the test's. Needs root; ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")"
if [ "$(id -u)" != 0 ] || ! command -v postmap >/dev/null; then
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
exec unshare -n -m sh -c 'ip link set lo up && ip addr add 185.1.2.3/32 dev lo && exec python3 mail_sts_test.py "$@"' sh "$@"
