#!/bin/sh
# make deb: builds the packages into build/packages.
set -eu
cd "$(dirname "$0")/.."
dpkg-buildpackage -us -uc -b -d
mkdir -p build/packages
mv ../hameau*_*.deb ../hameau_*.buildinfo ../hameau_*.changes build/packages/ 2>/dev/null || true
ls -1 build/packages/*.deb
