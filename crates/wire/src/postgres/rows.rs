//! Masking of rows: DataRow messages, one at a time, typed by what the server itself described.
//!
//! Knows nothing of why a column is masked. A row of another shape than the masks were made for never passes.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use mask::Masker;
use model::decision::ResultObligation;
use model::{JsonMask, MaskKind, ParameterFormat};

use super::frame::{self, Fields, FrameError};

/// Why rows may not pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum RowError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("a result has {found} columns where {expected} were judged")]
    Width { expected: usize, found: usize },
    #[error("masked rows came before their description")]
    Undescribed,
    #[error("masked rows came for a statement that was not judged")]
    Unjudged,
    #[error(
        "the target says that column {} comes from a column that is masked for you, and the analysis did not",
        .position + 1
    )]
    Origin { position: usize },
}

/// One column to mask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ColumnMask {
    pub(crate) position: usize,
    pub(crate) kind: MaskKind,
    pub(crate) type_oid: u32,
    pub(crate) format: ParameterFormat,
    /// For JSON whose inside is known.
    pub(crate) json: Option<Arc<JsonMask>>,
}

/// How the rows of one result are let through.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) width: Option<usize>,
    pub(crate) masks: Vec<ColumnMask>,
}

impl Plan {
    /// Joins what was obliged with what the server says of its columns (RowDescription). The server's type is
    /// believed, because it is what the client will read the value as.
    pub(crate) fn described(obliged: &ResultObligation, body: &[u8]) -> Result<Self, RowError> {
        let mut fields = Fields::new(b'T', body);
        let count = fields.count()?;
        let mut masks = Vec::with_capacity(obliged.masks.len());
        let mut wanted = obliged.masks.iter().peekable();
        for position in 0..count {
            fields.cstr()?;
            fields.bytes(4 + 2)?;
            let type_oid = fields.u32()?;
            fields.bytes(2 + 4)?;
            let format = format_of(fields.i16()?)?;
            if let Some(mask) = wanted.next_if(|mask| mask.position == position) {
                masks.push(ColumnMask {
                    position,
                    kind: mask.kind,
                    type_oid,
                    format,
                    json: mask.json.clone(),
                });
            }
        }
        fields.end()?;
        let plan = Self {
            width: obliged.width,
            masks,
        };
        plan.check_width(count)?;
        match wanted.next() {
            None => Ok(plan),
            Some(mask) => Err(RowError::Width {
                expected: mask.position + 1,
                found: count,
            }),
        }
    }

    pub(crate) fn check_width(&self, found: usize) -> Result<(), RowError> {
        match self.width {
            Some(expected) if expected != found => Err(RowError::Width { expected, found }),
            _ => Ok(()),
        }
    }

    /// Appends one DataRow with its masked columns rewritten and every length written anew.
    pub(crate) fn mask_row(
        &self,
        masker: &Masker,
        body: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), RowError> {
        let start = out.len();
        out.reserve(body.len() + frame::HEADER_BYTES);
        out.put_u8(b'D');
        out.put_u32(0);
        let written = self.put_cells(masker, body, out);
        match written {
            Ok(()) => Ok(frame::finish(out, start)?),
            Err(error) => {
                out.truncate(start);
                Err(error)
            }
        }
    }

    fn put_cells(&self, masker: &Masker, body: &[u8], out: &mut BytesMut) -> Result<(), RowError> {
        let mut fields = Fields::new(b'D', body);
        let count = fields.i16()?;
        let width = usize::try_from(count).map_err(|_| FrameError::Malformed { kind: b'D' })?;
        self.check_width(width)?;
        out.put_i16(count);
        let mut masks = self.masks.iter().peekable();
        for position in 0..width {
            let value = fields.value()?;
            let mask = masks.next_if(|mask| mask.position == position);
            put_cell(masker, mask, value, out)?;
        }
        Ok(fields.end()?)
    }
}

