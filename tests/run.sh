#!/bin/sh
# Every test that CI runs. Ends with "N passed, N failed, N skipped" and a failing exit code when one failed.
set -eu
cd "$(dirname "$0")/.."
provisioning/dependencies/install build test >&2
exec python3 tests/run.py "$@"
