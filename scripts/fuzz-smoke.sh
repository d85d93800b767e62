#!/usr/bin/env bash
# Runs every fuzz target for a while (seconds: first argument, default 60). A crash ends it and leaves its input under
# fuzz/artifacts. libFuzzer needs sanitizer flags that the stable compiler hides; RUSTC_BOOTSTRAP shows them.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
export RUSTC_BOOTSTRAP=1
# libpg_query carries some C globals twice.
export ASAN_OPTIONS=detect_odr_violation=0
for target in fuzz/fuzz_targets/*.rs; do
    name=$(basename "$target" .rs)
    printf '== %s for %s s\n' "$name" "$seconds"
    cargo fuzz run "$name" -- -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=20
done
