//! The keys of recordings: one for each session, wrapped by a master key, in files beside the journal's segments.
//!
//! Must never hold a key in the clear on disk, never write with a key that it read, and never let a record count as
//! durable before its key is.

pub(crate) mod archive;
mod bury;
mod clock;
mod holds;
mod rekey;
pub(crate) mod session;
#[cfg(test)]
pub(crate) mod tests;

pub use rekey::rekey;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use gate::ports::MasterKeys;
use ledger::journal::ReadError;
use ledger::keys::slot::{SLOT_BYTES, Slot, Tags, WrappedKey, header, is_of, slots};
use ledger::keys::wrapped::{KEYS_FOLDER, key_file_name, key_files};
use ledger::keys::{Access, Keys, MasterKey, MasterKeyId};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::journal::disk::{Disk, DiskFile};
use crate::journal::log::append_all;
use archive::begun;

/// Slots of one key file: 8 MiB.
const SLOTS_MAX: u32 = 65_536;

/// The next file is made once a file has this many: no session waits for a file to be made.
const SLOTS_BEFORE_NEXT: u32 = SLOTS_MAX - 8_192;

/// Where a session's slot is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Place {
    file: u64,
    slot: u32,
}

impl Place {
    fn offset(self) -> u64 {
        (u64::from(self.slot) + 1) * SLOT_BYTES as u64
    }
}

/// Where all sessions' slots are.
#[derive(Default)]
struct Places {
    /// Each session's last.
    current: HashMap<[u8; 16], Place>,
    /// The ones before, of the few that have more: after a failure of the disk, or because a file was copied in.
    others: HashMap<[u8; 16], Vec<Place>>,
}

impl Places {
    fn add(&mut self, session: [u8; 16], place: Place) {
        if let Some(before) = self.current.insert(session, place) {
            self.others.entry(session).or_default().push(before);
        }
    }

    /// All of a session, the last one first.
    fn all(&self, session: &[u8; 16]) -> Vec<Place> {
        let others = self.others.get(session).into_iter().flatten();
        let current = self.current.get(session).into_iter();
        current.chain(others.rev()).copied().collect()
    }
}

#[derive(Default)]
struct Writer {
    file: Option<Arc<dyn DiskFile>>,
    /// The number of `file`.
    number: u64,
    slots: u32,
    is_dirty: bool,
    /// A slot could not be written: whether the disk takes keys is known once it took another file.
    is_suspect: bool,
    /// A file that is ready, with its number.
    next: Option<(u64, Arc<dyn DiskFile>)>,
    /// The last number that was given to a file.
    last: u64,
    /// Files that were put away and may not be on disk yet.
    unsynced: Vec<Arc<dyn DiskFile>>,
}

/// Keeps the keys of one journal's sessions.
pub(crate) struct Vault {
    /// The journal's folder.
    dir: PathBuf,
    journal: [u8; 16],
    disk: Arc<dyn Disk>,
    /// The first wraps new keys.
    masters: Vec<MasterKey>,
    /// Whether new sessions are encrypted.
    encrypts: bool,
    writer: Mutex<Writer>,
    places: RwLock<Places>,
    /// Rises when slots written so far may be lost: sessions that go on write theirs again.
    generation: AtomicU64,
    /// Sessions that are being written.
    live: Mutex<HashSet<[u8; 16]>>,
}

/// One slot and where it is.
struct Found {
    place: Place,
    slot: Slot,
}

impl Vault {
    /// Takes up the key files of a journal.
    ///
    /// # Errors
    /// [`Error`]: a file cannot be read, or keys are wrapped by a master key that is not there.
    pub(crate) fn open(
        dir: PathBuf,
        journal: [u8; 16],
        disk: Arc<dyn Disk>,
        source: &dyn MasterKeys,
        encrypts: bool,
    ) -> Result<Arc<Self>, Error> {
        let masters = source
            .fetch()
            .map_err(|error| Error::MasterKey { what: told(&error) })?;
        let vault = Self {
            dir,
            journal,
            disk,
            masters,
            encrypts,
            writer: Mutex::default(),
            places: RwLock::default(),
            generation: AtomicU64::new(1),
            live: Mutex::default(),
        };
        vault.load()?;
        Ok(Arc::new(vault))
    }

    /// Whether new sessions are encrypted.
    pub(crate) fn encrypts(&self) -> bool {
        self.encrypts
    }

