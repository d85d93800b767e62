//! XML whose shape is known: its masked texts are masked, and all else stays as it is.
//!
//! Believes nothing of what it reads: whatever is not exactly of the shape that was judged, and whatever PostgreSQL does
//! not itself write around values (comments, CDATA, instructions, declarations), is given up whole.

use bytes::BytesMut;
use model::{MaskKind, ParameterFormat, Search, XmlElement, XmlMask};

use crate::masking::Masking;
use crate::search::search_value;
use crate::value::mask_value;

/// Levels that are followed.
const DEPTH_MAX: usize = 512;

/// What stands for a text that never shows.
const PLACEHOLDER: &[u8] = b"***";

const TEXT: u32 = 25;
const VARCHAR: u32 = 1043;
const XML: u32 = 142;

/// Masks one XML value of a type (`xml`, or text that holds one; both formats have the same bytes) by its shape: appends
/// the masked bytes and says whether the result is a value. What is not of that shape is redacted whole, or NULL where a
/// part of it would be: which of both forms it had must not show.
pub fn mask_xml(
    masking: &mut Masking,
    mask: &XmlMask,
    type_oid: u32,
    format: ParameterFormat,
    value: &[u8],
    out: &mut BytesMut,
) -> bool {
    let start = out.len();
    let mut reader = Reader {
        masking,
        rest: value,
        out,
    };
    let is_xml = matches!(type_oid, XML | TEXT | VARCHAR);
    let read = is_xml.then(|| reader.content(mask, 0)).flatten();
    match read.filter(|_| reader.rest.is_empty()) {
        Some(held) => held == Held::Something,
        None => {
            out.truncate(start);
            let kind = match nulls(mask) {
                true => MaskKind::Null,
                false => MaskKind::Redact,
            };
            mask_value(&masking.key, kind, type_oid, format, value, out)
        }
    }
}

/// Whether anything is masked as NULL.
fn nulls(mask: &XmlMask) -> bool {
    match mask {
        XmlMask::Keep | XmlMask::Search(_) => false,
        XmlMask::Value { kind, .. } | XmlMask::Hidden(kind) => *kind == MaskKind::Null,
        XmlMask::Nodes { elements, .. } => elements.iter().any(|element| {
            let attributes = element.attributes.iter();
            attributes.clone().any(|(_, mask)| nulls(mask)) || nulls(&element.content)
        }),
    }
}

/// What was written of an element's content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Held {
    /// As if there were no value.
    Nothing,
    /// A value, be it of no letters.
    Something,
}

impl Held {
    fn of(something: bool) -> Self {
        match something {
            true => Self::Something,
            false => Self::Nothing,
        }
    }
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

    fn take(&mut self, mark: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(mark)?;
        Some(())
    }

