//! Keeps the house in order: `cargo test -p xtask` checks the floors, the sizes, the names and the licences.
//!
//! There is nothing to call here; the rules are the tests under `tests/tidy`, and their tables are the law.
