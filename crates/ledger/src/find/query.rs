//! The small language of searches: words, `"phrases"`, `beginnings*` and `-what shall not be there`.
//!
//! Must never hand on what was typed: only words come out, so that nothing typed is ever another language's syntax.

use super::words::{stands_alone, words};

/// Bytes of one query.
pub const QUERY_BYTES_MAX: usize = 1_024;
/// Words of one query, those of phrases counted one by one.
pub const QUERY_WORDS_MAX: usize = 64;
/// Characters before a `*`: a shorter beginning fits too many words to be looked up.
pub const PREFIX_CHARS_MIN: usize = 2;

/// Why a query cannot be asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum QueryError {
    /// It is too long.
    #[error("a search is at most {QUERY_BYTES_MAX} bytes and {QUERY_WORDS_MAX} words long")]
    TooLong,
    /// A phrase has no end.
    #[error("a phrase begins with a quotation mark and has none at its end")]
    OpenPhrase,
    /// A beginning is too short.
    #[error("at least {PREFIX_CHARS_MIN} letters or digits stand before a `*`")]
    ShortPrefix,
    /// Nothing that can be looked for.
    #[error("there is no word in it: words are letters and digits")]
    NoWords,
}

/// Words that stand one behind the other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Phrase {
    /// At least one.
    pub words: Vec<String>,
    /// Whether the last one may go on.
    pub is_prefix: bool,
}

/// What is looked for in the words of an action.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Query {
    /// All of these.
    pub all: Vec<Phrase>,
    /// And none of these.
    pub none: Vec<Phrase>,
}

impl Query {
    /// Reads a query. Without a word in it nothing is looked for, and everything fits.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.len() > QUERY_BYTES_MAX {
            return Err(QueryError::TooLong);
        }
        let mut query = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (term, after) = term(rest)?;
            query.add(term)?;
            rest = after.trim_start();
        }
        let phrases = || query.all.iter().chain(&query.none);
        if phrases().map(|phrase| phrase.words.len()).sum::<usize>() > QUERY_WORDS_MAX {
            return Err(QueryError::TooLong);
        }
        if phrases().next().is_none() && !text.trim().is_empty() {
            return Err(QueryError::NoWords);
        }
        Ok(query)
    }

    fn add(&mut self, term: Term<'_>) -> Result<(), QueryError> {
        let mut phrase = Phrase::default();
        words(term.text, |word| phrase.words.push(word.to_owned()));
        let Some(last) = phrase.words.last() else {
            return Ok(());
        };
        // Where each character is a word, every word begins with itself.
        let goes_on = term.is_prefix && !last.chars().all(stands_alone);
        if goes_on && last.chars().count() < PREFIX_CHARS_MIN {
            return Err(QueryError::ShortPrefix);
        }
        phrase.is_prefix = goes_on && last.chars().count() < super::words::WORD_CHARS_MAX;
        match term.is_unwanted {
            true => self.none.push(phrase),
            false => self.all.push(phrase),
        }
        Ok(())
    }

    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.none.is_empty()
    }
}

struct Term<'a> {
    text: &'a str,
    is_unwanted: bool,
    is_prefix: bool,
}

/// Takes one term from the front of what is not empty and begins with no space.
fn term(text: &str) -> Result<(Term<'_>, &str), QueryError> {
    let (text, is_unwanted) = match text.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (body, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or(QueryError::OpenPhrase)?,
        None => {
            let is_end = |c: char| c.is_whitespace() || c == '"' || c == '*';
            text.split_at(text.find(is_end).unwrap_or(text.len()))
        }
    };
    let (rest, is_prefix) = match rest.strip_prefix('*') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let term = Term {
        text: body,
        is_unwanted,
        is_prefix,
    };
    Ok((term, rest))
}

impl Phrase {
    /// Whether a text of words with spaces between them holds the phrase.
    pub fn is_in(&self, text: &str) -> bool {
        let Some((last, before)) = self.words.split_last() else {
            return true;
        };
        let fits = |word: &str| match self.is_prefix {
            true => word.starts_with(last.as_str()),
            false => word == last,
        };
        if before.is_empty() {
            return text.split_ascii_whitespace().any(fits);
        }
        let found: Vec<&str> = text.split_ascii_whitespace().collect();
        let mut places = found.windows(self.words.len());
        places.any(|place| {
            let last = place.last().copied().unwrap_or_default();
            place
                .iter()
                .zip(before)
                .all(|(word, wanted)| word == wanted)
                && fits(last)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn shown(query: &Query) -> String {
        let one = |sign: &str, phrase: &Phrase| {
            let star = if phrase.is_prefix { "*" } else { "" };
            format!("{sign}{}{star}", phrase.words.join("+"))
        };
        let all = query.all.iter().map(|phrase| one("", phrase));
        let none = query.none.iter().map(|phrase| one("-", phrase));
        all.chain(none).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn queries_are_read() {
        let check = |text: &str, expect: &str| {
            let found = Query::parse(text).map(|query| shown(&query));
            assert_eq!(found.as_deref(), Ok(expect), "{text}");
        };
        check("", "");
        check("  ", "");
        check("Orders  delete", "orders delete");
        check("order_items", "order+items");
        check("\"delete from Orders\" -bob", "delete+from+orders -bob");
        check(
            "ada@shop.example -\"a b\" cust*",
            "ada+shop+example cust* -a+b",
        );
        check("\"order it\"*", "order+it*");
        check("a=b", "a+b");
        check("= x", "x");
        check("東京*", "東+京");
        check("x\"y\"", "x y");
        check("NEAR(a b) OR body:x ^y", "near+a b or body+x y");
        check("-5", "-5");
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        let check = |text: &str, expect: QueryError| {
            assert_eq!(Query::parse(text), Err(expect), "{text}");
        };
        check("\"a b", QueryError::OpenPhrase);
        check("a*", QueryError::ShortPrefix);
        check("=", QueryError::NoWords);
        check("*", QueryError::NoWords);
        check("-", QueryError::NoWords);
        check(&"x".repeat(QUERY_BYTES_MAX + 1), QueryError::TooLong);
        check(&"x ".repeat(QUERY_WORDS_MAX + 1), QueryError::TooLong);
    }

    #[test]
    fn phrases_are_found_in_order_only() {
        let check = |query: &str, text: &str, expect: bool| {
            let query = Query::parse(query).unwrap();
            assert_eq!(query.all[0].is_in(text), expect, "{query:?} in {text}");
        };
        check("b", "a b c", true);
        check("\"b c\"", "a b c", true);
        check("\"c b\"", "a b c", false);
        check("\"a c\"", "a b c", false);
        check("\"a b\"", "a _ b", false);
        check("ord*", "a orders", true);
        check("\"a ord\"*", "a orders", true);
        check("order", "orders", false);
        check("\"a b c d\"", "a b", false);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_only_words_come_out(text in "\\PC{0,60}|[-\"* a_:(){}^+]{0,40}") {
            if let Ok(query) = Query::parse(&text) {
                for phrase in query.all.iter().chain(&query.none) {
                    prop_assert!(!phrase.words.is_empty());
                    prop_assert!(!phrase.words.iter().any(|word| word.contains(['"', '_', ' ', '*'])));
                }
            }
        }
    }
}
