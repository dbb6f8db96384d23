#!/bin/sh
# The gate from outside, in front of the real house (without mail). Ends with "N passed, N failed".
exec python3 "$(dirname "$0")/gate_test.py" "$@"
