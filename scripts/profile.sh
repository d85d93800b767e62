#!/usr/bin/env bash
# Takes the profile of the hot paths anew: builds a gateway that counts what it runs, gives it the work of scripts/bench.py, and
# writes crates/gateway/hot-paths.profdata. Worth it when the data path has changed, or the compiler: it reads no other's profile.
#
# Needs the llvm-profdata of the compiler's own LLVM: rustup component add llvm-tools, or LLVM_PROFDATA names one.
set -euo pipefail
cd "$(dirname "$0")/.."

host=$(rustc -vV | sed -n 's/^host: //p')
profdata=${LLVM_PROFDATA:-$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata}
if ! command -v "$profdata" >/dev/null; then
    echo "no llvm-profdata; run: rustup component add llvm-tools" >&2
    exit 1
fi
scripts/setup.sh bench
counts=$(mktemp -d)
trap 'rm -rf "$counts"' EXIT
# In a folder of its own, so that what was built for use stays.
CARGO_TARGET_DIR=target/profile RUSTFLAGS="-Cprofile-generate=$counts" \
    cargo build --locked --release --target "$host" --bin portcullis
scripts/train.py "target/profile/$host/release/portcullis"
"$profdata" merge --sparse -o crates/gateway/hot-paths.profdata "$counts"
