#!/bin/sh
# Addresses as the editor keeps and finds them, against the vectors that the house reads too. Ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")"
exec node addresses.mjs
