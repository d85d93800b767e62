//! Writing the index: entries that are done, what is still open, and how far the journal was read, in one transaction.
//!
//! Must never commit a position without everything that was read before it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::ledger::find::entry::{Entry, Found, Place, Seat};
use ::ledger::find::gather::Gatherer;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};

use super::file::{self, CHAPTER_ENTRIES, VOLUME_ENTRIES};
use super::lag::Rests;
use crate::error::Error;

/// Pages that one step of merging writes at most.
const MERGE_PAGES: i64 = 500;
/// Sessions whose rows are remembered between transactions.
const SESSIONS_KEPT: usize = 65_536;

/// A volume's `purge` once it is rewritten, and the write-ahead log still holds what was there before.
const REWRITTEN: i64 = 2;

/// How far the journal was read.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Position {
    /// Where reading goes on; `None` before the first segment.
    pub(super) at: Option<Place>,
    /// The last record that was read: its place, number and hash. It must still be there.
    pub(super) last: Option<Last>,
    /// The newest time that was met.
    pub(super) time: u64,
    /// The number of the next entry.
    pub(super) next: u64,
}

/// A record by which a journal is known again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Last {
    pub(super) place: Place,
    pub(super) sequence: u64,
    pub(super) hash: [u8; 32],
}

/// The file, as its only writer has it.
pub(super) struct Keeper {
    db: Connection,
    sessions: HashMap<[u8; 16], Known>,
}

/// What is at hand of a session.
#[derive(Clone)]
struct Known {
    row: i64,
    terms: Arc<str>,
}

/// Times and places of a chapter's entries.
struct Chapter {
    time: (u64, u64),
    record: (u64, u64),
}

impl Keeper {
    pub(super) fn new(db: Connection) -> Self {
        Self {
            db,
            sessions: HashMap::new(),
        }
    }

