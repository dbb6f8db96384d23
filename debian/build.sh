#!/bin/sh
# make deb: builds the packages into build/packages, with this machine's compiler (for another Debian: debian/suite.sh). It builds in
# a copy (debian/copy.sh). HAMEAU_DEB_FOLDER: where the copy is; JOBS: how many compilers at a time.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
folder=${HAMEAU_DEB_FOLDER:-$root/build/deb}
rm -rf "$folder"
mkdir -p "$folder/hameau" "$root/build/packages"
debian/copy.sh "$folder/hameau"
cd "$folder/hameau"
# -d: node and npm may have come from elsewhere than Debian (provisioning/dependencies/install sees to the rest).
DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:+$DEB_BUILD_OPTIONS }parallel=${JOBS:-$(nproc)} nocheck" dpkg-buildpackage -us -uc -b -d
rm -f "$root"/build/packages/*
mv ../*.deb ../*.buildinfo ../*.changes "$root/build/packages/"
ls -1 "$root"/build/packages/*.deb
