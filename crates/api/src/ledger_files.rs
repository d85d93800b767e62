//! The ledger over HTTP, as C2SP tlog-tiles has it: `/ledger` is the prefix.
//!
//! Checkpoint, key and hashes are for everybody: they say nothing but how much there is. Entries name sessions, times
//! and control-plane events, though no content; they are for whoever may view recordings.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use ledger::tlog::tile::{Kind, Tile};

use crate::failure::Failure;
use crate::parts::LedgerFiles;
use crate::shared::Shared;

/// Tiles never change.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// Entries never change either, but are not for everybody's cache.
const FOR_GOOD_PRIVATE: &str = "private, max-age=31536000, immutable";

/// `GET /ledger/checkpoint`
pub(crate) async fn checkpoint(State(shared): State<Arc<Shared>>) -> Result<Response, Failure> {
    let checkpoint = served(&shared)?.checkpoint();
    checkpoint
        .map(text)
        .ok_or_else(|| Failure::not_found("checkpoint"))
}

/// `GET /ledger/vkey`
pub(crate) async fn key(State(shared): State<Arc<Shared>>) -> Result<Response, Failure> {
    Ok(text(format!("{}\n", served(&shared)?.key())))
}

/// `GET /ledger/tile/LEVEL/INDEX`
pub(crate) async fn hashes(
    State(shared): State<Arc<Shared>>,
    Path((level, index)): Path<(String, String)>,
) -> Result<Response, Failure> {
    tile(&shared, format!("tile/{level}/{index}"), FOR_GOOD, |kind| {
        kind != Kind::Entries
    })
    .await
}

/// `GET /ledger/tile/entries/INDEX`
pub(crate) async fn entries(
    State(shared): State<Arc<Shared>>,
    Path(index): Path<String>,
) -> Result<Response, Failure> {
    tile(
        &shared,
        format!("tile/entries/{index}"),
        FOR_GOOD_PRIVATE,
        |kind| kind == Kind::Entries,
    )
    .await
}

/// Serves what the name means, if it is a name and of the wanted kind; a path is never made of anything else.
async fn tile(
    shared: &Shared,
    name: String,
    caching: &'static str,
    is_wanted: impl Fn(Kind) -> bool,
) -> Result<Response, Failure> {
    let missing = || Failure::not_found("tile");
    let tile = Tile::parse(&name)
        .filter(|tile| is_wanted(tile.kind))
        .ok_or_else(missing)?;
    let ledger = Arc::clone(served(shared)?);
    let read = tokio::task::spawn_blocking(move || ledger.tile(&tile)).await;
    let bytes = read.map_err(|_| Failure::internal())?.ok_or_else(missing)?;
    let kind = "application/octet-stream";
    Ok((
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, caching),
        ],
        bytes,
    )
        .into_response())
}

fn served(shared: &Shared) -> Result<&Arc<dyn LedgerFiles>, Failure> {
    let ledger = shared.parts.ledger.as_ref();
    ledger.ok_or_else(|| Failure::not_found("ledger"))
}

fn text(text: String) -> Response {
    let kind = "text/plain; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