    /// Writes what was read up to a position.
    pub(super) fn commit(
        &mut self,
        mut done: Vec<Found>,
        gatherer: &mut Gatherer,
        (position, rests): (&Position, &mut Rests<'_>),
    ) -> Result<(), Error> {
        if self.sessions.len() > SESSIONS_KEPT {
            self.sessions.clear();
        }
        // In the order of their numbers: what is collected of words must be written out whenever a number goes back.
        done.sort_by_key(|found| found.entry.id);
        let change = self.db.transaction()?;
        let mut chapters = BTreeMap::new();
        let mut last_ids = HashMap::new();
        for found in done.chunk_by(|a, b| volume_of(a) == volume_of(b)) {
            let mut volume = Volume::open(&change, found.first().map_or(0, volume_of))?;
            for found in found {
                let entry = &found.entry;
                let session = session(&change, &mut self.sessions, &found.seat, entry.id)?;
                let last = last_ids.entry(session.row).or_insert(entry.id);
                *last = entry.id.max(*last);
                volume.add(found, &session)?;
                note(&mut chapters, entry);
                rests.rest();
            }
        }
        for (session, last) in last_ids {
            let sql = "UPDATE session SET last = max(last, ?2) WHERE ref = ?1";
            change
                .prepare_cached(sql)?
                .execute(params![session, int(last)])?;
        }
        for (number, chapter) in &chapters {
            widen(&change, *number, chapter)?;
        }
        keep_open(&change, gatherer)?;
        keep_position(&change, position)?;
        let committed = change.commit();
        if committed.is_err() {
            // Rows that were added are gone again.
            self.sessions.clear();
        }
        Ok(committed?)
    }

    /// Merges the words of volumes that are full, for about so long; says how many are left.
    pub(super) fn merge(
        &mut self,
        next: u64,
        time: Duration,
        rests: &mut Rests<'_>,
    ) -> Result<u64, Error> {
        let began = Instant::now();
        let full = int(next / VOLUME_ENTRIES);
        while began.elapsed() < time {
            rests.rest();
            let sql = "SELECT number, merged FROM volume WHERE number < ?1 AND merged < 2 LIMIT 1";
            let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
            let found = self.db.query_row(sql, [full], row).optional()?;
            let Some((volume, merged)) = found else {
                return Ok(0);
            };
            let table = file::table(nat(volume));
            let change = self.db.transaction()?;
            let before = change.total_changes();
            // The first step says that everything is to be one part in the end.
            let pages = if merged == 0 {
                -MERGE_PAGES
            } else {
                MERGE_PAGES
            };
            let sql = format!("INSERT INTO {table} ({table}, rank) VALUES ('merge', ?1)");
            change.execute(&sql, [pages])?;
            let is_done = merged > 0 && change.total_changes() - before < 2;
            let sql = "UPDATE volume SET merged = ?2 WHERE number = ?1";
            change.execute(sql, params![volume, if is_done { 2 } else { 1 }])?;
            change.commit()?;
        }
        self.unmerged(next)
    }

    /// Volumes that are full and not merged yet.
    pub(super) fn unmerged(&self, next: u64) -> Result<u64, Error> {
        let sql = "SELECT count(*) FROM volume WHERE number < ?1 AND merged < 2";
        let mut count = self.db.prepare_cached(sql)?;
        Ok(nat(count
            .query_row([int(next / VOLUME_ENTRIES)], |row| {
                row.get(0)
            })?))
    }

    /// Takes out everything of these sessions. Their words are gone from the files after [`Keeper::purge`].
    pub(super) fn forget(&mut self, sessions: &[[u8; 16]]) -> Result<(), Error> {
        let change = self.db.transaction()?;
        for session in sessions {
            self.sessions.remove(session);
            change.execute("DELETE FROM open WHERE session = ?1", [session])?;
            let sql = "SELECT ref, first, last FROM session WHERE id = ?1";
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            let found = change.query_row(sql, [session], row).optional()?;
            if let Some(found) = found {
                forget_one(&change, found)?;
            }
        }
        forget_names(&change)?;
        Ok(change.commit()?)
    }

    /// Rewrites the volumes out of which something was taken, and empties what SQLite keeps beside the file.
    pub(super) fn purge(&mut self) -> Result<(), Error> {
        let volumes = self.volumes_to_purge()?;
        for volume in &volumes {
            let table = file::table(nat(*volume));
            let change = self.db.transaction()?;
            let sql = format!("INSERT INTO {table} ({table}) VALUES ('optimize')");
            change.execute(&sql, [])?;
            change.execute(
                "UPDATE volume SET purge = ?2 WHERE number = ?1",
                params![volume, REWRITTEN],
            )?;
            change.commit()?;
        }
        let sql = "SELECT EXISTS (SELECT 1 FROM volume WHERE purge = ?1)";
        let is_due: bool = self.db.query_row(sql, [REWRITTEN], |row| row.get(0))?;
        if is_due {
            self.empty_log()?;
            let sql = "UPDATE volume SET purge = 0 WHERE purge = ?1";
            self.db.execute(sql, [REWRITTEN])?;
        }
        Ok(())
    }

    fn volumes_to_purge(&self) -> Result<Vec<i64>, Error> {
        let mut find = self
            .db
            .prepare_cached("SELECT number FROM volume WHERE purge = 1")?;
        let found = find.query_map([], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Brings the write-ahead log into the file and cuts it to nothing; waits for searches that still read from it.
    pub(super) fn empty_log(&self) -> Result<(), Error> {
        let row = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let busy = self
            .db
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], row)?;
        match busy {
            0 => Ok(()),
            _ => Err(Error::Overloaded),
        }
    }
}

/// The position and what is open, as a reader of the file sees them together.
pub(super) fn load(db: &Connection, part_bytes_max: usize) -> Result<(Position, Gatherer), Error> {
    let sql = "SELECT value FROM meta WHERE key = 'position'";
    let position: Option<String> = db.query_row(sql, [], |row| row.get(0)).optional()?;
    let position: Position = match position {
        Some(text) => read(&text, "position")?,
        None => Position::default(),
    };
    let mut gatherer = Gatherer::new(part_bytes_max, position.next);
    let sql = "SELECT sequence, state FROM open ORDER BY session, sequence";
    let mut rows = db.prepare_cached(sql)?;
    let mut rows = rows.query([])?;
    let mut session: Option<(Seat, Vec<Entry>)> = None;
    while let Some(row) = rows.next()? {
        let state: String = row.get(1)?;
        if row.get::<_, i64>(0)? == 0 {
            let next = (read(&state, "session")?, Vec::new());
            if let Some((seat, entries)) = session.replace(next) {
                gatherer.resume(seat, entries);
            }
        } else if let Some((_, entries)) = &mut session {
            entries.push(read(&state, "entry")?);
        }
    }
    if let Some((seat, entries)) = session {
        gatherer.resume(seat, entries);
    }
    Ok((position, gatherer))
}

fn read<T: serde::de::DeserializeOwned>(text: &str, what: &'static str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| Error::Corrupt { what })
}

fn written<T: Serialize>(value: &T, what: &'static str) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::Corrupt { what })
}

fn session(
    change: &Transaction<'_>,
    known: &mut HashMap<[u8; 16], Known>,
    seat: &Seat,
    entry: u64,
) -> Result<Known, Error> {
    if let Some(found) = known.get(&seat.session) {
        return Ok(found.clone());
    }
    let sql = "SELECT ref FROM session WHERE id = ?1";
    let find = |change: &Transaction<'_>| {
        let mut find = change.prepare_cached(sql)?;
        find.query_row([seat.session], |row| row.get::<_, i64>(0))
            .optional()
    };
    let found = match find(change)? {
        Some(found) => found,
        None => {
            let sql = "INSERT INTO session (id, seat, first, last) VALUES (?1, ?2, ?3, ?3)";
            let text = written(seat, "session")?;
            let mut insert = change.prepare_cached(sql)?;
            insert.execute(params![seat.session, text, int(entry)])?;
            let sql = "INSERT OR IGNORE INTO who (role, key, name) VALUES (?1, ?2, ?3)";
            let mut put = change.prepare_cached(sql)?;
            put.execute(["principal", &seat.principal, &seat.name])?;
            if let Some((key, name)) = seat.human() {
                put.execute(["human", key, name])?;
            }
            match find(change)? {
                Some(made) => made,
                None => return Err(Error::Corrupt { what: "session" }),
            }
        }
    };
    let found = Known {
        row: found,
        terms: seat.terms().join(" ").into(),
    };
    known.insert(seat.session, found.clone());
    Ok(found)
}

