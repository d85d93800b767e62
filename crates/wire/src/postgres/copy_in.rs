//! COPY FROM STDIN into hidden columns: the client's data is read as it passes, and ended where a mask is in it.
//!
//! Keeps of the data no more than one field of a hidden column, and of that a bounded part.

use bytes::BytesMut;
use mask::Masking;
use model::decision::{Guarded, ResultObligation};
use model::{Delivered, MaskKind, ParameterFormat, Refusal};
use sql::CopyForm;

use super::broken::Broken;
use super::frame::put_cstr;
use super::refuse::{self, Severity, own};
use super::rows::RowError;
use super::session::Session;

/// `PGCOPY\n\377\r\n\0` and flags.
const SIGNATURE_BYTES: usize = 11 + 4;

/// The data of one COPY as it is read.
#[derive(Debug)]
pub(crate) struct CopyIn {
    reader: Reader,
    guarded: Vec<Guarded>,
    /// The client was told, or will be, that a mask was found; the server was told that the data ends in failure.
    pub(crate) refusal: Option<Refusal>,
}

impl CopyIn {
    /// `bytes_max` of each field are kept.
    pub(crate) fn new(form: CopyForm, guarded: Vec<Guarded>, bytes_max: usize) -> Self {
        Self {
            reader: Reader {
                form,
                place: Place::default(),
                position: 0,
                watches: guarded.iter().any(|one| one.position == 0),
                field: Field::default(),
                bytes_max,
                watched: guarded.iter().map(|one| one.position).collect(),
            },
            guarded,
            refusal: None,
        }
    }

    /// Reads on; `false` once a mask was found.
    pub(crate) fn read(&mut self, masking: &Masking, bytes: &[u8]) -> bool {
        let Self {
            reader,
            guarded,
            refusal,
        } = self;
        if refusal.is_none() {
            reader.read(bytes, &mut |position, field, format| {
                let mut guards = guarded.iter().filter(|one| one.position == position);
                let found = guards.find(|one| field.is_mask(masking, one, format));
                *refusal = refusal
                    .take()
                    .or_else(|| found.map(|one| one.refusal.clone()));
                refusal.is_some()
            });
        }
        refusal.is_none()
    }

    /// The data ends; `false` where its last field, or one before, is a mask.
    pub(crate) fn end(&mut self, masking: &Masking) -> bool {
        // A last line may lack its end.
        match self.reader.form {
            CopyForm::Binary => self.refusal.is_none(),
            CopyForm::Text { .. } | CopyForm::Csv { .. } => {
                self.reader.end_escape();
                self.read(masking, b"\n")
            }
        }
    }
}

impl Session {
    /// Makes ready to read the data of a COPY that begins, where the permit asks for it.
    pub(crate) fn guard_copy(
        &mut self,
        obliged: Option<&ResultObligation>,
        text: Option<&str>,
    ) -> Result<(), Broken> {
        let obliged = obliged.ok_or(Broken::Rows(RowError::Unjudged))?;
        self.copied = None;
        if obliged.guarded.is_empty() {
            return Ok(());
        }
        let form = text.and_then(sql::copy_form);
        let form = form.ok_or(Broken::Rows(RowError::Undescribed))?;
        let bytes_max = self.limits.searched_bytes_max;
        let copied = CopyIn::new(form, obliged.guarded.clone(), bytes_max);
        self.copied = Some(Box::new(copied));
        Ok(())
    }

    /// Passes data of the client's on, in messages of the gateway's own. What is behind a mask is dropped, and the server
    /// told to give the COPY up; so is what is behind an error of the server's, since nothing is to be copied any more.
    pub(crate) fn pass_copied(&mut self, part: &[u8]) {
        let Some(copied) = &mut self.copied else {
            return;
        };
        if copied.refusal.is_some() {
            return;
        }
        if copied.read(&self.masking, part) {
            own(&mut self.to_upstream, b'd', |b| b.extend_from_slice(part));
        } else {
            self.give_copy_up();
        }
    }

