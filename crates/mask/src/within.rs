//! What a value holds, followed by the way that a statement takes it: JSON, arrays, rows, in text and binary.
//!
//! Believes nothing of what it reads, and never fails: what is not of the form that was expected is looked through as
//! a whole. Keeps no value.

use std::borrow::Cow;

use model::{ParameterFormat, Part};

use crate::json;

/// Containers within containers that are looked through; what lies deeper is looked at as text.
const DEPTH_MAX: usize = 8;
/// Dimensions of an array.
const DIMENSIONS_MAX: usize = 6;
/// `jsonb_send` puts its version before the text.
const JSONB_VERSION: u8 = 1;
const TEXT: u32 = 25;

/// A value that was met.
#[derive(Clone, Copy, Debug)]
pub struct Met<'v> {
    /// Its bytes.
    pub value: &'v [u8],
    /// Their format.
    pub format: ParameterFormat,
    /// As which type it was declared; 0 where nothing is known.
    pub type_oid: u32,
    /// It is what the column takes, or what that is computed from, and not just something found within.
    pub is_sure: bool,
}

/// Whether `wanted` is true of any value that is taken out of one by these steps.
pub fn any_within(
    whole: Met<'_>,
    parts: &[Part],
    wanted: &mut dyn FnMut(&Met<'_>) -> bool,
) -> bool {
    let item = Item {
        bytes: Cow::Borrowed(whole.value),
        format: whole.format,
        type_oid: whole.type_oid,
        is_json: false,
        is_padded: false,
    };
    item.any(parts, wanted)
}

/// Whether `wanted` is true of any text within a value, however it is held. The value itself is not asked about.
pub(crate) fn any_text(
    value: &[u8],
    format: ParameterFormat,
    wanted: &mut dyn FnMut(&Met<'_>) -> bool,
) -> bool {
    let item = Item {
        bytes: Cow::Borrowed(value),
        format,
        type_oid: 0,
        is_json: false,
        is_padded: false,
    };
    item.anywhere(0, wanted)
}

/// Whether a JSON document has a string of which `wanted` is true; names of members are none.
pub(crate) fn any_string(document: &[u8], wanted: &mut dyn FnMut(&str) -> bool) -> bool {
    let mut rest = document;
    while let Some(at) = memchr::memchr(b'"', rest) {
        rest = rest.get(at..).unwrap_or_default();
        let Some(raw) = json::string(rest) else {
            return false;
        };
        rest = rest.get(raw.len()..).unwrap_or_default();
        let names = rest.trim_ascii_start().first() == Some(&b':');
        if !names && json::unescape(raw).is_some_and(|said| wanted(&said)) {
            return true;
        }
    }
    false
}

#[derive(Clone, Debug)]
struct Item<'v> {
    bytes: Cow<'v, [u8]>,
    format: ParameterFormat,
    type_oid: u32,
    /// Taken out of JSON, as it stands there.
    is_json: bool,
    /// A piece of a list, which whoever writes one puts blanks around.
    is_padded: bool,
}

impl<'v> Item<'v> {
    fn text(bytes: Cow<'v, [u8]>) -> Self {
        Self {
            bytes,
            format: ParameterFormat::Text,
            type_oid: 0,
            is_json: false,
            is_padded: false,
        }
    }

    fn any(&self, parts: &[Part], wanted: &mut dyn FnMut(&Met<'_>) -> bool) -> bool {
        let Some((part, rest)) = parts.split_first() else {
            return self.is_met(true, wanted);
        };
        let said = self.said();
        let this = said.as_ref().unwrap_or(self);
        match this.take(part) {
            Some(taken) => taken.iter().any(|item| item.any(rest, wanted)),
            None => {
                // What a computation makes is not known, nor what would be taken out of that.
                let is_sure = *part == Part::Computed;
                self.is_met(is_sure, wanted) || self.anywhere(0, wanted)
            }
        }
    }

    /// What a string says that was taken out of JSON: the next step is into that, not into how it stands there.
    fn said(&self) -> Option<Item<'static>> {
        let said = self
            .is_json
            .then(|| json::unescape(&self.bytes))
            .flatten()?;
        Some(Item::text(Cow::Owned(said.into_bytes())))
    }

    fn is_met(&self, is_sure: bool, wanted: &mut dyn FnMut(&Met<'_>) -> bool) -> bool {
        let said = self.is_json.then(|| json::unescape(&self.bytes)).flatten();
        let value = said.as_ref().map_or(&*self.bytes, |said| said.as_bytes());
        let mut met = Met {
            value,
            format: self.format,
            type_oid: self.type_oid,
            is_sure,
        };
        if wanted(&met) {
            return true;
        }
        met.value = value.trim_ascii();
        self.is_padded && met.value.len() < value.len() && wanted(&met)
    }

    /// What one step takes; `None` where the value is not of the kind that the step is for.
    fn take(&self, part: &Part) -> Option<Vec<Item<'_>>> {
        match part {
            Part::Member(name) => self.member(name),
            Part::Elements => self.elements(),
            Part::Field(nth) => Some(self.fields()?.into_iter().nth(*nth)?.into_iter().collect()),
            Part::Pieces => Some(self.pieces()),
            Part::SplitAt(mark) => Some(self.split_at(mark)),
            Part::Computed => None,
        }
    }

    fn document(&self) -> &[u8] {
        let body = match self.bytes.split_first() {
            Some((&JSONB_VERSION, body)) => body,
            _ => &self.bytes,
        };
        body.trim_ascii()
    }

    fn member(&self, name: &str) -> Option<Vec<Item<'_>>> {
        let entries = entries(self.document())?;
        let counts = name.parse::<i64>().is_ok();
        let named = entries.into_iter().filter(|(known, _)| match known {
            Some(raw) => json::unescape(raw).as_deref() == Some(name),
            None => counts,
        });
        Some(named.filter_map(|(_, raw)| of_json(raw)).collect())
    }

    fn elements(&self) -> Option<Vec<Item<'_>>> {
        if let Some(entries) = entries(self.document()) {
            return Some(
                entries
                    .into_iter()
                    .filter_map(|(_, raw)| of_json(raw))
                    .collect(),
            );
        }
        match self.format {
            ParameterFormat::Text => array_of_text(&self.bytes),
            // The text of a text is its binary form.
            ParameterFormat::Binary => {
                array_of_binary(&self.bytes).or_else(|| array_of_text(&self.bytes))
            }
        }
    }

    /// The fields of a row; one that is NULL is `None`.
    fn fields(&self) -> Option<Vec<Option<Item<'_>>>> {
        match self.format {
            ParameterFormat::Text => row_of_text(&self.bytes),
            ParameterFormat::Binary => {
                row_of_binary(&self.bytes).or_else(|| row_of_text(&self.bytes))
            }
        }
    }

    fn pieces(&self) -> Vec<Item<'_>> {
        let is_mark = |byte: &u8| b",;|\t\n\r ".contains(byte);
        let parts = self.bytes.split(is_mark);
        // Without a mark the only piece is the whole already.
        let whole = self.bytes.iter().any(is_mark).then_some(&*self.bytes);
        let parts = parts.chain(whole);
        parts.map(|part| Item::text(Cow::Borrowed(part))).collect()
    }

    /// The pieces between the marks; of no mark there is one piece.
    fn split_at(&self, mark: &str) -> Vec<Item<'_>> {
        let piece = |part| Item {
            is_padded: true,
            ..Item::text(Cow::Borrowed(part))
        };
        let (mut rest, mut pieces) = (&*self.bytes, Vec::new());
        let finder = memchr::memmem::Finder::new(mark);
        while let Some(at) = finder.find(rest).filter(|_| !mark.is_empty()) {
            pieces.extend(rest.get(..at).map(piece));
            rest = rest.get(at + mark.len()..).unwrap_or_default();
        }
        pieces.push(piece(rest));
        pieces
    }

    /// What stands between the marks of XML, or of an `hstore`; nothing of any other text.
    fn marked_up(&self) -> Vec<Item<'_>> {
        let text = self.bytes.trim_ascii();
        let marks = match text {
            [b'<', ..] => &b"<>\"'"[..],
            _ if text.windows(2).any(|pair| pair == b"=>") => b"\"=>,",
            _ => return Vec::new(),
        };
        let parts = text.split(|byte| marks.contains(byte));
        let parts = parts
            .map(<[u8]>::trim_ascii)
            .filter(|part| !part.is_empty());
        parts.map(|part| Item::text(Cow::Borrowed(part))).collect()
    }

    /// Whether `wanted` is true of anything within.
    fn anywhere(&self, depth: usize, wanted: &mut dyn FnMut(&Met<'_>) -> bool) -> bool {
        let document = self.document();
        if entries(document).is_some() {
            return any_string(document, &mut |said| {
                Item::text(Cow::Borrowed(said.as_bytes())).is_met(false, wanted)
            });
        }
        if json::string(document) == Some(document) {
            let said = json::unescape(document).unwrap_or_default();
            let said = Item::text(Cow::Borrowed(said.as_bytes()));
            return said.is_met(false, wanted)
                || (depth < DEPTH_MAX && said.anywhere(depth + 1, wanted));
        }
        if depth >= DEPTH_MAX {
            return false;
        }
        let fields = || Some(self.fields()?.into_iter().flatten().collect());
        let binary = self.format == ParameterFormat::Binary;
        let pairs = binary.then(|| hstore_of_binary(&self.bytes)).flatten();
        // The bytes of one may be read as another as well.
        let found = [self.elements().or_else(fields), pairs];
        let found: Vec<Item<'_>> = match found.iter().all(Option::is_none) {
            true => self.marked_up(),
            false => found.into_iter().flatten().flatten().collect(),
        };
        let mut found = found.iter();
        found.any(|item| item.is_met(false, wanted) || item.anywhere(depth + 1, wanted))
    }
}

