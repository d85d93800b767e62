//! One session's key while its recording is written.
//!
//! Must never give a payload out before its key is with the operating system.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gate::ports::PortError;
use ledger::keys::slot::{Slot, Tags, WrappedKey};
use ledger::keys::{Sealer, SessionKey};
use ledger::record::{Content, Payload, Place, Unsealed};

use super::Vault;
use crate::journal::log::failed;

/// Encrypts one session's records.
pub(crate) struct Sealing {
    vault: Arc<Vault>,
    session: [u8; 16],
    sealer: Sealer,
    tags: OnceLock<Tags>,
    /// The vault's generation when the slot was written; 0 before.
    kept: AtomicU64,
    keeping: Mutex<()>,
}

impl Sealing {
    /// A new key for a session; `None` where sessions are not encrypted.
    ///
    /// # Errors
    /// [`PortError`]: there are no random numbers.
    pub(crate) fn begin(vault: &Arc<Vault>, session: [u8; 16]) -> Result<Option<Self>, PortError> {
        if !vault.encrypts {
            return Ok(None);
        }
        let key = SessionKey::generate().map_err(|error| broken(error.into()))?;
        let mut live = vault.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.insert(session);
        drop(live);
        Ok(Some(Self {
            vault: Arc::clone(vault),
            session,
            sealer: Sealer::new(key),
            tags: OnceLock::new(),
            kept: AtomicU64::new(0),
            keeping: Mutex::default(),
        }))
    }

    /// Says whose session it is. Before the first payload, or never.
    pub(crate) fn tag(&self, tags: Tags) {
        // Only the first counts: the slot may be written already.
        self.tags.set(tags).ok();
    }

    /// Encrypts content for its place, into `out`.
    ///
    /// # Errors
    /// [`PortError`]: the key could not be written, or nothing can be encrypted.
    pub(crate) fn payload<'a>(
        &self,
        content: Content<'_>,
        place: &Place,
        out: &'a mut Vec<u8>,
    ) -> Result<Payload<'a>, PortError> {
        self.keep()?;
        Payload::sealed(content, place, &self.sealer, out).map_err(broken)
    }

    /// Writes the session's slot, again where the one written before may be lost.
    ///
    /// # Errors
    /// [`PortError`]: the disk does not take it.
    pub(crate) fn keep(&self) -> Result<(), PortError> {
        if self.kept.load(Ordering::Acquire) == self.vault.generation() {
            return Ok(());
        }
        let _one = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken before the slot is written: where the disk fails between, it is written once more.
        let generation = self.vault.generation();
        if self.kept.load(Ordering::Acquire) == generation {
            return Ok(());
        }
        let Some(master) = self.vault.masters.first() else {
            return Err(failed(Some(io::Error::other("there is no master key"))));
        };
        let tags = self.tags.get().copied().unwrap_or_default();
        let wrapped = WrappedKey::new(master, self.session, self.sealer.key(), &tags);
        let wrapped = wrapped.map_err(|error| broken(error.into()))?;
        self.vault
            .keep(&Slot::Key(wrapped))
            .map_err(|error| match error.kind() {
                io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::FileTooLarge => PortError::Full,
                _ => failed(Some(error)),
            })?;
        self.kept.store(generation, Ordering::Release);
        Ok(())
    }
}

impl Drop for Sealing {
    fn drop(&mut self) {
        let live = &self.vault.live;
        live.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.session);
    }
}

fn broken(error: Unsealed) -> PortError {
    failed(Some(io::Error::other(error)))
}