    /// The client ends its data: whether the server is to be told so by the client's own message.
    pub(crate) fn ends_copied(&mut self, failed: bool) -> bool {
        let Some(copied) = &mut self.copied else {
            return true;
        };
        if copied.refusal.is_some() {
            return false;
        }
        let passes = failed || copied.end(&self.masking);
        if !passes {
            self.give_copy_up();
        }
        passes
    }

    fn give_copy_up(&mut self) {
        own(&mut self.to_upstream, b'f', |b| put_cstr(b, GIVEN_UP));
    }

    /// The error that the client is told in the place of the server's, where the gateway ended the COPY.
    pub(crate) fn copy_refusal(&mut self) -> Option<BytesMut> {
        let refusal = self.copied.take()?.refusal?;
        let mut error = BytesMut::new();
        refuse::put_refusal(&mut error, Severity::Error, &refusal, None);
        Some(error)
    }
}

/// What the server is told, and logs.
const GIVEN_UP: &[u8] = b"refused by portcullis";

/// A field of a hidden column.
#[derive(Default)]
struct Field {
    bytes: Vec<u8>,
    /// There was more.
    is_cut: bool,
    /// How it begins as it is written in text, its end included: longer than what stands for NULL, it is not that.
    raw: Vec<u8>,
    /// Some of it was quoted in CSV: it is not NULL.
    is_quoted: bool,
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It may hold a hidden column's value.
        f.write_str("Field")
    }
}

impl Field {
    fn clear(&mut self) {
        self.bytes.clear();
        self.is_cut = false;
        self.raw.clear();
        self.is_quoted = false;
    }

    fn is_mask(&self, masking: &Masking, guarded: &Guarded, format: ParameterFormat) -> bool {
        let (oid, value) = (guarded.type_oid, self.bytes.as_slice());
        let kind = match guarded.kind {
            // Of a long one the end was not kept.
            MaskKind::Partial { first, .. } if self.is_cut => MaskKind::Partial { first, last: 0 },
            kind => kind,
        };
        mask::is_masked(kind, oid, value, format)
            || (!self.is_cut && masking.given().had(kind, oid, value, format))
    }
}

/// Takes what was found: position, field, format; true ends the reading.
type Found<'f> = dyn FnMut(usize, &Field, ParameterFormat) -> bool + 'f;

#[derive(Debug)]
struct Reader {
    form: CopyForm,
    place: Place,
    position: usize,
    /// That field is of a hidden column.
    watches: bool,
    field: Field,
    bytes_max: usize,
    watched: Vec<usize>,
}

/// Where the reader stands within a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Place {
    /// Text, CSV outside of quotes.
    #[default]
    Plain,
    /// Behind a backslash in text.
    Escaped,
    /// Up to two more octal digits, the number so far.
    Octal(u8, u8),
    /// Up to two hexadecimal digits, the number so far.
    Hex(u8, u8),
    /// CSV within quotes.
    Quoted,
    /// CSV within quotes, behind what may escape.
    QuotedEscape,
    /// CSV behind what may be the closing quote, or the first of two.
    QuotedEnd,
    /// So many bytes of binary form are still to come, of what.
    Binary(usize, Piece),
    /// Nothing more is data.
    Over,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Piece {
    Signature,
    ExtensionLength,
    Extension,
    Count,
    /// So many fields are still to come.
    Length(u16),
    Value(u16),
}

impl Reader {
    fn read(&mut self, bytes: &[u8], found: &mut Found<'_>) {
        match self.form {
            CopyForm::Text {
                delimiter,
                ref null,
            } => {
                let raw_max = null.len() + 2;
                self.read_text(bytes, (delimiter, raw_max), found);
            }
            CopyForm::Csv {
                delimiter,
                quote,
                escape,
                ..
            } => self.read_csv(bytes, [delimiter, quote, escape], found),
            CopyForm::Binary => self.read_binary(bytes, found),
        }
    }

