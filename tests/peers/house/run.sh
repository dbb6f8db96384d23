#!/bin/sh
exec python3 "$(dirname "$0")/house_test.py"