    /// A name of an element or attribute: all up to what PostgreSQL writes behind one.
    fn name(&mut self) -> Option<&'a [u8]> {
        let ends = |byte: &u8| matches!(byte, b' ' | b'/' | b'>' | b'=' | b'<' | b'"' | b'\'');
        let name = self.skip(self.rest.iter().position(ends)?)?;
        let begins = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_' || *byte >= 0x80;
        name.first().is_some_and(begins).then_some(name)
    }

    /// The text up to the next mark, which may be of no letters.
    fn text(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr(b'<', self.rest).unwrap_or(self.rest.len());
        self.skip(end)
    }

    /// All that an element holds, up to its end.
    fn content(&mut self, mask: &XmlMask, depth: usize) -> Option<Held> {
        match mask {
            XmlMask::Keep => {
                self.any(depth)?;
                Some(Held::Something)
            }
            XmlMask::Search(_) | XmlMask::Value { .. } => {
                let raw = self.text()?;
                let held = self.put(mask, raw, false)?;
                self.is_end().then_some(held)
            }
            XmlMask::Hidden(_) => {
                let start = self.out.len();
                self.any(depth)?;
                self.out.truncate(start);
                self.put(mask, b"", false)
            }
            XmlMask::Nodes { elements, text } => {
                let start = self.out.len();
                self.nodes(elements, *text, depth)?;
                Some(Held::of(self.out.len() > start))
            }
        }
    }

    fn is_end(&self) -> bool {
        self.rest.is_empty() || self.rest.starts_with(b"</")
    }

    fn nodes(
        &mut self,
        elements: &[XmlElement<XmlMask, XmlMask>],
        text: Option<Search>,
        depth: usize,
    ) -> Option<()> {
        while !self.is_end() {
            if self.take(b"<").is_some() {
                let name = self.name()?;
                let known = elements.iter().find(|one| one.name.as_bytes() == name)?;
                self.element(known, depth)?;
                continue;
            }
            let raw = self.text()?;
            self.put(&XmlMask::Search(text?), raw, false)?;
        }
        Some(())
    }

    /// One element, behind its name.
    fn element(&mut self, mask: &XmlElement<XmlMask, XmlMask>, depth: usize) -> Option<()> {
        (depth < DEPTH_MAX).then_some(())?;
        let start = self.out.len();
        self.out.extend_from_slice(b"<");
        self.out.extend_from_slice(mask.name.as_bytes());
        self.attributes(&mask.attributes)?;
        let head = self.out.len();
        self.out.extend_from_slice(b">");
        let held = match self.take(b"/>") {
            Some(()) if matches!(mask.content, XmlMask::Hidden(_)) => {
                self.put(&mask.content, b"", false)?
            }
            Some(()) => Held::Nothing,
            None => {
                self.take(b">")?;
                let held = self.content(&mask.content, depth + 1)?;
                self.take(b"</")?;
                self.take(mask.name.as_bytes())?;
                self.take(b">")?;
                held
            }
        };
        let hides = !matches!(mask.content, XmlMask::Keep | XmlMask::Search(_));
        match held {
            Held::Something => {
                self.out.extend_from_slice(b"</");
                self.out.extend_from_slice(mask.name.as_bytes());
                self.out.extend_from_slice(b">");
            }
            // As PostgreSQL does with NULL, which a value whose mask is NULL must not be told from.
            Held::Nothing if mask.optional && hides => self.out.truncate(start),
            Held::Nothing => {
                self.out.truncate(head);
                self.out.extend_from_slice(b"/>");
            }
        }
        Some(())
    }

    /// The attributes that are expected, each at most once.
    fn attributes(&mut self, expected: &[(String, XmlMask)]) -> Option<()> {
        let mut seen = vec![false; expected.len()];
        while self.take(b" ").is_some() {
            let name = self.name()?;
            let at = expected
                .iter()
                .position(|(known, _)| known.as_bytes() == name)?;
            let seen = seen.get_mut(at)?;
            (!std::mem::replace(seen, true)).then_some(())?;
            let raw = self.attribute_value()?;
            let start = self.out.len();
            self.out.extend_from_slice(b" ");
            self.out.extend_from_slice(name);
            self.out.extend_from_slice(b"=\"");
            match self.put(&expected.get(at)?.1, raw, true)? {
                Held::Something => self.out.extend_from_slice(b"\""),
                Held::Nothing => self.out.truncate(start),
            }
        }
        Some(())
    }

    /// `="…"`, and what stands between the quotes.
    fn attribute_value(&mut self) -> Option<&'a [u8]> {
        self.take(b"=\"")?;
        let end = memchr::memchr2(b'"', b'<', self.rest)?;
        let raw = self.skip(end)?;
        self.take(b"\"")?;
        Some(raw)
    }

    /// Copies whatever elements and texts there are.
    fn any(&mut self, depth: usize) -> Option<()> {
        (depth < DEPTH_MAX).then_some(())?;
        while !self.is_end() {
            let from = self.rest;
            if self.take(b"<").is_none() {
                let raw = self.text()?;
                self.out.extend_from_slice(raw);
                continue;
            }
            let name = self.name()?;
            while self.take(b" ").is_some() {
                self.name()?;
                self.attribute_value()?;
            }
            let is_closed = self.take(b"/>").is_some();
            if !is_closed {
                self.take(b">")?;
            }
            let read = from.len().checked_sub(self.rest.len())?;
            self.out.extend_from_slice(from.get(..read)?);
            if !is_closed {
                self.any(depth + 1)?;
                self.take(b"</")?;
                self.take(name)?;
                self.take(b">")?;
                self.out.extend_from_slice(b"</");
                self.out.extend_from_slice(name);
                self.out.extend_from_slice(b">");
            }
        }
        Some(())
    }

    /// Writes one text as it is let through.
    fn put(&mut self, mask: &XmlMask, raw: &[u8], is_attribute: bool) -> Option<Held> {
        match mask {
            XmlMask::Keep => {
                self.out.extend_from_slice(raw);
                Some(Held::Something)
            }
            XmlMask::Search(search) if search.is_empty() => {
                self.out.extend_from_slice(raw);
                Some(Held::Something)
            }
            XmlMask::Search(search) => {
                let (said, format) = (unescape(raw)?, ParameterFormat::Text);
                let mut shown = BytesMut::new();
                let text = said.as_bytes();
                let is_value = search_value(self.masking, *search, TEXT, format, text, &mut shown);
                match shown == text {
                    true => self.out.extend_from_slice(raw),
                    false => escape(&shown, is_attribute, self.out),
                }
                Some(Held::of(is_value))
            }
            XmlMask::Value { kind, type_oid } => {
                let said = unescape(raw)?;
                let masked = self.masking.mask_written(*kind, *type_oid, &said);
                escape(
                    masked.as_deref().unwrap_or_default().as_bytes(),
                    is_attribute,
                    self.out,
                );
                Some(Held::of(masked.is_some()))
            }
            XmlMask::Hidden(MaskKind::Redact) => {
                self.out.extend_from_slice(PLACEHOLDER);
                Some(Held::Something)
            }
            XmlMask::Hidden(_) => Some(Held::Nothing),
            // Of elements there are none in a text.
            XmlMask::Nodes { .. } => None,
        }
    }
}

