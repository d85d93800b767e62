//! Masking of COPY TO STDOUT: text, CSV and binary, each CopyData message one row as the server writes them.
//!
//! Follows only the forms it names; a COPY with any other option is not let through where a mask is obliged.

use bytes::{BufMut, BytesMut};
use mask::Masking;
use model::ParameterFormat;
use model::decision::{ResultObligation, Searched};

use super::frame::{self, Fields, FrameError};
use super::rows::{ColumnMask, How, RowError, put_cell};

/// `PGCOPY\n\377\r\n\0`, flags and the extension's length.
const BINARY_HEADER_BYTES: usize = 11 + 4 + 4;

/// The form of a COPY's data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Text,
    Csv { header: bool },
    Binary,
}

impl Form {
    /// The form that a COPY statement asks for, if it is one that can be followed: the statement must end in
    /// `TO STDOUT` and one of the plain option lists. Anything else, comments included, is `None`.
    pub(crate) fn of(statement: &str) -> Option<Self> {
        if statement.contains("--") || statement.contains("/*") {
            return None;
        }
        let spaced = statement
            .replace(['(', ')', ','], " ")
            .to_ascii_lowercase()
            .replace(';', " ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let at = words.windows(2).rposition(|two| two == ["to", "stdout"])?;
        let mut options: Vec<&str> = words.get(at + 2..)?.to_vec();
        options.retain(|word| *word != "with" && *word != "format");
        match options.as_slice() {
            [] | ["text"] => Some(Self::Text),
            ["csv"] => Some(Self::Csv { header: false }),
            ["csv", "header"] | ["csv", "header", "true"] => Some(Self::Csv { header: true }),
            ["binary"] => Some(Self::Binary),
            _ => None,
        }
    }
}

/// How the data of one COPY is let through.
#[derive(Clone, Debug)]
pub(crate) struct CopyPlan {
    form: Form,
    width: usize,
    masks: Vec<ColumnMask>,
    at_start: bool,
    scratch: Scratch,
}

/// Whether rows of such a COPY must be read.
pub(crate) fn is_read(obliged: &ResultObligation) -> bool {
    let searches = obliged.searched.iter().any(may_hold_text);
    searches || !obliged.masks.is_empty() || !obliged.search_all.is_empty()
}

/// Of a computed column COPY does not say the type.
fn may_hold_text(searched: &Searched) -> bool {
    searched.type_oid == 0 || mask::is_searchable(searched.type_oid)
}

/// Appends what a field with escapes or quotes says.
type WritePlainly = fn(&[u8], &mut Vec<u8>);

/// Buffers of one field, kept between rows.
#[derive(Clone, Default)]
struct Scratch {
    raw: Vec<u8>,
    masked: BytesMut,
}

impl CopyPlan {
    /// A plan for a COPY whose masks and width are known; `read_as` says as which type a type's texts are searched.
    pub(crate) fn new(
        form: Form,
        obliged: &ResultObligation,
        read_as: impl Fn(u32) -> u32,
    ) -> Option<Self> {
        let format = match form {
            Form::Binary => ParameterFormat::Binary,
            Form::Text | Form::Csv { .. } => ParameterFormat::Text,
        };
        let masks = obliged.masks.iter().map(|mask| ColumnMask {
            position: mask.position,
            how: How::Mask(mask.kind),
            type_oid: mask.type_oid,
            format,
        });
        let searched = obliged.searched.iter().filter(|one| may_hold_text(one));
        let searched = searched.map(|one| ColumnMask {
            position: one.position,
            how: How::Search(one.search),
            type_oid: read_as(one.type_oid),
            format,
        });
        Some(Self {
            form,
            width: obliged.width?,
            masks: masks.chain(searched).collect(),
            at_start: true,
            scratch: Scratch::default(),
        })
    }

