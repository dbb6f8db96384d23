#!/bin/sh
# The real hameau-people process; ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")/../../.."
python3 tests/peers/people/people_process.py "${HAMEAU_BINARIES:-build/release}"
echo "1 passed, 0 failed"
