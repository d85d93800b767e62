//! `GET /api/v1/export`: audit events as a stream.
//!
//! Whoever exports is in the journal before the first byte. Never holds more of an export than a few pieces, and never
//! lets a reader that has stopped reading hold its place for long.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use contract::ErrorCode;
use export::{Filter, Format, Kind};
use futures_util::{Stream, stream};
use ledger::journal::Folder;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::caller::Caller;
use crate::failure::Failure;
use crate::json::{Query, session_id, time};
use crate::shared::Shared;

/// Exports at once: each reads the whole journal.
pub(crate) const EXPORTS_MAX: usize = 2;
/// Bytes of one piece.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces that wait for the reader.
const PIECES_MAX: usize = 4;
/// For how long a reader may not read.
const STALLED: Duration = Duration::from_secs(60);

/// What is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportQuery {
    #[serde(default = "jsonl")]
    format: String,
    since: Option<String>,
    until: Option<String>,
    session: Option<String>,
    #[serde(default)]
    resource: String,
    #[serde(default)]
    principal: String,
    #[serde(default)]
    kinds: String,
}

fn jsonl() -> String {
    Format::Jsonl.as_str().to_owned()
}

impl ExportQuery {
    fn format(&self) -> Result<Format, Failure> {
        let names: Vec<_> = Format::ALL.map(Format::as_str).to_vec();
        Format::parse(&self.format)
            .ok_or_else(|| Failure::invalid(format!("`format` is one of {}", names.join(", "))))
    }

    fn filter(&self) -> Result<Filter, Failure> {
        let kinds = self.kinds.split(',').filter(|name| !name.is_empty());
        let kinds = kinds.map(|name| {
            let names = Kind::ALL.map(Kind::as_str).join(", ");
            Kind::parse(name)
                .ok_or_else(|| Failure::invalid(format!("`kinds` are some of {names}")))
        });
        let session = self.session.as_deref().filter(|id| !id.is_empty());
        let session = session.map(session_id).transpose()?;
        Ok(Filter {
            since: time(self.since.as_deref())?,
            until: time(self.until.as_deref())?,
            session: session.map(|id| *id.as_bytes()),
            resource: self.resource.clone(),
            principal: self.principal.clone(),
            kinds: kinds.collect::<Result<_, _>>()?,
        })
    }

    /// What the journal keeps of the wish.
    fn fields(&self, caller: &Caller) -> Vec<(&'static str, String)> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            ("format", self.format.clone()),
            ("since", text(&self.since)),
            ("until", text(&self.until)),
            ("session", text(&self.session)),
            ("resource", self.resource.clone()),
            ("principal", self.principal.clone()),
            ("kinds", self.kinds.clone()),
            ("credential", caller.login.credential.clone()),
        ]
    }
}

/// `GET /api/v1/export`
pub(crate) async fn export(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Failure> {
    let (format, filter) = (query.format()?, query.filter()?);
    let place = Arc::clone(&shared.exports).try_acquire_owned();
    let place = place.map_err(|_| {
        let message = format!("{EXPORTS_MAX} exports are under way, which is as many as go");
        Failure::new(ErrorCode::Unavailable, message).hint("try again when one has ended")
    })?;
    let actor = caller.principal().key();
    shared
        .record(actor, "recordings.exported", query.fields(&caller))
        .await?;
    let (sender, receiver) = mpsc::channel(PIECES_MAX);
    let work = Work {
        folder: shared.parts.recordings.clone(),
        format,
        filter,
        _place: place,
    };
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || work.run(Pieces::new(sender, runtime)));
    let name = format!("attachment; filename=\"portcullis.{}\"", format.as_str());
    let headers = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(answer(receiver))).into_response())
}

/// What goes from the thread that reads to the answer.
enum Piece {
    Bytes(Bytes),
    /// That was all. A channel that ends without it broke off.
    Whole,
}

/// The answer's body. One that broke off ends in an error, so that nobody takes what came for all there is.
fn answer(receiver: mpsc::Receiver<Piece>) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold(Some(receiver), |receiver| async move {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Piece::Bytes(bytes)) => Some((Ok(bytes), Some(receiver))),
            Some(Piece::Whole) => None,
            None => Some((Err(io::Error::other("the export broke off")), None)),
        }
    })
}

struct Work {
    folder: Folder,
    format: Format,
    filter: Filter,
    _place: OwnedSemaphorePermit,
}

