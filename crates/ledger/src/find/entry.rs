//! An entry: one action with all that can be looked for, in the form in which the index keeps it.
//!
//! Must never hold more words than it is told: a result may be larger than the machine.

use std::sync::Arc;

use contract::Hit;
use serde::{Deserialize, Serialize};

use super::facet::{Facet, Measure};
use super::memo::{Kind, Memo, Said};
use super::reader::Reader;
use super::words;
use crate::event::{ActionRecorded, ApprovalRecorded, Completed, SessionOpened};

/// Where a record stands in the journal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Place {
    /// The segment's number.
    pub segment: u64,
    /// Where in its file.
    pub offset: u64,
}

/// The order of entries: by the record that first told of the action, and by its number. It never changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Order {
    /// The record's sequence number in the journal.
    pub record: u64,
    /// The action's number in its session.
    pub sequence: u64,
}

/// What is known of the session of an entry.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Seat {
    /// The session's id.
    pub session: [u8; 16],
    /// Principal key.
    pub principal: String,
    /// The principal's display name.
    pub name: String,
    /// human, agent or workload.
    pub kind: String,
    /// The human it acts for: key and name.
    pub acts_for: Option<(String, String)>,
    /// The resource.
    pub resource: String,
    /// The database.
    pub database: String,
    /// The protocol.
    pub protocol: String,
    /// The application's name as the client gave it.
    pub application: String,
    /// The peer's address.
    pub address: String,
}

impl Seat {
    /// Of a session's beginning.
    pub fn new(opened: &SessionOpened<'_>) -> Self {
        let mut acts_for = opened.acts_for.iter().map(ToString::to_string);
        Self {
            session: opened.session,
            principal: opened.principal.to_string(),
            name: opened.name.to_string(),
            kind: opened.kind.to_string(),
            acts_for: acts_for.next().zip(acts_for.next()),
            resource: opened.resource.to_string(),
            database: opened.database.to_string(),
            protocol: opened.protocol.to_string(),
            application: opened.application.to_string(),
            address: opened.address.to_string(),
        }
    }

    /// The human on whose account the session is: key and name.
    pub fn human(&self) -> Option<(&str, &str)> {
        match &self.acts_for {
            Some((key, name)) => Some((key, name)),
            None => (self.kind == "human").then_some((&self.principal, &self.name)),
        }
    }

    /// The terms that all its entries have.
    pub fn terms(&self) -> Vec<String> {
        let mut terms = vec![
            Facet::Any.term(""),
            person(Facet::Principal, &self.principal, &self.name),
        ];
        terms.extend(
            self.human()
                .map(|(key, name)| person(Facet::Human, key, name)),
        );
        for (facet, value) in [
            (Facet::Kind, &self.kind),
            (Facet::Resource, &self.resource),
            (Facet::Database, &self.database),
            (Facet::Client, &self.application),
            (Facet::Address, &self.address),
        ] {
            terms.push(facet.term(value));
        }
        terms
    }
}

/// The term of a person, who is known by key and name.
pub fn person(facet: Facet, key: &str, name: &str) -> String {
    facet.term(&format!("{key}\n{name}"))
}

/// Words of one source, with spaces between them and ` _ ` where one text ends.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Part {
    /// The words.
    pub text: String,
    /// Whether there were more than were taken.
    pub cut: bool,
}

impl Part {
    /// Adds the words of a text, as long as there are fewer than `max` bytes.
    pub(super) fn add(&mut self, text: &str, max: usize) {
        let room = max.saturating_sub(self.text.len());
        let taken = match text.len() > room {
            true => beginning(text, room),
            false => text,
        };
        self.cut = self.cut || taken.len() < text.len();
        words::append(taken, &mut self.text);
    }

    /// Adds the words of a text that are known already, likewise.
    fn add_known(&mut self, (text, known): (&str, &Said), max: usize) {
        match text.len() <= max.saturating_sub(self.text.len()) {
            true => self.text.push_str(&known.words),
            false => self.add(text, max),
        }
        self.end();
    }

    /// Ends a text: no phrase goes on from here.
    pub(super) fn end(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("_ ") {
            self.text.push_str("_ ");
        }
    }

    pub(super) fn is_full(&self, max: usize) -> bool {
        self.text.len() >= max
    }
}

/// At most `room` bytes of a text, up to where a word ends, so that no half of one is taken for a word.
fn beginning(text: &str, room: usize) -> &str {
    let some = text
        .get(..text.floor_char_boundary(room))
        .unwrap_or_default();
    let end = some.rfind(|c: char| !c.is_alphanumeric()).unwrap_or(0);
    some.get(..end).unwrap_or_default()
}

/// One action, as far as it is known.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Entry {
    /// Its number in the index that keeps it; 0 elsewhere.
    pub id: u64,
    /// Its place among all entries.
    pub order: Order,
    /// Where its text and effects are read: the record that said last what was decided.
    pub place: Place,
    /// When it was first recorded.
    pub time: u64,
    /// What was decided, in order.
    pub outcomes: Vec<String>,
    /// Terms of its facets, without the session's, each with a space behind it.
    pub facets: String,
    /// Words of statement, parameters, effects and reasons.
    pub said: Part,
    /// Words of what came back.
    pub returned: Part,
    /// Rows delivered or changed.
    pub rows: u64,
    /// Microseconds from forwarding to the end.
    pub duration: u64,
    /// The error's stable code.
    pub error: Option<String>,
    /// Where reading its response stands.
    pub(super) reader: Reader,
}

