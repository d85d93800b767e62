//! An evidence pack from a stranger: any bytes are a verdict or a refusal, and what is sound without a key never is with
//! another one's.
#![no_main]

use export::pack::{Wish, check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(verdict) = check(bytes, &Wish::default()) {
        assert!(!verdict.is_sound() || verdict.checkpoint.is_some());
    }
});
