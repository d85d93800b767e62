//! JSON masked by its shape: what is expected is masked, and what is not of that shape shows nothing at all.

#![allow(clippy::unwrap_used)]

use bytes::BytesMut;
use mask::{MaskKey, Masking, mask_json};
use model::{Class, Classes, JsonMask, MaskKind, ParameterFormat, Search, Secret};
use proptest::prelude::*;

use JsonMask::{Array, Keep, Map, Object, Tuple, Value};
use ParameterFormat::{Binary, Text};

const TEXT: u32 = 25;
const JSON: u32 = 114;
const JSONB: u32 = 3802;

fn masking() -> Masking {
    let limits = model::Limits {
        searched_bytes_max: 1024,
        ..model::Limits::standard()
    };
    Masking::new(MaskKey(Secret::new(vec![7; 32])), &limits)
}

fn masked(
    mask: &JsonMask,
    type_oid: u32,
    format: ParameterFormat,
    value: &[u8],
) -> Option<Vec<u8>> {
    let mut out = BytesMut::from("before");
    let is_value = mask_json(&mut masking(), mask, type_oid, format, value, &mut out);
    assert!(out.starts_with(b"before"));
    is_value.then(|| out[6..].to_vec())
}

fn last_two() -> JsonMask {
    let kind = MaskKind::Partial { first: 0, last: 2 };
    Value {
        kind,
        type_oid: TEXT,
    }
}

fn of(kind: MaskKind, type_oid: u32) -> JsonMask {
    Value { kind, type_oid }
}

fn row(members: &[(&str, JsonMask)]) -> JsonMask {
    Object(
        members
            .iter()
            .map(|(name, mask)| ((*name).to_owned(), mask.clone()))
            .collect(),
    )
}

