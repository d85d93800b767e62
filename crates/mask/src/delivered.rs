//! Whether a value that is about to be stored is a mask: by its look, or because this session was given it.
//!
//! Keeps no value: of what was given, keyed hashes alone.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use model::{Delivered, MaskKind, ParameterFormat};

use crate::text::{Shape, looks_masked};
use crate::value::Family;
use crate::within::{any_string, any_text};
use crate::{moment, number};

/// Digits of a whole hash.
const HASH_DIGITS: usize = 64;

/// Whether a value is what the kind of mask leaves of one, by its look: nothing else that is stored in such a column
/// looks so. Never says so of hashes, tokens and buckets, which look like values.
pub fn is_masked(kind: MaskKind, type_oid: u32, value: &[u8], format: ParameterFormat) -> bool {
    if kind == MaskKind::Null {
        return false;
    }
    match (Family::of(type_oid), format) {
        (Family::Text(shape), _) => {
            std::str::from_utf8(value).is_ok_and(|text| looks_masked(kind, shape, text))
        }
        (Family::Char, _) => kind == MaskKind::Redact && value == b"*",
        // A member that is hidden looks so too, and is put back into its document as text or as JSON.
        (Family::Json | Family::Jsonb, _) => {
            value.trim_ascii() == b"***" || any_string(value, &mut |said| said == "***")
        }
        (Family::Xml, _) => {
            value.trim_ascii() == b"***" || any_text(value, format, &mut |met| met.value == b"***")
        }
        // Of arrays and rows NULL is given; of what is taken out of them, this.
        (Family::Other, _) => {
            value == b"***" || any_text(value, format, &mut |met| met.value == b"***")
        }
        _ => false,
    }
}

/// The masks that a session was given.
pub struct Given {
    hasher: RandomState,
    /// Of each generation.
    most: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    young: HashSet<u64>,
    old: HashSet<u64>,
    forgot: bool,
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given")
    }
}

impl Given {
    /// Nothing yet; remembers so many at most.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            most: most.div_ceil(2).max(1),
            known: Mutex::default(),
        }
    }

    /// Remembers a mask that cannot be told by its look.
    pub(crate) fn note(&self, type_oid: u32, masked: &[u8], format: ParameterFormat) {
        let Some(plain) = plain(type_oid, masked, format) else {
            return;
        };
        let hash = self.hasher.hash_one(plain);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.young.len() >= self.most {
            known.forgot |= !known.old.is_empty();
            known.old = std::mem::take(&mut known.young);
        }
        known.young.insert(hash);
    }
}

impl Delivered for Given {
    fn had(&self, kind: MaskKind, type_oid: u32, value: &[u8], format: ParameterFormat) -> bool {
        let Some(plain) = plain(type_oid, value, format) else {
            return false;
        };
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.forgot && kind == MaskKind::Hash && looks_hashed(value) {
            return true;
        }
        if known.young.is_empty() {
            return false;
        }
        let hash = self.hasher.hash_one(plain);
        known.young.contains(&hash) || known.old.contains(&hash)
    }
}

fn looks_hashed(value: &[u8]) -> bool {
    let digits = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    value.len() == HASH_DIGITS && value.iter().all(digits)
}

/// A value free of its format, so that both say the same of it.
#[derive(PartialEq, Eq, Hash, Debug)]
enum Plain<'v> {
    Text(&'v str),
    Number(String),
    Day(i64),
    Uuid([u8; 16]),
}

fn plain(type_oid: u32, value: &[u8], format: ParameterFormat) -> Option<Plain<'_>> {
    let is_text = format == ParameterFormat::Text;
    let as_text = || std::str::from_utf8(value).ok().map(str::trim);
    Some(match Family::of(type_oid) {
        Family::Text(Shape::Padded) => {
            Plain::Text(std::str::from_utf8(value).ok()?.trim_end_matches(' '))
        }
        Family::Text(Shape::Free | Shape::Bounded) => Plain::Text(std::str::from_utf8(value).ok()?),
        Family::Int2
        | Family::Int4
        | Family::Int8
        | Family::Float4
        | Family::Float8
        | Family::Numeric => {
            let written: Cow<'_, str> = match is_text {
                true => Cow::Borrowed(as_text()?),
                false => Cow::Owned(number::written(
                    type_oid == 1700,
                    is_float(type_oid),
                    value,
                )?),
            };
            Plain::Number(number::normal(&written)?)
        }
        Family::Date | Family::Timestamp | Family::TimestampTz => Plain::Day(match is_text {
            true => moment::midnight(as_text()?)?,
            false => moment::sent_midnight(value)?,
        }),
        Family::Uuid => Plain::Uuid(match is_text {
            true => crate::value::parse_uuid(as_text()?.to_ascii_lowercase().as_bytes())?,
            false => <[u8; 16]>::try_from(value).ok()?,
        }),
        Family::Char | Family::Json | Family::Jsonb | Family::Xml | Family::Other => return None,
    })
}

