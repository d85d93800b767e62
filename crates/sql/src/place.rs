//! Where in a text the parser met what it rejects.
//!
//! The binding hands out the parser's words without their place. It is found again by parsing beginnings of the text:
//! the one that ends right behind the rejected token is the first to be rejected with the same words.

/// Texts longer than this are not searched.
const SEARCHED_BYTES_MAX: usize = 64 * 1024;

/// What the server's own parser would say of a text that it rejects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxError {
    /// The parser's words. They may quote the text's literals: they are for whoever wrote the text, and for no record
    /// that does not hold the text itself.
    pub message: String,
    /// Where, in characters from 1, if it was found.
    pub place: Option<usize>,
}

impl SyntaxError {
    /// What `parse` says of `text`, with its place.
    pub(crate) fn find(
        text: &str,
        message: String,
        parse: impl Fn(&str) -> Result<(), String>,
    ) -> Self {
        let place = place(text, &message, parse);
        let place = place.and_then(|at| Some(text.get(..at)?.chars().count() + 1));
        Self { message, place }
    }
}

fn place(text: &str, message: &str, parse: impl Fn(&str) -> Result<(), String>) -> Option<usize> {
    if text.len() > SEARCHED_BYTES_MAX {
        return None;
    }
    if message.ends_with(" at end of input") {
        return Some(text.len());
    }
    let (_, token) = message.split_once(" at or near \"")?;
    let token = token.strip_suffix('"').filter(|token| !token.is_empty())?;
    let places: Vec<usize> = text
        .match_indices(token)
        .map(|(at, _)| at)
        .filter(|at| stands_alone(text, *at, token))
        .collect();
    // Every beginning that ends at or behind the rejected token is rejected alike, no shorter one is.
    let rejected = |at: usize| {
        let end = at.saturating_add(token.len());
        let beginning = text.get(..end).unwrap_or_default();
        parse(beginning).is_err_and(|said| said == message)
    };
    let first = places.partition_point(|at| !rejected(*at));
    places.get(first).copied()
}

/// Whether a word is a word there and not a part of a longer one.
fn stands_alone(text: &str, at: usize, token: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    if !token.starts_with(is_part) {
        return true;
    }
    let before = text.get(..at).and_then(|t| t.chars().next_back());
    let behind = text
        .get(at.saturating_add(token.len())..)
        .and_then(|t| t.chars().next());
    let joined = behind.filter(|_| token.ends_with(is_part));
    !before.into_iter().chain(joined).any(is_part)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parse(text: &str) -> Result<(), String> {
        match pg_query::parse(text, 0) {
            Ok(_) => Ok(()),
            Err(pg_query::Error::Parse(message)) => Err(message),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn the_place_is_the_parsers_own() {
        let check = |text: &str, message: &str, place: Option<usize>| {
            let said = parse(text).unwrap_err();
            let found = SyntaxError::find(text, said, parse);
            assert_eq!(
                (found.message.as_str(), found.place),
                (message, place),
                "{text}"
            );
        };
        let near = |token: &str| format!("syntax error at or near \"{token}\"");
        check("selec 1", &near("selec"), Some(1));
        check("select 'é', ) from t", &near(")"), Some(13));
        check("select (1), 2)", &near(")"), Some(14));
        check("select x x x", &near("x"), Some(12));
        check("create table t (i int default (1, ))", &near(")"), Some(35));
        check("select 'a, b', a, b, from t", &near("from"), Some(22));
        check("select '2' from from_ 2 2", &near("2"), Some(23));
        check("select 1; 'x'", &near("'x'"), Some(11));
        check("select", "syntax error at end of input", Some(7));
        let junk = "trailing junk after numeric literal at or near \"12a\"";
        check("select 12 + 12a", junk, Some(13));
        let open = "unterminated quoted string at or near \"'a\n)\"";
        check("select 'b', 'a\n)", open, Some(13));
        check(
            "select 1 limit 1, 1",
            "LIMIT #,# syntax is not supported",
            None,
        );
    }
}
