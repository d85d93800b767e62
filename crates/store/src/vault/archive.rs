//! Erasing recordings, holding them, and keeping them no longer than a rule says.
//!
//! Must never destroy a key before the journal says on disk that it is destroyed, nor one that a hold is on.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gate::archive::{Archive, Cause, Fate, Hold, HoldOn, Retention, Which};
use gate::ports::PortError;
use ledger::Event;
use ledger::keys::slot::{Slot, Tags};
use ledger::keys::wrapped::{KEYS_FOLDER, key_files};
use model::{ApprovalId, SessionId};

use super::clock::{CLOCK, ClockGuard};
use super::holds::{Condemned, Erasing};
use super::{Found, Vault, holds};
use crate::journal::log::failed;
use crate::journal::{JournalStore, now, private_folder};

/// Holds at once.
pub(crate) const HOLDS_MAX: usize = 10_000;

/// Recordings looked at and erased in one go: what a crash leaves to be finished, and what a hold waits for.
const AT_ONCE: usize = 1_000;

/// Where the keys, the holds and a begun erasure are.
pub(crate) struct Drawer {
    keys: PathBuf,
    vault: Option<Arc<Vault>>,
    /// One act at a time: no hold comes between the look at the holds and the erasure.
    holds: Mutex<Vec<Hold>>,
    clock: ClockGuard,
}

/// A recording that somebody wants erased.
struct Candidate {
    session: SessionId,
    is_erased: bool,
    tags: Option<Tags>,
}

