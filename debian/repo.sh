#!/bin/sh
# make repo: a signed static apt repository of the packages of `make deb`, in build/repo. Any web server can serve that folder.
#   debian/repo.sh --key KEY --url URL [--suite NAME] [--packages DIR] [--out DIR]
# KEY      the fingerprint of a signing key in the builder's own GnuPG. It is not copied, and no passphrase passes through here.
# URL      where people will reach the folder; it stands in the package hameau-archive-keyring.
# --suite  the Debian release for which the packages were built; else that of this machine. Other suites in DIR stay as they are.
# The same packages, key and URL give the same bytes, the signatures too when the key is an Ed25519 one: all dates are the
# changelog's. The folder of before stays until the new one is whole.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
key=${HAMEAU_REPO_KEY:-}
url=${HAMEAU_REPO_URL:-}
packages=$root/build/packages
out=$root/build/repo
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
while [ $# -gt 0 ]; do
    case "$1" in
        --key) key=$2; shift 2 ;;
        --url) url=$2; shift 2 ;;
        --suite) suite=$2; shift 2 ;;
        --packages) packages=$2; shift 2 ;;
        --out) out=$2; shift 2 ;;
        *) sed -n '2,7s/^# //p' "$0" >&2; exit 64 ;;
    esac
done
[ -n "$key" ] || { echo "make repo: KEY=FINGERPRINT is needed; gpg --list-secret-keys shows yours" >&2; exit 64; }
[ -n "$url" ] || { echo "make repo: URL=https://... is needed: where people reach the repository" >&2; exit 64; }
case "$url" in https://*[!A-Za-z0-9:/._~-]* | https://) echo "make repo: URL: $url is no plain https address" >&2; exit 64 ;; https://*) ;;
    *) echo "make repo: URL: https is needed" >&2; exit 64 ;;
esac
case "$suite" in '' | *[!a-z]*) echo "make repo: which Debian release? --suite bookworm" >&2; exit 64 ;; esac
ls "$packages"/hameau_*.deb "$packages"/hameau-web_*.deb >/dev/null 2>&1 || { echo "make repo: no packages in $packages: make deb" >&2; exit 66; }

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(dpkg-parsechangelog -l "$here/changelog" -S Timestamp)}
version=$(dpkg-parsechangelog -l "$here/changelog" -S Version)
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022
part=$out.part
rm -rf "$part"
# A run that was cut between its last two steps has left the folder of before, and no other.
[ -d "$out" ] || [ ! -d "$out.before" ] || mv "$out.before" "$out"
ring=
trap 'rm -rf "$part" ${ring:+"$ring"}' EXIT
mkdir -p "$part"
if [ -d "$out" ]; then cp -a "$out/." "$part/"; fi
pool=pool/$suite
mkdir -p "$part/$pool"

# A file that was given out under a name never changes: whoever has it would be told of a wrong checksum.
add() {
    if [ -e "$part/$pool/$(basename "$1")" ]; then
        cmp -s "$1" "$part/$pool/$(basename "$1")" || { echo "make repo: $(basename "$1") is in $out with other content: give it a new version" >&2; exit 65; }
    else
        cp --no-preserve=mode,ownership "$1" "$part/$pool/"
    fi
}
for file in "$packages"/hameau_*.deb "$packages"/hameau-web_*.deb; do add "$file"; done

# The keyring package: the public key and the source of packages. Without scripts; apt asks for nothing.
ring=$(mktemp -d)
name=hameau-archive-keyring
gpg --batch --quiet --export --export-options export-minimal "$key" >"$ring/key.gpg"
[ -s "$ring/key.gpg" ] || { echo "make repo: GnuPG has no key $key" >&2; exit 66; }
tree=$ring/tree
install -D -m 644 "$ring/key.gpg" "$tree/usr/share/keyrings/$name.gpg"
install -d "$tree/etc/apt/sources.list.d" "$tree/DEBIAN" "$tree/usr/share/doc/$name"
cat >"$tree/etc/apt/sources.list.d/hameau.sources" <<SOURCES
# Where Hameau comes from. Only packages that its builder signed are taken from here.
Types: deb
URIs: $url
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/$name.gpg
SOURCES
echo /etc/apt/sources.list.d/hameau.sources >"$tree/DEBIAN/conffiles"
cp "$here/copyright" "$tree/usr/share/doc/$name/copyright"
cat >"$tree/DEBIAN/control" <<CONTROL
Package: $name
Version: $version
Architecture: all
Maintainer: $(dpkg-parsechangelog -l "$here/changelog" -S Maintainer)
Section: misc
Priority: optional
Multi-Arch: foreign
Description: signing key and package source of Hameau
 The public key with which the packages of Hameau are signed, and the address
 from which apt fetches them.