/// JSON as it stands in other JSON; `None` for null.
fn of_json(raw: &[u8]) -> Option<Item<'_>> {
    (raw != b"null").then(|| Item {
        is_json: true,
        ..Item::text(Cow::Borrowed(raw))
    })
}

/// A member's name, if it has one, and its value, both as they stand.
type Entry<'v> = (Option<&'v [u8]>, &'v [u8]);

/// The members or elements of a JSON object or array, one level deep.
fn entries(document: &[u8]) -> Option<Vec<Entry<'_>>> {
    let (is_object, close) = match document.first()? {
        b'{' => (true, b'}'),
        b'[' => (false, b']'),
        _ => return None,
    };
    let mut found = Vec::new();
    let mut rest = document.get(1..)?.trim_ascii_start();
    if rest.first() == Some(&close) {
        return rest.get(1..)?.trim_ascii().is_empty().then_some(found);
    }
    loop {
        let mut name = None;
        if is_object {
            let raw = json::string(rest)?;
            name = Some(raw);
            rest = rest.get(raw.len()..)?.trim_ascii_start();
            rest = rest.strip_prefix(b":")?.trim_ascii_start();
        }
        let value = rest.get(..value_end(rest)?)?;
        found.push((name, value));
        rest = rest.get(value.len()..)?.trim_ascii_start();
        let (mark, after) = rest.split_first()?;
        rest = after.trim_ascii_start();
        match mark {
            b',' => {}
            mark if *mark == close => return rest.is_empty().then_some(found),
            _ => return None,
        }
    }
}

