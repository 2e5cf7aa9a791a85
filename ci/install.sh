#!/bin/sh
# Make an environment with the tokcost that this file is part of. Used by action.yml and ci/gitlab-ci.yml.
#
#   sh ci/install.sh FOLDER [html]     the environment is FOLDER; `html` adds what draws the page
#
# tokcost comes from the source around this file, everything else in the versions that requirements/ pins. Nothing asks a
# registry for the name `tokcost`, which is nobody's of ours there, and pip chooses no build tool by itself.
set -eu
venv=$1 extra=${2:-}
source=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

# -I: a job's folder is a stranger's branch, and Python must import nothing from it.
python3 -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  { echo "tokcost needs Python 3.11 or later; have the job set it up first (on GitHub: actions/setup-python)" >&2; exit 3; }
python3 -I -m venv "$venv"
pip() { "$venv/bin/python" -I -m pip --quiet --disable-pip-version-check "$@"; }
pip install --requirement "$source/requirements/build.txt" --requirement "$source/requirements/run.txt"
[ -z "$extra" ] || pip install --requirement "$source/requirements/$extra.txt"
pip install --no-build-isolation --no-deps "$source"
pip check
