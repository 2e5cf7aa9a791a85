#!/bin/sh
# Installs aider into .venv/aider: 0.7 GB. It needs a Python of its own packages, from 3.10 to 3.12.
set -eu
cd "$(dirname "$0")/../.."
for python in .venv/bin/python python3.12 python3.11 python3.10; do
  if "$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then
    rm -rf .venv/aider
    "$python" -m venv .venv/aider
    exec .venv/aider/bin/pip install --quiet --disable-pip-version-check --requirement requirements/aider.txt
  fi
done
echo "aider needs Python 3.10, 3.11 or 3.12, and none is here: its tests are passed over."
mkdir -p .venv/aider
