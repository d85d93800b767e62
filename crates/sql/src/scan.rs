//! PostgreSQL's scanner: a text to tokens, comments among them.
//!
//! Must never give the library a text without tokens: it makes a slice of the null pointer of that.

use pg_query::protobuf::ScanToken;

/// The tokens of a text, in order.
///
/// # Errors
/// What the scanner says of a text that it cannot take apart.
pub(crate) fn tokens(text: &str) -> Result<Vec<ScanToken>, pg_query::Error> {
    match text.bytes().all(is_blank) {
        true => Ok(Vec::new()),
        false => pg_query::scan_tokens(text),
    }
}

/// What the scanner passes over (`space` in its rules); anything else begins a token, or is an error.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blanks_have_no_token() {
        for byte in 1..=0x7f {
            let text = char::from(byte).to_string();
            let has_none = tokens(&text).is_ok_and(|tokens| tokens.is_empty());
            assert_eq!(has_none, is_blank(byte), "{text:?}");
        }
        assert_eq!(tokens("").ok(), Some(Vec::new()));
        assert_eq!(tokens(" -- x\n").map(|tokens| tokens.len()).ok(), Some(1));
    }
}
