//! Gathers a journal's records, in their order, into entries: decision, answers, response and end of each action.
//!
//! Must never lose an action because its end is missing, and never hold more of them open than one session may have
//! under way.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::entry::{Entry, Found, Order, Place, Seat};
use super::memo::Memo;
use crate::record::{Header, Stream};
use crate::verify::RECORDING_ERASED;
use crate::{Event, Id};

/// Actions of one session that are open at once; the oldest is then taken for done.
const OPEN_MAX: usize = 16_384;

/// Sessions and their actions that are under way.
#[derive(Debug, Default)]
pub struct Gatherer {
    part_bytes_max: usize,
    sessions: HashMap<[u8; 16], Open>,
    touched: BTreeSet<[u8; 16]>,
    /// Sessions that the journal says were erased, since this was last asked.
    erased: Vec<[u8; 16]>,
    next: u64,
    time: u64,
    memo: Memo,
}

#[derive(Debug)]
struct Open {
    seat: Arc<Seat>,
    entries: BTreeMap<u64, Entry>,
    /// The record of results read last, and the action of which it ended with a part of the response.
    answering: Option<(u64, u64)>,
}

/// A session that goes on, and what is open of it.
pub type UnderWay<'a> = (Arc<Seat>, Vec<&'a Entry>);

impl Gatherer {
    /// Begins with nothing open; `next` is the number of the first entry. Of what an action said, and of what came
    /// back, at most `part_bytes_max` bytes of words are taken each.
    pub fn new(part_bytes_max: usize, next: u64) -> Self {
        Self {
            part_bytes_max,
            next,
            ..Self::default()
        }
    }

    /// Goes on with a session that was under way.
    pub fn resume(&mut self, seat: Seat, entries: Vec<Entry>) {
        let entries = entries
            .into_iter()
            .map(|entry| (entry.order.sequence, entry));
        let open = Open {
            entries: entries.collect(),
            seat: Arc::new(seat),
            answering: None,
        };
        self.sessions.insert(open.seat.session, open);
    }

    /// The number of the next entry.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The newest time that an event told.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// The sessions that something happened to since this was last asked, with what is open of each; nothing when the
    /// session has ended.
    pub fn touched(&mut self) -> Vec<([u8; 16], Option<UnderWay<'_>>)> {
        let touched = std::mem::take(&mut self.touched).into_iter();
        let state = |session: [u8; 16]| {
            let open = self.sessions.get(&session);
            let open = open.map(|open| (Arc::clone(&open.seat), open.entries.values().collect()));
            (session, open)
        };
        touched.map(state).collect()
    }

    /// The sessions that the journal said were erased since this was last asked.
    pub fn erased(&mut self) -> Vec<[u8; 16]> {
        std::mem::take(&mut self.erased)
    }

    /// Leaves out a session, with all that is open of it.
    pub fn forget(&mut self, session: &[u8; 16]) {
        self.sessions.remove(session);
    }

    /// Takes in a record of rows alone without its payload, if it can add nothing to what is gathered of that response:
    /// says whether it could.
    pub fn pass_over(&mut self, header: &Header) -> bool {
        let Some(open) = self.sessions.get_mut(&header.session) else {
            return false;
        };
        let Some((number, sequence)) = open.answering else {
            return false;
        };
        let Some(entry) = open.entries.get_mut(&sequence) else {
            return false;
        };
        let is_next = header.stream == Stream::Results && header.number == number.saturating_add(1);
        if !is_next || !entry.has_rows_enough(&open.seat, self.part_bytes_max) {
            return false;
        }
        open.answering = Some((header.number, sequence));
        entry.withheld();
        self.touched.insert(header.session);
        true
    }

