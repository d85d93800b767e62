//! The journal's one order: numbers, segments, and the health of the disk beneath.
//!
//! Must never leave half a record behind while it goes on, and never give a number to a record that was not written.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gate::ports::PortError;
use ledger::journal::segment_name;
use ledger::record::{self, Chain, Payload, Stream};
use ledger::segment::SegmentHeader;
use ledger::verify::Head;

use super::disk::{Disk, DiskFile};
use crate::vault::Vault;

/// A segment is put away once it is this long.
pub(crate) const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// How the journal is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JournalHealth {
    /// It takes everything.
    Good,
    /// The disk is full: only refusals and ends are taken, out of the reserve.
    Full,
    /// The disk failed: nothing is taken until it works again.
    Failed,
}

/// Whether a record may use the reserve.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Need {
    /// It lets something happen: not without space to spare.
    Usual,
    /// It is a refusal, an end, or what came of something that happened.
    LastWords,
}

struct Inner {
    file: Arc<dyn DiskFile>,
    segment: u64,
    written: u64,
    head: Head,
    health: JournalHealth,
    /// A file could not be cut back after a failed write: it takes no more.
    spoilt: bool,
    /// Segments that were put away and may not be on disk yet.
    unsynced: Vec<Arc<dyn DiskFile>>,
    scratch: Vec<u8>,
}

/// The journal as all sessions share it.
pub(crate) struct Log {
    disk: Arc<dyn Disk>,
    vault: Option<Arc<Vault>>,
    journal: [u8; 16],
    reserve_bytes: u64,
    inner: Mutex<Inner>,
    /// Sessions begun before this number rose are over: what they were told is on record may be lost.
    epoch: AtomicU64,
    synced: AtomicU64,
    /// The disk has not answered in time.
    pub(crate) is_stalled: AtomicBool,
    /// The disk is not good; the same as [`Log::health`] says, without its lock.
    is_unwell: AtomicBool,
}

/// Where the journal goes on.
pub(crate) struct Start {
    pub(crate) journal: [u8; 16],
    pub(crate) segment: u64,
    pub(crate) head: Head,
}

impl Log {
    /// Begins a new segment behind what is there.
    pub(crate) fn start(
        disk: Arc<dyn Disk>,
        start: Start,
        reserve_bytes: u64,
        vault: Option<Arc<Vault>>,
    ) -> io::Result<Self> {
        disk.reserve(reserve_bytes)?;
        if let Some(vault) = &vault {
            vault.prepare()?;
        }
        let (file, written) = begin_segment(&*disk, start.journal, start.segment, start.head)?;
        Ok(Self {
            disk,
            vault,
            journal: start.journal,
            reserve_bytes,
            inner: Mutex::new(Inner {
                file,
                segment: start.segment,
                written,
                head: start.head,
                health: JournalHealth::Good,
                spoilt: false,
                unsynced: Vec::new(),
                scratch: Vec::new(),
            }),
            epoch: AtomicU64::new(0),
            synced: AtomicU64::new(start.head.sequence),
            is_stalled: AtomicBool::new(false),
            is_unwell: AtomicBool::new(false),
        })
    }

    /// The keys of the sessions.
    pub(crate) fn vault(&self) -> Option<&Arc<Vault>> {
        self.vault.as_ref()
    }

    #[cfg(test)]
    pub(crate) fn journal(&self) -> [u8; 16] {
        self.journal
    }

    pub(crate) fn health(&self) -> JournalHealth {
        self.lock().health
    }