    fn go_to(&mut self, position: usize) {
        self.position = position;
        self.watches = self.watched.contains(&position);
    }

    fn keep(&mut self, byte: u8) {
        if !self.watches {
            return;
        }
        if self.field.bytes.len() < self.bytes_max {
            self.field.bytes.push(byte);
        } else {
            self.field.is_cut = true;
        }
    }

    /// Ends a field of text or CSV; true when the reading ends.
    fn end_field(&mut self, ends_row: bool, found: &mut Found<'_>) -> bool {
        let stop = self.watches
            && !self.is_null()
            && found(self.position, &self.field, ParameterFormat::Text);
        self.field.clear();
        self.go_to(if ends_row { 0 } else { self.position + 1 });
        stop
    }

    /// Whether a field of text or CSV that has ended stands for NULL.
    fn is_null(&self) -> bool {
        match &self.form {
            CopyForm::Text { null, .. } => {
                let raw = self.field.raw.split_last().map(|(_, raw)| raw);
                raw == Some(null.as_bytes())
            }
            CopyForm::Csv { null, .. } => {
                !self.field.is_quoted && self.field.bytes == null.as_bytes()
            }
            CopyForm::Binary => false,
        }
    }

    fn read_text(
        &mut self,
        bytes: &[u8],
        (delimiter, raw_max): (u8, usize),
        found: &mut Found<'_>,
    ) {
        for &byte in bytes {
            if self.watches && self.field.raw.len() < raw_max {
                self.field.raw.push(byte);
            }
            self.place = match (self.place, byte) {
                (Place::Octal(left, so_far), b'0'..=b'7') if left > 0 => {
                    Place::Octal(left - 1, so_far.wrapping_mul(8).wrapping_add(byte - b'0'))
                }
                (Place::Hex(left, so_far), byte) if left > 0 && byte.is_ascii_hexdigit() => {
                    let digit = char::from(byte)
                        .to_digit(16)
                        .and_then(|d| u8::try_from(d).ok());
                    Place::Hex(
                        left - 1,
                        so_far.wrapping_mul(16).wrapping_add(digit.unwrap_or(0)),
                    )
                }
                (Place::Escaped, byte) => self.escaped(byte),
                (place, byte) => {
                    self.end_number(place);
                    match byte {
                        b'\\' => Place::Escaped,
                        byte if byte == delimiter || matches!(byte, b'\n' | b'\r') => {
                            if self.end_field(byte != delimiter, found) {
                                return;
                            }
                            Place::Plain
                        }
                        byte => {
                            self.keep(byte);
                            Place::Plain
                        }
                    }
                }
            };
        }
    }

    /// The server drops a backslash that the data ends with.
    fn end_escape(&mut self) {
        if self.place == Place::Escaped {
            self.place = Place::Plain;
        }
    }

    /// A byte behind a backslash.
    fn escaped(&mut self, byte: u8) -> Place {
        match byte {
            b'0'..=b'7' => return Place::Octal(2, byte - b'0'),
            b'x' => return Place::Hex(2, 0),
            b'b' => self.keep(8),
            b'f' => self.keep(12),
            b'n' => self.keep(b'\n'),
            b'r' => self.keep(b'\r'),
            b't' => self.keep(b'\t'),
            b'v' => self.keep(11),
            byte => self.keep(byte),
        }
        Place::Plain
    }

    fn end_number(&mut self, place: Place) {
        match place {
            // No digit followed: the letter itself.
            Place::Hex(2, _) => self.keep(b'x'),
            Place::Hex(_, byte) | Place::Octal(_, byte) => self.keep(byte),
            _ => {}
        }
    }