#[test]
fn members_are_masked_and_the_rest_stays() {
    let person = row(&[("id", Keep), ("ssn", last_two())]);
    let check = |mask: &JsonMask, text: &str, expect: &str| {
        let got = masked(mask, JSON, Text, text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(got).unwrap(), expect, "{text}");
    };
    const WHOLE: &str = "\"***\"";
    check(
        &person,
        r#"{"id":1,"ssn":"123-45-6789"}"#,
        r#"{"id":1,"ssn":"*********89"}"#,
    );
    check(
        &person,
        r#"{ "ssn" : "abcd" ,"id" : [{"a":-1.5e3}] }"#,
        r#"{ "ssn" : "**cd" ,"id" : [{"a":-1.5e3}] }"#,
    );
    check(
        &person,
        r#"{"id":null,"ssn":null}"#,
        r#"{"id":null,"ssn":null}"#,
    );
    check(&person, "null", "null");
    // The same name, spelt otherwise.
    check(
        &person,
        r#"{"id":1,"\u0073sn":"abcd"}"#,
        r#"{"id":1,"\u0073sn":"**cd"}"#,
    );
    check(
        &person,
        r#"{"id":1,"ssn":"\ud83d\ude00\u00e9cd"}"#,
        r#"{"id":1,"ssn":"**cd"}"#,
    );
    // Whatever is of another shape.
    for other in [
        r#"{"id":1,"ssn":"abcd","ssn":"abcd"}"#,
        r#"{"id":1,"ssn":"abcd","\u0073sn":"abcd"}"#,
        r#"{"id":1,"ssn":"abcd","more":2}"#,
        r#"{"id":1,"SSN":"abcd"}"#,
        r#"{"id":1}"#,
        r#"{"id":1,"ssn":{"a":"abcd"}}"#,
        r#"{"id":1,"ssn":1234}"#,
        r#"{"id":1,"ssn":true}"#,
        r#"{"id":01,"ssn":"abcd"}"#,
        r#"{"id":1,"ssn":"abcd"} "x""#,
        r#"{"id":1,"ssn":"abcd""#,
        r#"{"id":1,"ssn":"ab\xcd"}"#,
        r#"{"id":1,"ssn":"\ud83d"}"#,
        r#"{"id":1 "ssn":"abcd"}"#,
        "[]",
        "",
        "nulls",
    ] {
        check(&person, other, WHOLE);
    }
    check(&Array(Box::new(person.clone())), "[]", "[]");
    check(
        &Array(Box::new(person.clone())),
        "[{\"id\":1,\"ssn\":\"abcd\"}, \n null]",
        "[{\"id\":1,\"ssn\":\"**cd\"}, \n null]",
    );
    check(
        &Map(Box::new(last_two())),
        r#"{"a":"abcd","a":"efgh"}"#,
        r#"{"a":"**cd","a":"**gh"}"#,
    );
    check(
        &Tuple(vec![Keep, last_two()]),
        r#"[1, "abcd"]"#,
        r#"[1, "**cd"]"#,
    );
    check(&Tuple(vec![Keep, last_two()]), r#"[1]"#, WHOLE);
    check(&Tuple(vec![Keep, last_two()]), r#"[1, "abcd", "x"]"#, WHOLE);
}

#[test]
fn types_within_json() {
    let check = |kind, type_oid, text: &str, expect: &str| {
        let (mask, text) = (Tuple(vec![of(kind, type_oid)]), format!("[{text}]"));
        let got = masked(&mask, JSON, Text, text.as_bytes()).unwrap();
        let expect = format!("[{expect}]");
        assert_eq!(String::from_utf8(got).unwrap(), expect, "{type_oid} {text}");
    };
    let ten = MaskKind::Bucket { width: 10 };
    check(ten, 23, "47", "40");
    check(ten, 1700, "47.5", "40.0");
    check(MaskKind::Redact, 23, "47", "null");
    check(ten, 1082, "\"2000-01-08\"", "\"2000-01-01\"");
    check(MaskKind::Redact, 1082, "\"2000-01-08\"", "null");
    check(
        ten,
        1114,
        "\"2000-01-08T10:00:00\"",
        "\"2000-01-01T00:00:00\"",
    );
    check(MaskKind::Null, TEXT, "\"x\"", "null");
    check(MaskKind::Redact, TEXT, "\"x\"", "\"***\"");
    check(
        MaskKind::Partial { first: 1, last: 0 },
        TEXT,
        r#""\"\\x""#,
        r#""\"**""#,
    );
    // Of JSON within JSON nothing shows, not even that it is null.
    check(MaskKind::Redact, JSONB, "null", "\"***\"");
    check(MaskKind::Redact, JSON, "{\"a\":[1]}", "\"***\"");
    check(MaskKind::Email, JSON, "{\"a\":[1]}", "null");
    // Types that have no masks.
    check(MaskKind::Redact, 16, "true", "null");
    check(MaskKind::Redact, 1007, "[1,2]", "null");
    check(MaskKind::Redact, 99_999, "{\"a\":1}", "null");
}

#[test]
fn formats() {
    let mask = row(&[("a", last_two())]);
    let binary = masked(&mask, JSONB, Binary, b"\x01{\"a\": \"abcd\"}").unwrap();
    assert_eq!(binary, b"\x01{\"a\": \"**cd\"}");
    let other_version = masked(&mask, JSONB, Binary, b"\x02{\"a\": \"abcd\"}").unwrap();
    assert_eq!(other_version, b"\x01\"***\"");
    assert_eq!(
        masked(&mask, TEXT, Binary, b"{\"a\": \"abcd\"}").unwrap(),
        b"{\"a\": \"**cd\"}"
    );
    assert_eq!(masked(&mask, TEXT, Text, b"abcd").unwrap(), b"***");
    assert_eq!(masked(&mask, 23, Text, b"{\"a\": \"abcd\"}"), None);
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let keeps = row(&[("a", Keep)]);
    let whole = masked(&keeps, JSON, Text, format!("{{\"a\":{deep}}}").as_bytes());
    assert_eq!(whole.unwrap(), b"\"***\"");
}

const SECRET: &str = "SECRET";

/// JSON whose every text holds the secret, and whose keys do not.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[1-9][0-9]{0,40}(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?",
        Just(format!("\"{SECRET}\"")),
        Just(format!("\"\\u0053ECRET {SECRET}\\\"\\\\\"")),
        Just(format!("\"\u{e9}\u{1f600}{SECRET}\"")),
    ];
    let name = prop_oneof![
        Just("\"a\"".to_owned()),
        Just("\"\\u0061\"".to_owned()),
        Just("\"b\"".to_owned()),
        Just("\"c\\n\"".to_owned()),
        Just("\"\u{e9}\"".to_owned()),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        let member =
            (name.clone(), inner.clone()).prop_map(|(name, value)| format!("{name} : {value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|list| format!("[{}]", list.join(" ,\n"))),
            prop::collection::vec(member, 0..4).prop_map(|list| format!("{{{}}}", list.join(", "))),
        ]
    })
}

fn leaf_mask() -> impl Strategy<Value = JsonMask> {
    let kind = prop_oneof![
        Just(MaskKind::Null),
        Just(MaskKind::Redact),
        Just(MaskKind::Hash),
        Just(MaskKind::Partial { first: 2, last: 2 }),
    ];
    let types = prop_oneof![
        Just(TEXT),
        Just(1043),
        Just(23),
        Just(1700),
        Just(JSONB),
        Just(16)
    ];
    (kind, types).prop_map(|(kind, type_oid)| Value { kind, type_oid })
}

/// A shape with a mask in every place.
fn closed_mask() -> impl Strategy<Value = JsonMask> {
    leaf_mask().prop_recursive(4, 32, 4, |inner| {
        let name = prop_oneof![Just("a"), Just("b"), Just("c\n"), Just("\u{e9}")];
        prop_oneof![
            inner.clone().prop_map(|mask| Array(Box::new(mask))),
            inner.clone().prop_map(|mask| Map(Box::new(mask))),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Tuple),
            prop::collection::btree_map(name, inner, 0..4).prop_map(|members| Object(
                members
                    .into_iter()
                    .map(|(name, mask)| (name.to_owned(), mask))
                    .collect()
            )),
        ]
    })
}

