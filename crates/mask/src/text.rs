//! Text values: by characters, never longer than the input, always valid UTF-8.
//!
//! Knows how each text type is bounded, nothing of formats: text types look the same in both.

use bytes::BytesMut;
use model::MaskKind;

use crate::secret::MaskKey;

/// What stands for a redacted value.
const PLACEHOLDER: usize = 3;

/// Longer values are not tokenised but redacted: a token costs one HMAC per eight characters.
const TOKEN_BYTES_MAX: usize = 64 * 1024;

/// How a text type bounds its values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// `text`: any length.
    Free,
    /// `varchar(n)`, `name`: the bound is unknown here, so a result is never longer than its input.
    Bounded,
    /// `char(n)`: as long as its input, which is padded with blanks.
    Padded,
}

/// Masks one text value. `None` is NULL: the kind does not fit, or the value is not UTF-8.
pub(crate) fn mask(
    key: &MaskKey,
    kind: MaskKind,
    shape: Shape,
    value: &[u8],
    out: &mut BytesMut,
) -> Option<()> {
    if matches!(kind, MaskKind::Null | MaskKind::Bucket { .. }) {
        return None;
    }
    let whole = std::str::from_utf8(value).ok()?;
    let body = match shape {
        Shape::Padded => whole.trim_end_matches(' '),
        Shape::Free | Shape::Bounded => whole,
    };
    let start = out.len();
    match kind {
        MaskKind::Null | MaskKind::Bucket { .. } => return None,
        MaskKind::Redact => redact(shape, whole, out),
        MaskKind::Partial { first, last } => partial(first, last, body, out),
        MaskKind::Email => email(shape, whole, body, out),
        MaskKind::Hash => hash(key, shape, whole, body, out)?,
        MaskKind::Token if body.len() > TOKEN_BYTES_MAX => redact(shape, whole, out),
        MaskKind::Token => token(key, body, out)?,
    }
    if shape == Shape::Padded {
        pad(whole.chars().count(), start, out);
    }
    Some(())
}

/// Fills up with blanks, as `char(n)` is.
fn pad(length: usize, start: usize, out: &mut BytesMut) {
    let written = out.get(start..).unwrap_or_default();
    // Count characters: bytes that do not continue one.
    let written = written.iter().filter(|b| (**b & 0xc0) != 0x80).count();
    put(out, b' ', length.saturating_sub(written));
}

fn put(out: &mut BytesMut, byte: u8, count: usize) {
    out.resize(out.len().saturating_add(count), byte);
}

/// `***`, cut to the value's length where the type may be bounded.
fn redact(shape: Shape, value: &str, out: &mut BytesMut) {
    let length = match shape {
        Shape::Free => PLACEHOLDER,
        Shape::Bounded | Shape::Padded => value.chars().take(PLACEHOLDER).count(),
    };
    put(out, b'*', length);
}

/// Keeps the ends only while they are at most half of the value.
fn partial(first: u8, last: u8, value: &str, out: &mut BytesMut) {
    let is_ascii = value.is_ascii();
    let length = match is_ascii {
        true => value.len(),
        false => value.chars().count(),
    };
    let (first, last) = (usize::from(first), usize::from(last));
    let kept = first + last;
    if kept.saturating_mul(2) > length {
        return put(out, b'*', length);
    }
    if is_ascii {
        out.extend_from_slice(value.get(..first).unwrap_or_default().as_bytes());
        put(out, b'*', length - kept);
        return out.extend_from_slice(value.get(length - last..).unwrap_or_default().as_bytes());
    }
    let head = value.char_indices().nth(first).map_or(value.len(), |c| c.0);
    let tail = value.char_indices().nth(length - last);
    let tail = tail.map_or(value.len(), |c| c.0);
    out.extend_from_slice(value.get(..head).unwrap_or_default().as_bytes());
    put(out, b'*', length - kept);
    out.extend_from_slice(value.get(tail..).unwrap_or_default().as_bytes());
}

/// First letter, up to three stars, domain; what is not one plain address is redacted.
fn email(shape: Shape, whole: &str, value: &str, out: &mut BytesMut) {
    let Some((local, domain)) = split_email(value) else {
        return redact(shape, whole, out);
    };
    let mut rest = local.chars();
    let first = rest.next();
    let hidden = rest.count().min(PLACEHOLDER);
    match first {
        // A single letter would be the whole of it.
        None => put(out, b'*', 1),
        Some(_) if hidden == 0 => put(out, b'*', 1),
        Some(first) => {
            out.extend_from_slice(first.encode_utf8(&mut [0; 4]).as_bytes());
            put(out, b'*', hidden);
        }
    }
    out.extend_from_slice(b"@");
    out.extend_from_slice(domain.as_bytes());
}

