//! Both formats against PostgreSQL's own: `postgres.txt` holds values as PostgreSQL 15 writes them (type OID, text,
//! binary in hexadecimal), `masked.txt` what becomes of them, where PostgreSQL 15 confirmed for every line that its
//! own binary form of the masked text is the masked binary.
//!
//! `MASK_BLESS=1 cargo test -p mask --test postgres` writes `masked.txt` anew; have PostgreSQL confirm what changed.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::Path;

use bytes::BytesMut;
use mask::{MaskKey, mask_value};
use model::{MaskKind, ParameterFormat, Secret};

const KINDS: [MaskKind; 7] = [
    MaskKind::Redact,
    MaskKind::Hash,
    MaskKind::Token,
    MaskKind::Bucket { width: 1 },
    MaskKind::Bucket { width: 7 },
    MaskKind::Bucket { width: 100 },
    MaskKind::Bucket { width: 36_500 },
];

fn mask(kind: MaskKind, oid: u32, format: ParameterFormat, value: &[u8]) -> Option<BytesMut> {
    let key = MaskKey(Secret::new(b"a key for tests".to_vec()));
    let mut out = BytesMut::new();
    mask_value(&key, kind, oid, format, value, &mut out).then_some(out)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    let pairs = pairs.map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

#[test]
fn both_formats_are_masked_alike() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let values = std::fs::read_to_string(folder.join("postgres.txt")).unwrap();
    let mut actual = String::new();
    for line in values.lines() {
        let (oid, rest) = line.split_once('|').unwrap();
        let (text, binary) = rest.split_once('|').unwrap();
        let oid: u32 = oid.parse().unwrap();
        for kind in KINDS {
            let by_text = mask(kind, oid, ParameterFormat::Text, text.as_bytes());
            let by_binary = mask(kind, oid, ParameterFormat::Binary, &unhex(binary));
            let masked = by_text.map(|b| String::from_utf8(b.to_vec()).unwrap());
            match (masked, by_binary) {
                (None, None) => {}
                (Some(masked), Some(bytes)) => {
                    writeln!(actual, "{oid}|{kind:?}|{text}|{masked}|{}", hex(&bytes)).unwrap();
                }
                (masked, bytes) => panic!("{kind:?} {line}: {masked:?} but {bytes:?}"),
            }
        }
    }
    let path = folder.join("masked.txt");
    if std::env::var_os("MASK_BLESS").is_some() {
        std::fs::write(&path, &actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    for (line, (want, have)) in (1..).zip(expected.lines().zip(actual.lines())) {
        assert_eq!(want, have, "tests/masked.txt, line {line}");
    }
    assert_eq!(expected, actual);
}
