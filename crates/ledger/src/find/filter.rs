//! What narrows a list or a search, and whether one entry fits: the only place that says so for an entry in hand.
//!
//! Must never know where entries are kept.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use super::entry::{Entry, Order, Seat};
use super::facet::Facet;
use super::query::{Phrase, Query};

/// What narrows a list or a search. Empty fields narrow nothing; all that are given must fit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// Words of statement, parameters, effects, reasons, errors and results.
    pub query: Query,
    /// Who acted: a principal's key, or a part of the name without regard to case.
    pub principal: String,
    /// Likewise, and it was an agent.
    pub agent: String,
    /// The human who acted or for whom was acted, likewise.
    pub human: String,
    /// What must be said of the action, each by its exact value without regard to case.
    pub facets: Vec<(Facet, String)>,
    /// Not before, in microseconds since the Unix epoch.
    pub since: Option<u64>,
    /// Not after, in microseconds since the Unix epoch.
    pub until: Option<u64>,
    /// At least so many rows.
    pub rows_min: u64,
    /// At least so many microseconds.
    pub duration_min: u64,
    /// Behind this place: the page after the one that gave it.
    pub before: Option<Order>,
    /// At most so many.
    pub limit: usize,
}

/// The facets that people filter by, each with the word for it.
pub const FACETS: [(&str, Facet); 14] = [
    ("resource", Facet::Resource),
    ("database", Facet::Database),
    ("table", Facet::Table),
    ("column", Facet::Column),
    ("masked", Facet::Masked),
    ("verb", Facet::Verb),
    ("decision", Facet::Outcome),
    ("label", Facet::Label),
    ("client", Facet::Client),
    ("address", Facet::Address),
    ("error", Facet::Error),
    ("detector", Facet::Detector),
    ("policy", Facet::Policy),
    ("kind", Facet::Kind),
];

impl Filter {
    /// Adds a facet, unless its value is empty.
    pub fn with(mut self, facet: Facet, value: &str) -> Self {
        if !value.is_empty() {
            self.facets.push((facet, value.to_owned()));
        }
        self
    }

    /// The terms that an entry must have, without those of people.
    pub fn terms(&self) -> Vec<String> {
        let given = self.facets.iter();
        let mut terms: Vec<String> = given.map(|(facet, value)| facet.term(value)).collect();
        if !self.agent.is_empty() {
            terms.push(Facet::Kind.term("agent"));
        }
        terms
    }

    /// Whether the people of a session are those asked for.
    pub fn takes_people(&self, seat: &Seat) -> bool {
        let actor = (seat.principal.as_str(), seat.name.as_str());
        is_person(&self.principal, actor)
            && is_person(&self.agent, actor)
            && (self.human.is_empty()
                || seat.human().is_some_and(|who| is_person(&self.human, who)))
    }

    fn takes_numbers(&self, entry: &Entry) -> bool {
        self.is_in_time(entry.time)
            && entry.rows >= self.rows_min
            && entry.duration >= self.duration_min
            && self.before.is_none_or(|before| entry.order < before)
    }

    /// Whether a time is within the bounds.
    pub fn is_in_time(&self, micros: u64) -> bool {
        self.since.is_none_or(|since| micros >= since)
            && self.until.is_none_or(|until| micros <= until)
    }
}

/// Sessions of which is remembered what of a filter they do not have.
const SESSIONS_KEPT: usize = 4_096;

/// A filter that is put to many entries in hand.
#[derive(Debug)]
pub struct Matcher<'a> {
    filter: &'a Filter,
    terms: Vec<String>,
    /// What the entries of a session must still have; `None` when none of them can fit.
    sessions: HashMap<[u8; 16], Option<Vec<String>>>,
}

impl<'a> Matcher<'a> {
    /// Of a filter.
    pub fn new(filter: &'a Filter) -> Self {
        Self {
            filter,
            terms: filter.terms(),
            sessions: HashMap::new(),
        }
    }

    /// Whether an entry is looked for; its place among the pages counts, too.
    pub fn takes(&mut self, seat: &Seat, entry: &Entry) -> bool {
        if !self.filter.takes_numbers(entry) {
            return false;
        }
        let Some(wanted) = self.wanted(seat) else {
            return false;
        };
        if !wanted.iter().all(|term| entry.has(term)) {
            return false;
        }
        let texts = entry.texts();
        let has = |phrase: &Phrase| texts.iter().any(|text| phrase.is_in(text));
        let query = &self.filter.query;
        query.all.iter().all(has) && !query.none.iter().any(has)
    }

    fn wanted(&mut self, seat: &Seat) -> Option<&[String]> {
        if !self.sessions.contains_key(&seat.session) {
            if self.sessions.len() >= SESSIONS_KEPT {
                self.sessions.clear();
            }
            let rest = self.filter.takes_people(seat).then(|| {
                let has = seat.terms();
                let rest = self.terms.iter().filter(|term| !has.contains(term));
                rest.cloned().collect()
            });
            self.sessions.insert(seat.session, rest);
        }
        self.sessions.get(&seat.session)?.as_deref()
    }
}

/// Whether somebody with this key and name is meant by what was typed.
pub fn is_person(typed: &str, (key, name): (&str, &str)) -> bool {
    typed.is_empty() || typed == key || name.to_lowercase().contains(&typed.to_lowercase())
}

/// `record-sequence`: where a page ended, as it is handed out and taken back.
impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.record, self.sequence)
    }
}

/// A place among the pages that nobody gave out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("that is not what `next` said")]
pub struct NoOrder;

impl FromStr for Order {
    type Err = NoOrder;

    fn from_str(text: &str) -> Result<Self, NoOrder> {
        let (record, sequence) = text.split_once('-').ok_or(NoOrder)?;
        Ok(Self {
            record: record.parse().map_err(|_| NoOrder)?,
            sequence: sequence.parse().map_err(|_| NoOrder)?,
        })
    }
}
