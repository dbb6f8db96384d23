#!/bin/sh
# The editor's schema against the golden documents. Ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")"
exec node covers.mjs
