//! One value searched for what it gives away: JSON, XML and arrays by what they say, everything else as it stands.
//!
//! Never lets a value through that it did not read, and never says what it read. Knows no column and no policy.

mod inside;

use std::ops::RangeInclusive;

use bytes::BytesMut;
use model::{Classes, MaskKind, ParameterFormat, Search};

use crate::detect::find_only;
use crate::masking::Masking;
use crate::text::Shape;
use crate::value::mask_value;

/// What stands in a text for a place that is hidden.
const PLACEHOLDER: &[u8] = b"***";
/// `jsonb_send` puts its version before the text.
const JSONB_VERSION: u8 = 1;
/// From here on a length inside a binary value begins with a byte that is not zero.
const INSIDE_BYTES_MAX: usize = 1 << 24;

/// How a type's values are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Text(Shape),
    Json,
    /// In binary with a version before it.
    Jsonb,
    Xml,
    /// An array of values of such a form; its elements' type.
    Array(u32),
    /// As bytes that may hold text anywhere.
    Bytes,
}

/// Types that hold no text, likewise by OID.
const NO_TEXT: &[RangeInclusive<u32>] = &[
    // Booleans, bytea, "char", numbers, ids and their vectors, void, bits, uuid.
    16..=18,
    20..=24,
    26..=30,
    700..=701,
    790..=790,
    1560..=1560,
    1562..=1562,
    1700..=1700,
    2278..=2278,
    2950..=2950,
    3220..=3220,
    // Geometry, network addresses, moments.
    600..=604,
    628..=628,
    650..=650,
    718..=718,
    774..=774,
    829..=829,
    869..=869,
    1082..=1083,
    1114..=1114,
    1184..=1184,
    1186..=1186,
    1266..=1266,
    // Ranges and multiranges of numbers and moments, with their arrays.
    3904..=3913,
    3926..=3927,
    4451..=4451,
    4532..=4536,
    6150..=6153,
    6155..=6155,
    6157..=6157,
    // Arrays of the others.
    629..=629,
    651..=651,
    719..=719,
    775..=775,
    791..=791,
    1000..=1002,
    1005..=1008,
    1010..=1013,
    1016..=1022,
    1027..=1028,
    1040..=1041,
    1115..=1115,
    1182..=1183,
    1185..=1185,
    1187..=1187,
    1231..=1231,
    1270..=1270,
    1561..=1561,
    1563..=1563,
    2951..=2951,
    3221..=3221,
];

impl Form {
    /// By OIDs as in PostgreSQL's `pg_type.dat`; `None` for types that hold no text.
    fn of(type_oid: u32) -> Option<Self> {
        Some(match type_oid {
            25 | 705 => Self::Text(Shape::Free),
            19 | 1043 => Self::Text(Shape::Bounded),
            1042 => Self::Text(Shape::Padded),
            114 => Self::Json,
            3802 => Self::Jsonb,
            142 => Self::Xml,
            1009 => Self::Array(25),
            1003 => Self::Array(19),
            1014 => Self::Array(1042),
            1015 => Self::Array(1043),
            199 => Self::Array(114),
            3807 => Self::Array(3802),
            143 => Self::Array(142),
            other if NO_TEXT.iter().any(|range| range.contains(&other)) => return None,
            _ => Self::Bytes,
        })
    }
}

/// Whether values of a type may hold text at all. Types that are not known here may.
pub fn is_searchable(type_oid: u32) -> bool {
    Form::of(type_oid).is_some()
}

/// Searches one value of a type: appends it to `out`, with what was found in it hidden, and says whether the result is a
/// value (`true`) or NULL (nothing appended). The result is legal for `type_oid` in `format`; where nothing can stand in
/// a value's place, the result is NULL. Takes time linear in the value's length.
pub fn search_value(
    masking: &mut Masking,
    search: Search,
    type_oid: u32,
    format: ParameterFormat,
    value: &[u8],
    out: &mut BytesMut,
) -> bool {
    let Some(form) = Form::of(type_oid).filter(|_| !search.is_empty()) else {
        out.extend_from_slice(value);
        return true;
    };
    let start = out.len();
    if value.len() > masking.searched_bytes_max {
        masking.found.note_unread();
    } else {
        match rewrite(search.classes(), form, format, value, out) {
            Seen::Nothing => return true,
            Seen::Hidden(found) => {
                masking.found.note(found);
                if !found.iter().any(|class| search.whole.has(class)) {
                    return true;
                }
            }
            Seen::Irreplaceable(found) => masking.found.note(found),
        }
    }
    out.truncate(start);
    // Of a type that is not known to mask, this is NULL.
    let kind = MaskKind::Redact;
    mask_value(&masking.key, kind, type_oid, format, value, out)
}

