# Known holes in what we build, test and ship with. It needs PyPI's and npm's advisories, so it is no part of .ci/run.
set -eu
cd "$(dirname "$0")/.."
python3 -m venv .venv-audit
.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/release.txt
exec python3 .ci/audit.py .venv-audit/bin/pip-audit
