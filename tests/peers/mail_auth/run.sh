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
# A copy of /etc: a file that is mounted by itself could not be replaced by rename, which the test does as NetworkManager does.
etc=$(mktemp -d)
trap 'rm -rf "$etc"' EXIT
cp -a /etc/. "$etc"
chmod 755 "$etc"
rm -f "$etc/resolv.conf"
echo "nameserver 127.0.0.1" > "$etc/resolv.conf"
chmod 644 "$etc/resolv.conf"
export HAMEAU_MAIL_PLACE=engines
# Debian's python3-dkim belongs to Debian's Python, whatever else is first on the PATH.
python=python3
if /usr/bin/python3 -c 'import dkim' 2>/dev/null; then
    python=/usr/bin/python3
fi
export python
unshare -n -m sh -c 'mount --bind "$0" /etc && { umount /etc/resolv.conf 2>/dev/null || true; } && ip link set lo up && exec "$python" mail_auth_test.py "$@"' "$etc" "$@"
