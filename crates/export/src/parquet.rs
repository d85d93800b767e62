//! Apache Parquet: one row an event, one column a field, in row groups of bounded size.
//!
//! Must never hold more than one row group. Writes the plainest form that readers agree on: flat optional columns, PLAIN
//! values, RLE levels, version 1 data pages, zstd. Names and numbers are those of the format's `parquet.thrift`.

mod thrift;

use std::io::{self, Write};

use crate::columns::{COLUMNS, Column, Type, Value};
use crate::event::AuditEvent;
use crate::format::Encoder;
use thrift::Struct;

/// What a file begins and ends with.
const MAGIC: &[u8; 4] = b"PAR1";
/// Rows of one row group.
const ROWS_MAX: u32 = 50_000;
/// Bytes of its values, roughly.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of one value; a page's length is a 31-bit number.
const VALUE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// zstd's level.
const LEVEL: i32 = 3;

const INT64: i32 = 2;
const BYTE_ARRAY: i32 = 6;
const PLAIN: i32 = 0;
const RLE: i32 = 3;
const ZSTD: i32 = 6;
const OPTIONAL: i32 = 1;
const DATA_PAGE: i32 = 0;
/// Converted types, for readers that know no logical ones.
const UTF8: i32 = 0;
const TIMESTAMP_MICROS: i32 = 10;
const UINT_64: i32 = 14;

/// One column of the row group that is being gathered.
#[derive(Default)]
struct Chunk {
    /// Whether each row has a value.
    levels: Vec<bool>,
    values: Vec<u8>,
}

/// What the footer says of a column of a row group.
struct Placed {
    offset: u64,
    rows: u32,
    raw_bytes: usize,
    bytes: usize,
}

/// Writes Parquet.
pub(crate) struct Parquet {
    chunks: Vec<Chunk>,
    rows: u32,
    bytes: usize,
    offset: u64,
    groups: Vec<(u32, Vec<Placed>)>,
}

impl Parquet {
    pub(crate) fn new() -> Self {
        Self {
            chunks: COLUMNS.iter().map(|_| Chunk::default()).collect(),
            rows: 0,
            bytes: 0,
            offset: 0,
            groups: Vec::new(),
        }
    }

    fn put(&mut self, bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
        self.offset += bytes.len() as u64;
        out.write_all(bytes)
    }

    /// Writes the gathered rows as a row group.
    fn group(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let mut placed = Vec::with_capacity(COLUMNS.len());
        for at in 0..self.chunks.len() {
            let chunk = self
                .chunks
                .get_mut(at)
                .map(std::mem::take)
                .unwrap_or_default();
            let (header, page, raw) = page(&chunk, rows)?;
            placed.push(Placed {
                offset: self.offset,
                rows,
                raw_bytes: raw + header.len(),
                bytes: page.len() + header.len(),
            });
            self.put(&header, out)?;
            self.put(&page, out)?;
        }
        self.groups.push((rows, placed));
        Ok(())
    }
}

impl Encoder for Parquet {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.put(MAGIC, out)
    }

    fn event(&mut self, event: &AuditEvent, out: &mut dyn Write) -> io::Result<()> {
        for (column, chunk) in COLUMNS.iter().zip(&mut self.chunks) {
            let before = chunk.values.len();
            let value = (column.of)(event);
            chunk.levels.push(value.is_some());
            match value {
                None => {}
                Some(Value::Number(number) | Value::Time(number)) => {
                    chunk.values.extend_from_slice(&number.to_le_bytes());
                }
                Some(text) => {
                    let text = text.text();
                    let length = Some(text.len()).filter(|length| *length <= VALUE_BYTES_MAX);
                    let length = length.and_then(|length| u32::try_from(length).ok());
                    let length = length.ok_or(io::ErrorKind::FileTooLarge)?;
                    chunk.values.extend_from_slice(&length.to_le_bytes());
                    chunk.values.extend_from_slice(text.as_bytes());
                }
            }
            self.bytes += chunk.values.len() - before;
        }
        self.rows += 1;
        if self.rows >= ROWS_MAX || self.bytes >= BYTES_MAX {
            return self.group(out);
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.group(out)?;
        let footer = footer(&self.groups);
        let length = u32::try_from(footer.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.put(&footer, out)?;
        self.put(&length.to_le_bytes(), out)?;
        self.put(MAGIC, out)
    }
}

/// A column's one page: its header, its compressed body, and how long that was before.
fn page(chunk: &Chunk, rows: u32) -> io::Result<(Vec<u8>, Vec<u8>, usize)> {
    let mut raw = levels(&chunk.levels);
    raw.extend_from_slice(&chunk.values);
    let body = zstd::bulk::compress(&raw, LEVEL)?;
    let size = |length: usize| i32::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge);
    let rows = i32::try_from(rows).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut data = Struct::default();
    data.i32(1, rows);
    data.i32(2, PLAIN);
    data.i32(3, RLE);
    data.i32(4, RLE);
    let mut header = Struct::default();
    header.i32(1, DATA_PAGE);
    header.i32(2, size(raw.len())?);
    header.i32(3, size(body.len())?);
    header.nested(5, data);
    Ok((header.end(), body, raw.len()))
}

