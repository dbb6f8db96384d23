#!/bin/sh
# Mail against the real Postfix and Dovecot. Needs root; ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")"
exec python3 mail_test.py "$@"
