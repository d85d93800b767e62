//! Erasing recordings and holding them back.
//!
//! Whoever may not is refused and recorded; whoever may is recorded before anything is done.

use std::sync::Arc;

use contract::{EraseRecordings, PlaceHold};
use gate::archive::{Archive, Cause, Fate, Hold, HoldOn, Which};
use gate::ports::PortError;
use model::{ResourceName, SessionId};

use crate::caller::{Caller, Need, Permission};
use crate::failure::Failure;
use crate::json::time;
use crate::shared::{Shared, blocking};

/// Sessions named at once.
const SESSIONS_MAX: usize = 1_000;
/// Bytes of a reason.
const REASON_BYTES_MAX: usize = 1_000;
/// Bytes of a name that a hold or an erasure is for.
const NAME_BYTES_MAX: usize = 2_048;

/// Erases what is asked for; says what became of each recording.
pub(crate) async fn erase(
    shared: &Shared,
    caller: &Caller,
    wish: EraseRecordings,
) -> Result<Vec<(SessionId, Fate)>, Failure> {
    permitted(shared, caller, "recording.erase_refused").await?;
    let cause = cause(caller, &wish.reason)?;
    let which = which(&wish)?;
    act(shared, move |archive| archive.erase(&which, &cause)).await
}

/// Places a hold.
pub(crate) async fn hold(
    shared: &Shared,
    caller: &Caller,
    wish: PlaceHold,
) -> Result<Hold, Failure> {
    permitted(shared, caller, "hold.refused").await?;
    let cause = cause(caller, &wish.reason)?;
    named(&wish.value)?;
    let on = HoldOn::parse(&wish.on, &wish.value);
    let on = on.ok_or_else(|| {
        Failure::invalid("a hold is on a session's id, a principal's key or a resource")
    })?;
    if matches!(&on, HoldOn::Principal(key) if !key.contains('|')) {
        return Err(Failure::invalid("a principal is named `issuer|subject`")
            .hint("`portcullis sessions list --json` shows the names"));
    }
    if matches!(&on, HoldOn::Resource(name) if ResourceName::new(name.as_str()).is_none()) {
        return Err(Failure::invalid("this can be no resource's name"));
    }
    let placed = act(shared, move |archive| archive.hold(on, &cause)).await?;
    placed.ok_or_else(|| Failure::invalid("there are too many holds"))
}

/// Releases a hold.
pub(crate) async fn release(
    shared: &Shared,
    caller: &Caller,
    id: String,
    reason: &str,
) -> Result<Hold, Failure> {
    permitted(shared, caller, "hold.refused").await?;
    let cause = cause(caller, reason)?;
    let released = act(shared, move |archive| archive.release(&id, &cause)).await?;
    released.ok_or_else(|| Failure::not_found("hold"))
}

/// The holds, for whoever may place them or view what they keep.
pub(crate) async fn holds(shared: &Shared, caller: &Caller) -> Result<Vec<Hold>, Failure> {
    let rules = &shared.parts.rules;
    caller.check(Need::Person, rules)?;
    if !caller.may(Permission::Administer, rules) {
        caller.check(Need::Permitted(Permission::ViewRecordings), rules)?;
    }
    act(shared, |archive| Ok(archive.holds())).await
}

async fn permitted(shared: &Shared, caller: &Caller, refused: &'static str) -> Result<(), Failure> {
    let need = Need::Permitted(Permission::Administer);
    let Err(failure) = caller.check(need, &shared.parts.rules) else {
        return Ok(());
    };
    let fields = vec![("credential", caller.login.credential.clone())];
    let actor = caller.principal().key();
    shared.record(actor, refused, fields).await?;
    Err(failure)
}

fn cause(caller: &Caller, reason: &str) -> Result<Cause, Failure> {
    let is_good = !reason.trim().is_empty()
        && reason.len() <= REASON_BYTES_MAX
        && !reason.chars().any(contract::visible::misleads);
    if !is_good {
        return Err(Failure::invalid(format!(
            "a reason has 1 to {REASON_BYTES_MAX} bytes of visible characters"
        )));
    }
    Ok(Cause {
        by: caller.principal().key(),
        reason: reason.to_owned(),
    })
}

fn which(wish: &EraseRecordings) -> Result<Which, Failure> {
    if wish.sessions.len() > SESSIONS_MAX {
        return Err(Failure::invalid(format!("at most {SESSIONS_MAX} sessions")));
    }
    let sessions = wish.sessions.iter().map(|text| {
        let id = text.parse();
        id.map_err(|_| Failure::invalid(format!("{text:?} is not a session's id")))
    });
    let which = Which {
        sessions: sessions.collect::<Result<_, _>>()?,
        principal: wish.principal.clone(),
        resource: wish.resource.clone(),
        before: time(wish.before.as_deref())?,
    };
    // Nothing in place of a time would erase more than was meant.
    wish.before.iter().try_for_each(|text| named(text))?;
    wish.principal.iter().try_for_each(|text| named(text))?;
    wish.resource.iter().try_for_each(|text| named(text))?;
    if which.is_everything() {
        return Err(Failure::invalid(
            "say which recordings: sessions, a principal, a resource, or a time before which they began",
        ));
    }
    Ok(which)
}

fn named(text: &str) -> Result<(), Failure> {
    let is_good = !text.is_empty()
        && text.len() <= NAME_BYTES_MAX
        && !text.chars().any(contract::visible::misleads);
    is_good
        .then_some(())
        .ok_or_else(|| Failure::invalid("a name has visible characters, and some"))
}

async fn act<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&dyn Archive) -> Result<T, PortError> + Send + 'static,
) -> Result<T, Failure> {
    let archive = Arc::clone(&shared.parts.archive);
    blocking(move || work(&*archive)).await
}