    fn read_csv(&mut self, bytes: &[u8], marks: [u8; 3], found: &mut Found<'_>) {
        let [delimiter, quote, escape] = marks;
        for &byte in bytes {
            let place = match self.place {
                Place::QuotedEnd if byte == quote => {
                    self.keep(byte);
                    self.place = Place::Quoted;
                    continue;
                }
                Place::QuotedEscape if byte == quote || byte == escape => {
                    self.keep(byte);
                    self.place = Place::Quoted;
                    continue;
                }
                Place::QuotedEscape => {
                    self.keep(escape);
                    Place::Quoted
                }
                Place::QuotedEnd => Place::Plain,
                place => place,
            };
            self.place = match place {
                Place::Quoted if byte == escape && escape != quote => Place::QuotedEscape,
                Place::Quoted if byte == quote && escape == quote => Place::QuotedEnd,
                Place::Quoted if byte == quote => Place::Plain,
                Place::Quoted => {
                    self.keep(byte);
                    Place::Quoted
                }
                _ if byte == quote => {
                    self.field.is_quoted = true;
                    Place::Quoted
                }
                _ if byte == delimiter || matches!(byte, b'\n' | b'\r') => {
                    if self.end_field(byte != delimiter, found) {
                        return;
                    }
                    Place::Plain
                }
                _ => {
                    self.keep(byte);
                    Place::Plain
                }
            };
        }
    }

    fn read_binary(&mut self, mut bytes: &[u8], found: &mut Found<'_>) {
        loop {
            if self.place == Place::Plain {
                self.place = Place::Binary(SIGNATURE_BYTES, Piece::Signature);
            }
            let Place::Binary(left, piece) = self.place else {
                return;
            };
            let now = left.min(bytes.len());
            let (head, rest) = bytes.split_at(now);
            bytes = rest;
            self.keep_binary(piece, head);
            self.place = Place::Binary(left - now, piece);
            if now < left {
                return;
            }
            if let Piece::Value(_) = piece
                && self.watches
                && found(self.position, &self.field, ParameterFormat::Binary)
            {
                return;
            }
            self.place = self.after(piece);
            self.field.clear();
        }
    }

    fn keep_binary(&mut self, piece: Piece, bytes: &[u8]) {
        let room = match piece {
            Piece::Signature | Piece::Extension => 0,
            Piece::ExtensionLength | Piece::Count | Piece::Length(_) => 4,
            Piece::Value(_) if self.watches => self.bytes_max,
            Piece::Value(_) => 0,
        };
        let fits = room.saturating_sub(self.field.bytes.len()).min(bytes.len());
        self.field.is_cut |= fits < bytes.len();
        let kept = bytes.get(..fits).unwrap_or_default();
        self.field.bytes.extend_from_slice(kept);
    }