/// Whether a text is what a kind of mask leaves of one, and could be nothing else.
pub(crate) fn looks_masked(kind: MaskKind, shape: Shape, whole: &str) -> bool {
    let body = match shape {
        Shape::Padded => whole.trim_end_matches(' '),
        Shape::Free | Shape::Bounded => whole,
    };
    let stars = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte == b'*');
    // What is computed from the column is redacted, whatever its kind.
    let redacted = match shape {
        Shape::Free => body == "***",
        Shape::Bounded | Shape::Padded => body.len() <= PLACEHOLDER && stars(body),
    };
    let by_kind = match kind {
        MaskKind::Partial { first, last } => is_partial(first, last, body),
        MaskKind::Email => body.rsplit_once('@').is_some_and(|(local, domain)| {
            let hidden = local.trim_end_matches('*');
            let hides = local.len() - hidden.len();
            let letters = hidden.chars().count();
            // Of an address that begins with a star, that star is the letter.
            let starred = letters == 0 && (1..=1 + PLACEHOLDER).contains(&hides);
            let short = starred || (letters == 1 && (1..=PLACEHOLDER).contains(&hides));
            short && !domain.is_empty()
        }),
        MaskKind::Null
        | MaskKind::Redact
        | MaskKind::Hash
        | MaskKind::Token
        | MaskKind::Bucket { .. } => false,
    };
    redacted || by_kind
}

/// Whether everything between the ends is hidden, and something is.
fn is_partial(first: u8, last: u8, body: &str) -> bool {
    let (first, last) = (usize::from(first), usize::from(last));
    let length = body.chars().count();
    let kept = first + last;
    let (skipped, hidden) = match kept.saturating_mul(2) > length {
        true => (0, length),
        false => (first, length - kept),
    };
    let mut between = body.chars().skip(skipped).take(hidden);
    hidden > 0 && between.all(|c| c == '*')
}

/// One address and nothing else: `local@domain` without quotes, lists, names or a second `@`.
fn split_email(value: &str) -> Option<(&str, &str)> {
    const DOMAIN_BYTES_MAX: usize = 255;
    let (local, domain) = value.split_once('@')?;
    let special = |c| {
        matches!(
            c,
            '<' | '>' | '(' | ')' | '[' | ']' | '\\' | ',' | ';' | ':' | '"' | '@'
        )
    };
    let plain = |c: char| match c.is_ascii() {
        true => c.is_ascii_graphic() && !special(c),
        false => !c.is_whitespace() && !c.is_control(),
    };
    let host = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    let dotted = domain.split('.').all(|part| !part.is_empty());
    let named = domain.chars().any(char::is_alphabetic) && domain.len() <= DOMAIN_BYTES_MAX;
    let good = !local.is_empty() && local.chars().all(plain) && domain.chars().all(host);
    (good && dotted && named).then_some((local, domain))
}

/// Hexadecimal HMAC, cut to the value's length where the type may be bounded.
fn hash(key: &MaskKey, shape: Shape, whole: &str, body: &str, out: &mut BytesMut) -> Option<()> {
    let digest = key.digest("text:hash", body.as_bytes())?;
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let length = match shape {
        Shape::Free => hex.len(),
        Shape::Bounded | Shape::Padded => whole.chars().take(hex.len()).count(),
    };
    out.extend_from_slice(hex.get(..length)?.as_bytes());
    Some(())
}

/// Digits become digits and letters letters of the same case; ASCII punctuation and blanks stay. Letters and signs
/// outside ASCII become ASCII letters, so that the result is never longer in bytes.
fn token(key: &MaskKey, value: &str, out: &mut BytesMut) -> Option<()> {
    let mut stream = key.stream("text:token", value.as_bytes())?;
    for letter in value.chars() {
        let base = if letter.is_ascii_digit() || (!letter.is_ascii() && letter.is_numeric()) {
            Some((b'0', 10))
        } else if letter.is_uppercase() {
            Some((b'A', 26))
        } else if letter.is_ascii_alphabetic() || (!letter.is_ascii() && !letter.is_whitespace()) {
            Some((b'a', 26))
        } else {
            None
        };
        match base {
            Some((base, bound)) => out.extend_from_slice(&[base + stream.below(bound)?]),
            None => out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Some(())
}