    /// Holds that CopyOutResponse says what was expected.
    pub(crate) fn check_response(&self, body: &[u8]) -> Result<(), RowError> {
        let mut fields = Fields::new(b'H', body);
        let binary = fields.u8()? == 1;
        if binary != (self.form == Form::Binary) {
            return Err(FrameError::Malformed { kind: b'H' }.into());
        }
        self.check_width(fields.count()?)
    }

    /// Appends one CopyData message with its row masked.
    pub(crate) fn mask(
        &mut self,
        masking: &mut Masking,
        body: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), RowError> {
        let start = out.len();
        out.reserve(body.len() + frame::HEADER_BYTES);
        out.put_u8(b'd');
        out.put_u32(0);
        let at_start = std::mem::replace(&mut self.at_start, false);
        let written = match self.form {
            Form::Text => self.put_text(masking, body, out),
            Form::Csv { header: true } if at_start => {
                out.extend_from_slice(body);
                Ok(())
            }
            Form::Csv { .. } => self.put_csv(masking, body, out),
            Form::Binary => self.put_binary(masking, at_start, body, out),
        };
        match written {
            Ok(()) => Ok(frame::finish(out, start)?),
            Err(error) => {
                out.truncate(start);
                Err(error)
            }
        }
    }

    fn check_width(&self, found: usize) -> Result<(), RowError> {
        let expected = self.width;
        if found == expected {
            Ok(())
        } else {
            Err(RowError::Width { expected, found })
        }
    }

    fn mask_at(&self, position: usize) -> Option<&ColumnMask> {
        self.masks.iter().find(|mask| mask.position == position)
    }

    fn put_text(
        &mut self,
        masking: &mut Masking,
        body: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), RowError> {
        let line = body.strip_suffix(b"\n").ok_or(MALFORMED)?;
        if memchr::memchr(b'\n', line).is_some() {
            return Err(MALFORMED.into());
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        // How much of the line is written; what lies between masks goes out as it came.
        let (mut position, mut written) = (0, 0);
        let tabs = memchr::memchr_iter(b'\t', line).chain([line.len()]);
        let mut start = 0;
        for end in tabs {
            let field = line.get(start..end).unwrap_or_default();
            if let Some(mask) = self.mask_at(position)
                && field != b"\\N"
            {
                out.extend_from_slice(line.get(written..start).unwrap_or_default());
                scratch.put_text(masking, mask, field, out);
                written = end;
            }
            (position, start) = (position + 1, end + 1);
        }
        self.scratch = scratch;
        out.extend_from_slice(line.get(written..).unwrap_or_default());
        out.put_u8(b'\n');
        // An empty line is one empty field, or none.
        let is_empty = self.width == 0 && line.is_empty();
        self.check_width(if is_empty { 0 } else { position })
    }

    fn put_csv(
        &mut self,
        masking: &mut Masking,
        body: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), RowError> {
        let line = body.strip_suffix(b"\n").ok_or(MALFORMED)?;
        let fields = split_csv(line)?;
        self.check_width(fields.len())?;
        let mut scratch = std::mem::take(&mut self.scratch);
        for (position, field) in fields.iter().enumerate() {
            if position > 0 {
                out.put_u8(b',');
            }
            match self.mask_at(position) {
                None => out.extend_from_slice(field),
                // An empty field without quotes is NULL.
                Some(_) if field.is_empty() => {}
                Some(mask) => scratch.put_csv(masking, mask, field, out),
            }
        }
        self.scratch = scratch;
        out.put_u8(b'\n');
        Ok(())
    }

    fn put_binary(
        &self,
        masking: &mut Masking,
        at_start: bool,
        body: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), RowError> {
        let mut fields = Fields::new(b'd', body);
        if at_start {
            let header = fields.bytes(BINARY_HEADER_BYTES)?;
            if !header.starts_with(b"PGCOPY\n\xff\r\n\0") || !header.ends_with(&[0; 4]) {
                return Err(MALFORMED.into());
            }
            out.extend_from_slice(header);
            if fields.rest().is_empty() {
                return Ok(());
            }
        }
        let count = fields.i16()?;
        out.put_i16(count);
        if count != -1 {
            let width = usize::try_from(count).map_err(|_| MALFORMED)?;
            self.check_width(width)?;
            for position in 0..width {
                put_cell(masking, self.mask_at(position), fields.value()?, out)?;
            }
        }
        Ok(fields.end()?)
    }
}

const MALFORMED: FrameError = FrameError::Malformed { kind: b'd' };

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It held raw values.
        f.write_str("Scratch")
    }
}

