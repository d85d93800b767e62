//! Answering a search: from the index, and from the journal behind it.
//!
//! Must never look further back than the page needs, and never say that it did.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ::ledger::find::entry::{Entry, Found, Order, Seat, person};
use ::ledger::find::facet::{Facet, Measure};
use ::ledger::find::filter::is_person;
use ::ledger::find::scan::{self, Newest};
use ::ledger::find::{Filter, rfc3339};
use ::ledger::journal::ReadError;
use contract::SearchResults;
use rusqlite::{Connection, Transaction, params};

use super::file::{self, CHAPTER_ENTRIES, VOLUME_ENTRIES};
use super::keep::{int, nat};
use super::words::{Expression, Words, any, phrase, quoted};
use super::{Shared, behind};
use crate::error::Error;

/// People whose terms stand in one query; more would make it longer than it is worth.
const PEOPLE_MAX: usize = 256;
/// Steps of SQLite's machine between two looks at the clock.
const STEPS: i32 = 10_000;

/// Answers from the index, or, while that is made or damaged, from the journal alone.
pub(super) fn search(
    shared: &Shared,
    filter: &Filter,
    deadline: Instant,
) -> Result<SearchResults, Error> {
    match from_index(shared, filter, deadline) {
        Err(Error::Sqlite(_) | Error::Corrupt { .. }) => {
            let found =
                ::ledger::find::search(&shared.journal, filter, &|| Instant::now() > deadline);
            found.map_err(|ReadError::Io { path, source }| Error::Journal {
                doing: "read",
                path: path.display().to_string(),
                source,
            })
        }
        other => other,
    }
}

fn from_index(shared: &Shared, filter: &Filter, deadline: Instant) -> Result<SearchResults, Error> {
    let (mut reader, generation) = shared.reader()?;
    reader.progress_handler(STEPS, Some(move || Instant::now() > deadline))?;
    let found = ask(shared, &mut reader, filter, deadline);
    reader.progress_handler(0, None::<fn() -> bool>)?;
    let (page, mut answer) = found?;
    shared.give_back(reader, generation);
    let told = scan::results(&shared.journal, &page, answer.truncated, answer.complete);
    answer.hits = told.hits;
    Ok(answer)
}

/// The page, and the answer without its hits.
fn ask(
    shared: &Shared,
    reader: &mut Connection,
    filter: &Filter,
    deadline: Instant,
) -> Result<(Vec<Found>, SearchResults), Error> {
    let page_end = Instant::now() + shared.options.page_time;
    // One transaction: what is indexed and how far it goes belong together.
    let view = reader.transaction()?;
    let mut newest = Newest::new(filter);
    let behind = behind::read(shared, &view, (filter, &mut newest), deadline)?;
    let mut stopped = None;
    let left = (filter.limit.saturating_add(1)).saturating_sub(newest.since(behind.last + 1));
    if left > 0
        && let Some(asked) = Asked::of(&view, filter)?
    {
        stopped = asked.collect(&view, &mut newest, (left, page_end))?;
    }
    let resume = stopped.flatten();
    // What is older than the place where it was stopped belongs to the next page.
    let (page, more) = newest.into_page(resume.map(|(order, _)| order));
    let complete = more || stopped.is_none();
    let last = page.last().map(|found| found.entry.order);
    let next = match more {
        true => last,
        false => resume.map(|(order, _)| order),
    };
    let answer = SearchResults {
        hits: Vec::new(),
        truncated: more || stopped.is_some() || !behind.is_read,
        next: next.map(|order| order.to_string()),
        complete: complete && behind.is_read,
        searched_to: resume.filter(|_| !more).map(|(_, time)| rfc3339(time)),
        newest_missing: !behind.is_read,
        indexed_to: (behind.time > 0).then(|| rfc3339(behind.time)),
    };
    Ok((page, answer))
}

/// Where a search was stopped: all that is as new as this was looked at. With its time.
type Stop = (Order, u64);

/// A filter as the index is asked.
struct Asked<'a> {
    filter: &'a Filter,
    words: Words,
    /// What they must be at least, where beginnings are asked for and something else: a volume without it needs no
    /// look at all words that begin so, which takes long.
    at_least: Option<String>,
    /// The numbers of the entries that come into question.
    first: u64,
    last: u64,
}

