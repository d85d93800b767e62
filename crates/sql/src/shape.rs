//! The shape of a text: the text with its plain literals taken out, for cache look-ups.
//!
//! Never calls the parser. A text with anything unusual in it has no shape.

/// The text with plain numbers and plain `'…'` strings replaced by placeholders; `None` for anything unusual.
///
/// Texts of equal shape tokenise alike in PostgreSQL up to the values of their literals: strings stay strings,
/// whole numbers whole numbers, fractions fractions. Taken is ASCII outside strings, without comments, backslashes,
/// `$`, quoted identifiers of odd content, prefixed strings (`E''`, `U&""`, `B''`, `N''`), or strings that continue
/// on a next line.
pub fn shape(text: &str) -> Option<String> {
    let mut out = String::new();
    put_shape(text, &mut out).then_some(out)
}

/// Appends a text's [`shape()`] to `out`; `false` when it has none, and `out` is then of no use.
pub fn put_shape(text: &str, out: &mut String) -> bool {
    let mut bytes = std::mem::take(out).into_bytes();
    bytes.reserve(text.len());
    let has_shape = put(text.as_bytes(), &mut bytes).is_some();
    // A shape is ASCII, and what stood before it was text.
    match String::from_utf8(bytes) {
        Ok(text) => *out = text,
        Err(_) => return false,
    }
    has_shape
}

/// Where the plain literals of a text stand, in order, quotes included; `None` where it has no [`shape()`]. Texts of
/// equal shape have as many, and of the same kinds.
pub fn literals(text: &str) -> Option<Vec<std::ops::Range<usize>>> {
    let bytes = text.as_bytes();
    let (mut at, mut found, mut scratch) = (0, Vec::new(), Vec::new());
    while let Some(byte) = bytes.get(at) {
        scratch.clear();
        let end = token(bytes, at, &mut scratch)?;
        if matches!(byte, b'\'' | b'0'..=b'9') {
            found.push(at..end);
        }
        at = end;
    }
    Some(found)
}

fn put(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut at = 0;
    while at < bytes.len() {
        at = token(bytes, at, out)?;
    }
    Some(())
}

/// Takes one token; the place behind it.
fn token(bytes: &[u8], at: usize, out: &mut Vec<u8>) -> Option<usize> {
    let byte = bytes.get(at).copied()?;
    Some({
        match byte {
            b'\'' => {
                out.push(b'\'');
                string_end(bytes, at)?
            }
            b'0'..=b'9' => number(bytes, at, out)?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => word(bytes, at, out)?,
            b'"' => quoted(bytes, at, out)?,
            b'$' => parameter(bytes, at, out)?,
            b'-' | b'/' if matches!(bytes.get(at + 1), Some(b'-' | b'*')) => return None,
            // A point that starts a number, as in `.5`.
            b'.' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => return None,
            b' ' | b'\n' | b'\t' | b'\r' => {
                out.push(byte);
                at + 1
            }
            b'(' | b')' | b',' | b';' | b'.' | b'*' | b'+' | b'-' | b'/' | b'<' | b'>' | b'='
            | b'[' | b']' | b':' | b'%' | b'|' | b'!' | b'&' | b'~' | b'@' | b'#' | b'^' | b'?' => {
                out.push(byte);
                at + 1
            }
            _ => return None,
        }
    })
}

/// The place behind a plain string; `None` when it holds a backslash or NUL, or another string follows.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'\\' | 0 => return None,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => break,
            _ => at += 1,
        }
    }
    // `'a' <newline> 'b'` is one string: only its first part would be taken out.
    let rest = bytes.get(at + 1..)?;
    let next = rest.iter().find(|byte| !byte.is_ascii_whitespace());
    (next != Some(&b'\'')).then_some(at + 1)
}

