//! Erasing recordings, holding them, and keeping them no longer than a rule says.
//!
//! Must never destroy a key before the journal says on disk that it is destroyed, nor one that a hold is on.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gate::archive::{Archive, Cause, Fate, Hold, HoldOn, Retention, Which};
use gate::ports::PortError;
use ledger::Event;
use ledger::keys::slot::{Slot, Tags};
use ledger::keys::wrapped::KEYS_FOLDER;
use model::{ApprovalId, SessionId};

use super::{Found, Place, Vault, holds};
use crate::journal::log::failed;
use crate::journal::{JournalStore, now, private_folder};

/// Holds at once.
pub(crate) const HOLDS_MAX: usize = 10_000;

/// Recordings erased in one go: what a crash leaves to be finished at the next start.
const ERASED_AT_ONCE: usize = 1_000;

/// Where the keys, the holds and a begun erasure are.
pub(crate) struct Drawer {
    keys: PathBuf,
    vault: Option<Arc<Vault>>,
    /// One act at a time: no hold comes between the look at the holds and the erasure.
    holds: Mutex<Vec<Hold>>,
}

/// A recording that somebody wants erased.
struct Candidate {
    session: SessionId,
    place: Place,
    slot: Slot,
    tags: Option<Tags>,
}

impl Drawer {
    pub(crate) fn open(journal: &Path, vault: Option<Arc<Vault>>) -> io::Result<Self> {
        let keys = journal.join(KEYS_FOLDER);
        private_folder(&keys)?;
        let holds = Mutex::new(holds::read_holds(&keys)?);
        Ok(Self { keys, vault, holds })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Hold>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a session began, in microseconds, by its id: a UUID of version 7.
fn begun(session: &SessionId) -> u64 {
    let mut millis = [0; 8];
    millis[2..].copy_from_slice(&session.as_bytes()[..6]);
    u64::from_be_bytes(millis).saturating_mul(1_000)
}

impl Candidate {
    fn new(vault: &Vault, found: Found) -> Self {
        let tags = match &found.slot {
            Slot::Key(key) => vault.unwrap(key).map(|(_, tags)| tags),
            Slot::Erased { .. } => None,
        };
        Self {
            session: SessionId::from_bytes(*found.slot.session()),
            place: found.place,
            slot: found.slot,
            tags,
        }
    }

    fn is_meant(&self, which: &Which) -> bool {
        let has = |test: &dyn Fn(&Tags) -> bool| self.tags.as_ref().is_some_and(test);
        (which
            .before
            .is_none_or(|before| begun(&self.session) < before))
            && (which.principal.as_ref()).is_none_or(|key| has(&|tags| tags.is_of(key)))
            && (which.resource.as_ref()).is_none_or(|name| has(&|tags| tags.is_on(name)))
    }

    /// The hold that keeps it. One whose tags cannot be read is kept by any hold that it might be under.
    fn held_by<'a>(&self, holds: &'a [Hold]) -> Option<&'a Hold> {
        let has = |test: &dyn Fn(&Tags) -> bool| self.tags.as_ref().is_none_or(test);
        holds.iter().find(|hold| match &hold.on {
            HoldOn::Session(id) => *id == self.session,
            HoldOn::Principal(key) => has(&|tags| tags.concerns(key)),
            HoldOn::Resource(name) => has(&|tags| tags.is_on(name)),
        })
    }

    /// Why it cannot be erased now, if so.
    fn fate(&self, vault: &Vault, holds: &[Hold]) -> Option<Fate> {
        if matches!(self.slot, Slot::Erased { .. }) {
            return Some(Fate::Already);
        }
        if vault.is_live(self.session.as_bytes()) {
            return Some(Fate::Live);
        }
        let hold = self.held_by(holds).map(|hold| hold.id.clone());
        hold.map(|hold| Fate::Held { hold })
    }
}

impl JournalStore {
    /// Finishes an erasure that a crash came between.
    pub(crate) fn finish_erasing(&self) -> Result<(), PortError> {
        let Some(erasing) = holds::read_erasing(&self.archive.keys).map_err(broken)? else {
            return Ok(());
        };
        let vault = self.archive.vault.as_ref();
        let vault = vault.ok_or_else(|| {
            broken(io::Error::other(
                "an erasure waits to be finished, and there is no master key",
            ))
        })?;
        let cause = Cause {
            by: erasing.by,
            reason: erasing.reason,
        };
        let mut left = Vec::new();
        for session in &erasing.sessions {
            let found = vault.slot(session).map_err(broken)?;
            let found = found.filter(|found| matches!(found.slot, Slot::Key(_)));
            left.extend(found.map(|found| Candidate::new(vault, found)));
        }
        self.record_erased(&left, &cause, &[("finished", "after a restart")])?;
        self.destroy(vault, &left, &cause)
    }

