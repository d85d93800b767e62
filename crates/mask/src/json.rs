//! JSON whose shape is known: its masked members are masked, and all else stays byte by byte.
//!
//! Believes nothing of what it reads: whatever is not exactly of the shape that was judged is given up whole.

use bytes::BytesMut;
use model::{JsonMask, MaskKind, ParameterFormat, Search};

use crate::masking::Masking;
use crate::search::search_json;
use crate::value::mask_value;

/// Levels that are followed; PostgreSQL itself gives up somewhere beyond.
const DEPTH_MAX: usize = 512;
/// `jsonb_send` puts its version before the text.
const JSONB_VERSION: u8 = 1;

const JSON: u32 = 114;
const JSONB: u32 = 3802;

/// Masks one JSON value of a type (`json`, `jsonb` or text that holds one) by its shape: appends the masked bytes and
/// says whether the result is a value. What is not of that shape is redacted whole.
pub fn mask_json(
    masking: &mut Masking,
    mask: &JsonMask,
    type_oid: u32,
    format: ParameterFormat,
    value: &[u8],
    out: &mut BytesMut,
) -> bool {
    let start = out.len();
    let binary = type_oid == JSONB && format == ParameterFormat::Binary;
    let text = match value.split_first() {
        Some((&JSONB_VERSION, text)) if binary => {
            out.extend_from_slice(&[JSONB_VERSION]);
            Some(text)
        }
        _ if binary => None,
        _ => Some(value),
    };
    let is_json = matches!(type_oid, JSON | JSONB | 25 | 1043);
    let written = text.filter(|_| is_json).and_then(|text| {
        let mut reader = Reader {
            masking,
            rest: text,
            out,
        };
        reader.value(mask, 0)?;
        reader.blanks();
        reader.rest.is_empty().then_some(())
    });
    if written.is_some() {
        // What `to_json` makes of NULL is NULL, and a value whose mask is NULL must not be told from it.
        let is_value = matches!(mask, JsonMask::Value { .. });
        let shown = out.get(start..).unwrap_or_default();
        let shown = shown.strip_prefix(&[JSONB_VERSION]).unwrap_or(shown);
        if !(is_value && shown.trim_ascii() == b"null") {
            return true;
        }
        out.truncate(start);
        return false;
    }
    out.truncate(start);
    let kind = MaskKind::Redact;
    mask_value(&masking.key, kind, type_oid, format, value, out)
}

struct Reader<'a, 'o> {
    masking: &'o mut Masking,
    rest: &'a [u8],
    out: &'o mut BytesMut,
}

