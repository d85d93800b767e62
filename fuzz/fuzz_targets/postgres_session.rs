//! Histories of a session between any client and any server; invariants I1 to I6 are in `wire::postgres::exercise`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wire::postgres::exercise::exercise(data));
