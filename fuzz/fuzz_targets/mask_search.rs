//! Any bytes as a value of a searched type: no panic, nothing that is found comes out of a text, and what comes out is found
//! to be clean when it is searched again.
#![no_main]

use bytes::BytesMut;
use mask::{MaskKey, Masking, detect, search_value};
use model::{Classes, Limits, ParameterFormat, Search, Secret};

const TEXT: u32 = 25;
/// Text, JSON, JSONB, XML, arrays of these, a record, and a type that nobody knows.
const TYPES: [u32; 8] = [TEXT, 114, 3802, 142, 1009, 3807, 2249, 90_000];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [how, value @ ..] = data else {
        return;
    };
    let type_oid = TYPES.get(usize::from(how % 8)).copied().unwrap_or(TEXT);
    let format = match how & 8 {
        0 => ParameterFormat::Text,
        _ => ParameterFormat::Binary,
    };
    let search = Search {
        whole: Classes::NONE,
        place: Classes::ALL,
    };
    let limits = Limits {
        searched_bytes_max: 64 * 1024,
        ..Limits::standard()
    };
    let mut masking = Masking::new(MaskKey(Secret::new(vec![7; 32])), &limits);
    let mut once = BytesMut::new();
    if !search_value(&mut masking, search, type_oid, format, value, &mut once) {
        return;
    }
    let hidden = !std::mem::take(&mut masking.found).is_empty();
    assert_eq!(hidden, once != value, "what is hidden is counted");
    if type_oid == TEXT {
        let left = detect::find_only(Classes::ALL, &once).next();
        // A place that is hidden may let what stood beside it begin.
        assert!(hidden || left.is_none(), "{left:?}");
    }
});
