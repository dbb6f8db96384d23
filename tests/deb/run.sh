#!/bin/sh
# The packages on a machine of their own: a fresh Debian under real systemd, without a network. See README, "make test-deb".
#   tests/deb/run.sh [--suite bookworm] [--packages DIR]     (root; packages of build/packages, made by `make deb`)
# The bare Debian is made once by mmdebstrap and kept in HAMEAU_DEB_CACHE; each run works on an overlay that is thrown away.
# What is checked is in inside.py. Ends with "N passed, N failed".
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
suite=bookworm
packages=$root/build/packages
cache=${HAMEAU_DEB_CACHE:-/var/cache/hameau-deb}
seconds_max=1500
while [ $# -gt 0 ]; do
    case "$1" in
        --suite) suite=$2; shift 2 ;;
        --packages) packages=$(cd "$2" && pwd); shift 2 ;;
        *) sed -n '2,6s/^# //p' "$0" >&2; exit 64 ;;
    esac
done
[ "$(id -u)" = 0 ] || { echo "tests/deb needs root: it makes roots and boots them" >&2; exit 77; }
"$root/provisioning/dependencies/install" deb-test >&2

if [ ! -d "$cache/$suite.ready" ]; then
    echo "a bare $suite into $cache (once)" >&2
    mkdir -p "$cache"
    rm -rf "$cache/$suite.part"
    mirror=http://deb.debian.org/debian
    mmdebstrap --quiet --variant=minbase --include=systemd,systemd-sysv,dbus,python3,procps,iproute2,apt-utils \
        "$suite" "$cache/$suite.part" "deb $mirror $suite main" "deb $mirror $suite-updates main" "deb http://deb.debian.org/debian-security $suite-security main" >&2
    mv "$cache/$suite.part" "$cache/$suite.ready"
fi

work=$(mktemp -d /var/tmp/hameau-deb.XXXXXX)
trap 'cp "$work/upper/opt/journal" "$root/build/deb-journal.log" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir -p "$work/upper" "$work/work" "$work/root" "$work/next"

# The same package with the next version: what an upgrade does to a running house.
for file in "$packages"/hameau_*.deb "$packages"/hameau-web_*.deb; do
    rm -rf "$work/unpacked"
    dpkg-deb -R "$file" "$work/unpacked"
    sed -i -E 's/^(Version: .*)$/\1+next/; s/(hameau-web \(= [^)]*)\)/\1+next)/' "$work/unpacked/DEBIAN/control"
    dpkg-deb -Zgzip -z1 -b "$work/unpacked" "$work/next/" >/dev/null
done
rm -rf "$work/unpacked"

cat >"$work/machine.sh" <<MACHINE
set -eu
mount -t overlay overlay -o lowerdir=$cache/$suite.ready,upperdir=$work/upper,workdir=$work/work $work/root
cd $work/root
mkdir -p opt/packages opt/next opt/deb
cp $packages/hameau_*.deb $packages/hameau-web_*.deb opt/packages/
cp $work/next/*.deb opt/next/
cp $here/inside.py $here/content.yaml opt/deb/
cp -r $root/config/examples/site opt/deb/site
# The dependencies are fetched here: the machine itself has no network.
cp /etc/resolv.conf etc/resolv.conf
# Nobody cuts the power of this machine: dpkg need not wait for the disk.
echo force-unsafe-io >etc/dpkg/dpkg.cfg.d/hameau-test
chroot . apt-get update -qq
chroot . sh -c 'apt-get install -y -qq --no-install-recommends -d /opt/packages/*.deb restic' >/dev/null
cat >etc/systemd/system/acceptance.service <<UNIT
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'python3 /opt/deb/inside.py >/opt/result 2>&1; journalctl --no-pager >/opt/journal 2>&1; systemctl exit 0'
[Install]
WantedBy=default.target
UNIT
mkdir -p etc/systemd/system/default.target.wants
ln -sf ../acceptance.service etc/systemd/system/default.target.wants/acceptance.service
umount /sys/fs/cgroup 2>/dev/null || umount -l /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
timeout $seconds_max systemd-nspawn --quiet --register=no --keep-unit --console=pipe --private-network --boot \
    --system-call-filter="landlock_create_ruleset landlock_add_rule landlock_restrict_self" \
    --machine=hameau-deb --directory=$work/root </dev/null >$work/console 2>&1 || true
MACHINE
unshare -m sh "$work/machine.sh" || { echo "the machine did not start" >&2; tail -n 30 "$work/console" 2>/dev/null >&2; exit 1; }
if [ ! -s "$work/upper/opt/result" ]; then
    tail -n 40 "$work/console" >&2
    echo "0 passed, 1 failed"
    exit 1
fi
cat "$work/upper/opt/result"
tail -n 1 "$work/upper/opt/result" | grep -q ', 0 failed$'
