#!/bin/sh
# make deb SUITE=trixie: builds the packages inside a clean SUITE of Debian, into build/packages-SUITE. Needs root.
#   debian/suite.sh SUITE [ARCH]      ARCH: another architecture than this machine's, cross-compiled (arm64); no web pages then
# The Debian with all that a build needs is made once by mmdebstrap and kept in HAMEAU_DEB_CACHE; each build works on an overlay
# that is thrown away, always in the folder /build/hameau, so that two builds give the same bytes. Kept besides: ccache's folder.
# HAMEAU_DEB_OPTIMIZE and CCACHE_DISABLE are passed on. JOBS: how many compilers at a time. HAMEAU_DEB_MIRROR: where Debian's packages come from.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
suite=${1:?the suite: bookworm or trixie}
own=$(dpkg --print-architecture)
arch=${2:-$own}
cache=${HAMEAU_DEB_CACHE:-/var/cache/hameau-deb}
mirror=${HAMEAU_DEB_MIRROR:-http://deb.debian.org/debian}
[ "$(id -u)" = 0 ] || { echo "debian/suite.sh needs root: it makes a root folder of Debian and builds inside" >&2; exit 77; }
provisioning/dependencies/install deb-test >&2

name=$suite.build
cross=""
if [ "$arch" != "$own" ]; then
    # A root of its own: libyaml-cpp-dev of two architectures cannot be installed together.
    name=$suite.build.$arch
    cross="--profiles=cross,nocheck --host-architecture=$arch"
fi
base=$cache/$name
if [ ! -d "$base" ]; then
    echo "a $suite that can build into $base (once)" >&2
    mkdir -p "$cache"
    rm -rf "$base.part"
    mmdebstrap --quiet --variant=minbase --include=build-essential,ccache,ca-certificates \
        "$suite" "$base.part" "deb $mirror $suite main" "deb $mirror $suite-updates main" \
        "deb http://deb.debian.org/debian-security $suite-security main" >&2
    # Nobody cuts the power of this root: dpkg need not wait for the disk (npm alone brings 400 packages).
    echo force-unsafe-io >"$base.part/etc/dpkg/dpkg.cfg.d/hameau-build"
    mkdir -p "$base.part/build/hameau/debian" "$base.part/ccache"
    cp debian/control debian/changelog "$base.part/build/hameau/debian/"
    cp /etc/resolv.conf "$base.part/etc/resolv.conf"
    chroot "$base.part" sh -eu -c '
        export DEBIAN_FRONTEND=noninteractive
        cd /build/hameau
        if [ -n "$2" ]; then dpkg --add-architecture "$1"; fi
        apt-get update -qq
        if [ -n "$2" ]; then apt-get install -y -qq --no-install-recommends "crossbuild-essential-$1" >/dev/null
            apt-get build-dep -y -qq --no-install-recommends --arch-only -a"$1" -Pcross,nocheck ./ >/dev/null
        else apt-get build-dep -y -qq --no-install-recommends ./ >/dev/null; fi
        apt-get clean' sh "$arch" "$cross" >&2
    rm -rf "$base.part/build/hameau"
    mv "$base.part" "$base"
fi

work=$(mktemp -d /var/tmp/hameau-suite.XXXXXX)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/upper/build/hameau" "$work/work" "$work/root" "$cache/ccache-$name"
debian/copy.sh "$work/upper/build/hameau"
# One version for each Debian: a machine that moves from 12 to 13 gets the programs that fit its libraries.
number=$(. "$base/etc/os-release" && echo "$VERSION_ID")
sed -i "1s/(\([^)]*\))/(\1+deb$number)/" "$work/upper/build/hameau/debian/changelog"
cat >"$work/build.sh" <<BUILD
set -eu
mount -t overlay overlay -o lowerdir=$base,upperdir=$work/upper,workdir=$work/work $work/root
mount --bind $cache/ccache-$name $work/root/ccache
mount --bind /dev $work/root/dev
mount -t proc proc $work/root/proc
cp /etc/resolv.conf $work/root/etc/resolv.conf
# npm fetches what this machine may fetch: the same settings, the same authorities.
[ ! -e /root/.npmrc ] || cp /root/.npmrc $work/root/root/.npmrc
cp /etc/ssl/certs/ca-certificates.crt $work/root/etc/ssl/certs/ca-certificates.crt
exec chroot $work/root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt CCACHE_DIR=/ccache \
    ${HAMEAU_DEB_OPTIMIZE:+HAMEAU_DEB_OPTIMIZE=$HAMEAU_DEB_OPTIMIZE} ${CCACHE_DISABLE:+CCACHE_DISABLE=1} DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:+$DEB_BUILD_OPTIONS }parallel=${JOBS:-$(nproc)} nocheck" \
    sh -c 'cd /build/hameau && exec dpkg-buildpackage -us -uc $([ "$arch" = "$own" ] && echo -b || echo "-B -Pcross,nocheck -a$arch")'
BUILD
unshare -m sh "$work/build.sh"
out=$root/build/packages-$suite
[ "$arch" = "$own" ] || out=$out-$arch
rm -rf "$out"
mkdir -p "$out"
mv "$work"/upper/build/*.deb "$work"/upper/build/*.buildinfo "$work"/upper/build/*.changes "$out/"
ls -1 "$out"/*.deb
