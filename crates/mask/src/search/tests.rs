//! Values searched, in every form: what must go, what must stay, and what is counted. Knows no detector's rules.
#![allow(clippy::unwrap_used)]
use model::{Class, Secret};
use proptest::prelude::*;

use super::*;
use crate::MaskKey;

const CARD: &str = "4111 1111 1111 1111";
const JSON: u32 = 114;
const JSONB: u32 = 3802;

fn masking(searched_bytes_max: usize) -> Masking {
    let limits = model::Limits {
        searched_bytes_max,
        ..model::Limits::standard()
    };
    Masking::new(MaskKey(Secret::new(vec![7; 32])), &limits)
}

fn whole() -> Search {
    Search {
        whole: Classes::ALL,
        place: Classes::NONE,
    }
}

fn place() -> Search {
    Search {
        whole: Classes::NONE,
        place: Classes::ALL,
    }
}

fn searched(
    search: Search,
    type_oid: u32,
    format: ParameterFormat,
    value: &[u8],
) -> Option<Vec<u8>> {
    let mut out = BytesMut::from("before");
    let mut masking = masking(1024);
    let is_value = search_value(&mut masking, search, type_oid, format, value, &mut out);
    assert!(out.starts_with(b"before"));
    assert!(is_value || out.len() == 6);
    let changed = !is_value || out[6..] != *value;
    assert_eq!(
        changed,
        !masking.found.is_empty(),
        "what is hidden is counted"
    );
    is_value.then(|| out[6..].to_vec())
}

fn check(type_oid: u32, value: &str, expect_whole: Option<&str>, expect_place: Option<&str>) {
    for (search, expect) in [(whole(), expect_whole), (place(), expect_place)] {
        let got = searched(search, type_oid, ParameterFormat::Text, value.as_bytes());
        let got = got.map(|got| String::from_utf8(got).unwrap());
        assert_eq!(got.as_deref(), expect, "{type_oid} {value}");
    }
}

#[test]
fn texts_lose_the_value_or_the_place() {
    let note = format!("card {CARD}, mail ada@example.org");
    check(25, &note, Some("***"), Some("card ***, mail ***"));
    check(1043, &note, Some("***"), Some("card ***, mail ***"));
    check(1042, "a@b.org   ", Some("***       "), Some("***       "));
    check(
        1042,
        "żółć a@b.org",
        Some("***         "),
        Some("żółć ***    "),
    );
    check(
        25,
        "nothing to see",
        Some("nothing to see"),
        Some("nothing to see"),
    );
    check(25, "", Some(""), Some(""));
    // No text: never read.
    check(
        20,
        "4111111111111111",
        Some("4111111111111111"),
        Some("4111111111111111"),
    );
    check(
        2950,
        "0190a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b",
        Some("0190a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b"),
        Some("0190a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b"),
    );
}