    /// Finds every session's slot, and sees that its master key is there.
    fn load(&self) -> Result<(), Error> {
        crate::journal::private_folder(&self.keys_dir())
            .map_err(|source| self.failed("make the folder of keys", source))?;
        let mut wrapped_by = HashMap::new();
        let mut places = Places::default();
        let mut erased = HashMap::new();
        let last = self.for_each(|found| {
            let session = *found.slot.session();
            match &found.slot {
                Slot::Key(key) if self.master(key).is_none() => {
                    wrapped_by.insert(session, key.master);
                }
                Slot::Key(_) => {}
                Slot::Erased { .. } => {
                    erased.insert(session, found.place);
                }
            }
            places.add(session, found.place);
        })?;
        self.lock().last = last;
        let mut missing = BTreeMap::<_, u64>::new();
        for (session, master) in wrapped_by {
            if !erased.contains_key(&session) {
                *missing.entry(master).or_default() += 1;
            }
        }
        if let (Some((id, count)), Some(here)) = (missing.first_key_value(), self.masters.first()) {
            let what = format!(
                "the keys of {count} sessions are wrapped by the master key {id}, and the one given is {}",
                here.id()
            );
            return Err(Error::MasterKey { what });
        }
        *self.places.write().unwrap_or_else(PoisonError::into_inner) = places;
        self.bury_beside(&erased)
            .map_err(|source| self.failed("destroy the keys of erased sessions", source))
    }

    /// The key files.
    fn files(&self) -> Result<Vec<(u64, PathBuf)>, Error> {
        key_files(&self.dir)
            .map_err(|ReadError::Io { source, .. }| self.failed("list the keys", source))
    }

    /// Sessions with a key in a file, begun before a time by their ids.
    fn keys_before(&self, file: &(u64, PathBuf), time: u64) -> Result<Vec<[u8; 16]>, Error> {
        let mut sessions = Vec::new();
        self.visit(file, &mut |found| {
            let session = found.slot.session();
            let is_meant = begun(session) < time && self.place(session) == Some(found.place);
            if is_meant && matches!(found.slot, Slot::Key(_)) {
                sessions.push(*session);
            }
        })?;
        Ok(sessions)
    }

    /// Calls `visit` with every slot; says the last file's number.
    fn for_each(&self, mut visit: impl FnMut(Found)) -> Result<u64, Error> {
        let mut last = 0;
        for file in self.files()? {
            self.visit(&file, &mut visit)?;
            last = file.0;
        }
        Ok(last)
    }

    fn visit(&self, file: &(u64, PathBuf), visit: &mut impl FnMut(Found)) -> Result<(), Error> {
        let (number, path) = file;
        let bytes = std::fs::read(path).map_err(|error| self.failed("read the keys", error))?;
        if bytes.len() > SLOT_BYTES && !is_of(&bytes, Some(&self.journal)) {
            tracing::error!(file = %path.display(), "a file of keys is not this journal's, or damaged: it is passed over");
        }
        for (at, slot) in slots(&bytes, Some(&self.journal)) {
            let place = Place {
                file: *number,
                slot: at,
            };
            visit(Found { place, slot });
        }
        Ok(())
    }

    fn keys_dir(&self) -> PathBuf {
        self.dir.join(KEYS_FOLDER)
    }

    fn failed(&self, doing: &'static str, source: io::Error) -> Error {
        let path = self.dir.display().to_string();
        Error::Journal {
            doing,
            path,
            source,
        }
    }

    fn master(&self, key: &WrappedKey) -> Option<&MasterKey> {
        self.masters.iter().find(|master| master.id() == key.master)
    }

    fn unwrap(&self, key: &WrappedKey) -> Option<(Arc<ledger::keys::SessionKey>, Tags)> {
        key.unwrap(self.master(key)?)
    }

    /// Appends a session's slot; when this returns, the operating system has it.
    fn keep(&self, slot: &Slot) -> io::Result<()> {
        let mut writer = self.lock();
        let kept = self.append(&mut writer, slot);
        writer.is_suspect |= kept.is_err();
        let place = kept?;
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        places.add(*slot.session(), place);
        Ok(())
    }

    fn append(&self, writer: &mut Writer, slot: &Slot) -> io::Result<Place> {
        let file = match &writer.file {
            Some(file) if writer.slots < SLOTS_MAX => Arc::clone(file),
            Some(_) | None => self.begin_file(writer)?,
        };
        if let Err(error) = append_all(&*file, &slot.to_bytes()) {
            let whole = (u64::from(writer.slots) + 1) * SLOT_BYTES as u64;
            if file.cut(whole).is_err() {
                put_away(writer);
            }
            return Err(error);
        }
        let place = Place {
            file: writer.number,
            slot: writer.slots,
        };
        writer.slots += 1;
        writer.is_dirty = true;
        Ok(place)
    }