/// Where the JSON value at the front ends. What lies within it is not checked.
fn value_end(text: &[u8]) -> Option<usize> {
    if !matches!(text.first()?, b'{' | b'[') {
        return json::scalar(text).map(<[u8]>::len);
    }
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        match text.get(at)? {
            b'"' => at += json::string(text.get(at..)?)?.len() - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The elements of an array as `array_out` writes it and `array_in` takes it, those of all dimensions together.
fn array_of_text(text: &[u8]) -> Option<Vec<Item<'_>>> {
    let mut rest = text.trim_ascii();
    if rest.first() == Some(&b'[') {
        // Bounds, as in `[0:1]={a,b}`.
        let at = memchr::memchr(b'=', rest)?;
        rest = rest.get(at + 1..)?.trim_ascii_start();
    }
    (rest.first() == Some(&b'{')).then_some(())?;
    let (mut found, mut depth) = (Vec::new(), 0_usize);
    loop {
        match rest.first()? {
            b'{' => (depth, rest) = (depth + 1, rest.get(1..)?),
            b'}' => {
                (depth, rest) = (depth - 1, rest.get(1..)?);
                if depth == 0 {
                    return rest.trim_ascii().is_empty().then_some(found);
                }
            }
            b',' | b' ' | b'\t' | b'\n' | b'\r' | 11 | 12 => rest = rest.get(1..)?,
            _ => {
                let (said, quoted, after) = piece(rest, b",}")?;
                let is_null = !quoted && said.eq_ignore_ascii_case(b"null");
                if !is_null {
                    found.push(Item::text(said));
                }
                rest = after;
            }
        }
    }
}

/// The fields of a row as `record_out` writes it and `record_in` takes it.
fn row_of_text(text: &[u8]) -> Option<Vec<Option<Item<'_>>>> {
    let mut rest = text.trim_ascii().strip_prefix(b"(")?;
    let mut found = Vec::new();
    loop {
        let (said, quoted, after) = piece(rest, b",)")?;
        let is_null = !quoted && said.is_empty();
        found.push((!is_null).then(|| Item::text(said)));
        let (mark, after) = after.split_first()?;
        rest = after;
        if *mark == b')' {
            return rest.is_empty().then_some(found);
        }
    }
}

