//! The keeper: one thread compresses, writes and syncs for all sessions; another watches that it answers in time.
//!
//! Must never hold a session's lock while it writes, and never let anybody wait longer than the limit.

use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gate::ports::{BoxFuture, PortError};
use ledger::event::StreamEnd;
use ledger::record::{Chain, Content, Payload, Stream};
use ledger::{Event, codec};
use zstd::bulk::Compressor;

use super::log::{JournalHealth, Log, Need, failed};
use super::results::{Chunk, Closing, PENDING_BYTES_MAX, Results};
use crate::oneshot;

/// Chunks shorter than this are stored as they are: zstd would gain little.
const COMPRESS_BYTES_MIN: usize = 256;

/// zstd's level: half a gigabyte a second to a fifth of the size.
const LEVEL: i32 = 1;

/// Bytes of one session's results written in one turn: whoever waits for the disk waits for no more of each.
const TURN_BYTES_MAX: usize = PENDING_BYTES_MAX;

/// How often a bad disk is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// What somebody waits for.
pub(crate) enum Wish {
    /// This record is on disk.
    Synced(u64),
    /// This session's backlog is written.
    Drained(Arc<Results>),
}

enum Reply {
    Task(oneshot::Sender<Result<(), PortError>>),
    Thread(SyncSender<Result<(), PortError>>),
}

impl Reply {
    fn send(self, result: Result<(), PortError>) {
        match self {
            Self::Task(sender) => sender.send(result),
            // A caller that gave up does not need the answer.
            Self::Thread(sender) => sender.send(result).unwrap_or_default(),
        }
    }
}

struct Waiter {
    wish: Wish,
    since: Instant,
    reply: Reply,
}

#[derive(Default)]
struct Work {
    listed: Vec<Arc<Results>>,
    waiters: Vec<Waiter>,
    wake: bool,
    stop: bool,
}

/// What sessions and the journal's two threads share.
pub(crate) struct Keeper {
    pub(crate) log: Log,
    pub(crate) is_strict: bool,
    pub(crate) response_bytes_max: u64,
    interval: Duration,
    timeout: Duration,
    work: Mutex<Work>,
    wake: Condvar,
    watch: Condvar,
    /// The chain of the gateway's own events; a new one each run.
    run: [u8; 16],
    control: Mutex<Chain>,
}

impl Keeper {
    pub(crate) fn new(log: Log, limits: &model::Limits, is_strict: bool) -> Self {
        Self {
            log,
            is_strict,
            response_bytes_max: limits.recorded_response_bytes_max,
            interval: limits.journal_interval.max(Duration::from_millis(1)),
            timeout: limits.journal_timeout,
            work: Mutex::default(),
            wake: Condvar::new(),
            watch: Condvar::new(),
            run: *model::SessionId::generate().as_bytes(),
            control: Mutex::default(),
        }
    }

    /// Appends an event of the gateway's own; says its sequence number.
    pub(crate) fn control(&self, event: &Event<'_>) -> Result<u64, PortError> {
        let mut bytes = Vec::new();
        codec::encode(event, &mut bytes);
        self.write_control(&bytes)
    }

    /// Ends the chain of the gateway's own events.
    pub(crate) fn end_control(&self, time: u64) {
        let mut bytes = Vec::new();
        codec::encode(&Event::StreamEnd(StreamEnd::default()), &mut bytes);
        let closed = Event::SessionClosed {
            time,
            reason: "the gateway stopped".into(),
        };
        codec::encode(&closed, &mut bytes);
        // Without it the run reads as one that ended without notice, which is the truth then.
        self.write_control(&bytes).ok();
    }

    fn write_control(&self, bytes: &[u8]) -> Result<u64, PortError> {
        let too_long = |error| failed(Some(std::io::Error::other(error)));
        let payload = Payload::plain(bytes).map_err(too_long)?;
        let mut chain = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        let of = (Stream::Intents, self.run);
        self.log.append(&mut chain, of, &payload, Need::LastWords)
    }

    /// Puts a session with new results on the list.
    pub(crate) fn list(&self, results: &Arc<Results>) {
        self.lock().listed.push(Arc::clone(results));
    }

    /// Asks for a turn now rather than at the interval's end.
    pub(crate) fn wake(&self) {
        self.lock().wake = true;
        self.wake.notify_one();
    }

