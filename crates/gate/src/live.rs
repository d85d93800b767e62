//! The sessions that are open, and how to end them from outside.

use std::collections::HashMap;
use std::sync::Mutex;

use model::SessionId;

/// Why a session is ended from outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StopReason {
    /// Its principal, key or token was revoked.
    Revoked,
    /// An administrator ended it.
    Killed,
    /// The gateway shuts down.
    Shutdown,
    /// It reached its maximum age or its token's end.
    Expired,
}

impl StopReason {
    /// The line that recordings give as the end's reason.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Killed => "ended by an administrator",
            Self::Shutdown => "the gateway shuts down",
            Self::Expired => "expired",
        }
    }
}

/// One open session as others see it.
pub struct Entry {
    /// The principal's key.
    pub principal: String,
    /// The key of the human it acts for, if any.
    pub acts_for: Option<String>,
    /// The credential used.
    pub credential: String,
    /// The credential that this one was made with, if any.
    pub made_with: Option<String>,
    /// Wakes the session's task; must not block.
    pub stop: Box<dyn Fn(StopReason) + Send + Sync>,
}

/// The registry of open sessions.
#[derive(Default)]
pub struct Live {
    entries: Mutex<HashMap<SessionId, Entry>>,
}

impl Live {
    /// Registers a session.
    pub fn insert(&self, id: SessionId, entry: Entry) {
        self.lock().insert(id, entry);
    }

    /// Forgets a session.
    pub fn remove(&self, id: SessionId) {
        self.lock().remove(&id);
    }

    /// How many sessions are open, and how many of them are `principal`'s.
    pub fn count(&self, principal: &str) -> (usize, usize) {
        let entries = self.lock();
        (
            entries.len(),
            entries
                .values()
                .filter(|e| e.principal == principal)
                .count(),
        )
    }

    /// Ends every session for which `which` holds; returns how many were told.
    pub fn stop_where(
        &self,
        reason: &StopReason,
        which: impl Fn(&SessionId, &Entry) -> bool,
    ) -> usize {
        let entries = self.lock();
        let chosen = entries.iter().filter(|(id, entry)| which(id, entry));
        chosen
            .map(|(_, entry)| (entry.stop)(reason.clone()))
            .count()
    }

    /// Ends every session of a principal, and every session of an agent that acts for it; returns how many were told.
    pub fn revoke_principal(&self, key: &str) -> usize {
        self.stop_where(&StopReason::Revoked, |_, entry| {
            entry.principal == key || entry.acts_for.as_deref() == Some(key)
        })
    }

    /// Ends every session opened with a credential (`key:…`, `token:…`, `oidc:…`), or with one that was made with it;
    /// returns how many were told.
    pub fn revoke_credential(&self, credential: &str) -> usize {
        self.stop_where(&StopReason::Revoked, |_, entry| {
            entry.credential == credential || entry.made_with.as_deref() == Some(credential)
        })
    }

    /// Ends one session; `false` when it is not open.
    pub fn kill(&self, id: SessionId) -> bool {
        self.stop_where(&StopReason::Killed, |other, _| *other == id) > 0
    }

    /// Tells every session to end because the gateway stops; returns how many were told.
    pub fn shut_down(&self) -> usize {
        self.stop_where(&StopReason::Shutdown, |_, _| true)
    }

    /// The sessions that are open, oldest first.
    pub fn ids(&self) -> Vec<SessionId> {
        let mut ids: Vec<SessionId> = self.lock().keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Entry>> {
        self.entries
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
