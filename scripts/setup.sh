#!/usr/bin/env bash
# Installs what building, demonstrating, testing or measuring Portcullis needs beside the Rust toolchain.
# Debian only. Does nothing that is done already, so it is cheap to call every time.
#
#   scripts/setup.sh build   a C compiler and libclang, for PostgreSQL's parser
#   scripts/setup.sh demo    build, and a PostgreSQL to put behind the gateway
#   scripts/setup.sh bench   demo, PgBouncer to measure against, and an OpenID provider
#   scripts/setup.sh test    bench, and the drivers, the servers and the browser that the tests use, and Go for
#                          an independent reader of the ledger
set -euo pipefail
cd "$(dirname "$0")/.."

level=${1:-build}
target=${CARGO_TARGET_DIR:-target}

say() { printf 'setup: %s\n' "$*"; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

installed() {
    dpkg-query --show --showformat='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

# Names the packages of its arguments that are missing.
missing() {
    local package
    for package in "$@"; do
        installed "$package" || printf '%s ' "$package"
    done
}

# Debian's PostgreSQL packages start a server of their own on port 5432. Nobody asked for that one.
without_main_cluster() {
    local conf=/etc/postgresql-common/createcluster.d/portcullis-setup.conf
    as_root mkdir -p "$(dirname "$conf")"
    echo 'create_main_cluster = false' | as_root tee "$conf" >/dev/null
    local status=0
    "$@" || status=$?
    as_root rm -f "$conf"
    return "$status"
}

# Runs an installation that must not start what it installs.
without_daemons() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [ -e "$policy" ]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    "$@" || status=$?
    as_root rm -f "$policy"
    return "$status"
}

apt_install() {
    local wanted
    wanted=$(missing "$@")
    [ -n "$wanted" ] || return 0
    say "installing $wanted"
    # A list that is a day old may name versions that are gone.
    if [ -z "$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mmin -720 2>/dev/null | head -n 1)" ]; then
        as_root apt-get update -qq
    fi
    # shellcheck disable=SC2086  # one word per package
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted >/dev/null
}

# True when everything that directory $1 was made from is still what it was: $2... are the files.
fresh() {
    local directory=$1
    shift
    [ -f "$directory/.made-from" ] && [ "$(cat "$@" | sha256sum)" = "$(cat "$directory/.made-from")" ]
}

made_from() {
    local directory=$1
    shift
    cat "$@" | sha256sum >"$directory/.made-from"
}

# Installs the npm packages that $1/package-lock.json pins beside it. No package's own script is run.
npm_packages() {
    local directory=$1
    fresh "$directory/node_modules" "$directory/package-lock.json" && return 0
    say "installing what $directory pins"
    (cd "$directory" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
    made_from "$directory/node_modules" "$directory/package-lock.json"
}

python_venv() {
    local directory=$target/venv pins=testing/clients/python/requirements.txt
    fresh "$directory" "$pins" && return 0
    say "installing what $pins pins"
    rm -rf "$directory"
    python3 -m venv "$directory"
    "$directory/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --requirement "$pins"
    made_from "$directory" "$pins"
}

# The servers of the other PostgreSQL versions come without their libraries' links.
peer_servers() {
    local package source=testing/peers
    if ! fresh "$target/peers/node_modules" "$source/package-lock.json"; then
        mkdir -p "$target/peers"
        cp "$source/package.json" "$source/package-lock.json" "$target/peers/"
    fi
    npm_packages "$target/peers"
    for package in "$target"/peers/node_modules/postgres-*; do
        [ -e "$package/.linked" ] && continue
        (cd "$package" && node scripts/hydrate-symlinks.js >/dev/null)
        chmod -R a+rX "$package"
        chmod a+x "$package"/native/bin/*
        touch "$package/.linked"
    done
}

# Reads the ledger with none of our code: Go's own implementation of such logs, out of Debian.
ledger_oracle() {
    local source=testing/ledger/oracle.go directory=$target/oracle
    apt_install golang-go golang-golang-x-mod-dev
    fresh "$directory" "$source" && return 0
    say "building $source"
    mkdir -p "$directory"
    GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$(cd "$directory" && pwd)/cache" go build -o "$directory/ledger" "$source"
    made_from "$directory" "$source"
}

for_build() {
    apt_install gcc libc6-dev make libclang-dev
}

for_demo() {
    for_build
    [ -n "$(missing postgresql postgresql-client)" ] || return 0
    without_main_cluster apt_install postgresql postgresql-client
}

for_bench() {
    for_demo
    apt_install pgbouncer python3
    command -v npm >/dev/null || apt_install nodejs npm
    npm_packages testing/oidc
}

for_test() {
    for_bench
    apt_install python3-venv chromium libpostgresql-jdbc-java openssl
    # Only the program is wanted: no daemon of Debian's making is to run.
    command -v rsyslogd >/dev/null || without_daemons apt_install rsyslog rsyslog-gnutls
    command -v javac >/dev/null || apt_install default-jdk-headless
    peer_servers
    npm_packages testing/clients/node
    python_venv
    ledger_oracle
}

case $level in
build) for_build ;;
demo) for_demo ;;
bench) for_bench ;;
test) for_test ;;
*)
    echo "usage: scripts/setup.sh build | demo | bench | test" >&2
    exit 2
    ;;
esac
