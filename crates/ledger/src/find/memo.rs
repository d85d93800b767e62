//! What comes again and again is cut into words and terms once: effects, rules, reasons, labels, codes.
//!
//! Must never hold more than it is told: whoever makes up texts must not fill the memory with them.

use std::collections::HashMap;

use super::facet::Facet;
use super::words;

/// Texts of one kind that are kept; when there are more, all are forgotten.
const TEXTS_MAX: usize = 4_096;
/// Bytes of a text that is kept.
const TEXT_BYTES_MAX: usize = 1_024;

/// What a text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// What is done to what, as a decision lists it.
    Effect,
    /// The rule that decided.
    Rule,
    /// What a rule says, or whatever else has words alone.
    Words,
    Outcome,
    Label,
    /// A column that came back masked, with its schema.
    Masked,
    Error,
    Detector,
}

/// How many kinds there are.
const KINDS: usize = Kind::Detector as usize + 1;

/// What a text says.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Its words, each with a space behind it.
    pub(super) words: String,
    /// Its terms, likewise.
    pub(super) terms: String,
}

/// Texts that were met, and what they say.
#[derive(Debug, Default)]
pub(super) struct Memo {
    known: [HashMap<Box<str>, Said>; KINDS],
}

impl Memo {
    /// Tells what a text says.
    pub(super) fn tell<T>(&mut self, kind: Kind, text: &str, tell: impl FnOnce(&Said) -> T) -> T {
        let Some(known) = self.known.get_mut(kind as usize) else {
            return tell(&said(kind, text));
        };
        if let Some(said) = known.get(text) {
            return tell(said);
        }
        let said = said(kind, text);
        let told = tell(&said);
        if text.len() <= TEXT_BYTES_MAX {
            if known.len() >= TEXTS_MAX {
                known.clear();
            }
            known.insert(text.into(), said);
        }
        told
    }
}

fn said(kind: Kind, text: &str) -> Said {
    let mut said = Said::default();
    words::append(text, &mut said.words);
    let mut put = |facet: Facet, value: &str| {
        let term = facet.term(value);
        if !said.terms.contains(&term) {
            said.terms.push_str(&term);
            said.terms.push(' ');
        }
    };
    match kind {
        Kind::Effect => effect(text, &mut put),
        Kind::Rule => put(Facet::Policy, text),
        Kind::Words => {}
        Kind::Outcome => put(Facet::Outcome, text),
        Kind::Label => put(Facet::Label, text),
        Kind::Masked => {
            let (_, name) = text.split_once('.').unwrap_or(("", text));
            let (_, bare) = name.rsplit_once('.').unwrap_or(("", name));
            for facet in [Facet::Masked, Facet::Column] {
                put(facet, name);
                put(facet, bare);
            }
        }
        Kind::Error => put(Facet::Error, text),
        Kind::Detector => put(Facet::Detector, text),
    }
    said
}

fn effect(effect: &str, put: &mut impl FnMut(Facet, &str)) {
    let (verb, object) = effect.split_once(' ').unwrap_or((effect, ""));
    put(Facet::Verb, verb);
    let listed = object
        .strip_suffix(')')
        .and_then(|object| object.rsplit_once(" ("));
    let (object, columns) = listed.unwrap_or((object, ""));
    // Only relations are written as `schema.name`; what is no relation has its kind in front.
    let Some((schema, table)) = object.split_once('.') else {
        return;
    };
    if table.ends_with("()") || schema.contains(' ') {
        return;
    }
    put(Facet::Table, table);
    put(Facet::Table, object);
    for column in columns.split(", ").filter(|column| !column.is_empty()) {
        put(Facet::Column, column);
        put(Facet::Column, &format!("{table}.{column}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_told_again_and_the_memory_has_an_end() {
        let mut memo = Memo::default();
        let text = "read public.orders (id)";
        let told = |memo: &mut Memo| {
            memo.tell(Kind::Effect, text, |said| {
                (said.words.clone(), said.terms.clone())
            })
        };
        let first = told(&mut memo);
        assert_eq!(first.0, "read public orders id ");
        let terms = [
            Facet::Verb.term("read"),
            Facet::Table.term("orders"),
            Facet::Table.term("public.orders"),
            Facet::Column.term("id"),
            Facet::Column.term("orders.id"),
        ];
        assert_eq!(first.1, terms.join(" ") + " ");
        for number in 0..3 * TEXTS_MAX {
            memo.tell(Kind::Effect, &format!("x {number}"), |_| ());
        }
        memo.tell(Kind::Effect, &"x".repeat(TEXT_BYTES_MAX + 1), |_| ());
        let kept: usize = memo.known.iter().map(HashMap::len).sum();
        assert!((1..=TEXTS_MAX).contains(&kept), "{kept}");
        assert_eq!(told(&mut memo), first);
        assert_eq!(
            memo.tell(Kind::Rule, text, |said| said.terms.clone()),
            Facet::Policy.term(text) + " ",
            "kinds are kept apart"
        );
    }
}
