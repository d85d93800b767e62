//! Follows the journal for one sink: reads what is on disk, delivers, remembers, tries again.
//!
//! Must never go on behind an event that was not delivered, and never hold more than one batch.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use export::{Filter, Fold, Format, Reader, Step};
use ledger::journal::Folder;
use store::JournalStore;

use super::position::{Place, Position};
use super::{Failure, Output, Status, Told, count};
use crate::config::{SinkConfig, SinkKind, Start};

/// Events of one batch.
const BATCH_EVENTS: usize = 500;
/// Bytes of their texts, roughly.
const BATCH_BYTES: usize = 1024 * 1024;
/// Records read without any event for this sink before the position is kept all the same.
const QUIET_RECORDS: u64 = 10_000;
/// How often it is looked for new records.
const LOOK: Duration = Duration::from_millis(200);
/// The first pause after a failure, and the longest.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// The longest pause that a receiver may ask for.
const ASKED_MAX: Duration = Duration::from_secs(3_600);
/// Bytes of one text, where nothing else is configured: what syslog servers take, and what others do.
const SYSLOG_TEXT_BYTES: usize = 4 * 1024;
const TEXT_BYTES: usize = 64 * 1024;

/// One sink at work.
pub(crate) struct Follower {
    format: Format,
    filter: Filter,
    include_text: bool,
    text_max: usize,
    output: Box<dyn Output>,
    place: Place,
    status: Arc<Status>,
    folder: Folder,
    dir: PathBuf,
    journal: std::sync::Weak<JournalStore>,
    /// What is delivered and on disk.
    kept: Position,
    /// What is delivered and may turn out to be lost, with when.
    unsettled: VecDeque<(Instant, Position)>,
}

/// Where reading stands.
struct Cursor {
    reader: Reader,
    fold: Fold,
    /// The last record whose events are delivered.
    delivered: u64,
    /// Records since the position was kept.
    quiet: u64,
}

/// Events that are to be delivered together.
struct Batch {
    events: Vec<Told>,
    bytes: usize,
    /// The last record that was read into it.
    last: u64,
    records: u64,
}

impl Follower {
    pub(crate) fn new(
        config: &SinkConfig,
        output: Box<dyn Output>,
        place: Place,
        status: Arc<Status>,
        journal: &Arc<JournalStore>,
    ) -> Result<Self> {
        let durable = journal.durable_sequence();
        let begin = match config.start {
            Start::Now => durable,
            Start::Beginning => 0,
        };
        let fresh = Position {
            delivered: begin,
            resume: begin + 1,
        };
        let kept = match place.read().context("its position")? {
            Some(kept) => kept,
            None => {
                place.write(fresh).context("its position")?;
                fresh
            }
        };
        let usual = match config.kind {
            SinkKind::Syslog => SYSLOG_TEXT_BYTES,
            SinkKind::File | SinkKind::Webhook => TEXT_BYTES,
        };
        let text_max = config
            .text_max
            .map(|max| usize::try_from(max.0).unwrap_or(usize::MAX));
        status.delivered.store(kept.delivered, Ordering::Relaxed);
        Ok(Self {
            format: config.format()?,
            filter: Filter {
                kinds: config.kinds()?,
                ..Filter::default()
            },
            include_text: config.include_text,
            text_max: text_max.unwrap_or(usual),
            output,
            place,
            status,
            folder: journal.folder(),
            dir: journal.dir().to_owned(),
            journal: Arc::downgrade(journal),
            kept,
            unsettled: VecDeque::new(),
        })
    }

