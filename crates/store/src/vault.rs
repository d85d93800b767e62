//! The keys of recordings: one for each session, wrapped by a master key, in files beside the journal's segments.
//!
//! Must never hold a key in the clear on disk, never write with a key that it read, and never let a record count as
//! durable before its key is.

pub(crate) mod archive;
mod holds;
mod rekey;
pub(crate) mod session;
#[cfg(test)]
pub(crate) mod tests;

pub use rekey::rekey;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use gate::ports::MasterKeys;
use ledger::journal::ReadError;
use ledger::keys::slot::{SLOT_BYTES, Slot, Tags, WrappedKey, header, slots};
use ledger::keys::wrapped::{KEYS_FOLDER, key_file_name, key_files};
use ledger::keys::{Access, Keys, MasterKey};

use crate::error::Error;
use crate::journal::disk::{Disk, DiskFile};
use crate::journal::log::append_all;

/// Slots of one key file: 8 MiB.
const SLOTS_MAX: u32 = 65_536;

/// Where a session's slot is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Place {
    file: u64,
    slot: u32,
}

impl Place {
    fn offset(self) -> u64 {
        (u64::from(self.slot) + 1) * SLOT_BYTES as u64
    }
}

#[derive(Default)]
struct Writer {
    file: Option<Arc<dyn DiskFile>>,
    number: u64,
    slots: u32,
    is_dirty: bool,
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
    places: RwLock<HashMap<[u8; 16], Place>>,
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
        let mut missing = BTreeMap::<_, u64>::new();
        let mut places = HashMap::new();
        let mut erased = HashSet::new();
        let last = self.for_each(|found| {
            let session = *found.slot.session();
            match &found.slot {
                Slot::Key(key) => {
                    if self.master(key).is_none() {
                        *missing.entry(key.master).or_default() += 1;
                    }
                    // Beside a tombstone: somebody put an old file back.
                    if erased.contains(&session) {
                        return;
                    }
                }
                Slot::Erased { .. } => drop(erased.insert(session)),
            }
            places.insert(session, found.place);
        })?;
        self.lock().number = last;
        if let (Some((id, count)), Some(here)) = (missing.first_key_value(), self.masters.first()) {
            let what = format!(
                "the keys of {count} sessions are wrapped by the master key {id}, and the one given is {}",
                here.id()
            );
            return Err(Error::MasterKey { what });
        }
        *self.places.write().unwrap_or_else(PoisonError::into_inner) = places;
        Ok(())
    }

    /// Calls `visit` with every slot; says the last file's number.
    fn for_each(&self, mut visit: impl FnMut(Found)) -> Result<u64, Error> {
        let mut last = 0;
        let unreadable =
            |ReadError::Io { source, .. }: ReadError| self.failed("list the keys", source);
        for (number, path) in key_files(&self.dir).map_err(unreadable)? {
            let bytes = std::fs::read(&path).map_err(|e| self.failed("read the keys", e))?;
            for (slot, found) in slots(&bytes) {
                let place = Place { file: number, slot };
                visit(Found { place, slot: found });
            }
            last = number;
        }
        Ok(last)
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
        let file = match &writer.file {
            Some(file) if writer.slots < SLOTS_MAX => Arc::clone(file),
            Some(_) | None => self.begin_file(&mut writer)?,
        };
        if let Err(error) = append_all(&*file, &slot.to_bytes()) {
            let whole = (u64::from(writer.slots) + 1) * SLOT_BYTES as u64;
            if file.cut(whole).is_err() {
                put_away(&mut writer);
            }
            return Err(error);
        }
        let place = Place {
            file: writer.number,
            slot: writer.slots,
        };
        writer.slots += 1;
        writer.is_dirty = true;
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        places.insert(*slot.session(), place);
        Ok(())
    }

    fn begin_file(&self, writer: &mut Writer) -> io::Result<Arc<dyn DiskFile>> {
        put_away(writer);
        // The number is spent even when the file cannot be made whole.
        writer.number += 1;
        let name = format!("{KEYS_FOLDER}/{}", key_file_name(writer.number));
        let file = self.disk.create(&name)?;
        append_all(&*file, &header(&self.journal, writer.number))?;
        writer.file = Some(Arc::clone(&file));
        writer.is_dirty = true;
        Ok(file)
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
        writer.unsynced.clear();
        writer.is_dirty = false;
    }

    fn place(&self, session: &[u8; 16]) -> Option<Place> {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        places.get(session).copied()
    }

    fn path(&self, place: Place) -> PathBuf {
        self.keys_dir().join(key_file_name(place.file))
    }

    /// A session's slot as the disk has it.
    fn slot(&self, session: &[u8; 16]) -> io::Result<Option<Found>> {
        let Some(place) = self.place(session) else {
            return Ok(None);
        };
        let mut bytes = [0; SLOT_BYTES];
        File::open(self.path(place))?.read_exact_at(&mut bytes, place.offset())?;
        let slot = Slot::parse(&bytes).filter(|slot| slot.session() == session);
        Ok(slot.map(|slot| Found { place, slot }))
    }

    /// Writes tombstones over keys and brings them onto the disk, file by file.
    fn bury(&self, tombstones: &[(Place, Slot)]) -> io::Result<()> {
        let mut by_file = BTreeMap::<u64, Vec<&(Place, Slot)>>::new();
        for tombstone in tombstones {
            by_file.entry(tombstone.0.file).or_default().push(tombstone);
        }
        for tombstones in by_file.into_values() {
            let Some((first, _)) = tombstones.first() else {
                continue;
            };
            let file = OpenOptions::new().write(true).open(self.path(*first))?;
            for (place, slot) in tombstones {
                file.write_all_at(&slot.to_bytes(), place.offset())?;
            }
            file.sync_all()?;
        }
        Ok(())
    }

    fn is_live(&self, session: &[u8; 16]) -> bool {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.contains(session)
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
