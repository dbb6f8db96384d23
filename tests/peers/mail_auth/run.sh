#!/bin/sh
# Mail from outside, checked by the real milter behind the real Postfix, with a name server of the test's own. In a network and mount
# namespace of its own, so that /etc/resolv.conf and port 53 are the test's. Needs root; ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")"
if [ "$(id -u)" != 0 ]; then
    echo "mail authentication needs root (Postfix): left out"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
resolv=$(mktemp)
trap 'rm -f "$resolv"' EXIT
chmod 644 "$resolv"
echo "nameserver 127.0.0.1" > "$resolv"
export HAMEAU_MAIL_PLACE=engines
# Debian's python3-dkim belongs to Debian's Python, whatever else is first on the PATH.
python=python3
if /usr/bin/python3 -c 'import dkim' 2>/dev/null; then
    python=/usr/bin/python3
fi
export python
unshare -n -m sh -c 'mount --bind "$0" /etc/resolv.conf && ip link set lo up && exec "$python" mail_auth_test.py "$@"' "$resolv" "$@"
