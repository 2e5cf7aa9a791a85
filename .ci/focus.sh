#!/bin/sh
# Validate exports of FOCUS 1.2 with the official focus-validator, and say what was not there.
#
#   sh .ci/focus.sh .venv/bin/python
#
# The validator needs Python 3.12 or later and 630 MB, and so an environment of its own (.venv-focus). Fails when a rule
# fails that is not known as a false alarm (tests/exports/test_official.py).
set -u
cd "$(dirname "$0")/.." || exit
ours=${1:-.venv/bin/python}
. .ci/find_python.sh

if [ ! -e .venv-focus/installed ]; then
  for version in 3.12 3.13 3.14; do
    python=$(find_python "$version")
    [ -z "$python" ] || break
  done
  if [ -z "$python" ]; then
    echo 'No Python 3.12 or later is installed: the official FOCUS validator was not run.'
    exit 0
  fi
  "$python" -m venv .venv-focus &&
    .venv-focus/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/focus.txt &&
    touch .venv-focus/installed
  if [ ! -e .venv-focus/installed ]; then
    echo 'The official FOCUS validator could not be installed: not run.'
    exit 0
  fi
fi
exec "$ours" -m pytest -q -m focus tests/exports/test_official.py
