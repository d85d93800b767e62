#!/usr/bin/env bash
# Prisma's migrations on a database that it did not make: the baseline, then one migration.
set -uo pipefail
exec 2>&1
home=$(mktemp -d)
cp -r "$(dirname "$0")/." "$home"
ln -s "$NODE_MODULES" "$home/node_modules"
cd "$home" || exit 1
# Neither engine is downloaded: the one that is used comes inside the package.
export CHECKPOINT_DISABLE=1 PRISMA_HIDE_UPDATE_MESSAGE=1 PRISMA_QUERY_ENGINE_LIBRARY=/bin/true PRISMA_SCHEMA_ENGINE_BINARY=/bin/true
npx prisma migrate resolve --applied 20260101000000_init
npx prisma migrate deploy
npx prisma migrate status
rm -rf "$home"
