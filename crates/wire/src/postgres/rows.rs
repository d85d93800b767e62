//! Masking of rows: DataRow messages, one at a time, typed by what the server itself described.
//!
//! Knows nothing of why a column is masked. A row of another shape than the masks were made for never passes.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use mask::Masking;
use model::decision::ResultObligation;
use model::{Inside, MaskKind, ParameterFormat, Search};

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

/// One column to mask, or to search.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ColumnMask {
    pub(crate) position: usize,
    pub(crate) how: How,
    pub(crate) type_oid: u32,
    pub(crate) format: ParameterFormat,
}

/// How a value is let through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum How {
    /// Masked.
    Mask(MaskKind),
    /// As JSON or XML whose inside is known.
    Inside(Arc<Inside>),
    /// As far as nothing is found in it.
    Search(Search),
}

impl ColumnMask {
    /// Appends a value as it is let through; `false` for NULL, and then nothing.
    pub(crate) fn put(&self, masking: &mut Masking, value: &[u8], out: &mut BytesMut) -> bool {
        let (oid, format) = (self.type_oid, self.format);
        match &self.how {
            How::Mask(kind) => masking.mask_value(*kind, oid, format, value, out),
            How::Inside(inside) => match &**inside {
                Inside::Json(json) => mask::mask_json(masking, json, oid, format, value, out),
                Inside::Xml(xml) => mask::mask_xml(masking, xml, oid, format, value, out),
            },
            How::Search(search) => mask::search_value(masking, *search, oid, format, value, out),
        }
    }
}

/// How the rows of one result are let through.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) width: Option<usize>,
    pub(crate) masks: Vec<ColumnMask>,
}

impl Plan {
    /// Joins what was obliged with what the server says of its columns (RowDescription). The server's type is
    /// believed, because it is what the client will read the value as; `read_as` says as which type its texts are searched.
    pub(crate) fn described(
        obliged: &ResultObligation,
        body: &[u8],
        read_as: impl Fn(u32) -> u32,
    ) -> Result<Self, RowError> {
        let mut fields = Fields::new(b'T', body);
        let count = fields.count()?;
        let mut masks = Vec::with_capacity(obliged.masks.len());
        let mut wanted = obliged.masks.iter().peekable();
        let mut searched = obliged.searched.iter().peekable();
        for position in 0..count {
            fields.cstr()?;
            fields.bytes(4 + 2)?;
            let type_oid = fields.u32()?;
            fields.bytes(2 + 4)?;
            let format = format_of(fields.i16()?)?;
            let search = searched.next_if(|one| one.position == position);
            if let Some(mask) = wanted.next_if(|mask| mask.position == position) {
                let how = match &mask.inside {
                    Some(inside) => How::Inside(Arc::clone(inside)),
                    None => How::Mask(mask.kind),
                };
                masks.push(ColumnMask {
                    position,
                    how,
                    type_oid,
                    format,
                });
                continue;
            }
            let search = search.map_or(obliged.search_all, |one| one.search);
            let type_oid = read_as(type_oid);
            if !search.is_empty() && mask::is_searchable(type_oid) {
                masks.push(ColumnMask {
                    position,
                    how: How::Search(search),
                    type_oid,
                    format,
                });
            }
        }
        fields.end()?;
        let fixed = (!masks.is_empty()).then_some(count);
        let plan = Self {
            width: obliged.width.or(fixed),
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
        masking: &mut Masking,
        body: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), RowError> {
        let start = out.len();
        out.reserve(body.len() + frame::HEADER_BYTES);
        out.put_u8(b'D');
        out.put_u32(0);
        let written = self.put_cells(masking, body, out);
        match written {
            Ok(()) => Ok(frame::finish(out, start)?),
            Err(error) => {
                out.truncate(start);
                Err(error)
            }
        }
    }

    fn put_cells(
        &self,
        masking: &mut Masking,
        body: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), RowError> {
        let mut fields = Fields::new(b'D', body);
        let count = fields.i16()?;
        let width = usize::try_from(count).map_err(|_| FrameError::Malformed { kind: b'D' })?;
        self.check_width(width)?;
        out.put_i16(count);
        let mut masks = self.masks.iter().peekable();
        for position in 0..width {
            let value = fields.value()?;
            let mask = masks.next_if(|mask| mask.position == position);
            put_cell(masking, mask, value, out)?;
        }
        Ok(fields.end()?)
    }
}

/// Appends one cell: its length and, unless NULL, its bytes.
pub(crate) fn put_cell(
    masking: &mut Masking,
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
        (Some(value), Some(mask)) => mask.put(masking, value, out),
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
    use mask::MaskKey;
    use model::{Class, Classes, Mask, Secret};

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
        let mut masking = masking();
        for cell in cells {
            put_cell(&mut masking, None, *cell, &mut out).unwrap();
        }
        out.to_vec()
    }

