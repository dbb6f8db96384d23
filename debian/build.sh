#!/bin/sh
# make deb: builds the packages into build/packages. It builds in a copy, so that nothing of the tree changes and nothing that
# is not a file of the project gets into a package. HAMEAU_DEB_FOLDER: where the copy is; JOBS: how many compilers at a time.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
folder=${HAMEAU_DEB_FOLDER:-$root/build/deb}
rm -rf "$folder"
mkdir -p "$folder/hameau" "$root/build/packages"
if git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'for name; do [ ! -e "$name" ] || printf "%s\0" "$name"; done' - |
        tar --null -T - -cf - | tar -C "$folder/hameau" -xf -
else
    tar --exclude=./build --exclude=node_modules -cf - . | tar -C "$folder/hameau" -xf -
fi
cd "$folder/hameau"
# -d: node and npm may have come from elsewhere than Debian (provisioning/dependencies/install sees to the rest).
DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:-} parallel=${JOBS:-$(nproc)} nocheck" dpkg-buildpackage -us -uc -b -d
rm -f "$root"/build/packages/*
mv ../*.deb ../*.buildinfo ../*.changes "$root/build/packages/"
ls -1 "$root"/build/packages/*.deb