    /// Takes one record's event in; `settled` is given the entries that are done.
    pub fn take(
        &mut self,
        header: &Header,
        place: Place,
        event: Event<'_>,
        settled: &mut impl FnMut(Found),
    ) {
        let session = header.session;
        self.time = event.time().unwrap_or(0).max(self.time);
        match event {
            Event::SessionOpened(opened) => {
                self.touched.insert(session);
                self.resume(Seat::new(&opened), Vec::new());
            }
            Event::SessionClosed { .. } | Event::StreamEnd(_) => self.close(&session, settled),
            // Whatever an earlier run had open can no longer go on.
            Event::Control { name, .. } if name == "gateway.started" => {
                let open: Vec<_> = self.sessions.keys().copied().collect();
                open.iter().for_each(|session| self.close(session, settled));
            }
            Event::Control { name, fields, .. } if name == RECORDING_ERASED => {
                let session = fields.iter().find(|(name, _)| name == "session");
                let session = session.and_then(|(_, id)| Id::parse(id));
                if let Some(session) = session {
                    self.forget(&session);
                    self.erased.push(session);
                }
            }
            Event::Control { .. } | Event::Unknown(_) => {}
            Event::Action(ref action) => {
                let order = Order {
                    record: header.sequence,
                    sequence: action.sequence,
                };
                self.decided(session, order, settled);
                self.change(header, &event, place, settled);
            }
            Event::Response { .. }
            | Event::ResponseRest { .. }
            | Event::Completed(_)
            | Event::Approval(_) => self.change(header, &event, place, settled),
        }
    }

    /// Everything that is open, as far as it is known.
    pub fn open(&self) -> impl Iterator<Item = (&Arc<Seat>, &Entry)> {
        let sessions = self.sessions.values();
        sessions.flat_map(|open| open.entries.values().map(|entry| (&open.seat, entry)))
    }

    /// Sees to it that the action is open.
    fn decided(&mut self, session: [u8; 16], order: Order, settled: &mut impl FnMut(Found)) {
        let Some(open) = self.sessions.get_mut(&session) else {
            return;
        };
        if open.entries.contains_key(&order.sequence) {
            return;
        }
        if open.entries.len() >= OPEN_MAX
            && let Some((_, entry)) = open.entries.pop_first()
        {
            settle(&open.seat, entry, settled);
        }
        let id = self.next;
        self.next += 1;
        let entry = Entry {
            id,
            order,
            ..Entry::default()
        };
        open.entries.insert(order.sequence, entry);
    }

    fn change(
        &mut self,
        header: &Header,
        event: &Event<'_>,
        place: Place,
        settled: &mut impl FnMut(Found),
    ) {
        let max = self.part_bytes_max;
        let session = &header.session;
        let (Some(open), Some(sequence)) = (self.sessions.get_mut(session), event.sequence())
        else {
            return;
        };
        if header.stream == Stream::Results {
            let is_response = matches!(event, Event::Response { .. });
            open.answering = is_response.then_some((header.number, sequence));
        }
        let Some(entry) = open.entries.get_mut(&sequence) else {
            return;
        };
        self.touched.insert(*session);
        match event {
            Event::Action(action) => entry.decided(action, place, (max, &mut self.memo)),
            Event::Response { bytes, .. } => entry.delivered(&open.seat, bytes, max),
            Event::ResponseRest { .. } => entry.withheld(),
            Event::Approval(approval) => entry.answered(approval, max),
            Event::Completed(completed) => {
                entry.completed(completed, &mut self.memo);
                if let Some(entry) = open.entries.remove(&sequence) {
                    settle(&open.seat, entry, settled);
                }
            }
            Event::SessionOpened(_)
            | Event::SessionClosed { .. }
            | Event::Control { .. }
            | Event::StreamEnd(_)
            | Event::Unknown(_) => {}
        }
    }

    fn close(&mut self, session: &[u8; 16], settled: &mut impl FnMut(Found)) {
        if let Some(open) = self.sessions.remove(session) {
            self.touched.insert(*session);
            for entry in open.entries.into_values() {
                settle(&open.seat, entry, settled);
            }
        }
    }
}

fn settle(seat: &Arc<Seat>, mut entry: Entry, settled: &mut impl FnMut(Found)) {
    entry.settle();
    settled(Found {
        seat: Arc::clone(seat),
        entry,
    });
}
