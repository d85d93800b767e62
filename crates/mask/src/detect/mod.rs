//! What a text gives away: card numbers, identity numbers, addresses and secrets, found by their own check digits and
//! shapes.
//!
//! Total and linear: every candidate is bounded in length, nothing is decoded that is not bounded. Knows no column and
//! no label; a finding is evidence, not a verdict.

mod bank;
mod person;
mod secret;

/// What was recognised.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// A payment card's number: a known issuer's prefix and length, and the Luhn digit.
    Card,
    /// A bank account as IBAN: the country's length and the check digits modulo 97.
    Iban,
    /// A US social security number, written with separators.
    Ssn,
    /// An e-mail address.
    Email,
    /// A telephone number, international with `+` or North American with separators.
    Phone,
    /// A JSON Web Token whose header names an algorithm.
    Jwt,
    /// A private key in PEM or PuTTY's format.
    PrivateKey,
    /// An access key in the published shape of a known issuer.
    ApiKey,
}

impl Class {
    /// All classes.
    pub const ALL: [Self; 8] = [
        Self::Card,
        Self::Iban,
        Self::Ssn,
        Self::Email,
        Self::Phone,
        Self::Jwt,
        Self::PrivateKey,
        Self::ApiKey,
    ];

    /// Its name in files and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card number",
            Self::Iban => "IBAN",
            Self::Ssn => "social security number",
            Self::Email => "e-mail address",
            Self::Phone => "phone number",
            Self::Jwt => "JSON Web Token",
            Self::PrivateKey => "private key",
            Self::ApiKey => "access key",
        }
    }
}

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
    let bytes = text.as_bytes();
    let mut found: Vec<Finding> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let floor = found.last().map_or(0, |last| last.end);
        match recognise(bytes, at, floor, byte) {
            Some(finding) => {
                at = finding.end.max(at + 1);
                found.push(finding);
            }
            None => at += 1,
        }
    }
    found
}

/// The class of a text that is one such value and nothing else but blanks around it.
pub fn whole(text: &str) -> Option<Class> {
    let text = text.trim();
    match find(text).as_slice() {
        [one] if one.start == 0 && one.end == text.len() => Some(one.class),
        _ => None,
    }
}

/// What begins at `at`, or, for an address, stands around the `@` there.
fn recognise(bytes: &[u8], at: usize, floor: usize, byte: u8) -> Option<Finding> {
    let finding = |class| {
        move |end| Finding {
            class,
            start: at,
            end,
        }
    };
    match byte {
        b'@' => {
            let (start, end) = person::email(bytes, at, floor)?;
            let class = Class::Email;
            Some(Finding { class, start, end })
        }
        b'-' => secret::pem(bytes, at).map(finding(Class::PrivateKey)),
        b'+' | b'(' => person::phone(bytes, at).map(finding(Class::Phone)),
        b'0'..=b'9' => bank::card(bytes, at)
            .map(finding(Class::Card))
            .or_else(|| person::ssn(bytes, at).map(finding(Class::Ssn)))
            .or_else(|| person::phone(bytes, at).map(finding(Class::Phone))),
        _ if byte.is_ascii_alphabetic() && is_start(bytes, at) => secret::jwt(bytes, at)
            .map(finding(Class::Jwt))
            .or_else(|| secret::putty(bytes, at).map(finding(Class::PrivateKey)))
            .or_else(|| secret::access_key(bytes, at).map(finding(Class::ApiKey)))
            .or_else(|| bank::iban(bytes, at).map(finding(Class::Iban))),
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

/// Whether a number may begin at `at`: not inside another, nor behind its decimal point or hyphen.
fn is_number_start(bytes: &[u8], at: usize) -> bool {
    let back = |count: usize| at.checked_sub(count).and_then(|i| bytes.get(i)).copied();
    let joins = matches!(back(1), Some(b'.' | b'-' | b',')) && back(2).is_some_and(is_digit);
    is_start(bytes, at) && !joins
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