    /// A future that ends when a wish is fulfilled, failed or too old.
    pub(crate) fn await_wish(&self, wish: Wish) -> BoxFuture<'static, Result<(), PortError>> {
        if matches!(wish, Wish::Synced(sequence) if sequence <= self.log.synced()) {
            return Box::pin(std::future::ready(Ok(())));
        }
        let (sender, receiver) = oneshot::channel();
        self.enlist(wish, Reply::Task(sender));
        Box::pin(async move { receiver.await.unwrap_or_else(|| Err(failed(None))) })
    }

    /// Waits on this thread for a record to be on disk.
    pub(crate) fn wait_synced(&self, sequence: u64) -> Result<(), PortError> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        self.enlist(Wish::Synced(sequence), Reply::Thread(sender));
        // The watch answers in time; the second timeout only guards against its death.
        let answer = receiver.recv_timeout(self.timeout.saturating_mul(2));
        answer.unwrap_or(Err(PortError::Slow {
            what: "the journal's disk",
        }))
    }

    fn enlist(&self, wish: Wish, reply: Reply) {
        let mut work = self.lock();
        if work.stop {
            drop(work);
            return reply.send(Err(failed(None)));
        }
        work.waiters.push(Waiter {
            wish,
            since: Instant::now(),
            reply,
        });
        work.wake = true;
        drop(work);
        self.wake.notify_one();
    }

    /// Asks both threads to end after a last turn.
    pub(crate) fn stop(&self) {
        self.lock().stop = true;
        self.wake.notify_one();
        self.watch.notify_one();
    }

    /// The writing thread.
    pub(crate) fn run(&self) {
        let mut compressor = Compressor::new(LEVEL).ok();
        let mut tried = Instant::now();
        loop {
            let (listed, stop) = self.await_turn();
            if self.log.health() != JournalHealth::Good && tried.elapsed() >= RETRY {
                tried = Instant::now();
                if self.log.recover() {
                    self.note_recovery();
                }
            }
            self.log.prepare_keys();
            let most = if stop { usize::MAX } else { TURN_BYTES_MAX };
            let (mut unfinished, mut has_more) = (Vec::new(), false);
            for results in listed {
                let written = self.write_out(&results, compressor.as_mut(), most);
                has_more |= matches!(written, Ok(false));
                if !matches!(written, Ok(true)) {
                    unfinished.push(results);
                }
            }
            let synced = self.log.sync();
            self.answer((unfinished, has_more), synced);
            if stop {
                return self.turn_away();
            }
        }
    }

    fn note_recovery(&self) {
        let event = super::note("journal.recovered", &[]);
        if let Err(error) = self.control(&event) {
            tracing::error!(%error, "the journal's recovery could not be recorded");
        }
    }

    fn await_turn(&self) -> (Vec<Arc<Results>>, bool) {
        let work = self.lock();
        let idle = |work: &mut Work| !work.wake && !work.stop;
        let waited = self.wake.wait_timeout_while(work, self.interval, idle);
        let (mut work, _) = waited.unwrap_or_else(PoisonError::into_inner);
        work.wake = false;
        (std::mem::take(&mut work.listed), work.stop)
    }

    /// Writes a session's results, not much more than `most` bytes, and its end if asked; says whether that was all. On
    /// error, what is left stays with the session.
    fn write_out(
        &self,
        results: &Arc<Results>,
        mut compressor: Option<&mut Compressor<'static>>,
        most: usize,
    ) -> Result<bool, PortError> {
        let mut bytes = 0;
        loop {
            while let Some(chunk) = results.take_chunk() {
                if let Err(error) = self.write_chunk(results, &chunk, compressor.as_deref_mut()) {
                    results.put_back(chunk);
                    return Err(error);
                }
                results.written(chunk.bytes.len());
                self.relieve(results);
                bytes += chunk.bytes.len();
                if bytes >= most {
                    return Ok(false);
                }
            }
            match results.done() {
                None => {}
                Some(None) => return Ok(true),
                Some(Some(mut closing)) => {
                    let ended = self.write_end(results, &mut closing);
                    if ended.is_err() {
                        results.close_later(closing);
                    }
                    return ended.map(|()| true);
                }
            }
        }
    }

    /// Lets a session go on as soon as half of what may wait is written: it reads while the rest is compressed and
    /// brought to disk.
    fn relieve(&self, results: &Arc<Results>) {
        if results.pending() >= PENDING_BYTES_MAX / 2 || self.log.takes_results().is_err() {
            return;
        }
        let is_its = |waiter: &mut Waiter| matches!(&waiter.wish, Wish::Drained(of) if Arc::ptr_eq(of, results));
        let relieved: Vec<_> = self.lock().waiters.extract_if(.., is_its).collect();
        for waiter in relieved {
            waiter.reply.send(Ok(()));
        }
    }

    fn write_chunk(
        &self,
        results: &Results,
        chunk: &Chunk,
        compressor: Option<&mut Compressor<'static>>,
    ) -> Result<(), PortError> {
        let bytes = &chunk.bytes;
        let packed = compressor
            .filter(|_| bytes.len() >= COMPRESS_BYTES_MIN)
            .and_then(|compressor| compressor.compress(bytes).ok())
            .filter(|packed| packed.len() < bytes.len());
        let content = match &packed {
            Some(packed) => Content::zstd(packed, bytes.len()),
            None => Content::plain(bytes),
        };
        let content = match chunk.is_rows() {
            true => content.of_rows(),
            false => content,
        };
        let mut sealed = Vec::new();
        let mut chain = results.chain.lock().unwrap_or_else(PoisonError::into_inner);
        let (stream, session) = (Stream::Results, results.session);
        let payload = self.payload(results, content, stream, &chain, &mut sealed)?;
        // These results were let happen before the disk was full.
        let need = Need::LastWords;
        self.log
            .append(&mut chain, (stream, session), &payload, need)?;
        Ok(())
    }

    /// The payload that stores some content as a session's next record. A disk that does not take its key is a disk
    /// that failed.
    pub(crate) fn payload<'a>(
        &self,
        results: &Results,
        content: Content<'a>,
        stream: Stream,
        chain: &Chain,
        out: &'a mut Vec<u8>,
    ) -> Result<Payload<'a>, PortError> {
        if let Some(sealing) = &results.sealing {
            let kept = sealing.keep();
            kept.map_err(|error| self.log.keys_failed(error))?;
        }
        results.payload(content, stream, chain, out)
    }

    /// Writes the closing event and the end of the results. Where the event is encrypted, the end of the results has a
    /// record of its own that is not: it must be checked when the key is gone, too.
    fn write_end(&self, results: &Results, closing: &mut Closing) -> Result<(), PortError> {
        let Some(event) = &closing.event else {
            return Ok(());
        };
        let (stream, session) = (Stream::Intents, results.session);
        let need = Need::LastWords;
        if results.sealing.is_some() && !closing.is_said {
            let mut sealed = Vec::new();
            let content = Content::plain(event);
            let intents = &mut closing.intents;
            let payload = self.payload(results, content, stream, intents, &mut sealed)?;
            self.log
                .append(intents, (stream, session), &payload, need)?;
            closing.is_said = true;
        }
        let chain = *results.chain.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = Vec::new();
        let end = StreamEnd {
            records: chain.records,
            hash: chain.hash,
        };
        codec::encode(&Event::StreamEnd(end), &mut bytes);
        if !closing.is_said {
            bytes.extend_from_slice(event);
        }
        let payload = Payload::plain(&bytes);
        let payload = payload.map_err(|error| failed(Some(std::io::Error::other(error))))?;
        let mut intents = closing.intents;
        self.log
            .append(&mut intents, (stream, session), &payload, need)?;
        Ok(())
    }

    /// Answers whoever got what they waited for, or cannot get it.
    fn answer(
        &self,
        (unfinished, has_more): (Vec<Arc<Results>>, bool),
        synced: Result<(), PortError>,
    ) {
        let mut work = self.lock();
        work.listed.extend(unfinished);
        work.wake |= has_more;
        let (on_disk, takes_results) = (self.log.synced(), self.log.takes_results().is_ok());
        let is_fulfilled = |wish: &Wish| match wish {
            Wish::Synced(sequence) => *sequence <= on_disk,
            Wish::Drained(results) => results.pending() < PENDING_BYTES_MAX / 2,
        };
        // What waits for results to be written waits in vain while none are taken.
        let is_vain = |wish: &Wish| matches!(wish, Wish::Drained(_)) && !takes_results;
        let waiters = std::mem::take(&mut work.waiters);
        let (ready, waiting): (Vec<_>, Vec<_>) = waiters.into_iter().partition(|waiter| {
            synced.is_err() || is_fulfilled(&waiter.wish) || is_vain(&waiter.wish)
        });
        work.waiters = waiting;
        // Somebody came while the disk was busy: no need to wait for the interval.
        work.wake |= !work.waiters.is_empty() && self.log.health() == JournalHealth::Good;
        drop(work);
        for waiter in ready {
            let answer = match (&synced, is_vain(&waiter.wish)) {
                (Err(_), _) => Err(failed(None)),
                (Ok(()), true) => self.log.takes_results(),
                (Ok(()), false) => Ok(()),
            };
            waiter.reply.send(answer);
        }
    }

    /// Nobody is kept waiting by a keeper that has ended.
    fn turn_away(&self) {
        let waiters = std::mem::take(&mut self.lock().waiters);
        for waiter in waiters {
            waiter.reply.send(Err(failed(None)));
        }
    }

    /// The watching thread: whoever waited too long is told so, even while the disk hangs.
    pub(crate) fn watch(&self) {
        let pause = (self.timeout / 8).max(Duration::from_millis(5));
        let mut work = self.lock();
        while !work.stop {
            let waited = self.watch.wait_timeout(work, pause);
            (work, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let waiters = std::mem::take(&mut work.waiters);
            let (late, waiting): (Vec<_>, Vec<_>) = waiters
                .into_iter()
                .partition(|waiter| waiter.since.elapsed() >= self.timeout);
            work.waiters = waiting;
            if !late.is_empty() {
                tracing::error!("the journal's disk does not answer in time: sessions end");
                self.log.is_stalled.store(true, Ordering::Release);
            }
            for waiter in late {
                waiter.reply.send(Err(PortError::Slow {
                    what: "the journal's disk",
                }));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
