//! Masks by kind, type and format, and what must hold for any value at all.

#![allow(clippy::unwrap_used)]

use bytes::BytesMut;
use mask::{MaskKey, mask_value};
use model::{MaskKind, ParameterFormat, Secret};
use proptest::prelude::*;

use MaskKind::{Email, Hash, Null, Redact, Token};
use ParameterFormat::{Binary, Text};

const TEXT: u32 = 25;
const VARCHAR: u32 = 1043;
const BPCHAR: u32 = 1042;
const NAME: u32 = 19;
const INT2: u32 = 21;
const INT4: u32 = 23;
const INT8: u32 = 20;
const FLOAT4: u32 = 700;
const FLOAT8: u32 = 701;
const NUMERIC: u32 = 1700;
const DATE: u32 = 1082;
const TIMESTAMP: u32 = 1114;
const TIMESTAMPTZ: u32 = 1184;
const UUID: u32 = 2950;
const JSONB: u32 = 3802;
const ALL_TYPES: [u32; 22] = [
    TEXT,
    VARCHAR,
    BPCHAR,
    NAME,
    INT2,
    INT4,
    INT8,
    FLOAT4,
    FLOAT8,
    NUMERIC,
    DATE,
    TIMESTAMP,
    TIMESTAMPTZ,
    UUID,
    JSONB,
    114,
    142,
    16,
    17,
    18,
    869,
    99_999,
];

fn partial(first: u8, last: u8) -> MaskKind {
    MaskKind::Partial { first, last }
}

fn bucket(width: u32) -> MaskKind {
    MaskKind::Bucket { width }
}

fn key() -> MaskKey {
    MaskKey(Secret::new(b"a key for tests".to_vec()))
}

fn mask(kind: MaskKind, oid: u32, format: ParameterFormat, value: &[u8]) -> Option<Vec<u8>> {
    let mut out = BytesMut::from(&b"before"[..]);
    let is_value = mask_value(&key(), kind, oid, format, value, &mut out);
    assert!(out.starts_with(b"before"));
    let appended = out[6..].to_vec();
    assert!(is_value || appended.is_empty(), "NULL appends nothing");
    assert!(appended.len() <= value.len().max(1024));
    is_value.then_some(appended)
}

/// Checks one text-format value.
fn check(kind: MaskKind, oid: u32, value: &str, expect: Option<&str>) {
    let masked = mask(kind, oid, Text, value.as_bytes()).map(|b| String::from_utf8(b).unwrap());
    assert_eq!(masked.as_deref(), expect, "{kind:?} {oid} {value:?}");
}

/// Checks one binary value.
fn check_binary(kind: MaskKind, oid: u32, value: &[u8], expect: Option<&[u8]>) {
    let masked = mask(kind, oid, Binary, value);
    assert_eq!(masked.as_deref(), expect, "{kind:?} {oid} {value:?}");
}

#[test]
fn null_is_null_for_every_type() {
    for oid in ALL_TYPES {
        for format in [Text, Binary] {
            assert_eq!(mask(Null, oid, format, b"2024-01-01"), None, "{oid}");
        }
    }
}

