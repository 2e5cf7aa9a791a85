# build.sh TAG [--pre-release]: all that a release consists of, into build/release. Any machine can run it.
set -eu
cd "$(dirname "$0")/.."
tag=$1
channel=${2:-}
out=$PWD/build/release
rm -rf "$out" && mkdir -p "$out"

# One version everywhere, and a section for it in both changelogs, before anything is built.
version=${tag#v}
python3 .ci/version.py "$version" > "$out/notes.md"

python3 -m venv .venv-release
.venv-release/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/release.txt
.venv-release/bin/python -m build --no-isolation --outdir "$out" .
.venv-release/bin/twine check --strict "$out"/*.whl "$out"/*.tar.gz
.venv-release/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
  --output-file "$out/tokcost-$version.cyclonedx.json" requirements/run.txt

cd vscode-client
npm ci --no-progress --loglevel=error
if [ -n "${REPOSITORY_URL:-}" ]; then # where people ask and report: no file of the repository knows its address
  cp package.json "$out/manifest" && trap 'mv "$out/manifest" package.json' EXIT
  npm pkg set "repository.type=git" "repository.url=$REPOSITORY_URL.git" "homepage=$REPOSITORY_URL#readme" \
    "bugs.url=$REPOSITORY_URL/issues" "qna=$REPOSITORY_URL/discussions"
fi
npm run --silent package:gallery -- $channel ${REPOSITORY_URL:+--baseImagesUrl "$REPOSITORY_URL/raw/$tag/vscode-client" --baseContentUrl "$REPOSITORY_URL/blob/$tag/vscode-client"}
mv tokcost.vsix "$out/"
[ ! -f "$out/manifest" ] || { trap - EXIT && mv "$out/manifest" package.json; }
ls -l "$out"
