//! What names or reaches a person: e-mail addresses, telephone numbers, social security numbers.

use super::{is_digit, is_end, is_number_end, is_number_start, run};

/// RFC 5321 §4.5.3.1: octets of a local part, of a domain, of one label of it.
const LOCAL_BYTES_MAX: usize = 64;
const DOMAIN_BYTES_MAX: usize = 255;
const LABEL_BYTES_MAX: usize = 63;
/// ITU-T E.164: digits of an international number; fewer than eight could be anything.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// The address around the `@` at `at`, not reaching back before `floor`.
pub(super) fn email(bytes: &[u8], at: usize, floor: usize) -> Option<(usize, usize)> {
    let is_local =
        |b: u8| b.is_ascii_alphanumeric() || b >= 0x80 || b"!#$%&'*+/=?^_`{|}~.-".contains(&b);
    let before = bytes.get(floor..at)?;
    let length = before
        .iter()
        .rev()
        .take(LOCAL_BYTES_MAX + 1)
        .take_while(|b| is_local(**b))
        .count();
    let local = before.get(before.len().checked_sub(length)?..)?;
    // What only borders on an address is not a part of it.
    let borders = local.iter().take_while(|b| b".'`/=".contains(b)).count();
    let local = local.get(borders..)?;
    let is_sound = (1..=LOCAL_BYTES_MAX).contains(&local.len())
        && !local.ends_with(b".")
        && std::str::from_utf8(local).is_ok();
    let end = domain(bytes, at + 1)?;
    is_sound.then_some((at - local.len(), end))
}

/// The end of a domain of at least two labels, the last of them not a number.
fn domain(bytes: &[u8], from: usize) -> Option<usize> {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b >= 0x80;
    let (mut place, mut end, mut labels, mut last) = (from, from, 0, from);
    loop {
        let length = run(bytes, place, LABEL_BYTES_MAX + 1, is_letter);
        let label = bytes.get(place..place + length)?;
        let is_sound = (1..=LABEL_BYTES_MAX).contains(&length)
            && !label.starts_with(b"-")
            && !label.ends_with(b"-");
        if !is_sound || place + length - from > DOMAIN_BYTES_MAX {
            break;
        }
        (last, end, labels) = (place, place + length, labels + 1);
        if bytes.get(end) != Some(&b'.') {
            break;
        }
        place = end + 1;
    }
    let top = bytes.get(last..end)?;
    let is_name = top.len() >= 2 && !top.iter().all(|b| is_digit(*b));
    (labels >= 2 && is_name && std::str::from_utf8(top).is_ok() && bytes.get(end) != Some(&b'@'))
        .then_some(end)
}

/// The end of a US social security number `AAA-GG-SSSS`, with hyphens or blanks, as the SSA could have given it.
pub(super) fn ssn(bytes: &[u8], at: usize) -> Option<usize> {
    let text = bytes.get(at..at + 11)?;
    let (joint, other) = (*text.get(3)?, *text.get(6)?);
    let (area, group, serial) = (text.get(..3)?, text.get(4..6)?, text.get(7..)?);
    let are_digits = [area, group, serial].concat().iter().all(|b| is_digit(*b));
    let is_given = !matches!(area, b"000" | b"666")
        && !area.starts_with(b"9")
        && group != b"00"
        && serial != b"0000";
    let is_alone = is_number_start(bytes, at) && is_number_end(bytes, at + 11);
    let is_joined = matches!(joint, b'-' | b' ') && joint == other;
    (are_digits && is_given && is_joined && is_alone).then_some(at + 11)
}

/// The end of a telephone number: `+` and a country's number, or a North American one with separators.
pub(super) fn phone(bytes: &[u8], at: usize) -> Option<usize> {
    if !is_number_start(bytes, at) {
        return None;
    }
    match bytes.get(at)? {
        b'+' => international(bytes, at + 1),
        _ => north_american(bytes, at),
    }
}

fn international(bytes: &[u8], from: usize) -> Option<usize> {
    let first = bytes.get(from)?;
    if !matches!(first, b'1'..=b'9') {
        return None;
    }
    let (mut digits, mut place, mut end, mut joints) = (0, from, from, 0);
    while let Some(byte) = bytes.get(place) {
        match byte {
            b'0'..=b'9' => {
                (digits, joints, end) = (digits + 1, 0, place + 1);
            }
            b' ' | b'-' | b'.' | b'(' | b')' if joints < 2 => joints += 1,
            _ => break,
        }
        if digits > *PHONE_DIGITS.end() {
            return None;
        }
        place += 1;
    }
    (PHONE_DIGITS.contains(&digits) && is_end(bytes, end)).then_some(end)
}

