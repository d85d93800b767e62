//! A text without its literals, for recordings.
//!
//! Works on the scanner's tokens, so that a text that does not parse is redacted too; a text that does not even
//! scan is dropped whole.

use pg_query::protobuf::Token;

/// What stands where a literal stood.
const MARK: &str = "<redacted>";

/// The text with every string, number and bit-string literal and every comment replaced.
pub fn redact(text: &str) -> String {
    let Ok(tokens) = crate::scan::tokens(text) else {
        return MARK.to_owned();
    };
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for token in &tokens {
        let (Ok(from), Ok(to)) = (usize::try_from(token.start), usize::try_from(token.end)) else {
            return MARK.to_owned();
        };
        let (Some(gap), Some(body)) = (text.get(end..from), text.get(from..to)) else {
            return MARK.to_owned();
        };
        out.push_str(gap);
        out.push_str(if is_literal(token.token) { MARK } else { body });
        end = to;
    }
    out.push_str(text.get(end..).unwrap_or_default());
    out
}

fn is_literal(token: i32) -> bool {
    matches!(
        Token::try_from(token),
        Err(_)
            | Ok(Token::Sconst
                | Token::Usconst
                | Token::Iconst
                | Token::Fconst
                | Token::Bconst
                | Token::Xconst
                | Token::SqlComment
                | Token::CComment)
    )
}
