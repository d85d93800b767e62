//! Makes text that somebody else wrote safe to look at: what a reader could not see, or would see in another
//! order than it runs, is spelled out.
//!
//! Knows neither HTML nor terminals; both render [`Piece`]s in their own way. Nothing is dropped or shortened.

use std::fmt::Write;

/// A run of text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece<'a> {
    /// As it is. Contains no line feed.
    Plain(&'a str),
    /// A character that a reader could not see or be misled by, spelled `U+202E`.
    Hidden(String),
}

/// Cuts `text` into lines and those into pieces. A line feed ends a line and is not itself shown; every other
/// control, bidirectional, zero-width or unusual space character becomes [`Piece::Hidden`]. Tabs stay.
pub fn lines(text: &str) -> impl Iterator<Item = Vec<Piece<'_>>> {
    text.split('\n').map(pieces)
}

/// Cuts one line into pieces.
pub fn pieces(line: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut start = 0;
    for (at, c) in line.char_indices() {
        if !misleads(c) {
            continue;
        }
        if start < at {
            out.push(Piece::Plain(&line[start..at]));
        }
        out.push(Piece::Hidden(name(c)));
        start = at + c.len_utf8();
    }
    if start < line.len() {
        out.push(Piece::Plain(&line[start..]));
    }
    out
}

/// The text for a terminal or a log: hidden characters as `<U+202E>`, line feeds and tabs kept.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, line) in lines(text).enumerate() {
        if index > 0 {
            out.push('\n');
        }
        push_line(&mut out, line);
    }
    out
}

/// Like [`plain`], on one line: line feeds and tabs become single spaces.
pub fn single_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, line) in lines(text).enumerate() {
        if index > 0 {
            out.push(' ');
        }
        push_line(&mut out, line);
    }
    out.replace('\t', " ")
}

fn push_line(out: &mut String, line: Vec<Piece<'_>>) {
    for piece in line {
        match piece {
            Piece::Plain(text) => out.push_str(text),
            Piece::Hidden(name) => {
                out.push('<');
                out.push_str(&name);
                out.push('>');
            }
        }
    }
}

fn name(c: char) -> String {
    let mut name = String::with_capacity(8);
    let written = write!(name, "U+{:04X}", u32::from(c));
    debug_assert!(written.is_ok(), "writing to a String does not fail");
    name
}

/// Whether a character is invisible, reorders its neighbours, or passes for an ordinary space.
pub fn misleads(c: char) -> bool {
    match c {
        '\t' | '\n' => false,
        c if c.is_control() => true,
        // Spaces that are not U+0020.
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            true
        }
        // Soft hyphen, joiners, directional marks and overrides, isolates, invisible operators, byte order mark.
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' => true,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fe00}'..='\u{fe0f}' => true,
        // Fillers that render as nothing.
        '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}' | '\u{3164}'
        | '\u{ffa0}' => true,
        // Tags and variation selectors.
        '\u{e0000}'..='\u{e0fff}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        assert_eq!(plain(text), expect);
    }

    #[test]
    fn hidden_characters_are_spelled_out() {
        check("SELECT 1", "SELECT 1");
        check("a\tb\nc", "a\tb\nc");
        check("a\r\nb", "a<U+000D>\nb");
        check("\u{202e}tceles", "<U+202E>tceles");
        check("a\u{0}b\u{1b}[2J", "a<U+0000>b<U+001B>[2J");
        check("x\u{200b}y\u{feff}", "x<U+200B>y<U+FEFF>");
        check("a\u{a0}b\u{3000}", "a<U+00A0>b<U+3000>");
        check("tag\u{e0041}", "tag<U+E0041>");
        check("\u{85}\u{2028}", "<U+0085><U+2028>");
        check("naïve 東京 🦀", "naïve 東京 🦀");
        check("", "");
        check("\n\n", "\n\n");
    }

    #[test]
    fn a_single_line_has_no_breaks() {
        assert_eq!(single_line("a\n\tb\u{1b}"), "a  b<U+001B>");
    }

    #[test]
    fn a_million_hidden_characters_cost_memory_in_proportion() {
        let text = "\u{202e}".repeat(1_000_000);
        assert_eq!(plain(&text).len(), 8_000_000);
    }
}