/// `(NXX) NXX-XXXX`, `NXX-NXX-XXXX`, `NXX.NXX.XXXX`, with or without `1` before it.
fn north_american(bytes: &[u8], at: usize) -> Option<usize> {
    let is_joint = |b: u8| matches!(b, b'-' | b'.' | b' ');
    let mut place = at;
    if bytes.get(place) == Some(&b'1') && bytes.get(place + 1).copied().is_some_and(is_joint) {
        place += 2;
    }
    let is_bracketed = bytes.get(place) == Some(&b'(');
    place += usize::from(is_bracketed);
    place = exchange(bytes, place)?;
    if is_bracketed {
        place = (bytes.get(place) == Some(&b')')).then_some(place + 1)?;
        place += usize::from(bytes.get(place).copied().is_some_and(is_joint));
    } else {
        place = bytes
            .get(place)
            .copied()
            .is_some_and(is_joint)
            .then_some(place + 1)?;
    }
    place = exchange(bytes, place)?;
    place = bytes
        .get(place)
        .copied()
        .is_some_and(is_joint)
        .then_some(place + 1)?;
    (run(bytes, place, 5, is_digit) == 4 && is_number_end(bytes, place + 4)).then_some(place + 4)
}

/// Three digits of which the first is 2 to 9.
fn exchange(bytes: &[u8], at: usize) -> Option<usize> {
    let is_first = matches!(bytes.get(at), Some(b'2'..=b'9'));
    (is_first && run(bytes, at, 3, is_digit) == 3).then_some(at + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_end_where_mail_does() {
        let check = |text: &str, expect: Option<&str>| {
            let at = text.find('@').unwrap_or(0);
            let found = email(text.as_bytes(), at, 0);
            assert_eq!(
                found.and_then(|(start, end)| text.get(start..end)),
                expect,
                "{text}"
            );
        };
        check(
            "ada.lovelace+news@mail.example.co.uk",
            Some("ada.lovelace+news@mail.example.co.uk"),
        );
        check("<ada@example.org>", Some("ada@example.org"));
        check("'ada@example.org'", Some("ada@example.org"));
        check("mail=ada@example.org", Some("mail=ada@example.org"));
        check("ada@example.org.", Some("ada@example.org"));
        check(
            "ada@xn--bcher-kva.example",
            Some("ada@xn--bcher-kva.example"),
        );
        for bad in [
            "ada@localhost",
            "@example.org",
            "ada@",
            "ada@-x.org",
            "ada@1.2.3.4",
            "ada.@example.org",
            "a@b@c.org",
        ] {
            check(bad, None);
        }
        check(&format!("{}@example.org", "a".repeat(65)), None);
        check(&format!("a@{}.org", "a".repeat(64)), None);
    }

    #[test]
    fn social_security_numbers_are_those_that_exist() {
        let check = |text: &str, expect: bool| {
            let end = ssn(text.as_bytes(), 0);
            assert_eq!(end.is_some(), expect, "{text}");
        };
        check("219-09-9999", true);
        check("219 09 9999", true);
        for bad in [
            "000-12-3456",
            "666-12-3456",
            "900-12-3456",
            "219-00-1234",
            "219-09-0000",
            "219-09 9999",
            "219099999",
            "219-09-99990",
            "219-09-9999-1",
        ] {
            check(bad, false);
        }
    }

    #[test]
    fn phone_numbers_carry_a_plus_or_separators() {
        let check = |text: &str, expect: bool| {
            let end = phone(text.as_bytes(), 0);
            assert_eq!(end, expect.then_some(text.len()), "{text}");
        };
        for good in [
            "+4930901820",
            "+1 (212) 555-0123",
            "+358-9-1234 5678",
            "212-555-0123",
            "212.555.0123",
            "(212) 555-0123",
            "1-212-555-0123",
        ] {
            check(good, true);
        }
        for bad in [
            "+0 30 901820",
            "+1234567",
            "+1234567890123456",
            "2125550123",
            "112-555-0123",
            "212-155-0123",
            "2026-11-21",
        ] {
            check(bad, false);
        }
    }
}
