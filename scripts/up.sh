#!/bin/sh
# From a fresh clone to a running Parley: installs what is missing, builds what is stale, then becomes the server,
# so that a signal to this process is a signal to the server.
set -e
cd "$(dirname "$0")/.."
# npm writes this file last: without it an installation was never finished.
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-audit --no-fund
fi
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
sh scripts/ensure-build.sh
exec node --enable-source-maps --env-file-if-exists=.env dist/main.js
