#!/bin/sh
# The manual pages and the bash completion say what the programs say of themselves.
here=$(cd "$(dirname "$0")/../../.." && pwd)
exec python3 "$here/debian/man/make.py" --check "${HAMEAU_BINARIES:-$here/build/release}"
