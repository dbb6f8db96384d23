#!/bin/sh
# The real hameau-mail, killed again and again, and a private Dovecot that it asks. Ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")/../../.."
exec python3 tests/peers/mail_module/mail_process.py build/release
