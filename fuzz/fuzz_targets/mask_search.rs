//! Any bytes as a value of a searched type: no panic, what comes out of a text is the text without what is found in it, JSON
//! stays JSON, and an address that is put among the bytes never comes out, however it is escaped and held.
#![no_main]

use bytes::BytesMut;
use mask::{MaskKey, Masking, detect, search_value};
use model::{Classes, Limits, ParameterFormat, Search, Secret};
use serde::de::IgnoredAny;

const TEXT: u32 = 25;
const JSON: u32 = 114;
const JSONB: u32 = 3802;
/// Text, JSON, JSONB, XML, arrays of these, a record, and a type that nobody knows.
const TYPES: [u32; 8] = [TEXT, JSON, JSONB, 142, 1009, 3807, 2249, 90_000];
const ADDRESS: &str = "ada@example.org";

/// What is left of a value; `None` for NULL. Whether anything was hidden.
fn searched(
    whole: Classes,
    type_oid: u32,
    format: ParameterFormat,
    value: &[u8],
) -> (Option<Vec<u8>>, bool) {
    let place = Classes::ALL;
    let limits = Limits {
        searched_bytes_max: 64 * 1024,
        ..Limits::standard()
    };
    let mut masking = Masking::new(MaskKey(Secret::new(vec![7; 32])), &limits);
    let mut out = BytesMut::from("before");
    let search = Search { whole, place };
    let is_value = search_value(&mut masking, search, type_oid, format, value, &mut out);
    assert!(out.starts_with(b"before"), "what stood there was touched");
    let hidden = !std::mem::take(&mut masking.found).is_empty();
    let out = out.get(6..).unwrap_or_default().to_vec();
    assert!(is_value || out.is_empty(), "NULL has no bytes");
    (is_value.then_some(out), hidden)
}

fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

fn as_it_stands(type_oid: u32, format: ParameterFormat, value: &[u8]) {
    let (once, hidden) = searched(Classes::NONE, type_oid, format, value);
    let Some(once) = once else {
        assert!(hidden, "a value is NULL for a reason");
        return;
    };
    assert_eq!(hidden, once != value, "what is hidden is counted");
    if type_oid == TEXT {
        let (mut expect, mut end) = (Vec::new(), 0);
        for found in detect::find_only(Classes::ALL, value) {
            assert!(found.start >= end && found.end > found.start && found.end <= value.len());
            expect.extend_from_slice(&value[end..found.start]);
            expect.extend_from_slice(b"***");
            end = found.end;
        }
        expect.extend_from_slice(&value[end..]);
        assert_eq!(once, expect);
        let utf8 = std::str::from_utf8;
        assert!(utf8(value).is_err() || utf8(&once).is_ok(), "{once:?}");
    }
    let is_binary = format == ParameterFormat::Binary;
    let text = |bytes: &[u8]| match type_oid == JSONB && is_binary {
        true => bytes.strip_prefix(&[1]).is_some_and(is_json),
        false => is_json(bytes),
    };
    if matches!(type_oid, JSON | JSONB) && text(value) {
        assert!(text(&once), "{:?}", String::from_utf8_lossy(&once));
    }
    let (whole, _) = searched(Classes::ALL, type_oid, format, value);
    let tells = |left: &[u8]| !left.iter().all(|byte| b"\x01\"* ".contains(byte));
    assert!(
        !hidden || !whole.is_some_and(|left| tells(&left)),
        "hidden whole"
    );
}

