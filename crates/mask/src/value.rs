//! One value, by PostgreSQL type and format.
//!
//! Knows which kinds of mask a type can carry; a kind that does not fit yields NULL.

use bytes::BytesMut;
use model::{MaskKind, ParameterFormat};

use crate::secret::MaskKey;
use crate::text::{self, Shape};
use crate::{moment, number};

/// The types that masks can rewrite; all others become NULL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Family {
    Text(Shape),
    /// `"char"`: one byte.
    Char,
    Json,
    Jsonb,
    Xml,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Date,
    Timestamp,
    TimestampTz,
    Uuid,
    Other,
}

impl Family {
    /// OIDs as in PostgreSQL's `pg_type.dat`; they never change.
    pub(crate) fn of(type_oid: u32) -> Self {
        match type_oid {
            25 | 705 => Self::Text(Shape::Free),
            1043 => Self::Text(Shape::Bounded),
            1042 => Self::Text(Shape::Padded),
            19 => Self::Text(Shape::Bounded),
            18 => Self::Char,
            114 => Self::Json,
            3802 => Self::Jsonb,
            142 => Self::Xml,
            21 => Self::Int2,
            23 => Self::Int4,
            20 => Self::Int8,
            700 => Self::Float4,
            701 => Self::Float8,
            1700 => Self::Numeric,
            1082 => Self::Date,
            1114 => Self::Timestamp,
            1184 => Self::TimestampTz,
            2950 => Self::Uuid,
            _ => Self::Other,
        }
    }
}

/// Masks one value: appends the masked bytes to `out` and says whether the result is a value (`true`) or NULL
/// (`false`, nothing appended). The result is legal for `type_oid` in `format`; where the kind does not fit the
/// type, the result is NULL. Never fails and never appends more than the longer of 1 KiB and the input's length.
pub fn mask_value(
    key: &MaskKey,
    kind: MaskKind,
    type_oid: u32,
    format: ParameterFormat,
    value: &[u8],
    out: &mut BytesMut,
) -> bool {
    let start = out.len();
    let written = write(key, kind, Family::of(type_oid), format, value, out);
    if written.is_none() {
        out.truncate(start);
    }
    written.is_some()
}

fn write(
    key: &MaskKey,
    kind: MaskKind,
    family: Family,
    format: ParameterFormat,
    value: &[u8],
    out: &mut BytesMut,
) -> Option<()> {
    match family {
        Family::Text(shape) => text::mask(key, kind, shape, value, out),
        Family::Char | Family::Json | Family::Jsonb | Family::Xml => {
            placeholder(kind, family, format, out)
        }
        Family::Int2 => number::integer::<2>(key, kind, format, value, out),
        Family::Int4 => number::integer::<4>(key, kind, format, value, out),
        Family::Int8 => number::integer::<8>(key, kind, format, value, out),
        Family::Float4 => number::float4(kind, format, value, out),
        Family::Float8 => number::float8(kind, format, value, out),
        Family::Numeric => number::numeric(key, kind, format, value, out),
        Family::Date => moment::date(kind, format, value, out),
        Family::Timestamp => moment::timestamp(kind, format, value, out),
        Family::TimestampTz => moment::timestamptz(kind, format, value, out),
        Family::Uuid => uuid(key, kind, format, value, out),
        Family::Other => None,
    }
}

/// `redact` for types whose inside is not text of ours to rewrite.
fn placeholder(
    kind: MaskKind,
    family: Family,
    format: ParameterFormat,
    out: &mut BytesMut,
) -> Option<()> {
    if kind != MaskKind::Redact {
        return None;
    }
    match (family, format) {
        (Family::Char, _) => out.extend_from_slice(b"*"),
        (Family::Xml, _) => out.extend_from_slice(b"***"),
        // jsonb_send puts its version, 1, before the text.
        (Family::Jsonb, ParameterFormat::Binary) => out.extend_from_slice(b"\x01\"***\""),
        _ => out.extend_from_slice(b"\"***\""),
    }
    Some(())
}

/// `hash` is the digest's first half; `token` keeps the version and variant as well.
fn uuid(
    key: &MaskKey,
    kind: MaskKind,
    format: ParameterFormat,
    value: &[u8],
    out: &mut BytesMut,
) -> Option<()> {
    let purpose = match kind {
        MaskKind::Hash => "uuid:hash",
        MaskKind::Token => "uuid:token",
        MaskKind::Null
        | MaskKind::Redact
        | MaskKind::Partial { .. }
        | MaskKind::Email
        | MaskKind::Bucket { .. } => return None,
    };
    let raw = match format {
        ParameterFormat::Binary => <[u8; 16]>::try_from(value).ok()?,
        ParameterFormat::Text => parse_uuid(value)?,
    };
    let digest = key.digest(purpose, &raw)?;
    let mut masked = *digest.first_chunk::<16>()?;
    if kind == MaskKind::Token {
        masked[6] = (masked[6] & 0x0f) | (raw[6] & 0xf0);
        masked[8] = (masked[8] & 0x3f) | (raw[8] & 0xc0);
    }
    match format {
        ParameterFormat::Binary => out.extend_from_slice(&masked),
        ParameterFormat::Text => {
            for (index, byte) in masked.iter().enumerate() {
                if matches!(index, 4 | 6 | 8 | 10) {
                    out.extend_from_slice(b"-");
                }
                out.extend_from_slice(format!("{byte:02x}").as_bytes());
            }
        }
    }
    Some(())
}

/// Reads the form that PostgreSQL writes: 8-4-4-4-12 hexadecimal digits.
pub(crate) fn parse_uuid(value: &[u8]) -> Option<[u8; 16]> {
    if value.len() != 36 {
        return None;
    }
    let mut digits = Vec::with_capacity(32);
    for (index, byte) in value.iter().enumerate() {
        if matches!(index, 8 | 13 | 18 | 23) {
            (*byte == b'-').then_some(())?;
        } else {
            let digit = char::from(*byte).to_digit(16)?;
            digits.push(u8::try_from(digit).ok()?);
        }
    }
    let mut raw = [0; 16];
    for (byte, pair) in raw.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (pair.first()? << 4) | pair.last()?;
    }
    Some(raw)
}
