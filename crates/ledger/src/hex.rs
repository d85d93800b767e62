//! Bytes as people read them: lowercase hexadecimal.
//!
//! Must never be given a secret: what it makes ends on screens.

use std::fmt::{self, Write as _};

/// Bytes as lowercase hexadecimal.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nibbles = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        nibbles
            .filter_map(|nibble| char::from_digit(u32::from(nibble), 16))
            .try_for_each(|digit| f.write_char(digit))
    }
}

/// An id of 16 bytes, in groups of 8, 4, 4, 4 and 12 digits.
#[derive(Clone, Copy, Debug)]
pub struct Id<'a>(pub &'a [u8; 16]);

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = [0..4, 4..6, 6..8, 8..10].map(|group| Hex(&self.0[group]));
        write!(f, "{a}-{b}-{c}-{d}-{}", Hex(&self.0[10..]))
    }
}

impl Id<'_> {
    /// An id from text: 32 hexadecimal digits, with or without hyphens.
    pub fn parse(text: &str) -> Option<[u8; 16]> {
        let mut digits = text.chars().filter(|c| *c != '-').map(|c| c.to_digit(16));
        let mut id = [0; 16];
        for byte in &mut id {
            let pair = digits.next()?? * 16 + digits.next()??;
            *byte = u8::try_from(pair).ok()?;
        }
        digits.next().is_none().then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits() {
        let check = |bytes: &[u8], expect| assert_eq!(Hex(bytes).to_string(), expect);
        check(&[], "");
        check(&[0, 9, 0x10, 0xaf, 0xff], "000910afff");
        let id = [1, 0x99, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xf0];
        let text = Id(&id).to_string();
        assert_eq!(text, "01990203-0405-0607-0809-0a0b0c0d0ef0");
        assert_eq!(Id::parse(&text), Some(id));
        assert_eq!(Id::parse(&text.replace('-', "")), Some(id));
        for bad in ["", "0199", "zz990203-0405-0607-0809-0a0b0c0d0ef0", "é"] {
            assert_eq!(Id::parse(bad), None, "{bad}");
        }
        assert_eq!(Id::parse(&format!("{text}0")), None);
    }
}
