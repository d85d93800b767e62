//! Searching without an index: every record is read and gathered, and the newest that fit are kept.
//!
//! Must never hold more hits than were asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::SearchResults;

use super::entry::{Entry, Found, Order, Place, Seat};
use super::filter::{Filter, Matcher};
use super::gather::Gatherer;
use crate::codec;
use crate::event::{ActionRecorded, Event};
use crate::journal::{self, Folder, ReadError};
use crate::keys::Opener;
use crate::record::{Front, Record};
use crate::segment::{Item, items};

/// Bytes of words that a scan takes of what an action said, and of what came back, unless told otherwise.
pub const PART_BYTES_MAX: usize = 64 * 1024;

/// The newest entries that fit.
#[derive(Debug)]
pub struct Newest<'a> {
    filter: &'a Filter,
    matcher: Matcher<'a>,
    found: BTreeMap<Order, Found>,
}

impl<'a> Newest<'a> {
    /// None so far. One more than the filter's limit is kept, to tell whether there are more.
    pub fn new(filter: &'a Filter) -> Self {
        Self {
            filter,
            matcher: Matcher::new(filter),
            found: BTreeMap::new(),
        }
    }

    /// Keeps an entry that fits.
    pub fn offer(&mut self, seat: &Arc<Seat>, entry: &Entry) {
        let is_full = self.found.len() > self.filter.limit;
        let oldest = self.found.keys().next().copied();
        if is_full && oldest.is_some_and(|oldest| entry.order < oldest) {
            return;
        }
        if self.matcher.takes(seat, entry) {
            self.keep(Found {
                seat: Arc::clone(seat),
                entry: entry.clone(),
            });
        }
    }

    /// Keeps an entry that is known to fit.
    pub fn keep(&mut self, found: Found) {
        self.found.insert(found.entry.order, found);
        if self.found.len() > self.filter.limit.saturating_add(1) {
            self.found.pop_first();
        }
    }

    /// How many are kept that were first told of by this record or a later one.
    pub fn since(&self, record: u64) -> usize {
        let from = Order {
            record,
            sequence: 0,
        };
        self.found.range(from..).count()
    }

    /// Newest first, none older than `back_to`, and whether there are more than were asked for.
    pub fn into_page(mut self, back_to: Option<Order>) -> (Vec<Found>, bool) {
        if let Some(back_to) = back_to {
            self.found = self.found.split_off(&back_to);
        }
        let more = self.found.len() > self.filter.limit;
        let page = self.found.into_values().rev().take(self.filter.limit);
        (page.collect(), more)
    }
}

/// Actions that match, newest first, read from the journal alone; no further than until `is_over`.
///
/// # Errors
/// [`ReadError`].
pub fn search(
    folder: &Folder,
    filter: &Filter,
    is_over: &dyn Fn() -> bool,
) -> Result<SearchResults, ReadError> {
    let mut gatherer = Gatherer::new(PART_BYTES_MAX, 0);
    let mut newest = Newest::new(filter);
    let mut complete = true;
    let mut opener = folder.opener();
    for file in journal::segments(folder.path())? {
        if is_over() {
            complete = false;
            break;
        }
        let bytes = journal::read_segment(&file)?;
        for item in items(&bytes) {
            if let Item::Record { offset, record } = item {
                let place = Place {
                    segment: file.number,
                    offset: offset as u64,
                };
                let payload = (&mut opener, &record, place);
                take(&mut gatherer, payload, &mut |found: Found| {
                    newest.offer(&found.seat, &found.entry);
                });
            }
        }
    }
    gatherer
        .open()
        .for_each(|(seat, entry)| newest.offer(seat, entry));
    let (page, truncated) = newest.into_page(None);
    let mut found = results(folder, &page, truncated, complete);
    // It is read from its beginning: what was not reached is newer, and no page behind this one.
    found.truncated |= !complete;
    Ok(found)
}

/// Gives all events of one record to a gatherer.
pub fn take(
    gatherer: &mut Gatherer,
    (opener, record, place): (&mut Opener<'_>, &Record<'_>, Place),
    settled: &mut impl FnMut(Found),
) {
    // Neither deciphered nor decompressed: of a large result almost all is passed over.
    if record.is_rows() && gatherer.pass_over(&record.header) {
        return;
    }
    let Ok(payload) = opener.payload(record) else {
        return;
    };
    for event in codec::events(&payload).map_while(Result::ok) {
        gatherer.take(&record.header, place, event, settled);
    }
}

/// What was found, told with what the journal says of it. What it no longer says is left out.
pub fn results(folder: &Folder, page: &[Found], truncated: bool, complete: bool) -> SearchResults {
    let mut texts = Texts {
        folder,
        opener: folder.opener(),
        last: None,
    };
    let last = page.last().map(|found| found.entry.order);
    SearchResults {
        hits: page.iter().filter_map(|found| texts.hit(found)).collect(),
        truncated,
        next: last.filter(|_| truncated).map(|order| order.to_string()),
        complete,
        ..SearchResults::default()
    }
}

/// Reads what was said from the journal; the record read last is kept, because hits stand side by side.
struct Texts<'a> {
    folder: &'a Folder,
    opener: Opener<'a>,
    last: Option<(Place, Vec<ActionRecorded<'static>>)>,
}

impl Texts<'_> {
    fn hit(&mut self, found: &Found) -> Option<contract::Hit> {
        let place = found.entry.place;
        if self.last.as_ref().is_none_or(|(known, _)| *known != place) {
            let actions = self.read(place, &found.seat.session);
            self.last = Some((place, actions));
        }
        let (_, actions) = self.last.as_ref()?;
        let sequence = found.entry.order.sequence;
        let action = actions.iter().rfind(|action| action.sequence == sequence)?;
        Some(found.entry.hit(&found.seat, action))
    }

    /// The actions of the record at a place, if it is there and of that session.
    fn read(&mut self, place: Place, session: &[u8; 16]) -> Vec<ActionRecorded<'static>> {
        let Some(bytes) = journal::record_at(self.folder.path(), place.segment, place.offset)
        else {
            return Vec::new();
        };
        let Front::Record(record, _) = Record::front(&bytes) else {
            return Vec::new();
        };
        let payload = self.opener.payload(&record).ok();
        let payload = payload.filter(|_| record.header.session == *session);
        let events = payload.as_deref().map(codec::events);
        let events = events.into_iter().flatten().map_while(Result::ok);
        let actions = events.filter_map(|event| match event {
            Event::Action(action) => Some(action.into_owned()),
            _ => None,
        });
        actions.collect()
    }
}
