//! Any bytes as a key file, and as a recording that a gateway sent: no panic, and what is read of a slot is written back
//! as a slot that reads alike.
#![no_main]

use ledger::journal::recording_from;
use ledger::keys::slot::{Slot, header, slots};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // Behind a header that is right, or nothing is looked at.
    let file = [&header(&[0; 16], 1)[..], data].concat();
    for (_, slot) in slots(data, None).chain(slots(&file, None)) {
        let again = Slot::parse(&slot.to_bytes()).expect("a slot");
        assert_eq!(again.to_bytes(), slot.to_bytes());
    }
    let session = data.first_chunk().copied().unwrap_or_default();
    let _ = recording_from(data, session);
});