/// Searches one JSON value within another, in text.
pub(crate) fn search_json(
    masking: &mut Masking,
    search: Search,
    value: &[u8],
    out: &mut BytesMut,
) -> bool {
    const JSON: u32 = 114;
    search_value(masking, search, JSON, ParameterFormat::Text, value, out)
}

/// What became of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Seen {
    /// It is written as it is.
    Nothing,
    /// It is written without what was found.
    Hidden(Classes),
    /// What was found cannot be taken out of it.
    Irreplaceable(Classes),
}

impl Seen {
    fn of(found: Classes) -> Self {
        match found.is_empty() {
            true => Self::Nothing,
            false => Self::Hidden(found),
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, seen) | (seen, Self::Nothing) => seen,
            (Self::Hidden(a), Self::Hidden(b)) => Self::Hidden(a.and(b)),
            (Self::Irreplaceable(a), Self::Hidden(b) | Self::Irreplaceable(b))
            | (Self::Hidden(a), Self::Irreplaceable(b)) => Self::Irreplaceable(a.and(b)),
        }
    }
}

/// Appends a value with each found place hidden.
fn rewrite(
    classes: Classes,
    form: Form,
    format: ParameterFormat,
    value: &[u8],
    out: &mut BytesMut,
) -> Seen {
    let binary = format == ParameterFormat::Binary;
    match form {
        Form::Text(shape) => {
            let start = out.len();
            let found = places(classes, value, out);
            if shape == Shape::Padded && !found.is_empty() {
                pad(value, start, out);
            }
            Seen::of(found)
        }
        Form::Json => inside::json(classes, value, out),
        Form::Jsonb if binary => match value.split_first() {
            Some((&JSONB_VERSION, text)) => {
                out.extend_from_slice(&[JSONB_VERSION]);
                inside::json(classes, text, out)
            }
            _ => unread(classes, value, out),
        },
        Form::Jsonb => inside::json(classes, value, out),
        Form::Xml => inside::xml(classes, value, out),
        Form::Array(element) => {
            let start = out.len();
            let form = Form::of(element).unwrap_or(Form::Bytes);
            let seen = match binary {
                true => inside::array_binary(classes, form, value, out),
                false => inside::array_text(classes, form, value, out),
            };
            seen.unwrap_or_else(|| {
                out.truncate(start);
                unread(classes, value, out)
            })
        }
        Form::Bytes if binary => structured(classes, value, out),
        Form::Bytes => unread(classes, value, out),
    }
}

/// Appends a text with each found place hidden; says what was found.
fn places(classes: Classes, text: &[u8], out: &mut BytesMut) -> Classes {
    let (mut found, mut written) = (Classes::NONE, 0);
    for finding in find_only(classes, text) {
        out.extend_from_slice(text.get(written..finding.start).unwrap_or_default());
        out.extend_from_slice(PLACEHOLDER);
        (found, written) = (found.with(finding.class), finding.end);
    }
    out.extend_from_slice(text.get(written..).unwrap_or_default());
    found
}

/// What is found in a text.
fn classes_in(classes: Classes, text: &[u8]) -> Classes {
    find_only(classes, text).fold(Classes::NONE, |found, one| found.with(one.class))
}

/// Appends a value of which nothing but its bytes is known.
fn unread(classes: Classes, value: &[u8], out: &mut BytesMut) -> Seen {
    out.extend_from_slice(value);
    let found = classes_in(classes, value);
    match found.is_empty() {
        true => Seen::Nothing,
        false => Seen::Irreplaceable(found),
    }
}

/// Likewise a binary one that is made of texts and numbers. A text holds no zero byte, and the length before it begins
/// with one at least; what follows of the length, up to three bytes, must not be read as the text's beginning.
fn structured(classes: Classes, value: &[u8], out: &mut BytesMut) -> Seen {
    let mut seen = unread(classes, value, out);
    let has_lengths = value.contains(&0);
    for skipped in (1..=3).filter(|_| has_lengths) {
        let mut text = value.to_vec();
        let mut rest = 0;
        for byte in &mut text {
            match *byte {
                0 => rest = skipped,
                _ if rest > 0 => (*byte, rest) = (0, rest - 1),
                _ => {}
            }
        }
        let found = classes_in(classes, &text);
        if !found.is_empty() {
            seen = seen.and(Seen::Irreplaceable(found));
        }
    }
    match value.len() < INSIDE_BYTES_MAX {
        true => seen,
        false => seen.and(Seen::Irreplaceable(classes)),
    }
}

/// Fills up with blanks to the characters of a `char(n)`.
fn pad(value: &[u8], start: usize, out: &mut BytesMut) {
    let characters = |text: &[u8]| text.iter().filter(|b| (**b & 0xc0) != 0x80).count();
    let written = characters(out.get(start..).unwrap_or_default());
    let missing = characters(value).saturating_sub(written);
    out.resize(out.len().saturating_add(missing), b' ');
}

#[cfg(test)]
mod tests;