    pub(crate) fn head(&self) -> Head {
        self.lock().head
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// The last record known to be on disk.
    pub(crate) fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    /// Whether results may be delivered: what cannot be recorded must not reach a client.
    pub(crate) fn takes_results(&self) -> Result<(), PortError> {
        match self.is_unwell.load(Ordering::Acquire) {
            true => self.may_begin(),
            false => Ok(()),
        }
    }

    /// Whether a new session may begin.
    pub(crate) fn may_begin(&self) -> Result<(), PortError> {
        if self.is_stalled.load(Ordering::Acquire) {
            return Err(PortError::Slow {
                what: "the journal's disk",
            });
        }
        match self.health() {
            JournalHealth::Good => Ok(()),
            JournalHealth::Full => Err(PortError::Full),
            JournalHealth::Failed => Err(failed(None)),
        }
    }

    /// Appends one record; when this returns, the operating system has it. Says its sequence number.
    pub(crate) fn append(
        &self,
        chain: &mut Chain,
        (stream, session): (Stream, [u8; 16]),
        payload: &Payload<'_>,
        need: Need,
    ) -> Result<u64, PortError> {
        let mut inner = self.lock();
        self.append_to(&mut inner, chain, (stream, session), payload, need)
    }

    /// The same for a session begun in an epoch: one that is over takes no more of it, as its key may be lost.
    pub(crate) fn append_in(
        &self,
        epoch: u64,
        chain: &mut Chain,
        of: (Stream, [u8; 16]),
        payload: &Payload<'_>,
        need: Need,
    ) -> Result<u64, PortError> {
        let mut inner = self.lock();
        if epoch != self.epoch() {
            return Err(failed(None));
        }
        self.append_to(&mut inner, chain, of, payload, need)
    }

    fn append_to(
        &self,
        inner: &mut Inner,
        chain: &mut Chain,
        (stream, session): (Stream, [u8; 16]),
        payload: &Payload<'_>,
        need: Need,
    ) -> Result<u64, PortError> {
        match (inner.health, need) {
            (JournalHealth::Good, _) | (JournalHealth::Full, Need::LastWords) => {}
            (JournalHealth::Full, Need::Usual) => return Err(PortError::Full),
            (JournalHealth::Failed, _) => return Err(failed(None)),
        }
        if inner.written >= SEGMENT_BYTES {
            self.rotate(inner)
                .map_err(|error| self.complain(inner, error))?;
        }
        let mut next = *chain;
        let sequence = inner.head.sequence + 1;
        let mut scratch = std::mem::take(&mut inner.scratch);
        scratch.clear();
        record::write(&mut scratch, &mut next, stream, session, sequence, payload);
        let written = self.put(inner, &scratch, need);
        scratch.shrink_to(1 << 20);
        inner.scratch = scratch;
        written?;
        *chain = next;
        inner.head = Head {
            sequence,
            hash: next.hash,
        };
        Ok(sequence)
    }

    /// Writes; where the disk is full, gives the reserve to those who may use it.
    fn put(&self, inner: &mut Inner, bytes: &[u8], need: Need) -> Result<(), PortError> {
        let Err(error) = put_whole(inner, bytes) else {
            return Ok(());
        };
        if !is_full(&error) || inner.spoilt || inner.health == JournalHealth::Full {
            return Err(self.complain(inner, error));
        }
        self.set_health(inner, JournalHealth::Full);
        tracing::error!("the journal's disk is full: sessions end until there is space");
        self.disk
            .release()
            .map_err(|error| self.complain(inner, error))?;
        match need {
            Need::Usual => Err(PortError::Full),
            Need::LastWords => put_whole(inner, bytes).map_err(|error| self.complain(inner, error)),
        }
    }

    /// Remembers that the disk failed, and says so.
    fn complain(&self, inner: &mut Inner, error: io::Error) -> PortError {
        if is_full(&error) && !inner.spoilt {
            self.set_health(inner, JournalHealth::Full);
            return PortError::Full;
        }
        self.fail(inner, &error);
        failed(Some(error))
    }

    /// Takes it that the disk does not take keys: no session can be recorded then.
    pub(crate) fn keys_failed(&self, error: PortError) -> PortError {
        let mut inner = self.lock();
        match &error {
            PortError::Full if inner.health == JournalHealth::Good => {
                self.set_health(&mut inner, JournalHealth::Full);
                tracing::error!(
                    "the disk is full under the keys: sessions end until there is space"
                );
                if let Err(error) = self.disk.release() {
                    return self.complain(&mut inner, error);
                }
            }
            PortError::Full => {}
            PortError::Slow { .. } | PortError::Failed { .. } | PortError::Unfinished { .. } => {
                self.fail(&mut inner, &io::Error::other(error.to_string()));
            }
        }
        error
    }

    /// Makes the next file of keys before a session waits for it.
    pub(crate) fn prepare_keys(&self) {
        if self.is_unwell.load(Ordering::Acquire) {
            return;
        }
        let prepared = self.vault.as_ref().map(|vault| vault.prepare());
        if let Some(Err(error)) = prepared {
            self.complain(&mut self.lock(), error);
        }
    }

    fn fail(&self, inner: &mut Inner, error: &io::Error) {
        if inner.health != JournalHealth::Failed {
            tracing::error!(%error, "the journal's disk failed: sessions end until it works");
        }
        self.set_health(inner, JournalHealth::Failed);
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    fn set_health(&self, inner: &mut Inner, health: JournalHealth) {
        inner.health = health;
        let is_unwell = health != JournalHealth::Good;
        self.is_unwell.store(is_unwell, Ordering::Release);
    }

    fn rotate(&self, inner: &mut Inner) -> io::Result<()> {
        let segment = inner.segment + 1;
        let (file, written) = begin_segment(&*self.disk, self.journal, segment, inner.head)?;
        let before = std::mem::replace(&mut inner.file, file);
        inner.unsynced.push(before);
        inner.segment = segment;
        inner.written = written;
        inner.spoilt = false;
        Ok(())
    }

    /// Brings everything written so far onto the disk. Writers go on meanwhile.
    pub(crate) fn sync(&self) -> Result<(), PortError> {
        let (files, head) = {
            let mut inner = self.lock();
            if inner.health == JournalHealth::Failed {
                return Err(failed(None));
            }
            if inner.head.sequence == self.synced() {
                return Ok(());
            }
            let mut files = std::mem::take(&mut inner.unsynced);
            files.push(Arc::clone(&inner.file));
            (files, inner.head)
        };
        // Keys first: no record is durable without its own.
        let keys = self.vault.iter().map(|vault| vault.sync());
        for synced in keys.chain(files.iter().map(|file| file.sync())) {
            if let Err(error) = synced {
                // What failed to reach the disk once may be gone from memory too: no second try may cover it up.
                self.fail(&mut self.lock(), &error);
                return Err(failed(Some(error)));
            }
        }
        self.synced.fetch_max(head.sequence, Ordering::AcqRel);
        self.is_stalled.store(false, Ordering::Release);
        Ok(())
    }

    /// Tries to become good again; `true` when it did just now.
    pub(crate) fn recover(&self) -> bool {
        let mut inner = self.lock();
        match inner.health {
            JournalHealth::Good => return false,
            JournalHealth::Full => {}
            JournalHealth::Failed => {
                inner.unsynced.clear();
                if let Some(vault) = &self.vault {
                    vault.renew();
                }
                if self.rotate(&mut inner).is_err() {
                    return false;
                }
            }
        }
        if self.disk.reserve(self.reserve_bytes).is_err() {
            return false;
        }
        if (self.vault.as_ref()).is_some_and(|vault| vault.prepare().is_err()) {
            return false;
        }
        self.set_health(&mut inner, JournalHealth::Good);
        self.is_stalled.store(false, Ordering::Release);
        tracing::info!("the journal takes sessions again");
        true
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn begin_segment(
    disk: &dyn Disk,
    journal: [u8; 16],
    number: u64,
    head: Head,
) -> io::Result<(Arc<dyn DiskFile>, u64)> {
    let header = SegmentHeader {
        journal,
        number,
        first_sequence: head.sequence + 1,
        before: head.hash,
    };
    let file = disk.create(&segment_name(number))?;
    let bytes = header.to_bytes();
    append_all(&*file, &bytes)?;
    file.sync()?;
    Ok((file, bytes.len() as u64))
}

/// Writes all or nothing: what a failed write left is cut off again.
fn put_whole(inner: &mut Inner, bytes: &[u8]) -> io::Result<()> {
    if inner.spoilt {
        return Err(io::Error::other("the segment could not be cut back"));
    }
    let result = append_all(&*inner.file, bytes);
    match result {
        Ok(()) => inner.written += bytes.len() as u64,
        Err(_) => inner.spoilt = inner.file.cut(inner.written).is_err(),
    }
    result
}

pub(crate) fn append_all(file: &dyn DiskFile, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.append(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => bytes = bytes.get(taken..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

pub(crate) fn failed(error: Option<io::Error>) -> PortError {
    let source = error.unwrap_or_else(|| io::Error::other("the disk failed earlier"));
    PortError::Failed {
        what: "the journal's disk",
        source: Box::new(source),
    }
}