    /// The recordings that are meant, and the named ones of which there is no key.
    fn choose(
        &self,
        vault: &Vault,
        which: &Which,
    ) -> Result<(Vec<Candidate>, Vec<SessionId>), PortError> {
        let (mut chosen, mut unknown) = (Vec::new(), Vec::new());
        for session in &which.sessions {
            match vault.slot(session.as_bytes()).map_err(broken)? {
                Some(found) => chosen.push(Candidate::new(vault, found)),
                None => unknown.push(*session),
            }
        }
        if which.sessions.is_empty() {
            let visit = |found: Found| {
                let is_current = vault.place(found.slot.session()) == Some(found.place);
                if is_current && matches!(found.slot, Slot::Key(_)) {
                    chosen.push(Candidate::new(vault, found));
                }
            };
            vault.for_each(visit).map_err(PortError::from)?;
        }
        chosen.retain(|candidate| candidate.is_meant(which));
        chosen.sort_by_key(|candidate| candidate.session);
        chosen.dedup_by_key(|candidate| candidate.session);
        Ok((chosen, unknown))
    }

    /// Records, then destroys.
    fn erase_all(
        &self,
        vault: &Vault,
        candidates: &[Candidate],
        cause: &Cause,
    ) -> Result<(), PortError> {
        for some in candidates.chunks(ERASED_AT_ONCE) {
            let sessions: Vec<SessionId> = some.iter().map(|one| one.session).collect();
            holds::write_erasing(&self.archive.keys, &sessions, cause).map_err(broken)?;
            self.record_erased(some, cause, &[])?;
            self.destroy(vault, some, cause)?;
        }
        Ok(())
    }