impl Drawer {
    pub(crate) fn open(journal: &Path, vault: Option<Arc<Vault>>) -> io::Result<Self> {
        let keys = journal.join(KEYS_FOLDER);
        private_folder(&keys)?;
        let files = key_files(journal).map_err(io::Error::other)?;
        holds::begin_holds(&keys, !files.is_empty())?;
        Ok(Self {
            holds: Mutex::new(holds::read_holds(&keys)?),
            clock: ClockGuard::new(&keys),
            keys,
            vault,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Hold>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a session began, in microseconds, by its id: a UUID of version 7.
pub(super) fn begun(session: &[u8; 16]) -> u64 {
    let mut millis = [0; 8];
    millis[2..].copy_from_slice(&session[..6]);
    u64::from_be_bytes(millis).saturating_mul(1_000)
}

impl Candidate {
    fn new(vault: &Vault, found: &Found) -> Self {
        let tags = match &found.slot {
            Slot::Key(key) => vault.unwrap(key).map(|(_, tags)| tags),
            Slot::Erased { .. } => None,
        };
        Self {
            session: SessionId::from_bytes(*found.slot.session()),
            is_erased: matches!(found.slot, Slot::Erased { .. }),
            tags,
        }
    }

    fn is_meant(&self, which: &Which) -> bool {
        let has = |test: &dyn Fn(&Tags) -> bool| self.tags.as_ref().is_some_and(test);
        (which
            .before
            .is_none_or(|before| begun(self.session.as_bytes()) < before))
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
        if self.is_erased {
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
        self.begin_act().map(drop)
    }

    /// Keeps other acts out, and first finishes what one before left unfinished: a hold placed behind it would be
    /// passed over when it is finished, and another erasure's note would take its note's place.
    fn begin_act(&self) -> Result<MutexGuard<'_, Vec<Hold>>, PortError> {
        let holds = self.archive.lock();
        self.finish().map_err(unfinished)?;
        Ok(holds)
    }

    fn finish(&self) -> Result<(), PortError> {
        let Some(erasing) = holds::read_erasing(&self.archive.keys).map_err(broken)? else {
            return Ok(());
        };
        let vault = self.archive.vault.as_ref();
        let vault = vault.ok_or_else(|| {
            broken(io::Error::other(
                "an erasure waits to be finished, and there is no master key",
            ))
        })?;
        // A tombstone came behind its record. One that is only in memory yet is written again all the same.
        let mut left = Vec::new();
        for one in &erasing.slots {
            let slot = vault.slot_at(one.place).map_err(broken)?;
            if !matches!(slot, Some(Slot::Erased { session, .. }) if session == one.session) {
                left.push(SessionId::from_bytes(one.session));
            }
        }
        left.dedup();
        let finished = [("finished", "after an interruption")];
        self.record_erased(left.into_iter(), &erasing.cause(), &finished)?;
        self.destroy(vault, &erasing)
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
                Some(found) => chosen.push(Candidate::new(vault, &found)),
                None => unknown.push(*session),
            }
        }
        if which.sessions.is_empty() {
            let before = which.before.unwrap_or(u64::MAX);
            let visit = |found: Found| {
                let session = found.slot.session();
                let is_current = vault.place(session) == Some(found.place);
                if is_current && begun(session) < before && matches!(found.slot, Slot::Key(_)) {
                    chosen.push(Candidate::new(vault, &found));
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
        for some in candidates.chunks(AT_ONCE) {
            self.erase_some(vault, some, cause).map_err(unfinished)?;
        }
        Ok(())
    }

    fn erase_some(
        &self,
        vault: &Vault,
        candidates: &[Candidate],
        cause: &Cause,
    ) -> Result<(), PortError> {
        let slots = candidates.iter().flat_map(|one| {
            let session = *one.session.as_bytes();
            // One whose tags cannot be read is taken for a session's.
            let opened = one.tags.as_ref().is_none_or(Tags::is_any);
            let places = vault.places_of(&session).into_iter();
            places.map(move |place| Condemned {
                session,
                place,
                opened,
            })
        });
        let erasing = Erasing {
            slots: slots.collect(),
            by: cause.by.clone(),
            reason: cause.reason.clone(),
            time: now(),
        };
        holds::write_erasing(&self.archive.keys, &erasing).map_err(broken)?;
        self.record_erased(candidates.iter().map(|one| one.session), cause, &[])?;
        self.destroy(vault, &erasing)
    }

    fn record_erased(
        &self,
        sessions: impl Iterator<Item = SessionId>,
        cause: &Cause,
        more: &[(&'static str, &str)],
    ) -> Result<(), PortError> {
        let events = sessions.map(|session| {
            let mut fields = vec![
                ("session", session.to_string()),
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

    fn destroy(&self, vault: &Vault, erasing: &Erasing) -> Result<(), PortError> {
        vault.bury(&erasing.tombstones()).map_err(broken)?;
        holds::end_erasing(&self.archive.keys).map_err(broken)
    }

    /// Applies the rules to some recordings: says how many it erased, and how many are held.
    fn retain_some(
        &self,
        vault: &Vault,
        sessions: &[[u8; 16]],
        rules: &Retention,
        time: u64,
    ) -> Result<(usize, usize), PortError> {
        let holds = self.begin_act()?;
        let (mut condemned, mut held) = (Vec::new(), 0);
        for session in sessions {
            let Some(found) = vault.slot(session).map_err(broken)? else {
                continue;
            };
            let candidate = Candidate::new(vault, &found);
            let keep = rules.keep_of(candidate.tags.as_ref());
            if keep.is_none_or(|keep| begun(session) >= before(time, keep)) {
                continue;
            }
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
        let applied = control(&cause, "retention.applied", fields);
        self.controls(std::iter::once(applied))?;
        self.erase_all(vault, &condemned, &cause)?;
        Ok((condemned.len(), held))
    }
}

/// The event that says that an erasure was refused, where it is one to be told.
fn refused(session: &SessionId, fate: &Fate, cause: &Cause) -> Option<Event<'static>> {
    let mut fields = vec![
        ("session", session.to_string()),
        ("reason", cause.reason.clone()),
    ];
    match fate {
        Fate::Held { hold } => {
            fields.insert(1, ("hold", hold.clone()));
            Some(control(cause, "recording.held", fields))
        }
        Fate::Live => Some(control(cause, "recording.live", fields)),
        Fate::Erased | Fate::Already | Fate::NoKey => None,
    }
}

impl Archive for JournalStore {
    fn erase(&self, which: &Which, cause: &Cause) -> Result<Vec<(SessionId, Fate)>, PortError> {
        let Some(vault) = &self.archive.vault else {
            let named = which.sessions.iter();
            return Ok(named.map(|session| (*session, Fate::NoKey)).collect());
        };
        let holds = self.begin_act()?;
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
        let told = fates.iter();
        self.controls(told.filter_map(|(session, fate)| refused(session, fate, cause)))?;
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
        let time = now();
        let clock = self.archive.clock.check(time, Instant::now());
        if let Err(leap) = clock.map_err(broken)? {
            let file = self.archive.keys.join(CLOCK);
            tracing::error!(
                now = time,
                ?leap,
                file = %file.display(),
                "the clock is not where it is expected: nothing is erased by rule until it is, or until that file is removed"
            );
            return Ok((0, 0));
        }
        let Some(shortest) = rules.shortest() else {
            return Ok((0, 0));
        };
        let (mut erased, mut held) = (0, 0);
        for file in vault.files().map_err(PortError::from)? {
            let old = vault.keys_before(&file, before(time, shortest));
            // The lock is let go between: a hold does not wait for all of it, and is seen by the rest.
            for some in old.map_err(PortError::from)?.chunks(AT_ONCE) {
                let (more, kept) = self.retain_some(vault, some, rules, time)?;
                erased += more;
                held += kept;
            }
        }
        Ok((erased, held))
    }

    fn hold(&self, on: HoldOn, cause: &Cause) -> Result<Option<Hold>, PortError> {
        let mut holds = self.begin_act()?;
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
        let mut holds = self.begin_act()?;
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
    /// The shortest of all rules: what began after that is not looked at.
    fn shortest(&self) -> Option<Duration>;
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

    fn shortest(&self) -> Option<Duration> {
        let rules = self.resources.iter().filter_map(|(_, keep)| *keep);
        rules.chain(self.keep).min()
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

/// The time before which is longer ago than that.
fn before(time: u64, keep: Duration) -> u64 {
    let keep = u64::try_from(keep.as_micros()).unwrap_or(u64::MAX);
    time.saturating_sub(keep)
}

fn unfinished(source: PortError) -> PortError {
    match source {
        PortError::Unfinished { .. } => source,
        other => PortError::Unfinished {
            source: Box::new(other),
        },
    }
}

fn broken(error: io::Error) -> PortError {
    match error.kind() {
        io::ErrorKind::StorageFull => PortError::Full,
        _ => failed(Some(error)),
    }
}
