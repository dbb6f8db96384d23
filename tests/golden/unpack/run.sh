#!/bin/sh
# For tests/run.py: the release build of hameau-unpack.
here=$(dirname "$0")
exec python3 "$here/unpack_test.py" "${HAMEAU_UNPACK:-$here/../../../build/release/hameau-unpack}"