    fn record_erased(
        &self,
        candidates: &[Candidate],
        cause: &Cause,
        more: &[(&'static str, &str)],
    ) -> Result<(), PortError> {
        let events = candidates.iter().map(|candidate| {
            let mut fields = vec![
                ("session", candidate.session.to_string()),
                ("reason", cause.reason.clone()),
            ];
            fields.extend(
                more.iter()
                    .map(|(name, value)| (*name, (*value).to_owned())),
            );
            control(cause, "recording.erased", fields)
        });
        self.controls(events)
    }

    fn destroy(
        &self,
        vault: &Vault,
        candidates: &[Candidate],
        cause: &Cause,
    ) -> Result<(), PortError> {
        let time = now();
        let tombstones = candidates.iter().filter_map(|one| match &one.slot {
            Slot::Key(key) => Some((one.place, key.tombstone(one.tags.as_ref(), time, &cause.by))),
            Slot::Erased { .. } => None,
        });
        vault
            .bury(&tombstones.collect::<Vec<_>>())
            .map_err(broken)?;
        holds::end_erasing(&self.archive.keys).map_err(broken)
    }
}

impl Archive for JournalStore {
    fn erase(&self, which: &Which, cause: &Cause) -> Result<Vec<(SessionId, Fate)>, PortError> {
        let Some(vault) = &self.archive.vault else {
            let named = which.sessions.iter();
            return Ok(named.map(|session| (*session, Fate::NoKey)).collect());
        };
        let holds = self.archive.lock();
        let (chosen, unknown) = self.choose(vault, which)?;
        let mut fates: Vec<(SessionId, Fate)> =
            unknown.into_iter().map(|id| (id, Fate::NoKey)).collect();
        let mut condemned = Vec::new();
        for candidate in chosen {
            match candidate.fate(vault, &holds) {
                Some(fate) => fates.push((candidate.session, fate)),
                None => condemned.push(candidate),
            }
        }
        let held = fates.iter().filter_map(|(session, fate)| match fate {
            Fate::Held { hold } => Some(control(
                cause,
                "recording.held",
                vec![
                    ("session", session.to_string()),
                    ("hold", hold.clone()),
                    ("reason", cause.reason.clone()),
                ],
            )),
            Fate::Erased | Fate::Already | Fate::Live | Fate::NoKey => None,
        });
        self.controls(held)?;
        self.erase_all(vault, &condemned, cause)?;
        drop(holds);
        fates.extend(condemned.iter().map(|one| (one.session, Fate::Erased)));
        fates.sort_by_key(|(session, _)| *session);
        Ok(fates)
    }

    fn retain(&self, rules: &Retention) -> Result<(usize, usize), PortError> {
        let Some(vault) = self.archive.vault.as_ref().filter(|_| !rules.is_none()) else {
            return Ok((0, 0));
        };
        let holds = self.archive.lock();
        let time = now();
        let (mut chosen, _) = self.choose(vault, &Which::default())?;
        chosen.retain(|one| {
            let keep = rules.keep_of(one.tags.as_ref());
            let keep = keep.and_then(|keep| u64::try_from(keep.as_micros()).ok());
            keep.is_some_and(|keep| begun(&one.session) < time.saturating_sub(keep))
        });
        let (mut condemned, mut held) = (Vec::new(), 0);
        for candidate in chosen {
            match candidate.fate(vault, &holds) {
                None => condemned.push(candidate),
                Some(Fate::Held { .. }) => held += 1,
                Some(_) => {}
            }
        }
        if condemned.is_empty() {
            return Ok((0, held));
        }
        let cause = Cause {
            by: "portcullis".to_owned(),
            reason: "kept for as long as the retention rules say".to_owned(),
        };
        let fields = vec![
            ("erased", condemned.len().to_string()),
            ("held", held.to_string()),
        ];
        self.controls(std::iter::once(control(
            &cause,
            "retention.applied",
            fields,
        )))?;
        self.erase_all(vault, &condemned, &cause)?;
        Ok((condemned.len(), held))
    }

    fn hold(&self, on: HoldOn, cause: &Cause) -> Result<Option<Hold>, PortError> {
        let mut holds = self.archive.lock();
        if holds.len() >= HOLDS_MAX {
            return Ok(None);
        }
        let hold = Hold {
            id: ApprovalId::generate().to_string(),
            on,
            cause: cause.clone(),
            placed: now(),
        };
        self.controls(std::iter::once(hold_event("hold.placed", &hold, cause)))?;
        holds.push(hold.clone());
        let written = holds::write_holds(&self.archive.keys, &holds);
        if let Err(error) = written {
            holds.pop();
            return Err(broken(error));
        }
        Ok(Some(hold))
    }

    fn release(&self, hold: &str, cause: &Cause) -> Result<Option<Hold>, PortError> {
        let mut holds = self.archive.lock();
        let Some(at) = holds.iter().position(|known| known.id == hold) else {
            return Ok(None);
        };
        let Some(released) = holds.get(at).cloned() else {
            return Ok(None);
        };
        self.controls(std::iter::once(hold_event(
            "hold.released",
            &released,
            cause,
        )))?;
        let mut left = holds.clone();
        left.remove(at);
        holds::write_holds(&self.archive.keys, &left).map_err(broken)?;
        *holds = left;
        Ok(Some(released))
    }

    fn holds(&self) -> Vec<Hold> {
        self.archive.lock().clone()
    }
}

/// Asks the rules about one recording.
trait KeepOf {
    /// For how long it is kept; `None` for good. One whose resource cannot be read is kept by the longest rule.
    fn keep_of(&self, tags: Option<&Tags>) -> Option<Duration>;
}

impl KeepOf for Retention {
    fn keep_of(&self, tags: Option<&Tags>) -> Option<Duration> {
        let Some(tags) = tags else {
            let rules = self.resources.iter().map(|(_, keep)| *keep);
            return rules.fold(self.keep, |most, keep| Some(most?.max(keep?)));
        };
        let mut rules = self.resources.iter();
        let rule = rules.find(|(resource, _)| tags.is_on(resource));
        rule.map_or(self.keep, |(_, keep)| *keep)
    }
}

fn hold_event(name: &'static str, hold: &Hold, cause: &Cause) -> Event<'static> {
    let (kind, value) = hold.on.words();
    let fields = vec![
        ("hold", hold.id.clone()),
        (kind, value),
        ("reason", cause.reason.clone()),
    ];
    control(cause, name, fields)
}

fn control(
    cause: &Cause,
    name: &'static str,
    fields: Vec<(&'static str, String)>,
) -> Event<'static> {
    let fields = fields.into_iter();
    Event::Control {
        time: now(),
        actor: cause.by.clone().into(),
        name: name.into(),
        fields: fields.map(|(k, v)| (k.into(), v.into())).collect(),
    }
}

fn broken(error: io::Error) -> PortError {
    match error.kind() {
        io::ErrorKind::StorageFull => PortError::Full,
        _ => failed(Some(error)),
    }
}