fn volume_of(found: &Found) -> u64 {
    found.entry.id / VOLUME_ENTRIES
}

/// A volume that entries are added to.
struct Volume<'a> {
    action: CachedStatement<'a>,
    words: CachedStatement<'a>,
}

impl<'a> Volume<'a> {
    fn open(change: &'a Transaction<'_>, number: u64) -> Result<Self, Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM volume WHERE number = ?1)";
        let mut find = change.prepare_cached(sql)?;
        if !find.query_row([int(number)], |row| row.get::<_, bool>(0))? {
            file::make_volume(change, number)?;
        }
        let action = "INSERT OR IGNORE INTO action (id, session, sequence, record, time, rows, duration, \
                      segment, place, error, cut) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        let table = file::table(number);
        let words = format!("INSERT INTO {table} (rowid, body) VALUES (?1, ?2)");
        Ok(Self {
            action: change.prepare_cached(action)?,
            words: change.prepare_cached(&words)?,
        })
    }

    fn add(&mut self, found: &Found, session: &Known) -> Result<(), Error> {
        let entry = &found.entry;
        self.action.execute(params![
            int(entry.id),
            session.row,
            int(entry.order.sequence),
            int(entry.order.record),
            int(entry.time),
            int(entry.rows),
            int(entry.duration),
            int(entry.place.segment),
            int(entry.place.offset),
            entry.error,
            entry.is_cut(),
        ])?;
        let body = entry.body(&session.terms);
        self.words.execute(params![int(entry.id), body])?;
        Ok(())
    }
}

fn note(chapters: &mut BTreeMap<u64, Chapter>, entry: &Entry) {
    let (time, record) = (entry.time, entry.order.record);
    let chapter = chapters
        .entry(entry.id / CHAPTER_ENTRIES)
        .or_insert(Chapter {
            time: (time, time),
            record: (record, record),
        });
    chapter.time = (chapter.time.0.min(time), chapter.time.1.max(time));
    chapter.record = (chapter.record.0.min(record), chapter.record.1.max(record));
}