#[test]
fn json_is_searched_by_what_it_says() {
    let redacted = Some("\"***\"");
    check(
        JSON,
        r#"{"a": "to ada\u0040example.org\n"}"#,
        redacted,
        Some(r#"{"a": "to ***\u000a"}"#),
    );
    check(
        JSON,
        r#"{"ada@example.org": 1}"#,
        redacted,
        Some(r#"{"***": 1}"#),
    );
    check(
        JSON,
        r#"[4111111111111111, -1, 1e5]"#,
        redacted,
        Some(r#"["***", -1, 1e5]"#),
    );
    check(
        JSON,
        r#"{"a": "x\\y", "b": [true, null]}"#,
        Some(r#"{"a": "x\\y", "b": [true, null]}"#),
        Some(r#"{"a": "x\\y", "b": [true, null]}"#),
    );
    check(JSON, "4111 1111 1111 1111", redacted, redacted);
    check(JSON, "ada@example.org", redacted, redacted);
    check(JSON, r#"{"a": "ada@example.org"#, redacted, redacted);
    let binary = |search| {
        searched(
            search,
            JSONB,
            ParameterFormat::Binary,
            b"\x01[\"ada@example.org\"]",
        )
    };
    assert_eq!(binary(whole()).unwrap(), b"\x01\"***\"");
    assert_eq!(binary(place()).unwrap(), b"\x01[\"***\"]");
}

/// It is JSON to the server, and to many who read it.
#[test]
fn what_stands_beside_half_a_character_is_read_and_written_as_json() {
    let redacted = Some("\"***\"");
    for text in [
        r#""\ud800 ada\u0040example.org""#,
        r#""\ud800 ada@example.org""#,
        r#""\udc00 \u0061da@example.org""#,
    ] {
        check(JSON, text, redacted, Some("\"\u{fffd} ***\""));
    }
    check(
        JSON,
        r#""\ud83d\ude00\ud83d\u0009ada@example.org\n\/""#,
        redacted,
        Some("\"😀\u{fffd}\\u0009***\\u000a/\""),
    );
    let is_found = |value: &[u8]| searched(place(), JSON, ParameterFormat::Text, value).unwrap();
    // As it is in another encoding.
    let left = is_found(b"\"\xe9 \\u0061da@example.org\"");
    assert_eq!(left, b"\"\xe9 ***\"");
}

#[test]
fn xml_is_searched_by_what_it_says() {
    check(
        142,
        "<a>ada@example.org</a>",
        Some("***"),
        Some("<a>***</a>"),
    );
    check(142, "<a>ada&#64;example.org</a>", Some("***"), Some("***"));
    check(
        142,
        "<a>ada&#x40;example.org ada@example.org</a>",
        Some("***"),
        Some("***"),
    );
    check(
        142,
        "<a>a &amp; b &lt; &nope; &</a>",
        Some("<a>a &amp; b &lt; &nope; &</a>"),
        Some("<a>a &amp; b &lt; &nope; &</a>"),
    );
}

#[test]
fn arrays_lose_elements() {
    check(
        1009,
        "{a,ada@example.org,NULL}",
        None,
        Some("{a,\"***\",NULL}"),
    );
    check(
        1009,
        r#"{{"a \"b\" ada@example.org"},{c}}"#,
        None,
        Some(r#"{{"a \"b\" ***"},{c}}"#),
    );
    check(
        1015,
        "[2:3]={x,y}",
        Some("[2:3]={x,y}"),
        Some("[2:3]={x,y}"),
    );
    check(
        199,
        r#"{"{\"a\":\"ada\\u0040example.org\"}"}"#,
        None,
        Some(r#"{"{\"a\":\"***\"}"}"#),
    );
    check(1009, "{\"ada@example.org", None, None);
    let array = |elements: &[&[u8]]| {
        let mut out = [1i32, 0, 25, i32::try_from(elements.len()).unwrap(), 1]
            .map(i32::to_be_bytes)
            .concat();
        for element in elements {
            out.extend(i32::try_from(element.len()).unwrap().to_be_bytes());
            out.extend(*element);
        }
        out
    };
    let value = array(&[b"a", b"ada@example.org", b"c"]);
    let binary = |search, value: &[u8]| searched(search, 1009, ParameterFormat::Binary, value);
    assert_eq!(
        binary(place(), &value).unwrap(),
        array(&[b"a", b"***", b"c"])
    );
    assert_eq!(binary(whole(), &value), None);
    assert_eq!(
        binary(place(), &value[..value.len() - 3]),
        None,
        "not an array"
    );
    let null = [array(&[b"a"]), (-1i32).to_be_bytes().to_vec()].concat();
    assert_eq!(binary(whole(), &null).unwrap(), null);
}

#[test]
fn other_types_become_null() {
    // A record, text and binary; an hstore of some number.
    check(2249, "(1,\"call ada@example.org\")", None, None);
    check(90_001, "\"a\"=>\"ada@example.org\"", None, None);
    check(2249, "(1,b)", Some("(1,b)"), Some("(1,b)"));
    // Whatever the length before a text reads as.
    for length in [
        19_u32, 48, 57, 65, 97, 122, 304, 0x3030, 0x1_3131, 0x31_3131,
    ] {
        let mut value = [2_u32, 25, length].map(u32::to_be_bytes).concat();
        value.extend(CARD.as_bytes());
        let got = searched(place(), 2249, ParameterFormat::Binary, &value);
        assert_eq!(got, None, "{length:x}");
    }
    let plain = [1_u32, 23, 4, 7].map(u32::to_be_bytes).concat();
    let got = searched(whole(), 2249, ParameterFormat::Binary, &plain);
    assert_eq!(got.unwrap(), plain);
}

#[test]
fn what_is_too_long_is_hidden_unread() {
    let long = "x".repeat(1025);
    check(25, &long, Some("***"), Some("***"));
    check(JSON, &long, Some("\"***\""), Some("\"***\""));
    check(1009, &long, None, None);
    let mut masking = masking(3);
    let mut out = BytesMut::new();
    assert!(search_value(
        &mut masking,
        place(),
        25,
        ParameterFormat::Text,
        b"abcd",
        &mut out
    ));
    assert_eq!(masking.found.counts().last(), Some(("too_long", 1)));
    // What is not searched has no such bound.
    let mut out = BytesMut::new();
    assert!(search_value(
        &mut masking,
        Search::default(),
        25,
        ParameterFormat::Text,
        b"abcd",
        &mut out
    ));
    assert_eq!(&out[..], b"abcd");
}

#[test]
fn only_what_is_asked_for_is_found() {
    let cards = Search {
        whole: Classes::NONE,
        place: Classes::NONE.with(Class::Card),
    };
    let got = searched(
        cards,
        25,
        ParameterFormat::Text,
        format!("PuTTY-User-Key-File-2: {CARD} ada@example.org").as_bytes(),
    );
    assert_eq!(got.unwrap(), b"PuTTY-User-Key-File-2: *** ada@example.org");
}

proptest! {
    /// Whatever surrounds it, in whatever type and format: it does not come out, and what comes out has nothing to find.
    #[test]
    fn nothing_that_is_found_comes_out(
        before in "[a-z {},\"\\\\ż]{0,12}", after in "[ {},\"\\\\ż][a-z ]{0,12}",
        oid in prop_oneof![Just(25_u32), Just(1043), Just(1042), Just(JSON), Just(JSONB), Just(142), Just(1009), Just(199), Just(2249), Just(77_777)],
        binary in any::<bool>(), all in any::<bool>(),
    ) {
        let value = format!("{before} {CARD}{after}");
        let format = if binary { ParameterFormat::Binary } else { ParameterFormat::Text };
        let search = if all { whole() } else { place() };
        if let Some(got) = searched(search, oid, format, value.as_bytes()) {
            let got = String::from_utf8_lossy(&got).into_owned();
            prop_assert!(!got.contains(CARD), "{got}");
            prop_assert!(classes_in(Classes::ALL, got.as_bytes()).is_empty(), "{got}");
        }
    }

    /// No bytes make it fail, and text without findings stays as it is.
    #[test]
    fn any_bytes_are_read(value in proptest::collection::vec(any::<u8>(), 0..200), oid in prop_oneof![Just(25_u32), Just(JSON), Just(JSONB), Just(142), Just(1009), Just(3807), Just(2249)], binary in any::<bool>()) {
        let format = if binary { ParameterFormat::Binary } else { ParameterFormat::Text };
        let seen = searched(place(), oid, format, &value);
        prop_assert!(seen.is_some() || !classes_in(Classes::ALL, &value).is_empty() || oid != 25);
    }
}
