//! What JSON, XML and arrays say, searched piece by piece.
//!
//! Believes nothing of what it reads: what is not of its form is searched as it stands, and cannot be replaced.

use bytes::BytesMut;
use model::{Classes, ParameterFormat};

use super::{Form, Seen, classes_in, places, rewrite, unread};
use crate::json::{escape, scalar, unescape_loosely};
use crate::xml::referred;

/// Dimensions of an array (`MAXDIM`).
const DIMENSIONS_MAX: usize = 6;

/// Appends JSON with what is found in its strings, names and numbers hidden.
pub(super) fn json(classes: Classes, text: &[u8], out: &mut BytesMut) -> Seen {
    let start = out.len();
    let mut seen = Seen::Nothing;
    let (mut rest, mut behind_value) = (text, false);
    while let Some(&byte) = rest.first() {
        let is_mark = matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':');
        let is_blank = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let token = match is_mark || is_blank {
            true => rest.get(..1),
            // Two values side by side are no JSON, and may be one value to a reader.
            false => scalar(rest).filter(|_| !behind_value),
        };
        let Some(token) = token else {
            out.truncate(start);
            return unread(classes, text, out);
        };
        rest = rest.get(token.len()..).unwrap_or_default();
        behind_value = !is_mark && (!is_blank || behind_value);
        seen = seen.and(match byte {
            b'"' => said(classes, token, out),
            _ => bare_json(classes, token, out),
        });
    }
    seen
}

/// Appends a number, or what else stands outside strings.
fn bare_json(classes: Classes, token: &[u8], out: &mut BytesMut) -> Seen {
    let found = classes_in(classes, token);
    match found.is_empty() {
        true => out.extend_from_slice(token),
        false => out.extend_from_slice(b"\"***\""),
    }
    Seen::of(found)
}

/// Appends one JSON string.
fn said(classes: Classes, token: &[u8], out: &mut BytesMut) -> Seen {
    let inside = token
        .get(1..token.len().saturating_sub(1))
        .unwrap_or_default();
    if !inside.contains(&b'\\') {
        out.extend_from_slice(b"\"");
        let found = places(classes, inside, out);
        out.extend_from_slice(b"\"");
        return Seen::of(found);
    }
    let mut hidden = BytesMut::new();
    let found = places(classes, &unescape_loosely(inside), &mut hidden);
    match found.is_empty() {
        true => out.extend_from_slice(token),
        false => escape(&hidden, out),
    }
    Seen::of(found)
}

/// Appends XML. What shows only once character references are read cannot be taken out.
pub(super) fn xml(classes: Classes, text: &[u8], out: &mut BytesMut) -> Seen {
    let start = out.len();
    let seen = Seen::of(places(classes, text, out));
    let written = out.get(start..).unwrap_or_default();
    if !written.contains(&b'&') {
        return seen;
    }
    let left = classes_in(classes, &dereference(written));
    match left.is_empty() {
        true => seen,
        false => seen.and(Seen::Irreplaceable(left)),
    }
}

/// Reads character references and the five names that XML knows.
fn dereference(text: &[u8]) -> Vec<u8> {
    const REFERENCE_BYTES_MAX: usize = 12;
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'&') {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let window = rest
            .get(1..rest.len().min(REFERENCE_BYTES_MAX))
            .unwrap_or_default();
        let end = window.iter().position(|byte| *byte == b';');
        let name = end.and_then(|end| std::str::from_utf8(window.get(..end)?).ok());
        match name.and_then(|name| Some((name.len(), referred(name)?))) {
            Some((length, letter)) => {
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                rest = rest.get(length + 2..).unwrap_or_default();
            }
            None => {
                out.push(b'&');
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Appends an array as text, element by element; `None` where it is not one.
pub(super) fn array_text(
    classes: Classes,
    form: Form,
    text: &[u8],
    out: &mut BytesMut,
) -> Option<Seen> {
    let mut seen = Seen::Nothing;
    let mut rest = text;
    let mut element = BytesMut::new();
    while let Some(&byte) = rest.first() {
        if matches!(byte, b'{' | b'}' | b',') {
            out.extend_from_slice(&[byte]);
            rest = rest.get(1..)?;
            continue;
        }
        let (raw, said) = match byte {
            b'"' => quoted(rest)?,
            _ => bare(rest),
        };
        element.clear();
        let one = rewrite(classes, form, ParameterFormat::Text, &said, &mut element);
        match one {
            Seen::Nothing => out.extend_from_slice(raw),
            Seen::Hidden(_) | Seen::Irreplaceable(_) => quote(&element, out),
        }
        seen = seen.and(one);
        rest = rest.get(raw.len()..)?;
    }
    Some(seen)
}

/// A quoted element as it stands and as what it says.
fn quoted(text: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let (mut at, mut said) = (1, Vec::new());
    loop {
        match text.get(at)? {
            b'"' => return Some((text.get(..=at)?, said)),
            b'\\' => {
                said.push(*text.get(at + 1)?);
                at += 2;
            }
            byte => {
                said.push(*byte);
                at += 1;
            }
        }
    }
}

/// An element without quotes, or the bounds before the first brace.
fn bare(text: &[u8]) -> (&[u8], Vec<u8>) {
    let is_end = |byte: &u8| matches!(byte, b'{' | b'}' | b',');
    let end = text.iter().position(is_end).unwrap_or(text.len());
    let raw = text.get(..end).unwrap_or_default();
    (raw, raw.to_vec())
}

fn quote(element: &[u8], out: &mut BytesMut) {
    out.extend_from_slice(b"\"");
    for byte in element {
        if matches!(byte, b'"' | b'\\') {
            out.extend_from_slice(b"\\");
        }
        out.extend_from_slice(&[*byte]);
    }
    out.extend_from_slice(b"\"");
}

/// Appends an array in binary, element by element; `None` where it is not one.
pub(super) fn array_binary(
    classes: Classes,
    form: Form,
    value: &[u8],
    out: &mut BytesMut,
) -> Option<Seen> {
    let dimensions = usize::try_from(word(value, 0)?).ok()?;
    if dimensions > DIMENSIONS_MAX {
        return None;
    }
    let head = 12 + 8 * dimensions;
    out.extend_from_slice(value.get(..head)?);
    let mut rest = value.get(head..)?;
    let mut seen = Seen::Nothing;
    while !rest.is_empty() {
        let length = word(rest, 0)?;
        let place = out.len();
        out.extend_from_slice(rest.get(..4)?);
        rest = rest.get(4..)?;
        // NULL.
        let Ok(length) = usize::try_from(length) else {
            continue;
        };
        let (element, after) = rest.split_at_checked(length)?;
        seen = seen.and(rewrite(
            classes,
            form,
            ParameterFormat::Binary,
            element,
            out,
        ));
        let written = out.len().checked_sub(place + 4)?;
        let written = i32::try_from(written).ok()?;
        out.get_mut(place..place + 4)?
            .copy_from_slice(&written.to_be_bytes());
        rest = after;
    }
    Some(seen)
}

fn word(bytes: &[u8], at: usize) -> Option<i32> {
    let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(i32::from_be_bytes(bytes))
}
