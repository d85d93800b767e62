//! The sessions that are open, and how to end them from outside.

use std::collections::{HashMap, VecDeque};
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

/// Revocations remembered for logins that are under way; a login during which there were more is ended.
const REVOKED_MAX: usize = 1024;

/// How much had been revoked when a login began.
#[derive(Clone, Copy, Debug)]
pub struct Since(u64);

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

impl Entry {
    fn is_named(&self, name: &str) -> bool {
        let others = [self.acts_for.as_deref(), self.made_with.as_deref()];
        self.principal == name || self.credential == name || others.contains(&Some(name))
    }
}

/// The registry of open sessions.
#[derive(Default)]
pub struct Live {
    register: Mutex<Register>,
}

#[derive(Default)]
struct Register {
    entries: HashMap<SessionId, Entry>,
    /// The names revoked last.
    revoked: VecDeque<String>,
    /// How many names were ever revoked.
    revocations: u64,
}

impl Register {
    fn was_revoked(&self, entry: &Entry, since: Since) -> bool {
        let missed = self.revocations.saturating_sub(since.0);
        let missed = usize::try_from(missed).unwrap_or(usize::MAX);
        let mut newest = self.revoked.iter().rev().take(missed);
        missed > self.revoked.len() || newest.any(|name| entry.is_named(name))
    }

    fn stop_where(&self, reason: &StopReason, which: impl Fn(&SessionId, &Entry) -> bool) -> usize {
        let chosen = self.entries.iter().filter(|(id, entry)| which(id, entry));
        chosen
            .map(|(_, entry)| (entry.stop)(reason.clone()))
            .count()
    }
}

impl Live {
    /// To be taken before a login's credential is checked, and shown when its session is registered.
    pub fn since(&self) -> Since {
        Since(self.lock().revocations)
    }

    /// Registers a session, and ends it at once where one of its names was revoked since its login began: whoever revokes
    /// keeps out those who come later, and ends those who are here; this is for who was on the way in.
    pub fn insert(&self, id: SessionId, entry: Entry, since: Since) {
        let mut register = self.lock();
        if register.was_revoked(&entry, since) {
            (entry.stop)(StopReason::Revoked);
        }
        register.entries.insert(id, entry);
    }

    /// Forgets a session.
    pub fn remove(&self, id: SessionId) {
        self.lock().entries.remove(&id);
    }

    /// How many sessions are open, and how many of them are `principal`'s.
    pub fn count(&self, principal: &str) -> (usize, usize) {
        let entries = &self.lock().entries;
        let own = entries.values().filter(|e| e.principal == principal);
        (entries.len(), own.count())
    }

    /// Ends every session for which `which` holds; returns how many were told.
    pub fn stop_where(
        &self,
        reason: &StopReason,
        which: impl Fn(&SessionId, &Entry) -> bool,
    ) -> usize {
        self.lock().stop_where(reason, which)
    }

    /// Ends every session that bears a name: of a principal or of an agent that acts for it (`issuer|subject`), with a
    /// credential or with one that was made with it (`key:…`, `token:…`, `oidc:…`). Returns how many were told. To be called
    /// when who comes later is kept out.
    pub fn revoke(&self, name: &str) -> usize {
        let mut register = self.lock();
        register.revocations += 1;
        register.revoked.push_back(name.to_owned());
        while register.revoked.len() > REVOKED_MAX {
            register.revoked.pop_front();
        }
        register.stop_where(&StopReason::Revoked, |_, entry| entry.is_named(name))
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
        let mut ids: Vec<SessionId> = self.lock().entries.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Register> {
        self.register
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A session by a token that was made with another, for a person; and how often it was told to end.
    fn session() -> (Entry, Arc<AtomicUsize>) {
        let told = Arc::new(AtomicUsize::new(0));
        let tell = Arc::clone(&told);
        let entry = Entry {
            principal: "i|bot".to_owned(),
            acts_for: Some("i|ana".to_owned()),
            credential: "token:1".to_owned(),
            made_with: Some("oidc:i:1".to_owned()),
            stop: Box::new(move |_| {
                tell.fetch_add(1, Ordering::Relaxed);
            }),
        };
        (entry, told)
    }

    #[test]
    fn who_is_revoked_on_the_way_in_is_ended() {
        for name in ["i|bot", "i|ana", "token:1", "oidc:i:1"] {
            let live = Live::default();
            let (entry, told) = session();
            let since = live.since();
            assert_eq!(live.revoke(name), 0, "not here yet");
            live.revoke("i|somebody");
            live.insert(SessionId::generate(), entry, since);
            assert_eq!(told.load(Ordering::Relaxed), 1, "{name}");
        }
    }

    #[test]
    fn who_came_later_or_was_not_meant_stays() {
        let live = Live::default();
        live.revoke("i|ana");
        let since = live.since();
        live.revoke("i|an");
        let (entry, told) = session();
        live.insert(SessionId::generate(), entry, since);
        assert_eq!(told.load(Ordering::Relaxed), 0);
        assert_eq!(live.revoke("i|ana"), 1);
        assert_eq!(told.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn more_revocations_than_are_remembered_end_who_was_on_the_way() {
        let live = Live::default();
        let since = live.since();
        for _ in 0..REVOKED_MAX {
            live.revoke("i|somebody");
        }
        let (entry, told) = session();
        live.insert(SessionId::generate(), entry, since);
        assert_eq!(told.load(Ordering::Relaxed), 0);
        live.revoke("i|somebody");
        let (entry, told) = session();
        live.insert(SessionId::generate(), entry, since);
        assert_eq!(told.load(Ordering::Relaxed), 1);
    }
}
