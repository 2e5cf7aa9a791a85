#!/bin/sh
# Run the tests on each of the Pythons that is installed, in an environment of its own, and say which was not there.
#
#   sh .ci/matrix.sh 3.11 3.12 3.13 3.14
#
# A Python is looked for on PATH, and among those of pyenv and uv where these commands exist; nothing is downloaded but
# packages. MATRIX_SECONDS is after how many seconds no further Python is begun. Fails when the tests fail on one.
set -u
cd "$(dirname "$0")/.." || exit
: "${MAKE:=make}" "${MATRIX_SECONDS:=86400}"

. .ci/find_python.sh

began=$(date +%s) summary='' failed=0 ran=0
for version; do
  python=$(find_python "$version")
  if [ -z "$python" ]; then
    outcome='not there'
  elif [ $(($(date +%s) - began)) -ge "$MATRIX_SECONDS" ]; then
    outcome='not tried: no time left'
  else
    echo "== Python $version: $python"
    ran=$((ran + 1)) outcome=passed
    "$MAKE" --no-print-directory test "VENV=.venv-$version" "PYTHON=$python" || failed=1 outcome=failed
  fi
  summary="${summary}Python $version: $outcome
"
done
printf '%s' "$summary"
[ "$ran" -gt 0 ] || echo 'The tests ran on no Python.'
exit "$failed"
