//! What the words of an action must be, in the language of FTS5, for one volume at a time: beginnings are spelt out in
//! the words that the volume has of them.
//!
//! Must never put anything typed into it: words and terms of `ledger::find` alone stand there, in quotes, and words that
//! are in the index.

use std::cell::Cell;

use ::ledger::find::facet::Facet;
use ::ledger::find::query::Phrase;
use rusqlite::{ErrorCode, OptionalExtension as _, Transaction};

use super::file;
use crate::error::Error;

/// Words in which a beginning is spelt out. FTS5 looks up a beginning by putting together all entries of all its words
/// before it gives the first; words that are asked for one by one stream. Each costs a look, found or not.
#[cfg(not(test))]
const WORDS_MAX: usize = 256;
/// Small, so that tests have beginnings of more.
#[cfg(test)]
const WORDS_MAX: usize = 2;

/// No word has this character, and all that words are made of come behind it.
const BEFORE_ALL: char = '\u{1}';

/// What the words must be.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// All of these, each an expression of its own.
    pub(super) all: Vec<String>,
    /// And all of these beginnings.
    pub(super) beginnings: Vec<Phrase>,
    /// And none of these.
    pub(super) none: Vec<Phrase>,
    /// A beginning had too many words in one volume: in the others it has, too, as a rule.
    pub(super) is_wide: Cell<bool>,
}

/// What a volume is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Expression {
    /// No word is asked for.
    Anything,
    /// The volume lacks a word.
    Nothing,
    /// These words.
    Of(String),
}

impl Words {
    /// What fits all that is asked for, and more, without looking any beginning up; `None` where nothing is left then, or
    /// there is none.
    pub(super) fn at_least(&self) -> Option<String> {
        if self.beginnings.is_empty() && !self.none.iter().any(|one| one.is_prefix) {
            return None;
        }
        let mut all = self.all.clone();
        // Of words one behind the other, only the last one is a beginning.
        let beginnings = self.beginnings.iter();
        let whole = beginnings.filter_map(|one| one.words.split_last().map(|(_, before)| before));
        let whole = whole.filter(|before| !before.is_empty());
        all.extend(whole.map(|before| quoted(&before.join(" "))));
        (!all.is_empty()).then(|| all.join(" AND "))
    }

    /// What a volume is asked for.
    pub(super) fn within(&self, view: &Transaction<'_>, volume: u64) -> Result<Expression, Error> {
        let mut all = self.all.clone();
        for beginning in &self.beginnings {
            match self.spelt_out(view, volume, beginning)? {
                Some(words) => all.push(words),
                None => return Ok(Expression::Nothing),
            }
        }
        let mut none = Vec::new();
        for unwanted in &self.none {
            none.extend(self.spelt_out(view, volume, unwanted)?);
        }
        if all.is_empty() && none.is_empty() {
            return Ok(Expression::Anything);
        }
        if all.is_empty() {
            all.push(quoted(&Facet::Any.term("")));
        }
        let all = all.join(" AND ");
        Ok(Expression::Of(match none.is_empty() {
            true => all,
            false => format!("({all}) NOT {}", any(none.into_iter())),
        }))
    }

    /// A phrase as a volume is asked for it; `None` where it has no word that begins so.
    fn spelt_out(
        &self,
        view: &Transaction<'_>,
        volume: u64,
        wanted: &Phrase,
    ) -> Result<Option<String>, Error> {
        let Some((last, before)) = wanted.words.split_last().filter(|_| wanted.is_prefix) else {
            return Ok(Some(phrase(wanted)));
        };
        let found = match self.is_wide.get() {
            true => None,
            false => beginning_with(view, volume, last)?,
        };
        let Some(found) = found else {
            self.is_wide.set(true);
            return Ok(Some(phrase(wanted)));
        };
        let whole = |word: &String| {
            let words = before.iter().chain([word]).map(String::as_str);
            quoted(&words.collect::<Vec<_>>().join(" "))
        };
        Ok((!found.is_empty()).then(|| any(found.iter().map(whole))))
    }
}

/// The words of a volume that begin so; `None` where there are more than are worth it, or nobody can say.
fn beginning_with(
    view: &Transaction<'_>,
    volume: u64,
    beginning: &str,
) -> Result<Option<Vec<String>>, Error> {
    let terms = file::terms(volume);
    let sql = format!("SELECT term FROM {terms} WHERE term >= ?1 ORDER BY term LIMIT 1");
    let mut next = match view.prepare_cached(&sql) {
        Ok(next) => next,
        // An index of before, that its thread has not completed yet.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let (mut found, mut from) = (Vec::new(), beginning.to_owned());
    // From word to word: the entries of none are read.
    loop {
        let word = next.query_row([&from], |row| row.get::<_, String>(0));
        let word = word.optional()?.filter(|word| word.starts_with(beginning));
        match word {
            None => return Ok(Some(found)),
            Some(_) if found.len() == WORDS_MAX => return Ok(None),
            Some(word) => {
                from = format!("{word}{BEFORE_ALL}");
                found.push(word);
            }
        }
    }
}

/// One of several.
pub(super) fn any(terms: impl Iterator<Item = String>) -> String {
    format!("({})", terms.collect::<Vec<_>>().join(" OR "))
}

/// Words have no quotation marks; were there one, it would be doubled.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A phrase in the language of FTS5.
pub(super) fn phrase(phrase: &Phrase) -> String {
    let star = if phrase.is_prefix { "*" } else { "" };
    format!("{}{star}", quoted(&phrase.words.join(" ")))
}