/// Digits, with or without a fraction; `None` when a letter, `_` or second point follows.
fn number(bytes: &[u8], start: usize, out: &mut Vec<u8>) -> Option<usize> {
    let digits_end = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        from + digits
    };
    let mut end = digits_end(start);
    // Beyond nine digits a number may be of a wider type.
    let long = end - start > 9;
    let mut mark = if long { b'2' } else { b'1' };
    if bytes.get(end) == Some(&b'.') {
        end = digits_end(end + 1);
        mark = b'3';
    }
    let follows = bytes.get(end).copied().unwrap_or(b' ');
    if follows.is_ascii_alphanumeric() || matches!(follows, b'_' | b'.' | b'$' | b'\'') {
        return None;
    }
    out.extend([b'`', mark]);
    Some(end)
}

/// An unquoted word; `None` when a quote follows it directly (a prefixed string or identifier).
fn word(bytes: &[u8], start: usize, out: &mut Vec<u8>) -> Option<usize> {
    let rest = bytes.get(start..)?;
    let length = rest
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
        .count();
    let end = start + length;
    if matches!(bytes.get(end), Some(b'\'' | b'"' | b'$' | b'&')) {
        return None;
    }
    out.extend(rest.get(..length)?);
    Some(end)
}

/// A quoted identifier, kept as it is.
fn quoted(bytes: &[u8], start: usize, out: &mut Vec<u8>) -> Option<usize> {
    let rest = bytes.get(start + 1..)?;
    let length = rest.iter().position(|byte| *byte == b'"')?;
    let body = rest.get(..length)?;
    let plain = body
        .iter()
        .all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    let end = start + length + 2;
    if !plain || matches!(bytes.get(end), Some(b'"' | b'\'')) {
        return None;
    }
    out.extend(bytes.get(start..end)?);
    Some(end)
}

/// `$1`, kept as it is.
fn parameter(bytes: &[u8], start: usize, out: &mut Vec<u8>) -> Option<usize> {
    let rest = bytes.get(start + 1..)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let end = start + 1 + digits;
    let follows = bytes.get(end).copied().unwrap_or(b' ');
    let odd =
        follows.is_ascii_alphanumeric() || matches!(follows, b'_' | b'$' | b'\'' | b'"' | b'.');
    if digits == 0 || odd {
        return None;
    }
    out.extend(bytes.get(start..end)?);
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::shape;

    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(shape(text).as_deref(), expect, "{text}");
    }

    #[test]
    fn plain_literals_go() {
        check("SELECT 1", Some("SELECT `1"));
        check("SELECT 1.5", Some("SELECT `3"));
        check("SELECT 12345678901", Some("SELECT `2"));
        check("SELECT -1", Some("SELECT -`1"));
        check(
            "select a from t where b='x''y'",
            Some("select a from t where b='"),
        );
        check("select $1, 'a'", Some("select $1, '"));
        check(
            "select \"A b\", c1 from t;",
            Some("select \"A b\", c1 from t;"),
        );
        check("select 'é'", Some("select '"));
    }

    #[test]
    fn unusual_texts_have_none() {
        for text in [
            "select E'a'",
            "select e'a'",
            "select U&'a'",
            "select U&\"a\"",
            "select B'1'",
            "select $$a$$",
            "select $a$b$a$",
            "select 'a\\b'",
            "select 1 -- x",
            "select /* x */ 1",
            "select 'a'\n'b'",
            "select é",
            "select 1e5",
            "select 0x1F",
            "select 1_000",
            "select 1a",
            "select .5",
            "select 1.2.3",
            "select $1a",
            "select 'open",
            "select \"open",
            "select \"a\"\"b\"",
            "select `1",
            "select a{b",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn kinds_stay_apart() {
        let apart = |a: &str, b: &str| assert_ne!(shape(a), shape(b), "{a} | {b}");
        apart("select 1", "select '1'");
        apart("select 1", "select 1.5");
        apart("select a", "select A");
        apart("select 1 , 2", "select 1,2");
    }
}