/// What a text says: exactly what PostgreSQL and libxml2 write, and nothing looser.
fn unescape(raw: &[u8]) -> Option<String> {
    let mut rest = std::str::from_utf8(raw).ok()?;
    let mut said = String::with_capacity(rest.len());
    while let Some((plain, after)) = rest.split_once('&') {
        let (name, behind) = after.split_once(';')?;
        said.push_str(plain);
        said.push(referred(name)?);
        rest = behind;
    }
    said.push_str(rest);
    Some(said)
}

/// The character that a reference means: by number, or by one of the five names that XML knows.
pub(crate) fn referred(name: &str) -> Option<char> {
    let code = match name.strip_prefix('#') {
        None => {
            return match name {
                "amp" => Some('&'),
                "lt" => Some('<'),
                "gt" => Some('>'),
                "quot" => Some('"'),
                "apos" => Some('\''),
                _ => None,
            };
        }
        Some(code) => code,
    };
    let code = match code.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => code.parse().ok()?,
    };
    char::from_u32(code)
}

/// Appends a text as it stands between marks, or between the quotes of an attribute.
fn escape(text: &[u8], is_attribute: bool, out: &mut BytesMut) {
    for byte in text {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'\r' => out.extend_from_slice(b"&#13;"),
            b'"' if is_attribute => out.extend_from_slice(b"&quot;"),
            b'\n' if is_attribute => out.extend_from_slice(b"&#10;"),
            b'\t' if is_attribute => out.extend_from_slice(b"&#9;"),
            byte => out.extend_from_slice(&[*byte]),
        }
    }
}