fn is_float(type_oid: u32) -> bool {
    matches!(type_oid, 700 | 701)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bytes::BytesMut;
    use model::{Limits, Secret};

    use super::*;
    use crate::{MaskKey, Masking};

    const TEXT: ParameterFormat = ParameterFormat::Text;
    const BINARY: ParameterFormat = ParameterFormat::Binary;

    fn masking(most: usize) -> Masking {
        let limits = Limits {
            delivered_masks_max: most,
            ..Limits::standard()
        };
        Masking::new(MaskKey(Secret::new(vec![7; 32])), &limits)
    }

    #[test]
    fn looks() {
        let partial = MaskKind::Partial { first: 0, last: 4 };
        let both = MaskKind::Partial { first: 2, last: 2 };
        let check = |kind, oid, value: &str, expect| {
            let found = is_masked(kind, oid, value.as_bytes(), TEXT);
            assert_eq!(found, expect, "{kind:?} {oid} {value}");
        };
        check(MaskKind::Redact, 25, "***", true);
        check(MaskKind::Redact, 25, "**", false);
        check(MaskKind::Redact, 1043, "**", true);
        check(MaskKind::Redact, 1042, "*   ", true);
        check(MaskKind::Redact, 25, "x***", false);
        check(MaskKind::Redact, 25, "", false);
        check(MaskKind::Redact, 1042, "    ", false);
        check(MaskKind::Redact, 3802, " \"***\" ", true);
        check(MaskKind::Redact, 114, "{\"a\": \"***\"}", true);
        check(
            MaskKind::Redact,
            3802,
            "{\"a\": [1, {\"b\": \"\\u002a**\"}]}",
            true,
        );
        check(MaskKind::Redact, 3802, "***", true);
        check(MaskKind::Redact, 3802, "{\"***\": \"a***\"}", false);
        check(MaskKind::Redact, 1009, "***", true);
        check(MaskKind::Redact, 1009, "{a,\"***\"}", true);
        check(MaskKind::Redact, 1009, "{a,\"****\",NULL}", false);
        check(MaskKind::Redact, 17, "\\x2a2a2a", false);
        check(MaskKind::Redact, 142, "***", true);
        check(MaskKind::Redact, 18, "*", true);
        check(partial, 25, "*******6789", true);
        check(partial, 25, "666-54-6789", false);
        check(partial, 25, "****", true);
        check(partial, 25, "***", true);
        check(partial, 25, "", false);
        check(partial, 25, "1234", false);
        check(both, 25, "ab****yz", true);
        check(both, 25, "ab**c*yz", false);
        check(both, 25, "äb****yé", true);
        check(MaskKind::Email, 25, "a***@example.com", true);
        check(MaskKind::Email, 25, "a*@example.com", true);
        check(MaskKind::Email, 25, "*@example.com", true);
        check(MaskKind::Email, 25, "****@example.com", true);
        check(MaskKind::Email, 25, "*****@example.com", false);
        check(MaskKind::Email, 25, "***", true);
        check(MaskKind::Email, 25, "alice@example.com", false);
        check(MaskKind::Email, 25, "a****@example.com", false);
        check(MaskKind::Email, 25, "a***b@example.com", false);
        check(MaskKind::Hash, 25, "***", true);
        check(MaskKind::Hash, 25, "abc", false);
        check(MaskKind::Null, 25, "***", false);
        check(MaskKind::Bucket { width: 10 }, 23, "10", false);
    }

    #[test]
    fn every_mask_is_told_in_both_formats() {
        let int = |n: i32| n.to_be_bytes().to_vec();
        let day = |n: i32| n.to_be_bytes().to_vec();
        let bucket = MaskKind::Bucket { width: 10 };
        let numeric = b"\0\x02\0\0\0\0\0\x02\x04\xd2\x0e\x74".to_vec();
        let checks = [
            (MaskKind::Token, 25, b"ab-12".to_vec(), TEXT),
            (MaskKind::Token, 23, int(4711), BINARY),
            (MaskKind::Token, 20, b"-4711".to_vec(), TEXT),
            (MaskKind::Token, 1700, numeric, BINARY),
            (MaskKind::Hash, 25, b"alice".to_vec(), TEXT),
            (MaskKind::Hash, 1042, b"alice     ".to_vec(), TEXT),
            (MaskKind::Hash, 2950, vec![9; 16], BINARY),
            (bucket, 21, 37_i16.to_be_bytes().to_vec(), BINARY),
            (bucket, 701, b"37.5".to_vec(), TEXT),
            (bucket, 1700, b"37.50".to_vec(), TEXT),
            (bucket, 1082, day(9007), BINARY),
            (bucket, 1114, b"2020-05-06 07:08:09".to_vec(), TEXT),
            (bucket, 1184, b"2020-05-06 07:08:09+02".to_vec(), TEXT),
        ];
        for (kind, oid, value, format) in checks {
            let masking = masking(100);
            let given = masking.given();
            for other in [TEXT, BINARY] {
                assert!(!given.had(kind, oid, &value, other));
            }
            let mut out = BytesMut::new();
            assert!(masking.mask_value(kind, oid, format, &value, &mut out));
            assert!(given.had(kind, oid, &out, format), "{kind:?} {oid}");
            assert!(!given.had(kind, oid, &value, format), "{kind:?} {oid}");
        }
    }

    #[test]
    fn formats_agree() {
        let check = |oid, text: &str, binary: &[u8]| {
            assert_eq!(
                plain(oid, text.as_bytes(), TEXT).unwrap(),
                plain(oid, binary, BINARY).unwrap(),
                "{oid} {text}"
            );
        };
        check(23, "-7", &(-7_i32).to_be_bytes());
        check(23, " 007", &7_i32.to_be_bytes());
        check(1700, "1234.37", b"\0\x02\0\0\0\0\0\x02\x04\xd2\x0e\x74");
        check(1700, "1234.3700", b"\0\x02\0\0\0\0\0\x02\x04\xd2\x0e\x74");
        check(701, "30", &30_f64.to_be_bytes());
        check(701, "30.0", &30_f64.to_be_bytes());
        check(700, "30", &30_f32.to_be_bytes());
        check(1082, "2000-01-11", &10_i32.to_be_bytes());
        check(
            1114,
            "2000-01-11 00:00:00",
            &864_000_000_000_i64.to_be_bytes(),
        );
        check(1114, "2000-01-11", &864_000_000_000_i64.to_be_bytes());
        check(
            1184,
            "2000-01-11T00:00:00.000Z",
            &864_000_000_000_i64.to_be_bytes(),
        );
        check(2950, "09090909-0909-0909-0909-090909090909", &[9; 16]);
    }

    #[test]
    fn the_oldest_are_forgotten_and_hashes_then_told_by_their_look() {
        let masking = masking(4);
        let given = masking.given();
        let mut first = BytesMut::new();
        masking.mask_value(MaskKind::Hash, 25, TEXT, b"first", &mut first);
        for n in 0..2_u8 {
            masking.mask_value(MaskKind::Hash, 25, TEXT, &[b'a', n], &mut BytesMut::new());
        }
        assert!(given.had(MaskKind::Hash, 25, &first, TEXT));
        let unknown = [b'e'; 64];
        assert!(!given.had(MaskKind::Hash, 25, &unknown, TEXT));
        for n in 2..9_u8 {
            masking.mask_value(MaskKind::Hash, 25, TEXT, &[b'a', n], &mut BytesMut::new());
        }
        assert!(given.had(MaskKind::Hash, 25, &unknown, TEXT));
        assert!(!given.had(MaskKind::Token, 25, &unknown, TEXT));
        let known = given.known.lock().unwrap();
        assert!(known.young.len() + known.old.len() <= 4);
    }
}