impl Work {
    fn run(self, mut pieces: Pieces) {
        let mut encoder = self.format.encoder();
        let done = export::export(
            &self.folder,
            u64::MAX,
            &self.filter,
            &mut *encoder,
            &mut pieces,
        );
        match done {
            // A reader that has gone away needs no end.
            Ok(_) => pieces.send(Piece::Whole).unwrap_or_default(),
            Err(export::Error::Write(error)) => {
                tracing::info!(%error, "an export was not read to its end")
            }
            Err(error) => tracing::error!(%error, "an export broke off"),
        }
    }
}

/// Hands an export over piece by piece.
struct Pieces {
    gathered: Vec<u8>,
    sender: mpsc::Sender<Piece>,
    runtime: Handle,
}

impl Pieces {
    fn new(sender: mpsc::Sender<Piece>, runtime: Handle) -> Self {
        Self {
            gathered: Vec::with_capacity(PIECE_BYTES),
            sender,
            runtime,
        }
    }

    fn send(&mut self, piece: Piece) -> io::Result<()> {
        let sent = async { tokio::time::timeout(STALLED, self.sender.send(piece)).await };
        match self.runtime.block_on(sent) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.gathered, Vec::with_capacity(PIECE_BYTES));
        self.send(Piece::Bytes(piece.into()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use futures_util::StreamExt as _;
    use gate::testing::JournalFault;

    use super::*;
    use crate::testing::World;

    #[tokio::test]
    async fn an_export_is_recorded_before_its_first_byte() {
        let world = World::new();
        let id = world.record();
        let all = world.get("vera", "/api/v1/export").await;
        assert_eq!(all.header("content-type"), "application/x-ndjson");
        assert!(all.body.contains("DROP TABLE customers"), "{}", all.body);
        let path = format!("/api/v1/export?format=csv&session={id}&kinds=statement.decided");
        let some = world.get("vera", &path).await;
        assert_eq!(
            some.header("content-disposition"),
            "attachment; filename=\"portcullis.csv\""
        );
        assert_eq!(
            some.body.matches("statement.decided").count(),
            2,
            "{}",
            some.body
        );
        let lines = world.bench.journal.lines().concat();
        assert_eq!(lines.matches("recordings.exported").count(), 2, "{lines}");
        assert!(lines.contains(&id.to_string()), "{lines}");
        world.bench.journal.set_fault(JournalFault::Full);
        let refused = world.get("vera", "/api/v1/export").await;
        assert_eq!(refused.status, 503);
        assert!(!refused.body.contains("DROP TABLE"), "{}", refused.body);
    }

    #[tokio::test]
    async fn only_whoever_may_view_recordings_exports_and_wishes_are_checked() {
        let world = World::new();
        for (who, path, status) in [
            ("ada", "/api/v1/export", 403),
            ("bot", "/api/v1/export", 403),
            ("vera", "/api/v1/export?format=xml", 400),
            ("vera", "/api/v1/export?kinds=control,all", 400),
            ("vera", "/api/v1/export?session=x", 404),
            ("vera", "/api/v1/export?since=yesterday", 400),
            ("vera", "/api/v1/export?file=/etc/passwd", 400),
        ] {
            assert_eq!(world.get(who, path).await.status, status, "{who} {path}");
        }
        let lines = world.bench.journal.lines().concat();
        assert!(!lines.contains("recordings.exported"), "{lines}");
    }

    #[tokio::test]
    async fn what_breaks_off_does_not_look_whole() {
        for is_whole in [true, false] {
            let (sender, receiver) = mpsc::channel(PIECES_MAX);
            sender
                .send(Piece::Bytes(Bytes::from_static(b"x")))
                .await
                .unwrap();
            if is_whole {
                sender.send(Piece::Whole).await.unwrap();
            }
            drop(sender);
            let pieces: Vec<_> = answer(receiver).collect().await;
            assert_eq!(pieces.iter().all(Result::is_ok), is_whole);
        }
    }

    #[tokio::test]
    async fn a_reader_that_has_gone_away_ends_the_work() {
        let (sender, receiver) = mpsc::channel(PIECES_MAX);
        drop(receiver);
        let mut pieces = Pieces::new(sender, Handle::current());
        let written = tokio::task::spawn_blocking(move || pieces.write(&[0; PIECE_BYTES]));
        let error = written.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
