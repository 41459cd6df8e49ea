#!/bin/sh
# Builds when there is no build, or when a source is newer than it.
set -e
cd "$(dirname "$0")/.."
if [ ! -f dist/.built ] || [ -n "$(find src migrations package.json package-lock.json nest-cli.json tsconfig*.json -newer dist/.built -print 2>/dev/null | head -n 1)" ]; then
  npm run -s build
fi