/// A text as a JSON string, with the letters of a step escaped.
fn json(text: &str, step: usize) -> String {
    let mut out = String::from("\"");
    for (at, letter) in text.chars().enumerate() {
        let is_plain = !letter.is_control() && !matches!(letter, '"' | '\\');
        if is_plain && (step == 0 || at % step != 0) {
            out.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out + "\""
}

fn xml(text: &str, step: usize) -> String {
    let mut out = String::from("<a>");
    for (at, letter) in text.chars().enumerate() {
        let is_plain = !matches!(letter, '<' | '&');
        match is_plain && (step == 0 || at % step != 0) {
            true => out.push(letter),
            false => out.push_str(&format!("&#x{:x};", u32::from(letter))),
        }
    }
    out + "</a>"
}

fn array(text: &str) -> String {
    let inside = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{{plain,\"{inside}\"}}")
}

fn array_binary(type_oid: u32, element: &[u8]) -> Vec<u8> {
    let words = [
        1,
        0,
        type_oid,
        1,
        1,
        u32::try_from(element.len()).unwrap_or(0),
    ];
    let mut out: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    out.extend_from_slice(element);
    out
}

fn record_binary(text: &str) -> Vec<u8> {
    let words = [1, TEXT, u32::try_from(text.len()).unwrap_or(0)];
    let mut out: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    out.extend_from_slice(text.as_bytes());
    out
}

/// What a reader makes of a value: escapes, references and quotes undone, one way after the other.
fn readings(value: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(value).into_owned();
    let start = text.find(['"', '{', '[']).unwrap_or_default();
    let parsed = serde_json::from_str::<serde_json::Value>(&text[start..]);
    let bare = text.replace('\\', "");
    let mut plain = text.clone();
    for letter in ADDRESS.chars() {
        plain = plain.replace(&format!("&#x{:x};", u32::from(letter)), &letter.to_string());
    }
    let said = parsed.ok().map(|value| match value {
        serde_json::Value::String(said) => said,
        other => other.to_string(),
    });
    [text, bare, plain].into_iter().chain(said).collect()
}

/// An address between two texts, held in a way, is not in what comes out.
fn never_comes_out(how: u8, value: &[u8]) {
    let (step, value) = value
        .split_first()
        .map_or((0, value), |(step, rest)| (*step, rest));
    let text = String::from_utf8_lossy(value).replace('\0', " ");
    let middle = text.floor_char_boundary(text.len() / 2);
    let (before, behind) = text.split_at(middle);
    let stands_there_too = |reading: String| reading.contains(ADDRESS);
    if readings(text.as_bytes()).into_iter().any(stands_there_too) {
        return;
    }
    let text = format!("{before} ; {ADDRESS} ; {behind}");
    let step = usize::from(step % 4);
    let jsonb = [b"\x01", json(&text, step).as_bytes()].concat();
    let (format, binary) = (ParameterFormat::Text, ParameterFormat::Binary);
    let (type_oid, format, held) = match how % 10 {
        0 => (TEXT, format, text.into_bytes()),
        1 => (1042, binary, text.into_bytes()),
        2 => (JSON, format, json(&text, step).into_bytes()),
        3 => (
            JSONB,
            format,
            format!("{{\"k\": [1, {}]}}", json(&text, step)).into_bytes(),
        ),
        4 => (JSONB, binary, jsonb),
        5 => (142, format, xml(&text, step).into_bytes()),
        6 => (1009, format, array(&text).into_bytes()),
        7 => (1009, binary, array_binary(TEXT, text.as_bytes())),
        8 => (3807, binary, array_binary(JSONB, &jsonb)),
        _ => (2249, binary, record_binary(&text)),
    };
    let (left, hidden) = searched(Classes::NONE, type_oid, format, &held);
    assert!(hidden, "{type_oid}: {:?}", String::from_utf8_lossy(&held));
    for reading in readings(&left.unwrap_or_default()) {
        assert!(!reading.contains(ADDRESS), "{type_oid} {step}: {reading:?}");
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [how, value @ ..] = data else {
        return;
    };
    if how & 16 != 0 {
        return never_comes_out(how >> 5 | (how & 15) << 3, value);
    }
    let type_oid = TYPES.get(usize::from(how % 8)).copied().unwrap_or(TEXT);
    let format = match how & 8 {
        0 => ParameterFormat::Text,
        _ => ParameterFormat::Binary,
    };
    as_it_stands(type_oid, format, value);
});
