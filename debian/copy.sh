#!/bin/sh
# debian/copy.sh FOLDER: copies the project's files into FOLDER, where packages are built: nothing of the tree changes, and nothing
# that is not a file of the project gets into a package. FOLDER has to be there.
set -eu
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
if git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'for name; do [ ! -e "$name" ] || printf "%s\0" "$name"; done' - |
        tar --null -T - -cf - | tar --no-same-owner -C "$folder" -xf -
else
    tar --exclude=./build --exclude=node_modules -cf - . | tar --no-same-owner -C "$folder" -xf -
fi
