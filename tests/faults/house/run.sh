#!/bin/sh
exec python3 "$(dirname "$0")/faults_test.py"