impl<'a> Asked<'a> {
    /// `None` when nothing can fit.
    fn of(view: &Transaction<'_>, filter: &'a Filter) -> Result<Option<Self>, Error> {
        let Some((first, last)) = range(view, filter)? else {
            return Ok(None);
        };
        let Some(words) = words(view, filter)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            filter,
            at_least: words.at_least(),
            words,
            first,
            last,
        }))
    }

    /// Collects so many of the newest that fit; `Some` when time ran out, with the place where to go on if there is one.
    ///
    /// A volume is the step: none is begun that would not end in time, but one is always searched, so that going on ends.
    fn collect(
        &self,
        view: &Transaction<'_>,
        newest: &mut Newest<'_>,
        (mut left, page_end): (usize, Instant),
    ) -> Result<Option<Option<Stop>>, Error> {
        let mut slowest = Duration::ZERO;
        for volume in self.volumes(view)? {
            if left == 0 {
                break;
            }
            let began = Instant::now();
            if slowest > Duration::ZERO
                && began + slowest > page_end
                && let Some(stop) = end_of(view, volume)
            {
                return Ok(Some(Some(stop)));
            }
            let mut reached = None;
            match self.volume(view, (volume, left), &mut reached, newest) {
                Ok(found) => left -= found.min(left),
                Err(Error::Sqlite(error)) if is_interrupted(&error) => {
                    return Ok(Some(reached.or_else(|| end_of(view, volume))));
                }
                Err(error) => return Err(error),
            }
            slowest = slowest.max(began.elapsed());
        }
        Ok(None)
    }

    /// The volumes that come into question, newest first.
    fn volumes(&self, view: &Transaction<'_>) -> Result<Vec<u64>, Error> {
        let (from, to) = (self.first / VOLUME_ENTRIES, self.last / VOLUME_ENTRIES);
        let sql = "SELECT number FROM volume WHERE number BETWEEN ?1 AND ?2 ORDER BY number DESC";
        let mut volumes = view.prepare_cached(sql)?;
        let volumes = volumes.query_map([int(from), int(to)], |row| row.get(0).map(nat))?;
        Ok(volumes.collect::<Result<_, _>>()?)
    }

    /// The numbers of a volume's entries that come into question.
    fn within(&self, volume: u64) -> (u64, u64) {
        let begin = volume * VOLUME_ENTRIES;
        let end = begin + (VOLUME_ENTRIES - 1);
        (self.first.max(begin), self.last.min(end))
    }

    /// Whether a volume has an entry with everything that is asked for besides beginnings.
    fn may_have(&self, view: &Transaction<'_>, volume: u64) -> Result<bool, Error> {
        let Some(words) = &self.at_least else {
            return Ok(true);
        };
        let table = file::table(volume);
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM {table} w WHERE w.{table} MATCH ?1 AND w.rowid BETWEEN ?2 AND ?3)"
        );
        let (first, last) = self.within(volume);
        let mut ask = view.prepare_cached(&sql)?;
        Ok(ask.query_row(params![words, int(first), int(last)], |row| row.get(0))?)
    }

    /// Collects at most so many from one volume; says how many, and on the way how far it came.
    fn volume(
        &self,
        view: &Transaction<'_>,
        (volume, limit): (u64, usize),
        reached: &mut Option<Stop>,
        newest: &mut Newest<'_>,
    ) -> Result<usize, Error> {
        const COLUMNS: &str = "a.id, a.sequence, a.record, a.time, a.rows, a.duration, a.segment, \
                               a.place, a.error, a.cut, s.seat";
        if !self.may_have(view, volume)? {
            return Ok(0);
        }
        const FITS: &str = "a.time BETWEEN ?4 AND ?5 AND a.rows >= ?6 AND a.duration >= ?7 \
                            AND (a.record, a.sequence) < (?8, ?9)";
        let words = match self.words.within(view, volume)? {
            Expression::Nothing => return Ok(0),
            Expression::Anything => None,
            Expression::Of(words) => Some(words),
        };
        let table = file::table(volume);
        let sql = match &words {
            Some(_) => format!(
                "SELECT {COLUMNS} FROM {table} w CROSS JOIN action a ON a.id = w.rowid \
                 CROSS JOIN session s ON s.ref = a.session \
                 WHERE w.{table} MATCH ?1 AND w.rowid BETWEEN ?2 AND ?3 AND {FITS} \
                 ORDER BY w.rowid DESC"
            ),
            None => format!(
                "SELECT {COLUMNS} FROM action a CROSS JOIN session s ON s.ref = a.session \
                 WHERE ?1 IS NULL AND a.id BETWEEN ?2 AND ?3 AND {FITS} \
                 ORDER BY a.id DESC"
            ),
        };
        let filter = self.filter;
        let before = filter.before.unwrap_or(Order {
            record: u64::MAX,
            sequence: u64::MAX,
        });
        let (first, last) = self.within(volume);
        let mut ask = view.prepare_cached(&sql)?;
        let mut rows = ask.query(params![
            words,
            int(first),
            int(last),
            int(filter.since.unwrap_or(0)),
            int(filter.until.unwrap_or(u64::MAX)),
            int(filter.rows_min),
            int(filter.duration_min),
            int(before.record),
            int(before.sequence),
        ])?;
        let mut count = 0;
        // They come one by one, newest first: what is not asked for is not looked for.
        while count < limit
            && let Some(row) = rows.next()?
        {
            let found = found(row)?;
            *reached = Some((found.entry.order, found.entry.time));
            if filter.takes_people(&found.seat) {
                newest.keep(found);
                count += 1;
            }
        }
        Ok(count)
    }
}