    /// What comes behind a piece that is read whole.
    fn after(&mut self, piece: Piece) -> Place {
        let kept = self.field.bytes.as_slice();
        let number = <[u8; 4]>::try_from(kept).map_or(0, i32::from_be_bytes);
        let length = usize::try_from(number).unwrap_or(0);
        let next_field = |left: u16| match left {
            0 => Place::Binary(2, Piece::Count),
            left => Place::Binary(4, Piece::Length(left)),
        };
        match piece {
            Piece::Signature => Place::Binary(4, Piece::ExtensionLength),
            Piece::ExtensionLength => Place::Binary(length, Piece::Extension),
            Piece::Extension => Place::Binary(2, Piece::Count),
            Piece::Count => {
                let count = <[u8; 2]>::try_from(kept).map_or(-1, i16::from_be_bytes);
                self.go_to(0);
                match count {
                    count @ 0.. => next_field(count.cast_unsigned()),
                    _ => Place::Over,
                }
            }
            // NULL has no value; the server rejects any other length below 0.
            Piece::Length(left) if number < 0 => {
                self.go_to(self.position + 1);
                next_field(left - 1)
            }
            Piece::Length(left) => Place::Binary(length, Piece::Value(left)),
            Piece::Value(left) => {
                self.go_to(self.position + 1);
                next_field(left - 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use mask::MaskKey;
    use model::{Limits, RefusalKind, Secret};
    use proptest::prelude::*;

    use super::*;

    const BYTES_MAX: usize = 16;

    fn guard(position: usize, kind: MaskKind) -> Guarded {
        Guarded {
            position,
            kind,
            type_oid: 25,
            refusal: Refusal::new(RefusalKind::Denied, "a mask"),
        }
    }

    /// Whether data passes, cut into pieces.
    fn passes(form: &CopyForm, kind: MaskKind, data: &[u8], piece: usize) -> bool {
        let masking = Masking::new(MaskKey(Secret::new(vec![7; 32])), &Limits::standard());
        let mut copied = CopyIn::new(form.clone(), vec![guard(1, kind)], BYTES_MAX);
        for part in data.chunks(piece) {
            copied.read(&masking, part);
            assert!(copied.reader.field.bytes.len() <= BYTES_MAX);
        }
        copied.end(&masking)
    }

    fn text() -> CopyForm {
        let null = "\\N".to_owned();
        CopyForm::Text {
            delimiter: b'\t',
            null,
        }
    }

    fn csv(quote: u8, escape: u8) -> CopyForm {
        CopyForm::Csv {
            delimiter: b',',
            quote,
            escape,
            null: String::new(),
        }
    }

    #[test]
    fn masks_are_found_wherever_data_is_cut() {
        let check = |form: &CopyForm, data: &str, expect: bool| {
            for piece in 1..=data.len() {
                let passed = passes(form, MaskKind::Email, data.as_bytes(), piece);
                assert_eq!(passed, expect, "{data:?} by {piece}");
            }
        };
        check(&text(), "1\ta***@b.org\n", false);
        check(&text(), "1\ta***@b.org", false);
        check(&text(), "1\ta@b.org\n2\ta***@b.org\t3\r\n", false);
        check(&text(), "1\t\\x61*\\52\\x2A@b.org\n", false);
        check(&text(), "1\t\\a***@b.org\n", false);
        check(&text(), "a***@b.org\tb\ta***@b.org\n\\N\t\\N\n", true);
        check(&text(), "1\t\\\ta***@b.org\n", true);
        check(&text(), "\n\n1\n", true);
        let plain = csv(b'"', b'"');
        check(&plain, "1,a***@b.org\n", false);
        check(&plain, "\"1\n,x\",\"a***@b.org\",2", false);
        check(&plain, "1,\"a\"***@b.org\n", false);
        check(&plain, "1,\"a\"\"***@b.org\"\n2,\n3,\"\"\n", true);
        check(&plain, "a***@b.org,b,a***@b.org\n", true);
        let other = csv(b'~', b'^');
        check(&other, "1,~a^~^^^x~,2\n3,~a***@b.org~", false);
        check(&other, "1,~a^~,a***@b.org~,a***@b.org\n", true);
    }

    #[test]
    fn of_a_long_field_the_beginning_decides() {
        let kind = MaskKind::Partial { first: 1, last: 4 };
        let stars = format!("1\ta{}6789\n", "*".repeat(40));
        assert!(!passes(&text(), kind, stars.as_bytes(), 7));
        let long = format!("1\ta{}\n", "b*".repeat(40));
        assert!(passes(&text(), kind, long.as_bytes(), 7));
    }

    proptest! {
        #[test]
        fn any_data_is_read(
            data in proptest::collection::vec(any::<u8>(), 0..200),
            piece in 1_usize..50,
        ) {
            for form in [text(), csv(b'"', b'"'), csv(b'~', b'^'), CopyForm::Binary] {
                let whole = passes(&form, MaskKind::Redact, &data, 200);
                prop_assert_eq!(passes(&form, MaskKind::Redact, &data, piece), whole);
            }
            let signed = [b"PGCOPY\n\xff\r\n\0\0\0\0\0".as_slice(), &data].concat();
            passes(&CopyForm::Binary, MaskKind::Redact, &signed, piece);
        }
    }
}
