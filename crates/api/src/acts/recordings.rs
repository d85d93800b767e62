//! Sessions, their recordings, and searching them.
//!
//! Whoever looks into a recording is in the journal before the first byte is shown.

use std::sync::Arc;

use contract::{IndexState, SearchResults, Session};
use gate::ports::PortError;
use ledger::find::{self, Filter, asked};
use ledger::journal::{self, Folder, ReadError, Recording};
use ledger::keys::Access;
use ledger::record::HEADER_BYTES;
use ledger::segment::{Item, items};
use model::SessionId;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::shared::{Shared, blocking};

/// Sessions, newest first.
pub(crate) async fn list(shared: &Shared, filter: Filter) -> Result<Vec<Session>, Failure> {
    let live = shared.parts.gate.live().ids();
    let mut found = read(shared, move |folder| find::sessions(folder, &filter)).await?;
    found.iter_mut().for_each(|session| mark(session, &live));
    Ok(found)
}

/// One session.
pub(crate) async fn show(shared: &Shared, id: SessionId) -> Result<Session, Failure> {
    let live = shared.parts.gate.live().ids();
    let found = read(shared, move |folder| {
        find::session_by_id(folder, *id.as_bytes())
    });
    let mut found = found.await?.ok_or_else(|| Failure::not_found("session"))?;
    mark(&mut found, &live);
    Ok(found)
}

/// Says of a session in the journal whether it goes on here and now.
fn mark(session: &mut Session, live: &[SessionId]) {
    let is_live = |id: &SessionId| id.to_string() == session.id;
    session.live = session.ended.is_none() && live.iter().any(is_live);
}

/// One session's recording. The view is recorded first.
pub(crate) async fn recording(
    shared: &Shared,
    caller: &Caller,
    id: SessionId,
) -> Result<Recording, Failure> {
    // The key says so without reading the journal.
    let access = read(shared, move |folder| Ok(folder.access(id.as_bytes()))).await?;
    if let Access::Erased(erasure) = access {
        return Err(gone(&find::erased(&erasure)));
    }
    viewed(shared, caller, id, "page").await?;
    let found = read(shared, move |folder| {
        journal::recording(folder, *id.as_bytes())
    });
    found.await?.ok_or_else(|| Failure::not_found("session"))
}

/// A session's raw journal records, one after the other. The view is recorded first.
pub(crate) async fn records(
    shared: &Shared,
    caller: &Caller,
    id: SessionId,
) -> Result<Vec<u8>, Failure> {
    let session = show(shared, id).await?;
    if let Some(erased) = &session.erased {
        return Err(gone(erased));
    }
    viewed(shared, caller, id, "api").await?;
    read(shared, move |folder| raw(folder, id)).await
}

fn raw(folder: &Folder, id: SessionId) -> Result<Vec<u8>, ReadError> {
    let mut out = match folder.access(id.as_bytes()) {
        Access::Key(key) => journal::key_preamble(&key),
        Access::Erased(_) | Access::Absent => Vec::new(),
    };
    for file in journal::segments(folder.path())? {
        let bytes = journal::read_segment(&file)?;
        for item in items(&bytes) {
            let Item::Record { offset, record } = item else {
                continue;
            };
            let end = offset.saturating_add(HEADER_BYTES + record.stored.len());
            if record.header.session == *id.as_bytes() {
                out.extend_from_slice(bytes.get(offset..end).unwrap_or_default());
            }
        }
    }
    Ok(out)
}

/// What is said of a recording that was erased.
fn gone(erased: &contract::Erased) -> Failure {
    let when = erased.time.split('T').next().unwrap_or_default();
    let message = format!("the recording was erased on {when} by {}", erased.by);
    Failure::new(contract::ErrorCode::Gone, message)
        .hint("its records and their hashes are still in the journal and verify")
}

/// Records that somebody looks into a recording.
async fn viewed(
    shared: &Shared,
    caller: &Caller,
    id: SessionId,
    through: &'static str,
) -> Result<(), Failure> {
    let fields = vec![
        ("session", id.to_string()),
        ("through", through.to_owned()),
        ("credential", caller.login.credential.clone()),
    ];
    let actor = caller.principal().key();
    shared.record(actor, "recording.viewed", fields).await
}

/// Actions that match, newest first. The search is recorded first, as it was asked.
pub(crate) async fn search(
    shared: &Shared,
    caller: &Caller,
    asked: &[(String, String)],
) -> Result<SearchResults, Failure> {
    let pairs = asked
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let mut filter =
        asked::filter(pairs.clone()).map_err(|error| Failure::invalid(error.to_string()))?;
    filter.limit = filter.limit.min(asked::LIMIT_MAX);
    let said = pairs.filter(|(_, value)| !value.is_empty());
    let fields = said.filter_map(|(name, value)| Some((asked::known(name)?, value.to_owned())));
    let (actor, fields) = (caller.principal().key(), fields.collect());
    shared.record(actor, "recordings.searched", fields).await?;
    let finder = Arc::clone(&shared.parts.finder);
    blocking(move || finder.search(&filter)).await
}

/// How the index of recordings is.
pub(crate) async fn index(shared: &Shared) -> Result<IndexState, Failure> {
    let finder = Arc::clone(&shared.parts.finder);
    blocking(move || Ok(finder.index())).await
}

/// Has the index made anew. That it was asked for is recorded first.
pub(crate) async fn rebuild_index(shared: &Shared, caller: &Caller) -> Result<IndexState, Failure> {
    if !index(shared).await?.indexed {
        return Err(Failure::invalid("recordings are not indexed here")
            .hint("`[search] index` in the configuration says whether they are"));
    }
    let fields = vec![("credential", caller.login.credential.clone())];
    let actor = caller.principal().key();
    shared.record(actor, "recordings.reindexed", fields).await?;
    let finder = Arc::clone(&shared.parts.finder);
    blocking(move || finder.rebuild()).await?;
    index(shared).await
}

async fn read<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&Folder) -> Result<T, ReadError> + Send + 'static,
) -> Result<T, Failure> {
    let folder = shared.parts.recordings.clone();
    blocking(move || {
        work(&folder).map_err(|error| PortError::Failed {
            what: "the journal",
            source: Box::new(error),
        })
    })
    .await
}