fn texts(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => found.push(text.clone()),
        serde_json::Value::Array(list) => list.iter().for_each(|value| texts(value, found)),
        serde_json::Value::Object(members) => {
            members.values().for_each(|value| texts(value, found))
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn nothing_passes_a_shape_that_masks_everything(
        mask in closed_mask(),
        text in document(),
        binary in any::<bool>(),
    ) {
        let (format, value) = match binary {
            true => (Binary, [b"\x01", text.as_bytes()].concat()),
            false => (Text, text.clone().into_bytes()),
        };
        let Some(got) = masked(&mask, JSONB, format, &value) else {
            return Ok(());
        };
        let body = if binary { got[1..].to_vec() } else { got };
        let body = String::from_utf8(body).unwrap();
        prop_assert!(!body.contains(SECRET), "{body}");
        // Numbers beyond what the reader here holds are no texts.
        let Ok(read) = serde_json::from_str::<serde_json::Value>(&body) else {
            return Ok(());
        };
        let mut found = Vec::new();
        texts(&read, &mut found);
        prop_assert!(found.iter().all(|text| !text.contains(SECRET)), "{body}");
    }

    #[test]
    fn what_is_kept_stays_byte_by_byte(text in document()) {
        let mask = row(&[("kept", Keep), ("hidden", of(MaskKind::Redact, TEXT))]);
        let value = format!("{{\"kept\": {text}, \"hidden\": \"{SECRET}\"}}");
        let expect = format!("{{\"kept\": {text}, \"hidden\": \"***\"}}");
        prop_assert_eq!(masked(&mask, JSON, Text, value.as_bytes()).unwrap(), expect.into_bytes());
    }

    #[test]
    fn any_bytes_are_legal_afterwards(mask in closed_mask(), value in prop::collection::vec(any::<u8>(), 0..64)) {
        let Some(got) = masked(&mask, JSON, Text, &value) else {
            // A whole value whose mask is NULL is NULL.
            let is_whole = matches!(mask, Value { .. });
            prop_assert!(is_whole);
            return Ok(());
        };
        prop_assert!(std::str::from_utf8(&got).is_ok() || got == b"\"***\"");
    }
}

#[test]
fn members_that_are_searched_keep_all_but_what_is_found() {
    let search = |whole: bool| {
        let one = Classes::NONE.with(Class::Email);
        JsonMask::Search(match whole {
            true => Search {
                whole: one,
                place: Classes::NONE,
            },
            false => Search {
                whole: Classes::NONE,
                place: one,
            },
        })
    };
    let check = |whole, text: &str, expect: &str| {
        let shape = row(&[("ssn", last_two()), ("note", search(whole)), ("mail", Keep)]);
        let got = masked(&shape, JSON, Text, text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(got).unwrap(), expect, "{text}");
    };
    check(
        false,
        r#"{"ssn":"12345","note":"to ada@example.org now","mail":"bob@example.org"}"#,
        r#"{"ssn":"***45","note":"to *** now","mail":"bob@example.org"}"#,
    );
    check(
        true,
        r#"{"ssn":"12345","note":{"a":["ada@example.org"]},"mail":null}"#,
        r#"{"ssn":"***45","note":"***","mail":null}"#,
    );
    check(
        true,
        r#"{"ssn":"12345","note":"nothing","mail":1}"#,
        r#"{"ssn":"***45","note":"nothing","mail":1}"#,
    );
}

#[test]
fn a_single_value_whose_mask_is_null_is_null_to_the_server_too() {
    let check = |mask: JsonMask, oid, format, text: &[u8], expect: Option<&[u8]>| {
        assert_eq!(
            masked(&mask, oid, format, text).as_deref(),
            expect,
            "{mask:?}"
        );
    };
    let date = 1082;
    check(
        of(MaskKind::Null, date),
        JSONB,
        Text,
        b"\"1990-01-01\"",
        None,
    );
    check(
        of(MaskKind::Null, date),
        JSONB,
        Binary,
        b"\x01\"1990-01-01\"",
        None,
    );
    check(of(MaskKind::Null, TEXT), TEXT, Text, b"\"x\"", None);
    check(
        of(MaskKind::Redact, date),
        JSON,
        Text,
        b"\"1990-01-01\"",
        None,
    );
    check(of(MaskKind::Null, JSONB), JSONB, Text, b"null", None);
    check(of(MaskKind::Null, 0), JSON, Text, b"{}", None);
    check(
        of(MaskKind::Redact, TEXT),
        JSONB,
        Text,
        b"\"x\"",
        Some(b"\"***\""),
    );
    check(
        row(&[("a", of(MaskKind::Null, date))]),
        JSON,
        Text,
        b"{\"a\":\"x\"}",
        Some(b"{\"a\":null}"),
    );
}