impl Scratch {
    /// Appends one masked field in COPY's text form.
    fn put_text(
        &mut self,
        masking: &mut Masking,
        mask: &ColumnMask,
        field: &[u8],
        out: &mut BytesMut,
    ) {
        match self.masked(masking, mask, field, (b'\\', unescape)) {
            Some((_, masked)) => escape(masked, out),
            None => out.extend_from_slice(b"\\N"),
        }
    }

    /// Appends one masked field in CSV, where NULL is nothing at all.
    fn put_csv(
        &mut self,
        masking: &mut Masking,
        mask: &ColumnMask,
        field: &[u8],
        out: &mut BytesMut,
    ) {
        match self.masked(masking, mask, field, (b'"', unquote)) {
            None => {}
            Some((value, masked)) if value == masked => out.extend_from_slice(field),
            Some((_, masked)) => {
                out.put_u8(b'"');
                for &byte in masked {
                    if byte == b'"' {
                        out.put_u8(b'"');
                    }
                    out.put_u8(byte);
                }
                out.put_u8(b'"');
            }
        }
    }

    /// A field's value and its mask, `None` for NULL. A field that holds the mark is not the value itself until it is
    /// written plainly.
    fn masked<'a>(
        &'a mut self,
        masking: &mut Masking,
        mask: &ColumnMask,
        field: &'a [u8],
        (mark, write_plainly): (u8, WritePlainly),
    ) -> Option<(&'a [u8], &'a [u8])> {
        let value = match memchr::memchr(mark, field) {
            None => field,
            Some(_) => {
                self.raw.clear();
                write_plainly(field, &mut self.raw);
                &self.raw
            }
        };
        self.masked.clear();
        let masked = &mut self.masked;
        mask.put(masking, value, masked)
            .then_some((value, &*masked))
    }
}

/// Undoes the escapes that COPY's text form writes.
fn unescape(field: &[u8], out: &mut Vec<u8>) {
    let mut bytes = field.iter();
    while let Some(&byte) = bytes.next() {
        out.push(match (byte, byte == b'\\') {
            (byte, false) => byte,
            (_, true) => match bytes.next() {
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'v') => 11,
                Some(&other) => other,
                None => b'\\',
            },
        });
    }
}

fn escape(value: &[u8], out: &mut BytesMut) {
    if !value.iter().any(|byte| matches!(byte, 8..=13 | b'\\')) {
        return out.extend_from_slice(value);
    }
    for &byte in value {
        let letter = match byte {
            8 => b'b',
            12 => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            11 => b'v',
            b'\\' => b'\\',
            byte => {
                out.put_u8(byte);
                continue;
            }
        };
        out.put_u8(b'\\');
        out.put_u8(letter);
    }
}

/// Splits one CSV record at commas outside quotes; fields keep their quotes.
fn split_csv(line: &[u8]) -> Result<Vec<&[u8]>, RowError> {
    let (mut fields, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, &byte) in line.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                fields.push(line.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            b'\n' if !quoted => return Err(MALFORMED.into()),
            _ => {}
        }
    }
    if quoted {
        return Err(MALFORMED.into());
    }
    fields.push(line.get(start..).unwrap_or_default());
    Ok(fields)
}