impl Entry {
    /// Takes in what was decided, or decided anew.
    pub(super) fn decided(
        &mut self,
        action: &ActionRecorded<'_>,
        place: Place,
        (max, memo): (usize, &mut Memo),
    ) {
        self.place = place;
        self.order.sequence = action.sequence;
        // A held action is recorded again, with the same text and other reasons.
        let is_first = self.outcomes.is_empty();
        self.outcomes.push(action.outcome.to_string());
        if is_first {
            self.time = action.time;
            let parameters = action.parameters.iter().flatten();
            for text in std::iter::once(&action.text).chain(parameters) {
                self.said.add(text, max);
                self.said.end();
            }
        }
        for effect in &action.effects {
            memo.tell(Kind::Effect, effect, |known| {
                if is_first {
                    self.said.add_known((effect, known), max);
                }
                put(&mut self.facets, known);
            });
        }
        for (rule, text) in &action.reasons {
            memo.tell(Kind::Rule, rule, |known| {
                self.said.add_known((rule, known), max);
                put(&mut self.facets, known);
            });
            memo.tell(Kind::Words, text, |known| {
                self.said.add_known((text, known), max);
            });
        }
        memo.tell(Kind::Outcome, &action.outcome, |known| {
            put(&mut self.facets, known)
        });
        for label in &action.labels {
            memo.tell(Kind::Label, label, |known| put(&mut self.facets, known));
        }
        for column in &action.masked {
            memo.tell(Kind::Masked, column, |known| put(&mut self.facets, known));
        }
    }

    /// Takes in a piece of the response.
    pub(super) fn delivered(&mut self, seat: &Seat, bytes: &[u8], max: usize) {
        // The framing of other protocols is not known here.
        if seat.protocol == "postgres" {
            self.reader.feed(bytes, &mut self.returned, max);
        }
    }

    /// Whether it takes no more rows, and stands where rows may begin.
    pub(super) fn has_rows_enough(&self, seat: &Seat, max: usize) -> bool {
        seat.protocol == "postgres" && self.returned.is_full(max) && self.reader.is_between()
    }

    /// Takes in that a part of the response was not recorded, or not read.
    pub(super) fn withheld(&mut self) {
        self.returned.cut = true;
    }

    /// Takes in the words of who answered a request.
    pub(super) fn answered(&mut self, approval: &ApprovalRecorded<'_>, max: usize) {
        self.said.end();
        self.said.add(&approval.comment, max);
        self.said.end();
    }

    /// Takes in its end.
    pub(super) fn completed(&mut self, completed: &Completed<'_>, memo: &mut Memo) {
        (self.rows, self.duration) = (completed.rows, completed.duration);
        self.error = completed.error.as_ref().map(ToString::to_string);
        if let Some(code) = &self.error {
            memo.tell(Kind::Error, code, |known| put(&mut self.facets, known));
        }
        for (detector, _) in &completed.detected {
            memo.tell(Kind::Detector, detector, |known| {
                put(&mut self.facets, known)
            });
        }
    }

    /// Whether it has a term among its facets.
    pub fn has(&self, term: &str) -> bool {
        self.facets.split_ascii_whitespace().any(|one| one == term)
    }

    /// The texts in which its words stand: no phrase goes from one to another.
    pub fn texts(&self) -> [&str; 2] {
        [&self.said.text, &self.returned.text]
    }

    /// Everything that an index keeps of it, behind the terms of its seat: facets, then words.
    pub fn body(&self, seat_terms: &str) -> String {
        let words = self.said.text.len() + self.returned.text.len();
        let mut body = String::with_capacity(512 + seat_terms.len() + words);
        let mut put = |term: &str| {
            body.push_str(term);
            body.push(' ');
        };
        put(seat_terms);
        put(self.facets.trim_end());
        Measure::Rows.terms(self.rows).iter().for_each(|t| put(t));
        Measure::Duration
            .terms(self.duration)
            .iter()
            .for_each(|t| put(t));
        put("_");
        body.push_str(&self.said.text);
        body.push_str("_ ");
        body.push_str(&self.returned.text);
        body
    }

    /// Whether words of it were left out because there were too many.
    pub fn is_cut(&self) -> bool {
        self.said.cut || self.returned.cut
    }

    /// Forgets what was only needed to read on.
    pub(super) fn settle(&mut self) {
        self.reader = Reader::default();
    }

    /// What is told of it, with what the journal says at its place.
    pub fn hit(&self, seat: &Seat, action: &ActionRecorded<'_>) -> Hit {
        Hit {
            session: super::id_text(&seat.session),
            sequence: self.order.sequence,
            time: super::rfc3339(self.time),
            name: seat.name.clone(),
            principal: seat.principal.clone(),
            kind: seat.kind.clone(),
            acts_for: seat.acts_for.as_ref().map(|(_, name)| name.clone()),
            resource: seat.resource.clone(),
            database: seat.database.clone(),
            application: seat.application.clone(),
            address: seat.address.clone(),
            outcome: action.outcome.to_string(),
            text: action.text.to_string(),
            effects: action.effects.iter().map(ToString::to_string).collect(),
            rows: self.rows,
            duration_us: self.duration,
            error: self.error.clone(),
            partly_indexed: self.is_cut(),
        }
    }
}

/// Adds terms, unless they stand there already. A term begins with `_` and ends with a space, so no part of another one is
/// taken for it.
fn put(facets: &mut String, known: &Said) {
    if !facets.contains(&known.terms) {
        facets.push_str(&known.terms);
    }
}

/// An entry and its session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The session.
    pub seat: Arc<Seat>,
    /// The action.
    pub entry: Entry,
}
