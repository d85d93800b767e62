//! Card numbers and bank accounts, by their check digits.
//!
//! Prefixes and lengths follow ISO/IEC 7812 as issuers publish them; IBAN lengths follow the ISO 13616 registry.

use super::{is_digit, is_end, is_number_end, is_number_start, run};

/// Digits of the shortest and of the longest card number.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 12..=19;

/// The end of a card number that begins at `at`; single blanks or hyphens may stand between its digits.
pub(super) fn card(bytes: &[u8], at: usize) -> Option<usize> {
    if !is_number_start(bytes, at) {
        return None;
    }
    let mut digits = [0u8; 19];
    let (mut count, mut place, mut best) = (0, at, None);
    while let Some(slot) = digits.get_mut(count) {
        let byte = *bytes.get(place).filter(|b| is_digit(**b))?;
        *slot = byte - b'0';
        count += 1;
        place += 1;
        let number = digits.get(..count).unwrap_or_default();
        if is_number_end(bytes, place) && is_card(number) {
            best = Some(place);
        }
        let is_joint = matches!(bytes.get(place), Some(b' ' | b'-'));
        place += usize::from(is_joint);
        if !bytes.get(place).copied().is_some_and(is_digit) {
            break;
        }
    }
    best
}

fn is_card(digits: &[u8]) -> bool {
    CARD_DIGITS.contains(&digits.len()) && is_issued(digits) && luhn(digits)
}

/// Whether some network issues numbers of this prefix and length.
fn is_issued(digits: &[u8]) -> bool {
    let head = |count: usize| {
        let head = digits.get(..count).unwrap_or_default();
        head.iter().fold(0u32, |n, d| n * 10 + u32::from(*d))
    };
    let length = digits.len();
    let (two, three, four, six) = (head(2), head(3), head(4), head(6));
    let visa = head(1) == 4 && matches!(length, 13 | 16 | 19);
    let mastercard = length == 16 && (matches!(two, 51..=55) || matches!(four, 2221..=2720));
    let amex = length == 15 && matches!(two, 34 | 37);
    let discover = (16..=19).contains(&length)
        && (four == 6011
            || two == 65
            || matches!(three, 644..=649)
            || matches!(six, 622126..=622925));
    let diners = (14..=19).contains(&length)
        && (matches!(three, 300..=305 | 309) || matches!(two, 36 | 38 | 39));
    let jcb = (16..=19).contains(&length) && matches!(four, 3528..=3589);
    let unionpay = (16..=19).contains(&length) && two == 62;
    let mir = (16..=19).contains(&length) && matches!(four, 2200..=2204);
    let maestro = matches!(two, 50 | 56..=58) || matches!(four, 6304 | 6759 | 6761..=6763);
    visa || mastercard || amex || discover || diners || jcb || unionpay || mir || maestro
}

/// Whether the last digit is Luhn's for the others.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match (index % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The end of an IBAN that begins at `at`, in groups of four or without blanks.
pub(super) fn iban(bytes: &[u8], at: usize) -> Option<usize> {
    let country = bytes.get(at..at + 2)?;
    let length = LENGTHS.iter().find(|(c, _)| c.as_bytes() == country)?.1;
    let mut letters = Vec::with_capacity(length);
    let mut place = at;
    while letters.len() < length {
        if letters.len() % 4 == 0 && !letters.is_empty() && bytes.get(place) == Some(&b' ') {
            place += 1;
        }
        let is_letter = |b: &&u8| b.is_ascii_digit() || b.is_ascii_uppercase();
        letters.push(*bytes.get(place).filter(is_letter)?);
        place += 1;
    }
    let is_checked = run(&letters, 2, 2, is_digit) == 2 && remainder(&letters) == 1;
    (is_checked && is_end(bytes, place)).then_some(place)
}

/// The number behind an IBAN, modulo 97: the first four characters moved to the end, letters counted from 10.
fn remainder(letters: &[u8]) -> u32 {
    let (head, tail) = letters.split_at(4.min(letters.len()));
    tail.iter().chain(head).fold(0, |rest, letter| {
        if letter.is_ascii_digit() {
            (rest * 10 + u32::from(letter - b'0')) % 97
        } else {
            (rest * 100 + u32::from(letter.to_ascii_uppercase().saturating_sub(b'A')) + 10) % 97
        }
    })
}

/// How long each country's IBAN is.
const LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_need_an_issuer_a_length_and_the_check_digit() {
        let check = |text: &str, expect: bool| {
            let end = card(text.as_bytes(), 0);
            assert_eq!(end, expect.then_some(text.len()), "{text}");
        };
        for good in [
            "4111111111111111",
            "4012888888881881",
            "4222222222222",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "3782 822463 10005",
            "6011111111111117",
            "6011-1111-1111-1117",
            "30569309025904",
            "3530111333300000",
            "6200000000000005",
            "6759649826438453",
        ] {
            check(good, true);
        }
        for bad in [
            "4111111111111112",
            "1234567812345670",
            "0000000000000000",
            "41111111111111",
            "411111111111",
            "4111-1111-1111-1111-1",
            "4111111111111111x",
        ] {
            check(bad, false);
        }
    }

    #[test]
    fn a_card_is_not_the_inside_of_a_number() {
        for text in [
            "94111111111111111",
            "3.4111111111111111",
            "-4111111111111111.5",
        ] {
            let found = (0..text.len()).find_map(|at| card(text.as_bytes(), at));
            assert_eq!(found, None, "{text}");
        }
    }

    #[test]
    fn ibans_need_their_countrys_length_and_check_digits() {
        let check = |text: &str, expect: bool| {
            let end = iban(text.as_bytes(), 0);
            assert_eq!(end, expect.then_some(text.len()), "{text}");
        };
        check("GB82WEST12345698765432", true);
        check("GB82 WEST 1234 5698 7654 32", true);
        check("DE89370400440532013000", true);
        check("NO9386011117947", true);
        check("MT84MALT011000012345MTLCAST001S", true);
        check("GB82WEST12345698765433", false);
        check("DE893704004405320130001", false);
        check("DE8937040044053201300", false);
        check("ZZ89370400440532013000", false);
        check("GBXXWEST12345698765432", false);
        check("GB82WEST1234569876543é", false);
    }
}