/// Appends one cell: its length and, unless NULL, its bytes.
pub(crate) fn put_cell(
    masker: &Masker,
    mask: Option<&ColumnMask>,
    value: Option<&[u8]>,
    out: &mut BytesMut,
) -> Result<(), FrameError> {
    let place = out.len();
    out.put_i32(-1);
    let is_value = match (value, mask) {
        (None, _) => false,
        (Some(value), None) => {
            out.extend_from_slice(value);
            true
        }
        (Some(value), Some(m)) => match &m.json {
            Some(json) => masker.mask_json(json, m.type_oid, m.format, value, out),
            None => masker.mask_value(m.kind, m.type_oid, m.format, value, out),
        },
    };
    if !is_value {
        out.truncate(place + 4);
        return Ok(());
    }
    let length = out.len().saturating_sub(place + 4);
    let length = i32::try_from(length).map_err(|_| FrameError::Unwritable)?;
    if let Some(slot) = out.get_mut(place..place + 4) {
        slot.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

/// Reads a format code.
pub(crate) fn format_of(code: i16) -> Result<ParameterFormat, FrameError> {
    match code {
        0 => Ok(ParameterFormat::Text),
        1 => Ok(ParameterFormat::Binary),
        _ => Err(FrameError::Malformed { kind: b'T' }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use model::{Mask, Secret};

    use super::*;

    fn description(columns: &[(&str, u32, i16)]) -> Vec<u8> {
        let mut out = BytesMut::new();
        out.put_u16(u16::try_from(columns.len()).unwrap());
        for (name, oid, format) in columns {
            frame::put_cstr(&mut out, name.as_bytes());
            out.put_u32(0);
            out.put_u16(0);
            out.put_u32(*oid);
            out.put_i16(-1);
            out.put_i32(-1);
            out.put_i16(*format);
        }
        out.to_vec()
    }

    fn row(cells: &[Option<&[u8]>]) -> Vec<u8> {
        let mut out = BytesMut::new();
        out.put_u16(u16::try_from(cells.len()).unwrap());
        let key = key();
        for cell in cells {
            put_cell(&key, None, *cell, &mut out).unwrap();
        }
        out.to_vec()
    }

    fn key() -> Masker {
        Masker::new(mask::MaskKey(Secret::new(vec![7; 32])), 16)
    }

    fn obliged(width: usize, positions: &[usize]) -> ResultObligation {
        ResultObligation {
            width: Some(width),
            masks: positions
                .iter()
                .map(|position| Mask {
                    position: *position,
                    kind: MaskKind::Null,
                    type_oid: 25,
                    json: None,
                })
                .collect(),
        }
    }

    #[test]
    fn masked_rows_keep_their_shape() {
        let described = description(&[("id", 23, 0), ("ssn", 25, 1)]);
        let plan = Plan::described(&obliged(2, &[1]), &described).unwrap();
        assert_eq!(plan.masks[0].format, ParameterFormat::Binary);
        let mut out = BytesMut::new();
        let body = row(&[Some(b"1"), Some(b"123-45-6789")]);
        plan.mask_row(&key(), &body, &mut out).unwrap();
        assert_eq!(out[5..], row(&[Some(b"1"), None]));
        assert_eq!(usize::from(out[4]), out.len() - 1);
    }

    #[test]
    fn rows_of_another_shape_do_not_pass() {
        let two = description(&[("id", 23, 0), ("ssn", 25, 0)]);
        let check = |width, positions: &[usize]| {
            let found = Plan::described(&obliged(width, positions), &two);
            assert!(matches!(found, Err(RowError::Width { .. })), "{found:?}");
        };
        check(3, &[]);
        check(1, &[0]);
        check(2, &[5]);
        let plan = Plan::described(&obliged(2, &[1]), &two).unwrap();
        let bodies = [
            row(&[Some(b"123-45-6789")]),
            row(&[Some(b"1"), Some(b"2"), Some(b"3")]),
            b"\0\x02\0\0\0\x01a\0\0\0\x09bc".to_vec(),
            b"\xff\xff".to_vec(),
            [row(&[None, None]), b"x".to_vec()].concat(),
        ];
        for body in bodies {
            let mut out = BytesMut::from("kept");
            assert!(plan.mask_row(&key(), &body, &mut out).is_err(), "{body:?}");
            assert_eq!(&out[..], b"kept");
        }
    }
}
