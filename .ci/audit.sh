# Known holes in what we build, test and ship with. It needs PyPI's and npm's advisories, so it is no part of .ci/run.
set -eu
cd "$(dirname "$0")/.."
python3 -m venv .venv-audit
.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/release.txt
failed=0
for file in requirements/*.txt; do
  echo "== $file"
  .venv-audit/bin/pip-audit --disable-pip --no-deps --requirement "$file" || failed=1
done

for folder in vscode-client .ci/galleries; do
  echo "== $folder"
  (cd $folder && npm audit --package-lock-only --audit-level=moderate) || failed=1
done
exit $failed
