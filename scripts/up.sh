#!/bin/sh
# From a fresh clone to a running Parley: installs what is missing, builds what is stale, then becomes the server,
# so that a signal to this process is a signal to the server.
set -e
cd "$(dirname "$0")/.."
if ! cmp -s package-lock.json node_modules/.installed-lock; then
  npm ci --no-audit --no-fund
  cp package-lock.json node_modules/.installed-lock
fi
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
sh scripts/ensure-build.sh
exec node --enable-source-maps dist/main.js
