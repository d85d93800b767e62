//! Text that somebody else wrote, as HTML that shows it and does nothing else.
//!
//! Must never let a character through that the reader would not see, or that the browser would obey.

use contract::visible::{Piece, pieces};

/// Appends a text, escaped; what nobody would see is spelled out. Line feeds stay, for `pre`.
pub(super) fn text(out: &mut String, text: &str) {
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        for piece in pieces(line) {
            match piece {
                Piece::Plain(plain) => escape(out, plain),
                Piece::Hidden(name) => {
                    out.push_str("<i class=\"hidden\">");
                    escape(out, &name);
                    out.push_str("</i>");
                }
            }
        }
    }
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            other => out.push(other),
        }
    }
}

/// A text at most `max` bytes long, and whether more was there.
pub(super) fn cut(text: &str, max: usize) -> (&str, bool) {
    let end = text.floor_char_boundary(max);
    (text.get(..end).unwrap_or_default(), end < text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_shown_and_not_obeyed() {
        let check = |given: &str, expect: &str| {
            let mut out = String::new();
            text(&mut out, given);
            assert_eq!(out, expect);
        };
        check(
            "<script>alert(1)</script>",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
        );
        check("\" onload='x' `", "&quot; onload=&#39;x&#39; &#96;");
        check("a&amp;b", "a&amp;amp;b");
        check("a\u{202e}b", "a<i class=\"hidden\">U+202E</i>b");
        check(
            "\u{0}\u{1b}[2J",
            "<i class=\"hidden\">U+0000</i><i class=\"hidden\">U+001B</i>[2J",
        );
        check("a\nb", "a\nb");
        check("<!--", "&lt;!--");
    }

    #[test]
    fn cuts_fall_between_characters() {
        assert_eq!(cut("é", 1), ("", true));
        assert_eq!(cut("éa", 2), ("é", true));
        assert_eq!(cut("ab", 2), ("ab", false));
    }
}