    fn begin_file(&self, writer: &mut Writer) -> io::Result<Arc<dyn DiskFile>> {
        put_away(writer);
        let (number, file) = match writer.next.take() {
            Some(next) => next,
            None => {
                let number = next_number(writer)?;
                (number, self.make_file(number)?)
            }
        };
        writer.number = number;
        writer.file = Some(Arc::clone(&file));
        writer.is_dirty = true;
        Ok(file)
    }

    fn make_file(&self, number: u64) -> io::Result<Arc<dyn DiskFile>> {
        let name = format!("{KEYS_FOLDER}/{}", key_file_name(number));
        let begun = self.disk.create(&name).and_then(|file| {
            append_all(&*file, &header(&self.journal, number))?;
            Ok(file)
        });
        if begun.is_err() {
            // It holds nothing. Where it cannot be removed either, it is an empty file.
            self.disk.remove(&name).ok();
        }
        begun
    }

    /// Makes a file before it is needed, and after a failure to see whether the disk takes keys.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        let number = {
            let mut writer = self.lock();
            let has_room = writer.file.is_some() && writer.slots < SLOTS_BEFORE_NEXT;
            let is_ready = has_room || writer.next.is_some();
            if !self.encrypts || (is_ready && !writer.is_suspect) {
                return Ok(());
            }
            next_number(&mut writer)?
        };
        let file = self.make_file(number)?;
        let mut writer = self.lock();
        if std::mem::take(&mut writer.is_suspect) {
            put_away(&mut writer);
        }
        writer.next = Some((number, file));
        Ok(())
    }

    /// Under which slots written now are.
    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The name of the master key that wraps new keys.
    pub(crate) fn master_id(&self) -> Option<MasterKeyId> {
        self.masters.first().map(MasterKey::id)
    }

    /// Brings every slot written so far onto the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        let files = {
            let mut writer = self.lock();
            let mut files = std::mem::take(&mut writer.unsynced);
            if std::mem::replace(&mut writer.is_dirty, false) {
                files.extend(writer.file.clone());
            }
            files
        };
        files.iter().try_for_each(|file| file.sync())
    }

    /// Begins anew after a failure: what failed to reach the disk may be gone from memory too.
    pub(crate) fn renew(&self) {
        let mut writer = self.lock();
        writer.file = None;
        writer.next = None;
        writer.unsynced.clear();
        writer.is_dirty = false;
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// A session's last slot.
    fn place(&self, session: &[u8; 16]) -> Option<Place> {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        places.current.get(session).copied()
    }

    /// All slots of a session.
    fn places_of(&self, session: &[u8; 16]) -> Vec<Place> {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        places.all(session)
    }

    fn path(&self, place: Place) -> PathBuf {
        self.keys_dir().join(key_file_name(place.file))
    }

    /// A session's slot as the disk has it: the last one that can be read.
    fn slot(&self, session: &[u8; 16]) -> io::Result<Option<Found>> {
        for place in self.places_of(session) {
            let slot = self.slot_at(place)?;
            if let Some(slot) = slot.filter(|slot| slot.session() == session) {
                return Ok(Some(Found { place, slot }));
            }
        }
        Ok(None)
    }

    fn is_live(&self, session: &[u8; 16]) -> bool {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.contains(session)
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Spends a number, even when its file cannot be made whole.
fn next_number(writer: &mut Writer) -> io::Result<u64> {
    let number = writer.last.checked_add(1);
    let number =
        number.ok_or_else(|| io::Error::other("there is no number for another file of keys"))?;
    writer.last = number;
    Ok(number)
}

fn put_away(writer: &mut Writer) {
    let before = writer.file.take();
    writer.unsynced.extend(before);
    writer.slots = 0;
}

/// An error with its causes, in one line.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl Keys for Vault {
    fn key(&self, session: &[u8; 16]) -> Access {
        match self.slot(session).ok().flatten().map(|found| found.slot) {
            Some(Slot::Erased { erasure, .. }) => Access::Erased(erasure),
            Some(Slot::Key(key)) => self
                .unwrap(&key)
                .map_or(Access::Absent, |(key, _)| Access::Key(key)),
            None => Access::Absent,
        }
    }
}