impl<'a> Reader<'a, '_> {
    /// Takes so many bytes without copying them.
    fn skip(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(head)
    }

    fn copy(&mut self, count: usize) -> Option<()> {
        let head = self.skip(count)?;
        self.out.extend_from_slice(head);
        Some(())
    }

    fn blanks(&mut self) {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let count = self.rest.iter().take_while(|byte| blank(byte)).count();
        // As many as there are.
        let _copied = self.copy(count);
    }

    /// Copies one punctuation mark and the blanks before it.
    fn mark(&mut self, mark: u8) -> Option<()> {
        self.blanks();
        (self.rest.first() == Some(&mark)).then_some(())?;
        self.copy(1)
    }

    fn is_next(&mut self, mark: u8) -> bool {
        self.blanks();
        self.rest.first() == Some(&mark)
    }

    fn value(&mut self, mask: &JsonMask, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        self.blanks();
        // A row of an outer join, say: there is nothing in it.
        if !matches!(mask, JsonMask::Value { .. }) && self.rest.starts_with(b"null") {
            return self.copy(4);
        }
        match mask {
            JsonMask::Keep => self.any(depth),
            JsonMask::Search(search) => self.searched(*search, depth),
            JsonMask::Value { kind, type_oid } => self.masked(*kind, *type_oid),
            JsonMask::Object(members) => self.object(members, depth),
            JsonMask::Tuple(elements) => {
                let mut elements = elements.iter();
                self.list(|reader| reader.value(elements.next()?, depth + 1))?;
                elements.next().is_none().then_some(())
            }
            JsonMask::Array(element) => self.list(|reader| reader.value(element, depth + 1)),
            JsonMask::Map(member) => self.members(|reader, _| reader.value(member, depth + 1)),
        }
    }

    /// Every member that is expected, once, and no other.
    fn object(&mut self, expected: &[(String, JsonMask)], depth: usize) -> Option<()> {
        let mut seen = vec![false; expected.len()];
        self.members(|reader, name| {
            let at = expected.iter().position(|(known, _)| *known == name)?;
            let seen = seen.get_mut(at)?;
            (!std::mem::replace(seen, true)).then_some(())?;
            reader.value(&expected.get(at)?.1, depth + 1)
        })?;
        seen.into_iter().all(|seen| seen).then_some(())
    }

    fn members(&mut self, mut member: impl FnMut(&mut Self, String) -> Option<()>) -> Option<()> {
        self.mark(b'{')?;
        if self.is_next(b'}') {
            return self.copy(1);
        }
        loop {
            self.blanks();
            let raw = string(self.rest)?;
            self.copy(raw.len())?;
            let name = unescape(raw)?;
            self.mark(b':')?;
            member(self, name)?;
            if self.is_next(b'}') {
                return self.copy(1);
            }
            self.mark(b',')?;
        }
    }

    fn list(&mut self, mut element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.mark(b'[')?;
        if self.is_next(b']') {
            return self.copy(1);
        }
        loop {
            element(self)?;
            if self.is_next(b']') {
                return self.copy(1);
            }
            self.mark(b',')?;
        }
    }

    /// Any value, as it is.
    fn any(&mut self, depth: usize) -> Option<()> {
        match self.rest.first()? {
            b'{' => self.members(|reader, _| reader.value(&JsonMask::Keep, depth + 1)),
            b'[' => self.list(|reader| reader.value(&JsonMask::Keep, depth + 1)),
            _ => self.copy(scalar(self.rest)?.len()),
        }
    }

    /// Any value, as far as nothing is found in it.
    fn searched(&mut self, search: Search, depth: usize) -> Option<()> {
        let start = self.out.len();
        self.any(depth)?;
        let raw = self.out.split_off(start);
        search_json(self.masking, search, &raw, self.out).then_some(())
    }

    /// One value in place of which its mask is written.
    fn masked(&mut self, kind: MaskKind, type_oid: u32) -> Option<()> {
        let form = Form::of(type_oid);
        if matches!(form, Form::Inside | Form::Other) {
            // What it is, and whether it is null, is the value itself.
            let start = self.out.len();
            self.any(0)?;
            self.out.truncate(start);
            let text: &[u8] = match form == Form::Inside && kind == MaskKind::Redact {
                true => b"\"***\"",
                false => b"null",
            };
            self.out.extend_from_slice(text);
            return Some(());
        }
        let raw = scalar(self.rest)?;
        self.skip(raw.len())?;
        let text = match raw.first()? {
            b'"' => unescape(raw)?,
            b'n' => {
                self.out.extend_from_slice(raw);
                return Some(());
            }
            // true and false are made of no type that has a mask.
            b't' | b'f' => return None,
            _ if form == Form::Number => String::from_utf8(raw.to_vec()).ok()?,
            _ => return None,
        };
        let Some(masked) = self.masking.mask_written(kind, type_oid, &text) else {
            self.out.extend_from_slice(b"null");
            return Some(());
        };
        let masked = masked.as_bytes();
        let is_number = || number(masked).is_some_and(|found| found.len() == masked.len());
        match form == Form::Number && is_number() {
            true => self.out.extend_from_slice(masked),
            false => escape(masked, self.out),
        }
        Some(())
    }
}

/// How `to_json` writes values of a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// A string, of the value's text.
    String,
    /// A number, or a string where JSON has none (`NaN`).
    Number,
    /// JSON itself, as it is.
    Inside,
    /// Anything; its mask is NULL.
    Other,
}

impl Form {
    fn of(type_oid: u32) -> Self {
        match type_oid {
            25 | 705 | 1043 | 1042 | 19 | 18 | 142 | 1082 | 1114 | 1184 | 2950 => Self::String,
            21 | 23 | 20 | 700 | 701 | 1700 => Self::Number,
            JSON | JSONB => Self::Inside,
            _ => Self::Other,
        }
    }
}

