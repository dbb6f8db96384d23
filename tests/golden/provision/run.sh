#!/bin/sh
exec python3 "$(dirname "$0")/provision_test.py"
