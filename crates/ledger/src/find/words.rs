//! What a word is: the one definition that the index and the scan share.
//!
//! Must never give a word that holds anything but letters, digits and marks: what is written around words in an index
//! relies on it.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Characters of one word; what is longer is known by its beginning.
pub const WORD_CHARS_MAX: usize = 64;

/// Calls `each` with every word of a text, in order.
///
/// Words are runs of letters and digits, in lower case, without accents, in compatibility form (`Ａ` is `a`, `ﬁ` is
/// `fi`). Where words are written without spaces between them (Chinese, Japanese, Thai…) each character is a word.
pub fn words(text: &str, mut each: impl FnMut(&str)) {
    let mut word = Word::default();
    if text.is_ascii() {
        for byte in text.bytes() {
            match byte.is_ascii_alphanumeric() {
                true => word.push(char::from(byte.to_ascii_lowercase())),
                false => word.end(&mut each),
            }
        }
        return word.end(&mut each);
    }
    let plain = text.nfkd().filter(|c| !is_accent(*c)).nfc();
    let lower = plain.flat_map(char::to_lowercase);
    for c in lower.filter(|c| !is_accent(*c)) {
        if !c.is_alphanumeric() && !is_combining_mark(c) {
            word.end(&mut each);
        } else if stands_alone(c) {
            word.end(&mut each);
            word.push(c);
            word.end(&mut each);
        } else {
            // At a word's end it is written otherwise, and is the same letter.
            word.push(if c == 'ς' { 'σ' } else { c });
        }
    }
    word.end(&mut each);
}

/// Adds the words of a text, each with a space behind it.
pub(super) fn append(text: &str, out: &mut String) {
    if !text.is_ascii() {
        return words(text, |word| {
            out.push_str(word);
            out.push(' ');
        });
    }
    // Almost all texts: whole runs are copied.
    let from = out.len();
    out.reserve(text.len() + 1);
    for run in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        if !run.is_empty() {
            out.push_str(run.get(..WORD_CHARS_MAX).unwrap_or(run));
            out.push(' ');
        }
    }
    if let Some(added) = out.get_mut(from..) {
        added.make_ascii_lowercase();
    }
}

/// A word that is being read.
#[derive(Default)]
struct Word {
    text: String,
    chars: usize,
}

impl Word {
    fn push(&mut self, c: char) {
        if self.chars < WORD_CHARS_MAX {
            self.text.push(c);
            self.chars += 1;
        }
    }

    fn end(&mut self, each: &mut impl FnMut(&str)) {
        if self.chars > 0 {
            each(&self.text);
            self.text.clear();
            self.chars = 0;
        }
    }
}

/// Marks over and under letters that people leave out when they type. Those of other scripts change what is said.
fn is_accent(c: char) -> bool {
    matches!(
        u32::from(c),
        0x300..=0x36f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f
    )
}

/// Whether a character belongs to a script that is written without spaces.
pub(super) fn stands_alone(c: char) -> bool {
    matches!(
        u32::from(c),
        0xe00..=0xeff
            | 0xf00..=0xfff
            | 0x1000..=0x109f
            | 0x1780..=0x17ff
            | 0x3040..=0x30ff
            | 0x31f0..=0x31ff
            | 0x3400..=0x4dbf
            | 0x4e00..=0x9fff
            | 0xf900..=0xfaff
            | 0x2_0000..=0x3_ffff
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn all(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        words(text, |word| found.push(word.to_owned()));
        found
    }

    #[test]
    fn texts_fall_into_words() {
        let check = |text: &str, expect: &str| {
            assert_eq!(all(text).join("|"), expect, "{text}");
        };
        check("", "");
        check(" =;'\" ", "");
        check("SELECT a.B_c FROM t", "select|a|b|c|from|t");
        check("ada@shop.example", "ada|shop|example");
        check(
            "0198c0de-0000-7000-8000-0000000000ff",
            "0198c0de|0000|7000|8000|0000000000ff",
        );
        check("10.0.0.1:5432", "10|0|0|1|5432");
        check("-12.50€", "12|50");
        check("Straße Müller ÅNGSTRÖM", "straße|muller|angstrom");
        check("e\u{301}te\u{301}", "ete");
        check("İstanbul ΣΟΦΟΣ σοφος", "istanbul|σοφοσ|σοφοσ");
        check("Ｆｕｌｌ ﬁle x²", "full|file|x2");
        check("東京タワー ok", "東|京|タ|ワ|ー|ok");
        check("ข้อ", "ข|้|อ");
        check("한국어", "한국어");
        check("हिन्दी", "हिन्दी");
        check("a\0b\u{e000}c\u{202e}d", "a|b|c|d");
        check("x_y", "x|y");
    }

    #[test]
    fn a_long_word_is_known_by_its_beginning() {
        let long = "é".repeat(WORD_CHARS_MAX) + "tail";
        assert_eq!(all(&long), ["e".repeat(WORD_CHARS_MAX)]);
    }

    proptest! {
        #[test]
        fn appended_words_are_the_words(text in "\\PC{0,40}|[ -~]{0,200}|[a-zA-Z0-9]{60,70}[-_ ]?[A-Z]{0,70}") {
            let mut found = String::from("x ");
            append(&text, &mut found);
            let expect: String = all(&text).iter().map(|word| format!("{word} ")).collect();
            prop_assert_eq!(found, format!("x {}", expect));
        }

        #[test]
        fn a_word_is_made_of_itself(text in "\\PC{0,40}") {
            for word in all(&text) {
                let clean = word.chars().all(|c| c.is_alphanumeric() || is_combining_mark(c));
                prop_assert!(clean, "{word:?}");
                prop_assert!(!word.is_empty() && word.chars().count() <= WORD_CHARS_MAX);
            }
        }
    }
}