/// Definition levels of one bit, as runs, behind their length (Encodings, "RLE/Bit-Packing Hybrid").
fn levels(levels: &[bool]) -> Vec<u8> {
    let mut runs = Vec::new();
    for run in levels.chunk_by(|one, next| one == next) {
        thrift::varint((run.len() as u64) << 1, &mut runs);
        runs.push(u8::from(run.first() == Some(&true)));
    }
    let length = u32::try_from(runs.len()).unwrap_or(u32::MAX);
    [&length.to_le_bytes()[..], &runs].concat()
}

fn footer(groups: &[(u32, Vec<Placed>)]) -> Vec<u8> {
    let mut root = Struct::default();
    root.binary(4, "portcullis");
    root.i32(5, i32::try_from(COLUMNS.len()).unwrap_or(0));
    let schema = std::iter::once(root).chain(COLUMNS.iter().map(element));
    let rows: i64 = groups.iter().map(|(rows, _)| i64::from(*rows)).sum();
    let mut meta = Struct::default();
    meta.i32(1, 2);
    meta.structs(2, schema.collect());
    meta.i64(3, rows);
    meta.structs(4, groups.iter().map(group).collect());
    meta.binary(6, concat!("portcullis version ", env!("CARGO_PKG_VERSION")));
    meta.end()
}

fn physical(column: &Column) -> i32 {
    match column.holds {
        Type::Number | Type::Time => INT64,
        Type::Text | Type::List => BYTE_ARRAY,
    }
}

fn element(column: &Column) -> Struct {
    let mut element = Struct::default();
    element.i32(1, physical(column));
    element.i32(3, OPTIONAL);
    element.binary(4, column.name);
    let mut logical = Struct::default();
    match column.holds {
        Type::Text | Type::List => {
            element.i32(6, UTF8);
            logical.nested(1, Struct::default());
        }
        Type::Number => {
            element.i32(6, UINT_64);
            let mut integer = Struct::default();
            integer.i8(1, 64);
            integer.bool(2, false);
            logical.nested(10, integer);
        }
        Type::Time => {
            element.i32(6, TIMESTAMP_MICROS);
            let mut unit = Struct::default();
            unit.nested(2, Struct::default());
            let mut stamp = Struct::default();
            stamp.bool(1, true);
            stamp.nested(2, unit);
            logical.nested(8, stamp);
        }
    }
    element.nested(10, logical);
    element
}

fn group((rows, placed): &(u32, Vec<Placed>)) -> Struct {
    let columns = COLUMNS.iter().zip(placed).map(|(column, placed)| {
        let mut meta = Struct::default();
        meta.i32(1, physical(column));
        meta.i32s(2, &[PLAIN, RLE]);
        meta.binaries(3, &[column.name]);
        meta.i32(4, ZSTD);
        meta.i64(5, i64::from(placed.rows));
        meta.i64(6, size(placed.raw_bytes));
        meta.i64(7, size(placed.bytes));
        meta.i64(9, i64::try_from(placed.offset).unwrap_or(i64::MAX));
        let mut chunk = Struct::default();
        chunk.i64(2, i64::try_from(placed.offset).unwrap_or(i64::MAX));
        chunk.nested(3, meta);
        chunk
    });
    let mut group = Struct::default();
    group.structs(1, columns.collect());
    group.i64(2, placed.iter().map(|placed| size(placed.raw_bytes)).sum());
    group.i64(3, i64::from(*rows));
    group
}

fn size(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing;

    #[test]
    fn levels_are_runs() {
        assert_eq!(levels(&[]), [0, 0, 0, 0]);
        assert_eq!(levels(&[true, true, false]), [4, 0, 0, 0, 4, 1, 2, 0]);
        assert_eq!(levels(&[true; 100]), [3, 0, 0, 0, 0xc8, 1, 1]);
    }

    #[test]
    fn memory_is_bounded_by_a_row_group() {
        let mut encoder = Parquet::new();
        let mut out = Vec::new();
        encoder.begin(&mut out).unwrap();
        let event = testing::statement_with_text(&"x".repeat(1024 * 1024));
        for _ in 0..40 {
            encoder.event(&event, &mut out).unwrap();
            let held: usize = encoder.chunks.iter().map(|chunk| chunk.values.len()).sum();
            assert!(held < BYTES_MAX + 2 * 1024 * 1024, "{held}");
        }
        encoder.finish(&mut out).unwrap();
        assert_eq!(encoder.groups.len(), 3);
        assert_eq!(encoder.offset, out.len() as u64);
        assert!(out.starts_with(MAGIC) && out.ends_with(MAGIC));
    }
}
