//! Any bytes as a value that holds others, taken in any way: no panic, and what was put into JSON, an array or a row is met
//! where it was put. And any value under any mask: what comes of it is told to be a mask.
#![no_main]

use bytes::BytesMut;
use mask::{MaskKey, Masking, Met, any_within, is_masked};
use model::{Delivered, Limits, MaskKind, ParameterFormat, Part, Secret};

const TEXT: ParameterFormat = ParameterFormat::Text;
const BINARY: ParameterFormat = ParameterFormat::Binary;

fn is_met(value: &[u8], format: ParameterFormat, way: &[Part], inner: &[u8]) -> bool {
    let whole = Met {
        value,
        format,
        type_oid: 0,
        is_sure: true,
    };
    any_within(whole, way, &mut |met| met.value == inner)
}

fn any_way(how: u8, value: &[u8]) {
    let format = if how & 1 == 0 { TEXT } else { BINARY };
    let ways = [
        vec![Part::Computed],
        vec![Part::Elements, Part::Member("a".into())],
        vec![Part::Member("1".into()), Part::Elements],
        vec![Part::Elements, Part::Field(1), Part::Computed],
        vec![Part::Field(0), Part::Pieces],
    ];
    let way = ways.get(usize::from(how >> 1) % ways.len());
    let way = way.map_or(&[][..], Vec::as_slice);
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
}

/// As `array_out` and `record_out` quote.
fn quoted(text: &str, doubled: bool) -> String {
    let inside = match doubled {
        true => text.replace('\\', "\\\\").replace('"', "\"\""),
        false => text.replace('\\', "\\\\").replace('"', "\\\""),
    };
    format!("\"{inside}\"")
}

fn binary(words: &[u32], values: &[&[u8]]) -> Vec<u8> {
    let mut out: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    for value in values {
        let length = u32::try_from(value.len()).unwrap_or(0);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(value);
    }
    out
}

/// One text beside another, put into a value in each way that PostgreSQL writes, and taken out again.
fn what_is_put_in_is_met(inner: &str, other: &str) {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let [wanted, beside] = [inner, other].map(json);
    let object = format!(" {{\"b\" : {beside},\n\"a\":{wanted} }} ");
    let list = format!("[ {beside} ,[1,{{\"x\":null}}],{wanted}]");
    let arrays = [
        format!("{{{},{}}}", quoted(other, false), quoted(inner, false)),
        format!(
            "[0:1]={{ {} , {} }}",
            quoted(other, false),
            quoted(inner, false)
        ),
    ];
    let row = format!("({},{},)", quoted(other, true), quoted(inner, true));
    let met = |value: &str, way: &[Part]| {
        assert!(
            is_met(value.as_bytes(), TEXT, way, inner.as_bytes()),
            "{way:?} {value:?}"
        );
        let computed = [way, &[Part::Computed][..]].concat();
        assert!(
            is_met(value.as_bytes(), TEXT, &computed, inner.as_bytes()),
            "{value:?}"
        );
    };
    let member = Part::Member("a".into());
    met(&object, &[member.clone()]);
    met(&object, &[Part::Elements]);
    met(&list, &[Part::Elements]);
    met(&list, &[Part::Member("2".into())]);
    met(&format!("[{object}]"), &[Part::Elements, member]);
    for array in &arrays {
        met(array, &[Part::Elements]);
        met(array, &[Part::Computed]);
    }
    met(&row, &[Part::Field(1)]);
    met(&object, &[Part::Computed]);
    met(&list, &[Part::Computed]);
    let (inner, other) = (inner.as_bytes(), other.as_bytes());
    let sent = binary(&[1, 0, 25, 2, 1], &[other, inner]);
    assert!(is_met(&sent, BINARY, &[Part::Elements], inner), "{sent:?}");
    let mut sent = binary(&[2, 25], &[other]);
    sent.extend(binary(&[25], &[inner]));
    assert!(is_met(&sent, BINARY, &[Part::Field(1)], inner), "{sent:?}");
}

/// A mask is told by its look, or because it was given.
fn what_is_given_is_known(how: u8, value: &[u8]) {
    let kinds = [
        MaskKind::Redact,
        MaskKind::Partial { first: 2, last: 3 },
        MaskKind::Email,
        MaskKind::Hash,
        MaskKind::Token,
        MaskKind::Bucket { width: 7 },
        MaskKind::Null,
    ];
    let types = [
        25, 1043, 1042, 114, 3802, 142, 18, 21, 23, 20, 700, 701, 1700, 1082, 1114, 1184, 2950,
    ];
    let format = if how & 1 == 0 { TEXT } else { BINARY };
    for kind in kinds {
        for type_oid in types {
            let masking = Masking::new(MaskKey(Secret::new(vec![7; 32])), &Limits::standard());
            let mut out = BytesMut::new();
            let is_value = masking.mask_value(kind, type_oid, format, value, &mut out);
            let longest = value.len().max(1024);
            assert!(
                out.len() <= longest,
                "{kind:?} of {type_oid} is {} long",
                out.len()
            );
            assert!(kind != MaskKind::Null || !is_value);
            if !is_value {
                assert!(out.is_empty());
                continue;
            }
            let known = is_masked(kind, type_oid, &out, format)
                || masking.given().had(kind, type_oid, &out, format);
            let is_empty = out.trim_ascii().is_empty();
            assert!(
                known || is_empty,
                "{kind:?} of {type_oid} {format:?}: {out:?} of {value:?}"
            );
        }
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [how, value @ ..] = data else {
        return;
    };
    any_way(*how, value);
    what_is_given_is_known(*how, value);
    if let Ok(text) = std::str::from_utf8(value) {
        let text = text.replace('\0', " ");
        let (inner, other) = text.split_at(text.floor_char_boundary(text.len() / 2));
        what_is_put_in_is_met(inner, other);
    }
});
