//! What a text gives away: card numbers, identity numbers, addresses and secrets, found by their own check digits and
//! shapes.
//!
//! Total and linear: every candidate is bounded in length, nothing is decoded that is not bounded. Knows no column and
//! no label; a finding is evidence, not a verdict.

mod bank;
mod person;
mod secret;

use model::Classes;

pub use model::Class;

/// One place in a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Finding {
    /// What it looks like.
    pub class: Class,
    /// Byte offset of its beginning.
    pub start: usize,
    /// Byte offset behind its end.
    pub end: usize,
}

/// Everything in `text` that is recognised, in order and without overlaps. Takes time linear in its length.
pub fn find(text: &str) -> Vec<Finding> {
    find_only(Classes::ALL, text.as_bytes()).collect()
}

/// Likewise, one by one, of these classes alone; in any bytes, of which those beyond ASCII are read as UTF-8.
pub fn find_only(classes: Classes, bytes: &[u8]) -> impl Iterator<Item = Finding> {
    let (mut at, mut floor) = (0, 0);
    std::iter::from_fn(move || {
        while let Some(&byte) = bytes.get(at) {
            if let Some(finding) = recognise(classes, bytes, (at, floor), byte) {
                at = finding.end.max(at + 1);
                floor = finding.end;
                return Some(finding);
            }
            at += 1;
        }
        None
    })
}

/// The class of a text that is one such value and nothing else but blanks around it.
pub fn whole(text: &str) -> Option<Class> {
    let text = text.trim();
    match find(text).as_slice() {
        [one] if one.start == 0 && one.end == text.len() => Some(one.class),
        _ => None,
    }
}

/// What begins at `at`, or, for an address, stands around the `@` there but not before `floor`.
fn recognise(
    classes: Classes,
    bytes: &[u8],
    (at, floor): (usize, usize),
    byte: u8,
) -> Option<Finding> {
    let try_one = |class, end: fn(&[u8], usize) -> Option<usize>| {
        let end = classes.has(class).then(|| end(bytes, at)).flatten()?;
        let start = at;
        Some(Finding { class, start, end })
    };
    match byte {
        b'@' if classes.has(Class::Email) => {
            let (start, end) = person::email(bytes, at, floor)?;
            let class = Class::Email;
            Some(Finding { class, start, end })
        }
        b'-' => try_one(Class::PrivateKey, secret::pem),
        b'+' | b'(' => try_one(Class::Phone, person::phone),
        b'0'..=b'9' => try_one(Class::Card, bank::card)
            .or_else(|| try_one(Class::Ssn, person::ssn))
            .or_else(|| try_one(Class::Phone, person::phone)),
        _ if byte.is_ascii_alphabetic() && is_start(bytes, at) => try_one(Class::Jwt, secret::jwt)
            .or_else(|| try_one(Class::PrivateKey, secret::putty))
            .or_else(|| try_one(Class::ApiKey, secret::access_key))
            .or_else(|| try_one(Class::Iban, bank::iban)),
        _ => None,
    }
}

/// Whether no word reaches into `at` from the left.
fn is_start(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|i| bytes.get(i));
    before.is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_')
}

/// Whether no word goes on at `at`.
fn is_end(bytes: &[u8], at: usize) -> bool {
    let next = bytes.get(at);
    next.is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_')
}

/// Whether a number may begin at `at`: not inside another, nor behind its decimal point, its hyphen or the comma before
/// three more of its digits. Behind any other comma stands the next value of a list or a record.
fn is_number_start(bytes: &[u8], at: usize) -> bool {
    let back = |count: usize| at.checked_sub(count).and_then(|i| bytes.get(i)).copied();
    let is_joint = match back(1) {
        Some(b'.' | b'-') => true,
        Some(b',') => run(bytes, at, 4, is_digit) == 3,
        Some(_) | None => false,
    };
    is_start(bytes, at) && !(is_joint && back(2).is_some_and(is_digit))
}

/// Whether a number may end before `at`: no further digit, also none behind a point or hyphen.
fn is_number_end(bytes: &[u8], at: usize) -> bool {
    let next = |count: usize| bytes.get(at + count).copied();
    let joins = matches!(next(0), Some(b'.' | b'-')) && next(1).is_some_and(is_digit);
    is_end(bytes, at) && !joins
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

/// Length of the run of bytes from `at` that satisfy `is_one`, at most `max`.
fn run(bytes: &[u8], at: usize, max: usize, is_one: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().take(max).take_while(|b| is_one(**b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(Class, &str)> {
        let spans = find(text);
        let text_of = |f: &Finding| (f.class, text.get(f.start..f.end).unwrap_or("?"));
        spans.iter().map(text_of).collect()
    }

    #[test]
    fn values_are_found_in_the_midst_of_text() {
        let check = |text, expect: &[(Class, &str)]| assert_eq!(shown(text), expect, "{text}");
        check(
            "card 4111 1111 1111 1111 exp 12/29, mail ada@example.org.",
            &[
                (Class::Card, "4111 1111 1111 1111"),
                (Class::Email, "ada@example.org"),
            ],
        );
        check(
            "ssn 219-09-9999; call +49 30 901820 or (212) 555-0123",
            &[
                (Class::Ssn, "219-09-9999"),
                (Class::Phone, "+49 30 901820"),
                (Class::Phone, "(212) 555-0123"),
            ],
        );
        check(
            "to DE89 3704 0044 0532 0130 00!",
            &[(Class::Iban, "DE89 3704 0044 0532 0130 00")],
        );
        check(
            "(3,4111111111111111,4)",
            &[(Class::Card, "4111111111111111")],
        );
        check("1,411 1111 1111 1111", &[]);
        check("0.4111111111111111", &[]);
        check("no 4111111111111112 here", &[]);
        check("at 2026-11-21 10:00:00.123456+00", &[]);
        check("0190a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b", &[]);
        check("żółć@example.org", &[(Class::Email, "żółć@example.org")]);
        check("", &[]);
    }

    #[test]
    fn a_whole_value_is_nothing_but_the_value() {
        assert_eq!(whole(" ada@example.org "), Some(Class::Email));
        assert_eq!(whole("write to ada@example.org"), None);
        assert_eq!(whole("ada@example.org, bob@example.org"), None);
        assert_eq!(whole(""), None);
    }

    #[test]
    fn findings_stand_on_characters_and_do_not_overlap() {
        use proptest::prelude::*;
        let piece = prop_oneof![
            "[0-9 +().@-]{0,24}",
            "\\PC{0,12}",
            Just("4111111111111111".to_owned()),
            Just("ada@example.org".to_owned()),
            Just("-----BEGIN RSA PRIVATE KEY-----".to_owned()),
            Just("eyJhbGciOiJub25lIn0.eyJ9.".to_owned()),
        ];
        proptest!(|(pieces in proptest::collection::vec(piece, 0..8))| {
            let text = pieces.concat();
            let mut before = 0;
            for finding in find(&text) {
                prop_assert!(finding.start >= before && finding.end > finding.start);
                prop_assert!(text.get(finding.start..finding.end).is_some());
                before = finding.end;
            }
        });
    }
}
