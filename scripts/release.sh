#!/usr/bin/env bash
# Builds the gateway as production should run it, laid out and inlined by the profile of its hot paths (scripts/profile.sh), and
# prints the folder it is in. Other options for cargo may be given: scripts/release.sh --bin portcullis --features gateway/unrecorded.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# = 0 ]; then
    set -- --bin portcullis
fi
host=$(rustc -vV | sed -n 's/^host: //p')
# A profile older than the code is no fault: what has changed since is built without.
export RUSTFLAGS="${RUSTFLAGS:-} -Cprofile-use=$PWD/crates/gateway/hot-paths.profdata -Cllvm-args=-no-pgo-warn-mismatch"
# With --target the names are those of the profile, and build scripts are spared.
cargo build --locked --release --target "$host" "$@" >&2
echo "${CARGO_TARGET_DIR:-target}/$host/release"
