#!/bin/sh
# The lines of a pad as the editor reads and writes them. Ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")"
exec node lines.mjs