fn widen(change: &Transaction<'_>, number: u64, chapter: &Chapter) -> Result<(), Error> {
    let sql = "INSERT INTO chapter (number, time_min, time_max, record_min, record_max)
               VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (number) DO UPDATE SET
                   time_min = min(time_min, ?2), time_max = max(time_max, ?3),
                   record_min = min(record_min, ?4), record_max = max(record_max, ?5)";
    change.prepare_cached(sql)?.execute(params![
        int(number),
        int(chapter.time.0),
        int(chapter.time.1),
        int(chapter.record.0),
        int(chapter.record.1),
    ])?;
    Ok(())
}

/// Writes down what is under way in the sessions that something happened to.
fn keep_open(change: &Transaction<'_>, gatherer: &mut Gatherer) -> Result<(), Error> {
    let put = "INSERT INTO open (session, sequence, state) VALUES (?1, ?2, ?3)";
    for (session, open) in gatherer.touched() {
        let sql = "DELETE FROM open WHERE session = ?1";
        change.prepare_cached(sql)?.execute([session])?;
        let Some((seat, entries)) = open else {
            continue;
        };
        let mut put = change.prepare_cached(put)?;
        put.execute(params![session, 0, written(&*seat, "session")?])?;
        for entry in entries {
            let state = written(entry, "entry")?;
            put.execute(params![session, int(entry.order.sequence), state])?;
        }
    }
    Ok(())
}

fn keep_position(change: &Transaction<'_>, position: &Position) -> Result<(), Error> {
    let sql = "INSERT INTO meta (key, value) VALUES ('position', ?1)
               ON CONFLICT (key) DO UPDATE SET value = ?1";
    let text = written(position, "position")?;
    change.prepare_cached(sql)?.execute([text])?;
    Ok(())
}

fn forget_one(
    change: &Transaction<'_>,
    (session, first, last): (i64, i64, i64),
) -> Result<(), Error> {
    let sql = "SELECT id FROM action WHERE id BETWEEN ?1 AND ?2 AND session = ?3";
    let mut find = change.prepare_cached(sql)?;
    let ids: Vec<i64> = find
        .query_map([first, last, session], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in ids {
        let volume = nat(id) / VOLUME_ENTRIES;
        let sql = format!("DELETE FROM {} WHERE rowid = ?1", file::table(volume));
        change.prepare_cached(&sql)?.execute([id])?;
        let sql = "UPDATE volume SET purge = 1 WHERE number = ?1";
        change.prepare_cached(sql)?.execute([int(volume)])?;
        let sql = "DELETE FROM action WHERE id = ?1";
        change.prepare_cached(sql)?.execute([id])?;
    }
    change.execute("DELETE FROM session WHERE ref = ?1", [session])?;
    Ok(())
}

/// Names that no session has any more go, too.
fn forget_names(change: &Transaction<'_>) -> Result<(), Error> {
    let mut seats = change
        .prepare("SELECT seat FROM session UNION ALL SELECT state FROM open WHERE sequence = 0")?;
    let mut rows = seats.query([])?;
    let mut held = std::collections::BTreeSet::new();
    while let Some(row) = rows.next()? {
        let seat: Seat = read(&row.get::<_, String>(0)?, "session")?;
        if let Some((key, name)) = seat.human() {
            held.insert(("human".to_owned(), key.to_owned(), name.to_owned()));
        }
        held.insert(("principal".to_owned(), seat.principal, seat.name));
    }
    let mut names = change.prepare("SELECT role, key, name FROM who")?;
    let names: Vec<(String, String, String)> = names
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for name in names.iter().filter(|name| !held.contains(*name)) {
        let sql = "DELETE FROM who WHERE role = ?1 AND key = ?2 AND name = ?3";
        change.execute(sql, params![name.0, name.1, name.2])?;
    }
    Ok(())
}

/// SQLite's numbers are signed; nothing of ours is so great.
pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn nat(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