CONTROL
find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz -b "$tree" "$ring/${name}_${version}_all.deb" >/dev/null
add "$ring/${name}_${version}_all.deb"
cp "$ring/key.gpg" "$ring/root.gpg"
# Suites that another key signed stay readable: its public key stays in the keyring at the root. Each package of a keyring has its own.
for signed in "$part"/dists/*/InRelease; do
    [ -e "$signed" ] && [ "$signed" != "$part/dists/$suite/InRelease" ] || continue
    gpgv --quiet --keyring "$ring/root.gpg" "$signed" >/dev/null 2>&1 || {
        mkdir -m 700 -p "$ring/home"  # each key once, however often this is done
        gpg --homedir "$ring/home" --batch --quiet --import "$ring/key.gpg" "$part/$name.gpg"
        gpg --homedir "$ring/home" --batch --quiet --export --export-options export-minimal >"$ring/root.gpg"
        break
    }
done
cp "$ring/root.gpg" "$part/$name.gpg"

cd "$part"
dist=dists/$suite
# What was published before. apt asks "newer than this date?": a list that changed needs a later one, also for the same version.
at=$SOURCE_DATE_EPOCH
: >"$ring/sums.before"
before_at=0
if [ -f "$dist/Release" ]; then
    sed -n '/^SHA256:/,$p' "$dist/Release" >"$ring/sums.before"
    before_at=$(date -u -d "$(sed -n 's/^Date: //p' "$dist/Release")" +%s)
fi
rm -rf "$dist"
architectures=$(for file in "$pool"/*.deb; do dpkg-deb -f "$file" Architecture; done | grep -vx all | sort -u | tr '\n' ' ')
for architecture in $architectures; do
    folder=$dist/main/binary-$architecture
    mkdir -p "$folder"
    dpkg-scanpackages --multiversion --arch "$architecture" "$pool" >"$folder/Packages" 2>/dev/null
    xz -9 -T1 -k "$folder/Packages"
    gzip -9 -n -k "$folder/Packages"
done
{
    printf 'SHA256:\n'
    find "$dist/main" -type f | LC_ALL=C sort | while read -r file; do
        printf ' %s %16d %s\n' "$(sha256sum "$file" | cut -d' ' -f1)" "$(stat -c %s "$file")" "${file#"$dist"/}"
    done
} >"$ring/sums"
if cmp -s "$ring/sums" "$ring/sums.before"; then
    at=$before_at
elif [ "$at" -le "$before_at" ]; then
    at=$((before_at + 1))
fi
{
    printf 'Origin: Hameau\nLabel: Hameau\nSuite: %s\nCodename: %s\nDate: %s\n' "$suite" "$suite" "$(date -u -d "@$at" '+%a, %d %b %Y %H:%M:%S UTC')"
    printf 'Architectures: %s\nComponents: main\nDescription: packages of Hameau %s\n' "${architectures% }" "$version"
    cat "$ring/sums"
} >"$ring/Release"
mv "$ring/Release" "$dist/Release"
# No signature is older than its key: gpgv would not believe it.
signed_at=$(gpg --batch --with-colons --list-keys "$key" | awk -F: -v at="$at" '$1 == "pub" || $1 == "sub" { if ($6 > at) at = $6 } END { print at }')
sign() { gpg --batch --quiet --no-tty --local-user "$key" --digest-algo SHA256 --faked-system-time "$signed_at!" --output "$2" "$1" "$dist/Release"; }
sign --clear-sign "$dist/InRelease"
sign --detach-sign "$ring/Release.gpg"
mv "$ring/Release.gpg" "$dist/Release.gpg"
find . -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
find "$dist" -exec touch -h -d "@$at" {} +
chmod -R u=rwX,go=rX .

# The signature is read as apt will read it, before anybody else can.
gpgv --quiet --keyring "$part/$name.gpg" "$dist/InRelease" 2>/dev/null || { echo "make repo: the signature of $key does not hold" >&2; exit 70; }
cd "$root"
rm -rf "$out.before"
[ ! -d "$out" ] || mv "$out" "$out.before"
mv "$part" "$out"
rm -rf "$out.before"
echo "$out: $version for $suite ($architectures)" >&2
