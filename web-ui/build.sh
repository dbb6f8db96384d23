#!/bin/sh
# Builds the web pages into $HAMEAU_WEB_OUT when a source is newer than the last build.
set -eu
cd "$(dirname "$0")"
out=${HAMEAU_WEB_OUT:-$(pwd)/../build/release/web}
stamp="$out/.built"
if [ -e "$stamp" ] && [ -z "$(find . -path ./node_modules -prune -o -newer "$stamp" -type f -print | head -n 1)" ]; then
    exit 0
fi
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
fi
HAMEAU_WEB_OUT=$out npm run --silent build
touch "$stamp"
