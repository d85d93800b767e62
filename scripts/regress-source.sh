#!/usr/bin/env bash
# Fetches the source of Debian's PostgreSQL, for the inputs of its regression suite, into target/regress/source, and
# compiles the suite's small library if the server's headers are there. Prints the folder of the inputs.
#
# The list of sources is kept apart from the system's: nothing outside target/ changes.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -n 1 | cut -d/ -f5)
work=$(realpath -m "${CARGO_TARGET_DIR:-target}/regress")
source=$work/source-$version
inputs=$source/src/test/regress

if [ ! -d "$inputs/sql" ]; then
    rm -rf "$work/apt" "$work/download" "$source"
    mkdir -p "$work/apt/parts" "$work/apt/lists/partial" "$work/download" "$source"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
        [ -f "$file" ] || continue
        case $file in
        *.sources) if grep -q debian-archive "$file"; then sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/apt/parts/$(basename "$file")"; fi ;;
        *.list) sed -n 's/^deb \(.*debian.*\)/deb-src \1/p' "$file" >"$work/apt/parts/$(basename "$file" .list)-src.list" ;;
        esac
    done
    apart=(-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/apt/parts" -o Dir::State::Lists="$work/apt/lists")
    apt-get "${apart[@]}" -qq update >&2
    # The newest that can be had: a source may be announced before, or after, it is there.
    for release in $(apt-cache "${apart[@]}" showsrc "postgresql-$version" | sed -n 's/^Version: //p' | sort -Vru); do
        (cd "$work/download" && apt-get "${apart[@]}" -qq source --download-only "postgresql-$version=$release" >&2) && break
    done
    tar -xf "$work"/download/postgresql-"$version"_*.orig.tar.* -C "$source" --strip-components=1
    rm -rf "$work/apt" "$work/download"
fi

include=$("/usr/lib/postgresql/$version/bin/pg_config" --includedir-server)
if [ ! -f "$inputs/regress.so" ] && [ -f "$include/postgres.h" ]; then
    gcc -O1 -shared -fPIC -w -I"$include" -I"$source/src/port" -o "$inputs/regress.so" "$inputs/regress.c" >&2
fi
chmod -R a+rX "$work"
echo "$inputs"
