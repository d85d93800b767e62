//! The words and signs of a body, as PostgreSQL's scanner takes them apart.
//!
//! Knows no grammar.

use pg_query::protobuf::Token as Scanned;

use super::{Unread, fold};

/// Longest body that is read.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A name or keyword without quotes.
    Word,
    /// A name in double quotes.
    Quoted,
    /// `$1`.
    Parameter,
    /// A string of any form.
    String,
    /// Anything else: numbers, operators, punctuation.
    Sign,
}

/// One token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind,
    pub(crate) text: &'t str,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Token<'_> {
    /// Whether it is this word, not quoted; `word` is lower case.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(crate) fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }

    /// The name that it is.
    pub(crate) fn name(&self) -> Option<String> {
        match self.kind {
            Kind::Word | Kind::Quoted => fold(self.text),
            Kind::Parameter => Some(self.text.to_owned()),
            Kind::String | Kind::Sign => None,
        }
    }
}

/// Takes a body apart.
pub(crate) fn tokens(body: &str) -> Result<Vec<Token<'_>>, Unread> {
    let unread = |what: &str| Unread {
        what: what.to_owned(),
        line: 1,
    };
    if body.len() > BODY_BYTES_MAX {
        return Err(unread("a body that is too long"));
    }
    let scanned = crate::scan::tokens(body).map_err(|_| unread("text that is no SQL"))?;
    let mut tokens = Vec::with_capacity(scanned.len());
    for token in scanned {
        let place = usize::try_from(token.start)
            .ok()
            .zip(usize::try_from(token.end).ok());
        let Some((start, end)) = place else {
            return Err(unread("text that is no SQL"));
        };
        let Some(text) = body.get(start..end) else {
            return Err(unread("text that is no SQL"));
        };
        let kind = match Scanned::try_from(token.token) {
            Ok(Scanned::SqlComment | Scanned::CComment) => continue,
            Ok(Scanned::Sconst | Scanned::Usconst | Scanned::Bconst | Scanned::Xconst) => {
                Kind::String
            }
            Ok(Scanned::Param) => Kind::Parameter,
            Ok(_) if text.starts_with('"') => Kind::Quoted,
            Ok(Scanned::Uident) => return Err(unread("a name in escapes")),
            Ok(_) if text.starts_with(is_word_start) => Kind::Word,
            Ok(_) => Kind::Sign,
            Err(_) => return Err(unread("text that is no SQL")),
        };
        tokens.push(Token {
            kind,
            text,
            start,
            end,
        });
    }
    Ok(tokens)
}

fn is_word_start(letter: char) -> bool {
    letter.is_ascii_alphabetic() || letter == '_' || !letter.is_ascii()
}
