#!/bin/sh
# Installs the assistants that the tests run into .venv/assistants: 2 GB. With --newest, their newest versions.
set -eu
cd "$(dirname "$0")/../.."
PATH="$PWD/.venv/bin:$PATH" # the node of a wheel
export PATH
rm -rf .venv/assistants
mkdir -p .venv/assistants
cp tests/real_assistants/npm/package.json tests/real_assistants/npm/package-lock.json .venv/assistants/
cd .venv/assistants
# Not `npm ci`: optional packages for other systems, which the registry no longer has, are missing from the lock file.
npm install --no-audit --no-fund --no-progress --loglevel=error
if [ "${1:-}" = --newest ]; then
  # shellcheck disable=SC2046 # each name is a word of its own
  npm install --no-audit --no-fund --no-progress --loglevel=error $(sed -n 's/^    "\(.*\)": ".*/\1@latest/p' package.json)
fi
