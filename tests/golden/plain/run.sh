#!/bin/sh
# The plain text of what is copied in the editor, against the exports as text. Ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")"
exec node plain.mjs
