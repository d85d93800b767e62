#!/usr/bin/env bash
# Runs a fuzz target for a while, or each in its turn: scripts/fuzz.sh TARGET|all|lean [SECONDS, 60]. `lean` leaves out what
# stands on `wire`, which takes an hour to build. A crash ends it and leaves its input under fuzz/artifacts.
#
# Only what the target stands on is built (required-features in fuzz/Cargo.toml), and without a sanitizer, as hardly anything
# of ours is `unsafe`; SANITIZER=address is for that and for what others wrote. libFuzzer needs flags that the stable compiler hides;
# RUSTC_BOOTSTRAP shows them.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:?a target of fuzz/fuzz_targets, or all, or lean}
seconds=${2:-60}
sanitizer=${SANITIZER:-none}
command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
export RUSTC_BOOTSTRAP=1
# libpg_query carries some C globals twice.
export ASAN_OPTIONS=detect_odr_violation=0

# What a target needs, as fuzz/Cargo.toml says behind its path.
feature() {
    sed -n "\\|^path = \"fuzz_targets/$1.rs\"|{n;s/^required-features = \\[\"\\(.*\\)\"\\]/\\1/p}" fuzz/Cargo.toml
}

fuzz() {
    local name=$1 features
    features=$(feature "$name")
    printf '== %s for %s s\n' "$name" "$seconds"
    cargo fuzz run "$name" --sanitizer "$sanitizer" --no-default-features --features "$features" -- \
        -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1
}

scripts/fuzz-seeds.py
case $target in
all | lean)
    for path in fuzz/fuzz_targets/*.rs; do
        name=$(basename "$path" .rs)
        if [ "$target" = all ] || [ "$(feature "$name")" != wire ]; then
            fuzz "$name"
        fi
    done
    ;;
*)
    fuzz "$target"
    ;;
esac