    fn masking() -> Masking {
        let limits = model::Limits {
            searched_bytes_max: 1024,
            ..model::Limits::standard()
        };
        Masking::new(MaskKey(Secret::new(vec![7; 32])), &limits)
    }

    fn as_it_is(type_oid: u32) -> u32 {
        type_oid
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
                    inside: None,
                })
                .collect(),
            ..ResultObligation::default()
        }
    }

    #[test]
    fn masked_rows_keep_their_shape() {
        let described = description(&[("id", 23, 0), ("ssn", 25, 1)]);
        let plan = Plan::described(&obliged(2, &[1]), &described, as_it_is).unwrap();
        assert_eq!(plan.masks[0].format, ParameterFormat::Binary);
        let mut out = BytesMut::new();
        let body = row(&[Some(b"1"), Some(b"123-45-6789")]);
        plan.mask_row(&mut masking(), &body, &mut out).unwrap();
        assert_eq!(out[5..], row(&[Some(b"1"), None]));
        assert_eq!(usize::from(out[4]), out.len() - 1);
    }

    #[test]
    fn rows_of_another_shape_do_not_pass() {
        let two = description(&[("id", 23, 0), ("ssn", 25, 0)]);
        let check = |width, positions: &[usize]| {
            let found = Plan::described(&obliged(width, positions), &two, as_it_is);
            assert!(matches!(found, Err(RowError::Width { .. })), "{found:?}");
        };
        check(3, &[]);
        check(1, &[0]);
        check(2, &[5]);
        let plan = Plan::described(&obliged(2, &[1]), &two, as_it_is).unwrap();
        let bodies = [
            row(&[Some(b"123-45-6789")]),
            row(&[Some(b"1"), Some(b"2"), Some(b"3")]),
            b"\0\x02\0\0\0\x01a\0\0\0\x09bc".to_vec(),
            b"\xff\xff".to_vec(),
            [row(&[None, None]), b"x".to_vec()].concat(),
        ];
        for body in bodies {
            let mut out = BytesMut::from("kept");
            assert!(
                plan.mask_row(&mut masking(), &body, &mut out).is_err(),
                "{body:?}"
            );
            assert_eq!(&out[..], b"kept");
        }
    }

    #[test]
    fn columns_of_text_are_searched_and_no_others() {
        let described = description(&[
            ("id", 20, 1),
            ("note", 25, 0),
            ("ip", 869, 0),
            ("x", 90_000, 1),
            ("ssn", 25, 0),
        ]);
        let search = Search {
            whole: Classes::NONE,
            place: Classes::NONE.with(Class::Email),
        };
        let mut obliged = obliged(5, &[4]);
        obliged.search_all = search;
        let plan = Plan::described(
            &obliged,
            &described,
            |oid| if oid == 90_000 { 25 } else { oid },
        )
        .unwrap();
        let positions: Vec<usize> = plan.masks.iter().map(|mask| mask.position).collect();
        assert_eq!(positions, [1, 3, 4]);
        let mut masking = masking();
        let mut out = BytesMut::new();
        let cells = |note: &'static [u8], other: Option<&'static [u8]>, ssn| {
            row(&[Some(b"a@b.org"), Some(note), None, other, ssn])
        };
        let body = cells(b"to a@b.org", Some(b"a@b.org"), Some(b"a@b.org"));
        plan.mask_row(&mut masking, &body, &mut out).unwrap();
        assert_eq!(out[5..], cells(b"to ***", Some(b"***"), None));
        assert_eq!(
            masking.found.counts().find(|(word, _)| *word == "email"),
            Some(("email", 2))
        );
        // By name, where the columns are known.
        obliged.search_all = Search::default();
        obliged.searched = vec![model::decision::Searched {
            position: 1,
            search,
            type_oid: 25,
        }];
        let plan = Plan::described(&obliged, &described, as_it_is).unwrap();
        assert_eq!(plan.masks.len(), 2);
    }
}