/// What one text says, whether any of it was quoted, and what is left behind it.
type Piece<'v> = (Cow<'v, [u8]>, bool, &'v [u8]);

/// One text up to any of the marks, with its quotes and backslashes read.
fn piece<'v>(text: &'v [u8], marks: &[u8]) -> Option<Piece<'v>> {
    let (mut at, mut inside, mut quoted) = (0, false, false);
    let mut said: Vec<u8> = Vec::new();
    // What is quoted or escaped keeps its blanks.
    let mut firm = 0;
    loop {
        match text.get(at)? {
            b'\\' => {
                said.push(*text.get(at + 1)?);
                (quoted, at, firm) = (true, at + 1, said.len());
            }
            b'"' if inside && text.get(at + 1) == Some(&b'"') => {
                said.push(b'"');
                at += 1;
            }
            b'"' => (inside, quoted, firm) = (!inside, true, said.len()),
            mark if !inside && marks.contains(mark) => break,
            byte => said.push(*byte),
        }
        at += 1;
    }
    let rest = text.get(at..)?;
    // Blanks behind an element are none of it; a field of a row keeps them.
    let trims = marks.contains(&b'}');
    if quoted {
        while trims && said.len() > firm && said.last().is_some_and(u8::is_ascii_whitespace) {
            said.pop();
        }
        return Some((Cow::Owned(said), true, rest));
    }
    let whole = text.get(..at)?;
    let body = if trims { whole.trim_ascii() } else { whole };
    Some((Cow::Borrowed(body), false, rest))
}

/// Takes binary values apart.
struct Binary<'v>(&'v [u8]);

impl<'v> Binary<'v> {
    fn take(&mut self, count: usize) -> Option<&'v [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    fn number(&mut self) -> Option<i32> {
        let bytes = self.take(4)?.try_into().ok()?;
        Some(i32::from_be_bytes(bytes))
    }

    fn oid(&mut self) -> Option<u32> {
        self.number().map(i32::cast_unsigned)
    }

    /// One value behind its length; the inner `None` for NULL.
    #[expect(clippy::option_option, reason = "not there, or NULL")]
    fn value(&mut self, type_oid: u32) -> Option<Option<Item<'v>>> {
        let length = self.number()?;
        if length == -1 {
            return Some(None);
        }
        let bytes = self.take(usize::try_from(length).ok()?)?;
        Some(Some(Item {
            bytes: Cow::Borrowed(bytes),
            format: ParameterFormat::Binary,
            type_oid,
            is_json: false,
            is_padded: false,
        }))
    }
}

/// The elements of an array as `array_send` writes it.
fn array_of_binary(bytes: &[u8]) -> Option<Vec<Item<'_>>> {
    let mut reader = Binary(bytes);
    let dimensions = usize::try_from(reader.number()?).ok()?;
    let flags = reader.number()?;
    let fits = dimensions <= DIMENSIONS_MAX && matches!(flags, 0 | 1);
    fits.then_some(())?;
    let type_oid = reader.oid()?;
    reader.take(dimensions * 8)?;
    let mut found = Vec::new();
    while !reader.0.is_empty() {
        found.extend(reader.value(type_oid)?);
    }
    Some(found)
}

/// The fields of a row as `record_send` writes it.
fn row_of_binary(bytes: &[u8]) -> Option<Vec<Option<Item<'_>>>> {
    let mut reader = Binary(bytes);
    let count = usize::try_from(reader.number()?).ok()?;
    let mut found = Vec::new();
    for _ in 0..count {
        let type_oid = reader.oid()?;
        found.push(reader.value(type_oid)?);
    }
    reader.0.is_empty().then_some(found)
}

/// The values of an `hstore` as `hstore_send` writes it.
fn hstore_of_binary(bytes: &[u8]) -> Option<Vec<Item<'_>>> {
    let mut reader = Binary(bytes);
    let pairs = usize::try_from(reader.number()?).ok()?;
    let mut found = Vec::new();
    for _ in 0..pairs {
        let key = usize::try_from(reader.number()?).ok()?;
        reader.take(key)?;
        let value = reader.value(TEXT)?;
        found.extend(value.map(|value| Item::text(value.bytes)));
    }
    reader.0.is_empty().then_some(found)
}
