//! `export`: audit events for other tools, through the gateway or from a journal's folder.
//!
//! Never leaves half an export under the name that was asked for.

use std::io::Write;

use export::{Filter, Format, Kind};
use jiff::Timestamp;
use ledger::journal::Folder;

use crate::args::{Events, Export, Globals};
use crate::commands::output::{Output, unwritten};
use crate::commands::{offline, sessions};
use crate::problem::{Kind as Problems, Problem};
use crate::session;

pub(crate) async fn export(globals: &Globals, wish: &Export) -> Result<(), Problem> {
    let source = Source::open(globals, wish)?;
    let mut out = Output::open(&wish.output)?;
    match source.write(globals, wish, &mut out.to).await {
        Ok(()) => out.keep(),
        Err(problem) => {
            out.discard();
            Err(problem)
        }
    }
}

/// Writes recorded events of these kinds to `out` as JSON Lines. Whoever asks a gateway needs the right to view
/// recordings, and is recorded.
///
/// # Errors
/// [`Problem`]; what was written until then is not all there is.
pub async fn events(
    globals: &Globals,
    wish: &Events,
    kinds: &[Kind],
    out: &mut dyn Write,
) -> Result<(), Problem> {
    let wish = Export {
        format: Format::Jsonl.as_str().to_owned(),
        output: "-".into(),
        since: wish.since.clone(),
        until: wish.until.clone(),
        session: wish.session.clone(),
        resource: wish.resource.clone(),
        principal: wish.principal.clone(),
        kinds: kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
        journal: wish.journal.clone(),
    };
    let source = Source::open(globals, &wish)?;
    source.write(globals, &wish, out).await
}

/// What is read, with the wish found to make sense.
struct Source {
    format: Format,
    filter: Filter,
    /// The gateway is asked where there is none.
    folder: Option<Folder>,
}

impl Source {
    fn open(globals: &Globals, wish: &Export) -> Result<Self, Problem> {
        let format = Format::parse(&wish.format)
            .ok_or_else(|| Problem::usage(format!("{} is no format", wish.format)))?;
        let folder = wish.journal.as_deref();
        let folder = folder.map(|dir| offline::folder(globals, dir));
        Ok(Self {
            format,
            folder: folder.transpose()?,
            filter: filter(wish)?,
        })
    }

    async fn write(
        &self,
        globals: &Globals,
        wish: &Export,
        out: &mut dyn Write,
    ) -> Result<(), Problem> {
        let Some(folder) = &self.folder else {
            return fetch(globals, wish, out).await;
        };
        let mut encoder = self.format.encoder();
        let done = export::export(folder, u64::MAX, &self.filter, &mut *encoder, out);
        done.map(drop).map_err(|error| failed(&error))
    }
}

fn filter(wish: &Export) -> Result<Filter, Problem> {
    let now = Timestamp::now();
    let micros = |time: Option<Timestamp>| {
        time.map(|time| u64::try_from(time.as_microsecond()).unwrap_or(0))
    };
    Ok(Filter {
        since: micros(sessions::time(wish.since.as_deref(), now)?),
        until: micros(sessions::time(wish.until.as_deref(), now)?),
        session: wish.session.as_deref().map(offline::id).transpose()?,
        resource: wish.resource.clone(),
        principal: wish.principal.clone(),
        kinds: wish
            .kinds
            .iter()
            .filter_map(|name| Kind::parse(name))
            .collect(),
    })
}

/// Asks the gateway and writes what it answers, piece by piece.
async fn fetch(globals: &Globals, wish: &Export, out: &mut dyn Write) -> Result<(), Problem> {
    let (gateway, _) = session::signed_in(globals).await?;
    let now = Timestamp::now();
    let text = |time: Option<Timestamp>| time.map(|t| t.to_string()).unwrap_or_default();
    let (since, until) = (
        text(sessions::time(wish.since.as_deref(), now)?),
        text(sessions::time(wish.until.as_deref(), now)?),
    );
    let kinds = wish.kinds.join(",");
    let query = [
        ("format", wish.format.as_str()),
        ("since", &since),
        ("until", &until),
        ("session", wish.session.as_deref().unwrap_or_default()),
        ("resource", &wish.resource),
        ("principal", &wish.principal),
        ("kinds", &kinds),
    ];
    let mut response = gateway.long("/export", &query).await?;
    loop {
        let chunk = response.chunk().await.map_err(|error| {
            Problem::new(Problems::Unavailable, "the gateway broke the export off")
                .hint(crate::http::unreachable_by(&error).message)
        })?;
        match chunk {
            Some(chunk) => out.write_all(&chunk).map_err(|error| unwritten(&error))?,
            None => return out.flush().map_err(|error| unwritten(&error)),
        }
    }
}

fn failed(error: &export::Error) -> Problem {
    match error {
        export::Error::Write(source) => unwritten(source),
        export::Error::Read { .. } => Problem::failed(error.to_string()),
    }
}
