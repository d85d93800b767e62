#!/usr/bin/env bash
# kit.sh reading | migrating: drizzle-kit in a folder that is thrown away.
set -uo pipefail
exec 2>&1
home=$(mktemp -d)
cp -r "$(dirname "$0")/." "$home"
ln -s "$NODE_MODULES" "$home/node_modules"
cd "$home" || exit 1
kit=node_modules/.bin/drizzle-kit
case $1 in
reading)
    $kit pull --config pull.config.ts >said && cat pulled/schema.ts
    grep -ai error said
    ;;
migrating)
    $kit push --force --config push.config.ts
    $kit push --force --config push.config.ts
    $kit generate --config push.config.ts --name first >/dev/null
    cat made/*.sql
    psql -Xqc 'DROP SCHEMA desk CASCADE'
    $kit migrate --config push.config.ts
    $kit migrate --config push.config.ts
    ;;
esac
rm -rf "$home"