/// Takes a CSV field's quotes away, and makes one of each two within.
fn unquote(field: &[u8], out: &mut Vec<u8>) {
    let quoted = field.strip_prefix(b"\"");
    let Some(inner) = quoted.and_then(|rest| rest.strip_suffix(b"\"")) else {
        return out.extend_from_slice(field);
    };
    let mut bytes = inner.iter();
    while let Some(&byte) = bytes.next() {
        if byte == b'"' {
            bytes.next();
        }
        out.push(byte);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use mask::MaskKey;
    use model::{Class, Classes, Mask, MaskKind, Search, Secret};

    use super::*;

    #[test]
    fn forms() {
        let check = |text: &str, expect| assert_eq!(Form::of(text), expect, "{text}");
        check("COPY t TO STDOUT", Some(Form::Text));
        check("copy t (a, b) to stdout;", Some(Form::Text));
        check(
            "COPY (SELECT 1) TO STDOUT (FORMAT csv)",
            Some(Form::Csv { header: false }),
        );
        check(
            "COPY t TO STDOUT CSV HEADER",
            Some(Form::Csv { header: true }),
        );
        check(
            "COPY t TO STDOUT WITH (FORMAT CSV, HEADER)",
            Some(Form::Csv { header: true }),
        );
        check("COPY t TO STDOUT (FORMAT binary)", Some(Form::Binary));
        check("COPY t TO STDOUT WITH BINARY", Some(Form::Binary));
        check("COPY t TO STDOUT (DELIMITER '|')", None);
        check("COPY t TO STDOUT (NULL 'x')", None);
        check("COPY t TO STDOUT (DELIMITER '|') -- TO STDOUT", None);
        check("COPY t TO STDOUT (DELIMITER '|') /* TO STDOUT */", None);
        check("COPY t TO STDOUT (FORMAT csv, QUOTE '~')", None);
        check("COPY t TO STDOUT (FORMAT csv, FORCE_QUOTE *)", None);
        check("COPY t TO '/tmp/x'", None);
    }

    fn masking() -> Masking {
        let limits = model::Limits {
            searched_bytes_max: 1024,
            ..model::Limits::standard()
        };
        Masking::new(MaskKey(Secret::new(vec![7; 32])), &limits)
    }

    fn run(form: Form, width: usize, masked: usize, rows: &[&[u8]]) -> String {
        let obliged = ResultObligation {
            width: Some(width),
            masks: vec![Mask {
                position: masked,
                kind: MaskKind::Null,
                type_oid: 25,
                inside: None,
            }],
            ..ResultObligation::default()
        };
        let mut plan = CopyPlan::new(form, &obliged, |oid| oid).unwrap();
        let mut masking = masking();
        let mut text = String::new();
        for row in rows {
            let mut out = BytesMut::new();
            match plan.mask(&mut masking, row, &mut out) {
                Ok(()) => text += &String::from_utf8_lossy(&out[5..]),
                Err(error) => text += &error.to_string(),
            }
        }
        text
    }

    #[test]
    fn rows() {
        let csv = Form::Csv { header: false };
        let check = |form, rows: &[&[u8]], expect: &str| assert_eq!(run(form, 3, 1, rows), expect);
        check(
            Form::Text,
            &[b"1\tab\\tc\t\\N\n", b"2\t\\N\tx\n"],
            "1\t\\N\t\\N\n2\t\\N\tx\n",
        );
        check(
            Form::Text,
            &[b"1\t2\n"],
            "a result has 2 columns where 3 were judged",
        );
        check(Form::Text, &[b"1\t2\t3"], "message 'd' is malformed");
        check(
            Form::Text,
            &[b"1\t2\t3\n4\t5\t6\n"],
            "message 'd' is malformed",
        );
        check(csv, &[b"1,\"a,\"\"b\n\",\n"], "1,,\n");
        check(csv, &[b"1,\"a,2\n"], "message 'd' is malformed");
        check(csv, &[b"1,2,3\n4,5,6\n"], "message 'd' is malformed");
        check(
            Form::Csv { header: true },
            &[b"a,b,c\n", b"1,2,3\n"],
            "a,b,c\n1,,3\n",
        );
    }

    #[test]
    fn escapes_are_undone_before_masking_and_made_after_it() {
        let ends = |position| Mask {
            position,
            kind: MaskKind::Partial { first: 2, last: 1 },
            type_oid: 25,
            inside: None,
        };
        let obliged = ResultObligation {
            width: Some(4),
            masks: vec![ends(1), ends(3)],
            ..ResultObligation::default()
        };
        let mut plan = CopyPlan::new(Form::Text, &obliged, |oid| oid).unwrap();
        let mut masking = masking();
        let mut check = |row: &[u8], expect: &[u8]| {
            let mut out = BytesMut::new();
            plan.mask(&mut masking, row, &mut out).unwrap();
            assert_eq!(out[5..], *expect, "{row:?}");
        };
        check(b"1\ta\\\\xyz\\tb\t\t\\N\n", b"1\ta\\\\****b\t\t\\N\n");
        check(
            b"\\\\N\t\\n2345\\b\t\\\\\tabcdef\n",
            b"\\\\N\t\\n2***\\b\t\\\\\tab***f\n",
        );
        check(b"\t\t\t\n", b"\t\t\t\n");
    }

    #[test]
    fn binary_rows() {
        let header = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
        let row = b"\0\x02\0\0\0\x01a\0\0\0\x01b";
        let first = [header.as_slice(), row].concat();
        let end = b"\xff\xff";
        let got = run(Form::Binary, 2, 1, &[&first, row, end]);
        let null = "\0\u{2}\0\0\0\u{1}a\u{fffd}\u{fffd}\u{fffd}\u{fffd}";
        let expect = format!(
            "{}{null}{null}\u{fffd}\u{fffd}",
            String::from_utf8_lossy(header)
        );
        assert_eq!(got, expect);
        assert!(run(Form::Binary, 2, 1, &[row]).contains("malformed"));
    }

    #[test]
    fn text_escapes_round_trip() {
        let all: Vec<u8> = (1..=255).collect();
        let mut out = BytesMut::new();
        escape(&all, &mut out);
        assert!(!out.contains(&b'\t') && !out.contains(&b'\n'));
        let mut back = Vec::new();
        unescape(&out, &mut back);
        assert_eq!(back, all);
    }

    #[test]
    fn fields_are_searched_in_every_form() {
        let search = Search {
            whole: Classes::NONE,
            place: Classes::NONE.with(Class::Email),
        };
        let one = |position, type_oid| Searched {
            position,
            search,
            type_oid,
        };
        let obliged = ResultObligation {
            width: Some(4),
            // A text, a number, and something computed.
            searched: vec![one(1, 25), one(2, 20), one(3, 0)],
            ..ResultObligation::default()
        };
        let check = |form, row: &[u8], expect: &[u8], count: u64| {
            let mut plan = CopyPlan::new(form, &obliged, |oid| oid).unwrap();
            let (mut masking, mut out) = (masking(), BytesMut::new());
            plan.mask(&mut masking, row, &mut out).unwrap();
            assert_eq!(out[5..], *expect, "{row:?}");
            assert_eq!(masking.found.counts().map(|(_, n)| n).sum::<u64>(), count);
        };
        let csv = Form::Csv { header: false };
        check(
            Form::Text,
            b"a@b.org\ta@b.org\\\\\t1\tx\n",
            b"a@b.org\t***\\\\\t1\tx\n",
            1,
        );
        check(
            Form::Text,
            b"1\t\\N\ta@b.org\tto a@b.org\n",
            b"1\t\\N\ta@b.org\t\\N\n",
            1,
        );
        check(
            csv,
            b"1,\"x, a@b.org\",2,a@b.org\n",
            b"1,\"x, ***\",2,\n",
            2,
        );
        check(csv, b"1,plain,2,\"q\"\"\"\n", b"1,plain,2,\"q\"\"\"\n", 0);
        assert!(is_read(&obliged));
        let numbers = ResultObligation {
            searched: vec![one(2, 20)],
            ..obliged.clone()
        };
        assert!(!is_read(&numbers));
    }
}
