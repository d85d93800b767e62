//! Any bytes as a value that holds others, taken in any way: no panic, and what a computation may have made of a value is
//! the value first.
#![no_main]

use mask::{Met, any_within, is_masked};
use model::{MaskKind, ParameterFormat, Part};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [how, value @ ..] = data else {
        return;
    };
    let format = match how & 1 {
        0 => ParameterFormat::Text,
        _ => ParameterFormat::Binary,
    };
    let ways = [
        vec![Part::Computed],
        vec![Part::Elements, Part::Member("a".into())],
        vec![Part::Member("1".into()), Part::Elements],
        vec![Part::Elements, Part::Field(1), Part::Computed],
        vec![Part::Field(0), Part::Pieces],
    ];
    let way = ways.get(usize::from(how >> 1) % ways.len()).map_or(&[][..], Vec::as_slice);
    let whole = Met {
        value,
        format,
        type_oid: 0,
        is_sure: true,
    };
    let mut first = None;
    any_within(whole, way, &mut |met| {
        first.get_or_insert(met.value == value);
        is_masked(MaskKind::Redact, 3802, met.value, met.format)
            || is_masked(MaskKind::Redact, 1009, met.value, met.format)
    });
    assert!(way != [Part::Computed] || first == Some(true));
});