fn found(row: &rusqlite::Row<'_>) -> Result<Found, Error> {
    let number = |at: usize| row.get::<_, i64>(at).map(nat);
    let mut entry = Entry::default();
    entry.id = number(0)?;
    (entry.order.sequence, entry.order.record) = (number(1)?, number(2)?);
    (entry.time, entry.rows, entry.duration) = (number(3)?, number(4)?, number(5)?);
    (entry.place.segment, entry.place.offset) = (number(6)?, number(7)?);
    entry.error = row.get(8)?;
    entry.said.cut = row.get(9)?;
    let seat: String = row.get(10)?;
    let seat: Seat = serde_json::from_str(&seat).map_err(|_| Error::Corrupt { what: "session" })?;
    Ok(Found {
        seat: seat.into(),
        entry,
    })
}

fn is_interrupted(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted)
}

/// Where a search goes on that did not look through a volume: behind everything that is newer than it. `None` when nothing
/// is.
fn end_of(view: &Transaction<'_>, volume: u64) -> Option<Stop> {
    first_from(view, (volume + 1) * VOLUME_ENTRIES)
}

/// The first entry from a number onwards.
fn first_from(view: &Transaction<'_>, id: u64) -> Option<Stop> {
    let sql = "SELECT record, sequence, time FROM action WHERE id >= ?1 ORDER BY id LIMIT 1";
    let stop = |row: &rusqlite::Row<'_>| {
        let order = Order {
            record: nat(row.get(0)?),
            sequence: nat(row.get(1)?),
        };
        Ok((order, nat(row.get(2)?)))
    };
    // Too few steps for the clock to be looked at again.
    let found = view.query_row(sql, [int(id)], stop);
    found.ok()
}

/// The numbers of entries that can be within the times asked for, and behind the page before.
fn range(view: &Transaction<'_>, filter: &Filter) -> Result<Option<(u64, u64)>, Error> {
    let sql = "SELECT min(number), max(number) FROM chapter
               WHERE time_max >= ?1 AND time_min <= ?2 AND record_min <= ?3";
    let (since, until) = (filter.since.unwrap_or(0), filter.until.unwrap_or(u64::MAX));
    let before = filter.before.map_or(u64::MAX, |before| before.record);
    let found = view.query_row(sql, [int(since), int(until), int(before)], |row| {
        Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?))
    })?;
    let (Some(first), Some(last)) = found else {
        return Ok(None);
    };
    let (first, last) = (nat(first) * CHAPTER_ENTRIES, nat(last) * CHAPTER_ENTRIES);
    // The page before may have ended where this chapter begins: looking at its volume once more would not go on.
    let is_over = filter.before.is_some_and(|before| {
        let begin = first_from(view, last);
        begin.is_some_and(|(order, _)| order >= before)
    });
    let last = match is_over {
        true => last.checked_sub(1),
        false => Some(last + (CHAPTER_ENTRIES - 1)),
    };
    Ok(last.filter(|last| *last >= first).map(|last| (first, last)))
}

/// What the words must be; `None` when nothing can fit.
fn words(view: &Transaction<'_>, filter: &Filter) -> Result<Option<Words>, Error> {
    let mut all: Vec<String> = filter.terms().iter().map(|term| quoted(term)).collect();
    let wanted = filter.query.all.iter().cloned();
    let (beginnings, phrases): (Vec<_>, Vec<_>) = wanted.partition(|one| one.is_prefix);
    all.extend(phrases.iter().map(phrase));
    for (role, facet, typed) in [
        ("principal", Facet::Principal, &filter.principal),
        ("principal", Facet::Principal, &filter.agent),
        ("human", Facet::Human, &filter.human),
    ] {
        if typed.is_empty() {
            continue;
        }
        let people = people(view, (role, facet), typed)?;
        if people.is_empty() {
            return Ok(None);
        }
        // So many people are no help to find entries; each one's seat decides.
        if people.len() <= PEOPLE_MAX {
            all.push(any(people.iter().map(|term| quoted(term))));
        }
    }
    for (measure, least) in [
        (Measure::Rows, filter.rows_min),
        (Measure::Duration, filter.duration_min),
    ] {
        if least > 0 {
            all.push(any(measure.at_least(least).iter().map(|term| quoted(term))));
        }
    }
    Ok(Some(Words {
        all,
        beginnings,
        none: filter.query.none.clone(),
        ..Words::default()
    }))
}

/// The terms of the people that are meant.
fn people(
    view: &Transaction<'_>,
    (role, facet): (&str, Facet),
    typed: &str,
) -> Result<BTreeSet<String>, Error> {
    let mut known = view.prepare_cached("SELECT key, name FROM who WHERE role = ?1")?;
    let mut rows = known.query([role])?;
    let mut found = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let (key, name): (String, String) = (row.get(0)?, row.get(1)?);
        if is_person(typed, (&key, &name)) {
            found.insert(person(facet, &key, &name));
        }
        if found.len() > PEOPLE_MAX {
            break;
        }
    }
    Ok(found)
}