#[test]
fn redact() {
    check(Redact, TEXT, "secret", Some("***"));
    check(Redact, TEXT, "", Some("***"));
    check(Redact, VARCHAR, "ab", Some("**"));
    check(Redact, VARCHAR, "", Some(""));
    check(Redact, BPCHAR, "secret    ", Some("***       "));
    check(Redact, BPCHAR, "M", Some("*"));
    check(Redact, NAME, "postgres", Some("***"));
    check(Redact, 18, "x", Some("*"));
    check(Redact, 114, r#"{"a":1}"#, Some(r#""***""#));
    check(Redact, JSONB, r#"{"a":1}"#, Some(r#""***""#));
    check_binary(Redact, JSONB, b"\x01{}", Some(b"\x01\"***\""));
    check(Redact, 142, "<a/>", Some("***"));
    for oid in [
        INT4,
        FLOAT8,
        NUMERIC,
        DATE,
        TIMESTAMPTZ,
        UUID,
        16,
        17,
        869,
        99_999,
    ] {
        check(Redact, oid, "1", None);
    }
    assert_eq!(mask(Redact, TEXT, Text, b"\xff\xfe"), None, "not UTF-8");
}

#[test]
fn partial_keeps_at_most_half() {
    check(partial(0, 4), TEXT, "123-45-6789", Some("*******6789"));
    check(
        partial(0, 4),
        TEXT,
        "4111111111111111",
        Some("************1111"),
    );
    check(partial(0, 4), TEXT, "12345678", Some("****5678"));
    check(partial(0, 4), TEXT, "1234567", Some("*******"));
    check(partial(2, 2), TEXT, "Łódź-Zürich", Some("Łó*******ch"));
    check(partial(0, 0), TEXT, "abc", Some("***"));
    check(partial(1, 0), TEXT, "", Some(""));
    check(partial(255, 255), TEXT, "abc", Some("***"));
    check(partial(0, 2), BPCHAR, "abcdef    ", Some("****ef    "));
    check(partial(0, 2), BPCHAR, "abc       ", Some("***       "));
    for oid in [INT4, NUMERIC, DATE, UUID, 114, 17, 99_999] {
        check(partial(0, 2), oid, "123456", None);
    }
}

#[test]
fn email() {
    check(Email, TEXT, "alice@example.com", Some("a***@example.com"));
    check(Email, TEXT, "ab@example.com", Some("a*@example.com"));
    check(Email, TEXT, "a@example.com", Some("*@example.com"));
    check(
        Email,
        TEXT,
        "żółw@poczta.example",
        Some("ż***@poczta.example"),
    );
    check(
        Email,
        VARCHAR,
        "alice@example.com",
        Some("a***@example.com"),
    );
    check(
        Email,
        BPCHAR,
        "alice@example.com   ",
        Some("a***@example.com    "),
    );
    for odd in [
        "alice",
        "@example.com",
        "alice@",
        "alice@exa mple.com",
        "a@b@example.com",
        "alice@example..com",
        "alice@192.0.2.1",
        "a@b.example, c@d.example",
        "Alice <alice@example.com>",
        "call 555-0100 or alice@example.com",
    ] {
        check(Email, TEXT, odd, Some("***"));
    }
    check(Email, INT4, "1", None);
}

#[test]
fn hash() {
    let full = mask(Hash, TEXT, Text, b"alice").unwrap();
    assert_eq!(full.len(), 64);
    assert_eq!(
        mask(Hash, TEXT, Binary, b"alice").unwrap(),
        full,
        "both formats agree"
    );
    assert_ne!(mask(Hash, TEXT, Text, b"bob").unwrap(), full);
    assert_eq!(
        mask(Hash, VARCHAR, Text, b"alice").unwrap(),
        full[..5],
        "cut"
    );
    let padded = mask(Hash, BPCHAR, Text, b"alice   ").unwrap();
    assert_eq!(padded, full[..8], "blanks are not part of the value");
    let other = MaskKey(Secret::new(b"another".to_vec()));
    let mut out = BytesMut::new();
    assert!(mask_value(&other, Hash, TEXT, Text, b"alice", &mut out));
    assert_ne!(out[..], full[..], "the key matters");
    let raw = [7_u8; 16];
    let uuid = mask(Hash, UUID, Binary, &raw).unwrap();
    let text = b"07070707-0707-0707-0707-070707070707";
    let text = String::from_utf8(mask(Hash, UUID, Text, text).unwrap()).unwrap();
    let hex: String = uuid.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(text.replace('-', ""), hex);
    assert_eq!(text.len(), 36);
    for oid in [INT4, NUMERIC, DATE, JSONB, 17, 99_999] {
        check(Hash, oid, "1", None);
    }
}

/// `9`, `A` and `a` for digits and letters; everything else as it is.
fn shape(text: &str) -> String {
    let class = |c: char| match c {
        '0'..='9' => '9',
        'A'..='Z' => 'A',
        'a'..='z' => 'a',
        other => other,
    };
    text.chars().map(class).collect()
}

#[test]
fn token_keeps_the_shape() {
    let token = |oid: u32, text: &str| {
        let masked = mask(Token, oid, Text, text.as_bytes()).unwrap();
        String::from_utf8(masked).unwrap()
    };
    for text in ["Alice O'Neil", "+1 (555) 010-0199", "AB-12-cd", "", "x  "] {
        for oid in [TEXT, VARCHAR, BPCHAR, NAME] {
            let masked = token(oid, text);
            assert_eq!(shape(&masked), shape(text));
            assert_eq!(masked, token(oid, text), "deterministic");
        }
    }
    assert_ne!(token(TEXT, "4111111111111111"), "4111111111111111");
    assert_eq!(shape(&token(TEXT, "Иван 李明 ٣")), "Aaaa aa 9");
    assert_eq!(token(TEXT, &"x".repeat(70_000)), "***");
    for (oid, text) in [
        (INT4, "1234567"),
        (INT4, "-42"),
        (INT4, "2147483647"),
        (INT2, "-32768"),
        (INT8, "9223372036854775807"),
        (NUMERIC, "1234.5678"),
        (NUMERIC, "-0.05"),
        (NUMERIC, "100000"),
    ] {
        assert_eq!(shape(&token(oid, text)), shape(text), "{text}");
    }
    assert_eq!(shape(&token(INT4, "0")), "9");
    assert_ne!(token(INT8, "123456789012"), "123456789012");
    let uuid = token(UUID, "0190163d-8694-739b-aea5-966c26f8ad91");
    assert_eq!(
        (uuid.len(), &uuid[14..15]),
        (36, "7"),
        "version kept: {uuid}"
    );
    assert!("89ab".contains(&uuid[19..20]), "variant kept: {uuid}");
    for oid in [FLOAT8, DATE, TIMESTAMP, JSONB, 17, 99_999] {
        check(Token, oid, "1", None);
    }
    check(Token, INT4, "twelve", None);
    check(Token, UUID, "not-a-uuid", None);
}

#[test]
fn integer_tokens_are_the_same_in_both_formats() {
    for number in [0_i32, 7, -7, 1_234_567, i32::MAX, i32::MIN] {
        let text = mask(Token, INT4, Text, number.to_string().as_bytes()).unwrap();
        let text: i32 = String::from_utf8(text).unwrap().parse().unwrap();
        let binary = mask(Token, INT4, Binary, &number.to_be_bytes()).unwrap();
        assert_eq!(i32::from_be_bytes(binary.try_into().unwrap()), text);
    }
}

#[test]
fn bucket_numbers() {
    check(bucket(10), INT4, "1234", Some("1230"));
    check(bucket(10), INT4, "-1", Some("-10"));
    check(bucket(1), INT8, "-5", Some("-5"));
    check(bucket(1000), INT2, "-32768", None);
    check_binary(
        bucket(10),
        INT4,
        &1234_i32.to_be_bytes(),
        Some(&1230_i32.to_be_bytes()),
    );
    check_binary(
        bucket(10),
        INT2,
        &(-1_i16).to_be_bytes(),
        Some(&(-10_i16).to_be_bytes()),
    );
    check_binary(
        bucket(10),
        INT8,
        &(-1_i64).to_be_bytes(),
        Some(&(-10_i64).to_be_bytes()),
    );
    check_binary(bucket(10), INT4, b"123", None);
    check(bucket(100), FLOAT8, "1234.5", Some("1200"));
    check(bucket(100), FLOAT8, "-0.5", Some("-100"));
    check(bucket(100), FLOAT8, "1e3", Some("1000"));
    check(bucket(100), FLOAT8, "1e300", None);
    check(bucket(100), FLOAT8, "NaN", None);
    check(bucket(100), FLOAT8, "-Infinity", None);
    check(bucket(100), FLOAT4, "55", Some("0"));
    check_binary(
        bucket(100),
        FLOAT8,
        &250.0_f64.to_be_bytes(),
        Some(&200.0_f64.to_be_bytes()),
    );
    check_binary(
        bucket(100),
        FLOAT4,
        &250.0_f32.to_be_bytes(),
        Some(&200.0_f32.to_be_bytes()),
    );
    check(bucket(1000), NUMERIC, "61234.50", Some("61000.00"));
    check(bucket(10), NUMERIC, "-0.5", Some("-10.0"));
    check(bucket(10), NUMERIC, "7", Some("0"));
    check(bucket(10), NUMERIC, "NaN", None);
    check(bucket(10), NUMERIC, "Infinity", None);
    check(bucket(10), NUMERIC, &"9".repeat(40), None);
    check(bucket(10), TEXT, "61234", None);
    check(bucket(10), 16, "t", None);
}

/// `numeric_send` of what the comment says.
#[test]
fn bucket_numeric_binary() {
    let words = |words: &[u16]| {
        words
            .iter()
            .flat_map(|w| w.to_be_bytes())
            .collect::<Vec<_>>()
    };
    let check = |value: &[u16], expect: Option<&[u16]>| {
        let expect = expect.map(words);
        check_binary(bucket(1000), NUMERIC, &words(value), expect.as_deref());
    };
    // 61234.50 → 61000.00
    check(&[3, 1, 0, 2, 6, 1234, 5000], Some(&[2, 1, 0, 2, 6, 1000]));
    // 60000 → 60000: trailing zero digits are left out.
    check(&[1, 1, 0, 0, 6], Some(&[1, 1, 0, 0, 6]));
    // -1 → -1000
    check(&[1, 0, 0x4000, 0, 1], Some(&[1, 0, 0x4000, 0, 1000]));
    // 0.0005 → 0.0000
    check(&[1, 0xffff, 0, 4, 5], Some(&[0, 0, 0, 4]));
    // 0 → 0
    check(&[0, 0, 0, 0], Some(&[0, 0, 0, 0]));
    // NaN, a digit of 10,000, a missing digit, an absurd weight
    check(&[0, 0, 0xc000, 0], None);
    check(&[1, 0, 0, 0, 10_000], None);
    check(&[2, 0, 0, 0, 1], None);
    check(&[1, 0x7fff, 0, 0, 1], None);
    check_binary(bucket(10), NUMERIC, b"\0\x01\0", None);
}

#[test]
fn bucket_moments() {
    check(bucket(1), DATE, "2024-02-29", Some("2024-02-29"));
    check(bucket(10), DATE, "2000-01-15", Some("2000-01-11"));
    check(bucket(7), DATE, "1999-12-31", Some("1999-12-25"));
    check(bucket(3650), DATE, "1985-07-14", Some("1980-01-06"));
    check(bucket(1), DATE, "12345-06-07", Some("12345-06-07"));
    check(bucket(1), DATE, "0001-01-01", Some("0001-01-01"));
    check(bucket(7), DATE, "0001-01-01", None);
    for odd in [
        "infinity",
        "-infinity",
        "0044-03-15 BC",
        "02/29/2024",
        "2023-02-29",
        "2024-13-01",
        "2024-1-1",
        "",
    ] {
        check(bucket(7), DATE, odd, None);
    }
    check_binary(
        bucket(10),
        DATE,
        &14_i32.to_be_bytes(),
        Some(&10_i32.to_be_bytes()),
    );
    check_binary(
        bucket(10),
        DATE,
        &(-1_i32).to_be_bytes(),
        Some(&(-10_i32).to_be_bytes()),
    );
    check_binary(bucket(10), DATE, &i32::MAX.to_be_bytes(), None);
    check(
        bucket(1),
        TIMESTAMP,
        "2024-05-06 23:59:59.999999",
        Some("2024-05-06 00:00:00"),
    );
    check(bucket(1), TIMESTAMP, "2024-05-06 10:00:00+02", None);
    check(
        bucket(1),
        TIMESTAMPTZ,
        "2024-05-06 01:00:00+02",
        Some("2024-05-05 00:00:00+00"),
    );
    check(
        bucket(1),
        TIMESTAMPTZ,
        "2024-05-06 23:00:00.5-05:30",
        Some("2024-05-07 00:00:00+00"),
    );
    check(bucket(1), TIMESTAMPTZ, "2024-05-06 01:00:00", None);
    let day = 86_400_000_000_i64;
    check_binary(
        bucket(1),
        TIMESTAMP,
        &(3 * day + 5).to_be_bytes(),
        Some(&(3 * day).to_be_bytes()),
    );
    check_binary(
        bucket(1),
        TIMESTAMPTZ,
        &(-5_i64).to_be_bytes(),
        Some(&(-day).to_be_bytes()),
    );
    check_binary(bucket(1), TIMESTAMPTZ, &i64::MIN.to_be_bytes(), None);
    check(bucket(1), 1083, "10:00:00", None);
}

fn kinds() -> impl Strategy<Value = MaskKind> {
    prop_oneof![
        Just(Null),
        Just(Redact),
        (any::<u8>(), any::<u8>()).prop_map(|(first, last)| partial(first, last)),
        (0..6_u8, 0..6_u8).prop_map(|(first, last)| partial(first, last)),
        Just(Email),
        Just(Hash),
        Just(Token),
        (1..=u32::MAX).prop_map(bucket),
    ]
}

fn text_types() -> impl Strategy<Value = u32> {
    prop_oneof![Just(TEXT), Just(VARCHAR), Just(BPCHAR), Just(NAME)]
}

proptest! {
    #[test]
    fn any_bytes_never_panic(
        kind in kinds(), which in 0..ALL_TYPES.len(), binary in any::<bool>(),
        value in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let format = if binary { Binary } else { Text };
        let masked = mask(kind, ALL_TYPES[which], format, &value);
        prop_assert_eq!(&masked, &mask(kind, ALL_TYPES[which], format, &value));
    }

    #[test]
    fn text_stays_utf8_and_no_longer(kind in kinds(), oid in text_types(), value in "\\PC{0,40} {0,3}") {
        if let Some(masked) = mask(kind, oid, Text, value.as_bytes()) {
            let masked = String::from_utf8(masked).unwrap();
            let (was, is) = (value.chars().count(), masked.chars().count());
            prop_assert!(is <= was || oid == TEXT, "{value:?} {masked:?}");
            prop_assert!(is == was || oid != BPCHAR, "{value:?} {masked:?}");
        }
    }

    #[test]
    fn partial_shows_no_more_than_it_says(first in 0..9_u8, last in 0..9_u8, value in "[0-9]{0,24}") {
        let masked = mask(partial(first, last), TEXT, Text, value.as_bytes()).unwrap();
        let shown = masked.iter().filter(|b| b.is_ascii_digit()).count();
        prop_assert!(shown <= usize::from(first) + usize::from(last));
        prop_assert!(shown * 2 <= value.len());
    }

    #[test]
    fn email_hides_the_name(local in "[a-z0-9.]{1,20}", domain in "[a-z]{1,9}\\.[a-z]{2,3}") {
        let value = format!("{local}@{domain}");
        let masked = mask(Email, TEXT, Text, value.as_bytes()).unwrap();
        let masked = String::from_utf8(masked).unwrap();
        let shown = masked.split('@').next().unwrap().trim_end_matches('*').len();
        prop_assert!(shown <= 1 && shown < local.len(), "{masked}");
    }

    #[test]
    fn buckets_hold_their_number(number in any::<i32>(), width in 1..100_000_u32) {
        if let Some(masked) = mask(bucket(width), INT4, Binary, &number.to_be_bytes()) {
            let start = i32::from_be_bytes(masked.try_into().unwrap());
            let (number, start) = (i64::from(number), i64::from(start));
            prop_assert!(start <= number && number - start < i64::from(width));
            prop_assert_eq!(start % i64::from(width), 0);
        }
    }

    #[test]
    fn date_buckets_hold_their_day(day in -700_000..2_000_000_i32, width in 1..10_000_u32) {
        let plain = mask(bucket(1), DATE, Binary, &day.to_be_bytes()).unwrap();
        prop_assert_eq!(plain, day.to_be_bytes());
        let masked = mask(bucket(width), DATE, Binary, &day.to_be_bytes());
        if let Some(masked) = masked {
            let start = i32::from_be_bytes(masked.try_into().unwrap());
            prop_assert!(start <= day && i64::from(day) - i64::from(start) < i64::from(width));
        }
    }

    #[test]
    fn numerics_agree_in_both_formats(whole in 0..10_000_u16, next in 0..10_000_u16, part in 0..10_000_u16) {
        let text = format!("{}.{part:04}", u64::from(whole) * 10_000 + u64::from(next));
        let binary: Vec<u8> = [3, 1, 0, 4, whole, next, part].iter().flat_map(|w: &u16| w.to_be_bytes()).collect();
        let from_text = mask(Token, NUMERIC, Text, text.as_bytes()).unwrap();
        let from_binary = mask(Token, NUMERIC, Binary, &binary).unwrap();
        let words: Vec<u16> = from_binary.chunks(2).map(|w| u16::from_be_bytes([w[0], w[1]])).collect();
        let digit = |place: i32| {
            let index = i32::from(words[1].cast_signed()) - place;
            usize::try_from(index).ok().and_then(|i| words[4..].get(i)).copied().unwrap_or(0)
        };
        let read = format!("{}.{:04}", u64::from(digit(1)) * 10_000 + u64::from(digit(0)), digit(-1));
        prop_assert_eq!(read.as_bytes(), &from_text[..]);
    }
}