    /// Works until it is told to stop.
    pub(crate) fn run(mut self, stopped: &Receiver<()>) {
        let mut pause = PAUSE_MIN;
        let mut cursor = None;
        loop {
            let wait = match self.turn(&mut cursor) {
                Ok(Step::More) => {
                    pause = PAUSE_MIN;
                    Duration::ZERO
                }
                Ok(Step::End) => {
                    pause = PAUSE_MIN;
                    LOOK
                }
                Err(failure) => {
                    self.status.failed(&failure);
                    // What was handed over and not settled goes again.
                    self.unsettled.clear();
                    cursor = None;
                    let own = jittered(pause);
                    pause = (pause * 2).min(PAUSE_MAX);
                    failure
                        .after
                        .map_or(own, |asked| asked.clamp(own, ASKED_MAX))
                }
            };
            match stopped.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return self.settle(true),
            }
        }
    }

    /// Reads and delivers one batch.
    fn turn(&mut self, cursor: &mut Option<Cursor>) -> Result<Step, Failure> {
        self.output.check()?;
        self.settle(false);
        let Some(durable) = self
            .journal
            .upgrade()
            .map(|journal| journal.durable_sequence())
        else {
            return Ok(Step::End);
        };
        let at = match cursor {
            Some(at) => at,
            None => cursor.insert(self.begin()?),
        };
        let mut batch = Batch::new(at.delivered);
        let step = self.read(at, durable, &mut batch)?;
        if !batch.events.is_empty() {
            self.status.is_behind(true);
            self.output.deliver(&batch.events)?;
            self.status.works();
            count(&self.status.events, batch.events.len());
        }
        let told = !batch.events.is_empty();
        at.quiet += batch.records;
        at.delivered = batch.last.max(at.delivered);
        self.status.delivered.store(at.delivered, Ordering::Relaxed);
        if told || at.quiet >= QUIET_RECORDS {
            at.quiet = 0;
            let position = Position {
                delivered: at.delivered,
                resume: at.fold.resume_from(),
            };
            self.unsettled.push_back((Instant::now(), position));
            self.settle(false);
        }
        if step == Step::End {
            self.status.is_behind(false);
            self.status.works();
        }
        Ok(step)
    }

    /// Begins where the last delivery that counts ended.
    fn begin(&self) -> Result<Cursor, Failure> {
        let reader = Reader::new(&self.dir, self.kept.resume);
        let journal = reader
            .journal()
            .map_err(|error| Failure::new(error.to_string()))?;
        Ok(Cursor {
            reader,
            fold: Fold::expecting(journal.unwrap_or_default(), self.kept.resume),
            delivered: self.kept.delivered,
            quiet: 0,
        })
    }

    fn read(&self, at: &mut Cursor, durable: u64, batch: &mut Batch) -> Result<Step, Failure> {
        let mut opener = self.folder.opener();
        let Cursor {
            reader,
            fold,
            delivered,
            ..
        } = at;
        let step = reader.step(durable, |record| {
            let payload = opener.payload(record);
            let events = fold.take(record, payload.as_deref().map_err(|error| *error));
            let sequence = record.header.sequence;
            if sequence > *delivered {
                batch.last = sequence;
                batch.records += 1;
                for mut event in events {
                    if !self.filter.takes(&event) {
                        continue;
                    }
                    if !self.include_text {
                        event.leave_out_text();
                    }
                    event.cut_texts(self.text_max);
                    batch.push(Told::new(&event, self.format));
                }
            }
            !batch.is_full()
        });
        step.map_err(|error| Failure::new(error.to_string()))
    }

    /// Keeps the position of what can no longer be lost; at the end, of all that was handed over.
    fn settle(&mut self, all: bool) {
        let settles_in = self.output.settles_in();
        let all = all && self.output.check().is_ok();
        let mut newest = None;
        while let Some((since, position)) = self.unsettled.front().copied() {
            if !all && since.elapsed() < settles_in {
                break;
            }
            newest = Some(position);
            self.unsettled.pop_front();
        }
        let Some(position) = newest else {
            return;
        };
        match self.place.write(position) {
            Ok(()) => self.kept = position,
            // What was delivered goes again after a restart; better twice than never.
            Err(error) => {
                tracing::error!(sink = self.status.name, %error, "a sink's position cannot be kept")
            }
        }
    }
}

impl Batch {
    fn new(last: u64) -> Self {
        Self {
            events: Vec::new(),
            bytes: 0,
            last,
            records: 0,
        }
    }

    fn push(&mut self, event: Told) {
        let text = event.json.get("text").and_then(serde_json::Value::as_str);
        self.bytes += 1024 + text.map_or(0, str::len);
        self.events.push(event);
    }

    fn is_full(&self) -> bool {
        self.events.len() >= BATCH_EVENTS || self.bytes >= BATCH_BYTES
    }
}

/// Between half of a pause and all of it, so that many gateways do not come at once.
fn jittered(pause: Duration) -> Duration {
    let mut byte = [0];
    let share = match getrandom::fill(&mut byte) {
        Ok(()) => u32::from(byte[0]),
        Err(_) => 255,
    };
    pause / 2 + pause / 2 * share / 255
}