/// The scalar at the front, quotes and all.
pub(crate) fn scalar(text: &[u8]) -> Option<&[u8]> {
    match text.first()? {
        b'"' => string(text),
        b't' => text.strip_prefix(b"true").map(|_| &text[..4]),
        b'f' => text.strip_prefix(b"false").map(|_| &text[..5]),
        b'n' => text.strip_prefix(b"null").map(|_| &text[..4]),
        _ => number(text),
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The number at the front, as RFC 8259 section 6 has it.
fn number(text: &[u8]) -> Option<&[u8]> {
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = digits(text.get(at..)?);
    let leading_zero = text.get(at) == Some(&b'0');
    if whole == 0 || (leading_zero && whole > 1) {
        return None;
    }
    at += whole;
    if text.get(at) == Some(&b'.') {
        let fraction = digits(text.get(at + 1..)?);
        (fraction > 0).then_some(())?;
        at += 1 + fraction;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(text.get(at + 1 + sign..)?);
        (exponent > 0).then_some(())?;
        at += 1 + sign + exponent;
    }
    text.get(..at)
}

/// The string at the front, quotes and all.
pub(crate) fn string(text: &[u8]) -> Option<&[u8]> {
    (text.first() == Some(&b'"')).then_some(())?;
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return text.get(..=at),
            b'\\' => at += 2,
            byte if *byte < 0x20 => return None,
            _ => at += 1,
        }
    }
}

/// What a string with its quotes says.
pub(crate) fn unescape(raw: &[u8]) -> Option<String> {
    let inside = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut rest = std::str::from_utf8(inside).ok()?;
    let mut said = String::with_capacity(rest.len());
    while let Some((plain, after)) = rest.split_once('\\') {
        said.push_str(plain);
        let mut chars = after.chars();
        match chars.next()? {
            'n' => said.push('\n'),
            't' => said.push('\t'),
            'r' => said.push('\r'),
            'b' => said.push('\u{8}'),
            'f' => said.push('\u{c}'),
            c @ ('"' | '\\' | '/') => said.push(c),
            'u' => {
                let unit = hex(chars.as_str())?;
                chars = chars.as_str().get(4..)?.chars();
                let code = match unit {
                    0xd800..=0xdbff => {
                        let low = chars.as_str().strip_prefix("\\u")?;
                        let second = hex(low).filter(|low| (0xdc00..=0xdfff).contains(low))?;
                        chars = low.get(4..)?.chars();
                        0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00)
                    }
                    unit => unit,
                };
                said.push(char::from_u32(code)?);
            }
            _ => return None,
        }
        rest = chars.as_str();
    }
    said.push_str(rest);
    Some(said)
}

/// What the inside of a string says to a reader that takes it for what it can: half a character is the replacement
/// character, and what is no escape stays.
pub(crate) fn unescape_loosely(inside: &[u8]) -> Vec<u8> {
    let mut said = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        said.extend_from_slice(plain);
        let (letter, length) = match escape.get(1) {
            Some(b'n') => ('\n', 2),
            Some(b't') => ('\t', 2),
            Some(b'r') => ('\r', 2),
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(&byte @ (b'"' | b'\\' | b'/')) => (char::from(byte), 2),
            Some(b'u') => spelled(escape).unwrap_or(('\\', 1)),
            Some(_) | None => ('\\', 1),
        };
        said.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        rest = escape.get(length..).unwrap_or_default();
    }
    said.extend_from_slice(rest);
    said
}

/// The character that stands as `\uXXXX`, or two of these, at the front, and how long that is.
fn spelled(escape: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = escape.get(at..)?.strip_prefix(b"\\u")?.get(..4)?;
        hex(std::str::from_utf8(digits).ok()?)
    };
    let first = unit(0)?;
    if let Some(letter) = char::from_u32(first) {
        return Some((letter, 6));
    }
    let pair = [first, unit(6).unwrap_or_default()].map(|unit| u16::try_from(unit).ok());
    let whole = char::decode_utf16(pair.into_iter().flatten()).next();
    Some(match whole {
        Some(Ok(letter)) => (letter, 12),
        Some(Err(_)) | None => (char::REPLACEMENT_CHARACTER, 6),
    })
}

/// Four hexadecimal digits at the front.
fn hex(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all.then(|| u32::from_str_radix(digits, 16).ok())?
}

/// Appends a text as a JSON string.
pub(crate) fn escape(text: &[u8], out: &mut BytesMut) {
    out.extend_from_slice(b"\"");
    for byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            control @ ..0x20 => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
            byte => out.extend_from_slice(&[*byte]),
        }
    }
    out.extend_from_slice(b"\"");
}
